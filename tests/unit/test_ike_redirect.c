/* Redirect (RFC 5685), both roles: who is asked, who follows, and what a forged one may do: nothing. */
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/engine.h"
#include "core/wire/notify.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

#define FOLLOWS "crypto ikev2 redirect client max-redirects 3\n"
#define AT_INIT "crypto ikev2 redirect gateway init\n"
#define AT_AUTH "crypto ikev2 redirect gateway auth\n"

static struct world w;
static struct snapshot *client, *server;
static char text[2][4096];
static uint64_t sa;

static void open_world(const char *client_more, const char *server_more)
{
	snprintf(text[0], sizeof(text[0]), "%s%s", client_more, world_client_text);
	snprintf(text[1], sizeof(text[1]), "%s%s", server_more, world_server_text);
	client = world_conf(text[0]);
	server = world_conf(text[1]);
	T_TRUE(world_init(&w, 3, client, server));
	w.node[1].redirect_to.addr = world_endpoint("198.51.100.2", 0).addr;
}

static void close_world(void)
{
	world_fini(&w);
	snapshot_unref(client);
	snapshot_unref(server);
	T_EQ(mem_live(), 0);
}

static void connect_and_run(uint64_t ms)
{
	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, ms);
}

static void is_redirected(const char *to)
{
	char words[GATEWAY_TEXT];

	T_EQ(w.node[0].told[IKE_EV_REDIRECTED], 1);
	T_STR(gateway_format(&w.node[0].redirected, words), to);
	T_EQ(world_count(&w.node[0], CT_REDIRECT_IN), 1);
	T_EQ(world_count(&w.node[1], CT_REDIRECT_OUT), 1);
	T_EQ(w.node[0].told[IKE_EV_INIT_FAILED] + w.node[0].told[IKE_EV_AUTH_FAILED], 0);
	T_EQ(w.node[1].told[IKE_EV_INIT_FAILED] + w.node[1].told[IKE_EV_AUTH_FAILED], 0);
	T_EQ(w.node[0].told[IKE_EV_SA_UP] + w.node[1].told[IKE_EV_SA_UP], 0);
	T_EQ(w.node[1].leases_given, 0);
	T_EQ(w.node[0].n_child + w.node[1].n_child, 0);
}

static void stays_here(void)
{
	T_TRUE(w.node[0].up_sa == sa && w.node[1].up_sa != 0);
	T_EQ(w.node[0].told[IKE_EV_REDIRECTED], 0);
	T_EQ(world_count(&w.node[1], CT_REDIRECT_OUT), 0);
}

/* Nothing is left at once (R-RDR-03), and no key exchange was paid for. */
static void test_at_init(void)
{
	static const char *const to[] = {"198.51.100.2", "2001:db8::2", "gw2.corp.example"};

	for (size_t i = 0; i < 3; i++) {
		T_ROW(i, to[i]);
		T_DO(open_world(FOLLOWS, AT_INIT));
		w.node[1].redirect_to = (struct gateway){0};
		if (addr_parse(to[i], &w.node[1].redirect_to.addr) != ST_OK)
			snprintf(w.node[1].redirect_to.name, GATEWAY_NAME, "%s", to[i]);
		T_DO(connect_and_run(100));
		T_DO(is_redirected(to[i]));
		T_TRUE(world_is_empty(&w));
		T_EQ(ike_half_open(w.node[1].ike), 0);
		T_EQ(world_count(&w.node[1], CT_IKE_AUTH_IN), 0);
		close_world();
	}
}

static bool look_at_auth(struct world *world, int from, struct world_item *it, void *ctx)
{
	unsigned *infos = ctx;

	(void)world;
	*infos += from == 0 && it->bytes[18] == EX_INFORMATIONAL;
	return true;
}

/* R-RDR-07, R-RDR-08: proven first, no child, and the client deletes. */
static void test_at_auth(void)
{
	unsigned deletes = 0;

	for (int by_profile = 0; by_profile < 2; by_profile++) {
		T_ROW((size_t)by_profile, "by profile");
		T_DO(open_world(FOLLOWS, by_profile
			? "crypto ikev2 profile RA\n redirect gateway auth\n" : AT_AUTH));
		w.tap = look_at_auth;
		w.tap_ctx = &deletes;
		T_DO(connect_and_run(300));
		T_DO(is_redirected("198.51.100.2"));
		T_TRUE(deletes > 0);
		world_run(&w, 10000);
		T_TRUE(world_is_empty(&w));
		close_world();
	}
}

static void test_wrong_key_is_not_redirected(void)
{
	T_DO(open_world(FOLLOWS, AT_AUTH));
	snprintf(w.node[0].psk_local, sizeof(w.node[0].psk_local), "wrong");
	T_DO(connect_and_run(300));
	T_EQ(w.node[1].asked_redirect, 0);
	T_EQ(w.node[0].told[IKE_EV_REDIRECTED], 0);
	T_EQ(world_status_count(&w.node[1], ST_AUTH_FAILED), 1);
	close_world();
}

