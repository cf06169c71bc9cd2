/* THE payloads that an exchange may carry (RFC 7296 appendix C): least and most per exchange,
 * direction and kind. What is not listed is an error. */
#ifndef CORE_IKE_PAYLOAD_TABLE_H
#define CORE_IKE_PAYLOAD_TABLE_H

#include "core/wire/payload.h"

enum message_kind {
	MK_INIT_REQUEST,
	MK_INIT_REPLY,    /* that carries an SA */
	MK_INIT_ERROR,    /* a reply without one: notifies only */
	MK_RESUME_REQUEST,
	MK_RESUME_REPLY,  /* that carries a nonce; without one it is an INIT_ERROR */
	MK_AUTH_REQUEST,
	MK_AUTH_CHILDLESS, /* a request without SA, TSi and TSr (RFC 6023) */
	MK_AUTH_EAP,      /* a request that carries EAP (RFC 7296 2.16) */
	MK_AUTH_FINAL,    /* a request with AUTH and without an identity: the end of EAP */
	MK_AUTH_REPLY,    /* that carries AUTH */
	MK_AUTH_EAP_REPLY, /* that carries EAP */
	MK_AUTH_LAST,     /* that carries AUTH and no identity: after EAP, it was in the first reply */
	MK_AUTH_ERROR,    /* a reply without one */
	MK_CHILD_REQUEST,
	MK_CHILD_REPLY,
	MK_INFO,          /* both directions */
	MK_INTERMEDIATE,  /* both directions */
	MK_FOLLOWUP_REQUEST,
	MK_FOLLOWUP_REPLY,
	MESSAGE_KINDS
};

struct payload_rule {
	uint8_t kind;
	uint8_t type;
	uint8_t min;
	uint8_t max;
};

/* Which kind this is, from header and payloads; MESSAGE_KINDS: an exchange we do not have. */
enum message_kind message_kind(const struct ike_hdr *hdr, const struct ike_payloads *p);
/* ST_BAD_EXCHANGE: one is missing, too many, or does not belong here. */
enum status payloads_judge(enum message_kind kind, const struct ike_payloads *p) MUST_USE;
const struct payload_rule *payload_rules(size_t *n);

#endif
