/* Counters. One array per owner thread, written by that thread only, read by anyone (relaxed
 * atomics); sums are made by the reader. Each status has a counter of its own besides these. */
#ifndef CORE_BASE_STATS_H
#define CORE_BASE_STATS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

/*  X(NAME, token, unit, words) */
#define COUNTER_LIST(X) \
	X(IKE_IN, "ike_in_packets", "packets", "IKE datagrams received") \
	X(IKE_IN_BYTES, "ike_in_bytes", "bytes", "IKE bytes received") \
	X(IKE_OUT, "ike_out_packets", "packets", "IKE datagrams sent") \
	X(IKE_OUT_BYTES, "ike_out_bytes", "bytes", "IKE bytes sent") \
	X(IKE_RETRANS_IN, "ike_retransmits_in", "packets", "requests seen again and answered from the kept reply") \
	X(IKE_RETRANS_OUT, "ike_retransmits_out", "packets", "requests sent again") \
	X(IKE_INIT_IN, "ike_init_in", "requests", "IKE_SA_INIT requests") \
	X(IKE_AUTH_IN, "ike_auth_in", "requests", "IKE_AUTH requests") \
	X(IKE_COOKIES, "ike_cookies_sent", "packets", "cookie challenges sent") \
	X(IKE_UP, "ike_sa_up", "SAs", "IKE SAs established") \
	X(IKE_DOWN, "ike_sa_down", "SAs", "established IKE SAs ended") \
	X(CHILD_UP, "child_sa_up", "SAs", "IPsec SAs established") \
	X(CHILD_DOWN, "child_sa_down", "SAs", "IPsec SAs ended") \
	X(IKE_REKEYED, "ike_rekeys", "SAs", "IKE SAs replaced by rekeying") \
	X(IKE_REAUTH_ASKED, "ike_reauthentications_asked", "messages", "peers told that their authentication counts for another time") \
	X(IKE_REAUTH, "ike_reauthentications", "SAs", "IKE SAs whose peer authenticated again while the one before was up") \
	X(CHILD_REKEYED, "child_rekeys", "SAs", "IPsec SAs replaced by rekeying") \
	X(REKEY_COLLISION, "rekey_collisions", "times", "both sides rekeyed the same SA at once") \
	X(REDIRECT_OUT, "redirects_sent", "messages", "clients redirected to another gateway") \
	X(REDIRECT_IN, "redirects_followed", "messages", "redirects followed as a client") \
	X(REDIRECT_REFUSED, "redirects_refused", "messages", "redirects not followed: not allowed, not ours, or too many") \
	X(QCD_OUT, "qcd_tokens_sent", "messages", "tokens sent to peers whose SA is not known here") \
	X(QCD_IN, "qcd_tokens_verified", "messages", "tokens of peers that lost the SA") \
	X(QCD_BAD, "qcd_tokens_refused", "messages", "unprotected tokens that are not the peer's") \
	X(INVALID_SPI_OUT, "invalid_spi_sent", "messages", "peers told of ESP with an unknown SPI") \
	X(INVALID_SPI_IN, "invalid_spi_received", "messages", "unknown SPIs told by peers") \
	X(TICKET_OUT, "tickets_given", "tickets", "tickets for resumption given to peers") \
	X(TICKET_IN, "tickets_received", "tickets", "tickets for resumption got from peers") \
	X(RESUME_IN, "ike_resume_in", "requests", "IKE_SESSION_RESUME requests") \
	X(RESUMED, "ike_resumed", "SAs", "IKE SAs established with a ticket") \
	X(RESUME_REFUSED, "ike_resume_refused", "requests", "tickets refused") \
	X(RESUME_FALLBACK, "ike_resume_fallbacks", "times", "full logins because a ticket of ours was not accepted") \
	X(RECONNECT_IN, "reconnects_in", "requests", "clients that came back to a session with its token") \
	X(RECONNECTED, "reconnects", "sessions", "sessions that a client came back to") \
	X(RECONNECT_REFUSED, "reconnects_refused", "requests", "session tokens refused, and resumptions that came to nothing") \
	X(NAT_KEEPALIVE_OUT, "nat_keepalives_out", "packets", "NAT keepalives sent") \
	X(MOBIKE_UPDATES_IN, "mobike_updates_in", "requests", "changes of address that peers announced") \
	X(MOBIKE_UPDATES_OUT, "mobike_updates_out", "requests", "changes of address that were announced to peers") \
	X(MOBIKE_CHECKS, "mobike_checks", "times", "peers proved that they are reached at their new address") \
	X(MOBIKE_PATHS, "mobike_paths_tried", "times", "other ways tried because a peer did not answer") \
	X(DPD_SENT, "dpd_sent", "requests", "liveness checks sent") \
	X(DPD_IN, "dpd_in", "requests", "liveness checks answered") \
	X(FRAGMENTS_IN, "ike_fragments_in", "packets", "fragments of IKE messages received") \
	X(FRAGMENTS_OUT, "ike_fragments_out", "packets", "fragments of IKE messages sent") \
	X(FRAGMENTS_WHOLE, "ike_fragmented_messages_in", "messages", "IKE messages put together from fragments") \
	X(FRAGMENTS_IGNORED, "ike_fragments_ignored", "packets", "fragments that had come before or were not asked for") \
	X(IKE_CHILD_IN, "ike_create_child_in", "requests", "CREATE_CHILD_SA requests") \
	X(IKE_INFO_IN, "ike_informational_in", "requests", "INFORMATIONAL requests") \
	X(IKE_INIT_OUT, "ike_init_out", "requests", "IKE_SA_INIT requests sent") \
	X(IKE_AUTH_OUT, "ike_auth_out", "requests", "IKE_AUTH requests sent") \
	X(IKE_CHILD_OUT, "ike_create_child_out", "requests", "CREATE_CHILD_SA requests sent") \
	X(IKE_INFO_OUT, "ike_informational_out", "requests", "INFORMATIONAL requests sent") \
	X(IKE_REFUSALS_OUT, "ike_refusals_out", "packets", "unprotected error replies sent") \
	X(IKE_REFUSALS_LIMITED, "ike_refusals_limited", "packets", "unprotected error replies left out by their rate limit") \
	X(ESP_IN, "esp_in_packets", "packets", "ESP packets opened") \
	X(ESP_IN_BYTES, "esp_in_bytes", "bytes", "inner bytes received through tunnels") \
	X(ESP_OUT, "esp_out_packets", "packets", "ESP packets sealed") \
	X(ESP_OUT_BYTES, "esp_out_bytes", "bytes", "inner bytes sent through tunnels") \
	X(ESP_CUT, "esp_cut", "packets", "packets cut before they were sealed, because they were too long") \
	X(ESP_OUT_FRAGMENTS, "esp_out_fragmented", "packets", "ESP packets sent in fragments, because they were too long") \
	X(TOO_BIG_OUT, "too_big_sent", "packets", "senders told that a packet was too long for the tunnel") \
	X(MSS_LOWERED, "tcp_mss_lowered", "packets", "TCP connections told of a smaller segment size") \
	X(DHCP_OUT, "dhcp_answers", "packets", "clients told their routes, DNS and domain by DHCP") \
	X(DHCP_DISCOVERS, "dhcp_discovers_sent", "packets", "DHCP servers asked for an address") \
	X(DHCP_REQUESTS, "dhcp_requests_sent", "packets", "DHCP servers asked for the address that was offered, or for more time") \
	X(DHCP_ACKS, "dhcp_acks_received", "packets", "addresses given and renewed by DHCP servers") \
	X(DHCP_NAKS, "dhcp_naks_received", "packets", "addresses refused by DHCP servers") \
	X(DHCP_RELEASES, "dhcp_releases_sent", "packets", "addresses given back to DHCP servers") \
	X(DHCP_DECLINES, "dhcp_declines_sent", "packets", "addresses of DHCP servers that somebody else had") \
	X(DHCP_TIMEOUTS, "dhcp_timeouts", "times", "DHCP servers that did not answer in time") \
	X(DHCP_STRANGE, "dhcp_strange_in", "packets", "packets to the DHCP relay that are no answer to a question of ours") \
	X(ESP_DUMMY, "esp_dummy_in", "packets", "ESP dummy packets received (RFC 4303 section 2.6)") \
	X(NAT_KEEPALIVE_IN, "nat_keepalives_in", "packets", "NAT keepalives received") \
	X(FAN_OUT, "worker_ciphered", "packets", "packets ciphered for another worker") \
	X(TRAIN_REFUSED, "trains_not_cut", "trains", "ESP packets for one call that the kernel did not cut") \
	X(HANDOVER, "worker_handovers", "packets", "packets passed to the owning worker") \
	X(SYSLOG_SENT, "syslog_sent", "messages", "syslog messages sent") \
	X(SYSLOG_DROPPED, "syslog_dropped", "messages", "syslog messages dropped: a queue was full") \
	X(HOOK_CALLS, "hook_calls", "calls", "hooks asked of the scripts") \
	X(HOOK_REFUSED, "hook_refusals", "calls", "logins refused by a script") \
	X(HOOK_FAILED, "hook_failures", "calls", "hooks that failed: error, budget, time, no script process") \
	X(HOOK_KILLS, "hook_kills", "times", "script process killed because of its wall time") \
	X(LOGIN_KEY, "logins_key", "logins", "logins of peers by a shared key") \
	X(LOGIN_CERT, "logins_certificate", "logins", "logins of peers by certificate") \
	X(LOGIN_EAP, "logins_eap", "logins", "logins of peers by EAP") \
	X(REFUSED_KEY, "logins_refused_key", "logins", "logins of peers by a shared key that came to nothing") \
	X(REFUSED_CERT, "logins_refused_certificate", "logins", "logins of peers by certificate that came to nothing") \
	X(REFUSED_EAP, "logins_refused_eap", "logins", "logins of peers by EAP that came to nothing") \
	X(CERTS_JUDGED_OK, "certificates_accepted", "certificates", "certificates of peers judged and accepted") \
	X(CERTS_REFUSED, "certificates_refused", "certificates", "certificates of peers judged and refused") \
	X(CERTS_CACHED, "certificate_cache_hits", "certificates", "certificates of peers accepted by a verdict that was kept") \
	X(FETCHES, "revocation_fetches", "requests", "revocation lists, OCSP answers and certificates asked for by HTTP") \
	X(FETCHES_FAILED, "revocation_fetch_failures", "requests", "revocation lists, OCSP answers and certificates that could not be had") \
	X(DISCONNECT_IN, "disconnect_requests", "requests", "RADIUS Disconnect-Requests of clients, without those sent again") \
	X(DISCONNECT_ACK, "disconnect_acks", "requests", "Disconnect-Requests that were obeyed") \
	X(DISCONNECT_NAK, "disconnect_naks", "requests", "Disconnect-Requests that were refused") \
	X(COA_IN, "coa_requests", "requests", "RADIUS CoA-Requests of clients, without those sent again") \
	X(COA_ACK, "coa_acks", "requests", "CoA-Requests that were obeyed") \
	X(COA_NAK, "coa_naks", "requests", "CoA-Requests that were refused, or handed on to RADIUS (Authorize-Only)") \
	X(COA_REPEATED, "coa_repeated", "requests", "CoA- and Disconnect-Requests that came again and got the same answer") \
	X(NOTIFY_SENT, "snmp_notifications_sent", "messages", "SNMP notifications handed to the master agent") \
	X(NOTIFY_DROPPED, "snmp_notifications_dropped", "messages", "SNMP notifications left out: rate limit or no master") \
	X(HTTP_REQUESTS, "http_requests", "requests", "HTTP requests answered") \
	X(HTTP_CUT, "http_connections_cut", "connections", "HTTP connections cut off: too many or too slow") \
	X(TURNS, "loop_turns", "turns", "turns of the main loop") \
	X(TURNS_US, "loop_turns_us", "microseconds", "time that the turns of the main loop took") \
	X(TURNS_1MS, "loop_turns_over_1ms", "turns", "turns of the main loop longer than 1 ms") \
	X(TURNS_5MS, "loop_turns_over_5ms", "turns", "turns of the main loop longer than 5 ms") \
	X(TURNS_10MS, "loop_turns_over_10ms", "turns", "turns of the main loop longer than 10 ms") \
	X(TURNS_50MS, "loop_turns_over_50ms", "turns", "turns of the main loop longer than 50 ms") \
	X(TURNS_100MS, "loop_turns_over_100ms", "turns", "turns of the main loop longer than 100 ms") \
	X(TURNS_500MS, "loop_turns_over_500ms", "turns", "turns of the main loop longer than 500 ms") \
	X(TURNS_1S, "loop_turns_over_1s", "turns", "turns of the main loop longer than 1 s") \
	X(STORE_DROPPED, "store_dropped", "rows", "events, failures, totals and samples that the database had no room for or could not take") \
	X(ACCT_LOST, "accounting_given_up", "records", "accounting records given up before a server had confirmed them")

