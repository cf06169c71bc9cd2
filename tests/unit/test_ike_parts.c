/* The engine's pure parts: window, liveness clock, cookie, NAT detection, admission, narrowing. */
#include "core/base/mem.h"
#include "core/base/timer.h"
#include "core/conf/conf_ike.h"
#include "core/crypto/prf.h"
#include "core/ike/cookie.h"
#include "core/ike/dpd.h"
#include "core/ike/guard.h"
#include "core/ike/narrow.h"
#include "core/ike/natd.h"
#include "core/ike/window.h"
#include "tests/lib/t.h"

static struct endpoint ep(const char *text, uint16_t port)
{
	struct endpoint e = {.port = port};

	if (addr_parse(text, &e.addr) != ST_OK)
		t_fail(__FILE__, __LINE__, "bad address %s", text);
	return e;
}

/* ---- window -------------------------------------------------------------------------------------- */

static const struct view reply = {(const uint8_t *)"reply", 5};

static void test_window_in(void)
{
	struct window_in w = {0};

	T_EQ(window_in_judge(&w, 0), WIN_NEW);
	T_EQ(window_in_judge(&w, 1), WIN_OUTSIDE);
	window_in_accept(&w, 0);
	T_EQ(window_in_judge(&w, 0), WIN_BUSY);
	T_EQ(window_in_judge(&w, 1), WIN_OUTSIDE); /* the peer may have one open only */
	T_EQ(window_in_reply(&w, 0, reply), ST_OK);
	T_EQ(window_in_judge(&w, 0), WIN_REPEAT);
	T_EQ(window_in_kept(&w, 0).len, 5);
	T_EQ(window_in_judge(&w, 1), WIN_NEW);
	T_EQ(window_in_reply(&w, 1, reply), ST_OK);
	T_EQ(window_in_judge(&w, 0), WIN_OUTSIDE);
	T_EQ(window_in_kept(&w, 0).len, 0);
	window_in_retract(&w, 1);
	T_EQ(window_in_judge(&w, 1), WIN_BUSY);
	window_in_fini(&w);
}

static void test_window_restored(void)
{
	int64_t live = mem_live();
	struct window_in w = {.next = UINT32_MAX, .size = WINDOW_MAX};

	mem_fail_at(1);
	T_EQ(window_in_restore(&w, 7, reply), ST_NOMEM);
	mem_fail_at(0);
	for (uint32_t i = 0; i < WINDOW_MAX; i++)
		T_EQ(window_in_restore(&w, UINT32_MAX - i, reply), ST_OK);
	T_EQ(window_in_restore(&w, 7, reply), ST_BAD_PAYLOAD); /* more than can be kept */
	T_EQ(window_in_judge(&w, UINT32_MAX - 1), WIN_REPEAT);
	T_MEM(window_in_kept(&w, UINT32_MAX - WINDOW_MAX + 1).p, "reply", 5);
	window_in_fini(&w);
	T_EQ(window_in_restore(&w, 7, reply), ST_OK);
	T_EQ(window_in_restore(&w, 7, reply), ST_BAD_PAYLOAD); /* twice */
	window_in_fini(&w);
	T_EQ(mem_live(), live);
}

