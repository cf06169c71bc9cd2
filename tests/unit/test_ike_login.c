/* Whole logins between two engines: that they work, how they fail, how they end. */
#include <stdio.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/engine.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

static struct snapshot *client, *server;
static struct world w;

static void open_world(void)
{
	T_TRUE(world_init(&w, 1, client, server));
}

static void open_with(const char *client_text, const char *server_text)
{
	struct snapshot *c = client_text != NULL ? world_conf(client_text) : snapshot_ref(client);
	struct snapshot *s = server_text != NULL ? world_conf(server_text) : snapshot_ref(server);
	bool ok = world_init(&w, 1, c, s);

	/* The engines hold references of their own; the world's later engines are not made here. */
	snapshot_unref(c);
	snapshot_unref(s);
	T_TRUE(ok);
}

static void log_in(void)
{
	uint64_t sa = 0;

	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 1000);
	T_STR(w.node[0].last_detail, "");
	T_STR(w.node[1].last_detail, "");
	T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
	T_TRUE(world_children_agree(&w));
	T_TRUE(w.broken == NULL);
}

static struct ike_sa_info info_of(int side)
{
	struct ike_sa_info info = {0};
	uint64_t cursor = 0;

	(void)ike_next_info(w.node[side].ike, &cursor, &info);
	return info;
}

static void test_login(void)
{
	struct ike_sa_info c, s;

	T_DO(open_world());
	T_DO(log_in());
	T_EQ(ike_half_open(w.node[0].ike) + ike_half_open(w.node[1].ike), 0);
	T_EQ(w.node[1].told[IKE_EV_SA_UP], 1);
	T_EQ(w.node[1].told[IKE_EV_CHILD_UP], 1);
	T_EQ(w.node[1].n_record, 1);
	/* Keys of RADIUS come with attributes that are kept until now. */
	T_EQ(w.node[0].forgets, 1);
	T_EQ(w.node[1].forgets, 1);
	c = info_of(0), s = info_of(1);
	T_STR(s.status, "READY");
	T_STR(s.profile, "RA");
	T_STR(c.profile, "HQ");
	T_TRUE(c.spi_local == s.spi_remote && c.spi_remote == s.spi_local);
	T_TRUE(c.we_are_initiator && !s.we_are_initiator);
	T_EQ(s.auth_local, 2);
	T_EQ(s.auth_remote, 2);
	T_MEM(s.peer_id.bytes, "user@corp.example", 17);
	T_MEM(c.peer_id.bytes, "vpn.corp.example", 16);
	T_EQ(s.dpd_interval_s, 10);
	T_EQ(s.lifetime_s, 86400);
	T_EQ(s.n_children, 1);
	/* The address of the reply is the one that was granted; selectors are exactly it. */
	T_TRUE(addr_eq(&c.grant.ip4, &s.grant.ip4) && addr_eq(&c.grant.ip6, &s.grant.ip6));
	T_EQ(c.grant.n_dns, 1);
	T_EQ(c.grant.n_subnets, 1);
	T_EQ(s.children[0].n_remote_ts, 2);
	T_TRUE(addr_eq(&s.children[0].remote_ts[0].lo, &s.grant.ip4));
	T_TRUE(addr_eq(&s.children[0].remote_ts[0].hi, &s.grant.ip4));
	world_fini(&w);
}

/* Who connects is asked with the device that it named, and with the networks that the peer announced,
 * of the families that the child carries. */
static void test_connecting_through_a_tunnel(void)
{
	static const struct {
		bool ip4, ip6;
		unsigned subnets;
	} rows[] = {{true, true, 1}, {true, false, 1}, {false, true, 0}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ike_connect c = world_connect_request();
		uint64_t sa;

		T_ROW(i, "families");
		T_DO(open_world());
		c.request_ip4 = rows[i].ip4;
		c.request_ip6 = rows[i].ip6;
		c.tun = 0x10009;
		T_EQ(ike_connect(w.node[0].ike, &c, &sa), ST_OK);
		world_run(&w, 1000);
		T_STR(w.node[0].last_detail, "");
		T_TRUE(w.node[0].up_sa == sa);
		T_EQ(w.node[0].asked_tun, 0x10009);
		T_EQ(w.node[0].asked_subnets, rows[i].subnets);
		T_EQ(w.node[1].asked_tun, 0);
		world_fini(&w);
	}
}

