/* THE seam between the framework (server.c, peer.c) and the methods. A method is two rows of the
 * table in methods.c, one for each role; it sees the type-data of packets (what follows the EAP type,
 * also of an expanded header of vendor 0) and never an EAP header, identifier or Success.
 *
 * What the functions return, and what else they set in the turn:
 *   EAP_SEND           w holds the type-data of the next request or response
 *   EAP_NOTHING        drop the packet, step->status says why; state is as before it
 *   EAP_WANT_USER      step->name; continued by user()
 *   EAP_WANT_SIGN      step->sign_*; continued by sign_done()
 *   EAP_WANT_CHAIN     step->chain, n_chain, stapled; continued by chain_done()
 *   EAP_WANT_PASSWORD  peer: continued by password(); step->words may hold a prompt
 *   EAP_SUCCESS        server only: through; step->has_msk, msk; step->name when the method knows better
 *   EAP_FAILURE        through, failed: step->status, words
 * A server method that fails with words to the peer sends them (EAP_SEND) and returns EAP_FAILURE
 * when the answer comes. A peer method says by t->may_succeed (with step->has_msk, msk) beside
 * EAP_SEND that EAP-Success may be believed from here on; the framework keeps the key. A status and
 * words beside EAP_SEND are why, should EAP-Failure come. */
#ifndef CORE_EAP_METHOD_H
#define CORE_EAP_METHOD_H

#include "core/base/wr.h"
#include "core/eap/eap.h"

/* What a method knows of its conversation; owned by the framework, outlives the method. */
struct eap_env {
	uint8_t id;      /* identifier: of the packet that is read; in start() of the request that is built */
	int64_t now_s;   /* server: UTC; valid in packet() and user() */
	char name[EAP_NAME_MAX + 1]; /* server: identity of the user; peer: user name */
	char server_name[64 + 1];
	uint16_t fragment_size; /* bytes of a whole EAP packet, 5 of which are header and type */
	const struct tls_ctx *tls;
	const struct tls_ctx *tls_inner;
	eap_random_fn random;
	void *random_arg;
	const uint8_t *inner; /* server: EAP types allowed inside a tunnel */
	uint8_t n_inner;
	uint32_t quirks;
	bool password_known; /* peer */
	uint16_t password_len;
	uint8_t password[EAP_PASSWORD_MAX];
};

struct eap_turn {
	struct wr w; /* room for EAP_PACKET_MAX minus header and type; empty at first */
	struct eap_step *step;
	bool may_succeed;
};

/* m is what make() gave. Functions that a method never waits for may be NULL. */
struct eap_method {
	uint8_t type;
	bool needs_tls;       /* left out when env->tls is NULL */
	bool needs_tls_inner; /* left out when env->tls_inner is NULL */
	void *(*make)(struct eap_env *env); /* NULL: out of memory */
	enum eap_step_kind (*start)(void *m, struct eap_turn *t); /* server: the first request */
	enum eap_step_kind (*packet)(void *m, struct view data, struct eap_turn *t);
	enum eap_step_kind (*user)(void *m, const struct eap_user *u, struct eap_turn *t);
	enum eap_step_kind (*password)(void *m, struct eap_turn *t); /* it is in env now */
	enum eap_step_kind (*sign_done)(void *m, enum status st, struct view sig, struct eap_turn *t);
	enum eap_step_kind (*chain_done)(void *m, enum status st, const char *words, struct eap_turn *t);
	void (*drop)(void *m); /* frees, wiping secrets */
};

/* The row for a type and role; NULL: no such method. */
const struct eap_method *eap_method_find(uint8_t type, bool is_server);

/* Rows of methods.c, by the file that has them. */
extern const struct eap_method eap_md5_server, eap_md5_peer;
extern const struct eap_method eap_gtc_server, eap_gtc_peer;
extern const struct eap_method eap_mschapv2_server, eap_mschapv2_peer;
extern const struct eap_method eap_tls_server, eap_tls_peer;
extern const struct eap_method eap_ttls_server, eap_peap_server;

/* GTC for the second factor alone, in place of start(). */
enum eap_step_kind eap_gtc_ask_code(void *m, const struct eap_user *u, struct eap_turn *t);

/* Words and status of a failure, in one line: return eap_fail(t, ST_X, "..."). words NULL: the
 * status's own. */
enum eap_step_kind eap_fail(struct eap_turn *t, enum status st, const char *words);

#endif
