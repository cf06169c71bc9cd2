/* What an attacker, a broken peer or the network may send: the bug classes that concern the engine,
 * each by its number. The rule behind most: bytes that are not authenticated change nothing. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/engine.h"
#include "core/wire/notify.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

#define PACKETS 64

static struct snapshot *client, *server;
static struct world w;

/* Every packet of the story, in order. */
static struct {
	int from;
	size_t len;
	uint8_t bytes[WORLD_PACKET_MAX];
	struct endpoint local, remote; /* as the receiver sees it */
} seen[PACKETS];
static size_t n_seen;
static int drop_from = -1; /* packets of this side are lost */
static unsigned drop_after;

static bool record(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)world;
	(void)ctx;
	if (n_seen < PACKETS && it->len <= WORLD_PACKET_MAX) {
		seen[n_seen].from = from;
		seen[n_seen].len = it->len;
		seen[n_seen].local = it->local;
		seen[n_seen].remote = it->remote;
		memcpy(seen[n_seen++].bytes, it->bytes, it->len);
	}
	if (from == drop_from && drop_after == 0)
		return false;
	if (from == drop_from)
		drop_after--;
	return true;
}

static void open_world(void)
{
	n_seen = 0;
	drop_from = -1;
	drop_after = 0;
	T_TRUE(world_init(&w, 1, client, server));
	w.tap = record;
}

static void log_in(void)
{
	uint64_t sa;

	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 500);
	T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
}

/* The server has keys and waits for IKE_AUTH, which got lost. */
static void half_open(void)
{
	uint64_t sa;

	drop_from = 0;
	drop_after = 1;
	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 500);
	T_EQ(ike_half_open(w.node[1].ike), 1);
	T_EQ(seen[n_seen - 1].bytes[18], EX_IKE_AUTH);
}

static struct ike_sa *first_sa(int side)
{
	struct ike *ike = w.node[side].ike;

	return list_empty(&ike->sas) ? NULL : CONTAINER_OF(ike->sas.next, struct ike_sa, node);
}

static void inject(int to, const void *msg, size_t len)
{
	struct ike_sa *sa = first_sa(to);
	struct endpoint none = world_endpoint("192.0.2.1", 4500);
	struct endpoint here = world_endpoint("198.51.100.1", 4500);
	uint8_t *copy = malloc(len > 0 ? len : 1); /* of the exact size, for the sanitizers */

	memcpy(copy, msg, len);
	world_inject(&w, to, sa != NULL ? &sa->local : &here, sa != NULL ? &sa->remote : &none,
		copy, len);
	free(copy);
}

/* An authentic message of the client: payloads are one given payload, or none (type 0). */
static size_t craft(uint8_t exchange, uint32_t msgid, uint8_t type, const void *body, size_t len,
	uint8_t out[WORLD_PACKET_MAX])
{
	struct msg_out o;
	struct view msg = {0};

	msg_start(&o, first_sa(0), exchange, false, msgid);
	if (type != 0)
		payload_put(&o.c, type, body, len);
	if (msg_end(&o, &msg) != ST_OK || msg.len > WORLD_PACKET_MAX)
		return 0;
	memcpy(out, msg.p, msg.len);
	return msg.len;
}

