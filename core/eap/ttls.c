/* EAP-TTLSv0 (RFC 5281; RFC 9427 for TLS 1.3), server. The handshake needs no certificate of the
 * client; who logs in is said inside the tunnel, by one of User-Name, User-Password PAP allowed
 * with GTC User-Name, MS-CHAP-Challenge, MS-CHAP2-Response       MSCHAPv2  allowed with
 * EAP-MSCHAPv2 EAP-Message (a Response/Identity first)               EAP       MSCHAPv2, GTC, MD5
 * MSK: of the TLS connection alone (8). There is no resumption. */
#include <string.h>

#include "core/base/mem.h"
#include "core/crypto/chap.h"
#include "core/eap/inner.h"
#include "core/eap/tls_link.h"
#include "core/eap/ttls_avp.h"
#include "core/eap/verifier.h"

#define LABEL_12      "ttls keying material" /* RFC 5281 8 */
#define MESSAGE_MAX   (EAP_PACKET_MAX + 512)
#define EMPTY_MAX     2 /* clients that wait for us to speak first inside the tunnel */
#define CHALLENGE_LEN (MSCHAP_CHALLENGE_LEN + 1) /* and the identifier */
#define RESPONSE_LEN  50 /* RFC 2548 2.3.2: ident, flags, peer challenge, 8 reserved, response */

enum ttls_state { TTLS_FIRST, TTLS_EAP, TTLS_PAP, TTLS_MSCHAPV2, TTLS_PROVED };

struct ttls {
	struct eap_env *env;
	struct tls_link link;
	struct eap_inner inner;
	enum ttls_state state;
	uint8_t empties;
	uint8_t ident; /* MSCHAPv2 */
	uint8_t challenge[MSCHAP_CHALLENGE_LEN];
	uint8_t peer_challenge[MSCHAP_CHALLENGE_LEN];
	uint8_t response[MSCHAP_RESPONSE_LEN];
	char name[EAP_NAME_MAX + 1]; /* of the user, PAP and MSCHAPv2 */
	size_t password_len;
	uint8_t password[EAP_PASSWORD_MAX]; /* PAP */
};

static void *make(struct eap_env *env)
{
	struct ttls *m = mem_new(sizeof(*m));

	if (m == NULL)
		return NULL;
	m->env = env;
	if (tls_link_init(&m->link, EAP_TTLS, env, env->tls_inner, false) != ST_OK) {
		tls_link_fini(&m->link);
		mem_free_secret(m, sizeof(*m));
		return NULL;
	}
	return m;
}

static void drop(void *p)
{
	struct ttls *m = p;

	tls_link_fini(&m->link);
	eap_inner_fini(&m->inner);
	mem_free_secret(m, sizeof(*m));
}

static enum eap_step_kind start(void *p, struct eap_turn *t)
{
	struct ttls *m = p;

	return tls_link_start(&m->link, t);
}

static enum eap_step_kind succeed(struct ttls *m, struct eap_turn *t)
{
	enum status st = tls_link_msk(&m->link, LABEL_12, t->step);

	return st == ST_OK ? EAP_SUCCESS : eap_fail(t, st, NULL);
}

static enum eap_step_kind send_avp(
	struct ttls *m, enum ttls_avp which, struct view value, struct eap_turn *t)
{
	uint8_t buf[MESSAGE_MAX];
	struct wr w = wr_init(buf, sizeof(buf));
	enum eap_step_kind kind;

	ttls_avp_put(&w, which, value);
	kind = wr_ok(&w) ? tls_link_write(&m->link, (struct view){buf, w.len}, t)
			 : eap_fail(t, ST_INTERNAL, NULL);
	mem_zero(buf, sizeof(buf));
	return kind;
}

/* --- what the client may use ---------------------------------------------------------------------
 */

static bool may(const struct ttls *m, uint8_t type)
{
	return memchr(m->env->inner, type, m->env->n_inner) != NULL;
}

static bool take_name(struct ttls *m, struct view name, bool is_bare, struct eap_turn *t)
{
	if (is_bare)
		name = mschap_bare_name(name);
	if (name.len == 0 || name.len > EAP_NAME_MAX || memchr(name.p, 0, name.len) != NULL)
		return false;
	memset(m->name, 0, sizeof(m->name));
	memcpy(m->name, name.p, name.len);
	memcpy(t->step->name, m->name, sizeof(m->name));
	return true;
}

static enum eap_step_kind take_pap(struct ttls *m, const struct ttls_avps *a, struct eap_turn *t)
{
	struct view password = a->value[TTLS_USER_PASSWORD];

	if (!may(m, EAP_GTC))
		return eap_fail(t, ST_EAP_NO_METHOD, "PAP inside TTLS is not allowed here");
	if (!take_name(m, a->value[TTLS_USER_NAME], false, t) || password.len > sizeof(m->password))
		return eap_fail(t, ST_EAP_MALFORMED, NULL);
	m->password_len = password.len;
	if (password.len > 0)
		memcpy(m->password, password.p, password.len);
	m->state = TTLS_PAP;
	return EAP_WANT_USER;
}

