/* One list of ways to end: the enum, the IKE notify it is answered with, the token used by
 * logs, SQL and SNMP, the words for people. Every failure is counted under its own name. */
#ifndef CORE_BASE_STATUS_H
#define CORE_BASE_STATUS_H

#include <stdint.h>

#include "core/base/status_list.h"

enum status {
#define X(name, token, notify, words) ST_##name,
	STATUS_LIST(X)
#undef X
	ST__MAX
};

#define MUST_USE __attribute__((warn_unused_result))

/* Stable lower-case token: logs, SQL end_reason, SNMP. Never NULL (unknown -> "internal"). */
const char *status_token(enum status st);
/* Words for people. Never NULL. */
const char *status_words(enum status st);
/* IKE notify message type that answers it (RFC 7296 section 3.10.1), 0 for none. */
uint16_t status_notify(enum status st);
/* The status for a token, ST__MAX when unknown. */
enum status status_from_token(const char *token);

#endif
