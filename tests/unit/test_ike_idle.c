/* Idle timers (R-IDL): a child without data goes after its time and not before, whatever else keeps the
 * tunnel alive, whoever rekeyed it and whoever died meanwhile; and the IKE SA with the last one. */
#include <stdio.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/ike.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

#define GLOBAL "crypto ipsec security-association idle-time 60\n"
#define OFTEN "crypto ipsec security-association lifetime seconds 120\n"
#define PROFILE "crypto ipsec profile default\n set security-association idle-time 90\n"

static struct world w;
static struct snapshot *conf[2];
static int64_t live;

/* client, server: what is added to their configurations. */
static void open_world(const char *client, const char *server, unsigned more)
{
	static char text[2][2048];

	live = mem_live();
	snprintf(text[0], sizeof(text[0]), "%s%s", world_client_text, client);
	snprintf(text[1], sizeof(text[1]), "%s%s", world_server_text, server);
	for (int i = 0; i < 2; i++)
		conf[i] = world_conf(text[i]);
	T_TRUE(conf[0] != NULL && conf[1] != NULL);
	T_TRUE(world_init(&w, 7, conf[0], conf[1]));
	w.knobs.delay_ms = 10;
	w.knobs.answer_ms = 5;
	w.knobs.pool = 4;
	w.knobs.more = more;
}

static void close_world(void)
{
	ike_close_all(w.node[0].ike, ST_END_ADMIN);
	world_run(&w, 70000);
	T_TRUE(world_is_empty(&w));
	T_TRUE(w.broken == NULL);
	world_fini(&w);
	for (int i = 0; i < 2; i++)
		snapshot_unref(conf[i]);
	T_EQ(mem_live(), live);
}

static uint64_t up_ms; /* of the login */

static void log_in(unsigned children)
{
	uint64_t sa;

	up_ms = 0;
	T_EQ(world_connect(&w, &sa), ST_OK);
	for (int i = 0; i < 500 && (up_ms == 0 || w.node[0].n_child < children); i++) {
		world_run(&w, 10);
		if (up_ms == 0 && w.node[0].up_sa != 0)
			up_ms = w.now_ms;
	}
	T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
	T_EQ(w.node[0].n_child, children);
}

/* Runs until the SA of a side is gone, for so long at most; when that was, 0: it lives. */
static uint64_t gone_ms(int side, uint64_t ms)
{
	for (uint64_t until = w.now_ms + ms; w.now_ms < until;) {
		world_run(&w, 10);
		if (w.node[side].up_sa == 0)
			return w.now_ms;
	}
	return 0;
}

/* How far after what was expected; early is far too late. */
static uint64_t late(uint64_t got, uint64_t want)
{
	return got >= want ? got - want : UINT64_MAX;
}

static void data(int from)
{
	const struct ike_child_spec *c = world_way_out(&w.node[from]);

	T_TRUE(c != NULL);
	world_data(&w.node[!from], c->spi_out);
	world_data(&w.node[from], c->spi_in);
}

static void test_ends(void)
{
	static const struct {
		const char *client, *server;
		int side;
		uint64_t idle_ms;
	} rows[] = {
		{"", GLOBAL, 1, 60000}, {GLOBAL, "", 0, 60000}, {"", GLOBAL PROFILE, 1, 90000},
		{"", PROFILE, 1, 90000}, {PROFILE, "", 0, 90000},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int side = rows[i].side;
		uint64_t gone;

		T_ROW(i, "ends");
		T_DO(open_world(rows[i].client, rows[i].server, 0));
		T_DO(log_in(1));
		gone = gone_ms(side, rows[i].idle_ms + 5000);
		T_TRUE(late(gone, up_ms - 50 + rows[i].idle_ms) < 200);
		T_EQ(w.node[side].last_status, ST_END_IDLE);
		T_EQ(world_status_count(&w.node[side], ST_END_IDLE), 1);
		world_run(&w, 100);
		T_EQ(w.node[!side].up_sa, 0);
		T_EQ(w.node[!side].last_status, ST_END_PEER);
		T_EQ(w.node[0].n_child + w.node[1].n_child, 0);
		T_TRUE(world_count(&w.node[1], CT_DPD_SENT) > 3); /* which is no data */
		T_DO(close_world());
	}
}

static void test_off(void)
{
	T_DO(open_world("", "", 0));
	T_DO(log_in(1));
	T_EQ(gone_ms(1, 3000000), 0);
	T_DO(close_world());
}

/* Data of either direction puts it off, and nobody need tell the engine. */
static void test_data(void)
{
	for (int from = 0; from < 2; from++) {
		uint64_t last = 0, gone;

		T_ROW((size_t)from, "data");
		T_DO(open_world("", GLOBAL, 0));
		T_DO(log_in(1));
		for (int i = 0; i < 8; i++) {
			T_EQ(gone_ms(1, 59000), 0);
			T_DO(data(from));
			last = w.now_ms;
		}
		gone = gone_ms(1, 65000);
		T_TRUE(late(gone, last + 60000) < 200);
		T_DO(close_world());
	}
}