/* Both sides still have what they had, and the headend answers a liveness check. */
static void still_alive(void)
{
	uint8_t msg[WORLD_PACKET_MAX];
	uint64_t checks = world_count(&w.node[1], CT_DPD_IN);
	size_t len;

	T_TRUE(w.node[1].up_sa != 0 && w.node[1].n_child == 1);
	T_TRUE(first_sa(1) != NULL && first_sa(1)->state == SA_UP);
	len = craft(EX_INFORMATIONAL, first_sa(1)->in.next, 0, NULL, 0, msg);
	inject(1, msg, len);
	T_EQ(world_count(&w.node[1], CT_DPD_IN), checks + 1);
	/* Our client did not send it: its own numbers go on after it. */
	first_sa(0)->out.next = first_sa(1)->in.next;
	world_run(&w, 100);
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static void bent(int to, const uint8_t *m, size_t n, const uint8_t *good, size_t len)
{
	if (n != len || memcmp(m, good, len) != 0)
		inject(to, m, n);
}

/* Every malformed SK and SKF that needs no key: bits of every byte, every length, fragments with
 * odd numbers, an empty body, other payloads before it. */
static void malformed(int to, const uint8_t *good, size_t len)
{
	uint8_t m[WORLD_PACKET_MAX];

	for (size_t i = 18; i < len; i++) {
		memcpy(m, good, len);
		m[i] ^= 0x41;
		bent(to, m, len, good, len);
	}
	for (size_t n = 0; n <= len; n++) {
		memcpy(m, good, len);
		bent(to, m, n, good, len);
		put32(m + 24, (uint32_t)n);
		bent(to, m, n, good, len);
		if (n < 32)
			continue;
		put16(m + 30, (unsigned)(n - 28));
		bent(to, m, n, good, len); /* consistent lengths, shorter body */
		m[16] = PT_SKF;
		for (unsigned k = 0; n >= 36 && k < 4; k++) {
			put16(m + 32, k & 1);
			put16(m + 34, k >> 1);
			bent(to, m, n, good, len);
		}
	}
	for (unsigned type = 0; type < 256; type++) {
		memcpy(m, good, len);
		m[16] = (uint8_t)type;
		bent(to, m, len, good, len);
		memcpy(m, good, len);
		m[28] = (uint8_t)type;
		bent(to, m, len, good, len);
		m[18] = (uint8_t)type;
		bent(to, m, len, good, len);
	}
}

static void test_class_25_live_sa_survives_every_unauthenticated_message(void)
{
	uint8_t good[WORLD_PACKET_MAX];
	size_t len;
	uint64_t sent;

	T_DO(open_world());
	T_DO(log_in());
	len = craft(EX_INFORMATIONAL, first_sa(1)->in.next, 0, NULL, 0, good);
	T_TRUE(len > 0);
	sent = w.packets;
	malformed(1, good, len);
	T_TRUE(w.packets - sent <= 20); /* the rate of unprotected notifies */
	T_DO(still_alive());
	/* The same towards the client, with a reply of the server. */
	for (size_t i = 0; i < n_seen; i++)
		if (seen[i].from == 1 && seen[i].bytes[18] == EX_IKE_AUTH)
			malformed(0, seen[i].bytes, seen[i].len);
	T_TRUE(w.node[0].up_sa != 0 && w.node[0].n_child == 1);
	T_DO(still_alive());
	world_fini(&w);
}

static void test_class_25_half_open_sa_survives_too(void)
{
	size_t at;

	T_DO(open_world());
	T_DO(half_open());
	at = n_seen - 1;
	malformed(1, seen[at].bytes, seen[at].len);
	T_EQ(first_sa(1)->state, SA_R_AUTH);
	drop_from = -1;
	world_run(&w, 5000); /* the client repeats its IKE_AUTH */
	T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
	world_fini(&w);
}

static void test_class_25_forged_unprotected_notifies(void)
{
	static const uint16_t types[] = {N_INVALID_IKE_SPI, N_INVALID_SYNTAX, N_AUTHENTICATION_FAILED,
		N_INVALID_SPI, N_NO_PROPOSAL_CHOSEN};

	T_DO(open_world());
	T_DO(log_in());
	for (int to = 0; to < 2; to++)
		for (size_t i = 0; i < 2 * sizeof(types) / sizeof(types[0]); i++) {
			struct ike_hdr h = {
				.spi_i = first_sa(0)->spi_i,
				.spi_r = first_sa(0)->spi_r,
				.version = IKE_VERSION,
				.exchange = EX_INFORMATIONAL,
				.flags = (uint8_t)((to == 1 ? IKE_FLAG_INITIATOR : 0) |
						   (i % 2 ? IKE_FLAG_RESPONSE : 0)),
				.msgid = first_sa(to)->in.next,
			};
			struct msg_out o;
			struct view msg;

			T_ROW(i, notify_name(types[i / 2]));
			msg_start_plain(&o, w.node[!to].ike, &h);
			msg_notify(&o, types[i / 2], NULL, 0);
			T_EQ(msg_end(&o, &msg), ST_OK);
			inject(to, msg.p, msg.len);
		}
	T_DO(still_alive());
	T_TRUE(w.node[0].up_sa != 0);
	world_fini(&w);
}

/* An unprotected error to our INIT is a hint: the right answer may still come (RFC 7296 2.21.1). */
static void test_class_25_initiator_does_not_give_up_for_one_forged_error(void)
{
	uint64_t sa;
	struct ike_hdr h = {.version = IKE_VERSION, .exchange = EX_IKE_SA_INIT,
		.flags = IKE_FLAG_RESPONSE};
	struct msg_out o;
	struct view msg;

	T_DO(open_world());
	T_EQ(world_connect(&w, &sa), ST_OK);
	while (n_seen == 0)
		T_TRUE(world_step(&w, w.now_ms + 1000));
	h.spi_i = first_sa(0)->spi_i;
	msg_start_plain(&o, w.node[1].ike, &h);
	msg_notify(&o, N_NO_PROPOSAL_CHOSEN, NULL, 0);
	T_EQ(msg_end(&o, &msg), ST_OK);
	inject(0, msg.p, msg.len);
	/* A forged answer with a proposal that we did not offer: ignored as well. */
	world_run(&w, 1000);
	T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
	world_fini(&w);
}

static void test_class_26_nothing_is_answered_before_authentication(void)
{
	static const uint8_t exchanges[] = {EX_INFORMATIONAL, EX_CREATE_CHILD_SA, 38, 43, 240};
	uint8_t msg[WORLD_PACKET_MAX], del[] = {PROTO_IKE, 0, 0, 0};
	uint64_t sent;

	T_DO(open_world());
	T_DO(half_open());
	sent = w.packets;
	for (size_t i = 0; i < sizeof(exchanges); i++)
		for (uint32_t id = 0; id < 3; id++) {
			T_ROW(i, exchange_name(exchanges[i]));
			inject(1, msg, craft(exchanges[i], id, 0, NULL, 0, msg));
			inject(1, msg, craft(exchanges[i], id, PT_DELETE, del, sizeof(del), msg));
			inject(1, msg, craft(exchanges[i], id, 200, del, sizeof(del), msg));
			inject(1, msg, craft(exchanges[i], id, PT_SA, del, sizeof(del), msg));
		}
	T_EQ(w.packets, sent);
	T_EQ(first_sa(1)->state, SA_R_AUTH);
	T_TRUE(world_status_count(&w.node[1], ST_BAD_STATE) > 0);
	drop_from = -1;
	world_run(&w, 5000);
	T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
	world_fini(&w);
}

/* What ends EAP is the first message of somebody who has not said who he is. */
static void test_class_04_auth_without_an_identity(void)
{
	uint8_t body[4 + 32] = {2}, msg[WORLD_PACKET_MAX];

	for (size_t len = 0; len <= sizeof(body); len += sizeof(body)) {
		T_DO(open_world());
		T_DO(half_open());
		inject(1, msg, craft(EX_IKE_AUTH, 1, PT_AUTH, body, len, msg));
		world_run(&w, 100);
		T_EQ(ike_half_open(w.node[1].ike), 0);
		T_EQ(first_sa(1)->state, SA_LINGER);
		T_EQ(world_status_count(&w.node[1], ST_BAD_EXCHANGE), 1);
		world_fini(&w);
	}
}

/* Protocol ids, SPI sizes, counts and unknown SPIs in DELETE and NOTIFY; authentic, so the RFC's
 * answers are due, and the wrong ones must not hit another SA. */
static void test_class_18_delete_and_notify_lies(void)
{
	static const struct {
		const char *name;
		uint8_t type;
		uint8_t body[12];
		size_t len;
		bool is_fatal; /* malformed: INVALID_SYNTAX ends the SA (RFC 7296 2.21.3) */
	} rows[] = {
		{"delete unknown child", PT_DELETE, {3, 4, 0, 1, 1, 2, 3, 4}, 8, false},
		{"delete AH", PT_DELETE, {2, 4, 0, 1, 1, 2, 3, 4}, 8, false},
		{"delete protocol 0", PT_DELETE, {0, 4, 0, 1, 1, 2, 3, 4}, 8, true},
		{"delete protocol 4", PT_DELETE, {4, 4, 0, 1, 1, 2, 3, 4}, 8, true},
		{"delete protocol 255", PT_DELETE, {255, 4, 0, 1, 1, 2, 3, 4}, 8, true},
		{"delete count lies", PT_DELETE, {3, 4, 0, 9, 1, 2, 3, 4}, 8, true},
		{"delete count 0", PT_DELETE, {3, 4, 0, 0}, 4, true},
		{"delete SPI size lies", PT_DELETE, {3, 8, 0, 1, 1, 2, 3, 4}, 8, true},
		{"delete IKE with SPI", PT_DELETE, {1, 4, 0, 1, 1, 2, 3, 4}, 8, true},
		{"delete cut", PT_DELETE, {3, 4}, 2, true},
		{"notify unknown type", PT_NOTIFY, {0, 0, 0xff, 1}, 4, false},
		{"notify INVALID_SPI", PT_NOTIFY, {0, 0, 0, 11, 1, 2, 3, 4}, 8, false},
		{"notify unknown child", PT_NOTIFY, {3, 4, 0x40, 9, 1, 2, 3, 4}, 8, false},
		{"notify SPI size lies", PT_NOTIFY, {3, 200, 0x40, 9, 1, 2, 3, 4}, 8, true},
		{"empty payload of unknown type", 200, {0}, 0, false},
		{"vendor", PT_VENDOR, {1, 2, 3}, 3, false},
		{"an SA where none belongs", PT_SA, {0, 0, 0, 8, 1, 3, 0, 1}, 8, true},
		{"IDi where none belongs", PT_IDI, {2, 0, 0, 0, 'a'}, 5, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t msg[WORLD_PACKET_MAX];
		uint64_t sent;

		T_ROW(i, rows[i].name);
		T_DO(open_world());
		T_DO(log_in());
		sent = w.packets;
		inject(1, msg, craft(EX_INFORMATIONAL, first_sa(1)->in.next, rows[i].type,
			rows[i].body, rows[i].len, msg));
		T_EQ(w.packets, sent + 1); /* answered, whatever it was */
		if (rows[i].is_fatal) {
			T_EQ(w.node[1].up_sa, 0);
			T_EQ(w.node[1].n_child, 0);
		} else {
			T_DO(still_alive());
		}
		world_fini(&w);
	}
}

static void test_class_06_unknown_critical_payload(void)
{
	uint8_t msg[WORLD_PACKET_MAX];
	struct msg_out o;
	struct view v;

	T_DO(open_world());
	T_DO(log_in());
	msg_start(&o, first_sa(0), EX_INFORMATIONAL, false, first_sa(1)->in.next);
	payload_put(&o.c, 200, "x", 1);
	o.w.buf[o.w.len - 4] |= 0x80; /* the critical bit of what was just written */
	T_EQ(msg_end(&o, &v), ST_OK);
	memcpy(msg, v.p, v.len);
	inject(1, msg, v.len);
	T_EQ(world_status_count(&w.node[1], ST_CRITICAL), 1);
	first_sa(0)->out.next = first_sa(1)->in.next;
	T_DO(still_alive());
	world_fini(&w);
}

/* ---- IKE_SA_INIT ---------------------------------------------------------------------------------- */

/* The client's INIT request, as the server sees it. */
static void capture_init(uint8_t out[WORLD_PACKET_MAX], size_t *len)
{
	uint64_t sa;

	T_EQ(world_connect(&w, &sa), ST_OK);
	while (n_seen == 0)
		T_TRUE(world_step(&w, w.now_ms + 1000));
	T_EQ(seen[0].bytes[18], EX_IKE_SA_INIT);
	memcpy(out, seen[0].bytes, seen[0].len);
	*len = seen[0].len;
}

static void stranger(const uint8_t *msg, size_t len, uint32_t address)
{
	struct endpoint local = world_endpoint("198.51.100.1", 500), remote = local;
	uint8_t *copy = malloc(len > 0 ? len : 1);

	remote.addr = addr_v4(address);
	memcpy(copy, msg, len);
	world_inject(&w, 1, &local, &remote, copy, len);
	free(copy);
}

/* Offset of the body of the first payload of a type; 0: none. */
static size_t find_payload(const uint8_t *m, size_t len, uint8_t type)
{
	uint8_t next = m[16];
	size_t at = 28;

	while (next != 0 && at + 4 <= len) {
		if (next == type)
			return at + 4;
		next = m[at];
		at += (size_t)(m[at + 2] << 8 | m[at + 3]);
	}
	return 0;
}

static void test_class_05_all_group_numbers_and_lengths(void)
{
	uint8_t init[WORLD_PACKET_MAX], m[WORLD_PACKET_MAX];
	unsigned opened = 0;
	size_t len, ke;

	T_DO(open_world());
	T_DO(capture_init(init, &len));
	ke = find_payload(init, len, PT_KE);
	T_TRUE(ke != 0);
	for (unsigned group = 0; group < 65536; group++) {
		uint64_t before = ike_half_open(w.node[1].ike);

		memcpy(m, init, len);
		put32(m, 0x1000000 + group); /* another SPI */
		put16(m + ke, group);
		stranger(m, len, 0x0a000001 + (group << 8));
		opened += ike_half_open(w.node[1].ike) > before;
	}
	T_EQ(opened, 1); /* the group of the first proposal, and no other */
	world_fini(&w);
}

static void test_class_04_27_init_cut_and_bent(void)
{
	uint8_t init[WORLD_PACKET_MAX], m[WORLD_PACKET_MAX];
	int64_t live;
	size_t len;

	T_DO(open_world());
	T_DO(capture_init(init, &len));
	live = mem_live();
	for (size_t i = 0; i < len; i++) {
		stranger(init, i, 0x0a000001);
		memcpy(m, init, len);
		put32(m + 24, (uint32_t)i); /* the header's length lies */
		stranger(m, len, 0x0a000001);
	}
	T_EQ(mem_live(), live); /* class 2: nothing stays */
	T_EQ(ike_half_open(w.node[1].ike), 0);
	for (size_t i = 0; i < len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(m, init, len);
			m[i] ^= (uint8_t)(1u << bit);
			stranger(m, len, 0x0b000000 + (uint32_t)(i << 11 | bit << 8));
		}
	world_run(&w, 60000);
	T_EQ(w.broken == NULL, true);
	T_EQ(ike_half_open(w.node[1].ike), 0);
	world_fini(&w);
}

/* Spoofed INITs: never more half-open SAs than the limit, never a reply longer than its request
 * before the source has shown a cookie, memory flat. */
static size_t longest_excess;
static size_t injected_len;
static bool watch(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)world;
	(void)ctx;
	if (from == 1 && it->len > injected_len && it->bytes[16] == PT_NOTIFY)
		longest_excess = it->len - injected_len;
	return from == 0; /* replies go nowhere */
}

static void test_class_23_flood_of_spoofed_inits(void)
{
	uint8_t init[WORLD_PACKET_MAX], m[WORLD_PACKET_MAX];
	int64_t peak = 0, half = 0;
	size_t len;

	T_DO(open_world());
	T_DO(capture_init(init, &len));
	w.tap = watch;
	injected_len = len;
	longest_excess = 0;
	for (unsigned i = 0; i < 20000; i++) {
		memcpy(m, init, len);
		put32(m, i * 7919u + 1);
		put32(m + len - 4, i); /* another nonce or hash */
		stranger(m, len, 0x0a000000 + i % 200 * 256);
		if (i % 20 == 0)
			world_run(&w, 10);
		if (ike_half_open(w.node[1].ike) > (size_t)half)
			half = (int64_t)ike_half_open(w.node[1].ike);
		if (mem_live() > peak)
			peak = mem_live();
	}
	T_TRUE(half <= 1000);
	T_TRUE(half >= 200);
	T_EQ(longest_excess, 0);
	T_TRUE(world_count(&w.node[1], CT_IKE_COOKIES) > 10000);
	T_TRUE(w.node[1].told[IKE_EV_INIT_FAILED] + w.node[1].told[IKE_EV_HALF_OPEN_LIMIT] < 300);
	world_run(&w, 60000);
	T_EQ(ike_half_open(w.node[1].ike), 0);
	world_fini(&w);
}

/* An INIT that comes twice: one SA, the same reply; after IKE_AUTH: ignored (RFC 7296 2.1). */
static void test_repeated_init(void)
{
	uint8_t init[WORLD_PACKET_MAX];
	uint64_t sent;
	size_t len;

	T_DO(open_world());
	T_DO(capture_init(init, &len));
	world_inject(&w, 1, &seen[0].local, &seen[0].remote, init, len);
	world_inject(&w, 1, &seen[0].local, &seen[0].remote, init, len);
	T_EQ(ike_half_open(w.node[1].ike), 1);
	world_run(&w, 500);
	T_TRUE(w.node[1].up_sa != 0);
	sent = w.packets;
	world_inject(&w, 1, &seen[0].local, &seen[0].remote, init, len);
	T_EQ(w.packets, sent);
	T_EQ(ike_half_open(w.node[1].ike), 0);
	world_fini(&w);
}

/* Class 19: every message of a login again, after the login, after its failure, after the end. */
static void replay_all(void)
{
	size_t n = n_seen;

	for (size_t i = 0; i < n; i++)
		world_inject(&w, !seen[i].from, &seen[i].local, &seen[i].remote, seen[i].bytes,
			seen[i].len);
	world_run(&w, 100);
}

static void test_class_19_replay_after_everything(void)
{
	uint64_t sa;

	T_DO(open_world());
	T_DO(log_in());
	replay_all();
	T_DO(still_alive());
	T_EQ(ike_close(w.node[0].ike, w.node[0].up_sa, ST_END_ADMIN), ST_OK);
	world_run(&w, 1000);
	replay_all();
	world_run(&w, 60000);
	replay_all();
	world_run(&w, 60000);
	T_TRUE(world_is_empty(&w));
	/* After a failure. */
	n_seen = 0;
	snprintf(w.node[0].psk_local, sizeof(w.node[0].psk_local), "wrong");
	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 1000);
	T_EQ(w.node[1].last_status, ST_AUTH_FAILED);
	replay_all();
	world_run(&w, 60000);
	T_TRUE(world_is_empty(&w));
	T_TRUE(w.broken == NULL);
	world_fini(&w);
}

