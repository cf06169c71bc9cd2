/* Generic Token Card (RFC 3748 section 5.6): a prompt, and what a person types. The password goes
 * to the server as it is, inside IKE; no key comes out of it. The second factor is either typed
 * after the password in the same answer, or asked for by a second prompt. */
#include "core/eap/method.h"
#include "core/eap/verifier.h"

#include <string.h>

#define PROMPT_PASSWORD "Password: "
#define PROMPT_CODE     "One-time code: "

enum gtc_state { GTC_PASSWORD, GTC_CODE, GTC_ANSWERED };

struct gtc {
	struct eap_env *env;
	enum gtc_state state;
	uint16_t len; /* server: what was typed */
	uint8_t typed[EAP_PASSWORD_MAX];
	struct eap_user user; /* server: kept for the code */
};

static void *make(struct eap_env *env)
{
	struct gtc *m = mem_new(sizeof(*m));

	if (m != NULL)
		m->env = env;
	return m;
}

static void drop(void *m)
{
	mem_free_secret(m, sizeof(struct gtc));
}

static enum eap_step_kind prompt(struct eap_turn *t, const char *text)
{
	wr_bytes(&t->w, text, strlen(text));
	return EAP_SEND;
}

static enum eap_step_kind server_start(void *v, struct eap_turn *t)
{
	return prompt(t, PROMPT_PASSWORD);
}

enum eap_step_kind eap_gtc_ask_code(void *v, const struct eap_user *u, struct eap_turn *t)
{
	struct gtc *m = v;

	m->user = *u;
	m->state = GTC_CODE;
	return prompt(t, PROMPT_CODE);
}

static enum eap_step_kind verdict(struct eap_turn *t, enum status st, uint64_t step)
{
	if (st != ST_OK) {
		if (eap_is_guess(st))
			t->step->checked = EAP_CHECKED_WRONG;
		return eap_fail(t, st, NULL);
	}
	t->step->checked = EAP_CHECKED_RIGHT;
	t->step->totp_step = step;
	return EAP_SUCCESS;
}

static enum eap_step_kind server_packet(void *v, struct view data, struct eap_turn *t)
{
	struct gtc *m = v;
	uint64_t step = 0;
	enum status st;

	if (data.len == 0 || data.len > sizeof(m->typed))
		return eap_fail(t, ST_EAP_MALFORMED, NULL);
	memcpy(t->step->name, m->env->name, sizeof(t->step->name)); /* whose failure it is, too */
	if (m->state == GTC_CODE) {
		st = eap_check_code(&m->user, data, m->env->now_s, &step);
		return verdict(t, st, step);
	}
	m->len = (uint16_t)data.len;
	memcpy(m->typed, data.p, data.len);
	return EAP_WANT_USER;
}

static enum eap_step_kind server_user(void *v, const struct eap_user *u, struct eap_turn *t)
{
	struct gtc *m = v;
	uint64_t step = 0;
	enum status st =
		eap_check_password(u, (struct view){m->typed, m->len}, m->env->now_s, true, &step);

	mem_zero(m->typed, sizeof(m->typed));
	return st == ST_PENDING ? eap_gtc_ask_code(m, u, t) : verdict(t, st, step);
}

static enum eap_step_kind answer(struct gtc *m, struct eap_turn *t)
{
	wr_bytes(&t->w, m->env->password, m->env->password_len);
	t->may_succeed = true;
	m->state = GTC_ANSWERED;
	return EAP_SEND;
}

static enum eap_step_kind peer_packet(void *v, struct view data, struct eap_turn *t)
{
	struct gtc *m = v;
	size_t n = data.len < sizeof(t->step->words) ? data.len : sizeof(t->step->words) - 1;

	/* The password that we know answers the first prompt; the next one wants something else. */
	if (m->state == GTC_PASSWORD && m->env->password_known)
		return answer(m, t);
	if (n > 0)
		memcpy(t->step->words, data.p, n);
	t->step->words[n] = '\0';
	return EAP_WANT_PASSWORD;
}

static enum eap_step_kind peer_password(void *v, struct eap_turn *t)
{
	return answer(v, t);
}

const struct eap_method eap_gtc_server = {
	.type = EAP_GTC,
	.make = make,
	.start = server_start,
	.packet = server_packet,
	.user = server_user,
	.drop = drop,
};

const struct eap_method eap_gtc_peer = {
	.type = EAP_GTC,
	.make = make,
	.packet = peer_packet,
	.password = peer_password,
	.drop = drop,
};
