/* THE table of commands that the running daemon answers, and the ones about the daemon itself. */
#include "cmd/admin.h"

#include <inttypes.h>
#include <string.h>

#include "cmd/show.h"

const struct admin_command admin_commands[] = {
	{"show version", "", false, show_version, "version of the running daemon"},
	{"show running-config", "[all]", false, show_running_config,
	 "configuration in force; all: with defaults"},
	{"show counters", "", false, show_counters, "every counter and every kind of failure, one sample"},
	{"show logging", "", false, show_logging, "syslog: what is exported, to whom, and what was lost"},
	{"show aaa server radius dynamic-author", "", false, show_dynauth,
	 "who may end and change sessions by RADIUS, and what became of their requests"},
	{"show ip local pool", "[NAME]", false, show_pools, "address pools and how many addresses are in use"},
	{"show ip interface", "[NAME]", false, show_ip_interface,
	 "tunnel interfaces: MTU, and what becomes of packets that are too long"},
	{"show snmp", "", false, show_snmp, "connection to the SNMP master agent, requests, notifications"},
	{"show aaa sessions", "", false, show_aaa_sessions, "sessions as accounting knows them"},
	{"show aaa user", "{all|ID|NAME}", false, show_aaa_user,
	 "what accounting servers are told of a session; ID: its unique id or its number"},
	{"show aaa servers", "[NAME]", false, show_aaa_servers,
	 "RADIUS servers: which are dead, and what became of requests"},
	{"show crypto session", "[detail] [FILTER]", false, show_crypto_session,
	 "who is connected, from where, through which interface"},
	{"show crypto ipsec sa", "[FILTER]", false, show_ipsec_sa, "IPsec SAs with their counters"},
	{"show crypto engine", "", false, show_crypto_engine,
	 "library that does ESP, what the processor has for it, how many SAs use it"},
	{"show policy-map interface", "[FILTER]", false, show_policy_map,
	 "access lists and service policies of sessions, and what they dropped"},
	{"show crypto ikev2 sa", "[detailed] [FILTER]", false, show_ikev2_sa, "IKE SAs"},
	{"show crypto ikev2 session", "[detailed] [FILTER]", false, show_ikev2_session,
	 "IKE SAs with their child SAs"},
	{"show crypto ikev2 stats", "", false, show_ikev2_stats,
	 "SAs against their limits, exchanges, failures"},
	{"show crypto ikev2 stats reconnect", "", false, show_reconnect_stats,
	 "clients that came back to their sessions, and sessions that can be come back to"},
	{"show crypto ikev2 diagnose error", "", false, show_diagnose,
	 "the last failures, each with the reason in words"},
	{"show crypto ikev2 proposal", "[NAME]", false, show_ikev2_proposal, "IKEv2 proposals"},
	{"show crypto ikev2 policy", "[NAME]", false, show_ikev2_policy, "IKEv2 policies"},
	{"show crypto ikev2 profile", "[NAME]", false, show_ikev2_profile, "IKEv2 profiles"},
	{"show crypto ikev2 authorization policy", "[NAME]", false, show_ikev2_authorization,
	 "IKEv2 authorization policies"},
	{"show crypto pki certificates", "[TRUSTPOINT]", false, show_pki_certificates,
	 "our certificates and the authorities that are trusted, and until when"},
	{"show crypto pki trustpoints", "[TRUSTPOINT] [status]", false, show_pki_trustpoints,
	 "trustpoints: what they trust, whether they can sign, what is wrong with their files"},
	{"show crypto pki crls", "[TRUSTPOINT]", false, show_pki_crls, "revocation lists from files"},
	{"show fetch", "", false, show_fetch, "CRLs and OCSP answers asked of HTTP servers"},
	{"show keys", "", false, show_keys, "the process with private keys, and which it has"},
	{"show lua", "", false, show_lua, "scripts, how often they were asked, and what went wrong"},
	{"show crypto ikev2 client flexvpn", "[NAME]", false, show_flexvpn,
	 "clients: state, peer, tunnel, and why one is not connected"},
	{"crypto ikev2 client flexvpn connect", "NAME", true, connect_flexvpn, "make a client connect now"},
	{"clear crypto ikev2 client flexvpn", "[[connect] NAME]", true, clear_flexvpn,
	 "end a client's connection; it selects a peer anew unless it is manual"},
	{"crypto eap credentials", "PROFILE", true, eap_credentials,
	 "user name and password for our own logins by EAP; they are asked for"},
	{"clear crypto eap credentials", "PROFILE", true, clear_eap_credentials, "forget them"},
	{"clear crypto session", "[FILTER]", true, clear_crypto_session, "end sessions"},
	{"clear crypto ikev2 session", "[FILTER]", true, clear_crypto_session, "end sessions"},
	{"clear crypto ikev2 stats", "", true, clear_ikev2_stats, "let show crypto ikev2 stats begin anew"},
	{"clear crypto ikev2 stats reconnect", "", true, clear_reconnect_stats,
	 "let show crypto ikev2 stats reconnect begin anew"},
	{"clear crypto ikev2 sa reconnect", "", true, clear_reconnect,
	 "end sessions that wait for their client, and those that could"},
	{"clear crypto ikev2 sa", "[FILTER]", true, clear_ikev2_sa, "delete IKE SAs and their children"},
	{"debug crypto ikev2", "[error] [packet] [internal] [minutes N] [lines N]", true, debug_ikev2,
	 "show what IKEv2 does, until Ctrl-C"},
	{"debug aaa pod", "[minutes N] [lines N]", true, debug_pod,
	 "show what is asked for by CoA and Disconnect, until Ctrl-C"},
	{"debug crypto condition", "peer {ipv4|ipv6} ADDRESS | identity NAME | reset", true, debug_condition,
	 "debug only these peers"},
	{"undebug all", "", true, undebug_all, "end every debug, remove its conditions"},
	{"show debugging", "", false, show_debugging, "who is debugging what, and for how long"},
	{"rekey crypto ikev2 sa", "[FILTER]", true, rekey_ikev2_sa, "new keys for IKE SAs now"},
	{"rekey crypto ipsec sa", "[FILTER]", true, rekey_ipsec_sa, "new keys for IPsec SAs now"},
	{"reauthenticate crypto session", "[FILTER]", true, reauthenticate_session,
	 "let clients authenticate again now; their sessions end when they do not"},
	{"user add", "NAME RECORD", true, user_add, "a new user; asked by `sallyport user`"},
	{"user set", "NAME RECORD", true, user_set, "another password"},
	{"user totp", "NAME {RECORD|off}", true, user_totp, "a second factor, or none"},
	{"user del", "NAME", true, user_del, "remove a user"},
	{"user unlock", "NAME", true, user_unlock, "end a lockout"},
	{"user list", "", true, user_list, "users, what they can log in with, and who is locked"},
	{"show drain", "", false, show_drain, "are new sessions taken, and how many are left"},
	{"drain", "[on|stop|off]", true, admin_drain,
	 "take no new sessions; with stop: and stop with the last one"},
	{"reload", "", true, admin_reload, "read the configuration again"},
};