/* R-RDR-08: a gateway that cannot prove itself sends nobody anywhere. */
static void test_gateway_is_verified_first(void)
{
	T_DO(open_world(FOLLOWS, AT_AUTH));
	snprintf(w.node[1].psk_local, sizeof(w.node[1].psk_local), "wrong");
	T_DO(connect_and_run(300));
	T_EQ(world_count(&w.node[1], CT_REDIRECT_OUT), 1);
	T_EQ(w.node[0].told[IKE_EV_REDIRECTED], 0);
	T_EQ(world_status_count(&w.node[0], ST_AUTH_FAILED), 1);
	close_world();
}

/* R-RDR-06, and whoever has nowhere to send to lets them in. */
static void test_stays(void)
{
	static const struct {
		const char *client, *server, *what;
		enum status st;
		bool none, never;
		unsigned asked;
	} rows[] = {
		{"", AT_INIT, "client says nothing, INIT", ST_OK, false, false, 0},
		{"", AT_AUTH, "client says nothing, AUTH", ST_OK, false, false, 0},
		{FOLLOWS, "", "gateway does not", ST_OK, false, false, 0},
		{FOLLOWS, AT_INIT, "no other, INIT", ST_OK, true, false, 1},
		{FOLLOWS, AT_AUTH, "no other, AUTH", ST_OK, true, false, 1},
		{FOLLOWS, AT_INIT AT_AUTH, "no other, both", ST_OK, true, false, 2},
		{FOLLOWS, AT_INIT, "refused, INIT", ST_IO, false, false, 1},
		{FOLLOWS, AT_AUTH, "refused, AUTH", ST_IO, false, false, 1},
		{FOLLOWS, AT_INIT, "no answer, INIT", ST_OK, false, true, 1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].what);
		T_DO(open_world(rows[i].client, rows[i].server));
		w.node[1].redirect_status = rows[i].st;
		if (rows[i].none)
			w.node[1].redirect_to = (struct gateway){0};
		w.node[1].never_answers = rows[i].never;
		T_DO(connect_and_run(rows[i].never ? 1500 : 500));
		w.node[1].never_answers = false;
		world_run(&w, 3000);
		T_DO(stays_here());
		T_TRUE(w.node[1].asked_redirect >= rows[i].asked);
		close_world();
	}
}

/* R-RDR-05: who sent us is told, and that alone says that we follow. */
static void test_redirected_from(void)
{
	struct ike_connect c = world_connect_request();

	T_DO(open_world(FOLLOWS, AT_INIT));
	w.node[1].redirect_to = (struct gateway){0};
	c.redirected_from = world_endpoint("203.0.113.9", 0).addr;
	T_EQ(ike_connect(w.node[0].ike, &c, &sa), ST_OK);
	world_run(&w, 500);
	T_DO(stays_here());
	T_EQ(w.node[1].asked_redirect, 1);
	T_TRUE(addr_eq(&w.node[1].asked_from, &c.redirected_from));
	close_world();
}

static bool has_notify(const struct world_item *it, uint16_t type)
{
	struct ike_message m;
	struct notify n;

	return ike_message_parse((struct view){it->bytes, it->len}, &m) == ST_OK &&
	       msg_find_notify(&m.p, type, &n);
}

struct announced {
	bool supported, from;
};

static bool look_at_init(struct world *world, int from, struct world_item *it, void *ctx)
{
	struct announced *a = ctx;

	(void)world;
	if (from == 0 && it->bytes[18] == EX_IKE_SA_INIT) {
		a->supported = has_notify(it, N_REDIRECT_SUPPORTED);
		a->from = has_notify(it, N_REDIRECTED_FROM);
	}
	return true;
}

static void test_announcement(void)
{
	for (int i = 0; i < 4; i++) {
		struct ike_connect c = world_connect_request();
		struct announced a = {0};
		bool follows = i & 1, was_sent = i & 2;

		T_ROW((size_t)i, "announcement");
		T_DO(open_world(follows ? FOLLOWS : "", ""));
		w.tap = look_at_init;
		w.tap_ctx = &a;
		if (was_sent)
			c.redirected_from = world_endpoint("203.0.113.9", 0).addr;
		T_EQ(ike_connect(w.node[0].ike, &c, &sa), ST_OK);
		world_run(&w, 500);
		T_EQ(a.supported, follows && !was_sent);
		T_EQ(a.from, follows && was_sent);
		T_DO(stays_here());
		close_world();
	}
}

/* ---- forged ones -------------------------------------------------------------------------------- */

