/* The engine with fragments: what is negotiated, and fragments of every odd kind, authentic and not. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/engine.h"
#include "core/ike/frag_offer.h"
#include "core/ike/frag_pile.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

#define PACKETS 256
#define SMALL "crypto ikev2 fragmentation mtu 200\n"
#define ROOM (200 - 20 - 8 - 4) /* of an IKE message on port 4500 */
#define BOTH (FRAG_STD | FRAG_CISCO)

static struct snapshot *client, *server, *client_small, *server_small, *client_off, *server_off,
	*client_cisco, *server_cisco;
static struct world w;

static struct {
	int from;
	size_t len;
	uint8_t bytes[WORLD_PACKET_MAX];
} seen[PACKETS];
static size_t n_seen;
static uint8_t payloads[MESSAGE_MAX];
static int drop_from = -1;        /* protected packets of this side are lost, */
static uint16_t drop_number;      /* or only fragments with this number */

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static bool is_fragment(const uint8_t *m)
{
	return m[16] == PT_SKF;
}

static bool record(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)world;
	(void)ctx;
	if (n_seen < PACKETS && it->len <= WORLD_PACKET_MAX) {
		seen[n_seen].from = from;
		seen[n_seen].len = it->len;
		memcpy(seen[n_seen++].bytes, it->bytes, it->len);
	}
	if (from != drop_from || it->bytes[18] == EX_IKE_SA_INIT)
		return true;
	return drop_number != 0 && !(is_fragment(it->bytes) && get16(it->bytes + 32) == drop_number);
}

static void open_world(struct snapshot *c, struct snapshot *s)
{
	n_seen = 0;
	drop_from = -1;
	drop_number = 0;
	T_TRUE(world_init(&w, 1, c, s));
	w.tap = record;
}

static void log_in(void)
{
	uint64_t sa;

	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 500);
	T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
}

static struct ike_sa *first_sa(int side)
{
	struct ike *ike = w.node[side].ike;

	return list_empty(&ike->sas) ? NULL : CONTAINER_OF(ike->sas.next, struct ike_sa, node);
}

static struct ike_sa_info info_of(int side)
{
	struct ike_sa_info info = {0};
	uint64_t cursor = 0;

	(void)ike_next_info(w.node[side].ike, &cursor, &info);
	return info;
}

static void inject(int to, const void *msg, size_t len)
{
	struct ike_sa *sa = first_sa(to);
	uint8_t *copy = malloc(len > 0 ? len : 1); /* of the exact size, for the sanitizers */

	memcpy(copy, msg, len);
	world_inject(&w, to, &sa->local, &sa->remote, copy, len);
	free(copy);
}

static uint64_t count(int side, enum counter c)
{
	return world_count(&w.node[side], c);
}

static uint64_t failures(int side, enum status st)
{
	return world_status_count(&w.node[side], st);
}

/* ---- negotiation ---------------------------------------------------------------------------------- */

/* IKEV2_FRAGMENTATION_SUPPORTED, in the INIT message of this number. */
static bool has_notify(size_t at)
{
	static const uint8_t want[] = {0, 8, 0, 0, 0x40, 0x2e};

	for (size_t i = 28; i + sizeof(want) <= seen[at].len; i++)
		if (memcmp(seen[at].bytes + i, want, sizeof(want)) == 0)
			return true;
	return false;
}

static void test_negotiation(void)
{
	struct {
		const char *name;
		struct snapshot *c, *s;
		bool std, cisco;
	} rows[] = {
		{"as it comes", client, server, true, false},
		{"client off", client_off, server, false, false},
		{"headend off", client, server_off, false, false},
		{"client has both, headend the standard", client_cisco, server, true, false},
		{"both have both", client_cisco, server_cisco, true, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].name);
		T_DO(open_world(rows[i].c, rows[i].s));
		T_DO(log_in());
		for (int side = 0; side < 2; side++) {
			struct ike_sa_info info = info_of(side);

			T_EQ(info.frag_std, rows[i].std);
			T_EQ(info.frag_cisco, rows[i].cisco);
			T_EQ(info.frag_std_configured, !(side == 0 ? rows[i].c == client_off : rows[i].s == server_off));
			T_EQ(info.frag_cisco_configured, side == 0 ? rows[i].c == client_cisco : rows[i].s == server_cisco);
		}
		/* RFC 7383 2.3: the answer has the notify only where the request had it. */
		T_EQ(has_notify(1), rows[i].std);
		T_EQ(has_notify(0), rows[i].c != client_off);
		/* RFC 7296 2.6 and our rule: the answer is not longer than what was asked. */
		T_TRUE(seen[1].from == 1 && seen[1].len <= seen[0].len);
		world_fini(&w);
	}
}

