/* The parts of THE table, one per mode; commands.c puts them together. */
#ifndef CORE_CONF_TABLES_H
#define CORE_CONF_TABLES_H

#include "core/conf/command.h"

#define CMD_ROWS(name, array)                                                                      \
	const struct cmd_rows name = {array, sizeof(array) / sizeof((array)[0])}

extern const struct cmd_rows rows_global, rows_proposal, rows_policy, rows_profile, rows_keyring,
	rows_peer, rows_authz, rows_set, rows_ipsec_profile, rows_iface, rows_vrf, rows_vrf_af,
	rows_acl4, rows_acl_ext, rows_script, rows_acl6, rows_mangler, rows_flexvpn, rows_cluster, rows_radius,
	rows_aaa_group, rows_dynauth, rows_attrs, rows_trustpoint, rows_certmap, rows_chain,
	rows_cert, rows_crypto_map, rows_class_map, rows_policy_map, rows_policy_class,
	rows_acct;

/* Setters and printers of the global mode that live with their objects. */
cmd_set_fn set_interface, set_acl, set_acl_numbered, set_pool4, set_pool6, set_transform_set,
	set_ipsec_lifetime, set_replay, set_replay_off, set_df_bit, set_crypto_engine, set_dpd, set_aaa_list;
cmd_print_fn print_interface, print_acl, print_pool4, print_pool6, print_transform_set,
	print_ipsec_lifetime, print_replay, print_df_bit, print_crypto_engine, print_dpd, print_aaa_list;

/* Settings of the global mode: cmd_setting.c. */
cmd_set_fn set_fan_out, set_offload;
cmd_print_fn print_fan_out, print_offload;
cmd_set_fn set_negotiation, set_fragmentation, set_redirect_client, set_fragment_before,
	set_nat_transparency, set_listen, set_port, set_metrics_listen, set_metrics_socket,
	set_resumption,
	set_agentx;
cmd_print_fn print_negotiation, print_fragmentation, print_redirect_client, print_fragment_before,
	print_listen, print_port, print_metrics_listen, print_metrics_socket, print_agentx,
	print_resumption;

/* The DF bit that a command says, and its word. */
uint8_t df_bit_of(const struct cmd_call *c);
const char *df_bit_word(unsigned df_bit);

/* Redirect: cmd_redirect.c. */
cmd_set_fn set_redirect_gateway, set_redirect_target;
cmd_print_fn print_redirect_target;

/* Routes: cmd_route.c. */
cmd_set_fn set_route;
cmd_print_fn print_route;

/* RADIUS: cmd_radius.c, cmd_group.c, cmd_dynauth.c. row->off of set_radius_source: the family. */
cmd_set_fn set_radius_server, set_radius_host, set_radius_kept, set_radius_source, set_balance,
	set_aaa_group, set_dynauth;
cmd_print_fn print_radius_server, print_radius_host, print_radius_source, print_dynauth;

/* Logins: cmd_login.c. */
cmd_set_fn set_simultaneous, set_simultaneous_of_policy, set_author_password, set_acct_update,
	set_reconnect_key;
cmd_print_fn print_simultaneous, print_simultaneous_of_policy, print_acct_update,
	print_reconnect_key;
#define RADIUS_PASSWORD_BYTES 128 /* of User-Password (RFC 2865 section 5.2) */
/* false: too long, an error was reported. */
bool password_fits(struct cmd_call *c, const struct secret *s, const struct arg *a);

/* Class and policy maps, filters: cmd_qos.c. */
cmd_set_fn set_class_map, set_policy_map, set_filter, set_llq;
cmd_print_fn print_class_map, print_filter, print_llq;

/* Local users: cmd_user.c. */
cmd_set_fn set_user;
cmd_print_fn print_user;

/* Scripts: cmd_script.c. */
cmd_set_fn set_lua_failure, set_script;
cmd_print_fn print_lua_failure;
/* Syslog: cmd_logging.c. */
cmd_set_fn set_log_host, set_log_old, set_log_trap, set_log_facility, set_log_origin,
	set_log_source, set_log_local;
cmd_print_fn print_log_host, print_log_trap, print_log_facility, print_log_origin, print_log_source,
	print_log_local;

/* Certificate maps and pasted certificates: cmd_certmap.c. */
cmd_set_fn set_cert_map_block;
cmd_print_fn print_cert_map_block;

/* EAP lines of a profile: cmd_eap.c. */
cmd_set_fn set_eap_methods;
cmd_print_fn print_eap_methods;

/* Services of a profile: cmd_service.c. */
cmd_set_fn set_trustpoint, set_nat_keepalive, set_template, set_accounting, set_author_user,
	set_author_group, set_config_mode, set_reconnect;
cmd_print_fn print_trustpoint, print_template, print_accounting, print_author_user,
	print_author_group;

/* `match fvrf`, `match address local` of policies and profiles. */
void match_vrf_set(struct cmd_call *c, struct vrf_match *m);
void match_local_set(struct cmd_call *c, struct local_match **v, size_t *n);

#endif
