/* The data path: worker threads with their UDP and TUN queues.
 * Main (loop thread) calls everything here; workers are fed by rings and give objects back by
 * rings. Nothing is shared but counters and struct esp_rt. */
#ifndef MODULES_DATA_DATA_H
#define MODULES_DATA_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/endpoint.h"
#include "core/base/rd.h"
#include "core/base/stats.h"
#include "core/base/ulid.h"
#include "core/esp/fit.h"
#include "core/esp/rt.h"
#include "core/wire/ts.h"

#define DATA_TS_MAX 16
#define DATA_WORKERS_MAX 64

struct data;
struct esp_meter;
struct esp_policy;

/* May workers cipher for each other when one SA is more than its owner's core can do? AUTO: when there
 * seems to be a core for it. */
enum data_fan { DATA_FAN_AUTO, DATA_FAN_OFF, DATA_FAN_ALWAYS };

struct data_config {
	uint32_t workers;       /* 1..DATA_WORKERS_MAX */
	struct esp_rt *rt;      /* run-time slots in the holder's memory */
	uint32_t rt_slots;      /* of them there now: those behind are not touched before data_slots_raise() */
	uint32_t rt_slots_max;  /* less than rt_slots: no more than those */
	enum data_fan fan_out;
	bool no_offload;        /* no large packets from or to the kernel */
	bool wrong_steering;    /* the bucket table is rotated on purpose: every packet lands on a foreign worker */
	/* Loop side, called from data_poll(): */
	void (*on_ike)(void *ctx, const struct endpoint *local, const struct endpoint *remote,
		       const uint8_t *msg, size_t len); /* from port 4500, marker removed */
	void (*on_lost)(void *ctx, uint32_t spi_in, enum status why); /* e.g. ST_ESP_SEQ_END */
	/* Rate-limited: unknown SPI, replay. len: of the ESP packet. */
	void (*on_notice)(void *ctx, enum status what, uint32_t spi, size_t len,
			  const struct endpoint *local, const struct endpoint *remote);
	/* The newest authentic packet of an SA came from or to another address than the SA has (RFC
	 * 7296 section 2.23); whether to follow is IKE's to judge: data_sa_move(). At most once a
	 * second and SA. May be NULL. */
	void (*on_moved)(void *ctx, uint32_t spi_in, const struct endpoint *local,
			 const struct endpoint *remote);
	/* A packet to one host was read from a TUN without a group, and there was no SA for it. At most once
	 * a second for each worker and TUN. May be NULL. */
	void (*on_wanted)(void *ctx, uint32_t tun);
	/* DHCP of a client, as it came out of its SA: one IPv4 packet with UDP to port 67. At most once a second
	 * and SA. May be NULL. */
	void (*on_dhcp)(void *ctx, uint32_t spi_in, const uint8_t *packet, size_t len);
	void *ctx;
};

/* One SA pair. Copied. */
struct data_sa {
	uint64_t owner;         /* IKE SA number: client-to-client is judged by owner */
	struct ulid session;
	uint32_t tun;
	uint32_t spi_in;
	uint32_t spi_out;
	uint16_t encr_id, encr_key_bits, integ_id;
	bool esn, transport_mode, udp_encap;
	/* The responder's half of a rekey (RFC 7296 section 2.8): no packet leaves through this SA
	 * until one came in, or until data_sa_use(); the predecessor carries on. Not frozen. */
	bool receive_only;
	uint16_t replay_window;
	struct fit_rules fit; /* for packets that are too long */
	/* What its session may send and receive; NULL: everything. A reference is taken. Not frozen: a thaw
	 * gives what the configuration says then, with full buckets. */
	struct esp_policy *policy;
	struct endpoint local, remote;
	uint16_t key_in_len, key_out_len;
	uint8_t key_in[160], key_out[160];
	uint8_t n_local_ts, n_remote_ts;
	struct ts local_ts[DATA_TS_MAX], remote_ts[DATA_TS_MAX];
};

/* Starts the worker threads. NULL: out of memory or threads. */
struct data *data_new(const struct data_config *config);
/* Stops and joins the workers, frees all objects; the rt slots stay as they are. */
void data_free(struct data *d);

/* File descriptor that becomes readable when data_poll() has something to do. */
int data_fd(const struct data *d);
void data_poll(struct data *d);

/* Listening socket for UDP 4500 (one per worker, same address, SO_REUSEPORT); the descriptors
 * become data's (it closes them on removal, when the last worker has let go of them; after a failure
 * they are still the caller's). Worker i gets fds[i]; bound in this order, the kernel steers ESP to
 * the socket of the owner. ST_CONFIG, ST_EXISTS, ST_IO, ST_INSTALL (too many orders under way: try
 * again), ST_NOMEM; removal: ST_NOT_FOUND. local.addr family 0 with `family` 4 or 6 = wildcard. */
