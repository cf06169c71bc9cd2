/* Files that the configuration names, opened for others. Holder. */
#ifndef CMD_HOLDER_FILE_H
#define CMD_HOLDER_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/status.h"

/* A plain file of at most max bytes, for reading; a name without a leading slash counts from the folder of the
 * configuration at config_path. *is_exposed: more users than its owner may write to it, or others may read it.
 * ST_NOT_FOUND; ST_CONFIG: it is something else than a plain file; ST_LIMIT: too long, or its name is; ST_IO
 * with errno. */
enum status holder_file_open(const char *config_path, const char *name, off_t max, int *fd, bool *is_exposed)
	MUST_USE;
/* The bytes of a plain file in a sealed memfd, so that what was checked is what is kept. flags: of open(), besides.
 * ST_NOT_FOUND; ST_IO with errno: EINVAL when it is no plain file or longer than max. */
enum status holder_file_copy(const char *path, int flags, off_t max, int *out) MUST_USE;

#endif
