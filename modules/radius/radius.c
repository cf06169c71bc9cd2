#include "modules/radius/radius.h"

#include <string.h>

#include "core/base/mem.h"
#include "modules/radius/ask.h"
#include "modules/radius/reply.h"
#include "modules/radius/server.h"
#include "modules/radius/socket.h"
#include "modules/radius/state.h"
#include "modules/radius/stream.h"

#define MAP_SLOTS 256

static void schedule(struct radius *r)
{
	r->ports.wake_at(r->ports.ctx, timers_next(&r->timers));
}

/* For a timer of each ask, of each service, of each link, and the sweep, so that setting one never fails. */
static enum status reserve(struct radius *r, size_t n_asks, size_t n_servers)
{
	size_t need = n_asks + 2 * n_servers + RADIUS_SOCKETS_MAX + 1, have = r->timers.heap.count;
	return heap_reserve(&r->timers.heap, need > have ? need - have : 0);
}

/* ---- configuration ---------------------------------------------------------------------------- */

static struct radius_server *find_server(const struct radius_set *set, const struct radius_server_conf *c)
{
	for (size_t i = 0; set && i < set->n_servers; i++)
		if (radius_server_is(set->servers[i], c))
			return set->servers[i];
	return NULL;
}

static bool has_handle(const struct radius_set *set, uint16_t handle)
{
	for (size_t i = 0; set && i < set->n_servers; i++)
		if (set->servers[i]->handle == handle)
			return true;
	return false;
}

static uint16_t new_handle(struct radius *r, const struct radius_set *set)
{
	do
		r->last_handle++;
	while (r->last_handle == 0 || has_handle(set, r->last_handle) || has_handle(r->set, r->last_handle));
	return r->last_handle;
}

/* One that was there before and is the same, or a new one. */
static enum status add_server(struct radius *r, struct radius_set *set, const struct radius_server_conf *c,
			      struct radius_server **out)
{
	*out = find_server(set, c);
	if (*out)
		return ST_OK;
	*out = find_server(r->set, c);
	if (!*out) {
		*out = radius_server_new(r, c);
		if (!*out)
			return ST_NOMEM;
		(*out)->handle = new_handle(r, set);
	}
	set->servers[set->n_servers++] = *out;
	return ST_OK;
}

static enum status add_group(struct radius_set *set, const struct radius_group_conf *c, size_t n_servers,
			     struct radius_server *const *by_index)
{
	struct radius_group *g = &set->groups[set->n_groups++];
	memcpy(g->name, c->name, sizeof(g->name));
	g->balances = c->balances;
	if (c->n_servers > RADIUS_GROUP_SIZE)
		return ST_LIMIT;
	for (size_t i = 0; i < c->n_servers; i++) {
		if (c->servers[i] >= n_servers)
			return ST_CONFIG;
		g->servers[g->n_servers++] = by_index[c->servers[i]];
	}
	return ST_OK;
}

static enum status fill_set(struct radius *r, const struct radius_conf *c, struct radius_set *set)
{
	struct radius_server *by_index[RADIUS_SERVERS_MAX];
	enum status st = ST_OK;
	if (c->n_servers > RADIUS_SERVERS_MAX || c->n_groups > RADIUS_GROUPS_MAX)
		return ST_LIMIT;
	for (size_t i = 0; st == ST_OK && i < c->n_servers; i++)
		st = c->servers[i].secret_len > RADIUS_SECRET_MAX ? ST_LIMIT : add_server(r, set, &c->servers[i], &by_index[i]);
	for (size_t i = 0; st == ST_OK && i < c->n_groups; i++)
		st = add_group(set, &c->groups[i], c->n_servers, by_index);
	return st == ST_OK ? reserve(r, r->asks.count, set->n_servers) : st;
}

static void end_server(struct radius_server *s)
{
	for (int i = 0; i < 2; i++)
		LIST_EACH_SAFE(at, &s->services[i].asks)
			radius_ask_detach(CONTAINER_OF(at, struct radius_ask, in_service));
	radius_server_free(s);
}

/* The servers of a set, but for those of the other. */
static void free_set(struct radius_set *set, const struct radius_set *keep)
{
	for (size_t i = 0; keep && i < keep->n_servers; i++)
		keep->servers[i]->is_wanted = true;
	for (size_t i = 0; set && i < set->n_servers; i++)
		if (!set->servers[i]->is_wanted)
			end_server(set->servers[i]);
	for (size_t i = 0; keep && i < keep->n_servers; i++)
		keep->servers[i]->is_wanted = false;
	mem_free(set);
}

