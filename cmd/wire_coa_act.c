/* What a CoA- or Disconnect-Request does: everything that can fail comes before the first thing that cannot. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/wire_acct.h"
#include "cmd/wire_coa.h"
#include "cmd/wire_coa_ask.h"
#include "cmd/wire_policy.h"
#include "cmd/wire_reauth.h"
#include "cmd/wire_session.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/ike/ike.h"
#include "core/ike/limit.h"
#include "core/session/coa_change.h"
#include "core/session/coa_match.h"
#include "core/session/quota.h"
#include "modules/coa/coa.h"
#include "modules/loop/loop.h"

#define HOST 256

/* One session that a CoA-Request means. */
struct target {
	struct ulid session;
	struct coa_change change;
	struct wire_policy_own *policy; /* from now on; NULL: that of its interface */
};

bool wire_coa_refuse(struct coa_answer *a, uint32_t cause, const char *why)
{
	*a = (struct coa_answer){.cause = cause};
	snprintf(a->why, sizeof(a->why), "%s", why);
	return false;
}

/* ---- which NAS (RFC 5176 section 3) ------------------------------------------------------------------ */

/* The kernel knows which addresses are this host's. */
static bool is_local(const struct addr *a)
{
	struct sockaddr_in in4 = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	int fd = socket(a->family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	memcpy(&in4.sin_addr, a->b, 4);
	memcpy(&in6.sin6_addr, a->b, 16);
	int rc = a->family == 4 ? bind(fd, (struct sockaddr *)&in4, sizeof(in4)) :
				  bind(fd, (struct sockaddr *)&in6, sizeof(in6));
	close(fd);
	return rc == 0;
}

static bool is_our_addr(const struct wire *w, const struct coa_ask *ask, const struct addr *a)
{
	if (a->family == 0 || addr_eq(a, &ask->local->addr))
		return true;
	for (struct session *s = session_next(w->sessions, NULL); s; s = session_next(w->sessions, s))
		if (addr_eq(a, &s->local.addr))
			return true;
	return !addr_is_any(a) && is_local(a);
}

static bool is_our_name(const struct wire *w, struct view id)
{
	char host[HOST] = "";
	if (id.p == NULL)
		return true;
	if (w->conf->hostname)
		snprintf(host, sizeof(host), "%s", w->conf->hostname);
	else if (gethostname(host, sizeof(host) - 1) != 0)
		return false;
	return id.len == strlen(host) && memcmp(id.p, host, id.len) == 0;
}

static bool is_for_us(const struct wire *w, const struct coa_ask *ask, const struct coa_request *r,
		      struct coa_answer *answer)
{
	if (is_our_addr(w, ask, &r->nas[0]) && is_our_addr(w, ask, &r->nas[1]) && is_our_name(w, r->nas_id))
		return true;
	wire_coa_refuse(answer, RADIUS_ERROR_NAS_MISMATCH, "NAS-IP-Address, NAS-IPv6-Address or NAS-Identifier is another NAS's");
	return false;
}

/* ---- the sessions ------------------------------------------------------------------------------------- */

static struct target *targets_of(const struct wire *w, const struct coa_request *r, size_t n)
{
	const struct dynauth *d = &w->conf->dynauth;
	struct target *v = mem_array(n, sizeof(*v));
	size_t i = 0;
	struct session *s = v ? coa_match_next(w->sessions, d, r, NULL) : NULL;
	for (; s && i < n; s = coa_match_next(w->sessions, d, r, s))
		v[i++].session = s->ulid;
	return v;
}

static void free_targets(struct target *v, size_t n)
{
	for (size_t i = 0; v && i < n; i++) {
		coa_change_fini(&v[i].change);
		wire_policy_cancel(v[i].policy);
	}
	mem_free(v);
}

/* ask: NULL for what a server answers to a question of ours. */
static void log_done(enum event e, const struct coa_ask *ask, const struct session *s, const char *what)
{
	char id[ULID_TEXT];
	ulid_format(&s->ulid, id);
	if (!ask)
		LOG(e, kv_str("request", what), kv_str("session", id), kv_str("name", s->username));
	else
		LOG(e, kv_str("request", what), kv_str("client", ask->client), kv_ep("from", ask->remote),
		    kv_str("session", id), kv_str("name", s->username));
}

/* ---- Disconnect ---------------------------------------------------------------------------------------- */

/* Note 4 of RFC 5176 section 3.6: what accounting says with its Stop. A session that has no memory for it ends
 * without. */
static void take_class(struct wire *w, struct session *s, const struct aaa_set *set)
{
	struct coa_change c;
	struct coa_answer ignored;
	if (!aaa_has(set, AV_CLASS) || !coa_change_prepare(w->conf, s, set, &c, &ignored))
		return;
	coa_change_swap(s, &c);
	coa_change_fini(&c);
}

/* With its IKE SA a session ends in the same moment: children, routes, addresses; the peer is sent a DELETE. */
static void disconnect(struct wire *w, const struct coa_ask *ask, const struct coa_request *r, struct target *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct session *s = session_find(w->sessions, &v[i].session);
		if (!s)
			continue;
		take_class(w, s, r->set);
		log_done(EV_COA_ACK, ask, s, "disconnect");
		wire_session_finish(w, s, ST_END_DISCONNECT);
	}
}