/* 11.1: the challenge is nobody's choice, it is of the tunnel; RFC 9427 2.1: the same with TLS 1.3.
 */
static enum eap_step_kind take_mschapv2(
	struct ttls *m, const struct ttls_avps *a, struct eap_turn *t)
{
	struct view challenge = a->value[TTLS_MS_CHALLENGE], v = a->value[TTLS_MS2_RESPONSE];
	struct rd r = rd_init(v.p, v.len);
	uint8_t own[CHALLENGE_LEN];
	enum status st;

	if (!may(m, EAP_MSCHAPV2))
		return eap_fail(t, ST_EAP_NO_METHOD, "MSCHAPv2 inside TTLS is not allowed here");
	st = tls_export(m->link.tls, "ttls challenge", (struct view){0}, own, sizeof(own));
	if (st != ST_OK)
		return eap_fail(t, st, NULL);
	m->ident = rd_u8(&r);
	rd_skip(&r, 1);
	if (v.len != RESPONSE_LEN || challenge.len != MSCHAP_CHALLENGE_LEN ||
		!take_name(m, a->value[TTLS_USER_NAME], true, t))
		return eap_fail(t, ST_EAP_MALFORMED, NULL);
	if (!mem_eq_secret(own, challenge.p, challenge.len) ||
		own[MSCHAP_CHALLENGE_LEN] != m->ident)
		return eap_fail(
			t, ST_AUTH_FAILED, "the MSCHAPv2 challenge is not that of this tunnel");
	memcpy(m->challenge, own, sizeof(m->challenge));
	memcpy(m->peer_challenge, rd_bytes(&r, MSCHAP_CHALLENGE_LEN).p, MSCHAP_CHALLENGE_LEN);
	rd_skip(&r, 8);
	memcpy(m->response, rd_bytes(&r, MSCHAP_RESPONSE_LEN).p, MSCHAP_RESPONSE_LEN);
	m->state = TTLS_MSCHAPV2;
	return EAP_WANT_USER;
}

static enum eap_step_kind conclude_inner(
	struct ttls *m, enum eap_step_kind kind, struct eap_turn *t)
{
	if (kind == EAP_SEND)
		return send_avp(m, TTLS_EAP_MESSAGE, eap_inner_out(&m->inner), t);
	return kind == EAP_SUCCESS ? succeed(m, t) : kind;
}

static enum eap_step_kind take_eap_identity(struct ttls *m, struct view packet, struct eap_turn *t)
{
	static const uint8_t types[] = {EAP_MSCHAPV2, EAP_GTC, EAP_MD5};
	struct eap_packet p;

	if (eap_parse(packet, &p) != ST_OK || p.code != EAP_CODE_RESPONSE ||
		p.type != EAP_IDENTITY || p.data.len == 0 || p.data.len > EAP_NAME_MAX ||
		memchr(p.data.p, 0, p.data.len) != NULL)
		return eap_fail(t, ST_EAP_MALFORMED, NULL);
	m->state = TTLS_EAP;
	return conclude_inner(m,
		eap_inner_begin(
			&m->inner, m->env, types, sizeof(types), p.data, (uint8_t)(p.id + 1), t),
		t);
}

/* --- packets -------------------------------------------------------------------------------------
 */

static enum eap_step_kind take_first(struct ttls *m, const struct ttls_avps *a, struct eap_turn *t)
{
	if (a->has[TTLS_EAP_MESSAGE])
		return take_eap_identity(m, a->value[TTLS_EAP_MESSAGE], t);
	if (a->has[TTLS_USER_NAME] && a->has[TTLS_USER_PASSWORD])
		return take_pap(m, a, t);
	if (a->has[TTLS_USER_NAME] && a->has[TTLS_MS_CHALLENGE] && a->has[TTLS_MS2_RESPONSE])
		return take_mschapv2(m, a, t);
	return eap_fail(t, ST_EAP_NO_METHOD, "nothing in the tunnel that we know as a login");
}

static enum eap_step_kind take_avps(struct ttls *m, struct view bytes, struct eap_turn *t)
{
	struct ttls_avps a;
	enum status st = ttls_avps_parse(bytes, &a);

	if (st != ST_OK)
		return eap_fail(t, st, "malformed AVPs inside TTLS");
	switch (m->state) {
	case TTLS_FIRST: return take_first(m, &a, t);
	case TTLS_EAP:
		if (!a.has[TTLS_EAP_MESSAGE])
			return eap_fail(t, ST_EAP_MALFORMED, NULL);
		return conclude_inner(
			m, eap_inner_packet(&m->inner, m->env, a.value[TTLS_EAP_MESSAGE], t), t);
	default: return eap_fail(t, ST_EAP_UNEXPECTED, NULL);
	}
}

