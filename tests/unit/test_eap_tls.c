/* EAP-TLS, both roles against each other: both versions, fragments of all sizes, and what must not
 * get in. Bug classes 9 (lengths of the method) and 10 (certificate checks of TLS inside EAP). */
#include <stdio.h>

#include "core/base/mem.h"
#include "tests/lib/eap_tls_lab.h"
#include "tests/lib/t.h"

struct couple {
	struct eap_lab l;
	const struct lab_id *id; /* the peer's */
	struct tls_ctx *ctx;
	struct eap_peer *peer;
	struct eap_step step;
	enum status sign, chain;
	unsigned n_chains, packets;
	uint64_t seed;
};

static bool couple_open_with(struct couple *c, uint32_t quirks, const char *client,
	uint16_t version, uint16_t sf, uint16_t pf, const char *identity)
{
	struct eap_peer_conf pc = {.methods = {EAP_TLS},
		.n_methods = 1,
		.identity = {(const uint8_t *)identity, strlen(identity)},
		.fragment_size = pf,
		.random = eap_lab_random,
		.random_arg = &c->seed};

	memset(c, 0, sizeof(*c));
	c->l.quirks = quirks;
	c->id = lab_id(client);
	c->ctx = lab_ctx(TLS_CLIENT, c->id, version, version);
	pc.tls = c->ctx;
	c->peer = c->ctx != NULL ? eap_peer_new(&pc) : NULL;
	return eap_lab_open(&c->l, EAP_TLS, NULL, version, sf, identity) && c->peer != NULL;
}

static bool couple_open(struct couple *c, const char *client, uint16_t version, uint16_t sf,
	uint16_t pf, const char *identity)
{
	return couple_open_with(c, 0, client, version, sf, pf, identity);
}

static void couple_close(struct couple *c)
{
	eap_peer_free(c->peer);
	tls_ctx_unref(c->ctx);
	eap_lab_close(&c->l);
}

static void peer_packet(struct couple *c, struct view packet)
{
	uint8_t sig[TLS_SIGNATURE_MAX];
	struct eap_step *s = &c->step;

	eap_peer_packet(c->peer, packet, s);
	while (s->kind == EAP_WANT_SIGN || s->kind == EAP_WANT_CHAIN) {
		if (s->kind == EAP_WANT_CHAIN) {
			c->n_chains++;
			eap_peer_chain(c->peer, c->chain, "words of the judge", s);
			continue;
		}
		size_t n = lab_sign(c->id, s->sign_scheme, s->sign_data, sig);
		eap_peer_signed(c->peer, c->sign, (struct view){sig, n}, s);
	}
}

/* Changes the nth packet on its way, to the server (is_up) or to the peer. */
struct harm {
	unsigned nth;
	bool is_up;
	size_t cut; /* to so many bytes, the header's length put right; 0: no cut */
	size_t at;  /* and this byte, unless 0, is xored with `by` */
	uint8_t by;
};

static size_t harm(const struct harm *h, bool is_up, unsigned n, uint8_t *p, size_t len)
{
	if (h == NULL || h->is_up != is_up || h->nth != n)
		return len;
	if (h->cut > 0 && h->cut < len) {
		len = h->cut;
		p[2] = (uint8_t)(len >> 8);
		p[3] = (uint8_t)len;
	}
	/* The minor version in the header of a record means nothing, and nothing covers it. */
	if (h->at > 2 && h->at < len &&
		(p[h->at - 2] < 0x14 || p[h->at - 2] > 0x17 || p[h->at - 1] != 3))
		p[h->at] ^= h->by;
	return len;
}

/* Until somebody is through; the server's end goes to the peer, too. True: the harm found its
 * packet. */
static bool converse(struct couple *c, const struct harm *h)
{
	uint8_t buf[EAP_PACKET_MAX];
	size_t len;
	bool hit = false;

	for (c->packets = 0; c->packets < 200; c->packets++) {
		len = c->l.step.out_len;
		memcpy(buf, c->l.step.out, len);
		len = harm(h, false, c->packets, buf, len);
		hit |= len != c->l.step.out_len || memcmp(buf, c->l.step.out, len) != 0;
		peer_packet(c, (struct view){buf, len});
		if (c->l.step.kind != EAP_SEND || c->step.kind != EAP_SEND)
			break;
		len = c->step.out_len;
		memcpy(buf, c->step.out, len);
		len = harm(h, true, c->packets, buf, len);
		hit |= len != c->step.out_len || memcmp(buf, c->step.out, len) != 0;
		eap_lab_packet(&c->l, (struct view){buf, len});
	}
	return hit;
}

