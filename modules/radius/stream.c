#include "modules/radius/stream.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/crypto/rnd.h"
#include "modules/radius/ask.h"
#include "modules/radius/packet.h"
#include "modules/radius/reply.h"
#include "modules/radius/server.h"
#include "modules/radius/socket.h"

/* ---- words ------------------------------------------------------------------------------------- */

const char *radius_link_token(enum radius_link_end end)
{
	static const char *const tokens[] = {
#define X(name, token, words) token,
		RADIUS_LINK_END_LIST(X)
#undef X
	};
	return tokens[end];
}

const char *radius_link_words(enum radius_link_end end)
{
	static const char *const all[] = {
#define X(name, token, words) words,
		RADIUS_LINK_END_LIST(X)
#undef X
	};
	return all[end];
}

const char *radius_link_state_words(enum radius_link_state s)
{
	static const char *const words[] = {"closed", "waiting", "connecting", "open"};
	return words[s];
}

/* ---- time --------------------------------------------------------------------------------------- */

/* The timer is armed always, so this cannot fail. */
static void wake(struct radius_socket *k, uint64_t at_ms)
{
	(void)!timer_set(&k->service->r->timers, &k->stream->timer, at_ms);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* When nothing that was sent since then was answered: from when on the server owes a sign of life. */
static uint64_t silent_at(const struct radius_socket *k)
{
	const struct radius_stream *t = k->stream;
	const struct radius_server_conf *c = &k->service->server->conf;
	if (t->probed_ms)
		return t->probed_ms + c->timeout_ms;
	if (c->tls.watchdog_ms == 0 && t->asked_ms)
		return t->asked_ms + radius_service_wait(k->service, 0);
	return TIMER_NEVER;
}

static uint64_t probe_at(const struct radius_socket *k)
{
	const struct radius_stream *t = k->stream;
	const struct radius_server_conf *c = &k->service->server->conf;
	if (t->probed_ms || c->tls.watchdog_ms == 0)
		return TIMER_NEVER;
	/* A request that waits asks whether anybody is there sooner than the interval does. */
	return earlier(t->heard_ms + c->tls.watchdog_ms, t->asked_ms ? t->asked_ms + c->timeout_ms : TIMER_NEVER);
}

static uint64_t idle_at(const struct radius_socket *k)
{
	bool is_idle = k->n_open == (k->stream->probe ? 1 : 0);
	return is_idle ? k->stream->busy_ms + k->service->server->conf.tls.idle_ms : TIMER_NEVER;
}

static void wake_for_all(struct radius_socket *k)
{
	wake(k, earlier(silent_at(k), earlier(probe_at(k), idle_at(k))));
}

/* ---- failures ------------------------------------------------------------------------------------ */

static uint64_t backoff_ms(uint32_t failures)
{
	uint64_t ms = RADIUS_BACKOFF_MS;
	while (--failures && ms < RADIUS_BACKOFF_MAX_MS)
		ms *= 2;
	ms = ms < RADIUS_BACKOFF_MAX_MS ? ms : RADIUS_BACKOFF_MAX_MS;
	return ms - ms / 10 + rnd_u64() % (ms / 5 + 1);
}

static void tell(struct radius_service *s, const struct radius_link_event *e)
{
	struct radius_link_event all = *e;
	all.server = s->server->conf.name;
	all.is_acct = s->is_acct;
	s->r->ports.link.told(s->r->ports.ctx, &all);
}

/* Once: of a server that failed before when it answers, since to connect proves nothing. */
static void tell_open(struct radius_socket *k)
{
	struct radius *r = k->service->r;
	struct radius_link_look look = {0};
	if (k->stream->was_told)
		return;
	k->stream->was_told = true;
	r->ports.link.look(r->ports.ctx, k->stream->number, &look);
	tell(k->service, &(struct radius_link_event){.is_open = true, .words = "", .look = &look});
}

/* A server that is down is tried for hours: the same reason is told once. */
static void tell_end(struct radius_service *s, const struct radius_link_event *e)
{
	struct radius_link_info *l = &s->links;
	bool is_new = !(s->told_ends >> e->end & 1) || (l->has_failed && l->last == e->end && strcmp(l->words, e->words) != 0);
	l->ends[e->end]++;
	if (e->is_failure)
		s->told_ends |= 1u << e->end;
	if (is_new)
		tell(s, e);
}

static void fail(struct radius_service *s, enum radius_link_end end, const char *words)
{
	s->failures += s->failures < UINT32_MAX;
	s->dial_at_ms = radius_now(s->r) + backoff_ms(s->failures);
	s->links.has_failed = true;
	s->links.last = end;
	snprintf(s->links.words, sizeof(s->links.words), "%s", words);
	radius_service_lost(s, s->dial_at_ms);
}

/* Asks that were on this socket; their slots are free. */
static size_t empty(struct radius_socket *k, struct radius_ask *asks[RADIUS_IDS])
{
	size_t n = 0;
	radius_slot_free(k->stream->probe, false);
	k->stream->probe = NULL;
	for (unsigned id = 0; id < RADIUS_IDS; id++) {
		struct radius_slot *slot = k->slots[id];
		if (!slot)
			continue;
		asks[n++] = slot->ask;
		slot->ask->slot = NULL;
		radius_slot_free(slot, false);
	}
	return n;
}

/* One that served and was closed is opened again at once: a server may have rules of its own for idle ones, or was started
 * anew. All else is a failure. */
static bool is_harmless(const struct radius_stream *t, enum radius_link_end end)
{
	return end == RADIUS_LINK_IDLE || (end == RADIUS_LINK_CLOSED && t->state == RADIUS_LINK_OPEN && t->was_heard);
}

static void lose(struct radius_socket *k, enum radius_link_end end, const char *words)
{
	struct radius_service *s = k->service;
	struct radius_ask *asks[RADIUS_IDS];
	size_t n = empty(k, asks);
	bool was_open = k->stream->state == RADIUS_LINK_OPEN, harmless = is_harmless(k->stream, end);
	/* By TLS 1.3 a server sees our certificate when the handshake is over for us, and some say nothing of it. */
	if (end == RADIUS_LINK_CLOSED && was_open && !harmless && !words[0])
		words = "it answered nothing before; does it believe our certificate?";
	radius_socket_shut(k, end);
	tell_end(s, &(struct radius_link_event){.end = end, .is_failure = !harmless, .words = words});
	if (!harmless)
		fail(s, end, words);
	for (size_t i = 0; i < n; i++)
		radius_ask_lost(asks[i]);
}

/* ---- opening ------------------------------------------------------------------------------------- */

static enum status dial(struct radius_socket *k, char words[RADIUS_LINK_WORDS])
{
	struct radius_service *s = k->service;
	struct radius *r = s->r;
	enum status st = r->ports.link.dial(r->ports.ctx, k->stream->number, &s->server->conf, &k->own, words);
	if (st != ST_OK)
		return st;
	s->own = k->own;
	k->stream->state = RADIUS_LINK_OPENS;
	wake(k, radius_now(r) + s->server->conf.tls.connect_ms);
	return ST_OK;
}

static void send_probe(struct radius_socket *k)
{
	uint8_t packet[RADIUS_PROBE_MAX];
	struct wr w = wr_init(packet, sizeof(packet));
	struct radius_stream *t = k->stream;
	struct radius_slot *slot = NULL;
	uint64_t now = radius_now(k->service->r);
	if (radius_socket_take(k, &slot) == ST_OK && radius_packet_probe(slot, &w) == ST_OK) {
		t->probe = slot;
		t->probed_ms = now;
		(void)!radius_slot_send(slot, packet, w.len); /* a server that takes nothing does not answer either */
		return;
	}
	radius_slot_free(slot, true);
	/* Without an identifier for it, the answer to one of 256 requests is the sign; without memory it is put off. */
	if (k->n_open == RADIUS_IDS) {
		t->probed_ms = now;
		return;
	}
	t->heard_ms = now;
	t->asked_ms = t->asked_ms ? now : 0;
}

static void on_open(struct radius_socket *k)
{
	uint64_t now = radius_now(k->service->r);
	if (now >= silent_at(k)) {
		lose(k, RADIUS_LINK_SILENT, "");
		return;
	}
	if (now >= idle_at(k)) {
		lose(k, RADIUS_LINK_IDLE, "");
		return;
	}
	if (now >= probe_at(k))
		send_probe(k);
	wake_for_all(k);
}

static void on_late(struct radius_socket *k)
{
	struct radius *r = k->service->r;
	struct radius_link_look look = {0};
	char words[RADIUS_LINK_WORDS] = "";
	r->ports.link.look(r->ports.ctx, k->stream->number, &look);
	if (look.phase[0])
		snprintf(words, sizeof(words), "%s did not come to its end", look.phase);
	lose(k, RADIUS_LINK_TIMEOUT, words);
}

static void on_timer(struct timer *timer, void *ctx)
{
	struct radius_stream *t = CONTAINER_OF(timer, struct radius_stream, timer);
	struct radius_socket *k = radius_socket_of_link(ctx, t->number);
	char words[RADIUS_LINK_WORDS] = "";
	wake(k, TIMER_NEVER);
	if (t->state == RADIUS_LINK_OPEN)
		on_open(k);
	else if (t->state == RADIUS_LINK_OPENS)
		on_late(k);
	else if (dial(k, words) != ST_OK)
		lose(k, RADIUS_LINK_OURS, words);
}

enum status radius_stream_new(struct radius_socket *k)
{
	struct radius_service *s = k->service;
	struct radius_stream *t = mem_new(sizeof(*t));
	char words[RADIUS_LINK_WORDS] = "";
	if (!t)
		return ST_NOMEM;
	k->stream = t;
	k->own = s->own;
	t->number = ++s->r->last_link;
	t->state = RADIUS_LINK_WAITS;
	timer_init(&t->timer, on_timer);
	enum status st = timer_set(&s->r->timers, &t->timer, s->dial_at_ms);
	if (st == ST_OK && s->dial_at_ms <= radius_now(s->r)) {
		st = dial(k, words);
		if (st != ST_OK) {
			tell_end(s, &(struct radius_link_event){.end = RADIUS_LINK_OURS, .is_failure = true, .words = words});
			fail(s, RADIUS_LINK_OURS, words);
		}
	}
	return st;
}

void radius_stream_free(struct radius_socket *k, enum radius_link_end end)
{
	struct radius_stream *t = k->stream;
	struct radius *r = k->service->r;
	/* Nobody is there to be told goodbye where the other side ended it. */
	bool is_gone = end != RADIUS_LINK_IDLE && end != RADIUS_LINK_TIMEOUT && end != RADIUS_LINK_SILENT &&
		       end != RADIUS_LINK_PACKET;
	if (!is_gone && t->state >= RADIUS_LINK_OPENS)
		r->ports.link.hang_up(r->ports.ctx, t->number);
	timer_stop(&r->timers, &t->timer);
	radius_slot_free(t->probe, false);
	mem_free_secret(t, sizeof(*t));
	k->stream = NULL;
}

void radius_stream_revive(struct radius_service *s)
{
	struct radius_socket *k;
	bool is_asked = false;
	LIST_EACH(at, &s->sockets) {
		k = CONTAINER_OF(at, struct radius_socket, in_service);
		if (k->stream->state == RADIUS_LINK_OPEN && !k->stream->probed_ms) {
			send_probe(k); /* of several links one failed, and this one did not */
			wake_for_all(k);
		}
		is_asked |= k->stream->state != RADIUS_LINK_OPEN || k->stream->probed_ms;
	}
	if (!is_asked)
		(void)!radius_socket_open(s, &k); /* none is there, or none has an identifier left for it */
	if (s->is_dead && !timer_armed(&s->probe_timer))
		(void)!timer_set(&s->r->timers, &s->probe_timer, radius_now(s->r) + RADIUS_BACKOFF_MAX_MS); /* room was reserved */
}

/* ---- what comes ---------------------------------------------------------------------------------- */

/* Without a watchdog nothing else will say that it is back before a user asks. What fails again is still tried later and
 * later. */
static void believe(struct radius_service *s)
{
	uint32_t failures = s->failures, told = s->told_ends;
	radius_service_heard(s);
	s->failures = failures;
	s->told_ends = told;
}

void radius_stream_opened(struct radius *r, uint64_t number)
{
	struct radius_socket *k = radius_socket_of_link(r, number);
	if (!k || k->stream->state != RADIUS_LINK_OPENS)
		return;
	struct radius_service *s = k->service;
	k->stream->state = RADIUS_LINK_OPEN;
	k->stream->heard_ms = k->stream->busy_ms = radius_now(r);
	s->links.opened++;
	if (s->server->conf.tls.watchdog_ms == 0)
		believe(s);
	if (!s->links.has_failed)
		tell_open(k);
	for (unsigned id = 0; id < RADIUS_IDS; id++)
		if (k->slots[id] && k->slots[id]->ask)
			radius_ask_opened(k->slots[id]->ask);
	if (s->is_dead)
		send_probe(k);
	wake_for_all(k);
}

/* Also what came too late to be an answer says that the server is there. */
static void heard(struct radius_socket *k)
{
	struct radius_stream *t = k->stream;
	t->heard_ms = radius_now(k->service->r);
	if (k->n_open == (t->probe ? 1u : 0u))
		t->asked_ms = 0;
}

static void take_all(struct radius *r, uint64_t number, struct view bytes)
{
	struct radius_socket *k;
	struct view packet;
	enum status st = ST_OK;
	/* Whoever is told of an answer may ask and cancel, but ends no link. */
	while ((k = radius_socket_of_link(r, number)) && st == ST_OK) {
		st = frame_take(&k->stream->frame, &bytes, &packet);
		if (st != ST_OK)
			continue;
		bool is_good = radius_reply_take(k, packet);
		k = radius_socket_of_link(r, number);
		if (k && is_good) {
			heard(k);
		} else if (k) {
			lose(k, RADIUS_LINK_PACKET, "a packet that is malformed, of a code that answers nothing, or not signed with our key");
			return;
		}
	}
	if (k && st == ST_BAD_LENGTH)
		lose(k, RADIUS_LINK_PACKET, "a length that no packet has");
	else if (k)
		wake_for_all(k);
}

void radius_stream_bytes(struct radius *r, uint64_t number, struct view bytes)
{
	const struct radius_socket *k = radius_socket_of_link(r, number);
	if (k && k->stream->state == RADIUS_LINK_OPEN)
		take_all(r, number, bytes);
}

void radius_stream_closed(struct radius *r, uint64_t number, enum radius_link_end end, const char *words)
{
	struct radius_socket *k = radius_socket_of_link(r, number);
	if (k)
		lose(k, end, words);
}

void radius_stream_heard(struct radius_slot *slot)
{
	struct radius_stream *t = slot->socket->stream;
	uint64_t now = radius_now(slot->socket->service->r);
	bool is_probe = slot == t->probe;
	tell_open(slot->socket);
	t->was_heard = true;
	t->heard_ms = now;
	t->busy_ms = is_probe ? t->busy_ms : now;
	/* The others are asked for from now on. */
	t->asked_ms = slot->socket->n_open > (t->probe ? 1 : 0) + (is_probe ? 0 : 1) ? now : 0;
	t->probed_ms = 0;
	if (!t->probe)
		return;
	/* Any answer is a sign of life, and the watchdog's is not waited for any more. */
	radius_slot_free(t->probe, is_probe);
	t->probe = NULL;
}

enum status radius_stream_send(struct radius_slot *slot, struct view packet)
{
	struct radius_socket *k = slot->socket;
	struct radius_stream *t = k->stream;
	struct radius *r = k->service->r;
	if (t->state != RADIUS_LINK_OPEN)
		return ST_OK; /* radius_stream_opened sends it */
	enum status st = r->ports.link.send(r->ports.ctx, t->number, packet);
	if (st != ST_OK)
		k->service->links.stalled++;
	if (slot->ask) {
		t->busy_ms = radius_now(r);
		t->asked_ms = t->asked_ms ? t->asked_ms : t->busy_ms;
		wake_for_all(k);
	}
	return st;
}

/* ---- looking at it ------------------------------------------------------------------------------- */

void radius_stream_info(const struct radius_service *s, struct radius_link_info *out)
{
	const struct radius *r = s->r;
	uint64_t now = radius_now(r);
	*out = s->links;
	out->again_ms = s->dial_at_ms > now ? (uint32_t)(s->dial_at_ms - now) : 0;
	LIST_EACH(at, &s->sockets) {
		const struct radius_stream *t = CONTAINER_OF(at, struct radius_socket, in_service)->stream;
		out->n_links++;
		if (t->state <= out->state)
			continue;
		out->state = t->state;
		if (t->state >= RADIUS_LINK_OPENS)
			r->ports.link.look(r->ports.ctx, t->number, &out->look);
	}
}
