/* One row per field, in the order of the structs. */
#include "core/conf/shape_rows.h"

static const struct shape_field f_vrf_match[] = {
	F(U8, vrf_match, kind),
	F(STR, vrf_match, name),
	SKIP(vrf_match, num),
};
static const struct shape shape_vrf_match = SHAPE(vrf_match, f_vrf_match);

static const struct shape_field f_prefix[] = {{SHAPE_PREFIX, 0, 1, NULL}};
static const struct shape shape_prefix = SHAPE(prefix, f_prefix);

static const struct shape_field f_local_match[] = {
	F(ADDR, local_match, addr),
	F(STR, local_match, ifname),
};
static const struct shape shape_local_match = SHAPE(local_match, f_local_match);

static const struct shape_field f_id_match[] = {
	F(U8, id_match, kind),
	F(PREFIX, id_match, prefix),
	F(STR, id_match, text),
};
static const struct shape shape_id_match = SHAPE(id_match, f_id_match);

static const struct shape_field f_dpd[] = {
	F(U8, dpd, mode),
	F(U32, dpd, interval_s),
	F(U32, dpd, retry_s),
};
static const struct shape shape_dpd = SHAPE(dpd, f_dpd);

static const struct shape_field f_trustpoint_ref[] = {
	F(STR, trustpoint_ref, name),
	F(BOOL, trustpoint_ref, sign),
	F(BOOL, trustpoint_ref, verify),
};
static const struct shape shape_trustpoint_ref = SHAPE(trustpoint_ref, f_trustpoint_ref);

static const struct shape_field f_eap_list[] = {
	FN(U8, eap_list, v, EAP_LIST_MAX),
	F(U8, eap_list, n),
};
static const struct shape shape_eap_list = SHAPE(eap_list, f_eap_list);

static const struct shape_field f_aaa_author[] = {
	F(BOOL, aaa_author, cached),
	F(BOOL, aaa_author, override),
	F(STR, aaa_author, list),
	F(STR, aaa_author, username),
	F(STR, aaa_author, mangler),
};
static const struct shape shape_aaa_author = SHAPE(aaa_author, f_aaa_author);

static const struct shape_field f_ike_proposal[] = {
	F(STR, ike_proposal, name),
	F(BOOL, ike_proposal, complete),
	F(BOOL, ike_proposal, disabled),
	F(BOOL, ike_proposal, modified),
	F(BOOL, ike_proposal, prf_named),
	F(TRANSFORMS, ike_proposal, encr),
	F(TRANSFORMS, ike_proposal, integ),
	F(TRANSFORMS, ike_proposal, prf),
	F(TRANSFORMS, ike_proposal, dh),
	FN(TRANSFORMS, ike_proposal, addke.groups, ADDKE_MAX),
	FN(BOOL, ike_proposal, addke.optional, ADDKE_MAX),
};
const struct shape shape_proposal = SHAPE(ike_proposal, f_ike_proposal);

static const struct shape_field f_ike_policy[] = {
	F(STR, ike_policy, name),
	F(BOOL, ike_policy, complete),
	F(BOOL, ike_policy, disabled),
	F(BOOL, ike_policy, modified),
	IN(ike_policy, fvrf, shape_vrf_match),
	LIST(ike_policy, locals, local_count, shape_local_match),
	F(SIZE, ike_policy, local_count),
	F(STRS, ike_policy, proposals),
};
const struct shape shape_policy = SHAPE(ike_policy, f_ike_policy);

