/* EAP conversations of our server with our peer: every method, identities, Nak, second factors, and
 * what the peer's side asks a person for. What must fail is in test_eap_wrong.c. */
#include "tests/unit/eap_lab.h"

#define MS  "\x1a"
#define MD5 "\x04"
#define GTC "\x06"
#define ALL MS MD5 GTC

static struct lab lab;

static const struct {
	const char *name, *methods;
	uint8_t type;
	bool has_msk;
} methods[] = {{"MSCHAPv2", MS, EAP_MSCHAPV2, true}, {"MD5", MD5, EAP_MD5, false},
	{"GTC", GTC, EAP_GTC, false}};

#define METHODS (sizeof(methods) / sizeof(methods[0]))

static void good_end(const struct lab *l, bool has_msk)
{
	static const uint8_t zeros[32];

	T_EQ(l->s.kind, EAP_SUCCESS);
	T_EQ(l->p.kind, EAP_SUCCESS);
	T_STR(l->s.name, "anna");
	T_STR(l->p.name, "anna");
	T_EQ(l->s.has_msk, has_msk);
	T_EQ(l->p.has_msk, has_msk);
	T_MEM(l->s.msk, l->p.msk, EAP_MSK_LEN);
	T_EQ(memcmp(l->s.msk, zeros, 32) != 0, has_msk);
	T_MEM(l->s.msk + 32, zeros, 32);
	T_EQ(l->s.out_len, 4);
	T_EQ(l->checked_right, 1);
	T_EQ(l->checked_wrong, 0);
	T_EQ(eap_server_dropped(l->server) + eap_peer_dropped(l->peer), 0);
}

static void every_method_logs_in(void)
{
	for (size_t i = 0; i < METHODS; i++) {
		for (int query = 0; query < 2; query++) {
			T_ROW(i * 2 + (size_t)query, methods[i].name);
			lab_init(&lab, methods[i].methods, ALL);
			lab.sc.query_identity = query != 0;
			if (!query)
				lab.sc.identity = lab_text("anna");
			lab_run(&lab);
			T_DO(good_end(&lab, methods[i].has_msk));
			T_EQ(lab.n,
				(query ? 2 : 0) + (methods[i].type == EAP_MSCHAPV2 ? 4 : 2) + 1);
			T_STR(eap_server_name(lab.server), "anna");
			lab_end(&lab);
		}
	}
}

static void nothing_comes_after_the_end(void)
{
	lab_init(&lab, MS, MS);
	lab_run(&lab);
	T_DO(good_end(&lab, true));
	lab_to_server(&lab, "\x02\x01\x00\x05\x01", 5);
	T_EQ(lab.s.kind, EAP_FAILURE);
	T_EQ(lab.s.status, ST_BAD_STATE);
	T_EQ(lab.s.out_len, 0);
	T_TRUE(!lab.s.has_msk);
	lab_to_peer(&lab, "\x03\x01\x00\x04", 4);
	T_EQ(lab.p.kind, EAP_FAILURE);
	T_EQ(lab.p.status, ST_BAD_STATE);
	T_TRUE(!lab.p.has_msk);
	eap_server_start(lab.server, &lab.s);
	T_EQ(lab.s.kind, EAP_FAILURE);
	lab_end(&lab);
}

