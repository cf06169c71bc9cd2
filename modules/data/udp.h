/* Datagrams with both addresses: which local address was hit, and from which to answer. */
#ifndef MODULES_DATA_UDP_H
#define MODULES_DATA_UDP_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "core/base/rd.h"
#include "modules/data/pool.h"

#define UDP_BATCH 64

struct udp_slot {
	struct sockaddr_storage from;
	struct iovec iov;
	_Alignas(struct cmsghdr) uint8_t control[128];
};

/* Scratch of one receiving thread. */
struct udp_rx {
	struct mmsghdr msgs[UDP_BATCH];
	struct udp_slot slots[UDP_BATCH];
};

/* Makes the socket tell the address that was hit and the TOS or traffic class, and, if trains, take datagrams of one
 * sender that follow each other as one (UDP_GRO, where the kernel has it). family 4 or 6. */
enum status udp_prepare(int fd, uint8_t family, bool trains) MUST_USE;
/* As much room as the system lets us have, never less than there is: bursts wait in it while a worker is busy. */
void udp_widen(int fd);
/* Asks the kernel to give ESP datagrams to socket (SPI & 255) % n of the group of this socket, in the
 * order in which they were bound, and all others by its own hash. A hint: it may refuse. */
void udp_steer(int fd, uint32_t n);
/* An endpoint for the kernel; the length of it. */
socklen_t udp_sockaddr(const struct endpoint *e, struct sockaddr_storage *ss);
/* A control message: the address to leave from. Returns the room that it takes, of which there must be 64. */
size_t udp_put_source(const struct addr *a, struct cmsghdr *c);
/* Another: its TOS or traffic class. Also of at most 64. */
size_t udp_put_tos(uint8_t family, uint8_t tos, struct cmsghdr *c);
/* Receives into pkts[0..n), n at most UDP_BATCH, without waiting: p, len, seg, tos, local (but for vrf and
 * port) and remote (but for vrf). Returns how many. */
size_t udp_recv(int fd, struct udp_rx *rx, struct pkt **pkts, size_t n);
/* Sends head and body as one datagram from local.addr. ST_ESP_TOO_BIG, ST_OUT_SEND. Any
 * thread. */
enum status udp_send(int fd, const struct endpoint *local, const struct endpoint *remote,
		     struct view head, struct view body) MUST_USE;
/* The same for ESP, which has a TOS or traffic class. */
enum status udp_send_esp(int fd, const struct endpoint *local, const struct endpoint *remote, struct view body,
			 uint8_t tos) MUST_USE;
/* The same for several datagrams of seg bytes each, the last may be shorter, by one call (UDP_SEGMENT): at most
 * UDP_TRAIN_MAX of them and UDP_TRAIN_BYTES. ST_BAD_LENGTH: the kernel does not cut these (no such offload, or seg is
 * more than the path takes); nothing was sent, one by one they may pass. */
#define UDP_TRAIN_MAX 64
#define UDP_TRAIN_BYTES 65000
enum status udp_send_train(int fd, const struct endpoint *local, const struct endpoint *remote,
			   struct view body, uint16_t seg, uint8_t tos) MUST_USE;

#endif