static const struct shape_field f_ike_profile[] = {
	F(STR, ike_profile, name),
	F(STR, ike_profile, description),
	F(BOOL, ike_profile, shutdown),
	F(BOOL, ike_profile, complete),
	IN(ike_profile, fvrf, shape_vrf_match),
	LIST(ike_profile, locals, local_count, shape_local_match),
	F(SIZE, ike_profile, local_count),
	LIST(ike_profile, remotes, remote_count, shape_id_match),
	F(SIZE, ike_profile, remote_count),
	IN(ike_profile, identity, shape_id_match),
	F(U8, ike_profile, auth_local),
	F(U8, ike_profile, auth_remote),
	F(SECRET, ike_profile, key_local),
	F(SECRET, ike_profile, key_remote),
	F(U8, ike_profile, eap_local),
	F(STR, ike_profile, eap_user),
	F(SECRET, ike_profile, eap_password),
	F(BOOL, ike_profile, eap_query_identity),
	F(U32, ike_profile, eap_timeout_s),
	F(BOOL, ike_profile, anyconnect_cert_request),
	F(U8, ike_profile, keyring_kind),
	F(STR, ike_profile, keyring),
	F(STR, ike_profile, keyring_mangler),
	F(SECRET, ike_profile, keyring_password),
	F(STR, ike_profile, keyring_ppk),
	IN(ike_profile, eap_methods, shape_eap_list),
	IN(ike_profile, eap_inner, shape_eap_list),
	F(BOOL, ike_profile, eap_multiple),
	F(BOOL, ike_profile, eap_only),
	LIST(ike_profile, trustpoints, trustpoint_count, shape_trustpoint_ref),
	F(SIZE, ike_profile, trustpoint_count),
	F(U32, ike_profile, lifetime_s),
	IN(ike_profile, dpd, shape_dpd),
	F(U32, ike_profile, nat_keepalive_s),
	F(U32, ike_profile, reauth_s),
	F(BOOL, ike_profile, nat_force_encap),
	F(BOOL, ike_profile, childless),
	F(BOOL, ike_profile, udp_checksum_zero),
	F(BOOL, ike_profile, initial_contact_force),
	F(BOOL, ike_profile, mobike),
	F(STR, ike_profile, ivrf),
	F(U32, ike_profile, virtual_template),
	F(BOOL, ike_profile, template_auto),
	FN(STR, ike_profile, accounting, AAA_METHODS),
	F(STR, ike_profile, eap_authen_list),
	F(STR, ike_profile, anyconnect_authen_list),
	INN(ike_profile, user, AAA_METHODS, shape_aaa_author),
	INN(ike_profile, group, AAA_METHODS, shape_aaa_author),
	F(BOOL, ike_profile, config_request),
	F(BOOL, ike_profile, config_set_send),
	F(BOOL, ike_profile, config_set_accept),
	F(U32, ike_profile, reconnect_s),
	F(BOOL, ike_profile, redirect_auth),
};
const struct shape shape_profile = SHAPE(ike_profile, f_ike_profile);

static const struct shape_field f_ike_peer[] = {
	F(STR, ike_peer, name),
	F(STR, ike_peer, description),
	F(STR, ike_peer, hostname),
	F(PREFIX, ike_peer, address),
	LIST(ike_peer, identities, identity_count, shape_id_match),
	F(SIZE, ike_peer, identity_count),
	F(SECRET, ike_peer, key),
	F(SECRET, ike_peer, key_local),
	F(SECRET, ike_peer, key_remote),
	F(SECRET, ike_peer, ppk),
	F(STR, ike_peer, ppk_id),
	F(BOOL, ike_peer, ppk_required),
};
static const struct shape shape_ike_peer = SHAPE(ike_peer, f_ike_peer);

static const struct shape_field f_ike_keyring[] = {
	F(STR, ike_keyring, name),
	LIST(ike_keyring, peers, peer_count, shape_ike_peer),
	F(SIZE, ike_keyring, peer_count),
};
const struct shape shape_keyring = SHAPE(ike_keyring, f_ike_keyring);

static const struct shape shape_kept;
static const struct shape_field f_kept[] = {
	F(U16, kept, row),
	F(STR, kept, text),
	F(SIZE, kept, secret_at),
	F(SIZE, kept, secret_len),
	LIST(kept, lines, line_count, shape_kept),
	F(SIZE, kept, line_count),
};
static const struct shape shape_kept = SHAPE(kept, f_kept);

static const struct shape_field f_authz_quota[] = {
	F(U8, authz_quota, way),
	F(U8, authz_quota, period),
	F(U8, authz_quota, unit),
	F(U32, authz_quota, number),
	F(STR, authz_quota, map),
};
static const struct shape shape_authz_quota = SHAPE(authz_quota, f_authz_quota);