/* RFC 7296 2.3: out of order, and not further than the lowest one without a reply allows. */
static void test_window_in_of_five(void)
{
	struct window_in w = {0};

	T_EQ(window_in_reply(&w, 0, reply), ST_OK);
	window_in_grow(&w, 5);
	window_in_grow(&w, 2); /* it never becomes less */
	T_EQ(window_in_judge(&w, 5), WIN_NEW);
	T_EQ(window_in_judge(&w, 6), WIN_OUTSIDE);
	window_in_accept(&w, 3);
	T_TRUE(window_in_is_busy(&w, 3) && !window_in_is_busy(&w, 2) && !window_in_is_busy(&w, 0));
	T_EQ(window_in_judge(&w, 3), WIN_BUSY);
	for (uint32_t id = 1; id <= 5; id++)
		T_EQ(window_in_judge(&w, id), id == 3 ? WIN_BUSY : WIN_NEW);
	T_EQ(window_in_reply(&w, 4, reply), ST_OK);
	T_EQ(window_in_reply(&w, 1, reply), ST_OK);
	T_EQ(window_in_judge(&w, 6), WIN_NEW); /* 2 is missing: 2 to 6 */
	T_EQ(window_in_judge(&w, 7), WIN_OUTSIDE);
	T_EQ(window_in_judge(&w, 1), WIN_REPEAT);
	T_EQ(window_in_judge(&w, 0), WIN_REPEAT); /* 0 is kept until 5 comes */
	T_EQ(window_in_reply(&w, 5, reply), ST_OK);
	T_EQ(window_in_judge(&w, 0), WIN_OUTSIDE);
	T_EQ(window_in_judge(&w, 1), WIN_REPEAT);
	T_EQ(window_in_reply(&w, 2, reply), ST_OK);
	T_EQ(window_in_judge(&w, 7), WIN_NEW); /* 3 is still being worked on: 3 to 7 */
	T_EQ(window_in_judge(&w, 8), WIN_OUTSIDE);
	T_EQ(window_in_reply(&w, 3, reply), ST_OK);
	T_EQ(window_in_judge(&w, 10), WIN_NEW);
	T_EQ(window_in_judge(&w, 11), WIN_OUTSIDE);
	window_in_fini(&w);
}

/* Any order that a window allows: each request is new once, then repeated or outside, and no reply
 * is lost that the peer may still ask for. */
static void test_window_in_at_random(void)
{
	uint64_t seed = 1;

	for (uint32_t size = 1; size <= WINDOW_MAX; size++) {
		struct window_in w = {0};
		bool done[400] = {false};
		uint32_t low = 0;

		window_in_grow(&w, size);
		while (low < 300) {
			uint32_t id;

			seed = seed * 6364136223846793005u + 1442695040888963407u;
			id = low + (uint32_t)(seed >> 33) % (size + 3);
			if (id >= low + size || done[id])
				T_TRUE(window_in_judge(&w, id) != WIN_NEW);
			else
				T_EQ(window_in_judge(&w, id), WIN_NEW);
			if (id < low + size && !done[id]) {
				window_in_accept(&w, id);
				T_EQ(window_in_judge(&w, id), WIN_BUSY);
				T_EQ(window_in_reply(&w, id, reply), ST_OK);
				done[id] = true;
			}
			while (done[low])
				low++;
			for (uint32_t i = w.next > size ? w.next - size : 0; i < w.next; i++)
				if (done[i])
					T_EQ(window_in_judge(&w, i), WIN_REPEAT);
		}
		window_in_fini(&w);
	}
}

static void test_window_in_out_of_memory_changes_nothing(void)
{
	struct window_in w = {0};

	mem_fail_at(1);
	T_EQ(window_in_reply(&w, 0, reply), ST_NOMEM);
	mem_fail_at(0);
	T_EQ(window_in_judge(&w, 0), WIN_NEW);
}

/* Class 21: message IDs never wrap. */
static void test_class_21_message_ids_at_the_end(void)
{
	struct window_in in = {.next = UINT32_MAX - 1};
	struct window_out out = {.next = UINT32_MAX - 1};
	struct backoff b = {1000, 16000, 5};

	T_EQ(window_in_judge(&in, UINT32_MAX - 1), WIN_NEW);
	T_EQ(window_in_reply(&in, UINT32_MAX - 1, reply), ST_OK);
	T_EQ(window_in_judge(&in, UINT32_MAX), WIN_OUTSIDE);
	T_EQ(window_in_judge(&in, 0), WIN_OUTSIDE);
	window_in_fini(&in);
	T_EQ(window_out_open(&out, REQ_DPD, b, reply), ST_OK);
	window_out_close(&out, LANE_INFO);
	T_EQ(window_out_open(&out, REQ_DPD, b, reply), ST_LIMIT);
}

