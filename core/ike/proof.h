/* How both sides prove who they are in IKE_AUTH: shared keys, signatures with certificates (RFC 7296 2.15,
 * RFC 7427), the key that EAP makes (2.16). What the messages said and what we are to say is kept here, on the
 * heap, from the first IKE_AUTH message until the SA stands. Private to core/ike. */
#ifndef CORE_IKE_PROOF_H
#define CORE_IKE_PROOF_H

#include "core/ike/msg.h"
#include "core/ike/sa.h"

#define CERT_BYTES_MAX 32768 /* of all CERT payloads of one side */

/* CERT payloads, copied: views of one block. */
struct cert_pile {
	uint8_t *bytes; /* NULL: none */
	uint8_t n;
	struct ike_cert v[IKE_CERTS_MAX];
};

/* A reply whose sender has yet to be proven: read again when it is. */
struct kept_reply {
	uint8_t *bytes; /* NULL: none */
	size_t len;
	uint8_t first;
	struct endpoint local;
	struct endpoint remote;
};

struct proof {
	/* the peer's AUTH payload; method 0: there was none */
	uint8_t method;
	uint16_t auth_len; /* 0: none, or of an impossible length */
	uint8_t auth[IKE_AUTH_MAX];
	struct cert_pile theirs;
	struct kept_reply reply; /* initiator */

	/* ours */
	uint8_t my_method;       /* 0: nothing to be said yet */
	uint16_t my_auth_len;
	uint8_t my_auth[IKE_AUTH_MAX];
	uint16_t my_scheme;      /* enum sig_scheme, where we sign */
	uint32_t my_key;
	bool was_shown;          /* our identity, certificates and first AUTH are with the peer */
	struct cert_pile mine;
	struct view authorities; /* initiator: CERTREQ; in authority_bytes */
	uint8_t *authority_bytes;

	/* EAP (RFC 7296 2.16), one more round of authentication (RFC 4739) */
	bool by_eap;             /* the peer's (initiator: our) part */
	bool eap_only;           /* RFC 5998: the responder shows no other AUTH */
	bool is_second;          /* this is the other round */
	struct ike_id second_id; /* the peer's, there */
	uint8_t msk_len;
	uint8_t msk[IKE_MSK_LEN];
	char eap_name[IKE_ID_LEN];
	enum status eap_ends;    /* responder: not ST_OK: the method has failed, only the client's last word is missing */
	char eap_why[IKE_DETAIL_LEN];
};

/* hs->proof is there afterwards. ST_NOMEM. */
enum status proof_begin(struct handshake *hs) MUST_USE;
void proof_free(struct proof *p); /* NULL is allowed; wiped */

/* The peer's AUTH (if any) and CERT payloads into hs->proof. ST_TRUNCATED, ST_BAD_PAYLOAD; ST_LIMIT: too many
 * certificates; ST_NOMEM. */
enum status proof_read(struct ike_sa *sa, const struct ike_payloads *p) MUST_USE;
/* Its CERTREQ payloads and what else says which certificate of ours it can use; of both kinds of messages that
 * carry them. */
enum status proof_read_wants(struct handshake *hs, const struct ike_payloads *p) MUST_USE;
/* INIT messages: which hashes of signatures the peer knows (RFC 7427 section 4); ours. */
void proof_read_hashes(struct handshake *hs, const struct ike_payloads *p);
void proof_put_hashes(struct msg_out *o);

/* Is it a signature, or a shared key? By the peer's AUTH payload. */
bool proof_is_signed(const struct proof *p);
/* Names of the certificate maps that the peer's certificate meets, at most max. */
size_t proof_cert_maps(const struct ike_sa *sa, const char **names, size_t max);
/* Initiator: does a `match identity remote` or `match certificate` of the profile cover the peer? */
bool proof_profile_covers(const struct ike_sa *sa, const struct ike_profile *profile);
/* Does the profile accept the peer's method? ST_AUTH_METHOD and words. */
enum status proof_judge_remote(struct ike_sa *sa, const struct ike_profile *profile) MUST_USE;
/* The same as responder, and have we got a method that goes with it? */
enum status proof_judge_methods(struct ike_sa *sa, const struct ike_profile *profile) MUST_USE;

/* ASK_KEYS with all that the world wants to know for it. */
enum status proof_ask_keys(struct ike_sa *sa) MUST_USE;
/* What it answered about our certificate. ST_NOMEM, ST_LIMIT; ST_NO_CERT: we are to sign, and have none. */
enum status proof_take_keys(struct ike_sa *sa, const struct ike_answer *a) MUST_USE;
/* Do we sign (and not use a shared key)? After proof_take_keys or by an answer. */
bool proof_signs(const struct ike_answer *a);

/* ASK_PROOF about the peer's signature and certificates. ST_AUTH_METHOD: not one of ours; ST_NO_CERT. */
enum status proof_ask(struct ike_sa *sa) MUST_USE;
/* JOB_SIGN over our octets; its result. */
enum status proof_sign(struct ike_sa *sa) MUST_USE;
enum status proof_signed(struct ike_sa *sa, const struct ike_job_result *r) MUST_USE;
/* Our AUTH value with a shared key. */
enum status proof_share(struct ike_sa *sa, struct view key) MUST_USE;

/* The key of the AUTH payload that ends EAP (RFC 7296 2.16): the MSK, or SK_p of that side. */
struct view proof_eap_key(const struct ike_sa *sa, bool of_initiator);

/* Our certificates are not to be shown. */
void proof_drop_certs(struct proof *p);
/* Our CERT payloads; the CERTREQ of an initiator, and that we look URLs up. */
void proof_put_certs(struct msg_out *o, const struct proof *p);
void proof_put_certreq(struct msg_out *o, const struct handshake *hs);
/* The same of a responder, in IKE_SA_INIT, as far as it fits into `room` octets. */
void proof_put_authorities(struct msg_out *o, const struct ike *ike, size_t room);
/* The kept payloads of a reply, for when its sender is proven. ST_NOMEM. */
enum status proof_keep_reply(struct proof *p, const struct msg_in *m) MUST_USE;
enum status proof_reply(const struct proof *p, struct msg_in *out) MUST_USE;

#endif