enum counter {
#define X(name, token, unit, words) CT_##name,
	COUNTER_LIST(X)
#undef X
	CT__MAX
};

/* Values of one moment, taken with a sample; they go up and down. */
/*  X(NAME, token, unit, words) */
#define GAUGE_LIST(X) \
	X(IKE_SAS, "ike_sas", "SAs", "IKE SAs established now") \
	X(HALF_OPEN, "half_open", "SAs", "IKE SAs in negotiation now") \
	X(HALF_OPEN_IN, "half_open_in", "SAs", "IKE SAs in negotiation now, begun by peers") \
	X(CHILD_SAS, "child_sas", "SAs", "IPsec SA pairs now") \
	X(SESSIONS, "sessions", "sessions", "sessions now") \
	X(SESSIONS_WAITING, "sessions_waiting", "sessions", "sessions without a tunnel that wait for their client now") \
	X(RECONNECT_CAPABLE, "sessions_with_token", "sessions", "sessions up now whose client could come back to them") \
	X(SESSIONS_PEAK, "sessions_peak", "sessions", "most sessions at one time since the start") \
	X(UPTIME_S, "uptime_seconds", "seconds", "time since the headend was started") \
	X(TURN_MAX_US, "loop_turn_max_us", "microseconds", "longest turn of the main loop in the last 60 seconds") \
	X(HOOKS_WAITING, "hooks_waiting", "calls", "hooks waiting for an answer now") \
	X(CERTS_JUDGED, "certificates_being_judged", "certificates", "certificates of peers being judged now") \
	X(CERT_LEFT_S, "certificate_left_seconds", "seconds", "time until the first of our own certificates or trust anchors ends; 0: over, or none is configured") \
	X(EAP_TALKS, "eap_conversations", "conversations", "conversations of EAP now") \
	X(STORE_FAILING, "store_failing", "", "1 while the database cannot be written, and nobody new can connect") \
	X(STORE_WAITING, "store_waiting", "rows", "rows that wait until the database can be written again")

