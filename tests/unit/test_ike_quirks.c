/* What clients that people carry do and cannot do, with us as their gateway (between two engines). */
#include <stdio.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/child.h"
#include "core/ike/engine.h"
#include "core/ike/exchange.h"
#include "core/ike/explain.h"
#include "core/ike/offer.h"
#include "core/ike/peer_class.h"
#include "core/ike/work.h"
#include "core/wire/notify_types.h"
#include "core/wire/sa.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

static struct world w;
static struct snapshot *client, *server;
static enum peer_class pretended;
static bool is_cut; /* nothing arrives */

#define SHORT "crypto ipsec security-association lifetime seconds 300\n"
#define LONG "crypto ipsec security-association lifetime seconds 60000\n"
#define PFS "crypto ipsec profile default\n set pfs group19\n"
#define PROPOSE(text) "crypto ikev2 proposal X\n" text "crypto ikev2 policy X\n proposal X\n"

/* The client's vendor IDs cannot be changed on their way: the headend is made to have seen them. */
static bool tap(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)ctx;
	if (from == 0 && it->len > 18 && it->bytes[18] == EX_IKE_AUTH)
		LIST_EACH(at, &world->node[1].ike->sas)
			CONTAINER_OF(at, struct ike_sa, node)->peer_class = (uint8_t)pretended;
	return !is_cut;
}

static void open_world(const char *of_client, const char *of_server, enum peer_class peer, bool nat)
{
	static char c[2048], s[2048];

	snprintf(c, sizeof(c), "%s%s", world_client_text, of_client);
	snprintf(s, sizeof(s), "%s%s", world_server_text, of_server);
	client = world_conf(c);
	server = world_conf(s);
	T_TRUE(world_init(&w, 1, client, server));
	w.knobs.delay_ms = 10;
	w.knobs.pool = 4;
	w.knobs.nat_client = nat;
	w.tap = tap;
	pretended = peer;
	is_cut = false;
}

static void close_world(void)
{
	is_cut = false;
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
	T_STR(w.node[0].last_detail, "");
	T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
	T_TRUE(world_children_agree(&w));
}

static struct ike_sa *sa_of(int side)
{
	return ike_find_number(w.node[side].ike, w.node[side].up_sa);
}

static const struct ike_child *child_of(int side)
{
	LIST_EACH(at, &sa_of(side)->children) {
		const struct ike_child *c = CONTAINER_OF(at, struct ike_child, node);

		if (c->state == CHILD_UP)
			return c;
	}
	return NULL;
}

/* 5.1: no child rekey by us behind a NAT, neither by time nor by order, and the child outlives our
 * lifetime; everybody else is rekeyed. */
