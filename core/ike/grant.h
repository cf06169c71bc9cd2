/* A grant as long as an SA or a session keeps it: no larger than what was granted, where struct
 * ike_grant has room for the most that can be. */
#ifndef CORE_IKE_GRANT_H
#define CORE_IKE_GRANT_H

#include "core/ike/questions.h"

/* One allocation, given back with mem_free(). The members are those of struct ike_grant; the lists
 * stand behind it and do not change. */
struct kept_grant {
	struct addr ip4;
	struct addr ip6;
	uint8_t ip4_mask_len;
	uint8_t ip6_prefix_len;
	uint8_t n_dns;
	uint8_t n_nbns;
	uint8_t n_subnets;
	uint8_t n_remote;
	uint32_t tun;
	uint32_t session_lifetime_s;
	bool session_reauth;
	bool has_flow_limit;
	uint32_t flow_limit;
	const struct addr *dns;
	const struct addr *nbns;
	const struct prefix *subnets;
	const struct prefix *remote;
	bool include_local_lan;
	bool pfs;
	bool smartcard_disconnect;
	bool allows_ip4;
	bool allows_ip6;
	struct addr server_ip4;
	struct addr server_ip6;
	const char *def_domain;
	const char *banner;
	const char *split_dns;
	const char *backup_gateways;
	const char *config_url;
	const char *config_version;
};

/* A copy of g in the place of *k, which may be NULL. ST_NOMEM: *k stays. */
enum status grant_keep(const struct ike_grant *g, struct kept_grant **k) MUST_USE;
/* What grant_keep() was given, with zeroes behind the lists; k NULL: nothing was granted. */
void grant_read(const struct kept_grant *k, struct ike_grant *out);

#endif
