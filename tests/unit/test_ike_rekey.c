/* Rekeying of children and of the IKE SA, by either side, by both at once, and with a restart in the
 * middle: at every moment what leaves one side comes in at the other, and at the end there is one
 * of everything. */
#include <stdio.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/child.h"
#include "core/ike/engine.h"
#include "core/ike/exchange.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

static struct world w;
static struct snapshot *client, *server;

#define PFS "crypto ipsec profile default\n set pfs group19\n"

static void open_world(uint64_t seed, const char *more)
{
	static char c[2048], s[2048];

	snprintf(c, sizeof(c), "%s%s", world_client_text, more);
	snprintf(s, sizeof(s), "%s%s", world_server_text, more);
	client = world_conf(c);
	server = world_conf(s);
	T_TRUE(client != NULL && server != NULL);
	T_TRUE(world_init(&w, seed, client, server));
	w.knobs.delay_ms = 10;
	w.knobs.answer_ms = 5;
	w.knobs.pool = 4;
}

static void close_world(void)
{
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
	T_TRUE(world_children_agree(&w));
}

static struct ike_sa *sa_of(int side)
{
	return ike_find_number(w.node[side].ike, w.node[side].up_sa);
}

static void show_children(void)
{
	for (int i = 0; i < 2; i++)
		for (size_t k = 0; k < w.node[i].n_child; k++) {
			const struct ike_child_spec *c = &w.node[i].child[k];
			const struct ike_child *e = ike_find_child(w.node[i].ike, c->spi_in);

			printf("# %d: in %08x out %08x%s state %d\n", i, c->spi_in, c->spi_out,
				c->receive_only ? " receive only" : "", e != NULL ? e->state : -1);
		}
}

/* Steps through so much time; the way must never be missing, in either direction. */
static bool run_with_way(uint64_t ms)
{
	uint64_t until = w.now_ms + ms;
	bool more = true;

	while (more && w.broken == NULL) {
		more = world_step(&w, until);
		for (int i = 0; i < 2; i++)
			if (!world_has_way(&w, i)) {
				printf("# no way from %d at %llu ms\n", i, (unsigned long long)w.now_ms);
				show_children();
				printf("%.*s", (int)w.log_len, w.log);
				return false;
			}
	}
	if (w.broken != NULL)
		printf("# %s: %s\n", w.broken, w.broken_text);
	return w.broken == NULL;
}

static size_t children_in_state(int side, enum child_state state)
{
	size_t n = 0;

	LIST_EACH(at, &sa_of(side)->children)
		n += CONTAINER_OF(at, struct ike_child, node)->state == state;
	return n;
}

/* One of everything, the same on both sides, and no more than one. */
static void quiet(void)
{
	for (int i = 0; i < 2; i++) {
		T_ROW(i, i == 0 ? "client" : "headend");
		T_TRUE(sa_of(i) != NULL);
		T_EQ(sa_of(i)->state, SA_UP);
		T_EQ(ike_count(w.node[i].ike), 1);
		T_EQ(w.node[i].n_child, 1);
		T_EQ(sa_of(i)->n_children, 1);
		T_EQ(children_in_state(i, CHILD_UP), 1);
		T_TRUE(sa_of(i)->mine == NULL && list_empty(&sa_of(i)->theirs));
		T_EQ(w.node[i].told[IKE_EV_SA_DOWN], 0);
		T_EQ(w.node[i].n_record, 1);
		T_EQ(w.node[i].told[IKE_EV_CHILD_UP] - w.node[i].told[IKE_EV_CHILD_DOWN], 1);
	}
	T_EQ(sa_spi_local(sa_of(0)), sa_spi_remote(sa_of(1)));
	T_EQ(sa_spi_remote(sa_of(0)), sa_spi_local(sa_of(1)));
	T_TRUE(world_children_agree(&w));
}

static void all_gone(void)
{
	ike_close_all(w.node[0].ike, ST_END_ADMIN);
	world_run(&w, 70000);
	T_TRUE(world_is_empty(&w));
	T_TRUE(w.broken == NULL);
}

/* What each side begins: bit 0 its children, bit 1 the IKE SA. */
static void rekey(int side, unsigned what)
{
	struct ike *ike = w.node[side].ike;
	uint64_t sa = w.node[side].up_sa;

	if (what & 1)
		T_EQ(ike_rekey(ike, sa, true), ST_OK);
	if (what & 2)
		T_EQ(ike_rekey(ike, sa, false), ST_OK);
}

