/* Resumption between two engines (RFC 5723): what a ticket brings back, what makes it worthless, and
 * that nobody but its owner can do anything with it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/engine.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

#define ON "sallyport ike resumption lifetime 600\n"
/* A headend that does not notice when a client is gone. */
#define PATIENT "crypto ikev2 profile RA\n no dpd\n"

static struct world w;
static struct snapshot *client, *server;

/* What the network does with packets. */
static struct {
	bool deaf_client;       /* nothing reaches it */
	uint8_t lost_exchange;  /* these are lost, both ways; 0: none */
	unsigned jobs;
	size_t request_len;     /* the last IKE_SESSION_RESUME request */
	uint8_t request[WORLD_PACKET_MAX];
	struct endpoint local, remote;
} net;

static bool tap(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)world;
	(void)ctx;
	if (it->len > 18 && it->bytes[18] == EX_IKE_SESSION_RESUME && from == 0 &&
		it->len <= sizeof(net.request)) {
		memcpy(net.request, it->bytes, it->len);
		net.request_len = it->len;
		net.local = it->local;
		net.remote = it->remote;
	}
	if (it->len > 18 && net.lost_exchange != 0 && it->bytes[18] == net.lost_exchange)
		return false;
	return from == 0 || !net.deaf_client;
}

static void open_world(uint64_t seed, const char *client_more, const char *server_more)
{
	static char c[4096], s[4096];

	snprintf(c, sizeof(c), "%s dpd 10 2 periodic\n%s", world_client_text, client_more);
	snprintf(s, sizeof(s), "%s%s", world_server_text, server_more);
	client = world_conf(c);
	server = world_conf(s);
	T_TRUE(client != NULL && server != NULL);
	T_TRUE(world_init(&w, seed, client, server));
	w.knobs.delay_ms = 10;
	w.knobs.answer_ms = 5;
	memset(&net, 0, sizeof(net));
	w.tap = tap;
}

static void close_world(void)
{
	T_TRUE(w.broken == NULL);
	world_fini(&w);
	snapshot_unref(client);
	snapshot_unref(server);
}

static void log_in(void)
{
	uint64_t sa;

	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 3000);
	T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
	T_TRUE(world_children_agree(&w));
}

static struct ike_sa *sa_of(int side)
{
	return ike_find_number(w.node[side].ike, w.node[side].up_sa);
}

/* The client hears nothing any more and gives its SA up; the headend still hears it. */
static void lose_client(void)
{
	net.deaf_client = true;
	world_run(&w, 60000);
	net.deaf_client = false;
	T_EQ(w.node[0].up_sa, 0);
	T_EQ(ike_count(w.node[0].ike), 0);
}

static void one_of_each(void)
{
	for (int i = 0; i < 2; i++) {
		T_ROW(i, i == 0 ? "client" : "headend");
		T_TRUE(sa_of(i) != NULL);
		T_EQ(ike_count(w.node[i].ike), 1);
		T_EQ(w.node[i].n_child, 1);
		T_EQ(w.node[i].n_record, 1);
	}
	T_TRUE(world_children_agree(&w));
}

static void resumed(bool is_resumed)
{
	T_EQ(sa_of(0)->is_resumed, is_resumed);
	T_EQ(sa_of(1)->is_resumed, is_resumed);
	T_TRUE(sa_of(0)->ticket.bytes != NULL);
}

/* A post-quantum key for one side; required: "" or "required ", NULL: none. */
static const char *ppk_text(int side, const char *required)
{
	static char text[2][512];

	snprintf(text[side], sizeof(text[side]), ON "%s", side == 0 ? "" : PATIENT);
	if (required != NULL)
		snprintf(text[side] + strlen(text[side]), sizeof(text[side]) - strlen(text[side]),
			"crypto ikev2 profile %s\n keyring ppk Q\n"
			"crypto ikev2 keyring Q\n peer any\n  address 0.0.0.0 0.0.0.0\n"
			"  ppk manual id q %skey k\n", side == 0 ? "HQ" : "RA", required);
	return text[side];
}

static struct snapshot *conf_with_ppk(int side, const char *required)
{
	static char text[4096];

