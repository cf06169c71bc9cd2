#include "core/wire/notify.h"

static bool spi_fits(uint8_t protocol, size_t len)
{
	switch (len) {
	case 0: return true; /* the protocol is to be ignored then (section 3.10) */
	case 4: return protocol == PROTO_AH || protocol == PROTO_ESP;
	case 8: return protocol == PROTO_IKE;
	default: return false;
	}
}

enum status notify_parse(struct view body, struct notify *out)
{
	struct rd r = rd_init(body.p, body.len);
	uint8_t spi_len;

	out->protocol = rd_u8(&r);
	spi_len = rd_u8(&r);
	out->type = rd_u16(&r);
	out->spi = rd_bytes(&r, spi_len);
	out->data = rd_rest(&r);
	if (!rd_ok(&r))
		return ST_TRUNCATED;
	if (!spi_fits(out->protocol, spi_len))
		return ST_BAD_PAYLOAD;
	if (spi_len == 0)
		out->protocol = PROTO_NONE;
	return ST_OK;
}

void notify_build(struct wr *w, const struct notify *n)
{
	wr_u8(w, n->protocol);
	wr_u8(w, (uint8_t)n->spi.len);
	wr_u16(w, n->type);
	wr_bytes(w, n->spi.p, n->spi.len);
	wr_bytes(w, n->data.p, n->data.len);
}

void notify_build_plain(struct wr *w, uint16_t type, const void *data, size_t len)
{
	notify_build(w, &(struct notify){.type = type, .data = {data, len}});
}

void notify_build_child(struct wr *w, uint16_t type, uint32_t spi, const void *data, size_t len)
{
	uint8_t flat[4];
	struct wr s = wr_init(flat, sizeof(flat));

	wr_u32(&s, spi);
	notify_build(w, &(struct notify){.protocol = PROTO_ESP,
				.type = type,
				.spi = {flat, sizeof(flat)},
				.data = {data, len}});
}

uint32_t notify_spi(const struct notify *n)
{
	struct rd r = rd_init(n->spi.p, n->spi.len);

	return n->spi.len == 4 ? rd_u32(&r) : 0;
}

enum status notify_u16(const struct notify *n, uint16_t *out)
{
	struct rd r = rd_init(n->data.p, n->data.len);

	*out = rd_u16(&r);
	return rd_done(&r) ? ST_OK : ST_BAD_PAYLOAD;
}

enum status notify_u32(const struct notify *n, uint32_t *out)
{
	struct rd r = rd_init(n->data.p, n->data.len);

	*out = rd_u32(&r);
	return rd_done(&r) ? ST_OK : ST_BAD_PAYLOAD;
}

enum status delete_parse(struct view body, struct ike_delete *out)
{
	struct rd r = rd_init(body.p, body.len);
	uint8_t spi_len;
	bool is_ike;

	out->protocol = rd_u8(&r);
	spi_len = rd_u8(&r);
	out->n = rd_u16(&r);
	out->spis = rd_bytes(&r, (size_t)spi_len * out->n);
	if (!rd_ok(&r))
		return ST_TRUNCATED;
	is_ike = out->protocol == PROTO_IKE;
	if (!is_ike && out->protocol != PROTO_AH && out->protocol != PROTO_ESP)
		return ST_BAD_PAYLOAD;
	if (spi_len != (is_ike ? 0 : 4) || (out->n == 0) != is_ike)
		return ST_BAD_PAYLOAD;
	return rd_done(&r) ? ST_OK : ST_TRAILING;
}

uint32_t delete_spi(const struct ike_delete *d, uint16_t i)
{
	struct rd r = rd_init(d->spis.p, d->spis.len);

	rd_skip(&r, (size_t)i * 4);
	return rd_u32(&r);
}

void delete_build_ike(struct wr *w)
{
	wr_u8(w, PROTO_IKE);
	wr_u8(w, 0);
	wr_u16(w, 0);
}

void delete_build_children(struct wr *w, uint8_t protocol, const uint32_t *spis, uint16_t n)
{
	wr_u8(w, protocol);
	wr_u8(w, 4);
	wr_u16(w, n);
	for (uint16_t i = 0; i < n; i++)
		wr_u32(w, spis[i]);
}