static void both_in(struct couple *c, const char *name)
{
	T_EQ(c->l.step.kind, EAP_SUCCESS);
	T_EQ(c->step.kind, EAP_SUCCESS);
	T_TRUE(c->l.step.has_msk);
	T_TRUE(c->step.has_msk);
	T_MEM(c->l.step.msk, c->step.msk, EAP_MSK_LEN);
	T_STR(c->l.step.name, name);
	T_EQ(c->l.n_chains, 1);
	T_EQ(c->n_chains, 1);
}

static bool none_in(const struct couple *c)
{
	return c->l.step.kind != EAP_SUCCESS && c->step.kind != EAP_SUCCESS && !c->l.step.has_msk &&
	       !c->step.has_msk;
}

static const uint16_t versions[] = {TLS_1_2, TLS_1_3};

static void fragments_of_every_size(void)
{
	static const uint16_t sizes[] = {64, 65, 100, 255, 500, 1024, 1500, 4000, EAP_PACKET_MAX};
	uint8_t first[EAP_MSK_LEN] = {0};

	for (size_t i = 0; i < 9; i++) {
		for (size_t v = 0; v < 2; v++) {
			struct couple c;

			T_ROW(i, v ? "TLS 1.3" : "TLS 1.2");
			T_TRUE(couple_open(&c, "client", versions[v], sizes[i], sizes[8 - i],
				"anna@corp.example"));
			converse(&c, NULL);
			T_DO(both_in(&c, "anna@corp.example"));
			T_TRUE(memcmp(first, c.l.step.msk, sizeof(first)) != 0);
			memcpy(first, c.l.step.msk, sizeof(first));
			couple_close(&c);
		}
	}
}

static void keys_of_every_kind(void)
{
	static const char *const who[][2] = {{"client_rsa", "bert"},
		{"client_ed", "carl@corp.example"}, {"client_p384", "DORA@corp.example"}};

	for (size_t i = 0; i < 6; i++) {
		struct couple c;

		T_ROW(i, who[i / 2][0]);
		T_TRUE(couple_open(&c, who[i / 2][0], versions[i % 2], 0, 0, who[i / 2][1]));
		converse(&c, NULL);
		T_DO(both_in(&c, i / 2 == 2 ? "dora@corp.example" : who[i / 2][1]));
		couple_close(&c);
	}
}

/* Bug class 10: no refused chain, on either side, leaves anybody with a key. */
static void refused_chains(void)
{
	for (size_t i = 0; i < 4; i++) {
		struct couple c;

		T_ROW(i, "refused");
		T_TRUE(couple_open(&c, "client", versions[i & 1], 300, 300, "anna@corp.example"));
		*(i & 2 ? &c.l.chain : &c.chain) = ST_NOT_AUTHORIZED;
		converse(&c, NULL);
		T_TRUE(none_in(&c));
		T_EQ(c.l.step.kind, EAP_FAILURE);
		T_EQ(c.step.kind, EAP_FAILURE);
		T_EQ(c.l.step.status, i & 2 ? ST_NOT_AUTHORIZED : ST_TLS_ALERT);
		T_EQ(c.step.status, i & 2 ? ST_TLS_ALERT : ST_NOT_AUTHORIZED);
		if (!(i & 2))
			T_STR(c.step.words, "words of the judge");
		couple_close(&c);
	}
}

static void a_name_of_somebody_else(void)
{
	static const char *const names[] = {
		"bert@corp.example", "anna", "anna@corp.example.", "root"};

	for (size_t i = 0; i < 8; i++) {
		struct couple c;

		T_ROW(i, names[i / 2]);
		T_TRUE(couple_open(&c, "client", versions[i & 1], 0, 0, names[i / 2]));
		converse(&c, NULL);
		T_TRUE(none_in(&c));
		T_EQ(c.l.step.status, ST_EAP_NAME);
		couple_close(&c);
		T_TRUE(couple_open_with(
			&c, EAP_TLS_ANY_NAME, "client", versions[i & 1], 0, 0, names[i / 2]));
		converse(&c, NULL);
		T_DO(both_in(&c, "anna@corp.example"));
		couple_close(&c);
	}
}

static void signatures_that_fail(void)
{
	for (size_t i = 0; i < 4; i++) {
		struct couple c;

		T_ROW(i, "signature");
		T_TRUE(couple_open(&c, "client", versions[i & 1], 0, 0, "anna@corp.example"));
		*(i & 2 ? &c.l.sign : &c.sign) = ST_IO;
		converse(&c, NULL);
		T_TRUE(none_in(&c));
		T_EQ(i & 2 ? c.l.step.status : c.step.status, ST_IO);
		couple_close(&c);
	}
	for (size_t i = 0; i < 4; i++) { /* the key of another certificate */
		struct couple c;

		T_TRUE(couple_open(&c, "client", versions[i & 1], 0, 0, "anna@corp.example"));
		*(i & 2 ? &c.l.id : &c.id) = lab_id("client_nul");
		converse(&c, NULL);
		T_TRUE(none_in(&c));
		couple_close(&c);
	}
}

