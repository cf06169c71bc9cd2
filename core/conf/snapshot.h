/* The configuration as an immutable value. A session copies what it needs at authorization; nobody
 * keeps a pointer into a snapshot without a reference. The memory is one arena, zeroed when the
 * last reference goes (secrets are in it). References may be taken and dropped by any thread. */
#ifndef CORE_CONF_SNAPSHOT_H
#define CORE_CONF_SNAPSHOT_H

#include <stdatomic.h>

#include "core/conf/arena.h"
#include "core/conf/conf_pki.h"
#include "core/conf/conf_qos.h"
#include "core/conf/conf_sys.h"
#include "core/conf/conf_user.h"

/* Each list is in configuration order. The default objects (name "default", R-CFG-02) are in the
 * lists too, disabled or not: first among proposals, policies, authorization policies, transform
 * sets and IPsec profiles. */
struct snapshot {
	atomic_uint refs;
	struct arena arena;
	uint64_t generation; /* previous one's + 1 */

	char *hostname;
	struct ike_proposal *proposals;
	size_t proposal_count;
	struct ike_policy *policies;
	size_t policy_count;
	struct ike_profile *profiles;
	size_t profile_count;
	struct ike_keyring *keyrings;
	size_t keyring_count;
	struct authz_policy *authz;
	size_t authz_count;
	struct pool4 *pools4;
	size_t pool4_count;
	struct pool6 *pools6;
	size_t pool6_count;
	struct acl *acls;
	size_t acl_count;
	struct class_map *class_maps;
	size_t class_map_count;
	struct policy_map *policy_maps;
	size_t policy_map_count;
	struct transform_set *sets;
	size_t set_count;
	struct ipsec_profile *ipsec_profiles;
	size_t ipsec_profile_count;
	struct iface *ifaces;
	size_t iface_count;
	struct static_route *routes;
	size_t route_count;
	struct flex_client *clients;
	size_t client_count;
	struct trustpoint *trustpoints;
	size_t trustpoint_count;
	struct cert_map *cert_maps;
	size_t cert_map_count;
	struct cert_chain *cert_chains;
	size_t cert_chain_count;
	struct vrf_def *vrfs;
	size_t vrf_count;
	struct vrf_def *vrf_numbers; /* every name seen by this process, for stable numbers */
	size_t vrf_number_count;
	struct aaa_list *aaa_lists;
	size_t aaa_list_count;
	struct radius_server *radius_servers; /* those of `radius-server host` last */
	size_t radius_server_count;
	struct aaa_group *aaa_groups;
	size_t aaa_group_count;
	struct attribute_list *attribute_lists;
	size_t attribute_list_count;
	struct name_mangler *manglers;
	size_t mangler_count;
	struct conf_script *scripts;
	size_t script_count;
	struct conf_user *users;
	size_t user_count;
	struct kept *kept;
	size_t kept_count;
	bool aaa_new_model;
	struct ike_global ike;
	struct ipsec_global ipsec;
	struct own_settings own;
	struct log_settings log;
	struct radius_global radius;
	struct aaa_global aaa;
	struct dynauth dynauth;
};

struct snapshot *snapshot_ref(struct snapshot *s);
void snapshot_unref(struct snapshot *s); /* NULL is fine */
/* What others know us by: `hostname`; without one "sallyport". */
const char *snapshot_hostname(const struct snapshot *s);

/* By name (exact, case matters as on the console); NULL when there is none. */
const struct ike_proposal *snapshot_proposal(const struct snapshot *s, const char *name);
const struct ike_policy *snapshot_policy(const struct snapshot *s, const char *name);
const struct ike_profile *snapshot_profile(const struct snapshot *s, const char *name);
const struct ike_keyring *snapshot_keyring(const struct snapshot *s, const char *name);
const struct authz_policy *snapshot_authz(const struct snapshot *s, const char *name);
const struct pool4 *snapshot_pool4(const struct snapshot *s, const char *name);
const struct pool6 *snapshot_pool6(const struct snapshot *s, const char *name);
const struct acl *snapshot_acl(const struct snapshot *s, enum acl_kind kind, const char *name);
const struct class_map *snapshot_class_map(const struct snapshot *s, const char *name);
const struct policy_map *snapshot_policy_map(const struct snapshot *s, const char *name);
const struct transform_set *snapshot_transform_set(const struct snapshot *s, const char *name);
const struct ipsec_profile *snapshot_ipsec_profile(const struct snapshot *s, const char *name);
const struct iface *snapshot_iface(const struct snapshot *s, enum iface_kind kind, uint32_t number);
/* Of an interface of the configuration by its canonical name; family 0: none, or there is no such interface. */
struct addr snapshot_iface_address(const struct snapshot *s, const char *name, uint8_t family);
const struct flex_client *snapshot_client(const struct snapshot *s, const char *name);
const struct trustpoint *snapshot_trustpoint(const struct snapshot *s, const char *name);
const struct cert_map *snapshot_cert_map(const struct snapshot *s, const char *name);
const struct cert_chain *snapshot_cert_chain(const struct snapshot *s, const char *name);
const struct vrf_def *snapshot_vrf(const struct snapshot *s, const char *name);
/* Name of a VRF number, "" for 0, NULL when it is not defined (any more). */
const char *snapshot_vrf_name(const struct snapshot *s, uint32_t num);
const struct conf_user *snapshot_user(const struct snapshot *s, const char *name);
const struct aaa_list *snapshot_aaa_list(
	const struct snapshot *s, enum aaa_kind kind, const char *name);
const struct radius_server *snapshot_radius_server(const struct snapshot *s, const char *name);
const struct aaa_group *snapshot_aaa_group(const struct snapshot *s, const char *name);
const struct attribute_list *snapshot_attribute_list(const struct snapshot *s, const char *name);
const struct name_mangler *snapshot_mangler(const struct snapshot *s, const char *name);

/* Every field equal, lists in order; generation and VRF numbers do not count. */
bool snapshot_equal(const struct snapshot *a, const struct snapshot *b);

#endif
