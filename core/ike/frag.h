/* IKE fragmentation (RFC 7383): cutting a message and putting one together. Pure but for memory.
 *
 *   HDR, SK {P1 P2 P3}   ->   HDR, SKF 1/3 {..}   HDR, SKF 2/3 {..}   HDR, SKF 3/3 {..}
 *
 * A message that goes out in pieces is kept and handed on as its datagrams one after the other;
 * frag_next() finds them by the length in each IKE header. */
#ifndef CORE_IKE_FRAG_H
#define CORE_IKE_FRAG_H

#include "core/base/endpoint.h"
#include "core/crypto/sk.h"

/* Of one message. Some clients send fragments of 626 bytes whatever the message needs; 64 must be
 * accepted. */
#define FRAG_TOTAL_MAX 128
#define FRAG_BYTES_MAX 32768 /* of payloads in one message that is put together */
#define FRAG_CHUNK_MIN 32    /* payload bytes in a fragment, however small the MTU */
/* What a fragment adds to its payload bytes at most: header, SKF header, IV, padding, ICV. */
#define FRAG_OVERHEAD_MAX (28 + 8 + SK_IV_MAX + 16 + 32)

/* ---- sending ---- */

/* Longest IKE message, without a marker, whose IP datagram fits. mtu 0: 576 for IPv4, 1280 for
 * IPv6 (RFC 7383 2.5.1). */
size_t frag_room(uint32_t mtu, const struct endpoint *remote);
/* The same MTU less IP and UDP headers, as it is shown (R-FRG-14). */
uint32_t frag_mtu_in_use(uint32_t mtu, uint8_t family);

struct frag_cut {
	struct sk_key key;
	const uint8_t *hdr;  /* IKE header of the message, IKE_HDR_LEN bytes */
	uint8_t first;       /* type of the first payload */
	struct view plain;   /* the payloads; may not overlap the output */
	size_t room;         /* longest message */
	void (*random)(void *ctx, void *out, size_t len);
	void *ctx;
};
/* Appends the fragments to w, each with an IV of its own. ST_FRAGMENT_LIMIT: they would be too many;
 * ST_TRUNCATED: w is too small, its content must not be sent. */
enum status frag_split(const struct frag_cut *in, struct wr *w) MUST_USE;

/* The next datagram of what is kept; false: there is none left. */
bool frag_next(struct view *rest, struct view *one);

/* ---- receiving ---- */

struct frag_set; /* fragments of one message, each authenticated before it is added */

struct frag_head {
	uint32_t msgid;
	uint8_t exchange;
	uint8_t first;    /* next-payload field of the SKF; counts in number 1 only */
	uint16_t number;  /* 1..total */
	uint16_t total;
};

/* Would it be taken? set NULL: none so far. ST_OK; ST_EXISTS: it is there already;
 * ST_BAD_FRAGMENT: its total is smaller than that of the ones before it (RFC 7383 2.6);
 * ST_FRAGMENT_LIMIT: more fragments than FRAG_TOTAL_MAX. */
enum status frag_judge(const struct frag_set *set, const struct frag_head *h) MUST_USE;
/* Adds what it decrypted to. Fragments of another message, or of the same one cut finer, replace
 * what was there. ST_OK: complete; ST_PENDING: more to come; those of frag_judge; ST_FRAGMENT_LIMIT
 * for the bytes, too: the set is dropped; ST_NOMEM: not added. due_ms: when a new set is given up. */
enum status frag_add(struct frag_set **set, const struct frag_head *h, struct view plain,
	uint64_t due_ms) MUST_USE;
/* The payloads of a complete set, copied to out. ST_TRUNCATED: cap is too small. */
enum status frag_merge(const struct frag_set *set, uint8_t *out, size_t cap, uint8_t *first,
	struct view *plain) MUST_USE;
/* TIMER_NEVER for NULL. */
uint64_t frag_due_ms(const struct frag_set *set);
void frag_free(struct frag_set **set); /* wiped; it is NULL then */

#endif
