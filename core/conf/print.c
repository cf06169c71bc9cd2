#include "core/conf/print.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/conf/grammar.h"

void out_init(struct out *o, const struct snapshot *s, unsigned flags)
{
	*o = (struct out){.s = s, .flags = flags};
}

void out_fini(struct out *o)
{
	mem_free_secret(o->p, o->cap);
	o->p = NULL;
}

void out_bytes(struct out *o, const void *p, size_t len)
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

void out_str(struct out *o, const char *s)
{
	out_bytes(o, s, strlen(s));
}

void out_u32(struct out *o, uint32_t v)
{
	char text[12];
	snprintf(text, sizeof(text), "%u", v);
	out_str(o, text);
}

void out_addr(struct out *o, const struct addr *a)
{
	char text[ADDR_TEXT];
	out_str(o, addr_format(a, text));
}

void out_begin(struct out *o)
{
	for (unsigned i = 0; i < o->indent; i++)
		out_str(o, " ");
}

void out_end(struct out *o)
{
	out_str(o, "\n");
}

void out_head(struct out *o, const struct cmd *row, bool no)
{
	out_begin(o);
	if (no)
		out_str(o, "no ");
	out_bytes(o, row->grammar, grammar_head_len(row->grammar));
}

void out_word(struct out *o, const char *s)
{
	bool quote = strpbrk(s, " \t") != NULL;
	out_str(o, quote ? " \"" : " ");
	out_str(o, s);
	if (quote)
		out_str(o, "\"");
}

void out_secret(struct out *o, const struct secret *s)
{
	static const char digits[] = "0123456789abcdef";
	if (!(o->flags & CONF_SECRETS)) {
		out_str(o, " " HIDDEN);
		return;
	}
	switch (s->form) {
	case SECRET_HEX:
		out_str(o, " hex ");
		for (size_t i = 0; i < s->len; i++) {
			char two[2] = {digits[s->bytes[i] >> 4], digits[s->bytes[i] & 15]};
			out_bytes(o, two, 2);
		}
		return;
	case SECRET_SEALED6:
		out_str(o, " 6 ");
		break;
	case SECRET_SEALED7:
		out_str(o, " 7 ");
		break;
	default:
		out_str(o, " 0 ");
		break;
	}
	out_bytes(o, s->bytes, s->len);
}

void out_line(struct out *o, const struct cmd *row, const char *word)
{
	out_head(o, row, false);
	if (word)
		out_word(o, word);
	out_end(o);
}

void out_absent(struct out *o, const struct cmd *row)
{
	if (!o->reset)
		return;
	out_head(o, row, true);
	out_end(o);
}

void print_rows(struct out *o, enum cmd_mode mode, const void *obj)
{
	for (size_t i = 0; i < cmd_modes[mode].rows->n; i++) {
		const struct cmd *row = &cmd_modes[mode].rows->v[i];
		if (row->print)
			row->print(o, row, obj);
	}
}

enum status conf_print(const struct snapshot *s, unsigned flags, char **text, size_t *len)
{
	struct out o;
	*text = NULL;
	*len = 0;
	out_init(&o, s, flags);
	out_str(&o, "!\n");
	print_rows(&o, MODE_GLOBAL, s);
	out_str(&o, "end\n");
	if (o.nomem) {
		out_fini(&o);
		return ST_NOMEM;
	}
	/* The caller knows only the length: give back a block of exactly that size. */
	char *p = mem_strndup(o.p, o.len);
	if (p) {
		*text = p;
		*len = o.len;
	}
	out_fini(&o);
	return p ? ST_OK : ST_NOMEM;
}
