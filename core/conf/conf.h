/* Text -> snapshot -> text. */
#ifndef CORE_CONF_CONF_H
#define CORE_CONF_CONF_H

#include "core/conf/snapshot.h"

#define CONF_MESSAGES 64 /* kept; the rest is only counted */
#define CONF_WORD     40 /* longest word quoted, cut */
#define CONF_TEXT     160
#define CONF_MAX_LEN  (16u << 20) /* longest configuration text */

enum conf_severity { CONF_WARNING, CONF_ERROR };
struct conf_message {
	uint8_t severity;
	uint32_t line;   /* from 1; 0: the whole configuration */
	uint32_t column; /* from 1, in bytes (a tab is one); 0: the line */
	char word[CONF_WORD];
	char text[CONF_TEXT];
	char hint[CONF_TEXT]; /* "" when there is none */
};
struct conf_report {
	struct conf_message msg[CONF_MESSAGES];
	size_t count;  /* in msg */
	size_t errors; /* all of them */
	size_t warnings;
};

/* Parses and checks a whole configuration. ST_OK: *out is a new snapshot with one reference.
 * ST_CONFIG: at least one error, see the report. ST_NOMEM, ST_LIMIT (too long). *out is NULL when
 * it fails. previous (may be NULL) only lends its VRF numbers and generation. Bytes of any kind
 * are safe. Nothing secret goes into the report. */
enum status conf_parse(const char *text, size_t len, const struct snapshot *previous,
	struct snapshot **out, struct conf_report *report) MUST_USE;

/* One message as one line of text: "FILE:12:5: error: ... (did you mean ...)". Escapes bytes that
 * do not print. Returns the length written (always terminated). */
size_t conf_message_format(char *out, size_t cap, const char *file, const struct conf_message *m);

enum conf_print {
	CONF_SHOW = 0,    /* for people: secrets are <hidden> */
	CONF_SECRETS = 1, /* parses back to an equal snapshot; memory only, wipe it */
	CONF_ALL = 2      /* with defaults (flag) */
};
/* `show running-config [all]`. flags: CONF_SHOW or CONF_SECRETS, ored with CONF_ALL. *text is heap,
 * freed by the caller with mem_free_secret(*text, *len + 1). */
enum status conf_print(const struct snapshot *s, unsigned flags, char **text, size_t *len) MUST_USE;

#endif