static void test_login_with_real_key_exchange(void)
{
	T_DO(open_world());
	w.knobs.real_crypto = true;
	T_DO(log_in());
	world_fini(&w);
}

/* Both float to 4500; the 1:1 NAT of every cloud is no obstacle (R-NAT-03, RFC 7296 2.23). */
static void test_nat(void)
{
	for (int i = 0; i < 4; i++) {
		struct ike_sa_info s, c;

		T_ROW(i, "NAT");
		T_DO(open_world());
		w.knobs.nat_client = i & 1;
		w.knobs.nat_server = i & 2;
		T_DO(log_in());
		s = info_of(1), c = info_of(0);
		T_EQ(s.local.port, 4500);
		T_EQ(c.remote.port, 4500);
		T_EQ(s.nat_remote, (i & 1) != 0);
		T_EQ(c.nat_local, (i & 1) != 0);
		T_EQ(s.nat_local, (i & 2) != 0);
		T_EQ(c.nat_remote, (i & 2) != 0);
		T_EQ(s.remote.port, i & 1 ? 24500 : 4500);
		for (int k = 0; k < 2; k++)
			T_EQ(w.node[k].child[0].udp_encap, i != 0);
		T_EQ(w.node[1].child[0].remote.port, s.remote.port);
		world_fini(&w);
	}
}

/* R-NAT-12: an authenticated message from a new mapping moves peer and children. */
static void test_nat_mapping_changes(void)
{
	static char text[2048];

	snprintf(text, sizeof(text), "%s dpd 10 2 periodic\n", world_client_text);
	T_DO(open_with(text, NULL));
	w.knobs.nat_client = true;
	T_DO(log_in());
	T_EQ(w.node[1].child[0].remote.port, 24500);
	w.nat_port = 30000;
	world_run(&w, 15000); /* our checks go to the old mapping; the client's come from the new one */
	T_EQ(w.node[1].told[IKE_EV_PEER_MOVED], 1);
	T_EQ(info_of(1).remote.port, 34500);
	T_EQ(w.node[1].child[0].remote.port, 34500);
	world_run(&w, 60000);
	T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
	world_fini(&w);
}

/* The same from ESP alone; a peer without a NAT before it stays where it is. */
static void test_esp_from_another_mapping(void)
{
	struct endpoint local = world_endpoint("198.51.100.1", 4500);
	struct endpoint other = world_endpoint("203.0.113.9", 40000);
	struct endpoint family = world_endpoint("2001:db8::1", 4500);

	for (int nat = 0; nat < 2; nat++) {
		uint32_t spi;

		T_ROW(nat, "NAT");
		T_DO(open_world());
		w.knobs.nat_client = nat;
		T_DO(log_in());
		spi = w.node[1].child[0].spi_in;
		ike_find_number(w.node[1].ike, w.node[1].up_sa)->nat_remote = nat;
		ike_on_moved(w.node[1].ike, spi, &local, &family);
		ike_on_moved(w.node[1].ike, spi + 1, &local, &other);
		T_EQ(w.node[1].told[IKE_EV_PEER_MOVED], 0);
		ike_on_moved(w.node[1].ike, spi, &local, &other);
		ike_on_moved(w.node[1].ike, spi, &local, &other);
		T_EQ(w.node[1].told[IKE_EV_PEER_MOVED], nat);
		T_EQ(w.node[1].child[0].remote.port == 40000, nat);
		world_fini(&w);
	}
}

