#include "core/conf/diff.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/conf/grammar.h"
#include "core/conf/print.h"
#include "core/conf/set.h"
#include "core/conf/shape.h"
#include "core/conf/tables.h"

#define NO_KIND (-1)

/* Objects that have names. Those without a mode of their own are compared as a whole. */
struct named {
	const char *words;
	int mode; /* enum cmd_mode, -1: none */
	size_t list_off;
	size_t count_off;
	size_t name_off;
	int kind_off; /* a uint8_t that is part of the name */
	const struct shape *shape;
};
#define NAMED(words, mode, list, count, type, kind, shape)                                         \
	{                                                                                          \
		words, mode, offsetof(struct snapshot, list), offsetof(struct snapshot, count),    \
			offsetof(struct type, name), kind, &shape                                  \
	}

static const struct named objects[] = {
	NAMED("vrf definition", MODE_VRF, vrfs, vrf_count, vrf_def, NO_KIND, shape_vrf_def),
	NAMED("aaa list", -1, aaa_lists, aaa_list_count, aaa_list, offsetof(struct aaa_list, kind),
		shape_aaa_list),
	NAMED("aaa group server radius", MODE_AAA_GROUP, aaa_groups, aaa_group_count, aaa_group,
		NO_KIND, shape_aaa_group),
	NAMED("aaa attribute list", MODE_ATTRS, attribute_lists, attribute_list_count,
		attribute_list, NO_KIND, shape_attribute_list),
	NAMED("radius server", MODE_RADIUS, radius_servers, radius_server_count, radius_server,
		NO_KIND, shape_radius_server),
	NAMED("ip local pool", -1, pools4, pool4_count, pool4, NO_KIND, shape_pool4),
	NAMED("ipv6 local pool", -1, pools6, pool6_count, pool6, NO_KIND, shape_pool6),
	NAMED("access-list", -1, acls, acl_count, acl, offsetof(struct acl, kind), shape_acl),
	NAMED("class-map", MODE_CLASS_MAP, class_maps, class_map_count, class_map, NO_KIND, shape_class_map),
	NAMED("policy-map", MODE_POLICY_MAP, policy_maps, policy_map_count, policy_map, NO_KIND,
		shape_policy_map),
	NAMED("crypto pki trustpoint", MODE_TRUSTPOINT, trustpoints, trustpoint_count, trustpoint, NO_KIND,
		shape_trustpoint),
	NAMED("crypto pki certificate map", -1, cert_maps, cert_map_count, cert_map, NO_KIND, shape_cert_map),
	NAMED("crypto pki certificate chain", MODE_CHAIN, cert_chains, cert_chain_count, cert_chain, NO_KIND,
		shape_cert_chain),
	NAMED("crypto ikev2 proposal", MODE_PROPOSAL, proposals, proposal_count, ike_proposal,
		NO_KIND, shape_proposal),
	NAMED("crypto ikev2 policy", MODE_POLICY, policies, policy_count, ike_policy, NO_KIND,
		shape_policy),
	NAMED("crypto ikev2 keyring", MODE_KEYRING, keyrings, keyring_count, ike_keyring, NO_KIND,
		shape_keyring),
	NAMED("crypto ikev2 name-mangler", MODE_MANGLER, manglers, mangler_count, name_mangler,
		NO_KIND, shape_mangler),
	NAMED("crypto ikev2 authorization policy", MODE_AUTHZ, authz, authz_count, authz_policy,
		NO_KIND, shape_authz),
	NAMED("crypto ikev2 profile", MODE_PROFILE, profiles, profile_count, ike_profile, NO_KIND,
		shape_profile),
	NAMED("crypto ipsec transform-set", MODE_SET, sets, set_count, transform_set, NO_KIND,
		shape_set),
	NAMED("crypto ipsec profile", MODE_IPSEC_PROFILE, ipsec_profiles, ipsec_profile_count,
		ipsec_profile, NO_KIND, shape_ipsec_profile),
	NAMED("crypto ikev2 client flexvpn", MODE_FLEXVPN, clients, client_count, flex_client,
		NO_KIND, shape_client),
	NAMED("sallyport script", MODE_SCRIPT, scripts, script_count, conf_script, NO_KIND, shape_script),
	NAMED("interface", MODE_IFACE, ifaces, iface_count, iface, NO_KIND, shape_iface),
};

static enum status add(struct conf_diff *d, struct conf_change c)
{
	struct conf_change *v = mem_grow(d->v, d->n * sizeof(c), (d->n + 1) * sizeof(c));
	if (!v)
		return ST_NOMEM;
	d->v = v;
	d->v[d->n++] = c;
	d->restart = d->restart || c.when == CHANGE_RESTART;
	return ST_OK;
}

static const char *list_at(const struct snapshot *s, const struct named *o, size_t *n)
{
	const char *v;
	memcpy(&v, (const char *)s + o->list_off, sizeof(v));
	memcpy(n, (const char *)s + o->count_off, sizeof(*n));
	return v;
}

static const char *name_at(const struct named *o, const char *obj)
{
	const char *name;
	memcpy(&name, obj + o->name_off, sizeof(name));
	return name;
}

