#include "core/eap/ttls_avp.h"

#define FLAG_VENDOR 0x80
#define MICROSOFT   311
#define AVPS_MAX    32 /* AVPs of one message */

static const struct {
	uint32_t vendor; /* 0: none */
	uint32_t code;
} known[TTLS__AVPS] = {
	[TTLS_USER_NAME] = {0, 1},
	[TTLS_USER_PASSWORD] = {0, 2},
	[TTLS_EAP_MESSAGE] = {0, 79},
	[TTLS_MS_CHALLENGE] = {MICROSOFT, 11}, /* RFC 2548 2.1.2 */
	[TTLS_MS2_RESPONSE] = {MICROSOFT, 25},
	[TTLS_MS2_SUCCESS] = {MICROSOFT, 26},
};

struct avp {
	uint32_t code;
	uint32_t vendor;
	uint8_t flags;
	struct view value;
};

/* The length counts the header and not the padding; the last AVP of a message is padded like the
 * others (10.2), but some clients leave that out. */
static bool avp_parse(struct rd *r, struct avp *out)
{
	uint32_t word, header = 8;

	out->code = rd_u32(r);
	word = rd_u32(r);
	out->flags = (uint8_t)(word >> 24);
	out->vendor = 0;
	if (out->flags & FLAG_VENDOR) {
		out->vendor = rd_u32(r);
		header = 12;
	}
	word &= 0xffffff;
	if (!rd_ok(r) || word < header)
		return false;
	out->value = rd_bytes(r, word - header);
	if (word % 4 != 0 && r->left > 0)
		rd_skip(r, 4 - word % 4);
	return rd_ok(r);
}

static enum status keep(const struct avp *a, struct ttls_avps *out)
{
	for (int i = 0; i < TTLS__AVPS; i++) {
		if (known[i].code != a->code || known[i].vendor != a->vendor)
			continue;
		if (out->has[i])
			return ST_BAD_PAYLOAD;
		out->has[i] = true;
		out->value[i] = a->value;
		return ST_OK;
	}
	return a->flags & TTLS_AVP_MANDATORY ? ST_BAD_PAYLOAD : ST_OK;
}

enum status ttls_avps_parse(struct view bytes, struct ttls_avps *out)
{
	struct rd r = rd_init(bytes.p, bytes.len);
	struct view *password = &out->value[TTLS_USER_PASSWORD];
	struct avp a;

	*out = (struct ttls_avps){0};
	for (int n = 0; r.left > 0; n++) {
		enum status st;

		if (n == AVPS_MAX || !avp_parse(&r, &a))
			return ST_BAD_LENGTH;
		st = keep(&a, out);
		if (st != ST_OK)
			return st;
	}
	while (password->len > 0 && password->p[password->len - 1] == 0)
		password->len--;
	return ST_OK;
}

void ttls_avp_put(struct wr *w, enum ttls_avp which, struct view value)
{
	uint32_t vendor = known[which].vendor, header = vendor ? 12 : 8;
	uint32_t flags = TTLS_AVP_MANDATORY | (vendor ? FLAG_VENDOR : 0);

	if (value.len > 0xffff) {
		w->bad = true;
		return;
	}
	wr_u32(w, known[which].code);
	wr_u32(w, flags << 24 | (header + (uint32_t)value.len));
	if (vendor)
		wr_u32(w, vendor);
	wr_bytes(w, value.p, value.len);
	wr_zeros(w, (4 - value.len % 4) % 4);
}
