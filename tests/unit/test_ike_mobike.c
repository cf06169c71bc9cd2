/* MOBIKE (RFC 4555) between two engines: the client or the headend gets other addresses at any moment,
 * messages are lost, forged and repeated, keys are being changed, processes die: both go on at the
 * latest addresses, and packets go only where a peer was proven to be. */
#include "core/ike/mobike.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/engine.h"
#include "core/ike/msg.h"
#include "core/wire/notify.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

#define HOME "192.0.2.1"
#define AWAY "192.0.2.77"
#define FAR "192.0.2.99"
#define GATE "198.51.100.1"
#define GATE_2 "198.51.100.2"
#define SIX "2001:db8::77"
#define GATE_SIX "2001:db8::1"

static struct world w;
static struct snapshot *client, *server;

static void open_world(const char *of_client, const char *of_server)
{
	static char c[2048], s[2048];

	snprintf(c, sizeof(c), "%s%s", world_client_text, of_client);
	snprintf(s, sizeof(s), "%s%s", world_server_text, of_server);
	client = world_conf(c);
	server = world_conf(s);
	T_TRUE(client != NULL && server != NULL);
	T_TRUE(world_init(&w, 4, client, server));
	w.knobs.delay_ms = 10;
	w.knobs.answer_ms = 5;
	w.knobs.pool = 4;
}

static void close_world(void)
{
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

static void move_client(const char *to)
{
	world_readdress(&w, 0, to, NULL);
	ike_on_paths_changed(w.node[0].ike);
}

/* One of everything, at the addresses there are, and nothing left to do. */
static void settled(const char *at)
{
	struct addr a = world_endpoint(at, 0).addr;

	if (w.broken != NULL)
		printf("# %s\n", w.broken_text);
	T_TRUE(w.broken == NULL);
	for (int i = 0; i < 2; i++) {
		T_ROW(i, i ? "headend" : "client");
		T_TRUE(sa_of(i) != NULL);
		T_EQ(sa_of(i)->state, SA_UP);
		T_EQ(sa_of(i)->mobike.wants, 0);
		T_EQ(sa_of(i)->mobike.open, 0);
		T_EQ(w.node[i].n_child, 1);
		T_EQ(w.node[i].told[IKE_EV_SA_DOWN], 0);
	}
	T_TRUE(addr_eq(&sa_of(1)->remote.addr, &a));
	T_TRUE(world_is_converged(&w));
	T_TRUE(world_children_agree(&w));
}

static uint64_t headend_count(enum counter c)
{
	return world_count(&w.node[1], c);
}

/* ---- IKE_AUTH ------------------------------------------------------------------------------------ */

static void test_negotiation(void)
{
	static const char off_client[] = "crypto ikev2 profile HQ\n no sallyport mobike\n";
	static const char off_server[] = "crypto ikev2 profile RA\n no sallyport mobike\n";

	for (int i = 0; i < 4; i++) {
		T_ROW(i, "bit 0: off at the client, bit 1: off at the headend");
		T_DO(open_world(i & 1 ? off_client : "", i & 2 ? off_server : ""));
		T_DO(log_in());
		for (int k = 0; k < 2; k++)
			T_EQ(sa_of(k)->mobike.is_on, i == 0);
		T_TRUE(sa_of(0)->mobike.decides || i != 0);
		T_TRUE(!sa_of(1)->mobike.decides);
		move_client(AWAY);
		world_run(&w, 2000);
		T_EQ(headend_count(CT_MOBIKE_UPDATES_IN), i == 0);
		T_EQ(world_is_converged(&w), i == 0);
		T_DO(close_world());
	}
}

/* ---- one move ------------------------------------------------------------------------------------ */

static void test_update(void)
{
	T_DO(open_world("", ""));
	T_DO(log_in());
	move_client(AWAY);
	T_TRUE(addr_eq(&w.node[0].child[0].local.addr, &w.at[0][0])); /* at once */
	world_run(&w, 12); /* the headend has the update and no proof */
	T_TRUE(addr_eq(&sa_of(1)->remote.addr, &w.at[0][0]));
	T_TRUE(!addr_eq(&w.node[1].child[0].remote.addr, &w.at[0][0]));
	T_EQ(w.node[1].told[IKE_EV_PEER_MOVED], 0);
	world_run(&w, 1000);
	T_DO(settled(AWAY));
	T_EQ(headend_count(CT_MOBIKE_UPDATES_IN), 1);
	T_EQ(headend_count(CT_MOBIKE_CHECKS), 1);
	T_EQ(w.node[0].told[IKE_EV_PEER_MOVED], 1);
	T_EQ(w.node[1].told[IKE_EV_PEER_MOVED], 1);
	/* The same addresses again are nothing. */
	ike_on_paths_changed(w.node[0].ike);
	world_run(&w, 1000);
	T_EQ(headend_count(CT_MOBIKE_UPDATES_IN), 1);
	T_DO(close_world());
}

/* The first so many messages after the move are lost. */
static unsigned drops;
static bool drop_some(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)world, (void)from, (void)it, (void)ctx;
	return drops == 0 || drops-- == 0;
}