/* The last request of a login again, each minute: answered for five, also by a new main for five of its own, and
 * then ignored (RFC 7296 2.1). */
static void test_reply_is_forgotten(void)
{
	for (int restarts = 0; restarts < 2; restarts++) {
		size_t last, before = 0;

		T_DO(open_world());
		T_DO(log_in());
		for (last = n_seen - 1; seen[last].from != 0;)
			last--;
		T_EQ(seen[last].bytes[18], EX_IKE_AUTH);
		for (int minute = 0; minute < 10; minute++) {
			bool is_kept = minute < (restarts != 0 ? 9 : 6);
			uint64_t sent;

			T_ROW(minute, "minute");
			if (restarts != 0 && minute == 4)
				T_TRUE(world_restart(&w, 1));
			T_EQ(first_sa(1)->in.kept != NULL, is_kept);
			T_TRUE(is_kept || w.node[1].record[0].len + 100 < before);
			before = is_kept ? w.node[1].record[0].len : before;
			sent = w.packets;
			world_inject(&w, 1, &seen[last].local, &seen[last].remote, seen[last].bytes, seen[last].len);
			T_EQ(w.packets - sent, is_kept);
			world_run(&w, minute == 0 ? 30000 : 60000);
		}
		/* And so each time. */
		T_DO(still_alive());
		T_TRUE(first_sa(1)->in.kept != NULL);
		world_run(&w, 310000);
		T_TRUE(first_sa(1)->in.kept == NULL);
		T_DO(still_alive());
		world_fini(&w);
	}
}

