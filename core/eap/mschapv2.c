/* EAP-MSCHAPv2 (draft-kamath-pppext-eap-mschapv2 around RFC 2759). Both sides prove that they know
 * the password's NT hash.
 *
 *   server                                     peer
 *   Challenge  1 id len 16 challenge name  ->
 *              <-  2 id len 49 peer challenge, 8 zeros, response, flags, name   Response
 *   Success    3 id len "S=<proof> M=.."   ->
 *              <-  3                                                             Success
 *   or Failure 4 id len "E=691 R=0 C=.. V=3 M=.."  ->   <- 4
 *
 * No second try within a conversation (R=0), no change of password: we never say that one has
 * expired, so a Change-Password answers nothing. Keys: MasterReceiveKey | MasterSendKey (RFC 3079
 * as the server has them), padded to the length of an MSK. */
#include "core/crypto/chap.h"
#include "core/eap/method.h"
#include "core/eap/verifier.h"

#include <stdio.h>
#include <string.h>

enum opcode { OP_CHALLENGE = 1, OP_RESPONSE = 2, OP_SUCCESS = 3, OP_FAILURE = 4 };

#define VALUE_LEN 49 /* peer challenge, 8 reserved bytes, response, flags */

enum state { AT_BEGIN, AT_CHALLENGED, AT_RESPONDED, AT_ACCEPTED, AT_REFUSED };

struct mschapv2 {
	struct eap_env *env;
	enum state state;
	uint8_t id; /* MS-CHAPv2-ID of the exchange */
	uint8_t auth_challenge[MSCHAP_CHALLENGE_LEN];
	uint8_t peer_challenge[MSCHAP_CHALLENGE_LEN];
	uint8_t response[MSCHAP_RESPONSE_LEN];
	uint8_t nt[MSCHAP_NT_LEN];
	struct mschap x; /* name: in .name */
	size_t name_len;
	uint8_t name[EAP_NAME_MAX];
	enum status why; /* server: of the failure that was sent */
	char words[96];
};

static void *make(struct eap_env *env)
{
	struct mschapv2 *m = mem_new(sizeof(*m));

	if (m == NULL)
		return NULL;
	m->env = env;
	m->x.auth_challenge = m->auth_challenge;
	m->x.peer_challenge = m->peer_challenge;
	return m;
}

static void drop(void *m)
{
	mem_free_secret(m, sizeof(struct mschapv2));
}

/* The name as it was sent; without its domain it is hashed. false: too long, or a NUL in it. */
static bool take_name(struct mschapv2 *m, struct view name)
{
	if (name.len > sizeof(m->name) || (name.len > 0 && memchr(name.p, 0, name.len) != NULL))
		return false;
	m->name_len = name.len;
	if (name.len > 0)
		memcpy(m->name, name.p, name.len);
	m->x.name = mschap_bare_name((struct view){m->name, m->name_len});
	return true;
}

static struct wr_mark open_message(struct mschapv2 *m, struct eap_turn *t, enum opcode op)
{
	size_t from = t->w.len;

	wr_u8(&t->w, (uint8_t)op);
	wr_u8(&t->w, m->id);
	return wr_open16(&t->w, from);
}

/* Opcode, ID and a length that is that of the message. */
static bool parse_head(struct rd *r, struct view data, uint8_t *op, uint8_t *id)
{
	*r = rd_init(data.p, data.len);
	*op = rd_u8(r);
	*id = rd_u8(r);
	return rd_u16(r) == data.len && rd_ok(r);
}

static void make_msk(struct mschapv2 *m, struct eap_step *step)
{
	mschap_keys(m->nt, m->response, step->msk, step->msk + MSCHAP_KEY_LEN);
	step->has_msk = true;
}

/* ---- server --------------------------------------------------------------------------------- */

static enum eap_step_kind server_start(void *v, struct eap_turn *t)
{
	struct mschapv2 *m = v;
	struct wr_mark mark;

