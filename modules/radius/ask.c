#include "modules/radius/ask.h"

#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "modules/radius/packet.h"
#include "modules/radius/server.h"
#include "modules/radius/socket.h"

/* ---- which server ------------------------------------------------------------------------------ */

static struct radius_group *find_group(const struct radius *r, const char *name)
{
	for (size_t i = 0; r->set && i < r->set->n_groups; i++)
		if (strcmp(r->set->groups[i].name, name) == 0)
			return &r->set->groups[i];
	return NULL;
}

/* NULL: the server does not have it. */
static struct radius_service *service_for(const struct radius_ask *a, struct radius_server *s)
{
	struct radius_service *v = &s->services[a->code == RADIUS_ACCOUNTING_REQUEST];
	return v->port ? v : NULL;
}

static bool was_tried(const struct radius_ask *a, const struct radius_server *s)
{
	for (size_t i = 0; i < a->n_tried; i++)
		if (a->tried[i] == s->handle)
			return true;
	return a->n_tried == RADIUS_GROUP_SIZE;
}

/* That of the conversation, once. */
static struct radius_service *pick_sticky(struct radius_ask *a, struct radius_group *g)
{
	uint16_t handle = a->sticky;
	a->sticky = 0;
	for (size_t i = 0; handle && i < g->n_servers; i++) {
		struct radius_service *s = service_for(a, g->servers[i]);
		if (g->servers[i]->handle == handle && s && !s->is_dead)
			return s;
	}
	return NULL;
}

/* In order from `first`; one that rests only when all are dead and the asker has nobody else, since anything is better
 * than nothing then. */
static struct radius_service *pick_from(const struct radius_ask *a, const struct radius_group *g, size_t first)
{
	uint64_t now = radius_now(a->r);
	struct radius_service *resting = NULL;
	bool all_dead = true;
	for (size_t i = 0; i < g->n_servers; i++) {
		struct radius_server *server = g->servers[(first + i) % g->n_servers];
		struct radius_service *s = service_for(a, server);
		if (!s)
			continue;
		all_dead = all_dead && s->is_dead;
		if (was_tried(a, server))
			continue;
		if (radius_service_may_use(s, now))
			return s;
		if (!resting)
			resting = s;
	}
	return all_dead && !a->has_other ? resting : NULL;
}

static struct radius_service *pick(struct radius_ask *a, struct radius_group *g)
{
	struct radius_service *s = pick_sticky(a, g);
	if (!s)
		s = pick_from(a, g, g->balances ? g->turn++ : 0);
	/* One request finds out whether it is back; the others go elsewhere meanwhile. */
	if (s && s->is_dead)
		s->rest_until_ms = radius_now(a->r) + s->server->conf.dead_ms;
	return s;
}

/* Is there a better one to ask than the dead one that is asked now? */
static bool has_better(const struct radius_ask *a)
{
	if (a->has_other)
		return true;
	const struct radius_group *g = find_group(a->r, a->group);
	for (size_t i = 0; g && i < g->n_servers; i++) {
		const struct radius_service *s = service_for(a, g->servers[i]);
		if (s && !s->is_dead && !was_tried(a, g->servers[i]))
			return true;
	}
	return false;
}

static bool has_any(const struct radius_ask *a, const struct radius_group *g)
{
	for (size_t i = 0; g && i < g->n_servers; i++)
		if (service_for(a, g->servers[i]))
			return true;
	return false;
}

/* ---- sending ----------------------------------------------------------------------------------- */

/* The timer is armed always, so this cannot fail. */
static void wake(struct radius_ask *a, uint64_t at_ms)
{
	(void)!timer_set(&a->r->timers, &a->timer, at_ms < a->end_ms ? at_ms : a->end_ms);
}

static void forget_packet(struct radius_ask *a)
{
	mem_free_secret(a->packet, a->packet_len);
	a->packet = NULL;
	a->packet_len = 0;
}

/* The packet for the slot in the place of the one before, which stays when this fails. */
static enum status write_packet(struct radius_ask *a, struct radius_slot *slot)
{
	uint8_t buf[RADIUS_MAX], *packet = NULL;
	struct wr w = wr_init(buf, sizeof(buf));
	enum status st = radius_packet_ask(a, slot, &w);
	if (st == ST_OK) {
		packet = mem_dup(buf, w.len);
		st = packet ? ST_OK : ST_NOMEM;
	}
	mem_zero(buf, sizeof(buf));
	if (st != ST_OK)
		return st;
	forget_packet(a);
	a->packet = packet;
	a->packet_len = w.len;
	a->delay_s = radius_packet_delay(a);
	return ST_OK;
}

