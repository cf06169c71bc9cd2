/* Blocks: named objects of the snapshot, and lines kept as text. */
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/conf/parse.h"
#include "core/conf/set.h"

/* ---- named objects ---- */

static void **list_of(const struct cmd_class *k, void *base)
{
	return (void **)(void *)((char *)base + k->list_off);
}

static size_t *count_of(const struct cmd_class *k, void *base)
{
	return (size_t *)(void *)((char *)base + k->count_off);
}

static char **name_of(const struct cmd_class *k, void *obj)
{
	return (char **)(void *)((char *)obj + k->name_off);
}

static bool *flag_of(int16_t off, void *obj)
{
	return (bool *)((char *)obj + off);
}

void cmd_defaults(struct cmd_call *c, enum cmd_mode mode, void *obj)
{
	struct cmd_call d = {
		.ps = c->ps, .s = c->s, .arena = c->arena, .obj = obj, .form = FORM_DEFAULT};
	for (size_t i = 0; i < cmd_modes[mode].rows->n; i++) {
		d.row = &cmd_modes[mode].rows->v[i];
		if (d.row->def && d.row->set)
			d.row->set(&d);
	}
}

static void *object_find(const struct cmd_class *k, void *base, const struct arg *name)
{
	char *v = *list_of(k, base);
	for (size_t i = 0; i < *count_of(k, base); i++)
		if (arg_is(name, *name_of(k, v + i * k->size)))
			return v + i * k->size;
	return NULL;
}

static void *object_new(struct cmd_call *c, const struct cmd_class *k, const struct arg *name)
{
	char *text = cmd_text(c, name);
	size_t *n = count_of(k, c->obj);
	char *v = arena_grow(c->arena, *list_of(k, c->obj), *n, k->size);
	if (!text || !v)
		return NULL;
	*list_of(k, c->obj) = v;
	void *obj = v + (*n)++ * k->size;
	*name_of(k, obj) = text;
	parse_remember(c->ps, text, name->word.col);
	cmd_defaults(c, c->row->enters, obj);
	return obj;
}

/* System values again (R-CFG-10, R-CFG-11). */
static void object_reset(struct cmd_call *c, const struct cmd_class *k, void *obj, bool disabled)
{
	char *name = *name_of(k, obj);
	memset(obj, 0, k->size);
	*name_of(k, obj) = name;
	cmd_defaults(c, c->row->enters, obj);
	parse_defaults(c->ps, k->words);
	*flag_of(k->disabled_off, obj) = disabled;
}

void set_block(struct cmd_call *c)
{
	const struct cmd_class *k = cmd_modes[c->row->enters].class;
	const struct arg *name = cmd_arg(c, "name");
	if (!name) {
		cmd_error(c, NULL, "which one? a name is missing", "");
		return;
	}
	void *obj = object_find(k, c->obj, name);
	bool system = k->disabled_off >= 0 && arg_is(name, "default");
	if (c->form == FORM_SET) {
		if (!obj)
			obj = object_new(c, k, name);
		else if (system)
			*flag_of(k->disabled_off, obj) = false;
		c->enter = obj;
	} else if (obj && system) {
		object_reset(c, k, obj, c->form == FORM_NO);
	} else if (obj) {
		size_t i = (size_t)((char *)obj - (char *)*list_of(k, c->obj)) / k->size;
		*count_of(k, c->obj) =
			arena_drop(*list_of(k, c->obj), *count_of(k, c->obj), i, k->size);
	}
}

void print_object(struct cout *o, const struct cmd *row, void *obj)
{
	const struct cmd_class *k = cmd_modes[row->enters].class;
	bool system = k->disabled_off >= 0 && strcmp(*name_of(k, obj), "default") == 0;
	bool disabled = system && *flag_of(k->disabled_off, obj);
	bool modified = system && *flag_of(k->modified_off, obj);
	if (system && !disabled && !modified && !(o->flags & CONF_ALL))
		return;
	cout_head(o, row, disabled);
	cout_word(o, *name_of(k, obj));
	cout_end(o);
	if (disabled)
		return;
	size_t before = o->len;
	o->indent++;
	o->reset = system;
	print_rows(o, row->enters, obj);
	o->reset = false;
	cout_empty(o, before);
	o->indent--;
	if (o->indent == 0)
		cout_str(o, "!\n");
}

void print_block(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct cmd_class *k = cmd_modes[row->enters].class;
	const char *base = obj;
	char *v;
	size_t n;
	memcpy(&v, base + k->list_off, sizeof(v));
	memcpy(&n, base + k->count_off, sizeof(n));
	for (size_t i = 0; i < n; i++)
		print_object(o, row, v + i * k->size);
}

/* ---- kept text ---- */

struct kept_list kept_list_of(struct snapshot *s, enum cmd_mode mode, void *obj)
{
	if (mode == MODE_GLOBAL)
		return (struct kept_list){&s->kept, &s->kept_count};
	if (mode == MODE_IFACE) {
		struct iface *i = obj;
		return (struct kept_list){&i->extra, &i->extra_count};
	}
	if (mode == MODE_TRUSTPOINT) {
		struct trustpoint *t = obj;
		return (struct kept_list){&t->extra, &t->extra_count};
	}
	struct kept *k = obj;
	return (struct kept_list){&k->lines, &k->line_count};
}