/* Android's empty identity: the IKE identity stands. */
static void an_empty_identity_is_the_ike_identity(void)
{
	static const uint8_t empty[] = {2, 0xfe, 0, 5, 1};
	static const uint8_t options[] = {2, 0xfe, 0, 12, 1, 'c', 'a', 'r', 'l', 0, 'x', '='};

	lab_init(&lab, GTC, GTC);
	lab_begin(&lab);
	lab_to_server(&lab, empty, sizeof(empty));
	T_EQ(lab.s.kind, EAP_SEND);
	T_STR(eap_server_name(lab.server), "ike@corp.example");
	lab_end(&lab);
	lab.sc.identity = (struct view){0};
	lab_begin(&lab);
	lab_to_server(&lab, empty, sizeof(empty));
	T_EQ(lab.s.kind, EAP_FAILURE);
	T_EQ(lab.s.status, ST_EAP_IDENTITY);
	lab_end(&lab);
	lab_begin(&lab);
	lab_to_server(&lab, options, sizeof(options));
	T_STR(eap_server_name(lab.server), "carl");
	lab_end(&lab);
	lab.sc.query_identity = false;
	lab_begin(&lab);
	T_EQ(lab.s.kind, EAP_FAILURE);
	T_EQ(lab.s.status, ST_EAP_IDENTITY);
	T_MEM(lab.s.out, "\x04\xfe\x00\x04", 4);
	lab_end(&lab);
}

/* Windows says DOMAIN\user; the hash is over the user alone, and so is the name. */
static void mschapv2_names_have_no_domain(void)
{
	lab_init(&lab, MS, MS);
	lab.pc.username = lab_text("CORP\\anna");
	lab_run(&lab);
	T_EQ(lab.s.kind, EAP_SUCCESS);
	T_EQ(lab.p.kind, EAP_SUCCESS);
	T_STR(lab.s.name, "anna");
	T_STR(lab.asked, "anna");
	T_MEM(lab.s.msk, lab.p.msk, EAP_MSK_LEN);
	lab_end(&lab);
}

static void nak_finds_a_method_of_both(void)
{
	static const struct {
		const char *server, *peer;
		int type; /* 0: none */
	} rows[] = {
		{MS GTC MD5, GTC, EAP_GTC},
		{MS GTC MD5, MD5 GTC, EAP_GTC},
		{MD5 MS, GTC MS, EAP_MSCHAPV2},
		{MS, GTC MD5, 0},
		{"\x0d"
		 "\x15" GTC,
			GTC, EAP_GTC},
		{MD5 GTC, MS, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, NULL);
		lab_init(&lab, rows[i].server, rows[i].peer);
		lab_run(&lab);
		T_EQ(lab.s.kind, rows[i].type != 0 ? EAP_SUCCESS : EAP_FAILURE);
		T_EQ(lab.p.kind, rows[i].type != 0 ? EAP_SUCCESS : EAP_FAILURE);
		if (rows[i].type == 0) {
			T_EQ(lab.s.status, ST_EAP_NO_METHOD);
			T_EQ(lab.p.status, ST_EAP_NO_METHOD);
		} else
			T_EQ(lab.s.method, rows[i].type);
		lab_end(&lab);
	}
}

/* R-EAP-09: a method that we do not have is answered with exactly those that we have. */
static void nak_lists_what_we_can(void)
{
	static const uint8_t tls[] = {1, 7, 0, 6, 13, 0x20},
			     any[] = {1, 8, 0, 12, 254, 0, 0, 9, 0x44, 0x42, 0x52, 0x50};
	static const uint8_t nak[] = {2, 7, 0, 8, 3, 26, 4, 6};
	static const uint8_t expanded[] = {2, 8, 0, 36, 254, 0, 0, 0, 0, 0, 0, 3, 254, 0, 0, 0, 0,
		0, 0, 26, 254, 0, 0, 0, 0, 0, 0, 4, 254, 0, 0, 0, 0, 0, 0, 6};

	lab_init(&lab, MS, MS MD5 GTC "\x0d"); /* TLS without a certificate is not offered */
	lab_begin(&lab);
	lab_to_peer(&lab, tls, sizeof(tls));
	T_EQ(lab.p.out_len, sizeof(nak));
	T_MEM(lab.p.out, nak, sizeof(nak));
	lab_to_peer(&lab, any, sizeof(any));
	T_EQ(lab.p.out_len, sizeof(expanded));
	T_MEM(lab.p.out, expanded, sizeof(expanded));
	lab_end(&lab);
}

