/* Whole logins between two engines, and what happens to them. */
#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

static struct snapshot *client, *server;
static struct world w;

static void open_world(void)
{
	T_TRUE(world_init(&w, 1, client, server));
}

static void test_login(void)
{
	uint64_t sa = 0;

	T_DO(open_world());
	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 1000);
	T_STR(w.node[0].last_detail, "");
	T_STR(w.node[1].last_detail, "");
	T_TRUE(w.node[0].up_sa != 0);
	T_TRUE(w.node[1].up_sa != 0);
	T_TRUE(world_children_agree(&w));
	T_EQ(ike_half_open(w.node[0].ike), 0);
	T_EQ(ike_half_open(w.node[1].ike), 0);
	world_fini(&w);
}

int main(void)
{
	client = world_conf(world_client_text);
	server = world_conf(world_server_text);
	T_RUN(test_login);
	snapshot_unref(client);
	snapshot_unref(server);
	return t_end();
}
