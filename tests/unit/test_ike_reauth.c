/* Repeated authentication (RFC 4478): who says how long, who begins, what happens when nobody does; from
 * one IKE SA to the next there is always a way. */
#include <stdio.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/engine.h"
#include "core/ike/limit.h"
#include "core/ike/msg.h"
#include "core/ike/reauth.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

#define CLOSE_MS 3000 /* what the owner of the client waits before it closes the old one */

static struct world w;
static struct snapshot *client, *server;

static void open_world(uint64_t seed, unsigned client_s, unsigned server_s)
{
	static char c[2048], s[2048];
	char line[2][64] = {"", ""};

	if (client_s != 0)
		snprintf(line[0], sizeof(line[0]), " sallyport reauthentication %u\n", client_s);
	if (server_s != 0)
		snprintf(line[1], sizeof(line[1]), " sallyport reauthentication %u\n", server_s);
	snprintf(c, sizeof(c), "%s%s", world_client_text, line[0]);
	snprintf(s, sizeof(s), "%s%s%s", world_server_text, "crypto ikev2 profile RA\n", line[1]);
	client = world_conf(c);
	server = world_conf(s);
	T_TRUE(world_init(&w, seed, client, server));
	w.knobs.delay_ms = 10;
	w.knobs.answer_ms = 5;
	w.knobs.pool = 4;
}

static void close_world(void)
{
	ike_close_all(w.node[0].ike, ST_END_ADMIN);
	world_run(&w, 70000);
	T_TRUE(world_is_empty(&w));
	T_TRUE(w.broken == NULL);
	world_fini(&w);
	snapshot_unref(client);
	snapshot_unref(server);
}

static void log_in(void)
{
	uint64_t sa;

	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 2000);
	T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
}

static struct ike_sa *sa_of(int side)
{
	return ike_find_number(w.node[side].ike, w.node[side].up_sa);
}

/* True: it was told within that time; the clock stands where it was. */
static bool is_due_within(uint64_t ms)
{
	unsigned before = w.node[0].told[IKE_EV_REAUTH_DUE];
	uint64_t until = w.now_ms + ms;

	while (w.node[0].told[IKE_EV_REAUTH_DUE] == before && world_step(&w, until))
		continue;
	return w.node[0].told[IKE_EV_REAUTH_DUE] != before;
}

static bool run_with_way(uint64_t ms)
{
	uint64_t until = w.now_ms + ms;
	bool more = true;

	while (more) {
		more = world_step(&w, until);
		for (int i = 0; i < 2; i++)
			if (!world_has_way(&w, i)) {
				printf("# no way from %d at %llu\n%.*s", i, (unsigned long long)w.now_ms,
					(int)w.log_len, w.log);
				return false;
			}
	}
	return true;
}

/* What the owner of the client does when it is told. */
static void begin_again(void)
{
	uint64_t old = w.node[0].up_sa, sa;

	T_EQ(world_connect(&w, &sa), ST_OK);
	T_TRUE(run_with_way(CLOSE_MS));
	T_EQ(w.node[0].up_sa, sa);
	T_EQ(ike_count(w.node[0].ike), 2);
	T_EQ(ike_count(w.node[1].ike), 2);
	T_EQ(w.node[1].told[IKE_EV_SA_DOWN], 0); /* no INITIAL_CONTACT */
	T_EQ(ike_close(w.node[0].ike, old, ST_END_REAUTH), ST_OK);
	T_TRUE(run_with_way(6000));
	T_EQ(w.node[0].told[IKE_EV_SA_DOWN], 1);
	T_EQ(w.node[1].told[IKE_EV_SA_DOWN], 1);
	T_EQ(w.node[1].last_status, ST_END_REAUTH);
	T_EQ(ike_count(w.node[0].ike), 1);
	T_EQ(ike_count(w.node[1].ike), 1);
	T_EQ(w.node[0].n_child, 1);
	T_TRUE(world_children_agree(&w));
	w.node[0].told[IKE_EV_SA_DOWN] = w.node[1].told[IKE_EV_SA_DOWN] = 0;
}

