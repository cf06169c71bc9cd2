/* One rtnetlink request under construction, and the kernel's answer to it. Sizes are ours, nothing
 * comes from outside. Each question opens a socket in the network namespace in force. */
#ifndef CMD_NETLINK_H
#define CMD_NETLINK_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/addr.h"

#define NETLINK_MESSAGE_CAP 512

struct netlink_message {
	_Alignas(NLMSG_ALIGNTO) uint8_t bytes[NETLINK_MESSAGE_CAP];
	size_t len;
};

/* flags are added to those of a request that wants an answer. body: ifinfomsg and the like. */
struct netlink_message netlink_begin(uint16_t type, uint16_t flags, const void *body, size_t len);
/* Bytes without a head, for a body inside a nest. */
void netlink_put(struct netlink_message *m, const void *p, size_t len);
void netlink_attribute(struct netlink_message *m, uint16_t type, const void *p, size_t len);
size_t netlink_open_nest(struct netlink_message *m, uint16_t type); /* for netlink_close_nest */
void netlink_close_nest(struct netlink_message *m, size_t at);
/* Sends it and waits at most 2 s. 0 or the errno of the kernel's answer. */
int netlink_ask(struct netlink_message *m);
/* The same for a question: the kernel's answer with its head into buf, aligned as messages are.
 * Its length, or -1 with errno. */
ssize_t netlink_get(struct netlink_message *m, uint8_t *buf, size_t cap);

/* Addresses that a network namespace has: netlink_addresses_ask() makes the request, whose answers have that number;
 * then whatever comes from the socket, other messages too, goes through netlink_addresses_read(). */
struct netlink_addresses {
	uint32_t number;
	bool is_over;     /* the last one was found */
	bool is_broken;   /* the kernel refused, or the list changed while it was told: it is to be asked for again */
	bool has_changed; /* an address came or went: not of the answer */
	void (*found)(void *ctx, const struct addr *a); /* of this machine, not of the other end of a link */
	void *ctx;
};
struct netlink_message netlink_addresses_ask(uint32_t number);
/* len: of a whole datagram; what is malformed is passed over. */
void netlink_addresses_read(struct netlink_addresses *r, const uint8_t *buf, size_t len);

#endif
