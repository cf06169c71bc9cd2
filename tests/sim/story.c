#include "tests/sim/story.h"

#include <stdio.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/base/timer.h"
#include "core/conf/snapshot.h"
#include "core/ike/frag.h"
#include "core/ike/limit.h"
#include "core/ike/msg.h"
#include "core/wire/notify.h"
#include "core/wire/payload.h"
#include "core/ike/trace.h"

#define LIMIT 6 /* half-open SAs, in all configurations of the headend */

/* ---- configurations ----------------------------------------------------------------------------- */

#define KEYRING "crypto ikev2 keyring K\n peer any\n  address 0.0.0.0 0.0.0.0\n  pre-shared-key secret\n"
#define SERVER \
	KEYRING TRUST "crypto ikev2 limit max-in-negotiation-sa 6\n" \
	"crypto ikev2 profile RA\n match identity remote email domain corp.example\n" \
	" identity local fqdn vpn.corp.example\n keyring local K\n virtual-template 1\n" \
	" authentication remote pre-share\n authentication remote rsa-sig\n"
/* What it shows itself by; who authenticates by EAP wants a certificate. */
#define BY_KEY " authentication local pre-share\n"
#define BY_CERT " authentication local rsa-sig\n authentication remote eap\n pki trustpoint T\n"
#define TRUST "crypto pki trustpoint T\n sallyport ca-certificate ca.pem\n sallyport certificate c.pem\n sallyport private-key c.key\n"
#define TEMPLATE \
	"interface Virtual-Template1 type tunnel\n tunnel protection ipsec profile default\n"
#define CLIENT \
	KEYRING TRUST "crypto ikev2 profile HQ\n match identity remote fqdn vpn.corp.example\n" \
	" identity local email user@corp.example\n keyring local K\n pki trustpoint T\n" \
	" authentication remote pre-share\n authentication remote rsa-sig\n"
#define BY_EAP " authentication local eap\n"
#define SIGNS " authentication local rsa-sig\n"
#define FOLLOWS "crypto ikev2 redirect client\n"
#define LIFETIME(seconds) "crypto ipsec security-association lifetime seconds " #seconds "\n"
#define LISTEN(addr) "sallyport listen " addr "\n"
#define PFS \
	"crypto ipsec profile default\n set pfs group19 group14\n" \
	" sallyport additional-key-exchange 2 optional 31\n sallyport additional-key-exchange 3 optional 20\n"
#define MTU(bytes) "crypto ikev2 fragmentation mtu " #bytes "\n"
#define RESUME(seconds) "sallyport ike resumption lifetime " #seconds "\n"
#define PPK "crypto ikev2 keyring Q\n peer any\n  address 0.0.0.0 0.0.0.0\n  ppk manual id q key quantum\n"
#define PROPOSAL(encr, integ, group) \
	"crypto ikev2 proposal P\n encryption " encr "\n " integ "\n group " group "\n" \
	" sallyport additional-key-exchange 1 optional 20 31\n" \
	"crypto ikev2 policy POL\n proposal P\n"

