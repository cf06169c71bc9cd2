/* Packet buffers. Each belongs to the pool of one worker, travels by rings, and comes back there.
 * A buffer takes the largest datagram or TUN packet; pages that no packet touched take no memory. */
#ifndef MODULES_DATA_POOL_H
#define MODULES_DATA_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/endpoint.h"
#include "core/esp/gso.h"

#define PKT_HEADROOM 128 /* for what sealing and virtio put in front */
#define PKT_MAX 65535     /* no datagram and no inner packet is longer */
#define PKT_TAILROOM 128 /* for padding and ICV behind the largest inner packet */

enum pkt_kind {
	PKT_ESP,    /* worker to worker: datagram for the owner of `spi` */
	PKT_INNER,  /* worker to worker: inner packet that child `spi` shall take, from TUN `tun` */
	PKT_IKE,    /* worker to main: message without marker */
	PKT_INIT,   /* the same, but it starts something: it has no responder's SPI yet */
	PKT_NOTICE, /* worker to main: no bytes; `why` */
	PKT_FIRST,  /* worker to main: no bytes; a receive-only SA `spi` got its first packet */
	PKT_MOVED,  /* worker to main: no bytes; SA `spi` is heard at other addresses */
	PKT_WANTED, /* worker to main: no bytes; there is a packet for TUN `tun`, and no way for it */
	PKT_DHCP,   /* worker to main: what the client of SA `spi` asks, with its IP header */
	PKT_LOST    /* worker to main: no bytes; SA `spi` is of no use any more, `why` */
};

struct pkt {
	uint8_t *room; /* PKT_HEADROOM + PKT_MAX + PKT_TAILROOM bytes */
	uint8_t *p;
	size_t len;
	enum pkt_kind kind;
	enum status why;
	uint32_t home; /* number of the worker whose pool it is from */
	uint32_t spi;
	uint32_t tun;
	uint8_t tos;        /* datagrams: of the outer header */
	uint16_t seg;       /* datagrams: several of this length, the last may be shorter; 0: one */
	struct gso_hdr gso; /* inner packets: how they are to be cut */
	struct pkt *next; /* in a queue of its owner */
	uint8_t class;    /* PKT_INNER, judged: see struct esp_verdict */
	uint8_t priority;
	uint32_t judged;  /* when that was: worker.judged */
	bool detoured; /* wrong steering: has been on a foreign worker */
	bool rerouted; /* its child went away on the way: routed once more, never twice */
	struct endpoint local, remote; /* datagrams and notices */
};

/* What a packet is sent with, and all others of its train. */
struct marks {
	uint8_t tos;  /* outer */
	bool df;      /* see long_set_df() */
	bool is_long; /* more than the path takes: in fragments */
};

struct pkt_queue {
	struct pkt *first, *last;
	size_t n, bytes;
};

struct pool {
	struct pkt **free; /* stack */
	size_t n_free;
	size_t count;
	size_t low;       /* fewest that were free since the last rest */
	size_t clean;     /* so many at the bottom of the stack have no pages, if none was taken since */
	uint64_t rest_ms; /* when that was */
	struct pkt *pkts;
	uint8_t *pages;
};

enum status pool_init(struct pool *p, size_t count, uint32_t home) MUST_USE;
void pool_fini(struct pool *p);
struct pkt *pool_get(struct pool *p); /* NULL: none left; p and len are of an empty packet */
void pool_put(struct pool *p, struct pkt *k);
/* For a worker that has nothing to do: at most once in POOL_REST_MS the pages of buffers that were not needed
 * since the last time go back to the kernel, so that a burst does not stay in memory for ever. */
#define POOL_REST_MS 5000
void pool_rest(struct pool *p, uint64_t now_ms);
bool pool_wants_rest(const struct pool *p); /* may there be pages to give back? */

/* Whole pages, zeroed, aligned for everything, left out of core dumps; NULL: out of memory. */
void *pages_new(size_t len);
void pages_free(void *p, size_t len);
/* Their memory goes back to the kernel, the pages stay: zeroed when they are touched again, unless they are locked
 * and the kernel is older than 5.18, which leaves them as they are. */
void pages_rest(void *p, size_t len);

#endif
