/* Text of a snapshot, row by row of the command table. */
#ifndef CORE_CONF_PRINT_H
#define CORE_CONF_PRINT_H

#include "core/conf/command.h"

struct out {
	const struct snapshot *s;
	char *p;
	size_t len;
	size_t cap;
	bool nomem;      /* sticky */
	unsigned flags;  /* enum conf_print */
	bool reset;      /* inside a changed default object: print `no` forms */
	unsigned indent;
};

/* printf with only %s %u; the line is begun with the indent and ended by out_end. */
void out_begin(struct out *o);
void out_str(struct out *o, const char *s);
void out_bytes(struct out *o, const void *p, size_t len);
void out_u32(struct out *o, uint32_t v);
void out_addr(struct out *o, const struct addr *a);
void out_end(struct out *o);
/* The fixed words of a row; `no ` before them when asked. */
void out_head(struct out *o, const struct cmd *row, bool no);
/* A blank and one word, quoted when it needs to be. */
void out_word(struct out *o, const char *s);
/* A blank and a secret as the flags want it. */
void out_secret(struct out *o, const struct secret *s);
/* A whole line: head and one word (NULL: none). */
void out_line(struct out *o, const struct cmd *row, const char *word);
/* `no HEAD`, in reset style only. */
void out_absent(struct out *o, const struct cmd *row);

/* All rows of a mode for one object. */
void print_rows(struct out *o, enum cmd_mode mode, const void *obj);
/* The text of one row for one object, with secrets: diff compares it. Caller wipes and frees o->p. */
void out_init(struct out *o, const struct snapshot *s, unsigned flags);
void out_fini(struct out *o);

#endif