enum status radius_configure(struct radius *r, const struct radius_conf *c)
{
	struct radius_set *old = r->set, *set = mem_new(sizeof(*set));
	if (!set)
		return ST_NOMEM;
	enum status st = fill_set(r, c, set);
	if (st == ST_OK)
		r->set = set;
	free_set(st == ST_OK ? old : set, r->set);
	schedule(r);
	return st;
}

/* ---- asking ----------------------------------------------------------------------------------- */

enum status radius_ask(struct radius *r, const struct radius_request *q)
{
	if (radius_ask_find(r, q->number))
		return ST_EXISTS;
	enum status st = reserve(r, r->asks.count + 1, r->set ? r->set->n_servers : 0);
	if (st == ST_OK)
		st = radius_ask_start(r, q);
	schedule(r);
	return st;
}

void radius_cancel(struct radius *r, uint64_t number)
{
	struct radius_ask *a = radius_ask_find(r, number);
	if (!a)
		return;
	radius_ask_free(a);
	schedule(r);
}

/* Whoever is told of an answer may ask, cancel, and so open and shut sockets. */
void radius_on_readable(struct radius *r, int fd)
{
	struct radius_socket *s;
	for (int i = 0; i < RADIUS_TURN && (s = radius_socket_find(r, fd)); i++)
		if (!radius_reply_read(s))
			break;
	schedule(r);
}

void radius_on_time(struct radius *r)
{
	(void)timers_run(&r->timers, radius_now(r));
	schedule(r);
}

void radius_link_opened(struct radius *r, uint64_t number)
{
	radius_stream_opened(r, number);
	schedule(r);
}

void radius_link_bytes(struct radius *r, uint64_t number, struct view bytes)
{
	radius_stream_bytes(r, number, bytes);
	schedule(r);
}

void radius_link_closed(struct radius *r, uint64_t number, enum radius_link_end end, const char *words)
{
	radius_stream_closed(r, number, end, words);
	schedule(r);
}

/* ---- beginning and end ------------------------------------------------------------------------- */

struct radius *radius_new(const struct radius_ports *ports, struct stats *stats)
{
	struct radius *r = mem_new(sizeof(*r));
	if (!r)
		return NULL;
	if (map_init(&r->asks, MAP_SLOTS) != ST_OK) {
		mem_free(r);
		return NULL;
	}
	r->ports = *ports;
	r->stats = stats;
	timers_init(&r->timers, r);
	radius_sockets_init(r);
	return r;
}

void radius_free(struct radius *r)
{
	if (!r)
		return;
	for (struct map_node *n = map_walk(&r->asks, NULL), *next; n; n = next) {
		next = map_walk(&r->asks, n);
		radius_ask_free(CONTAINER_OF(n, struct radius_ask, by_number));
	}
	free_set(r->set, NULL);
	timers_fini(&r->timers);
	map_fini(&r->asks);
	mem_free(r);
}

/* ---- looking at it ----------------------------------------------------------------------------- */

bool radius_next_info(const struct radius *r, size_t *cursor, struct radius_server_info *out)
{
	if (!r->set || *cursor >= r->set->n_servers)
		return false;
	const struct radius_server *s = r->set->servers[(*cursor)++];
	const struct radius_service *auth = &s->services[0], *acct = &s->services[1];
	uint64_t now = radius_now(r);
	*out = (struct radius_server_info){.conf = s->conf, .auth = auth->counts, .acct = acct->counts,
					   .is_dead = auth->is_dead || acct->is_dead,
					   .last_ms = s->last_ms, .of_auth = {auth->n_asks, auth->last_ms},
					   .of_acct = {acct->n_asks, acct->last_ms}};
	mem_zero(out->conf.secret, sizeof(out->conf.secret));
	out->conf.secret_len = 0;
	for (int i = 0; i < 2; i++)
		if (s->services[i].is_dead && (now - s->services[i].dead_from_ms) / 1000 > out->dead_s)
			out->dead_s = (now - s->services[i].dead_from_ms) / 1000;
	for (int i = 0; s->conf.tls.is_on && i < 2; i++)
		radius_stream_info(&s->services[i], &out->links[i]);
	return true;
}
