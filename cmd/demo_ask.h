/* Asking the demo's headend as an operator does: our own commands, each in a process of its own with a
 * time limit; what they print is shown below the step. */
#ifndef CMD_DEMO_ASK_H
#define CMD_DEMO_ASK_H

#include <stdbool.h>

struct demo_ask {
	const char *socket; /* control socket */
	const char *state;  /* folder */
};

/* `sallyport WORDS`, separated by one blank. At most so many lines of its output are shown; 0: nothing,
 * the command neither. False: it failed. */
bool ask_command(const struct demo_ask *a, const char *words, unsigned lines);
/* `sallyport sql TEXT`. */
bool ask_sql(const struct demo_ask *a, const char *text, unsigned lines);
/* Until the first value that a query gives is above 0; false: not within 3 s, or interrupted. */
bool ask_until(const struct demo_ask *a, const char *text);

/* A task (demo_task.h) whose output is shown likewise: lines with one of the words, ended by NULL
 * (words NULL: every line). False: its exit code was not 0, or there was no such line. */
bool ask_task(int (*run)(void *ctx), void *ctx, int netns, const char *const *words, unsigned lines);

#endif
