#include "core/session/client_spec.h"

#include <stdio.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/conf/match.h"

static void set_name(char out[SESSION_NAME], const char *name)
{
	snprintf(out, SESSION_NAME, "%s", name ? name : "");
}

static bool is_dynamic(const char *where)
{
	return !where || strcmp(where, "dynamic") == 0;
}

/* ---- what it carries ------------------------------------------------------------------------ */

static bool has_route(const struct snapshot *s, const struct iface *i, uint8_t family)
{
	for (size_t k = 0; k < s->route_count; k++) {
		const struct static_route *r = &s->routes[k];
		if (r->tunnel == i->number && r->prefix.addr.family == family &&
			strcmp(r->vrf ? r->vrf : "", i->vrf ? i->vrf : "") == 0)
			return true;
	}
	return false;
}

/* The families that the interface has something of; the mode decides where it has nothing. Asking for
 * more than that would make peers refuse that keep the families apart. */
static void set_families(const struct snapshot *s, const struct iface *i, struct client_spec *c)
{
	c->asks4 = i->ip_negotiated;
	c->asks6 = i->ip6_negotiated;
	c->carries4 = c->asks4 || i->ip.addr.family || i->unnumbered || has_route(s, i, 4);
	c->carries6 = c->asks6 || i->ip6_count || i->ip6_enable || i->unnumbered6 ||
		      has_route(s, i, 6);
	if (!c->carries4 && !c->carries6) {
		c->carries6 = i->tunnel_mode == TM_IPSEC6;
		c->carries4 = !c->carries6;
	}
}

/* ---- where it leaves from -------------------------------------------------------------------- */

static const struct iface *iface_named(const struct snapshot *s, const char *name)
{
	for (size_t i = 0; i < s->iface_count; i++)
		if (strcmp(s->ifaces[i].name, name) == 0)
			return &s->ifaces[i];
	return NULL;
}

static void set_source(const struct snapshot *s, const char *where, struct client_spec *c)
{
	struct addr a;
	const struct iface *i;

	if (is_dynamic(where))
		return;
	set_name(c->source, where);
	i = iface_named(s, where);
	if (addr_parse(where, &a) == ST_OK) {
		*(a.family == 4 ? &c->source4 : &c->source6) = a;
		c->has_source = true;
	} else if (i) { /* a loopback of ours */
		c->source4 = i->ip.addr;
		if (i->ip6_count)
			c->source6 = i->ip6[0].addr;
		c->has_source = true;
	} else if (strlen(where) < sizeof(c->source_if) && !strchr(where, '/')) {
		snprintf(c->source_if, sizeof(c->source_if), "%s", where);
	}
}

const struct addr *client_spec_source(const struct client_spec *c, uint8_t family)
{
	return !c->has_source ? NULL : family == 4 ? &c->source4 : &c->source6;
}

/* ---- whom it connects to --------------------------------------------------------------------- */

static void add_peer(struct client_spec *c, const struct client_peer *like)
{
	if (c->n_peers < CLIENT_PEERS)
		c->peers[c->n_peers++] = *like;
}

/* An address or a name. */
static void add_destination(const struct iface *i, struct client_spec *c)
{
	struct client_peer p = {.family = i->tunnel_mode == TM_IPSEC6 ? 6 : 4};

	if (addr_parse(i->tunnel_destination, &p.addr) != ST_OK) {
		p.addr = (struct addr){0};
		snprintf(p.name, sizeof(p.name), "%s", i->tunnel_destination);
	}
	add_peer(c, &p);
}

static bool is_possible(const struct flex_track *t)
{
	return !t->object || !t->down; /* objects are taken to be up (R-CLI-11) */
}

static void add_peers(const struct flex_client *f, const struct iface *i, struct client_spec *c)
{
	for (size_t k = 0; k < f->peer_count; k++) {
		const struct flex_peer *from = &f->peers[k];
		struct client_peer p = {.seq = from->seq, .addr = from->addr};
		p.family = from->ip6 || i->tunnel_mode == TM_IPSEC6 ? 6 : 4;
		if (from->name)
			snprintf(p.name, sizeof(p.name), "%s", from->name);
		if (is_possible(&from->track))
			add_peer(c, &p);
	}
}

static uint64_t fingerprint(const struct str_list *l)
{
	uint64_t h = l->n;
	for (size_t i = 0; i < l->n; i++)
		h = hash_bytes(h, l->v[i], strlen(l->v[i]));
	return h;
}

/* The client of the tunnel: the first that names it (R-CLI-01). */
static const struct flex_client *client_of(const struct snapshot *s, const struct iface *i)
{
	for (size_t k = 0; k < s->client_count; k++)
		if (s->clients[k].tunnel && strcmp(s->clients[k].tunnel, i->name) == 0)
			return &s->clients[k];
	return NULL;
}