static const struct shape_field f_authz_policy[] = {
	F(STR, authz_policy, name),
	F(BOOL, authz_policy, disabled),
	F(BOOL, authz_policy, modified),
	F(STR, authz_policy, pool),
	F(STR, authz_policy, pool6),
	FN(ADDR, authz_policy, dns, 2),
	FN(ADDR, authz_policy, dns6, 2),
	FN(ADDR, authz_policy, wins, 2),
	F(ADDR, authz_policy, netmask),
	F(STR, authz_policy, def_domain),
	F(STR, authz_policy, banner),
	F(STRS, authz_policy, split_dns),
	F(STRS, authz_policy, backup_gateways),
	F(STR, authz_policy, config_url),
	F(STR, authz_policy, config_version),
	F(BOOL, authz_policy, include_local_lan),
	F(BOOL, authz_policy, pfs),
	F(BOOL, authz_policy, smartcard_disconnect),
	F(BOOL, authz_policy, flow_limit_on),
	F(U32, authz_policy, flow_limit),
	F(U32, authz_policy, session_lifetime_s),
	F(STR, authz_policy, attribute_list),
	F(ADDR, authz_policy, dhcp_giaddr),
	F(STR, authz_policy, dhcp_server),
	F(U32, authz_policy, dhcp_timeout_s),
	F(BOOL, authz_policy, route_set_interface),
	F(STR, authz_policy, route_set_ifname),
	F(STRS, authz_policy, route_acls),
	F(STRS, authz_policy, route_acls6),
	LIST(authz_policy, remotes, remote_count, shape_prefix),
	F(SIZE, authz_policy, remote_count),
	F(BOOL, authz_policy, route_accept),
	F(U32, authz_policy, accept_tag),
	F(U32, authz_policy, accept_distance),
	F(BOOL, authz_policy, redistribute_connected),
	F(BOOL, authz_policy, redistribute_static),
	F(STR, authz_policy, connected_map),
	F(STR, authz_policy, static_map),
	F(U32, authz_policy, idle_timeout_s),
	F(U32, authz_policy, disconnected_timeout_s),
	F(U32, authz_policy, simultaneous_logins),
	F(BOOL, authz_policy, simultaneous_refuse),
	LIST(authz_policy, quotas, quota_count, shape_authz_quota),
	F(SIZE, authz_policy, quota_count),
};
const struct shape shape_authz = SHAPE(authz_policy, f_authz_policy);

static const struct shape_field f_pool4_range[] = {
	F(ADDR, pool4_range, first),
	F(ADDR, pool4_range, last),
};
static const struct shape shape_pool4_range = SHAPE(pool4_range, f_pool4_range);

static const struct shape_field f_pool4[] = {
	F(STR, pool4, name),
	LIST(pool4, ranges, range_count, shape_pool4_range),
	F(SIZE, pool4, range_count),
};
const struct shape shape_pool4 = SHAPE(pool4, f_pool4);

static const struct shape_field f_pool6[] = {
	F(STR, pool6, name),
	F(PREFIX, pool6, prefix),
	F(U8, pool6, handout_len),
};
const struct shape shape_pool6 = SHAPE(pool6, f_pool6);

static const struct shape_field f_acl_line[] = {
	F(BOOL, acl_line, permit),
	SKIP(acl_line, seq),
	F(PREFIX, acl_line, net),
	F(STR, acl_line, remark),
	F(STR, acl_line, text),
	SKIP(acl_line, is_pair),
	SKIP(acl_line, from),
	SKIP(acl_line, to),
	SKIP(acl_line, is_unusable),
	SKIP(acl_line, rule),
};
static const struct shape shape_acl_line = SHAPE(acl_line, f_acl_line);

static const struct shape_field f_acl[] = {
	F(STR, acl, name),
	F(U8, acl, kind),
	LIST(acl, lines, line_count, shape_acl_line),
	F(SIZE, acl, line_count),
};
const struct shape shape_acl = SHAPE(acl, f_acl);

static const struct shape_field f_class_match[] = {
	F(U8, class_match, kind),
	F(STR, class_match, name),
	FN(U32, class_match, values, 2),
	F(U32, class_match, qos_group),
};
static const struct shape shape_class_match = SHAPE(class_match, f_class_match);

static const struct shape_field f_class_map[] = {
	F(STR, class_map, name),
	F(STR, class_map, description),
	F(BOOL, class_map, match_any),
	LIST(class_map, matches, match_count, shape_class_match),
	F(SIZE, class_map, match_count),
};
const struct shape shape_class_map = SHAPE(class_map, f_class_map);

