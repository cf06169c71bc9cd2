/* RADIUS attributes -> aaa_set, by tables: standard ones, cisco-avpair, vendors 3076 and 311
 * (R-RAD-07..43). Pure. The parts of one attribute are judged one by one; what a set has been given when
 * one of them is wrong is of no use. */
#ifndef CORE_AAA_ATTRS_H
#define CORE_AAA_ATTRS_H

#include "core/aaa/set.h"
#include "core/wire/radius.h"

/* Where it comes from. The same name may mean two things (ipsec:inacl, X-17), and what a login may be given
 * a CoA may not always change. */
enum aaa_source { AAA_OF_ACCEPT, AAA_OF_COA, AAA_OF_LIST };

enum aaa_verdict {
	AAA_TAKEN,
	AAA_NEUTRAL,     /* known, and no value of a session: it is of the packet, or says which session */
	AAA_UNKNOWN,
	AAA_UNSUPPORTED, /* known; it cannot be done, or not in a live session */
	AAA_WRONG        /* known, and its value is impossible */
};

#define AAA_IGNORED 256
struct aaa_finding {
	enum aaa_verdict verdict;  /* of the attribute that was refused; AAA_TAKEN: none was */
	uint8_t type;              /* that attribute */
	char why[AAA_WHY];         /* about it, for people */
	char ignored[AAA_IGNORED]; /* names of unknown and unsupported ones that were passed over, for the log; cut */
};

/* All attributes of a packet. ST_OK; ST_RADIUS_REPLY: in an Access-Accept or a list one of them is
 * impossible; in a CoA-Request one is impossible, unknown or unsupported (R-COA-05). Tunnel-Password is
 * hidden (RFC 2868 3.5) and is not looked at: who can read it puts it with aaa_put_key(). */
enum status aaa_attrs_read(struct aaa_set *s, enum aaa_source source, struct view attrs,
	struct aaa_finding *f) MUST_USE;

/* State of that packet is kept where its Termination-Action is RADIUS-Request (RFC 2865 5.24, RFC 5176 3.3); aaa_attrs_read
 * does so with a State among its attributes. */
void aaa_attrs_keep_state(struct aaa_set *s, struct view state);

/* "[proto:]name" with its value: of a cisco-avpair, or a line of `aaa attribute list`, whose names have no
 * protocol. */
struct aaa_pair {
	const char *name;
	const char *value;
};
/* Not AAA_TAKEN: a sentence. */
enum aaa_verdict aaa_pair_put(struct aaa_set *s, enum aaa_source source, const struct aaa_pair *pair,
	char why[AAA_WHY]);
/* The whole of a cisco-avpair: proto:name=value, or proto:name*value, which may be left out when it is unknown
 * or impossible: AAA_NEUTRAL then, with a sentence. */
enum aaa_verdict aaa_avpair_put(struct aaa_set *s, enum aaa_source source, const char *text,
	char why[AAA_WHY]);

/* The pre-shared key of both sides, of a Tunnel-Password. False: too long or empty. */
bool aaa_put_key(struct aaa_set *s, const void *key, size_t len);

#endif