/* Every packet cut short at many places, and one byte of it changed: whoever gets it does not let
 * the other in, and everybody comes to an end. */
static void every_packet_harmed(void)
{
	unsigned hits = 0;

	for (size_t v = 0; v < 2; v++) {
		for (unsigned nth = 0; nth < 12; nth++) {
			bool any = false;

			for (size_t at = 5; at < 700; at += at < 30 ? 1 : 23) {
				for (int kind = 0; kind < 4; kind++) {
					struct harm h = {.nth = nth,
						.is_up = kind & 1,
						.cut = kind & 2 ? at : 0,
						.at = kind & 2 ? 0 : at};
					struct couple c;

					T_TRUE(couple_open(&c, "client", versions[v], 256, 256,
						"anna@corp.example"));
					h.by = (uint8_t)(1 + at % 255);
					if (converse(&c, &h)) {
						any = true;
						hits++;
						/* An acknowledgement has no more than flags of
						 * which most mean nothing, and the last Success is
						 * the framework's. */
						if (at > 13 &&
							(h.is_up ? c.l.step.kind : c.step.kind) ==
								EAP_SUCCESS)
							T_FAIL("packet %u, byte %zu, kind %d got "
							       "in",
								nth, at, kind);
						T_TRUE(c.packets < 200);
					}
					couple_close(&c);
				}
			}
			if (!any)
				break;
		}
	}
	T_TRUE(hits > 1000);
}

/* Bug class 8: EAP-Success is believed only after the method's own end; for TLS 1.3 that is the
 * byte 0x00. */
static void early_success(void)
{
	for (size_t v = 0; v < 2; v++) {
		for (unsigned n = 0; n < 8; n++) {
			struct couple c;
			uint8_t success[4] = {EAP_CODE_SUCCESS, 0, 0, 4};

			T_ROW(n, v ? "TLS 1.3" : "TLS 1.2");
			T_TRUE(couple_open(
				&c, "client", versions[v], 1000, 1000, "anna@corp.example"));
			for (unsigned k = 0; k < n && c.l.step.kind == EAP_SEND; k++) {
				peer_packet(&c, (struct view){c.l.step.out, c.l.step.out_len});
				if (c.step.kind == EAP_SEND)
					eap_lab_packet(
						&c.l, (struct view){c.step.out, c.step.out_len});
			}
			if (c.l.step.kind == EAP_SEND) {
				success[1] = c.l.step.out[1];
				eap_peer_packet(c.peer, (struct view){success, 4}, &c.step);
				T_EQ(c.step.kind, EAP_FAILURE);
				T_TRUE(!c.step.has_msk);
			} else {
				T_TRUE(n >= 3);
			}
			couple_close(&c);
		}
	}
}

/* RFC 9190 2.1.1: a server of TLS 1.3 that says, in place of its 0x00, these bytes inside the
 * tunnel. */
static const struct {
	const char *said;
	size_t len;
	bool is_good;
} commitments[] = {{"", 1, true}, {"\1", 1, false}, {"\0\0", 2, false}, {"", 0, false}};

static void say(struct couple *c, struct tls_conn *tls, uint8_t id, uint8_t flags)
{
	uint8_t buf[EAP_PACKET_MAX];
	struct wr w = wr_init(buf, sizeof(buf));
	struct wr_mark m = eap_open(&w, EAP_CODE_REQUEST, id, EAP_TLS);
	struct view out = tls_out(tls);

	wr_u8(&w, flags);
	wr_bytes(&w, out.p, out.len);
	tls_sent(tls);
	wr_close16(&w, m);
	peer_packet(c, (struct view){buf, w.len});
}

/* What the peer answered, to the server's TLS; answers of the lab. */
static enum tls_want hear(struct couple *c, struct tls_conn *tls)
{
	enum tls_want want = tls_step(tls, (struct view){c->step.out + 6, c->step.out_len - 6u});
	uint8_t sig[TLS_SIGNATURE_MAX];

	while (want == TLS_WANT_SIGN || want == TLS_WANT_CHAIN) {
		size_t n = lab_sign(c->l.id, tls_sign_scheme(tls), tls_sign_data(tls), sig);

		want = want == TLS_WANT_CHAIN ? tls_chain_judged(tls, ST_OK)
					      : tls_signed(tls, ST_OK, (struct view){sig, n});
	}
	return want;
}