static const struct shape_field f_policy_class[] = {
	F(STR, policy_class, name),
	F(U8, policy_class, priority),
	F(U32, policy_class, priority_percent),
	F(U32, policy_class, priority_kbps),
	F(STR, policy_class, bandwidth),
	F(BOOL, policy_class, police),
	F(BOOL, policy_class, exceed_passes),
	F(U64, policy_class, rate),
	F(U32, policy_class, burst),
	F(BOOL, policy_class, set_dscp),
	F(U8, policy_class, dscp),
	F(BOOL, policy_class, set_group),
	F(U32, policy_class, qos_group),
};
static const struct shape shape_policy_class = SHAPE(policy_class, f_policy_class);

static const struct shape_field f_policy_map[] = {
	F(STR, policy_map, name),
	F(STR, policy_map, description),
	LIST(policy_map, classes, class_count, shape_policy_class),
	F(SIZE, policy_map, class_count),
};
const struct shape shape_policy_map = SHAPE(policy_map, f_policy_map);

static const struct shape_field f_transform_set[] = {
	F(STR, transform_set, name),
	F(BOOL, transform_set, disabled),
	F(BOOL, transform_set, modified),
	F(BOOL, transform_set, complete),
	F(U8, transform_set, mode),
	F(BOOL, transform_set, mode_required),
	F(TRANSFORMS, transform_set, encr),
	F(TRANSFORMS, transform_set, integ),
};
const struct shape shape_set = SHAPE(transform_set, f_transform_set);

static const struct shape_field f_ipsec_profile[] = {
	F(STR, ipsec_profile, name),
	F(STR, ipsec_profile, description),
	F(BOOL, ipsec_profile, disabled),
	F(BOOL, ipsec_profile, modified),
	F(STRS, ipsec_profile, sets),
	F(STR, ipsec_profile, ike_profile),
	F(TRANSFORMS, ipsec_profile, pfs),
	FN(TRANSFORMS, ipsec_profile, addke.groups, ADDKE_MAX),
	FN(BOOL, ipsec_profile, addke.optional, ADDKE_MAX),
	F(U32, ipsec_profile, lifetime_s),
	F(U32, ipsec_profile, lifetime_kb),
	F(U32, ipsec_profile, replay_window),
	F(U32, ipsec_profile, idle_s),
	F(U32, ipsec_profile, flow_limit),
	F(BOOL, ipsec_profile, responder_only),
	F(BOOL, ipsec_profile, mixed_mode),
};
const struct shape shape_ipsec_profile = SHAPE(ipsec_profile, f_ipsec_profile);

static const struct shape_field f_iface[] = {
	F(STR, iface, name),
	F(U8, iface, kind),
	F(U32, iface, number),
	F(STR, iface, description),
	F(BOOL, iface, shutdown),
	F(STR, iface, vrf),
	F(PREFIX, iface, ip),
	F(BOOL, iface, ip_negotiated),
	F(STR, iface, unnumbered),
	LIST(iface, ip6, ip6_count, shape_prefix),
	F(SIZE, iface, ip6_count),
	F(BOOL, iface, ip6_negotiated),
	F(STR, iface, unnumbered6),
	F(BOOL, iface, ip6_enable),
	F(U32, iface, ip_mtu),
	F(U32, iface, ip6_mtu),
	F(U32, iface, tcp_mss),
	F(U32, iface, tcp_mss6),
	F(U32, iface, bandwidth),
	F(U8, iface, df_bit),
	F(U8, iface, fragment),
	F(U8, iface, tunnel_mode),
	F(STR, iface, tunnel_source),
	F(STR, iface, tunnel_destination),
	F(STR, iface, tunnel_vrf),
	F(STR, iface, tunnel_key),
	F(BOOL, iface, path_mtu_discovery),
	F(STR, iface, protection),
	F(STR, iface, policy4),
	F(STR, iface, policy6),
	F(STR, iface, service_in),
	F(STR, iface, service_out),
	FN(STR, iface, filter, 2),
	FN(STR, iface, filter6, 2),
	F(BOOL, iface, qos_preclassify),
	F(BOOL, iface, client_to_client),
	F(BOOL, iface, multicast),
	F(BOOL, iface, dhcp_inform),
	F(STR, iface, proxy_arp),
	LIST(iface, extra, extra_count, shape_kept),
	F(SIZE, iface, extra_count),
};
const struct shape shape_iface = SHAPE(iface, f_iface);

