/* username: local users whose passwords stand in the configuration. */
#include <string.h>

#include "core/conf/set.h"
#include "core/conf/tables.h"

#define USER_NAME_MAX     255
#define USER_PASSWORD_MAX 256

const struct conf_user *snapshot_user(const struct snapshot *s, const char *name)
{
	for (size_t i = 0; i < s->user_count; i++)
		if (strcmp(s->users[i].name, name) == 0)
			return &s->users[i];
	return NULL;
}

/* "5 $1$...", "9 $9$...": what `secret` stores on a router: one can check a shown password against
 * some of them there, but no method of EAP can be done with them here. */
static bool is_router_hash(const struct arg *key)
{
	struct word w = key->word;
	return w.len > 2 && w.p[0] >= '1' && w.p[0] <= '9' && (w.p[1] == ' ' || w.p[1] == '\t');
}

static bool is_good(struct cmd_call *c, const struct arg *name, const struct arg *key)
{
	static const char hint[] = "write it in plain text (type 0), or use `sallyport user add`";
	size_t most = key->form == SECRET_HEX ? 2 * USER_PASSWORD_MAX : USER_PASSWORD_MAX;
	if (name->word.len > USER_NAME_MAX)
		cmd_error(c, name, "the name is too long", "at most 255 bytes");
	else if (key->form == SECRET_SEALED6 || key->form == SECRET_SEALED7)
		cmd_error(c, key,
			"a password that another device has encrypted cannot be used here", hint);
	else if (key->form == SECRET_PLAIN && is_router_hash(key))
		cmd_error(c, key, "a hash that a router has made cannot be used here", hint);
	else if (key->word.len > most)
		cmd_error(c, key, "the password is too long", "at most 256 bytes");
	return !c->failed;
}

void set_user(struct cmd_call *c)
{
	struct snapshot *s = c->s;
	const struct arg *name = cmd_arg(c, "name"), *key = cmd_arg(c, "key");
	void *tmp;
	if (c->form == FORM_SET && !is_good(c, name, key))
		return;
	for (size_t i = s->user_count; i-- > 0;)
		if (!name || arg_is(name, s->users[i].name))
			s->user_count = arena_drop(s->users, s->user_count, i, sizeof(*s->users));
	if (c->form != FORM_SET)
		return;
	if (s->user_count >= CONF_USERS) {
		cmd_error(c, name, "too many users",
			"10000 are possible; more with `sallyport user add`");
		return;
	}
	struct conf_user *u = ARENA_PUSH(c->arena, s->users, s->user_count, tmp);
	if (!u)
		return;
	*u = (struct conf_user){.name = cmd_text(c, name), .is_secret = cmd_has(c, "secret")};
	set_secret(c, &u->password, key);
}

void print_user(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct snapshot *s = obj;
	for (size_t i = 0; i < s->user_count; i++) {
		const struct conf_user *u = &s->users[i];
		cout_head(o, row, false);
		cout_word(o, u->name);
		cout_str(o, u->is_secret ? " secret" : " password");
		cout_secret(o, &u->password);
		cout_end(o);
	}
}
