/* What must not log in, and must not crash (bug classes 8 and 9 of EAP: an early Success, a change
 * of method, identifiers used again, packets cut short, keys where there are none). */
#include "core/base/mem.h"
#include "tests/unit/eap_lab.h"

#define MS  "\x1a"
#define MD5 "\x04"
#define GTC "\x06"
#define ALL MS MD5 GTC

static struct lab lab;

static const char *const methods[] = {MS, MD5, GTC};
static const uint8_t types[] = {EAP_MSCHAPV2, EAP_MD5, EAP_GTC};

#define METHODS (sizeof(methods) / sizeof(methods[0]))

static void refused(const struct lab *l, enum status st)
{
	static const uint8_t zeros[EAP_MSK_LEN];

	T_EQ(l->s.kind, EAP_FAILURE);
	T_EQ(l->s.status, st);
	T_TRUE(l->s.words[0] != '\0');
	T_EQ(l->s.out[0], EAP_CODE_FAILURE);
	T_EQ(l->s.out_len, 4);
	T_EQ(l->p.kind, EAP_FAILURE);
	T_TRUE(!l->s.has_msk && !l->p.has_msk);
	T_MEM(l->s.msk, zeros, EAP_MSK_LEN);
	T_MEM(l->p.msk, zeros, EAP_MSK_LEN);
	T_EQ(l->checked_right, 0);
}

static void wrong_users_and_passwords(void)
{
	static const struct {
		const char *username, *password;
		bool locked, bare;
		enum status st;
		int wrong; /* counted as a guess */
	} rows[] = {
		{"anna", "open sesamE", false, false, ST_WRONG_PASSWORD, 1},
		{"anna", "open sesame ", false, false, ST_WRONG_PASSWORD, 1},
		{"Anna", "open sesame", false, false, ST_USER_UNKNOWN, 0},
		{"bert", "open sesame", false, false, ST_USER_UNKNOWN, 0},
		{"anna", "open sesame", true, false, ST_USER_LOCKED, 0},
		{"anna", "open sesame", false, true, ST_USER_VERIFIER, 0},
	};

	for (size_t i = 0; i < METHODS * (sizeof(rows) / sizeof(rows[0])); i++) {
		size_t k = i / METHODS;

		T_ROW(i, rows[k].username);
		lab_init(&lab, methods[i % METHODS], ALL);
		lab.pc.username = lab_text(rows[k].username);
		lab.pc.password = lab_text(rows[k].password);
		lab.user.is_locked = rows[k].locked;
		if (rows[k].bare)
			lab.user.has_scrypt = lab.user.has_nt = lab.user.has_clear = false;
		lab_run(&lab);
		T_DO(refused(&lab, rows[k].st));
		T_EQ(lab.checked_wrong, rows[k].wrong);
		lab_end(&lab);
	}
}

/* The peer cannot tell why: the same packets but for the random challenge. */
static void refusals_look_alike(void)
{
	uint8_t first[EAP_PACKET_MAX];
	size_t len = 0;

	for (int i = 0; i < 4; i++) {
		T_ROW(i, NULL);
		lab_init(&lab, MS, MS);
		if (i == 0)
			lab.pc.password = lab_text("wrong");
		lab.user.is_locked = i == 1;
		lab.user.is_found = i != 2;
		if (i == 3)
			lab_totp(&lab);
		lab_begin(&lab);
		lab_go(&lab, 4);
		T_EQ(lab.s.kind, EAP_SEND);
		if (i == 0) {
			len = lab.s.out_len;
			memcpy(first, lab.s.out, len);
		}
		T_EQ(lab.s.out_len, len);
		T_MEM(lab.s.out, first, len);
		lab_end(&lab);
	}
}

/* A server that does not know the password cannot prove that it does. */
static void the_server_must_know_the_password(void)
{
	lab_init(&lab, MS, MS);
	lab_begin(&lab);
	lab_go(&lab, 4);
	T_EQ(lab.s.kind, EAP_SEND);
	lab.s.out[12] ^= 1;
	lab_go(&lab, 5);
	T_EQ(lab.p.kind, EAP_FAILURE);
	T_EQ(lab.p.status, ST_AUTH_FAILED);
	T_TRUE(!lab.p.has_msk);
	lab_end(&lab);
}

