#include "core/session/session.h"

#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/conf/match.h"
#include "core/session/authorize.h"
#include "core/session/dhcp_lease.h"
#include "core/session/frozen.h"

#define ID_IPV4 1 /* RFC 7296 section 3.5 */
#define ID_IPV6 5

struct sessions {
	struct snapshot *conf;
	struct leases *leases;
	struct hash_key key;
	struct list in_order;
	struct map by_ulid;
	struct map by_sa;
	struct map by_identity;
	size_t count, n_up;
};

/* ---- all of them ---------------------------------------------------------------------------- */

static void free_session(struct session *s)
{
	mem_free(s->grant);
	mem_free(s->dhcp);
	mem_free(s);
}

struct sessions *sessions_new(struct snapshot *conf, const struct hash_key *key)
{
	struct sessions *ss = mem_new(sizeof(*ss));

	if (!ss)
		return NULL;
	ss->key = *key;
	list_init(&ss->in_order);
	ss->leases = leases_new(key);
	if (!ss->leases || map_init(&ss->by_ulid, 64) || map_init(&ss->by_sa, 64) ||
		map_init(&ss->by_identity, 64) || leases_set_conf(ss->leases, conf)) {
		sessions_free(ss);
		return NULL;
	}
	ss->conf = snapshot_ref(conf);
	return ss;
}

void sessions_free(struct sessions *ss)
{
	if (!ss)
		return;
	LIST_EACH_SAFE(n, &ss->in_order)
		free_session(CONTAINER_OF(n, struct session, in_order));
	map_fini(&ss->by_ulid);
	map_fini(&ss->by_sa);
	map_fini(&ss->by_identity);
	leases_free(ss->leases);
	snapshot_unref(ss->conf);
	mem_free(ss);
}

static bool has_device(const struct snapshot *conf, uint32_t tun)
{
	bool is_tunnel = tun >= SESSION_TUN_TUNNEL;
	const struct iface *i = snapshot_iface(conf, is_tunnel ? IFACE_TUNNEL : IFACE_TEMPLATE,
		is_tunnel ? tun - SESSION_TUN_TUNNEL : tun);

	return i && !i->shutdown;
}

static unsigned orphaned_bits(const struct sessions *ss, const struct session *s)
{
	struct session_refs refs = {
		.profile = s->profile,
		.authz = s->policy[0] ? s->policy : NULL,
		.pool4 = s->lease4 && !dhcp_lease_is_used(s) ? s->pool4 : NULL,
		.pool6 = s->lease6 ? s->pool6 : NULL,
		.vrf = s->ivrf,
	};
	unsigned bits = policy_orphaned(ss->conf, &refs);

	if ((s->lease4 && !(bits & ORPHAN_POOL4) && !dhcp_lease_is_used(s) && lease_is_outside(s->lease4)) ||
		(s->lease6 && !(bits & ORPHAN_POOL6) && lease_is_outside(s->lease6)))
		bits |= ORPHAN_ADDRESS;
	if (!has_device(ss->conf, s->grant->tun))
		bits |= ORPHAN_DEVICE;
	return bits;
}

enum status sessions_prepare(
	const struct sessions *ss, struct snapshot *conf, struct leases_change **out)
{
	return leases_prepare(ss->leases, conf, out);
}

void sessions_commit(struct sessions *ss, struct snapshot *conf, struct leases_change *c)
{
	struct snapshot *old = ss->conf;

	leases_commit(ss->leases, c);
	ss->conf = snapshot_ref(conf);
	snapshot_unref(old);
	LIST_EACH(n, &ss->in_order) {
		struct session *s = CONTAINER_OF(n, struct session, in_order);
		s->orphaned = orphaned_bits(ss, s);
	}
}

enum status sessions_set_conf(struct sessions *ss, struct snapshot *conf)
{
	struct leases_change *c;
	enum status st = sessions_prepare(ss, conf, &c);

	if (st == ST_OK)
		sessions_commit(ss, conf, c);
	return st;
}

size_t sessions_count(const struct sessions *ss)
{
	return ss->count;
}

size_t sessions_up(const struct sessions *ss)
{
	return ss->n_up;
}

