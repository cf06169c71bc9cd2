#include "core/session/authorize.h"

#include <stdio.h>
#include <string.h>

#include "core/aaa/attrs.h"
#include "core/aaa/mangler.h"
#include "core/aaa/merge.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/conf/aaa.h"
#include "core/conf/match.h"
#include "core/ike/id_text.h"
#include "core/session/place.h"
#include "core/session/table.h"
#include "core/wire/auth.h"

enum aaa_method authorize_method(uint8_t auth_method)
{
	switch (auth_method) {
	case 0:
	case AUTHM_PSK: return AAA_PSK;
	case AUTHM_EAP_SHOWN: return AAA_EAP;
	default: return AAA_CERT;
	}
}

/* ---- which sources -------------------------------------------------------------------------- */

enum list_says { LIST_LOCAL, LIST_NONE, LIST_GIVEN, LIST_REFUSED };

/* The first method that answers; check warns of a list that is not there. */
static enum list_says ask_list(struct resolver *r, const char *name, const struct aaa_set *given)
{
	const struct aaa_list *l = aaa_list_used(r->conf, AAA_AUTHOR_NETWORK, name);

	if (!l) {
		(void)resolver_refuse(r, "there is no `aaa authorization network %.63s ...`", name);
		return LIST_REFUSED;
	}
	for (size_t i = 0; i < l->methods.n; i++) {
		if (strcmp(l->methods.v[i], "local") == 0)
			return LIST_LOCAL;
		if (strcmp(l->methods.v[i], "none") == 0)
			return LIST_NONE;
		if (given && aaa_method_group(l->methods.v[i]))
			return LIST_GIVEN;
	}
	(void)resolver_refuse(r, "authorization list %.63s has no method `local`, and RADIUS is not available", l->name);
	return LIST_REFUSED;
}

/* The policy `name`; *out NULL: there is none, which is no mistake for a user. */
static enum status find_policy(struct resolver *r, const char *name, bool is_group, const struct authz_policy **out)
{
	*out = snapshot_authz(r->conf, name);
	if (*out && (*out)->disabled)
		*out = NULL;
	if (*out || !is_group)
		return ST_OK;
	return resolver_refuse(r,
		"authorization policy %.63s is not defined: add `crypto ikev2 authorization policy "
		"%.63s`",
		name, name);
}

/* `aaa attribute list` of a policy (R-AZP-01): what the policy says itself counts more. Names that are unknown are
 * passed over, as those of RADIUS are. */
static enum status add_list(struct resolver *r, const struct authz_policy *a, struct aaa_set *set)
{
	const struct attribute_list *l = a->attribute_list ? snapshot_attribute_list(r->conf, a->attribute_list) : NULL;
	struct aaa_set *more = l ? aaa_set_new() : NULL;
	char why[AAA_WHY] = "", name[2 * AAA_NAME];
	enum status st = ST_OK;

	if (a->attribute_list && !l)
		return resolver_refuse(r, "authorization policy %.63s names attribute list %.63s, which is not defined", a->name,
			a->attribute_list);
	if (l && !more)
		return ST_NOMEM;
	for (size_t i = 0; l && st == ST_OK && i < l->attribute_count; i++) {
		const struct aaa_attribute *one = &l->attributes[i];
		snprintf(name, sizeof(name), "%.48s%s%.63s", one->protocol ? one->protocol : "", one->protocol ? ":" : "", one->type);
		if (aaa_pair_put(more, AAA_OF_LIST, &(struct aaa_pair){name, one->value}, why) == AAA_WRONG)
			st = resolver_refuse(r, "attribute list %.63s: %s", l->name, why);
	}
	if (l && st == ST_OK && aaa_merge_under(set, more, why) != ST_OK)
		st = resolver_refuse(r, "attribute list %.63s: %s", l->name, why);
	aaa_set_free(more);
	return st;
}

/* A source as a set of its own; *out NULL: it gives nothing. */
static enum status read_policy(struct resolver *r, const struct authz_policy *a, struct aaa_set **out)
{
	char why[AAA_WHY] = "";
	enum status st;

