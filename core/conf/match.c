#include "core/conf/match.h"

#include <string.h>

/* R-POL-13, R-PFL-04: any of the addresses; none listed: every address. */
static bool local_covers(
	const struct local_match *v, size_t n, const struct addr *local, const char *ifname)
{
	if (n == 0)
		return true;
	for (size_t i = 0; i < n; i++) {
		if (v[i].ifname ? ifname && strcmp(v[i].ifname, ifname) == 0
				: addr_eq(&v[i].addr, local))
			return true;
	}
	return false;
}

static bool vrf_covers(const struct vrf_match *m, uint32_t vrf)
{
	return m->kind == VRF_ANY ||
	       (m->kind == VRF_GLOBAL ? vrf == 0 : m->num != VRF_NONE && m->num == vrf);
}

const struct ike_policy *policy_select(
	const struct snapshot *s, uint32_t vrf, const struct addr *local)
{
	const struct ike_policy *best = NULL, *fallback = NULL;
	int best_rank = -1;
	for (size_t i = 0; i < s->policy_count; i++) {
		const struct ike_policy *p = &s->policies[i];
		if (!p->complete || p->disabled || !vrf_covers(&p->fvrf, vrf) ||
			!local_covers(p->locals, p->local_count, local, NULL))
			continue;
		if (strcmp(p->name, "default") == 0) {
			fallback = p; /* R-POL-18: only where no other applies */
			continue;
		}
		/* address before none, then a certain VRF before any. */
		int rank = (p->local_count ? 2 : 0) + (p->fvrf.kind != VRF_ANY ? 1 : 0);
		if (rank > best_rank) {
			best = p;
			best_rank = rank;
		}
	}
	return best ? best : fallback;
}

size_t policy_proposals(const struct snapshot *s, const struct ike_policy *p,
	const struct ike_proposal **out, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < p->proposals.n && n < max; i++) {
		const struct ike_proposal *q = snapshot_proposal(s, p->proposals.v[i]);
		if (q && q->complete && !q->disabled)
			out[n++] = q;
	}
	return n;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

static bool same_name(const uint8_t *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (lower(a[i]) != lower((uint8_t)b[i]))
			return false;
	return true;
}

/* "vpn.corp.example" and "corp.example" are of the domain "corp.example"; a suffix counts only at a
 * border of labels, so that "evilcorp.example" is not. An email is judged by what follows the @. */
static bool in_domain(struct view id, const char *domain, bool email)
{
	if (email) {
		const uint8_t *at = id.len ? memchr(id.p, '@', id.len) : NULL;
		if (!at)
			return false;
		size_t skip = (size_t)(at - id.p) + 1;
		id = (struct view){id.p + skip, id.len - skip};
	}
	if (domain[0] == '.')
		domain++;
	size_t len = strlen(domain);
	if (id.len < len || !len || !same_name(id.p + id.len - len, domain, len))
		return false;
	return id.len == len || id.p[id.len - len - 1] == '.';
}

bool id_covers(const struct id_match *m, uint8_t id_type, struct view id)
{
	size_t len = m->text ? strlen(m->text) : 0;
	switch (m->kind) {
	case ID_ANY: return true;
	case ID_ADDRESS: {
		if (!(id_type == IKE_ID_IPV4 && id.len == 4) &&
			!(id_type == IKE_ID_IPV6 && id.len == 16))
			return false;
		struct addr a = addr_from(id.p, id.len);
		return prefix_contains(&m->prefix, &a);
	}
	case ID_FQDN:
		return id_type == IKE_ID_FQDN && id.len == len && same_name(id.p, m->text, len);
	case ID_EMAIL:
		return id_type == IKE_ID_EMAIL && id.len == len && same_name(id.p, m->text, len);
	case ID_FQDN_DOMAIN: return id_type == IKE_ID_FQDN && in_domain(id, m->text, false);
	case ID_EMAIL_DOMAIN: return id_type == IKE_ID_EMAIL && in_domain(id, m->text, true);
	case ID_KEYID:
		return id_type == IKE_ID_KEYID && id.len == len && memcmp(id.p, m->text, len) == 0;
	default: return false;
	}
}

/* 2: by a definite statement, 1: only by `any`, 0: not (R-PFL-07: identities and certificates are
 * one type, ORed). */
