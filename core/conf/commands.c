#include "core/conf/command.h"

#include "core/conf/tables.h"

#define NONE (-1)
#define CLASS(words_, container, list, count, type, disabled, modified)                            \
	{                                                                                          \
		words_, offsetof(container, list), offsetof(container, count), sizeof(type),       \
			offsetof(type, name), disabled, modified                                   \
	}
#define SYSTEM(words, list, count, type)                                                           \
	CLASS(words, struct snapshot, list, count, type, (int16_t)offsetof(type, disabled),        \
		(int16_t)offsetof(type, modified))
#define USER(words, list, count, type) CLASS(words, struct snapshot, list, count, type, NONE, NONE)

static const struct cmd_class proposals =
	SYSTEM("crypto ikev2 proposal", proposals, proposal_count, struct ike_proposal);
static const struct cmd_class policies =
	SYSTEM("crypto ikev2 policy", policies, policy_count, struct ike_policy);
static const struct cmd_class authz =
	SYSTEM("crypto ikev2 authorization policy", authz, authz_count, struct authz_policy);
static const struct cmd_class sets =
	SYSTEM("crypto ipsec transform-set", sets, set_count, struct transform_set);
static const struct cmd_class ipsec_profiles =
	SYSTEM("crypto ipsec profile", ipsec_profiles, ipsec_profile_count, struct ipsec_profile);
static const struct cmd_class profiles =
	USER("crypto ikev2 profile", profiles, profile_count, struct ike_profile);
static const struct cmd_class keyrings =
	USER("crypto ikev2 keyring", keyrings, keyring_count, struct ike_keyring);
static const struct cmd_class clients =
	USER("crypto ikev2 client flexvpn", clients, client_count, struct flex_client);
static const struct cmd_class vrfs = USER("vrf definition", vrfs, vrf_count, struct vrf_def);
static const struct cmd_class ifaces = USER("interface", ifaces, iface_count, struct iface);
static const struct cmd_class scripts =
	USER("sallyport script", scripts, script_count, struct conf_script);
static const struct cmd_class class_maps =
	USER("class-map", class_maps, class_map_count, struct class_map);
static const struct cmd_class policy_maps =
	USER("policy-map", policy_maps, policy_map_count, struct policy_map);
static const struct cmd_class policy_classes =
	CLASS("class", struct policy_map, classes, class_count, struct policy_class, NONE, NONE);
static const struct cmd_class trustpoints =
	USER("crypto pki trustpoint", trustpoints, trustpoint_count, struct trustpoint);
static const struct cmd_class cert_chains =
	USER("crypto pki certificate chain", cert_chains, cert_chain_count, struct cert_chain);
static const struct cmd_class pasted_certs = {"certificate", offsetof(struct cert_chain, certs),
	offsetof(struct cert_chain, cert_count), sizeof(struct pasted_cert),
	offsetof(struct pasted_cert, serial), NONE, NONE};
static const struct cmd_class manglers =
	USER("crypto ikev2 name-mangler", manglers, mangler_count, struct name_mangler);
static const struct cmd_class radius_servers =
	USER("radius server", radius_servers, radius_server_count, struct radius_server);
static const struct cmd_class aaa_groups =
	USER("aaa group server radius", aaa_groups, aaa_group_count, struct aaa_group);
static const struct cmd_class attribute_lists =
	USER("aaa attribute list", attribute_lists, attribute_list_count, struct attribute_list);
static const struct cmd_class peers =
	CLASS("peer", struct ike_keyring, peers, peer_count, struct ike_peer, NONE, NONE);

const struct cmd_mode_row cmd_modes[MODE__MAX] = {
#define M(mode, words, rows, class_) [mode] = {words, &rows, class_}
	M(MODE_GLOBAL, "the configuration", rows_global, NULL),
	M(MODE_PROPOSAL, "a proposal", rows_proposal, &proposals),
	M(MODE_POLICY, "an IKEv2 policy", rows_policy, &policies),
	M(MODE_PROFILE, "an IKEv2 profile", rows_profile, &profiles),
	M(MODE_KEYRING, "a keyring", rows_keyring, &keyrings),
	M(MODE_PEER, "a peer of a keyring", rows_peer, &peers),
	M(MODE_AUTHZ, "an authorization policy", rows_authz, &authz),
	M(MODE_SET, "a transform set", rows_set, &sets),
	M(MODE_IPSEC_PROFILE, "an IPsec profile", rows_ipsec_profile, &ipsec_profiles),
	M(MODE_IFACE, "an interface", rows_iface, &ifaces),
	M(MODE_VRF, "a VRF", rows_vrf, &vrfs),
	M(MODE_VRF_AF, "an address family", rows_vrf_af, NULL),
	M(MODE_ACL4, "an access list", rows_acl4, NULL),
	M(MODE_ACL_EXT, "an extended access list", rows_acl_ext, NULL),
	M(MODE_SCRIPT, "a script", rows_script, &scripts),
	M(MODE_FLEXVPN, "a client", rows_flexvpn, &clients),
	M(MODE_CLASS_MAP, "a class map", rows_class_map, &class_maps),
	M(MODE_POLICY_MAP, "a policy map", rows_policy_map, &policy_maps),
	M(MODE_POLICY_CLASS, "a class of a policy map", rows_policy_class, &policy_classes),
	M(MODE_TRUSTPOINT, "a trustpoint", rows_trustpoint, &trustpoints),
	M(MODE_CERTMAP, "a certificate map", rows_certmap, NULL),
	M(MODE_CHAIN, "a certificate chain", rows_chain, &cert_chains),
	M(MODE_CERT, "a certificate", rows_cert, &pasted_certs),
	M(MODE_ACL6, "an IPv6 access list", rows_acl6, NULL),
	M(MODE_MANGLER, "a name mangler", rows_mangler, &manglers),
	M(MODE_RADIUS, "a RADIUS server", rows_radius, &radius_servers),
	M(MODE_AAA_GROUP, "a server group", rows_aaa_group, &aaa_groups),
	M(MODE_ACCT, "an accounting list", rows_acct, NULL),
	M(MODE_DYNAUTH, "dynamic authorization", rows_dynauth, NULL),
	M(MODE_ATTRS, "an attribute list", rows_attrs, &attribute_lists),
	M(MODE_CLUSTER, "the cluster", rows_cluster, NULL),
	M(MODE_CRYPTO_MAP, "a crypto map", rows_crypto_map, NULL),
#undef M
};

enum cmd_mode cmd_row_mode(const struct cmd *row)
{
	for (int m = 0; m < MODE__MAX; m++)
		if (row >= cmd_modes[m].rows->v &&
			row < cmd_modes[m].rows->v + cmd_modes[m].rows->n)
			return (enum cmd_mode)m;
	return MODE__MAX;
}

uint16_t cmd_row_id(const struct cmd *row)
{
	enum cmd_mode m = cmd_row_mode(row);
	return (uint16_t)((unsigned)m << 10 | (unsigned)(row - cmd_modes[m].rows->v));
}

const struct cmd *cmd_row(uint16_t id)
{
	unsigned m = id >> 10, i = id & 0x3ff;
	return m < MODE__MAX && i < cmd_modes[m].rows->n ? &cmd_modes[m].rows->v[i] : NULL;
}
