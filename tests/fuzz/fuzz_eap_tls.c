/* EAP-TLS between our server and our peer, with somebody on the way. The input is a list of orders:
 * each packet is let through, or changed, cut, replaced or followed by another. Whoever is in at
 * the end has the other's key. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/crypto/login_name.h"
#include "tests/lib/eap_tls_lab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

enum { PASS, XOR, CUT, REPLACE, INSERT, ANSWERS };

struct way {
	struct rd orders;
	struct eap_lab l;
	const struct lab_id *id;
	struct tls_ctx *ctx;
	struct eap_peer *peer;
	struct eap_step step;
	uint64_t seed;
};

static void peer_packet(struct way *w, struct view packet)
{
	uint8_t sig[TLS_SIGNATURE_MAX];
	struct eap_step *s = &w->step;

	eap_peer_packet(w->peer, packet, s);
	while (s->kind == EAP_WANT_SIGN || s->kind == EAP_WANT_CHAIN) {
		if (s->kind == EAP_WANT_CHAIN) {
			eap_peer_chain(w->peer, ST_OK, NULL, s);
			continue;
		}
		size_t n = lab_sign(w->id, s->sign_scheme, s->sign_data, sig);
		eap_peer_signed(w->peer, ST_OK, (struct view){sig, n}, s);
	}
}

static void deliver(struct way *w, bool is_up, struct view packet)
{
	if (is_up)
		eap_lab_packet(&w->l, packet);
	else
		peer_packet(w, packet);
}

/* A packet of our making: the header is right, what follows the type is the input's. */
static size_t forge(struct way *w, uint8_t *buf, const uint8_t *head, uint8_t size)
{
	struct view v = rd_bytes(&w->orders, size <= w->orders.left ? size : w->orders.left);

	memcpy(buf, head, 5);
	buf[2] = 0;
	buf[3] = (uint8_t)(5 + v.len);
	if (v.len > 0)
		memcpy(buf + 5, v.p, v.len);
	return 5 + v.len;
}

static void carry(struct way *w, bool is_up, const struct eap_step *s)
{
	uint8_t buf[EAP_PACKET_MAX], order = rd_u8(&w->orders);
	size_t len = s->out_len, at;

	memcpy(buf, s->out, len);
	if (len >= 5) {
		switch (order % 5) {
		case XOR:
			at = 5 + rd_u16(&w->orders) % (len - 4);
			if (at < len)
				buf[at] ^= rd_u8(&w->orders);
			break;
		case CUT:
			len = 5 + rd_u16(&w->orders) % (len - 4);
			buf[2] = (uint8_t)(len >> 8);
			buf[3] = (uint8_t)len;
			break;
		case REPLACE: len = forge(w, buf, s->out, order / 5 * 4); break;
		case INSERT: len = forge(w, buf, s->out, order / 5); break;
		default: break;
		}
	}
	deliver(w, is_up, (struct view){buf, len});
}

static void converse(struct way *w)
{
	for (int n = 0; n < 150 && w->l.step.kind == EAP_SEND; n++) {
		carry(w, false, &w->l.step);
		if (w->step.kind != EAP_SEND)
			return;
		carry(w, true, &w->step);
	}
	if (w->l.step.kind == EAP_SUCCESS)
		peer_packet(w, (struct view){w->l.step.out, w->l.step.out_len});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct way w = {.orders = rd_init(data, size)};
	uint8_t flags = rd_u8(&w.orders);
	uint16_t version = flags & 1 ? TLS_1_3 : TLS_1_2,
		 fragment = (uint16_t)(64 + (flags >> 2) * 40);
	struct eap_peer_conf pc = {.methods = {EAP_TLS},
		.n_methods = 1,
		.identity = {(const uint8_t *)"@", 1},
		.fragment_size = fragment,
		.random = eap_lab_random,
		.random_arg = &w.seed};
	struct login_names names;

	if (login_names((struct view){data, size}, &names) == ST_OK)
		MUST(names.n <= LOGIN_NAMES_MAX);
	w.id = lab_id(flags & 2 ? "client" : "client_ed");
	w.ctx = lab_ctx(TLS_CLIENT, w.id, version, version);
	pc.tls = w.ctx;
	w.peer = eap_peer_new(&pc);
	MUST(w.peer != NULL && eap_lab_open(&w.l, EAP_TLS, NULL, version, fragment, "@"));
	converse(&w);
	if (w.step.kind == EAP_SUCCESS) {
		MUST(w.l.step.kind == EAP_SUCCESS && w.step.has_msk && w.l.step.has_msk);
		MUST(memcmp(w.step.msk, w.l.step.msk, EAP_MSK_LEN) == 0);
	}
	if (w.l.step.kind == EAP_SUCCESS)
		MUST(w.l.n_chains == 1 && w.l.step.name[0] != '\0');
	else
		MUST(!w.l.step.has_msk);
	eap_peer_free(w.peer);
	tls_ctx_unref(w.ctx);
	eap_lab_close(&w.l);
	return 0;
}