/* Whose limit counts, and when. */
static void test_limits(void)
{
	static const struct {
		unsigned client_s, server_s, session_s, from_s, to_s;
	} rows[] = {
		{0, 7200, 0, 5760, 6480}, /* told at the login */
		{0, 3600, 0, 2880, 3240},
		{0, 3599, 0, 3586, 3593}, /* told a minute before the end */
		{0, 0, 200, 187, 194},
		{0, 300, 200, 187, 194},
		{0, 100, 200, 89, 95}, /* ... or in the middle */
		{0, 30, 0, 25, 28},
		{0, 21, 0, 17, 19},
		{0, 20, 0, 16, 18}, /* there is no time for that */
		{50, 0, 0, 40, 45},
		{50, 100, 0, 40, 45},
		{100, 50, 0, 44, 48},
		{0, 0, 0, 0, 0},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, "limits");
		T_DO(open_world(i, rows[i].client_s, rows[i].server_s));
		w.node[1].session_lifetime_s = rows[i].session_s;
		T_DO(log_in());
		if (rows[i].to_s == 0) {
			T_TRUE(!is_due_within(50000000));
		} else {
			T_TRUE(!is_due_within(rows[i].from_s * 1000 - 2000));
			T_TRUE(is_due_within((rows[i].to_s - rows[i].from_s) * 1000 + 2000));
		}
		T_DO(close_world());
	}
}

static void test_round_after_round(void)
{
	for (unsigned i = 0; i < 40; i++) {
		int64_t live = mem_live();

		T_ROW(i, "rounds");
		T_DO(open_world(i, 0, 100));
		w.knobs.delay_ms = 1 + i * 5;
		w.knobs.answer_ms = i % 7 * 10;
		w.knobs.nat_client = i % 2;
		T_DO(log_in());
		for (unsigned round = 1; round <= 4; round++) {
			T_TRUE(!is_due_within(80000));
			T_TRUE(is_due_within(16000));
			T_DO(begin_again());
			T_EQ(world_count(&w.node[0], CT_IKE_REAUTH), round);
			T_EQ(world_count(&w.node[1], CT_IKE_REAUTH), round);
		}
		T_DO(close_world());
		T_EQ(mem_live(), live);
	}
}

/* The responder's new child carries nothing at first, so that nothing is sent to a peer that does not
 * have it yet; the end of the old SA, or a second, opens it. */
static void test_the_new_child_waits(void)
{
	uint64_t old, sa;

	for (unsigned early = 0; early < 2; early++) {
		T_ROW(early, "closed early");
		T_DO(open_world(1, 0, 60));
		w.knobs.delay_ms = 50;
		T_DO(log_in());
		old = w.node[0].up_sa;
		T_EQ(world_connect(&w, &sa), ST_OK);
		T_TRUE(run_with_way(280));
		T_EQ(w.node[1].n_child, 2);
		T_TRUE(w.node[1].child[1].receive_only);
		T_TRUE(!w.node[0].child[1].receive_only);
		if (early)
			T_EQ(ike_close(w.node[0].ike, old, ST_END_REAUTH), ST_OK);
		T_TRUE(run_with_way(early ? 120 : 1200));
		T_EQ(w.node[1].n_child, early ? 1 : 2);
		T_TRUE(!w.node[1].child[w.node[1].n_child - 1].receive_only);
		T_DO(close_world());
	}
}

/* A peer that does not begin again loses its SA in time, and is told more than once before. */
static void test_the_limit_is_kept(void)
{
	T_DO(open_world(3, 0, 60));
	T_DO(log_in());
	T_TRUE(run_with_way(57500));
	T_TRUE(w.node[0].told[IKE_EV_REAUTH_DUE] >= 1);
	world_run(&w, 7000);
	T_EQ(w.node[1].up_sa, 0);
	T_EQ(w.node[0].up_sa, 0);
	T_EQ(w.node[1].last_status, ST_END_LIFETIME);
	T_DO(close_world());
}

static void test_told_again(void)
{
	T_DO(open_world(3, 30, 0));
	T_DO(log_in());
	T_TRUE(is_due_within(30000));
	T_TRUE(!is_due_within(9000));
	T_TRUE(is_due_within(2000));
	T_TRUE(is_due_within(11000));
	T_DO(close_world());
}

/* RFC 4478 section 2: rekeying and our own death change nothing about it. */
static void test_survives(void)
{
	for (unsigned i = 0; i < 8; i++) {
		T_ROW(i, "survives");
		T_DO(open_world(i, i & 4 ? 100 : 0, i & 4 ? 0 : 100));
		T_DO(log_in());
		world_run(&w, 40000);
		if (i & 1) {
			T_EQ(ike_rekey(w.node[i & 2 ? 1 : 0].ike, w.node[i & 2 ? 1 : 0].up_sa, false), ST_OK);
			world_run(&w, 1000);
			T_EQ(world_count(&w.node[0], CT_IKE_REKEYED), 1);
		}
		if (i & 2) {
			T_TRUE(world_restart(&w, 0));
			T_TRUE(world_restart(&w, 1));
		}
		T_TRUE(!is_due_within(i & 4 ? 38000 : 45000));
		T_TRUE(is_due_within(i & 4 ? 12000 : 9000));
		if (!(i & 4)) {
			world_run(&w, 21000);
			T_EQ(w.node[1].up_sa, 0);
		}
		T_EQ(world_count(&w.node[1], CT_IKE_REAUTH), 0);
		T_DO(close_world());
	}
}