static void the_commitment(void)
{
	for (size_t i = 0; i < 4; i++) {
		uint8_t success[4] = {EAP_CODE_SUCCESS, 3, 0, 4};
		struct tls_conn *tls;
		struct couple c;

		T_ROW(i, "commitment");
		T_TRUE(couple_open(&c, "client", TLS_1_3, 0, EAP_PACKET_MAX, "anna"));
		T_EQ(tls_new(c.l.ctx, true, &tls), ST_OK);
		say(&c, tls, 1, TLS_FRAME_S);
		T_EQ(hear(&c, tls), TLS_MORE);
		say(&c, tls, 2, 0);
		T_EQ(hear(&c, tls), TLS_DONE);
		if (commitments[i].len > 0)
			T_EQ(tls_write(tls, (struct view){(const uint8_t *)commitments[i].said,
						    commitments[i].len}),
				ST_OK);
		say(&c, tls, 3, 0);
		if (c.step.kind == EAP_SEND)
			peer_packet(&c, (struct view){success, 4});
		T_EQ(c.step.kind, commitments[i].is_good ? EAP_SUCCESS : EAP_FAILURE);
		T_EQ(c.step.has_msk, commitments[i].is_good);
		tls_free(tls);
		couple_close(&c);
	}
}

static void out_of_memory(void)
{
	int64_t before;

	/* what the lab keeps is there */
	(void)lab_id("client");
	(void)lab_id("server");
	before = mem_live();
	for (uint64_t n = 1; n < 1500; n += n < 40 ? 1 : 11) {
		struct couple c;
		bool open;

		mem_fail_at(n);
		open = couple_open(&c, "client", versions[n & 1], 200, 200, "anna@corp.example");
		if (open)
			converse(&c, NULL);
		mem_fail_at(0);
		if (open && (c.l.step.kind == EAP_SUCCESS) && (c.step.kind == EAP_SUCCESS))
			T_MEM(c.l.step.msk, c.step.msk, EAP_MSK_LEN);
		couple_close(&c);
		T_EQ(mem_live(), before);
	}
}

/* --- the frame alone -----------------------------------------------------------------------------
 */

struct step {
	const char *data;
	bool is_sending;
	enum tls_frame_event event;
};

static const struct {
	const char *what;
	bool has_version;
	struct step step[4];
} frames[] = {
	{"one piece", false, {{"00 aabb", false, TLS_FRAME_MESSAGE}}},
	{"one piece with its length", false, {{"80 00000002 aabb", false, TLS_FRAME_MESSAGE}}},
	{"two pieces", false,
		{{"c0 00000003 aabb", false, TLS_FRAME_ACK}, {"00 cc", false, TLS_FRAME_MESSAGE}}},
	{"the length again", false,
		{{"c0 00000003 aabb", false, TLS_FRAME_ACK},
			{"80 00000003 cc", false, TLS_FRAME_MESSAGE}}},
	{"nothing", false, {{"00", false, TLS_FRAME_MESSAGE}}},
	{"nothing, and another", false,
		{{"00", false, TLS_FRAME_MESSAGE}, {"00 aa", false, TLS_FRAME_MESSAGE}}},
	{"start", false, {{"20", false, TLS_FRAME_START}}},
	{"acknowledgement", false, {{"00", true, TLS_FRAME_NEXT}}},
	{"reserved bits", false, {{"07 aa", false, TLS_FRAME_MESSAGE}}},
	{"a version", true, {{"01 aa", false, TLS_FRAME_BAD}}},
	{"no flags", false, {{"", false, TLS_FRAME_BAD}}},
	{"half a length", false, {{"80 0000", false, TLS_FRAME_BAD}}},
	{"length too small", false, {{"80 00000001 aabb", false, TLS_FRAME_BAD}}},
	{"length too large", false, {{"80 00000003 aabb", false, TLS_FRAME_BAD}}},
	{"length of zero", false, {{"80 00000000 aa", false, TLS_FRAME_BAD}}},
	{"pieces without a length", false, {{"40 aabb", false, TLS_FRAME_BAD}}},
	{"pieces above 64 KiB", false, {{"c0 00010001 aabb", false, TLS_FRAME_BAD}}},
	{"pieces of 4 GiB", false, {{"c0 ffffffff aabb", false, TLS_FRAME_BAD}}},
	{"a piece of nothing", false, {{"c0 00000003", false, TLS_FRAME_BAD}}},
	{"another piece of nothing", false,
		{{"c0 00000003 aa", false, TLS_FRAME_ACK}, {"40", false, TLS_FRAME_BAD}}},
	{"more pieces than bytes", false,
		{{"c0 00000003 aabb", false, TLS_FRAME_ACK}, {"40 cc", false, TLS_FRAME_BAD}}},
	{"past the end", false,
		{{"c0 00000003 aabb", false, TLS_FRAME_ACK}, {"00 ccdd", false, TLS_FRAME_BAD}}},
	{"short of the end", false,
		{{"c0 00000004 aabb", false, TLS_FRAME_ACK}, {"00 cc", false, TLS_FRAME_BAD}}},
	{"another length", false,
		{{"c0 00000003 aabb", false, TLS_FRAME_ACK},
			{"80 00000004 cc", false, TLS_FRAME_BAD}}},
	{"start in the middle", false,
		{{"c0 00000003 aabb", false, TLS_FRAME_ACK}, {"20", false, TLS_FRAME_BAD}}},
	{"start with data", false, {{"20 aa", false, TLS_FRAME_BAD}}},
	{"data for an acknowledgement", false, {{"00 aa", true, TLS_FRAME_BAD}}},
	{"a piece for an acknowledgement", false, {{"c0 00000009 aa", true, TLS_FRAME_BAD}}},
	{"start for an acknowledgement", false, {{"20", true, TLS_FRAME_BAD}}},
};

