/* A worker: one thread with its sockets, TUN queues, SAD and FIB; and what travels between it and
 * main. Workers never allocate (but map pages for the first key of a size), lock or format.
 *
 *   main --- ctl ---> worker    struct cmd: an order; it comes back by `done` when carried out
 *   main <-- done --- worker    and main frees what the order carried or took out
 *   main <--- up ---- worker    struct pkt: IKE messages and notices
 *   worker -- in ---> worker    struct pkt: packets for the SA's owner
 *   any ---- home --> worker    struct pkt: empty buffers back to the pool they are from
 *
 * All rings have one producer and one consumer: N * N pairs of `in` and `home`. */
#ifndef MODULES_DATA_WORKER_H
#define MODULES_DATA_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/base/list.h"
#include "core/base/ring.h"
#include "core/esp/join.h"
#include "core/esp/open.h"
#include "core/esp/policy.h"
#include "core/esp/too_big.h"
#include "modules/data/data.h"
#include "modules/data/order.h"
#include "modules/data/udp.h"

#define BUCKETS 256     /* low 8 bits of the inbound SPI */
#define POOL_PKTS 1024 /* buffers of one worker */
#define HAND_SLOTS 512 /* of them at most under way to one other worker */
#define UP_IKE_MAX 256  /* of them at most in main's hands */
#define UP_INIT_MAX (UP_IKE_MAX / 4) /* of which strangers may have so many */
#define UP_NOTICE_MAX 64
#define UP_BATCH 64     /* that main takes from one worker in one go, besides PKT_INIT */
#define CTL_SLOTS 16384 /* orders under way to one worker */
#define WORKER_SLOTS 256 /* of SAD and FIB at the beginning */
#define NOTICES_PER_S 10
#define NOTICE_SOURCES 16 /* sets of senders, by a hash of the address */
#define NOTICES_OF_SET 3  /* of those of one second */
#define TRAINS 4        /* SAs whose packets are gathered at a time */
#define TRAIN_ROOM (UDP_TRAIN_BYTES + 2048)
#define HELD_MAX 64     /* buffers whose packets wait to be written */

struct port_set; /* main's record, see owner.h */

enum port_kind {
	PORT_UDP, /* IKE and ESP at the port of NAT traversal */
	PORT_RAW, /* ESP without UDP */
	PORT_TUN
};

/* One socket or TUN queue as one worker sees it. */
struct port {
	struct list node;
	struct port_set *set; /* main's; not looked into */
	int fd;
	enum port_kind kind;
	uint8_t family;        /* sockets: 4 or 6 */
	struct endpoint local; /* sockets: address 0 = wildcard; RAW: port 0 */
	_Atomic int df;        /* sockets: enum port_df (mtu.h); main sets it to unknown */
	uint32_t tun;
	bool vnet_hdr;
	unsigned joins;        /* TUN: JOIN_ bits that it takes */
	bool cuts_not;         /* UDP: the kernel is given no trains to cut */
	bool client_to_client;
	bool multicast;        /* of clients is let through */
	bool dhcp;             /* of clients is answered */
	struct addr self;      /* IPv4 address of the TUN */
	uint32_t group;
	struct esp_tun judged; /* in the worker's tables when it has a group */
	uint64_t wanted_ms;    /* TUN: when main was told last that it is wanted */
};

struct sa_keys; /* expand.h */

/* The owner's half of an SA with what only a worker needs. */
struct worker_sa {
	struct esp_sa esp;
	struct sa_keys *keys;
	struct port *out; /* sends; NULL: no socket of that VRF and family */
	struct port *tun; /* delivers; NULL: the TUN went away */
	struct fit_wrap wrap;
	bool lost_told;
	bool wants_first;  /* main waits for the first packet */
	struct fit_path path;
	_Atomic uint64_t mtus; /* for main: path_mtu << 32 | media_mtu */
	uint64_t moved_ms; /* when main was told last that the peer is elsewhere */
	uint64_t dhcp_ms;  /* when main was asked last, 0: never */
	struct esp_policy *policy; /* NULL: everything passes; changed by CMD_SA_POLICY only */
	struct esp_meter *meter;   /* of the session on this worker */
	uint32_t share;            /* see limits.h */
};