/* RFC 7296 2.25.2, 2.21.2: while closing, and when the initiator says that it rejects us. */
static void test_peer_says_authentication_failed(void)
{
	struct msg_out o;
	struct view msg;
	uint8_t copy[256];

	T_DO(open_world());
	T_DO(log_in());
	msg_start(&o, ike_find_number(w.node[0].ike, w.node[0].up_sa), EX_INFORMATIONAL, false, 2);
	msg_notify(&o, N_AUTHENTICATION_FAILED, NULL, 0);
	T_EQ(msg_end(&o, &msg), ST_OK);
	T_TRUE(msg.len <= sizeof(copy));
	memcpy(copy, msg.p, msg.len);
	world_inject(&w, 1, &w.node[1].child[0].local, &w.node[1].child[0].remote, copy, msg.len);
	T_EQ(w.node[1].last_status, ST_PEER_REFUSED);
	T_EQ(w.node[1].n_child, 0);
	world_fini(&w);
}

/* A child without selectors is refused: the peer keeps what it has (RFC 7296 1.3). */
static void test_create_child_without_selectors(void)
{
	static const uint8_t sa[] = {0, 0, 0, 40, 1, 3, 4, 3, 1, 2, 3, 4, 3, 0, 0, 12, 1, 0, 0, 20,
		0x80, 14, 1, 0, 3, 0, 0, 8, 5, 0, 0, 0, 0, 0, 0, 8, 5, 0, 0, 1};
	struct msg_out o;
	struct view msg;
	uint8_t copy[512];
	uint64_t sent;

	T_DO(open_world());
	T_DO(log_in());
	sent = w.packets;
	msg_start(&o, ike_find_number(w.node[0].ike, w.node[0].up_sa), EX_CREATE_CHILD_SA, false, 2);
	payload_put(&o.c, PT_SA, sa, sizeof(sa));
	payload_put(&o.c, PT_NONCE, "0123456789abcdef", 16);
	T_EQ(msg_end(&o, &msg), ST_OK);
	T_TRUE(msg.len <= sizeof(copy));
	memcpy(copy, msg.p, msg.len);
	world_inject(&w, 1, &w.node[1].child[0].local, &w.node[1].child[0].remote, copy, msg.len);
	T_EQ(w.packets, sent + 1);
	T_EQ(world_status_count(&w.node[1], ST_BAD_EXCHANGE), 1);
	T_TRUE(w.node[1].up_sa != 0 && w.node[1].n_child == 1);
	T_EQ(info_of(1).next_request_in, 3);
	world_fini(&w);
}

static void test_cookie_and_other_group(void)
{
	static char text[2048];
	struct ike_sa_info s;

	snprintf(text, sizeof(text), "%scrypto ikev2 proposal P\n encryption aes-gcm-128\n prf sha256\n"
		" group 16 31\ncrypto ikev2 policy Q\n proposal P\n", world_client_text);
	T_DO(open_with(text, NULL));
	w.knobs.loss = 0;
	T_DO(log_in());
	T_EQ(world_status_count(&w.node[1], ST_INVALID_KE), 1);
	s = info_of(1);
	T_EQ(s.dh_group, 31);
	T_EQ(s.encr_id, 20);
	T_EQ(s.encr_key_bits, 128);
	world_fini(&w);
	snprintf(text, sizeof(text), "%scrypto ikev2 cookie-challenge 1\n", world_server_text);
	T_DO(open_with(NULL, text));
	w.node[1].ike->guard.incoming = 1; /* as if one were open */
	{
		uint64_t sa;

		T_EQ(world_connect(&w, &sa), ST_OK);
		world_run(&w, 1000);
	}
	T_EQ(world_count(&w.node[1], CT_IKE_COOKIES), 1);
	T_TRUE(w.node[1].up_sa != 0);
	world_fini(&w);
}

/* ---- failures: named, counted, explained, nothing left --------------------------------------------- */

enum trouble { WRONG_KEY, NO_KEY, NOT_AUTHORIZED, NO_POOL, STORE, INSTALL, KEEP, IDENTITY, PROPOSAL,
	GROUP, ESP, METHOD, SHUTDOWN, SILENT, HOOK, HOOK_PROFILE };