static int remote_rank(const struct ike_profile *p, const struct profile_query *q)
{
	int rank = 0;
	for (size_t i = 0; i < p->remote_count; i++) {
		const struct id_match *m = &p->remotes[i];
		if (m->kind == ID_ANY) {
			rank = 1;
			continue;
		}
		if (id_covers(m, q->id_type, q->id))
			return 2;
		for (size_t k = 0; m->kind == ID_CERT_MAP && k < q->cert_map_count; k++)
			if (strcmp(m->text, q->cert_maps[k]) == 0)
				return 2;
	}
	return rank;
}

static int profile_rank(const struct ike_profile *p, const struct profile_query *q)
{
	if (!p->complete || !vrf_covers(&p->fvrf, q->vrf) ||
		!local_covers(p->locals, p->local_count, &q->local, q->ifname))
		return 0;
	return remote_rank(p, q);
}

enum status profile_select(
	const struct snapshot *s, const struct profile_query *q, struct profile_answer *out)
{
	const struct ike_profile *shut = NULL;
	int best = 0;
	*out = (struct profile_answer){0};
	for (size_t i = 0; i < s->profile_count; i++) {
		const struct ike_profile *p = &s->profiles[i];
		int rank = profile_rank(p, q);
		if (rank == 0)
			continue;
		if (p->shutdown) {
			shut = shut ? shut : p;
		} else if (rank > best) {
			*out = (struct profile_answer){.profile = p};
			best = rank;
		} else if (rank == best && !out->other) {
			out->other = p;
		}
	}
	if (out->other)
		return ST_PROFILE_AMBIGUOUS; /* R-PFL-08 */
	if (out->profile)
		return ST_OK;
	out->profile = shut;
	return shut ? ST_PROFILE_SHUTDOWN : ST_NO_PROFILE;
}

bool profiles_have_multiple(const struct snapshot *s)
{
	for (size_t i = 0; i < s->profile_count; i++)
		if (s->profiles[i].eap_multiple && s->profiles[i].complete && !s->profiles[i].shutdown)
			return true;
	return false;
}

struct dpd profile_dpd(const struct snapshot *s, const struct ike_profile *p)
{
	static const struct dpd of_reconnect = {DPD_ON_DEMAND, 30, 5}; /* R-REC-06 */

	if (p && p->dpd.mode != DPD_UNSET)
		return p->dpd;
	return p && p->reconnect_s && s->ike.dpd.mode == DPD_UNSET ? of_reconnect : s->ike.dpd;
}

bool profile_has_local(const struct ike_profile *p, const struct addr *local)
{
	return local_covers(p->locals, p->local_count, local, NULL);
}

uint32_t profile_nat_keepalive_s(const struct snapshot *s, const struct ike_profile *p)
{
	return p && p->nat_keepalive_s ? p->nat_keepalive_s : s->ike.nat_keepalive_s;
}

struct ipsec_params ipsec_params(const struct snapshot *s, const struct ipsec_profile *p)
{
	struct ipsec_params r = {
		.lifetime_s = s->ipsec.lifetime_s,
		.lifetime_kb = s->ipsec.lifetime_kb,
		.replay_window = s->ipsec.replay_window,
		.idle_s = s->ipsec.idle_s,
	};
	if (!p)
		return r;
	if (p->lifetime_s != INHERIT)
		r.lifetime_s = p->lifetime_s;
	if (p->lifetime_kb != INHERIT)
		r.lifetime_kb = p->lifetime_kb;
	if (p->replay_window != INHERIT)
		r.replay_window = p->replay_window;
	if (p->idle_s != INHERIT)
		r.idle_s = p->idle_s;
	r.pfs_group = p->pfs.n ? p->pfs.v[0].id : 0;
	return r;
}

size_t ipsec_sets(const struct snapshot *s, const struct ipsec_profile *p,
	const struct transform_set **out, size_t max)
{
	size_t n = 0, named = p ? p->sets.n : 0;
	for (size_t i = 0; i < (named ? named : 1) && n < max; i++) {
		const struct transform_set *t =
			snapshot_transform_set(s, named ? p->sets.v[i] : "default");
		if (t && t->complete && !t->disabled)
			out[n++] = t;
	}
	return n;
}

static int destination_weight(const struct iface *i, const struct addr *peer)
{
	struct addr a;
	if (!i->tunnel_destination || addr_parse(i->tunnel_destination, &a) != ST_OK)
		return 1;
	return !peer || addr_eq(&a, peer) ? 2 : 0;
}

