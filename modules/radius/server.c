#include "modules/radius/server.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/crypto/rnd.h"
#include "modules/radius/packet.h"
#include "modules/radius/socket.h"
#include "modules/radius/stream.h"

/* ---- contents --------------------------------------------------------------------------------- */

static bool same_tls(const struct radius_tls_conf *a, const struct radius_tls_conf *b)
{
	return a->is_on == b->is_on && strcmp(a->client, b->client) == 0 && strcmp(a->server, b->server) == 0 &&
	       a->id_type == b->id_type && a->id_len == b->id_len && memcmp(a->id, b->id, a->id_len) == 0 &&
	       a->connect_ms == b->connect_ms && a->idle_ms == b->idle_ms && a->watchdog_ms == b->watchdog_ms &&
	       a->retries == b->retries;
}

bool radius_server_is(const struct radius_server *s, const struct radius_server_conf *c)
{
	const struct radius_server_conf *o = &s->conf;
	return strcmp(o->name, c->name) == 0 && strcmp(o->vrf, c->vrf) == 0 && addr_eq(&o->addr, &c->addr) &&
	       addr_eq(&o->source, &c->source) && o->auth_port == c->auth_port && o->acct_port == c->acct_port &&
	       o->secret_len == c->secret_len && mem_eq_secret(o->secret, c->secret, c->secret_len) &&
	       o->timeout_ms == c->timeout_ms && o->retransmit == c->retransmit && o->dead_ms == c->dead_ms &&
	       o->wants_probe == c->wants_probe && o->trusts_unsigned == c->trusts_unsigned && same_tls(&o->tls, &c->tls);
}

static void on_probe(struct timer *t, void *ctx);

struct radius_server *radius_server_new(struct radius *r, const struct radius_server_conf *c)
{
	struct radius_server *s = mem_new(sizeof(*s));
	if (!s)
		return NULL;
	s->conf = *c;
	for (int i = 0; i < 2; i++) {
		struct radius_service *v = &s->services[i];
		v->r = r;
		v->server = s;
		v->is_acct = i == 1;
		v->port = v->is_acct ? c->acct_port : c->auth_port;
		list_init(&v->sockets);
		list_init(&v->asks);
		timer_init(&v->probe_timer, on_probe);
	}
	return s;
}

void radius_server_free(struct radius_server *s)
{
	if (!s)
		return;
	for (int i = 0; i < 2; i++) {
		struct radius_service *v = &s->services[i];
		timer_stop(&v->r->timers, &v->probe_timer);
		radius_slot_free(v->probe, false);
		radius_sockets_shut(v);
	}
	mem_free_secret(s, sizeof(*s));
}

/* ---- how long --------------------------------------------------------------------------------- */

static uint32_t least(uint32_t ms)
{
	return ms - ms / 10;
}

/* A tenth more or less (RFC 5080 2.2.1). */
static uint32_t jitter(uint32_t ms)
{
	return least(ms) + (uint32_t)(rnd_u64() % (2 * (uint64_t)(ms / 10) + 1));
}

static uint32_t first_wait(const struct radius_server_conf *c)
{
	return c->timeout_ms ? c->timeout_ms : 1;
}

static uint32_t longest_wait(const struct radius_server_conf *c)
{
	return first_wait(c) > RADIUS_WAIT_MAX_MS ? first_wait(c) : RADIUS_WAIT_MAX_MS;
}

uint32_t radius_service_tries(const struct radius_service *s)
{
	return s->server->conf.tls.is_on ? 1 : s->server->conf.retransmit + 1;
}