static void test_each_alone(void)
{
	for (unsigned i = 0; i < 12; i++) {
		int side = i & 1;
		unsigned what = 1 + i / 2 % 3;
		int64_t live = mem_live();
		uint32_t old_spi;
		uint64_t number, old_ike;

		T_ROW(i, "each alone");
		T_DO(open_world(i, i >= 6 ? PFS : ""));
		T_DO(log_in());
		number = w.node[side].up_sa;
		old_ike = sa_spi_local(sa_of(side));
		old_spi = w.node[side].child[0].spi_in;
		T_DO(rekey(side, what));
		T_TRUE(run_with_way(20000));
		T_DO(quiet());
		T_EQ(w.node[side].up_sa, number);
		T_EQ((w.node[side].child[0].spi_in != old_spi), (what & 1) != 0);
		T_EQ((sa_spi_local(sa_of(side)) != old_ike), (what & 2) != 0);
		if (what & 1)
			T_EQ(w.node[side].child[0].spi_in & 0xff, old_spi & 0xff);
		T_EQ(world_count(&w.node[0], CT_CHILD_REKEYED), what & 1);
		T_EQ(world_count(&w.node[1], CT_CHILD_REKEYED), what & 1);
		T_EQ(world_count(&w.node[0], CT_IKE_REKEYED), what >> 1);
		T_EQ(world_count(&w.node[1], CT_IKE_REKEYED), what >> 1);
		T_DO(all_gone());
		close_world();
		T_EQ(mem_live(), live);
	}
}