/* R-FRG-12: an SA keeps what it was made with. */
static void test_change_is_for_later_sas(void)
{
	T_DO(open_world(client_small, server_small));
	T_DO(log_in());
	ike_set_conf(w.node[1].ike, server_off);
	T_TRUE(info_of(1).frag_std);
	T_EQ(info_of(1).frag_mtu, 172);
	T_EQ(ike_rekey(w.node[1].ike, w.node[1].up_sa, false), ST_OK);
	world_run(&w, 2000);
	T_EQ(count(1, CT_IKE_REKEYED), 1);
	T_TRUE(info_of(1).frag_std); /* the successor is the same SA for everybody */
	T_EQ(info_of(1).frag_mtu, 172);
	T_EQ(info_of(0).frag_mtu, 172);
	world_fini(&w);
}

/* ---- the engine ------------------------------------------------------------------------------------ */

static void test_login_in_fragments(void)
{
	size_t fragments = 0;

	T_DO(open_world(client_small, server_small));
	T_DO(log_in());
	for (size_t i = 0; i < n_seen; i++) {
		if (seen[i].bytes[18] == EX_IKE_SA_INIT)
			continue;
		T_TRUE(seen[i].len <= ROOM);
		fragments += is_fragment(seen[i].bytes);
	}
	T_TRUE(fragments >= 4);
	T_EQ(count(0, CT_FRAGMENTS_OUT), count(1, CT_FRAGMENTS_IN));
	T_EQ(count(1, CT_FRAGMENTS_OUT), count(0, CT_FRAGMENTS_IN));
	T_EQ(count(0, CT_FRAGMENTS_WHOLE), 1);
	T_EQ(count(1, CT_FRAGMENTS_WHOLE), 1);
	T_TRUE(world_children_agree(&w));
	/* Rekeying too; small messages go as they are. */
	T_EQ(ike_rekey(w.node[0].ike, w.node[0].up_sa, true), ST_OK);
	world_run(&w, 2000);
	T_EQ(count(0, CT_CHILD_REKEYED), 1);
	T_EQ(count(1, CT_FRAGMENTS_WHOLE), 2);
	world_fini(&w);
}

/* Index of the packet with fragment `number` of side from; -1: none. */
static int find_fragment(int from, uint16_t number)
{
	for (size_t i = 0; i < n_seen; i++)
		if (seen[i].from == from && is_fragment(seen[i].bytes) &&
			get16(seen[i].bytes + 32) == number)
			return (int)i;
	return -1;
}

/* RFC 7383 2.6.1, R-FRG-11. */
static void test_repeated_request(void)
{
	uint64_t sent, again;
	uint16_t total;
	int at;

	T_DO(open_world(client_small, server_small));
	T_DO(log_in());
	at = find_fragment(0, 1);
	T_TRUE(at >= 0);
	total = get16(seen[at].bytes + 34);
	T_TRUE(total >= 2);
	sent = count(1, CT_IKE_OUT);
	for (uint16_t i = 2; i <= total; i++)
		inject(1, seen[find_fragment(0, i)].bytes, seen[find_fragment(0, i)].len);
	T_EQ(count(1, CT_IKE_OUT), sent);
	T_EQ(count(1, CT_FRAGMENTS_IGNORED), total - 1);
	again = count(1, CT_FRAGMENTS_OUT);
	inject(1, seen[at].bytes, seen[at].len);
	T_TRUE(count(1, CT_IKE_OUT) > sent + 1);
	T_EQ(count(1, CT_FRAGMENTS_OUT), 2 * again); /* the whole set */
	T_EQ(count(1, CT_IKE_RETRANS_IN), 1);
	/* Not authentic: nothing. */
	sent = count(1, CT_IKE_OUT);
	seen[at].bytes[seen[at].len - 1] ^= 1;
	inject(1, seen[at].bytes, seen[at].len);
	T_EQ(count(1, CT_IKE_OUT), sent);
	world_fini(&w);
}

