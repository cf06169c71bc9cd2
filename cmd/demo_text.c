#include "cmd/demo_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"

#define WIDTH 100 /* of a line that is not ours */
#define FILE_CAP 65536 /* what is read of a file */

static struct {
	double began;
	const char *bold, *dim, *red, *plain;
} the;

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void text_begin(void)
{
	const char *term = getenv("TERM");
	bool colours = isatty(STDOUT_FILENO) && !getenv("NO_COLOR") && term && strcmp(term, "dumb") != 0;
	the.began = now_s();
	the.bold = colours ? "\033[1m" : "";
	the.dim = colours ? "\033[36m" : "";
	the.red = colours ? "\033[1;31m" : "";
	the.plain = colours ? "\033[0m" : "";
}

double text_seconds(void)
{
	return now_s() - the.began;
}

static void say(const char *before, const char *fmt, va_list ap)
{
	printf("%s", before);
	vprintf(fmt, ap);
	printf("%s\n", the.plain);
	fflush(stdout);
}

void text_step(const char *fmt, ...)
{
	va_list ap;
	printf("%5.1f s  ", text_seconds());
	va_start(ap, fmt);
	say(the.bold, fmt, ap);
	va_end(ap);
}

void text_more(const char *fmt, ...)
{
	va_list ap;
	printf("         ");
	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

void text_command(const char *fmt, ...)
{
	va_list ap;
	printf("         ");
	va_start(ap, fmt);
	say(the.dim, fmt, ap);
	va_end(ap);
}

void text_failure(const char *fmt, ...)
{
	va_list ap;
	printf("         %sFAILED: ", the.red);
	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

void text_line(const char *line, size_t len)
{
	char out[WIDTH + 1];
	size_t n = 0;
	for (; n < len && n < WIDTH; n++)
		out[n] = line[n] >= ' ' && line[n] <= '~' ? line[n] : '?';
	out[n] = 0;
	text_more("  %s%s", out, len > WIDTH ? "..." : "");
}

bool text_has(const char *line, size_t len, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		if (memmem(line, len, words[i], strlen(words[i])))
			return true;
	return false;
}

static bool is_wanted(const char *line, size_t len, const char *const *words)
{
	return words ? text_has(line, len, words) : len > strspn(line, " \t\r");
}

static unsigned each_line(const char *text, const char *const *words, unsigned skip, unsigned max)
{
	unsigned n = 0;
	for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
		size_t len = (size_t)(end - text);
		if (!is_wanted(text, len, words) || n++ < skip || n > skip + max)
			continue;
		text_line(text, len);
	}
	return n;
}

unsigned text_lines(int fd, const char *const *words, unsigned max, bool last)
{
	char *text = mem_new(FILE_CAP + 2);
	ssize_t len = text ? pread(fd, text, FILE_CAP, 0) : 0;
	if (len > 0 && text[len - 1] != '\n')
		text[len] = '\n';
	unsigned all = len > 0 ? each_line(text, words, 0, 0) : 0;
	unsigned skip = last && all > max ? all - max : 0;
	if (len > 0)
		(void)each_line(text, words, skip, max);
	mem_free(text);
	return all - skip < max ? all - skip : max;
}