static void test_lost(void)
{
	for (unsigned n = 1; n < 7; n++) {
		T_ROW(n, "messages lost");
		T_DO(open_world("", ""));
		T_DO(log_in());
		w.tap = drop_some;
		drops = n;
		move_client(AWAY);
		world_run(&w, 40000);
		T_DO(settled(AWAY));
		T_DO(close_world());
	}
}

/* The next move comes so many milliseconds after the one before; 20 ms are a round trip. */
static void test_moves_in_a_row(void)
{
	for (uint64_t gap = 0; gap < 60; gap += 5) {
		T_ROW(gap, "ms between");
		T_DO(open_world("", ""));
		T_DO(log_in());
		move_client(AWAY);
		world_run(&w, gap);
		move_client(FAR);
		world_run(&w, gap);
		move_client(AWAY);
		world_run(&w, gap);
		move_client(FAR);
		world_run(&w, 30000);
		T_DO(settled(FAR));
		/* Back to where it was proven to be needs no proof while it was nowhere else. */
		move_client(HOME);
		world_run(&w, 12);
		uint64_t checks = headend_count(CT_MOBIKE_CHECKS);
		move_client(FAR);
		world_run(&w, 5000);
		T_DO(settled(FAR));
		T_EQ(headend_count(CT_MOBIKE_CHECKS), checks);
		T_DO(close_world());
	}
}

/* It is away for a while, and then somewhere else. */
static void test_gap(void)
{
	T_DO(open_world(" dpd 10 2 periodic\n", ""));
	T_DO(log_in());
	world_readdress(&w, 0, SIX, NULL);
	ike_on_paths_changed(w.node[0].ike); /* no way to anywhere */
	world_run(&w, 9000);
	T_EQ(headend_count(CT_MOBIKE_UPDATES_IN), 0);
	move_client(AWAY);
	world_run(&w, 5000);
	T_DO(settled(AWAY));
	T_DO(close_world());
}

/* ---- with other things under way ------------------------------------------------------------------- */

/* Rekeying by one side or by both, of the child or of the IKE SA; the move comes after so many steps
 * of it. */
static void test_rekeying(void)
{
	for (unsigned i = 0; i < 8 * 30; i++) {
		unsigned how = i % 8, steps = i / 8;

		T_ROW(i, "bit 0: children, bits 1, 2: not by the client, not by the headend");
		if ((how & 6) == 6)
			continue;
		T_DO(open_world("", "crypto ipsec profile default\n set pfs group19\n"));
		T_DO(log_in());
		for (int k = 0; k < 2; k++)
			if (!(how & (2u << k)))
				T_EQ(ike_rekey(w.node[k].ike, w.node[k].up_sa, how & 1), ST_OK);
		for (unsigned k = 0; k < steps; k++)
			(void)world_step(&w, w.now_ms + 3);
		move_client(AWAY);
		world_run(&w, 60000);
		T_DO(settled(AWAY));
		world_run(&w, 80000); /* the last goodbye may have gone to where it was */
		for (int k = 0; k < 2; k++)
			T_EQ(ike_count(w.node[k].ike), 1);
		/* It still is the client that decides, whoever began the new IKE SA. */
		move_client(FAR);
		world_run(&w, 3000);
		T_DO(settled(FAR));
		T_DO(close_world());
	}
}

