/* The demo's network: two network namespaces without a name, a wire (veth pair) between them, and the
 * addresses of a protected network behind the gateway. Nothing of it is in the namespace in force,
 * and all of it vanishes with the last process and descriptor that holds a namespace.
 *
 *   client: wan 192.0.2.2  ----  wan 192.0.2.1 gateway, lo 10.20.0.1 and fd00:20::1
 *
 * These calls change the namespace of the calling thread for a moment: single-threaded processes
 * only. Errors leave a sentence in why. */
#ifndef CMD_DEMO_NET_H
#define CMD_DEMO_NET_H

#include <stdbool.h>
#include <stdint.h>

#define DEMO_GATEWAY "192.0.2.1"
#define DEMO_CLIENT "192.0.2.2"
#define DEMO_LAN "10.20.0.1"
#define DEMO_LAN6 "fd00:20::1"
#define DEMO_WHY 160

struct demo_net {
	int home; /* the namespace we came from */
	int gateway;
	int client;
	bool has_ip6; /* the kernel has IPv6 at all */
};

/* -1 in all of them: nothing is made yet. */
#define DEMO_NET_NONE ((struct demo_net){-1, -1, -1, false})

bool demo_net_make(struct demo_net *n, char why[DEMO_WHY]);
void demo_net_drop(struct demo_net *n);

/* A socket of that namespace, bound to one of the IPv4 addresses above. -1 with errno. */
int demo_net_socket(const struct demo_net *n, int netns, const char *address, uint16_t port, int type);

#endif