static const char *const server_texts[] = {
	SERVER BY_CERT " dpd 10 2 periodic\n" TEMPLATE RESUME(3600) "crypto ikev2 redirect gateway init\n",
	SERVER BY_CERT " dpd 20 3 on-demand\n sallyport reauthentication 60\n keyring ppk Q\n" PPK TEMPLATE LIFETIME(120)
		MTU(240) "crypto ikev2 window 1\n" LISTEN("198.51.100.1"),
	SERVER BY_KEY " dpd 10 2 periodic\n initial-contact force\n" TEMPLATE PFS "crypto ikev2 cookie-challenge 1\n"
		"no crypto ikev2 fragmentation\n" RESUME(60)
		LISTEN("198.51.100.1") LISTEN("198.51.100.9"), /* nobody is there */
	SERVER BY_CERT " dpd 30 2 periodic\n lifetime 200\n redirect gateway auth\n keyring ppk Q\n" PPK TEMPLATE RESUME(600)
		PROPOSAL("aes-cbc-256 aes-cbc-128", "integrity sha512 sha256 sha1", "14 19") MTU(300),
	SERVER BY_KEY " dpd 10 2 periodic\n" TEMPLATE "crypto ikev2 limit max-sa 3\n"
		PROPOSAL("aes-gcm-128", "prf sha256", "31 20"),
};
static const char *const client_texts[] = {
	CLIENT BY_KEY " dpd 10 2 periodic\n" FOLLOWS RESUME(600),
	CLIENT SIGNS " dpd 10 2 periodic\n lifetime 120\n sallyport childless\n sallyport reauthentication 40\n keyring ppk Q\n" PPK
		LIFETIME(120) PFS FOLLOWS MTU(200) RESUME(60),
	CLIENT BY_EAP PROPOSAL("aes-cbc-128", "integrity sha256", "20 14 19") MTU(250),
	CLIENT BY_KEY " dpd 10 2 periodic\n keyring ppk Q\n" PPK RESUME(60)
		PROPOSAL("aes-gcm-128 aes-gcm-256", "prf sha256", "16 31 19"),
	CLIENT BY_KEY PROPOSAL("aes-cbc-192", "integrity sha384", "21"), /* nothing in common */
};
/* Wants PFS, which only one client offers. */
static const bool is_pfs[] = {false, false, true, false, false};
#define REPLACING 2 /* the one with `initial-contact force` */
#define SERVERS (sizeof(server_texts) / sizeof(server_texts[0]))
#define CLIENTS (sizeof(client_texts) / sizeof(client_texts[0]))

static struct snapshot *servers[SERVERS], *clients[CLIENTS];

/* Can a healed network connect them? */
static bool is_possible(size_t client, size_t server)
{
	static const bool table[CLIENTS][SERVERS] = {
		{true, true, true, true, true},
		{true, true, true, true, true},
		{true, true, false, true, false}, /* EAP, which two have no certificate for */
		{true, true, true, false, true},
		{false, false, false, false, false},
	};

	return table[client][server];
}

void story_init(void)
{
	for (size_t i = 0; i < SERVERS; i++)
		servers[i] = world_conf(server_texts[i]);
	for (size_t i = 0; i < CLIENTS; i++)
		clients[i] = world_conf(client_texts[i]);
}

void story_fini(void)
{
	for (size_t i = 0; i < SERVERS; i++)
		snapshot_unref(servers[i]);
	for (size_t i = 0; i < CLIENTS; i++)
		snapshot_unref(clients[i]);
}

struct snapshot *story_conf(bool server, uint64_t i)
{
	return server ? servers[i % SERVERS] : clients[i % CLIENTS];
}

/* ---- the reply rule -------------------------------------------------------------------------------- */

#define SEEN 512
#define DENIED 64
struct story {
	struct world w;
	struct story_total *total;
	unsigned busy, restarts; /* chances of an action, of a restart among them */
	unsigned renewed;        /* how often the client was told to authenticate again, and did */
	size_t server;           /* configuration of the headend; a reload changes it */
	struct {
		uint64_t key;
		uint64_t bytes;
	} seen[SEEN];
	uint64_t denied[2][DENIED]; /* SPIs, hashed, of SAs that a side showed a token of */
	size_t n_denied[2];
	uint8_t old[WORLD_PACKET_MAX]; /* some packet of the past, to be replayed or bent */
	size_t old_len;
	bool keeper_failed;
	int old_to;
	uint64_t dark_until_ms;  /* the client hears nothing */
	struct endpoint old_local, old_remote;
};

/* Whoever shows a token has lost the SA for good: it never speaks with it again (RFC 6290 9.2). */
static void judge_tokens(struct story *s, int from, const struct world_item *it)
{
	struct ike_message m;
	struct notify n;
	uint64_t key = hash_bytes(3, it->bytes, 16);

	if (ike_message_parse((struct view){it->bytes, it->len}, &m) != ST_OK)
		return;
	if (m.p.sk_type == 0 && msg_find_notify(&m.p, N_QUICK_CRASH_DETECTION, &n))
		s->denied[from][s->n_denied[from]++ % DENIED] = key;
	for (size_t i = 0; m.p.sk_type != 0 && i < DENIED && i < s->n_denied[from]; i++)
		if (s->denied[from][i] == key)
			world_break(&s->w, "%d showed the token of an SA that it has", from);
}

