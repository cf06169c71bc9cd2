#include "modules/radius/reply.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/sockname.h"
#include "core/base/stats.h"
#include "modules/radius/ask.h"
#include "modules/radius/server.h"
#include "modules/radius/socket.h"
#include "modules/radius/stream.h"

struct datagram {
	struct addr from;
	uint16_t port;
	struct view bytes;
};

static bool receive(int fd, uint8_t buf[RADIUS_MAX], struct datagram *out)
{
	union sockname sa;
	socklen_t len = sizeof(sa);
	ssize_t n;
	/* What is longer than a packet can be is padding behind it. */
	do
		n = recvfrom(fd, buf, RADIUS_MAX, MSG_DONTWAIT, &sa.sa, &len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return false;
	out->port = 0;
	out->from = sockname_addr(&sa, &out->port);
	out->bytes = (struct view){buf, (size_t)n};
	return true;
}

static bool answers_login(uint8_t code)
{
	return code == RADIUS_ACCESS_ACCEPT || code == RADIUS_ACCESS_REJECT || code == RADIUS_ACCESS_CHALLENGE;
}

static bool answers(const struct radius_service *s, uint8_t code)
{
	return s->is_acct ? code == RADIUS_ACCOUNTING_RESPONSE : answers_login(code);
}

/* The one port of a link does not say which of the two services Status-Server means (RFC 5997 section 4.2). slot: NULL when
 * nobody waits any more: it may have been Status-Server that did. */
static bool answers_probe(const struct radius_socket *s, const struct radius_slot *slot, uint8_t code)
{
	return s->stream && !(slot && slot->ask) && (code == RADIUS_ACCESS_ACCEPT || code == RADIUS_ACCOUNTING_RESPONSE);
}

/* A login is decided by a Message-Authenticator, because MD5 alone can be forged without the secret (RFC 3579
 * 3.2 asks for it with EAP, whoever is trusted). Inside TLS nobody else could have put it there. An answer to
 * Status-Server decides nothing, and FreeRADIUS 3.2.1 sends it without (RFC 5997 section 5 leaves it free). */
static bool is_signed_enough(const struct radius_slot *slot, const struct radius_packet *p)
{
	const struct radius_service *s = slot->socket->service;
	struct radius_attr a;
	if (s->is_acct || !slot->ask || radius_find(p->attrs, RADIUS_MESSAGE_AUTHENTICATOR, &a))
		return true;
	return (s->server->conf.trusts_unsigned || slot->socket->stream) && !radius_find(p->attrs, RADIUS_EAP_MESSAGE, &a);
}

static bool has_proxy_state(struct view attrs, struct view value)
{
	struct radius_cursor c = radius_begin(attrs);
	struct radius_attr a;
	while (radius_next(&c, &a))
		if (a.type == RADIUS_PROXY_STATE && a.value.len == value.len &&
		    (value.len == 0 || memcmp(a.value.p, value.p, value.len) == 0))
			return true;
	return false;
}

/* Octets that a forger chose to make MD5 collide come back in it. */
static bool is_foreign(const struct radius_slot *slot, const struct radius_packet *p)
{
	struct view sent = slot->ask ? (struct view){slot->ask->attrs, slot->ask->attrs_len} : (struct view){0};
	struct radius_cursor c = radius_begin(p->attrs);
	struct radius_attr a;
	while (radius_next(&c, &a))
		if (a.type == RADIUS_PROXY_STATE && !has_proxy_state(sent, a.value))
			return true;
	return false;
}

/* The count of what is wrong with it; NULL: nothing, and it is the slot's. */
static uint64_t *judge(struct radius_socket *s, struct view bytes, struct radius_packet *p, struct radius_slot **slot)
{
	struct radius_service *v = s->service;
	const struct radius_server_conf *c = &v->server->conf;
	if (radius_parse(bytes, p) != ST_OK)
		return &v->counts.malformed;
	struct radius_slot *k = s->slots[p->id];
	if (!answers(v, p->code) && !answers_probe(s, k, p->code))
		return &v->counts.unknown;
	*slot = k;
	if (!k)
		return &v->counts.dropped;
	if (radius_verify_reply((struct view){c->secret, c->secret_len}, k->authenticator, p) != ST_OK || !is_signed_enough(k, p))
		return &v->counts.bad_authenticators;
	return is_foreign(k, p) ? &v->counts.dropped : NULL;
}

static void count(struct radius_counts *c, uint8_t code)
{
	c->responses++;
	c->accepts += code == RADIUS_ACCESS_ACCEPT;
	c->rejects += code == RADIUS_ACCESS_REJECT;
	c->challenges += code == RADIUS_ACCESS_CHALLENGE;
}

static void act(struct radius_slot *slot, const struct radius_packet *p)
{
	struct radius_service *v = slot->socket->service;
	uint64_t took = radius_now(v->r) - slot->sent_ms;
	bool is_probe = !slot->ask;
	v->last_ms = v->server->last_ms = took < UINT32_MAX ? (uint32_t)took : UINT32_MAX;
	if (slot->socket->stream)
		radius_stream_heard(slot);
	radius_service_heard(v); /* the slot of a probe went with one of these */
	if (is_probe)
		return;
	count(&v->counts, p->code);
	radius_ask_answered(slot, p);
}

/* true: it is an answer, or what came too late to be one. */
static bool take(struct radius_socket *s, struct view bytes)
{
	struct radius_packet p;
	struct radius_slot *slot = NULL;
	uint64_t *wrong = judge(s, bytes, &p, &slot);
	if (!wrong) {
		act(slot, &p);
		return true;
	}
	++*wrong;
	if (slot && slot->ask)
		slot->ask->was_lied_to = true;
	stats_status(s->service->r->stats, ST_RADIUS_REPLY);
	return wrong == &s->service->counts.dropped;
}

bool radius_reply_read(struct radius_socket *s)
{
	uint8_t buf[RADIUS_MAX];
	struct datagram d;
	const struct radius_service *v = s->service;
	if (!receive(s->fd, buf, &d))
		return false;
	if (d.port == v->port && addr_eq(&d.from, &v->server->conf.addr)) {
		(void)take(s, d.bytes);
		return true;
	}
	s->service->counts.strangers++;
	s->service->counts.dropped++;
	stats_status(v->r->stats, ST_RADIUS_REPLY);
	return true;
}

bool radius_reply_take(struct radius_socket *s, struct view packet)
{
	return take(s, packet);
}