/* ---- CoA ------------------------------------------------------------------------------------------------ */

static bool prepare(struct wire *w, const struct coa_request *r, struct target *v, size_t n, struct coa_answer *answer)
{
	for (size_t i = 0; i < n; i++) {
		const struct session *s = session_find(w->sessions, &v[i].session);
		if (!coa_change_prepare(w->conf, s, r->set, &v[i].change, answer))
			return false;
		struct session_totals total = wire_session_totals(w, s);
		(void)quota_judge(s, v[i].change.terms, &total, (uint64_t)loop_wall_ms());
		v[i].change.has_reauth_ms = r->reauth;
		v[i].change.reauth_ms = coa_change_reauth_ms(s, (uint64_t)loop_wall_ms(), w->conf->dynauth.reauth_s);
		enum status st = wire_policy_make(w, s, v[i].change.terms, &v[i].policy);
		if (st == ST_OK)
			continue;
		wire_coa_refuse(answer, st == ST_NOMEM ? RADIUS_ERROR_RESOURCES : RADIUS_ERROR_INVALID_VALUE,
		       st == ST_NOMEM ? status_words(st) : "a filter or policy map of the session is not configured any more");
		return false;
	}
	return true;
}

static uint64_t age_ms(const struct session *s)
{
	uint64_t now = (uint64_t)loop_wall_ms();
	return now > s->start_ms ? now - s->start_ms : 0;
}

/* The engine is told of what is the session's own. One that waits has no SA, and its limits are looked at where it waits.
 * In the middle of a rekeying it is not known which of the two SAs will be the one. */
static enum status tell_engine(struct wire *w, const struct session *s, const struct coa_change *c)
{
	struct ike_limit limit = {age_ms(s), s->grant->session_lifetime_s, s->grant->session_reauth};
	enum status st = ST_OK;
	if (!s->sa)
		return st;
	if (c->has_reauth_ms)
		st = wire_reauth_tell(w, s);
	if (st == ST_OK && c->has_lifetime)
		st = ike_limit(w->ike, s->sa, &limit);
	return st;
}

/* Terms, frozen record and limit of one session; as it was when that fails. */
static enum status change_one(struct wire *w, struct target *t)
{
	struct session *s = session_find(w->sessions, &t->session);
	if (!s)
		return ST_OK; /* it ended while others were changed */
	coa_change_swap(s, &t->change);
	enum status st = wire_session_keep(w, s);
	if (st == ST_OK)
		st = tell_engine(w, s, &t->change);
	if (st == ST_OK)
		return ST_OK;
	coa_change_swap(s, &t->change);
	(void)!wire_session_keep(w, s); /* of a size that had room before */
	if (t->change.has_reauth_ms && s->sa)
		(void)!wire_reauth_tell(w, s); /* it may be what went well */
	return st;
}

static void undo(struct wire *w, struct target *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)!change_one(w, &v[i]);
}