/* Protected replies only (INVALID_IKE_SPI is said by one who forgot). Stories with corruption cannot
 * tell, and a keeper that fails loses replies with the process: those are left out. */
static bool tap(struct world *w, int from, struct world_item *it, void *ctx)
{
	struct story *s = ctx;
	uint64_t key, bytes;
	bool is_fragment;
	size_t slot;

	if (from == 1 && w->now_ms < s->dark_until_ms)
		return false;
	if (world_chance(w, 50) && it->len <= sizeof(s->old)) {
		memcpy(s->old, it->bytes, it->len);
		s->old_len = it->len;
		s->old_to = !from;
		s->old_local = it->local;
		s->old_remote = it->remote;
	}
	if (w->knobs.corrupt == 0 && it->len >= 28)
		judge_tokens(s, from, it);
	if (it->len < 36)
		return true;
	s->total->followups += it->bytes[18] == EX_IKE_FOLLOWUP_KE;
	is_fragment = it->bytes[16] == PT_SKF;
	if (from == 0 && is_fragment && w->knobs.corrupt == 0 &&
		it->len > frag_room(w->node[0].conf->ike.fragmentation_mtu, &it->local))
		world_break(w, "a fragment is longer than the MTU allows");
	if (w->knobs.corrupt != 0 || s->keeper_failed || (it->bytes[19] & 0x20) == 0 ||
		(it->bytes[16] != PT_SK && !is_fragment))
		return true;
	key = hash_bytes((uint64_t)from, it->bytes, 16) ^
	      hash_bytes(it->bytes[18], it->bytes + 20, 4) ^
	      (is_fragment ? hash_bytes(1, it->bytes + 32, 4) : 0); /* number and total */
	bytes = hash_bytes(1, it->bytes, it->len);
	slot = key % SEEN;
	if (s->seen[slot].key == key && s->seen[slot].bytes != bytes)
		world_break(w, "a repeated request got another reply");
	s->seen[slot].key = key;
	s->seen[slot].bytes = bytes;
	return true;
}

/* ---- chaos ----------------------------------------------------------------------------------------- */

static void set_knobs(struct world *w, unsigned real_share)
{
	struct world_knobs *k = &w->knobs;
	uint64_t r = world_random(w);

	k->loss = r % 4 == 0 ? 0 : (unsigned)(world_random(w) % 350);
	k->twice = (unsigned)(world_random(w) % 200);
	k->corrupt = r / 4 % 3 == 0 ? (unsigned)(world_random(w) % 150) : 0;
	k->late = (unsigned)(world_random(w) % 400);
	k->late_ms = (uint32_t)(world_random(w) % 4000);
	k->delay_ms = (uint32_t)(1 + world_random(w) % 100);
	k->answer_ms = (uint32_t)(world_random(w) % 30);
	k->answer_late = (unsigned)(world_random(w) % 300);
	k->answer_late_ms = (uint32_t)(world_random(w) % 30000);
	k->answer_twice = (unsigned)(world_random(w) % 200);
	k->answer_never = (unsigned)(world_random(w) % 60);
	k->answer_after_cancel = (unsigned)(world_random(w) % 1000);
	k->real_crypto = world_random(w) % 100 < real_share;
	k->nat_client = world_chance(w, 400);
	k->nat_server = world_chance(w, 300);
	k->nat_float = k->nat_client && world_chance(w, 500) ? (unsigned)(world_random(w) % 30) : 0;
	k->pool = (unsigned)(2 + world_random(w) % 30);
	for (int i = 0; i < 2; i++)
		k->no_raw[i] = world_chance(w, 250);
}

static void heal(struct world *w)
{
	struct world_knobs *k = &w->knobs;

	k->loss = k->twice = k->corrupt = k->late = k->nat_float = 0;
	k->answer_late = k->answer_twice = k->answer_never = k->answer_after_cancel = 0;
	k->delay_ms = 10;
	k->answer_ms = 5;
	k->pool = WORLD_LEASES;
	for (int i = 0; i < 2; i++) {
		w->node[i].hook_status = ST_OK;
		w->node[i].redirect_status = ST_OK;
		w->node[i].redirect_to = (struct gateway){0};
		w->node[i].psk_status = ST_OK;
		w->node[i].authorize_status = ST_OK;
		w->node[i].commit_status = ST_OK;
		w->node[i].install_status = ST_OK;
		w->node[i].keep_fails = false;
		snprintf(w->node[i].psk_local, sizeof(w->node[i].psk_local), "secret");
	}
}

