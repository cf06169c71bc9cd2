/* Logins by certificates and EAP between two engines: which pairs of methods work, what they are shown as, how they
 * fail, and that nothing is left of them. Signatures and the EAP method are toys (tests/lib/ike_creds.h). */
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/engine.h"
#include "core/ike/proof.h"
#include "core/wire/auth.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

#define KEYRING "crypto ikev2 keyring K\n peer any\n  address 0.0.0.0 0.0.0.0\n  pre-shared-key secret\n"
#define TRUST \
	"crypto pki trustpoint T\n sallyport ca-certificate ca.pem\n sallyport certificate c.pem\n" \
	" sallyport private-key c.key\n"
#define SERVER(lines) \
	KEYRING TRUST "crypto ikev2 profile RA\n match identity remote email domain corp.example\n" \
	" identity local fqdn vpn.corp.example\n keyring local K\n pki trustpoint T\n virtual-template 1\n" lines \
	"interface Virtual-Template1 type tunnel\n tunnel protection ipsec profile default\n"
#define CLIENT(lines) \
	KEYRING TRUST "crypto ikev2 profile HQ\n match identity remote fqdn vpn.corp.example\n" \
	" identity local email user@corp.example\n keyring local K\n pki trustpoint T\n" lines
#define LOCAL(method) " authentication local " method "\n"
#define REMOTE(method) " authentication remote " method "\n"

static struct world w;

static void open_with(const char *client_text, const char *server_text)
{
	struct snapshot *c = world_conf(client_text), *s = world_conf(server_text);
	bool ok = world_init(&w, 1, c, s);

	snapshot_unref(c);
	snapshot_unref(s);
	T_TRUE(ok);
}

static struct ike_sa_info info_of(int side)
{
	struct ike_sa_info info = {0};
	uint64_t cursor = 0;

	(void)ike_next_info(w.node[side].ike, &cursor, &info);
	return info;
}

static void close_world(void)
{
	ike_close_all(w.node[0].ike, ST_END_ADMIN);
	ike_close_all(w.node[1].ike, ST_END_ADMIN);
	world_run(&w, 200000);
	T_TRUE(world_is_empty(&w));
	T_TRUE(w.broken == NULL);
	world_fini(&w);
}

static void connect(uint32_t ms)
{
	uint64_t sa = 0;

	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, ms);
}

/* ---- who gets in ------------------------------------------------------------------------------------- */

static void test_pairs_of_methods(void)
{
	static const struct {
		const char *client, *server;
		uint8_t client_is, server_is; /* method of each, as it is shown */
	} rows[] = {
		{LOCAL("pre-share") REMOTE("pre-share"), LOCAL("pre-share") REMOTE("pre-share"), 2, 2},
		{LOCAL("rsa-sig") REMOTE("rsa-sig"), LOCAL("rsa-sig") REMOTE("rsa-sig"), 14, 14},
		{LOCAL("pre-share") REMOTE("rsa-sig"), LOCAL("rsa-sig") REMOTE("pre-share"), 2, 14},
		{LOCAL("rsa-sig") REMOTE("pre-share"), LOCAL("pre-share") REMOTE("rsa-sig"), 14, 2},
		{LOCAL("eap") REMOTE("rsa-sig"), LOCAL("rsa-sig") REMOTE("eap"), AUTHM_EAP_SHOWN, 14},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char c[2048], s[2048];
		struct ike_sa_info ci, si;

		T_ROW(i, rows[i].client);
		snprintf(c, sizeof(c), CLIENT("%s"), rows[i].client);
		snprintf(s, sizeof(s), SERVER("%s"), rows[i].server);
		T_DO(open_with(c, s));
		T_DO(connect(2000));
		T_STR(w.node[0].last_detail, "");
		T_STR(w.node[1].last_detail, "");
		T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0 && world_children_agree(&w));
		ci = info_of(0), si = info_of(1);
		T_TRUE(ci.auth_local == rows[i].client_is && si.auth_remote == rows[i].client_is);
		T_TRUE(ci.auth_remote == rows[i].server_is && si.auth_local == rows[i].server_is);
		T_EQ(world_count(&w.node[1], CT_LOGIN_KEY), rows[i].client_is == 2);
		T_EQ(world_count(&w.node[1], CT_LOGIN_CERT), rows[i].client_is == 14);
		T_EQ(world_count(&w.node[1], CT_LOGIN_EAP), rows[i].client_is == AUTHM_EAP_SHOWN);
		T_EQ(world_count(&w.node[0], CT_LOGIN_KEY) + world_count(&w.node[0], CT_LOGIN_CERT), 0);
		T_DO(close_world());
	}
}