/* One fragment of each set is always lost until the timers have sent them again. */
static void test_lost_fragments(void)
{
	for (int from = 0; from < 2; from++) {
		uint64_t sa;

		T_ROW(from, "from");
		T_DO(open_world(client_small, server_small));
		drop_from = from;
		drop_number = 2;
		T_EQ(world_connect(&w, &sa), ST_OK);
		world_run(&w, 1500);
		T_EQ(w.node[0].up_sa, 0);
		drop_from = -1;
		world_run(&w, 20000);
		T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
		/* What had come was not thrown away. */
		T_TRUE(count(!from, CT_FRAGMENTS_IGNORED) > 0);
		world_fini(&w);
	}
}

/* The headend holds some of IKE_AUTH's fragments. */
static void half_way(void)
{
	uint64_t sa;

	T_DO(open_world(client_small, server_small));
	drop_from = 0;
	drop_number = 2;
	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 500);
	T_TRUE(first_sa(1)->frag.request != NULL);
	T_EQ(first_sa(1)->state, SA_R_AUTH);
}

static void test_time_is_up(void)
{
	struct ike_sa *sa;

	/* An established one: a fragment of a request that never becomes whole. */
	T_DO(open_world(client_small, server_small));
	T_DO(log_in());
	drop_from = 0;
	drop_number = 2;
	T_EQ(ike_rekey(w.node[0].ike, w.node[0].up_sa, true), ST_OK);
	world_run(&w, 1000);
	sa = first_sa(1);
	T_TRUE(sa->frag.request != NULL);
	world_run(&w, 28000);
	T_TRUE(sa->frag.request != NULL);
	T_EQ(failures(1, ST_FRAGMENT_TIMEOUT), 0);
	world_run(&w, 1500);
	T_EQ(failures(1, ST_FRAGMENT_TIMEOUT), 1);
	T_EQ(sa->state, SA_UP);
	/* As if nothing had come: the next repetition, the last one, is taken. */
	drop_from = -1;
	world_run(&w, 10000);
	T_EQ(count(0, CT_CHILD_REKEYED), 1);
	T_TRUE(sa->frag.request == NULL);
	world_fini(&w);
}

/* Seals a fragment with the keys of the client's SA. Before: raw outer payload bytes in the chain. */
static size_t craft(uint32_t msgid, uint8_t exchange, uint16_t number, uint16_t total, uint8_t first,
	struct view chunk, uint8_t outer, uint8_t out[WORLD_PACKET_MAX])
{
	struct ike_sa *sa = first_sa(0);
	struct sk_key key = keys_sk(&sa->suite, sa->keys, true);
	struct ike_hdr h = {.spi_i = sa->spi_i, .spi_r = sa->spi_r, .version = IKE_VERSION,
		.exchange = exchange, .flags = IKE_FLAG_INITIATOR, .msgid = msgid};
	struct wr wr = wr_init(out, WORLD_PACKET_MAX);
	struct wr_mark length = ike_hdr_open(&wr, &h), m;
	struct payload_chain c = payload_chain_init(&wr, IKE_HDR_NEXT_AT);
	uint8_t iv[SK_IV_MAX];
	size_t at;

	(void)length;
	if (outer != 0)
		payload_put(&c, outer, "\0\0\x40\x01", 4);
	at = wr.len;
	m = payload_open(&c, PT_SKF);
	(void)m;
	payload_set_next(&c, first);
	wr_put_u8(&wr, at, first);
	wr_u16(&wr, number);
	wr_u16(&wr, total);
	sk_begin(&key, &wr);
	wr_bytes(&wr, chunk.p, chunk.len);
	w.node[0].ike->ports->random(&w.node[0], iv, sizeof(iv));
	return sk_seal(&key, &wr, at, at + 8, iv) == ST_OK ? wr.len : 0;
}

static void send_part(uint16_t number, uint16_t total, const char *bytes, size_t len)
{
	uint8_t m[WORLD_PACKET_MAX];

	inject(1, m, craft(first_sa(1)->in.next, EX_INFORMATIONAL, number, total,
		number == 1 && len > 0 ? PT_NOTIFY : PT_NONE, (struct view){(const uint8_t *)bytes, len}, 0, m));
}