static void expanded_types_of_the_ietf_are_the_same(void)
{
	static const uint8_t md5[] = {1, 9, 0, 15, 254, 0, 0, 0, 0, 0, 0, 4, 1, 0x55, 'g'};
	static const uint8_t head[] = {2, 9, 0, 33, 254, 0, 0, 0, 0, 0, 0, 4, 16};

	lab_init(&lab, MD5, MD5);
	lab_begin(&lab);
	lab_to_peer(&lab, md5, sizeof(md5));
	T_EQ(lab.p.kind, EAP_SEND);
	T_EQ(lab.p.out_len, 33);
	T_MEM(lab.p.out, head, sizeof(head));
	lab_end(&lab);
}

static void notifications_are_acknowledged(void)
{
	static const uint8_t note[] = {1, 3, 0, 7, 2, 'h', 'i'}, ack[] = {2, 3, 0, 5, 2};

	lab_init(&lab, GTC, GTC);
	lab_begin(&lab);
	lab_to_peer(&lab, note, sizeof(note));
	T_EQ(lab.p.kind, EAP_SEND);
	T_EQ(lab.p.out_len, sizeof(ack));
	T_MEM(lab.p.out, ack, sizeof(ack));
	lab_go(&lab, LAB_STEPS);
	T_EQ(lab.p.kind, EAP_SUCCESS);
	lab_end(&lab);
}

/* ---- second factors -------------------------------------------------------------------------- */

static void gtc_asks_for_a_code(void)
{
	lab_init(&lab, GTC, GTC);
	lab_totp(&lab);
	lab_run(&lab);
	T_DO(good_end(&lab, false));
	T_EQ(lab.n, 7);
	T_EQ(lab.totp_step, 1);
	lab_end(&lab);
	/* Typed after the password: one prompt less. */
	lab.pc.password = lab_text("open sesame" LAB_CODE);
	lab_run(&lab);
	T_DO(good_end(&lab, false));
	T_EQ(lab.n, 5);
	T_EQ(lab.totp_step, 1);
	lab_end(&lab);
}

static void a_wrong_or_used_code_is_refused(void)
{
	for (int used = 0; used < 2; used++) {
		T_ROW(used, NULL);
		lab_init(&lab, GTC, GTC);
		lab_totp(&lab);
		lab.user.totp_used = (uint64_t)used;
		lab.code = used ? LAB_CODE : "000000";
		lab_run(&lab);
		T_EQ(lab.s.kind, EAP_FAILURE);
		T_EQ(lab.s.status, ST_WRONG_CODE);
		T_EQ(lab.checked_right, 0);
		T_EQ(lab.checked_wrong, 1);
		lab_end(&lab);
	}
}

/* What cannot carry the second factor does not go without it. */
static void no_code_no_login(void)
{
	for (size_t i = 0; i < 2; i++) {
		T_ROW(i, methods[i].name);
		lab_init(&lab, methods[i].methods, ALL);
		lab_totp(&lab);
		lab_run(&lab);
		T_EQ(lab.s.kind, EAP_FAILURE);
		T_EQ(lab.s.status, ST_WRONG_CODE);
		T_TRUE(!lab.s.has_msk);
		T_EQ(lab.p.kind, EAP_FAILURE);
		T_EQ(lab.checked_right, 0);
		lab_end(&lab);
	}
}

