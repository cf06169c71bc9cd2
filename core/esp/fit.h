/* What becomes of an inner packet that is too long for the path between the peers, and how long that
 * is (RFC 4301 section 8, RFC 4459). Pure.
 *
 *   inner packet | ESP trailer, ICV                         inner_len  <= room of the path MTU
 *   outer IP | UDP | ESP header, IV | ... encrypted ... |   as long as the path MTU at most
 *
 * Where it does not fit, in tunnel mode:
 *
 *   fragmentation       df-bit     DF of the inner packet   result
 *   before-encryption   any        0                        fragments, each sealed
 *   before-encryption   clear      1                        fragments, each sealed
 *   after-encryption    any        0                        sealed, sent in fragments
 *   after-encryption    clear      1                        sealed, sent in fragments
 *   any                 set, copy  1                        dropped, its sender is told the room
 *
 * The case that the seed of this table leaves out, after-encryption with copy and DF, is a drop: the
 * outer packet would have DF too. IPv6 has DF by nature (routers do not cut it), and nothing but its
 * sender can fragment it: with `clear` it is sealed and sent in fragments, otherwise its sender is told,
 * but never of less than 1280; up to that size it is always carried (RFC 2473 section 7.1).
 * Transport mode takes no fragments (RFC 4303 section 3.3.4), so there it is always after-encryption. */
#ifndef CORE_ESP_FIT_H
#define CORE_ESP_FIT_H

#include <stdbool.h>

#include "core/crypto/esp_aead.h"
#include "core/wire/ip.h"

#define FIT_MTU_START 1500 /* taken for the path until it is known */
#define FIT_MTU_MIN4 576
#define FIT_MTU_MIN6 1280
/* How long one look at a path is enough, while long packets go there, and when the kernel has refused
 * one of them. */
#define FIT_LOOK_MS 60000
#define FIT_DOUBT_MS 100

enum fit_df { FIT_DF_COPY, FIT_DF_SET, FIT_DF_CLEAR }; /* the outer DF bit */

/* What the configuration says, of one child. */
struct fit_rules {
	uint8_t df; /* enum fit_df */
	bool before;
	uint16_t mtu4, mtu6; /* of the tunnel for one family; 0: that of its device alone */
	uint16_t mss4, mss6; /* 0: left as it is */
};

/* What sealing and sending puts around an inner packet. */
struct fit_wrap {
	struct esp_shape shape;
	uint8_t family; /* outer: 4 or 6 */
	bool is_udp;
	bool is_transport; /* the inner IP header, of the outer family, is not carried (transport.h) */
};

/* The longest inner packet whose outer one has at most mtu bytes; 0: none. */
uint32_t fit_room(const struct fit_wrap *w, uint32_t mtu);

/* A path to one peer as its owner knows it. */
struct fit_path {
	uint32_t path_mtu, media_mtu; /* outer; media: of our own link */
	uint32_t room;                /* inner, of path_mtu */
	uint32_t floor;               /* inner: fits every path, so nothing need be known */
	uint64_t looked_ms;           /* when the path was looked at last */
	uint64_t wait_ms;             /* and how long after that it is again */
	bool is_whole;                /* transport mode: what is cut first is not carried */
	bool is_doubtful;             /* less was claimed than the smallest MTU: see fit_path_learn() */
};

/* Nothing is known; also when the way changes. */
void fit_path_init(struct fit_path *p, const struct fit_wrap *w);
/* Whether to look at the path before a packet of inner_len is judged. */
static inline bool fit_path_is_due(const struct fit_path *p, uint32_t inner_len, uint64_t now_ms)
{
	return inner_len > p->floor && now_ms >= p->looked_ms + p->wait_ms;
}
/* The outcome of a look; 0: it could not be had, and what was known stays. Less than the smallest MTU
 * of the family is not believed: anybody may claim it (RFC 4301 section 8.2.1). But the kernel believes it
 * and refuses what is longer and has DF, so nothing has DF then; a path that small needs none. */
void fit_path_learn(struct fit_path *p, const struct fit_wrap *w, uint32_t path_mtu, uint32_t media_mtu,
		    uint64_t now_ms);
/* The kernel refused a packet that should have fitted: the next look is soon. */
void fit_path_doubt(struct fit_path *p);

enum fit_act {
	FIT_SEND,   /* fits */
	FIT_BEFORE, /* cut into pieces of at most `len`, each sealed and sent */
	FIT_AFTER,  /* sealed whole; the outer packet is sent in fragments */
	FIT_TOO_BIG /* not sent; its sender is told that `len` would fit */
};

struct fit_verdict {
	enum fit_act act;
	bool df;      /* outer; of each packet that is sent */
	uint32_t len; /* inner */
};

/* len: of the packet, or of each segment of a super-packet. */
struct fit_verdict fit_judge(const struct fit_rules *r, const struct fit_path *p,
			     const struct ip_marks *ip, uint32_t len);

#endif