	m->id = m->env->id;
	m->env->random(m->env->random_arg, m->auth_challenge, sizeof(m->auth_challenge));
	mark = open_message(m, t, OP_CHALLENGE);
	wr_u8(&t->w, MSCHAP_CHALLENGE_LEN);
	wr_bytes(&t->w, m->auth_challenge, sizeof(m->auth_challenge));
	wr_bytes(&t->w, m->env->server_name, strlen(m->env->server_name));
	wr_close16(&t->w, mark);
	m->state = AT_CHALLENGED;
	return EAP_SEND;
}

static bool parse_response(struct mschapv2 *m, struct view data)
{
	struct view peer_challenge, response;
	uint8_t op, id, size;
	struct rd r;

	if (!parse_head(&r, data, &op, &id) || op != OP_RESPONSE || id != m->id)
		return false;
	size = rd_u8(&r);
	peer_challenge = rd_bytes(&r, MSCHAP_CHALLENGE_LEN);
	rd_skip(&r, 8);
	response = rd_bytes(&r, MSCHAP_RESPONSE_LEN);
	rd_skip(&r, 1);
	if (!rd_ok(&r) || size != VALUE_LEN || !take_name(m, rd_rest(&r)))
		return false;
	memcpy(m->peer_challenge, peer_challenge.p, sizeof(m->peer_challenge));
	memcpy(m->response, response.p, sizeof(m->response));
	return true;
}

/* The user is who the response names: that name is what the hash covers. */
static void name_user(struct mschapv2 *m, struct eap_step *step)
{
	struct view bare = m->x.name;

	if (bare.len == 0)
		bare = mschap_bare_name(
			(struct view){(const uint8_t *)m->env->name, strlen(m->env->name)});
	memset(step->name, 0, sizeof(step->name));
	memcpy(step->name, bare.p, bare.len);
}

static enum eap_step_kind server_packet(void *v, struct view data, struct eap_turn *t)
{
	struct mschapv2 *m = v;
	uint8_t op = data.len > 0 ? data.p[0] : 0;

	switch (m->state) {
	case AT_CHALLENGED:
		if (!parse_response(m, data))
			return eap_fail(t, ST_EAP_MALFORMED, NULL);
		name_user(m, t->step);
		m->state = AT_RESPONDED;
		return EAP_WANT_USER;
	case AT_ACCEPTED:
		/* One byte by the draft; clients that repeat more of the header mean the same. */
		if (op == OP_SUCCESS) {
			make_msk(m, t->step);
			return EAP_SUCCESS;
		}
		return eap_fail(t, op == OP_FAILURE ? ST_PEER_REFUSED : ST_EAP_UNEXPECTED,
			op == OP_FAILURE ? "the peer does not accept our proof of the password"
					 : NULL);
	case AT_REFUSED: return eap_fail(t, m->why, m->words);
	default: return eap_fail(t, ST_EAP_UNEXPECTED, NULL);
	}
}

static enum eap_step_kind welcome(struct mschapv2 *m, struct eap_turn *t)
{
	char proof[MSCHAP_PROOF_LEN];
	struct wr_mark mark = open_message(m, t, OP_SUCCESS);
	static const char message[] = " M=Welcome";

	mschap_proof(&m->x, m->nt, m->response, proof);
	wr_bytes(&t->w, proof, sizeof(proof));
	wr_bytes(&t->w, message, sizeof(message) - 1);
	wr_close16(&t->w, mark);
	m->state = AT_ACCEPTED;
	return EAP_SEND;
}

/* Error 691 whatever it was: the wire does not tell who exists, or who is locked. */
static enum eap_step_kind refuse(
	struct mschapv2 *m, struct eap_turn *t, enum status st, const char *words)
{
	static const char digits[] = "0123456789ABCDEF";
	struct wr_mark mark = open_message(m, t, OP_FAILURE);
	uint8_t challenge[MSCHAP_CHALLENGE_LEN];