static void test_failures(void)
{
	static const struct {
		const char *name;
		enum trouble trouble;
		enum status headend, client; /* what each says */
		const char *headend_detail;
	} rows[] = {
		{"wrong key", WRONG_KEY, ST_AUTH_FAILED, ST_PEER_REFUSED,
			"the pre-shared key is not the peer's (profile RA)"},
		{"no key", NO_KEY, ST_NO_KEY, ST_PEER_REFUSED, ""},
		{"not authorized", NOT_AUTHORIZED, ST_NOT_AUTHORIZED, ST_PEER_REFUSED, ""},
		{"pool exhausted", NO_POOL, ST_POOL_EXHAUSTED, ST_NO_ADDRESS,
			"pool RA has no free address"},
		{"store fails", STORE, ST_STORE, ST_PEER_REFUSED, ""},
		{"data path refuses", INSTALL, ST_INSTALL, ST_PEER_REFUSED, ""},
		{"keeper full", KEEP, ST_NOMEM, ST_PEER_REFUSED,
			"the session's record could not be kept"},
		{"unknown identity", IDENTITY, ST_NO_PROFILE, ST_PEER_REFUSED,
			"no profile has a `match identity remote` for email user@other.example"},
		{"no common cipher", PROPOSAL, ST_NO_PROPOSAL, ST_NO_PROPOSAL,
			"client offered only aes-cbc-192 for encryption; allow it with `encryption "
			"aes-cbc-192` in a crypto ikev2 proposal"},
		{"no common group", GROUP, ST_NO_PROPOSAL, ST_NO_PROPOSAL,
			"client offered only modp3072 for key exchange; allow it with `group 15` in a "
			"crypto ikev2 proposal"},
		{"no common ESP cipher", ESP, ST_NO_CHILD_PROPOSAL, ST_NO_CHILD_PROPOSAL,
			"client offered only aes-cbc-192 for ESP encryption; allow it with `esp-aes 192` "
			"in a transform set"},
		{"headend has no PSK", METHOD, ST_AUTH_METHOD, ST_PEER_REFUSED,
			"the peer authenticates by PSK, and profile RA has no `authentication remote pre-share`"},
		{"profile shut down", SHUTDOWN, ST_PROFILE_SHUTDOWN, ST_PEER_REFUSED,
			"profile RA matches email user@corp.example but is shut down"},
		{"a script says no", HOOK, ST_HOOK_REFUSED, ST_PEER_REFUSED, ""},
		{"a script names what is not there", HOOK_PROFILE, ST_NO_PROFILE, ST_PEER_REFUSED,
			"the script chose profile nowhere, which is not defined"},
		{"nobody there", SILENT, ST_OK, ST_TIMEOUT, ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static char c[2048], s[2048];
		enum trouble t = rows[i].trouble;
		struct world_node *head = &w.node[1];
		int64_t live;
		uint64_t sa;

		T_ROW(i, rows[i].name);
		snprintf(c, sizeof(c), "%s%s%s", world_client_text,
			t == IDENTITY ? " identity local email user@other.example\n" : "",
			t == PROPOSAL ? "crypto ikev2 proposal P\n encryption aes-cbc-192\n integrity sha256\n"
					" group 19\ncrypto ikev2 policy Q\n proposal P\n"
			: t == GROUP ? "crypto ikev2 proposal P\n encryption aes-gcm-256\n prf sha256\n"
				       " group 15\ncrypto ikev2 policy Q\n proposal P\n"
			: t == ESP ? "crypto ipsec transform-set T esp-aes 192 esp-sha256-hmac\n"
				     " mode tunnel\ncrypto ipsec profile default\n set transform-set T\n"
				   : "");
		snprintf(s, sizeof(s), "%s%s", world_server_text,
			t == METHOD ? "crypto ikev2 profile RA\n no authentication remote pre-share\n"
				      " authentication remote rsa-sig\n"
			: t == SHUTDOWN ? "crypto ikev2 profile RA\n shutdown\n" : "");
		live = mem_live();
		T_DO(open_with(c, s));
		if (t == WRONG_KEY)
			snprintf(head->psk_remote, sizeof(head->psk_remote), "another");
		head->hook_status = t == HOOK ? ST_HOOK_REFUSED : ST_OK;
		snprintf(head->hook_profile, sizeof(head->hook_profile), "%s",
			t == HOOK_PROFILE ? "nowhere" : "");
		head->psk_status = t == NO_KEY ? ST_NO_KEY : ST_OK;
		head->authorize_status = t == NOT_AUTHORIZED ? ST_NOT_AUTHORIZED : ST_OK;
		head->commit_status = t == STORE ? ST_STORE : ST_OK;
		head->install_status = t == INSTALL ? ST_INSTALL : ST_OK;
		head->keep_fails = t == KEEP;
		w.knobs.pool = t == NO_POOL ? 0 : 16;
		w.knobs.loss = t == SILENT ? 1000 : 0;
		T_EQ(world_connect(&w, &sa), ST_OK);
		world_run(&w, 2000);
		/* Over at once for the operator, though the last reply can still be repeated. */
		T_EQ(ike_half_open(head->ike), 0);
		T_EQ(ike_count(head->ike), 0);
		world_run(&w, 118000);
		T_EQ(head->last_status, rows[i].headend);
		T_STR(head->last_detail, rows[i].headend_detail);
		T_EQ(w.node[0].last_status, rows[i].client);
		T_TRUE(rows[i].headend == ST_OK || world_status_count(head, rows[i].headend) > 0);
		T_EQ(w.node[0].up_total + head->up_total, 0);
		T_TRUE(world_is_empty(&w));
		world_fini(&w);
		T_EQ(mem_live(), live);
	}
}

/* A script chooses another profile than the configuration, and a name for the user. */
static void test_hook_chooses(void)
{
	static char s[2048];
	uint64_t sa;

	snprintf(s, sizeof(s), "%s%s", world_server_text,
		"crypto ikev2 profile OTHER\n match identity remote fqdn nobody.example\n"
		" identity local fqdn vpn.corp.example\n authentication local pre-share\n"
		" authentication remote pre-share\n keyring local K\n virtual-template 1\n");
	T_DO(open_with(NULL, s));
	snprintf(w.node[1].hook_profile, sizeof(w.node[1].hook_profile), "OTHER");
	snprintf(w.node[1].hook_name, sizeof(w.node[1].hook_name), "anna");
	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 2000);
	T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
	T_STR(w.node[1].hook_saw, "RA");
	T_STR(w.node[1].asked_name, "anna");
	struct ike_sa_info info;
	uint64_t cursor = 0;
	T_TRUE(ike_next_info(w.node[1].ike, &cursor, &info));
	T_STR(info.profile, "OTHER");
	world_fini(&w);
}