/* EAP-Success and EAP-Failure at each step of each method. */
static void early_success_is_refused(void)
{
	for (size_t i = 0; i < METHODS; i++) {
		lab_init(&lab, methods[i], ALL);
		lab_run(&lab);
		int last = lab.n - 1;

		T_EQ(lab.p.kind, EAP_SUCCESS);
		lab_end(&lab);
		for (int at = 0; at <= last; at += 2) {
			for (uint8_t code = EAP_CODE_SUCCESS; code <= EAP_CODE_FAILURE; code++) {
				uint8_t end[] = {code, 0, 0, 4};

				T_ROW(i * 100 + (size_t)at, methods[i]);
				lab_begin(&lab);
				lab_go(&lab, at);
				end[1] = at == 0 ? 0xfe : lab.p.out[1];
				lab_to_peer(&lab, end, sizeof(end));
				if (code == EAP_CODE_SUCCESS && at == last) {
					T_EQ(lab.p.kind, EAP_SUCCESS);
				} else {
					T_EQ(lab.p.kind, EAP_FAILURE);
					T_EQ(lab.p.status, code == EAP_CODE_SUCCESS ? ST_EAP_EARLY
							   : at == 2 ? ST_EAP_NO_METHOD
								     : ST_PEER_REFUSED);
					T_TRUE(!lab.p.has_msk);
				}
				lab_end(&lab);
			}
		}
	}
}

/* After a failure of MSCHAPv2, Success is no success. */
static void success_after_failure_is_refused(void)
{
	uint8_t end[] = {EAP_CODE_SUCCESS, 0, 0, 4};

	lab_init(&lab, MS, MS);
	lab.pc.password = lab_text("wrong");
	lab_begin(&lab);
	lab_go(&lab, 5);
	T_EQ(lab.p.kind, EAP_SEND);
	end[1] = lab.p.out[1];
	lab_to_peer(&lab, end, sizeof(end));
	T_EQ(lab.p.kind, EAP_FAILURE);
	T_EQ(lab.p.status, ST_EAP_EARLY);
	lab_end(&lab);
}

/* Dropped, counted, and the conversation goes on as if nothing had come. */
static void foreign_packets_are_dropped(void)
{
	for (size_t i = 0; i < METHODS; i++) {
		for (int kind = 0; kind < 6; kind++) {
			uint8_t bad[EAP_PACKET_MAX];
			size_t len;

			T_ROW(i * 10 + (size_t)kind, methods[i]);
			lab_init(&lab, methods[i], ALL);
			lab_begin(&lab);
			lab_go(&lab, 3);
			len = lab.p.out_len;
			memcpy(bad, lab.p.out, len);
			if (kind == 0)
				bad[1]++; /* another identifier */
			else if (kind == 1)
				bad[1]--; /* of the request before */
			else if (kind == 2)
				bad[0] = EAP_CODE_REQUEST;
			else if (kind == 3)
				bad[4] = bad[4] == EAP_MD5 ? EAP_GTC : EAP_MD5; /* another method */
			else if (kind == 4)
				bad[0] = EAP_CODE_SUCCESS;
			else
				bad[4] = EAP_IDENTITY;
			uint8_t asked[EAP_PACKET_MAX];
			size_t asked_len = lab.s.out_len;

			memcpy(asked, lab.s.out, asked_len);
			lab_to_server(&lab, bad, len);
			T_EQ(lab.s.kind, EAP_NOTHING);
			T_EQ(lab.s.status, ST_EAP_UNEXPECTED);
			T_EQ(lab.s.out_len, asked_len);
			T_MEM(lab.s.out, asked, asked_len);
			T_EQ(eap_server_dropped(lab.server), 1);
			lab_go(&lab, LAB_STEPS);
			T_EQ(lab.s.kind, EAP_SUCCESS);
			T_EQ(lab.p.kind, EAP_SUCCESS);
			lab_end(&lab);
		}
	}
}

static void repeated_packets_change_nothing(void)
{
	uint8_t request[EAP_PACKET_MAX], response[EAP_PACKET_MAX];
	size_t request_len, response_len;

	for (size_t i = 0; i < METHODS; i++) {
		T_ROW(i, methods[i]);
		lab_init(&lab, methods[i], ALL);
		lab_begin(&lab);
		for (;;) {
			request_len = lab.s.out_len;
			memcpy(request, lab.s.out, request_len);
			if (!lab_step(&lab) || lab.p.kind != EAP_SEND)
				break;
			response_len = lab.p.out_len;
			memcpy(response, lab.p.out, response_len);
			lab_to_peer(&lab, request, request_len);
			T_EQ(lab.p.kind, EAP_SEND);
			T_EQ(lab.p.out_len, response_len);
			T_MEM(lab.p.out, response, response_len);
			T_TRUE(lab_step(&lab));
			if (lab.s.kind == EAP_SEND) {
				struct eap_step next = lab.s;

				lab_to_server(&lab, response, response_len);
				T_EQ(lab.s.kind, EAP_NOTHING);
				T_MEM(lab.s.out, next.out, next.out_len);
			}
		}
		T_EQ(lab.p.kind, EAP_SUCCESS);
		T_TRUE(eap_peer_dropped(lab.peer) >= 2);
		lab_end(&lab);
	}
}

