#include "core/session/assign.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/session/dhcp_lease.h"
#include "core/session/table.h"

/* What to configure when the policy has no pool. */
static enum status no_pool(const struct session *s, uint8_t family, char *detail)
{
	const char *policy = s->policy;
	bool is_default = strcmp(policy, "default") == 0;

	if (!policy[0]) {
		snprintf(detail, IKE_DETAIL_LEN, "the client asks for an IPv%u address, and its authorization has no pool and no "
			"address", (unsigned)family);
		return ST_NO_ADDRESS;
	}
	snprintf(detail, IKE_DETAIL_LEN,
		"the client asks for an IPv%u address, and authorization policy %.63s has no "
		"%spool: add `%spool "
		"NAME` to it%s",
		(unsigned)family, policy, family == 6 ? "ipv6 " : "", family == 6 ? "ipv6 " : "",
		is_default ? " or name another with `aaa authorization group`" : "");
	return ST_NO_ADDRESS;
}

/* Who authenticates again while its session is up comes by the same way, and keeps its address. */
struct session *session_before(
	const struct sessions *ss, const struct session *s, uint8_t family)
{
	struct session *o = session_next_same(ss, s->peer_id, NULL);

	for (; o; o = session_next_same(ss, s->peer_id, o)) {
		struct lease *l = family == 4 ? o->lease4 : o->lease6;
		const char *pool = family == 4 ? o->pool4 : o->pool6;
		const char *wanted = family == 4 ? s->pool4 : s->pool6;
		if (o != s && o->state == SESSION_UP && l && strcmp(pool, wanted) == 0 &&
			strcmp(o->ivrf, s->ivrf) == 0 && strcmp(o->profile, s->profile) == 0 &&
			strcmp(o->username, s->username) == 0 && /* not merely the same identity in IKE */
			endpoint_eq(&o->remote, &s->remote))
			return o;
	}
	return NULL;
}

/* ---- addresses of the user's own ---------------------------------------------------------------- */

static enum status refuse_own(const struct prefix *p, const char *why, const char *who, char *detail)
{
	char text[PREFIX_TEXT];
	bool is_host = p->len == (p->addr.family == 4 ? 32 : 128);

	snprintf(detail, LEASE_DETAIL, "%s, which is the user's own, %s%.128s",
		is_host ? addr_format(&p->addr, text) : prefix_format(p, text), why, who);
	return ST_NO_ADDRESS;
}

struct own_want {
	struct prefix prefix;
	struct lease **slot; /* where it belongs in the session */
};

/* An address or a prefix that the user has for himself. His own sessions may have it together: the newest has
 * the traffic. ST_NO_ADDRESS, ST_NOMEM with a sentence. */
static enum status take_own(struct sessions *ss, struct session *s, const struct own_want *own, char *detail)
{
	const struct prefix *p = &own->prefix;
	struct lease **slot = own->slot;
	struct lease *held = lease_overlap(ss->leases, s->ivrf, p);
	const struct session *o = held ? session_of_lease(ss, held) : NULL;
	struct lease_want want = {.family = p->addr.family, .pool = lease_pool_of(ss->conf, p), .ivrf = s->ivrf,
		.who = session_who(ss, s->peer_id), .hint = p->addr};

	if (*slot)
		return ST_OK; /* asked again */
	/* Not even the user's own: a server that lends it knows nothing of another who gives it. */
	if (o && o->lease4 == held && dhcp_lease_is_used(o))
		return refuse_own(p, "is lent by ", o->pool4, detail);
	if (held && (!o || !session_same_owner(o, s) || held->prefix_len != p->len || !addr_eq(&held->addr, &p->addr)))
		return refuse_own(p, "is in use by ", o ? o->username : "another session", detail);
	if (!held && lease_is_ours(ss->leases, s->ivrf, p))
		return refuse_own(p, "is an address of this gateway", "", detail);
	if (held)
		lease_share(held);
	*slot = held;
	return held ? ST_OK : lease_claim(ss->leases, &want, p->len, slot);
}

static enum status take_delegated(struct sessions *ss, struct session *s, char *detail)
{
	enum status st = ST_OK;

	for (size_t i = 0; s->terms && i < s->terms->delegated.n && st == ST_OK; i++)
		st = take_own(ss, s, &(struct own_want){s->terms->delegated.v[i], &s->delegated[i]}, detail);
	return st;
}

/* Family 0: the user has none of his own. */
static struct prefix own_of(const struct session *s, uint8_t family)
{
	const struct session_terms *t = s->terms;

	if (!t)
		return (struct prefix){0};
	if (family == 4)
		return (struct prefix){t->ip4, 32};
	return t->ip6.family ? (struct prefix){t->ip6, 128} : t->prefix6;
}

static enum status take(struct sessions *ss, struct session *s, uint8_t family,
	const struct addr *hint, char *detail)
{
	struct lease **slot = family == 4 ? &s->lease4 : &s->lease6;
	const struct session *before;
	struct prefix own = own_of(s, family);
	struct lease_want want = {
		.family = family,
		.pool = family == 4 ? s->pool4 : s->pool6,
		.ivrf = s->ivrf,
		.who = session_who(ss, s->peer_id),
		.hint = *hint,
	};

	if (*slot)
		return ST_OK; /* asked again */
	if (own.addr.family) { /* R-MCF-12 */
		enum status st = text_set(family == 4 ? &s->pool4 : &s->pool6, lease_pool_of(ss->conf, &own));
		return st == ST_OK ? take_own(ss, s, &(struct own_want){own, slot}, detail) : st;
	}
	if (!want.pool[0])
		return no_pool(s, family, detail);
	before = session_before(ss, s, family);
	if (before) {
		*slot = family == 4 ? before->lease4 : before->lease6;
		lease_share(*slot);
		if (family == 4)
			dhcp_lease_share(s, before);
		return ST_OK;
	}
	if (family == 4 && dhcp_lease_is_used(s))
		return dhcp_lease_why(s, detail);
	return lease_take(ss->leases, &want, slot, detail);
}

