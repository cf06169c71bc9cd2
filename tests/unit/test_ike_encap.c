/* Which form children travel in, and in which mode: NAT or none, raw sockets or none, what the
 * configuration wants; as they move, are rekeyed, and survive a restart. */
#include "core/ike/encap.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/engine.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

#define CLIENT "192.0.2.1"
#define GATE "198.51.100.1"
#define AWAY "192.0.2.77"
#define FAR "192.0.2.99"
#define FORCED(profile) "crypto ikev2 profile " profile "\n nat force-encapsulation\n"
#define MODE(words) "crypto ipsec transform-set T esp-gcm 256\n mode " words "\n" \
	"crypto ipsec profile default\n set transform-set T\n"

static struct world w;
static struct snapshot *client, *server;

static void open_world(const char *of_client, const char *of_server)
{
	static char c[4096], s[4096];

	snprintf(c, sizeof(c), "%s%s", world_client_text, of_client);
	snprintf(s, sizeof(s), "%s%s", world_server_text, of_server);
	client = world_conf(c);
	server = world_conf(s);
	T_TRUE(client != NULL && server != NULL);
	T_TRUE(world_init(&w, 4, client, server));
	w.knobs.delay_ms = 10;
	w.knobs.answer_ms = 5;
}

static void close_world(void)
{
	if (w.broken != NULL)
		printf("# %s\n", w.broken_text);
	T_TRUE(w.broken == NULL);
	world_fini(&w);
	snapshot_unref(client);
	snapshot_unref(server);
	T_EQ(mem_live(), 0);
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

/* Both sides have one child, which is the same and travels so. */
static void travels(bool in_udp, bool transport)
{
	for (int i = 0; i < 2; i++) {
		T_ROW(i, i ? "headend" : "client");
		T_EQ(w.node[i].n_child, 1);
		T_EQ(w.node[i].child[0].udp_encap, in_udp);
		T_EQ(w.node[i].child[0].transport_mode, transport);
		T_TRUE(sa_of(i) != NULL);
		T_EQ(sa_of(i)->in_udp, in_udp);
	}
	T_TRUE(world_children_agree(&w));
	T_TRUE(world_has_way(&w, 0) && world_has_way(&w, 1));
}

/* ---- form ---------------------------------------------------------------------------------------- */

static void test_who_gets_which(void)
{
	static const struct {
		bool nat_client, nat_server, no_raw_client, no_raw_server, forced_client, forced_server;
		bool in_udp, claims_client, claims_server;
		const char *name;
	} rows[] = {
		{0, 0, 0, 0, 0, 0, 0, 0, 0, "nothing in the way"},
		{1, 0, 0, 0, 0, 0, 1, 0, 0, "the client's NAT"},
		{0, 1, 0, 0, 0, 0, 1, 0, 0, "the headend's NAT"},
		{1, 1, 0, 0, 0, 0, 1, 0, 0, "both"},
		{0, 0, 1, 0, 0, 0, 1, 1, 0, "the client cannot"},
		{0, 0, 0, 1, 0, 0, 1, 0, 1, "the headend cannot"},
		{0, 0, 1, 1, 0, 0, 1, 1, 1, "neither can"},
		{0, 0, 0, 0, 1, 0, 1, 1, 0, "the client was told not to"},
		{0, 0, 0, 0, 0, 1, 1, 0, 1, "the headend was told not to"},
		{1, 0, 1, 1, 1, 1, 1, 1, 1, "everything"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].name);
		T_DO(open_world(rows[i].forced_client ? FORCED("HQ") : "", rows[i].forced_server ? FORCED("RA") : ""));
		w.knobs.nat_client = rows[i].nat_client;
		w.knobs.nat_server = rows[i].nat_server;
		w.knobs.no_raw[0] = rows[i].no_raw_client;
		w.knobs.no_raw[1] = rows[i].no_raw_server;
		T_DO(log_in());
		T_DO(travels(rows[i].in_udp, false));
		T_ROW(i, rows[i].name);
		T_EQ(sa_of(0)->claims_nat, rows[i].claims_client);
		T_EQ(sa_of(1)->claims_nat, rows[i].claims_server);
		/* What is seen is what is there, or what the other one claims. */
		T_EQ(sa_of(0)->nat_local, rows[i].nat_client);
		T_EQ(sa_of(1)->nat_local, rows[i].nat_server);
		T_EQ(sa_of(1)->nat_remote, rows[i].nat_client || rows[i].claims_client);
		T_EQ(sa_of(0)->nat_remote, rows[i].nat_server || rows[i].claims_server);
		/* Both at the port of encapsulation anyhow: a NAT may come. */
		T_EQ(sa_of(0)->local.port, 4500);
		T_EQ(sa_of(1)->local.port, 4500);
		/* It stays so: rekeyed by either side, with the IKE SA, and after either one's death. */
		for (int side = 0; side < 2; side++) {
			T_EQ(ike_rekey(w.node[side].ike, w.node[side].up_sa, true), ST_OK);
			world_run(&w, 20000);
			T_DO(travels(rows[i].in_udp, false));
			T_EQ(ike_rekey(w.node[side].ike, w.node[side].up_sa, false), ST_OK);
			world_run(&w, 20000);
			T_TRUE(world_restart(&w, side));
			T_DO(travels(rows[i].in_udp, false));
			T_EQ(ike_rekey(w.node[side].ike, w.node[side].up_sa, true), ST_OK);
			world_run(&w, 20000);
			T_DO(travels(rows[i].in_udp, false));
		}
		T_DO(close_world());
	}
}

