/* crypto ipsec: transform sets, profiles, and the settings that are global or per profile. */
#include <stdio.h>
#include <string.h>

#include "core/conf/parse.h"
#include "core/conf/set.h"
#include "core/conf/tables.h"
#include "core/crypto/suite.h"

#define SET_MAX  8 /* transforms in a set */
#define SETS_MAX 6 /* sets in a profile, R-ESP-05 */

static void set_mode(struct cmd_call *c)
{
	struct transform_set *t = c->obj;
	t->mode = c->form == FORM_SET && cmd_has(c, "transport") ? IPSEC_TRANSPORT : IPSEC_TUNNEL;
	t->mode_required = t->mode == IPSEC_TRANSPORT && cmd_has(c, "require");
}

static void print_mode(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct transform_set *t = obj;
	if (t->mode == IPSEC_TRANSPORT || (o->flags & CONF_ALL) || o->reset) {
		cout_head(o, row, false);
		cout_str(o, t->mode == IPSEC_TRANSPORT ? " transport" : " tunnel");
		cout_str(o, t->mode_required ? " require" : "");
		cout_end(o);
	}
}

static const struct cmd set_rows[] = {
	{.grammar = "mode {tunnel|transport} [require]",
		.when = WHEN_NEW,
		.set = set_mode,
		.print = print_mode,
		.help = "Encapsulation; transport: between the two hosts themselves, without NAT"},
};
CMD_ROWS(rows_set, set_rows);

/* "esp-aes 256" is one transform of two words. */
static const struct xf *esp_words(const struct cmd_call *c, size_t at, size_t *used)
{
	char text[64];
	const struct word *a = &c->args[at].word;
	if (at + 1 < c->n) {
		const struct word *b = &c->args[at + 1].word;
		snprintf(text, sizeof(text), "%.*s %.*s", (int)(a->len < 30 ? a->len : 30), a->p,
			(int)(b->len < 30 ? b->len : 30), b->p);
		const struct xf *x = suite_esp_keyword(text);
		*used = 2;
		if (x)
			return x;
	}
	*used = 1;
	snprintf(text, sizeof(text), "%.*s", (int)(a->len < 60 ? a->len : 60), a->p);
	return suite_esp_keyword(text);
}

static const char *nearest_esp(const struct arg *a, char *buf, size_t cap)
{
	static const enum xf_type types[] = {XF_ENCR, XF_INTEG};
	size_t best = 4;
	buf[0] = '\0';
	for (size_t i = 0; i < 2; i++)
		for (const struct xf *x = suite_next(types[i], NULL); x;
			x = suite_next(types[i], x)) {
			if (!x->esp_keyword)
				continue;
			size_t len = strcspn(x->esp_keyword, " ");
			size_t d = word_distance(a->word.p, a->word.len, x->esp_keyword, len, 3);
			if (d < best) {
				best = d;
				snprintf(
					buf, cap, "did you mean '%.*s'?", (int)len, x->esp_keyword);
			}
		}
	return buf;
}

static void add_transform(struct cmd_call *c, struct transform_list *l, const struct xf *x)
{
	void *tmp;
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].id == x->id && l->v[i].key_bits == x->key_bits)
			return;
	struct conf_transform *t = ARENA_PUSH(c->arena, l->v, l->n, tmp);
	if (t)
		*t = (struct conf_transform){x->id, x->key_bits};
}

static bool is_ah(const struct arg *a)
{
	return a->word.len > 3 && memcmp(a->word.p, "ah-", 3) == 0;
}

static void read_transforms(struct cmd_call *c, struct transform_set *t)
{
	char hint[CONF_TEXT];
	t->encr = t->integ = (struct transform_list){0};
	for (size_t i = 1, used; i < c->n; i += used) {
		const struct arg *a = &c->args[i];
		const struct xf *x = esp_words(c, i, &used);
		if (is_ah(a)) {
			cmd_error(c, a, "AH is not supported",
				"use an ESP integrity algorithm or AES-GCM");
			return;
		}
		if (!x || t->encr.n + t->integ.n == SET_MAX) {
			cmd_error(c, a, x ? "too many transforms" : "unknown transform",
				x ? "" : nearest_esp(a, hint, sizeof(hint)));
			return;
		}
		if (x->weak)
			cmd_warn(c, a, x->weak, "");
		add_transform(c, x->type == XF_ENCR ? &t->encr : &t->integ, x);
	}
}

void set_transform_set(struct cmd_call *c)
{
	set_block(c);
	struct transform_set *t = c->enter;
	if (c->form == FORM_SET && t && c->n > 1)
		read_transforms(c, t);
	else if (c->form == FORM_SET && t && !t->encr.n)
		cmd_error(c, NULL, "a new transform set needs its transforms",
			"for example esp-gcm 256");
}

static void esp_list(struct cout *o, enum xf_type type, const struct transform_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct xf *x = suite_find(type, l->v[i].id, l->v[i].key_bits);
		cout_str(o, " ");
		cout_str(o, x && x->esp_keyword ? x->esp_keyword : "?");
	}
}