/* The same identifier with other bytes is no repetition, and no request either. */
static void a_peer_answers_an_identifier_once(void)
{
	uint8_t bad[EAP_PACKET_MAX];

	lab_init(&lab, MS, MS);
	lab_begin(&lab);
	lab_go(&lab, 3);
	memcpy(bad, lab.s.out, lab.s.out_len);
	bad[12] ^= 1;
	lab_to_peer(&lab, bad, lab.s.out_len);
	T_EQ(lab.p.kind, EAP_NOTHING);
	T_EQ(eap_peer_dropped(lab.peer), 1);
	lab_end(&lab);
}

static void a_peer_does_not_change_the_method(void)
{
	for (size_t i = 0; i < METHODS; i++) {
		uint8_t other[] = {1, 0, 0, 22, types[(i + 1) % METHODS], 16, 0, 0, 0, 0, 0, 0, 0,
			0, 0, 0, 0, 0, 0, 0, 0, 0};

		T_ROW(i, methods[i]);
		lab_init(&lab, methods[i], ALL);
		lab_begin(&lab);
		lab_go(&lab, 3);
		other[1] = (uint8_t)(lab.p.out[1] + 1);
		lab_to_peer(&lab, other, sizeof(other));
		T_EQ(lab.p.kind, EAP_FAILURE);
		T_EQ(lab.p.status, ST_EAP_UNEXPECTED);
		lab_end(&lab);
	}
}

static void a_nak_is_for_the_first_request(void)
{
	static const struct {
		const char *hex; /* after 02 id len: type and what is wanted */
		size_t len;
		enum status st;
	} rows[] = {
		{"\x03", 1, ST_EAP_NO_METHOD},
		{"\x03\x00", 2, ST_EAP_NO_METHOD},
		{"\x03\x1a", 2, ST_EAP_NO_METHOD}, /* what it has just refused */
		{"\x03\x0d\x15\x19\xff\x01\x02\x03", 8, ST_EAP_NO_METHOD},
		{"\x03\x1a\x1a\x1a\x1a\x1a\x1a\x1a\x1a\x1a\x1a\x1a\x1a\x1a\x1a\x1a\x1a\x04", 18,
			ST_EAP_NO_METHOD},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t nak[32] = {2, 0xff, 0, (uint8_t)(4 + rows[i].len)};

		T_ROW(i, NULL);
		memcpy(nak + 4, rows[i].hex, rows[i].len);
		lab_init(&lab, MS MD5, MS);
		lab_begin(&lab);
		lab_go(&lab, 2);
		T_EQ(lab.s.out[1], 0xff);
		lab_to_server(&lab, nak, 4 + rows[i].len);
		T_EQ(lab.s.kind, EAP_FAILURE);
		T_EQ(lab.s.status, rows[i].st);
		lab_end(&lab);
	}
	/* Once the method has begun. */
	uint8_t nak[] = {2, 0, 0, 6, 3, 4};

	lab_init(&lab, MS MD5, MS);
	lab_begin(&lab);
	lab_go(&lab, 4);
	nak[1] = lab.s.out[1];
	lab_to_server(&lab, nak, sizeof(nak));
	T_EQ(lab.s.kind, EAP_NOTHING);
	T_EQ(lab.s.status, ST_EAP_UNEXPECTED);
	lab_end(&lab);
}

/* A response recorded in one conversation is worth nothing in the next. */
static void a_response_answers_its_own_challenge(void)
{
	for (size_t i = 0; i < 2; i++) {
		uint8_t old[EAP_PACKET_MAX];
		size_t len;

		T_ROW(i, methods[i]);
		lab_init(&lab, methods[i], ALL);
		lab_begin(&lab);
		lab_go(&lab, 3);
		len = lab.p.out_len;
		memcpy(old, lab.p.out, len);
		lab_end(&lab);
		lab_begin(&lab);
		lab.counter[0] = 77;
		lab_go(&lab, 3);
		T_EQ(lab.p.out[1], old[1]);
		lab_to_server(&lab, old, len);
		T_EQ(lab.checked_wrong, 1);
		T_TRUE(lab.s.kind != EAP_SUCCESS);
		lab_end(&lab);
	}
}

