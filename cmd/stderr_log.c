#include "cmd/stderr_log.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LINE 1024

void stderr_log(void *ctx, enum event e, const struct kv *kv, size_t n)
{
	char line[LINE];
	struct timespec now;
	struct tm tm;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	size_t len = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &tm);
	len += (size_t)snprintf(line + len, sizeof(line) - len, ".%03dZ ", (int)(now.tv_nsec / 1000000));
	len += log_format(line + len, sizeof(line) - len - 1, e, kv, n);
	line[len++] = '\n';
	/* Nobody is left to be told when this fails. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}