/* Canonical words of the command: the grammar's keywords whole, values as written. */
static size_t canonical(const struct cmd_call *c, char *out, size_t cap, struct kept *k)
{
	size_t n = grammar_head_len(c->row->grammar);
	n = n < cap ? n : cap;
	memcpy(out, c->row->grammar, n);
	for (size_t i = 0; i < c->n; i++) {
		const struct arg *a = &c->args[i];
		struct word w = a->kind == ARG_KEYWORD ? a->key : a->word;
		char type = a->key.p[a->key.len] == ':' ? a->key.p[a->key.len + 1] : ' ';
		bool quote = a->kind == ARG_TEXT && (type == 'n' || type == 'w') &&
			     (memchr(w.p, ' ', w.len) || memchr(w.p, '\t', w.len));
		const char *form = "";
		if (a->kind == ARG_SECRET)
			form = a->form == SECRET_HEX       ? "hex "
			       : a->form == SECRET_SEALED6 ? "6 "
			       : a->form == SECRET_SEALED7 ? "7 "
							   : "0 ";
		int more = snprintf(out + n, cap - n, "%s%s", n ? (quote ? " \"" : " ") : "", form);
		n += more > 0 && (size_t)more < cap - n ? (size_t)more : 0;
		if (a->kind == ARG_SECRET) {
			k->secret_at = n;
			k->secret_len = w.len;
		}
		if (w.len + 2 > cap - n)
			return cap;
		memcpy(out + n, w.p, w.len);
		n += w.len;
		if (quote)
			out[n++] = '"';
	}
	return n;
}

static size_t same_part(const struct kept *k)
{
	return k->secret_at ? k->secret_at : strlen(k->text);
}

static struct kept *kept_find(struct kept_list l, const struct kept *want, bool repeats)
{
	for (size_t i = 0; i < *l.n; i++) {
		struct kept *k = &(*l.v)[i];
		if (k->row == want->row &&
			(!repeats || (same_part(k) == same_part(want) &&
					     memcmp(k->text, want->text, same_part(want)) == 0)))
			return k;
	}
	return NULL;
}

/* Lines stand in the order of the table, those of one row in the order of the text. */
static struct kept *kept_insert(struct cmd_call *c, struct kept_list l)
{
	size_t at = *l.n;
	void *v = arena_grow(c->arena, *l.v, *l.n, sizeof(struct kept));
	if (!v)
		return NULL;
	*l.v = v;
	while (at > 0 && (*l.v)[at - 1].row > cmd_row_id(c->row))
		at--;
	memmove(&(*l.v)[at + 1], &(*l.v)[at], (*l.n - at) * sizeof(struct kept));
	(*l.n)++;
	(*l.v)[at] = (struct kept){0};
	return &(*l.v)[at];
}

static void kept_remove(struct kept_list l, uint16_t row, const char *text)
{
	size_t len = strlen(text);
	for (size_t i = *l.n; i-- > 0;) {
		const struct kept *k = &(*l.v)[i];
		if (k->row == row && strncmp(k->text, text, len) == 0 &&
			(k->text[len] == '\0' || k->text[len] == ' '))
			*l.n = arena_drop(*l.v, *l.n, i, sizeof(*k));
	}
}

static void keep_line(struct cmd_call *c, struct kept_list l, struct kept want, size_t len)
{
	struct kept *k = kept_find(l, &want, (c->row->flags & CMD_REPEATS) != 0);
	if (!k)
		k = kept_insert(c, l);
	want.text = arena_strndup(c->arena, want.text, len);
	if (!k || !want.text)
		return;
	want.lines = k->lines;
	want.line_count = k->line_count;
	*k = want;
	c->enter = k;
}

#define KEPT_MAX 2048

void set_keep(struct cmd_call *c)
{
	struct kept_list l = kept_list_of(c->s, cmd_row_mode(c->row), c->obj);
	struct kept want = {.row = cmd_row_id(c->row)};
	char buf[KEPT_MAX + 1];
	size_t len = canonical(c, buf, KEPT_MAX, &want);
	if (len >= KEPT_MAX) {
		cmd_error(c, NULL, "line too long", "");
	} else {
		buf[len] = '\0';
		want.text = buf;
		if (c->form == FORM_SET)
			keep_line(c, l, want, len);
		else
			kept_remove(l, want.row, buf);
	}
	mem_zero(buf, sizeof(buf)); /* it may hold a secret */
}

static void print_one(struct cout *o, const struct kept *k)
{
	cout_begin(o);
	if (k->secret_at && !(o->flags & CONF_SECRETS)) {
		size_t at = k->secret_at;
		while (at && k->text[at - 1] == ' ') /* the type goes with the secret */
			at--;
		while (at && k->text[at - 1] != ' ')
			at--;
		cout_bytes(o, k->text, at);
		cout_str(o, HIDDEN);
		cout_str(o, k->text + k->secret_at + k->secret_len);
	} else {
		cout_str(o, k->text);
	}
	cout_end(o);
	const struct cmd *row = cmd_row(k->row);
	if (!row || !row->enters)
		return;
	size_t before = o->len;
	o->indent++;
	for (size_t i = 0; i < k->line_count; i++)
		print_one(o, &k->lines[i]);
	cout_empty(o, before);
	o->indent--;
	if (o->indent == 0)
		cout_str(o, "!\n");
}

void print_keep(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct kept *v = o->s->kept;
	size_t n = o->s->kept_count;
	if (cmd_row_mode(row) == MODE_IFACE) {
		const struct iface *i = obj;
		v = i->extra;
		n = i->extra_count;
	}
	if (cmd_row_mode(row) == MODE_TRUSTPOINT) {
		const struct trustpoint *t = obj;
		v = t->extra;
		n = t->extra_count;
	}
	for (size_t i = 0; i < n; i++)
		if (v[i].row == cmd_row_id(row))
			print_one(o, &v[i]);
}
