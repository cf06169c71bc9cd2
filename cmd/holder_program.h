/* Which file a new main is made of. Death of main is an upgrade when the program's file was replaced
 * meanwhile: the next main is the new file, as long as it comes to work. */
#ifndef CMD_HOLDER_PROGRAM_H
#define CMD_HOLDER_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#define PROGRAM_SELF "/proc/self/exe" /* what we are, also when its file is gone */

struct program {
	char path[PATH_MAX]; /* from which we were started; "" unknown */
	struct stat own;     /* the file that was there then */
	struct stat last;    /* the other file that was chosen last */
	bool is_other;       /* the last choice was not ourselves */
	unsigned failures;   /* of `last`, one after the other */
};

void program_init(struct program *p);
/* What to execute now: the file at `path` when it is another one than ours, may be run by everybody,
 * cannot be written by more users than ours, and did not fail; else PROGRAM_SELF. */
const char *program_choose(struct program *p);
/* The one chosen last works. */
void program_worked(struct program *p);
/* It died before that. Sure: it ended by itself; a signal may have come from elsewhere and is
 * forgiven once. */
void program_failed(struct program *p, bool is_sure);

#endif
