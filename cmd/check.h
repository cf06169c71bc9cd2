/* Reading a configuration file and saying what is wrong with it. */
#ifndef CMD_CHECK_H
#define CMD_CHECK_H

#include "core/conf/conf.h"

/* Whole file into *text (heap, *len + 1 bytes with a NUL; wipe it: it holds keys).
 * ST_IO with errno set, ST_LIMIT when larger than CONF_MAX_LEN, ST_NOMEM. */
enum status check_read(int fd, char **text, size_t *len) MUST_USE;

/* `sallyport check FILE [FILE...]`: prints messages; exit 0 clean (warnings allowed), 1 unreadable, 2 errors. */
int check_main(int argc, char **argv);

#endif
