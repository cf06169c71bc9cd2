/* Fragments of a peer that has the keys, so that every one of them authenticates, and Cisco's, which
 * need none. An SA is up; the input says what comes. Rules: what is not authentic never ends an SA
 * and never fills memory, the world's own rules hold, and after the end nothing is left.
 *
 * Input: form, then operations {op, number and total, length, bytes}. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/engine.h"
#include "core/ike/frag_pile.h"
#include "tests/lib/ike_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MSG_MAX 2048
#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

static struct world w;
static struct snapshot *client, *server;

static struct ike_sa *first_sa(int side)
{
	struct ike *ike = w.node[side].ike;

	return list_empty(&ike->sas) ? NULL : CONTAINER_OF(ike->sas.next, struct ike_sa, node);
}

static void put(int to, const uint8_t *msg, size_t len)
{
	struct endpoint remote = world_endpoint(to == 1 ? "192.0.2.1" : "198.51.100.1", 4500);
	struct endpoint local = world_endpoint(to == 1 ? "198.51.100.1" : "192.0.2.1", 4500);
	uint8_t *copy = malloc(len > 0 ? len : 1);

	if (len > 0)
		memcpy(copy, msg, len);
	world_inject(&w, to, &local, &remote, copy, len);
	free(copy);
}

struct op {
	int to;
	uint8_t kind;
	uint8_t how, first;   /* exchange and flags; type of the first payload */
	uint16_t number, total;
	struct view bytes;
};

/* The header of a message, and one odd payload before the rest when the input wants it. */
static struct payload_chain start(struct wr *wr, const struct ike_sa *from, const struct ike_sa *to,
	uint8_t how, struct wr_mark *length)
{
	struct ike_hdr h = {
		.spi_i = from->spi_i,
		.spi_r = from->spi_r,
		.version = IKE_VERSION,
		.exchange = (uint8_t)(35 + how % 4),
		.flags = (uint8_t)((from->is_initiator ? IKE_FLAG_INITIATOR : 0) | (how & 0x20)),
		.msgid = (how & 0x20 ? to->out.next - 1 : to->in.next) + (how & 0x40 ? 1 : 0) - (how >> 7),
	};
	struct payload_chain c;

	*length = ike_hdr_open(wr, &h);
	c = payload_chain_init(wr, IKE_HDR_NEXT_AT);
	if (how & 0x10)
		payload_put(&c, how & 4 ? PT_NOTIFY : 200, "\0\0\x40\x01", 4);
	return c;
}

static void put_fragment(const struct op *op)
{
	struct ike_sa *from = first_sa(!op->to), *to = first_sa(op->to);
	uint8_t msg[MSG_MAX], iv[SK_IV_MAX] = {0}, how = op->how;
	struct wr wr = wr_init(msg, sizeof(msg));
	struct wr_mark length, by_seal;
	struct payload_chain c;
	size_t at;

	if (from == NULL || to == NULL || !from->has_keys)
		return;
	struct sk_key key = keys_sk(&from->suite, from->keys, from->is_initiator);
	c = start(&wr, from, to, how, &length);
	at = wr.len;
	by_seal = payload_open(&c, PT_SKF);
	(void)by_seal;
	wr_put_u8(&wr, at, op->first);
	wr_u16(&wr, op->number);
	wr_u16(&wr, op->total);
	sk_begin(&key, &wr);
	wr_bytes(&wr, op->bytes.p, op->bytes.len);
	MUST(sk_seal(&key, &wr, at, at + 8, iv) == ST_OK);
	if (op->kind == 1) { /* not authentic after all */
		uint64_t up = w.node[op->to].up_sa;

		msg[(wr.len - 1) * (how % 16) / 16 / 2 + wr.len / 2] ^= 0x10;
		put(op->to, msg, wr.len);
		MUST(w.node[op->to].up_sa == up);
		return;
	}
	put(op->to, msg, wr.len);
}

/* All fragments of one message, in an order that the input chooses. */
static void put_message(const struct op *op)
{
	struct op one = *op;
	size_t n = op->total % 8 + 1u, step = op->bytes.len / n + 1;

	one.total = (uint16_t)n;
	for (size_t i = 0; i < n; i++) {
		size_t k = (i * 3 + op->number) % n; /* 3 and n = 3 or 6: some twice, some never */
		size_t from = k * step < op->bytes.len ? k * step : op->bytes.len;

		one.number = (uint16_t)(k + 1);
		one.bytes = (struct view){op->bytes.p, op->bytes.len - from < step ? op->bytes.len - from : step};
		if (one.bytes.len > 0)
			one.bytes.p += from;
		put_fragment(&one);
	}
}

