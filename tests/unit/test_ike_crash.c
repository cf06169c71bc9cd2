/* Quick crash detection (RFC 6290) and notices of unknown SPIs (RFC 7296 1.5, 2.4; R-ISP): what brings
 * lost SAs to an end at once, and what must not. */
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/engine.h"
#include "core/wire/notify.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

#define TOKEN 16

static struct world w;
static struct snapshot *client, *server;
static uint64_t sa;

static struct {
	size_t len;
	uint8_t bytes[WORLD_PACKET_MAX];
	struct endpoint local, remote;
} last[2]; /* of each side */
static bool drops[2];

static bool record(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)world;
	(void)ctx;
	if (it->len <= WORLD_PACKET_MAX) {
		last[from].len = it->len;
		last[from].local = it->local;
		last[from].remote = it->remote;
		memcpy(last[from].bytes, it->bytes, it->len);
	}
	return !drops[from];
}

static void open_world_with(const char *client_more, const char *server_more)
{
	char text[4096];

	snprintf(text, sizeof(text), "%s%s", client_more, world_client_text);
	client = world_conf(text);
	snprintf(text, sizeof(text), "%s%s", server_more, world_server_text);
	server = world_conf(text);
	memset(last, 0, sizeof(last));
	drops[0] = drops[1] = false;
	T_TRUE(world_init(&w, 5, client, server));
	w.tap = record;
	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 500);
	T_TRUE(w.node[0].up_sa == sa && w.node[1].up_sa != 0);
}

static void open_world(void)
{
	open_world_with("", "");
}

static void close_world(void)
{
	world_fini(&w);
	snapshot_unref(client);
	snapshot_unref(server);
	T_EQ(mem_live(), 0);
}

static struct ike_sa *sa_of(int side)
{
	return CONTAINER_OF(w.node[side].ike->sas.next, struct ike_sa, node);
}

/* The side asks for life, whatever its clock says. */
static void checks(int side)
{
	ike_enter(w.node[side].ike);
	sa_event(sa_of(side), SE_DPD, ST_OK);
	ike_settle(w.node[side].ike);
}

static void crash(int side)
{
	w.node[side].n_child = 0;
	w.node[side].up_sa = 0;
	T_TRUE(world_power_cycle(&w, side));
}

static void both_live(void)
{
	T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
	T_EQ(w.node[0].told[IKE_EV_SA_DOWN] + w.node[1].told[IKE_EV_SA_DOWN], 0);
	T_EQ(world_count(&w.node[0], CT_QCD_IN) + world_count(&w.node[1], CT_QCD_IN), 0);
}

/* ---- tokens ----------------------------------------------------------------------------------------- */

/* Whoever crashed, the other one knows with its next message. */
static void test_crash(void)
{
	for (int lost = 0; lost < 2; lost++) {
		int other = !lost;

		T_ROW((size_t)lost, "lost by");
		T_DO(open_world());
		T_DO(crash(lost));
		T_EQ(w.node[other].told[IKE_EV_SA_DOWN], 0);
		checks(other);
		world_run(&w, 50);
		T_EQ(w.node[other].told[IKE_EV_SA_DOWN], 1);
		T_EQ(w.node[other].last_status, ST_END_CRASHED);
		T_EQ(world_count(&w.node[other], CT_QCD_IN), 1);
		T_EQ(world_count(&w.node[lost], CT_QCD_OUT), 1);
		/* No reply is longer than its request. */
		T_TRUE(last[lost].len <= last[other].len);
		T_TRUE(world_is_empty(&w));
		close_world();
	}
}

/* The token is that of the SA as it is after rekeying, whoever rekeyed it, and a new main knows it. */
static void test_crash_after_rekey(void)
{
	for (int i = 0; i < 16; i++) {
		int by = i & 1, lost = i >> 1 & 1, other = !lost;

		T_ROW((size_t)i, "rekeyed by, lost by, restarted, and who rekeyed");
		T_DO(open_world());
		T_EQ(ike_rekey(w.node[by].ike, by == 0 ? sa : w.node[1].up_sa, false), ST_OK);
		while (w.node[by].told[IKE_EV_SA_REKEYED] == 0 && world_step(&w, 3000))
			continue;
		if (i & 8) /* before its token went out */
			T_TRUE(world_restart(&w, by));
		world_run(&w, 3000);
		T_EQ(w.node[by].told[IKE_EV_SA_REKEYED], 1);
		T_EQ(ike_count(w.node[0].ike), 1);
		if (i & 4)
			T_TRUE(world_restart(&w, other));
		T_DO(crash(lost));
		checks(other);
		world_run(&w, 50);
		T_EQ(w.node[other].last_status, ST_END_CRASHED);
		close_world();
	}
}

