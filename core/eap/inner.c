#include "core/eap/inner.h"

#include <string.h>

#include "core/base/mem.h"

static enum eap_step_kind conclude(struct eap_inner *in, struct eap_turn *t)
{
	const struct eap_step *s = in->step;

	memcpy(t->step->name, s->name, sizeof(t->step->name));
	t->step->checked = s->checked;
	t->step->totp_step = s->totp_step;
	switch (s->kind) {
	case EAP_SEND:
	case EAP_SUCCESS:
	case EAP_WANT_USER: return s->kind;
	case EAP_NOTHING: return eap_fail(t, s->status, NULL);
	case EAP_FAILURE: return eap_fail(t, s->status, s->words);
	default: return eap_fail(t, ST_INTERNAL, NULL); /* no method of TLS is in here */
	}
}

enum eap_step_kind eap_inner_begin(struct eap_inner *in, const struct eap_env *env,
	const uint8_t *types, size_t n_types, struct view name, uint8_t id, struct eap_turn *t)
{
	struct eap_server_conf c = {.identity = name,
		.server_name = env->server_name,
		.first_id = id,
		.random = env->random,
		.random_arg = env->random_arg};

	for (uint8_t i = 0; i < env->n_inner; i++) {
		if (memchr(types, env->inner[i], n_types) != NULL)
			c.methods[c.n_methods++] = env->inner[i];
	}
	if (c.n_methods == 0)
		return eap_fail(t, ST_EAP_NO_METHOD, NULL);
	in->step = mem_new(sizeof(*in->step));
	in->server = in->step != NULL ? eap_server_new(&c) : NULL;
	if (in->server == NULL)
		return eap_fail(t, ST_NOMEM, NULL);
	eap_server_start(in->server, in->step);
	return conclude(in, t);
}

enum eap_step_kind eap_inner_packet(
	struct eap_inner *in, const struct eap_env *env, struct view packet, struct eap_turn *t)
{
	eap_server_packet(in->server, env->now_s, packet, in->step);
	return conclude(in, t);
}

enum eap_step_kind eap_inner_user(struct eap_inner *in, const struct eap_env *env,
	const struct eap_user *u, struct eap_turn *t)
{
	eap_server_user(in->server, env->now_s, u, in->step);
	return conclude(in, t);
}

struct view eap_inner_out(const struct eap_inner *in)
{
	return (struct view){in->step->out, in->step->out_len};
}

uint8_t eap_inner_id(const struct eap_inner *in)
{
	return in->step->out[1];
}

void eap_inner_fini(struct eap_inner *in)
{
	eap_server_free(in->server);
	mem_free_secret(in->step, sizeof(*in->step));
	*in = (struct eap_inner){0};
}
