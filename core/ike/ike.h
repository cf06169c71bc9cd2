/* The IKEv2 engine's whole face, both roles (RFC 7296). One engine, one thread; it owns its IKE SAs and knows
 * nothing but its ports and the configuration snapshot.
 *   initiator                             responder
 *     IKE_SA_INIT  ------------------------>        job(dh)
 *             <------------------------ IKE_SA_INIT
 *     IKE_AUTH     ------------------------>        ask(hook) ask(keys) ask(authorize) ask(address)
 *                                                   install, commit, keep
 *             <------------------------ IKE_AUTH
 */
#ifndef CORE_IKE_IKE_H
#define CORE_IKE_IKE_H

#include "core/base/stats.h"
#include "core/ike/ports.h"

struct ike;
struct snapshot;

/* The engine keeps a reference to the snapshot. stats: the loop's own array, which it writes. NULL when out of memory. */
struct ike *ike_new(const struct ike_ports *ports, void *ctx, struct snapshot *conf, struct stats *stats);
/* What keep_keys was given last, before anything else. ST_BAD_PAYLOAD, ST_TRUNCATED: damaged, nothing changed. */
enum status ike_take_keys(struct ike *ike, struct view rec) MUST_USE;
/* Forgets everything without telling anybody (the frozen records stay): upgrade and tests. */
void ike_free(struct ike *ike);
/* New configuration: new exchanges use it, SAs keep what they resolved. */
void ike_set_conf(struct ike *ike, struct snapshot *conf);
/* Which topics go to the `trace` port: bits of trace.h; 0, as at first: none. */
void ike_set_trace(struct ike *ike, unsigned topics);

/* The secret that our tokens are made of (RFC 6290 5.1), the same for ever and on no other machine.
 * Without it there are none. */
#define IKE_TOKEN_SECRET 32
void ike_set_token_secret(struct ike *ike, const uint8_t secret[IKE_TOKEN_SECRET]);

/* CERTREQ of IKE_SA_INIT as responder (RFC 7296 3.7): SHA-1 hashes of the keys of all CAs that may have issued a
 * client's certificate, 20 octets each; empty: none is asked for. Copied. ST_NOMEM: the old ones stay. */
enum status ike_set_authorities(struct ike *ike, struct view hashes) MUST_USE;

/* One datagram, non-ESP marker already removed. Never fails: bad input is counted. */
void ike_on_datagram(struct ike *ike, const struct endpoint *local, const struct endpoint *remote,
		     const uint8_t *msg, size_t len);
void ike_on_time(struct ike *ike);
void ike_on_job(struct ike *ike, uint64_t number, const struct ike_job_result *result);
void ike_on_answer(struct ike *ike, uint64_t number, const struct ike_answer *answer);
void ike_on_commit(struct ike *ike, uint64_t number, enum status status);
/* From the data path, about once a second per child that saw traffic: monotonic ms of the last
 * authenticated inbound packet and the last outbound packet (0 = never). Feeds DPD. */
void ike_on_traffic(struct ike *ike, uint32_t spi_in, uint64_t last_in_ms, uint64_t last_out_ms);
/* From the data path, once a second: inner octets of the busier direction, and the last sequence
 * number used. At 80 to 90 of 100 parts of its volume, or of the numbers that there are without ESN,
 * a child is rekeyed; past its volume it has a minute for that (R-ISP: lifetimes by volume). */
void ike_on_volume(struct ike *ike, uint32_t spi_in, uint64_t octets, uint64_t sequence);
/* From the data path: authenticated ESP of this child came from another endpoint (a NAT gave the
 * peer a new mapping). Where the peer is behind a NAT, SA and children follow. */
void ike_on_moved(struct ike *ike, uint32_t spi_in, const struct endpoint *local,
		  const struct endpoint *remote);
/* From the data path: an ESP packet of len bytes whose SPI is not ours. Its sender is told, seldom. Ports
 * are 0 where it came without UDP. */
void ike_on_unknown_spi(struct ike *ike, uint32_t spi, size_t len, const struct endpoint *local,
			const struct endpoint *remote);
/* Addresses or routes of ours may have changed: SAs that do MOBIKE and that we began go by the way
 * there is (RFC 4555 3.5). */
void ike_on_paths_changed(struct ike *ike);
/* The child can no longer be used (sequence numbers used up): it goes, and the SA with its last one. */
void ike_on_child_lost(struct ike *ike, uint32_t spi_in, enum status why);
/* From the data path: there is data for the peers of an SA, and no child for it: those that went because
 * they were idle are made again. */
void ike_on_wanted(struct ike *ike, uint64_t sa);
/* After a thaw: children that the data path does not have are given up. */
typedef bool ike_has_child(void *ctx, uint32_t spi_in);
void ike_reconcile(struct ike *ike, ike_has_child *has, void *ctx);

#define IKE_MORE_MAX 7