void print_transform_set(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct snapshot *s = obj;
	for (size_t i = 0; i < s->set_count; i++) {
		const struct transform_set *t = &s->sets[i];
		bool system = strcmp(t->name, "default") == 0;
		if (system && !t->disabled && !t->modified && !(o->flags & CONF_ALL))
			continue;
		cout_head(o, row, t->disabled);
		cout_word(o, t->name);
		if (!t->disabled) {
			esp_list(o, XF_ENCR, &t->encr);
			esp_list(o, XF_INTEG, &t->integ);
		}
		cout_end(o);
		if (t->disabled)
			continue;
		o->indent++;
		o->reset = system;
		size_t before = o->len;
		print_rows(o, MODE_SET, t);
		cout_empty(o, before);
		o->reset = false;
		o->indent--;
		cout_str(o, "!\n");
	}
}

/* ---- settings that are global, or of a profile with INHERIT as default ---- */

struct lifetimes {
	uint32_t *s, *kb, *window, *idle;
	bool global;
};

static struct lifetimes lifetimes_of(const struct cmd *row, void *obj)
{
	if (cmd_row_mode(row) == MODE_GLOBAL) {
		struct snapshot *s = obj;
		return (struct lifetimes){&s->ipsec.lifetime_s, &s->ipsec.lifetime_kb,
			&s->ipsec.replay_window, &s->ipsec.idle_s, true};
	}
	struct ipsec_profile *p = obj;
	return (struct lifetimes){
		&p->lifetime_s, &p->lifetime_kb, &p->replay_window, &p->idle_s, false};
}

#define LIFETIME_S    3600 /* R-CFG-06 */
#define LIFETIME_KB   4608000
#define REPLAY_WINDOW 64 /* R-ARW-01 */

void set_ipsec_lifetime(struct cmd_call *c)
{
	struct lifetimes l = lifetimes_of(c->row, c->obj);
	bool all = c->n == 0, kb = cmd_has(c, "kilobytes"), seconds = cmd_has(c, "seconds");
	const struct arg *a = cmd_arg(c, "n");
	if (c->form == FORM_SET) {
		if (seconds)
			*l.s = (uint32_t)a->num;
		else
			*l.kb = a ? (uint32_t)a->num : 0;
		return;
	}
	if (all || seconds)
		*l.s = l.global ? LIFETIME_S : INHERIT;
	if (all || kb)
		*l.kb = l.global ? LIFETIME_KB : INHERIT;
}

void print_ipsec_lifetime(struct cout *o, const struct cmd *row, const void *obj)
{
	struct lifetimes l = lifetimes_of(row, (void *)(uintptr_t)obj);
	bool all = o->flags & CONF_ALL;
	if (*l.s != INHERIT && (!l.global || all || *l.s != LIFETIME_S)) {
		cout_head(o, row, false);
		cout_str(o, " seconds ");
		cout_u32(o, *l.s);
		cout_end(o);
	}
	if (*l.kb != INHERIT && (!l.global || all || *l.kb != LIFETIME_KB)) {
		cout_head(o, row, false);
		cout_str(o, " kilobytes ");
		if (*l.kb)
			cout_u32(o, *l.kb);
		else
			cout_str(o, "disable");
		cout_end(o);
	}
}

/* R-ARW-03, R-ARW-04: size and off exclude each other, the last one said counts. */
void set_replay(struct cmd_call *c)
{
	static const uint32_t sizes[] = {64, 128, 256, 512, 1024};
	struct lifetimes l = lifetimes_of(c->row, c->obj);
	*l.window = l.global ? REPLAY_WINDOW : INHERIT;
	if (c->form != FORM_SET)
		return;
	const struct arg *a = cmd_arg(c, "n");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (a->num == sizes[i]) {
			*l.window = sizes[i];
			return;
		}
	cmd_error(c, a, "not a window size", "64 128 256 512 1024");
}

void set_replay_off(struct cmd_call *c)
{
	struct lifetimes l = lifetimes_of(c->row, c->obj);
	*l.window = c->form == FORM_SET ? 0 : l.global ? REPLAY_WINDOW : INHERIT;
}

void print_replay(struct cout *o, const struct cmd *row, const void *obj)
{
	struct lifetimes l = lifetimes_of(row, (void *)(uintptr_t)obj);
	bool off_row = row->set == set_replay_off;
	if (*l.window == INHERIT || (*l.window == 0) != off_row)
		return;
	if (l.global && *l.window == REPLAY_WINDOW && !(o->flags & CONF_ALL))
		return;
	cout_head(o, row, false);
	if (*l.window) {
		cout_str(o, " ");
		cout_u32(o, *l.window);
	}
	cout_end(o);
}

static void set_idle(struct cmd_call *c)
{
	struct ipsec_profile *p = c->obj;
	p->idle_s = c->form == FORM_SET ? (uint32_t)c->args[0].num : INHERIT;
}