static void test_wrong_version_and_unknown_spi_are_answered_rarely(void)
{
	uint8_t msg[IKE_HDR_LEN] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 0, 0x30, 37, 8};
	uint64_t sent;

	T_DO(open_world());
	msg[27] = IKE_HDR_LEN;
	sent = w.packets;
	for (unsigned i = 0; i < 100; i++)
		stranger(msg, sizeof(msg), 0x0a000001); /* an answer would be longer than this */
	T_EQ(w.packets, sent);
	{
		uint8_t longer[64] = {0};

		memcpy(longer, msg, sizeof(msg));
		longer[16] = PT_NOTIFY;
		longer[27] = sizeof(longer);
		longer[31] = sizeof(longer) - IKE_HDR_LEN;
		for (unsigned i = 0; i < 100; i++)
			stranger(longer, sizeof(longer), 0x0a000001); /* major version 3 */
		T_EQ(w.packets, sent + 20);
		world_run(&w, 1000);
		longer[17] = 0x20;
		for (unsigned i = 0; i < 100; i++)
			stranger(longer, sizeof(longer), 0x0a000001); /* unknown SPI */
		T_EQ(w.packets, sent + 30);
		longer[19] |= IKE_FLAG_RESPONSE;
		world_run(&w, 1000);
		stranger(longer, sizeof(longer), 0x0a000001); /* responses are never answered */
		T_EQ(w.packets, sent + 30);
	}
	T_EQ(world_status_count(&w.node[1], ST_BAD_VERSION), 200);
	world_fini(&w);
}