/* Either process dies after so many steps of a move. */
static void test_restart(void)
{
	for (unsigned i = 0; i < 24; i++) {
		T_ROW(i, "bit 0: the headend; the rest: steps");
		T_DO(open_world("", ""));
		T_DO(log_in());
		move_client(AWAY);
		for (unsigned k = 0; k < i / 2; k++)
			(void)world_step(&w, w.now_ms + 100);
		T_TRUE(world_restart(&w, (int)(i & 1)));
		world_run(&w, 30000);
		T_DO(settled(AWAY));
		move_client(FAR);
		T_TRUE(world_restart(&w, (int)(i & 1)));
		world_run(&w, 30000);
		T_DO(settled(FAR));
		T_DO(close_world());
	}
}

/* A request of either side that did not get through comes by the new way at once. */
static void test_open_request(void)
{
	for (int i = 0; i < 2; i++) {
		T_ROW(i, i ? "the headend's" : "the client's");
		T_DO(open_world("", ""));
		T_DO(log_in());
		world_readdress(&w, 0, AWAY, NULL);
		T_EQ(ike_rekey(w.node[i].ike, w.node[i].up_sa, true), ST_OK);
		world_run(&w, 500);
		T_EQ(headend_count(CT_CHILD_REKEYED), 0);
		ike_on_paths_changed(w.node[0].ike);
		world_run(&w, 100);
		T_EQ(headend_count(CT_CHILD_REKEYED), 1);
		world_run(&w, 5000);
		T_DO(settled(AWAY));
		T_DO(close_world());
	}
}

/* The update waits for the window, and the client dies. */
static void test_restart_while_waiting(void)
{
	T_DO(open_world("", "crypto ikev2 window 1\n"));
	T_DO(log_in());
	w.tap = drop_some;
	drops = UINT32_MAX;
	T_EQ(ike_rekey(w.node[0].ike, w.node[0].up_sa, true), ST_OK);
	world_run(&w, 100);
	move_client(AWAY);
	T_EQ(sa_of(0)->mobike.wants, MOBIKE_UPDATE);
	T_TRUE(world_restart(&w, 0));
	drops = 0;
	world_run(&w, 20000);
	T_DO(settled(AWAY));
	T_DO(close_world());
}

/* The proof is lost with the old IKE SA: its successor asks for it again. */
static void test_proof_lost_in_rekeying(void)
{
	T_DO(open_world("", ""));
	T_DO(log_in());
	move_client(AWAY);
	world_run(&w, 12);
	T_EQ(sa_of(1)->mobike.open, MOBIKE_CHECK);
	w.tap = drop_some;
	drops = 1;
	world_run(&w, 10);
	T_EQ(drops, 0);
	T_EQ(ike_rekey(w.node[0].ike, w.node[0].up_sa, false), ST_OK);
	world_run(&w, 1500); /* the client did not know the successor when it was asked first */
	T_EQ(headend_count(CT_IKE_REKEYED), 1);
	T_DO(settled(AWAY));
	T_DO(close_world());
}

/* The last goodbye of a rekeyed IKE SA takes the new way. */
static void test_goodbye(void)
{
	T_DO(open_world("", ""));
	T_DO(log_in());
	T_EQ(ike_rekey(w.node[0].ike, w.node[0].up_sa, false), ST_OK);
	while (world_count(&w.node[0], CT_IKE_REKEYED) == 0)
		T_TRUE(world_step(&w, w.now_ms + 1000));
	T_EQ(ike_count(w.node[0].ike), 2);
	move_client(AWAY);
	world_run(&w, 1000);
	T_EQ(ike_count(w.node[0].ike), 1);
	world_run(&w, 8000); /* the headend lingers */
	T_EQ(ike_count(w.node[1].ike), 1);
	T_DO(settled(AWAY));
	T_DO(close_world());
}

