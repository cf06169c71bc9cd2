/* What a session is granted, as it goes from the session layer through the engine to the peer. */
#ifndef CORE_IKE_GRANTED_H
#define CORE_IKE_GRANTED_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/addr.h"

#define IKE_TS_MAX 16      /* selectors kept per side of a child */
#define IKE_NETS_MAX 32    /* networks that one side announces to the other */
#define IKE_LIST_LEN 1024  /* names separated by commas, with NUL */

/* What the session layer grants: goes into CFG_REPLY, selectors and the data path. */
struct ike_grant {
	struct addr ip4; /* family 0: none */
	uint8_t ip4_mask_len; /* 0: no INTERNAL_IP4_NETMASK */
	struct addr ip6;
	uint8_t ip6_prefix_len; /* 128; shorter: the whole prefix that ip6 is in is the peer's */
	uint8_t n_dns;
	uint8_t n_nbns;
	uint8_t n_subnets;
	uint8_t n_remote;
	struct addr dns[8];  /* both families */
	struct addr nbns[2]; /* IPv4 */
	struct prefix subnets[IKE_NETS_MAX]; /* INTERNAL_IP4_SUBNET / IP6_SUBNET */
	/* Inner addresses the peer may use as source: its leases as host prefixes, and
	 * `route set remote`. The peer's selectors are narrowed to them (never wider). */
	struct prefix remote[IKE_TS_MAX];
	char def_domain[256];
	char banner[512];
	/* Names with commas between them: domains of INTERNAL_DNS_DOMAIN (RFC 8598), other gateways. */
	char split_dns[IKE_LIST_LEN];
	char backup_gateways[IKE_LIST_LEN];
	char config_url[256];
	char config_version[64];
	bool include_local_lan;
	bool pfs;
	bool smartcard_disconnect;
	bool allows_ip4; /* there is a pool of the family (RFC 8983) */
	bool allows_ip6;
	struct addr server_ip4; /* ours inside the tunnel, for Windows; family 0: none */
	struct addr server_ip6;
	uint32_t tun;            /* tunnel device of the session: number in the data path */
	uint32_t session_lifetime_s; /* 0: none */
	bool session_reauth;         /* when it is over: the peer may go on by authenticating again */
	bool has_flow_limit;         /* false: what the IPsec profile says */
	uint32_t flow_limit;         /* most IPsec SAs at the same time */
};

#endif
