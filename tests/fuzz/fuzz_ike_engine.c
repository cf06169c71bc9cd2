/* The engine with state: a login is brought to some point, then the input says what happens: raw
 * datagrams, datagrams with the SA's header, authentic ones with any payloads (what a hostile but
 * authenticated peer can do, from its address or another one), time, moves, restarts, refusals. Rules: raw input never ends an SA, the
 * world's own rules hold, and after the end nothing is left.
 *
 * Input: stage, then operations {op, argument, length, bytes}. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/engine.h"
#include "tests/lib/ike_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

static bool is_away; /* what comes is from another address */

static void put(int to, const uint8_t *msg, size_t len)
{
	const char *from = is_away ? "203.0.113.7" : to == 1 ? "192.0.2.1" : "198.51.100.1";
	struct endpoint remote = world_endpoint(from, 4500);
	struct endpoint local = world_endpoint(to == 1 ? "198.51.100.1" : "192.0.2.1", 4500);
	uint8_t *copy = malloc(len > 0 ? len : 1);

	if (len > 0)
		memcpy(copy, msg, len);
	world_inject(&w, to, &local, &remote, copy, len);
	free(copy);
}

/* With the SPIs, the length and the next message ID of an SA, but not its keys. */
static void put_with_header(int to, uint8_t arg, struct view v)
{
	struct ike_sa *sa = first_sa(to);
	uint8_t msg[IKE_HDR_LEN + 256];
	struct wr wr = wr_init(msg, sizeof(msg));
	struct ike_hdr h = {.version = IKE_VERSION};
	struct wr_mark m;

	if (sa == NULL || v.len < 2 || v.len > 256)
		return;
	h.spi_i = sa->spi_i;
	h.spi_r = sa->spi_r;
	h.next = v.p[0];
	h.exchange = v.p[1];
	h.flags = arg & 0x28;
	h.msgid = arg & 1 ? sa->in.next : sa->out.msgid;
	m = ike_hdr_open(&wr, &h);
	wr_bytes(&wr, v.p + 2, v.len - 2);
	wr_close32(&wr, m);
	put(to, msg, wr.len);
}

/* Authentic: the bytes are the chain inside SK; the first is its type. */
static void put_authentic(int to, uint8_t arg, struct view v)
{
	struct ike_sa *from = first_sa(!to), *sa = first_sa(to);
	uint8_t msg[1024];
	struct msg_out o;
	struct view out;

	if (from == NULL || sa == NULL || !from->has_keys || !sa->has_keys || v.len < 1 || v.len > 256)
		return;
	msg_start(&o, from, (uint8_t)(34 + arg % 5), arg & 0x20,
		arg & 0x20 ? sa->out.msgid : sa->in.next);
	payload_set_next(&o.c, v.p[0]);
	wr_bytes(&o.w, v.p + 1, v.len - 1);
	if (msg_end(&o, &out) != ST_OK || out.len > sizeof(msg))
		return;
	memcpy(msg, out.p, out.len);
	put(to, msg, out.len);
}

static void operate(uint8_t op, uint8_t arg, struct view v)
{
	int to = (op >> 4) & 1;
	uint64_t up = w.node[to].up_sa;

	is_away = op & 0x40;
	switch (op % 8) {
	case 0:
		put(to, v.p, v.len);
		MUST(w.node[to].up_sa == up);
		break;
	case 1:
		put_with_header(to, arg, v);
		MUST(w.node[to].up_sa == up);
		break;
	case 2:
	case 3:
		put_authentic(to, arg, v);
		break;
	case 4:
		if (is_away) {
			world_readdress(&w, 0, arg & 1 ? "192.0.2.9" : "2001:db8::9", "192.0.2.1");
			ike_on_paths_changed(w.node[0].ike);
		}
		world_run(&w, arg * 50u);
		break;
	case 5:
		MUST(world_restart(&w, to));
		break;
	case 6:
		w.node[to].psk_status = arg & 1 ? ST_NO_KEY : ST_OK;
		w.node[to].authorize_status = arg & 2 ? ST_NOT_AUTHORIZED : ST_OK;
		w.node[to].commit_status = arg & 4 ? ST_STORE : ST_OK;
		w.node[to].install_status = arg & 8 ? ST_INSTALL : ST_OK;
		w.node[to].never_answers = arg & 16;
		w.node[to].hook_status = arg & 32 ? ST_HOOK_REFUSED : ST_OK;
		snprintf(w.node[to].hook_profile, IKE_NAME_LEN, "%s", arg & 64 ? "nowhere" : "");
		break;
	default:
		(void)!ike_thaw(w.node[to].ike, v);
		break;
	}
}

static void start(uint8_t stage)
{
	uint64_t sa;

	w.node[1].never_answers = stage % 4 == 1;
	if (stage % 4 != 0)
		(void)!world_connect(&w, &sa);
	/* 1: in the middle of the headend's work; 2: somewhere on the way; 3: logged in */
	world_run(&w, stage % 4 == 3 ? 200 : 5u + stage / 4 % 32);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	int64_t live;

	if (client == NULL) {
		client = world_conf(world_client_text);
		server = world_conf(world_server_text);
	}
	live = mem_live();
	MUST(world_init(&w, 1, client, server));
	start(rd_u8(&r));
	for (unsigned i = 0; i < 24 && r.left > 0; i++) {
		uint8_t op = rd_u8(&r), arg = rd_u8(&r), len = rd_u8(&r);

		operate(op, arg, rd_bytes(&r, len < r.left ? len : r.left));
		MUST(w.broken == NULL);
	}
	for (int i = 0; i < 2; i++) {
		w.node[i].never_answers = false;
		ike_close_all(w.node[i].ike, ST_END_SHUTDOWN);
	}
	world_run(&w, 300000);
	ike_close_all(w.node[0].ike, ST_END_SHUTDOWN);
	ike_close_all(w.node[1].ike, ST_END_SHUTDOWN);
	world_run(&w, 120000);
	MUST(w.broken == NULL && world_is_empty(&w));
	world_fini(&w);
	MUST(mem_live() == live);
	return 0;
}