/* What an answer to our first message without a child of the key exchange looks like. */
static void forge(uint64_t spi_i, uint16_t type, const void *data, size_t len)
{
	uint8_t bytes[512];
	struct wr o = wr_init(bytes, sizeof(bytes));
	struct ike_hdr hdr = {.spi_i = spi_i,
		.version = IKE_VERSION,
		.exchange = EX_IKE_SA_INIT,
		.flags = IKE_FLAG_RESPONSE};
	struct wr_mark length = ike_hdr_open(&o, &hdr);
	struct payload_chain c = payload_chain_init(&o, IKE_HDR_NEXT_AT);
	struct wr_mark m = payload_open(&c, PT_NOTIFY);
	struct endpoint local = world_endpoint("192.0.2.1", 500);
	struct endpoint remote = world_endpoint("198.51.100.1", 500);

	notify_build_plain(&o, type, data, len);
	payload_close(&c, m);
	wr_close32(&o, length);
	world_inject(&w, 0, &local, &remote, bytes, o.len);
}

/* Stands before the first answer comes. */
static struct ike_sa *waiting(const char *more)
{
	struct ike_sa *s;

	open_world(more, "");
	w.knobs.delay_ms = 200;
	if (world_connect(&w, &sa) != ST_OK)
		return NULL;
	world_run(&w, 100);
	s = CONTAINER_OF(w.node[0].ike->sas.next, struct ike_sa, node);
	return s->state == SA_I_INIT ? s : NULL;
}

/* R-RDR-04: dropped and counted, and the real answer is still believed. */
static void test_forged(void)
{
	static const uint8_t to[] = {1, 4, 203, 0, 113, 66};

	for (int i = 0; i < 6; i++) {
		struct ike_sa *s = waiting(i == 5 ? "" : FOLLOWS);
		uint8_t data[600] = {0};
		size_t len = sizeof(to);

		T_ROW((size_t)i, "forged");
		T_TRUE(s != NULL);
		memcpy(data, to, sizeof(to));
		memcpy(data + len, s->hs->ni, s->hs->ni_len);
		len += s->hs->ni_len;
		if (i == 0)
			data[len - 1] ^= 1;
		if (i == 1)
			len = sizeof(to); /* none */
		if (i == 2)
			len--;
		if (i == 3)
			data[1] = 5; /* malformed */
		if (i == 4)
			len = 1;
		for (int k = 0; k < 10; k++)
			forge(s->spi_i, N_REDIRECT, data, len);
		T_EQ(s->state, SA_I_INIT);
		T_EQ(world_count(&w.node[0], CT_REDIRECT_REFUSED), 10);
		T_EQ(world_status_count(&w.node[0], ST_REDIRECT_REFUSED), 10);
		world_run(&w, 3000);
		T_DO(stays_here());
		close_world();
	}
}

/* The same with the right nonce is followed: the test above fails for the right reason. */
static void test_right_nonce(void)
{
	struct ike_sa *s = waiting(FOLLOWS);
	uint8_t data[300] = {1, 4, 203, 0, 113, 66};

	T_TRUE(s != NULL);
	memcpy(data + 6, s->hs->ni, s->hs->ni_len);
	forge(s->spi_i, N_REDIRECT, data, 6u + s->hs->ni_len);
	T_EQ(w.node[0].told[IKE_EV_REDIRECTED], 1);
	world_run(&w, 60000);
	close_world();
}

/* ---- of an established SA -------------------------------------------------------------------------- */

static void gateway_redirects(int from)
{
	struct ike_sa *s = CONTAINER_OF(w.node[from].ike->sas.next, struct ike_sa, node);
	static const uint8_t to[] = {3, 7, 'g', '2', '.', 't', 'e', 's', 't'};
	struct msg_out o;
	struct view msg;
	uint8_t copy[512];

	msg_start(&o, s, EX_INFORMATIONAL, false, s->out.next++);
	msg_notify(&o, N_REDIRECT, to, sizeof(to));
	T_EQ(msg_end(&o, &msg), ST_OK);
	memcpy(copy, msg.p, msg.len);
	world_inject(&w, !from, &s->remote, &s->local, copy, msg.len);
}

/* RFC 5685 section 5, also after the gateway has rekeyed the SA and is the initiator of it. */
static void test_established(void)
{
	for (int rekeyed = 0; rekeyed < 3; rekeyed++) {
		T_ROW((size_t)rekeyed, "rekeyed");
		T_DO(open_world(FOLLOWS, ""));
		T_DO(connect_and_run(500));
		T_TRUE(w.node[0].up_sa == sa);
		if (rekeyed != 0)
			T_EQ(ike_rekey(w.node[1].ike, w.node[1].up_sa, false), ST_OK);
		world_run(&w, 2000);
		if (rekeyed == 2) /* and a new main of the client knows it still */
			T_TRUE(world_restart(&w, 0));
		world_run(&w, 10000);
		T_EQ(ike_count(w.node[1].ike), 1);
		T_DO(gateway_redirects(1));
		world_run(&w, 5000);
		T_EQ(w.node[0].told[IKE_EV_REDIRECTED], 1);
		T_STR(w.node[0].redirected.name, "g2.test");
		T_EQ(w.node[0].told[IKE_EV_SA_DOWN], 1);
		T_EQ(world_status_count(&w.node[0], ST_REDIRECTED), 1);
		world_run(&w, 10000);
		T_TRUE(world_is_empty(&w));
		close_world();
	}
}

