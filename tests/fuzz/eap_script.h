/* A conversation of our EAP server with our peer that a script disturbs: the packet to come may be
 * passed, bent, cut, kept back, or be any bytes, with the identifier set right or not. Byte 0:
 * methods, 1: what is special; then operations. */
#ifndef TESTS_FUZZ_EAP_SCRIPT_H
#define TESTS_FUZZ_EAP_SCRIPT_H

#include "core/base/rd.h"
#include "core/crypto/chap.h"
#include "tests/unit/eap_lab.h"

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

enum script_special {
	SP_WRONG = 1,
	SP_TOTP = 2,
	SP_FORTI = 4,
	SP_KNOWN = 8,
	SP_DOMAIN = 16,
	SP_ASK = 32
};

static struct lab script_lab;

static void script_init(uint8_t which, uint8_t special)
{
	static const char *const sets[] = {
		"\x1a", "\x04", "\x06", "\x1a\x04\x06", "\x04\x06\x1a", "\x06\x1a"};
	struct lab *l = &script_lab;

	lab_init(l, sets[which % 6], sets[which / 6 % 6]);
	if (special & SP_WRONG)
		l->pc.password = lab_text("a wrong one");
	if (special & SP_TOTP)
		lab_totp(l);
	if (special & SP_FORTI)
		l->sc.quirks = EAP_QUIRK_FORTICLIENT;
	l->sc.query_identity = !(special & SP_KNOWN);
	if (special & SP_KNOWN)
		l->sc.identity = lab_text("anna");
	if (special & SP_DOMAIN)
		l->pc.username = lab_text("CORP\\anna");
	if (special & SP_ASK)
		l->pc.username = l->pc.password = (struct view){0};
	lab_begin(l);
}

static void script_judge(uint8_t special)
{
	static const uint8_t zeros[EAP_MSK_LEN];
	const struct lab *l = &script_lab;

	MUST(l->s.out_len <= EAP_PACKET_MAX && l->p.out_len <= EAP_PACKET_MAX);
	MUST(l->s.has_msk || memcmp(l->s.msk, zeros, sizeof(zeros)) == 0);
	MUST(l->p.has_msk || memcmp(l->p.msk, zeros, sizeof(zeros)) == 0);
	if (l->s.kind == EAP_SUCCESS) {
		MUST(l->checked_right == 1 && l->checked_wrong == 0);
		MUST(!(special & SP_WRONG));
		MUST(!(special & SP_TOTP) || l->totp_step == 1);
		MUST(strcmp(l->s.name, "anna") == 0);
	} else
		MUST(!l->s.has_msk);
	if (l->p.kind != EAP_SUCCESS)
		MUST(!l->p.has_msk);
	if (l->s.kind == EAP_SUCCESS && l->p.kind == EAP_SUCCESS && l->s.has_msk && l->p.has_msk)
		MUST(memcmp(l->s.msk, l->p.msk, EAP_MSK_LEN) == 0);
	if (l->s.kind == EAP_FAILURE || l->p.kind == EAP_FAILURE)
		MUST(l->s.kind != EAP_FAILURE || l->s.status != ST_OK);
}

/* The packet that would go over next; to_peer: from the server. */
static void script_deliver(bool to_peer, const uint8_t *p, size_t len)
{
	uint8_t *exact = malloc(len > 0 ? len : 1);

	MUST(exact != NULL);
	if (len > 0)
		memcpy(exact, p, len);
	if (to_peer)
		lab_to_peer(&script_lab, exact, len);
	else
		lab_to_server(&script_lab, exact, len);
	free(exact);
}

static void script_op(struct rd *r, bool server, bool peer)
{
	uint8_t op = rd_u8(r), bent[EAP_PACKET_MAX];
	bool to_peer = script_lab.n % 2 == 0;
	const struct eap_step *from = to_peer ? &script_lab.s : &script_lab.p;
	size_t len = from->kind == EAP_WANT_PASSWORD ? 0 : from->out_len;

	memcpy(bent, from->out, len);
	/* Only the side that is looked at is disturbed. */
	if (op % 4 == 0 || !(to_peer ? peer : server)) {
		lab_step(&script_lab);
		return;
	}
	if (op % 4 == 1 && len > 0) {
		size_t at = rd_u16(r) % len;

		bent[at] ^= rd_u8(r);
	} else if (op % 4 == 2) {
		len = rd_u8(r) % (len + 1);
		if (len >= 4 && (op & 4) != 0) {
			bent[2] = 0;
			bent[3] = (uint8_t)len;
		}
	} else {
		struct view raw = rd_bytes(r, rd_u8(r));
		uint8_t id = len > 1 ? bent[1] : 0;

		len = raw.len;
		if (len > 0)
			memcpy(bent, raw.p, len);
		if (len >= 4 && (op & 4) != 0) {
			bent[0] = to_peer ? EAP_CODE_REQUEST : EAP_CODE_RESPONSE;
			bent[1] = id;
			bent[2] = 0;
			bent[3] = (uint8_t)len;
		}
	}
	script_deliver(to_peer, bent, len);
	if ((op & 8) != 0)
		script_lab.n++;
}

static void script_run(const uint8_t *data, size_t size, uint8_t only, bool server, bool peer)
{
	struct rd r = rd_init(data, size);
	uint8_t which = rd_u8(&r), special = rd_u8(&r);

	if (!rd_ok(&r))
		return;
	script_init(only != 0xff ? only : which, special);
	for (int i = 0; i < 200 && rd_ok(&r) && r.left > 0; i++) {
		script_op(&r, server, peer);
		script_judge(special);
	}
	lab_end(&script_lab);
}

#endif