/* A client that stays on port 500 cannot be served with raw ESP: it is told, politely. */
static bool drop_natd(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)world;
	(void)ctx;
	if (from == 1 || it->bytes[18] != 34)
		return true;
	/* The two notifies get another type: the client does no NAT traversal. */
	for (size_t i = 28; i + 4 <= it->len; i++)
		if (it->bytes[i] == 0 && it->bytes[i + 1] == 0 && it->bytes[i + 2] == 0x40 &&
			(it->bytes[i + 3] == 4 || it->bytes[i + 3] == 5))
			it->bytes[i + 2] = 0x7f;
	return true;
}

static void test_client_without_nat_traversal(void)
{
	uint64_t sa;

	T_DO(open_world());
	w.tap = drop_natd;
	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 1000);
	/* The signed message was changed on the way, so the client cannot get further than this. */
	T_EQ(w.node[1].up_total, 0);
	T_TRUE(w.node[1].last_status == ST_AUTH_FAILED || w.node[1].last_status == ST_NO_CHILD_PROPOSAL);
	world_run(&w, 60000);
	T_TRUE(world_is_empty(&w));
	world_fini(&w);
}

static void test_limits(void)
{
	static char text[2048];
	uint64_t sa;

	snprintf(text, sizeof(text), "%scrypto ikev2 limit max-sa 1\n", world_server_text);
	T_DO(open_with(NULL, text));
	T_DO(log_in());
	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 60000);
	T_EQ(w.node[1].up_total, 1);
	T_TRUE(world_status_count(&w.node[1], ST_SA_LIMIT) > 0);
	T_TRUE(w.node[1].told[IKE_EV_HALF_OPEN_LIMIT] > 0);
	T_EQ(w.node[1].up_sa != 0, true);
	world_fini(&w);
}