/* The address changes while the login waits for the session layer. */
static void test_during_login(void)
{
	uint64_t sa;

	T_DO(open_world("", ""));
	T_EQ(world_connect(&w, &sa), ST_OK);
	while (ike_find_number(w.node[0].ike, sa)->state != SA_I_AUTHORIZE)
		T_TRUE(world_step(&w, w.now_ms + 1000));
	move_client(AWAY);
	world_run(&w, 2000);
	T_DO(settled(AWAY));
	T_DO(close_world());
}

/* ---- proof ----------------------------------------------------------------------------------------- */

/* Section 3.7: a reply that does not know the secret. Either side closes the SA. */
static void test_wrong_cookie(void)
{
	for (int i = 0; i < 2; i++) {
		T_ROW(i, i ? "the client's" : "the headend's");
		T_DO(open_world("", ""));
		T_DO(log_in());
		move_client(AWAY);
		world_run(&w, i ? 12 : 2);
		struct mobike *k = &sa_of(i)->mobike;
		T_EQ(k->open, i ? MOBIKE_CHECK : MOBIKE_UPDATE);
		k->memory.cookie[3] ^= 1;
		world_run(&w, 5000);
		T_EQ(w.node[i].told[IKE_EV_SA_DOWN], 1);
		T_EQ(w.node[i].last_status, ST_BAD_COOKIE2);
		world_run(&w, 60000);
		T_TRUE(world_is_empty(&w));
		T_DO(close_world());
	}
}

/* Somebody on the way writes another source into the update: packets do not go there. */
static bool forge(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)world, (void)ctx;
	if (from == 0)
		it->remote.addr = world_endpoint("203.0.113.66", 0).addr;
	return true;
}

static void test_forged_source(void)
{
	T_DO(open_world("", ""));
	T_DO(log_in());
	w.tap = forge;
	move_client(AWAY);
	world_run(&w, 12);
	w.tap = NULL;
	T_EQ(headend_count(CT_MOBIKE_UPDATES_IN), 1);
	world_run(&w, 20000);
	struct addr home = world_endpoint(HOME, 0).addr;
	T_TRUE(addr_eq(&w.node[1].child[0].remote.addr, &home));
	T_EQ(headend_count(CT_MOBIKE_CHECKS), 0);
	/* The next update is an honest one. */
	move_client(FAR);
	world_run(&w, 5000);
	T_DO(settled(FAR));
	for (int i = 0; i < 2; i++)
		T_TRUE(!w.node[i].child[0].udp_encap);
	T_DO(close_world());
}

/* Section 3.8: a message from elsewhere that says nothing about addresses changes nothing. */
static void test_no_update_no_move(void)
{
	T_DO(open_world(" dpd 10 2 periodic\n", "crypto ikev2 profile RA\n no dpd\n"));
	T_DO(log_in());
	struct endpoint before = sa_of(1)->remote;
	w.tap = forge;
	world_run(&w, 15000);
	T_TRUE(headend_count(CT_DPD_IN) > 0);
	T_TRUE(endpoint_eq(&sa_of(1)->remote, &before));
	T_EQ(w.node[1].told[IKE_EV_PEER_MOVED], 0);
	w.tap = NULL;
	/* Nor is the side that decides led away by ESP. */
	struct endpoint other = world_endpoint("198.51.100.99", 4500);
	sa_of(0)->nat_remote = true;
	ike_on_moved(w.node[0].ike, w.node[0].child[0].spi_in, &sa_of(0)->local, &other);
	T_EQ(w.node[0].told[IKE_EV_PEER_MOVED], 0);
	T_DO(close_world());
}