static const char notify[] = "\0\0\0\x08\0\0\xa0\x01"; /* of a type that nobody knows: ignored */

static void test_bug_class_03_empty_and_one_byte_fragments(void)
{
	uint32_t next;

	T_DO(open_world(client, server));
	T_DO(log_in());
	/* Nothing at all, whole: a liveness check. */
	next = first_sa(1)->in.next;
	send_part(1, 1, "", 0);
	T_EQ(first_sa(1)->in.next, next + 1);
	T_EQ(count(1, CT_DPD_IN), 1);
	/* Empty ones around it, and between. */
	next = first_sa(1)->in.next;
	for (uint16_t i = 64; i > 1; i--)
		send_part(i, 64, "", 0);
	T_EQ(first_sa(1)->in.next, next);
	send_part(1, 64, notify, 8);
	T_EQ(first_sa(1)->in.next, next + 1);
	/* Byte by byte. */
	next = first_sa(1)->in.next;
	for (uint16_t i = 1; i <= 8; i++) {
		T_EQ(first_sa(1)->in.next, next);
		send_part(i, 8, notify + i - 1, 1);
	}
	T_EQ(first_sa(1)->in.next, next + 1);
	T_EQ(first_sa(1)->state, SA_UP);
	T_EQ(w.node[1].n_child, 1);
	world_fini(&w);
}

/* RFC 7383 2.6: a finer cut supersedes, a coarser one is ignored, and neither is mixed. */
static void test_bug_class_27_changed_totals(void)
{
	uint32_t next;

	T_DO(open_world(client, server));
	T_DO(log_in());
	next = first_sa(1)->in.next;
	send_part(1, 2, "garbage", 7);
	send_part(2, 3, notify + 3, 3);
	send_part(2, 2, "", 0); /* would complete the older one */
	send_part(1, 1, "", 0);
	T_EQ(failures(1, ST_BAD_FRAGMENT), 2);
	T_EQ(first_sa(1)->in.next, next);
	send_part(1, 3, notify, 3);
	send_part(3, 3, notify + 6, 2);
	T_EQ(first_sa(1)->in.next, next + 1);
	T_EQ(first_sa(1)->state, SA_UP);
	world_fini(&w);
}

/* Authentic, and odd in every other way: counted, nothing more. */
static void test_bug_class_01_odd_fragments_of_the_peer(void)
{
	static const struct {
		const char *name;
		uint16_t number, total;
		uint32_t ahead; /* message ID beyond the next one */
		uint8_t outer;  /* payload before the SKF */
		enum status st;
	} rows[] = {
		{"number 0", 0, 1, 0, 0, ST_BAD_FRAGMENT},
		{"total 0", 1, 0, 0, 0, ST_BAD_FRAGMENT},
		{"both 0", 0, 0, 0, 0, ST_BAD_FRAGMENT},
		{"number above total", 3, 2, 0, 0, ST_BAD_FRAGMENT},
		{"highest", 65535, 65534, 0, 0, ST_BAD_FRAGMENT},
		{"too many", 1, FRAG_TOTAL_MAX + 1, 0, 0, ST_FRAGMENT_LIMIT},
		{"most that there can be", 65535, 65535, 0, 0, ST_FRAGMENT_LIMIT},
		{"a notify before it", 1, 1, 0, PT_NOTIFY, ST_BAD_FRAGMENT},
		{"an SA before it", 1, 2, 0, PT_SA, ST_BAD_FRAGMENT},
		{"ahead of the window", 1, 2, 5, 0, ST_BAD_MSGID},
		{"far ahead", 1, 2, 1000000, 0, ST_BAD_MSGID},
	};
	uint8_t m[WORLD_PACKET_MAX];

	T_DO(open_world(client, server));
	T_DO(log_in());
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t live = mem_live();
		uint64_t before = failures(1, rows[i].st), sent = count(1, CT_IKE_OUT);
		uint32_t next = first_sa(1)->in.next;

		T_ROW(i, rows[i].name);
		inject(1, m, craft(next + rows[i].ahead, EX_INFORMATIONAL, rows[i].number,
			rows[i].total, PT_NONE, (struct view){0}, rows[i].outer, m));
		T_EQ(failures(1, rows[i].st), before + 1);
		T_EQ(count(1, CT_IKE_OUT), sent);
		T_EQ(first_sa(1)->in.next, next);
		T_EQ(mem_live(), live);
	}
	/* An outer payload of an unknown type, not critical: skipped, as everywhere (RFC 7296 2.5). */
	inject(1, m, craft(first_sa(1)->in.next, EX_INFORMATIONAL, 1, 1, PT_NONE, (struct view){0}, 200, m));
	T_EQ(count(1, CT_DPD_IN), 1);
	T_EQ(first_sa(1)->state, SA_UP);
	world_fini(&w);
}