/* Every packet of every conversation is cut at every byte, with its length field as it was and made
 * to fit. */
static void damage(int at, size_t cut, int fit)
{
	uint8_t bad[EAP_PACKET_MAX];
	const struct eap_step *from = at % 2 == 0 ? &lab.s : &lab.p;

	lab_begin(&lab);
	lab_go(&lab, at);
	memcpy(bad, from->out, from->out_len);
	if (fit && cut >= 4) {
		bad[2] = (uint8_t)(cut >> 8);
		bad[3] = (uint8_t)cut;
	}
	/* Of the exact size, so that a sanitizer sees one byte too many. */
	uint8_t *exact = malloc(cut > 0 ? cut : 1);

	memcpy(exact, bad, cut);
	if (at % 2 == 0)
		lab_to_peer(&lab, exact, cut);
	else
		lab_to_server(&lab, exact, cut);
	free(exact);
}

static void packets_cut_short_log_nobody_in(void)
{
	for (size_t i = 0; i < METHODS; i++) {
		lab_init(&lab, methods[i], ALL);
		lab_run(&lab);
		int steps = lab.n;

		lab_end(&lab);
		for (int at = 0; at < steps; at++) {
			size_t len;

			lab_begin(&lab);
			lab_go(&lab, at);
			len = at % 2 == 0 ? lab.s.out_len : lab.p.out_len;
			lab_end(&lab);
			for (size_t cut = 0; cut < len; cut++) {
				for (int fit = 0; fit < 2; fit++) {
					T_ROW(at * 10000 + (int)cut, methods[i]);
					damage(at, cut, fit);
					/* The name that ends an MD5 response has no use. */
					bool name_only = types[i] == EAP_MD5 && cut >= 22 && fit;

					T_TRUE(lab.s.kind != EAP_SUCCESS || at == steps - 1 ||
						name_only);
					T_TRUE(lab.p.kind != EAP_SUCCESS);
					lab_end(&lab);
				}
			}
		}
	}
}

static void changed_bytes_never_give_keys_that_differ(void)
{
	for (int at = 2; at < 6; at++) {
		size_t len;

		lab_init(&lab, MS, MS);
		lab_begin(&lab);
		lab_go(&lab, at);
		len = at % 2 == 0 ? lab.s.out_len : lab.p.out_len;
		lab_end(&lab);
		for (size_t k = 0; k < len; k++) {
			T_ROW(at * 1000 + (int)k, NULL);
			lab_begin(&lab);
			lab_go(&lab, at);
			(at % 2 == 0 ? lab.s.out : lab.p.out)[k] ^= 0x41;
			lab_go(&lab, LAB_STEPS);
			if (lab.p.kind == EAP_SUCCESS) {
				T_EQ(lab.s.kind, EAP_SUCCESS);
				T_MEM(lab.s.msk, lab.p.msk, EAP_MSK_LEN);
			}
			lab_end(&lab);
		}
	}
}

