/* MD5-Challenge (RFC 3748 section 5.4, RFC 1994): proves the peer's password and nothing about us,
 * makes no key. Type-data: size of the value, value, name. */
#include "core/crypto/chap.h"
#include "core/eap/method.h"
#include "core/eap/verifier.h"

#include <string.h>

struct md5 {
	struct eap_env *env;
	bool answered; /* peer */
	uint8_t id;    /* of the exchange: goes into the hash */
	uint8_t challenge_len;
	uint8_t challenge[255];
	uint8_t response[CHAP_MD5_LEN];
};

static void *make(struct eap_env *env)
{
	struct md5 *m = mem_new(sizeof(*m));

	if (m != NULL)
		m->env = env;
	return m;
}

static void drop(void *m)
{
	mem_free_secret(m, sizeof(struct md5));
}

static void put(struct eap_turn *t, const uint8_t *value, uint8_t len, const char *name)
{
	wr_u8(&t->w, len);
	wr_bytes(&t->w, value, len);
	wr_bytes(&t->w, name, strlen(name));
}

/* The name after the value has no use: who it is about was said by the identity. */
static bool parse(struct view data, struct view *value)
{
	struct rd r = rd_init(data.p, data.len);

	*value = rd_bytes(&r, rd_u8(&r));
	return rd_ok(&r) && value->len > 0;
}

static enum eap_step_kind server_start(void *v, struct eap_turn *t)
{
	struct md5 *m = v;

	m->challenge_len = CHAP_MD5_LEN;
	m->env->random(m->env->random_arg, m->challenge, m->challenge_len);
	put(t, m->challenge, m->challenge_len, m->env->server_name);
	return EAP_SEND;
}

static enum eap_step_kind server_packet(void *v, struct view data, struct eap_turn *t)
{
	struct md5 *m = v;
	struct view value;

	if (!parse(data, &value) || value.len != CHAP_MD5_LEN)
		return eap_fail(t, ST_EAP_MALFORMED, NULL);
	memcpy(m->response, value.p, CHAP_MD5_LEN);
	m->id = m->env->id;
	memcpy(t->step->name, m->env->name, sizeof(t->step->name));
	return EAP_WANT_USER;
}

static enum eap_step_kind server_user(void *v, const struct eap_user *u, struct eap_turn *t)
{
	struct md5 *m = v;
	struct view secret = {u->clear, u->has_clear ? u->clear_len : 0};
	uint8_t want[CHAP_MD5_LEN];
	bool is_right;

	chap_md5(m->id, secret, (struct view){m->challenge, m->challenge_len}, want);
	is_right = mem_eq_secret(want, m->response, sizeof(want));
	mem_zero(want, sizeof(want));
	if (!u->is_found || u->is_locked)
		return eap_fail(t, u->is_found ? ST_USER_LOCKED : ST_USER_UNKNOWN, NULL);
	if (!u->has_clear)
		return eap_fail(t, ST_USER_VERIFIER, NULL);
	if (!is_right) {
		t->step->checked = EAP_CHECKED_WRONG;
		return eap_fail(t, ST_WRONG_PASSWORD, NULL);
	}
	if (u->has_totp)
		return eap_fail(t, ST_WRONG_CODE,
			"the user needs a one-time code, for which EAP-MD5 has no place");
	t->step->checked = EAP_CHECKED_RIGHT;
	return EAP_SUCCESS;
}

static enum eap_step_kind answer(struct md5 *m, struct eap_turn *t)
{
	uint8_t hash[CHAP_MD5_LEN];

	chap_md5(m->id, (struct view){m->env->password, m->env->password_len},
		(struct view){m->challenge, m->challenge_len}, hash);
	put(t, hash, sizeof(hash), m->env->name);
	t->may_succeed = true;
	m->answered = true;
	return EAP_SEND;
}

static enum eap_step_kind peer_packet(void *v, struct view data, struct eap_turn *t)
{
	struct md5 *m = v;
	struct view value;

	if (!parse(data, &value))
		return eap_fail(t, ST_EAP_MALFORMED, NULL);
	/* One challenge is a login; more would be a game of questions. */
	if (m->answered)
		return eap_fail(t, ST_EAP_UNEXPECTED, NULL);
	m->id = m->env->id;
	m->challenge_len = (uint8_t)value.len;
	memcpy(m->challenge, value.p, value.len);
	return m->env->password_known ? answer(m, t) : EAP_WANT_PASSWORD;
}

static enum eap_step_kind peer_password(void *v, struct eap_turn *t)
{
	return answer(v, t);
}

const struct eap_method eap_md5_server = {
	.type = EAP_MD5,
	.make = make,
	.start = server_start,
	.packet = server_packet,
	.user = server_user,
	.drop = drop,
};

const struct eap_method eap_md5_peer = {
	.type = EAP_MD5,
	.make = make,
	.packet = peer_packet,
	.password = peer_password,
	.drop = drop,
};