/* A piece of a good message, or of anything. */
static void put_piece(const struct op *op)
{
	struct ike_sa *from = first_sa(!op->to), *to = first_sa(op->to);
	uint8_t msg[MSG_MAX], how = op->how;
	struct view bytes = op->bytes;
	struct wr wr = wr_init(msg, sizeof(msg));
	struct wr_mark length, m;
	struct payload_chain c;
	uint64_t up = w.node[op->to].up_sa;

	if (from == NULL || to == NULL || !from->has_keys)
		return;
	if (how & 8) {
		struct msg_out o;

		msg_start(&o, from, EX_INFORMATIONAL, false, to->in.next);
		if (msg_end(&o, &bytes) != ST_OK)
			return;
		size_t half = bytes.len / 2;
		bytes = op->number == 1 ? (struct view){bytes.p, half}
					: (struct view){bytes.p + half, bytes.len - half};
	}
	c = start(&wr, from, to, how & 0x6f, &length);
	m = payload_open(&c, PT_CISCO_FRAGMENT);
	wr_u16(&wr, (uint16_t)(op->total >> 1));
	wr_u8(&wr, (uint8_t)op->number);
	wr_u8(&wr, (uint8_t)op->total);
	wr_bytes(&wr, bytes.p, bytes.len);
	payload_close(&c, m);
	wr_close32(&wr, length);
	put(op->to, msg, wr.len);
	MUST(w.node[op->to].up_sa == up);
}

static void operate(const struct op *op, uint8_t arg)
{
	uint64_t up = w.node[op->to].up_sa;

	switch (op->kind) {
	case 0:
	case 1:
		put_fragment(op);
		break;
	case 2:
	case 3:
		put_message(op);
		break;
	case 4:
		put_piece(op);
		break;
	case 5:
		put(op->to, op->bytes.p, op->bytes.len);
		MUST(w.node[op->to].up_sa == up);
		break;
	case 6:
		world_run(&w, arg * 200u);
		break;
	default:
		MUST(world_restart(&w, op->to));
		break;
	}
}

static void end(int64_t live, bool in_order)
{
	for (int i = 0; i < 2 && in_order; i++) {
		ike_close_all(w.node[0].ike, ST_END_SHUTDOWN);
		ike_close_all(w.node[1].ike, ST_END_SHUTDOWN);
		world_run(&w, 300000);
	}
	MUST(w.broken == NULL && (!in_order || world_is_empty(&w)));
	world_fini(&w);
	MUST(mem_live() == live);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	int64_t live;
	uint64_t sa;
	uint8_t form;

	if (client == NULL) {
		client = world_conf(world_client_text);
		server = world_conf(world_server_text);
	}
	live = mem_live();
	MUST(world_init(&w, 1, client, server));
	(void)!world_connect(&w, &sa);
	form = rd_u8(&r);
	world_run(&w, form & 1 ? 200 : 18); /* up, or with keys only */
	for (int i = 0; i < 2; i++)
		if (form & 2 && first_sa(i) != NULL)
			first_sa(i)->frag.form = FRAG_CISCO;
	for (unsigned i = 0; i < 100 && r.left > 0; i++) {
		uint8_t op = rd_u8(&r), numbers = rd_u8(&r), len = rd_u8(&r);
		/* Mostly small ones, so that something becomes whole. */
		struct op it = {.kind = op % 8, .to = op >> 3 & 1, .number = numbers & 7, .total = numbers >> 3 & 7};

		if (op & 0x10) {
			it.number = rd_u16(&r);
			it.total = rd_u16(&r);
		}
		it.how = len & 0x80 ? rd_u8(&r) : 0x02; /* INFORMATIONAL, a request that is next */
		it.first = len & 0x40 ? rd_u8(&r) : PT_NONE;
		len &= 0x3f;
		it.bytes = rd_bytes(&r, len < r.left ? len : r.left);
		operate(&it, numbers);
		MUST(w.broken == NULL);
	}
	end(live, form % 16 < 4); /* it takes long */
	return 0;
}