/* Section 3.8: the client learns from a liveness check that its NAT gave it another port. */
static void test_mapping(void)
{
	T_DO(open_world(" dpd 10 2 periodic\n", "crypto ikev2 profile RA\n no dpd\n"));
	w.knobs.nat_client = true;
	T_DO(log_in());
	world_run(&w, 15000); /* what it saw is known now */
	uint64_t updates = headend_count(CT_MOBIKE_UPDATES_IN);
	world_run(&w, 30000);
	T_EQ(headend_count(CT_MOBIKE_UPDATES_IN), updates);
	w.nat_port = 30000;
	world_run(&w, 15000);
	T_EQ(headend_count(CT_MOBIKE_UPDATES_IN), updates + 1);
	T_EQ(sa_of(1)->remote.port, 34500);
	T_EQ(w.node[1].child[0].remote.port, 34500);
	/* Another network that looks the same: checked when the routes change. */
	w.nat_port = 40000;
	ike_on_paths_changed(w.node[0].ike);
	world_run(&w, 1000);
	T_EQ(w.node[1].child[0].remote.port, 44500);
	T_DO(close_world());
}

/* ---- messages that our engines do not send ------------------------------------------------------------ */

/* A request of one side with these notifies and the message ID that is next; sent from `from`. */
static void say(int side, const char *from, const uint16_t *types, const struct view *data, size_t n)
{
	struct ike_sa *sa = sa_of(side);
	struct endpoint local = sa->remote, remote = world_endpoint(from, sa->local.port);
	struct msg_out o;
	struct view msg;
	uint8_t copy[512];

	msg_start(&o, sa, EX_INFORMATIONAL, false, sa->out.next++);
	for (size_t i = 0; i < n; i++)
		msg_notify(&o, types[i], data[i].p, data[i].len);
	T_EQ(msg_end(&o, &msg), ST_OK);
	T_TRUE(msg.len <= sizeof(copy));
	memcpy(copy, msg.p, msg.len);
	world_inject(&w, !side, &local, &remote, copy, msg.len);
}

/* Section 3.9: data is what the peer says it sent from and to. */
static void test_no_nats_allowed(void)
{
	static const uint16_t types[] = {N_UPDATE_SA_ADDRESSES, N_NO_NATS_ALLOWED};
	static const uint8_t bad[] = {192, 0, 2, 9, 198, 51, 100, 1, 0x11, 0x94, 0x11, 0x94};
	static const uint8_t good[] = {192, 0, 2, 77, 198, 51, 100, 1, 0x11, 0x94, 0x11, 0x94};

	for (int i = 0; i < 4; i++) {
		const struct view data[] = {{0}, {i == 0 ? good : bad, i == 2 ? 11 : i == 3 ? 0 : 12}};

		T_ROW(i, "good, bad, short, empty");
		T_DO(open_world("", ""));
		T_DO(log_in());
		world_readdress(&w, 0, AWAY, NULL);
		T_DO(say(0, AWAY, types, data, 2));
		T_EQ(addr_eq(&sa_of(1)->remote.addr, &w.at[0][0]), i == 0);
		T_EQ(world_status_count(&w.node[1], ST_UNEXPECTED_NAT), i != 0);
		T_TRUE(sa_of(1)->mobike.wants == 0);
		T_DO(close_world());
	}
}

/* The same in IKE_AUTH ends the login. */
static void test_no_nats_at_login(void)
{
	static const uint8_t data[] = {192, 0, 2, 9, 198, 51, 100, 1, 0x11, 0x94, 0x11, 0x94};
	uint8_t body[32];
	struct wr wr = wr_init(body, sizeof(body));
	struct msg_in m = {0};

	T_DO(open_world("", ""));
	T_DO(log_in());
	notify_build_plain(&wr, N_NO_NATS_ALLOWED, data, sizeof(data));
	m.p.n = 1;
	m.p.v[0].type = PT_NOTIFY;
	m.p.v[0].body = (struct view){body, wr.len};
	m.local = &sa_of(1)->local;
	m.remote = &sa_of(1)->remote;
	T_EQ(mobike_read_offer(sa_of(1), &m), ST_UNEXPECTED_NAT);
	T_EQ(status_notify(ST_UNEXPECTED_NAT), N_UNEXPECTED_NAT_DETECTED);
	T_DO(close_world());
}

