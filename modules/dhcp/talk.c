#include "modules/dhcp/talk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_MS 1000
#define LONGEST_MS 8000
#define NAKS_MAX 3

static void enter(struct talk *t, enum talk_state state)
{
	t->state = state;
	t->sent = 0;
}

void talk_begin(struct talk *t, uint64_t now_ms)
{
	t->began_ms = now_ms;
	t->end_ms = now_ms + t->ask.within_ms;
	t->asked_ms = now_ms;
	enter(t, t->ask.is_renewal ? TALK_RENEWING : TALK_SELECTING);
}

/* ---- sending -------------------------------------------------------------------------------- */

static struct addr server_of(const struct talk *t)
{
	return t->state == TALK_REQUESTING ? t->from : t->ask.servers[t->sent % t->ask.n_servers];
}

void talk_build(struct talk *t, uint64_t now_ms, struct wr *w, struct addr *to)
{
	struct dhcp_request q = {.type = t->state == TALK_SELECTING ? DHCP_DISCOVER : DHCP_REQUEST,
				 .xid = t->xid,
				 .secs = (uint16_t)((now_ms - t->began_ms) / 1000),
				 .giaddr = t->ask.giaddr,
				 .who = &t->ask.who};
	switch (t->state) {
	case TALK_SELECTING: q.requested = t->ask.address; break;
	case TALK_REQUESTING:
		q.requested = t->offer.yiaddr;
		q.server_id = t->offer.server_id;
		break;
	case TALK_RENEWING: q.ciaddr = t->ask.address; break;
	}
	*to = server_of(t);
	dhcp_build_request(w, &q);
	t->sent++;
	t->all_sent++;
}

/* RFC 2131 4.1: doubled, and not all at the same time. A user waits, so it begins sooner than a booting host. */
uint64_t talk_next_ms(const struct talk *t, uint64_t now_ms, uint32_t spread)
{
	uint64_t wait = (uint64_t)FIRST_MS << (t->sent < 5 ? t->sent - 1 : 4);
	if (wait > LONGEST_MS)
		wait = LONGEST_MS;
	wait += wait * (spread % 256) / 1024;
	return now_ms + wait < t->end_ms ? now_ms + wait : t->end_ms;
}

/* ---- outcomes ------------------------------------------------------------------------------- */

__attribute__((format(printf, 4, 5))) static enum talk_says ends(const struct talk *t, struct dhcp_outcome *out,
								 enum status st, const char *fmt, ...)
{
	va_list ap;

	*out = (struct dhcp_outcome){.status = st, .asked_ms = t->asked_ms};
	va_start(ap, fmt);
	vsnprintf(out->words, sizeof(out->words), fmt, ap);
	va_end(ap);
	return TALK_ENDS;
}

static enum talk_says timed_out(const struct talk *t, struct dhcp_outcome *out)
{
	char giaddr[ADDR_TEXT];
	addr_format(&t->ask.giaddr, giaddr);
	return ends(t, out, ST_DHCP_TIMEOUT, "DHCP server %.80s did not answer in %u s: %s asked %u times from %s", t->ask.server,
		    (unsigned)((t->ask.within_ms + 999) / 1000),
		    t->state == TALK_SELECTING ? "for an address" :
		    t->state == TALK_REQUESTING ? "for the address that it had offered" : "for more time",
		    t->all_sent, giaddr);
}

static enum talk_says refused(const struct talk *t, struct dhcp_outcome *out, const struct dhcp_reply *r)
{
	return ends(t, out, ST_DHCP_REFUSED, "DHCP server %.80s refused the address%s%.*s", t->ask.server, r->text[0] ? ": " : "",
		    DHCP_TEXT_MAX - 1, r->text);
}

static enum talk_says granted(const struct talk *t, struct dhcp_outcome *out, const struct dhcp_reply *r)
{
	if (r->lease_s == 0)
		return ends(t, out, ST_DHCP_REFUSED, "DHCP server %.80s gave an address without a time", t->ask.server);
	*out = (struct dhcp_outcome){.status = ST_OK, .reply = *r, .asked_ms = t->asked_ms};
	return TALK_ENDS;
}

enum talk_says talk_due(struct talk *t, uint64_t now_ms, struct dhcp_outcome *out)
{
	return now_ms >= t->end_ms ? timed_out(t, out) : TALK_SENDS;
}

/* ---- hearing -------------------------------------------------------------------------------- */

/* A server with several addresses may answer from another than was asked; then it names the one that was. */
static bool is_asked(const struct talk *t, const struct addr *from, const struct dhcp_reply *r)
{
	for (size_t i = 0; i < t->ask.n_servers; i++)
		if (addr_eq(&t->ask.servers[i], from) || addr_eq(&t->ask.servers[i], &r->server_id))
			return true;
	return false;
}

static enum talk_says hears_nak(struct talk *t, const struct dhcp_reply *r, struct dhcp_outcome *out)
{
	if (t->state == TALK_SELECTING)
		return TALK_STRANGE;
	if (t->state == TALK_RENEWING || ++t->naks >= NAKS_MAX)
		return refused(t, out, r);
	t->ask.address = (struct addr){0}; /* perhaps it was our wish that it did not like */
	enter(t, TALK_SELECTING);
	return TALK_SENDS;
}

static enum talk_says hears_ack(struct talk *t, const struct dhcp_reply *r, struct dhcp_outcome *out)
{
	switch (t->state) {
	case TALK_SELECTING: return TALK_STRANGE;
	case TALK_REQUESTING:
		if (!addr_eq(&r->yiaddr, &t->offer.yiaddr) || !addr_eq(&r->server_id, &t->offer.server_id))
			return TALK_STRANGE;
		return granted(t, out, r);
	case TALK_RENEWING:
		if (!addr_eq(&r->yiaddr, &t->ask.address))
			return ends(t, out, ST_DHCP_REFUSED, "DHCP server %.80s renewed another address than was asked for",
				    t->ask.server);
		return granted(t, out, r);
	}
	return TALK_STRANGE;
}

enum talk_says talk_hears(struct talk *t, const struct talk_heard *h, uint64_t now_ms, struct dhcp_outcome *out)
{
	const struct dhcp_reply *r = &h->reply;
	if (!is_asked(t, &h->from, r) || !dhcp_reply_is_for(r, &t->ask.who) || !addr_eq(&r->giaddr, &t->ask.giaddr))
		return TALK_STRANGE;
	if (r->type == DHCP_NAK)
		return hears_nak(t, r, out);
	if (!dhcp_reply_is_usable(r))
		return TALK_STRANGE;
	if (r->type == DHCP_ACK)
		return hears_ack(t, r, out);
	if (t->state != TALK_SELECTING)
		return TALK_WAITS; /* the first offer is taken, others are let go (RFC 2131 4.4.1) */
	t->offer = *r;
	t->from = h->from;
	t->asked_ms = now_ms;
	enter(t, TALK_REQUESTING);
	return TALK_SENDS;
}
