/* Text that a long-lived object owns at its own length, where a buffer would have room for the longest. A
 * member `const char *name` is read as ever and never NULL: "" costs nothing. Thread: the object's. */
#ifndef CORE_BASE_TEXT_H
#define CORE_BASE_TEXT_H

#include "core/base/status.h"

/* A new member, before any other call. */
void text_init(const char **t);
/* A copy of to (which may be *t) in the place of *t. ST_NOMEM: *t stays. */
enum status text_set(const char **t, const char *to) MUST_USE;
/* *from in the place of *t, and "" in its own: what several sets at once need, none of which may fail halfway. */
void text_move(const char **t, const char **from);
/* Back to "". */
void text_free(const char **t);

#endif
