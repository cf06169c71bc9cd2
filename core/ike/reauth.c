#include "core/ike/reauth.h"

#include <string.h>

#include "core/ike/auth.h"
#include "core/ike/child.h"
#include "core/ike/engine.h"
#include "core/ike/freeze.h"
#include "core/ike/limit.h"
#include "core/wire/notify.h"

#define AGAIN_MS  10000 /* until it is told once more */
#define FLOOR_MS  5000  /* a peer that wants it at once, always, does not keep us busy */

/* ---- the limit ----------------------------------------------------------------------------------- */

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* Seconds; 0: none. */
static uint32_t limit_s(const struct ike_sa *sa)
{
	uint32_t session_s = sa->grant != NULL ? sa->grant->session_lifetime_s : 0;

	return smaller(sa->settings.reauth_s, session_s);
}

bool reauth_is_session(const struct ike_sa *sa)
{
	uint32_t session_s = sa->grant != NULL ? sa->grant->session_lifetime_s : 0;

	return session_s != 0 && limit_s(sa) == session_s;
}

void reauth_put(struct msg_out *o, const struct ike_sa *sa)
{
	uint8_t data[4];
	struct wr w = wr_init(data, sizeof(data));

	if (limit_s(sa) == 0)
		return;
	wr_u32(&w, limit_s(sa));
	msg_notify(o, N_AUTH_LIFETIME, data, sizeof(data));
}

static void be_due(struct ike_sa *sa, uint64_t whole_ms)
{
	uint64_t soft_ms = child_soft_ms(sa->ike, whole_ms);
	uint64_t due = ike_now(sa->ike) + (soft_ms > FLOOR_MS ? soft_ms : FLOOR_MS);

	if (sa->reauth_ms == 0 || due < sa->reauth_ms)
		sa->reauth_ms = due;
}

bool reauth_read(struct ike_sa *sa, const struct ike_payloads *p)
{
	struct notify n;
	uint32_t seconds;

	if (!sa->is_client || !msg_find_notify(p, N_AUTH_LIFETIME, &n) ||
		notify_u32(&n, &seconds) != ST_OK)
		return false;
	be_due(sa, (uint64_t)seconds * 1000);
	return true;
}

void reauth_start(struct ike_sa *sa)
{
	uint64_t whole_ms = sa_since_login_ms(sa, sa->settings.reauth_s);
	uint64_t end = ike_now(sa->ike) + whole_ms;

	if (sa->state != SA_UP && reauth_older(sa) != NULL) /* an heir goes on with what there was */
		stats_inc(sa->ike->stats, CT_IKE_REAUTH);
	if (sa->settings.reauth_s == 0)
		return;
	if (sa->is_client)
		be_due(sa, whole_ms);
	else if (sa->session_end_ms == 0 || end < sa->session_end_ms)
		sa->session_end_ms = end;
}

static enum status limit(struct ike_sa *sa, uint64_t age_ms, uint32_t lifetime_s)
{
	uint64_t was_ms = sa->session_end_ms, now = ike_now(sa->ike);
	uint64_t whole_ms = (uint64_t)smaller(sa->settings.reauth_s, lifetime_s) * 1000;
	uint32_t was_s = sa->grant != NULL ? sa->grant->session_lifetime_s : 0;
	enum status st;

	sa->session_end_ms = whole_ms == 0 ? 0 : whole_ms > age_ms ? now + whole_ms - age_ms : now;
	if (sa->grant != NULL)
		sa->grant->session_lifetime_s = lifetime_s;
	st = ike_keep(sa);
	if (st != ST_OK) {
		sa->session_end_ms = was_ms;
		if (sa->grant != NULL)
			sa->grant->session_lifetime_s = was_s;
		return st;
	}
	sa_arm_life(sa);
	return ST_OK;
}

enum status ike_limit(struct ike *ike, uint64_t number, uint64_t age_ms, uint32_t lifetime_s)
{
	struct ike_sa *sa = ike_find_number(ike, number);
	enum status st = ST_BAD_STATE;

	if (sa == NULL)
		return ST_NOT_FOUND;
	if (sa->state != SA_UP)
		return st;
	ike_enter(ike);
	st = limit(sa, age_ms, lifetime_s);
	ike_settle(ike);
	return st;
}

void reauth_due(struct ike_sa *sa)
{
	enum status st;

	if (sa->reauth_ms == 0 || sa->reauth_ms > ike_now(sa->ike))
		return;
	sa->reauth_ms = ike_now(sa->ike) + AGAIN_MS;
	st = ike_keep(sa);
	if (st != ST_OK)
		stats_status(sa->ike->stats, st);
	sa_tell(sa, IKE_EV_REAUTH_DUE, NULL);
}

/* ---- from one to the next ------------------------------------------------------------------------ */

static bool follows(const struct ike_sa *sa, const struct ike_sa *old)
{
	return old->number < sa->number && old->is_client == sa->is_client &&
	       auth_is_same_peer(old, sa) && endpoint_eq(&old->remote, &sa->remote) &&
	       old->grant != NULL && sa->grant != NULL && old->grant->tun == sa->grant->tun;
}

static struct map_node *same_peer(const struct ike_sa *sa)
{
	return map_first(&sa->ike->by_peer,
		auth_peer_hash(sa->ike, &sa->peer_id, sa->settings.profile));
}

struct ike_sa *reauth_older(const struct ike_sa *sa)
{
	for (struct map_node *n = same_peer(sa); n != NULL; n = map_next(n)) {
		struct ike_sa *old = CONTAINER_OF(n, struct ike_sa, by_peer);

		if (old->state == SA_UP && follows(sa, old))
			return old;
	}
	return NULL;
}

static struct ike_sa *newer(const struct ike_sa *old, struct map_node *n)
{
	for (; n != NULL; n = map_next(n)) {
		struct ike_sa *sa = CONTAINER_OF(n, struct ike_sa, by_peer);

		if (sa->state == SA_UP && follows(sa, old))
			return sa;
	}
	return NULL;
}

bool reauth_was_followed(const struct ike_sa *sa)
{
	return newer(sa, same_peer(sa)) != NULL;
}

/* Packets leave through the first children from now on. */
static void settle(struct ike_sa *sa)
{
	LIST_EACH(at, &sa->children) {
		struct ike_child *c = CONTAINER_OF(at, struct ike_child, node);

		if (c->state == CHILD_UP && c->replaces == 0)
			child_activate(c);
	}
}

void reauth_hand_over(struct ike_sa *sa)
{
	struct ike_sa *next = sa->is_up ? newer(sa, same_peer(sa)) : NULL;

	for (; next != NULL; next = newer(sa, map_next(&next->by_peer)))
		settle(next);
}
