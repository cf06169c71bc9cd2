/* aaa lists; and the blocks that are kept as text until something acts on them: cluster, crypto
 * maps. */
#include <stdio.h>
#include <string.h>

#include "core/conf/aaa.h"
#include "core/conf/grammar.h"
#include "core/conf/parse.h"
#include "core/conf/set.h"
#include "core/conf/tables.h"

/* Where a list of this kind and name stands; the count when there is none. */
static size_t list_at(const struct snapshot *s, uint8_t kind, const struct arg *name)
{
	size_t at = 0;
	while (at < s->aaa_list_count &&
		!(s->aaa_lists[at].kind == kind && arg_is(name, s->aaa_lists[at].name)))
		at++;
	return at;
}

/* Behind the others of its kind: the order in which they are printed. NULL: out of memory. */
static struct aaa_list *list_insert(struct cmd_call *c, const struct aaa_list *l)
{
	struct snapshot *s = c->s;
	struct aaa_list *v = arena_grow(c->arena, s->aaa_lists, s->aaa_list_count, sizeof(*l));
	if (!v)
		return NULL;
	s->aaa_lists = v;
	size_t at = s->aaa_list_count++;
	while (at > 0 && v[at - 1].kind > l->kind)
		at--;
	memmove(&v[at + 1], &v[at], (s->aaa_list_count - 1 - at) * sizeof(*l));
	v[at] = *l;
	return &v[at];
}

static void add_method(
	struct cmd_call *c, struct aaa_list *l, const struct arg *a, const char *text)
{
	void *tmp;
	if (l->methods.n == CONF_LIST_METHODS) {
		cmd_error(c, a, "too many methods of one list, 8 at most:", "");
		return;
	}
	char **slot = ARENA_PUSH(c->arena, l->methods.v, l->methods.n, tmp);
	if (slot)
		*slot = arena_strndup(c->arena, text, strlen(text));
}

/* "group NAME"; the name's place is remembered. */
static void add_group(struct cmd_call *c, struct aaa_list *l, const struct arg *a)
{
	char text[sizeof("group ") + NAME_MAX_LEN];
	snprintf(text, sizeof(text), "group %.*s", (int)a->word.len, a->word.p);
	add_method(c, l, a, text);
	const char *method = !c->failed && l->methods.n ? l->methods.v[l->methods.n - 1] : NULL;
	if (method)
		parse_remember(c->ps, aaa_method_group(method), a->word.col);
}

static bool is_one_of(const struct word *w, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(words[i]) == w->len && memcmp(words[i], w->p, w->len) == 0)
			return true;
	return false;
}

/* A router's other methods are kept as they are, so that nothing is asked in their place. */
static void read_methods(struct cmd_call *c, struct aaa_list *l)
{
	static const char *const here[] = {"local", "none"};
	static const char *const skip[] = {"group", "broadcast", "start-stop", "stop-only"};
	char text[32];
	for (size_t i = 0; i < c->n && !c->failed; i++) {
		const struct arg *a = &c->args[i];
		const struct word *w = &a->key;
		if (a->kind == ARG_TEXT && w->len == strlen("group")) {
			add_group(c, l, a);
		} else if (a->kind == ARG_KEYWORD && !is_one_of(w, skip, 4) &&
			   l->kind != AAA_ACCT_NETWORK) {
			bool is_local = w->len == strlen("local-case") &&
					memcmp(w->p, "local-case", w->len) == 0;
			snprintf(text, sizeof(text), "%.*s", (int)w->len, w->p);
			add_method(c, l, a, is_local ? "local" : text);
			if (!is_local && !is_one_of(w, here, 2))
				cmd_warn(
					c, a, "a method that is not there, it is never asked:", "");
		}
	}
}

static char *acct_mode(struct cmd_call *c)
{
	const char *mode = cmd_has(c, "start-stop")  ? "start-stop"
			   : cmd_has(c, "stop-only") ? "stop-only"
			   : cmd_has(c, "none")      ? "none"
						     : NULL;
	return mode ? arena_strndup(c->arena, mode, strlen(mode)) : NULL;
}

/* row->off is the kind of the list. */
void set_aaa_list(struct cmd_call *c)
{
	struct snapshot *s = c->s;
	const struct arg *name = cmd_arg(c, "name");
	uint8_t kind = (uint8_t)c->row->off;
	size_t at = list_at(s, kind, name);
	bool is_block = kind == AAA_ACCT_NETWORK && c->n == 1 && c->form == FORM_SET;
	if (!name)
		return;
	if (at < s->aaa_list_count && is_block) {
		c->enter = &s->aaa_lists[at];
		return;
	}
	if (at < s->aaa_list_count)
		s->aaa_list_count =
			arena_drop(s->aaa_lists, s->aaa_list_count, at, sizeof(s->aaa_lists[0]));
	if (c->form != FORM_SET)
		return;
	struct aaa_list l = {
		.kind = kind, .name = cmd_ref(c, name), .broadcast = cmd_has(c, "broadcast")};
	read_methods(c, &l);
	if (kind == AAA_ACCT_NETWORK)
		l.acct_mode = acct_mode(c);
	struct aaa_list *slot = l.name ? list_insert(c, &l) : NULL;
	if (slot && is_block)
		c->enter = slot;
}