static uint64_t some_sa(struct world *w, int side)
{
	struct ike_sa_info info;
	uint64_t cursor = 0, found = 0;
	uint64_t n = world_random(w) % 3;

	while (ike_next_info(w->node[side].ike, &cursor, &info)) {
		found = info.sa;
		if (n-- == 0)
			break;
	}
	return found;
}

static void traffic(struct world *w, int side)
{
	struct world_node *n = &w->node[side];

	if (n->n_child == 0)
		return;
	ike_on_traffic(n->ike, n->child[world_random(w) % n->n_child].spi_in,
		world_chance(w, 500) ? w->now_ms : 0, world_chance(w, 500) ? w->now_ms : 0);
}

/* Old packets again, bent ones, and INITs of strangers. */
static void junk(struct story *s)
{
	struct world *w = &s->w;
	uint8_t msg[WORLD_PACKET_MAX];

	if (s->old_len == 0)
		return;
	memcpy(msg, s->old, s->old_len);
	if (world_chance(w, 600)) {
		for (unsigned i = 0; i < 1 + world_random(w) % 3; i++)
			msg[world_random(w) % s->old_len] = (uint8_t)world_random(w);
		w->was_damaged = true; /* the same as on the way */
	}
	if ((msg[18] == 34 || msg[18] == 38) && world_chance(w, 500)) {
		uint64_t spi = world_random(w);

		memcpy(msg, &spi, 8);
		s->old_remote.addr.b[3] = (uint8_t)world_random(w);
	}
	world_inject(w, s->old_to, &s->old_local, &s->old_remote, msg,
		world_chance(w, 100) ? world_random(w) % s->old_len : s->old_len);
}

static size_t put_notify(uint8_t *out, size_t cap, const struct ike_hdr *hdr, uint16_t type,
	const uint8_t *data, size_t len)
{
	struct wr o = wr_init(out, cap);
	struct wr_mark length = ike_hdr_open(&o, hdr);
	struct payload_chain c = payload_chain_init(&o, IKE_HDR_NEXT_AT);
	struct wr_mark m = payload_open(&c, PT_NOTIFY);

	notify_build_plain(&o, type, data, len);
	payload_close(&c, m);
	wr_close32(&o, length);
	return o.len;
}

/* Whoever knows the SPIs says without proof that the SA is lost, or that it is to go elsewhere. */
static void forge(struct story *s, int side)
{
	static const uint16_t types[] = {N_INVALID_IKE_SPI, N_INVALID_SPI, N_QUICK_CRASH_DETECTION,
		N_REDIRECT, N_AUTHENTICATION_FAILED};
	struct world *w = &s->w;
	struct world_node *n = &w->node[side];
	struct ike_sa_info info;
	uint64_t sa = some_sa(w, side), cursor = sa - 1, word;
	uint8_t data[40] = {1, 4}, msg[256];
	unsigned down = n->told[IKE_EV_SA_DOWN] + n->told[IKE_EV_CHILD_DOWN];
	struct ike_hdr hdr = {.version = IKE_VERSION, .exchange = EX_INFORMATIONAL,
		.flags = IKE_FLAG_RESPONSE};
	struct endpoint from = world_endpoint("203.0.113.66", 4500);
	size_t len, live = ike_count(n->ike);

	if (sa == 0 || !ike_next_info(n->ike, &cursor, &info))
		return;
	hdr.spi_i = info.we_are_initiator ? info.spi_local : info.spi_remote;
	hdr.spi_r = info.we_are_initiator ? info.spi_remote : info.spi_local;
	hdr.flags |= info.we_are_initiator ? 0 : IKE_FLAG_INITIATOR;
	hdr.exchange = world_chance(w, 300) ? EX_IKE_SA_INIT : hdr.exchange;
	for (size_t i = 2; i < sizeof(data); i++)
		data[i] = (uint8_t)world_random(w);
	word = world_random(w);
	len = put_notify(msg, sizeof(msg), &hdr, types[word % 5], data,
		world_chance(w, 500) ? 16 : world_random(w) % sizeof(data));
	world_inject(w, side, &info.local, world_chance(w, 500) ? &info.remote : &from, msg, len);
	s->total->forged++;
	/* A few unprotected errors may end what has no keys yet, where nothing better comes. */
	if (n->told[IKE_EV_SA_DOWN] + n->told[IKE_EV_CHILD_DOWN] != down ||
		n->told[IKE_EV_REDIRECTED] > world_count(&w->node[1], CT_REDIRECT_OUT) ||
		(info.is_established && ike_count(n->ike) != live))
		world_break(w, "a forged %s changed something", notify_name(types[word % 5]));
}

