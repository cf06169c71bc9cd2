#include "core/ike/notice.h"

#include "core/ike/child.h"
#include "core/ike/engine.h"
#include "core/ike/freeze.h"
#include "core/ike/qcd.h"
#include "core/ike/work.h"
#include "core/wire/notify.h"

#define TELL_EVERY_MS 1000  /* the peer of one SA */
#define HINT_EVERY_MS 10000 /* liveness checks that hints cause, of one SA */
#define MESSAGE_LEN 40      /* of an unprotected INVALID_SPI */
#define MARKER_LEN 4        /* before it on port 4500 */

/* ---- what we tell --------------------------------------------------------------------------- */

bool notice_is_due(const struct ike_sa *sa)
{
	return sa->owed_spi != 0 || sa->owes_token;
}

static void put_spi(struct msg_out *o, uint32_t spi)
{
	uint8_t data[4];
	struct wr w = wr_init(data, sizeof(data));

	wr_u32(&w, spi);
	msg_notify(o, N_INVALID_SPI, data, sizeof(data));
}

/* It is a liveness check at the same time: whoever does not answer it is gone. */
enum status notice_send(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;
	struct msg_out o;
	struct view msg;
	enum status st;

	msg_start(&o, sa, EX_INFORMATIONAL, false, sa->out.next);
	if (sa->owed_spi != 0)
		put_spi(&o, sa->owed_spi);
	if (sa->owes_token)
		qcd_put(&o, ike, sa->spi_i, sa->spi_r);
	st = msg_end(&o, &msg);
	if (st == ST_OK)
		st = sa_request(sa, REQ_DPD, msg);
	if (st != ST_OK)
		return st;
	if (sa->owed_spi != 0)
		stats_inc(ike->stats, CT_INVALID_SPI_OUT);
	sa->owed_spi = 0;
	sa->owes_token = false;
	ike_keep_counted(sa);
	sa_send(sa, msg);
	return ST_OK;
}

/* ESP without UDP has no port. */
static bool is_peer(const struct ike_sa *sa, const struct endpoint *remote)
{
	return remote->port != 0 ? endpoint_eq(&sa->remote, remote)
				 : sa->remote.vrf == remote->vrf && addr_eq(&sa->remote.addr, &remote->addr);
}

/* The established SA with this peer, or else one that begins or ends; NULL: none. */
static struct ike_sa *sa_with(struct ike *ike, const struct endpoint *remote)
{
	struct ike_sa *found = NULL;

	LIST_EACH(at, &ike->sas) {
		struct ike_sa *sa = CONTAINER_OF(at, struct ike_sa, node);

		if (is_peer(sa, remote) && (found == NULL || sa->state == SA_UP))
			found = sa;
	}
	return found;
}

/* RFC 7296 1.5: one way, with SPIs that mean nothing. */
static void tell_plain(struct ike *ike, uint32_t spi, const struct endpoint *local,
	const struct endpoint *remote)
{
	struct endpoint from = *local, to = *remote;
	struct ike_hdr hdr = {
		.version = IKE_VERSION,
		.exchange = EX_INFORMATIONAL,
		.flags = IKE_FLAG_INITIATOR,
	};
	struct msg_out o;
	struct view msg;

	msg_start_plain(&o, ike, &hdr);
	put_spi(&o, spi);
	if (msg_end(&o, &msg) != ST_OK)
		return;
	stats_inc(ike->stats, CT_INVALID_SPI_OUT);
	stats_inc(ike->stats, CT_IKE_OUT);
	stats_add(ike->stats, CT_IKE_OUT_BYTES, msg.len);
	if (to.port == 0) {
		from.port = (uint16_t)ike->conf->own.port;
		to.port = IKE_PORT;
	}
	ike->ports->send(ike->ctx, &from, &to, msg.p, msg.len);
}

void ike_on_unknown_spi(struct ike *ike, uint32_t spi, size_t len, const struct endpoint *local,
	const struct endpoint *remote)
{
	uint64_t now = ike_now(ike);
	struct ike_sa *sa;

	if (spi <= 255 || !limiter_take(&ike->notices, now))
		return;
	ike_enter(ike);
	sa = sa_with(ike, remote);
	/* While an SA begins or ends, ESP that is too early or too late is nothing to speak of. */
	if (sa != NULL && sa->state == SA_UP &&
		(sa->spi_told_ms == 0 || now - sa->spi_told_ms >= TELL_EVERY_MS)) {
		sa->spi_told_ms = now;
		sa->owed_spi = spi;
		work(sa);
	} else if (sa == NULL && len >= MESSAGE_LEN + MARKER_LEN) {
		tell_plain(ike, spi, local, remote);
	}
	ike_settle(ike);
}

/* ---- what we are told ------------------------------------------------------------------------- */

/* 0: that is no SPI. */
static uint32_t spi_of(const struct notify *n)
{
	struct rd r = rd_init(n->data.p, n->data.len);
	uint32_t spi = rd_u32(&r);

	return rd_done(&r) ? spi : 0;
}

void notice_take(struct ike_sa *sa, const struct ike_payloads *p)
{
	struct notify n;
	struct ike_child *c;

	if (sa->state != SA_UP || !msg_find_notify(p, N_INVALID_SPI, &n))
		return;
	stats_inc(sa->ike->stats, CT_INVALID_SPI_IN);
	c = child_find_out(sa, spi_of(&n));
	/* Of what is replaced or on its way out the peer may well know nothing any more. */
	if (c != NULL && c->state == CHILD_UP)
		ike_on_child_lost(sa->ike, c->spi_in, ST_NO_CHILD);
}

static void hint(struct ike_sa *sa)
{
	uint64_t now = ike_now(sa->ike);

	if (sa->state != SA_UP || (sa->hint_ms != 0 && now - sa->hint_ms < HINT_EVERY_MS))
		return;
	sa->hint_ms = now;
	sa_event(sa, SE_DPD, ST_OK);
}

bool notice_on_plain(struct ike_sa *sa, const struct msg_in *m)
{
	struct notify n;

	if (qcd_on_plain(sa, m))
		return true;
	if (!msg_find_notify(&m->p, N_INVALID_IKE_SPI, &n) &&
		!msg_find_notify(&m->p, N_INVALID_SPI, &n))
		return false;
	hint(sa);
	return true;
}

static struct ike_child *child_towards(struct ike *ike, uint32_t spi, const struct endpoint *remote)
{
	LIST_EACH(at, &ike->sas) {
		struct ike_sa *sa = CONTAINER_OF(at, struct ike_sa, node);
		struct ike_child *c;

		if (sa->remote.vrf != remote->vrf || !addr_eq(&sa->remote.addr, &remote->addr))
			continue;
		c = child_find_out(sa, spi);
		if (c != NULL && c->state == CHILD_UP)
			return c;
	}
	return NULL;
}

bool notice_on_stray(struct ike *ike, const struct msg_in *m)
{
	struct ike_child *c;
	struct notify n;

	if (m->hdr.exchange != EX_INFORMATIONAL || m->p.sk_type != 0 ||
		!msg_find_notify(&m->p, N_INVALID_SPI, &n)) {
		if (m->hdr.spi_i == 0)
			stats_status(ike->stats, ST_BAD_SPI);
		return m->hdr.spi_i == 0; /* never answered */
	}
	if (!limiter_take(&ike->hints, ike_now(ike)))
		return true;
	stats_inc(ike->stats, CT_INVALID_SPI_IN);
	c = child_towards(ike, spi_of(&n), m->remote);
	if (c != NULL)
		hint(c->sa);
	return true;
}