/* MSCHAPv2, a Success of five bytes, GTC. The client is played by hand: ours does not do that. */
static void forticlient_is_asked_after_mschapv2(void)
{
	for (int wrong = 0; wrong < 2; wrong++) {
		uint8_t answer[] = {2, 0, 0, 11, 6, '2', '8', '7', '0', '8', '2'};
		uint8_t nak[] = {2, 0, 0, 6, 3, 4};

		T_ROW(wrong, NULL);
		lab_init(&lab, MS MD5, MS);
		lab_totp(&lab);
		lab.sc.quirks = EAP_QUIRK_FORTICLIENT;
		lab_begin(&lab);
		lab_go(&lab, 6);
		T_EQ(lab.s.kind, EAP_SEND);
		T_MEM(lab.s.out, "\x03\x00\x00\x05\x06", 5);
		T_EQ(lab.s.out_len, 5);
		T_TRUE(!lab.s.has_msk);
		T_EQ(lab.checked_right, 0);
		lab_to_server(&lab, "", 0);
		T_EQ(lab.s.kind, EAP_SEND);
		T_EQ(lab.s.out[4], EAP_GTC);
		nak[1] = answer[1] = lab.s.out[1];
		lab_to_server(&lab, nak, sizeof(nak));
		T_EQ(lab.s.kind, EAP_NOTHING);
		answer[10] = wrong ? '3' : '2';
		lab_to_server(&lab, answer, sizeof(answer));
		T_EQ(lab.s.kind, wrong ? EAP_FAILURE : EAP_SUCCESS);
		T_EQ(lab.s.out_len, 4);
		T_TRUE(!lab.s.has_msk);
		T_EQ(lab.checked_right, !wrong);
		T_EQ(lab.checked_wrong, wrong);
		T_STR(lab.s.name, "anna");
		lab_end(&lab);
	}
	/* Without a second factor it is like everybody. */
	lab_init(&lab, MS, MS);
	lab.sc.quirks = EAP_QUIRK_FORTICLIENT;
	lab_run(&lab);
	T_DO(good_end(&lab, true));
	lab_end(&lab);
}

/* ---- what a person is asked for (R-EAP-10) ----------------------------------------------------
 */