static void set_client(const struct snapshot *s, const struct flex_client *f, const struct iface *i,
	struct client_spec *c)
{
	set_name(c->name, f->name);
	c->is_flexvpn = true;
	c->is_manual = f->connect == FLEX_MANUAL ||
		       (f->connect == FLEX_TRACK && !is_possible(&f->track));
	c->group = f->backup_group;
	c->inside = fingerprint(&f->inside);
	add_peers(f, i, c);
	for (size_t k = 0; k < f->source_count && is_dynamic(i->tunnel_source); k++)
		if (is_possible(&f->sources[k].track)) {
			set_source(s, f->sources[k].ifname, c);
			break;
		}
}

/* ---- one interface --------------------------------------------------------------------------- */

static bool may_connect(const struct snapshot *s, const struct iface *i, const struct ipsec_profile **p)
{
	if (i->kind != IFACE_TUNNEL || i->shutdown || !i->protection)
		return false;
	if (i->tunnel_mode != TM_DEFAULT && i->tunnel_mode != TM_IPSEC4 && i->tunnel_mode != TM_IPSEC6)
		return false;
	*p = snapshot_ipsec_profile(s, i->protection);
	return *p && !(*p)->disabled && !(*p)->responder_only && (*p)->ike_profile;
}

static void set_pairs(const struct snapshot *s, const struct iface *i, uint8_t family,
	struct client_spec *c)
{
	const struct acl *a = iface_policy(s, i, family);

	for (size_t k = 0; a && k < a->line_count && c->n_pairs < CLIENT_PAIRS; k++)
		if (a->lines[k].permit &&
			acl_line_pair(a, &a->lines[k], &c->from[c->n_pairs], &c->to[c->n_pairs]))
			c->n_pairs++;
}

static bool spec_of(const struct snapshot *s, const struct iface *i, struct client_spec *c)
{
	const struct ipsec_profile *p;
	const struct flex_client *f = client_of(s, i);
	const struct vrf_def *vrf = i->tunnel_vrf ? snapshot_vrf(s, i->tunnel_vrf) : NULL;

	if (!may_connect(s, i, &p) || (i->tunnel_vrf && !vrf))
		return false;
	*c = (struct client_spec){
		.tun = SESSION_TUN_TUNNEL + i->number,
		.vrf = vrf ? vrf->num : 0,
		.group = FLEX_NO_GROUP};
	set_name(c->name, i->name);
	set_name(c->ifname, i->name);
	set_name(c->profile, p->ike_profile);
	set_name(c->ipsec_profile, p->name);
	set_name(c->vrf_name, i->tunnel_vrf);
	set_name(c->ivrf, i->vrf);
	set_families(s, i, c);
	set_source(s, i->tunnel_source, c);
	set_pairs(s, i, 4, c);
	set_pairs(s, i, 6, c);
	if (f)
		set_client(s, f, i, c);
	else if (!is_dynamic(i->tunnel_destination))
		add_destination(i, c);
	return c->n_peers > 0;
}

bool client_spec_next(const struct snapshot *s, size_t *cursor, struct client_spec *out)
{
	while (*cursor < s->iface_count)
		if (spec_of(s, &s->ifaces[(*cursor)++], out))
			return true;
	return false;
}

/* ---- comparing ------------------------------------------------------------------------------- */

static bool same_peers(const struct client_spec *a, const struct client_spec *b)
{
	if (a->n_peers != b->n_peers)
		return false;
	for (size_t i = 0; i < a->n_peers; i++) {
		const struct client_peer *p = &a->peers[i], *q = &b->peers[i];
		if (p->seq != q->seq || p->family != q->family || !addr_eq(&p->addr, &q->addr) ||
			strcmp(p->name, q->name) != 0)
			return false;
	}
	return true;
}

static bool same_source(const struct client_spec *a, const struct client_spec *b)
{
	return a->has_source == b->has_source && addr_eq(&a->source4, &b->source4) &&
	       addr_eq(&a->source6, &b->source6) && strcmp(a->source_if, b->source_if) == 0;
}

static bool same_pairs(const struct client_spec *a, const struct client_spec *b)
{
	if (a->n_pairs != b->n_pairs)
		return false;
	for (size_t i = 0; i < a->n_pairs; i++)
		if (!prefix_eq(&a->from[i], &b->from[i]) || !prefix_eq(&a->to[i], &b->to[i]))
			return false;
	return true;
}

bool client_spec_eq(const struct client_spec *a, const struct client_spec *b)
{
	return strcmp(a->name, b->name) == 0 && a->is_flexvpn == b->is_flexvpn && a->tun == b->tun &&
	       a->is_manual == b->is_manual && a->group == b->group && a->inside == b->inside &&
	       strcmp(a->profile, b->profile) == 0 &&
	       strcmp(a->ipsec_profile, b->ipsec_profile) == 0 && a->vrf == b->vrf &&
	       strcmp(a->vrf_name, b->vrf_name) == 0 && strcmp(a->ivrf, b->ivrf) == 0 &&
	       same_source(a, b) && same_pairs(a, b) &&
	       a->carries4 == b->carries4 && a->carries6 == b->carries6 && a->asks4 == b->asks4 &&
	       a->asks6 == b->asks6 && same_peers(a, b);
}