static uint32_t wait_by_tls(const struct radius_server_conf *c)
{
	uint64_t ms = (uint64_t)first_wait(c) * (c->retransmit + 1);
	return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

uint32_t radius_service_wait(const struct radius_service *s, uint32_t wait_ms)
{
	const struct radius_server_conf *c = &s->server->conf;
	if (c->tls.is_on)
		return wait_by_tls(c);
	if (wait_ms == 0)
		return jitter(first_wait(c));
	/* 2 * RT + RAND * RT, with RAND a tenth at most. */
	uint64_t next = (uint64_t)wait_ms + jitter(wait_ms);
	return next > longest_wait(c) ? jitter(longest_wait(c)) : (uint32_t)next;
}

/* What all tries of one request take at least, whatever chance adds. */
static uint64_t all_tries_ms(const struct radius_server_conf *c)
{
	uint64_t sum = 0;
	uint32_t wait = least(first_wait(c)), longest = least(longest_wait(c));
	for (uint32_t i = 0; i <= c->retransmit; i++) {
		if (wait >= longest)
			return sum + (uint64_t)longest * (c->retransmit - i + 1);
		sum += wait;
		wait += least(wait);
	}
	return sum;
}

/* ---- alive and dead ---------------------------------------------------------------------------- */

static void tell(struct radius_server *s)
{
	struct radius *r = s->services[0].r;
	bool is_dead = s->services[0].is_dead || s->services[1].is_dead;
	if (is_dead == s->was_told)
		return;
	s->was_told = is_dead;
	r->ports.changed(r->ports.ctx, s->conf.name, is_dead);
}

static uint32_t probe_wait(const struct radius_server_conf *c)
{
	return jitter(c->dead_ms < RADIUS_PROBE_MS ? c->dead_ms : RADIUS_PROBE_MS);
}

static void send_probe(struct radius_service *s)
{
	uint8_t packet[RADIUS_PROBE_MAX];
	struct wr w = wr_init(packet, sizeof(packet));
	if (radius_slot_take(s, &s->probe) != ST_OK)
		return; /* with the next */
	if (radius_packet_probe(s->probe, &w) == ST_OK)
		(void)!radius_slot_send(s->probe, packet, w.len); /* of UDP: always ST_OK */
}

static void on_probe(struct timer *t, void *ctx)
{
	struct radius *r = ctx;
	struct radius_service *s = CONTAINER_OF(t, struct radius_service, probe_timer);
	if (s->server->conf.tls.is_on) {
		radius_stream_revive(s);
		return;
	}
	radius_slot_free(s->probe, false);
	s->probe = NULL;
	send_probe(s);
	(void)!timer_set(&r->timers, t, radius_now(r) + probe_wait(&s->server->conf)); /* room was reserved */
}

static void die(struct radius_service *s, uint64_t now)
{
	struct radius *r = s->r;
	s->is_dead = true;
	s->dead_from_ms = now;
	s->counts.deaths++;
	if (s->server->conf.wants_probe && !s->server->conf.tls.is_on)
		(void)!timer_set(&r->timers, &s->probe_timer, now + probe_wait(&s->server->conf));
	tell(s->server);
}

void radius_service_lost(struct radius_service *s, uint64_t again_ms)
{
	if (!s->is_dead)
		die(s, radius_now(s->r));
	(void)!timer_set(&s->r->timers, &s->probe_timer, again_ms); /* room was reserved */
}

void radius_service_heard(struct radius_service *s)
{
	s->silent_tries = 0;
	s->silent_from_ms = 0;
	s->failures = 0;
	s->links.has_failed = false;
	s->told_ends = 0;
	if (!s->is_dead)
		return;
	s->is_dead = false;
	timer_stop(&s->r->timers, &s->probe_timer);
	radius_slot_free(s->probe, false);
	s->probe = NULL;
	tell(s->server);
}

/* Dead is who let as many tries, and as much time, go by without any answer as a request has: whichever requests
 * these were, because many are given up by their users earlier. */
void radius_service_silent(struct radius_service *s)
{
	const struct radius_server_conf *c = &s->server->conf;
	uint64_t now = radius_now(s->r);
	s->counts.timeouts++;
	s->silent_tries += s->silent_tries < UINT32_MAX;
	/* By TLS its link finds out, since one request may be slow where others are not. */
	if (c->dead_ms == 0 || c->tls.is_on)
		return;
	if (!s->is_dead && s->silent_tries > c->retransmit && now - s->silent_from_ms >= all_tries_ms(c))
		die(s, now);
	if (s->is_dead)
		s->rest_until_ms = now + c->dead_ms;
}

bool radius_service_may_use(const struct radius_service *s, uint64_t now)
{
	bool finds_out = s->server->conf.wants_probe || s->server->conf.tls.is_on;
	return !s->is_dead || (now >= s->rest_until_ms && !finds_out);
}
