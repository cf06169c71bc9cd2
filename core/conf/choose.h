/* Choosing a suite: what the peer offers against what we allow. Pure; used for IKE and ESP, by
 * responder and initiator. The initiator's order wins (R-POL-08, X-04). */
#ifndef CORE_CONF_CHOOSE_H
#define CORE_CONF_CHOOSE_H

#include "core/conf/conf_ike.h"
#include "core/conf/conf_net.h"

/* Transform types (RFC 7296 section 3.3.2). */
#define TRANSFORM_ENCR  1
#define TRANSFORM_PRF   2
#define TRANSFORM_INTEG 3
#define TRANSFORM_DH    4
#define TRANSFORM_ESN   5
#define TRANSFORM_ADDKE1 6 /* to 12 (RFC 9370) */
#define TRANSFORM_ADDKE7 12

#define CHOOSE_IKE 1
#define CHOOSE_ESP 3

/* One transform as it was received. unusable: it carries an attribute that is not understood, so
 * it must not be chosen (RFC 7296 section 3.3.6); the others of the proposal still count. */
struct offer_transform {
	uint8_t type;
	bool unusable;
	uint16_t id;
	uint16_t key_bits; /* 0: no key length attribute */
};
struct offer {
	uint8_t number;   /* proposal number, 1.. */
	uint8_t protocol; /* CHOOSE_IKE, CHOOSE_ESP; others never match */
	const struct offer_transform *t;
	size_t n;
};

/* One of our proposals (IKE) or transform sets (ESP) as lists. prf is used for IKE only. For ESP:
 * dh empty = no PFS asked. esn: what we allow. */
struct allowed {
	struct transform_list encr;
	struct transform_list integ;
	struct transform_list prf;
	struct transform_list dh;
	struct addke addke;
	bool esn_allowed;    /* ESP: extended sequence numbers accepted */
	bool no_esn_allowed; /* ESP: 32-bit ones accepted */
};
struct allowed allowed_from_proposal(const struct ike_proposal *p);
struct allowed allowed_from_set(const struct transform_set *t, const struct ipsec_profile *p);

/* Ids are 0 where a type is not part of the suite (integ with combined-mode ciphers). */
struct chosen {
	uint8_t number; /* proposal number of the offer */
	size_t offer_index;
	size_t allowed_index; /* which of ours */
	struct conf_transform encr;
	uint16_t integ;
	uint16_t prf;
	uint16_t dh;
	uint16_t addke[ADDKE_MAX]; /* groups; 0: not done */
	uint8_t addke_named;       /* bits: the offer has such transforms, the answer repeats NONE */
	bool esn;
	bool integ_none_named; /* the offer named INTEG NONE: the answer repeats it */
	bool dh_none_named;
};

/* Responder: the first acceptable combination in the initiator's order of proposals and
 * transforms. first_child: the child of IKE_AUTH, where no key exchange takes place (DH
 * transforms are ignored). ST_NO_PROPOSAL / ST_NO_CHILD_PROPOSAL by protocol. */
enum status proposal_choose(uint8_t protocol, bool first_child, const struct allowed *ours,
	size_t our_count, const struct offer *offers, size_t offer_count,
	struct chosen *out) MUST_USE;
/* Initiator: the responder's single answer must be one combination of what we offered. */
enum status proposal_accept(uint8_t protocol, bool first_child, const struct allowed *ours,
	size_t our_count, const struct offer *answer, struct chosen *out) MUST_USE;

#endif