/* A new identifier and a packet for it; what was there before stays valid. */
static enum status make(struct radius_ask *a, struct radius_service *s)
{
	struct radius_slot *slot = NULL;
	enum status st = radius_slot_take(s, &slot);
	if (st != ST_OK)
		return st;
	st = write_packet(a, slot);
	if (st != ST_OK) {
		radius_slot_free(slot, true);
		return st;
	}
	slot->ask = a;
	list_push_back(&a->slots, &slot->in_ask);
	a->slot = slot;
	return ST_OK;
}

static enum status send(struct radius_ask *a)
{
	enum status st = radius_slot_send(a->slot, a->packet, a->packet_len);
	a->tries++;
	a->wait_ms = radius_service_wait(a->service, a->wait_ms);
	wake(a, a->slot->sent_ms + a->wait_ms);
	return st;
}

static void leave(struct radius_ask *a)
{
	LIST_EACH_SAFE(at, &a->slots)
		radius_slot_free(CONTAINER_OF(at, struct radius_slot, in_ask), false);
	a->slot = NULL;
	if (a->service)
		a->service->n_asks--;
	a->service = NULL;
	list_del(&a->in_service);
	forget_packet(a);
}

static enum status begin_at(struct radius_ask *a, struct radius_service *s)
{
	enum status st = make(a, s);
	a->tried[a->n_tried++] = s->server->handle;
	if (st != ST_OK)
		return st;
	a->service = s;
	list_push_back(&s->asks, &a->in_service);
	s->n_asks++;
	s->counts.requests++;
	a->tries = 0;
	a->losses = 0;
	a->wait_ms = 0;
	st = send(a);
	if (st != ST_OK)
		leave(a);
	return st;
}

/* Its end comes from its timer, never from inside radius_ask. */
static void end(struct radius_ask *a, enum status st)
{
	a->result = st;
	wake(a, radius_now(a->r));
}

/* An operator is to see the difference between a server that is away and one that has another secret. */
static enum status silence(const struct radius_ask *a)
{
	return a->was_lied_to ? ST_RADIUS_REPLY : ST_RADIUS_TIMEOUT;
}

static void next_server(struct radius_ask *a)
{
	struct radius_group *g = find_group(a->r, a->group);
	struct radius_service *s;
	enum status st = ST_OK;
	while (g && (s = pick(a, g))) {
		st = begin_at(a, s);
		if (st == ST_OK)
			return;
		if (st == ST_NOMEM)
			break;
		/* Without a socket to send from, the next one may be reached. */
	}
	if (st != ST_NOMEM)
		st = has_any(a, g) ? silence(a) : ST_RADIUS_NONE;
	end(a, st);
}

/* What it says of time would be another: a new identifier for it, and the old one stays valid (RFC 2866 5.2). Where that
 * is not to be had, the same once more. */
static void send_again(struct radius_ask *a)
{
	if (a->code == RADIUS_ACCOUNTING_REQUEST && radius_packet_delay(a) != a->delay_s)
		(void)!make(a, a->service);
	a->service->counts.retransmits++;
	(void)!send(a); /* of UDP: always ST_OK */
}

/* Within the time that it has at this server: its timer stays. */
static bool stay(struct radius_ask *a)
{
	struct radius_service *s = a->service;
	if (a->losses++ >= s->server->conf.tls.retries || (s->is_dead && has_better(a)) || make(a, s) != ST_OK)
		return false;
	s->counts.retransmits++;
	return radius_slot_send(a->slot, a->packet, a->packet_len) == ST_OK;
}

void radius_ask_lost(struct radius_ask *a)
{
	if (stay(a))
		return;
	leave(a);
	next_server(a);
}

/* It may have waited for the link, and says how long ago its event was. */
void radius_ask_opened(struct radius_ask *a)
{
	if (a->code == RADIUS_ACCOUNTING_REQUEST && radius_packet_delay(a) != a->delay_s)
		(void)!write_packet(a, a->slot);
	/* Where there is no room for it, its timer goes on to the next server. */
	(void)!radius_slot_send(a->slot, a->packet, a->packet_len);
}

/* ---- ends -------------------------------------------------------------------------------------- */

static size_t bytes_of(size_t attrs_len)
{
	return sizeof(struct radius_ask) + sizeof(struct radius_slot) + 2 * attrs_len + RADIUS_PACKET_EXTRA;
}

static void forget(struct radius_ask *a)
{
	map_del(&a->r->asks, &a->by_number);
	timer_stop(&a->r->timers, &a->timer);
	leave(a);
	a->r->bytes -= bytes_of(a->attrs_len);
}