static void test_switched_off(void)
{
	static const char off[] = "no sallyport quick-crash-detection\n";

	for (int i = 0; i < 4; i++) {
		T_ROW((size_t)i, "off at");
		T_DO(open_world_with(i & 1 ? off : "", i & 2 ? off : ""));
		T_DO(crash(1));
		checks(0);
		world_run(&w, 50);
		T_EQ(world_count(&w.node[1], CT_QCD_OUT), i & 2 ? 0 : 1);
		T_EQ(w.node[0].told[IKE_EV_SA_DOWN], i == 0 ? 1 : 0);
		close_world();
	}
}

static void true_token(int of, uint8_t out[TOKEN]);

static bool shows(const uint8_t *msg, size_t len, const uint8_t token[TOKEN])
{
	struct ike_message m;
	struct notify n;

	return ike_message_parse((struct view){msg, len}, &m) == ST_OK && m.p.sk_type == 0 &&
	       msg_find_notify(&m.p, N_QUICK_CRASH_DETECTION, &n) && n.data.len == TOKEN &&
	       memcmp(n.data.p, token, TOKEN) == 0;
}

static void put64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (56 - 8 * i));
}

/* Section 9.2: never for an SA that lives, however the SPIs are written down. */
static void test_never_of_a_live_sa(void)
{
	uint8_t token[TOKEN];

	for (unsigned i = 0; i < 128; i++) {
		int to = i & 64 ? 0 : 1;
		uint8_t msg[WORLD_PACKET_MAX];
		struct endpoint from = world_endpoint("203.0.113.9", 4500);
		struct ike_sa *s;
		size_t len;

		T_ROW(i, "flags, exchange, SPIs, to whom");
		T_DO(open_world());
		checks(!to);
		world_run(&w, 50);
		s = sa_of(to);
		len = last[!to].len;
		memcpy(msg, last[!to].bytes, len);
		msg[19] = (uint8_t)(i & 1 ? 0 : IKE_FLAG_INITIATOR);
		msg[18] = i & 2 ? EX_CREATE_CHILD_SA : EX_INFORMATIONAL;
		put64(msg, i & 16 ? 77 : i & 4 ? s->spi_r : s->spi_i);
		put64(msg + 8, i & 32 ? 77 : i & 8 ? s->spi_r : s->spi_i);
		last[to].len = 0;
		world_inject(&w, to, &s->local, &from, msg, len);
		len = last[to].len;
		memcpy(msg, last[to].bytes, len);
		true_token(to, token);
		T_TRUE(len == 0 || !shows(msg, len, token));
		T_DO(both_live());
		close_world();
	}
}

/* The peer has the successor of the SA already, and we do not: that is no loss. */
static void test_never_of_one_to_be(void)
{
	for (int by = 0; by < 2; by++) {
		T_ROW((size_t)by, "rekeyed by");
		T_DO(open_world());
		T_EQ(ike_rekey(w.node[by].ike, by == 0 ? sa : w.node[1].up_sa, false), ST_OK);
		while (w.node[!by].told[IKE_EV_SA_REKEYED] == 0 && world_step(&w, 3000))
			continue;
		T_EQ(w.node[by].told[IKE_EV_SA_REKEYED], 0);
		w.knobs.answer_ms = 100; /* of the key exchange */
		checks(!by);
		world_run(&w, 50);
		T_EQ(w.node[by].told[IKE_EV_SA_REKEYED], 0);
		T_EQ(world_count(&w.node[by], CT_QCD_OUT), 0);
		world_run(&w, 5000);
		T_EQ(w.node[by].told[IKE_EV_SA_REKEYED], 1);
		T_DO(both_live());
		T_TRUE(world_children_agree(&w));
		close_world();
	}
}