/* A headend that says nothing of NATs, or a client that does not listen. */
static bool deaf(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)world, (void)from, (void)it, (void)ctx;
	for (int i = 0; i < 2; i++)
		LIST_EACH(at, &w.node[i].ike->sas) {
			struct ike_sa *sa = CONTAINER_OF(at, struct ike_sa, node);

			if (sa->hs != NULL)
				sa->hs->peer_sent_natd = false;
		}
	return true;
}

/* Who does no NAT traversal does not encapsulate: it gets ESP by IP, or nothing. */
static void test_without_natt(void)
{
	for (int i = 0; i < 3; i++) {
		uint64_t sa;

		T_ROW(i, "0: can, 1: the headend cannot, 2: the client cannot");
		T_DO(open_world("", ""));
		w.knobs.no_raw[0] = i == 2;
		w.knobs.no_raw[1] = i == 1;
		w.tap = deaf;
		T_EQ(world_connect(&w, &sa), ST_OK);
		world_run(&w, 3000);
		T_EQ(w.node[0].up_sa != 0, i == 0);
		if (i == 0)
			T_DO(travels(false, false));
		else
			T_EQ(w.node[0].last_status, ST_NO_CHILD_PROPOSAL);
		w.broken = i == 2 ? NULL : w.broken; /* the headend could not know */
		T_TRUE(i != 1 || strstr(w.node[1].last_detail, "cannot receive that") != NULL);
		T_DO(close_world());
	}
}

static void move_client(const char *to)
{
	world_readdress(&w, 0, to, NULL);
	ike_on_paths_changed(w.node[0].ike);
}

/* RFC 4555 3.8: as NATs come and go. */
static void test_moves(void)
{
	T_DO(open_world("", ""));
	T_DO(log_in());
	T_DO(travels(false, false));
	move_client(AWAY);
	world_run(&w, 2000);
	T_DO(travels(false, false));
	/* Into a network behind a NAT; the client learns it from the answer. */
	w.knobs.nat_client = true;
	move_client(FAR);
	T_EQ(w.node[0].child[0].udp_encap, false);
	world_run(&w, 5000);
	T_DO(travels(true, false));
	T_EQ(sa_of(1)->remote.port, 24500);
	/* A main that dies here knows it afterwards. */
	T_TRUE(world_restart(&w, 0) && world_restart(&w, 1));
	T_DO(travels(true, false));
	/* And out of it again. */
	w.knobs.nat_client = false;
	move_client(CLIENT);
	world_run(&w, 5000);
	T_DO(travels(false, false));
	/* To where the client has no raw sockets: it sends in UDP at once. */
	w.knobs.no_raw[0] = true;
	move_client(AWAY);
	T_EQ(w.node[0].child[0].udp_encap, true);
	world_run(&w, 5000);
	T_DO(travels(true, false));
	T_TRUE(sa_of(1)->nat_remote && !sa_of(0)->nat_local);
	T_DO(close_world());
}

