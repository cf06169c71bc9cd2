#include "core/session/session.h"

#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/conf/match.h"
#include "core/session/authorize.h"
#include "core/session/dhcp_lease.h"
#include "core/session/frozen.h"
#include "core/session/table.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define ID_IPV4 1 /* RFC 7296 section 3.5 */
#define ID_IPV6 5

/* ---- all of them ---------------------------------------------------------------------------- */

/* Members that are text. */
static void each_text(struct session *s, void (*fn)(const char **t))
{
	const char **const all[] = {&s->profile, &s->policy, &s->policy_user, &s->pool4, &s->pool6, &s->ivrf, &s->username,
		&s->user, &s->acct_groups};

	for (size_t i = 0; i < COUNT(all); i++)
		fn(all[i]);
}

struct session *session_new(void)
{
	struct session *s = mem_new(sizeof(*s));

	if (!s)
		return NULL;
	each_text(s, text_init);
	kept_id_init(&s->peer_id);
	return s;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	each_text(s, text_free);
	kept_id_free(&s->peer_id);
	mem_free(s->grant);
	mem_free(s->dhcp);
	mem_free(s->terms);
	mem_free_secret(s, sizeof(*s)); /* with the verifier of its token */
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
		session_free(CONTAINER_OF(n, struct session, in_order));
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
		.pool4 = s->lease4 && s->pool4[0] && !dhcp_lease_is_used(s) ? s->pool4 : NULL,
		.pool6 = s->lease6 && s->pool6[0] ? s->pool6 : NULL,
		.vrf = s->ivrf,
	};
	unsigned bits = policy_orphaned(ss->conf, &refs);

	/* An address of no pool cannot be outside of it. */
	if ((refs.pool4 && !(bits & ORPHAN_POOL4) && lease_is_outside(s->lease4)) ||
		(refs.pool6 && !(bits & ORPHAN_POOL6) && lease_is_outside(s->lease6)))
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

size_t sessions_waiting(const struct sessions *ss)
{
	return ss->n_waiting;
}

