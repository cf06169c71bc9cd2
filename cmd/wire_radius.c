#include "cmd/wire_radius.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/holder_proto.h"
#include "cmd/radius_plan.h"
#include "cmd/wire_names.h"
#include "cmd/wire_radsec.h"
#include "cmd/wire_spool.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/conf/aaa.h"
#include "core/session/coa_match.h"
#include "modules/loop/loop.h"
#include "modules/radius/radius.h"

#define VIRTUAL    5   /* NAS-Port-Type (RFC 2865 5.41) */
#define ASA_TUNNEL 146 /* Tunnel-Group-Name */

/* A socket of the client. */
struct ear {
	struct list in_list;
	struct loop_fd *watch;
	int fd;
};

struct wire_radius {
	struct radius *radius;
	struct loop_timer *timer;
	struct list ears;
	struct wire_names names; /* of servers */
	uint64_t last; /* number of a request */
};

struct radius *wire_radius(const struct wire *w)
{
	return w->radius->radius;
}

uint64_t wire_radius_number(struct wire *w)
{
	return ++w->radius->last;
}

/* ---- ports ------------------------------------------------------------------------------------------ */

static void on_readable(void *ctx, int fd)
{
	const struct wire *w = ctx;
	radius_on_readable(w->radius->radius, fd);
}

static void on_time(void *ctx)
{
	const struct wire *w = ctx;
	radius_on_time(w->radius->radius);
}

static enum status listen_to(struct wire *w, int fd)
{
	struct ear *e = mem_new(sizeof(*e));
	if (!e)
		return ST_NOMEM;
	e->fd = fd;
	enum status st = loop_fd_add(w->loop, fd, false, on_readable, w, &e->watch);
	if (st == ST_OK)
		list_push_back(&w->radius->ears, &e->in_list);
	else
		mem_free(e);
	return st;
}

static enum status port_open(void *ctx, const char *vrf, uint8_t family, const struct addr *source, int *fd)
{
	struct wire *w = ctx;
	struct asroot_request rq = {.op = ASROOT_ASKER, .family = family, .addr = *source};
	struct asroot_reply reply;
	int fds[ASROOT_FDS];
	if (strlen(vrf) >= sizeof(rq.vrf))
		return ST_CONFIG;
	memcpy(rq.vrf, vrf, strlen(vrf));
	enum status st = asroot_call(w->control, &rq, &reply, fds);
	if (st == ST_OK) {
		st = listen_to(w, fds[0]);
		if (st != ST_OK)
			close(fds[0]);
	}
	if (st == ST_OK)
		*fd = fds[0];
	else
		LOG(EV_RADIUS_SOCKET, kv_str("vrf", vrf), kv_addr("source", source), kv_status("status", st));
	return st;
}

static void port_shut(void *ctx, int fd)
{
	struct wire *w = ctx;
	LIST_EACH_SAFE(at, &w->radius->ears) {
		struct ear *e = CONTAINER_OF(at, struct ear, in_list);
		if (e->fd != fd)
			continue;
		loop_fd_del(e->watch);
		list_del(&e->in_list);
		mem_free(e);
	}
	close(fd);
}

static uint64_t port_now_ms(void *ctx)
{
	(void)ctx;
	return loop_now_ms();
}

static void port_wake_at(void *ctx, uint64_t at_ms)
{
	struct wire *w = ctx;
	loop_timer_at(w->radius->timer, at_ms);
}

static void port_changed(void *ctx, const char *server, bool is_dead)
{
	LOG(is_dead ? EV_RADIUS_DEAD : EV_RADIUS_ALIVE, kv_str("server", server));
	if (!is_dead)
		wire_spool_revived(ctx);
}

/* ---- names ------------------------------------------------------------------------------------------- */

static bool find_name(void *ctx, const char *name, uint8_t family, struct addr *out)
{
	const struct wire_radius *r = ctx;
	struct addr found[NAMES_ADDRS];
	if (!wire_names_find(&r->names, name, family, found))
		return false;
	*out = found[0];
	return true;
}

static void apply(struct wire *w)
{
	struct wire_radius *r = w->radius;
	struct radius_plan *plan = mem_new(sizeof(*plan));
	enum status st = plan ? ST_OK : ST_NOMEM;
	if (plan) {
		radius_plan_make(w->conf, find_name, r, plan);
		struct radius_conf c = {plan->servers, plan->n_servers, plan->groups, plan->n_groups};
		st = radius_configure(r->radius, &c);
		mem_free_secret(plan, sizeof(*plan));
	}
	if (st != ST_OK)
		LOG(EV_RADIUS_SOCKET, kv_str("vrf", ""), kv_status("status", st));
}

static void note_name(struct wire *w, const struct radius_server *s)
{
	if (s->host && !s->addr.family)
		wire_names_want(&w->radius->names, s->host);
}