/* How clients end MSCHAPv2; only opcode 3 is a yes. */
static void mschapv2_ends_with_opcode_3(void)
{
	static const struct {
		const char *data;
		size_t len;
		enum status st; /* ST_OK: success */
	} rows[] = {
		{"\x03", 1, ST_OK},
		{"\x03\xff\x00\x04", 4, ST_OK},
		{"\x03\x00\x00\x00\x00\x00", 6, ST_OK},
		{"\x04", 1, ST_PEER_REFUSED},
		{"\x02", 1, ST_EAP_UNEXPECTED},
		{"\x01", 1, ST_EAP_UNEXPECTED},
		{"\x07", 1, ST_EAP_UNEXPECTED},
		{"\x00", 1, ST_EAP_UNEXPECTED},
		{"", 0, ST_EAP_UNEXPECTED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t last[16] = {2, 0, 0, (uint8_t)(5 + rows[i].len), EAP_MSCHAPV2};

		T_ROW(i, NULL);
		memcpy(last + 5, rows[i].data, rows[i].len);
		lab_init(&lab, MS, MS);
		lab_begin(&lab);
		lab_go(&lab, 5);
		last[1] = lab.p.out[1];
		lab_to_server(&lab, last, 5 + rows[i].len);
		T_EQ(lab.s.kind, rows[i].st == ST_OK ? EAP_SUCCESS : EAP_FAILURE);
		T_EQ(lab.s.status, rows[i].st);
		T_EQ(lab.s.has_msk, rows[i].st == ST_OK);
		lab_end(&lab);
	}
}

/* Change-Password (opcode 7) or a second response after Failure: the first verdict stands. */
static void after_failure_nothing_helps(void)
{
	for (int kind = 0; kind < 3; kind++) {
		uint8_t last[EAP_PACKET_MAX];
		size_t len = 6;

		T_ROW(kind, NULL);
		lab_init(&lab, MS, MS);
		lab.pc.password = lab_text("wrong");
		lab_begin(&lab);
		lab_go(&lab, 3);
		memcpy(last, lab.p.out, lab.p.out_len);
		if (kind == 0)
			len = lab.p.out_len; /* the response once more */
		else
			memcpy(last, "\x02\x00\x00\x06\x1a", 5), last[5] = kind == 1 ? 7 : 3;
		lab_go(&lab, 4);
		last[1] = lab.s.out[1];
		lab_to_server(&lab, last, len);
		T_EQ(lab.s.kind, EAP_FAILURE);
		T_EQ(lab.s.status, ST_WRONG_PASSWORD);
		lab_end(&lab);
	}
}

static void a_peer_says_why_it_was_refused(void)
{
	static const struct {
		const char *text;
		enum status st;
	} rows[] = {
		{"E=691 R=0 C=00 V=3 M=x", ST_WRONG_PASSWORD},
		{"E=691 R=1 C=00 V=3", ST_WRONG_PASSWORD},
		{"E=648 R=0 V=3", ST_PEER_REFUSED},
		{"E=647", ST_PEER_REFUSED},
		{"", ST_PEER_REFUSED},
		{"E", ST_PEER_REFUSED},
		{"E=", ST_PEER_REFUSED},
		{"M=E=691", ST_WRONG_PASSWORD},
		{"E=99999999999999999999", ST_PEER_REFUSED},
		{"EE=691", ST_PEER_REFUSED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = strlen(rows[i].text);
		uint8_t bad[64] = {
			1, 0, 0, (uint8_t)(9 + n), EAP_MSCHAPV2, 4, 1, 0, (uint8_t)(4 + n)};
		uint8_t end[] = {EAP_CODE_FAILURE, 0, 0, 4};

		T_ROW(i, rows[i].text);
		memcpy(bad + 9, rows[i].text, n);
		lab_init(&lab, MS, MS);
		lab_begin(&lab);
		lab_go(&lab, 3);
		end[1] = bad[1] = (uint8_t)(lab.p.out[1] + 1);
		lab_to_peer(&lab, bad, 9 + n);
		T_EQ(lab.p.kind, EAP_SEND);
		T_EQ(lab.p.out_len, 6);
		T_EQ(lab.p.out[5], 4);
		lab_to_peer(&lab, end, sizeof(end));
		T_EQ(lab.p.kind, EAP_FAILURE);
		T_EQ(lab.p.status, rows[i].st);
		lab_end(&lab);
	}
}

static void nobody_talks_for_ever(void)
{
	static const uint8_t junk[] = {2, 0x11, 0, 5, 4};
	uint8_t note[] = {1, 0, 0, 5, 2};
	int n = 0;

	lab_init(&lab, MS, MS);
	lab_begin(&lab);
	do
		lab_to_server(&lab, junk, sizeof(junk));
	while (lab.s.kind == EAP_NOTHING && ++n < 1000);
	T_EQ(lab.s.kind, EAP_FAILURE);
	T_EQ(lab.s.status, ST_EAP_ROUNDS);
	T_EQ(n, EAP_ROUNDS_MAX);
	n = 0;
	do {
		note[1]++;
		lab_to_peer(&lab, note, sizeof(note));
	} while (lab.p.kind == EAP_SEND && ++n < 1000);
	T_EQ(lab.p.status, ST_EAP_ROUNDS);
	T_EQ(n, EAP_ROUNDS_MAX);
	lab_end(&lab);
}

static void answers_that_nobody_asked_for_are_an_end(void)
{
	for (int kind = 0; kind < 6; kind++) {
		T_ROW(kind, NULL);
		lab_init(&lab, MS, MS);
		lab_begin(&lab);
		lab_go(&lab, 3);
		if (kind == 0)
			eap_server_user(lab.server, 0, &lab.user, &lab.s);
		else if (kind == 1)
			eap_server_signed(lab.server, ST_OK, lab_text("x"), &lab.s);
		else if (kind == 2)
			eap_server_chain(lab.server, ST_OK, NULL, &lab.s);
		else if (kind == 3)
			eap_peer_password(lab.peer, ST_OK, lab_text("a"), lab_text("b"), &lab.p);
		else if (kind == 4)
			eap_peer_signed(lab.peer, ST_OK, lab_text("x"), &lab.p);
		else
			eap_peer_chain(lab.peer, ST_OK, NULL, &lab.p);
		T_EQ(kind < 3 ? lab.s.kind : lab.p.kind, EAP_FAILURE);
		T_EQ(kind < 3 ? lab.s.status : lab.p.status, ST_BAD_STATE);
		lab_end(&lab);
	}
}

static void names_that_are_none(void)
{
	uint8_t longest[5 + 256] = {2, 0xfe, 1, 5, 1};
	uint8_t identity[300];

	memset(longest + 5, 'a', 256);
	lab_init(&lab, MS, MS);
	lab_begin(&lab);
	lab_to_server(&lab, longest, sizeof(longest));
	T_EQ(lab.s.kind, EAP_FAILURE);
	T_EQ(lab.s.status, ST_EAP_IDENTITY);
	lab_end(&lab);
	/* An IKE identity that is too long, or has a NUL, is nobody. */
	memset(identity, 'b', sizeof(identity));
	for (int i = 0; i < 2; i++) {
		T_ROW(i, NULL);
		identity[3] = i ? 0 : 'b';
		lab.sc.query_identity = false;
		lab.sc.identity = (struct view){identity, i ? 8 : sizeof(identity)};
		lab_begin(&lab);
		T_EQ(lab.s.status, ST_EAP_IDENTITY);
		lab_end(&lab);
	}
}

static void a_list_without_a_method_makes_no_conversation(void)
{
	lab_init(&lab, "\x0d\x15\x19", "\x0d");
	T_TRUE(eap_server_new(&lab.sc) == NULL);
	T_TRUE(eap_peer_new(&lab.pc) == NULL);
	lab_init(&lab, MS, MS);
	lab.sc.fragment_size = lab.pc.fragment_size = EAP_FRAGMENT_MIN - 1;
	T_TRUE(eap_server_new(&lab.sc) == NULL);
	T_TRUE(eap_peer_new(&lab.pc) == NULL);
	T_EQ(mem_live(), 0);
}

static void out_of_memory_is_a_failure(void)
{
	for (size_t i = 0; i < METHODS; i++) {
		for (uint64_t nth = 1; nth < 8; nth++) {
			T_ROW(i * 10 + nth, methods[i]);
			lab_init(&lab, methods[i], ALL);
			lab_begin(&lab);
			mem_fail_at(nth);
			lab_go(&lab, LAB_STEPS);
			mem_fail_at(0);
			if (lab.s.kind == EAP_FAILURE)
				T_EQ(lab.s.status, ST_NOMEM);
			else if (lab.p.kind == EAP_FAILURE)
				T_EQ(lab.p.status, ST_NOMEM);
			else
				T_TRUE(nth > 1);
			lab_end(&lab);
			T_EQ(mem_live(), 0);
		}
	}
}

int main(void)
{
	T_RUN(wrong_users_and_passwords);
	T_RUN(refusals_look_alike);
	T_RUN(the_server_must_know_the_password);
	T_RUN(early_success_is_refused);
	T_RUN(success_after_failure_is_refused);
	T_RUN(foreign_packets_are_dropped);
	T_RUN(repeated_packets_change_nothing);
	T_RUN(a_peer_answers_an_identifier_once);
	T_RUN(a_peer_does_not_change_the_method);
	T_RUN(a_nak_is_for_the_first_request);
	T_RUN(a_response_answers_its_own_challenge);
	T_RUN(packets_cut_short_log_nobody_in);
	T_RUN(changed_bytes_never_give_keys_that_differ);
	T_RUN(mschapv2_ends_with_opcode_3);
	T_RUN(after_failure_nothing_helps);
	T_RUN(a_peer_says_why_it_was_refused);
	T_RUN(nobody_talks_for_ever);
	T_RUN(answers_that_nobody_asked_for_are_an_end);
	T_RUN(names_that_are_none);
	T_RUN(a_list_without_a_method_makes_no_conversation);
	T_RUN(out_of_memory_is_a_failure);
	return t_end();
}
