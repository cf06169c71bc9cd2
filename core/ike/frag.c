#include "core/ike/frag.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/timer.h"
#include "core/wire/payload.h"

#define IP4_LEN 20
#define IP6_LEN 40
#define UDP_LEN 8
#define MARKER_LEN 4
#define MTU_IP4 576
#define MTU_IP6 1280
#define IKE_PORT 500
#define LENGTH_AT 24 /* in the IKE header */
#define SK_AT IKE_HDR_LEN
#define IV_AT (SK_AT + PAYLOAD_HDR_LEN + SKF_HDR_LEN)

/* ---- sending ------------------------------------------------------------------------------------- */

uint32_t frag_mtu_in_use(uint32_t mtu, uint8_t family)
{
	uint32_t whole = mtu != 0 ? mtu : family == 6 ? MTU_IP6 : MTU_IP4;

	return whole - (family == 6 ? IP6_LEN : IP4_LEN) - UDP_LEN; /* at least 68 - 48 */
}

size_t frag_room(uint32_t mtu, const struct endpoint *remote)
{
	return frag_mtu_in_use(mtu, remote->addr.family) -
	       (remote->port == IKE_PORT ? 0 : MARKER_LEN);
}

static enum status put_fragment(const struct frag_cut *in, struct view chunk, uint16_t number,
	uint16_t total, struct wr *all)
{
	/* A message begins at 0 for sk_seal. */
	struct wr w = wr_init(all->buf + all->len, all->cap - all->len);
	struct payload_chain c = payload_chain_init(&w, IKE_HDR_NEXT_AT);
	uint8_t iv[SK_IV_MAX];
	struct wr_mark closed_by_seal;
	enum status st;

	wr_bytes(&w, in->hdr, IKE_HDR_LEN);
	closed_by_seal = payload_open(&c, PT_SKF);
	(void)closed_by_seal;
	wr_put_u8(&w, SK_AT, number == 1 ? in->first : PT_NONE);
	wr_u16(&w, number);
	wr_u16(&w, total);
	sk_begin(&in->key, &w);
	wr_bytes(&w, chunk.p, chunk.len);
	in->random(in->ctx, iv, in->key.encr->iv_len);
	st = sk_seal(&in->key, &w, SK_AT, IV_AT, iv);
	if (st == ST_OK)
		all->len += w.len;
	else
		all->bad = true;
	return st;
}

enum status frag_split(const struct frag_cut *in, struct wr *w)
{
	size_t chunk = in->room > IV_AT ? sk_plain_max(&in->key, in->room - IV_AT) : 0;
	struct rd r = rd_init(in->plain.p, in->plain.len);
	enum status st = ST_OK;
	size_t n;

	chunk = chunk < FRAG_CHUNK_MIN ? FRAG_CHUNK_MIN : chunk;
	n = in->plain.len == 0 ? 1 : (in->plain.len + chunk - 1) / chunk;
	if (n > FRAG_TOTAL_MAX)
		return ST_FRAGMENT_LIMIT;
	for (uint16_t i = 1; i <= n && st == ST_OK; i++)
		st = put_fragment(in, rd_bytes(&r, r.left < chunk ? r.left : chunk), i,
			(uint16_t)n, w);
	return st;
}

bool frag_next(struct view *rest, struct view *one)
{
	struct rd r = rd_init(rest->p, rest->len), length = r;
	size_t len;

	rd_skip(&length, LENGTH_AT);
	len = rd_u32(&length);
	if (!rd_ok(&length) || len < IKE_HDR_LEN || len > rest->len)
		len = rest->len; /* never of our own making */
	*one = rd_bytes(&r, len);
	*rest = rd_rest(&r);
	return one->len != 0;
}

/* ---- receiving ----------------------------------------------------------------------------------- */

struct piece {
	uint8_t *bytes; /* NULL: empty, or not there */
	uint16_t len;
	bool is_there;
};

struct frag_set {
	uint32_t msgid;
	uint8_t exchange;
	uint8_t first;
	uint16_t total;
	uint16_t n;      /* that are there */
	size_t bytes;
	uint64_t due_ms;
	struct piece v[]; /* total */
};

void frag_free(struct frag_set **at)
{
	struct frag_set *set = *at;

	if (set == NULL)
		return;
	for (size_t i = 0; i < set->total; i++)
		mem_free_secret(set->v[i].bytes, set->v[i].len);
	mem_free(set);
	*at = NULL;
}

uint64_t frag_due_ms(const struct frag_set *set)
{
	return set != NULL ? set->due_ms : TIMER_NEVER;
}

static bool is_same_message(const struct frag_set *set, const struct frag_head *h)
{
	return set != NULL && set->msgid == h->msgid && set->exchange == h->exchange;
}

enum status frag_judge(const struct frag_set *set, const struct frag_head *h)
{
	if (h->number == 0 || h->number > h->total)
		return ST_BAD_FRAGMENT;
	if (h->total > FRAG_TOTAL_MAX)
		return ST_FRAGMENT_LIMIT;
	if (!is_same_message(set, h) || h->total > set->total)
		return ST_OK;
	if (h->total < set->total)
		return ST_BAD_FRAGMENT;
	return set->v[h->number - 1].is_there ? ST_EXISTS : ST_OK;
}

static struct frag_set *set_new(const struct frag_head *h, uint64_t due_ms)
{
	struct frag_set *set = mem_new(sizeof(*set) + h->total * sizeof(set->v[0]));

	if (set == NULL)
		return NULL;
	set->msgid = h->msgid;
	set->exchange = h->exchange;
	set->total = h->total;
	set->due_ms = due_ms;
	return set;
}

static enum status add_piece(struct frag_set *set, const struct frag_head *h, struct view plain)
{
	struct piece *at = &set->v[h->number - 1];

	if (plain.len > 0) {
		at->bytes = mem_dup(plain.p, plain.len);
		if (at->bytes == NULL)
			return ST_NOMEM;
	}
	at->len = (uint16_t)plain.len;
	at->is_there = true;
	set->bytes += plain.len;
	set->n++;
	if (h->number == 1)
		set->first = h->first;
	return set->n == set->total ? ST_OK : ST_PENDING;
}

enum status frag_add(struct frag_set **at, const struct frag_head *h, struct view plain,
	uint64_t due_ms)
{
	enum status st = frag_judge(*at, h);
	struct frag_set *fresh;

	if (st != ST_OK)
		return st;
	if (!is_same_message(*at, h) || h->total != (*at)->total) {
		fresh = set_new(h, due_ms);
		if (fresh == NULL)
			return ST_NOMEM;
		frag_free(at);
		*at = fresh;
	}
	if (plain.len > FRAG_BYTES_MAX - (*at)->bytes) {
		frag_free(at);
		return ST_FRAGMENT_LIMIT;
	}
	return add_piece(*at, h, plain);
}

enum status frag_merge(const struct frag_set *set, uint8_t *out, size_t cap, uint8_t *first,
	struct view *plain)
{
	struct wr w = wr_init(out, cap);

	for (size_t i = 0; i < set->total; i++)
		wr_bytes(&w, set->v[i].bytes, set->v[i].len);
	*first = set->first;
	*plain = (struct view){out, w.len};
	return wr_ok(&w) ? ST_OK : ST_TRUNCATED;
}