/* ESP with an SPI that this side does not have: as it comes, or one that it had. */
static void unknown_esp(struct world *w, int side)
{
	struct world_node *n = &w->node[side], *peer = &w->node[!side];
	uint32_t spi = (uint32_t)world_random(w);

	if (peer->n_child == 0)
		return;
	if (world_chance(w, 500))
		spi = peer->child[world_random(w) % peer->n_child].spi_out;
	for (size_t i = 0; i < n->n_child; i++)
		if (n->child[i].spi_in == spi)
			return;
	ike_on_unknown_spi(n->ike, spi, 100, &peer->child[0].remote, &peer->child[0].local);
}

static void trouble(struct story *s)
{
	struct world *w = &s->w;
	struct world_node *n = &w->node[world_random(w) % 2];

	switch (world_random(w) % 6) {
	case 0:
		snprintf(n->psk_local, sizeof(n->psk_local), "%s", world_chance(w, 500) ? "secret" : "wrong");
		break;
	case 1:
		n->psk_status = world_chance(w, 500) ? ST_OK : ST_NO_KEY;
		n->hook_status = world_chance(w, 800) ? ST_OK : ST_HOOK_REFUSED;
		break;
	case 2:
		n->authorize_status = world_chance(w, 500) ? ST_OK : ST_NOT_AUTHORIZED;
		break;
	case 3:
		n->commit_status = world_chance(w, 500) ? ST_OK : ST_STORE;
		break;
	case 4:
		n->install_status = world_chance(w, 500) ? ST_OK : ST_INSTALL;
		break;
	default:
		n->keep_fails = world_chance(w, 500);
		s->keeper_failed = true;
		break;
	}
}

static void reload(struct story *s)
{
	struct world_node *n = &s->w.node[1];

	s->server = world_random(&s->w) % SERVERS;
	n->conf = servers[s->server];
	ike_set_conf(n->ike, n->conf);
}

/* Some of them at both sides at the same moment. */
static void begin_rekey(struct story *s, int side)
{
	struct world *w = &s->w;
	int sides = world_chance(w, 400) ? 2 : 1;

	for (int i = 0; i < sides; i++) {
		int at = side ^ i;
		uint64_t sa = some_sa(w, at);

		/* Not an SA that is not up yet: a refusal is no failure here. */
		if (sa != 0 && ike_rekey(w->node[at].ike, sa, world_chance(w, 600)) == ST_OK)
			s->total->rekeys++;
	}
}

/* The client is in another network; it notices now or later. */
static void move_client(struct story *s)
{
	struct world *w = &s->w;
	char text[ADDR_TEXT];

	if (world_chance(w, 700)) {
		snprintf(text, sizeof(text), "192.0.2.%u", (unsigned)(1 + world_random(w) % 5));
		world_readdress(w, 0, text, NULL);
		s->total->moves++;
	}
	if (world_chance(w, 700))
		ike_on_paths_changed(w->node[0].ike);
}