/* Whoever asks gets its COOKIE2 back, MOBIKE or not; nobody else's length. */
static void test_cookie_is_echoed(void)
{
	static const struct {
		size_t len;
		bool is_echoed;
	} rows[] = {{7, false}, {8, true}, {64, true}, {65, false}, {0, false}};
	static const uint8_t bytes[65];

	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		size_t row = i / 2;
		uint8_t body[128];
		struct wr wr = wr_init(body, sizeof(body));
		struct msg_in m = {0};
		struct msg_out o;

		T_ROW(i, "length, with and without MOBIKE");
		T_DO(open_world("", i & 1 ? "crypto ikev2 profile RA\n no sallyport mobike\n" : ""));
		T_DO(log_in());
		notify_build_plain(&wr, N_COOKIE2, bytes, rows[row].len);
		m.p.n = 1;
		m.p.v[0].type = PT_NOTIFY;
		m.p.v[0].body = (struct view){body, wr.len};
		m.local = &sa_of(1)->local;
		m.remote = &sa_of(1)->remote;
		msg_start(&o, sa_of(1), EX_INFORMATIONAL, true, 0);
		size_t before = o.w.len;
		mobike_answer(sa_of(1), &m, &o);
		T_EQ(o.w.len - before, rows[row].is_echoed ? rows[row].len + 8 : 0);
		T_DO(close_world());
	}
}

/* With a window larger than one an older update may come after a newer one. */
static void test_order(void)
{
	static const uint16_t types[] = {N_UPDATE_SA_ADDRESSES};
	static const struct view data[] = {{0}};
	uint8_t body[16];
	struct wr wr = wr_init(body, sizeof(body));
	struct endpoint remote = world_endpoint(FAR, 4500);
	struct msg_in m = {.remote = &remote};
	struct msg_out o;

	T_DO(open_world("", ""));
	T_DO(log_in());
	for (int i = 0; i < 3; i++)
		T_DO(say(0, AWAY, types, data, 1));
	struct endpoint now = sa_of(1)->remote;
	notify_build_plain(&wr, N_UPDATE_SA_ADDRESSES, NULL, 0);
	m.hdr.msgid = sa_of(1)->mobike.newest_id - 1;
	m.p.n = 1;
	m.p.v[0].type = PT_NOTIFY;
	m.p.v[0].body = (struct view){body, wr.len};
	m.local = &sa_of(1)->local;
	msg_start(&o, sa_of(1), EX_INFORMATIONAL, true, m.hdr.msgid);
	mobike_answer(sa_of(1), &m, &o);
	T_TRUE(endpoint_eq(&sa_of(1)->remote, &now));
	T_DO(close_world());
}

/* The reply to the client's rekey is on its way, and the client, which has a window, says on the old SA that
 * it moved: that is about the new one, unless it was spoken to itself. */
static void test_update_of_replaced(void)
{
	static const uint16_t types[] = {N_UPDATE_SA_ADDRESSES};
	static const struct view data[] = {{0}};
	struct addr away = world_endpoint(AWAY, 0).addr;

	for (int spoken = 0; spoken < 2; spoken++) {
		struct ike_sa *heir;

		T_ROW(spoken, "was the new SA used?");
		T_DO(open_world("", "crypto ikev2 window 5\n"));
		T_DO(log_in());
		w.tap = drop_some;
		T_EQ(ike_rekey(w.node[0].ike, w.node[0].up_sa, false), ST_OK);
		for (int k = 0; k < 100 && sa_of(1)->spi_i == sa_of(0)->spi_i; k++)
			(void)world_step(&w, w.now_ms + 1);
		heir = sa_of(1);
		T_TRUE(heir->spi_i != sa_of(0)->spi_i);
		drops = 1000; /* the reply is still on its way */
		T_EQ(ike_count(w.node[1].ike), 2);
		heir->in.next = (uint32_t)spoken;
		T_DO(say(0, AWAY, types, data, 1));
		world_run(&w, 5);
		T_EQ(headend_count(CT_MOBIKE_UPDATES_IN), !spoken);
		T_EQ(addr_eq(&heir->remote.addr, &away), !spoken);
		T_EQ(heir->mobike.newest_id, 0);
		T_TRUE(spoken || heir->mobike.open == MOBIKE_CHECK);
		T_TRUE(!addr_eq(&w.node[1].child[0].remote.addr, &away)); /* before it was proven */
		drops = 0;
		T_DO(close_world());
	}
}