/* The name of the EAP user is authorized, not the identity of IKE; one that a script gave wins. */
static void test_the_user_of_eap(void)
{
	T_DO(open_with(CLIENT(LOCAL("eap") REMOTE("rsa-sig")), SERVER(LOCAL("rsa-sig") REMOTE("eap"))));
	T_DO(connect(2000));
	T_STR(w.node[1].asked_name, "eapuser");
	/* What came may have been a password. */
	for (size_t i = 0; i < sizeof(w.node[1].ike->plain); i++)
		T_EQ(w.node[1].ike->plain[i], 0);
	T_DO(close_world());
	T_DO(open_with(CLIENT(LOCAL("eap") REMOTE("rsa-sig")), SERVER(LOCAL("rsa-sig") REMOTE("eap"))));
	snprintf(w.node[1].hook_name, sizeof(w.node[1].hook_name), "anna");
	T_DO(connect(2000));
	T_STR(w.node[1].asked_name, "anna");
	T_DO(close_world());
}

static void try_eap_only(const char *client, const char *server, bool both, int msk)
{
	char c[2048], s[2048];
	bool has_up, is_keyed = msk == WORLD_MSK_MADE;

	snprintf(c, sizeof(c), CLIENT("%s"), client);
	snprintf(s, sizeof(s), SERVER("%s"), server);
	T_DO(open_with(c, s));
	w.node[0].msk = w.node[1].msk = msk;
	T_DO(connect(2000));
	has_up = w.node[0].up_sa != 0 && w.node[1].up_sa != 0;
	T_TRUE(has_up == (is_keyed || !both));
	if (!has_up)
		T_EQ(w.node[1].last_status, ST_AUTH_METHOD);
	if (has_up)
		T_EQ(info_of(1).auth_local, both ? AUTHM_EAP_SHOWN : 14);
	T_DO(close_world());
}

/* RFC 5998: neither side's certificate; only where both allow it, and only with a method that makes a key. */
static void test_eap_only(void)
{
	static const struct {
		const char *client, *server;
	} rows[] = {
		{LOCAL("eap") REMOTE("rsa-sig") " sallyport eap only\n", LOCAL("rsa-sig") REMOTE("eap") " sallyport eap only\n"},
		{LOCAL("eap") REMOTE("rsa-sig"), LOCAL("rsa-sig") REMOTE("eap") " sallyport eap only\n"},
		{LOCAL("eap") REMOTE("rsa-sig") " sallyport eap only\n", LOCAL("rsa-sig") REMOTE("eap")},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].client);
		T_DO(try_eap_only(rows[i].client, rows[i].server, i == 0, WORLD_MSK_MADE));
		T_DO(try_eap_only(rows[i].client, rows[i].server, i == 0, WORLD_MSK_NONE));
	}
}

/* ---- who does not --------------------------------------------------------------------------------------- */

