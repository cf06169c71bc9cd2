/* What an operator can ask of the running daemon: THE table of its commands. Loop thread. */
#ifndef CMD_ADMIN_H
#define CMD_ADMIN_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/out.h"

struct world; /* cmd/world.h: everything a command may look at */

#define ADMIN_STAYS (-1)

struct admin_args {
	size_t n;
	const char *const *words; /* what stands after the command's own words */
};

struct admin_command {
	const char *words;  /* "show crypto ikev2 sa" */
	const char *args;   /* for help: "[detailed]"; "": words are refused before fn */
	bool changes;       /* needs root or the daemon's uid */
	/* Exit code 0, 1 or 2; errors go to err as a sentence with newline. ADMIN_STAYS: the answer to
	 * world.caller goes on. */
	int (*fn)(struct world *w, const struct admin_args *args, struct out *out, struct out *err);
	const char *help;
};

extern const struct admin_command admin_commands[];
extern const size_t admin_commands_len;

/* The row for the words (each may be a unique prefix); *used = words that belong to the command.
 * NULL: unknown or ambiguous, with a sentence in err. */
const struct admin_command *admin_find(const char *const *words, size_t n, size_t *used, struct out *err);
/* Finds, checks may_change, runs. */
int admin_run(struct world *w, const char *const *words, size_t n, bool may_change, struct out *out,
	      struct out *err);
/* The list for `sallyport help`. */
void admin_help(struct out *out);

#endif