static const struct shape_field f_static_route[] = {
	F(PREFIX, static_route, prefix),
	F(STR, static_route, vrf),
	F(STR, static_route, ifname),
	F(U32, static_route, tunnel),
	F(U32, static_route, distance),
	F(U32, static_route, tag),
	F(STR, static_route, name),
};
static const struct shape shape_static_route = SHAPE(static_route, f_static_route);

static const struct shape_field f_flex_track[] = {
	F(U32, flex_track, object),
	F(BOOL, flex_track, down),
};
static const struct shape shape_flex_track = SHAPE(flex_track, f_flex_track);

static const struct shape_field f_flex_peer[] = {
	F(U32, flex_peer, seq),
	F(ADDR, flex_peer, addr),
	F(STR, flex_peer, name),
	F(BOOL, flex_peer, is_dynamic),
	F(BOOL, flex_peer, ip6),
	IN(flex_peer, track, shape_flex_track),
};
static const struct shape shape_flex_peer = SHAPE(flex_peer, f_flex_peer);

static const struct shape_field f_flex_source[] = {
	F(U32, flex_source, seq),
	F(STR, flex_source, ifname),
	IN(flex_source, track, shape_flex_track),
};
static const struct shape shape_flex_source = SHAPE(flex_source, f_flex_source);

static const struct shape_field f_flex_client[] = {
	F(STR, flex_client, name),
	F(STR, flex_client, description),
	LIST(flex_client, peers, peer_count, shape_flex_peer),
	F(SIZE, flex_client, peer_count),
	F(BOOL, flex_client, reactivate),
	F(U8, flex_client, connect),
	IN(flex_client, track, shape_flex_track),
	F(STRS, flex_client, inside),
	F(STR, flex_client, tunnel),
	LIST(flex_client, sources, source_count, shape_flex_source),
	F(SIZE, flex_client, source_count),
	F(U32, flex_client, backup_group),
};
const struct shape shape_client = SHAPE(flex_client, f_flex_client);

static const struct shape_field f_trustpoint[] = {
	F(STR, trustpoint, name),
	F(STRS, trustpoint, ca_files),
	F(STR, trustpoint, certificate),
	F(STR, trustpoint, private_key),
	F(STRS, trustpoint, crl_files),
	FN(U8, trustpoint, revocation, REVOCATION__MAX),
	F(U8, trustpoint, revocation_count),
	F(BOOL, trustpoint, crl_fetch),
	F(BOOL, trustpoint, ocsp_fetch),
	F(BOOL, trustpoint, ocsp_no_nonce),
	F(BOOL, trustpoint, ocsp_staple),
	F(STR, trustpoint, ocsp_url),
	F(STRS, trustpoint, fetch_hosts),
	F(STRS, trustpoint, maps),
	F(BOOL, trustpoint, require_eku),
	LIST(trustpoint, extra, extra_count, shape_kept),
	F(SIZE, trustpoint, extra_count),
};
const struct shape shape_trustpoint = SHAPE(trustpoint, f_trustpoint);

static const struct shape_field f_cert_test[] = {
	F(U8, cert_test, field),
	F(U8, cert_test, op),
	F(STR, cert_test, text),
	F(U64, cert_test, when_s),
};
static const struct shape shape_cert_test = SHAPE(cert_test, f_cert_test);

static const struct shape_field f_cert_map_entry[] = {
	F(U32, cert_map_entry, number),
	LIST(cert_map_entry, tests, test_count, shape_cert_test),
	F(SIZE, cert_map_entry, test_count),
};
static const struct shape shape_cert_map_entry = SHAPE(cert_map_entry, f_cert_map_entry);

static const struct shape_field f_cert_map[] = {
	F(STR, cert_map, name),
	LIST(cert_map, entries, entry_count, shape_cert_map_entry),
	F(SIZE, cert_map, entry_count),
};
const struct shape shape_cert_map = SHAPE(cert_map, f_cert_map);