static void test_wrong_secrets(void)
{
	static const struct {
		const char *client, *server;
		int wrong_side;
		enum status status; /* at the headend (client wrong) or at the client */
	} rows[] = {
		{LOCAL("rsa-sig") REMOTE("rsa-sig"), LOCAL("rsa-sig") REMOTE("rsa-sig"), 0, ST_BAD_SIGNATURE},
		{LOCAL("rsa-sig") REMOTE("rsa-sig"), LOCAL("rsa-sig") REMOTE("rsa-sig"), 1, ST_BAD_SIGNATURE},
		{LOCAL("pre-share") REMOTE("rsa-sig"), LOCAL("rsa-sig") REMOTE("pre-share"), 0, ST_AUTH_FAILED},
		{LOCAL("pre-share") REMOTE("rsa-sig"), LOCAL("rsa-sig") REMOTE("pre-share"), 1, ST_BAD_SIGNATURE},
		{LOCAL("eap") REMOTE("rsa-sig"), LOCAL("rsa-sig") REMOTE("eap"), 0, ST_AUTH_FAILED},
		{LOCAL("eap") REMOTE("rsa-sig"), LOCAL("rsa-sig") REMOTE("eap"), 1, ST_BAD_SIGNATURE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char c[2048], s[2048];

		T_ROW(i, rows[i].client);
		snprintf(c, sizeof(c), CLIENT("%s"), rows[i].client);
		snprintf(s, sizeof(s), SERVER("%s"), rows[i].server);
		T_DO(open_with(c, s));
		snprintf(w.node[rows[i].wrong_side].psk_local, sizeof(w.node[0].psk_local), "wrong");
		T_DO(connect(2000));
		T_EQ(w.node[rows[i].wrong_side == 0].last_status, rows[i].status);
		T_TRUE(w.node[0].up_total == 0 && w.node[0].n_child == 0);
		if (rows[i].wrong_side == 0) {
			T_EQ(w.node[1].up_total, 0);
			T_EQ(world_count(&w.node[1], CT_REFUSED_KEY) + world_count(&w.node[1], CT_REFUSED_CERT) +
				world_count(&w.node[1], CT_REFUSED_EAP), 1);
		}
		T_DO(close_world());
	}
}

/* When the client has sent its AUTH, its key becomes another: the headend's AUTH is wrong to it. */
static bool spoil_key(struct world *world, int from, struct world_item *it, void *ctx)
{
	struct ike *ike = world->node[0].ike;
	struct ike_sa *sa = CONTAINER_OF(ike->sas.next, struct ike_sa, node);

	(void)it;
	(void)ctx;
	if (from == 0 && sa->hs != NULL && sa->hs->proof != NULL && sa->hs->proof->msk_len > 0)
		sa->hs->proof->msk[0] ^= 1;
	return true;
}

/* EAP says yes, and then the AUTH payloads are judged: made of another key, of SK_p where there is a key, and the
 * reverse (bug class 8: no way in by the method alone). */
static void test_class_08_the_key_of_eap(void)
{
	for (int side = 0; side < 2; side++)
		for (int made = WORLD_MSK_OTHER; made <= WORLD_MSK_NONE; made++) {
			T_ROW(side * 10 + made, "");
			T_DO(open_with(CLIENT(LOCAL("eap") REMOTE("rsa-sig")), SERVER(LOCAL("rsa-sig") REMOTE("eap"))));
			w.node[side].msk = made;
			w.node[!side].msk = WORLD_MSK_MADE;
			T_DO(connect(2000));
			T_EQ(w.node[0].up_total + w.node[1].up_total, 0);
			T_EQ(w.node[1].last_status, ST_AUTH_FAILED);
			T_DO(close_world());
		}
	/* The client is right, and the headend has another key for its own AUTH: seen by the client alone. */
	T_DO(open_with(CLIENT(LOCAL("eap") REMOTE("rsa-sig")), SERVER(LOCAL("rsa-sig") REMOTE("eap"))));
	w.node[0].msk = w.node[1].msk = WORLD_MSK_MADE;
	w.tap = spoil_key;
	T_DO(connect(2000));
	T_EQ(w.node[0].up_total, 0);
	T_EQ(w.node[0].last_status, ST_AUTH_FAILED);
	T_STR(w.node[0].last_detail, "the responder's AUTH after EAP is wrong");
	T_DO(close_world());
}

/* A method that a profile does not name, in the words that name it. */
static void test_methods_that_are_not_allowed(void)
{
	static const struct {
		const char *client, *server, *words;
	} rows[] = {
		{LOCAL("eap") REMOTE("rsa-sig"), LOCAL("rsa-sig") REMOTE("rsa-sig"),
			"the peer authenticates by EAP, and profile RA has no `authentication remote eap`"},
		{LOCAL("rsa-sig") REMOTE("rsa-sig"), LOCAL("rsa-sig") REMOTE("eap"),
			"the peer authenticates by Digital Signature, and profile RA has no `authentication remote rsa-sig`"},
		{LOCAL("pre-share") REMOTE("rsa-sig"), LOCAL("rsa-sig") REMOTE("ecdsa-sig"),
			"the peer authenticates by PSK, and profile RA has no `authentication remote pre-share`"},
		{LOCAL("rsa-sig") REMOTE("rsa-sig"), LOCAL("rsa-sig") REMOTE("ecdsa-sig"),
			"the peer authenticates by Digital Signature, and profile RA has no `authentication remote rsa-sig`"},
		{LOCAL("eap") REMOTE("rsa-sig"),
			LOCAL("rsa-sig") REMOTE("eap") REMOTE("rsa-sig") " sallyport eap multiple\n",
			"profile RA has `sallyport eap multiple`: a certificate and then EAP, and the client wants only one "
			"of them"},
		{LOCAL("rsa-sig") REMOTE("rsa-sig"),
			LOCAL("rsa-sig") REMOTE("eap") REMOTE("rsa-sig") " sallyport eap multiple\n",
			"profile RA has `sallyport eap multiple`: a certificate and then EAP, and the client wants only one "
			"of them"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char c[2048], s[2048];

		T_ROW(i, rows[i].words);
		snprintf(c, sizeof(c), CLIENT("%s"), rows[i].client);
		snprintf(s, sizeof(s), SERVER("%s"), rows[i].server);
		T_DO(open_with(c, s));
		T_DO(connect(2000));
		T_EQ(w.node[1].last_status, ST_AUTH_METHOD);
		T_STR(w.node[1].last_detail, rows[i].words);
		T_EQ(w.node[0].up_total + w.node[1].up_total, 0);
		T_DO(close_world());
	}
}

/* The world never answers: each state ends by itself, and the EAP conversations with it. */
static void test_answers_that_never_come(void)
{
	T_DO(open_with(CLIENT(LOCAL("eap") REMOTE("rsa-sig")), SERVER(LOCAL("rsa-sig") REMOTE("eap"))));
	for (int side = 0; side < 2; side++)
		for (uint32_t ms = 20; ms < 400; ms += 20) {
			T_ROW(side * 1000 + ms, "");
			T_DO(connect(ms));
			w.node[side].never_answers = true;
			world_run(&w, 400000);
			w.node[side].never_answers = false;
			ike_close_all(w.node[0].ike, ST_END_ADMIN);
			ike_close_all(w.node[1].ike, ST_END_ADMIN);
			world_run(&w, 400000);
			T_TRUE(world_is_empty(&w));
		}
	T_DO(close_world());
}

/* R-AUT-09: a client that is silent in the middle of EAP goes after the time of its profile. */
static bool drop_later(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)world;
	(void)ctx;
	return from == 1 || it->bytes[18] != 35 || it->bytes[23] < 3;
}

static void test_patience_with_eap(void)
{
	T_DO(open_with(CLIENT(LOCAL("eap") REMOTE("rsa-sig")),
		SERVER(LOCAL("rsa-sig") REMOTE("eap") REMOTE("eap timeout 12"))));
	w.tap = drop_later;
	T_DO(connect(9000));
	T_EQ(ike_half_open(w.node[1].ike), 1);
	world_run(&w, 5000);
	T_EQ(ike_half_open(w.node[1].ike), 0);
	T_EQ(w.node[1].last_status, ST_TIMEOUT);
	T_TRUE(strstr(w.node[1].last_detail, "did not go on with EAP") != NULL);
	T_DO(close_world());
}

/* One that answers always, but slowly, has to come to an end, too. */
static void test_patience_with_all_of_eap(void)
{
	bool is_set = false;

	T_DO(open_with(CLIENT(LOCAL("eap") REMOTE("rsa-sig")),
		SERVER(LOCAL("rsa-sig") REMOTE("eap") REMOTE("eap timeout 12"))));
	w.knobs.delay_ms = 20;
	T_DO(connect(0));
	for (int ms = 0; ms < 2000 && !is_set; ms++) {
		world_run(&w, 1);
		LIST_EACH(at, &w.node[1].ike->sas) {
			struct ike_sa *sa = CONTAINER_OF(at, struct ike_sa, node);

			if (sa->state == SA_R_EAP) {
				sa->created_ms -= 4 * 12000; /* as if there had been many rounds already */
				is_set = true;
			}
		}
	}
	T_TRUE(is_set);
	world_run(&w, 3000);
	T_EQ(w.node[1].up_total, 0);
	T_EQ(w.node[1].last_status, ST_TIMEOUT);
	T_STR(w.node[1].last_detail, "the client has taken too long for EAP as a whole");
	T_DO(close_world());
}

/* ---- IKE_SA_INIT ------------------------------------------------------------------------------------------ */

/* Our CAs are named in the reply; where that is longer than the request, only to an address that a cookie has
 * proven. */
static size_t longest_unproven, requests;

static bool watch_init(struct world *world, int from, struct world_item *it, void *ctx)
{
	static size_t asked;

	(void)world;
	(void)ctx;
	if (it->bytes[18] != 34)
		return true;
	if (from == 0) {
		requests++;
		/* A COOKIE notify comes first. */
		asked = it->bytes[16] == 41 ? SIZE_MAX : it->len;
	} else if (asked != SIZE_MAX && it->len > asked) {
		longest_unproven = it->len;
	}
	return true;
}

static void test_authorities_and_cookies(void)
{
	uint8_t hashes[20 * 20];

	for (size_t n = 0; n <= 20; n += 4) {
		T_ROW(n, "CAs");
		T_DO(open_with(CLIENT(LOCAL("rsa-sig") REMOTE("rsa-sig")), SERVER(LOCAL("rsa-sig") REMOTE("rsa-sig"))));
		memset(hashes, 7, sizeof(hashes));
		T_EQ(ike_set_authorities(w.node[1].ike, (struct view){hashes, n * 20}), ST_OK);
		longest_unproven = requests = 0;
		w.tap = watch_init;
		T_DO(connect(2000));
		T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
		T_EQ(longest_unproven, 0);
		T_EQ(requests, n <= 4 ? 1 : 2);
		T_DO(close_world());
	}
}

/* A user by EAP comes back with a ticket: it is still one by EAP. */
static void test_ticket_of_an_eap_login(void)
{
#define RESUME "sallyport ike resumption lifetime 600\n"
	uint64_t sa;

	T_DO(open_with(RESUME CLIENT(LOCAL("eap") REMOTE("rsa-sig") " dpd 10 2 periodic\n"),
		RESUME SERVER(LOCAL("rsa-sig") REMOTE("eap") " dpd 10 2 periodic\n")));
	T_DO(connect(3000));
	T_TRUE(w.node[0].up_sa != 0);
	w.knobs.loss = 1000;
	world_run(&w, 100000);
	w.knobs.loss = 0;
	T_EQ(ike_count(w.node[0].ike), 0);
	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 3000);
	T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
	T_TRUE(info_of(1).is_resumed);
	T_EQ(info_of(1).auth_remote, AUTHM_EAP_SHOWN);
	T_EQ(info_of(1).auth_local, 14);
	T_STR(w.node[1].asked_name, "eapuser");
	T_DO(close_world());
}