	if (!a)
		return ST_OK;
	*out = aaa_set_new();
	if (!*out)
		return ST_NOMEM;
	st = aaa_set_policy(*out, a, why);
	return st == ST_OK ? add_list(r, a, *out) : resolver_refuse(r, "%s", why);
}

/* What a script, EAP or a server calls the user; "": nobody calls him anything. */
static const char *given_name(const struct ike_question *q, const struct session_ask *ask)
{
	const struct aaa_set *cached = ask ? ask->cached : NULL;

	return q->name[0] ? q->name : cached && aaa_has(cached, AV_USER_NAME) ? cached->user_name : "";
}

/* That, or the peer's identity, as it is looked up: not escaped. */
static void plain_name(const struct resolver *r, char out[SESSION_USERNAME])
{
	if (given_name(r->q, r->ask)[0])
		unescape_bytes(out, SESSION_USERNAME, r->s->username);
	else
		id_plain(&r->q->peer_id, out, SESSION_USERNAME);
}

/* R-AZN-03..06. A name of the whole: no other's that begins so. */
static enum status name_of(struct resolver *r, const struct aaa_author *a, char out[SESSION_USERNAME])
{
	const struct name_mangler *m = a->mangler ? snapshot_mangler(r->conf, a->mangler) : NULL;
	const struct ike_question *q = r->q;
	struct mangle_identity who = {.type = q->peer_id.type, .ike = {q->peer_id.bytes, q->peer_id.len}};
	char why[AAA_WHY] = "";

	if (a->mangler && !m)
		return resolver_refuse(r, "name-mangler %.63s of the authorization is not defined", a->mangler);
	if (r->method == AAA_EAP || r->method == AAA_ANYCONNECT)
		who.eap = (struct view){(const uint8_t *)q->user, strlen(q->user)};
	if (m) {
		enum status st = mangler_apply(m, &who, out, why);
		if (st != ST_OK)
			snprintf(r->detail, IKE_DETAIL_LEN, "%s", why);
		return st;
	}
	if (a->username)
		snprintf(out, SESSION_USERNAME, "%s", a->username);
	else
		plain_name(r, out);
	return ST_OK;
}

static enum status copy_set(const struct aaa_set *from, struct aaa_set **out)
{
	*out = aaa_set_new();
	if (!*out)
		return ST_NOMEM;
	**out = *from;
	return ST_OK;
}

/* What an `aaa authorization` line gives. A group that does not exist is refused; a user without a policy
 * of his own has the group's. */
static enum status read_author(struct resolver *r, const struct aaa_author *a, bool is_group, struct aaa_set **out)
{
	const struct aaa_set *given = !r->ask ? NULL : is_group ? r->ask->group : r->ask->user;
	const struct authz_policy *policy = NULL;
	char name[SESSION_USERNAME];
	enum list_says says;

	if (!a->list)
		return ST_OK;
	says = ask_list(r, a->list, given);
	if (says == LIST_GIVEN)
		return copy_set(given, out);
	if (says != LIST_LOCAL)
		return says == LIST_NONE ? ST_OK : ST_NOT_AUTHORIZED;
	enum status st = name_of(r, a, name);
	if (st == ST_OK)
		st = find_policy(r, name, is_group, &policy);
	if (st == ST_OK)
		st = text_set(is_group ? &r->s->policy : &r->s->policy_user, policy ? policy->name : "");
	return st == ST_OK ? read_policy(r, policy, out) : st;
}

/* The sources of one session: heap, since they are large. */
struct sources {
	struct aaa_set *cached, *user, *group;
};

static enum status read_cached(struct resolver *r, const struct aaa_author *user, struct sources *from)
{
	enum status st;

	if (!r->ask || !r->ask->cached)
		return ST_OK;
	st = copy_set(r->ask->cached, &from->cached);
	if (st == ST_OK && !user->cached)
		aaa_set_login_only(from->cached);
	return st;
}

/* Who names his group has it in the place of the profile's, and the policy `default` is that of who has none
 * (R-CFG-03). */
static enum status read_group(struct resolver *r, const struct aaa_author *group, struct sources *from)
{
	const struct aaa_set *of_user = from->user && aaa_has(from->user, AV_GROUP) ? from->user : from->cached;
	bool is_named = of_user && aaa_has(of_user, AV_GROUP);
	const struct authz_policy *policy;
	enum status st;