	m->env->random(m->env->random_arg, challenge, sizeof(challenge));
	wr_bytes(&t->w, "E=691 R=0 C=", 12);
	for (size_t i = 0; i < sizeof(challenge); i++) {
		wr_u8(&t->w, (uint8_t)digits[challenge[i] >> 4]);
		wr_u8(&t->w, (uint8_t)digits[challenge[i] & 15]);
	}
	wr_bytes(&t->w, " V=3 M=Authentication failed", 28);
	wr_close16(&t->w, mark);
	m->why = st;
	snprintf(m->words, sizeof(m->words), "%s", words != NULL ? words : status_words(st));
	m->state = AT_REFUSED;
	return EAP_SEND;
}

static enum eap_step_kind server_user(void *v, const struct eap_user *u, struct eap_turn *t)
{
	struct mschapv2 *m = v;
	uint8_t want[MSCHAP_RESPONSE_LEN];
	enum status st = eap_user_nt(u, m->nt);
	bool is_right;

	mschap_response(&m->x, m->nt, want);
	is_right = mem_eq_secret(want, m->response, sizeof(want));
	mem_zero(want, sizeof(want));
	if (st != ST_OK)
		return refuse(m, t, st, NULL);
	if (!is_right) {
		t->step->checked = EAP_CHECKED_WRONG;
		return refuse(m, t, ST_WRONG_PASSWORD, NULL);
	}
	if (u->has_totp && (m->env->quirks & EAP_QUIRK_FORTICLIENT) == 0)
		return refuse(m, t, ST_WRONG_CODE,
			"the user needs a one-time code, for which MSCHAPv2 has no place");
	if (!u->has_totp)
		t->step->checked = EAP_CHECKED_RIGHT;
	return welcome(m, t);
}

/* ---- peer ----------------------------------------------------------------------------------- */

static enum eap_step_kind respond(struct mschapv2 *m, struct eap_turn *t)
{
	struct view name = {(const uint8_t *)m->env->name, strlen(m->env->name)};
	struct wr_mark mark;

	if (!take_name(m, name) ||
		!mschap_nt_hash((struct view){m->env->password, m->env->password_len}, m->nt))
		return eap_fail(t, ST_NO_PASSWORD,
			"the password is not UTF-8, or longer than 256 characters");
	m->env->random(m->env->random_arg, m->peer_challenge, sizeof(m->peer_challenge));
	mschap_response(&m->x, m->nt, m->response);
	mark = open_message(m, t, OP_RESPONSE);
	wr_u8(&t->w, VALUE_LEN);
	wr_bytes(&t->w, m->peer_challenge, sizeof(m->peer_challenge));
	wr_zeros(&t->w, 8);
	wr_bytes(&t->w, m->response, sizeof(m->response));
	wr_u8(&t->w, 0);
	wr_bytes(&t->w, m->name, m->name_len);
	wr_close16(&t->w, mark);
	m->state = AT_RESPONDED;
	return EAP_SEND;
}

static enum eap_step_kind peer_challenge(struct mschapv2 *m, struct view data, struct eap_turn *t)
{
	struct view challenge;
	uint8_t op, size;
	struct rd r;

	if (!parse_head(&r, data, &op, &m->id))
		return eap_fail(t, ST_EAP_MALFORMED, NULL);
	size = rd_u8(&r);
	challenge = rd_bytes(&r, MSCHAP_CHALLENGE_LEN);
	if (!rd_ok(&r) || size != MSCHAP_CHALLENGE_LEN)
		return eap_fail(t, ST_EAP_MALFORMED, NULL);
	memcpy(m->auth_challenge, challenge.p, sizeof(m->auth_challenge));
	m->state = AT_CHALLENGED;
	return m->env->password_known ? respond(m, t) : EAP_WANT_PASSWORD;
}

/* The server's proof: the peer's part of it being mutual. What follows the 42 bytes is for people.
 */
static enum eap_step_kind peer_success(struct mschapv2 *m, struct view data, struct eap_turn *t)
{
	char want[MSCHAP_PROOF_LEN];
	struct view proof;
	uint8_t op, id;
	struct rd r;
	bool is_right;

