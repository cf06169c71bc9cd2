/* A strict reader of syslog messages, written from the grammar of RFC 5424 section 6 and not from ours: what
 * it takes, a collector can take apart. It is stricter than the grammar where a log is: no control
 * characters, no line or direction marks of Unicode. */
#ifndef TESTS_LIB_SYSLOG_CHECK_H
#define TESTS_LIB_SYSLOG_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHECK_PARAMS 80
#define CHECK_VALUE 2048 /* as long as a message */

struct syslog_param {
	char element[33]; /* SD-ID */
	char name[33];
	char value[CHECK_VALUE]; /* unescaped */
};

struct syslog_checked {
	int priority;
	char time[40];
	char host[256];
	char app[49];
	char procid[129];
	char msgid[33];
	size_t n_elements;
	size_t n;
	struct syslog_param params[CHECK_PARAMS];
	const char *msg; /* after the BOM; inside the message */
	size_t msg_len;
};

/* NULL, or what is wrong. */
const char *syslog_check(const uint8_t *p, size_t len, struct syslog_checked *out);
/* The value of a parameter, of any element; NULL: it is not there. */
const char *syslog_checked_value(const struct syslog_checked *c, const char *name);
/* Valid UTF-8 of characters that a log may have? */
bool syslog_check_text(const uint8_t *p, size_t len);

#endif
