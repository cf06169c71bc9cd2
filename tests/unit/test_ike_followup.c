/* Additional key exchanges of CREATE_CHILD_SA, in IKE_FOLLOWUP_KE (RFC 9370 2.2.4): what is agreed on,
 * that both sides make the same of it, and that whatever is lost on the way, by the network or by a
 * side, there is one of everything at the end. */
#include <stdio.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/child.h"
#include "core/ike/engine.h"
#include "core/ike/exchange.h"
#include "core/ike/work.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

static struct world w;
static struct snapshot *client, *server;

#define ADD(n, groups) " sallyport additional-key-exchange " n " " groups "\n"
#define CHILD(n, groups) "crypto ipsec profile default\n set pfs group19\n" ADD(n, groups)
#define TWO ADD("1", "20") ADD("4", "31")
#define CHILD_TWO CHILD("2", "20") ADD("3", "14")

/* proposal: lines of it; more: whole commands. */
static struct snapshot *conf_with(const char *base, const char *proposal, const char *more)
{
	static char text[2048];

	snprintf(text, sizeof(text),
		"%scrypto ikev2 proposal P\n encryption aes-gcm-128\n prf sha256\n group 19 14\n%s"
		"crypto ikev2 policy POL\n proposal P\n%s", base, proposal, more);
	return world_conf(text);
}

static void open_world(uint64_t seed, const char *ours, const char *our_more, const char *theirs,
	const char *their_more)
{
	client = conf_with(world_client_text, ours, our_more);
	server = conf_with(world_server_text, theirs, their_more);
	T_TRUE(client != NULL && server != NULL);
	T_TRUE(world_init(&w, seed, client, server));
	w.knobs.delay_ms = 10;
	w.knobs.answer_ms = 5;
	w.knobs.pool = 4;
}

static void close_world(void)
{
	w.tap = NULL;
	world_fini(&w);
	snapshot_unref(client);
	snapshot_unref(server);
}

static struct ike_sa *sa_of(int side)
{
	return ike_find_number(w.node[side].ike, w.node[side].up_sa);
}

static void log_in(void)
{
	uint64_t sa;

	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 3000);
	T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
}

/* One of everything, the same on both sides, and nothing under way. */
static void quiet(void)
{
	for (int i = 0; i < 2; i++) {
		T_ROW(i, i == 0 ? "client" : "headend");
		T_TRUE(w.broken == NULL);
		T_TRUE(sa_of(i) != NULL);
		T_EQ(sa_of(i)->state, SA_UP);
		T_EQ(ike_count(w.node[i].ike), 1);
		T_EQ(w.node[i].n_child, 1);
		T_TRUE(sa_of(i)->mine == NULL && list_empty(&sa_of(i)->theirs));
		T_EQ(w.node[i].told[IKE_EV_SA_DOWN], 0);
		T_EQ(w.node[i].n_record, 1);
	}
	struct ike_keys ours, theirs;
	ike_keys_read(sa_of(0)->keys, &ours);
	ike_keys_read(sa_of(1)->keys, &theirs);
	T_EQ(memcmp(&ours, &theirs, sizeof(ours)), 0);
	T_TRUE(world_children_agree(&w));
}

static void all_gone(void)
{
	w.tap = NULL;
	ike_close_all(w.node[0].ike, ST_END_ADMIN);
	world_run(&w, 70000);
	ike_close_all(w.node[1].ike, ST_END_ADMIN);
	world_run(&w, 70000);
	T_TRUE(world_is_empty(&w));
	T_TRUE(w.broken == NULL);
}

/* IKE_FOLLOWUP_KE on its way: requests, each counted once; some are lost. */
struct seen {
	unsigned requests, of[2];
	uint32_t last;
	unsigned lose_requests, lose_replies;
};

static bool tap(struct world *world, int from, struct world_item *it, void *ctx)
{
	struct seen *s = ctx;
	bool is_reply = it->bytes[19] & IKE_FLAG_RESPONSE;

	(void)world;
	if (it->bytes[18] != EX_IKE_FOLLOWUP_KE)
		return true;
	if (!is_reply && it->bytes[23] + 256u * (unsigned)from != s->last) {
		s->requests++;
		s->of[from]++;
		s->last = it->bytes[23] + 256u * (unsigned)from;
	}
	if (!is_reply && s->lose_requests > 0)
		return s->lose_requests--, false;
	if (is_reply && s->lose_replies > 0)
		return s->lose_replies--, false;
	return true;
}

