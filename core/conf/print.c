#include "core/conf/print.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/conf/grammar.h"

void cout_init(struct cout *o, const struct snapshot *s, unsigned flags)
{
	*o = (struct cout){.s = s, .flags = flags};
}

void cout_fini(struct cout *o)
{
	mem_free_secret(o->p, o->cap);
	o->p = NULL;
}

void cout_bytes(struct cout *o, const void *p, size_t len)
{
	if (o->nomem || len == 0)
		return;
	if (o->cap - o->len < len + 1) {
		size_t cap = (o->cap + len + 1) * 2;
		char *q = mem_grow(o->p, o->cap, cap < 256 ? 256 : cap);
		if (!q) {
			o->nomem = true;
			return;
		}
		o->p = q;
		o->cap = cap < 256 ? 256 : cap;
	}
	memcpy(o->p + o->len, p, len);
	o->len += len;
	o->p[o->len] = '\0';
}

void cout_str(struct cout *o, const char *s)
{
	cout_bytes(o, s, strlen(s));
}

void cout_u32(struct cout *o, uint32_t v)
{
	char text[12];
	snprintf(text, sizeof(text), "%u", v);
	cout_str(o, text);
}

void cout_addr(struct cout *o, const struct addr *a)
{
	char text[ADDR_TEXT];
	cout_str(o, addr_format(a, text));
}

void cout_begin(struct cout *o)
{
	for (unsigned i = 0; i < o->indent; i++)
		cout_str(o, " ");
}

void cout_end(struct cout *o)
{
	cout_str(o, "\n");
}

void cout_head(struct cout *o, const struct cmd *row, bool no)
{
	cout_begin(o);
	if (no)
		cout_str(o, "no ");
	cout_bytes(o, row->grammar, grammar_head_len(row->grammar));
}

void cout_word(struct cout *o, const char *s)
{
	bool quote = strpbrk(s, " \t") != NULL;
	cout_str(o, quote ? " \"" : " ");
	cout_str(o, s);
	if (quote)
		cout_str(o, "\"");
}

void cout_secret(struct cout *o, const struct secret *s)
{
	static const char digits[] = "0123456789abcdef";
	if (!(o->flags & CONF_SECRETS)) {
		cout_str(o, " " HIDDEN);
		return;
	}
	switch (s->form) {
	case SECRET_HEX:
		cout_str(o, " hex ");
		for (size_t i = 0; i < s->len; i++) {
			char two[2] = {digits[s->bytes[i] >> 4], digits[s->bytes[i] & 15]};
			cout_bytes(o, two, 2);
		}
		return;
	case SECRET_SEALED6: cout_str(o, " 6 "); break;
	case SECRET_SEALED7: cout_str(o, " 7 "); break;
	default: cout_str(o, " 0 "); break;
	}
	cout_bytes(o, s->bytes, s->len);
}

void cout_line(struct cout *o, const struct cmd *row, const char *word)
{
	cout_head(o, row, false);
	if (word)
		cout_word(o, word);
	cout_end(o);
}

void cout_absent(struct cout *o, const struct cmd *row)
{
	if (!o->reset || !(row->flags & CMD_SYSTEM))
		return;
	cout_head(o, row, true);
	cout_end(o);
}

void cout_empty(struct cout *o, size_t before)
{
	if (o->len != before)
		return;
	cout_begin(o);
	cout_str(o, "exit\n");
}

void print_rows(struct cout *o, enum cmd_mode mode, const void *obj)
{
	for (size_t i = 0; i < cmd_modes[mode].rows->n; i++) {
		const struct cmd *row = &cmd_modes[mode].rows->v[i];
		if (row->print)
			row->print(o, row, obj);
	}
}

enum status conf_print(const struct snapshot *s, unsigned flags, char **text, size_t *len)
{
	struct cout o;
	*text = NULL;
	*len = 0;
	cout_init(&o, s, flags);
	cout_str(&o, "!\n");
	print_rows(&o, MODE_GLOBAL, s);
	cout_str(&o, "end\n");
	if (o.nomem) {
		cout_fini(&o);
		return ST_NOMEM;
	}
	/* The caller knows only the length: give back a block of exactly that size. */
	char *p = mem_strndup(o.p, o.len);
	if (p) {
		*text = p;
		*len = o.len;
	}
	cout_fini(&o);
	return p ? ST_OK : ST_NOMEM;
}
