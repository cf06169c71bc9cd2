/* ESP without UDP (RFC 4303: IP protocol 50) over raw sockets. The kernel gives every packet to every raw
 * socket that its addresses fit, so each worker's has a filter that lets its own buckets through. */
#ifndef MODULES_DATA_RAW_H
#define MODULES_DATA_RAW_H

#include "modules/data/udp.h"

/* Makes the socket tell the address that was hit and the traffic class, and receive what belongs to worker `index` of n: those
 * packets whose (SPI & 255) % n it is. family 4 or 6. ST_IO. */
enum status raw_prepare(int fd, uint8_t family, uint32_t n, uint32_t index) MUST_USE;
/* Like udp_recv(); p and len are those of the ESP packet, ports are 0. What is no whole packet has
 * length 0. */
size_t raw_recv(int fd, uint8_t family, struct udp_rx *rx, struct pkt **pkts, size_t n);
/* Sends ESP packets from local.addr, whatever the ports are: of seg bytes each, the last may be shorter, at
 * most RAW_TRAIN_MAX. Returns how many left; *why is why others did not: ST_ESP_TOO_BIG, ST_OUT_SEND. */
#define RAW_TRAIN_MAX 64
unsigned raw_send(int fd, const struct endpoint *local, const struct endpoint *remote, struct view body,
		  size_t seg, uint8_t tos, enum status *why);

#endif