static bool act(struct story *s)
{
	struct world *w = &s->w;
	int side = (int)(world_random(w) % 2);
	uint64_t sa;

	switch (world_random(w) % 27) {
	case 0:
	case 1:
	case 2:
		if (ike_count(w->node[0].ike) < 5)
			(void)!world_connect(w, &sa);
		break;
	case 3:
		sa = some_sa(w, side);
		if (sa != 0)
			(void)!ike_close(w->node[side].ike, sa, ST_END_ADMIN);
		break;
	case 4:
	case 5:
		if (!world_chance(w, s->restarts))
			break;
		s->total->restarts++;
		return world_restart(w, side);
	case 6:
	case 7:
	case 8:
		junk(s);
		break;
	case 9:
		trouble(s);
		break;
	case 10:
		if (world_chance(w, 200))
			reload(s);
		if (w->node[side].n_child > 0 && world_chance(w, 200))
			ike_on_child_lost(w->node[side].ike, w->node[side].child[0].spi_in,
				ST_ESP_SEQ_END);
		break;
	case 17:
		/* What resumption is for: the network, or the headend, is away for a while. */
		if (world_chance(w, 400))
			s->dark_until_ms = w->now_ms + 20000 + world_random(w) % 40000;
		if (world_chance(w, s->restarts / 10)) {
			s->total->restarts++;
			return world_power_cycle(w, 1);
		}
		break;
	case 11:
	case 12:
		begin_rekey(s, side);
		break;
	case 13:
		forge(s, side);
		break;
	case 14:
		unknown_esp(w, side);
		break;
	case 15:
		w->node[1].redirect_status = world_chance(w, 800) ? ST_OK : ST_IO;
		w->node[1].redirect_to = (struct gateway){0};
		if (world_chance(w, 300))
			w->node[1].redirect_to.addr = world_endpoint("198.51.100.2", 0).addr;
		break;
	case 16:
		if (!world_chance(w, s->restarts / 4))
			break;
		s->total->crashes++;
		return world_power_cycle(w, side);
	case 18:
	case 19:
		move_client(s);
		break;
	case 20:
		if (w->node[0].told[IKE_EV_REAUTH_DUE] > s->renewed && ike_count(w->node[0].ike) < 5) {
			s->renewed = w->node[0].told[IKE_EV_REAUTH_DUE];
			(void)!world_connect(w, &sa);
		}
		break;
	case 21: /* somebody asks for it, in the middle of anything */
		(void)!ike_reauth(w->node[1].ike, w->node[1].up_sa, 5000 + world_random(w) % 60000);
		break;
	default:
		traffic(w, side);
		break;
	}
	return true;
}

static bool chaos(struct story *s)
{
	struct world *w = &s->w;
	uint64_t end = w->now_ms + 10000 + world_random(w) % 120000;
	uint64_t sa;

	(void)!world_connect(w, &sa);
	while (w->now_ms < end && w->broken == NULL) {
		uint64_t pause = world_random(w) % (world_chance(w, 300) ? 20000 : 300);

		(void)world_step(w, w->now_ms + pause);
		if (!world_chance(w, s->busy))
			continue;
		if (!act(s))
			return false;
		for (int i = 0; i < 2; i++)
			if (ike_half_open(w->node[i].ike) > (i == 1 ? LIMIT : 1000))
				world_break(w, "more half-open SAs than allowed");
	}
	return true;
}

static bool is_opposite(const struct endpoint *local, const struct endpoint *remote,
	const struct endpoint *peer_local, const struct endpoint *peer_remote)
{
	return endpoint_eq(local, peer_remote) && endpoint_eq(remote, peer_local);
}

static void compare_children(struct world *w, uint64_t sa, uint64_t peer_sa)
{
	for (size_t i = 0; i < w->node[0].n_child; i++)
		for (size_t k = 0; k < w->node[1].n_child; k++) {
			const struct ike_child_spec *x = &w->node[0].child[i], *y = &w->node[1].child[k];

			if (x->sa != sa || y->sa != peer_sa || x->spi_in != y->spi_out ||
				x->spi_out != y->spi_in)
				continue;
			if (!is_opposite(&x->local, &x->remote, &y->local, &y->remote))
				world_break(w, "the sides of a child disagree about where they are");
			if (x->udp_encap != world_needs_udp(w) || y->udp_encap != world_needs_udp(w))
				world_break(w, "a child travels in UDP without a reason, or not with one");
		}
}