void print_aaa_list(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct snapshot *s = obj;
	for (size_t i = 0; i < s->aaa_list_count; i++) {
		const struct aaa_list *l = &s->aaa_lists[i];
		if (l->kind != row->off)
			continue;
		cout_head(o, row, false);
		cout_word(o, l->name);
		if (l->acct_mode)
			cout_word(o, l->acct_mode);
		if (l->broadcast)
			cout_str(o, " broadcast");
		for (size_t k = 0; k < l->methods.n; k++) {
			const char *group = aaa_method_group(l->methods.v[k]);
			cout_str(o, group ? " group" : "");
			cout_word(o, group ? group : l->methods.v[k]);
		}
		cout_end(o);
	}
}

/* ---- aaa accounting network NAME as a block, as newer routers write it ---- */

static void set_action(struct cmd_call *c)
{
	struct aaa_list *l = c->obj;
	l->acct_mode = c->form == FORM_SET ? acct_mode(c) : NULL;
}

static void set_acct_group(struct cmd_call *c)
{
	struct aaa_list *l = c->obj;
	const struct arg *a = cmd_arg(c, "group");
	if (!a)
		l->methods.n = 0;
	for (size_t i = l->methods.n; a && i-- > 0;)
		if (arg_is(a, aaa_method_group(l->methods.v[i])))
			l->methods.n =
				arena_drop(l->methods.v, l->methods.n, i, sizeof(*l->methods.v));
	if (c->form == FORM_SET)
		add_group(c, l, a);
}

static const struct cmd acct[] = {
	{.grammar = "action-type {start-stop|stop-only|none}",
		.when = WHEN_NEW,
		.set = set_action,
		.help = "Which records are sent"},
	{.grammar = "broadcast",
		.off = offsetof(struct aaa_list, broadcast),
		.when = WHEN_NEW,
		.set = set_flag,
		.help = "To all groups; default: to the first that answers"},
	{.grammar = "group <group:name>",
		.when = WHEN_NEW,
		.set = set_acct_group,
		.help = "Servers that are told"},
};
CMD_ROWS(rows_acct, acct);

#define KEPT(grammar_, help_)                                                                      \
	{                                                                                          \
		.grammar = grammar_, .flags = CMD_REPEATS, .when = WHEN_NEW, .set = set_keep,      \
		.help = help_                                                                      \
	}
#define KEPT_ONE(grammar_, help_)                                                                  \
	{                                                                                          \
		.grammar = grammar_, .when = WHEN_NEW, .set = set_keep, .help = help_              \
	}

static const struct cmd cluster[] = {
	KEPT_ONE("standby-group <name:name>", "Group of the virtual address"),
	KEPT_ONE("port <port:1-65535>", "Port of the load protocol"),
	KEPT_ONE("holdtime <ms:100-120000>", "Silence after which a node is dead"),
	KEPT_ONE("slave hello <ms:100-120000>", "Interval of signs of life"),
	KEPT_ONE("slave update <ms:100-120000>", "Interval of load reports"),
	KEPT_ONE("slave max-session <number:1-1000000>", "Most SAs of this node"),
	KEPT_ONE("slave priority <number:1-100>", "Order among nodes"),
	KEPT_ONE("subordinate hello <ms:100-120000>", "Interval of signs of life"),
	KEPT_ONE("subordinate update <ms:100-120000>", "Interval of load reports"),
	KEPT_ONE("subordinate max-session <number:1-1000000>", "Most SAs of this node"),
	KEPT_ONE("subordinate priority <number:1-100>", "Order among nodes"),
	KEPT_ONE("master overload-limit <percent:50-99>", "A busier node is skipped"),
	KEPT_ONE("master weight crypto-load <number:0-100>", "Weight of SAs"),
	KEPT_ONE("master weight system-load <number:0-100>", "Weight of CPU and memory"),
	KEPT_ONE("primary overload-limit <percent:50-99>", "A busier node is skipped"),
	KEPT_ONE("primary weight crypto-load <number:0-100>", "Weight of SAs"),
	KEPT_ONE("primary weight system-load <number:0-100>", "Weight of CPU and memory"),
	KEPT_ONE("shutdown", "The cluster is off"),
};
CMD_ROWS(rows_cluster, cluster);

static const struct cmd crypto_map[] = {
	KEPT_ONE("description <text:line>", "Free text"),
	KEPT("set <text:line>", "Settings of the entry"),
	KEPT_ONE("match address <name:name>", "Traffic that is protected"),
	KEPT("reverse-route [<text:line>]", "Routes to the peer's networks"),
};
CMD_ROWS(rows_crypto_map, crypto_map);