	snprintf(text, sizeof(text), "%s%s%s", side == 0 ? world_client_text : world_server_text,
		side == 0 ? " dpd 10 2 periodic\n" : "", ppk_text(side, required));
	return world_conf(text);
}

/* ---- what works ------------------------------------------------------------------------------ */

/* The headend still has the old SA: it goes without a word, and there is no key exchange. */
static void test_live(void)
{
	uint64_t packets;

	open_world(1, ON, ON PATIENT);
	T_DO(log_in());
	T_DO(resumed(false));
	T_EQ(w.node[0].psk_status, ST_OK);
	lose_client();
	T_TRUE(w.node[1].up_sa != 0);
	/* Neither is any key asked for. */
	w.node[0].psk_status = w.node[1].psk_status = ST_NO_KEY;
	packets = w.packets;
	T_DO(log_in());
	T_EQ(w.packets - packets, 5); /* two exchanges; the last message is in two fragments */
	T_DO(resumed(true));
	T_DO(one_of_each());
	T_EQ(w.node[1].told[IKE_EV_SA_DOWN], 1);
	T_EQ(world_status_count(&w.node[1], ST_END_RESUMED), 1);
	T_EQ(sa_of(1)->auth_remote, 2);
	T_EQ(sa_of(0)->frag.form, FRAG_STD);
	T_EQ(sa_of(1)->frag.form, FRAG_STD);
	T_EQ(world_count(&w.node[1], CT_RESUMED), 1);
	T_EQ(world_count(&w.node[0], CT_RESUMED), 1);
	T_EQ(world_count(&w.node[1], CT_TICKET_OUT), 2);
	/* And again, with the second ticket. */
	lose_client();
	T_DO(log_in());
	T_DO(resumed(true));
	T_DO(one_of_each());
	T_EQ(world_count(&w.node[1], CT_RESUMED), 2);
	close_world();
}

/* It has noticed that the client is gone: the ticket outlives that. */
static void test_dead(void)
{
	open_world(3, ON, ON);
	T_DO(log_in());
	lose_client();
	T_EQ(w.node[1].up_sa, 0);
	T_EQ(world_status_count(&w.node[1], ST_END_DPD), 1);
	T_DO(log_in());
	T_DO(resumed(true));
	T_DO(one_of_each());
	close_world();
}

/* The headend lost its power: the keys were kept, the SA was not. */
static void test_lost(void)
{
	for (unsigned nat = 0; nat < 4; nat++) {
		T_ROW(nat, "NAT of client 1, of headend 2");
		open_world(2 + nat, ON, ON);
		w.knobs.nat_client = nat & 1;
		w.knobs.nat_server = (nat & 2) != 0;
		T_DO(log_in());
		T_TRUE(world_power_cycle(&w, 1));
		T_EQ(ike_count(w.node[1].ike), 0);
		world_run(&w, 60000);
		T_EQ(w.node[0].up_sa, 0);
		T_DO(log_in());
		T_DO(resumed(true));
		T_DO(one_of_each());
		T_EQ(sa_of(1)->nat_local, w.knobs.nat_server);
		close_world();
	}
}

/* A ticket is of one SA: after rekeying the client asks for another, whoever began. */
static void test_rekeyed(void)
{
	for (int side = 0; side < 2; side++) {
		uint8_t first[16];
		T_ROW(side, "rekeyed by");
		open_world(10 + (uint64_t)side, ON, ON);
		T_DO(log_in());
		memcpy(first, sa_of(0)->ticket.bytes + 30, sizeof(first));
		T_EQ(ike_rekey(w.node[side].ike, w.node[side].up_sa, false), ST_OK);
		world_run(&w, 5000);
		T_TRUE(sa_of(0)->ticket.bytes != NULL);
		T_TRUE(memcmp(first, sa_of(0)->ticket.bytes + 30, sizeof(first)) != 0);
		T_EQ(world_count(&w.node[1], CT_TICKET_OUT), 2);
		lose_client();
		T_DO(log_in());
		T_DO(resumed(true));
		T_DO(one_of_each());
		close_world();
	}
}