static void a_person_is_asked_for_what_is_missing(void)
{
	static const struct {
		const char *username, *password;
		bool query, want_name;
		int at; /* packets to the peer before it asks, 0: it does not */
	} rows[] = {
		{"", "", true, true, 1},
		{"anna", "", true, false, 2},
		{"", "", false, false, 1},
		{"anna", "open sesame", true, false, 0},
		{"", "open sesame", true, false, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int asked_at = 0;

		T_ROW(i, NULL);
		lab_init(&lab, MS, MS);
		lab.sc.query_identity = rows[i].query;
		lab.sc.identity = lab_text("anna");
		lab.pc.username = lab_text(rows[i].username);
		lab.pc.password = lab_text(rows[i].password);
		lab_begin(&lab);
		for (int n = 1; lab.p.kind != EAP_SUCCESS && lab.s.out_len > 0; n++) {
			eap_peer_packet(lab.peer, (struct view){lab.s.out, lab.s.out_len}, &lab.p);
			if (lab.p.kind == EAP_WANT_PASSWORD) {
				T_EQ(asked_at, 0);
				asked_at = n;
				T_EQ(lab.p.want_name, rows[i].want_name);
				eap_peer_password(lab.peer, ST_OK, lab_text("anna"),
					lab_text("open sesame"), &lab.p);
			}
			if (lab.p.kind == EAP_SEND)
				lab_to_server(&lab, lab.p.out, lab.p.out_len);
		}
		T_EQ(asked_at, rows[i].at);
		T_DO(good_end(&lab, true));
		lab_end(&lab);
	}
}

/* R-EAP-11: our identity in IKE is an address, and no name of ours stands in its place. */
static void an_address_is_no_name(void)
{
	static const struct {
		const char *methods, *username, *password, *given;
		bool query, is_good;
	} rows[] = {
		{MS, "", "open sesame", "", false, false},
		{MS, "", "open sesame", "", true, false},
		{GTC, "", "open sesame", "", false, false},
		{MS, "", "", "", false, false},
		/* A person may say none, either. */
		{MS, "", "", "", true, false},
		{MS, "", "", "anna", true, true},
		{MS, "anna", "open sesame", "", false, true},
		{MS, "anna", "", "", true, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, NULL);
		lab_init(&lab, rows[i].methods, rows[i].methods);
		lab.sc.query_identity = rows[i].query;
		lab.sc.identity = lab_text("anna");
		lab.pc.identity = (struct view){0};
		lab.pc.username = lab_text(rows[i].username);
		lab.pc.password = lab_text(rows[i].password);
		lab_begin(&lab);
		for (int n = 0; n < LAB_STEPS && lab.p.kind != EAP_SUCCESS && lab.p.kind != EAP_FAILURE; n++) {
			eap_peer_packet(lab.peer, (struct view){lab.s.out, lab.s.out_len}, &lab.p);
			if (lab.p.kind == EAP_WANT_PASSWORD)
				eap_peer_password(lab.peer, ST_OK, lab_text(rows[i].given),
					lab_text("open sesame"), &lab.p);
			if (lab.p.kind == EAP_SEND)
				lab_to_server(&lab, lab.p.out, lab.p.out_len);
		}
		if (rows[i].is_good) {
			T_DO(good_end(&lab, true));
		} else {
			T_EQ(lab.p.kind, EAP_FAILURE);
			T_EQ(lab.p.status, ST_EAP_IDENTITY);
		}
		lab_end(&lab);
	}
}

static void no_password_is_an_end(void)
{
	lab_init(&lab, GTC, GTC);
	lab.pc.username = lab.pc.password = (struct view){0};
	lab_begin(&lab);
	eap_peer_packet(lab.peer, (struct view){lab.s.out, lab.s.out_len}, &lab.p);
	T_EQ(lab.p.kind, EAP_WANT_PASSWORD);
	eap_peer_password(lab.peer, ST_TIMEOUT, lab_text(""), lab_text(""), &lab.p);
	T_EQ(lab.p.kind, EAP_FAILURE);
	T_EQ(lab.p.status, ST_TIMEOUT);
	lab_end(&lab);
}

/* A prompt is shown as it is; the second one is always a person's. */
static void gtc_prompts_reach_the_person(void)
{
	static const uint8_t first[] = {1, 1, 0, 7, 6, 'A', '?'},
			     second[] = {1, 2, 0, 7, 6, 'B', '?'};

	lab_init(&lab, GTC, GTC);
	lab_begin(&lab);
	eap_peer_packet(lab.peer, (struct view){first, sizeof(first)}, &lab.p);
	T_EQ(lab.p.kind, EAP_SEND);
	T_MEM(lab.p.out + 5, "open sesame", 11);
	eap_peer_packet(lab.peer, (struct view){second, sizeof(second)}, &lab.p);
	T_EQ(lab.p.kind, EAP_WANT_PASSWORD);
	T_STR(lab.p.words, "B?");
	T_TRUE(!lab.p.want_name);
	eap_peer_password(lab.peer, ST_OK, lab_text(""), lab_text("123456"), &lab.p);
	T_EQ(lab.p.kind, EAP_SEND);
	T_EQ(lab.p.out_len, 11);
	T_MEM(lab.p.out + 5, "123456", 6);
	lab_end(&lab);
}

int main(void)
{
	T_RUN(every_method_logs_in);
	T_RUN(nothing_comes_after_the_end);
	T_RUN(an_empty_identity_is_the_ike_identity);
	T_RUN(mschapv2_names_have_no_domain);
	T_RUN(nak_finds_a_method_of_both);
	T_RUN(nak_lists_what_we_can);
	T_RUN(expanded_types_of_the_ietf_are_the_same);
	T_RUN(notifications_are_acknowledged);
	T_RUN(gtc_asks_for_a_code);
	T_RUN(a_wrong_or_used_code_is_refused);
	T_RUN(no_code_no_login);
	T_RUN(forticlient_is_asked_after_mschapv2);
	T_RUN(a_person_is_asked_for_what_is_missing);
	T_RUN(an_address_is_no_name);
	T_RUN(no_password_is_an_end);
	T_RUN(gtc_prompts_reach_the_person);
	return t_end();
}