static const char *find_same(const struct snapshot *s, const struct named *o, const char *obj)
{
	size_t n;
	const char *v = list_at(s, o, &n);
	for (size_t i = 0; i < n; i++) {
		const char *q = v + i * o->shape->size;
		bool kind = o->kind_off < 0 || q[o->kind_off] == obj[o->kind_off];
		if (kind && strcmp(name_at(o, q), name_at(o, obj)) == 0)
			return q;
	}
	return NULL;
}

struct sides {
	const struct snapshot *old, *new_;
};

/* Does the row say the same of both objects? */
static enum status row_same(
	const struct sides *s, const struct cmd *row, const void *a, const void *b, bool *same)
{
	struct cout x, y;
	cout_init(&x, s->old, CONF_SECRETS | CONF_ALL);
	cout_init(&y, s->new_, CONF_SECRETS | CONF_ALL);
	row->print(&x, row, a);
	row->print(&y, row, b);
	*same = x.len == y.len && (x.len == 0 || memcmp(x.p, y.p, x.len) == 0);
	enum status st = x.nomem || y.nomem ? ST_NOMEM : ST_OK;
	cout_fini(&x);
	cout_fini(&y);
	return st;
}

static enum status diff_rows(const struct sides *s, const struct named *o, const char *a,
	const char *b, struct conf_diff *d)
{
	size_t before = d->n;
	for (size_t i = 0; o->mode >= 0 && i < cmd_modes[o->mode].rows->n; i++) {
		const struct cmd *row = &cmd_modes[o->mode].rows->v[i];
		bool same = true;
		if (row->print && row_same(s, row, a, b, &same) != ST_OK)
			return ST_NOMEM;
		struct conf_change c = {
			CHANGE_CHANGED, row->when, o->words, name_at(o, b), row->grammar};
		if (!same && add(d, c) != ST_OK)
			return ST_NOMEM;
	}
	if (d->n != before || shape_equal(o->shape, a, b))
		return ST_OK;
	return add(d, (struct conf_change){
			      CHANGE_CHANGED, CHANGE_NEW_SESSIONS, o->words, name_at(o, b), ""});
}

static enum status diff_objects(const struct sides *s, const struct named *o, struct conf_diff *d)
{
	size_t old_n, new_n;
	const char *old = list_at(s->old, o, &old_n), *new_ = list_at(s->new_, o, &new_n);
	enum status st = ST_OK;
	for (size_t i = 0; i < old_n && st == ST_OK; i++) {
		const char *obj = old + i * o->shape->size;
		if (!find_same(s->new_, o, obj))
			st = add(d, (struct conf_change){CHANGE_REMOVED, CHANGE_NEW_SESSIONS,
					    o->words, name_at(o, obj), ""});
	}
	for (size_t i = 0; i < new_n && st == ST_OK; i++) {
		const char *obj = new_ + i * o->shape->size, *was = find_same(s->old, o, obj);
		if (was)
			st = diff_rows(s, o, was, obj, d);
		else
			st = add(d, (struct conf_change){CHANGE_ADDED, CHANGE_NEW_SESSIONS,
					    o->words, name_at(o, obj), ""});
	}
	return st;
}

static bool prints_objects(const struct cmd *row)
{
	return row->print == print_block || row->print == print_interface ||
	       row->print == print_acl || row->print == print_class_map ||
	        row->print == print_pool4 || row->print == print_pool6 ||
	       row->print == print_transform_set || row->print == print_cert_map_block || row->print == print_aaa_list ||
	       row->print == print_radius_server || row->print == print_radius_host;
}

enum status conf_diff(const struct snapshot *old, const struct snapshot *new_, struct conf_diff *d)
{
	struct sides s = {old, new_};
	const struct cmd_rows *rows = cmd_modes[MODE_GLOBAL].rows;
	enum status st = ST_OK;
	*d = (struct conf_diff){0};
	for (size_t i = 0; i < rows->n && st == ST_OK; i++) {
		const struct cmd *row = &rows->v[i];
		bool same = true;
		if (!row->print || prints_objects(row))
			continue;
		st = row_same(&s, row, old, new_, &same);
		if (st == ST_OK && !same)
			st = add(d, (struct conf_change){
					    CHANGE_CHANGED, row->when, "", NULL, row->grammar});
	}
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]) && st == ST_OK; i++)
		st = diff_objects(&s, &objects[i], d);
	return st;
}

void conf_diff_fini(struct conf_diff *d)
{
	mem_free(d->v);
	*d = (struct conf_diff){0};
}

const char *conf_when_words(uint8_t when)
{
	static const char *const words[] = {[CHANGE_LIVE] = "live",
		[CHANGE_NEW_SESSIONS] = "new sessions",
		[CHANGE_RESTART] = "restart"};
	return when <= CHANGE_RESTART ? words[when] : "";
}

size_t conf_change_format(char *out, size_t cap, const struct conf_change *c)
{
	static const char *const kinds[] = {[CHANGE_ADDED] = "added",
		[CHANGE_REMOVED] = "removed",
		[CHANGE_CHANGED] = "changed"};
	int n = snprintf(out, cap, "%s%s%s%s%.*s %s (%s)", c->object, c->name ? " " : "",
		c->name ? c->name : "", c->name && c->command[0] ? ": " : "",
		(int)grammar_head_len(c->command), c->command, kinds[c->kind],
		conf_when_words(c->when));
	return n < 0 || !cap ? 0 : (size_t)n < cap ? (size_t)n : cap - 1;
}
