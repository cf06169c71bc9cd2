/* One event as one syslog message: RFC 5424 for collectors, the older form of RFC 3164 for a daemon on
 * this host. Pure; any thread.
 *
 *   <165>1 2026-01-31T12:00:00.123Z gw sallyport 77 session_up [meta sequenceId="9"]
 *     [session@8072.9999.9999 session="01J..." remote="192.0.2.7" remote_port="4500" identity="anna"]
 *     [origin enterpriseId="8072.9999.9999" software="Sallyport" swVersion="0.1.0"]
 *     BOM%CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP.  Peer 192.0.2.7:4500  Id: anna session=01J...
 *
 *   <165>Jan 31 12:00:00 sallyport[77]: %CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP.  Peer ...
 *
 * Whatever a peer wrote, the result is one line of valid UTF-8 without control characters: what is not a
 * printable character stands as \xNN. A value longer than SYSLOG_VALUE octets is cut at a character and ends in
 * "...". What does not fit into the message is left out as a whole parameter, and counted in `omitted`. */
#ifndef MODULES_SYSLOG_FORMAT_H
#define MODULES_SYSLOG_FORMAT_H

#include "core/base/log.h"

#define SYSLOG_MIN 480  /* octets that every receiver takes (RFC 5424 section 6.1) */
#define SYSLOG_MAX 2048 /* and those that it should take */
#define SYSLOG_HOST 256
#define SYSLOG_VALUE 512
#define SYSLOG_NUMBER 2147483647 /* last sequenceId; 1 follows */
#define SYSLOG_DIGITS 10         /* that it may have */

/* Who speaks. */
struct syslog_source {
	uint8_t facility;       /* 0..23 */
	uint32_t pid;
	const char *version;    /* at most 32 characters */
	char host[SYSLOG_HOST]; /* any text but ""; what HOSTNAME may not hold becomes "-" */
};

struct syslog_event {
	int64_t utc_ms;   /* not before 1970 */
	int64_t local_ms; /* the same moment on the clock on the wall */
	enum event event;
	const struct kv *kv;
	size_t n;
};

struct syslog_line {
	size_t max; /* in: SYSLOG_MIN..SYSLOG_MAX octets on the wire, digits of sequenceId included */
	size_t len;
	/* Where the digits of sequenceId belong, that each destination counts for itself; 0: nowhere. */
	size_t sequence_at;
	uint8_t bytes[SYSLOG_MAX];
};

void syslog_format_5424(const struct syslog_source *src, const struct syslog_event *ev,
			struct syslog_line *out);
void syslog_format_3164(const struct syslog_source *src, const struct syslog_event *ev,
			struct syslog_line *out);

#endif
