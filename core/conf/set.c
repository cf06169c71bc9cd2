#include "core/conf/set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/conf/argument.h"
#include "core/conf/parse.h"
#include "core/crypto/suite.h"

static void *field(const struct cmd_call *c)
{
	return (char *)c->obj + c->row->off;
}

static const void *field_of(const struct cmd *row, const void *obj)
{
	return (const char *)obj + row->off;
}

static uint32_t def_u32(const struct cmd *row)
{
	return row->def ? (uint32_t)strtoul(row->def, NULL, 10) : 0;
}

bool arg_is(const struct arg *a, const char *s)
{
	return a && s && strncmp(s, a->word.p, a->word.len) == 0 && s[a->word.len] == '\0';
}

void set_none(struct cmd_call *c)
{
	(void)c;
}

void set_u32(struct cmd_call *c)
{
	uint32_t *v = field(c);
	if (c->form == FORM_SET)
		*v = (uint32_t)c->args[c->n - 1].num;
	else
		*v = c->form == FORM_NO && (c->row->flags & CMD_NO_ZERO) ? 0 : def_u32(c->row);
}

void print_u32(struct cout *o, const struct cmd *row, const void *obj)
{
	uint32_t v = *(const uint32_t *)field_of(row, obj), def = def_u32(row);
	bool off = v == 0 && (!row->def || (row->flags & CMD_NO_ZERO));
	if (v == def && !(o->flags & CONF_ALL))
		return;
	cout_head(o, row, off);
	if (!off) {
		cout_str(o, " ");
		if (row->grammar[grammar_head_len(row->grammar) + 1] ==
			'[') { /* "head [word <key:N-M>]" */
			const char *word = row->grammar + grammar_head_len(row->grammar) + 2;
			cout_bytes(o, word, strcspn(word, "<"));
		}
		cout_u32(o, v);
	}
	cout_end(o);
}

void set_flag(struct cmd_call *c)
{
	bool *v = field(c);
	*v = c->form == FORM_SET || (c->form == FORM_DEFAULT && c->row->def);
}

void print_flag(struct cout *o, const struct cmd *row, const void *obj)
{
	bool v = *(const bool *)field_of(row, obj);
	if (v == (row->def != NULL) && !(o->flags & CONF_ALL))
		return;
	cout_head(o, row, !v);
	cout_end(o);
}

void set_str(struct cmd_call *c)
{
	char **v = field(c);
	*v = c->form == FORM_SET ? cmd_text(c, &c->args[c->n - 1]) : NULL;
}

void set_ref(struct cmd_call *c)
{
	char **v = field(c);
	*v = c->form == FORM_SET ? cmd_ref(c, &c->args[c->n - 1]) : NULL;
}

char *cmd_ifname(struct cmd_call *c, const struct arg *a)
{
	uint8_t kind;
	uint32_t number;
	char text[48];
	if (!a)
		return NULL;
	if (iface_name_parse(a->word.p, a->word.len, &kind, &number)) {
		int n = snprintf(text, sizeof(text), "%s%u", iface_kind_name(kind), number);
		return arena_strndup(c->arena, text, (size_t)n);
	}
	char *s = cmd_text(c, a);
	size_t n = 0;
	for (size_t i = 0; s && i < a->word.len; i++)
		if (s[i] != ' ' && s[i] != '\t')
			s[n++] = s[i];
	if (s)
		s[n] = '\0';
	return s;
}

void set_ifname(struct cmd_call *c)
{
	char **v = field(c);
	*v = c->form == FORM_SET ? cmd_ifname(c, &c->args[c->n - 1]) : NULL;
	if (*v)
		parse_remember(c->ps, *v, c->args[c->n - 1].word.col);
}

void print_str(struct cout *o, const struct cmd *row, const void *obj)
{
	const char *v = *(char *const *)field_of(row, obj);
	if (!v) {
		cout_absent(o, row);
		return;
	}
	if (!strstr(row->grammar, ":line>")) {
		cout_line(o, row, v);
		return;
	}
	cout_head(o, row, false);
	cout_str(o, " ");
	cout_str(o, v);
	cout_end(o);
}

void str_list_add(struct cmd_call *c, struct str_list *l, const struct arg *a, size_t max)
{
	for (size_t i = 0; i < l->n; i++)
		if (arg_is(a, l->v[i]))
			return;
	if (l->n >= max) {
		cmd_error(c, a, "too many of these in one object", "");
		return;
	}
	char *s = cmd_ref(c, a);
	void *tmp;
	char **slot = s ? ARENA_PUSH(c->arena, l->v, l->n, tmp) : NULL;
	if (slot)
		*slot = s;
}

void str_list_drop(struct str_list *l, const struct arg *a)
{
	if (!a)
		l->n = 0;
	for (size_t i = 0; i < l->n; i++)
		if (arg_is(a, l->v[i])) {
			l->n = arena_drop(l->v, l->n, i, sizeof(*l->v));
			return;
		}
}

#define STRS_MAX 64

void set_strs(struct cmd_call *c)
{
	struct str_list *l = field(c);
	const struct arg *a = c->n ? &c->args[c->n - 1] : NULL;
	if (c->form == FORM_SET)
		str_list_add(c, l, a, STRS_MAX);
	else
		str_list_drop(l, c->form == FORM_NO ? a : NULL);
}

void print_strs(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct str_list *l = field_of(row, obj);
	cout_absent(o, row);
	for (size_t i = 0; i < l->n; i++)
		cout_line(o, row, l->v[i]);
}

void set_addr(struct cmd_call *c)
{
	struct addr *v = field(c);
	*v = c->form == FORM_SET ? c->args[c->n - 1].addr : (struct addr){0};
}