static void send_lifetime(int side, const uint8_t *data, size_t len)
{
	struct ike_sa *sa = sa_of(side);
	struct msg_out o;
	struct view msg;

	msg_start(&o, sa, EX_INFORMATIONAL, false, sa->out.next);
	msg_notify(&o, N_AUTH_LIFETIME, data, len);
	T_EQ(msg_end(&o, &msg), ST_OK);
	T_EQ(sa_request(sa, REQ_DPD, msg), ST_OK);
	sa_send(sa, msg);
}

/* In an INFORMATIONAL; zero means at once, but not before a moment has passed. A responder that is told
 * something passes over it, and so does anybody over what is no number of seconds. */
static void test_informational(void)
{
	static const uint8_t zero[4], twenty[4] = {0, 0, 0, 20}, day[4] = {0, 1, 0x51, 0x80};

	T_DO(open_world(4, 0, 0));
	T_DO(log_in());
	T_DO(send_lifetime(1, twenty, 3));
	T_TRUE(!is_due_within(100000));
	T_DO(send_lifetime(0, twenty, 4));
	T_TRUE(!is_due_within(100000) && w.node[1].told[IKE_EV_REAUTH_DUE] == 0);
	T_DO(send_lifetime(1, twenty, 4));
	T_TRUE(!is_due_within(15900));
	T_TRUE(is_due_within(2200));
	T_DO(begin_again());
	T_DO(send_lifetime(1, day, 4));
	world_run(&w, 100);
	T_DO(send_lifetime(1, zero, 4));
	T_TRUE(!is_due_within(4900));
	T_TRUE(is_due_within(200));
	T_DO(close_world());
}

/* A session whose limit is another one while it is up: it ends then, also over a rekeying and in another engine; what the
 * profile says ends it earlier. */
static void test_another_limit(void)
{
	static const struct {
		const char *name;
		unsigned profile_s;
		uint64_t age_ms;
		uint32_t limit_s;
		uint64_t ends_ms; /* 0: not within the hour */
	} rows[] = {
		{"a hundred seconds", 0, 0, 100, 100000},
		{"most of which have gone", 0, 90000, 100, 10000},
		{"which have gone", 0, 100000, 100, 0},
		{"the profile's is earlier", 600, 0, 6000, 600000},
		{"none", 0, 50000, 0, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].name);
		T_DO(open_world(70 + i, 0, rows[i].profile_s));
		T_DO(log_in());
		uint64_t number = w.node[1].up_sa, begin = w.now_ms;
		struct ike_limit limit = {.age_ms = rows[i].age_ms, .lifetime_s = rows[i].limit_s};
		T_EQ(ike_limit(w.node[1].ike, number, &limit), ST_OK);
		T_EQ(ike_limit(w.node[1].ike, 0x7777777, &limit), ST_NOT_FOUND);
		bool is_over = rows[i].limit_s && rows[i].age_ms >= rows[i].limit_s * 1000ull;
		if (rows[i].ends_ms > 20000) {
			T_EQ(ike_rekey(w.node[1].ike, number, false), ST_OK);
			world_run(&w, rows[i].ends_ms - 10000);
			T_EQ(w.node[1].told[IKE_EV_SA_DOWN], 0);
		}
		world_run(&w, rows[i].ends_ms ? rows[i].ends_ms + 5000 - (w.now_ms - begin) : is_over ? 2000 : 3000000);
		bool ends = is_over || rows[i].ends_ms;
		T_EQ(w.node[1].told[IKE_EV_SA_DOWN], ends);
		if (ends)
			T_EQ(w.node[1].last_status, rows[i].profile_s ? ST_END_LIFETIME : ST_END_SESSION_TIMEOUT);
		T_DO(close_world());
	}
}

/* ---- asked for ------------------------------------------------------------------------------------ */

static enum status ask(int side, uint64_t within_ms)
{
	return ike_reauth(w.node[side].ike, w.node[side].up_sa, within_ms);
}

static uint64_t told_times(void)
{
	return world_count(&w.node[1], CT_IKE_REAUTH_ASKED);
}

/* An IKE SA with no limit at all: told in an INFORMATIONAL, a new one beside it, no packet without a way. And the new one
 * knows nothing of it. */
