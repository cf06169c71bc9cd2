/* The event log. One event is one line: stable event name from one list, then key=value pairs.
 * Bytes from a peer are escaped; there is no formatter for keys and passwords.
 * Emitting belongs to the loop thread; workers count instead. */
#ifndef CORE_BASE_LOG_H
#define CORE_BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/endpoint.h"
#include "core/base/rd.h"
#include "core/base/status.h"

/* What an operator switches on and off for export: `crypto logging ikev2`, `crypto logging session`. */
enum event_topic { TOPIC_ALWAYS, TOPIC_IKEV2, TOPIC_SESSION };

/*  X(NAME, token, severity (syslog 0..7), IOS-style mnemonic, topic) */
#define EVENT_LIST(X) \
	X(START, "start", 5, "SALLYPORT-5-START", TOPIC_ALWAYS) \
	X(STOP, "stop", 5, "SALLYPORT-5-STOP", TOPIC_ALWAYS) \
	X(LISTEN, "listen", 6, "SALLYPORT-6-LISTEN", TOPIC_ALWAYS) \
	X(THAW, "thaw", 5, "SALLYPORT-5-THAW", TOPIC_ALWAYS) \
	X(CHILD_DIED, "process_died", 3, "SALLYPORT-3-PROCESS_DIED", TOPIC_ALWAYS) \
	X(CHILD_START, "process_start", 6, "SALLYPORT-6-PROCESS_START", TOPIC_ALWAYS) \
	X(CONFIG_LOADED, "config_loaded", 5, "SALLYPORT-5-CONFIG_LOADED", TOPIC_ALWAYS) \
	X(CONFIG_REFUSED, "config_refused", 3, "SALLYPORT-3-CONFIG_REFUSED", TOPIC_ALWAYS) \
	X(CONFIG_WARNING, "config_warning", 4, "SALLYPORT-4-CONFIG_WARNING", TOPIC_ALWAYS) \
	X(STORE_ERROR, "store_error", 2, "SALLYPORT-2-STORE_ERROR", TOPIC_ALWAYS) \
	X(STORE_RESTORED, "store_restored", 5, "SALLYPORT-5-STORE_RESTORED", TOPIC_ALWAYS) \
	X(NO_OFFLOAD, "no_offload", 5, "SALLYPORT-5-NO_OFFLOAD", TOPIC_ALWAYS) \
	X(NET_ERROR, "net_error", 3, "SALLYPORT-3-NET_ERROR", TOPIC_ALWAYS) \
	X(IKE_INIT_FAILED, "ike_init_failed", 4, "IKEV2-4-INIT_FAILED", TOPIC_IKEV2) \
	X(IKE_AUTH_FAILED, "ike_auth_failed", 4, "IKEV2-4-AUTH_FAILED", TOPIC_IKEV2) \
	X(IKE_SA_UP, "ike_sa_up", 5, "IKEV2-5-SA_UP", TOPIC_IKEV2) \
	X(IKE_SA_DOWN, "ike_sa_down", 5, "IKEV2-5-SA_DOWN", TOPIC_IKEV2) \
	X(CHILD_UP, "child_sa_up", 6, "IKEV2-6-CHILD_UP", TOPIC_IKEV2) \
	X(CHILD_DOWN, "child_sa_down", 6, "IKEV2-6-CHILD_DOWN", TOPIC_IKEV2) \
	X(CHILD_FAILED, "child_sa_failed", 4, "IKEV2-4-CHILD_FAILED", TOPIC_IKEV2) \
	X(IKE_REKEYED, "ike_sa_rekeyed", 6, "IKEV2-6-SA_REKEYED", TOPIC_IKEV2) \
	X(REKEY_FAILED, "rekey_failed", 4, "IKEV2-4-REKEY_FAILED", TOPIC_IKEV2) \
	X(REDIRECTED, "redirected", 5, "IKEV2-5-REDIRECTED", TOPIC_IKEV2) \
	X(REDIRECT_SENT, "redirect_sent", 6, "IKEV2-6-REDIRECT_SENT", TOPIC_IKEV2) \
	X(PEER_MOVED, "peer_moved", 5, "IKEV2-5-PEER_MOVED", TOPIC_IKEV2) \
	X(SESSION_UP, "session_up", 5, "CRYPTO-5-SESSION_STATUS", TOPIC_SESSION) \
	X(SESSION_DOWN, "session_down", 5, "CRYPTO-5-SESSION_STATUS", TOPIC_SESSION) \
	X(SESSION_WAITING, "session_waiting", 5, "SALLYPORT-5-SESSION_WAITING", TOPIC_SESSION) \
	X(SESSION_RESUMED, "session_resumed", 5, "SALLYPORT-5-SESSION_RESUMED", TOPIC_SESSION) \
	X(SESSION_QUOTA, "session_quota", 5, "SALLYPORT-5-SESSION_QUOTA", TOPIC_SESSION) \
	X(CLIENT_UP, "client_up", 6, "FLEXVPN-6-FLEXVPN_CONNECTION_UP", TOPIC_ALWAYS) \
	X(IKE_REAUTH_DUE, "ike_reauth_due", 6, "IKEV2-6-REAUTH_DUE", TOPIC_IKEV2) \
	X(CLIENT_RENEWED, "client_renewed", 6, "FLEXVPN-6-FLEXVPN_CONNECTION_RENEWED", TOPIC_ALWAYS) \
	X(CLIENT_DOWN, "client_down", 6, "FLEXVPN-6-FLEXVPN_CONNECTION_DOWN", TOPIC_ALWAYS) \
	X(CLIENT_FAILED, "client_failed", 4, "SALLYPORT-4-CLIENT_FAILED", TOPIC_ALWAYS) \
	X(POOL_EXHAUSTED, "pool_exhausted", 3, "SALLYPORT-3-POOL_EXHAUSTED", TOPIC_ALWAYS) \
	X(DHCP_FAILED, "dhcp_failed", 4, "SALLYPORT-4-DHCP_FAILED", TOPIC_ALWAYS) \
	X(HALF_OPEN_LIMIT, "half_open_limit", 4, "IKEV2-4-CAC_LIMIT", TOPIC_IKEV2) \
	X(PKT_REPLAY, "packet_replay", 4, "CRYPTO-4-PKT_REPLAY_ERR", TOPIC_ALWAYS) \
	X(INVALID_SPI, "invalid_spi", 4, "CRYPTO-4-RECVD_PKT_INV_SPI", TOPIC_ALWAYS) \
	X(CREDENTIALS, "credentials_wanted", 4, "SALLYPORT-4-CREDENTIALS_WANTED", TOPIC_ALWAYS) \
	X(USER_LOCKED, "user_locked", 4, "SALLYPORT-4-USER_LOCKED", TOPIC_ALWAYS) \
	X(DRAIN, "drain", 5, "SALLYPORT-5-DRAIN", TOPIC_ALWAYS) \
	X(CONTROL, "control", 6, "SALLYPORT-6-CONTROL", TOPIC_ALWAYS) \
	X(SCRIPTS, "scripts", 5, "SALLYPORT-5-SCRIPTS", TOPIC_ALWAYS) \
	X(SCRIPT_ERROR, "script_error", 3, "SALLYPORT-3-SCRIPT_ERROR", TOPIC_ALWAYS) \
	X(SCRIPT_LOG, "script_log", 6, "SALLYPORT-6-SCRIPT_LOG", TOPIC_ALWAYS) \
	X(KEYS, "keys", 6, "SALLYPORT-6-KEYS", TOPIC_ALWAYS) \
	X(KEYS_ERROR, "keys_error", 3, "SALLYPORT-3-KEYS_ERROR", TOPIC_ALWAYS) \
	X(CERT_EXPIRY, "certificate_expiry", 4, "SALLYPORT-4-CERT_EXPIRY", TOPIC_ALWAYS) \
	X(PKI_ERROR, "pki_error", 3, "SALLYPORT-3-PKI_ERROR", TOPIC_ALWAYS) \
	X(FETCH_FAILED, "fetch_failed", 4, "SALLYPORT-4-FETCH_FAILED", TOPIC_ALWAYS) \
	X(RADIUS_DEAD, "radius_dead", 4, "RADIUS-4-RADIUS_DEAD", TOPIC_ALWAYS) \
	X(RADIUS_ALIVE, "radius_alive", 4, "RADIUS-4-RADIUS_ALIVE", TOPIC_ALWAYS) \
	X(RADIUS_IGNORED, "radius_ignored", 7, "RADIUS-7-ATTRIBUTES_IGNORED", TOPIC_ALWAYS) \
	X(RADIUS_TLS_UP, "radius_tls_up", 6, "RADIUS-6-TLS_UP", TOPIC_ALWAYS) \
	X(RADIUS_TLS_CLOSED, "radius_tls_closed", 6, "RADIUS-6-TLS_CLOSED", TOPIC_ALWAYS) \
	X(RADIUS_TLS_FAILED, "radius_tls_failed", 4, "RADIUS-4-TLS_FAILED", TOPIC_ALWAYS) \
	X(AAA_FALLBACK, "aaa_fallback", 4, "SALLYPORT-4-AAA_FALLBACK", TOPIC_ALWAYS) \
	X(RADIUS_SOCKET, "radius_socket", 3, "SALLYPORT-3-RADIUS_SOCKET", TOPIC_ALWAYS) \
	X(SNMP_MASTER, "snmp_master", 5, "SALLYPORT-5-SNMP_MASTER", TOPIC_ALWAYS) \
	X(MEMORY, "memory", 3, "SALLYPORT-3-MEMORY", TOPIC_ALWAYS) \
	X(SYSLOG_QUEUE, "syslog_queue", 4, "SALLYPORT-4-SYSLOG_QUEUE", TOPIC_ALWAYS) \
	X(REAUTH_ASKED, "reauth_asked", 5, "SALLYPORT-5-REAUTH_ASKED", TOPIC_ALWAYS) \
	X(COA_ACK, "coa_ack", 5, "SALLYPORT-5-COA_ACK", TOPIC_ALWAYS) \
	X(COA_AUTHORIZE, "coa_authorize", 5, "SALLYPORT-5-COA_AUTHORIZE", TOPIC_ALWAYS) \
	X(COA_NAK, "coa_nak", 4, "SALLYPORT-4-COA_NAK", TOPIC_ALWAYS) \
	X(SUPPRESSED, "suppressed", 4, "SALLYPORT-4-SUPPRESSED", TOPIC_ALWAYS)