enum status sessions_set_host(struct sessions *ss, const char *ivrf, const struct addr *v, size_t n)
{
	return leases_set_host(ss->leases, ivrf, v, n);
}

enum status session_take_exact(struct sessions *ss, struct session *s, const struct addr *addr)
{
	struct lease_want want = {
		.family = 4,
		.pool = s->pool4,
		.ivrf = s->ivrf,
		.who = session_who(ss, s->peer_id),
		.hint = *addr,
	};

	/* Not even another session of the same peer may have it: lease_claim() would share it. */
	if (lease_find(ss->leases, s->ivrf, addr) || lease_is_ours(ss->leases, s->ivrf, &(struct prefix){*addr, 32}))
		return ST_EXISTS;
	enum status st = lease_claim(ss->leases, &want, 32, &s->lease4);
	if (st == ST_OK)
		lease_count(s->lease4);
	return st;
}

/* The peer's own addresses come before the networks behind it. */
static void put_lease(struct ike_grant *g, const struct lease *l)
{
	struct prefix p = {l->addr, l->prefix_len};

	prefix_mask(&p);

	for (size_t i = 0; i < g->n_remote; i++) {
		if (prefix_eq(&g->remote[i], &p))
			return;
	}
	memmove(g->remote + 1, g->remote, g->n_remote * sizeof(g->remote[0]));
	g->remote[0] = p;
	g->n_remote++; /* authorize_resolve left room for two */
}

static void put_limit(const struct session_terms *t, struct ike_grant *g)
{
	g->has_flow_limit = t && t->has_flow_limit;
	g->flow_limit = t ? t->flow_limit : 0;
}

static enum status finish_grant(struct session *s, struct ike_grant *g)
{
	grant_read(s->grant, g);
	put_limit(s->terms, g);
	g->allows_ip4 = s->pool4[0] != '\0' || own_of(s, 4).addr.family; /* a script may have chosen others */
	g->allows_ip6 = s->pool6[0] != '\0' || own_of(s, 6).addr.family;
	if (s->lease6) {
		/* Of a whole prefix the first address is that of all its routers (RFC 4291 2.6.1). */
		g->ip6 = s->lease6->prefix_len < 128 ? addr_add(&s->lease6->addr, 1) : s->lease6->addr;
		g->ip6_prefix_len = s->lease6->prefix_len;
		if (s->terms && s->terms->ip6_len && s->lease6->prefix_len == 128)
			g->ip6_prefix_len = s->terms->ip6_len; /* R-RAD-29: only said; the address is all he has */
		put_lease(g, s->lease6);
	}
	if (s->lease4) {
		g->ip4 = s->lease4->addr;
		g->ip4_mask_len = s->mask_len; /* R-MCF-13: only with an address */
		if (dhcp_lease_is_used(s))
			dhcp_lease_put(s, g);
		put_lease(g, s->lease4);
	}
	return grant_keep(g, &s->grant);
}

static enum status refused(enum status st, const char from[LEASE_DETAIL], char to[LEASE_DETAIL])
{
	memcpy(to, from, LEASE_DETAIL);
	return st;
}

void session_assign(struct sessions *ss, const struct ike_question *q, struct ike_answer *answer)
{
	struct session *s = session_find(ss, &q->session);
	char detail[LEASE_DETAIL] = "", detail6[LEASE_DETAIL] = "";
	struct ike_grant grant;
	enum status st4 = ST_OK, st6 = ST_OK, st, kept;

	*answer = (struct ike_answer){.kind = ASK_ADDRESS, .session = q->session};
	if (!s) {
		answer->status = ST_NOT_FOUND;
		snprintf(answer->detail, sizeof(answer->detail), "the session ended meanwhile");
		return;
	}
	if (s->state == SESSION_WAITING) { /* it comes back to what it was granted (R-SDB-13) */
		grant_read(s->grant, &answer->grant);
		return;
	}
	st = take_delegated(ss, s, detail); /* before a pool lends a part of it */
	if (q->wants_ip4)
		st4 = take(ss, s, 4, &q->hint_ip4, answer->detail);
	if (q->wants_ip6)
		st6 = take(ss, s, 6, &q->hint_ip6, detail6);
	kept = finish_grant(s, &grant);
	if (st == ST_OK && st4 != ST_OK && own_of(s, 4).addr.family)
		st = refused(st4, answer->detail, detail);
	if (st == ST_OK && st6 != ST_OK && own_of(s, 6).addr.family)
		st = refused(st6, detail6, detail);
	bool wants_any = q->wants_ip4 || q->wants_ip6;
	if (st4 == ST_NOMEM || st6 == ST_NOMEM || st == ST_NOMEM || kept == ST_NOMEM) {
		session_no_memory(answer);
	} else if (st != ST_OK) {
		answer->status = st;
		memcpy(answer->detail, detail, sizeof(detail));
	} else if (wants_any && !s->lease4 && !s->lease6) { /* R-MCF-16 */
		answer->status = q->wants_ip4 ? st4 : st6;
		answer->grant.allows_ip4 = grant.allows_ip4;
		answer->grant.allows_ip6 = grant.allows_ip6;
		if (!q->wants_ip4)
			memcpy(answer->detail, detail6, sizeof(detail6));
	} else {
		answer->status = ST_OK;
		answer->detail[0] = '\0';
		answer->grant = grant;
	}
}