static void windows_behind_a_nat_is_left_alone(void)
{
	static const struct {
		const char *name;
		enum peer_class peer;
		bool nat, is_rekeyed;
	} rows[] = {
		{"Windows behind a NAT", PEER_WINDOWS, true, false},
		{"Windows without one", PEER_WINDOWS, false, true},
		{"another behind a NAT", PEER_OTHER, true, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t spi;

		T_ROW(i, rows[i].name);
		T_DO(open_world(LONG, SHORT, rows[i].peer, rows[i].nat));
		T_DO(log_in());
		spi = child_of(1)->spi_in;
		T_EQ(ike_rekey(w.node[1].ike, w.node[1].up_sa, true), ST_OK);
		world_run(&w, 5000);
		T_EQ(child_of(1)->spi_in != spi, rows[i].is_rekeyed);
		world_run(&w, 1000000);
		T_EQ(world_count(&w.node[1], CT_CHILD_REKEYED) >= 3, rows[i].is_rekeyed);
		T_EQ(w.node[1].told[IKE_EV_SA_DOWN], 0);
		T_TRUE(world_children_agree(&w));
		/* Its own rekey is welcome. */
		spi = child_of(1)->spi_in;
		T_EQ(ike_rekey(w.node[0].ike, w.node[0].up_sa, true), ST_OK);
		world_run(&w, 5000);
		T_TRUE(child_of(1)->spi_in != spi);
		T_EQ(w.node[1].told[IKE_EV_SA_DOWN], 0);
		close_world();
	}
}

static void rekey_child(int side)
{
	T_EQ(ike_rekey(w.node[side].ike, w.node[side].up_sa, true), ST_OK);
	world_run(&w, 5000);
}

/* 5.1: a key exchange only for a child that had one. */
static void windows_is_offered_no_pfs_that_it_did_not_have(void)
{
	T_DO(open_world("", PFS, PEER_WINDOWS, false));
	T_DO(log_in());
	T_DO(rekey_child(1));
	T_EQ(w.node[1].told[IKE_EV_REKEY_FAILED], 0);
	T_EQ(world_count(&w.node[1], CT_CHILD_REKEYED), 1);
	T_TRUE(!child_of(1)->has_ke);
	close_world();
	T_DO(open_world(PFS, PFS, PEER_WINDOWS, false));
	T_DO(log_in());
	T_TRUE(!child_of(1)->has_ke); /* IKE_AUTH has none */
	T_DO(rekey_child(0));
	T_TRUE(child_of(1)->has_ke); /* it was the client that wanted it */
	T_DO(rekey_child(1));
	T_EQ(world_count(&w.node[1], CT_CHILD_REKEYED), 2);
	T_TRUE(child_of(1)->has_ke && child_of(0)->has_ke);
	close_world();
	T_DO(open_world(PFS, PFS, PEER_OTHER, false));
	T_DO(log_in());
	T_DO(rekey_child(1));
	T_TRUE(child_of(1)->has_ke);
	close_world();
}

/* 5.1: MS_STATUS in answer to our rekey: not again, and the child stays. */
static void windows_says_ms_status(void)
{
	for (int is_windows = 0; is_windows < 2; is_windows++) {
		char words[IKE_DETAIL_LEN];

		T_ROW(is_windows, "Windows");
		T_DO(open_world("", "", is_windows ? PEER_WINDOWS : PEER_OTHER, false));
		T_DO(log_in());
		is_cut = true;
		T_EQ(ike_rekey(w.node[1].ike, w.node[1].up_sa, true), ST_OK);
		T_TRUE(sa_of(1)->mine != NULL);
		ike_enter(w.node[1].ike);
		exchange_event(sa_of(1)->mine, &(struct x_event){.kind = XE_REFUSED, .status = ST_PEER_REFUSED});
		ike_settle(w.node[1].ike);
		T_TRUE(sa_of(1)->mine == NULL && child_of(1) != NULL);
		T_EQ(child_of(1)->may_rekey, !is_windows);
		T_EQ(child_of(1)->wants_rekey, !is_windows);
		T_EQ(w.node[1].told[IKE_EV_REKEY_FAILED], 1);
		explain_notify(words, sizeof(words), N_MS_STATUS);
		T_TRUE(strstr(words, "MS_STATUS") && strstr(words, "Windows"));
		close_world();
	}
}

/* 5.1: it takes the first group of the list, and knows no INVALID_KE_PAYLOAD. */
static void the_negotiated_group_comes_first(void)
{
	static const uint16_t groups[] = {19, 20, 14, 31};

	for (uint16_t g = 0; g < 5; g++) {
		uint16_t lead = g < 4 ? groups[g] : 99, seen[4];
		struct sa offer = {.n = 1};
		struct proposal *p = &offer.v[0];
		size_t n = 0;

		T_ROW(g, "group");
		p->v[p->n++] = (struct transform){.type = TRANSFORM_ENCR, .id = 20};
		for (size_t i = 0; i < 4; i++)
			p->v[p->n++] = (struct transform){.type = TRANSFORM_DH, .id = groups[i]};
		offer_lead(&offer, lead);
		T_EQ(p->n, 5);
		T_EQ(p->v[0].type, TRANSFORM_ENCR);
		for (size_t i = 1; i < 5; i++)
			seen[n++] = p->v[i].id;
		T_EQ(seen[0], g < 4 ? lead : 19);
		for (size_t i = 0, k = g < 4; i < 4; i++) /* the others stay in their order */
			if (groups[i] != lead)
				T_EQ(seen[k++], groups[i]);
	}
}

/* 5.1: what it offers out of the box is refused with the reason, and accepted where somebody says so. */
static void windows_as_it_comes(void)
{
#define AS_IT_COMES PROPOSE(" encryption aes-cbc-256\n integrity sha1 sha256 sha384\n group 2\n")
	uint64_t sa;

	T_DO(open_world(AS_IT_COMES, "", PEER_WINDOWS, false));
	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 3000);
	T_EQ(w.node[1].up_sa, 0);
	T_EQ(w.node[1].last_status, ST_NO_PROPOSAL);
	T_TRUE(strstr(w.node[1].last_detail, "key exchange") && strstr(w.node[1].last_detail, "group 2"));
	close_world();
	T_DO(open_world(AS_IT_COMES, AS_IT_COMES, PEER_WINDOWS, false));
	T_DO(log_in());
	close_world();
#undef AS_IT_COMES
}

/* 5.2: where we are not told to want PFS it is the client's choice, each time. */
static void apple_chooses_about_pfs(void)
{
	for (int with_pfs = 0; with_pfs < 2; with_pfs++) {
		T_ROW(with_pfs, "PFS");
		T_DO(open_world(with_pfs ? PFS : "", "", PEER_OTHER, false));
		T_DO(log_in());
		T_DO(rekey_child(0));
		T_EQ(world_count(&w.node[1], CT_CHILD_REKEYED), 1);
		T_EQ(child_of(1)->has_ke, with_pfs);
		T_EQ(w.node[0].told[IKE_EV_REKEY_FAILED], 0);
		close_world();
	}
}

/* 5.3: the first guess is a group that we do not have. */
static void android_begins_with_modp4096(void)
{
	T_DO(open_world(PROPOSE(" encryption aes-cbc-256\n integrity sha512\n group 16 31 15 14\n"), "",
		PEER_OTHER, false));
	T_DO(log_in());
	T_EQ(sa_of(1)->suite.dh->id, 31);
	T_EQ(w.node[1].told[IKE_EV_SA_UP], 1);
	close_world();
}

/* 5.4: everything on port 4500, from the first message on. */
static void cloudflare_begins_on_port_4500(void)
{
	struct ike_connect c;
	uint64_t sa;

	T_DO(open_world("", "", PEER_OTHER, false));
	c = world_connect_request();
	c.local.addr = w.at[0][0];
	c.remote.port = 4500;
	T_EQ(ike_connect(w.node[0].ike, &c, &sa), ST_OK);
	world_run(&w, 3000);
	T_TRUE(w.node[1].up_sa != 0 && world_children_agree(&w));
	T_EQ(sa_of(1)->local.port, 4500);
	close_world();
}

int main(void)
{
	T_RUN(windows_behind_a_nat_is_left_alone);
	T_RUN(windows_is_offered_no_pfs_that_it_did_not_have);
	T_RUN(windows_says_ms_status);
	T_RUN(the_negotiated_group_comes_first);
	T_RUN(windows_as_it_comes);
	T_RUN(apple_chooses_about_pfs);
	T_RUN(android_begins_with_modp4096);
	T_RUN(cloudflare_begins_on_port_4500);
	return t_end();
}