	if (group->list && !is_named)
		return read_author(r, group, true, &from->group);
	st = find_policy(r, is_named ? of_user->group : "default", is_named, &policy);
	if (st == ST_OK)
		st = text_set(&r->s->policy, policy ? policy->name : "");
	return st == ST_OK ? read_policy(r, policy, &from->group) : st;
}

static enum status read_sources(struct resolver *r, const struct ike_profile *p, struct sources *from)
{
	const struct aaa_author *user = &p->user[r->method], *group = &p->group[r->method];
	enum status st = read_cached(r, user, from);

	/* R-AZN-08 */
	if (st == ST_OK && (!user->cached || aaa_wants_user(from->cached)))
		st = read_author(r, user, false, &from->user);
	return st == ST_OK ? read_group(r, group, from) : st;
}

typedef enum status place_fn(struct resolver *r);

/* All that the peer is given, merged (R-AZN-09), and put in its place. r->set is the caller's to free. */
static enum status apply_sources(struct resolver *r, const struct ike_profile *p, place_fn *place)
{
	struct sources from = {0};
	char why[AAA_WHY] = "";
	enum status st = read_sources(r, p, &from);

	r->set = st == ST_OK ? aaa_set_new() : NULL;
	if (r->set) {
		const struct aaa_sources all = {from.cached, from.user, from.group, p->group[r->method].override};
		st = aaa_merge(&all, r->set, why);
		st = st == ST_OK ? place(r) : resolver_refuse(r, "%s", why);
	} else if (st == ST_OK) {
		st = ST_NOMEM;
	}
	aaa_set_free(from.cached);
	aaa_set_free(from.user);
	aaa_set_free(from.group);
	return st;
}

/* ---- where its traffic goes ----------------------------------------------------------------- */

/* Who connects says through which tunnel; who is connected to has the one that suits the peer. */
static const struct iface *tunnel_of(const struct snapshot *conf, const struct ike_question *q)
{
	const struct iface *f;

	if (!q->we_are_initiator || !q->tun)
		return profile_tunnel(conf, q->profile, q->we_are_initiator ? NULL : &q->remote.addr);
	f = snapshot_iface(conf, IFACE_TUNNEL, q->tun - SESSION_TUN_TUNNEL);
	return f && !f->shutdown ? f : NULL;
}

static enum status find_device(
	struct resolver *r, const struct ike_profile *p, const struct ike_question *q)
{
	uint32_t n = p->virtual_template;
	const struct iface *tunnel =
		q->we_are_initiator || n == 0 ? tunnel_of(r->conf, q) : NULL;

	if (tunnel) {
		r->tun = tunnel;
		r->grant->tun = SESSION_TUN_TUNNEL + tunnel->number;
	} else if (q->tun) {
		return resolver_refuse(r, "interface Tunnel%u is gone", (unsigned)(q->tun - SESSION_TUN_TUNNEL));
	} else if (n == 0 && profile_tunnel(r->conf, p->name, NULL)) {
		return resolver_refuse(r,
			"the peer is not the `tunnel destination` of an interface that uses profile "
			"%.63s",
			p->name);
	} else if (n == 0) {
		return resolver_refuse(r,
			"profile %.63s has no `virtual-template`: there is nowhere to put its "
			"traffic",
			p->name);
	} else {
		r->tun = snapshot_iface(r->conf, IFACE_TEMPLATE, n);
		r->grant->tun = n;
		if (!r->tun || r->tun->shutdown)
			return resolver_refuse(r, "interface Virtual-Template%u of profile %.63s is %s",
				(unsigned)n, p->name, r->tun ? "shut down" : "not defined");
	}
	/* The device stands in the VRF of its interface, and there addresses must differ. */
	return text_set(&r->s->ivrf, r->tun->vrf ? r->tun->vrf : "");
}

/* Our own addresses on its side of the tunnel. */
static void put_server(struct resolver *r)
{
	const struct iface *i4 = r->tun->unnumbered ? place_iface(r->conf, r->tun->unnumbered) : r->tun;
	const struct iface *i6 = r->tun->unnumbered6 ? place_iface(r->conf, r->tun->unnumbered6) : r->tun;

	if (i4)
		r->grant->server_ip4 = i4->ip.addr;
	if (i6 && i6->ip6_count)
		r->grant->server_ip6 = i6->ip6[0].addr;
}

