#include "tests/lib/ike_fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/engine.h"
#include "core/ike/trace.h"
#include "tests/lib/ike_world.h"

#define OPERATIONS 32
#define CRAFTED_MAX 256 /* bytes of an input in one message */
#define OLD_AGE (UINT32_MAX - 3)

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			fprintf(stderr, "broken: %s (%s)\n%s", #x,                                 \
				w.broken != NULL ? w.broken : "", w.log);                          \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static struct world w;
static struct snapshot *client, *server;

/* The client's INIT request of this login, to be bent. */
static uint8_t init_request[WORLD_PACKET_MAX];
static size_t init_len;

static struct ike_sa *first_sa(int side)
{
	struct ike *ike = w.node[side].ike;

	return list_empty(&ike->sas) ? NULL : CONTAINER_OF(ike->sas.next, struct ike_sa, node);
}

static void put(int to, const uint8_t *msg, size_t len, uint16_t port)
{
	struct endpoint remote = world_endpoint(to == 1 ? "192.0.2.1" : "198.51.100.1", port);
	struct endpoint local = world_endpoint(to == 1 ? "198.51.100.1" : "192.0.2.1", port);
	uint8_t *copy = malloc(len > 0 ? len : 1); /* of the exact size, for the sanitizers */

	if (len > 0)
		memcpy(copy, msg, len);
	world_inject(&w, to, &local, &remote, copy, len);
	free(copy);
}

/* Bytes that nobody authenticated: what the headend has stays. */
static void put_foreign(int to, const uint8_t *msg, size_t len, uint16_t port)
{
	size_t half_open = ike_half_open_in(w.node[1].ike);
	uint64_t up[2] = {w.node[0].up_sa, w.node[1].up_sa};

	put(to, msg, len, port);
	MUST(w.node[0].up_sa == up[0] && w.node[1].up_sa == up[1]);
	MUST(ike_half_open_in(w.node[1].ike) >= half_open);
}

/* With the SPIs, the length and a message ID of an SA, but not its keys. */
static void put_with_header(int to, uint8_t arg, struct view v)
{
	struct ike_sa *sa = first_sa(to);
	uint8_t msg[IKE_HDR_LEN + CRAFTED_MAX];
	struct wr wr = wr_init(msg, sizeof(msg));
	struct ike_hdr h = {.version = IKE_VERSION};
	struct wr_mark m;

	if (sa == NULL || v.len < 2 || v.len > CRAFTED_MAX)
		return;
	h.spi_i = sa->spi_i;
	h.spi_r = sa->spi_r;
	h.next = v.p[0];
	h.exchange = v.p[1];
	h.flags = arg & 0x28;
	h.msgid = arg & 1 ? sa->in.next : sa->out.next - 1;
	m = ike_hdr_open(&wr, &h);
	wr_bytes(&wr, v.p + 2, v.len - 2);
	wr_close32(&wr, m);
	put_foreign(to, msg, wr.len, 4500);
}

/* An INIT request that is a good one but for {place, value} pairs; arg 1: of a new SPI. */
static void put_init(int to, uint8_t arg, struct view v)
{
	uint8_t msg[WORLD_PACKET_MAX];

	if (init_len == 0)
		return;
	memcpy(msg, init_request, init_len);
	msg[0] ^= arg & 15;
	for (size_t i = 0; i + 2 < v.len; i += 3)
		msg[(v.p[i] << 8 | v.p[i + 1]) % init_len] = v.p[i + 2];
	put_foreign(to, msg, init_len - (arg >> 4), 500);
}

/* Authentic. exchange: 34.. by the low bits of arg; 0x20: a reply; 0x40: another role; 0x80: not the
 * expected message ID but one that the first byte moves it by. is_chain: the bytes are the whole chain
 * inside SK, the first is its type; else they are {type, length, body}... */
