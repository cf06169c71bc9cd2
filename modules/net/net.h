/* IKE's own UDP sockets (port 500): receiving in batches, sending from the address that was hit.
 * Port 4500 belongs to modules/data. The owner watches the descriptors. Loop thread. */
#ifndef MODULES_NET_NET_H
#define MODULES_NET_NET_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/endpoint.h"
#include "core/base/stats.h"

struct net;

struct net_ports {
	void (*on_ike)(void *ctx, const struct endpoint *local, const struct endpoint *remote,
		       const uint8_t *msg, size_t len);
};

struct net *net_new(const struct net_ports *ports, void *ctx, struct stats *stats); /* NULL: memory */
void net_free(struct net *n); /* closes the sockets */

/* A bound, non-blocking socket with PKTINFO switched on. local.addr of family 0 means every address
 * of `family` (4 or 6). The descriptor becomes ours, also when this fails. */
enum status net_add(struct net *n, const struct endpoint *local, uint8_t family, int fd) MUST_USE;
/* ST_NOT_FOUND. The caller has stopped watching the descriptor. */
enum status net_del(struct net *n, const struct endpoint *local, uint8_t family) MUST_USE;

/* Reads at most one batch from the socket; messages of established SAs are handed on before
 * requests that start something new. */
void net_on_readable(struct net *n, int fd);

/* From the socket that covers `local`. Lost datagrams are counted; IKE sends again. */
void net_send(struct net *n, const struct endpoint *local, const struct endpoint *remote,
	      const uint8_t *msg, size_t len);

#endif