/* Bits of every byte and every length of each fragment: against one that is half open and has some
 * fragments, and against one that lives. */
static void bend_all(int to, int at)
{
	uint8_t m[WORLD_PACKET_MAX];
	const uint8_t *good = seen[at].bytes;
	size_t len = seen[at].len;

	for (size_t i = 16; i < len; i++) {
		memcpy(m, good, len);
		m[i] ^= 0x21;
		inject(to, m, len);
	}
	for (size_t n = 0; n < len; n++) {
		memcpy(m, good, len);
		inject(to, m, n);
		put16(m + 26, (unsigned)n);
		inject(to, m, n);
		if (n < 36)
			continue;
		put16(m + 30, (unsigned)(n - 28));
		inject(to, m, n);
		for (unsigned k = 0; k < 4; k++) {
			put16(m + 32, k & 1);
			put16(m + 34, k >> 1);
			inject(to, m, n);
		}
	}
}

static void test_bug_class_25_forged_fragments(void)
{
	struct frag_set *set;
	int64_t live;
	uint64_t whole;

	T_DO(half_way());
	set = first_sa(1)->frag.request;
	live = mem_live();
	T_DO(bend_all(1, find_fragment(0, 1)));
	T_DO(bend_all(1, find_fragment(0, 2)));
	T_TRUE(first_sa(1)->frag.request == set && mem_live() == live);
	T_EQ(first_sa(1)->state, SA_R_AUTH);
	drop_from = -1;
	world_run(&w, 5000);
	T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
	whole = count(1, CT_FRAGMENTS_WHOLE);
	T_DO(bend_all(1, find_fragment(0, 1)));
	T_DO(bend_all(1, find_fragment(0, 2)));
	T_DO(bend_all(0, find_fragment(1, 1)));
	T_EQ(count(1, CT_FRAGMENTS_WHOLE), whole);
	T_EQ(first_sa(1)->state, SA_UP);
	T_EQ(first_sa(0)->state, SA_UP);
	T_TRUE(first_sa(1)->frag.request == NULL && first_sa(0)->frag.reply == NULL);
	world_fini(&w);
}

/* An hour of pieces that never fit leaves nothing behind. */
static void test_bug_class_02_memory_stays(void)
{
	int64_t live = 0;

	T_DO(open_world(client, server));
	T_DO(log_in());
	send_part(1, 2, notify, 8);
	for (unsigned i = 0; i < 3600; i++) {
		uint16_t total = (uint16_t)(2 + i * 7919 % (FRAG_TOTAL_MAX + 20));

		send_part((uint16_t)(1 + i % total), total, notify, i % 9);
		if (i % 60 == 0)
			world_run(&w, 60000);
		if (i == 600)
			live = mem_live();
	}
	world_run(&w, 60000);
	T_TRUE(first_sa(1)->frag.request == NULL);
	T_TRUE(mem_live() <= live + 5); /* no more than the replies that a window keeps */
	T_EQ(first_sa(1)->state, SA_UP);
	world_fini(&w);
}

static void test_fragments_out_of_memory(void)
{
	for (uint64_t n = 1; n < 12; n++) {
		uint32_t next;

		T_ROW(n, "allocation");
		T_DO(open_world(client, server));
		T_DO(log_in());
		next = first_sa(1)->in.next;
		mem_fail_at(n);
		for (uint16_t i = 1; i <= 4; i++)
			send_part(i, 4, notify + (i - 1) * 2, 2);
		mem_fail_at(0);
		for (uint16_t i = 1; i <= 4; i++)
			send_part(i, 4, notify + (i - 1) * 2, 2);
		/* The reply may not have been kept; it comes with the next repetition. */
		if (first_sa(1)->in.next == next)
			for (uint16_t i = 1; i <= 4; i++)
				send_part(i, 4, notify + (i - 1) * 2, 2);
		T_TRUE(first_sa(1)->in.next == next + 1 || first_sa(1)->in.next == next + 2);
		world_fini(&w);
	}
}