/* Class 21: at the end of the message IDs the SA ends; it does not start again from 0. */
static void test_class_21_message_ids_used_up(void)
{
	T_DO(open_world());
	T_DO(log_in());
	first_sa(1)->out.next = UINT32_MAX;
	world_run(&w, 11000);
	T_EQ(w.node[1].last_status, ST_LIMIT);
	T_EQ(w.node[1].n_child, 0);
	world_fini(&w);
}

/* Class 24: who is not authenticated learns neither our identity nor why: the replies to a wrong
 * key, an unknown key and a refused authorization look the same, one notify and nothing else. */
static void test_class_24_a_failure_reveals_nothing(void)
{
	size_t len[3] = {0};

	for (int i = 0; i < 3; i++) {
		uint64_t sa;

		T_ROW(i, "failure");
		T_DO(open_world());
		if (i == 0)
			snprintf(w.node[1].psk_remote, sizeof(w.node[1].psk_remote), "another");
		w.node[1].psk_status = i == 1 ? ST_NO_KEY : ST_OK;
		w.node[1].authorize_status = i == 2 ? ST_NOT_AUTHORIZED : ST_OK;
		T_EQ(world_connect(&w, &sa), ST_OK);
		world_run(&w, 1000);
		for (size_t k = 0; k < n_seen; k++)
			if (seen[k].from == 1 && seen[k].bytes[18] == EX_IKE_AUTH)
				len[i] = seen[k].len;
		T_EQ(w.node[1].up_total, 0);
		world_fini(&w);
	}
	T_TRUE(len[0] != 0 && len[0] == len[1] && len[1] == len[2]);
	T_TRUE(len[0] <= IKE_HDR_LEN + 4 + 8 + 8 + 1 + 16); /* IV, notify, pad length, ICV */
}

