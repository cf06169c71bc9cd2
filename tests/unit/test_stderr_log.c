/* The log on standard error while nobody reads it: no caller waits, and what was lost is counted. */
#include "cmd/stderr_log.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/lib/t.h"

#define LINES 1000 /* more than the pipe holds */

static char text[1 << 17];

/* Everything that is in the pipe, as lines. */
static unsigned drain(int fd)
{
	size_t len = 0;
	ssize_t n;
	unsigned lines = 0;
	while (len < sizeof(text) - 1 && (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = 0;
	for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	return lines;
}

static void log_lines(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		LOG(EV_START, kv_str("padding", "so that the pipe is full after some hundred lines"), kv_u64("n", i));
}

static void test_nobody_reads(void)
{
	unsigned long lost = 0;
	log_lines(LINES);
	unsigned got = drain(STDIN_FILENO);
	T_TRUE(got > 10 && got < LINES);
	T_TRUE(!strstr(text, "suppressed"));
	/* Read again: first how many are missing, then the rest. */
	log_lines(1);
	T_EQ(drain(STDIN_FILENO), 2);
	const char *p = strstr(text, " suppressed ");
	T_TRUE(p && sscanf(strstr(p, "times="), "times=%lu", &lost) == 1);
	T_EQ(lost + got, LINES);
	T_TRUE(p < strstr(text, " start "));
	/* Told once. */
	log_lines(1);
	T_EQ(drain(STDIN_FILENO), 1);
	T_TRUE(strstr(text, " start ") && !strstr(text, "suppressed"));
}

/* A reader that went away: not even a signal. */
static void test_reader_gone(void)
{
	close(STDIN_FILENO);
	log_lines(3);
	T_TRUE(true);
}

int main(void)
{
	int ends[2];
	alarm(20); /* whoever waits for the reader waits for ever */
	if (pipe(ends) != 0 || dup2(ends[0], STDIN_FILENO) < 0 || dup2(ends[1], STDERR_FILENO) < 0)
		return 1;
	close(ends[0]);
	close(ends[1]);
	if (fcntl(STDERR_FILENO, F_SETPIPE_SZ, 65536) < 0 ||
	    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK) != 0)
		return 1;
	log_set_sink(stderr_log, NULL);
	T_RUN(test_nobody_reads);
	T_RUN(test_reader_gone);
	return t_end();
}