static void frames_by_table(void)
{
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		struct tls_frame f;

		T_ROW(i, frames[i].what);
		tls_frame_init(&f, 64, frames[i].has_version);
		for (const struct step *s = frames[i].step;
			s->data != NULL && s < frames[i].step + 4; s++) {
			struct view message, data;
			enum status why;

			data.p = t_hex(s->data, &data.len);
			T_EQ(tls_frame_take(&f, data, s->is_sending, &message, &why), s->event);
			T_EQ(why == ST_OK,
				s->event == TLS_FRAME_MESSAGE || s->event == TLS_FRAME_ACK);
		}
		tls_frame_fini(&f);
	}
}

/* A message of any length arrives as it was, whatever the size of the pieces. */
static void frames_there_and_back(void)
{
	static uint8_t bytes[TLS_MESSAGE_MAX];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 31 + i / 256);
	for (size_t len = 0; len <= TLS_MESSAGE_MAX; len += len < 200 ? 1 : 4667) {
		for (uint16_t size = 64; size < 4096; size = (uint16_t)(size * 3)) {
			struct tls_frame a, b;
			struct view message = {0};
			uint8_t buf[EAP_PACKET_MAX];
			enum tls_frame_event e = TLS_FRAME_ACK;
			enum status why;
			bool last;

			tls_frame_init(&a, size, false);
			tls_frame_init(&b, size, false);
			do {
				struct wr w = wr_init(buf, sizeof(buf));

				T_EQ(e, TLS_FRAME_ACK);
				last = tls_frame_put(&a, (struct view){bytes, len}, &w);
				T_TRUE(wr_ok(&w) && w.len + 5 <= size);
				e = tls_frame_take(
					&b, (struct view){buf, w.len}, false, &message, &why);
			} while (!last);
			T_EQ(e, TLS_FRAME_MESSAGE);
			T_EQ(message.len, len);
			T_MEM(message.p, bytes, len);
			tls_frame_fini(&a);
			tls_frame_fini(&b);
		}
	}
}

/* Where only a certificate can be shown, nobody is asked for a password: the IKE identity is the name. */
static void an_identity_without_a_password(void)
{
	static const uint8_t request[] = {1, 9, 0, 5, 1};
	struct couple c;

	T_TRUE(couple_open(&c, "client", TLS_1_3, 0, 0, "anna@corp.example"));
	eap_peer_packet(c.peer, (struct view){request, sizeof(request)}, &c.step);
	T_EQ(c.step.kind, EAP_SEND);
	T_EQ(c.step.out_len, 5 + 17);
	T_MEM(c.step.out + 5, "anna@corp.example", 17);
	couple_close(&c);
}

int main(void)
{
	T_RUN(fragments_of_every_size);
	T_RUN(keys_of_every_kind);
	T_RUN(refused_chains);
	T_RUN(a_name_of_somebody_else);
	T_RUN(signatures_that_fail);
	T_RUN(every_packet_harmed);
	T_RUN(an_identity_without_a_password);
	T_RUN(early_success);
	T_RUN(the_commitment);
	T_RUN(out_of_memory);
	T_RUN(frames_by_table);
	T_RUN(frames_there_and_back);
	return t_end();
}
