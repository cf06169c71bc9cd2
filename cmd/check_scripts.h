/* `sallyport check` of the scripts that a configuration names: each is compiled and its top level is
 * run with its settings, as the headend would, in a child process that cannot take long. */
#ifndef CMD_CHECK_SCRIPTS_H
#define CMD_CHECK_SCRIPTS_H

#include <stddef.h>

#include "core/conf/snapshot.h"

/* Text of the shipped script of that name (without .lua); NULL: there is none. */
const char *scripts_shipped(const char *name);
/* file: the configuration's path; scripts stand in the folder lua beside it. Prints one line per
 * fault; how many. */
size_t check_scripts(const char *file, const struct snapshot *conf);

#endif
