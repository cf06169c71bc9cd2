/* ESP packets (RFC 4303) and what shares UDP port 4500 with them (RFC 3948). Pure. */
#ifndef CORE_WIRE_ESP_H
#define CORE_WIRE_ESP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/base/wr.h"

#define ESP_HDR_LEN 8
#define ESP_TRAILER_LEN 2 /* pad length, next header */
#define NON_ESP_MARKER_LEN 4

struct esp_hdr {
	uint32_t spi;
	uint32_t seq;     /* low 32 bits */
	struct view body; /* iv, ciphertext, icv */
};

/* ST_ESP_SHORT: no room for header and trailer; ST_ESP_NO_SA: SPI 0..255 (section 2.1). */
enum status esp_hdr_parse(const uint8_t *p, size_t len, struct esp_hdr *out) MUST_USE;

/* After decryption: the trailer at the end of the plaintext. Padding must be 1, 2, 3... (section
 * 2.4). ST_ESP_PAD. next_header 59 is a dummy packet. payload_len counts from the start. */
enum status esp_trailer_parse(const uint8_t *plain, size_t len, size_t *payload_len,
			      uint8_t *next_header) MUST_USE;
/* Before encryption: bytes of padding so that payload, padding and trailer fill blocks (a power of
 * two, at least 4). */
size_t esp_pad_len(size_t payload_len, size_t block);
/* Padding 1, 2, 3..., pad length, next header: pad_len + 2 bytes at out; pad_len <= 255. */
void esp_trailer_write(uint8_t *out, size_t pad_len, uint8_t next_header);

enum udp4500_kind { UDP4500_IKE, UDP4500_ESP, UDP4500_KEEPALIVE, UDP4500_BAD };

/* A datagram on port 4500. IKE: behind the non-ESP marker, at least an IKE header's worth. */
enum udp4500_kind udp4500_classify(const uint8_t *p, size_t len);

#endif
