/* An EAP conversation inside a tunnel (TTLS, PEAP): our own server once more, whose packets the
 * tunnel wraps. The identity came through the tunnel, so the conversation begins with a method. */
#ifndef CORE_EAP_INNER_H
#define CORE_EAP_INNER_H

#include "core/eap/method.h"

struct eap_inner {
	struct eap_server *server; /* NULL before the identity came */
	struct eap_step *step;     /* its last one; on the heap for its size */
};

/* Begins with the methods of env->inner that are in `types`, the first request being `id`. What
 * each of these returns is one of EAP_SEND, EAP_WANT_USER, EAP_SUCCESS, EAP_FAILURE; in->step holds
 * the packet or the MSK, and the user's name, what was checked and why it failed are in t->step.
 * What would be dropped outside a tunnel is a failure inside (RFC 5281 11.2.1). */
enum eap_step_kind eap_inner_begin(struct eap_inner *in, const struct eap_env *env,
	const uint8_t *types, size_t n_types, struct view name, uint8_t id, struct eap_turn *t);
enum eap_step_kind eap_inner_packet(
	struct eap_inner *in, const struct eap_env *env, struct view packet, struct eap_turn *t);
enum eap_step_kind eap_inner_user(struct eap_inner *in, const struct eap_env *env,
	const struct eap_user *u, struct eap_turn *t);
/* The packet of EAP_SEND, and its identifier. */
struct view eap_inner_out(const struct eap_inner *in);
uint8_t eap_inner_id(const struct eap_inner *in);
void eap_inner_fini(struct eap_inner *in);

#endif