/* Initiator. */
struct ike_connect {
	char profile[IKE_NAME_LEN];
	char peer_name[IKE_ID_LEN]; /* host name, for keyring lookup; may be "" */
	struct endpoint local;      /* addr family 0: any of the remote's family */
	struct endpoint remote;     /* port 500, or 4500 to start there */
	struct addr redirected_from; /* the gateway that sent us to this one; family 0: none */
	bool request_ip4;           /* CFG_REQUEST */
	bool request_ip6;
	bool is_flexvpn;            /* CFG_REQUEST also without an address (R-MCF-02), vendor ID */
	uint8_t n_networks;         /* of ours, that the peer is told of (R-MCF-19) */
	struct prefix networks[IKE_NETS_MAX];
	struct addr want_ip4;       /* those that we would like, because we had them; family 0: any */
	struct addr want_ip6;
	char ipsec_profile[IKE_NAME_LEN]; /* "" = default */
	uint32_t tun;               /* device for its traffic; 0: as the profile says */
	uint8_t n_local_ts;         /* 0 = any-any of both families */
	uint8_t n_remote_ts;
	struct ts local_ts[IKE_TS_MAX];
	struct ts remote_ts[IKE_TS_MAX];
	/* Further children, each of one pair; made when the first is there. */
	uint8_t n_more;
	struct ts more_local[IKE_MORE_MAX];
	struct ts more_remote[IKE_MORE_MAX];
};
/* Number of the new IKE SA in *sa; the outcome comes by tell. */
enum status ike_connect(struct ike *ike, const struct ike_connect *c, uint64_t *sa) MUST_USE;

/* The user of a profile takes leave: tickets that its ended SAs left behind go (RFC 5723 6.2). */
void ike_forget_tickets(struct ike *ike, const char *profile);
/* Ends an SA: DELETE is sent and waited for when established. */
enum status ike_close(struct ike *ike, uint64_t sa, enum status why) MUST_USE;
void ike_close_all(struct ike *ike, enum status why);
/* Rekeys an established SA now (RFC 7296 2.8): itself, or all its children. ST_NOT_FOUND,
 * ST_BAD_STATE. How it went is told. */
enum status ike_rekey(struct ike *ike, uint64_t sa, bool children) MUST_USE;
/* SAs not yet gone (a clean stop waits for 0). */
size_t ike_count(const struct ike *ike);
/* Negotiations in progress. */
size_t ike_half_open(const struct ike *ike);
/* Those that peers began. */
size_t ike_half_open_in(const struct ike *ike);

/* One frozen record back into an SA; windows resume conservatively, timers restart.
 * ST_BAD_PAYLOAD / ST_TRUNCATED: damaged, nothing changed. */
enum status ike_thaw(struct ike *ike, struct view rec) MUST_USE;
/* Numbers up to this one are of SAs that are gone and that somebody still shows: the next SA has a later one. */
void ike_skip_numbers(struct ike *ike, uint64_t last);
/* Does any thawed or live SA own this child? For the reconciliation after a thaw. */
bool ike_owns_child(const struct ike *ike, uint32_t spi_in);

/* ---- for show ------------------------------------------------------------------------------ */

struct ike_child_info {
	uint32_t spi_in;
	uint32_t spi_out;
	uint16_t encr_id;
	uint16_t encr_key_bits;
	uint16_t integ_id;
	bool esn;
	bool transport_mode;
	bool udp_encap;
	uint32_t tun;
	uint64_t up_ms; /* age */
	uint32_t lifetime_s;
	uint64_t lifetime_kb;
	uint32_t idle_limit_s; /* 0: none */
	uint64_t idle_ms;      /* since the last data */
	uint8_t n_local_ts;
	uint8_t n_remote_ts;
	struct ts local_ts[IKE_TS_MAX];
	struct ts remote_ts[IKE_TS_MAX];
};

#define IKE_CHILDREN_INFO 8

struct ike_sa_info {
	uint64_t sa;             /* engine's number: "Tunnel-id" is its low 32 bits */
	uint64_t spi_local;
	uint64_t spi_remote;
	bool we_are_initiator;
	bool is_established;
	const char *status;      /* IN-NEG, READY, DELETE (R-SHO-03) */
	const char *status_description;
	struct endpoint local;
	struct endpoint remote;
	struct ike_id my_id;
	struct ike_id peer_id;
	char profile[IKE_NAME_LEN];
	struct ulid session;
	uint16_t encr_id;
	uint16_t encr_key_bits;
	uint16_t prf_id;
	uint16_t integ_id;
	uint16_t dh_group;
	uint8_t auth_local;      /* RFC 7296 auth method numbers, 0 = unknown */
	uint8_t auth_remote;
	uint32_t lifetime_s;
	uint64_t active_ms;
	uint32_t next_request_out; /* message IDs */
	uint32_t next_request_in;
	uint32_t window_local;     /* requests that the peer may have open */
	uint32_t window_remote;    /* that we may */
	uint32_t dpd_interval_s;
	uint32_t dpd_retry_s;
	bool is_resumed;         /* with a ticket (RFC 5723) */
	bool has_ticket;         /* the peer gave us one, to resume this SA */
	bool nat_local;          /* we are behind NAT */
	bool nat_remote;         /* the peer is */
	bool frag_std;           /* fragmentation of RFC 7383 is in use, */
	bool frag_std_configured; /* or was configured when the SA was made */
	bool frag_cisco;
	bool frag_cisco_configured;
	uint32_t frag_mtu;       /* configured, without IP and UDP headers (R-FRG-14) */
	bool mobike;             /* both sides support it */
	bool used_ppk;           /* RFC 8784 */
	const char *peer_class;  /* "flexvpn" and so on; peer_class.h */
	struct ike_grant grant;
	uint8_t n_children;
	struct ike_child_info children[IKE_CHILDREN_INFO];
};

/* Walk: *cursor 0 at first; false at the end. The order is that of creation. */
bool ike_next_info(const struct ike *ike, uint64_t *cursor, struct ike_sa_info *out);

#endif