static void watch(struct seen *s)
{
	*s = (struct seen){.last = UINT32_MAX};
	w.tap = tap;
	w.tap_ctx = s;
}

/* Until what is ours there, or the peer's here, is in such a state. */
static struct exchange *wait_for(int side, bool is_mine, enum x_state state)
{
	for (unsigned i = 0; i < 2000; i++) {
		struct ike_sa *sa = sa_of(side);
		struct exchange *x = sa == NULL ? NULL
				     : is_mine  ? sa->mine
				     : list_empty(&sa->theirs)
					? NULL
					: CONTAINER_OF(sa->theirs.next, struct exchange, node);

		if (x != NULL && x->state == state)
			return x;
		(void)world_step(&w, w.now_ms + 1000);
	}
	return NULL;
}

/* What each side begins: bit 0 its children, bit 1 the IKE SA. */
static void rekey(int side, unsigned what)
{
	if (what & 1)
		T_EQ(ike_rekey(w.node[side].ike, w.node[side].up_sa, true), ST_OK);
	if (what & 2)
		T_EQ(ike_rekey(w.node[side].ike, w.node[side].up_sa, false), ST_OK);
}

/* At every moment what leaves one side comes in at the other. */
static bool run_with_way(uint64_t ms)
{
	uint64_t until = w.now_ms + ms;
	bool more = true;

	while (more && w.broken == NULL) {
		more = world_step(&w, until);
		for (int i = 0; i < 2; i++)
			if (!world_has_way(&w, i)) {
				printf("# no way from %d\n%.*s", i, (int)w.log_len, w.log);
				return false;
			}
	}
	if (w.broken != NULL)
		printf("# %s: %s\n%.*s", w.broken, w.broken_text, (int)w.log_len, w.log);
	return w.broken == NULL;
}

static void test_what_is_agreed_on(void)
{
	static const struct {
		const char *client, *client_more, *server, *server_more;
		bool is_child;
		unsigned exchanges;
		bool works;
	} rows[] = {
		{ADD("1", "20"), "", ADD("1", "20"), "", false, 1, true},
		{ADD("1", "20 21"), "", ADD("1", "21"), "", false, 1, true},
		{TWO, "", TWO, "", false, 2, true},
		{ADD("1", "optional 20"), "", "", "", false, 0, true},
		{ADD("1", "optional 20") ADD("2", "31"), "", ADD("2", "31"), "", false, 1, true},
		{TWO, CHILD("1", "21"), TWO, CHILD("1", "21"), true, 1, true},
		{"", CHILD_TWO, "", CHILD_TWO, true, 2, true},
		{"", CHILD("1", "optional 21"), "", "crypto ipsec profile default\n set pfs group19\n", true, 0, true},
		{"", CHILD("1", "21"), "", "crypto ipsec profile default\n set pfs group19\n", true, 0, false},
		{"", "crypto ipsec profile default\n" ADD("1", "21"), "",
			"crypto ipsec profile default\n" ADD("1", "21"), true, 0, true},
		{"", CHILD("1", "19"), "", CHILD("1", "19"), true, 0, false}, /* the same method twice */
	};

	for (unsigned i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned k = i / 2;
		int side = i & 1;
		int64_t live = mem_live();
		uint32_t old_spi;
		uint64_t old_ike;
		struct seen s;

		T_ROW(i, "agreed");
		T_DO(open_world(i, rows[k].client, rows[k].client_more, rows[k].server, rows[k].server_more));
		w.knobs.real_crypto = k % 3 == 2;
		T_DO(log_in());
		T_DO(watch(&s));
		old_spi = w.node[side].child[0].spi_in;
		old_ike = sa_spi_local(sa_of(side));
		T_EQ(ike_rekey(w.node[side].ike, w.node[side].up_sa, rows[k].is_child), ST_OK);
		world_run(&w, 10000);
		T_EQ(s.requests, rows[k].exchanges);
		T_EQ(w.node[side].child[0].spi_in != old_spi, rows[k].is_child && rows[k].works);
		T_EQ(sa_spi_local(sa_of(side)) != old_ike, !rows[k].is_child && rows[k].works);
		if (rows[k].works)
			T_DO(quiet());
		T_DO(all_gone());
		close_world();
		T_EQ(mem_live(), live);
	}
}