/* ---- forged ------------------------------------------------------------------------------------------- */

static size_t plain(uint8_t *out, size_t cap, const struct ike_hdr *hdr, const uint16_t *types,
	const struct view *data, size_t n)
{
	struct wr o = wr_init(out, cap);
	struct wr_mark length = ike_hdr_open(&o, hdr);
	struct payload_chain c = payload_chain_init(&o, IKE_HDR_NEXT_AT);

	for (size_t i = 0; i < n; i++) {
		struct wr_mark m = payload_open(&c, PT_NOTIFY);

		notify_build_plain(&o, types[i], data[i].p, data[i].len);
		payload_close(&c, m);
	}
	wr_close32(&o, length);
	return o.len;
}

/* As if the other side had forgotten; from any address. */
static void inject(int to, const uint16_t *types, const struct view *data, size_t n)
{
	struct ike_sa *s = sa_of(to);
	struct ike_hdr hdr = {
		.spi_i = s->spi_i,
		.spi_r = s->spi_r,
		.version = IKE_VERSION,
		.exchange = EX_INFORMATIONAL,
		.flags = (uint8_t)(IKE_FLAG_RESPONSE | (s->is_initiator ? 0 : IKE_FLAG_INITIATOR)),
		.msgid = s->out.next - 1,
	};
	struct endpoint from = world_endpoint("203.0.113.9", 4500);
	uint8_t msg[WORLD_PACKET_MAX];
	size_t len = plain(msg, sizeof(msg), &hdr, types, data, n);

	world_inject(&w, to, &s->local, &from, msg, len);
}

/* The true one, from the mouth of who lost the SA; only a test can have both. */
static void true_token(int of, uint8_t out[TOKEN])
{
	static struct world other;
	struct ike_sa *s = sa_of(0);
	struct ike_hdr hdr = {
		.spi_i = s->spi_i,
		.spi_r = s->spi_r,
		.version = IKE_VERSION,
		.exchange = EX_INFORMATIONAL,
		.flags = (uint8_t)(of == 1 ? IKE_FLAG_INITIATOR : 0),
	};
	uint8_t msg[256];
	struct wr o = wr_init(msg, sizeof(msg));
	struct wr_mark length = ike_hdr_open(&o, &hdr);
	struct payload_chain c = payload_chain_init(&o, IKE_HDR_NEXT_AT);
	struct wr_mark sk = payload_open(&c, PT_SK);
	struct endpoint from = world_endpoint("203.0.113.9", 4500);
	struct endpoint at = world_endpoint(of == 1 ? "198.51.100.1" : "192.0.2.1", 4500);
	struct ike_message m;
	struct notify n = {0};

	wr_zeros(&o, 100);
	payload_close(&c, sk);
	wr_close32(&o, length);
	T_TRUE(world_init(&other, 9, client, server));
	other.tap = record;
	world_inject(&other, of, &at, &from, msg, o.len);
	T_EQ(ike_message_parse((struct view){last[of].bytes, last[of].len}, &m), ST_OK);
	T_TRUE(msg_find_notify(&m.p, N_QUICK_CRASH_DETECTION, &n) && n.data.len == TOKEN);
	memcpy(out, n.data.p, TOKEN);
	world_fini(&other);
}

static void test_forged_tokens(void)
{
	uint8_t right[TOKEN], bent[5][TOKEN], mine[TOKEN];
	uint16_t types[7];
	struct view data[7];

	T_DO(open_world());
	true_token(1, right);
	true_token(0, mine);
	for (size_t i = 0; i < 7; i++)
		types[i] = N_QUICK_CRASH_DETECTION;
	/* Each bit, one byte less, one more, none, the other side's own. */
	for (unsigned bit = 0; bit < TOKEN * 8; bit++) {
		T_ROW(bit, "bit");
		memcpy(bent[0], right, TOKEN);
		bent[0][bit / 8] ^= (uint8_t)(1u << bit % 8);
		data[0] = (struct view){bent[0], TOKEN};
		inject(0, types, data, 1);
	}
	data[0] = (struct view){right, TOKEN - 1};
	inject(0, types, data, 1);
	data[0] = (struct view){right, 0};
	inject(0, types, data, 1);
	data[0] = (struct view){mine, TOKEN};
	inject(0, types, data, 1);
	/* The right one behind four wrong ones is not looked at. */
	for (size_t i = 0; i < 4; i++) {
		memset(bent[i], (int)i, TOKEN);
		data[i] = (struct view){bent[i], TOKEN};
	}
	data[4] = (struct view){right, TOKEN};
	world_run(&w, 5000);
	inject(0, types, data, 5);
	T_DO(both_live());
	T_TRUE(world_count(&w.node[0], CT_QCD_BAD) >= 100);
	/* As the fourth it is. */
	data[3] = data[4];
	inject(0, types, data, 4);
	T_EQ(w.node[0].last_status, ST_END_CRASHED);
	close_world();
}