/* What both sides have goes from and to where they are. */
static void prove_converged(struct story *s)
{
	struct world *w = &s->w;
	static struct ike_sa_info a, b;

	ike_on_paths_changed(w->node[0].ike);
	if (w->broken != NULL || w->knobs.nat_client || w->knobs.nat_server || s->keeper_failed)
		return;
	world_run(w, 90000);
	for (uint64_t i = 0; ike_next_info(w->node[0].ike, &i, &a);)
		for (uint64_t k = 0; ike_next_info(w->node[1].ike, &k, &b);) {
			if (!a.is_established || !b.is_established || a.spi_local != b.spi_remote ||
				a.spi_remote != b.spi_local || !a.mobike)
				continue;
			s->total->followed += s->total->moves != 0;
			if (!is_opposite(&a.local, &a.remote, &b.local, &b.remote) ||
				!world_has_addr(w, 0, &a.local.addr))
				world_break(w, "the sides of an SA disagree about where they are");
			compare_children(w, a.sa, b.sa);
		}
}

/* ---- the end ---------------------------------------------------------------------------------------- */

/* more: further children of the client's are possible. */
static void prove_connect(struct story *s, bool possible, bool more)
{
	struct world *w = &s->w;
	uint64_t sa = 0, before[2] = {w->node[0].up_total, w->node[1].up_total};
	enum status st;

	if (w->broken != NULL)
		return;
	ike_close_all(w->node[0].ike, ST_END_ADMIN);
	world_run(w, 120000);
	ike_close_all(w->node[1].ike, ST_END_ADMIN);
	world_run(w, 120000);
	st = world_connect(w, &sa);
	if (st != ST_OK) {
		world_break(w, "connect refused: %s", status_token(st));
		return;
	}
	world_run(w, 5000);
	if (!possible) {
		if (w->node[0].up_total != before[0])
			world_break(w, "connected although nothing is in common");
		return;
	}
	if (w->node[0].up_total == before[0] || w->node[1].up_total == before[1])
		world_break(w, "healed network, but no connection: %s %s",
			w->node[0].last_detail, w->node[1].last_detail);
	else if (!world_children_agree(w))
		world_break(w, "the children differ");
	else if (more && (w->node[0].n_child != 1 + w->knobs.more || w->node[1].n_child != 1 + w->knobs.more))
		world_break(w, "%zu and %zu children, %u are wanted", w->node[0].n_child,
			w->node[1].n_child, 1 + w->knobs.more);
}

/* The client loses its connection and comes back, with a ticket where it has one. */
static void prove_return(struct story *s, bool possible)
{
	struct world *w = &s->w;
	uint64_t sa = 0, before = w->node[0].up_total;

	if (w->broken != NULL || !possible)
		return;
	s->dark_until_ms = w->now_ms + 60000;
	if (world_chance(w, 300) && !world_power_cycle(w, 1))
		world_break(w, "out of memory");
	world_run(w, 70000);
	if (ike_count(w->node[0].ike) != 0)
		return; /* it does not watch the peer */
	if (world_connect(w, &sa) != ST_OK)
		world_break(w, "connect refused");
	world_run(w, 10000);
	if (w->broken == NULL && (w->node[0].up_total == before || !world_children_agree(w)))
		world_break(w, "no way back: %s %s", w->node[0].last_detail, w->node[1].last_detail);
}

/* Steps through so much time; the way must never be missing. */
static void keep_way(struct world *w, uint64_t ms)
{
	uint64_t until = w->now_ms + ms;
	bool more = true;

	while (more && w->broken == NULL) {
		more = world_step(w, until);
		for (int i = 0; i < 2; i++)
			if (!world_has_way(w, i))
				world_break(w, "no way from %d while the client authenticates again", i);
	}
}

/* The client authenticates again, make before break (RFC 4478). */
static void prove_again(struct story *s)
{
	struct world *w = &s->w;
	uint64_t old = w->node[0].up_sa, sa;

	if (w->broken != NULL || w->node[0].up_sa == 0 || s->server == REPLACING)
		return;
	if (world_connect(w, &sa) != ST_OK)
		world_break(w, "the second connect is refused");
	keep_way(w, 3000);
	if (w->broken == NULL && (w->node[0].up_sa != sa || ike_close(w->node[0].ike, old, ST_END_REAUTH) != ST_OK))
		world_break(w, "the client did not authenticate again");
	keep_way(w, 6000);
	if (w->broken == NULL && (ike_count(w->node[0].ike) != 1 || ike_count(w->node[1].ike) != 1))
		world_break(w, "more than one IKE SA is left");
}