/* Every secret is part of the keys, in the order of the exchanges, after the nonces. */
static void test_keys(void)
{
	static const uint8_t bytes[] = "secretNiNiNiNiNiNiNiNiNrNrNrNrNrNrNrNronetwo";
	const struct xf *prf = suite_find(XF_PRF, 5, 0);
	struct ike_keys old = {.d_len = 32, .sk_d = {1, 2, 3}}, k;
	struct key_input in = {
		.secret = {bytes, 6}, .ni = {bytes + 6, 16}, .nr = {bytes + 22, 16}, .more = {bytes + 38, 6},
		.spi_i = 1, .spi_r = 2,
	};
	struct view all = {bytes, 44};
	uint8_t spis[16] = {[7] = 1, [15] = 2}, seed[PRF_OUT_MAX], i_to_r[64], r_to_i[64], stream[64];
	const struct view plus[] = {in.ni, in.nr, {spis, 16}};
	struct ike_suite s;
	struct esp_suite esp;

	T_EQ(suite_ike(20, 128, 5, 0, 19, &s), ST_OK);
	T_EQ(suite_esp(20, 128, 0, false, &esp), ST_OK);
	prf_one(prf, (struct view){old.sk_d, 32}, all, seed);
	keys_rekey(&s, prf, &old, &in, &k);
	T_EQ(prf_plus(prf, (struct view){seed, 32}, plus, 3, stream, 32), ST_OK);
	T_EQ(memcmp(k.sk_d, stream, 32), 0);
	T_EQ(keys_child(prf, &old, &in, &esp, i_to_r, r_to_i), ST_OK);
	T_EQ(prf_plus(prf, (struct view){old.sk_d, 32}, &all, 1, stream, 40), ST_OK);
	T_EQ(memcmp(i_to_r, stream, 20), 0);
	T_EQ(memcmp(r_to_i, stream + 20, 20), 0);
}

/* What is lost is sent again, and makes nothing twice. */
static void test_lost_messages(void)
{
	for (unsigned i = 0; i < 48; i++) {
		int side = i & 1;
		bool is_child = i & 2;
		struct seen s;

		T_ROW(i, "lost");
		T_DO(open_world(i, TWO, CHILD_TWO, TWO, CHILD_TWO));
		T_DO(log_in());
		T_DO(watch(&s));
		s.lose_requests = i / 4 & 3;
		s.lose_replies = i / 16;
		w.knobs.twice = 300;
		T_EQ(ike_rekey(w.node[side].ike, w.node[side].up_sa, is_child), ST_OK);
		world_run(&w, 90000);
		T_EQ(s.requests, 2);
		T_EQ(world_count(&w.node[side], is_child ? CT_CHILD_REKEYED : CT_IKE_REKEYED), 1);
		T_DO(quiet());
		T_DO(all_gone());
		close_world();
	}
}

/* A link that is of nothing is answered with STATE_NOT_FOUND, and all of it is tried again; an SA
 * where that goes on is given up. */
static void test_wrong_link(void)
{
	for (unsigned i = 0; i < 4; i++) {
		int side = i & 1;
		bool always = i & 2;
		unsigned wrong = 0;
		struct exchange *x;

		T_ROW(i, "wrong link");
		T_DO(open_world(i, TWO, "", TWO, ""));
		T_DO(log_in());
		T_EQ(ike_rekey(w.node[side].ike, w.node[side].up_sa, false), ST_OK);
		do {
			x = wait_for(side, true, XS_I_MORE_DH);
			if (x == NULL)
				break;
			x->more.link[4]++;
			T_TRUE(wait_for(side, true, XS_I_MORE_WAIT) == x);
			world_run(&w, 200);
			wrong++;
			T_EQ(world_status_count(&w.node[1 - side], ST_BAD_STATE), wrong);
			T_TRUE(wrong == 4 || sa_of(side)->mine == NULL);
		} while (always);
		T_EQ(wrong, always ? 4 : 1);
		world_run(&w, 60000);
		T_EQ(w.node[side].up_sa != 0, !always);
		T_EQ(w.node[1 - side].up_sa != 0, !always);
		if (!always) {
			T_EQ(world_count(&w.node[side], CT_IKE_REKEYED), 1);
			T_DO(quiet());
		}
		T_DO(all_gone());
		close_world();
	}
}

