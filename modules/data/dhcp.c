#include "modules/data/dhcp.h"

#include <string.h>

#include "core/wire/dhcp.h"
#include "modules/data/path.h"

#define EVERY_MS 1000

/* ---- workers ------------------------------------------------------------------------------ */

/* A copy: the packet lies in a train of others. */
enum status dhcp_ask(struct worker *w, struct worker_sa *sa, struct span inner)
{
	uint64_t now_ms = w->tables.now_ms;
	struct pkt *k;

	if (inner.len > DHCP_PACKET_MAX || (sa->dhcp_ms && now_ms - sa->dhcp_ms < EVERY_MS))
		return ST_DHCP_OTHER;
	k = pool_get(&w->pool);
	if (!k)
		return ST_RING_FULL;
	k->kind = PKT_DHCP;
	k->spi = sa->esp.spi_in;
	k->len = inner.len;
	memcpy(k->p, inner.p, inner.len);
	if (!worker_send_up(w, k, UP_NOTICE_MAX)) {
		pool_put(&w->pool, k);
		return ST_RING_FULL;
	}
	sa->dhcp_ms = now_ms;
	return ST_OK;
}

void dhcp_send(struct worker *w, const struct send *s)
{
	struct esp_sa *sa = sad_find(&w->tables.sad, s->spi_in);
	struct pkt *k = sa ? pool_get(&w->pool) : NULL;

	if (!k) {
		stats_status(&w->stats, sa ? ST_RING_FULL : ST_OUT_NO_ROUTE);
		return;
	}
	k->kind = PKT_INNER;
	k->spi = s->spi_in;
	k->tun = sa->child->tun;
	k->class = 0; /* ours: no access list is asked */
	k->priority = 0;
	k->gso = (struct gso_hdr){0};
	k->len = s->len;
	memcpy(k->p, s->packet, s->len);
	outbound_packet(w, CONTAINER_OF(sa, struct worker_sa, esp), k);
	path_flush(w);
}
