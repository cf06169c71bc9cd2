/* A server for a test, in a network namespace: it says a word on its output when it is up. */
#ifndef TESTS_LIB_SERVE_H
#define TESTS_LIB_SERVE_H

#include <sys/types.h>

/* Starts the command there and waits for the word. It is killed when the caller ends; until then it is the
 * caller's to end. -1: it did not come up. */
pid_t serve(const char *netns, const char *command);

#endif
