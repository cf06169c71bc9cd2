#include "core/wire/ike_hdr.h"

#include <stddef.h>

enum status ike_hdr_parse(struct view msg, struct ike_hdr *out)
{
	struct rd r = rd_init(msg.p, msg.len);
	struct ike_hdr h;
	bool is_notice;

	*out = (struct ike_hdr){0};
	h.spi_i = rd_u64(&r);
	h.spi_r = rd_u64(&r);
	h.next = rd_u8(&r);
	h.version = rd_u8(&r);
	h.exchange = rd_u8(&r);
	h.flags = rd_u8(&r);
	h.msgid = rd_u32(&r);
	h.length = rd_u32(&r);
	if (!rd_ok(&r))
		return ST_TRUNCATED;
	*out = h;
	if (h.version >> 4 != IKE_VERSION >> 4)
		return ST_BAD_VERSION;
	if (h.length < IKE_HDR_LEN)
		return ST_BAD_LENGTH;
	if (h.length > msg.len)
		return ST_TRUNCATED;
	if (h.length < msg.len)
		return ST_TRAILING;
	/* RFC 7296 1.5: a notice outside of any SA may have none. */
	is_notice = h.exchange == EX_INFORMATIONAL && h.spi_r == 0 && !ike_hdr_is_response(&h);
	return h.spi_i == 0 && !is_notice ? ST_BAD_SPI : ST_OK;
}

struct wr_mark ike_hdr_open(struct wr *w, const struct ike_hdr *h)
{
	size_t from = w->len;

	wr_u64(w, h->spi_i);
	wr_u64(w, h->spi_r);
	wr_u8(w, h->next);
	wr_u8(w, h->version);
	wr_u8(w, h->exchange);
	wr_u8(w, h->flags);
	wr_u32(w, h->msgid);
	return wr_open32(w, from);
}

const char *exchange_name(uint8_t exchange)
{
	switch (exchange) {
#define X(name, number, words) \
	case number: return words;
		EXCHANGE_LIST(X)
#undef X
	default: return "unknown";
	}
}
