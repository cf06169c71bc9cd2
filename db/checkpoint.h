/* Moves the log of sallyport.db into the file, in a thread with a connection of its own: a disk that
 * is slow to sync keeps no commit waiting. All functions are the writer thread's. */
#ifndef DB_CHECKPOINT_H
#define DB_CHECKPOINT_H

#include <stdbool.h>

struct checkpoint;

/* dir: the folder of the file, which has to be open. NULL: no memory. The thread starts with the
 * first question. */
struct checkpoint *checkpoint_new(const char *dir);
/* Waits for what is under way. Before the file is closed or opened again: a connection must not
 * outlive the writer's (POSIX locks are the process's). */
void checkpoint_free(struct checkpoint *c);
/* Moves what is in the log. False: it is still at it, or there are no threads. */
bool checkpoint_ask(struct checkpoint *c);
bool checkpoint_is_busy(const struct checkpoint *c);
/* Pages of the log that were in the file after the last round. */
int checkpoint_done(const struct checkpoint *c);

#endif
