/* Children that a client wants beside the one of IKE_AUTH or instead of it (RFC 6023): they are made,
 * rekeyed, made again when they are gone, and outlive either side's main. */
#include <stdio.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/engine.h"
#include "core/ike/exchange.h"
#include "core/ike/wish.h"
#include "core/ike/work.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

static struct world w;
static struct snapshot *client, *server;
static unsigned auths_with_sa;

#define CHILDLESS "crypto ikev2 profile HQ\n sallyport childless\n"
#define PFS "crypto ipsec profile default\n set pfs group19\n"

static void open_world(uint64_t seed, unsigned more, const char *of_client, const char *of_server)
{
	static char c[2048], s[2048];

	snprintf(c, sizeof(c), "%s%s", world_client_text, of_client);
	snprintf(s, sizeof(s), "%s%s", world_server_text, of_server);
	client = world_conf(c);
	server = world_conf(s);
	T_TRUE(client != NULL && server != NULL);
	T_TRUE(world_init(&w, seed, client, server));
	w.knobs.delay_ms = 10;
	w.knobs.answer_ms = 5;
	w.knobs.pool = 4;
	w.knobs.more = more;
}

static void close_world(void)
{
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

/* So many on both sides, all up, and the same. */
static void have(size_t n)
{
	for (int i = 0; i < 2; i++) {
		T_ROW(i, i == 0 ? "client" : "headend");
		T_TRUE(sa_of(i) != NULL);
		T_EQ(sa_of(i)->n_children, n);
		T_EQ(w.node[i].n_child, n);
		T_TRUE(sa_of(i)->mine == NULL && list_empty(&sa_of(i)->theirs));
	}
	if (n > 0)
		T_TRUE(world_children_agree(&w));
	T_EQ(wish_due_ms(sa_of(0)), TIMER_NEVER);
	T_TRUE(w.broken == NULL);
}

static void all_gone(void)
{
	ike_close_all(w.node[0].ike, ST_END_ADMIN);
	world_run(&w, 70000);
	T_TRUE(world_is_empty(&w));
	T_TRUE(w.broken == NULL);
}

static void test_each_pair_has_its_child(void)
{
	for (unsigned i = 0; i < 12; i++) {
		unsigned more = 1 + i % 3 * 3;
		int64_t live = mem_live();

		T_ROW(i, "pairs");
		T_DO(open_world(i, more, i >= 6 ? PFS : "", i >= 6 ? PFS : ""));
		T_DO(log_in());
		T_DO(have(1 + more));
		for (unsigned k = 0; k < 2; k++) {
			T_EQ(ike_rekey(w.node[k].ike, w.node[k].up_sa, i % 2 == 0), ST_OK);
			world_run(&w, 30000);
			T_DO(have(1 + more));
		}
		for (unsigned k = 1; k <= more; k++) {
			T_TRUE(wish_find(sa_of(0), (uint8_t)k) != NULL);
			T_EQ(wish_find(sa_of(0), (uint8_t)k)->tries, 1);
		}
		T_DO(all_gone());
		close_world();
		T_EQ(mem_live(), live);
	}
}

/* A peer that deletes one sees it come back, and less and less often when it insists. */
static void test_made_again_when_it_is_gone(void)
{
	T_DO(open_world(1, 2, "", ""));
	T_DO(log_in());
	for (unsigned i = 0; i < 8; i++) {
		uint64_t until = w.now_ms + 300000;

		ike_on_child_lost(w.node[1].ike, w.node[1].child[2].spi_in, ST_ESP_SEQ_END);
		world_run(&w, 500);
		while (w.now_ms < until && (sa_of(0)->n_children < 3 || sa_of(1)->n_children < 3 ||
						   w.node[1].n_child < 3 || w.node[0].n_child < 3))
			(void)world_step(&w, w.now_ms + 100);
		world_run(&w, 10000);
		T_DO(have(3));
	}
	T_TRUE(w.now_ms > 100000);
	T_DO(all_gone());
	close_world();
}

static bool count_auth(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)world, (void)ctx;
	if (from == 0 && it->len > 18 && it->bytes[18] == EX_IKE_AUTH)
		auths_with_sa = (unsigned)it->len;
	return true;
}

/* RFC 6023: the IKE_AUTH messages are shorter, and the child comes by CREATE_CHILD_SA. */
static void test_childless(void)
{
	unsigned plain;

	T_DO(open_world(2, 0, "", ""));
	w.tap = count_auth;
	T_DO(log_in());
	T_DO(have(1));
	T_TRUE(!sa_of(0)->may_be_empty && !sa_of(1)->may_be_empty);
	plain = auths_with_sa;
	T_DO(all_gone());
	close_world();
	for (unsigned i = 0; i < 4; i++) {
		T_ROW(i, "childless");
		T_DO(open_world(i, i, i & 1 ? CHILDLESS PFS : CHILDLESS, i & 1 ? PFS : ""));
		w.tap = count_auth;
		T_DO(log_in());
		T_TRUE(auths_with_sa + 60 < plain);
		T_DO(have(1 + i));
		T_TRUE(sa_of(0)->may_be_empty && sa_of(1)->may_be_empty);
		T_EQ(w.node[1].told[IKE_EV_SA_DOWN], 0);
		T_DO(all_gone());
		close_world();
	}
}

