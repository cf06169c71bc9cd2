#include "core/ike/cookie.h"

#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/base/wr.h"

#define INPUT_MAX (2 * (4 + 1 + 16 + 2) + 8 + 256)

bool cookie_is_stale(const struct cookie_jar *j, uint64_t now_ms)
{
	return !j->is_valid[0] || now_ms - j->made_ms >= COOKIE_PERIOD_MS;
}

void cookie_rotate(struct cookie_jar *j, const uint64_t random[4], uint64_t now_ms)
{
	/* A secret that nobody was given for two periods is not worth keeping. */
	bool keep = j->is_valid[0] && now_ms - j->made_ms < 2 * (uint64_t)COOKIE_PERIOD_MS;

	memcpy(j->secret[1], j->secret[0], sizeof(j->secret[1]));
	j->version[1] = j->version[0];
	j->is_valid[1] = keep;
	memcpy(j->secret[0], random, sizeof(j->secret[0]));
	j->version[0]++;
	j->is_valid[0] = true;
	j->made_ms = now_ms;
}

static void put_endpoint(struct wr *w, const struct endpoint *e)
{
	wr_u32(w, e->vrf);
	wr_u8(w, e->addr.family);
	wr_bytes(w, e->addr.b, sizeof(e->addr.b));
	wr_u16(w, e->port);
}

/* Two SipHash values under two halves of the secret: 128 bits, at the cost of one small message, so
 * that a flood is cheap to answer. */
static void make(const struct cookie_jar *j, int which, const struct cookie_input *in,
	uint8_t out[COOKIE_LEN])
{
	uint8_t buf[INPUT_MAX];
	struct wr w = wr_init(buf, sizeof(buf));
	struct wr o = wr_init(out, COOKIE_LEN);
	const uint64_t *s = j->secret[which];

	put_endpoint(&w, in->local);
	put_endpoint(&w, in->remote);
	wr_u64(&w, in->spi_i);
	wr_bytes(&w, in->ni.p, in->ni.len);
	wr_u8(&o, j->version[which]);
	wr_u64(&o, hash_sip(&(struct hash_key){s[0], s[1]}, buf, w.len));
	wr_u64(&o, hash_sip(&(struct hash_key){s[2], s[3]}, buf, w.len));
}

void cookie_make(const struct cookie_jar *j, const struct cookie_input *in, uint8_t out[COOKIE_LEN])
{
	make(j, 0, in, out);
}

bool cookie_verify(const struct cookie_jar *j, const struct cookie_input *in, struct view cookie)
{
	uint8_t want[COOKIE_LEN];

	if (cookie.len != COOKIE_LEN)
		return false;
	for (int i = 0; i < 2; i++) {
		if (!j->is_valid[i] || cookie.p[0] != j->version[i])
			continue;
		make(j, i, in, want);
		if (mem_eq_secret(want, cookie.p, COOKIE_LEN))
			return true;
	}
	return false;
}
