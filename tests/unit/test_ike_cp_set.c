/* Configuration that is pushed, and the class of a peer, between two engines (R-MCF-01..06). */
#include <stdio.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/engine.h"
#include "core/ike/trace.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

static struct world w;
static struct snapshot *client, *server;
static char lines[262144];
static size_t lines_len;

#define NO_SEND_R "crypto ikev2 profile RA\n no config-exchange set send\n"
#define NO_ACCEPT_R "crypto ikev2 profile RA\n no config-exchange set accept\n"
#define NO_SEND_I "crypto ikev2 profile HQ\n no config-exchange set send\n"
#define NO_ACCEPT_I "crypto ikev2 profile HQ\n no config-exchange set accept\n"
#define NO_REQUEST_I "crypto ikev2 profile HQ\n no config-exchange request\n"

static void keep_line(struct world *world, int side, const char *line)
{
	(void)world;
	if (side == 1 && lines_len + strlen(line) + 2 < sizeof(lines))
		lines_len += (size_t)snprintf(lines + lines_len, sizeof(lines) - lines_len, "%s\n", line);
}

/* How often the headend saw a payload of that type, or sent it. */
static unsigned seen(const char *type)
{
	unsigned n = 0;
	char line[64];

	snprintf(line, sizeof(line), "cfg type: %s\n", type);
	for (const char *at = lines; (at = strstr(at, line)) != NULL; at++)
		n++;
	return n;
}

static struct addr addr(const char *text)
{
	return world_endpoint(text, 0).addr;
}