/* ---- mode ---------------------------------------------------------------------------------------- */

/* Between the two hosts, or with selectors that are wider. */
static enum status connect(bool hosts, bool more)
{
	struct ike_connect c = world_connect_request();
	struct addr here = world_endpoint(CLIENT, 0).addr, there = world_endpoint(GATE, 0).addr;
	uint64_t sa;
	enum status st;

	if (w.knobs.nat_server)
		c.remote = world_endpoint("203.0.113.80", 500);
	c.request_ip4 = c.request_ip6 = false;
	c.n_local_ts = c.n_remote_ts = 1;
	c.local_ts[0] = ts_from_addr(&here);
	c.remote_ts[0] = ts_from_addr(hosts ? &there : &here);
	if (!hosts)
		c.remote_ts[0] = ts_any(4);
	c.n_more = more;
	c.more_local[0] = ts_from_addr(&here);
	c.more_remote[0] = ts_from_addr(&there);
	c.more_local[0].proto = c.more_remote[0].proto = 6;
	st = ike_connect(w.node[0].ike, &c, &sa);
	world_run(&w, 3000);
	return st;
}

/* The headend is behind a NAT of which its answer says nothing. */
static bool blind(struct world *world, int from, struct world_item *it, void *ctx)
{
	struct ike_sa *sa;

	(void)world, (void)it, (void)ctx;
	if (from != 1)
		return true;
	LIST_EACH(at, &w.node[1].ike->sas) {
		sa = CONTAINER_OF(at, struct ike_sa, node);
		sa->nat_local |= sa->state < SA_UP;
	}
	return true;
}

