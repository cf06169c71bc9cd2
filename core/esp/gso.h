/* What a TUN device says in front of a packet (struct virtio_net_hdr): how one large packet is to be
 * cut into packets of the wire, and whose checksum is still to be made. Pure. */
#ifndef CORE_ESP_GSO_H
#define CORE_ESP_GSO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GSO_HDR_LEN 10

#define GSO_NEEDS_CSUM 1u /* flags: the checksum at csum_start + csum_offset holds the pseudo header only */

enum gso_type { GSO_NONE = 0, GSO_TCPV4 = 1, GSO_TCPV6 = 4, GSO_UDP_L4 = 5 };
#define GSO_ECN 0x80u /* beside a type: CWR is set in the first segment only */

/* In the machine's byte order. */
struct gso_hdr {
	uint8_t flags;
	uint8_t type;
	uint16_t hdr_len;  /* a hint */
	uint16_t size;     /* payload of one segment */
	uint16_t csum_start;
	uint16_t csum_offset;
};

struct gso_hdr gso_read(const uint8_t p[GSO_HDR_LEN]);
void gso_write(const struct gso_hdr *h, uint8_t p[GSO_HDR_LEN]);

#endif