	if (!parse_head(&r, data, &op, &id))
		return eap_fail(t, ST_EAP_MALFORMED, NULL);
	proof = rd_bytes(&r, MSCHAP_PROOF_LEN);
	if (!rd_ok(&r))
		return eap_fail(t, ST_EAP_MALFORMED, NULL);
	mschap_proof(&m->x, m->nt, m->response, want);
	is_right = mem_eq_secret(want, proof.p, sizeof(want));
	mem_zero(want, sizeof(want));
	if (!is_right)
		return eap_fail(
			t, ST_AUTH_FAILED, "the gateway does not prove that it knows the password");
	m->state = AT_ACCEPTED;
	make_msk(m, t->step);
	t->may_succeed = true;
	wr_u8(&t->w, OP_SUCCESS);
	return EAP_SEND;
}

/* The number after "E=", 0 when there is none (section 6 of RFC 2759). */
static uint32_t error_code(struct rd r)
{
	uint32_t code = 0;

	while (rd_ok(&r) && r.left > 0) {
		if (rd_u8(&r) != 'E' || rd_u8(&r) != '=')
			continue;
		for (int i = 0; i < 10 && r.left > 0 && *r.p >= '0' && *r.p <= '9'; i++)
			code = code * 10 + (uint32_t)(rd_u8(&r) - '0');
		break;
	}
	return code;
}

static const struct {
	uint32_t code;
	enum status st;
	const char *words;
} errors[] = {
	{646, ST_PEER_REFUSED, "the gateway refuses: not at this hour"},
	{647, ST_PEER_REFUSED, "the gateway refuses: the account is disabled"},
	{648, ST_PEER_REFUSED,
		"the gateway refuses: the password has expired; change it elsewhere"},
	{649, ST_PEER_REFUSED, "the gateway refuses: no permission to dial in"},
	{691, ST_WRONG_PASSWORD, "the gateway refuses: wrong user name or password"},
	{709, ST_PEER_REFUSED, "the gateway refuses: the password could not be changed"},
};

/* Acknowledged; EAP-Failure follows. A second try (R=1) would send the same password again. */
static enum eap_step_kind peer_failure(struct mschapv2 *m, struct view data, struct eap_turn *t)
{
	uint8_t op, id;
	uint32_t code;
	struct rd r;

	if (!parse_head(&r, data, &op, &id))
		return eap_fail(t, ST_EAP_MALFORMED, NULL);
	code = error_code(r);
	(void)eap_fail(t, ST_PEER_REFUSED, NULL);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (errors[i].code == code)
			(void)eap_fail(t, errors[i].st, errors[i].words);
	}
	m->state = AT_REFUSED;
	wr_u8(&t->w, OP_FAILURE);
	return EAP_SEND;
}

static enum eap_step_kind peer_packet(void *v, struct view data, struct eap_turn *t)
{
	struct mschapv2 *m = v;
	uint8_t op = data.len > 0 ? data.p[0] : 0;

	if (m->state == AT_BEGIN && op == OP_CHALLENGE)
		return peer_challenge(m, data, t);
	if (m->state == AT_RESPONDED && op == OP_SUCCESS)
		return peer_success(m, data, t);
	if (m->state == AT_RESPONDED && op == OP_FAILURE)
		return peer_failure(m, data, t);
	return eap_fail(t, ST_EAP_UNEXPECTED, NULL);
}

static enum eap_step_kind peer_password(void *v, struct eap_turn *t)
{
	return respond(v, t);
}

const struct eap_method eap_mschapv2_server = {
	.type = EAP_MSCHAPV2,
	.make = make,
	.start = server_start,
	.packet = server_packet,
	.user = server_user,
	.drop = drop,
};

const struct eap_method eap_mschapv2_peer = {
	.type = EAP_MSCHAPV2,
	.make = make,
	.packet = peer_packet,
	.password = peer_password,
	.drop = drop,
};