/* A fresh one before the lifetime is over, and none that is over. */
static void test_lifetime(void)
{
	open_world(20, ON, ON);
	T_DO(log_in());
	world_run(&w, 440000);
	T_EQ(world_count(&w.node[0], CT_TICKET_IN), 1);
	world_run(&w, 20000);
	T_EQ(world_count(&w.node[0], CT_TICKET_IN), 2);
	T_DO(one_of_each());
	lose_client();
	w.now_ms += 700000;
	w.node[0].told[IKE_EV_SA_UP] = 0;
	T_DO(log_in());
	T_DO(resumed(false));
	T_EQ(world_count(&w.node[1], CT_RESUME_IN), 0);
	close_world();
	/* No longer than the SA may live. */
	open_world(21, " lifetime 300\n" ON, ON "crypto ikev2 profile RA\n lifetime 300\n");
	T_DO(log_in());
	T_TRUE(sa_of(0)->ticket.end_ms <= w.now_ms + 300000);
	close_world();
}

/* ---- what makes a ticket worthless --------------------------------------------------------------- */

static void put_back(const struct wallet_entry *e)
{
	wallet_put(&w.node[0].ike->wallet, &e->gateway, e->tun, &e->state, (struct view){e->bytes, e->len},
		e->end_ms);
}

/* The ticket that the client would use now, for later; the caller frees it. */
static struct wallet_entry *copy_ticket(void)
{
	struct endpoint gateway = world_endpoint("198.51.100.1", 500);
	const struct wallet_entry *e =
		wallet_find(&w.node[0].ike->wallet, "HQ", &gateway, 7, w.now_ms);
	struct wallet_entry *copy = malloc(sizeof(*copy));

	if (e == NULL || copy == NULL)
		abort();
	*copy = *e;
	copy->bytes = malloc(e->len);
	if (copy->bytes == NULL)
		abort();
	memcpy(copy->bytes, e->bytes, e->len);
	return copy;
}

static void free_copy(struct wallet_entry *e)
{
	free(e->bytes);
	free(e);
}

/* Refused, and the client comes in the ordinary way, at once. */
static void full_login(enum status why)
{
	uint64_t refused = world_count(&w.node[1], CT_RESUME_REFUSED);

	T_DO(log_in());
	T_DO(resumed(false));
	T_EQ(world_count(&w.node[1], CT_RESUME_REFUSED), refused + 1);
	T_TRUE(world_status_count(&w.node[1], why) > 0);
	T_EQ(world_count(&w.node[0], CT_RESUME_FALLBACK), 1);
	T_EQ(w.node[0].ike->wallet.n, 0);
}

static void test_used(void)
{
	struct wallet_entry *e;

	open_world(30, ON, ON);
	T_DO(log_in());
	lose_client();
	e = copy_ticket();
	T_DO(log_in());
	T_DO(resumed(true));
	lose_client();
	put_back(e);
	T_DO(full_login(ST_TICKET_REVOKED));
	free_copy(e);
	close_world();
}

static void test_ended(void)
{
	static const enum status reasons[] = {ST_END_ADMIN, ST_END_LIFETIME, ST_END_CONFIG};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		T_ROW(i, "ended by the headend");
		open_world(40 + i, ON, ON);
		T_DO(log_in());
		net.deaf_client = true; /* it does not hear the DELETE */
		T_EQ(ike_close(w.node[1].ike, w.node[1].up_sa, reasons[i]), ST_OK);
		lose_client();
		T_DO(full_login(ST_TICKET_REVOKED));
		close_world();
	}
	/* By the client, or with its knowledge: it has no ticket any more. */
	for (int side = 0; side < 2; side++) {
		T_ROW(side, "ended by, and both know");
		open_world(50 + (uint64_t)side, ON, ON);
		T_DO(log_in());
		T_EQ(ike_close(w.node[side].ike, w.node[side].up_sa, ST_END_ADMIN), ST_OK);
		world_run(&w, 10000);
		T_EQ(w.node[0].ike->wallet.n, 0);
		T_DO(log_in());
		T_DO(resumed(false));
		T_EQ(world_count(&w.node[1], CT_RESUME_IN), 0);
		close_world();
	}
}