/* Section 8.1: a guesser costs at most so much. */
static void test_guesses_are_limited(void)
{
	uint8_t right[TOKEN], wrong[TOKEN] = {0};
	uint16_t type = N_QUICK_CRASH_DETECTION;
	struct view data = {wrong, TOKEN};

	T_DO(open_world());
	true_token(1, right);
	for (int i = 0; i < 1000; i++)
		inject(0, &type, &data, 1);
	data.p = right;
	inject(0, &type, &data, 1);
	T_DO(both_live());
	world_run(&w, 3000);
	inject(0, &type, &data, 1);
	T_EQ(w.node[0].last_status, ST_END_CRASHED);
	close_world();
}

/* RFC 7296 2.4: a hint, for a liveness check, and seldom; also INVALID_SPI without an IKE SA. */
static void test_hints(void)
{
	uint16_t types[] = {N_INVALID_IKE_SPI, N_INVALID_SPI};

	for (size_t k = 0; k < 3; k++) {
		uint8_t spi[4];
		struct wr o = wr_init(spi, sizeof(spi));
		struct view data = {spi, k == 0 ? 0 : 4};

		T_ROW(k, "hint");
		T_DO(open_world());
		wr_u32(&o, w.node[0].child[0].spi_out);
		for (int i = 0; i < 200; i++) {
			struct ike_hdr hdr = {.version = IKE_VERSION, .exchange = EX_INFORMATIONAL,
				.flags = IKE_FLAG_INITIATOR};
			uint8_t msg[256];
			size_t len = plain(msg, sizeof(msg), &hdr, &types[1], &data, 1);

			if (k < 2)
				inject(0, &types[k], &data, 1);
			else
				world_inject(&w, 0, &sa_of(0)->local, &sa_of(0)->remote, msg, len);
			world_run(&w, 100);
		}
		/* In twenty seconds: two of its own accord. */
		T_EQ(world_count(&w.node[0], CT_DPD_SENT), 2);
		T_TRUE(world_count(&w.node[0], CT_IKE_OUT) < 20);
		T_DO(both_live());
		close_world();
	}
}

/* Of another address, or with an SPI that nothing leaves with: nothing. */
static void test_stray_hints_that_fit_nothing(void)
{
	uint8_t spi[4];
	uint16_t type = N_INVALID_SPI;
	struct view data = {spi, 4};

	T_DO(open_world());
	for (unsigned i = 0; i < 3; i++) {
		struct ike_hdr hdr = {.version = IKE_VERSION, .exchange = EX_INFORMATIONAL,
			.flags = IKE_FLAG_INITIATOR};
		struct endpoint from = i == 0 ? world_endpoint("203.0.113.9", 4500) : sa_of(0)->remote;
		struct wr o = wr_init(spi, sizeof(spi));
		uint8_t msg[256];
		size_t len;

		T_ROW(i, "fits nothing");
		wr_u32(&o, i == 1 ? w.node[0].child[0].spi_in : w.node[0].child[0].spi_out);
		data.len = i == 2 ? 3 : 4;
		len = plain(msg, sizeof(msg), &hdr, &type, &data, 1);
		last[0].len = 0;
		world_inject(&w, 0, &sa_of(0)->local, &from, msg, len);
		T_EQ(last[0].len, 0); /* not even an answer */
	}
	T_EQ(world_count(&w.node[0], CT_DPD_SENT), 0);
	T_DO(both_live());
	close_world();
}

