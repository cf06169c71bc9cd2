#include "core/wire/esp.h"

#include "core/wire/ike_hdr.h"

#define SPI_RESERVED_MAX 255
#define KEEPALIVE_BYTE 0xff

enum status esp_hdr_parse(const uint8_t *p, size_t len, struct esp_hdr *out)
{
	struct rd r = rd_init(p, len);

	out->spi = rd_u32(&r);
	out->seq = rd_u32(&r);
	out->body = rd_rest(&r);
	if (!rd_ok(&r) || out->body.len < ESP_TRAILER_LEN)
		return ST_ESP_SHORT;
	return out->spi > SPI_RESERVED_MAX ? ST_OK : ST_ESP_NO_SA;
}

enum status esp_trailer_parse(const uint8_t *plain, size_t len, size_t *payload_len,
			      uint8_t *next_header)
{
	struct rd r = rd_init(plain, len);
	struct view pad;
	uint8_t pad_len;

	if (len < ESP_TRAILER_LEN)
		return ST_ESP_PAD;
	pad_len = plain[len - 2];
	if (pad_len > len - ESP_TRAILER_LEN)
		return ST_ESP_PAD;
	*payload_len = len - ESP_TRAILER_LEN - pad_len;
	rd_skip(&r, *payload_len);
	pad = rd_bytes(&r, pad_len);
	rd_skip(&r, 1);
	*next_header = rd_u8(&r);
	for (size_t i = 0; i < pad.len; i++) {
		if (pad.p[i] != i + 1)
			return ST_ESP_PAD;
	}
	return ST_OK;
}

size_t esp_pad_len(size_t payload_len, size_t block)
{
	return (0 - (payload_len + ESP_TRAILER_LEN)) & (block - 1);
}

void esp_trailer_write(uint8_t *out, size_t pad_len, uint8_t next_header)
{
	for (size_t i = 0; i < pad_len; i++)
		out[i] = (uint8_t)(i + 1);
	out[pad_len] = (uint8_t)pad_len;
	out[pad_len + 1] = next_header;
}

enum udp4500_kind udp4500_classify(const uint8_t *p, size_t len)
{
	struct rd r = rd_init(p, len);

	if (len == 1 && p[0] == KEEPALIVE_BYTE)
		return UDP4500_KEEPALIVE;
	if (rd_u32(&r) != 0)
		return r.left >= ESP_HDR_LEN - 4 + ESP_TRAILER_LEN ? UDP4500_ESP : UDP4500_BAD;
	return rd_ok(&r) && r.left >= IKE_HDR_LEN ? UDP4500_IKE : UDP4500_BAD;
}