/* Both at the same moment, every pair, with messages that take their time. */
static void test_both_at_once(void)
{
	unsigned collisions = 0;

	for (unsigned i = 0; i < 900; i++) {
		unsigned a = 1 + i % 3, b = 1 + i / 3 % 3;
		int64_t live = mem_live();

		T_ROW(i, "both at once");
		T_DO(open_world(i, i / 9 % 2 ? PFS : ""));
		T_DO(log_in());
		w.knobs.late = 500;
		w.knobs.late_ms = (uint32_t)(i / 18 * 10);
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
	T_TRUE(collisions > 100);
}

/* Both at the same moment, in order, with computations that take their time: whoever asked while the other's exchange was
 * open is answered as usual (RFC 7296 2.8.1), whichever is computed first. */
static void test_computing_slowly(void)
{
	unsigned collisions = 0;

	for (unsigned i = 0; i < 400; i++) {
		unsigned what = 1 + i % 2;

		T_ROW(i, what == 1 ? "child" : "IKE");
		T_DO(open_world(i, PFS));
		T_DO(log_in());
		w.knobs.delay_ms = 40;
		w.knobs.answer_late = 900;
		w.knobs.answer_late_ms = 100;
		T_DO(rekey(0, what));
		T_DO(rekey(1, what));
		T_TRUE(run_with_way(180000));
		collisions += world_count(&w.node[0], CT_REKEY_COLLISION) > 0;
		for (int k = 0; k < 2; k++)
			T_EQ(w.node[k].stats.status[ST_TEMPORARY], 0);
		T_DO(quiet());
		T_DO(all_gone());
		close_world();
	}
	printf("# %u collisions\n", collisions);
	T_TRUE(collisions > 100);
}

/* Messages are lost, come late and twice: everything comes to an end in one state. */
static void test_lossy(void)
{
	for (unsigned i = 0; i < 300; i++) {
		int64_t live = mem_live();

		T_ROW(i, "lossy");
		T_DO(open_world(i, i % 2 ? PFS : ""));
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

/* Either engine is frozen, destroyed and thawed between any two messages. */
static void test_restart_in_the_middle(void)
{
	for (unsigned i = 0; i < 480; i++) {
		int side = i & 1, who = i / 2 % 2;
		unsigned what = 1 + i / 4 % 3, steps = i / 12;
		int64_t live = mem_live();

		T_ROW(i, "restart");
		T_DO(open_world(i, i / 12 % 2 ? PFS : ""));
		T_DO(log_in());
		T_DO(rekey(who, what));
		for (unsigned k = 0; k < steps; k++)
			(void)world_step(&w, w.now_ms + 1000);
		T_TRUE(world_restart(&w, side));
		world_run(&w, 150000);
		if (w.broken != NULL)
			printf("# %s %s\n%.*s", w.broken, w.broken_text, (int)w.log_len, w.log);
		T_TRUE(w.broken == NULL);
		if (!w.node[0].up_sa || !w.node[1].up_sa)
			printf("%.*s", (int)w.log_len, w.log);
		T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
		for (int k = 0; k < 2; k++) {
			T_EQ(w.node[k].n_child, 1);
			T_EQ(ike_count(w.node[k].ike), 1);
			T_EQ(sa_of(k)->n_children, 1);
		}
		T_TRUE(world_children_agree(&w));
		T_DO(all_gone());
		close_world();
		T_EQ(mem_live(), live);
	}
}

static bool drop_create(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)world, (void)from, (void)ctx;
	return it->len > 18 && it->bytes[18] != EX_CREATE_CHILD_SA;
}

/* RFC 7296 2.3: with the peer's window the DELETE does not wait for an exchange that is not answered,
 * also not after either side had a new main; without one it does. Beside a rekey of the IKE SA it
 * waits: the peer may have made the successor, and that one is to go, too. */
static void test_delete_beside_a_rekey(void)
{
	for (unsigned i = 0; i < 12; i++) {
		int side = i & 1;
		bool has_window = i % 3 != 0;
		struct world_node *n = &w.node[side];

		T_ROW(i, "beside");
		T_DO(open_world(i, has_window ? "crypto ikev2 window 2\n" : "crypto ikev2 window 1\n"));
		T_DO(log_in());
		T_EQ(sa_of(side)->out.size, has_window ? 2 : 1);
		w.tap = drop_create;
		T_DO(rekey(side, 1 + i % 2));
		world_run(&w, 1500);
		T_TRUE(window_out_has(&sa_of(side)->out, REQ_CREATE));
		if (i >= 6)
			T_TRUE(world_restart(&w, side) && world_restart(&w, 1 - side));
		T_EQ(ike_close(n->ike, n->up_sa, ST_END_ADMIN), ST_OK);
		world_run(&w, 3000);
		T_EQ((w.node[1 - side].told[IKE_EV_SA_DOWN] == 1), has_window && i % 2 == 0);
		w.tap = NULL;
		world_run(&w, 40000);
		T_TRUE(world_is_empty(&w) && w.broken == NULL);
		close_world();
	}
}

/* The successor of an IKE SA has the windows that were said anew. */
static void test_windows_of_the_successor(void)
{
	T_DO(open_world(3, "crypto ikev2 window 7\n"));
	T_DO(log_in());
	T_DO(rekey(0, 2));
	T_TRUE(run_with_way(20000));
	for (int i = 0; i < 2; i++) {
		T_EQ(sa_of(i)->out.size, 7);
		T_EQ(sa_of(i)->in.size, 7);
	}
	T_DO(all_gone());
	close_world();
}

/* RFC 7296 2.8, 2.17: old children end with their lifetimes, IKE SAs with theirs, for hours. */
static void test_lifetimes(void)
{
	T_DO(open_world(7, "crypto ipsec security-association lifetime seconds 300\n"));
	T_DO(log_in());
	T_TRUE(run_with_way(4 * 3600 * 1000ull));
	world_run(&w, 30000);
	T_TRUE(world_count(&w.node[0], CT_CHILD_REKEYED) >= 4 * 3600 / 300);
	T_EQ(world_count(&w.node[0], CT_CHILD_REKEYED), world_count(&w.node[1], CT_CHILD_REKEYED));
	T_EQ(w.node[0].told[IKE_EV_SA_DOWN] + w.node[1].told[IKE_EV_SA_DOWN], 0);
	T_DO(all_gone());
	close_world();
}

/* By volume, and before the sequence numbers are used up; each child at another moment. */
static void test_volume(void)
{
	static const char text[] = "crypto ipsec security-association lifetime kilobytes 10000\n";
	const uint64_t whole = 10000 * 1024;
	uint32_t spi;

	T_DO(open_world(9, text));
	T_DO(log_in());
	spi = w.node[1].child[0].spi_in;
	ike_on_volume(w.node[1].ike, spi, whole / 100 * 79, UINT32_MAX / 100 * 79);
	T_TRUE(run_with_way(5000));
	T_EQ(world_count(&w.node[1], CT_CHILD_REKEYED), 0);
	for (unsigned i = 0; i < 3; i++) {
		spi = w.node[1].child[0].spi_in;
		ike_on_volume(w.node[1].ike, spi, i == 1 ? 0 : whole / 100 * 91, i == 1 ? UINT32_MAX / 100 * 91 : 0);
		ike_on_volume(w.node[1].ike, spi, whole * 2, 0); /* a fast second: it is replaced all the same */
		T_TRUE(run_with_way(20000));
		T_DO(quiet());
		T_TRUE(w.node[1].child[0].spi_in != spi);
		T_EQ(world_count(&w.node[1], CT_CHILD_REKEYED), i + 1);
	}
	/* The peer does not answer: then it ends. */
	spi = w.node[1].child[0].spi_in;
	w.knobs.loss = 1000;
	ike_on_volume(w.node[1].ike, spi, whole * 2, 0);
	world_run(&w, 200000);
	T_EQ(w.node[1].up_sa, 0);
	w.knobs.loss = 0;
	world_run(&w, 200000);
	close_world();
}

/* A headend that shall not rekey by itself does not, and lets the peer do it. */
static void test_responder_only(void)
{
	static char text[2048];

	T_DO(open_world(8, "crypto ipsec security-association lifetime seconds 300\n"));
	snprintf(text, sizeof(text), "%s%s", world_server_text,
		"crypto ipsec security-association lifetime seconds 150\n"
		"crypto ipsec profile default\n responder-only\n");
	snapshot_unref(server);
	server = world_conf(text);
	ike_set_conf(w.node[1].ike, server);
	w.node[1].conf = server;
	T_DO(log_in());
	world_run(&w, 400000);
	T_EQ(world_count(&w.node[1], CT_CHILD_REKEYED), 0);
	T_EQ(w.node[1].last_status, ST_END_LIFETIME); /* its last child ended with its lifetime */
	close_world();
}

/* A peer that begins again and again gets one successor a second. */
static void test_not_too_often(void)
{
	T_DO(open_world(10, ""));
	T_DO(log_in());
	for (unsigned i = 0; i < 100; i++) {
		(void)!ike_rekey(w.node[0].ike, w.node[0].up_sa, false);
		world_run(&w, 100);
		T_TRUE(ike_count(w.node[1].ike) <= 3);
	}
	T_TRUE(world_count(&w.node[1], CT_IKE_REKEYED) >= 2 && world_count(&w.node[1], CT_IKE_REKEYED) <= 10);
	world_run(&w, 120000);
	T_EQ(ike_count(w.node[1].ike), 1);
	T_DO(all_gone());
	close_world();
}

/* The tables: rows unique, every state reached, every one that waits for a job or for the next key exchange has a timeout. */
static void test_rows(void)
{
	size_t n;
	const struct x_row *r = exchange_rows(&n);
	bool reached[X_STATES] = {[XS_NEW] = true};

	for (size_t i = 0; i < n; i++) {
		T_ROW(i, "row");
		for (size_t k = 0; k < i; k++)
			T_TRUE(r[i].state != r[k].state || r[i].event != r[k].event);
		T_TRUE(r[i].action != NULL && r[i].state != XS_DONE && r[i].state != XS_FAILED);
		T_TRUE(r[i].next_fail == XS_FAILED);
		reached[r[i].next_ok] = reached[r[i].next_fail] = true;
	}
	for (int s = 0; s < X_STATES; s++) {
		bool waits = false, ends = false;

		T_ROW(s, "state");
		T_TRUE(reached[s]);
		for (size_t i = 0; i < n; i++) {
			waits |= r[i].state == s && (r[i].event == XE_JOB || r[i].event == XE_FOLLOWUP || r[i].event == XE_TURN);
			ends |= r[i].state == s && r[i].event == XE_TIMEOUT;
		}
		T_EQ(waits, ends);
	}
}

int main(void)
{
	T_RUN(test_rows);
	T_RUN(test_each_alone);
	T_RUN(test_both_at_once);
	T_RUN(test_computing_slowly);
	T_RUN(test_lossy);
	T_RUN(test_restart_in_the_middle);
	T_RUN(test_delete_beside_a_rekey);
	T_RUN(test_windows_of_the_successor);
	T_RUN(test_lifetimes);
	T_RUN(test_volume);
	T_RUN(test_not_too_often);
	T_RUN(test_responder_only);
	return t_end();
}