static const struct shape_field f_pasted_cert[] = {
	F(STR, pasted_cert, serial),
	F(U8, pasted_cert, kind),
	F(STRS, pasted_cert, lines),
};
static const struct shape shape_pasted_cert = SHAPE(pasted_cert, f_pasted_cert);

static const struct shape_field f_cert_chain[] = {
	F(STR, cert_chain, name),
	LIST(cert_chain, certs, cert_count, shape_pasted_cert),
	F(SIZE, cert_chain, cert_count),
};
const struct shape shape_cert_chain = SHAPE(cert_chain, f_cert_chain);

static const struct shape_field f_vrf_def[] = {
	F(STR, vrf_def, name),
	SKIP(vrf_def, num),
	F(STR, vrf_def, description),
	F(STR, vrf_def, rd),
	F(BOOL, vrf_def, ipv4),
	F(BOOL, vrf_def, ipv6),
};
const struct shape shape_vrf_def = SHAPE(vrf_def, f_vrf_def);

static const struct shape_field f_ike_global[] = {
	INN(ike_global, reconnect_keys, 2, shape_reconnect_key),
	F(U32, ike_global, cookie_challenge),
	F(U32, ike_global, diagnose_error),
	IN(ike_global, dpd, shape_dpd),
	F(U32, ike_global, dpd_retries),
	F(U32, ike_global, max_in_negotiation),
	F(U32, ike_global, max_in_negotiation_in),
	F(U32, ike_global, max_in_negotiation_out),
	F(U32, ike_global, max_sa),
	F(U32, ike_global, nat_keepalive_s),
	F(U32, ike_global, window),
	F(BOOL, ike_global, fragmentation),
	F(U32, ike_global, fragmentation_mtu),
	F(BOOL, ike_global, http_url_cert),
	F(U32, ike_global, certificate_cache),
	F(U32, ike_global, route_update_interval_s),
	F(U32, ike_global, route_update_per_msg),
	F(BOOL, ike_global, redirect_client),
	F(U32, ike_global, max_redirects),
	F(BOOL, ike_global, redirect_init),
	F(BOOL, ike_global, redirect_auth),
	F(BOOL, ike_global, logging_ikev2),
	F(BOOL, ike_global, logging_session),
	INN(ike_global, reconnect_keys, 2, shape_reconnect_key),
};
static const struct shape shape_ike_global = SHAPE(ike_global, f_ike_global);

static const struct shape_field f_ipsec_global[] = {
	F(U32, ipsec_global, lifetime_s),
	F(U32, ipsec_global, lifetime_kb),
	F(U32, ipsec_global, replay_window),
	F(U32, ipsec_global, idle_s),
	F(U8, ipsec_global, df_bit),
	F(BOOL, ipsec_global, fragment_before),
	F(BOOL, ipsec_global, nat_transparency),
	F(BOOL, ipsec_global, invalid_spi_recovery),
	FN(U32, ipsec_global, llq_groups, 4),
};
static const struct shape shape_ipsec_global = SHAPE(ipsec_global, f_ipsec_global);

static const struct shape_field f_listen_addr[] = {
	F(ADDR, listen_addr, addr),
	F(STR, listen_addr, vrf),
	SKIP(listen_addr, num),
};
static const struct shape shape_listen_addr = SHAPE(listen_addr, f_listen_addr);

static const struct shape_field f_script_setting[] = {
	F(STR, conf_script_setting, name),
	F(STR, conf_script_setting, value),
};
static const struct shape shape_script_setting = SHAPE(conf_script_setting, f_script_setting);

static const struct shape_field f_script[] = {
	F(STR, conf_script, name),
	F(BOOL, conf_script, shutdown),
	LIST(conf_script, settings, setting_count, shape_script_setting),
	F(SIZE, conf_script, setting_count),
};
const struct shape shape_script = SHAPE(conf_script, f_script);

static const struct shape_field f_redirect_target[] = {
	F(ADDR, redirect_target, addr),
	F(STR, redirect_target, fqdn),
};
static const struct shape shape_redirect_target = SHAPE(redirect_target, f_redirect_target);