/* The peer makes none: the SA stays without, and it is tried less and less often. */
static void test_childless_and_refused(void)
{
	uint64_t before;

	T_DO(open_world(3, 0, CHILDLESS "crypto ipsec transform-set T esp-gcm 256\n"
		"crypto ipsec profile default\n set transform-set T\n", "crypto ipsec transform-set T esp-aes 256 esp-sha512-hmac\n"
		"crypto ipsec profile default\n set transform-set T\n"));
	T_DO(log_in());
	world_run(&w, 60000);
	T_EQ(sa_of(0)->n_children, 0);
	T_EQ(sa_of(1)->n_children, 0);
	T_TRUE(w.node[0].told[IKE_EV_CHILD_FAILED] >= 5);
	T_EQ(w.node[0].last_status, ST_NO_CHILD_PROPOSAL);
	before = w.node[0].told[IKE_EV_CHILD_FAILED];
	world_run(&w, 3600000);
	T_TRUE(w.node[0].told[IKE_EV_CHILD_FAILED] - before < 16);
	T_TRUE(sa_of(0) != NULL && sa_of(1) != NULL);
	T_DO(all_gone());
	close_world();
}

/* The data path takes it not, or the computation never ends: the peer, which has made it, is told. */
static void test_what_we_cannot_make_is_deleted(void)
{
	for (unsigned i = 0; i < 2; i++) {
		T_ROW(i, "cannot");
		T_DO(open_world(i, 1, i ? PFS : "", i ? PFS : ""));
		T_DO(log_in());
		T_DO(have(2));
		w.node[0].install_status = i == 0 ? ST_INSTALL : ST_OK;
		T_EQ(ike_rekey(w.node[0].ike, w.node[0].up_sa, true), ST_OK);
		world_run(&w, i == 0 ? 500 : 35);
		w.node[0].never_answers = i == 1;
		world_run(&w, 25000);
		T_TRUE(world_count(&w.node[1], CT_CHILD_REKEYED) > 0);
		T_EQ(w.node[0].n_child, 2);
		T_TRUE(w.node[1].n_child <= 3); /* one may be about to go */
		w.node[0].install_status = ST_OK;
		w.node[0].never_answers = false;
		world_run(&w, 100000);
		T_DO(have(2));
		T_DO(all_gone());
		close_world();
	}
}

/* The side that was connected to wants another child, within what the first one carries. */
static void test_the_gateway_asks(void)
{
	struct wish wish = {.n_local_ts = 1, .n_remote_ts = 1};

	T_DO(open_world(5, 0, "", ""));
	T_DO(log_in());
	wish.local_ts[0] = ts_any(4);
	wish.remote_ts[0] = ts_any(4);
	T_EQ(wish_add(sa_of(1), &wish), ST_OK);
	work(sa_of(1));
	world_run(&w, 3000);
	T_DO(have(2));
	T_EQ(w.node[0].child[1].n_local_ts, 1);
	T_TRUE(ts_contains(&w.node[0].child[0].local_ts[0], &w.node[0].child[1].local_ts[0]));
	T_EQ(w.node[0].child[1].local_ts[0].lo.family, 4);
	T_DO(all_gone());
	close_world();
}

static void test_restart_in_the_middle(void)
{
	for (unsigned i = 0; i < 200; i++) {
		int64_t live = mem_live();

		T_ROW(i, "restart");
		T_DO(open_world(i, i % 4, i & 4 ? CHILDLESS PFS : CHILDLESS, i & 4 ? PFS : ""));
		uint64_t sa;

		T_EQ(world_connect(&w, &sa), ST_OK);
		while (w.node[0].up_sa == 0 || w.node[1].up_sa == 0)
			(void)world_step(&w, w.now_ms + 10);
		for (unsigned k = 0; k < i / 8; k++)
			(void)world_step(&w, w.now_ms + 1000);
		T_TRUE(world_restart(&w, i / 8 % 2));
		world_run(&w, 120000);
		T_DO(have(1 + i % 4));
		T_DO(all_gone());
		close_world();
		T_EQ(mem_live(), live);
	}
}

int main(void)
{
	T_RUN(test_each_pair_has_its_child);
	T_RUN(test_made_again_when_it_is_gone);
	T_RUN(test_childless);
	T_RUN(test_childless_and_refused);
	T_RUN(test_what_we_cannot_make_is_deleted);
	T_RUN(test_the_gateway_asks);
	T_RUN(test_restart_in_the_middle);
	return t_end();
}