/* The user takes leave while there is no connection, or switches resumption off. */
static void test_leave(void)
{
	for (int how = 0; how < 3; how++) {
		struct snapshot *off = world_conf(world_client_text);
		uint64_t sa;

		T_ROW(how, "forget, switch off, close while resuming");
		open_world(52, ON, ON);
		T_DO(log_in());
		lose_client();
		T_EQ(w.node[0].ike->wallet.n, 1);
		if (how == 0)
			ike_forget_tickets(w.node[0].ike, "HQ");
		if (how == 1)
			ike_set_conf(w.node[0].ike, off);
		if (how == 2) {
			net.lost_exchange = EX_IKE_SESSION_RESUME;
			T_EQ(world_connect(&w, &sa), ST_OK);
			world_run(&w, 100);
			T_EQ(ike_close(w.node[0].ike, sa, ST_END_ADMIN), ST_OK);
		}
		T_EQ(w.node[0].ike->wallet.n, 0);
		snapshot_unref(off);
		close_world();
	}
}

static void test_rekeyed_since(void)
{
	struct wallet_entry *e;

	open_world(55, ON, ON PATIENT);
	T_DO(log_in());
	lose_client();
	e = copy_ticket();
	T_EQ(ike_rekey(w.node[1].ike, w.node[1].up_sa, false), ST_OK);
	T_DO(log_in());
	/* Nothing came of it: the client did not answer any more. The ticket is good; now one of
	 * an SA that was rekeyed. */
	T_DO(resumed(true));
	free_copy(e);
	net.deaf_client = true;
	world_run(&w, 1);
	net.deaf_client = false;
	T_TRUE(sa_of(0)->ticket.bytes != NULL);
	wallet_put(&w.node[0].ike->wallet, &sa_of(0)->remote, 7,
		&(struct ticket){.profile = "HQ", .suite = sa_of(0)->suite, .sk_d_len = 32},
		(struct view){sa_of(0)->ticket.bytes, sa_of(0)->ticket.len}, w.now_ms + 500000);
	e = copy_ticket();
	T_EQ(ike_rekey(w.node[0].ike, w.node[0].up_sa, false), ST_OK);
	world_run(&w, 5000);
	lose_client();
	put_back(e);
	T_DO(full_login(ST_TICKET_REVOKED));
	free_copy(e);
	close_world();
}

static void test_altered(void)
{
	struct wallet_entry *e;

	open_world(60, ON, ON);
	T_DO(log_in());
	lose_client();
	e = copy_ticket();
	e->bytes[e->len / 2] ^= 4;
	put_back(e);
	T_DO(full_login(ST_TICKET_BAD));
	free_copy(e);
	close_world();
}

static void test_expired(void)
{
	struct wallet_entry *e;

	open_world(61, ON, ON);
	T_DO(log_in());
	lose_client();
	e = copy_ticket();
	e->end_ms += 1000000; /* a client that does not care */
	put_back(e);
	w.now_ms += 601000;
	T_DO(full_login(ST_TICKET_EXPIRED));
	free_copy(e);
	close_world();
}

/* A headend where it is switched off, and one that never knew. */
static void test_off(void)
{
	open_world(62, ON, "");
	T_DO(log_in());
	T_TRUE(sa_of(0)->ticket.bytes == NULL);
	close_world();
	open_world(63, "", ON);
	T_DO(log_in());
	T_EQ(world_count(&w.node[1], CT_TICKET_OUT), 0);
	close_world();
	for (int silent = 0; silent < 2; silent++) {
		struct snapshot *off = world_conf(world_server_text);

		T_ROW(silent, "silent");
		open_world(64, ON, ON);
		T_DO(log_in());
		lose_client();
		ike_set_conf(w.node[1].ike, off);
		net.lost_exchange = silent ? EX_IKE_SESSION_RESUME : 0;
		uint64_t sa;
		T_EQ(world_connect(&w, &sa), ST_OK);
		world_run(&w, 12000);
		T_TRUE(w.node[0].up_sa == sa && w.node[1].up_sa != 0);
		T_TRUE(!sa_of(0)->is_resumed && !sa_of(1)->is_resumed);
		T_EQ(world_count(&w.node[0], CT_RESUME_FALLBACK), 1);
		snapshot_unref(off);
		close_world();
	}
}

