/* One rtnetlink request under construction, and the kernel's answer to it. Sizes are ours, nothing
 * comes from outside. Each question opens a socket in the network namespace in force. */
#ifndef CMD_NETLINK_H
#define CMD_NETLINK_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

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

#endif