enum event {
#define X(name, token, sev, mnemonic, topic) EV_##name,
	EVENT_LIST(X)
#undef X
	EV__MAX
};

enum kv_type { KV_STR, KV_BYTES, KV_U64, KV_HEX64, KV_HEX32, KV_ADDR, KV_ENDPOINT, KV_STATUS };

struct kv {
	const char *key;
	enum kv_type type;
	union {
		const char *s;        /* our own text; quoted when it has blanks */
		struct view bytes;    /* from a peer: escaped, cut at 128 bytes */
		uint64_t u;
		struct addr addr;
		struct endpoint ep;
		enum status st;
	};
};

static inline struct kv kv_str(const char *key, const char *s)
{
	return (struct kv){.key = key, .type = KV_STR, .s = s};
}
static inline struct kv kv_bytes(const char *key, const void *p, size_t len)
{
	return (struct kv){.key = key, .type = KV_BYTES, .bytes = {p, len}};
}
static inline struct kv kv_u64(const char *key, uint64_t u)
{
	return (struct kv){.key = key, .type = KV_U64, .u = u};
}
static inline struct kv kv_spi64(const char *key, uint64_t u)
{
	return (struct kv){.key = key, .type = KV_HEX64, .u = u};
}
static inline struct kv kv_spi32(const char *key, uint32_t u)
{
	return (struct kv){.key = key, .type = KV_HEX32, .u = u};
}
static inline struct kv kv_addr(const char *key, const struct addr *a)
{
	return (struct kv){.key = key, .type = KV_ADDR, .addr = *a};
}
static inline struct kv kv_ep(const char *key, const struct endpoint *e)
{
	return (struct kv){.key = key, .type = KV_ENDPOINT, .ep = *e};
}
static inline struct kv kv_status(const char *key, enum status st)
{
	return (struct kv){.key = key, .type = KV_STATUS, .st = st};
}

const char *event_token(enum event e);
int event_severity(enum event e);
const char *event_mnemonic(enum event e);
enum event_topic event_topic(enum event e);

/* "token key=value ..." into out (always terminated); returns the length that was written. */
size_t log_format(char *out, size_t cap, enum event e, const struct kv *kv, size_t n);

/* Where events go. Default: nowhere. The sink gets the event and its pairs, not text. */
typedef void log_sink(void *ctx, enum event e, const struct kv *kv, size_t n);
void log_set_sink(log_sink *sink, void *ctx);
void log_emit(enum event e, const struct kv *kv, size_t n);
#define LOG(e, ...) \
	log_emit((e), (const struct kv[]){__VA_ARGS__}, sizeof((const struct kv[]){__VA_ARGS__}) / sizeof(struct kv))

/* Printable ASCII kept, the rest as \xNN, quotes and backslash escaped; returns length. */
size_t escape_bytes(char *out, size_t cap, const void *p, size_t len);
/* The bytes of which that has made this text, but control characters, which stay escaped: it is still a text. Cut at
 * cap; returns length. */
size_t unescape_bytes(char *out, size_t cap, const char *text);

#endif