void wire_radius_configure(struct wire *w)
{
	const struct snapshot *s = w->conf;
	wire_names_begin(&w->radius->names);
	for (size_t i = 0; i < s->radius_server_count; i++)
		note_name(w, &s->radius_servers[i]);
	for (size_t i = 0; i < s->aaa_group_count; i++)
		for (size_t k = 0; k < s->aaa_groups[i].member_count; k++)
			if (s->aaa_groups[i].members[k].kind == MEMBER_PRIVATE)
				note_name(w, &s->aaa_groups[i].members[k].server);
	wire_names_end(&w->radius->names);
	apply(w);
}

void wire_radius_second(struct wire *w)
{
	wire_names_second(&w->radius->names);
}

/* ---- lists ---------------------------------------------------------------------------------------------- */

enum wire_aaa wire_aaa_next(const struct snapshot *s, enum aaa_kind kind, const char *list, size_t *at, const char **group)
{
	const struct aaa_list *l = list ? aaa_list_used(s, kind, list) : NULL;
	*group = NULL;
	if (!list)
		return (*at)++ == 0 ? WIRE_AAA_LOCAL : WIRE_AAA_END;
	while (l && *at < l->methods.n) {
		const char *method = l->methods.v[(*at)++];
		*group = aaa_method_group(method);
		if (*group)
			return WIRE_AAA_GROUP;
		if (strcmp(method, "local") == 0)
			return WIRE_AAA_LOCAL;
		if (strcmp(method, "none") == 0)
			return WIRE_AAA_NONE;
	}
	return WIRE_AAA_END;
}

uint32_t wire_aaa_within_ms(uint64_t left_ms, bool has_other)
{
	uint64_t ms = has_other ? left_ms / 2 : left_ms;
	return ms == 0 ? 1 : ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

void wire_aaa_log_fall(const struct wire_aaa_fall *f)
{
	const char *next = f->next ? f->next : f->to == WIRE_AAA_LOCAL ? "local" : "none";
	LOG(EV_AAA_FALLBACK, kv_bytes("user", f->name.p, f->name.len), kv_str("list", f->list), kv_str("silent", f->silent),
	    kv_status("reason", f->why), kv_str("next", next));
}

/* ---- requests --------------------------------------------------------------------------------------------- */

/* As accounting will have it (core/session/coa_match.h). */
static void put_port(const struct wire *w, struct wr *o, const struct radius_who *who)
{
	const struct ike_profile *p = snapshot_profile(w->conf, who->profile);
	char name[COA_IFNAME];
	radius_put_u32(o, RADIUS_NAS_PORT, (uint32_t)who->sa);
	if (p && p->virtual_template)
		radius_put_text(o, RADIUS_NAS_PORT_ID, coa_access_name(who->sa, name));
	radius_put_u32(o, RADIUS_NAS_PORT_TYPE, VIRTUAL);
}

void wire_radius_put_who(const struct wire *w, struct wr *o, const struct radius_who *who)
{
	char text[ADDR_TEXT];
	radius_put_text(o, RADIUS_NAS_IDENTIFIER, snapshot_hostname(w->conf));
	put_port(w, o, who);
	radius_put_text(o, RADIUS_CALLED_STATION_ID, addr_format(&who->local->addr, text));
	radius_put_text(o, RADIUS_CALLING_STATION_ID, addr_format(&who->remote->addr, text));
	wire_radius_put_group(o, who->profile);
}

void wire_radius_put_group(struct wr *o, const char *profile)
{
	if (profile[0])
		radius_put_vsa(o, RADIUS_VENDOR_ASA, ASA_TUNNEL, profile, strlen(profile));
}

void wire_radius_message(struct view attrs, char out[IKE_DETAIL_LEN])
{
	struct radius_attr a;
	out[0] = 0;
	if (radius_find(attrs, RADIUS_REPLY_MESSAGE, &a))
		escape_bytes(out, IKE_DETAIL_LEN, a.value.p, a.value.len);
}

/* ---- life --------------------------------------------------------------------------------------------------- */

enum status wire_radius_open(struct wire *w)
{
	struct radius_ports ports = {.open = port_open, .shut = port_shut, .now_ms = port_now_ms, .wake_at = port_wake_at,
				     .changed = port_changed, .link = wire_radsec_ports(), .ctx = w};
	struct wire_radius *r = mem_new(sizeof(*r));
	if (!r)
		return ST_NOMEM;
	w->radius = r;
	list_init(&r->ears);
	wire_names_init(&r->names, w, apply);
	enum status st = wire_radsec_open(w);
	if (st == ST_OK)
		st = loop_timer_new(w->loop, on_time, w, &r->timer);
	if (st == ST_OK)
		r->radius = radius_new(&ports, w->stats);
	return st == ST_OK && !r->radius ? ST_NOMEM : st;
}

void wire_radius_close(struct wire *w)
{
	struct wire_radius *r = w->radius;
	if (!r)
		return;
	wire_names_close(&r->names);
	radius_free(r->radius);
	wire_radsec_close(w);
	if (r->timer)
		loop_timer_free(r->timer);
	mem_free(r);
	w->radius = NULL;
}