/* A successor goes on where its predecessor was; what the old one does until its end counts, too. */
static void test_rekey(void)
{
	for (unsigned i = 0; i < 16; i++) {
		bool ike = i & 1, by_client = i & 2, old_data = i & 4, restarts = i & 8;
		uint64_t last, gone;
		uint32_t spi;

		T_ROW(i, "rekey");
		T_DO(open_world("", GLOBAL, 0));
		T_DO(log_in(1));
		world_run(&w, 30000);
		T_DO(data(0));
		last = w.now_ms;
		spi = w.node[1].child[0].spi_in;
		world_run(&w, 20000);
		T_EQ(ike_rekey(w.node[!by_client].ike, w.node[!by_client].up_sa, !ike), ST_OK);
		world_run(&w, 15);
		if (old_data) {
			world_data(&w.node[1], spi);
			last = w.now_ms;
		}
		world_run(&w, 10000);
		if (restarts)
			T_TRUE(world_restart(&w, 1));
		T_EQ(w.node[1].n_child, 1);
		T_EQ((w.node[1].child[0].spi_in == spi), ike);
		T_TRUE(w.node[1].up_sa != 0);
		gone = gone_ms(1, 65000);
		T_TRUE(late(gone, last + 60000) < 200);
		T_EQ(w.node[1].last_status, ST_END_IDLE);
		T_DO(close_world());
	}
}

/* A lifetime shorter than the traffic: each successor inherits from the one before. */
static void test_many_rekeys(void)
{
	uint64_t last, gone;

	T_DO(open_world("", "crypto ipsec security-association idle-time 1000\n" OFTEN, 0));
	T_DO(log_in(1));
	T_DO(data(1));
	last = w.now_ms;
	gone = gone_ms(1, 1100000);
	T_TRUE(late(gone, last + 1000000) < 200);
	T_TRUE(world_count(&w.node[1], CT_CHILD_REKEYED) > 6);
	T_DO(close_world());
}

/* A new main asks the data path before it believes what was kept, which is as old as the login. */
static void test_restart(void)
{
	uint64_t last = 0, gone;

	T_DO(open_world("", GLOBAL, 0));
	T_DO(log_in(1));
	for (int i = 0; i < 5; i++) {
		T_EQ(gone_ms(1, 50000), 0);
		T_DO(data(0));
		last = w.now_ms;
	}
	world_run(&w, 20000);
	T_TRUE(world_restart(&w, 1));
	gone = gone_ms(1, 65000);
	T_TRUE(late(gone, last + 60000) < 200);
	T_EQ(w.node[1].last_status, ST_END_IDLE);
	T_DO(close_world());
}

/* While the IKE SA is being rekeyed it cannot end: its successor does. */
static void test_ike_rekey_at_the_end(void)
{
	unsigned n = 0;

	for (unsigned ms = 0; ms < 60; ms += 3) {
		T_ROW(ms, "rekey at the end");
		T_DO(open_world("", GLOBAL, 0));
		T_DO(log_in(1));
		world_run(&w, up_ms + 59960 - w.now_ms + ms);
		if (ike_rekey(w.node[1].ike, w.node[1].up_sa, false) == ST_OK)
			n++;
		T_TRUE(gone_ms(1, 2000) != 0);
		T_EQ(w.node[1].last_status, ST_END_IDLE);
		world_run(&w, 1000);
		T_EQ(w.node[0].up_sa, 0);
		T_DO(close_world());
	}
	T_TRUE(n > 3 && n < 20);
}

/* Of several children each has its own clock; where the client lets one go, it comes back when there is
 * data for it, and not before. */
static void test_several(void)
{
	for (unsigned i = 0; i < 12; i++) {
		int side = i & 1;
		size_t busy = i / 2 % 3;
		bool restarts = i / 6;
		uint32_t spi;

		T_ROW(i, "several");
		T_DO(open_world(side == 0 ? GLOBAL : "", side == 1 ? GLOBAL : "", 2));
		T_DO(log_in(3));
		spi = w.node[side].child[busy].spi_in;
		for (int k = 0; k < 7; k++) {
			world_run(&w, 9500);
			world_data(&w.node[side], spi);
		}
		T_TRUE(w.node[side].up_sa != 0);
		world_run(&w, 10000);
		if (restarts) {
			T_TRUE(world_restart(&w, side));
			world_run(&w, 10000);
			world_data(&w.node[side], spi);
		}
		if (side == 0) {
			T_EQ(w.node[0].n_child, 1);
			T_EQ(w.node[0].child[0].spi_in, spi);
			T_EQ(w.node[1].n_child, 1);
			ike_on_wanted(w.node[0].ike, w.node[0].up_sa);
			world_run(&w, 3000);
			T_EQ(w.node[0].n_child, 3);
			T_TRUE(world_children_agree(&w));
			T_TRUE(gone_ms(0, 120000) != 0);
			T_EQ(w.node[0].last_status, ST_END_IDLE);
		} else { /* the client, to whom it means nothing, makes those again that it wants */
			T_EQ(w.node[0].n_child, busy == 0 ? 3 : 2);
			T_TRUE(w.node[0].up_sa != 0);
		}
		T_DO(close_world());
	}
}

int main(void)
{
	T_RUN(test_ends);
	T_RUN(test_off);
	T_RUN(test_data);
	T_RUN(test_rekey);
	T_RUN(test_many_rekeys);
	T_RUN(test_restart);
	T_RUN(test_ike_rekey_at_the_end);
	T_RUN(test_several);
	return t_end();
}