static void test_window_out(void)
{
	static const uint32_t waits[] = {1000, 2000, 4000, 8000, 16000, 16000};
	struct window_out w = {.next = 7};
	struct backoff b = {1000, 16000, 5};

	T_EQ(window_out_open(&w, REQ_DELETE, b, reply), ST_OK);
	struct window_request *r = window_out_find(&w, 7);

	T_EQ(window_out_open(&w, REQ_DPD, b, reply), ST_AGAIN);
	T_EQ(window_out_open(&w, REQ_CREATE, b, reply), ST_AGAIN); /* the peer keeps one */
	T_TRUE(r != NULL && window_out_find(&w, 8) == NULL);
	for (size_t i = 0; i < 6; i++) {
		T_ROW(i, "wait");
		T_EQ(window_wait_ms(r), waits[i]);
		T_EQ(window_repeat(r), i < 5);
	}
	window_alive(r);
	T_EQ(window_wait_ms(r), 1000);
	window_out_close(&w, LANE_INFO);
	T_TRUE(!window_out_is_open(&w) && !window_repeat(r));
	T_EQ(w.next, 8);
}

/* An INFORMATIONAL request beside another one, as far as the peer's window goes. */
static void test_window_out_of_two(void)
{
	struct window_out w = {.next = 7};
	struct backoff b = {1000, 16000, 5};

	window_out_grow(&w, 3);
	T_EQ(window_out_open(&w, REQ_CREATE, b, reply), ST_OK);
	T_TRUE(window_out_is_free(&w, REQ_DPD) && !window_out_is_free(&w, REQ_CREATE));
	T_EQ(window_out_open(&w, REQ_DPD, b, reply), ST_OK);
	T_EQ(window_out_find(&w, 8)->kind, REQ_DPD);
	window_out_close(&w, LANE_INFO);
	T_EQ(window_out_open(&w, REQ_DPD, b, reply), ST_OK);
	window_out_close(&w, LANE_INFO);
	T_TRUE(!window_out_is_free(&w, REQ_DPD)); /* 10 has to wait for the reply to 7 */
	T_EQ(window_out_open(&w, REQ_DPD, b, reply), ST_AGAIN);
	window_out_close(&w, LANE_EXCHANGE);
	T_TRUE(window_out_is_free(&w, REQ_DPD) && !window_out_has(&w, REQ_CREATE));
	window_out_fini(&w);
}

/* ---- liveness ------------------------------------------------------------------------------------ */

static void test_dpd_schedule(void)
{
	static const struct {
		const char *name;
		uint8_t mode;
		uint64_t in, out, due;
	} rows[] = {
		{"off", DPD_UNSET, 1000, 9000, TIMER_NEVER},
		{"periodic, idle", DPD_PERIODIC, 1000, 0, 11000},
		{"periodic, outbound does not count", DPD_PERIODIC, 1000, 9000, 11000},
		{"on demand, nothing sent", DPD_ON_DEMAND, 1000, 0, TIMER_NEVER},
		{"on demand, sent before heard", DPD_ON_DEMAND, 5000, 4000, TIMER_NEVER},
		{"on demand, sent after heard", DPD_ON_DEMAND, 5000, 6000, 15000},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dpd_clock d = {.mode = rows[i].mode, .interval_s = 10};

		T_ROW(i, rows[i].name);
		dpd_heard(&d, rows[i].in);
		dpd_heard(&d, rows[i].in - 500); /* old news */
		dpd_sent(&d, rows[i].out);
		T_EQ(dpd_due_ms(&d), rows[i].due);
	}
}

static void test_dpd_backoff(void)
{
	struct dpd_clock d = {.mode = DPD_PERIODIC, .interval_s = 10, .retry_s = 3, .retries = 4};

	T_EQ(dpd_backoff(&d).first_ms, 3000);
	T_EQ(dpd_backoff(&d).cap_ms, 3000);
	T_EQ(dpd_backoff(&d).repeats, 4);
	d.retry_s = d.retries = 0;
	T_EQ(dpd_backoff(&d).first_ms, 2000);
	T_EQ(dpd_backoff(&d).repeats, 5);
}

/* ---- cookie -------------------------------------------------------------------------------------- */