/* The identity in IKE is anybody's: two users of EAP that say the same one leave each other alone, and a user who
 * comes again takes the place of itself. */
static void test_contact_of_another_user(void)
{
	static const char force[] = LOCAL("rsa-sig") REMOTE("eap") " initial-contact force\n";
	char s[2048];

	snprintf(s, sizeof(s), SERVER("%s"), force);
	for (int same = 0; same < 2; same++) {
		uint64_t first;

		T_ROW(same, NULL);
		T_DO(open_with(CLIENT(LOCAL("eap") REMOTE("rsa-sig")), s));
		T_DO(connect(2000));
		first = w.node[1].up_sa;
		T_TRUE(first != 0);
		T_EQ(ike_rekey(w.node[1].ike, first, false), ST_OK);
		world_run(&w, 2000);
		T_STR(ike_find_number(w.node[1].ike, first)->user, "eapuser");
		if (!same)
			T_EQ(text_set(&ike_find_number(w.node[1].ike, first)->user, "anna"), ST_OK);
		T_DO(connect(3000));
		T_EQ(ike_count(w.node[1].ike), same ? 1 : 2);
		T_TRUE((ike_find_number(w.node[1].ike, first) == NULL) == same);
		T_DO(close_world());
	}
}

/* Where signatures are looked at the client may be sent elsewhere; one that stays is what it has shown. */
static void test_method_of_who_may_be_redirected(void)
{
#define STAYS "crypto ikev2 redirect client max-redirects 3\n"
#define SENDS "crypto ikev2 redirect gateway auth\n"
	T_DO(open_with(STAYS CLIENT(LOCAL("rsa-sig") REMOTE("pre-share")),
		SENDS SERVER(LOCAL("pre-share") REMOTE("rsa-sig"))));
	T_DO(connect(2000));
	T_EQ(w.node[1].asked_redirect, 1);
	T_TRUE(w.node[1].up_sa != 0);
	T_EQ(info_of(1).auth_remote, 14);
	T_DO(close_world());
}