size_t sessions_with_token(const struct sessions *ss)
{
	size_t n = 0;

	LIST_EACH(at, &ss->in_order) {
		const struct session *s = CONTAINER_OF(at, const struct session, in_order);
		n += s->state == SESSION_UP && s->has_token;
	}
	return n;
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

uint64_t session_who(const struct sessions *ss, const struct ike_id *id)
{
	return leases_who(ss->leases, id->type, id->bytes, id->len);
}

static bool same_id(const struct ike_id *a, const struct ike_id *b)
{
	return a->type == b->type && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static void set_state(struct sessions *ss, struct session *s, enum session_state state)
{
	ss->n_up += (size_t)(state == SESSION_UP) - (size_t)(s->state == SESSION_UP);
	ss->n_waiting += (size_t)(state == SESSION_WAITING) - (size_t)(s->state == SESSION_WAITING);
	s->state = state;
}

/* 0: none, and it is not found by it. */
static void set_sa(struct sessions *ss, struct session *s, uint64_t sa)
{
	map_del(&ss->by_sa, &s->by_sa);
	s->sa = sa;
	if (!sa)
		return;
	s->index = sa;
	map_add(&ss->by_sa, &s->by_sa, hash_u64(sa));
}

static void add(struct sessions *ss, struct session *s)
{
	list_push_back(&ss->in_order, &s->in_order);
	map_add(&ss->by_ulid, &s->by_ulid, ulid_hash(ss, &s->ulid));
	set_sa(ss, s, s->sa);
	map_add(&ss->by_identity, &s->by_identity, session_who(ss, s->peer_id));
	ss->count++;
	ss->n_up += s->state == SESSION_UP;
	ss->n_waiting += s->state == SESSION_WAITING;
}

void session_end(struct sessions *ss, struct session *s)
{
	lease_release(ss->leases, s->lease4);
	lease_release(ss->leases, s->lease6);
	for (size_t i = 0; i < AAA_DELEGATED; i++)
		lease_release(ss->leases, s->delegated[i]);
	list_del(&s->in_order);
	map_del(&ss->by_ulid, &s->by_ulid);
	map_del(&ss->by_sa, &s->by_sa);
	map_del(&ss->by_identity, &s->by_identity);
	ss->count--;
	set_state(ss, s, SESSION_PENDING);
	session_free(s);
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

static bool has_lease(const struct session *s, const struct lease *l)
{
	for (size_t i = 0; i < AAA_DELEGATED; i++)
		if (s->delegated[i] == l)
			return true;
	return s->lease4 == l || s->lease6 == l;
}

/* The last holder's identity leads to few sessions; the newest one that has the lease counts. */
struct session *session_of_lease(const struct sessions *ss, const struct lease *l)
{
	struct map_node *n = map_first(&ss->by_identity, l->who);
	struct session *found = NULL;

	for (; n; n = map_next(n)) {
		struct session *s = CONTAINER_OF(n, struct session, by_identity);
		if (has_lease(s, l) && (!found || memcmp(&found->ulid, &s->ulid, sizeof(s->ulid)) < 0))
			found = s;
	}
	return found;
}

struct session *session_find_addr(
	const struct sessions *ss, const char *ivrf, const struct addr *addr)
{
	struct lease *l = lease_find(ss->leases, ivrf, addr);

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
	return session_of_lease(ss, l);
}

struct session *session_next_same(
	const struct sessions *ss, const struct ike_id *id, const struct session *prev)
{
	struct map_node *n = prev ? map_next(&prev->by_identity)
				  : map_first(&ss->by_identity, session_who(ss, id));

	for (; n; n = map_next(n)) {
		struct session *s = CONTAINER_OF(n, struct session, by_identity);
		if (same_id(s->peer_id, id))
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

/* What the profile says of a life beyond the tunnel, and who the peer is by EAP. */
static enum status take_profile(const struct sessions *ss, const struct ike_question *q, struct session *s)
{
	const struct ike_profile *p = snapshot_profile(ss->conf, s->profile);

	if (!p || q->we_are_initiator || !p->reconnect_s)
		s->reconnect_s = 0;
	else if (!s->reconnect_s) /* the authorization says nothing about it */
		s->reconnect_s = p->reconnect_s;
	return text_set(&s->user, q->user);
}

void session_no_memory(struct ike_answer *a)
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

/* The same user, by the same profile: what one of the sessions has the other may have. */
bool session_same_owner(const struct session *a, const struct session *b)
{
	return same_id(a->peer_id, b->peer_id) && strcmp(a->profile, b->profile) == 0 &&
	       strcmp(a->username, b->username) == 0 && strcmp(a->ivrf, b->ivrf) == 0;
}

/* Another session of the user. One that this takes the place of does not count: it is from the same
 * endpoint, and ends. */
static bool is_other_login(const struct session *o, const struct session *s)
{
	return o != s && !o->we_are_initiator && o->state != SESSION_WAITING && strcmp(o->username, s->username) == 0 &&
	       !(session_same_owner(o, s) && endpoint_eq(&o->remote, &s->remote));
}

static enum status check_logins(const struct sessions *ss, const struct session *s, char *detail)
{
	uint32_t max = s->terms && s->terms->logins_refuse ? s->terms->logins : 0, n = 0;

	if (max == 0)
		return ST_OK;
	LIST_EACH(at, &ss->in_order)
		n += is_other_login(CONTAINER_OF(at, struct session, in_order), s);
	if (n < max)
		return ST_OK;
	snprintf(detail, IKE_DETAIL_LEN, "user %.128s has %u sessions, and %u are allowed", s->username, (unsigned)n, (unsigned)max);
	return ST_LOGIN_LIMIT;
}

struct session *session_surplus(const struct sessions *ss, const struct session *s)
{
	uint32_t max = s->terms && !s->terms->logins_refuse ? s->terms->logins : 0, n = 0;
	struct session *oldest = NULL;

	if (max == 0 || s->state != SESSION_UP)
		return NULL;
	LIST_EACH(at, &ss->in_order) {
		struct session *o = CONTAINER_OF(at, struct session, in_order);
		if (o->state != SESSION_UP || !is_other_login(o, s))
			continue;
		n++;
		if (!oldest)
			oldest = o;
	}
	return n >= max ? oldest : NULL;
}

static enum status resolve(const struct sessions *ss, const struct session_ask *ask, struct session *s, char *detail)
{
	struct authorized out = {0};
	enum status st = authorize_resolve(ss->conf, ask, s, &out);

	if (st == ST_OK)
		st = check_logins(ss, s, out.detail);
	if (st == ST_OK && ask->q->we_are_initiator)
		take_grant(s, ask->q, &out.grant);
	if (st == ST_OK)
		st = grant_keep(&out.grant, &s->grant);
	if (st != ST_OK)
		snprintf(detail, IKE_DETAIL_LEN, "%s", st == ST_NOMEM ? status_words(st) : out.detail);
	return st;
}

void session_authorize(struct sessions *ss, const struct session_ask *ask, struct ike_answer *answer)
{
	const struct ike_question *q = ask->q;
	struct session *earlier = session_find_sa(ss, q->sa);
	struct session *s = session_new();

	*answer = (struct ike_answer){.kind = ASK_AUTHORIZE};
	if (earlier && earlier->state == SESSION_PENDING)
		session_end(ss, earlier);
	if (!s || kept_id_set(&s->peer_id, &q->peer_id)) {
		session_no_memory(answer);
		session_free(s);
		return;
	}
	s->ulid = ulid_make(ask->wall_ms, ask->random);
	s->state = SESSION_PENDING;
	s->we_are_initiator = q->we_are_initiator;
	s->sa = q->sa;
	s->start_ms = ask->wall_ms;
	s->local = q->local;
	s->remote = q->remote;
	answer->status = resolve(ss, ask, s, answer->detail);
	if (answer->status == ST_OK)
		answer->status = take_profile(ss, q, s);
	if (answer->status != ST_OK) {
		if (answer->status == ST_NOMEM)
			session_no_memory(answer);
		session_free(s);
		return;
	}
	answer->session = s->ulid;
	answer->grant.tun = s->grant->tun;
	add(ss, s);
}

void session_up(struct sessions *ss, struct session *s, const struct ike_commit *c, uint64_t now_ms)
{
	s->resumed += s->state == SESSION_WAITING;
	set_state(ss, s, SESSION_UP);
	s->up_ms = now_ms;
	s->waiting_ms = 0;
	s->spi_in = c->spi_in;
	s->local = c->local;
	s->remote = c->remote;
	s->orphaned = orphaned_bits(ss, s); /* a reload may have come between */
}

void session_wait(struct sessions *ss, struct session *s, uint64_t now_ms)
{
	if (s->state != SESSION_WAITING)
		s->waiting_ms = now_ms;
	set_state(ss, s, SESSION_WAITING);
	set_sa(ss, s, 0);
	s->spi_in = 0;
}

void session_take_over(struct sessions *ss, struct session *s, uint64_t sa, uint64_t now_ms)
{
	session_wait(ss, s, now_ms);
	set_sa(ss, s, sa);
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
		.who = session_who(ss, s->peer_id),
		.hint = f->addr,
	};

	return f->addr.family ? lease_claim(ss->leases, &want, f->prefix_len, out) : ST_OK;
}

static enum status claim_delegated(struct sessions *ss, struct session *s, size_t i)
{
	const struct prefix *p = &s->terms->delegated.v[i];
	struct lease_want want = {.family = 6, .pool = lease_pool_of(ss->conf, p), .ivrf = s->ivrf,
		.who = session_who(ss, s->peer_id), .hint = p->addr};

	return lease_claim(ss->leases, &want, p->len, &s->delegated[i]);
}

enum status session_thaw(struct sessions *ss, struct view rec, struct session **out)
{
	struct session *s = session_new();
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
	for (size_t i = 0; st == ST_OK && s->terms && i < s->terms->delegated.n; i++)
		st = claim_delegated(ss, s, i);
	if (st != ST_OK) {
		lease_release(ss->leases, s->lease4);
		lease_release(ss->leases, s->lease6);
		for (size_t i = 0; i < AAA_DELEGATED; i++)
			lease_release(ss->leases, s->delegated[i]);
		session_free(s);
		return st;
	}
	add(ss, s);
	s->orphaned = orphaned_bits(ss, s);
	*out = s;
	return ST_OK;
}
