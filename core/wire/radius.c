#include "core/wire/radius.h"

#include <string.h>

#define ATTR_HEADER 2
#define VENDOR_LEN 4
#define PREFIX_HEADER 2 /* reserved, length in bits */

/* ---- reading ------------------------------------------------------------------------------ */

/* An attribute is a type, a length that counts both octets of its header, and the value. */
static struct view next_part(struct rd *r, uint8_t *type)
{
	uint8_t len;

	*type = rd_u8(r);
	len = rd_u8(r);
	if (len < ATTR_HEADER)
		r->bad = true;
	return rd_bytes(r, len < ATTR_HEADER ? 0 : (size_t)(len - ATTR_HEADER));
}

static bool are_parts(struct rd r)
{
	uint8_t type;

	while (rd_ok(&r) && r.left > 0)
		(void)next_part(&r, &type);
	return rd_ok(&r);
}

enum status radius_parse(struct view datagram, struct radius_packet *out)
{
	struct rd r = rd_init(datagram.p, datagram.len), body;
	struct view authenticator;
	uint16_t len;

	*out = (struct radius_packet){0};
	out->code = rd_u8(&r);
	out->id = rd_u8(&r);
	len = rd_u16(&r);
	authenticator = rd_bytes(&r, RADIUS_AUTHENTICATOR);
	if (!rd_ok(&r))
		return ST_TRUNCATED;
	if (len < RADIUS_HEADER || len > RADIUS_MAX)
		return ST_BAD_LENGTH;
	body = rd_sub(&r, (size_t)(len - RADIUS_HEADER));
	if (!rd_ok(&body))
		return ST_TRUNCATED;
	if (!are_parts(body))
		return ST_BAD_LENGTH;
	memcpy(out->authenticator, authenticator.p, RADIUS_AUTHENTICATOR);
	out->attrs = rd_rest(&body);
	out->all = (struct view){datagram.p, len};
	return ST_OK;
}

struct radius_cursor radius_begin(struct view attrs)
{
	return (struct radius_cursor){.attrs = rd_init(attrs.p, attrs.len)};
}

static void next_vendor_part(struct radius_cursor *c, struct radius_attr *out)
{
	*out = (struct radius_attr){.type = RADIUS_VENDOR_SPECIFIC, .vendor = c->vendor, .whole = c->whole};
	out->value = next_part(&c->parts, &out->vendor_type);
}

/* RFC 2865 5.26: the vendor, then attributes of the usual form, or what else the vendor likes. */
static void open_vendor(struct radius_cursor *c, struct view value, struct radius_attr *out)
{
	struct rd r = rd_init(value.p, value.len);

	out->vendor = rd_u32(&r);
	if (!rd_ok(&r))
		return;
	c->vendor = out->vendor;
	c->whole = out->whole;
	if (r.left > 0 && are_parts(r)) {
		c->parts = r;
		next_vendor_part(c, out);
	} else {
		out->value = rd_rest(&r);
	}
}

bool radius_next(struct radius_cursor *c, struct radius_attr *out)
{
	const uint8_t *from = c->attrs.p;

	*out = (struct radius_attr){0};
	if (rd_ok(&c->parts) && c->parts.left > 0) {
		next_vendor_part(c, out);
		return true;
	}
	if (!rd_ok(&c->attrs) || c->attrs.left == 0)
		return false;
	out->value = next_part(&c->attrs, &out->type);
	if (!rd_ok(&c->attrs))
		return false;
	out->whole = (struct view){from, (size_t)(c->attrs.p - from)};
	if (out->type == RADIUS_VENDOR_SPECIFIC)
		open_vendor(c, out->value, out);
	return true;
}

bool radius_find(struct view attrs, uint8_t type, struct radius_attr *out)
{
	struct radius_cursor c = radius_begin(attrs);

	while (radius_next(&c, out))
		if (out->type == type && type != RADIUS_VENDOR_SPECIFIC)
			return true;
	return false;
}

/* ---- values ------------------------------------------------------------------------------- */

bool radius_u32(const struct radius_attr *a, uint32_t *out)
{
	struct rd r = rd_init(a->value.p, a->value.len);

	*out = rd_u32(&r);
	return rd_done(&r);
}

static bool read_addr(const struct radius_attr *a, size_t len, struct addr *out)
{
	*out = (struct addr){0};
	if (a->value.len != len)
		return false;
	*out = addr_from(a->value.p, len);
	return true;
}

bool radius_ip4(const struct radius_attr *a, struct addr *out)
{
	return read_addr(a, 4, out);
}

bool radius_ip6(const struct radius_attr *a, struct addr *out)
{
	return read_addr(a, 16, out);
}

bool radius_prefix6(const struct radius_attr *a, struct prefix *out)
{
	struct rd r = rd_init(a->value.p, a->value.len);
	struct view octets;

	*out = (struct prefix){.addr = {.family = 6}};
	rd_skip(&r, PREFIX_HEADER - 1);
	out->len = rd_u8(&r);
	octets = rd_rest(&r);
	if (!rd_ok(&r) || out->len > 128 || octets.len > sizeof(out->addr.b))
		return false;
	if (octets.len > 0)
		memcpy(out->addr.b, octets.p, octets.len);
	prefix_mask(out);
	return true;
}