/* Algorithms that are not allowed any more. */
static void test_algorithms(void)
{
	struct snapshot *now;
	static char text[4096];

	snprintf(text, sizeof(text), "%s%s", world_server_text, ON
		"crypto ikev2 proposal P\n encryption aes-gcm-128\n prf sha256\n group 19\n"
		"crypto ikev2 policy P\n proposal P\n");
	now = world_conf(text);
	open_world(65, ON, ON);
	T_DO(log_in());
	T_EQ(sa_of(1)->suite.encr->key_bits, 256);
	lose_client();
	ike_set_conf(w.node[1].ike, now);
	T_DO(full_login(ST_NO_PROPOSAL));
	T_EQ(sa_of(1)->suite.encr->key_bits, 128);
	snapshot_unref(now);
	close_world();
}

/* Resumed again and again, the client must still show its key once in a lifetime of the IKE SA. */
static void test_chain(void)
{
	unsigned n = 0;

	open_world(66, ON, ON "crypto ikev2 profile RA\n lifetime 1000\n no dpd\n");
	T_DO(log_in());
	while (n < 20) {
		lose_client();
		T_DO(log_in());
		if (!sa_of(1)->is_resumed)
			break;
		n++;
	}
	T_TRUE(n >= 5 && n <= 16);
	T_TRUE(w.now_ms > 900000 && w.now_ms < 1200000);
	close_world();
}

/* The configuration of today decides. A refused one leaves the old SA alone. */
static void test_policy(void)
{
	static const struct {
		const char *what, *from, *to;
		enum status why;
	} rows[] = {
		{"identity no longer matched", "corp.example\n identity", "else.example\n identity",
			ST_NO_PROFILE},
		{"profile renamed", "profile RA", "profile RX", ST_NO_PROFILE},
		{"profile shut down", " keyring local K\n dpd", " keyring local K\n shutdown\n dpd",
			ST_PROFILE_SHUTDOWN},
		{"own identity changed", "fqdn vpn.corp", "fqdn vpx.corp", ST_AUTH_FAILED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static char text[4096];
		const char *at = strstr(world_server_text, rows[i].from);
		struct snapshot *conf;
		uint64_t sa, old;

		T_ROW(i, rows[i].what);
		T_TRUE(at != NULL);
		snprintf(text, sizeof(text), "%.*s%s%s%s", (int)(at - world_server_text),
			world_server_text, rows[i].to, at + strlen(rows[i].from), ON);
		conf = world_conf(text);
		open_world(70 + i, ON, ON PATIENT);
		T_DO(log_in());
		lose_client();
		old = w.node[1].up_sa;
		ike_set_conf(w.node[1].ike, conf);
		T_EQ(world_connect(&w, &sa), ST_OK);
		world_run(&w, 1000);
		T_EQ(w.node[1].last_status, rows[i].why);
		T_EQ(w.node[0].up_sa, 0);
		T_EQ(w.node[1].up_sa, old);
		T_EQ(w.node[1].n_child, 1);
		snapshot_unref(conf);
		close_world();
	}
}

/* A post-quantum key goes on in the resumed SA; one that is demanded since makes a login of it. */
static void test_ppk(void)
{
	static const struct {
		const char *what, *client, *server, *client_now, *server_now;
		bool used, resumes;
		enum status refused;
	} rows[] = {
		{"in use", "", "", "", "", true, true, ST_OK},
		{"in use and demanded", "required ", "required ", "required ", "required ", true, true, ST_OK},
		{"demanded by the headend since", "", NULL, "", "required ", false, false, ST_PPK_REQUIRED},
		{"demanded by the client since", NULL, "", "required ", "", false, false, ST_OK},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct snapshot *c = conf_with_ppk(0, rows[i].client_now);
		struct snapshot *s = conf_with_ppk(1, rows[i].server_now);

		T_ROW(i, rows[i].what);
		open_world(110 + i, ppk_text(0, rows[i].client), ppk_text(1, rows[i].server));
		T_DO(log_in());
		T_EQ(sa_of(0)->used_ppk && sa_of(1)->used_ppk, rows[i].used);
		lose_client();
		w.node[0].conf = c; /* keys are looked up there */
		w.node[1].conf = s;
		ike_set_conf(w.node[0].ike, c);
		ike_set_conf(w.node[1].ike, s);
		if (rows[i].refused != ST_OK) {
			uint64_t sa;

			T_EQ(world_connect(&w, &sa), ST_OK);
			world_run(&w, 1000);
			T_EQ(w.node[1].last_status, rows[i].refused);
			T_EQ(w.node[0].up_sa, 0);
		}
		T_DO(log_in());
		T_DO(resumed(rows[i].resumes));
		T_TRUE(sa_of(0)->used_ppk && sa_of(1)->used_ppk);
		T_TRUE(world_children_agree(&w));
		snapshot_unref(c);
		snapshot_unref(s);
		close_world();
	}
}

/* Whoever has the ticket and its secret is still only who the ticket is of. */
static void test_identity(void)
{
	struct wallet_entry *e;
	uint64_t sa, old;

	open_world(74, ON, ON PATIENT);
	T_DO(log_in());
	lose_client();
	old = w.node[1].up_sa;
	e = copy_ticket();
	memcpy(e->state.client.bytes, "boss", 4);
	put_back(e);
	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 1000);
	T_EQ(w.node[1].last_status, ST_AUTH_FAILED);
	T_EQ(w.node[1].up_sa, old);
	T_EQ(w.node[0].up_sa, 0);
	free_copy(e);
	close_world();
}