/* The responder waits 20 s for what is to come. Later it does not know what it is about; the peer
 * tries again. */
static void test_timeout(void)
{
	for (unsigned i = 0; i < 4; i++) {
		int side = i & 1;
		bool is_child = i & 2;
		struct seen s;

		T_ROW(i, "timeout");
		T_DO(open_world(i, TWO, CHILD_TWO, TWO, CHILD_TWO));
		T_DO(log_in());
		T_DO(watch(&s));
		s.lose_requests = 5;
		T_EQ(ike_rekey(w.node[side].ike, w.node[side].up_sa, is_child), ST_OK);
		T_TRUE(wait_for(1 - side, false, XS_R_MORE_WAIT) != NULL);
		world_run(&w, 19000);
		T_TRUE(!list_empty(&sa_of(1 - side)->theirs));
		world_run(&w, 2000);
		T_TRUE(list_empty(&sa_of(1 - side)->theirs));
		T_EQ(sa_of(side)->mine->state, XS_I_MORE_WAIT);
		world_run(&w, 60000);
		T_EQ(s.requests, 3);
		T_EQ(world_status_count(&w.node[1 - side], ST_BAD_STATE), 1);
		T_EQ(world_count(&w.node[side], is_child ? CT_CHILD_REKEYED : CT_IKE_REKEYED), 1);
		T_DO(quiet());
		T_DO(all_gone());
		close_world();
	}
}

/* RFC 9370 2.2.4: while our series goes on, the peer's request about the same SA has to wait. */
static void test_not_beside(void)
{
	struct seen s;

	T_DO(open_world(3, TWO, CHILD_TWO, TWO, CHILD_TWO));
	T_DO(log_in());
	T_DO(watch(&s));
	s.lose_requests = 2;
	T_EQ(ike_rekey(w.node[0].ike, w.node[0].up_sa, false), ST_OK);
	T_TRUE(wait_for(0, true, XS_I_MORE_WAIT) != NULL);
	T_TRUE(exchange_begin(sa_of(1), X_REKEY_IKE, 0, 0) == ST_OK);
	world_run(&w, 1000);
	T_EQ(world_status_count(&w.node[0], ST_TEMPORARY), 1);
	world_run(&w, 60000);
	T_EQ(world_count(&w.node[0], CT_IKE_REKEYED), 1);
	T_DO(quiet());
	T_DO(all_gone());
	close_world();
}

/* Who begins anew has given up what it began before: it does not wait for that to time out. */
static void test_begun_anew(void)
{
	for (unsigned i = 0; i < 4; i++) {
		int side = i & 1;
		bool is_child = i & 2;

		T_ROW(i, "anew");
		T_DO(open_world(i, TWO, CHILD_TWO, TWO, CHILD_TWO));
		T_DO(log_in());
		T_EQ(ike_rekey(w.node[side].ike, w.node[side].up_sa, is_child), ST_OK);
		T_TRUE(wait_for(side, true, XS_I_MORE_DH) != NULL);
		T_EQ(sa_of(1 - side)->theirs.next != &sa_of(1 - side)->theirs, true);
		exchange_drop(sa_of(side)->mine);
		work(sa_of(side));
		world_run(&w, 2000);
		T_EQ(world_status_count(&w.node[1 - side], ST_TEMPORARY), 0);
		T_EQ(world_count(&w.node[side], is_child ? CT_CHILD_REKEYED : CT_IKE_REKEYED), 1);
		world_run(&w, 10000);
		T_DO(quiet());
		T_DO(all_gone());
		close_world();
	}
}

