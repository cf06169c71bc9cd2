/* What the tests of the configuration share. */
#ifndef TESTS_UNIT_CONF_LIB_H
#define TESTS_UNIT_CONF_LIB_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/conf/conf.h"
#include "core/conf/match.h"
#include "tests/lib/t.h"

static struct conf_report report;

/* A snapshot of the text; NULL (and the report) when it has errors. */
static inline struct snapshot *conf(const char *text)
{
	struct snapshot *s;
	enum status st = conf_parse(text, strlen(text), NULL, &s, &report);
	return st == ST_OK ? s : NULL;
}

static inline const struct conf_message *first_of(enum conf_severity severity)
{
	for (size_t i = 0; i < report.count; i++)
		if (report.msg[i].severity == severity)
			return &report.msg[i];
	return NULL;
}

static inline bool said(const char *part)
{
	for (size_t i = 0; i < report.count; i++)
		if (strstr(report.msg[i].text, part) || strstr(report.msg[i].hint, part))
			return true;
	return false;
}

/* The text of a snapshot; the caller frees. NULL when out of memory. */
static inline char *text_of(const struct snapshot *s, unsigned flags)
{
	char *text;
	size_t len;
	return conf_print(s, flags, &text, &len) == ST_OK ? text : NULL;
}

static inline struct addr ip(const char *text)
{
	struct addr a;
	if (addr_parse(text, &a) != ST_OK)
		abort();
	return a;
}

static inline struct view bytes(const char *text)
{
	return (struct view){(const uint8_t *)text, strlen(text)};
}

#endif