const struct iface *profile_tunnel(
	const struct snapshot *s, const char *profile, const struct addr *peer)
{
	const struct iface *best = NULL;
	int weight = 0;
	for (size_t k = 0; k < s->iface_count; k++) {
		const struct iface *i = &s->ifaces[k];
		const struct ipsec_profile *p =
			i->kind == IFACE_TUNNEL && !i->shutdown && i->protection ?
				snapshot_ipsec_profile(s, i->protection) :
				NULL;
		if (!p || !p->ike_profile || strcmp(p->ike_profile, profile) != 0)
			continue;
		int w = destination_weight(i, peer);
		if (w > weight) {
			best = i;
			weight = w;
		}
	}
	return best;
}

const struct ipsec_profile *profile_ipsec(const struct snapshot *s, const struct ike_profile *p)
{
	const struct iface *i = !p		      ? NULL
				: p->virtual_template ? snapshot_iface(s, IFACE_TEMPLATE, p->virtual_template)
						      : profile_tunnel(s, p->name, NULL);
	const struct ipsec_profile *r = i ? snapshot_ipsec_profile(s, i->protection) : NULL;
	return r && !r->disabled ? r : NULL;
}

bool acl_permits(const struct acl *a, const struct addr *addr)
{
	for (size_t i = 0; i < a->line_count; i++) {
		const struct acl_line *l = &a->lines[i];
		if (!l->remark && !l->text && prefix_contains(&l->net, addr))
			return l->permit;
	}
	return false;
}

unsigned policy_orphaned(const struct snapshot *s, const struct session_refs *r)
{
	unsigned gone = 0;
	if (r->profile && !snapshot_profile(s, r->profile))
		gone |= ORPHAN_PROFILE;
	if (r->pool4 && !snapshot_pool4(s, r->pool4))
		gone |= ORPHAN_POOL4;
	if (r->pool6 && !snapshot_pool6(s, r->pool6))
		gone |= ORPHAN_POOL6;
	const struct authz_policy *a = snapshot_authz(s, r->authz);
	if (r->authz && (!a || a->disabled))
		gone |= ORPHAN_AUTHZ;
	if (r->vrf && *r->vrf && !snapshot_vrf(s, r->vrf))
		gone |= ORPHAN_VRF;
	return gone;
}

bool profiles_force_encap(const struct snapshot *s, uint32_t vrf, const struct addr *local)
{
	for (size_t i = 0; i < s->profile_count; i++) {
		const struct ike_profile *p = &s->profiles[i];

		if (!p->nat_force_encap || !p->complete || p->shutdown ||
			!vrf_covers(&p->fvrf, vrf))
			continue;
		if (local_covers(p->locals, p->local_count, local, NULL))
			return true;
	}
	return false;
}

/* ---- IPsec SAs by access list ---------------------------------------------------------------- */

bool acl_line_pair(const struct acl *a, const struct acl_line *l, struct prefix *from,
	struct prefix *to)
{
	if (l->remark || (l->text && !l->is_pair))
		return false;
	*from = l->text ? l->from : l->net;
	*to = l->text ? l->to : (struct prefix){.addr.family = a->kind == ACL_IPV6 ? 6 : 4};
	return true;
}

const struct acl *iface_policy(const struct snapshot *s, const struct iface *i, uint8_t family)
{
	const char *name = family == 4 ? i->policy4 : i->policy6;

	return name ? snapshot_acl(s, family == 4 ? ACL_EXTENDED : ACL_IPV6, name) : NULL;
}

const struct acl *filter_acl(const struct snapshot *s, uint8_t family, const char *name)
{
	const struct acl *a = snapshot_acl(s, family == 4 ? ACL_EXTENDED : ACL_IPV6, name);

	return a || family != 4 ? a : snapshot_acl(s, ACL_STANDARD, name);
}

bool profiles_have_ppk(const struct snapshot *s, uint32_t vrf, const struct addr *local)
{
	for (size_t i = 0; i < s->profile_count; i++) {
		const struct ike_profile *p = &s->profiles[i];

		if (p->keyring_ppk && p->complete && !p->shutdown && vrf_covers(&p->fvrf, vrf) &&
			local_covers(p->locals, p->local_count, local, NULL))
			return true;
	}
	return false;
}