/* ---- unknown SPIs --------------------------------------------------------------------------------------- */

/* R-ISP-01: over the IKE SA where there is one. An SPI that was never theirs changes nothing. */
static void test_told_protected(void)
{
	T_DO(open_world());
	for (int i = 0; i < 100; i++) {
		ike_on_unknown_spi(w.node[1].ike, 0x12345678, 100, &sa_of(1)->local, &sa_of(1)->remote);
		world_run(&w, 20);
	}
	/* Two seconds: once a second. */
	T_TRUE(world_count(&w.node[1], CT_INVALID_SPI_OUT) >= 2);
	T_TRUE(world_count(&w.node[1], CT_INVALID_SPI_OUT) <= 3);
	T_EQ(world_count(&w.node[0], CT_INVALID_SPI_IN), world_count(&w.node[1], CT_INVALID_SPI_OUT));
	T_DO(both_live());
	T_EQ(w.node[0].told[IKE_EV_CHILD_DOWN], 0);
	close_world();
}

/* R-ISP-04: what the peer does not have goes; with its last child the SA, so that the client comes back. */
static void test_lost_child(void)
{
	T_DO(open_world());
	ike_on_unknown_spi(w.node[1].ike, w.node[0].child[0].spi_out, 100, &sa_of(1)->local,
		&sa_of(1)->remote);
	world_run(&w, 1000);
	T_EQ(w.node[0].told[IKE_EV_CHILD_DOWN], 1);
	T_EQ(w.node[0].told[IKE_EV_SA_DOWN], 1);
	T_EQ(w.node[0].last_status, ST_NO_CHILD);
	T_EQ(w.node[1].told[IKE_EV_SA_DOWN], 1);
	world_run(&w, 10000);
	T_TRUE(world_is_empty(&w));
	close_world();
}

/* R-ISP-06 shortened: after a crash the first ESP packet brings the end, by hint, check and token. */
static void test_crash_shown_by_esp(void)
{
	uint64_t began;
	struct endpoint local, remote;

	T_DO(open_world());
	local = sa_of(1)->local;
	remote = sa_of(1)->remote;
	T_DO(crash(1));
	began = w.now_ms;
	ike_on_unknown_spi(w.node[1].ike, w.node[0].child[0].spi_out, 100, &local, &remote);
	while (w.node[0].told[IKE_EV_SA_DOWN] == 0 && world_step(&w, began + 5000))
		continue;
	T_EQ(w.node[0].last_status, ST_END_CRASHED);
	T_TRUE(w.now_ms - began < 100);
	close_world();
}

/* Not to packets that are shorter than the answer, and not often. */
static void test_told_in_the_clear(void)
{
	struct endpoint local = world_endpoint("198.51.100.1", 4500);
	struct endpoint remote = world_endpoint("203.0.113.9", 4500);

	T_DO(open_world());
	ike_on_unknown_spi(w.node[1].ike, 0x12345678, 43, &local, &remote);
	T_EQ(world_count(&w.node[1], CT_INVALID_SPI_OUT), 0);
	ike_on_unknown_spi(w.node[1].ike, 0x12345678, 44, &local, &remote);
	T_EQ(world_count(&w.node[1], CT_INVALID_SPI_OUT), 1);
	T_EQ(last[1].len, 40);
	for (int i = 0; i < 1000; i++)
		ike_on_unknown_spi(w.node[1].ike, 0x12345678, 100, &local, &remote);
	T_TRUE(world_count(&w.node[1], CT_INVALID_SPI_OUT) <= 41);
	T_DO(both_live());
	close_world();
}

int main(void)
{
	T_RUN(test_crash);
	T_RUN(test_crash_after_rekey);
	T_RUN(test_switched_off);
	T_RUN(test_never_of_a_live_sa);
	T_RUN(test_never_of_one_to_be);
	T_RUN(test_forged_tokens);
	T_RUN(test_guesses_are_limited);
	T_RUN(test_hints);
	T_RUN(test_stray_hints_that_fit_nothing);
	T_RUN(test_told_protected);
	T_RUN(test_lost_child);
	T_RUN(test_crash_shown_by_esp);
	T_RUN(test_told_in_the_clear);
	return t_end();
}