static void prove_empty(struct story *s)
{
	struct world *w = &s->w;

	if (w->broken != NULL)
		return;
	ike_close_all(w->node[0].ike, ST_END_SHUTDOWN);
	ike_close_all(w->node[1].ike, ST_END_SHUTDOWN);
	world_run(w, 120000);
	if (!world_is_empty(w))
		world_break(w, "something is left of the SAs");
	else if (w->n_queue != 0)
		world_break(w, "messages or answers are still under way");
	else if (w->node[0].wake_ms != TIMER_NEVER || w->node[1].wake_ms != TIMER_NEVER)
		world_break(w, "a timer never ends");
}

void story_run(uint64_t seed, unsigned real_share, bool verbose, struct story_total *total,
	struct story_result *out)
{
	static struct story s;
	size_t client = (size_t)(hash_u64(seed) % (CLIENTS * 4));
	int64_t live = mem_live();

	client = client < CLIENTS ? client : client % (CLIENTS - 1); /* the hopeless one is rare */
	memset(&s.seen, 0, sizeof(s.seen));
	memset(s.n_denied, 0, sizeof(s.n_denied));
	s.old_len = 0;
	s.dark_until_ms = 0;
	s.keeper_failed = false;
	s.renewed = 0;
	s.total = total;
	s.server = (size_t)(seed % SERVERS);
	if (!world_init(&s.w, seed, clients[client], servers[s.server]))
		world_break(&s.w, "out of memory");
	s.w.verbose = verbose;
	/* Watching changes nothing: the same stories, some of them put into words. */
	if (seed % 8 == 0)
		world_trace(&s.w, TRACE_ALL);
	s.w.tap = tap;
	s.w.tap_ctx = &s;
	set_knobs(&s.w, real_share);
	s.w.knobs.more = world_chance(&s.w, 300) ? 1 + (unsigned)(world_random(&s.w) % 3) : 0;
	s.busy = (unsigned)(20 + world_random(&s.w) % 300);
	s.restarts = (unsigned)(world_random(&s.w) % 1000);
	if (!chaos(&s))
		world_break(&s.w, "out of memory");
	if (s.w.broken == NULL && s.w.node[0].n_child > 0 && s.w.node[1].n_child > 0)
		(void)world_children_agree(&s.w);
	heal(&s.w);
	s.dark_until_ms = 0;
	prove_converged(&s);
	prove_connect(&s, is_possible(client, s.server), !is_pfs[s.server] || client == 1);
	if (is_possible(client, s.server))
		prove_again(&s);
	prove_return(&s, is_possible(client, s.server));
	prove_empty(&s);
	for (int i = 0; i < 2; i++) {
		total->redirected += s.w.node[i].told[IKE_EV_REDIRECTED];
		total->tokens += world_count(&s.w.node[i], CT_QCD_IN);
	}
	total->packets += s.w.packets;
	total->steps += s.w.steps;
	total->rekeyed += world_count(&s.w.node[0], CT_CHILD_REKEYED) + world_count(&s.w.node[0], CT_IKE_REKEYED);
	total->reassembled += world_count(&s.w.node[0], CT_FRAGMENTS_WHOLE) + world_count(&s.w.node[1], CT_FRAGMENTS_WHOLE);
	total->resumed += world_count(&s.w.node[1], CT_RESUMED);
	if (world_count(&s.w.node[1], CT_RESUMED) > s.w.node[1].claims)
		world_break(&s.w, "an SA was resumed and nobody asked whether it may");
	total->collisions += world_count(&s.w.node[0], CT_REKEY_COLLISION);
	total->up += s.w.node[0].up_total + s.w.node[1].up_total;
	world_fini(&s.w);
	if (mem_live() != live)
		world_break(&s.w, "%lld blocks leaked", (long long)(mem_live() - live));
	snprintf(out->broken, sizeof(out->broken), "%s", s.w.broken != NULL ? s.w.broken : "");
	snprintf(out->log, sizeof(out->log), "%.*s", (int)s.w.log_len, s.w.log);
}
