/* An EAP server and an EAP peer that talk to each other, with users to look up. Random bytes are a
 * count, so that the same conversation can be had again up to any packet. */
#ifndef TESTS_UNIT_EAP_LAB_H
#define TESTS_UNIT_EAP_LAB_H

#include <stdio.h>
#include <stdlib.h>

#include "core/crypto/password.h"
#include "core/eap/eap.h"
#include "core/eap/verifier.h"
#include "tests/lib/t.h"

#define LAB_CODE  "287082" /* of step 1 (RFC 4226 appendix D) */
#define LAB_NOW   45
#define LAB_STEPS 64

struct lab {
	struct eap_server_conf sc;
	struct eap_peer_conf pc;
	struct eap_server *server;
	struct eap_peer *peer;
	struct eap_step s, p; /* last steps */
	struct eap_user user; /* of `anna`; others do not exist */
	const char *code;     /* what the person types when asked again */
	uint8_t counter[2];   /* random of server and peer */
	int n;                /* packets that went over */
	int checked_right, checked_wrong;
	uint64_t totp_step;
	char asked[EAP_NAME_MAX + 1]; /* name of the last WANT_USER */
};

static inline struct view lab_text(const char *s)
{
	return (struct view){(const uint8_t *)s, strlen(s)};
}

static inline void lab_random(void *arg, void *out, size_t len)
{
	uint8_t *c = arg, *p = out;

	for (size_t i = 0; i < len; i++)
		p[i] = (*c)++;
}

/* Of "open sesame", at a cost that lets a test, and a fuzzer, get somewhere. */
static inline void lab_cheap_scrypt(struct eap_user *u)
{
	const struct scrypt_cost cost = {1, 1, 1};

	u->has_scrypt = true;
	u->scrypt.log2_n = u->scrypt.r = u->scrypt.p = 1;
	if (scrypt_derive(lab_text("open sesame"), (struct view){u->scrypt.salt, EAP_SCRYPT_SALT},
		    cost, u->scrypt.hash, EAP_SCRYPT_LEN) != ST_OK)
		abort();
}

/* methods: of both sides, 0-terminated text of bytes. */
static inline void lab_init(struct lab *l, const char *server, const char *peer)
{
	static const uint8_t salt[EAP_SCRYPT_SALT] = {1};

	memset(l, 0, sizeof(*l));
	l->sc.n_methods = (uint8_t)strlen(server);
	memcpy(l->sc.methods, server, strlen(server));
	l->sc.query_identity = true;
	l->sc.identity = lab_text("ike@corp.example");
	l->sc.server_name = "gw";
	l->sc.first_id = 0xfe; /* identifiers wrap on the way */
	l->sc.random = lab_random;
	l->sc.random_arg = &l->counter[0];
	l->pc.n_methods = (uint8_t)strlen(peer);
	memcpy(l->pc.methods, peer, strlen(peer));
	l->pc.identity = lab_text("anna");
	l->pc.username = lab_text("anna");
	l->pc.password = lab_text("open sesame");
	l->pc.random = lab_random;
	l->pc.random_arg = &l->counter[1];
	l->user.is_found = true;
	if (eap_user_set(&l->user, lab_text("open sesame"), EAP_FOR_MSCHAPV2 | EAP_FOR_MD5, salt) !=
		ST_OK)
		abort();
	lab_cheap_scrypt(&l->user);
	l->code = LAB_CODE;
}

static inline void lab_totp(struct lab *l)
{
	l->user.has_totp = true;
	l->user.totp_len = 20;
	memcpy(l->user.totp, "12345678901234567890", 20);
}

static inline void lab_note(struct lab *l)
{
	bool has_name = l->s.name[0] != '\0'; /* else nobody's failures are counted */

	l->checked_right += l->s.checked == EAP_CHECKED_RIGHT && has_name;
	l->checked_wrong += l->s.checked == EAP_CHECKED_WRONG && has_name;
	if (l->s.totp_step != 0)
		l->totp_step = l->s.totp_step;
}

/* Until the server has something to say. */
static inline void lab_settle_server(struct lab *l)
{
	/* Not found; the cost of finding that out is the same. */
	static const struct eap_user nobody = {
		.has_scrypt = true, .scrypt = {.log2_n = 1, .r = 1, .p = 1}};

	lab_note(l);
	while (l->s.kind == EAP_WANT_USER) {
		memcpy(l->asked, l->s.name, sizeof(l->asked));
		eap_server_user(l->server, LAB_NOW,
			strcmp(l->s.name, "anna") == 0 ? &l->user : &nobody, &l->s);
		lab_note(l);
	}
}

static inline void lab_settle_peer(struct lab *l)
{
	while (l->p.kind == EAP_WANT_PASSWORD)
		eap_peer_password(l->peer, ST_OK, lab_text("anna"), lab_text(l->code), &l->p);
}

static inline void lab_begin(struct lab *l)
{
	l->counter[0] = 1;
	l->counter[1] = 101;
	l->n = 0;
	l->checked_right = l->checked_wrong = 0;
	l->totp_step = 0;
	l->asked[0] = '\0';
	memset(&l->p, 0, sizeof(l->p));
	l->server = eap_server_new(&l->sc);
	l->peer = eap_peer_new(&l->pc);
	if (l->server == NULL || l->peer == NULL)
		abort();
	eap_server_start(l->server, &l->s);
}

static inline void lab_end(struct lab *l)
{
	eap_server_free(l->server);
	eap_peer_free(l->peer);
	l->server = NULL;
	l->peer = NULL;
}

static inline void lab_to_server(struct lab *l, const void *p, size_t len)
{
	eap_server_packet(l->server, LAB_NOW, (struct view){p, len}, &l->s);
	lab_settle_server(l);
}

static inline void lab_to_peer(struct lab *l, const void *p, size_t len)
{
	eap_peer_packet(l->peer, (struct view){p, len}, &l->p);
	lab_settle_peer(l);
}

/* One packet goes over: odd ones to the peer. false: nothing more to send. */
static inline bool lab_step(struct lab *l)
{
	uint8_t copy[EAP_PACKET_MAX];

	if (l->n % 2 == 0) {
		if (l->s.out_len == 0 || l->p.kind == EAP_FAILURE || l->p.kind == EAP_SUCCESS)
			return false;
		memcpy(copy, l->s.out, l->s.out_len);
		lab_to_peer(l, copy, l->s.out_len);
	} else {
		if (l->p.kind != EAP_SEND)
			return false;
		memcpy(copy, l->p.out, l->p.out_len);
		lab_to_server(l, copy, l->p.out_len);
	}
	l->n++;
	return true;
}

static inline void lab_go(struct lab *l, int steps)
{
	while (l->n < steps && lab_step(l))
		;
}

/* From the beginning to whatever end. */
static inline void lab_run(struct lab *l)
{
	lab_begin(l);
	lab_go(l, LAB_STEPS);
}

#endif