static void test_death_and_return(void)
{
	uint64_t sent;
	int request, reply;

	T_DO(open_world(client_small, server_small));
	T_DO(log_in());
	request = find_fragment(0, 1);
	reply = find_fragment(1, 1);
	T_TRUE(world_restart(&w, 1));
	T_TRUE(info_of(1).frag_std && info_of(1).frag_std_configured);
	T_EQ(info_of(1).frag_mtu, 172);
	/* The kept reply is still there, in its fragments. */
	sent = n_seen;
	inject(1, seen[request].bytes, seen[request].len);
	T_TRUE(n_seen > sent + 1);
	T_EQ(seen[sent].len, seen[reply].len);
	T_MEM(seen[sent].bytes, seen[reply].bytes, seen[reply].len);
	world_fini(&w);
	/* An open request of ours in fragments goes on after the death of its engine. */
	T_DO(open_world(client_small, server_small));
	T_DO(log_in());
	drop_from = 0;
	T_EQ(ike_rekey(w.node[0].ike, w.node[0].up_sa, true), ST_OK);
	world_run(&w, 100);
	T_TRUE(world_restart(&w, 0));
	drop_from = -1;
	world_run(&w, 5000);
	T_EQ(count(1, CT_CHILD_REKEYED), 1);
	T_TRUE(world_children_agree(&w));
	world_fini(&w);
}

static void test_message_that_cannot_be_cut(void)
{
	struct msg_out o;
	struct view msg;

	T_DO(open_world(client_small, server_small));
	T_DO(log_in());
	first_sa(0)->frag.mtu = 68;
	for (int is_too_long = 0; is_too_long < 2; is_too_long++) {
		msg_start(&o, first_sa(0), EX_INFORMATIONAL, false, first_sa(0)->out.next);
		payload_put(&o.c, PT_VENDOR, payloads, FRAG_TOTAL_MAX * FRAG_CHUNK_MIN - 4 + (size_t)is_too_long);
		T_EQ(msg_end(&o, &msg), is_too_long ? ST_FRAGMENT_LIMIT : ST_OK);
		T_EQ(msg.len == 0, is_too_long);
	}
	/* A liveness check is as short as it can be already. */
	msg_start(&o, first_sa(0), EX_INFORMATIONAL, false, first_sa(0)->out.next);
	T_EQ(msg_end(&o, &msg), ST_OK);
	T_EQ(msg.p[16], PT_SK);
	/* The longest that we make, at what is usual. */
	first_sa(0)->frag.mtu = 0;
	msg_start(&o, first_sa(0), EX_INFORMATIONAL, false, first_sa(0)->out.next);
	payload_put(&o.c, PT_VENDOR, payloads, 8000);
	T_EQ(msg_end(&o, &msg), ST_OK);
	/* No plain text stays where it was written. */
	for (size_t i = 0; i < 8000; i++)
		T_EQ(w.node[0].ike->out[i], 0);
	world_fini(&w);
}

/* Without fragmentation an SKF is nothing that we know. */
static void test_not_negotiated(void)
{
	uint32_t next;

	T_DO(open_world(client, server_off));
	T_DO(log_in());
	next = first_sa(1)->in.next;
	send_part(1, 1, "", 0);
	T_EQ(first_sa(1)->in.next, next);
	T_EQ(failures(1, ST_BAD_EXCHANGE), 1);
	T_EQ(count(1, CT_FRAGMENTS_IN), 0);
	world_fini(&w);
}

/* ---- Cisco's ---------------------------------------------------------------------------------------- */

/* An SA whose two sides agreed on that form: only a peer without RFC 7383 leads to it. */
static void cisco_world(void)
{
	T_DO(open_world(client_cisco, server_cisco));
	T_DO(log_in());
	first_sa(1)->frag.form = (uint8_t)frag_select(first_sa(1)->frag.ours, FRAG_CISCO);
	T_EQ(first_sa(1)->frag.form, FRAG_CISCO);
	T_TRUE(info_of(1).frag_cisco && !info_of(1).frag_std);
}

