/* Names with values, in order, in one flat buffer: what a question to a script is given and what
 * comes back. A name may stand several times: then it is a list. No pointers, so that a copy is a
 * copy; nothing here allocates. Any thread, any process. */
#ifndef CORE_BASE_PAIRS_H
#define CORE_BASE_PAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/base/wr.h"

#define PAIRS_MAX   160   /* pairs */
#define PAIRS_NAME  32    /* longest name with NUL */
#define PAIRS_VALUE 1024  /* longest value with NUL */
#define PAIRS_BYTES 16384 /* all names and values with their NULs */

struct pairs {
	uint16_t n;
	uint16_t len;
	bool is_full; /* sticky: something did not fit */
	uint16_t name[PAIRS_MAX]; /* offsets into bytes */
	uint16_t value[PAIRS_MAX];
	char bytes[PAIRS_BYTES];
};

void pairs_init(struct pairs *p);
/* Copies both. What does not fit, or has no name, is left out and marks the whole as full. */
void pairs_add(struct pairs *p, const char *name, const char *value);
/* The same with a value of len bytes without NUL in it. */
void pairs_add_bytes(struct pairs *p, const char *name, const void *value, size_t len);
void pairs_add_u64(struct pairs *p, const char *name, uint64_t value);
/* i < p->n. Never NULL. */
const char *pairs_name(const struct pairs *p, size_t i);
const char *pairs_value(const struct pairs *p, size_t i);
/* The first value of that name; NULL when there is none. */
const char *pairs_get(const struct pairs *p, const char *name);

/* u16 count, then per pair two NUL-terminated strings. Errors stick to w. */
void pairs_build(struct wr *w, const struct pairs *p);
/* ST_OK; ST_TRUNCATED, ST_TRAILING, ST_LIMIT (too many or too long), ST_BAD_PAYLOAD (no name). */
enum status pairs_parse(struct view body, struct pairs *out) MUST_USE;

#endif