/* ---- several addresses ---------------------------------------------------------------------------------- */

#define LISTEN_2 "sallyport listen " GATE "\nsallyport listen " GATE_2 "\n"
#define LISTEN_46 "sallyport listen " GATE "\nsallyport listen " GATE_SIX "\n"

static size_t known_addrs(int side)
{
	size_t n = 0;

	for (size_t i = 0; i < MOBIKE_ADDRS; i++)
		n += sa_of(side)->mobike.peer->addrs[i].family != 0;
	return n;
}

/* The way to the headend's first address is dead: the other one is found when nothing is answered. */
static void test_other_address(void)
{
	T_DO(open_world(" dpd 10 2 periodic\n", LISTEN_2 "crypto ikev2 profile RA\n no dpd\n"));
	world_readdress(&w, 1, GATE, GATE_2);
	T_DO(log_in());
	T_EQ(known_addrs(0), 2);
	T_TRUE(sa_of(1)->mobike.peer == NULL); /* of no use to who follows */
	world_readdress(&w, 1, GATE_2, NULL);
	world_run(&w, 25000);
	T_TRUE(world_count(&w.node[0], CT_MOBIKE_PATHS) > 0);
	T_DO(settled(HOME));
	T_TRUE(addr_eq(&sa_of(0)->remote.addr, &w.at[1][0]));
	/* And back. */
	world_readdress(&w, 1, GATE, NULL);
	world_run(&w, 25000);
	T_DO(settled(HOME));
	/* Neither answers: it ends as without MOBIKE. */
	world_readdress(&w, 1, "198.51.100.3", NULL);
	world_run(&w, 60000);
	T_EQ(w.node[0].last_status, ST_END_DPD);
	T_DO(close_world());
}

/* From a network with IPv4 only to one with IPv6 only, and back. */
static void test_family(void)
{
	T_DO(open_world("", LISTEN_46));
	world_readdress(&w, 1, GATE, GATE_SIX);
	T_DO(log_in());
	move_client(SIX);
	world_run(&w, 3000);
	T_DO(settled(SIX));
	T_EQ(w.node[1].child[0].remote.addr.family, 6);
	T_EQ(w.node[1].child[0].local.addr.family, 6);
	T_EQ(ike_rekey(w.node[1].ike, w.node[1].up_sa, false), ST_OK);
	world_run(&w, 3000);
	T_TRUE(world_restart(&w, 0));
	T_TRUE(world_restart(&w, 1));
	move_client(HOME);
	world_run(&w, 3000);
	T_DO(settled(HOME));
	T_DO(close_world());
}

/* Section 3.6: the list is replaced as a whole; an address that is not in it is left. */
static void test_list(void)
{
	static const uint16_t add[] = {N_ADDITIONAL_IP4_ADDRESS, N_ADDITIONAL_IP6_ADDRESS, N_ADDITIONAL_IP4_ADDRESS};
	static const uint16_t none[] = {N_NO_ADDITIONAL_ADDRESSES};
	struct addr a = world_endpoint("198.51.100.7", 0).addr, b = world_endpoint(GATE_SIX, 0).addr;
	const struct view data[] = {{a.b, 4}, {b.b, 16}, {a.b, 3}};
	const struct view nothing[] = {{0}};
	uint16_t many[MOBIKE_ADDRS * 2];
	struct view each[MOBIKE_ADDRS * 2];

	T_DO(open_world("", ""));
	T_DO(log_in());
	T_EQ(known_addrs(0), 1);
	T_DO(say(1, GATE, add, data, 3));
	T_EQ(known_addrs(0), 3); /* the one that it wrote from; not the malformed one */
	for (size_t i = 0; i < MOBIKE_ADDRS * 2; i++) {
		many[i] = N_ADDITIONAL_IP4_ADDRESS;
		each[i] = (struct view){a.b, 4};
	}
	T_DO(say(1, GATE, many, each, MOBIKE_ADDRS * 2));
	T_EQ(known_addrs(0), MOBIKE_ADDRS);
	world_readdress(&w, 1, GATE_2, NULL);
	T_DO(say(1, GATE_2, none, nothing, 1));
	T_EQ(known_addrs(0), 1);
	world_run(&w, 5000);
	T_DO(settled(HOME));
	T_DO(close_world());
}