/* A peer has one series under way, not as many as it can begin. */
static void test_one_series(void)
{
	uint32_t spi[2];

	T_DO(open_world(8, TWO, CHILD_TWO, TWO, CHILD_TWO));
	w.knobs.more = 1;
	T_DO(log_in());
	T_EQ(w.node[0].n_child, 2);
	for (int i = 0; i < 2; i++)
		spi[i] = w.node[0].child[i].spi_in;
	for (int i = 0; i < 2; i++) {
		T_EQ(exchange_begin(sa_of(0), X_REKEY_CHILD, spi[i], 0), ST_OK);
		T_EQ(world_status_count(&w.node[1], ST_TEMPORARY), 0);
		if (i == 0) {
			T_TRUE(wait_for(0, true, XS_I_MORE_DH) != NULL);
			exchange_drop(sa_of(0)->mine);
		}
	}
	world_run(&w, 500);
	T_EQ(world_status_count(&w.node[1], ST_TEMPORARY), 1);
	T_TRUE(sa_of(0)->mine == NULL);
	world_run(&w, 21000);
	T_TRUE(list_empty(&sa_of(1)->theirs));
	T_EQ(exchange_begin(sa_of(0), X_REKEY_CHILD, spi[1], 0), ST_OK);
	world_run(&w, 5000);
	T_EQ(world_count(&w.node[1], CT_CHILD_REKEYED), 1);
	T_TRUE(world_children_agree(&w));
	T_DO(all_gone());
	close_world();
}

/* Both begin at the same moment: one of them goes on, and makes the only successor there is. */
static void test_one_of_two(void)
{
	unsigned won[2] = {0};

	for (unsigned i = 0; i < 40; i++) {
		bool is_child = i & 1;
		struct seen s;

		T_ROW(i, "one of two");
		T_DO(open_world(i, TWO, CHILD_TWO, TWO, CHILD_TWO));
		T_DO(log_in());
		T_DO(watch(&s));
		T_DO(rekey(0, is_child ? 1 : 2));
		T_DO(rekey(1, is_child ? 1 : 2));
		for (unsigned k = 0; k < 1000 && s.requests == 0; k++)
			(void)world_step(&w, w.now_ms + 1000);
		T_EQ(s.requests, 1);
		T_TRUE(list_empty(&sa_of(s.of[0] == 1 ? 0 : 1)->theirs));
		T_TRUE(run_with_way(20000));
		T_TRUE(s.requests == 2 && (s.of[0] == 2 || s.of[1] == 2));
		won[s.of[0] == 2 ? 0 : 1]++;
		for (int k = 0; k < 2; k++) {
			T_EQ(world_count(&w.node[k], is_child ? CT_CHILD_REKEYED : CT_IKE_REKEYED), 1);
			T_EQ(world_count(&w.node[k], CT_REKEY_COLLISION), 1);
			T_EQ(w.node[k].told[IKE_EV_CHILD_UP], is_child ? 2 : 1);
		}
		T_DO(quiet());
		T_DO(all_gone());
		close_world();
	}
	T_TRUE(won[0] > 5 && won[1] > 5);
}

/* Ours is ready while the window is full: it goes out when there is room. */
static void test_full_window(void)
{
	static const uint8_t byte;
	struct ike_sa *sa;
	struct exchange *x;

	T_DO(open_world(4, ADD("1", "20"), "crypto ikev2 window 1\n", ADD("1", "20"), "crypto ikev2 window 1\n"));
	T_DO(log_in());
	T_EQ(ike_rekey(w.node[0].ike, w.node[0].up_sa, false), ST_OK);
	x = wait_for(0, true, XS_I_MORE_DH);
	T_TRUE(x != NULL);
	sa = sa_of(0);
	T_EQ(window_out_open(&sa->out, REQ_DPD, (struct backoff){60000, 60000, 1}, (struct view){&byte, 1}), ST_OK);
	world_run(&w, 500);
	T_TRUE(sa->mine == x && x->state == XS_I_MORE_DH && x->more.is_held);
	window_out_close(&sa->out, LANE_INFO);
	sa->out.next--;
	work(sa);
	T_EQ(x->state, XS_I_MORE_WAIT);
	world_run(&w, 10000);
	T_EQ(world_count(&w.node[0], CT_IKE_REKEYED), 1);
	T_DO(quiet());
	T_DO(all_gone());
	close_world();
}