static void put_authentic(int to, uint8_t arg, struct view v, bool is_chain)
{
	struct ike_sa *from = first_sa(!to), *sa = first_sa(to);
	struct rd r = rd_init(v.p, v.len);
	uint8_t msg[2 * CRAFTED_MAX + 256];
	bool is_initiator;
	uint32_t msgid;
	struct msg_out o;
	struct view out;
	enum status st;

	if (from == NULL || sa == NULL || !from->has_keys || !sa->has_keys || v.len > CRAFTED_MAX)
		return;
	msgid = arg & 0x20 ? sa->out.next - 1 : sa->in.next;
	if (arg & 0x80)
		msgid += (uint32_t)(int8_t)rd_u8(&r);
	is_initiator = from->is_initiator;
	from->is_initiator = is_initiator != ((arg & 0x40) != 0);
	msg_start(&o, from, (uint8_t)(34 + arg % 12), arg & 0x20, msgid);
	if (is_chain) {
		payload_set_next(&o.c, rd_u8(&r));
		wr_bytes(&o.w, r.p, r.left);
	}
	while (!is_chain && r.left >= 2) {
		uint8_t type = rd_u8(&r), len = rd_u8(&r);
		struct view body = rd_bytes(&r, len < r.left ? len : r.left);

		payload_put(&o.c, type, body.p, body.len);
	}
	st = msg_end(&o, &out);
	from->is_initiator = is_initiator;
	if (st != ST_OK || out.len > sizeof(msg))
		return;
	memcpy(msg, out.p, out.len);
	put(to, msg, out.len, 4500);
}

/* How the world answers from now on. */
static void set_answers(int to, uint8_t arg, uint8_t more)
{
	struct world_node *n = &w.node[to];

	n->psk_status = arg & 1 ? ST_NO_KEY : ST_OK;
	n->authorize_status = arg & 2 ? ST_NOT_AUTHORIZED : ST_OK;
	n->commit_status = arg & 4 ? ST_STORE : ST_OK;
	n->install_status = arg & 8 ? ST_INSTALL : ST_OK;
	n->never_answers = arg & 16;
	n->hook_status = arg & 32 ? ST_HOOK_REFUSED : ST_OK;
	snprintf(n->hook_profile, IKE_NAME_LEN, "%s", arg & 64 ? "nowhere" : "");
	n->keep_fails = arg & 128;
	w.knobs.answer_twice = more & 1 ? 500 : 0;
	w.knobs.answer_late = more & 2 ? 500 : 0;
	w.knobs.answer_late_ms = 12000;
	w.knobs.answer_after_cancel = more & 4 ? 500 : 0;
	w.knobs.loss = more & 8 ? 300 : 0;
	w.knobs.twice = more & 16 ? 300 : 0;
	w.knobs.corrupt = more & 32 ? 100 : 0;
}

/* What is on its way: the one that arg names arrives next, or is changed. */
static void meddle(uint8_t arg, struct view v)
{
	struct world_item *it;

	if (w.n_queue == 0)
		return;
	it = w.queue[arg % w.n_queue];
	it->at_ms = w.now_ms;
	it->order = 0;
	if (v.len > 0 && it->kind == WI_COMMIT)
		it->status = v.p[0] & 1 ? ST_STORE : ST_OK;
	if (v.len > 0 && it->kind == WI_ANSWER)
		it->answer.status = v.p[0] & 1 ? ST_NOT_AUTHORIZED : it->answer.status;
	for (size_t i = 0; it->kind == WI_PACKET && i + 1 < v.len; i += 2)
		it->bytes[v.p[i] % it->len] ^= v.p[i + 1];
	(void)world_step(&w, w.now_ms);
}

/* Message IDs of a very old pair of SAs (they never wrap). */
static void grow_old(void)
{
	for (int i = 0; i < 2; i++) {
		struct ike_sa *sa = first_sa(i), *other = first_sa(!i);

		if (sa == NULL || other == NULL || sa->state != SA_UP || other->state != SA_UP ||
			window_out_is_open(&sa->out) || sa->out.next > OLD_AGE)
			continue;
		sa->out.next = OLD_AGE;
		other->in.next = OLD_AGE;
	}
}

