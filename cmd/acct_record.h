/* Accounting records (RFC 2866, R-ACC-02 to 04) as the spool of the database keeps them: which groups of servers are
 * told, in order, and the attributes. There is no secret in them. Pure; loop thread. */
#ifndef CMD_ACCT_RECORD_H
#define CMD_ACCT_RECORD_H

#include "core/session/session.h"
#include "core/wire/radius.h"

#define ACCT_RECORD_MAX 4000 /* octets; the rest of a packet is for what is added when it is sent */

struct acct_traffic {
	uint64_t bytes_in, bytes_out, packets_in, packets_out; /* in: from the client */
};

struct acct_event {
	uint8_t kind;    /* enum radius_acct_status */
	uint64_t ms;     /* UTC */
	uint64_t start_ms; /* of the session */
	enum status why; /* of a Stop */
	const struct acct_traffic *traffic; /* NULL: of a Start */
};

/* What names the session, in its records and in an Access-Request about it: User-Name, its numbers, port and addresses, and
 * whose NAS it is. */
void acct_put_who(struct wr *o, const char *nas, const struct session *s);
/* Groups ("A,B": B when A is silent) and what every record of the session says. */
void acct_put_base(struct wr *o, const char *groups, const char *nas, const struct session *s);
/* What is of this event; behind the base. */
void acct_put_event(struct wr *o, const struct acct_event *e);
/* Accounting-On and -Off are of no session. */
void acct_put_headend(struct wr *o, const char *groups, const char *nas, const struct acct_event *e);

/* The group at `at` (0: the first). False: there are not so many, or it is no record. attrs: of the packet. */
bool acct_open(struct view record, size_t at, char group[RADIUS_VALUE_MAX + 1], struct view *attrs);

/* Its groups, by which records are told apart; empty: it is no record. */
struct view acct_groups(struct view record);

uint32_t acct_cause(enum status why); /* Acct-Terminate-Cause */

#endif