static void test_asked(void)
{
	for (unsigned i = 0; i < 20; i++) {
		int64_t live = mem_live();

		T_ROW(i, "asked");
		T_DO(open_world(100 + i, 0, 0));
		w.knobs.delay_ms = 1 + i * 5;
		w.knobs.nat_client = i % 2;
		T_DO(log_in());
		T_EQ(ask(1, 60000), ST_OK);
		T_TRUE(!is_due_within(46000));
		T_TRUE(is_due_within(9000));
		T_EQ(told_times(), 1);
		T_DO(begin_again());
		T_EQ(world_count(&w.node[1], CT_IKE_REAUTH), 1);
		T_TRUE(!is_due_within(3000000));
		T_EQ(w.node[1].told[IKE_EV_SA_DOWN], 0);
		T_DO(close_world());
		T_EQ(mem_live(), live);
	}
}

/* Who does not come is not there any more, for a reason of its own; who was not asked any more stays. */
static void test_asked_in_vain(void)
{
	for (unsigned withdrawn = 0; withdrawn < 2; withdrawn++) {
		T_ROW(withdrawn, "withdrawn");
		T_DO(open_world(130, 0, 0));
		T_DO(log_in());
		T_EQ(ask(1, 60000), ST_OK);
		world_run(&w, 59000);
		T_TRUE(w.node[1].up_sa != 0);
		if (withdrawn)
			T_EQ(ask(1, 0), ST_OK);
		world_run(&w, 5000);
		T_EQ(w.node[1].up_sa == 0, !withdrawn);
		T_EQ(w.node[0].up_sa == 0, !withdrawn);
		T_EQ(world_status_count(&w.node[1], ST_END_NOT_REAUTH), !withdrawn);
		if (!withdrawn)
			T_EQ(w.node[1].last_status, ST_END_NOT_REAUTH);
		T_DO(close_world());
	}
}

static unsigned lost;

static bool lose(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)world;
	(void)it;
	(void)ctx;
	lost += from == 1;
	return from == 0;
}

/* Rekeyed before or after, by either side; the telling lost on its way; either engine made anew before it arrives; an
 * exchange of ours open already. The end is the same, and so is its time. */
static void test_asked_survives(void)
{
	enum { REKEY_BEFORE = 1, REKEY_AFTER = 2, BY_PEER = 4, LOST = 8, RESTART = 16 };

	for (unsigned i = 0; i < 32; i++) {
		int by = i & BY_PEER ? 0 : 1;

		T_ROW(i, "survives");
		T_DO(open_world(140 + i, 0, 0));
		T_DO(log_in());
		if (i & REKEY_BEFORE) /* both in the same moment */
			T_EQ(ike_rekey(w.node[by].ike, w.node[by].up_sa, false), ST_OK);
		if (i & LOST)
			w.tap = lose;
		lost = 0;
		T_EQ(ask(1, 60000), ST_OK);
		if (i & RESTART)
			T_TRUE(world_restart(&w, 1));
		world_run(&w, 500);
		T_TRUE(!(i & LOST) || lost > 0);
		w.tap = NULL;
		if (i & REKEY_AFTER)
			(void)!ike_rekey(w.node[by].ike, w.node[by].up_sa, false);
		world_run(&w, 3000);
		if (i & RESTART)
			T_TRUE(world_restart(&w, 0));
		T_TRUE(told_times() >= 1 || i & RESTART); /* counters die with their engine */
		T_TRUE(is_due_within(56000));
		T_TRUE(!(i & (REKEY_BEFORE | REKEY_AFTER)) || world_count(&w.node[1], CT_IKE_REKEYED) >= 1 || i & RESTART);
		w.node[0].told[IKE_EV_SA_DOWN] = w.node[1].told[IKE_EV_SA_DOWN] = 0;
		if (i % 3 == 0) {
			world_run(&w, 62000);
			T_EQ(w.node[1].up_sa, 0);
			T_EQ(w.node[1].last_status, ST_END_NOT_REAUTH);
		} else {
			T_DO(begin_again());
		}
		T_DO(close_world());
	}
}

/* Our own session with another gateway: we begin at once, and nobody is told anything. */
static void test_asked_of_the_client(void)
{
	T_DO(open_world(180, 0, 0));
	T_DO(log_in());
	T_EQ(ask(0, 60000), ST_OK);
	T_TRUE(is_due_within(100));
	T_EQ(world_count(&w.node[0], CT_IKE_REAUTH_ASKED), 0);
	T_DO(begin_again());
	T_DO(close_world());
}