static void test_not_authorized(void)
{
	uint64_t sa;

	open_world(75, ON, ON);
	T_DO(log_in());
	lose_client();
	w.node[1].authorize_status = ST_HOOK_REFUSED;
	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 10000);
	T_EQ(w.node[1].last_status, ST_HOOK_REFUSED);
	T_EQ(w.node[0].up_sa, 0);
	close_world();
}

/* ---- strangers ------------------------------------------------------------------------------------ */

/* A request that was overheard, sent again from elsewhere, while the session lives in peace. */
static void test_replayed(void)
{
	struct endpoint stranger = world_endpoint("203.0.113.66", 500);
	uint64_t up;

	open_world(80, ON, ON PATIENT);
	T_DO(log_in());
	lose_client();
	T_DO(log_in());
	T_DO(resumed(true));
	up = w.node[1].up_sa;
	T_TRUE(net.request_len > 0);
	for (unsigned i = 0; i < 10; i++) {
		world_inject(&w, 1, &net.local, &stranger, net.request, net.request_len);
		world_run(&w, 100);
	}
	/* The ticket was used: refused, every time. */
	T_TRUE(world_status_count(&w.node[1], ST_TICKET_REVOKED) >= 10);
	T_EQ(ike_half_open(w.node[1].ike), 0);
	T_EQ(w.node[1].up_sa, up);
	/* Before it is used it costs a half-open SA, and the owner of the ticket nothing. */
	lose_client();
	net.lost_exchange = EX_IKE_AUTH;
	uint64_t sa;
	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 500);
	T_EQ(w.node[1].up_sa, up);
	for (unsigned i = 0; i < 10; i++) {
		world_inject(&w, 1, &net.local, &stranger, net.request, net.request_len);
		world_run(&w, 100);
	}
	T_EQ(w.node[1].up_sa, up);
	net.lost_exchange = 0;
	world_run(&w, 20000);
	T_DO(resumed(true));
	world_run(&w, 60000);
	T_DO(one_of_each());
	close_world();
}

/* A reply is never longer than its request. */
static void test_short(void)
{
	open_world(81, ON, ON);
	T_DO(log_in());
	lose_client();
	T_DO(log_in());
	T_TRUE(net.request_len > 300);
	/* Cut off anywhere, nothing of it is taken, and nothing breaks. */
	for (size_t len = 0; len < net.request_len; len++) {
		uint8_t cut[WORLD_PACKET_MAX];

		memcpy(cut, net.request, len);
		if (len >= 28) {
			cut[26] = (uint8_t)(len >> 8);
			cut[27] = (uint8_t)len;
		}
		world_inject(&w, 1, &net.local, &net.remote, cut, len);
	}
	world_run(&w, 1000);
	T_EQ(ike_half_open(w.node[1].ike), 0);
	T_DO(one_of_each());
	close_world();
}