/* Sessions first, which may have to go back; then the data path, which takes what was made before. */
static void change(struct wire *w, const struct coa_ask *ask, struct target *v, size_t n, struct coa_answer *answer)
{
	enum status st = ST_OK;
	size_t done = 0;
	while (done < n && (st = change_one(w, &v[done])) == ST_OK)
		done++;
	if (st != ST_OK) {
		undo(w, v, done);
		wire_coa_refuse(answer, RADIUS_ERROR_RESOURCES, status_words(st));
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct session *s = session_find(w->sessions, &v[i].session);
		if (!s)
			continue; /* its time is over */
		wire_policy_set(w, s, v[i].policy);
		v[i].policy = NULL;
		wire_session_changed(w, s);
		wire_acct_news(w, s);
		log_done(EV_COA_ACK, ask, s, ask ? "coa" : "authorize-only");
		answer->sessions++;
	}
}

bool wire_coa_give(struct wire *w, const struct ulid *session, struct aaa_set *set, struct coa_answer *answer)
{
	struct coa_request r = {.set = set};
	struct target t = {.session = *session};
	if (prepare(w, &r, &t, 1, answer))
		change(w, NULL, &t, 1, answer);
	coa_change_fini(&t.change);
	wire_policy_cancel(t.policy);
	return answer->cause == 0;
}

/* ---- Authorize-Only (RFC 5176 section 3.2) ---------------------------------------------------------------- */

/* About none, or about all; the requests leave before the NAK that says so, in the same turn of the loop. Without memory for
 * one of them the answers to the others are not waited for; for more than there is room for none is asked. */
static void authorize(struct wire *w, const struct coa_ask *ask, const struct coa_request *r, struct target *v, size_t n,
		      struct coa_answer *answer)
{
	for (size_t i = 0; i < n; i++)
		if (!wire_coa_may_ask(w, session_find(w->sessions, &v[i].session), answer))
			return;
	if (n > wire_coa_asks_free(w)) {
		wire_coa_refuse(answer, RADIUS_ERROR_RESOURCES, "RADIUS is being asked about too many sessions");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (wire_coa_ask(w, session_find(w->sessions, &v[i].session), r->state, answer))
			continue;
		while (i > 0)
			wire_coa_ask_drop(w, &v[--i].session);
		return;
	}
	for (size_t i = 0; i < n; i++)
		log_done(EV_COA_AUTHORIZE, ask, session_find(w->sessions, &v[i].session), "authorize-only");
	wire_coa_refuse(answer, RADIUS_ERROR_INITIATED, "RADIUS is asked what the session may");
}

/* ---- decide ----------------------------------------------------------------------------------------------- */

static void act(struct wire *w, const struct coa_ask *ask, const struct coa_request *r, struct coa_answer *answer)
{
	const struct dynauth *d = &w->conf->dynauth;
	if (!is_for_us(w, ask, r, answer) || !coa_match_check(d, r, answer))
		return;
	size_t n = coa_match_count(w->sessions, d, r, answer);
	if (n == 0)
		return;
	struct target *v = targets_of(w, r, n);
	if (!v)
		wire_coa_refuse(answer, RADIUS_ERROR_RESOURCES, status_words(ST_NOMEM));
	else if (r->is_disconnect) {
		disconnect(w, ask, r, v, n);
		answer->sessions = (uint32_t)n;
	} else if (r->authorize)
		authorize(w, ask, r, v, n, answer);
	else if (prepare(w, r, v, n, answer))
		change(w, ask, v, n, answer);
	free_targets(v, n);
}

void wire_coa_decide(void *ctx, const struct coa_ask *ask, struct coa_answer *answer)
{
	struct wire *w = ctx;
	struct coa_request r;
	bool is_disconnect = ask->packet->code == RADIUS_DISCONNECT_REQUEST;
	if (coa_request_read(ask->packet, &r, answer)) {
		act(w, ask, &r, answer);
		coa_request_fini(&r);
	}
	if (answer->cause && answer->cause != RADIUS_ERROR_INITIATED)
		LOG(EV_COA_NAK, kv_str("request", is_disconnect ? "disconnect" : "coa"), kv_str("client", ask->client),
		    kv_ep("from", ask->remote), kv_u64("error_cause", answer->cause), kv_str("reason", answer->why));
}
