/* A first configuration for a machine that has none. */
#ifndef CMD_QUICKSTART_H
#define CMD_QUICKSTART_H

#include <stdbool.h>

/* Writes a configuration with a random key to path (0600, folders created) unless there is one, and
 * tells on standard output how a client connects; the key is printed once, when it is made. False
 * with a sentence on standard error when the file cannot be written. */
bool quickstart(const char *path);

#endif
