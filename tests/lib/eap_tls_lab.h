/* A whole EAP server of core/eap with everything that it asks for, and a client of TTLS and PEAP,
 * which core is not: for unit tests, fuzz targets and the RADIUS front of the network tests. */
#ifndef TESTS_LIB_EAP_TLS_LAB_H
#define TESTS_LIB_EAP_TLS_LAB_H

#include "core/eap/eap.h"
#include "core/eap/tls_frame.h"
#include "tests/lib/tls_lab.h"

#define LAB_NOW 1800000000

struct eap_lab {
	const struct lab_id *id; /* the server's */
	struct tls_ctx *ctx;
	struct eap_server *server;
	struct eap_step step;    /* the server's last */
	struct eap_user user;    /* whoever is asked for */
	enum status sign, chain; /* what key and judge say */
	unsigned n_users, n_chains, n_signs;
	uint32_t quirks;          /* kept by eap_lab_open */
	uint64_t seed;            /* of the "random" numbers that a conversation uses */
	enum eap_checked checked; /* the last that was not CHECKED_NOTHING */
};

/* One outer method; inner: EAP types, ended by 0. version: TLS_1_2 or TLS_1_3. The user has the
 * password "secret" for everything. */
bool eap_lab_open(struct eap_lab *l, uint8_t method, const uint8_t *inner, uint16_t version,
	uint16_t fragment, const char *identity);
void eap_lab_close(struct eap_lab *l);
/* A packet, then answers until the server wants another one or is through. */
void eap_lab_packet(struct eap_lab *l, struct view packet);
void eap_lab_random(void *seed, void *out, size_t len);

struct tunnel {
	uint8_t type;
	struct tls_ctx *ctx;
	struct tls_conn *tls;
	struct tls_frame frame;
	bool is_open;
	size_t heard_len; /* what the server said inside, last */
	uint8_t heard[EAP_PACKET_MAX];
};

bool tunnel_open(struct tunnel *p, uint8_t type, uint16_t version, uint16_t fragment);
void tunnel_close(struct tunnel *p);
/* Answers the server's request with these bytes inside the tunnel (nothing: an empty packet; before
 * the handshake is through that is what it sends), and goes on until the server has said something
 * or is through. */
void tunnel_say(struct tunnel *p, struct eap_lab *l, struct view bytes);

#endif