static void test_class_23_cookie(void)
{
	static const uint64_t random[3][4] = {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}};
	struct endpoint local = ep("198.51.100.1", 500), remote = ep("192.0.2.1", 500);
	struct endpoint other = ep("192.0.2.2", 500), port = ep("192.0.2.1", 501);
	struct cookie_input in = {&local, &remote, 42, {(const uint8_t *)"0123456789abcdef", 16}};
	struct cookie_input x;
	struct cookie_jar j = {0};
	uint8_t c[COOKIE_LEN], bent[COOKIE_LEN];
	struct view v = {c, sizeof(c)};

	T_TRUE(cookie_is_stale(&j, 0));
	T_TRUE(!cookie_verify(&j, &in, v));
	cookie_rotate(&j, random[0], 1000);
	T_TRUE(!cookie_is_stale(&j, 1000 + COOKIE_PERIOD_MS - 1));
	T_TRUE(cookie_is_stale(&j, 1000 + COOKIE_PERIOD_MS));
	cookie_make(&j, &in, c);
	T_TRUE(cookie_verify(&j, &in, v));
	T_TRUE(!cookie_verify(&j, &in, (struct view){c, sizeof(c) - 1}));
	T_TRUE(!cookie_verify(&j, &in, (struct view){0}));
	for (size_t i = 0; i < sizeof(c) * 8; i++) {
		memcpy(bent, c, sizeof(c));
		bent[i / 8] ^= (uint8_t)(1u << i % 8);
		T_TRUE(!cookie_verify(&j, &in, (struct view){bent, sizeof(bent)}));
	}
	x = in, x.remote = &other;
	T_TRUE(!cookie_verify(&j, &x, v));
	x = in, x.remote = &port;
	T_TRUE(!cookie_verify(&j, &x, v));
	x = in, x.spi_i = 43;
	T_TRUE(!cookie_verify(&j, &x, v));
	x = in, x.ni = (struct view){(const uint8_t *)"0123456789abcdeX", 16};
	T_TRUE(!cookie_verify(&j, &x, v));
	/* One rotation later it still holds, two later it does not. */
	cookie_rotate(&j, random[1], 1000 + COOKIE_PERIOD_MS);
	T_TRUE(cookie_verify(&j, &in, v));
	cookie_rotate(&j, random[2], 1000 + 2 * COOKIE_PERIOD_MS);
	T_TRUE(!cookie_verify(&j, &in, v));
}

/* ---- NAT ----------------------------------------------------------------------------------------- */

