/* IKE_SA_INIT, what both roles share: reading its messages (RFC 7296 1.2, 2.6, 2.7, 2.23). */
#ifndef CORE_IKE_INIT_H
#define CORE_IKE_INIT_H

#include "core/crypto/keys.h"
#include "core/ike/msg.h"
#include "core/ike/natd.h"
#include "core/ike/offer.h"
#include "core/ike/ports.h"
#include "core/ike/window.h"
#include "core/wire/ke.h"

/* An INIT message as a plain struct; views into the datagram. */
struct init_msg {
	struct sa sa;
	struct ke ke;
	struct view nonce;
	struct natd_result nat;
	bool childless; /* CHILDLESS_IKEV2_SUPPORTED */
	uint8_t frag;       /* forms of fragmentation that the sender does */
};

/* What an unprotected reply without an SA payload says. The first that matters. */
struct init_error {
	uint16_t type;      /* notify type; 0: nothing that we know */
	uint16_t group;     /* INVALID_KE_PAYLOAD */
	struct view cookie; /* COOKIE */
	struct view gateway; /* REDIRECT */
};

/* ST_BAD_PAYLOAD, ST_TRUNCATED...; the payloads were judged before. */
enum status init_parse(const struct msg_in *m, struct init_msg *out) MUST_USE;
enum status init_parse_error(const struct msg_in *m, struct init_error *out) MUST_USE;
/* NAT detection alone. */
enum status init_read_natd(const struct msg_in *m, struct natd_result *out) MUST_USE;
/* The COOKIE notify of a request; empty when there is none. */
struct view init_cookie_of(const struct ike_payloads *p);

/* Payloads both roles write. */
void init_put_ke(struct msg_out *o, uint16_t group, struct view public_key, struct view nonce);
void init_put_sa(struct msg_out *o, const struct sa *sa);

struct ike_sa;
/* Ends the initiator's first message, which is message 0 however often it changes, keeps it for AUTH and sends it. */
enum status init_send_first(struct ike_sa *sa, enum request_kind kind, struct msg_out *o) MUST_USE;
/* Our key pair from a JOB_DH_GENERATE. */
enum status init_keep_pair(struct ike_sa *sa, const struct ike_job_result *job) MUST_USE;
/* What keys are made of, from a JOB_DH_COMPUTE of that group; wipes the private key. Views into job and the handshake. */
enum status init_take_secret(struct ike_sa *sa, const struct ike_job_result *job, const struct xf *group,
	struct key_input *in) MUST_USE;
/* Keys of the SA from that of the first key exchange. */
enum status init_derive(struct ike_sa *sa, const struct ike_job_result *job) MUST_USE;

#endif