static void test_mode(void)
{
	static const struct {
		const char *client, *server;
		bool hosts, nat, up, transport;
		const char *name;
	} rows[] = {
		{"transport", "transport", 1, 0, 1, 1, "both want it"},
		{"transport require", "transport require", 1, 0, 1, 1, "both want nothing else"},
		{"transport", "tunnel", 1, 0, 1, 0, "the headend declines"},
		{"tunnel", "transport", 1, 0, 1, 0, "the client does not ask"},
		{"tunnel", "tunnel", 1, 0, 1, 0, "nobody wants it"},
		{"transport require", "tunnel", 1, 0, 0, 0, "the headend declines, the client insists"},
		{"tunnel", "transport require", 1, 0, 0, 0, "the client does not ask, the headend insists"},
		{"transport", "transport", 0, 0, 1, 0, "more than two hosts"},
		{"transport require", "transport", 0, 0, 0, 0, "more than two hosts, and the client insists"},
		{"transport", "transport require", 0, 0, 0, 0, "more than two hosts, and the headend insists"},
		{"transport", "transport", 1, 1, 1, 0, "a NAT"},
		{"transport require", "transport", 1, 1, 0, 0, "a NAT, and the client insists"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char c[512], s[512];

		snprintf(c, sizeof(c), MODE("%s"), rows[i].client);
		snprintf(s, sizeof(s), MODE("%s"), rows[i].server);
		T_DO(open_world(c, s));
		w.node[1].network = (struct prefix){world_endpoint("192.0.2.0", 0).addr, 24};
		w.knobs.nat_client = rows[i].nat;
		T_EQ(connect(rows[i].hosts, false), ST_OK);
		T_ROW(i, rows[i].name);
		T_EQ(w.node[0].up_sa != 0, rows[i].up);
		if (rows[i].up)
			T_DO(travels(rows[i].nat, rows[i].transport));
		else
			T_EQ(w.node[0].last_status, ST_NO_CHILD_PROPOSAL);
		T_DO(close_world());
	}
}

/* The grant does not matter between the two hosts; everything else needs it as ever. */
static void test_grant(void)
{
	for (int i = 0; i < 2; i++) {
		T_ROW(i, "transport");
		T_DO(open_world(MODE("transport"), i ? MODE("transport") : ""));
		T_EQ(connect(true, false), ST_OK);
		T_EQ(w.node[0].up_sa != 0, i);
		if (i)
			T_DO(travels(false, true));
		else
			T_EQ(w.node[0].last_status, ST_TS_UNACCEPTABLE);
		T_DO(close_world());
	}
}

/* New keys, by either side; further children; a restart. A main that knew of no mode made tunnels. */
static void test_mode_stays(void)
{
	T_DO(open_world(MODE("transport"), MODE("transport")));
	T_EQ(connect(true, false), ST_OK);
	for (int side = 0; side < 2; side++) {
		T_ROW(side, "side");
		T_EQ(ike_rekey(w.node[side].ike, w.node[side].up_sa, true), ST_OK);
		world_run(&w, 20000);
		T_DO(travels(false, true));
		T_TRUE(world_restart(&w, side));
		T_EQ(ike_rekey(w.node[side].ike, w.node[side].up_sa, false), ST_OK);
		world_run(&w, 20000);
		T_EQ(ike_rekey(w.node[side].ike, w.node[side].up_sa, true), ST_OK);
		world_run(&w, 15); /* and one between request and reply */
		T_TRUE(sa_of(side)->mine != NULL);
		T_TRUE(world_restart(&w, side));
		T_TRUE(sa_of(side)->mine != NULL);
		world_run(&w, 20000);
		T_DO(travels(false, true));
		T_ROW(side, "side");
		T_EQ(w.node[side].told[IKE_EV_REKEY_FAILED] + w.node[side].told[IKE_EV_CHILD_FAILED], 0);
	}
	T_DO(close_world());
	T_DO(open_world(MODE("transport"), MODE("transport")));
	T_EQ(connect(true, true), ST_OK);
	for (int i = 0; i < 2; i++) {
		T_EQ(w.node[i].n_child, 2);
		T_TRUE(w.node[i].child[0].transport_mode && w.node[i].child[1].transport_mode);
	}
	T_TRUE(world_children_agree(&w));
	T_DO(close_world());
}

/* A peer that sees less than we do asks for it through a NAT. */
static void test_mode_through_nat(void)
{
	struct ike_sa *sa;

	T_DO(open_world(MODE("transport"), MODE("transport")));
	w.node[1].network = (struct prefix){world_endpoint("192.0.2.0", 0).addr, 24};
	w.tap = blind;
	T_EQ(connect(true, false), ST_OK);
	sa = sa_of(1);
	T_TRUE(sa != NULL && sa->nat_local);
	for (int i = 0; i < 2; i++) {
		T_ROW(i, "side");
		T_EQ(w.node[i].n_child, 1);
		T_TRUE(!w.node[i].child[0].transport_mode);
	}
	T_EQ(w.node[0].child[0].udp_encap, false);
	T_EQ(w.node[1].child[0].udp_encap, true);
	T_DO(close_world());
}

/* A child between two addresses is over when one of them goes; in a tunnel it goes along. */
static void test_mode_does_not_move(void)
{
	for (int i = 0; i < 2; i++) {
		T_ROW(i, "transport");
		T_DO(open_world(i ? MODE("transport") : "", MODE("transport")));
		w.node[1].network = (struct prefix){world_endpoint("192.0.2.0", 0).addr, 24};
		T_EQ(connect(true, false), ST_OK);
		T_DO(travels(false, i));
		move_client(AWAY);
		world_run(&w, 10000);
		T_EQ(w.node[0].n_child, !i);
		T_EQ(w.node[1].n_child, !i);
		T_EQ(w.node[0].up_sa != 0, !i);
		T_DO(close_world());
	}
}

int main(void)
{
	T_RUN(test_who_gets_which);
	T_RUN(test_without_natt);
	T_RUN(test_moves);
	T_RUN(test_mode);
	T_RUN(test_grant);
	T_RUN(test_mode_stays);
	T_RUN(test_mode_through_nat);
	T_RUN(test_mode_does_not_move);
	return t_end();
}