/* An endless INIT: cookies and other groups again and again (RFC 7296 2.6.1). */
static unsigned asked;
static bool always_another_cookie(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)ctx;
	if (from == 0 && it->bytes[18] == EX_IKE_SA_INIT) {
		struct ike_hdr h = {.version = IKE_VERSION, .exchange = EX_IKE_SA_INIT,
			.flags = IKE_FLAG_RESPONSE};
		struct world_item *reply = calloc(1, sizeof(*reply));
		struct msg_out o;
		struct view msg;

		memcpy(&h.spi_i, it->bytes, 8);
		h.spi_i = __builtin_bswap64(h.spi_i);
		msg_start_plain(&o, world->node[1].ike, &h);
		asked++;
		msg_notify(&o, N_COOKIE, &asked, sizeof(asked));
		if (msg_end(&o, &msg) == ST_OK) {
			reply->at_ms = world->now_ms + 10;
			reply->local = it->remote;
			reply->remote = it->local;
			reply->bytes = malloc(msg.len);
			reply->len = msg.len;
			memcpy(reply->bytes, msg.p, msg.len);
			world->queue[world->n_queue++] = reply;
		}
		return false;
	}
	return true;
}

static void test_cookies_without_end(void)
{
	uint64_t sa;

	T_DO(open_world());
	w.tap = always_another_cookie;
	asked = 0;
	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 120000);
	T_EQ(w.node[0].last_status, ST_COOKIE_LOOP);
	T_TRUE(asked >= 6 && asked <= 10);
	T_EQ(ike_count(w.node[0].ike), 0);
	world_fini(&w);
}

