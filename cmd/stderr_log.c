#include "cmd/stderr_log.h"

#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LINE 1024 /* a pipe that is ready for writing has room for more */

static uint64_t lost; /* lines since the last one that was written; the loop thread's */

static bool is_read(void)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
	/* With an error beside it the reader is gone, and writing would be a signal. */
	return poll(&p, 1, 0) == 1 && p.revents == POLLOUT;
}

static bool put(enum event e, const struct kv *kv, size_t n)
{
	char line[LINE];
	struct timespec now;
	struct tm tm;
	if (!is_read())
		return false;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	size_t len = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &tm);
	len += (size_t)snprintf(line + len, sizeof(line) - len, ".%03dZ ", (int)(now.tv_nsec / 1000000));
	len += log_format(line + len, sizeof(line) - len - 1, e, kv, n);
	line[len++] = '\n';
	return write(STDERR_FILENO, line, len) == (ssize_t)len;
}

void stderr_log(void *ctx, enum event e, const struct kv *kv, size_t n)
{
	const struct kv missing[] = {kv_str("reason", "standard error was not read"),
				     kv_u64("times", lost)};
	if (lost && put(EV_SUPPRESSED, missing, 2))
		lost = 0;
	if (lost || !put(e, kv, n))
		lost++;
}
