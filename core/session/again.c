#include "core/session/again.h"

#include <string.h>

/* Does its server want State back at its end? */
static bool has_state(const struct session *s)
{
	return s->terms && s->terms->state.len > 0 && s->grant->session_lifetime_s && s->grant->session_reauth;
}

static bool is_followed(const struct session *s, const struct ike_question *q, const char *name)
{
	return s->state != SESSION_PENDING && !s->we_are_initiator && s->sa != q->sa && strcmp(s->profile, q->profile) == 0 &&
	       endpoint_eq(&s->remote, &q->remote) && (!name || strcmp(s->user, name) == 0);
}

/* Of several the newest: it took the place of the others. */
struct view again_state(const struct sessions *ss, const struct ike_question *q, const char *name)
{
	const struct session *newest = NULL;

	for (struct session *s = session_next_same(ss, &q->peer_id, NULL); s; s = session_next_same(ss, &q->peer_id, s))
		if (is_followed(s, q, name) && (!newest || s->start_ms > newest->start_ms))
			newest = s;
	return newest && has_state(newest) ? newest->terms->state : (struct view){0};
}
