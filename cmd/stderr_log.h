/* The log on standard error: one event, one line, "2026-01-31T12:00:00.000Z token key=value ...".
 * A line is one write, so that the lines of several processes do not mix. Nobody waits for a reader:
 * a line that does not fit is dropped, and the next one that fits says before it how many were. */
#ifndef CMD_STDERR_LOG_H
#define CMD_STDERR_LOG_H

#include "core/base/log.h"

void stderr_log(void *ctx, enum event e, const struct kv *kv, size_t n);

#endif
