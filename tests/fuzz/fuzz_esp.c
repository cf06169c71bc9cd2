/* A datagram on port 4500, and the end of a decrypted ESP packet. */
#include <stdint.h>
#include <stdlib.h>

#include "core/wire/esp.h"
#include "core/wire/ike_hdr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

static void classify(const uint8_t *data, size_t size)
{
	struct esp_hdr h;

	switch (udp4500_classify(data, size)) {
	case UDP4500_IKE: MUST(size >= NON_ESP_MARKER_LEN + IKE_HDR_LEN && data[0] == 0); break;
	case UDP4500_ESP:
		MUST(esp_hdr_parse(data, size, &h) != ST_ESP_SHORT);
		MUST(h.spi != 0 && h.body.p == data + ESP_HDR_LEN);
		MUST(h.body.len == size - ESP_HDR_LEN);
		break;
	case UDP4500_KEEPALIVE: MUST(size == 1); break;
	case UDP4500_BAD: break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t again[257];
	size_t len, pad;
	uint8_t next;

	classify(data, size);
	if (esp_trailer_parse(data, size, &len, &next) != ST_OK)
		return 0;
	MUST(len + ESP_TRAILER_LEN <= size);
	pad = size - ESP_TRAILER_LEN - len;
	MUST(pad <= 255);
	esp_trailer_write(again, pad, next);
	for (size_t i = 0; i < pad + ESP_TRAILER_LEN; i++)
		MUST(again[i] == data[len + i]);
	return 0;
}