static void test_asked_and_not_kept(void)
{
	struct ike_limit limit = {.lifetime_s = 60, .reauth = true};

	T_DO(open_world(190, 0, 0));
	T_DO(log_in());
	w.node[1].keep_fails = true;
	T_EQ(ask(1, 60000), ST_NOMEM);
	T_EQ(ike_limit(w.node[1].ike, w.node[1].up_sa, &limit), ST_NOMEM);
	w.node[1].keep_fails = false;
	T_EQ(ike_reauth(w.node[1].ike, 0x7777777, 1000), ST_NOT_FOUND);
	T_TRUE(!is_due_within(100000));
	T_EQ(told_times(), 0);
	T_TRUE(w.node[1].up_sa != 0 && sa_of(1)->session_end_ms == 0 && sa_of(1)->reauth_end_ms == 0);
	T_DO(close_world());
}

/* Asked, and then not any more: what the profile says is told when it is time for that. */
static void test_asked_before_the_limit(void)
{
	T_DO(open_world(195, 0, 200));
	T_DO(log_in());
	T_EQ(ask(1, 60000), ST_OK);
	world_run(&w, 1000);
	T_EQ(told_times(), 1);
	T_EQ(ask(1, 0), ST_OK);
	world_run(&w, 130000);
	T_TRUE(told_times() == 1 && w.node[1].up_sa != 0);
	world_run(&w, 10000);
	T_EQ(told_times(), 2);
	world_run(&w, 70000);
	T_EQ(told_times(), 2);
	T_EQ(w.node[1].last_status, ST_END_LIFETIME);
	T_DO(close_world());
}

/* A limit whose end asks for an authentication: told when it is set, or when a short one is near its end; at its end the reason
 * is that nobody came. Without that it is not told, and the reason is the limit. */
static void test_limit_that_asks(void)
{
	for (unsigned reauth = 0; reauth < 2; reauth++) {
		struct ike_limit limit = {.age_ms = 2000, .lifetime_s = 7200, .reauth = reauth};

		T_ROW(reauth, "asks");
		T_DO(open_world(200, 0, 0));
		T_DO(log_in());
		T_EQ(ike_limit(w.node[1].ike, w.node[1].up_sa, &limit), ST_OK);
		world_run(&w, 1000);
		T_EQ(told_times(), reauth);
		limit.lifetime_s = 100;
		T_EQ(ike_limit(w.node[1].ike, w.node[1].up_sa, &limit), ST_OK);
		T_EQ(ike_rekey(w.node[1].ike, w.node[1].up_sa, false), ST_OK);
		world_run(&w, 40000);
		T_EQ(told_times(), reauth); /* it is not near enough */
		T_EQ(is_due_within(54000), reauth);
		T_EQ(told_times(), 2 * reauth);
		T_TRUE(world_restart(&w, 1));
		world_run(&w, 100000);
		T_EQ(w.node[1].up_sa, 0);
		T_EQ(w.node[1].last_status, reauth ? ST_END_NOT_REAUTH : ST_END_SESSION_TIMEOUT);
		T_DO(close_world());
	}
}

/* Who is to be told near the end of one limit is told near that of the next, whatever becomes of it. */
static void test_limit_in_the_place_of_another(void)
{
	struct ike_limit limit = {.lifetime_s = 500};

	T_DO(open_world(201, 0, 0));
	w.node[1].session_lifetime_s = 300;
	T_DO(log_in());
	T_EQ(ike_limit(w.node[1].ike, w.node[1].up_sa, &limit), ST_OK);
	world_run(&w, 430000);
	T_EQ(told_times(), 0);
	world_run(&w, 12000);
	T_EQ(told_times(), 1);
	limit.lifetime_s = 600; /* it has been told, and this one asks for nothing */
	T_EQ(ike_limit(w.node[1].ike, w.node[1].up_sa, &limit), ST_OK);
	world_run(&w, 140000);
	T_EQ(told_times(), 1);
	T_DO(close_world());
}

int main(void)
{
	T_RUN(test_asked);
	T_RUN(test_asked_in_vain);
	T_RUN(test_asked_survives);
	T_RUN(test_asked_of_the_client);
	T_RUN(test_asked_and_not_kept);
	T_RUN(test_asked_before_the_limit);
	T_RUN(test_limit_that_asks);
	T_RUN(test_limit_in_the_place_of_another);
	T_RUN(test_limits);
	T_RUN(test_round_after_round);
	T_RUN(test_the_new_child_waits);
	T_RUN(test_the_limit_is_kept);
	T_RUN(test_told_again);
	T_RUN(test_survives);
	T_RUN(test_informational);
	T_RUN(test_another_limit);
	return t_end();
}
