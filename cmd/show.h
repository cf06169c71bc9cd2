/* The show and clear commands (R-SHO). Each has the signature of struct admin_command. */
#ifndef CMD_SHOW_H
#define CMD_SHOW_H

#include "cmd/admin.h"
#include "cmd/world.h"

#define SHOW(name) \
	int name(struct world *w, const struct admin_args *args, struct out *out, struct out *err)

SHOW(show_version);
SHOW(show_running_config);
SHOW(show_ikev2_sa);
SHOW(show_ikev2_session);
SHOW(show_ikev2_stats);
SHOW(clear_ikev2_stats);
SHOW(show_reconnect_stats);
SHOW(clear_reconnect_stats);
SHOW(clear_reconnect);
SHOW(show_ikev2_proposal);
SHOW(show_ikev2_policy);
SHOW(show_ikev2_profile);
SHOW(show_ikev2_authorization);
SHOW(show_crypto_session);
SHOW(show_ipsec_sa);
SHOW(show_crypto_engine);
SHOW(show_policy_map);
SHOW(show_aaa_servers);
SHOW(show_aaa_sessions);
SHOW(show_aaa_user);
SHOW(show_counters);
SHOW(show_diagnose);
SHOW(show_pools);
SHOW(show_ip_interface);
SHOW(show_logging);
SHOW(show_fetch);
SHOW(show_keys);
SHOW(show_lua);
SHOW(show_dynauth);
SHOW(show_pki_certificates);
SHOW(show_pki_trustpoints);
SHOW(show_pki_crls);
SHOW(show_snmp);
SHOW(rekey_ikev2_sa);
SHOW(reauthenticate_session);
SHOW(rekey_ipsec_sa);
SHOW(clear_crypto_session);
SHOW(clear_ikev2_sa);
SHOW(admin_drain);
SHOW(show_drain);
SHOW(admin_reload);
SHOW(user_add);
SHOW(user_set);
SHOW(user_totp);
SHOW(user_del);
SHOW(user_unlock);
SHOW(user_list);
SHOW(show_flexvpn);
SHOW(connect_flexvpn);
SHOW(clear_flexvpn);
SHOW(eap_credentials);
SHOW(clear_eap_credentials);
SHOW(debug_ikev2);
SHOW(debug_pod);
SHOW(debug_condition);
SHOW(undebug_all);
SHOW(show_debugging);

/* ---- shared by them ------------------------------------------------------------------------- */

/* Selection of SAs and sessions by `local IP [port]`, `remote IP [port]`, `fvrf NAME`, `ivrf NAME`, `id N`
 * (or `index N`), `username NAME`, `profile NAME`, `session ULID`, `inactive` (those that wait for their
 * client). */
struct show_filter {
	struct addr local, remote; /* family 0: any */
	uint16_t local_port, remote_port;
	const char *fvrf, *ivrf;   /* NULL: any */
	uint64_t sa;               /* 0: any */
	const char *username, *profile; /* NULL: any */
	struct ulid session;       /* zero: any */
	bool inactive;
	bool detail;
};
/* 0, or 2 with a sentence in err. */
int show_filter_parse(const struct admin_args *args, struct show_filter *f, struct out *err);
/* Of a session that waits. */
bool show_filter_takes_waiting(const struct world *w, const struct show_filter *f, const struct session *s);
bool show_filter_takes(const struct world *w, const struct show_filter *f, const struct ike_sa_info *sa);

/* Sessions that wait, for `show crypto session`; how many were ended. */
void show_waiting(struct world *w, const struct show_filter *f, struct out *out);
uint64_t clear_waiting(struct world *w, const struct show_filter *f);

/* Where the IPv4 address of a session comes from: lines, and "ip4_from" and so on. s NULL, or without one: nothing is said. */
/* Limits of volume; each line begins with indent. The session may be NULL. */
void show_quota(const struct world *w, struct out *out, const struct session *s, const char *indent);
void js_quota(const struct world *w, struct out *out, const struct session *s);
void show_address(const struct world *w, struct out *out, const struct session *s);
void js_address(const struct world *w, struct out *out, const struct session *s);

/* Of a login that waits for a person: a line behind `indent` that says what is to be done, or nothing; and
 * "waits_for". */
void show_wish(struct world *w, struct out *out, const char *indent, uint64_t sa);
void js_wish(struct world *w, struct out *out, uint64_t sa);
/* Identity as text, escaped. */
void show_id(struct out *out, const struct ike_id *id);
void js_id(struct out *out, const char *key, const struct ike_id *id);
/* "none" for our own namespace. */
const char *show_vrf(const struct world *w, uint32_t num);
const char *show_ivrf(const struct world *w, const struct ike_sa_info *sa);
const char *show_auth(uint8_t method);
/* Name of the session's interface: "Virtual-Access7", "Tunnel1". */
#define SHOW_IFNAME 32
char *show_ifname(const struct ike_sa_info *sa, char buf[SHOW_IFNAME]);
/* "10.0.0.0/255.255.255.0/0/0": address, mask, protocol, port of a selector. */
void show_selector(struct out *out, const struct ts *ts);
void js_selectors(struct out *out, const char *key, const struct ts *ts, size_t n);
/* "esp-gcm 256" and so on. */
void show_transform(struct out *out, const struct ike_child_info *c);

#endif
