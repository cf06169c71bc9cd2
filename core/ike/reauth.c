#include "core/ike/reauth.h"

#include <string.h>

#include "core/ike/auth.h"
#include "core/ike/child.h"
#include "core/ike/engine.h"
#include "core/ike/freeze.h"
#include "core/ike/limit.h"
#include "core/ike/work.h"
#include "core/wire/notify.h"

#define AGAIN_MS  10000 /* until it is told once more */
#define FLOOR_MS  5000  /* a peer that wants it at once, always, does not keep us busy */
/* strongSwan keeps its over_time free of what it is told, 24 minutes by default and 30 in its apps, and begins at once where
 * that is more: of a shorter time it is told when it is to begin. */
#define AT_LOGIN_MS 3600000
#define SHORTEST_S  20    /* before the end, for a new login */

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

static bool has_passed(const struct ike_sa *sa, uint64_t when_ms)
{
	return when_ms != 0 && when_ms <= ike_now(sa->ike);
}

bool reauth_is_over(const struct ike_sa *sa)
{
	return has_passed(sa, sa->session_end_ms) || has_passed(sa, sa->reauth_end_ms);
}

/* Is it the lifetime of the session that counts, rather than that of the authentication? */
static bool is_session(const struct ike_sa *sa)
{
	uint32_t session_s = sa->grant != NULL ? sa->grant->session_lifetime_s : 0;

	return session_s != 0 && limit_s(sa) == session_s;
}

enum status reauth_why(const struct ike_sa *sa)
{
	if (reauth_was_followed(sa))
		return ST_END_REAUTH;
	if (has_passed(sa, sa->reauth_end_ms))
		return ST_END_NOT_REAUTH;
	if (!has_passed(sa, sa->session_end_ms) || !is_session(sa))
		return ST_END_LIFETIME;
	return sa->grant->session_reauth ? ST_END_NOT_REAUTH : ST_END_SESSION_TIMEOUT;
}

static void put_lifetime(struct msg_out *o, uint32_t seconds)
{
	uint8_t data[4];
	struct wr w = wr_init(data, sizeof(data));

	wr_u32(&w, seconds);
	msg_notify(o, N_AUTH_LIFETIME, data, sizeof(data));
}

/* How long before the end of so many seconds: what is configured for who is asked, but not before the half of them. */
static uint64_t lead_ms(const struct ike_sa *sa, uint32_t seconds)
{
	const struct dynauth *d = &sa->ike->conf->dynauth;
	uint32_t lead_s = d->on ? d->reauth_s : DYNAUTH_REAUTH_S, most_s = seconds / 2 > SHORTEST_S ? seconds / 2 : SHORTEST_S;

	return (uint64_t)(lead_s < most_s ? lead_s : most_s) * 1000;
}

/* When the peer is to be told of a limit of so many seconds that ends then; 0: now. */
static uint64_t tell_ms(const struct ike_sa *sa, uint32_t seconds, uint64_t end_ms)
{
	uint64_t now = ike_now(sa->ike), left_ms = end_ms > now ? end_ms - now : 0, lead = lead_ms(sa, seconds);

	return left_ms >= AT_LOGIN_MS || left_ms <= lead ? 0 : end_ms - lead;
}