/* Sealed packets of one SA that leave by one call: all of one length, but the last. */
struct train {
	struct worker_sa *sa; /* NULL: empty */
	uint8_t *room;        /* TRAIN_ROOM bytes */
	size_t len;
	size_t seg;
	size_t inner_len;     /* of all */
	unsigned n;
	struct marks marks;   /* of all */
	bool is_full;
	bool is_laid;         /* not sealed yet, see the worker's jobs */
};

struct worker_shared;
struct fan;
struct expanded;

struct worker {
	/* Written by others. */
	_Alignas(64) atomic_int nap; /* enum nap */
	struct ring ctl;
	struct ring *in;   /* [n] by sender */
	struct ring *home; /* [n + 1] by who returns; the last is main */
	/* Read by others. */
	struct ring done;
	struct ring up;
	struct stats stats;
	atomic_bool is_short; /* of buffers, see llq.c */
	/* Its own. */
	_Alignas(64) struct worker_shared *all;
	uint32_t index;
	int epoll_fd;
	int event_fd;
	pthread_t thread;
	struct esp_tables tables;
	struct pool pool;
	struct list ports;
	uint32_t ports_changed; /* counts: events in hand may name a port that is gone */
	size_t n_up;            /* buffers in main's hands */
	size_t n_up_init;       /* of them PKT_INIT */
	uint64_t to_wake;       /* bit per worker: was handed packets */
	uint64_t to_feed;       /* bit per worker: was given buffers back */
	bool wake_main;
	uint64_t now_ns;     /* CLOCK_MONOTONIC at the beginning of this turn */
	uint64_t notices_ms; /* start of the second in which notices_left counts */
	uint32_t notices_left;
	uint8_t notices_of[NOTICE_SOURCES];
	size_t udp_wants;       /* datagrams that are asked for in one call */
	struct train trains[TRAINS];
	struct esp_job jobs[TRAINS][UDP_TRAIN_MAX]; /* of a train that is laid */
	unsigned next_train;    /* the one that is emptied when another SA comes */
	uint8_t *train_room;
	struct join join;       /* opened packets on their way to a TUN */
	struct pkt *held[HELD_MAX]; /* where they are */
	size_t n_held;
	struct fan *fan;
	struct expanded *expanded;
	struct too_big_limit too_big;
	uint16_t cut_id; /* of the next packet that is cut against its DF bit */
	struct pkt_queue second, bulk; /* of llq.c */
	uint32_t judged;        /* counts changes of policies */
	struct udp_rx rx;
};

/* What all workers read and nobody changes while they run, but for the flags. */
struct worker_shared {
	struct worker *workers;
	uint32_t n;
	uint32_t rooms; /* for ciphers, that each worker may have of one size */
	bool wrong_steering;
	enum data_fan fan_out;
	uint8_t owner_of[BUCKETS];
	int main_fd; /* eventfd */
	atomic_bool stop;
	atomic_bool main_told;
	atomic_uint llq_sas; /* SAs whose policy has a priority: while there are some, bulk waits */
};

/* Zeroed memory with index and all set becomes a worker without thread; worker_fini also after a
 * failure. */
enum status worker_init(struct worker *w) MUST_USE;
void worker_fini(struct worker *w);
void *worker_main(void *w);
/* Any thread, after pushing something to it. */
void worker_wake(struct worker *w);
/* Main, after giving a buffer home. */
void worker_buffer_returned(struct worker *w);

/* For path.c. */
void worker_release(struct worker *w, struct pkt *k); /* to the pool it is from */
/* Passes the packet on; false: that worker's ring is full (still the caller's). */
bool worker_hand(struct worker *w, uint32_t to, struct pkt *k);
bool worker_send_up(struct worker *w, struct pkt *k, size_t max);
/* What was pushed since the last call is announced now: once a batch, not once a packet. */
void worker_announce(struct worker *w);
/* The order is carried out and nothing uses any more what it took out. */
void worker_return(struct worker *w, struct cmd *c);
/* Executes the orders that main has given until now. */
void worker_obey(struct worker *w);

#endif