enum status data_add_udp(struct data *d, const struct endpoint *local, uint8_t family, const int *fds) MUST_USE;
enum status data_del_udp(struct data *d, const struct endpoint *local, uint8_t family) MUST_USE;
/* The same for ESP without UDP: raw sockets of protocol 50, whose filter is replaced. local.port is 0. */
enum status data_add_raw(struct data *d, const struct endpoint *local, uint8_t family, const int *fds) MUST_USE;
enum status data_del_raw(struct data *d, const struct endpoint *local, uint8_t family) MUST_USE;
/* Can an SA at this address (family 0: any of the host's) travel without UDP? Its port does not count. */
bool data_has_raw(const struct data *d, const struct endpoint *local, uint8_t family);
struct data_tun {
	uint32_t number;
	/* Devices of one group reach each other through the kernel (one inner VRF): a client of one
	 * reaches a client of another only when both permit it. 0: its peers are no clients. */
	uint32_t group;
	bool vnet_hdr; /* IFF_VNET_HDR is set */
	bool client_to_client;
	bool multicast; /* of clients is let through; there is no limit for what has no group */
	bool dhcp;      /* of clients, to all or to `self`, is on_dhcp()'s */
	struct addr self; /* IPv4 address of the device; family 0: none */
};
/* A TUN device with one queue per worker (IFF_NO_PI | IFF_MULTI_QUEUE). */
enum status data_add_tun(struct data *d, const struct data_tun *tun, const int *fds) MUST_USE;
enum status data_del_tun(struct data *d, uint32_t tun) MUST_USE;
/* Large packets that the kernel gives and takes there: "TCP, UDP", "TCP" or "none". */
const char *data_tun_offloads(const struct data *d, uint32_t tun);

/* Adds the SA to the owner's SAD and to every worker's FIB (remote selectors); of equal prefixes the
 * SA added last is used. ST_INSTALL when no rt slot or ring room is left, ST_CONFIG for what the data
 * path does not have (transforms, transport mode in UDP) and for selectors of more than 256
 * prefixes, ST_NOMEM, ST_EXISTS. After it returns, packets caused by a later send find the SA.
 * `thawed` resumes the rt slot that carries this spi_in (outbound sequence skipped by 2^16) instead
 * of taking a fresh one; without such a slot ST_INSTALL, because numbers could come twice.
 * A rekeyed SA whose spi_in has the low 8 bits of its predecessor's stays with the same worker, so
 * that no packet of a flow overtakes another. */
enum status data_sa_add(struct data *d, const struct data_sa *sa, bool thawed) MUST_USE;
enum status data_sa_move(struct data *d, uint32_t spi_in, const struct endpoint *local,
			 const struct endpoint *remote, bool udp_encap) MUST_USE;
/* Routes packets to an SA that was added receive_only. ST_OK also when it is so already. */
enum status data_sa_use(struct data *d, uint32_t spi_in) MUST_USE;
/* Nothing leaves through it from now on, and it is never taken into use again; what comes in by it is
 * still taken. Nothing happens when there is none. */
void data_sa_unuse(struct data *d, uint32_t spi_in);
/* The policy of the session that this SA is of, from now on and for all its SAs (NULL: none): within
 * one turn of the workers that have them, nothing else is disturbed. Counters and buckets go on
 * while the new policy has as many classes as the old one. A reference is taken. ST_NOT_FOUND, ST_NOMEM
 * (the old one stays). */
enum status data_sa_policy(struct data *d, uint32_t spi_in, struct esp_policy *policy) MUST_USE;
/* Policy and meter of an SA, for their counters, until the next call; SAs of one session with one
 * worker have the same meter. False: there is none. */
bool data_sa_limits(const struct data *d, uint32_t spi_in, const struct esp_policy **policy,
		    const struct esp_meter **meter);
void data_sa_del(struct data *d, uint32_t spi_in);
/* So many rt slots are there from now on; fewer than before changes nothing. */
void data_slots_raise(struct data *d, uint32_t rt_slots);
/* How many new SAs still find one, those not counted that wait for an SA to be resumed. */
uint32_t data_slots_free(const struct data *d);
bool data_sa_has(const struct data *d, uint32_t spi_in);
/* Its local selectors; 0: unknown. They live as long as it does. */
size_t data_sa_local(const struct data *d, uint32_t spi_in, const struct ts **out);
/* An inner packet of ours through it; selectors are not looked at. ST_NOT_FOUND, ST_INSTALL (many orders
 * under way), ST_NOMEM. */
enum status data_send_inner(struct data *d, uint32_t spi_in, const uint8_t *packet, size_t len) MUST_USE;
/* The live counters of an SA; NULL when unknown. */
const struct esp_rt *data_sa_rt(const struct data *d, uint32_t spi_in);
/* What its owner knows of the way to the peer; false when unknown. */
bool data_sa_mtu(const struct data *d, uint32_t spi_in, uint32_t *path_mtu, uint32_t *media_mtu);

/* Frozen record of one SA (spec with keys) and back; pure. */
size_t data_sa_freeze(const struct data_sa *sa, uint8_t *out, size_t cap); /* 0: does not fit */
/* ST_TRUNCATED, ST_BAD_PAYLOAD: damaged; ST_BAD_VERSION. */
enum status data_sa_thaw(struct view rec, struct data_sa *out) MUST_USE;

/* Adds the counters of all workers to dst (private to the caller). */
void data_stats(const struct data *d, struct stats *dst);
/* Send an IKE message from port 4500 of `local` (marker added) on the loop's behalf. */
enum status data_send_ike(struct data *d, const struct endpoint *local, const struct endpoint *remote,
			  const uint8_t *msg, size_t len) MUST_USE;
/* One NAT keepalive (RFC 3948 2.3) from port 4500 of `local`. ST_NOT_FOUND, ST_OUT_SEND as above. */
enum status data_send_keepalive(struct data *d, const struct endpoint *local,
				const struct endpoint *remote) MUST_USE;

#endif