static void print_idle(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ipsec_profile *p = obj;
	if (p->idle_s == INHERIT)
		return;
	cout_head(o, row, false);
	cout_str(o, " ");
	cout_u32(o, p->idle_s);
	cout_end(o);
}

static void set_sets(struct cmd_call *c)
{
	struct ipsec_profile *p = c->obj;
	p->sets.n = 0;
	for (size_t i = 0; i < c->n && c->form == FORM_SET; i++)
		str_list_add(c, &p->sets, &c->args[i], SETS_MAX);
}

static void print_sets(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ipsec_profile *p = obj;
	if (!p->sets.n) {
		cout_absent(o, row);
		return;
	}
	cout_head(o, row, false);
	for (size_t i = 0; i < p->sets.n; i++)
		cout_word(o, p->sets.v[i]);
	cout_end(o);
}

/* `group14` or `group 14`. */
static void set_pfs(struct cmd_call *c)
{
	struct ipsec_profile *p = c->obj;
	p->pfs = (struct transform_list){0};
	if (c->form != FORM_SET)
		return;
	const struct arg *a = &c->args[c->n - 1];
	struct word w = a->word;
	char text[8] = "";
	if (w.len > 5 && w.len < 9 && memcmp(w.p, "group", 5) == 0)
		memcpy(text, w.p + 5, w.len - 5);
	else if (w.len < sizeof(text))
		memcpy(text, w.p, w.len);
	const struct xf *x = suite_keyword(XF_DH, text);
	if (!x) {
		cmd_error(c, a, "not a group this version can do", "for example group19");
		return;
	}
	if (x->weak)
		cmd_warn(c, a, x->weak, "");
	add_transform(c, &p->pfs, x);
}

static void print_pfs(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ipsec_profile *p = obj;
	if (!p->pfs.n) {
		cout_absent(o, row);
		return;
	}
	cout_head(o, row, false);
	cout_str(o, " group");
	cout_u32(o, p->pfs.v[0].id);
	cout_end(o);
}

#define AT(field) offsetof(struct ipsec_profile, field)
static const struct cmd profile[] = {
	{.grammar = "description <text:line>",
		.off = AT(description),
		.when = WHEN_LIVE,
		.set = set_str,
		.print = print_str,
		.help = "Free text"},
	{.flags = CMD_SYSTEM,
		.grammar = "set transform-set <name:name>+",
		.when = WHEN_NEW,
		.set = set_sets,
		.print = print_sets,
		.help = "Transform sets in order of preference; default: `default`"},
	{.grammar = "set ikev2-profile <name:name>",
		.off = AT(ike_profile),
		.when = WHEN_NEW,
		.set = set_ref,
		.print = print_str,
		.help = "IKEv2 profile (needed by an initiator)"},
	{.grammar = "set isakmp-profile ...",
		.flags = CMD_REFUSED,
		.set = set_none,
		.help = "IKEv1 is not supported, use set ikev2-profile"},
	{.grammar = "set pfs <group:word> [<number:word>]",
		.when = WHEN_NEW,
		.set = set_pfs,
		.print = print_pfs,
		.help = "Key exchange for every child SA"},
	{.grammar = "sallyport additional-key-exchange <round:1-7> [optional] <group:dh>+",
		.off = AT(addke),
		.when = WHEN_NEW,
		.set = set_addke,
		.print = print_addke,
		.help = "One more key exchange for a child SA that has one (RFC 9370)"},
	{.grammar = "set security-association lifetime {seconds <n:120-2592000>|kilobytes "
		    "{<n:2560-4294967294>|"
		    "disable}}",
		.def = "global",
		.when = WHEN_NEW,
		.set = set_ipsec_lifetime,
		.print = print_ipsec_lifetime,
		.help = "Lifetimes of IPsec SAs; default: the global ones"},
	{.grammar = "set security-association replay window-size <n:1-65535>",
		.def = "global",
		.when = WHEN_NEW,
		.set = set_replay,
		.print = print_replay,
		.help = "Replay window; default: the global one"},
	{.grammar = "set security-association replay disable",
		.when = WHEN_NEW,
		.set = set_replay_off,
		.print = print_replay,
		.help = "No replay check"},
	{.grammar = "set security-association idle-time <seconds:60-86400>",
		.def = "global",
		.when = WHEN_NEW,
		.set = set_idle,
		.print = print_idle,
		.help = "IPsec SAs without data for so long are deleted; default: the global time"},
	{.grammar = "set security-policy limit <number:1-50000>",
		.off = AT(flow_limit),
		.when = WHEN_NEW,
		.set = set_u32,
		.print = print_u32,
		.help = "Most IPsec SAs of one session"},
	{.grammar = "set mixed-mode",
		.off = AT(mixed_mode),
		.when = WHEN_NEW,
		.set = set_flag,
		.print = print_flag,
		.help = "IPv4 and IPv6 in one tunnel (always possible here)"},
	{.grammar = "responder-only",
		.off = AT(responder_only),
		.when = WHEN_NEW,
		.set = set_flag,
		.print = print_flag,
		.help = "Never initiate"},
};
CMD_ROWS(rows_ipsec_profile, profile);