enum gauge {
#define X(name, token, unit, words) GG_##name,
	GAUGE_LIST(X)
#undef X
	GG__MAX
};

struct stats {
	_Alignas(64) _Atomic uint64_t count[CT__MAX];
	_Atomic uint64_t status[ST__MAX];
};

/* Writer side; st is the owner's own array. */
static inline void stats_add(struct stats *st, enum counter c, uint64_t n)
{
	uint64_t v = atomic_load_explicit(&st->count[c], memory_order_relaxed);
	atomic_store_explicit(&st->count[c], v + n, memory_order_relaxed);
}

static inline void stats_inc(struct stats *st, enum counter c)
{
	stats_add(st, c, 1);
}

static inline void stats_status_add(struct stats *st, enum status s, uint64_t n)
{
	uint64_t v = atomic_load_explicit(&st->status[s], memory_order_relaxed);
	atomic_store_explicit(&st->status[s], v + n, memory_order_relaxed);
}

static inline void stats_status(struct stats *st, enum status s)
{
	stats_status_add(st, s, 1);
}

const char *counter_token(enum counter c);
const char *counter_unit(enum counter c);
const char *counter_words(enum counter c);
const char *gauge_token(enum gauge g);
const char *gauge_unit(enum gauge g);
const char *gauge_words(enum gauge g);
void stats_sum(struct stats *dst, const struct stats *src); /* dst += src; dst is private to the caller */

#endif
