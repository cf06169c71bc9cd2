#include "cmd/radius_plan.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/conf/aaa.h"
#include "core/wire/id.h"

#define SECOND_MS 1000

struct maker {
	const struct snapshot *s;
	radius_plan_name *find;
	void *ctx;
	struct radius_plan *plan;
};

static uint32_t narrow(uint32_t own, uint32_t global)
{
	return own == INHERIT ? global : own;
}

/* Source of requests: of the server, of its group's interface, of the interface for all of its VRF. */
static struct addr source_of(const struct maker *m, const struct radius_server *r, const struct aaa_group *g, uint8_t family)
{
	const char *own = g ? (family == 4 ? g->source : g->source6) : NULL, *vrf = g ? g->vrf : NULL;
	if (r->source.family == family)
		return r->source;
	if (own)
		return snapshot_iface_address(m->s, own, family);
	for (size_t i = 0; i < m->s->radius.source_count; i++) {
		const struct radius_source *from = &m->s->radius.sources[i];
		bool is_same = from->vrf && vrf ? strcmp(from->vrf, vrf) == 0 : !from->vrf && !vrf;
		if (from->family == family && is_same)
			return snapshot_iface_address(m->s, from->ifname, family);
	}
	return (struct addr){0};
}

/* What the certificate must name: what the configuration says, or the server as it stands there. */
static void fill_identity(const struct radius_server *r, struct radius_tls_conf *out)
{
	const char *text = r->tls.match == RADIUS_MATCH_HOST ? r->host : r->tls.identity;
	struct addr a;
	if (r->tls.match == RADIUS_MATCH_EMAIL) {
		out->id_type = IDT_EMAIL;
	} else if (r->tls.match != RADIUS_MATCH_NAME && addr_parse(text, &a) == ST_OK) {
		out->id_type = a.family == 4 ? IDT_IPV4 : IDT_IPV6;
		out->id_len = (uint16_t)addr_len(&a);
		memcpy(out->id, a.b, out->id_len);
		return;
	} else {
		out->id_type = IDT_FQDN;
	}
	out->id_len = (uint16_t)strnlen(text, sizeof(out->id));
	memcpy(out->id, text, out->id_len);
}

/* false: nobody could be believed. */
static bool fill_tls(const struct radius_server *r, struct radius_server_conf *out)
{
	const struct radius_tls *t = &r->tls;
	const char *judge = t->server ? t->server : t->client;
	if (!judge)
		return false;
	out->auth_port = out->acct_port = (uint16_t)t->port;
	out->tls = (struct radius_tls_conf){
		.is_on = true,
		.connect_ms = t->connect_s * SECOND_MS,
		.idle_ms = t->idle_s * SECOND_MS,
		.watchdog_ms = t->watchdog_s * SECOND_MS,
		.retries = t->retries,
	};
	snprintf(out->tls.client, sizeof(out->tls.client), "%s", t->client ? t->client : "");
	snprintf(out->tls.server, sizeof(out->tls.server), "%s", judge);
	fill_identity(r, &out->tls);
	return true;
}

/* false: it is left out. */
static bool fill(const struct maker *m, const struct radius_server *r, const struct aaa_group *g, struct radius_server_conf *out)
{
	const struct secret *key = aaa_server_key(m->s, r);
	uint32_t dead_min = g && g->deadtime_min ? g->deadtime_min : m->s->radius.deadtime_min;
	*out = (struct radius_server_conf){
		.addr = r->addr,
		.auth_port = (uint16_t)r->auth_port,
		.acct_port = (uint16_t)r->acct_port,
		.timeout_ms = narrow(r->timeout_s, m->s->radius.timeout_s) * SECOND_MS,
		.retransmit = narrow(r->retransmit, m->s->radius.retransmit),
		.dead_ms = dead_min * 60000,
		.wants_probe = r->probe,
		.trusts_unsigned = r->trusts_unsigned,
	};
	if (!r->host || !key || key->len > sizeof(out->secret) || (r->tls.on && !fill_tls(r, out)))
		return false;
	if (!out->addr.family && !m->find(m->ctx, r->host, r->family, &out->addr)) {
		m->plan->unknown++;
		return false;
	}
	snprintf(out->name, sizeof(out->name), "%s", r->name);
	snprintf(out->vrf, sizeof(out->vrf), "%s", g && g->vrf ? g->vrf : "");
	out->source = source_of(m, r, g, out->addr.family);
	out->secret_len = (uint16_t)key->len;
	memcpy(out->secret, key->bytes, key->len);
	return true;
}

static bool is_same(const struct radius_server_conf *a, const struct radius_server_conf *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->vrf, b->vrf) == 0 && addr_eq(&a->addr, &b->addr) &&
	       addr_eq(&a->source, &b->source) && a->auth_port == b->auth_port && a->acct_port == b->acct_port &&
	       a->tls.is_on == b->tls.is_on && a->secret_len == b->secret_len && memcmp(a->secret, b->secret, a->secret_len) == 0;
}

/* A server that several groups name in the same way is one: what one finds out about it all know. It rests for
 * the longest time that one of them wants. */
static void add(const struct maker *m, const struct radius_server *r, const struct aaa_group *g, struct radius_group_conf *to)
{
	struct radius_plan *p = m->plan;
	struct radius_server_conf c;
	size_t at = 0;
	if (r && to->n_servers < RADIUS_GROUP_SIZE && fill(m, r, g, &c)) {
		while (at < p->n_servers && !is_same(&p->servers[at], &c))
			at++;
		if (at == p->n_servers && at < RADIUS_SERVERS_MAX)
			p->servers[p->n_servers++] = c;
		if (at < p->n_servers && p->servers[at].dead_ms < c.dead_ms)
			p->servers[at].dead_ms = c.dead_ms;
		if (at < p->n_servers)
			to->servers[to->n_servers++] = (uint16_t)at;
	}
	mem_zero(&c, sizeof(c));
}

static void add_group(const struct maker *m, const struct aaa_group *g)
{
	struct radius_group_conf *out = &m->plan->groups[m->plan->n_groups++];
	*out = (struct radius_group_conf){.balances = g->balances};
	snprintf(out->name, sizeof(out->name), "%s", g->name);
	for (size_t i = 0; i < g->member_count; i++)
		add(m, aaa_member_server(m->s, &g->members[i]), g, out);
}

static void add_all(const struct maker *m)
{
	struct radius_group_conf *out = &m->plan->groups[m->plan->n_groups++];
	*out = (struct radius_group_conf){.balances = m->s->radius.balances};
	snprintf(out->name, sizeof(out->name), "%s", AAA_GROUP_ALL);
	for (size_t i = 0; i < m->s->radius_server_count; i++)
		add(m, &m->s->radius_servers[i], NULL, out);
}

void radius_plan_make(const struct snapshot *s, radius_plan_name *find, void *ctx, struct radius_plan *out)
{
	struct maker m = {s, find, ctx, out};
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < s->aaa_group_count && out->n_groups < RADIUS_GROUPS_MAX; i++)
		add_group(&m, &s->aaa_groups[i]);
	add_all(&m);
}
