#include "cmd/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/check_scripts.h"
#include "core/base/mem.h"

enum status check_read(int fd, char **text, size_t *len)
{
	size_t cap = 65536, got = 0;
	char *buf = mem_new(cap + 1);
	enum status st = buf ? ST_OK : ST_NOMEM;
	while (st == ST_OK) {
		if (got == cap) {
			/* mem_grow wipes what it leaves behind. */
			char *more = cap < CONF_MAX_LEN ? mem_grow(buf, cap + 1, 2 * cap + 1) : NULL;
			if (!more) {
				st = cap < CONF_MAX_LEN ? ST_NOMEM : ST_LIMIT;
				break;
			}
			buf = more;
			cap *= 2;
		}
		ssize_t n = read(fd, buf + got, cap - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			st = ST_IO;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	if (st != ST_OK) {
		int e = errno;
		mem_free_secret(buf, buf ? cap + 1 : 0);
		errno = e;
		return st;
	}
	*text = buf;
	*len = got;
	return ST_OK;
}

static void print_report(const char *file, const struct conf_report *report)
{
	char line[600];
	for (size_t i = 0; i < report->count; i++) {
		conf_message_format(line, sizeof(line), file, &report->msg[i]);
		printf("%s\n", line);
	}
	size_t more = report->errors + report->warnings - report->count;
	if (more)
		printf("%s: %zu more messages\n", file, more);
}

static int check_file(const char *file)
{
	static struct conf_report report;
	struct snapshot *conf = NULL;
	char *text;
	size_t len;
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	enum status st = fd < 0 ? ST_IO : check_read(fd, &text, &len);
	if (st != ST_OK) {
		fprintf(stderr, "sallyport: %s: %s\n", file, st == ST_IO ? strerror(errno) : status_words(st));
		if (fd >= 0)
			close(fd);
		return 1;
	}
	close(fd);
	report = (struct conf_report){0};
	st = conf_parse(text, len, NULL, &conf, &report);
	mem_free_secret(text, len + 1);
	print_report(file, &report);
	if (st == ST_OK) {
		report.errors += check_scripts(file, conf);
		st = report.errors ? ST_CONFIG : ST_OK;
	}
	if (st == ST_OK)
		printf("%s: good, %zu warning%s\n", file, report.warnings, report.warnings == 1 ? "" : "s");
	else if (st == ST_CONFIG)
		printf("%s: %zu error%s, %zu warning%s\n", file, report.errors, report.errors == 1 ? "" : "s",
		       report.warnings, report.warnings == 1 ? "" : "s");
	else
		fprintf(stderr, "sallyport: %s: %s\n", file, status_words(st));
	snapshot_unref(conf);
	return st == ST_OK ? 0 : st == ST_CONFIG ? 2 : 1;
}

int check_main(int argc, char **argv)
{
	int rc = 0;
	if (argc < 2) {
		fprintf(stderr, "usage: sallyport check FILE [FILE...]\n");
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		int one = check_file(argv[i]);
		rc = one > rc ? one : rc;
	}
	return rc;
}