/* The client cannot redirect its gateway, and whoever does not follow stays. */
static void test_established_refused(void)
{
	for (int i = 0; i < 2; i++) {
		int from = i;

		T_ROW((size_t)i, "from");
		T_DO(open_world(i == 0 ? FOLLOWS : "", ""));
		T_DO(connect_and_run(500));
		T_DO(gateway_redirects(from));
		world_run(&w, 5000);
		T_EQ(w.node[!from].told[IKE_EV_REDIRECTED], 0);
		T_EQ(world_count(&w.node[!from], CT_REDIRECT_REFUSED), 1);
		T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
		close_world();
	}
}

/* ---- the gateway's waiting -------------------------------------------------------------------------- */

/* A client that does not delete is not waited for long. */
static bool drop_infos(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)world;
	(void)ctx;
	return from == 1 || it->bytes[18] != EX_INFORMATIONAL;
}

static void test_client_that_says_nothing_more(void)
{
	T_DO(open_world(FOLLOWS, AT_AUTH));
	w.tap = drop_infos;
	T_DO(connect_and_run(5000));
	T_EQ(ike_count(w.node[1].ike), 1);
	world_run(&w, 120000);
	T_TRUE(world_is_empty(&w));
	close_world();
}

/* R-RDR-07: what it replaces is replaced before it goes elsewhere. */
static void test_initial_contact(void)
{
	T_DO(open_world(FOLLOWS, "crypto ikev2 profile RA\n initial-contact force\n redirect gateway auth\n"));
	w.node[1].redirect_to = (struct gateway){0};
	T_DO(connect_and_run(500));
	T_TRUE(w.node[1].up_sa != 0);
	w.node[1].redirect_to.addr = world_endpoint("198.51.100.2", 0).addr;
	T_DO(connect_and_run(500));
	T_EQ(w.node[0].told[IKE_EV_REDIRECTED], 1);
	T_EQ(world_status_count(&w.node[1], ST_END_REPLACED), 1);
	world_run(&w, 20000);
	T_TRUE(world_is_empty(&w));
	close_world();
}

/* Never longer than the request: with a name too long for that the client stays. */
static void test_no_longer_than_the_request(void)
{
	T_DO(open_world(FOLLOWS, AT_INIT));
	w.node[1].redirect_to = (struct gateway){0};
	memset(w.node[1].redirect_to.name, 'x', GATEWAY_NAME - 1);
	T_DO(connect_and_run(100));
	T_TRUE(world_count(&w.node[1], CT_IKE_OUT_BYTES) <= world_count(&w.node[1], CT_IKE_IN_BYTES));
	world_run(&w, 1000);
	close_world();
}

/* Gone while the question is open. */
static void test_closed_while_asked(void)
{
	static const char *const where[] = {AT_INIT, AT_AUTH};

	for (size_t i = 0; i < 2; i++) {
		T_ROW(i, where[i]);
		T_DO(open_world(FOLLOWS, where[i]));
		w.knobs.answer_ms = 100;
		T_EQ(world_connect(&w, &sa), ST_OK);
		while (w.node[1].asked_redirect == 0 && world_step(&w, 5000))
			continue;
		T_EQ(w.node[1].asked_redirect, 1);
		ike_close_all(w.node[1].ike, ST_END_SHUTDOWN);
		ike_close_all(w.node[0].ike, ST_END_SHUTDOWN);
		world_run(&w, 120000);
		T_TRUE(world_is_empty(&w));
		close_world();
	}
}

int main(void)
{
	T_RUN(test_at_init);
	T_RUN(test_at_auth);
	T_RUN(test_wrong_key_is_not_redirected);
	T_RUN(test_gateway_is_verified_first);
	T_RUN(test_stays);
	T_RUN(test_redirected_from);
	T_RUN(test_announcement);
	T_RUN(test_forged);
	T_RUN(test_right_nonce);
	T_RUN(test_established);
	T_RUN(test_established_refused);
	T_RUN(test_client_that_says_nothing_more);
	T_RUN(test_initial_contact);
	T_RUN(test_no_longer_than_the_request);
	T_RUN(test_closed_while_asked);
	return t_end();
}
