/* NAT keepalives: who is behind a NAT and silent sends them, nobody else; with jitter, and not later
 * than was asked for; a restart and a rekey of the IKE SA change nothing. */
#include <stdio.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

#define MINUTES 60000ull

static struct world w;
static struct snapshot *client, *server;

/* Without DPD: what it sends keeps the mapping too. */
static void open_world(bool nat_client, const char *of_client)
{
	static char c[2048], s[2048];

	snprintf(c, sizeof(c), "%s%s", world_client_text, of_client);
	snprintf(s, sizeof(s), "%scrypto ikev2 profile RA\n no dpd\ncrypto ikev2 nat keepalive 20\n", world_server_text);
	client = world_conf(c);
	server = world_conf(s);
	T_TRUE(client != NULL && server != NULL);
	T_TRUE(world_init(&w, 3, client, server));
	w.knobs.delay_ms = 10;
	w.knobs.answer_ms = 5;
	w.knobs.pool = 4;
	w.knobs.nat_client = nat_client;
	uint64_t sa;
	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 2000);
	T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
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
	T_EQ(mem_live(), 0);
}

static void test_silent(void)
{
	T_DO(open_world(true, "crypto ikev2 nat keepalive 20\n"));
	world_run(&w, 10 * MINUTES);
	T_TRUE(w.node[0].keepalives >= 30 && w.node[0].keepalives <= 32);
	T_EQ(world_count(&w.node[0], CT_NAT_KEEPALIVE_OUT), w.node[0].keepalives);
	T_EQ(w.node[1].keepalives, 0); /* it is not behind one */
	/* What is sent keeps the mapping too. */
	unsigned before = w.node[0].keepalives;
	for (int i = 0; i < 60; i++) {
		world_run(&w, 10000);
		ike_on_traffic(w.node[0].ike, w.node[0].child[0].spi_in, 0, w.now_ms);
	}
	T_TRUE(w.node[0].keepalives <= before + 1);
	T_TRUE(world_restart(&w, 0));
	before = w.node[0].keepalives;
	world_run(&w, 2 * MINUTES);
	T_TRUE(w.node[0].keepalives >= before + 5 && w.node[0].keepalives <= before + 7);
	T_EQ(ike_rekey(w.node[1].ike, w.node[1].up_sa, false), ST_OK);
	world_run(&w, 1000);
	before = w.node[0].keepalives;
	world_run(&w, 2 * MINUTES);
	T_TRUE(w.node[0].keepalives >= before + 5 && w.node[0].keepalives <= before + 7);
	T_DO(close_world());
}

/* Without a NAT, and where it is off, as it is by default. */
static void test_nobody(void)
{
	for (int i = 0; i < 2; i++) {
		T_ROW(i, i ? "off" : "no NAT");
		T_DO(open_world(i == 1, i == 1 ? "" : "crypto ikev2 nat keepalive 20\n"));
		world_run(&w, 10 * MINUTES);
		T_EQ(w.node[0].keepalives, 0);
		T_EQ(w.node[1].keepalives, 0);
		T_DO(close_world());
	}
}

int main(void)
{
	T_RUN(test_silent);
	T_RUN(test_nobody);
	return t_end();
}