/* The headend listens on another address besides, then only there, then on all (which are not told). */
static void test_reload(void)
{
	static const struct {
		const char *listen, *first, *second;
		size_t known;
	} rows[] = {
		{LISTEN_2, GATE, GATE_2, 2},
		{"sallyport listen " GATE_2 "\n", GATE_2, NULL, 1},
		{LISTEN_46, GATE, GATE_SIX, 2},
		{"", GATE, GATE_SIX, 1},
	};
	static char text[2048];

	T_DO(open_world("", "sallyport listen " GATE "\n"));
	T_DO(log_in());
	T_EQ(known_addrs(0), 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct snapshot *s;

		T_ROW(i, rows[i].listen);
		snprintf(text, sizeof(text), "%s%s", world_server_text, rows[i].listen);
		s = world_conf(text);
		world_readdress(&w, 1, rows[i].first, rows[i].second);
		ike_set_conf(w.node[1].ike, s);
		snapshot_unref(server);
		w.node[1].conf = server = s;
		world_run(&w, 5000);
		T_DO(settled(HOME));
		T_EQ(known_addrs(0), rows[i].known);
		T_TRUE(addr_eq(&sa_of(0)->remote.addr, &w.at[1][0]));
	}
	uint32_t next = sa_of(1)->out.next;
	ike_set_conf(w.node[1].ike, server); /* nothing changed */
	T_EQ(sa_of(1)->out.next, next);
	T_DO(close_world());
}

/* The profile is bound to one address of the headend: the client may not come to the other. */
static void test_unacceptable(void)
{
	T_DO(open_world("", LISTEN_2 "crypto ikev2 profile RA\n match address local " GATE "\n"));
	world_readdress(&w, 1, GATE, GATE_2);
	T_DO(log_in());
	w.no_way = world_endpoint(GATE, 0).addr;
	ike_on_paths_changed(w.node[0].ike);
	world_run(&w, 1000);
	T_EQ(w.node[0].told[IKE_EV_SA_DOWN], 1);
	T_EQ(w.node[0].last_status, ST_UNACCEPTABLE_ADDRESSES);
	/* The other way is there again: refused there, it comes back. */
	w.no_way = (struct addr){0};
	T_DO(log_in());
	w.no_way = world_endpoint(GATE, 0).addr;
	ike_on_paths_changed(w.node[0].ike);
	w.no_way = (struct addr){0};
	world_run(&w, 3000);
	T_TRUE(world_status_count(&w.node[0], ST_UNACCEPTABLE_ADDRESSES) > 1);
	T_TRUE(sa_of(0) != NULL && world_is_converged(&w));
	T_TRUE(addr_eq(&sa_of(0)->remote.addr, &w.at[1][0]));
	T_DO(close_world());
}

int main(void)
{
	T_RUN(test_negotiation);
	T_RUN(test_update);
	T_RUN(test_lost);
	T_RUN(test_moves_in_a_row);
	T_RUN(test_gap);
	T_RUN(test_rekeying);
	T_RUN(test_restart);
	T_RUN(test_open_request);
	T_RUN(test_restart_while_waiting);
	T_RUN(test_proof_lost_in_rekeying);
	T_RUN(test_goodbye);
	T_RUN(test_during_login);
	T_RUN(test_wrong_cookie);
	T_RUN(test_forged_source);
	T_RUN(test_no_update_no_move);
	T_RUN(test_mapping);
	T_RUN(test_no_nats_allowed);
	T_RUN(test_no_nats_at_login);
	T_RUN(test_cookie_is_echoed);
	T_RUN(test_order);
	T_RUN(test_update_of_replaced);
	T_RUN(test_other_address);
	T_RUN(test_family);
	T_RUN(test_list);
	T_RUN(test_reload);
	T_RUN(test_unacceptable);
	return t_end();
}
