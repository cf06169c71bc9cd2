/* Text of a snapshot, row by row of the command table. */
#ifndef CORE_CONF_PRINT_H
#define CORE_CONF_PRINT_H

#include "core/conf/command.h"

struct cout {
	const struct snapshot *s;
	char *p;
	size_t len;
	size_t cap;
	bool nomem;     /* sticky */
	unsigned flags; /* enum conf_print */
	bool reset;     /* inside a changed default object: print `no` forms */
	unsigned indent;
};

/* printf with only %s %u; the line is begun with the indent and ended by cout_end. */
void cout_begin(struct cout *o);
void cout_str(struct cout *o, const char *s);
void cout_bytes(struct cout *o, const void *p, size_t len);
void cout_u32(struct cout *o, uint32_t v);
void cout_addr(struct cout *o, const struct addr *a);
void cout_end(struct cout *o);
/* The fixed words of a row; `no ` before them when asked. */
void cout_head(struct cout *o, const struct cmd *row, bool no);
/* A blank and one word, quoted when it needs to be. */
void cout_word(struct cout *o, const char *s);
/* A blank and a secret as the flags want it. */
void cout_secret(struct cout *o, const struct secret *s);
/* A whole line: head and one word (NULL: none). */
void cout_line(struct cout *o, const struct cmd *row, const char *word);
/* `no HEAD`, in reset style only. */
void cout_absent(struct cout *o, const struct cmd *row);

/* A block without lines is closed, so that what follows is not taken for a part of it. */
void cout_empty(struct cout *o, size_t before);

/* All rows of a mode for one object. */
void print_rows(struct cout *o, enum cmd_mode mode, const void *obj);
/* The text of one row for one object, with secrets: diff compares it. Caller wipes and frees o->p.
 */
void cout_init(struct cout *o, const struct snapshot *s, unsigned flags);
void cout_fini(struct cout *o);

#endif