/* ---- the end ---------------------------------------------------------------------------------------- */

static void test_close(void)
{
	for (int side = 0; side < 2; side++) {
		T_ROW(side, "closes");
		T_DO(open_world());
		T_DO(log_in());
		T_EQ(ike_close(w.node[side].ike, w.node[side].up_sa, ST_END_ADMIN), ST_OK);
		T_EQ(w.node[side].n_child, 0);
		T_EQ(w.node[side].told[IKE_EV_CHILD_DOWN], 1);
		T_EQ(w.node[side].told[IKE_EV_SA_DOWN], 1);
		T_STR(info_of(side).status, "DELETE");
		world_run(&w, 100);
		T_EQ(w.node[side].last_status, ST_END_ADMIN);
		T_EQ(w.node[!side].last_status, ST_END_PEER);
		T_TRUE(world_is_empty(&w));
		world_fini(&w);
	}
}

static void test_close_unanswered(void)
{
	T_DO(open_world());
	T_DO(log_in());
	w.knobs.loss = 1000;
	T_EQ(ike_close(w.node[1].ike, w.node[1].up_sa, ST_END_SHUTDOWN), ST_OK);
	T_EQ(ike_count(w.node[1].ike), 1);
	world_run(&w, 60000);
	T_EQ(ike_count(w.node[1].ike), 0);
	T_TRUE(world_count(&w.node[1], CT_IKE_RETRANS_OUT) >= 5);
	world_fini(&w);
}

/* R-DPD-02, 03, 04, 07: five aggressive repeats, then everything of the peer is gone. */
static void test_dead_peer(void)
{
	uint64_t up;

	T_DO(open_world());
	T_DO(log_in());
	up = w.now_ms;
	world_run(&w, 60000);
	T_TRUE(world_count(&w.node[1], CT_DPD_SENT) >= 5 && w.node[1].up_sa != 0);
	w.knobs.loss = 1000;
	while (w.node[1].up_sa != 0 && w.now_ms < up + 120000)
		T_TRUE(world_step(&w, up + 120000));
	T_EQ(w.node[1].last_status, ST_END_DPD);
	T_EQ(world_count(&w.node[1], CT_IKE_RETRANS_OUT), 5);
	T_TRUE(w.now_ms - up >= 60000 + 12000 && w.now_ms - up <= 60000 + 23000);
	T_EQ(w.node[1].n_child + w.node[1].n_record, 0);
	world_fini(&w);
}

/* R-DPD-13: what we send is no sign of life; what comes in authenticated is. */
static void test_traffic_and_liveness(void)
{
	T_DO(open_world());
	T_DO(log_in());
	w.knobs.loss = 1000;
	for (int i = 0; i < 120; i++) {
		world_run(&w, 1000);
		if (w.node[1].n_child > 0)
			ike_on_traffic(w.node[1].ike, w.node[1].child[0].spi_in, w.now_ms, w.now_ms);
	}
	T_TRUE(w.node[1].up_sa != 0);
	T_EQ(world_count(&w.node[1], CT_DPD_SENT), 0);
	for (int i = 0; i < 30 && w.node[1].n_child > 0; i++) {
		world_run(&w, 1000);
		if (w.node[1].n_child > 0)
			ike_on_traffic(w.node[1].ike, w.node[1].child[0].spi_in, 0, w.now_ms);
	}
	T_EQ(w.node[1].last_status, ST_END_DPD);
	world_fini(&w);
}

static bool drop_create(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)world;
	(void)from;
	(void)ctx;
	return it->bytes[18] != EX_CREATE_CHILD_SA;
}