static void test_both_at_once(void)
{
	unsigned collisions = 0;

	for (unsigned i = 0; i < 400; i++) {
		unsigned a = 1 + i % 3, b = 1 + i / 3 % 3;
		/* Also where what one side asks for can be had without. */
		const char *theirs = i % 5 == 4 ? ADD("1", "optional 20") : TWO;
		const char *ours = i % 5 == 4 ? ADD("1", "optional 20 31") : TWO;
		int64_t live = mem_live();

		T_ROW(i, "both at once");
		T_DO(open_world(i, ours, CHILD_TWO, theirs, CHILD_TWO));
		T_DO(log_in());
		w.knobs.late = 500;
		w.knobs.late_ms = (uint32_t)(i / 9 * 10);
		w.knobs.answer_late = 300;
		w.knobs.answer_late_ms = 50;
		T_DO(rekey(0, a));
		if (i / 9 % 3)
			T_TRUE(run_with_way(i / 9 % 40));
		T_DO(rekey(1, b));
		T_TRUE(run_with_way(180000));
		w.knobs.late = w.knobs.answer_late = 0;
		T_TRUE(run_with_way(120000));
		T_DO(quiet());
		collisions += world_count(&w.node[0], CT_REKEY_COLLISION) > 0;
		T_DO(all_gone());
		close_world();
		T_EQ(mem_live(), live);
	}
	printf("# %u collisions\n", collisions);
	T_TRUE(collisions > 40);
}

static void test_lossy(void)
{
	for (unsigned i = 0; i < 200; i++) {
		int64_t live = mem_live();

		T_ROW(i, "lossy");
		T_DO(open_world(i, TWO, CHILD_TWO, TWO, CHILD_TWO));
		T_DO(log_in());
		w.knobs.loss = 250;
		w.knobs.twice = 200;
		w.knobs.late = 300;
		w.knobs.late_ms = 3000;
		T_DO(rekey(0, 1 + i % 3));
		world_run(&w, i % 7 * 100);
		T_DO(rekey(1, 1 + i / 3 % 3));
		world_run(&w, 60000);
		w.knobs.loss = w.knobs.twice = w.knobs.late = 0;
		world_run(&w, 300000);
		T_TRUE(w.broken == NULL);
		if (w.node[0].up_sa != 0 && w.node[1].up_sa != 0)
			T_DO(quiet());
		T_DO(all_gone());
		close_world();
		T_EQ(mem_live(), live);
	}
}

/* Either engine is frozen, destroyed and thawed between any two messages: the session lives, and what
 * was under way comes to its end. */
static void test_restart_in_the_middle(void)
{
	for (unsigned i = 0; i < 480; i++) {
		int side = i & 1, who = i / 2 % 2;
		unsigned what = 1 + i / 4 % 3, steps = i / 12;
		int64_t live = mem_live();

		T_ROW(i, "restart");
		T_DO(open_world(i, TWO, CHILD_TWO, TWO, CHILD_TWO));
		T_DO(log_in());
		T_DO(rekey(who, what));
		for (unsigned k = 0; k < steps; k++)
			(void)world_step(&w, w.now_ms + 1000);
		T_TRUE(world_restart(&w, side));
		world_run(&w, 150000);
		if (w.broken != NULL || !w.node[0].up_sa || !w.node[1].up_sa)
			printf("# %s\n%.*s", w.broken_text, (int)w.log_len, w.log);
		T_DO(quiet());
		/* A main that is new may have forgotten that it was to begin. */
		T_TRUE(what == 1 || who == side || world_count(&w.node[who], CT_IKE_REKEYED) >= 1);
		T_DO(all_gone());
		close_world();
		T_EQ(mem_live(), live);
	}
}

/* An initiator that is gone for good leaves nothing behind. */
static void test_gone(void)
{
	int64_t live = mem_live();

	T_DO(open_world(6, TWO, "", TWO, ""));
	T_DO(log_in());
	T_EQ(ike_rekey(w.node[0].ike, w.node[0].up_sa, false), ST_OK);
	T_TRUE(wait_for(1, false, XS_R_MORE_WAIT) != NULL);
	T_EQ(ike_close(w.node[1].ike, w.node[1].up_sa, ST_END_ADMIN), ST_OK);
	world_run(&w, 30000);
	T_TRUE(world_is_empty(&w));
	T_DO(all_gone());
	close_world();
	T_EQ(mem_live(), live);
}

int main(void)
{
	T_RUN(test_keys);
	T_RUN(test_what_is_agreed_on);
	T_RUN(test_lost_messages);
	T_RUN(test_wrong_link);
	T_RUN(test_timeout);
	T_RUN(test_not_beside);
	T_RUN(test_begun_anew);
	T_RUN(test_one_series);
	T_RUN(test_one_of_two);
	T_RUN(test_full_window);
	T_RUN(test_both_at_once);
	T_RUN(test_lossy);
	T_RUN(test_restart_in_the_middle);
	T_RUN(test_gone);
	return t_end();
}