/* The second round needs a signature of ours to follow: it is not left out where there is none. */
static void test_second_round_is_not_left_out(void)
{
	struct ike_sa *sa = NULL;

	T_DO(open_with(CLIENT(LOCAL("rsa-sig") REMOTE("pre-share")),
		SERVER(LOCAL("pre-share") REMOTE("rsa-sig") " sallyport eap multiple\n")));
	w.knobs.answer_ms = 20;
	T_DO(connect(0));
	for (int ms = 0; ms < 2000 && sa == NULL; ms++) {
		world_run(&w, 1);
		LIST_EACH(at, &w.node[1].ike->sas) {
			struct ike_sa *of = CONTAINER_OF(at, struct ike_sa, node);

			sa = of->state == SA_R_NAME ? of : NULL;
		}
	}
	T_TRUE(sa != NULL);
	sa->hs->another_follows = true; /* as if the client had said so */
	world_run(&w, 2000);
	T_EQ(w.node[1].up_total, 0);
	T_EQ(w.node[1].last_status, ST_AUTH_METHOD);
	T_DO(close_world());
}

int main(void)
{
	T_RUN(test_pairs_of_methods);
	T_RUN(test_the_user_of_eap);
	T_RUN(test_eap_only);
	T_RUN(test_wrong_secrets);
	T_RUN(test_class_08_the_key_of_eap);
	T_RUN(test_methods_that_are_not_allowed);
	T_RUN(test_answers_that_never_come);
	T_RUN(test_patience_with_eap);
	T_RUN(test_patience_with_all_of_eap);
	T_RUN(test_authorities_and_cookies);
	T_RUN(test_ticket_of_an_eap_login);
	T_RUN(test_contact_of_another_user);
	T_RUN(test_method_of_who_may_be_redirected);
	T_RUN(test_second_round_is_not_left_out);

	return t_end();
}
