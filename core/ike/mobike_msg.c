#include "core/ike/mobike_msg.h"

#include "core/wire/notify.h"

/* Section 4.2.6: source and destination address, then their ports; of the sender's sight. */
static bool is_from_to(struct view data, const struct endpoint *source,
	const struct endpoint *destination)
{
	size_t n = addr_len(&source->addr);
	struct rd r = rd_init(data.p, data.len);
	struct view a = rd_bytes(&r, n), b = rd_bytes(&r, n);
	struct addr from = addr_from(a.p, a.len), to = addr_from(b.p, b.len);
	uint16_t from_port = rd_u16(&r), to_port = rd_u16(&r);

	return rd_ok(&r) && rd_rest(&r).len == 0 && addr_eq(&from, &source->addr) &&
	       addr_eq(&to, &destination->addr) && from_port == source->port &&
	       to_port == destination->port;
}

static void take_addr(struct mobike_msg *out, const struct notify *n, size_t len)
{
	if (n->data.len != len)
		return;
	out->lists_addrs = true;
	if (out->n_addrs < MOBIKE_ADDRS)
		out->addrs[out->n_addrs++] = addr_from(n->data.p, n->data.len);
}

static void take(struct mobike_msg *out, struct natd *natd, const struct notify *n,
	const struct endpoint *local, const struct endpoint *remote)
{
	switch (n->type) {
	case N_MOBIKE_SUPPORTED:
		out->is_supported = true;
		break;
	case N_UPDATE_SA_ADDRESSES:
		out->is_update = true;
		break;
	case N_UNACCEPTABLE_ADDRESSES:
		out->is_unacceptable = true;
		break;
	case N_UNEXPECTED_NAT_DETECTED:
		out->saw_nat = true;
		break;
	case N_NO_ADDITIONAL_ADDRESSES:
		out->lists_addrs = true;
		break;
	case N_ADDITIONAL_IP4_ADDRESS:
		take_addr(out, n, 4);
		break;
	case N_ADDITIONAL_IP6_ADDRESS:
		take_addr(out, n, 16);
		break;
	case N_COOKIE2:
		if (n->data.len >= MOBIKE_COOKIE_MIN && n->data.len <= MOBIKE_COOKIE_MAX)
			out->cookie = n->data;
		break;
	case N_NO_NATS_ALLOWED:
		out->is_translated |= !is_from_to(n->data, remote, local);
		break;
	case N_NAT_DETECTION_SOURCE_IP:
		natd_source(natd, n->data);
		break;
	case N_NAT_DETECTION_DESTINATION_IP:
		out->destination = n->data;
		natd_destination(natd, n->data);
		break;
	default:
		break;
	}
}

void mobike_msg_parse(const struct ike_payloads *p, uint64_t spi_i, uint64_t spi_r,
	const struct endpoint *local, const struct endpoint *remote, struct mobike_msg *out)
{
	struct natd natd;
	struct notify n;

	*out = (struct mobike_msg){0};
	natd_start(&natd, spi_i, spi_r, local, remote);
	for (const struct payload *at = payload_find(p, PT_NOTIFY); at != NULL;
		at = payload_find_next(p, at))
		if (notify_parse(at->body, &n) == ST_OK)
			take(out, &natd, &n, local, remote);
	out->nat = natd_end(&natd);
	out->has_natd = out->nat.was_sent;
}