static const struct shape_field f_own_settings[] = {
	LIST(own_settings, listen, listen_count, shape_listen_addr),
	F(SIZE, own_settings, listen_count),
	LIST(own_settings, redirects, redirect_count, shape_redirect_target),
	F(SIZE, own_settings, redirect_count),
	F(BOOL, own_settings, qcd),
	F(U32, own_settings, port),
	F(U32, own_settings, nat_port),
	F(U32, own_settings, workers),
	F(U8, own_settings, fan_out),
	F(BOOL, own_settings, offload_off),
	F(U8, own_settings, crypto_engine),
	F(BOOL, own_settings, defaults_legacy),
	F(U32, own_settings, half_open_per_source),
	F(BOOL, own_settings, fragmentation_cisco),
	F(U32, own_settings, resumption_s),
	F(U32, own_settings, retention_days),
	F(U32, own_settings, anonymize_days),
	F(U32, own_settings, group_commit_ms),
	F(BOOL, own_settings, lua_permit),
	F(U32, own_settings, lua_memory_kb),
	F(U32, own_settings, lua_time_ms),
	F(U32, own_settings, lua_instructions),
	F(ADDR, own_settings, metrics_addr),
	F(U32, own_settings, metrics_port),
	F(BOOL, own_settings, metrics_socket),
	F(STR, own_settings, metrics_path),
	F(U32, own_settings, user_max_fail),
	F(U32, own_settings, user_lock_min),
	F(STR, own_settings, agentx),
	F(BOOL, own_settings, notify_sessions),
	F(BOOL, own_settings, notify_pools),
	F(U32, own_settings, simultaneous_logins),
	F(BOOL, own_settings, simultaneous_refuse),
};
static const struct shape shape_own_settings = SHAPE(own_settings, f_own_settings);

static const struct shape_field f_log_host[] = {
	F(ADDR, log_host, addr),
	F(STR, log_host, vrf),
	F(U32, log_host, port),
};
static const struct shape shape_log_host = SHAPE(log_host, f_log_host);

static const struct shape_field f_log_source[] = {
	F(STR, log_source, ifname),
	F(STR, log_source, vrf),
};
static const struct shape shape_log_source = SHAPE(log_source, f_log_source);

static const struct shape_field f_log_settings[] = {
	F(BOOL, log_settings, on),
	F(U8, log_settings, trap),
	F(U8, log_settings, facility),
	F(U8, log_settings, origin),
	F(STR, log_settings, origin_text),
	LIST(log_settings, hosts, host_count, shape_log_host),
	F(SIZE, log_settings, host_count),
	LIST(log_settings, sources, source_count, shape_log_source),
	F(SIZE, log_settings, source_count),
	F(STR, log_settings, local),
	F(BOOL, log_settings, local_5424),
};
static const struct shape shape_log_settings = SHAPE(log_settings, f_log_settings);

static const struct shape_field f_conf_user[] = {
	F(STR, conf_user, name),
	F(SECRET, conf_user, password),
	F(BOOL, conf_user, is_secret),
};
static const struct shape shape_conf_user = SHAPE(conf_user, f_conf_user);