bool sessions_next_pool(const struct sessions *ss, size_t *cursor, struct lease_pool_info *out)
{
	return lease_next_pool(ss->leases, cursor, out);
}

enum status sessions_resume_pool(struct sessions *ss, const struct lease_pool_info *was)
{
	return lease_pool_resume(ss->leases, was);
}

/* ---- tables --------------------------------------------------------------------------------- */

static uint64_t ulid_hash(const struct sessions *ss, const struct ulid *u)
{
	return hash_sip(&ss->key, u->b, sizeof(u->b));
}

static uint64_t identity_hash(const struct sessions *ss, const struct ike_id *id)
{
	return leases_who(ss->leases, id->type, id->bytes, id->len);
}

static bool same_id(const struct ike_id *a, const struct ike_id *b)
{
	return a->type == b->type && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static void add(struct sessions *ss, struct session *s)
{
	list_push_back(&ss->in_order, &s->in_order);
	map_add(&ss->by_ulid, &s->by_ulid, ulid_hash(ss, &s->ulid));
	map_add(&ss->by_sa, &s->by_sa, hash_u64(s->sa));
	map_add(&ss->by_identity, &s->by_identity, identity_hash(ss, &s->peer_id));
	ss->count++;
	ss->n_up += s->state == SESSION_UP;
}

void session_end(struct sessions *ss, struct session *s)
{
	lease_release(ss->leases, s->lease4);
	lease_release(ss->leases, s->lease6);
	list_del(&s->in_order);
	map_del(&ss->by_ulid, &s->by_ulid);
	map_del(&ss->by_sa, &s->by_sa);
	map_del(&ss->by_identity, &s->by_identity);
	ss->count--;
	ss->n_up -= s->state == SESSION_UP;
	free_session(s);
}

struct session *session_find(const struct sessions *ss, const struct ulid *ulid)
{
	struct map_node *n = map_first(&ss->by_ulid, ulid_hash(ss, ulid));

	for (; n; n = map_next(n)) {
		struct session *s = CONTAINER_OF(n, struct session, by_ulid);
		if (memcmp(&s->ulid, ulid, sizeof(*ulid)) == 0)
			return s;
	}
	return NULL;
}

struct session *session_find_sa(const struct sessions *ss, uint64_t sa)
{
	struct map_node *n = map_first(&ss->by_sa, hash_u64(sa));

	for (; n; n = map_next(n)) {
		struct session *s = CONTAINER_OF(n, struct session, by_sa);
		if (s->sa == sa)
			return s;
	}
	return NULL;
}

struct session *session_find_addr(
	const struct sessions *ss, const char *ivrf, const struct addr *addr)
{
	struct lease *l = lease_find(ss->leases, ivrf, addr);
	struct session *found = NULL;

	/* Of a prefix that was lent as a whole the lease has the first address. */
	for (uint8_t len = 127; !l && addr->family == 6 && len > 0; len--) {
		struct prefix p = {*addr, len};
		prefix_mask(&p);
		l = lease_find(ss->leases, ivrf, &p.addr);
		if (l && l->prefix_len != len)
			l = NULL;
	}
	if (!l)
		return NULL;
	/* The last holder's identity leads to few sessions; the newest one that has the lease counts. */
	struct map_node *n = map_first(&ss->by_identity, l->who);
	for (; n; n = map_next(n)) {
		struct session *s = CONTAINER_OF(n, struct session, by_identity);
		if ((s->lease4 == l || s->lease6 == l) && (!found || memcmp(&found->ulid, &s->ulid, sizeof(s->ulid)) < 0))
			found = s;
	}
	return found;
}

struct session *session_next_same(
	const struct sessions *ss, const struct ike_id *id, const struct session *prev)
{
	struct map_node *n = prev ? map_next(&prev->by_identity)
				  : map_first(&ss->by_identity, identity_hash(ss, id));

	for (; n; n = map_next(n)) {
		struct session *s = CONTAINER_OF(n, struct session, by_identity);
		if (same_id(&s->peer_id, id))
			return s;
	}
	return NULL;
}

struct session *session_next(const struct sessions *ss, const struct session *prev)
{
	const struct list *n = prev ? prev->in_order.next : ss->in_order.next;

	return n == &ss->in_order ? NULL : CONTAINER_OF(n, struct session, in_order);
}

struct session *sessions_stale(const struct sessions *ss, uint64_t started_before_ms)
{
	LIST_EACH(n, &ss->in_order) {
		struct session *s = CONTAINER_OF(n, struct session, in_order);
		if (s->state == SESSION_PENDING && s->start_ms < started_before_ms)
			return s;
	}
	return NULL;
}

/* ---- questions ------------------------------------------------------------------------------ */

static void answer_nomem(struct ike_answer *a)
{
	a->status = ST_NOMEM;
	snprintf(a->detail, sizeof(a->detail), "%s", status_words(ST_NOMEM));
}

/* What the peer that we connected to granted us. */
static void take_grant(const struct session *s, const struct ike_question *q, struct ike_grant *g)
{
	g->ip4 = q->hint_ip4;
	g->ip6 = q->hint_ip6;
	g->ip6_prefix_len = q->hint_ip6.family ? 128 : 0;
	if (!s->route_distance)
		return;
	g->n_subnets = q->n_subnets;
	memcpy(g->subnets, q->subnets, sizeof(g->subnets));
}

void session_authorize(struct sessions *ss, const struct ike_question *q, uint64_t wall_ms,
	const uint8_t random[10], struct ike_answer *answer)
{
	struct session *earlier = session_find_sa(ss, q->sa);
	struct session *s = mem_new(sizeof(*s));
	struct ike_grant grant = {0};

	*answer = (struct ike_answer){.kind = ASK_AUTHORIZE};
	if (earlier && earlier->state == SESSION_PENDING)
		session_end(ss, earlier);
	if (!s) {
		answer_nomem(answer);
		return;
	}
	s->ulid = ulid_make(wall_ms, random);
	s->state = SESSION_PENDING;
	s->we_are_initiator = q->we_are_initiator;
	s->sa = q->sa;
	s->start_ms = wall_ms;
	s->peer_id = q->peer_id;
	s->local = q->local;
	s->remote = q->remote;
	answer->status = authorize_resolve(ss->conf, q, s, &grant, answer->detail);
	if (answer->status != ST_OK) {
		if (answer->status == ST_NOMEM)
			answer_nomem(answer);
		free_session(s);
		return;
	}
	if (q->we_are_initiator)
		take_grant(s, q, &grant);
	if (grant_keep(&grant, &s->grant) != ST_OK) {
		free_session(s);
		answer_nomem(answer);
		return;
	}
	answer->detail[0] = '\0';
	answer->session = s->ulid;
	answer->grant.tun = s->grant->tun;
	add(ss, s);
}

/* What to configure when the policy has no pool. */
static enum status no_pool(const struct session *s, uint8_t family, char *detail)
{
	const char *policy = s->policy[0] ? s->policy : "default";
	bool is_default = strcmp(policy, "default") == 0;

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
	struct session *o = session_next_same(ss, &s->peer_id, NULL);

	for (; o; o = session_next_same(ss, &s->peer_id, o)) {
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

static enum status take(struct sessions *ss, struct session *s, uint8_t family,
	const struct addr *hint, char *detail)
{
	struct lease **slot = family == 4 ? &s->lease4 : &s->lease6;
	const struct session *before;
	struct lease_want want = {
		.family = family,
		.pool = family == 4 ? s->pool4 : s->pool6,
		.ivrf = s->ivrf,
		.who = identity_hash(ss, &s->peer_id),
		.hint = *hint,
	};

	if (*slot)
		return ST_OK; /* asked again */
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

static bool has_address(const struct snapshot *conf, const char *ivrf, const struct addr *a)
{
	for (size_t i = 0; i < conf->iface_count; i++) {
		const struct iface *f = &conf->ifaces[i];
		if (addr_eq(&f->ip.addr, a) && strcmp(f->vrf ? f->vrf : "", ivrf) == 0)
			return true;
	}
	return false;
}

enum status session_take_exact(struct sessions *ss, struct session *s, const struct addr *addr)
{
	struct lease_want want = {
		.family = 4,
		.pool = s->pool4,
		.ivrf = s->ivrf,
		.who = identity_hash(ss, &s->peer_id),
		.hint = *addr,
	};

	/* Not even another session of the same peer may have it: lease_claim() would share it. */
	if (lease_find(ss->leases, s->ivrf, addr) || has_address(ss->conf, s->ivrf, addr))
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

static enum status finish_grant(struct session *s, struct ike_grant *g)
{
	grant_read(s->grant, g);
	g->allows_ip4 = s->pool4[0] != '\0'; /* a script may have chosen others */
	g->allows_ip6 = s->pool6[0] != '\0';
	if (s->lease6) {
		/* Of a whole prefix the first address is that of all its routers (RFC 4291 2.6.1). */
		g->ip6 = s->lease6->prefix_len < 128 ? addr_add(&s->lease6->addr, 1) : s->lease6->addr;
		g->ip6_prefix_len = s->lease6->prefix_len;
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

void session_assign(struct sessions *ss, const struct ike_question *q, struct ike_answer *answer)
{
	struct session *s = session_find(ss, &q->session);
	char detail6[LEASE_DETAIL] = "";
	struct ike_grant grant;
	enum status st4 = ST_OK, st6 = ST_OK, kept;

	*answer = (struct ike_answer){.kind = ASK_ADDRESS, .session = q->session};
	if (!s) {
		answer->status = ST_NOT_FOUND;
		snprintf(answer->detail, sizeof(answer->detail), "the session ended meanwhile");
		return;
	}
	if (q->wants_ip4)
		st4 = take(ss, s, 4, &q->hint_ip4, answer->detail);
	if (q->wants_ip6)
		st6 = take(ss, s, 6, &q->hint_ip6, detail6);
	kept = finish_grant(s, &grant);
	bool wants_any = q->wants_ip4 || q->wants_ip6;
	if (st4 == ST_NOMEM || st6 == ST_NOMEM || kept == ST_NOMEM) {
		answer_nomem(answer);
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

/* ---- life ----------------------------------------------------------------------------------- */

void session_up(struct sessions *ss, struct session *s, const struct ike_commit *c)
{
	ss->n_up += s->state != SESSION_UP;
	s->state = SESSION_UP;
	s->spi_in = c->spi_in;
	s->local = c->local;
	s->remote = c->remote;
	s->orphaned = orphaned_bits(ss, s); /* a reload may have come between */
}

void session_move(struct session *s, const struct endpoint *local, const struct endpoint *remote)
{
	s->local = *local;
	s->remote = *remote;
}

size_t session_freeze(const struct session *s, uint8_t *out, size_t cap)
{
	return frozen_write(s, out, cap);
}

static enum status claim(struct sessions *ss, const struct session *s, const struct frozen_lease *f,
	struct lease **out)
{
	struct lease_want want = {
		.family = f->addr.family,
		.pool = f->addr.family == 4 ? s->pool4 : s->pool6,
		.ivrf = s->ivrf,
		.who = identity_hash(ss, &s->peer_id),
		.hint = f->addr,
	};

	return f->addr.family ? lease_claim(ss->leases, &want, f->prefix_len, out) : ST_OK;
}

enum status session_thaw(struct sessions *ss, struct view rec, struct session **out)
{
	struct session *s = mem_new(sizeof(*s));
	struct frozen_lease f4, f6;
	enum status st;

	*out = NULL;
	if (!s)
		return ST_NOMEM;
	st = frozen_read(rec, s, &f4, &f6);
	if (st == ST_OK && session_find(ss, &s->ulid))
		st = ST_EXISTS;
	if (st == ST_OK)
		st = claim(ss, s, &f4, &s->lease4);
	if (st == ST_OK)
		st = claim(ss, s, &f6, &s->lease6);
	if (st != ST_OK) {
		lease_release(ss->leases, s->lease4);
		free_session(s);
		return st;
	}
	add(ss, s);
	s->orphaned = orphaned_bits(ss, s);
	*out = s;
	return ST_OK;
}
