/* What a configuration asks of the machine: addresses to listen on, TUN devices, routes. Pure; opening
 * and closing is wire_net's. */
#ifndef CMD_NET_PLAN_H
#define CMD_NET_PLAN_H

#include "core/conf/snapshot.h"

#define PLAN_NAME 16 /* device, with NUL */
#define PLAN_VRF 32
#define PLAN_MTU 1400 /* fits ESP in UDP on IPv4 and IPv6 with every suite at 1500 outside */
#define PLAN_TUNNEL_BASE 0x10000u /* number in the data path of Tunnel0 */

/* One address and port. addr.family 0: every address of `family`. */
struct plan_listen {
	uint32_t vrf;
	char vrf_name[PLAN_VRF];
	uint8_t family;
	struct addr addr;
	uint16_t port; /* 0: raw */
	bool is_nat; /* the port where ESP comes too: one socket a worker */
	bool is_raw; /* no port: ESP without UDP, one socket a worker; may fail to be had */
};

struct plan_route {
	struct prefix prefix;
	uint32_t metric; /* 0: the kernel's own */
};

struct plan_tun {
	uint32_t number;
	char name[PLAN_NAME];
	uint32_t vrf;
	char vrf_name[PLAN_VRF];
	uint32_t mtu;
	struct prefix ip4; /* host bits kept; family 0: none */
	struct prefix ip6;
	bool client_to_client;
	bool multicast;
	bool dhcp_inform;
	char proxy[PLAN_NAME]; /* LAN in which its clients are looked for; "" for none */
	bool proxy_is_missing; /* there was no such interface when it was looked for last */
	bool is_orphan; /* not configured any more: it stays for the sessions that live on it */
	bool was_kept;  /* it outlived a main, and its routes with it */
	/* What `ip route` says, and to the pools and peers' networks of the policies used through it: in
	 * one VRF no two devices have the same one of these. */
	struct plan_route *routes;
	size_t route_count;
};

struct plan {
	struct plan_listen *listens;
	size_t listen_count;
	struct plan_tun *tuns;
	size_t tun_count;
	uint32_t *shut; /* numbers of interfaces that are configured and shut down */
	size_t shut_count;
};

/* ST_NOMEM; ST_CONFIG with a sentence in why (a VRF name that no network namespace can have). */
enum status plan_make(const struct snapshot *s, struct plan *out, char *why, size_t why_cap) MUST_USE;
void plan_free(struct plan *p); /* a zeroed one is fine */

bool plan_listen_eq(const struct plan_listen *a, const struct plan_listen *b);
const struct plan_tun *plan_find_tun(const struct plan *p, uint32_t number);
/* Equal in what is configured but the routes. */
bool plan_tun_eq(const struct plan_tun *a, const struct plan_tun *b);
void plan_tun_name(uint32_t number, char out[PLAN_NAME]);
/* Appends a device without its routes. ST_NOMEM. */
enum status plan_add_tun(struct plan *p, const struct plan_tun *t) MUST_USE;
bool plan_is_shut(const struct plan *p, uint32_t number);
/* The device that packets for all of dst take, by the routes of the plan; NULL: none. */
const struct plan_tun *plan_way(const struct plan *p, const char *vrf_name, const struct prefix *dst);
bool plan_has_route(const struct plan_tun *t, const struct prefix *p);

#endif