/* Nothing in it: the client accepts our proof (11.2.4), or waits for us (a request without data is
 * all we have to say). */
static enum eap_step_kind take_nothing(struct ttls *m, struct eap_turn *t)
{
	if (m->state == TTLS_PROVED) {
		memcpy(t->step->name, m->name, sizeof(m->name));
		return succeed(m, t);
	}
	if (m->state == TTLS_FIRST && m->empties++ < EMPTY_MAX)
		return tls_link_send(&m->link, t);
	return eap_fail(t, ST_EAP_UNEXPECTED, NULL);
}

static enum eap_step_kind take_data(struct ttls *m, struct eap_turn *t)
{
	uint8_t buf[MESSAGE_MAX];
	enum eap_step_kind kind;
	enum status st;
	size_t len;

	st = tls_link_read(&m->link, buf, sizeof(buf), &len);
	if (st != ST_OK)
		kind = eap_fail(t, st, tls_words(m->link.tls));
	else if (len == 0)
		kind = take_nothing(m, t);
	else
		kind = take_avps(m, (struct view){buf, len}, t);
	mem_zero(buf, sizeof(buf));
	return kind;
}

static enum eap_step_kind packet(void *p, struct view data, struct eap_turn *t)
{
	struct ttls *m = p;
	bool was_open = m->link.state == TLS_LINK_OPEN, is_empty;
	enum eap_step_kind kind;

	if (!tls_link_packet(&m->link, data, t, &is_empty, &kind))
		return kind;
	/* With TLS 1.3 the first AVPs may come with the client's Finished. */
	if (was_open || tls_version(m->link.tls) == TLS_1_3)
		return take_data(m, t);
	return tls_link_send(&m->link, t);
}

/* --- answers -------------------------------------------------------------------------------------
 */

static enum eap_step_kind sign_done(void *p, enum status st, struct view sig, struct eap_turn *t)
{
	struct ttls *m = p;
	enum eap_step_kind kind;

	return tls_link_signed(&m->link, st, sig, t, &kind) ? tls_link_send(&m->link, t) : kind;
}

static enum eap_step_kind refuse(struct eap_turn *t, enum status st)
{
	t->step->checked = eap_is_guess(st) ? EAP_CHECKED_WRONG : EAP_CHECKED_NOTHING;
	return eap_fail(t, st, NULL);
}

static enum eap_step_kind check_pap(struct ttls *m, const struct eap_user *u, struct eap_turn *t)
{
	struct view password = {m->password, m->password_len};
	enum status st = eap_check_password(u, password, m->env->now_s, false, &t->step->totp_step);

	mem_zero(m->password, sizeof(m->password));
	if (st != ST_OK)
		return refuse(t, st);
	t->step->checked = EAP_CHECKED_RIGHT;
	return succeed(m, t);
}

static enum eap_step_kind check_mschapv2(
	struct ttls *m, const struct eap_user *u, struct eap_turn *t)
{
	struct mschap x = {
		m->challenge, m->peer_challenge, {(const uint8_t *)m->name, strlen(m->name)}};
	uint8_t nt[MSCHAP_NT_LEN], want[MSCHAP_RESPONSE_LEN], avp[1 + MSCHAP_PROOF_LEN];
	enum status st = eap_user_nt(u, nt);
	enum eap_step_kind kind;

	mschap_response(&x, nt, want);
	if (st == ST_OK && !mem_eq_secret(want, m->response, sizeof(want)))
		st = ST_WRONG_PASSWORD;
	if (st != ST_OK) {
		kind = refuse(t, st);
	} else if (u->has_totp) {
		kind = eap_fail(t, ST_WRONG_CODE,
			"the user needs a one-time code, for which MSCHAPv2 has no place");
	} else {
		t->step->checked = EAP_CHECKED_RIGHT;
		m->state = TTLS_PROVED;
		avp[0] = m->ident;
		mschap_proof(&x, nt, m->response, (char *)avp + 1);
		kind = send_avp(m, TTLS_MS2_SUCCESS, (struct view){avp, sizeof(avp)}, t);
	}
	mem_zero(nt, sizeof(nt));
	mem_zero(want, sizeof(want));
	return kind;
}

static enum eap_step_kind user(void *p, const struct eap_user *u, struct eap_turn *t)
{
	struct ttls *m = p;

	switch (m->state) {
	case TTLS_EAP: return conclude_inner(m, eap_inner_user(&m->inner, m->env, u, t), t);
	case TTLS_PAP: return check_pap(m, u, t);
	case TTLS_MSCHAPV2: return check_mschapv2(m, u, t);
	default: return eap_fail(t, ST_BAD_STATE, NULL);
	}
}

const struct eap_method eap_ttls_server = {
	.type = EAP_TTLS,
	.needs_tls_inner = true,
	.make = make,
	.start = start,
	.packet = packet,
	.user = user,
	.sign_done = sign_done,
	.drop = drop,
};