static void order(int to, uint8_t arg)
{
	struct ike_sa *sa = first_sa(to);
	uint64_t n;

	if (arg % 4 == 3)
		(void)!world_connect(&w, &n);
	else if (sa == NULL)
		return;
	else if (arg % 4 == 2)
		(void)!ike_close(w.node[to].ike, sa->number, ST_END_ADMIN);
	else
		(void)!ike_rekey(w.node[to].ike, sa->number, arg % 4 == 1);
}

static void operate(uint8_t op, uint8_t arg, struct view v)
{
	int to = (op >> 4) & 1;

	switch (op % 16) {
	case 0: put_foreign(to, v.p, v.len, 4500); break;
	case 1: put_with_header(to, arg, v); break;
	case 2:
	case 3: put_authentic(to, arg, v, true); break;
	case 4: world_run(&w, arg * 50u); break;
	case 5: MUST(world_restart(&w, to)); break;
	case 6: set_answers(to, arg, v.len > 0 ? v.p[0] : 0); break;
	case 7: (void)!ike_thaw(w.node[to].ike, v); break;
	case 8:
	case 9: put_authentic(to, arg, v, false); break;
	case 10: put_init(1, arg, v); break;
	case 11: meddle(arg, v); break;
	case 12: order(to, arg); break;
	case 13: grow_old(); break;
	case 14: world_run(&w, arg); break;
	default: world_run(&w, arg * 1000u); break;
	}
}

static bool keep_init(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)world;
	(void)ctx;
	if (from == 0 && init_len == 0 && it->len <= sizeof(init_request)) {
		init_len = it->len;
		memcpy(init_request, it->bytes, it->len);
	}
	return true;
}

static void start(uint8_t stage, bool is_after)
{
	uint64_t sa;

	w.tap = keep_init;
	/* In the middle of the headend's work, or somewhere else on the way. */
	w.node[1].never_answers = !is_after && stage % 4 == 1;
	w.knobs.real_crypto = stage & 0x80;
	(void)!world_connect(&w, &sa);
	world_run(&w, is_after ? 200 : stage % 4 == 0 ? 1 : 5u + stage / 4 % 16);
}

static void end_all(void)
{
	w.knobs.loss = w.knobs.twice = w.knobs.corrupt = 0;
	w.knobs.answer_twice = w.knobs.answer_late = w.knobs.answer_after_cancel = 0;
	for (int i = 0; i < 2; i++) {
		w.node[i].never_answers = false;
		ike_close_all(w.node[i].ike, ST_END_SHUTDOWN);
	}
	world_run(&w, 300000);
	ike_close_all(w.node[0].ike, ST_END_SHUTDOWN);
	ike_close_all(w.node[1].ike, ST_END_SHUTDOWN);
	world_run(&w, 120000);
}

void ike_fuzz_run(const uint8_t *data, size_t size, bool is_after)
{
	struct rd r = rd_init(data, size);
	int64_t live;

	if (client == NULL) {
		client = world_conf(world_client_text);
		server = world_conf(world_server_text);
	}
	live = mem_live();
	init_len = 0;
	MUST(world_init(&w, 1, client, server));
	world_trace(&w, TRACE_ALL);
	start(rd_u8(&r), is_after);
	for (unsigned i = 0; i < OPERATIONS && r.left > 0; i++) {
		uint8_t op = rd_u8(&r), arg = rd_u8(&r), len = rd_u8(&r);

		operate(op, arg, rd_bytes(&r, len < r.left ? len : r.left));
		MUST(w.broken == NULL);
	}
	end_all();
	MUST(w.broken == NULL && world_is_empty(&w));
	world_fini(&w);
	MUST(mem_live() == live);
}
