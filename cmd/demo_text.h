/* The demo's words on standard output; colours only on a terminal. */
#ifndef CMD_DEMO_TEXT_H
#define CMD_DEMO_TEXT_H

#include <stdbool.h>
#include <stddef.h>

void text_begin(void); /* the clock of the steps starts here */

/* "  0.3 s  ..." */
void text_step(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* What belongs to the step. */
void text_more(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void text_command(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void text_failure(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Lines of a file from its beginning, blank ones left out, long ones cut, other bytes than
 * printing ASCII as '?'; at most max. words NULL: all of them, else only those with one of the words (NULL ends them).
 * last: the last ones, not the first. Returns how many were printed. */
unsigned text_lines(int fd, const char *const *words, unsigned max, bool last);
void text_line(const char *line, size_t len);
/* Has it one of the words? */
bool text_has(const char *line, size_t len, const char *const *words);

/* Seconds since text_begin(). */
double text_seconds(void);

#endif
