/* Numbers of logins, the password of look-ups, keys of cluster reconnect, interim accounting. */
#include <string.h>

#include "core/conf/set.h"
#include "core/conf/tables.h"

/* ---- sallyport simultaneous-logins ---- */

void set_simultaneous(struct cmd_call *c)
{
	struct own_settings *own = &c->s->own;
	own->simultaneous_logins = c->form == FORM_SET ? (uint32_t)c->args[0].num : 0;
	own->simultaneous_refuse = c->form == FORM_SET && cmd_has(c, "refuse");
}

static void simultaneous_line(struct cout *o, const struct cmd *row, uint32_t n, bool refuse)
{
	cout_head(o, row, false);
	cout_str(o, " ");
	cout_u32(o, n);
	cout_str(o, refuse ? " refuse" : "");
	cout_end(o);
}

void print_simultaneous(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct own_settings *own = &((const struct snapshot *)obj)->own;
	if (own->simultaneous_logins)
		simultaneous_line(o, row, own->simultaneous_logins, own->simultaneous_refuse);
}

/* `no` is no limit, whatever the global number; `default` is the global number. */
void set_simultaneous_of_policy(struct cmd_call *c)
{
	struct authz_policy *p = c->obj;
	p->simultaneous_logins = c->form == FORM_SET  ? (uint32_t)c->args[0].num
				 : c->form == FORM_NO ? SIMULTANEOUS_ANY
						      : 0;
	p->simultaneous_refuse = c->form == FORM_SET && cmd_has(c, "refuse");
}

void print_simultaneous_of_policy(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct authz_policy *p = obj;
	if (p->simultaneous_logins == SIMULTANEOUS_ANY) {
		cout_head(o, row, true);
		cout_end(o);
	} else if (p->simultaneous_logins) {
		simultaneous_line(o, row, p->simultaneous_logins, p->simultaneous_refuse);
	}
}

/* ---- passwords that go into User-Password ---- */

bool password_fits(struct cmd_call *c, const struct secret *s, const struct arg *a)
{
	if (s->len <= RADIUS_PASSWORD_BYTES)
		return true;
	cmd_error(c, a, "a password of RADIUS has at most 128 bytes", "");
	return false;
}

void set_author_password(struct cmd_call *c)
{
	set_hidden(c);
	if (c->form == FORM_SET)
		(void)password_fits(c, &c->s->aaa.authorization_password, cmd_arg(c, "key"));
}

/* ---- aaa accounting update ---- */

void set_acct_update(struct cmd_call *c)
{
	struct aaa_global *g = &c->s->aaa;
	const struct arg *minutes = cmd_arg(c, "minutes");
	g->update_newinfo = c->form == FORM_SET && cmd_has(c, "newinfo");
	g->update_periodic_min = c->form == FORM_SET && minutes ? (uint32_t)minutes->num : 0;
}

void print_acct_update(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct aaa_global *g = &((const struct snapshot *)obj)->aaa;
	if (!g->update_newinfo && !g->update_periodic_min)
		return;
	cout_head(o, row, false);
	if (g->update_newinfo)
		cout_str(o, " newinfo");
	if (g->update_periodic_min) {
		cout_str(o, " periodic ");
		cout_u32(o, g->update_periodic_min);
	}
	cout_end(o);
}

/* ---- crypto ikev2 reconnect key (R-CRK) ---- */

void set_reconnect_key(struct cmd_call *c)
{
	struct reconnect_key *keys = c->s->ike.reconnect_keys;
	const struct arg *index = cmd_arg(c, "index");
	for (size_t i = 0; i < 2; i++)
		if (!index || index->num == i + 1)
			keys[i] = (struct reconnect_key){0};
	if (c->form != FORM_SET)
		return;
	bool active = cmd_has(c, "active");
	if (active && keys[2 - index->num].active) {
		cmd_error(c, index, "the other key is active already, one at most is:", "");
		return;
	}
	keys[index->num - 1].active = active;
	set_secret(c, &keys[index->num - 1].key, cmd_arg(c, "key"));
}

void print_reconnect_key(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct reconnect_key *keys = ((const struct snapshot *)obj)->ike.reconnect_keys;
	for (uint32_t i = 0; i < 2; i++) {
		if (!keys[i].key.form)
			continue;
		cout_head(o, row, false);
		cout_str(o, " ");
		cout_u32(o, i + 1);
		cout_str(o, keys[i].active ? " active" : "");
		cout_secret(o, &keys[i].key);
		cout_end(o);
	}
}