/* Who comes back without a login has what is left since the last one. */
void reauth_put(struct msg_out *o, struct ike_sa *sa)
{
	uint64_t left_ms = sa_since_login_ms(sa, limit_s(sa));

	if (limit_s(sa) == 0)
		return;
	sa->reauth_ms = tell_ms(sa, limit_s(sa), ike_now(sa->ike) + left_ms);
	if (sa->reauth_ms == 0)
		put_lifetime(o, (uint32_t)(left_ms / 1000));
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* Rounded down: who comes in the last of these seconds comes in time. 0 is "at once" to the peer. */
static uint32_t left_s(const struct ike_sa *sa)
{
	uint64_t s = sa_left_s(sa, earlier(sa->session_end_ms, sa->reauth_end_ms));

	return s < UINT32_MAX ? (uint32_t)s : UINT32_MAX;
}

/* Without a limit there is nothing to say: RFC 4478 has no word for "not any more". */
enum status reauth_send(struct ike_sa *sa)
{
	struct msg_out o;
	struct view msg;
	enum status st;

	if (sa->session_end_ms == 0 && sa->reauth_end_ms == 0) {
		sa->owes_lifetime = false;
		return ST_OK;
	}
	msg_start(&o, sa, EX_INFORMATIONAL, false, sa->out.next);
	put_lifetime(&o, left_s(sa));
	st = msg_end(&o, &msg);
	if (st == ST_OK)
		st = sa_request(sa, REQ_LIFETIME, msg);
	if (st != ST_OK)
		return st;
	stats_inc(sa->ike->stats, CT_IKE_REAUTH_ASKED);
	sa->owes_lifetime = false;
	sa->reauth_ms = 0; /* it knows the earlier of both ends */
	ike_keep_counted(sa);
	sa_send(sa, msg);
	return ST_OK;
}

/* A request that was open at the old one may never have arrived: it is made again. */
void reauth_inherit(struct ike_sa *heir, const struct ike_sa *old)
{
	heir->reauth_end_ms = old->reauth_end_ms;
	heir->owes_lifetime = old->owes_lifetime || window_out_has(&old->out, REQ_LIFETIME);
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

/* ---- another limit for one that is up --------------------------------------------------------------- */

/* What changes together, and goes back together when it cannot be kept. */
struct terms {
	uint64_t session_end_ms, reauth_end_ms, reauth_ms;
	bool owes_lifetime, session_reauth;
	uint32_t session_lifetime_s;
};

static struct terms terms_of(const struct ike_sa *sa)
{
	return (struct terms){sa->session_end_ms, sa->reauth_end_ms, sa->reauth_ms, sa->owes_lifetime,
		sa->grant != NULL && sa->grant->session_reauth, sa->grant != NULL ? sa->grant->session_lifetime_s : 0};
}

static void set_terms(struct ike_sa *sa, const struct terms *t)
{
	sa->session_end_ms = t->session_end_ms;
	sa->reauth_end_ms = t->reauth_end_ms;
	sa->reauth_ms = t->reauth_ms;
	sa->owes_lifetime = t->owes_lifetime;
	if (sa->grant == NULL)
		return;
	sa->grant->session_reauth = t->session_reauth;
	sa->grant->session_lifetime_s = t->session_lifetime_s;
}

static enum status change(struct ike_sa *sa, const struct terms *to)
{
	struct terms was = terms_of(sa);
	enum status st;

	set_terms(sa, to);
	st = ike_keep(sa);
	if (st != ST_OK) {
		set_terms(sa, &was);
		return st;
	}
	sa_arm_life(sa);
	work(sa);
	return ST_OK;
}

/* Of one without an authentication at its end nobody is told but who was to be told of the one before. */
static void tell_of_limit(const struct ike_sa *sa, struct terms *t, uint32_t whole_s)
{
	bool is_said = t->session_reauth || t->reauth_ms != 0;

	t->reauth_ms = is_said && t->session_end_ms != 0 ? tell_ms(sa, whole_s, t->session_end_ms) : 0;
	if (t->reauth_ms != 0 && t->reauth_end_ms == 0)
		t->owes_lifetime = false; /* what was still to be told is no more so */
	t->owes_lifetime |= is_said && t->reauth_ms == 0 && t->session_end_ms > ike_now(sa->ike);
}

static enum status limit(struct ike_sa *sa, const struct ike_limit *l)
{
	uint64_t whole_ms = (uint64_t)smaller(sa->settings.reauth_s, l->lifetime_s) * 1000, now = ike_now(sa->ike);
	struct terms t = terms_of(sa);

	t.session_end_ms = whole_ms == 0 ? 0 : whole_ms > l->age_ms ? now + whole_ms - l->age_ms : now;
	t.session_lifetime_s = l->lifetime_s;
	t.session_reauth = l->reauth;
	if (!sa->is_client)
		tell_of_limit(sa, &t, (uint32_t)(whole_ms / 1000));
	return change(sa, &t);
}

static enum status ask_again(struct ike_sa *sa, uint64_t within_ms)
{
	struct terms t = terms_of(sa);
	uint64_t now = ike_now(sa->ike);

	if (sa->is_client) {
		t.reauth_ms = within_ms != 0 ? now : t.reauth_ms;
	} else {
		t.reauth_end_ms = within_ms != 0 ? now + within_ms : 0;
		t.owes_lifetime |= within_ms != 0;
		if (within_ms == 0 && t.session_end_ms != 0)
			t.reauth_ms = tell_ms(sa, limit_s(sa), t.session_end_ms);
		if (within_ms == 0 && t.reauth_ms != 0)
			t.owes_lifetime = false;
	}
	return change(sa, &t);
}

static enum status find_up(struct ike *ike, uint64_t number, struct ike_sa **sa)
{
	*sa = ike_find_number(ike, number);
	if (*sa == NULL)
		return ST_NOT_FOUND;
	return (*sa)->state == SA_UP ? ST_OK : ST_BAD_STATE;
}

enum status ike_limit(struct ike *ike, uint64_t number, const struct ike_limit *l)
{
	struct ike_sa *sa;
	enum status st = find_up(ike, number, &sa);

	if (st != ST_OK)
		return st;
	ike_enter(ike);
	st = limit(sa, l);
	ike_settle(ike);
	return st;
}

enum status ike_reauth(struct ike *ike, uint64_t number, uint64_t within_ms)
{
	struct ike_sa *sa;
	enum status st = find_up(ike, number, &sa);

	if (st != ST_OK)
		return st;
	ike_enter(ike);
	st = ask_again(sa, within_ms);
	ike_settle(ike);
	return st;
}

void reauth_due(struct ike_sa *sa)
{
	if (sa->reauth_ms == 0 || sa->reauth_ms > ike_now(sa->ike))
		return;
	sa->reauth_ms = sa->is_client ? ike_now(sa->ike) + AGAIN_MS : 0;
	sa->owes_lifetime |= !sa->is_client;
	ike_keep_counted(sa);
	if (sa->is_client)
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
		auth_peer_hash(sa->ike, sa->peer_id, sa->profile));
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
