/* A RADIUS datagram: parsed, walked, every value read as every kind, built again from what was read, and compared. Its
 * proofs are looked at and made, and what is hidden revealed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/aaa/radius_sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

static const struct view secret = {(const uint8_t *)"fuzz", 4};

static bool is_in(struct view part, struct view all)
{
	return part.p >= all.p && part.p + part.len <= all.p + all.len;
}

static void read_values(const struct radius_packet *p, const struct radius_attr *a)
{
	char text[RADIUS_VALUE_MAX + 1];
	uint8_t out[RADIUS_VALUE_MAX];
	struct wr w = wr_init(out, sizeof(out));
	struct prefix prefix;
	struct addr ip;
	uint32_t n;
	size_t len;

	MUST(a->value.len <= RADIUS_VALUE_MAX && a->whole.len <= RADIUS_VALUE_MAX + 2);
	MUST(is_in(a->whole, p->all) && (a->value.len == 0 || is_in(a->value, a->whole)));
	MUST(radius_u32(a, &n) == (a->value.len == 4));
	MUST(radius_ip4(a, &ip) == (a->value.len == 4) && radius_ip6(a, &ip) == (a->value.len == 16));
	if (radius_prefix6(a, &prefix))
		MUST(prefix.len <= 128 && a->value.len >= 2 && a->value.len <= 18);
	if (radius_text(a, text, sizeof(text)))
		MUST(strlen(text) == a->value.len);
	if (radius_reveal(secret, p->authenticator, a->value, out, sizeof(out), &len) == ST_OK)
		MUST(len + 3 <= a->value.len);
	(void)!radius_reveal_password(secret, p->authenticator, a->value, &w);
}

/* VSAs with several parts are copied as they stand, with their first part. */
static void rebuild(const struct radius_packet *p, struct wr *w)
{
	struct radius_cursor c = radius_begin(p->attrs);
	struct wr_mark m = radius_open(w, p->code, p->id);
	struct radius_attr a;
	const uint8_t *last = NULL;

	while (radius_next(&c, &a)) {
		read_values(p, &a);
		if (a.type != RADIUS_VENDOR_SPECIFIC)
			radius_put(w, a.type, a.value.p, a.value.len);
		else if (a.whole.p != last && a.vendor_type && a.whole.len == a.value.len + 8)
			radius_put_vsa(w, a.vendor, a.vendor_type, a.value.p, a.value.len);
		else if (a.whole.p != last)
			wr_bytes(w, a.whole.p, a.whole.len);
		last = a.whole.p;
	}
	wr_close16(w, m);
}

static void prove(struct wr *w)
{
	static const uint8_t request[RADIUS_AUTHENTICATOR] = {1, 2, 3};
	struct radius_packet p;

	if (radius_sign_request(secret, w->buf, w->len) == ST_OK) {
		MUST(radius_parse((struct view){w->buf, w->len}, &p) == ST_OK);
		MUST(radius_verify_request(secret, &p) == ST_OK);
	}
	if (radius_sign_reply(secret, request, w->buf, w->len) == ST_OK) {
		MUST(radius_parse((struct view){w->buf, w->len}, &p) == ST_OK);
		MUST(radius_verify_reply(secret, request, &p) == ST_OK);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t buf[RADIUS_MAX], eap[RADIUS_MAX];
	struct wr w = wr_init(buf, sizeof(buf));
	struct radius_packet p;
	size_t len = 0;

	if (radius_parse((struct view){data, size}, &p) != ST_OK)
		return 0;
	MUST(p.all.p == data && p.all.len <= size && p.all.len <= RADIUS_MAX && p.attrs.len + RADIUS_HEADER == p.all.len);
	rebuild(&p, &w);
	MUST(wr_ok(&w) && w.len == p.all.len);
	memcpy(buf + 4, p.authenticator, RADIUS_AUTHENTICATOR);
	MUST(memcmp(buf, data, w.len) == 0);
	if (radius_eap(p.attrs, eap, sizeof(eap), &len) == ST_OK)
		MUST(len <= p.attrs.len);
	(void)!radius_verify_request(secret, &p);
	(void)!radius_verify_reply(secret, p.authenticator, &p);
	prove(&w);
	return 0;
}