int main(void)
{
	client = world_conf(world_client_text);
	server = world_conf(world_server_text);
	T_RUN(test_class_25_live_sa_survives_every_unauthenticated_message);
	T_RUN(test_class_25_half_open_sa_survives_too);
	T_RUN(test_class_25_forged_unprotected_notifies);
	T_RUN(test_class_25_initiator_does_not_give_up_for_one_forged_error);
	T_RUN(test_class_26_nothing_is_answered_before_authentication);
	T_RUN(test_class_04_auth_without_an_identity);
	T_RUN(test_class_18_delete_and_notify_lies);
	T_RUN(test_class_06_unknown_critical_payload);
	T_RUN(test_class_05_all_group_numbers_and_lengths);
	T_RUN(test_class_04_27_init_cut_and_bent);
	T_RUN(test_class_23_flood_of_spoofed_inits);
	T_RUN(test_repeated_init);
	T_RUN(test_class_19_replay_after_everything);
	T_RUN(test_reply_is_forgotten);
	T_RUN(test_wrong_version_and_unknown_spi_are_answered_rarely);
	T_RUN(test_class_21_message_ids_used_up);
	T_RUN(test_class_24_a_failure_reveals_nothing);
	T_RUN(test_cookies_without_end);
	snapshot_unref(client);
	snapshot_unref(server);
	return t_end();
}
