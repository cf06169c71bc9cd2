/* Shapes of conf_aaa.h. */
#include "core/conf/shape_rows.h"

static const struct shape_field f_aaa_list[] = {
	F(STR, aaa_list, name),
	F(U8, aaa_list, kind),
	F(STRS, aaa_list, methods),
	F(STR, aaa_list, acct_mode),
	F(BOOL, aaa_list, broadcast),
};
const struct shape shape_aaa_list = SHAPE(aaa_list, f_aaa_list);

static const struct shape_field f_radius_tls[] = {
	F(BOOL, radius_tls, on),
	F(U32, radius_tls, port),
	F(STR, radius_tls, client),
	F(STR, radius_tls, server),
	F(U8, radius_tls, match),
	F(STR, radius_tls, identity),
	F(U32, radius_tls, connect_s),
	F(U32, radius_tls, idle_s),
	F(U32, radius_tls, watchdog_s),
	F(U32, radius_tls, retries),
};
const struct shape shape_radius_tls = SHAPE(radius_tls, f_radius_tls);

static const struct shape_field f_radius_server[] = {
	F(STR, radius_server, name),
	F(BOOL, radius_server, is_host),
	F(STR, radius_server, host),
	F(ADDR, radius_server, addr),
	F(U8, radius_server, family),
	F(U32, radius_server, auth_port),
	F(U32, radius_server, acct_port),
	F(SECRET, radius_server, key),
	F(U32, radius_server, timeout_s),
	F(U32, radius_server, retransmit),
	F(STR, radius_server, tester),
	F(BOOL, radius_server, probe),
	F(BOOL, radius_server, trusts_unsigned),
	F(ADDR, radius_server, source),
	IN(radius_server, tls, shape_radius_tls),
};
const struct shape shape_radius_server = SHAPE(radius_server, f_radius_server);

static const struct shape_field f_radius_source[] = {
	F(U8, radius_source, family),
	F(STR, radius_source, ifname),
	F(STR, radius_source, vrf),
};
const struct shape shape_radius_source = SHAPE(radius_source, f_radius_source);

static const struct shape_field f_radius_global[] = {
	F(SECRET, radius_global, key),
	F(U32, radius_global, timeout_s),
	F(U32, radius_global, retransmit),
	F(U32, radius_global, deadtime_min),
	F(BOOL, radius_global, balances),
	LIST(radius_global, sources, source_count, shape_radius_source),
	F(SIZE, radius_global, source_count),
};
const struct shape shape_radius_global = SHAPE(radius_global, f_radius_global);

static const struct shape_field f_aaa_member[] = {
	F(U8, aaa_member, kind),
	F(STR, aaa_member, name),
	IN(aaa_member, server, shape_radius_server),
};
const struct shape shape_aaa_member = SHAPE(aaa_member, f_aaa_member);

static const struct shape_field f_aaa_group[] = {
	F(STR, aaa_group, name),
	LIST(aaa_group, members, member_count, shape_aaa_member),
	F(SIZE, aaa_group, member_count),
	F(STR, aaa_group, vrf),
	F(STR, aaa_group, source),
	F(STR, aaa_group, source6),
	F(U32, aaa_group, deadtime_min),
	F(BOOL, aaa_group, balances),
};
const struct shape shape_aaa_group = SHAPE(aaa_group, f_aaa_group);

static const struct shape_field f_aaa_global[] = {
	F(SECRET, aaa_global, authorization_password),
	F(BOOL, aaa_global, update_newinfo),
	F(U32, aaa_global, update_periodic_min),
};
const struct shape shape_aaa_global = SHAPE(aaa_global, f_aaa_global);

static const struct shape_field f_aaa_attribute[] = {
	F(STR, aaa_attribute, type),
	F(STR, aaa_attribute, value),
	F(STR, aaa_attribute, service),
	F(STR, aaa_attribute, protocol),
};
const struct shape shape_aaa_attribute = SHAPE(aaa_attribute, f_aaa_attribute);

static const struct shape_field f_attribute_list[] = {
	F(STR, attribute_list, name),
	LIST(attribute_list, attributes, attribute_count, shape_aaa_attribute),
	F(SIZE, attribute_list, attribute_count),
};
const struct shape shape_attribute_list = SHAPE(attribute_list, f_attribute_list);

static const struct shape_field f_name_mangler[] = {
	F(STR, name_mangler, name),
	F(U8, name_mangler, dn),
	F(U8, name_mangler, eap),
	F(U8, name_mangler, eap_dn),
	F(U8, name_mangler, eap_delimiter),
	F(U8, name_mangler, email),
	F(U8, name_mangler, fqdn),
};
const struct shape shape_mangler = SHAPE(name_mangler, f_name_mangler);

static const struct shape_field f_dynauth_client[] = {
	F(STR, dynauth_client, host),
	F(ADDR, dynauth_client, addr),
	F(STR, dynauth_client, vrf),
	F(SECRET, dynauth_client, key),
};
const struct shape shape_dynauth_client = SHAPE(dynauth_client, f_dynauth_client);

static const struct shape_field f_dynauth[] = {
	F(BOOL, dynauth, on),
	LIST(dynauth, clients, client_count, shape_dynauth_client),
	F(SIZE, dynauth, client_count),
	F(SECRET, dynauth, key),
	FN(U32, dynauth, ports, CONF_DYNAUTH_PORTS),
	F(U8, dynauth, match),
	F(BOOL, dynauth, ignores_session_key),
	F(BOOL, dynauth, nak_404),
	F(BOOL, dynauth, requires_timestamp),
	F(U32, dynauth, timestamp_window_s),
	F(U32, dynauth, reauth_s),
};
const struct shape shape_dynauth = SHAPE(dynauth, f_dynauth);

static const struct shape_field f_reconnect_key[] = {
	F(SECRET, reconnect_key, key),
	F(BOOL, reconnect_key, active),
};
const struct shape shape_reconnect_key = SHAPE(reconnect_key, f_reconnect_key);