bool radius_text(const struct radius_attr *a, char *out, size_t cap)
{
	size_t len = a->value.len;

	if (len >= cap || (len > 0 && memchr(a->value.p, 0, len)))
		return false;
	if (len > 0)
		memcpy(out, a->value.p, len);
	out[len] = 0;
	return true;
}

enum status radius_eap(struct view attrs, uint8_t *out, size_t cap, size_t *len)
{
	struct radius_cursor c = radius_begin(attrs);
	struct wr w = wr_init(out, cap);
	struct radius_attr a;
	bool any = false;

	while (radius_next(&c, &a)) {
		if (a.type != RADIUS_EAP_MESSAGE)
			continue;
		any = true;
		wr_bytes(&w, a.value.p, a.value.len);
	}
	*len = wr_ok(&w) ? w.len : 0;
	if (!any)
		return ST_NOT_FOUND;
	return wr_ok(&w) ? ST_OK : ST_LIMIT;
}

/* ---- building ----------------------------------------------------------------------------- */

struct wr_mark radius_open(struct wr *w, uint8_t code, uint8_t id)
{
	size_t from = w->len;
	struct wr_mark m;

	wr_u8(w, code);
	wr_u8(w, id);
	m = wr_open16(w, from);
	wr_zeros(w, RADIUS_AUTHENTICATOR);
	return m;
}

static void put_header(struct wr *w, uint8_t type, size_t value_len)
{
	if (value_len > RADIUS_VALUE_MAX)
		w->bad = true;
	wr_u8(w, type);
	wr_u8(w, (uint8_t)(ATTR_HEADER + value_len));
}

void radius_put(struct wr *w, uint8_t type, const void *value, size_t len)
{
	put_header(w, type, len);
	wr_bytes(w, value, len);
}

void radius_put_unsigned(struct wr *w)
{
	put_header(w, RADIUS_MESSAGE_AUTHENTICATOR, RADIUS_AUTHENTICATOR);
	wr_zeros(w, RADIUS_AUTHENTICATOR);
}

/* How much of a text that is longer than max leaves no character of UTF-8 in halves. */
static size_t cut_text(const char *text, size_t len, size_t max)
{
	if (len <= max)
		return len;
	for (len = max; len > 0 && ((uint8_t)text[len] & 0xc0) == 0x80;)
		len--;
	return len;
}

void radius_put_text(struct wr *w, uint8_t type, const char *text)
{
	if (text[0])
		radius_put(w, type, text, cut_text(text, strlen(text), RADIUS_VALUE_MAX));
}

void radius_put_u32(struct wr *w, uint8_t type, uint32_t value)
{
	put_header(w, type, sizeof(value));
	wr_u32(w, value);
}

void radius_put_addr(struct wr *w, uint8_t type4, uint8_t type6, const struct addr *a)
{
	if (a->family)
		radius_put(w, a->family == 4 ? type4 : type6, a->b, addr_len(a));
}

static void put_vendor_header(struct wr *w, uint32_t vendor, uint8_t type, size_t value_len)
{
	put_header(w, RADIUS_VENDOR_SPECIFIC, VENDOR_LEN + ATTR_HEADER + value_len);
	wr_u32(w, vendor);
	put_header(w, type, value_len);
}

void radius_put_vsa(struct wr *w, uint32_t vendor, uint8_t type, const void *value, size_t len)
{
	put_vendor_header(w, vendor, type, len);
	wr_bytes(w, value, len);
}

void radius_put_vsa_u32(struct wr *w, uint32_t vendor, uint8_t type, uint32_t value)
{
	put_vendor_header(w, vendor, type, sizeof(value));
	wr_u32(w, value);
}

void radius_put_avpair(struct wr *w, const char *name, const char *value)
{
	char text[RADIUS_VSA_VALUE_MAX + 1];
	size_t name_len = strlen(name), room;

	if (name_len >= RADIUS_VSA_VALUE_MAX) {
		w->bad = true;
		return;
	}
	memcpy(text, name, name_len);
	text[name_len++] = '=';
	room = cut_text(value, strlen(value), RADIUS_VSA_VALUE_MAX - name_len);
	memcpy(text + name_len, value, room);
	radius_put_vsa(w, RADIUS_VENDOR_CISCO, RADIUS_CISCO_AVPAIR, text, name_len + room);
}

void radius_put_eap(struct wr *w, struct view packet)
{
	size_t at = 0;

	do {
		size_t piece = packet.len - at < RADIUS_VALUE_MAX ? packet.len - at : RADIUS_VALUE_MAX;

		radius_put(w, RADIUS_EAP_MESSAGE, piece ? packet.p + at : NULL, piece);
		at += piece;
	} while (at < packet.len);
}

const char *radius_attr_name(uint8_t type)
{
#define X(name, number, words)                                                                     \
	if (type == (number))                                                                      \
		return words;
	RADIUS_ATTR_LIST(X)
#undef X
	return NULL;
}