static size_t piece(uint16_t id, uint8_t number, bool is_last, const uint8_t *bytes, size_t len,
	uint8_t out[WORLD_PACKET_MAX])
{
	struct ike_sa *sa = first_sa(0);
	struct ike_hdr h = {.spi_i = sa->spi_i, .spi_r = sa->spi_r, .version = IKE_VERSION,
		.exchange = EX_INFORMATIONAL, .flags = IKE_FLAG_INITIATOR, .msgid = id};
	struct wr wr = wr_init(out, WORLD_PACKET_MAX);
	struct wr_mark length = ike_hdr_open(&wr, &h), m;
	struct payload_chain c = payload_chain_init(&wr, IKE_HDR_NEXT_AT);

	m = payload_open(&c, PT_CISCO_FRAGMENT);
	wr_u16(&wr, id);
	wr_u8(&wr, number);
	wr_u8(&wr, is_last);
	wr_bytes(&wr, bytes, len);
	payload_close(&c, m);
	wr_close32(&wr, length);
	return wr.len;
}

static void send_piece(uint16_t id, uint8_t number, bool is_last, const uint8_t *bytes, size_t len)
{
	uint8_t m[WORLD_PACKET_MAX];

	inject(1, m, piece(id, number, is_last, bytes, len, m));
}

/* An authentic liveness check of the client, whole. */
static size_t check_message(uint8_t out[WORLD_PACKET_MAX])
{
	struct msg_out o;
	struct view msg = {0};

	msg_start(&o, first_sa(0), EX_INFORMATIONAL, false, first_sa(1)->in.next);
	if (msg_end(&o, &msg) != ST_OK)
		return 0;
	memcpy(out, msg.p, msg.len);
	return msg.len;
}

static void test_cisco_pieces(void)
{
	uint8_t m[WORLD_PACKET_MAX];
	size_t len;

	T_DO(cisco_world());
	/* In order, the other way round, each twice, one byte each. */
	for (int way = 0; way < 3; way++) {
		size_t step = way == 2 ? 1 : 20, n;
		uint64_t before = count(1, CT_DPD_IN);

		T_ROW(way, "way");
		len = check_message(m);
		T_TRUE(len > 50);
		n = (len + step - 1) / step;
		T_TRUE(n <= PILE_PIECES);
		for (size_t i = 0; i < n; i++) {
			size_t k = way == 1 ? n - 1 - i : i;
			size_t part = k == n - 1 ? len - k * step : step;

			send_piece((uint16_t)(77 + way), (uint8_t)(k + 1), k == n - 1, m + k * step, part);
			if (way == 1 && i + 1 < n)
				send_piece((uint16_t)(77 + way), (uint8_t)(k + 1), k == n - 1, m + k * step, part);
		}
		T_EQ(count(1, CT_DPD_IN), before + 1);
	}
	T_EQ(first_sa(1)->state, SA_UP);
	world_fini(&w);
}

