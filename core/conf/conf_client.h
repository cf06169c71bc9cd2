/* Plain structs of what connects to gateways: clients, and routes through their tunnels. Same rules as
 * conf_ike.h. */
#ifndef CORE_CONF_CONF_CLIENT_H
#define CORE_CONF_CONF_CLIENT_H

#include "core/conf/conf_net.h"

/* `ip route`, `ipv6 route` through a tunnel interface. Those through anything else are the host's
 * business and kept as text. */
struct static_route {
	struct prefix prefix; /* host bits zero */
	char *vrf;            /* NULL: global */
	char *ifname;         /* canonical: "Tunnel1" */
	uint32_t tunnel;      /* its number */
	uint32_t distance;    /* 1 to 255 */
	uint32_t tag;
	char *name;
};

/* `crypto ikev2 client flexvpn`. */
struct flex_track {
	uint32_t object; /* 0: none */
	bool down;       /* wanted: down; else up */
};
struct flex_peer {
	uint32_t seq;
	struct addr addr; /* family 0: a name */
	char *name;       /* NULL: an address */
	bool is_dynamic;
	bool ip6;
	struct flex_track track;
};
struct flex_source {
	uint32_t seq;
	char *ifname;
	struct flex_track track;
};
enum flex_connect { FLEX_AUTO, FLEX_MANUAL, FLEX_TRACK };
#define FLEX_NO_GROUP UINT32_MAX
struct flex_client {
	char *name;
	char *description;
	struct flex_peer *peers; /* by rising seq */
	size_t peer_count;
	bool reactivate;
	uint8_t connect; /* enum flex_connect */
	struct flex_track track;
	struct str_list inside;
	char *tunnel;                /* canonical name; NULL: none */
	struct flex_source *sources; /* by rising seq */
	size_t source_count;
	uint32_t backup_group; /* or FLEX_NO_GROUP; 0 is `default` */
};

#endif