static void test_cookie(void)
{
	struct wallet_entry *copy;
	struct ike_suite suite;
	uint64_t cookies;

	open_world(82, ON, ON "crypto ikev2 cookie-challenge 1\n");
	T_DO(log_in());
	lose_client();
	T_DO(log_in());
	T_DO(resumed(true));
	T_EQ(world_count(&w.node[1], CT_IKE_COOKIES), 0);
	lose_client();
	copy = copy_ticket();
	suite = copy->state.suite;
	free_copy(copy);
	/* One negotiation that goes nowhere. */
	net.lost_exchange = EX_IKE_AUTH;
	uint64_t sa;
	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 300);
	T_EQ(ike_half_open(w.node[1].ike), 1);
	T_EQ(ike_close(w.node[0].ike, sa, ST_END_DPD), ST_OK);
	net.lost_exchange = 0;
	cookies = world_count(&w.node[1], CT_IKE_COOKIES);
	put_back(&(struct wallet_entry){
		.gateway = world_endpoint("198.51.100.1", 500), .tun = 7, .end_ms = w.now_ms + 10000,
		.state = {.profile = "HQ", .suite = suite}, .bytes = (uint8_t *)"junk", .len = 4});
	T_DO(log_in());
	/* For the ticket, and again for the login that followed it. */
	T_EQ(world_count(&w.node[1], CT_IKE_COOKIES), cookies + 2);
	close_world();
}

/* Losses, repetitions and a restart of either side at any moment. */
static void test_restarts(void)
{
	unsigned resumptions = 0;

	for (unsigned at = 0; at < 40; at++) {
		uint64_t sa;

		T_ROW(at, "restart after so many steps");
		open_world(100 + at, ON, ON);
		T_DO(log_in());
		lose_client();
		w.knobs.twice = 200;
		w.knobs.loss = 100;
		T_EQ(world_connect(&w, &sa), ST_OK);
		for (unsigned i = 0; i < at / 2; i++)
			world_step(&w, w.now_ms + 1000);
		T_TRUE(world_restart(&w, (int)(at % 2)));
		world_run(&w, 60000);
		w.knobs.loss = 0;
		for (unsigned i = 0; i < 5 && w.node[0].up_sa == 0; i++) {
			(void)!world_connect(&w, &sa);
			world_run(&w, 60000);
		}
		world_run(&w, 120000);
		T_TRUE(w.node[0].up_sa != 0);
		T_DO(one_of_each());
		resumptions += sa_of(1)->is_resumed;
		close_world();
	}
	T_TRUE(resumptions > 10);
}

/* The ticket of an established SA is in its record. */
static void test_frozen(void)
{
	open_world(150, ON, ON);
	T_DO(log_in());
	T_TRUE(world_restart(&w, 0));
	T_TRUE(world_restart(&w, 1));
	T_TRUE(sa_of(0)->ticket.bytes != NULL && sa_of(0)->is_client);
	lose_client();
	T_DO(log_in());
	T_DO(resumed(true));
	T_TRUE(world_restart(&w, 0));
	T_TRUE(world_restart(&w, 1));
	T_DO(resumed(true));
	T_EQ(ike_close(w.node[0].ike, w.node[0].up_sa, ST_END_ADMIN), ST_OK);
	world_run(&w, 20000);
	T_TRUE(world_is_empty(&w));
	close_world();
}

int main(void)
{
	T_RUN(test_live);
	T_RUN(test_dead);
	T_RUN(test_lost);
	T_RUN(test_rekeyed);
	T_RUN(test_lifetime);
	T_RUN(test_used);
	T_RUN(test_ended);
	T_RUN(test_leave);
	T_RUN(test_rekeyed_since);
	T_RUN(test_altered);
	T_RUN(test_expired);
	T_RUN(test_off);
	T_RUN(test_algorithms);
	T_RUN(test_chain);
	T_RUN(test_policy);
	T_RUN(test_ppk);
	T_RUN(test_identity);
	T_RUN(test_not_authorized);
	T_RUN(test_replayed);
	T_RUN(test_short);
	T_RUN(test_cookie);
	T_RUN(test_restarts);
	T_RUN(test_frozen);
	return t_end();
}