void print_addr(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct addr *v = field_of(row, obj);
	if (!v->family) {
		cout_absent(o, row);
		return;
	}
	cout_head(o, row, false);
	cout_str(o, " ");
	cout_addr(o, v);
	cout_end(o);
}

void set_pair(struct cmd_call *c)
{
	struct addr *v = field(c);
	v[0] = v[1] = (struct addr){0};
	for (size_t i = 0; i < c->n && i < 2 && c->form == FORM_SET; i++)
		v[i] = c->args[i].addr;
}

void print_pair(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct addr *v = field_of(row, obj);
	if (!v[0].family) {
		cout_absent(o, row);
		return;
	}
	cout_head(o, row, false);
	for (size_t i = 0; i < 2 && v[i].family; i++) {
		cout_str(o, " ");
		cout_addr(o, &v[i]);
	}
	cout_end(o);
}

void set_xforms(struct cmd_call *c)
{
	struct transform_list *l = field(c);
	*l = (struct transform_list){0};
	for (size_t i = 0; i < c->n && c->form == FORM_SET; i++) {
		const struct arg *a = &c->args[i];
		void *tmp;
		bool twice = false;
		for (size_t k = 0; k < l->n; k++)
			twice = twice ||
				(l->v[k].id == a->xf->id && l->v[k].key_bits == a->xf->key_bits);
		if (twice)
			continue;
		if (a->xf->weak)
			cmd_warn(c, a, a->xf->weak, "");
		struct conf_transform *t = ARENA_PUSH(c->arena, l->v, l->n, tmp);
		if (t)
			*t = (struct conf_transform){a->xf->id, a->xf->key_bits};
	}
}

static void print_xforms(struct cout *o, const struct cmd *row, const void *obj, enum xf_type type)
{
	const struct transform_list *l = field_of(row, obj);
	if (!l->n) {
		cout_absent(o, row);
		return;
	}
	cout_head(o, row, false);
	for (size_t i = 0; i < l->n; i++) {
		const struct xf *x = suite_find(type, l->v[i].id, l->v[i].key_bits);
		cout_word(o, x && x->keyword ? x->keyword : "?");
	}
	cout_end(o);
}

void print_encr(struct cout *o, const struct cmd *row, const void *obj)
{
	print_xforms(o, row, obj, XF_ENCR);
}

void print_integ(struct cout *o, const struct cmd *row, const void *obj)
{
	print_xforms(o, row, obj, XF_INTEG);
}

void print_dh(struct cout *o, const struct cmd *row, const void *obj)
{
	print_xforms(o, row, obj, XF_DH);
}

static int nibble(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

void set_secret(struct cmd_call *c, struct secret *s, const struct arg *a)
{
	struct word w = a->word;
	*s = (struct secret){0};
	uint8_t *p = arena_new(c->arena, w.len + 1);
	if (!p)
		return;
	size_t len = w.len;
	if (a->form == SECRET_HEX) {
		len = w.len / 2;
		for (size_t i = 0; i < len; i++)
			p[i] = (uint8_t)(nibble(w.p[2 * i]) << 4 | nibble(w.p[2 * i + 1]));
	} else {
		memcpy(p, w.p, len);
	}
	*s = (struct secret){p, len, a->form};
	if (!secret_usable(s))
		cmd_warn(c, a, "a secret that another device has encrypted cannot be used here",
			"write it again in plain text (type 0) or as hex");
}

void set_hidden(struct cmd_call *c)
{
	struct secret *s = field(c);
	*s = (struct secret){0};
	if (c->form == FORM_SET)
		set_secret(c, s, cmd_arg(c, "key"));
}

void print_hidden(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct secret *s = field_of(row, obj);
	if (!s->form)
		return;
	cout_head(o, row, false);
	cout_secret(o, s);
	cout_end(o);
}

/* `no` without a number: all of them. */
void set_addke(struct cmd_call *c)
{
	struct addke *p = field(c);
	const struct arg *round = cmd_arg(c, "round");
	for (size_t i = 0; i < ADDKE_MAX; i++)
		if (!round || round->num == i + 1) {
			p->groups[i] = (struct transform_list){0};
			p->optional[i] = false;
		}
	if (c->form != FORM_SET)
		return;
	struct transform_list *l = &p->groups[round->num - 1];
	p->optional[round->num - 1] = cmd_has(c, "optional");
	for (size_t i = 0; i < c->n; i++) {
		const struct arg *a = &c->args[i];
		void *tmp;
		bool is_new = a->kind == ARG_TRANSFORM;
		for (size_t k = 0; k < l->n; k++)
			is_new = is_new && l->v[k].id != a->xf->id;
		struct conf_transform *t = is_new ? ARENA_PUSH(c->arena, l->v, l->n, tmp) : NULL;
		if (is_new && a->xf->weak)
			cmd_warn(c, a, a->xf->weak, "");
		if (t)
			*t = (struct conf_transform){a->xf->id, a->xf->key_bits};
	}
}

void print_addke(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct addke *p = field_of(row, obj);
	cout_absent(o, row);
	for (uint32_t i = 0; i < ADDKE_MAX; i++) {
		if (!p->groups[i].n)
			continue;
		cout_head(o, row, false);
		cout_str(o, " ");
		cout_u32(o, i + 1);
		if (p->optional[i])
			cout_str(o, " optional");
		for (size_t k = 0; k < p->groups[i].n; k++) {
			const struct xf *x = suite_find(XF_DH, p->groups[i].v[k].id, 0);
			cout_word(o, x && x->keyword ? x->keyword : "?");
		}
		cout_end(o);
	}
}
