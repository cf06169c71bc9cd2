/* Packets out of tunnels, joined again before they are written to a TUN: consecutive segments of one
 * TCP connection, and datagrams of one UDP flow, become one large packet that the kernel cuts or
 * delivers whole. The order of the packets of a flow stays. Nothing is copied: a large packet is a list of pieces of
 * the packets that it is made of, which must stay where they are until it was taken.
 *
 * Only what cutting gives back byte for byte is joined: same heads but for lengths, checksums and IPv4
 * identification, and only after the checksums were found right, for they are made anew (the rules of
 * the kernel's GRO). */
#ifndef CORE_ESP_JOIN_H
#define CORE_ESP_JOIN_H

#include "core/esp/gso.h"
#include "core/esp/open.h"

#define JOIN_LARGE_MAX 256 /* packets to be written that are under way */
#define JOIN_PIECES_MAX 512 /* of all of them */
#define JOIN_SLOTS 64
#define JOIN_RUN_MAX 64 /* packets of one large one */

/* What the TUN takes. */
#define JOIN_TCP 1u
#define JOIN_UDP 2u

struct join_piece {
	uint8_t *p;
	uint16_t len;
	uint16_t next; /* index of the next piece + 1; 0: none */
};

struct join_large {
	void *out;           /* whom it is for */
	struct span first;   /* the packet that it begins with */
	uint8_t version;
	uint8_t proto;
	uint8_t upper_at;
	uint8_t head_len;    /* 0: not to be joined */
	bool is_open;        /* more may follow */
	bool is_checked;     /* the checksums of the first are right */
	bool has_push;       /* TCP: the last one has PSH */
	uint16_t n;          /* packets */
	uint16_t size;       /* payload of each but the last */
	uint16_t piece;      /* second and later payloads: index + 1 */
	uint16_t last;
	uint32_t next_seq;
	uint32_t payload_len;
};

struct join {
	size_t n;
	size_t n_pieces;
	struct join_large large[JOIN_LARGE_MAX];
	struct join_piece pieces[JOIN_PIECES_MAX];
	uint16_t slots[JOIN_SLOTS]; /* the newest of a flow: index + 1 */
};

/* Empty. Zeroed memory is empty, too. */
void join_reset(struct join *j);
/* ip: what ip_parse() said of the packet. kinds: JOIN_ bits. The GSO_HDR_LEN bytes before the packet belong to it.
 * False: no room; take all out, reset, and come again. */
bool join_add(struct join *j, void *out, unsigned kinds, struct span packet, const struct ip_info *ip);
/* Number i of n, in order, as pieces to be written one after the other; the first begins with the
 * words for the TUN. Gives how many, at most JOIN_RUN_MAX + 1. Once for each. */
size_t join_take(struct join *j, size_t i, struct view v[JOIN_RUN_MAX + 1]);

#endif