static void release(struct radius_ask *a)
{
	mem_free_secret(a->attrs, a->attrs_len);
	mem_free_secret(a, sizeof(*a));
}

void radius_ask_free(struct radius_ask *a)
{
	forget(a);
	release(a);
}

static void fail(struct radius_ask *a)
{
	struct radius_answer answer = {.status = a->result, .server_name = ""};
	forget(a);
	a->done(a->ctx, a->number, &answer);
	release(a);
}

void radius_ask_answered(struct radius_slot *slot, const struct radius_packet *p)
{
	struct radius_ask *a = slot->ask;
	const struct radius_server *s = a->service->server;
	uint8_t authenticator[RADIUS_AUTHENTICATOR];
	struct radius_answer answer = {.status = ST_OK, .packet = *p, .server = s->handle, .server_name = s->conf.name,
				       .secret = {s->conf.secret, s->conf.secret_len}, .request_authenticator = authenticator};
	memcpy(authenticator, slot->authenticator, sizeof(authenticator));
	radius_slot_free(slot, true);
	forget(a);
	a->done(a->ctx, a->number, &answer);
	release(a);
}

void radius_ask_detach(struct radius_ask *a)
{
	leave(a);
	a->n_tried = 0;
	wake(a, radius_now(a->r));
}

/* ---- time -------------------------------------------------------------------------------------- */

static void on_timer(struct timer *t, void *ctx)
{
	struct radius_ask *a = CONTAINER_OF(t, struct radius_ask, timer);
	struct radius *r = ctx;
	bool is_over = radius_now(r) >= a->end_ms;
	/* Armed for as long as it lives; the heap has room for it. */
	(void)!timer_set(&r->timers, t, a->end_ms);
	if (a->service && a->result == ST_PENDING)
		radius_service_silent(a->service);
	if (a->result != ST_PENDING || is_over) {
		a->result = a->result == ST_PENDING ? silence(a) : a->result;
		fail(a);
	} else if (!a->service) {
		next_server(a);
	} else if (a->tries < radius_service_tries(a->service) && !(a->service->is_dead && has_better(a))) {
		send_again(a);
	} else {
		leave(a);
		next_server(a);
	}
}

/* ---- beginning --------------------------------------------------------------------------------- */

struct radius_ask *radius_ask_find(const struct radius *r, uint64_t number)
{
	for (struct map_node *n = map_first(&r->asks, hash_u64(number)); n; n = map_next(n)) {
		struct radius_ask *a = CONTAINER_OF(n, struct radius_ask, by_number);
		if (a->number == number)
			return a;
	}
	return NULL;
}

/* NULL: memory. */
static struct radius_ask *copy(struct radius *r, const struct radius_request *q)
{
	struct radius_ask *a = mem_new(sizeof(*a));
	if (!a)
		return NULL;
	a->attrs_len = q->attrs.len;
	a->attrs = mem_dup(q->attrs.p, q->attrs.len);
	if (q->attrs.len && !a->attrs) {
		mem_free(a);
		return NULL;
	}
	a->r = r;
	a->number = q->number;
	memcpy(a->group, q->group, strnlen(q->group, sizeof(a->group) - 1));
	a->code = q->code;
	a->has_password = q->has_password;
	a->password_len = q->password.len;
	if (q->password.len)
		memcpy(a->password, q->password.p, q->password.len);
	a->event_ms = q->event_ms;
	a->sticky = q->server;
	a->has_other = q->has_other;
	a->ctx = q->ctx;
	a->done = q->done;
	a->result = ST_PENDING;
	a->end_ms = q->within_ms ? radius_now(r) + q->within_ms : TIMER_NEVER;
	list_init(&a->slots);
	list_init(&a->in_service);
	timer_init(&a->timer, on_timer);
	return a;
}

enum status radius_ask_start(struct radius *r, const struct radius_request *q)
{
	size_t bytes = bytes_of(q->attrs.len);
	if (q->password.len > RADIUS_PASSWORD_MAX || q->attrs.len + RADIUS_PACKET_EXTRA > RADIUS_MAX ||
	    r->asks.count >= RADIUS_OPEN_MAX || r->bytes + bytes > RADIUS_BYTES_MAX)
		return ST_LIMIT;
	struct radius_ask *a = copy(r, q);
	if (!a)
		return ST_NOMEM;
	if (timer_set(&r->timers, &a->timer, a->end_ms) != ST_OK) {
		release(a);
		return ST_NOMEM;
	}
	r->bytes += bytes;
	map_add(&r->asks, &a->by_number, hash_u64(a->number));
	next_server(a);
	return ST_OK;
}