static void finish(struct resolver *r)
{
	struct ike_grant *g = r->grant;
	struct prefix any4 = {.addr.family = 4}, any6 = {.addr.family = 6};

	put_server(r);
	/* The peer of a tunnel is a site: what is behind it is a matter of routes (R-LEG-04). */
	if (r->tun->kind == IFACE_TUNNEL && g->n_remote == 0) {
		(void)place_prefix(g->remote, &g->n_remote, REMOTES_MAX, &any4);
		(void)place_prefix(g->remote, &g->n_remote, REMOTES_MAX, &any6);
	}
}

/* R-RAD-01: who RADIUS says it was is who it is, unless a script or EAP has said so. */
static enum status name_user(struct session *s, const struct session_ask *ask)
{
	const struct ike_question *q = ask->q;
	const char *name = given_name(q, ask);
	char shown[SESSION_USERNAME];

	if (name[0])
		escape_bytes(shown, sizeof(shown), name, strlen(name));
	else
		id_text(&q->peer_id, shown, sizeof(shown));
	return text_set(&s->username, shown);
}

enum status authorize_name(const struct snapshot *conf, const struct session_ask *ask, const struct aaa_author *a,
	struct authorize_name *out)
{
	struct session *s = session_new();
	struct resolver r = {.conf = conf, .q = ask->q, .ask = ask, .s = s, .detail = out->detail, .method = authorize_method(ask->q->peer_method)};
	enum status st = s ? ST_OK : ST_NOMEM;

	*out = (struct authorize_name){0};
	if (st == ST_OK)
		st = name_user(s, ask);
	if (st == ST_OK)
		st = name_of(&r, a, out->name);
	session_free(s);
	return st;
}

enum status authorize_resolve(const struct snapshot *conf, const struct session_ask *ask, struct session *s,
	struct authorized *out)
{
	const struct ike_question *q = ask->q;
	const struct ike_profile *p = snapshot_profile(conf, q->profile);
	struct resolver r = {.conf = conf, .q = q, .ask = ask, .s = s, .grant = &out->grant, .detail = out->detail,
		.method = authorize_method(q->peer_method)};
	enum status st;

	s->aaa_method = (uint8_t)r.method;
	s->is_of_radius = ask->cached != NULL;
	if (!p) {
		snprintf(out->detail, IKE_DETAIL_LEN, "profile %.63s is gone", q->profile);
		return ST_NO_PROFILE;
	}
	st = text_set(&s->profile, p->name);
	if (st == ST_OK)
		st = name_user(s, ask);
	if (st == ST_OK)
		st = find_device(&r, p, q);
	if (st == ST_OK)
		st = apply_sources(&r, p, place_set);
	if (st == ST_OK && !q->we_are_initiator)
		finish(&r);
	if (st == ST_OK && !q->we_are_initiator)
		st = terms_keep(r.set, &s->terms);
	aaa_set_free(r.set);
	return st;
}

uint8_t authorize_networks(const struct snapshot *conf, const char *profile, uint32_t tun,
	struct prefix out[IKE_NETS_MAX])
{
	struct {
		struct ike_question q;
		struct authorized to;
	} *room = mem_new(sizeof(*room));
	struct session *s = session_new();
	const struct ike_profile *p = snapshot_profile(conf, profile);
	uint8_t n = 0;

	if (room && s && p) {
		struct ike_grant *g = &room->to.grant;
		struct resolver r = {.conf = conf, .q = &room->q, .s = s, .grant = g, .detail = room->to.detail};

		s->we_are_initiator = room->q.we_are_initiator = true;
		room->q.tun = tun;
		if (find_device(&r, p, &room->q) == ST_OK && apply_sources(&r, p, place_pushed) == ST_OK)
			n = g->n_subnets;
		memcpy(out, g->subnets, n * sizeof(out[0]));
		aaa_set_free(r.set);
	}
	session_free(s);
	mem_free(room);
	return n;
}