static void test_natd(void)
{
	struct endpoint local = ep("198.51.100.1", 500), remote = ep("192.0.2.1", 500);
	struct endpoint other = ep("10.0.0.1", 500), port = ep("192.0.2.1", 1024);
	static const struct {
		const char *name;
		int source, destination; /* 0: not sent, 1: fits, 2: other address, 3: other port */
		struct natd_result want;
	} rows[] = {
		{"not sent", 0, 0, {false, false, false}},
		{"no NAT", 1, 1, {true, false, false}},
		{"peer behind NAT", 2, 1, {true, false, true}},
		{"peer behind NAT, port only", 3, 1, {true, false, true}},
		{"we are behind 1:1 NAT", 1, 2, {true, true, false}},
		{"both", 2, 2, {true, true, true}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct endpoint *s = rows[i].source == 2 ? &other : rows[i].source == 3 ? &port : &remote;
		const struct endpoint *d = rows[i].destination == 2 ? &other : &local;
		uint8_t hash[NATD_LEN];
		struct natd_result r;
		struct natd n;

		T_ROW(i, rows[i].name);
		natd_start(&n, 11, 0, &local, &remote);
		natd_hash(11, 0, s, hash);
		if (rows[i].source)
			natd_source(&n, (struct view){hash, sizeof(hash)});
		natd_hash(11, 0, d, hash);
		if (rows[i].destination)
			natd_destination(&n, (struct view){hash, sizeof(hash)});
		r = natd_end(&n);
		T_EQ(r.was_sent, rows[i].want.was_sent);
		T_EQ(r.nat_local, rows[i].want.nat_local);
		T_EQ(r.nat_remote, rows[i].want.nat_remote);
	}
}

static void test_natd_several_sources_and_lies(void)
{
	struct endpoint local = ep("2001:db8::1", 500), remote = ep("2001:db8::2", 500);
	uint8_t hash[NATD_LEN], zero[NATD_LEN] = {0};
	struct natd n;

	natd_start(&n, 1, 2, &local, &remote);
	natd_hash(1, 2, &remote, hash);
	natd_source(&n, (struct view){zero, sizeof(zero)});
	natd_source(&n, (struct view){hash, sizeof(hash)}); /* one of several fits */
	natd_source(&n, (struct view){hash, 7});
	T_TRUE(!natd_end(&n).nat_remote);
	natd_destination(&n, (struct view){0});
	T_TRUE(natd_end(&n).nat_local);
}

/* RFC 7296 2.23: SHA-1 of SPIs, address, port, computed here by hand. */
static void test_natd_hash_value(void)
{
	static const uint8_t in[] = {0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2,
		192, 0, 2, 1, 0x01, 0xf4};
	struct endpoint e = ep("192.0.2.1", 500);
	struct view part = {in, sizeof(in)};
	uint8_t got[NATD_LEN], want[20];

	natd_hash(1, 2, &e, got);
	prf_sha1(&part, 1, want);
	T_MEM(got, want, 20);
}

/* ---- admission ------------------------------------------------------------------------------------ */

static void test_guard_limits(void)
{
	struct guard_limits l = {.total = 10, .incoming = 8, .outgoing = 3, .established = 2};
	static struct guard g;
	struct endpoint s = ep("192.0.2.1", 500);

	memset(&g, 0, sizeof(g));
	for (unsigned i = 0; i < 8; i++) {
		struct endpoint e = s;

		e.addr.b[3] = (uint8_t)i;
		T_ROW(i, "in");
		/* From half of the limit on, and only then, a cookie is wanted. */
		T_EQ(guard_judge(&g, &l, &e, false), i < 5 ? ST_OK : ST_COOKIE_WANTED);
		T_EQ(guard_judge(&g, &l, &e, true), ST_OK);
		guard_add(&g, &e, false);
	}
	T_EQ(guard_judge(&g, &l, &s, true), ST_HALF_OPEN_LIMIT); /* incoming */
	T_EQ(guard_judge_outgoing(&g, &l), ST_OK);
	guard_add(&g, &s, true);
	guard_add(&g, &s, true);
	T_EQ(guard_judge_outgoing(&g, &l), ST_HALF_OPEN_LIMIT); /* total */
	guard_del(&g, &s, true);
	T_EQ(guard_judge_outgoing(&g, &l), ST_OK);
	g.established = 2;
	T_EQ(guard_judge(&g, &l, &s, true), ST_SA_LIMIT);
	T_EQ(guard_judge_outgoing(&g, &l), ST_SA_LIMIT);
}

static void test_guard_source(void)
{
	struct guard_limits l = {.total = 1000, .per_source = 6};
	static struct guard g;
	struct endpoint s = ep("2001:db8::1", 500), same = ep("2001:db8::ffff:1", 4500);
	struct endpoint other = ep("2001:db8:1::1", 500);

	memset(&g, 0, sizeof(g));
	for (unsigned i = 0; i < 6; i++) {
		T_ROW(i, "source");
		T_EQ(guard_judge(&g, &l, &same, false), i < 4 ? ST_OK : ST_COOKIE_WANTED);
		T_EQ(guard_judge(&g, &l, &same, true), ST_OK);
		guard_add(&g, &s, false);
	}
	T_EQ(guard_judge(&g, &l, &same, true), ST_HALF_OPEN_SOURCE); /* one /64 is one source */
	T_EQ(guard_judge(&g, &l, &other, false), ST_OK);
	l.per_source = 0; /* nobody asks where they come from */
	T_EQ(guard_judge(&g, &l, &same, false), ST_OK);
	l.per_source = 6;
	for (unsigned i = 0; i < 6; i++)
		guard_del(&g, &s, false);
	T_EQ(guard_judge(&g, &l, &same, false), ST_OK);
	T_EQ(g.incoming, 0);
}

static void test_guard_cookie_threshold(void)
{
	struct guard_limits l = {.total = 1000, .cookie = 2};
	static struct guard g;
	struct endpoint a = ep("192.0.2.1", 500), b = ep("192.0.2.2", 500);

	memset(&g, 0, sizeof(g));
	guard_add(&g, &a, false);
	T_EQ(guard_judge(&g, &l, &b, false), ST_OK);
	guard_add(&g, &a, false);
	T_EQ(guard_judge(&g, &l, &b, false), ST_COOKIE_WANTED);
	T_EQ(guard_judge(&g, &l, &b, true), ST_OK);
}

static void test_limiter(void)
{
	struct limiter l = limiter_init(10, 3);
	unsigned n = 0;

	for (unsigned i = 0; i < 10; i++)
		n += limiter_take(&l, 5000);
	T_EQ(n, 3);
	T_TRUE(!limiter_take(&l, 5099));
	T_TRUE(limiter_take(&l, 5100));
	for (n = 0; limiter_take(&l, UINT64_MAX); n++)
		continue;
	T_EQ(n, 3); /* never more than the burst */
}

/* ---- narrowing ------------------------------------------------------------------------------------ */

static struct ts_set set_of(const char *a, const char *b)
{
	struct ts_set s = {0};
	struct prefix p;

	if (a != NULL && prefix_parse(a, &p) == ST_OK)
		s.v[s.n++] = ts_from_prefix(&p);
	if (b != NULL && prefix_parse(b, &p) == ST_OK)
		s.v[s.n++] = ts_from_prefix(&p);
	return s;
}

static void test_class_17_narrowing(void)
{
	static const struct {
		const char *name;
		const char *asked_i[2], *asked_r[2], *granted[2];
		enum status want;
		const char *ts_i[2], *ts_r[2];
	} rows[] = {
		{"any to a lease", {"0.0.0.0/0", "::/0"}, {"0.0.0.0/0", "::/0"}, {"10.9.0.5/32", 0},
			ST_OK, {"10.9.0.5/32", 0}, {"0.0.0.0/0", 0}},
		{"both families", {"0.0.0.0/0", "::/0"}, {"0.0.0.0/0", "::/0"}, {"10.9.0.5/32", "fd00::5/128"},
			ST_OK, {"10.9.0.5/32", "fd00::5/128"}, {"0.0.0.0/0", "::/0"}},
		{"foreign source", {"10.9.0.6/32", 0}, {"0.0.0.0/0", 0}, {"10.9.0.5/32", 0},
			ST_TS_UNACCEPTABLE, {0}, {0}},
		{"wider than the grant", {"10.9.0.0/24", 0}, {"10.0.0.0/8", 0}, {"10.9.0.5/32", 0},
			ST_OK, {"10.9.0.5/32", 0}, {"10.0.0.0/8", 0}},
		{"families do not meet", {"0.0.0.0/0", 0}, {"::/0", 0}, {"10.9.0.5/32", 0},
			ST_TS_UNACCEPTABLE, {0}, {0}},
		{"nothing granted", {"0.0.0.0/0", 0}, {"0.0.0.0/0", 0}, {0}, ST_TS_UNACCEPTABLE, {0}, {0}},
		{"nothing kept of the request", {0}, {"0.0.0.0/0", 0}, {"10.9.0.5/32", 0},
			ST_TS_UNACCEPTABLE, {0}, {0}},
		{"twice the same", {"0.0.0.0/0", "10.0.0.0/8"}, {"10.1.0.0/16", "10.1.0.0/16"},
			{"10.9.0.5/32", 0}, ST_OK, {"10.9.0.5/32", 0}, {"10.1.0.0/16", 0}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ts_set ai = set_of(rows[i].asked_i[0], rows[i].asked_i[1]);
		struct ts_set ar = set_of(rows[i].asked_r[0], rows[i].asked_r[1]);
		struct ts_set wi = set_of(rows[i].ts_i[0], rows[i].ts_i[1]);
		struct ts_set wr = set_of(rows[i].ts_r[0], rows[i].ts_r[1]);
		struct ts_set gi, gr;
		struct prefix granted[2];
		struct kept_grant g = {.remote = granted};

		T_ROW(i, rows[i].name);
		for (int k = 0; k < 2 && rows[i].granted[k] != NULL; k++)
			T_EQ(prefix_parse(rows[i].granted[k], &granted[g.n_remote++]), ST_OK);
		T_EQ(narrow_for_grant(&ai, &ar, &g, &gi, &gr), rows[i].want);
		if (rows[i].want != ST_OK)
			continue;
		T_EQ(gi.n, wi.n);
		T_EQ(gr.n, wr.n);
		for (size_t k = 0; k < wi.n; k++)
			T_TRUE(ts_eq(&gi.v[k], &wi.v[k]));
		for (size_t k = 0; k < wr.n; k++)
			T_TRUE(ts_eq(&gr.v[k], &wr.v[k]));
	}
}

static struct ike_grant largest_grant(void)
{
	struct ike_grant g = {.ip4 = {4, {10, 9, 0, 5}}, .ip6 = {6, {0xfd}}, .ip4_mask_len = 24,
		.ip6_prefix_len = 128, .n_dns = 8, .n_nbns = 2, .n_subnets = 32,
		.n_remote = IKE_TS_MAX, .tun = 7, .session_lifetime_s = 3600};

	for (size_t i = 0; i < 8; i++)
		g.dns[i] = g.ip6;
	g.nbns[0] = g.nbns[1] = g.ip4;
	for (size_t i = 0; i < 32; i++)
		g.subnets[i] = (struct prefix){g.ip6, (uint8_t)i};
	for (size_t i = 0; i < IKE_TS_MAX; i++)
		g.remote[i] = (struct prefix){g.ip4, (uint8_t)i};
	memset(g.def_domain, 'd', sizeof(g.def_domain) - 1);
	memset(g.banner, 'b', sizeof(g.banner) - 1);
	return g;
}

/* The largest and the smallest come back as they were, and what does not fit changes nothing. */
static void test_grant_kept(void)
{
	int64_t live = mem_live();
	struct ike_grant large = largest_grant(), none = {0}, out;
	struct kept_grant *k = NULL;

	grant_read(k, &out);
	T_MEM(&out, &none, sizeof(out));
	T_EQ(grant_keep(&large, &k), ST_OK);
	grant_read(k, &out);
	T_MEM(&out, &large, sizeof(out));
	mem_fail_at(1);
	T_EQ(grant_keep(&none, &k), ST_NOMEM);
	mem_fail_at(0);
	T_STR(k->banner, large.banner);
	T_TRUE(prefix_eq(&k->remote[IKE_TS_MAX - 1], &large.remote[IKE_TS_MAX - 1]));
	T_EQ(grant_keep(&none, &k), ST_OK);
	grant_read(k, &out);
	T_MEM(&out, &none, sizeof(out));
	mem_free(k);
	T_EQ(mem_live(), live);
}

static void test_answer_must_be_inside(void)
{
	struct ts_set asked = set_of("10.0.0.0/8", "fd00::/8"), in = set_of("10.1.0.0/16", "fd00::1/128");
	struct ts_set wide = set_of("10.1.0.0/16", "0.0.0.0/0"), none = {0};

	T_TRUE(narrow_is_subset(&in, &asked));
	T_TRUE(!narrow_is_subset(&wide, &asked));
	T_TRUE(!narrow_is_subset(&none, &asked));
}

int main(void)
{
	T_RUN(test_window_in);
	T_RUN(test_window_restored);
	T_RUN(test_window_in_of_five);
	T_RUN(test_window_in_at_random);
	T_RUN(test_window_in_out_of_memory_changes_nothing);
	T_RUN(test_class_21_message_ids_at_the_end);
	T_RUN(test_window_out);
	T_RUN(test_window_out_of_two);
	T_RUN(test_dpd_schedule);
	T_RUN(test_dpd_backoff);
	T_RUN(test_class_23_cookie);
	T_RUN(test_natd);
	T_RUN(test_natd_several_sources_and_lies);
	T_RUN(test_natd_hash_value);
	T_RUN(test_guard_limits);
	T_RUN(test_guard_source);
	T_RUN(test_guard_cookie_threshold);
	T_RUN(test_limiter);
	T_RUN(test_class_17_narrowing);
	T_RUN(test_grant_kept);
	T_RUN(test_answer_must_be_inside);
	return t_end();
}