static void test_cisco_forged_pieces(void)
{
	uint8_t m[WORLD_PACKET_MAX], junk[WORLD_PACKET_MAX] = {0};
	uint64_t checks, sent;
	int64_t live;
	size_t len;

	T_DO(cisco_world());
	live = mem_live();
	sent = count(1, CT_IKE_OUT);
	/* A forged piece spoils the message, and only that. */
	len = check_message(m);
	checks = count(1, CT_DPD_IN);
	send_piece(1, 2, true, junk, 10);
	send_piece(1, 1, false, m, len - 10);
	T_EQ(first_sa(1)->frag.pile == NULL, true);
	T_EQ(count(1, CT_DPD_IN), checks);
	T_TRUE(failures(1, ST_NOT_AUTHENTIC) > 0);
	/* An INIT, another SA's, a fragment in a fragment, a cleartext notify. */
	memset(junk, 0, sizeof(junk));
	send_piece(2, 1, true, junk, 60);
	memcpy(junk, m, 28);
	junk[18] = EX_IKE_SA_INIT;
	send_piece(3, 1, true, junk, len);
	memcpy(junk, m, len);
	junk[0] ^= 1;
	send_piece(4, 1, true, junk, len);
	send_piece(5, 1, true, junk, piece(9, 1, true, m, len, junk));
	/* Authentic, but of no exchange that may be fragmented, or with the name of another SA. */
	checks = failures(1, ST_BAD_FRAGMENT);
	for (int is_init = 0; is_init < 2; is_init++) {
		struct msg_out o;
		struct view msg;

		first_sa(0)->spi_r ^= !is_init;
		msg_start(&o, first_sa(0), is_init ? EX_IKE_SA_INIT : EX_INFORMATIONAL, false,
			first_sa(1)->in.next);
		T_EQ(msg_end(&o, &msg), ST_OK);
		first_sa(0)->spi_r ^= !is_init;
		memcpy(junk, msg.p, msg.len);
		send_piece(10, 1, true, junk, msg.len);
		T_EQ(failures(1, ST_BAD_FRAGMENT), ++checks);
	}
	/* Odd numbers, no end, two ends, too much. */
	send_piece(6, 0, true, m, 10);
	send_piece(6, 255, true, m, 10);
	send_piece(6, 1, false, m, 0);
	send_piece(7, 5, true, m, 10);
	send_piece(7, 6, false, m, 10);
	send_piece(7, 4, true, m, 10);
	for (uint8_t i = 1; i < 30; i++)
		send_piece(8, i, false, junk, 1400);
	T_EQ(count(1, CT_IKE_OUT), sent);
	T_EQ(first_sa(1)->state, SA_UP);
	world_run(&w, 11000);
	T_TRUE(first_sa(1)->frag.pile == NULL);
	T_TRUE(failures(1, ST_FRAGMENT_TIMEOUT) > 0);
	T_TRUE(mem_live() <= live + 2); /* kept replies of the liveness checks between */
	/* And the true message still arrives. */
	first_sa(0)->out.next = first_sa(1)->in.next;
	len = check_message(m);
	checks = count(1, CT_DPD_IN);
	send_piece(9, 1, false, m, 40);
	send_piece(9, 2, true, m + 40, len - 40);
	T_EQ(count(1, CT_DPD_IN), checks + 1);
	world_fini(&w);
}

static void test_cisco_is_off(void)
{
	uint8_t m[WORLD_PACKET_MAX];
	int64_t live;
	size_t len;

	T_DO(open_world(client, server));
	T_DO(log_in());
	live = mem_live();
	len = check_message(m);
	send_piece(1, 1, true, m, len);
	send_piece(2, 1, false, m, len);
	T_EQ(count(1, CT_DPD_IN), 0);
	T_EQ(mem_live(), live);
	world_fini(&w);
}

static struct snapshot *conf_of(const char *text, const char *more)
{
	char all[2048];

	snprintf(all, sizeof(all), "%s%s", text, more);
	return world_conf(all);
}

int main(void)
{
	static const char cisco[] = "sallyport ike fragmentation cisco\n", off[] = "no crypto ikev2 fragmentation\n";
	struct snapshot **const all[] = {&client, &server, &client_small, &server_small, &client_off,
		&server_off, &client_cisco, &server_cisco};
	const char *const more[] = {"", SMALL, off, cisco};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		*all[i] = conf_of(i % 2 == 0 ? world_client_text : world_server_text, more[i / 2]);
	T_RUN(test_negotiation);
	T_RUN(test_change_is_for_later_sas);
	T_RUN(test_login_in_fragments);
	T_RUN(test_repeated_request);
	T_RUN(test_lost_fragments);
	T_RUN(test_time_is_up);
	T_RUN(test_bug_class_03_empty_and_one_byte_fragments);
	T_RUN(test_bug_class_27_changed_totals);
	T_RUN(test_bug_class_01_odd_fragments_of_the_peer);
	T_RUN(test_bug_class_25_forged_fragments);
	T_RUN(test_bug_class_02_memory_stays);
	T_RUN(test_fragments_out_of_memory);
	T_RUN(test_death_and_return);
	T_RUN(test_message_that_cannot_be_cut);
	T_RUN(test_not_negotiated);
	T_RUN(test_cisco_pieces);
	T_RUN(test_cisco_forged_pieces);
	T_RUN(test_cisco_is_off);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		snapshot_unref(*all[i]);
	return t_end();
}