static void open_world(const char *of_client, const char *of_server)
{
	static char c[2048], s[2048];
	struct ike_grant *g = &w.node[1].grant;

	snprintf(c, sizeof(c), "%s%s", world_client_text, of_client);
	snprintf(s, sizeof(s), "%s%s", world_server_text, of_server);
	client = world_conf(c);
	server = world_conf(s);
	T_TRUE(world_init(&w, 1, client, server));
	w.knobs.delay_ms = 10;
	w.knobs.pool = 4;
	w.node[1].network = (struct prefix){addr("192.168.7.0"), 24};
	g->dns[g->n_dns++] = addr("10.0.0.53");
	g->subnets[g->n_subnets++] = (struct prefix){addr("10.0.0.0"), 8};
	snprintf(g->banner, sizeof(g->banner), "Welcome");
	snprintf(g->split_dns, sizeof(g->split_dns), "corp.example,lab.example");
	world_trace(&w, TRACE_PACKET);
	w.on_trace = keep_line;
	lines_len = 0;
	lines[0] = '\0';
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

/* A client with its own address and network. */
static struct ike_connect site(void)
{
	struct ike_connect c = world_connect_request();

	c.request_ip4 = c.request_ip6 = false;
	c.local.addr = w.at[0][0];
	return c;
}

static void log_in(const struct ike_connect *c)
{
	uint64_t sa;

	T_EQ(ike_connect(w.node[0].ike, c, &sa), ST_OK);
	world_run(&w, 3000);
	T_STR(w.node[0].last_detail, "");
	T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
	T_TRUE(world_children_agree(&w));
}

static struct ike_sa_info info_of(int side)
{
	static struct ike_sa_info info;
	uint64_t cursor = 0;

	info = (struct ike_sa_info){0};
	(void)ike_next_info(w.node[side].ike, &cursor, &info);
	return info;
}

/* R-MCF-04: a responder pushes to who did not ask, and once. */
static void responder_pushes(void)
{
	static const struct {
		const char *name, *of_client, *of_server;
		unsigned sets, acks;
		bool is_taken;
	} rows[] = {
		{"as it is", "", "", 1, 1, true},
		{"not sent", "", NO_SEND_R, 0, 0, false},
		{"not taken", NO_ACCEPT_I, "", 1, 0, false},
		{"the other switches are about the other side", NO_SEND_I, NO_ACCEPT_R, 1, 1, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t live = mem_live();
		struct ike_connect c;

		T_ROW(i, rows[i].name);
		T_DO(open_world(rows[i].of_client, rows[i].of_server));
		c = site();
		T_DO(log_in(&c));
		T_EQ(seen("CFG_SET"), rows[i].sets);
		T_EQ(seen("CFG_ACK"), rows[i].acks);
		T_EQ(seen("CFG_REQUEST") + seen("CFG_REPLY"), 0);
		T_EQ(info_of(0).grant.n_dns, rows[i].is_taken);
		T_EQ(info_of(0).grant.n_subnets, 0); /* a push moves no route */
		world_run(&w, 100000);
		T_EQ(seen("CFG_SET"), rows[i].sets);
		T_DO(close_world());
		T_EQ(mem_live(), live);
	}
}

/* Who asked has it all in the reply; who has nothing to say is silent; between sites routes are not pushed. */
static void nothing_to_push(void)
{
	struct ike_connect c;

	T_DO(open_world("", ""));
	c = world_connect_request();
	T_DO(log_in(&c));
	T_EQ(seen("CFG_REPLY"), 1);
	T_EQ(seen("CFG_SET"), 0);
	T_DO(close_world());
	T_DO(open_world("", ""));
	w.node[1].grant = (struct ike_grant){0};
	c = site();
	T_DO(log_in(&c));
	T_EQ(seen("CFG_SET"), 0);
	T_DO(close_world());
	T_DO(open_world("", ""));
	w.node[1].network = (struct prefix){.addr.family = 4};
	c = site();
	T_DO(log_in(&c));
	T_EQ(seen("CFG_SET"), 0);
	T_DO(close_world());
}

/* R-MCF-02, R-MCF-19, R-CLI-22: a FlexVPN client asks without an address, says which networks are its
 * own in the request and again in a CFG_SET, and is known for what it is. */
static void flexvpn_client(void)
{
	static const struct {
		const char *name, *of_client, *of_server;
		bool is_flexvpn, announces;
		unsigned requests, sets, acks;
		bool is_asked; /* authorization heard of the network */
	} rows[] = {
		{"with a network", "", "", true, true, 1, 1, 1, true},
		{"without", "", "", true, false, 1, 0, 0, false},
		{"not asking", NO_REQUEST_I, "", true, true, 0, 2, 2, false},
		{"not pushing", NO_SEND_I, "", true, true, 1, 0, 0, true},
		{"not taken", "", NO_ACCEPT_R, true, true, 1, 1, 0, false},
		{"a plain tunnel", "", NO_SEND_R, false, true, 0, 1, 1, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ike_connect c;

		T_ROW(i, rows[i].name);
		T_DO(open_world(rows[i].of_client, rows[i].of_server));
		c = site();
		c.is_flexvpn = rows[i].is_flexvpn;
		c.n_networks = rows[i].announces;
		c.networks[0] = (struct prefix){addr("192.168.7.0"), 24};
		T_DO(log_in(&c));
		T_EQ(seen("CFG_REQUEST"), rows[i].requests);
		T_EQ(seen("CFG_REPLY"), rows[i].requests);
		T_EQ(seen("CFG_SET"), rows[i].sets);
		T_EQ(seen("CFG_ACK"), rows[i].acks);
		T_EQ(w.node[1].asked_network.len, rows[i].is_asked ? 24 : 0);
		T_EQ(strcmp(info_of(0).grant.banner, "Welcome") == 0, rows[i].is_flexvpn);
		T_STR(info_of(1).peer_class, rows[i].is_flexvpn ? "flexvpn" : "other");
		if (rows[i].requests)
			T_STR(info_of(0).grant.split_dns, "corp.example,lab.example");
		T_DO(close_world());
	}
}

/* What the headend knows of its peer outlives its own death and a rekey. */
static void class_stays(void)
{
	struct ike_connect c;

	T_DO(open_world("", ""));
	c = site();
	c.is_flexvpn = true;
	T_DO(log_in(&c));
	T_TRUE(world_restart(&w, 1));
	T_STR(info_of(1).peer_class, "flexvpn");
	T_EQ(ike_rekey(w.node[0].ike, w.node[0].up_sa, false), ST_OK);
	world_run(&w, 5000);
	T_EQ(w.node[1].told[IKE_EV_SA_REKEYED], 1);
	T_STR(info_of(1).peer_class, "flexvpn");
	T_DO(close_world());
}

/* It is pushed again and again until it is through, and by a lossy network only once. */
static void pushed_through_a_bad_network(void)
{
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct ike_connect c;
		uint64_t sa;

		T_ROW(seed, "seed");
		T_DO(open_world("", ""));
		w.rng[0] ^= seed * 0x9e3779b97f4a7c15u;
		w.knobs.loss = 200;
		w.knobs.twice = 200;
		c = site();
		T_EQ(ike_connect(w.node[0].ike, &c, &sa), ST_OK);
		world_run(&w, 120000);
		if (w.node[0].up_sa != 0 && w.node[1].up_sa != 0)
			T_EQ(info_of(0).grant.n_dns, 1);
		T_TRUE(w.broken == NULL);
		world_fini(&w);
		snapshot_unref(client);
		snapshot_unref(server);
	}
}

int main(void)
{
	T_RUN(responder_pushes);
	T_RUN(nothing_to_push);
	T_RUN(flexvpn_client);
	T_RUN(class_stays);
	T_RUN(pushed_through_a_bad_network);
	return t_end();
}
