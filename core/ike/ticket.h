/* Tickets by value (RFC 5723 6.1, 9.5; our format: docs/ticket.md) and the keys that seal them. Pure:
 * time and chance come as arguments.
 *
 *   version 1 | key id 8 | nonce 12 | AES-256-GCM(frozen record) | tag 16     the first 9 are covered, too */
#ifndef CORE_IKE_TICKET_H
#define CORE_IKE_TICKET_H

#include "core/crypto/box.h"
#include "core/crypto/prf.h"
#include "core/crypto/suite.h"
#include "core/ike/questions.h"

#define TICKET_VERSION   1
#define TICKET_OWN_MAX   1280 /* no ticket of ours is longer */
#define TICKET_PEER_MAX  2048 /* longer ones of other gateways are not kept */
#define TICKET_KEY_ID    8
#define TICKET_KEY_DRAWN (TICKET_KEY_ID + BOX_KEY_LEN) /* random bytes of one key */
/* A key seals for a day and opens for another: no ticket lives longer than that. Twice the usual
 * lifetime of an IKE SA (RFC 5723 6.2 wants more than once). */
#define TICKET_KEY_S 86400u
#define TICKET_KEYS_MAX 256 /* bytes of frozen keys */

/* What both sides need to resume an IKE SA ("from the ticket" in RFC 5723 5): of a ticket that was
 * opened, or what an initiator remembers beside a ticket that it cannot read. */
struct ticket {
	struct ulid session;    /* the gateway's */
	uint64_t issued_s;      /* UTC */
	uint64_t expires_s;
	uint64_t login_s;       /* when the client last showed its credentials */
	uint64_t spi_i;         /* of the SA that it was given for */
	uint64_t spi_r;
	struct ike_suite suite;
	uint8_t sk_d_len;
	uint8_t sk_d[PRF_OUT_MAX];
	struct ike_id client;   /* IDi of the IKE_AUTH exchange */
	struct ike_id gateway;  /* IDr */
	uint8_t auth_client;    /* methods by which they authenticated, RFC 7296 3.8 */
	uint8_t auth_gateway;
	bool used_ppk;          /* a post-quantum key (RFC 8784) is in its keys */
	char profile[IKE_NAME_LEN];
	char user[IKE_ID_LEN];  /* whom EAP proved the client to be; "": it is who client says */
	struct addr ip4;        /* inner addresses, to be given again; family 0: none */
	struct addr ip6;
};

struct ticket_key {
	uint64_t made_s; /* UTC; 0: there is none */
	uint8_t id[TICKET_KEY_ID];
	uint8_t key[BOX_KEY_LEN];
};

struct ticket_keys {
	struct ticket_key now;
	struct ticket_key before;
};

/* Is there no key, or has it sealed long enough? Then ticket_keys_rotate with fresh random bytes. */
bool ticket_keys_are_stale(const struct ticket_keys *k, uint64_t now_s);
void ticket_keys_rotate(struct ticket_keys *k, const uint8_t random[TICKET_KEY_DRAWN], uint64_t now_s);
/* Their frozen record, at most TICKET_KEYS_MAX bytes, and back. ST_BAD_PAYLOAD, ST_TRUNCATED. */
size_t ticket_keys_freeze(const struct ticket_keys *k, uint8_t out[TICKET_KEYS_MAX]);
enum status ticket_keys_thaw(struct ticket_keys *k, struct view rec) MUST_USE;

/* Writes the ticket to out. nonce: random, never twice. ST_LIMIT: too long; ST_INTERNAL. */
enum status ticket_seal(const struct ticket_keys *k, const uint8_t nonce[BOX_NONCE_LEN],
	const struct ticket *t, uint8_t out[TICKET_OWN_MAX], size_t *len) MUST_USE;
/* ST_TICKET_BAD: not sealed with a key that we have, or not what we write; ST_TICKET_EXPIRED. */
enum status ticket_open(const struct ticket_keys *k, struct view sealed, uint64_t now_s,
	struct ticket *out) MUST_USE;

#endif