static const struct shape_field f_snapshot[] = {
	SKIP(snapshot, refs),
	SKIP(snapshot, arena),
	SKIP(snapshot, generation),
	F(STR, snapshot, hostname),
	LIST(snapshot, proposals, proposal_count, shape_proposal),
	F(SIZE, snapshot, proposal_count),
	LIST(snapshot, policies, policy_count, shape_policy),
	F(SIZE, snapshot, policy_count),
	LIST(snapshot, profiles, profile_count, shape_profile),
	F(SIZE, snapshot, profile_count),
	LIST(snapshot, keyrings, keyring_count, shape_keyring),
	F(SIZE, snapshot, keyring_count),
	LIST(snapshot, authz, authz_count, shape_authz),
	F(SIZE, snapshot, authz_count),
	LIST(snapshot, pools4, pool4_count, shape_pool4),
	F(SIZE, snapshot, pool4_count),
	LIST(snapshot, pools6, pool6_count, shape_pool6),
	F(SIZE, snapshot, pool6_count),
	LIST(snapshot, acls, acl_count, shape_acl),
	F(SIZE, snapshot, acl_count),
	LIST(snapshot, class_maps, class_map_count, shape_class_map),
	F(SIZE, snapshot, class_map_count),
	LIST(snapshot, policy_maps, policy_map_count, shape_policy_map),
	F(SIZE, snapshot, policy_map_count),
	LIST(snapshot, sets, set_count, shape_set),
	F(SIZE, snapshot, set_count),
	LIST(snapshot, ipsec_profiles, ipsec_profile_count, shape_ipsec_profile),
	F(SIZE, snapshot, ipsec_profile_count),
	LIST(snapshot, ifaces, iface_count, shape_iface),
	F(SIZE, snapshot, iface_count),
	LIST(snapshot, routes, route_count, shape_static_route),
	F(SIZE, snapshot, route_count),
	LIST(snapshot, clients, client_count, shape_client),
	F(SIZE, snapshot, client_count),
	LIST(snapshot, trustpoints, trustpoint_count, shape_trustpoint),
	F(SIZE, snapshot, trustpoint_count),
	LIST(snapshot, cert_maps, cert_map_count, shape_cert_map),
	F(SIZE, snapshot, cert_map_count),
	LIST(snapshot, cert_chains, cert_chain_count, shape_cert_chain),
	F(SIZE, snapshot, cert_chain_count),
	LIST(snapshot, vrfs, vrf_count, shape_vrf_def),
	F(SIZE, snapshot, vrf_count),
	SKIP(snapshot, vrf_numbers),
	SKIP(snapshot, vrf_number_count),
	LIST(snapshot, aaa_lists, aaa_list_count, shape_aaa_list),
	F(SIZE, snapshot, aaa_list_count),
	LIST(snapshot, radius_servers, radius_server_count, shape_radius_server),
	F(SIZE, snapshot, radius_server_count),
	LIST(snapshot, aaa_groups, aaa_group_count, shape_aaa_group),
	F(SIZE, snapshot, aaa_group_count),
	LIST(snapshot, attribute_lists, attribute_list_count, shape_attribute_list),
	F(SIZE, snapshot, attribute_list_count),
	LIST(snapshot, manglers, mangler_count, shape_mangler),
	F(SIZE, snapshot, mangler_count),
	LIST(snapshot, scripts, script_count, shape_script),
	F(SIZE, snapshot, script_count),
	LIST(snapshot, users, user_count, shape_conf_user),
	F(SIZE, snapshot, user_count),
	LIST(snapshot, kept, kept_count, shape_kept),
	F(SIZE, snapshot, kept_count),
	F(BOOL, snapshot, aaa_new_model),
	IN(snapshot, ike, shape_ike_global),
	IN(snapshot, ipsec, shape_ipsec_global),
	IN(snapshot, own, shape_own_settings),
	IN(snapshot, log, shape_log_settings),
	IN(snapshot, radius, shape_radius_global),
	IN(snapshot, aaa, shape_aaa_global),
	IN(snapshot, dynauth, shape_dynauth),
};
const struct shape shape_snapshot = SHAPE(snapshot, f_snapshot);

const struct shape *const shape_all[] = {&shape_vrf_match, &shape_local_match, &shape_id_match,
	&shape_dpd, &shape_trustpoint_ref, &shape_aaa_author, &shape_proposal, &shape_policy,
	&shape_profile, &shape_ike_peer, &shape_keyring, &shape_kept, &shape_authz,
	&shape_pool4_range, &shape_pool4, &shape_pool6, &shape_acl_line, &shape_acl, &shape_class_match, &shape_class_map, &shape_policy_class,
	&shape_policy_map, &shape_set,
	&shape_ipsec_profile, &shape_iface, &shape_static_route, &shape_flex_track,
	&shape_flex_peer, &shape_flex_source, &shape_client, &shape_eap_list, &shape_trustpoint,
	&shape_cert_test, &shape_cert_map_entry, &shape_cert_map, &shape_pasted_cert, &shape_cert_chain,
	&shape_vrf_def, &shape_aaa_list, &shape_script_setting,
	&shape_script, &shape_ike_global, &shape_ipsec_global, &shape_listen_addr,
	&shape_own_settings, &shape_log_host, &shape_log_source, &shape_log_settings,
	&shape_conf_user, &shape_radius_tls, &shape_radius_server, &shape_radius_source, &shape_radius_global,
	&shape_aaa_member, &shape_aaa_group, &shape_aaa_global, &shape_aaa_attribute,
	&shape_attribute_list, &shape_mangler, &shape_dynauth_client, &shape_dynauth,
	&shape_reconnect_key, &shape_snapshot, NULL};