const size_t admin_commands_len = sizeof(admin_commands) / sizeof(admin_commands[0]);

SHOW(admin_reload)
{
	return w->reload(w->ctx, out, err);
}

static void js_values(struct out *out, const struct sample *s)
{
	js_open(out, "counters");
	for (int i = 0; i < CT__MAX; i++)
		js_u64(out, counter_token((enum counter)i), s->sums.count[i]);
	js_close(out);
	js_open(out, "status");
	for (int i = 1; i < ST__MAX; i++)
		js_u64(out, status_token((enum status)i), s->sums.status[i]);
	js_close(out);
}

SHOW(show_counters)
{
	(void)args;
	(void)err;
	const struct sample *s = w->sample(w->ctx);
	if (out->json) {
		js_open(out, NULL);
		js_u64(out, "sample", s->number);
		js_u64(out, "sample_wall_ms", (uint64_t)s->wall_ms);
		for (int i = 0; i < GG__MAX; i++)
			js_u64(out, gauge_token((enum gauge)i), s->gauge[i]);
		js_values(out, s);
		js_close(out);
		return 0;
	}
	out_printf(out, "Sample %" PRIu64 " at %" PRId64 " ms\n", s->number, s->wall_ms);
	for (int i = 0; i < GG__MAX; i++)
		out_printf(out, "%14" PRIu64 "  %-28s %s\n", s->gauge[i], gauge_token((enum gauge)i),
			   gauge_words((enum gauge)i));
	for (int i = 0; i < CT__MAX; i++)
		out_printf(out, "%14" PRIu64 "  %-28s %s\n", (uint64_t)s->sums.count[i],
			   counter_token((enum counter)i), counter_words((enum counter)i));
	out_printf(out, "Failures and ends, by name:\n");
	for (int i = 1; i < ST__MAX; i++)
		if (s->sums.status[i])
			out_printf(out, "%14" PRIu64 "  %-28s %s\n", (uint64_t)s->sums.status[i],
				   status_token((enum status)i), status_words((enum status)i));
	return 0;
}