/* It is renewed in time; where that is impossible it ends. */
static void test_lifetime(void)
{
	static char text[2048];

	snprintf(text, sizeof(text), "%scrypto ikev2 profile RA\n lifetime 120\n", world_server_text);
	T_DO(open_with(NULL, text));
	T_DO(log_in());
	world_run(&w, 1000000);
	T_TRUE(w.node[1].up_sa != 0);
	T_TRUE(world_count(&w.node[1], CT_IKE_REKEYED) >= 9);
	T_EQ(w.node[1].told[IKE_EV_SA_DOWN], 0);
	w.tap = drop_create;
	world_run(&w, 125000);
	T_EQ(w.node[1].last_status, ST_END_LIFETIME);
	T_EQ(ike_count(w.node[1].ike), 0);
	world_fini(&w);
}

/* RFC 7296 2.4, R-IKE-10: INITIAL_CONTACT ends the older SA of the same peer. */
static void test_initial_contact(void)
{
	T_DO(open_world());
	T_DO(log_in());
	T_TRUE(world_power_cycle(&w, 0));
	T_EQ(w.node[0].n_child, 0);
	w.node[0].up_sa = 0;
	T_DO(log_in());
	T_EQ(w.node[1].told[IKE_EV_SA_DOWN], 1);
	T_EQ(world_status_count(&w.node[1], ST_END_REPLACED), 1);
	T_EQ(w.node[1].n_child, 1);
	world_run(&w, 120000); /* the DELETE to nobody ends, too */
	T_EQ(ike_count(w.node[1].ike), 1);
	world_fini(&w);
}

/* Names are compared without regard to case: the same peer, however it writes itself. */
static void test_initial_contact_in_capitals(void)
{
	static char text[2048];
	struct snapshot *c;

	snprintf(text, sizeof(text), "%s identity local email USER@Corp.Example\n", world_client_text);
	c = world_conf(text);
	T_DO(open_world());
	T_DO(log_in());
	w.node[0].conf = c;
	T_TRUE(world_power_cycle(&w, 0));
	w.node[0].up_sa = 0;
	T_DO(log_in());
	T_EQ(world_status_count(&w.node[1], ST_END_REPLACED), 1);
	world_fini(&w);
	snapshot_unref(c);
}

static void test_peer_deletes_the_only_child(void)
{
	T_DO(open_world());
	T_DO(log_in());
	ike_on_child_lost(w.node[0].ike, w.node[0].child[0].spi_in, ST_ESP_SEQ_END);
	world_run(&w, 1000);
	T_EQ(w.node[0].last_status, ST_ESP_SEQ_END);
	T_EQ(w.node[1].last_status, ST_END_PEER);
	T_TRUE(world_is_empty(&w));
	world_fini(&w);
}

static void test_connect_is_judged_first(void)
{
	struct ike_connect c = world_connect_request();
	uint64_t sa;

	T_DO(open_world());
	snprintf(c.profile, sizeof(c.profile), "nobody");
	T_EQ(ike_connect(w.node[0].ike, &c, &sa), ST_NO_PROFILE);
	c = world_connect_request();
	c.remote.addr.family = 0;
	T_EQ(ike_connect(w.node[0].ike, &c, &sa), ST_CONFIG);
	T_TRUE(world_is_empty(&w));
	world_fini(&w);
}

int main(void)
{
	client = world_conf(world_client_text);
	server = world_conf(world_server_text);
	T_RUN(test_login);
	T_RUN(test_connecting_through_a_tunnel);
	T_RUN(test_login_with_real_key_exchange);
	T_RUN(test_nat);
	T_RUN(test_nat_mapping_changes);
	T_RUN(test_esp_from_another_mapping);
	T_RUN(test_peer_says_authentication_failed);
	T_RUN(test_create_child_without_selectors);
	T_RUN(test_cookie_and_other_group);
	T_RUN(test_failures);
	T_RUN(test_hook_chooses);
	T_RUN(test_client_without_nat_traversal);
	T_RUN(test_limits);
	T_RUN(test_close);
	T_RUN(test_close_unanswered);
	T_RUN(test_dead_peer);
	T_RUN(test_traffic_and_liveness);
	T_RUN(test_lifetime);
	T_RUN(test_initial_contact);
	T_RUN(test_initial_contact_in_capitals);
	T_RUN(test_peer_deletes_the_only_child);
	T_RUN(test_connect_is_judged_first);
	snapshot_unref(client);
	snapshot_unref(server);
	return t_end();
}
