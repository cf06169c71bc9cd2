#include "core/wire/eap.h"

#define VENDOR_IETF 0

/* The expanded header after its type (RFC 3748 5.7): vendor (3), vendor type (4). */
static enum status parse_expanded(struct rd *r, struct eap_packet *out)
{
	uint32_t high = rd_u8(r);

	out->is_expanded = true;
	out->vendor = high << 16 | rd_u16(r);
	out->vendor_type = rd_u32(r);
	if (!rd_ok(r))
		return ST_EAP_MALFORMED;
	/* Types of the IETF may be written either way, and are the same. */
	if (out->vendor == VENDOR_IETF) {
		if (out->vendor_type == 0 || out->vendor_type >= EAP_EXPANDED)
			return ST_EAP_MALFORMED;
		out->type = (uint8_t)out->vendor_type;
	}
	return ST_OK;
}

enum status eap_parse(struct view bytes, struct eap_packet *out)
{
	struct rd r = rd_init(bytes.p, bytes.len), body;
	uint16_t len;

	*out = (struct eap_packet){0};
	out->code = rd_u8(&r);
	out->id = rd_u8(&r);
	len = rd_u16(&r);
	if (!rd_ok(&r))
		return ST_TRUNCATED;
	if (len < EAP_HEADER_LEN || out->code < EAP_CODE_REQUEST || out->code > EAP_CODE_FAILURE)
		return ST_EAP_MALFORMED;
	body = rd_sub(&r, len - EAP_HEADER_LEN);
	if (!rd_ok(&body))
		return ST_TRUNCATED;
	if (out->code == EAP_CODE_SUCCESS || out->code == EAP_CODE_FAILURE) {
		out->data = rd_rest(&body);
		return ST_OK;
	}
	if (!rd_done(&r))
		return ST_TRAILING;
	out->type = rd_u8(&body);
	if (!rd_ok(&body) || out->type == 0)
		return ST_EAP_MALFORMED;
	if (out->type == EAP_EXPANDED) {
		enum status st = parse_expanded(&body, out);

		if (st != ST_OK)
			return st;
	}
	out->data = rd_rest(&body);
	return ST_OK;
}

static struct wr_mark open_header(struct wr *w, uint8_t code, uint8_t id)
{
	size_t from = w->len;

	wr_u8(w, code);
	wr_u8(w, id);
	return wr_open16(w, from);
}

struct wr_mark eap_open(struct wr *w, uint8_t code, uint8_t id, uint8_t type)
{
	struct wr_mark m = open_header(w, code, id);

	wr_u8(w, type);
	return m;
}

struct wr_mark eap_open_expanded(
	struct wr *w, uint8_t code, uint8_t id, uint32_t vendor, uint32_t vendor_type)
{
	struct wr_mark m = eap_open(w, code, id, EAP_EXPANDED);

	wr_u8(w, (uint8_t)(vendor >> 16));
	wr_u16(w, (uint16_t)vendor);
	wr_u32(w, vendor_type);
	return m;
}

void eap_build_end(struct wr *w, uint8_t code, uint8_t id)
{
	wr_close16(w, open_header(w, code, id));
}

size_t eap_nak_types(const struct eap_packet *p, uint8_t *types, size_t max)
{
	struct rd r = rd_init(p->data.p, p->data.len);
	size_t n = 0;

	while (r.left > 0 && n < max) {
		uint8_t type = rd_u8(&r);

		/* Each entry of an expanded Nak is a whole expanded type (5.3.2). */
		if (p->is_expanded) {
			uint32_t vendor = (uint32_t)rd_u8(&r) << 16;
			uint32_t inner;

			vendor |= rd_u16(&r);
			inner = rd_u32(&r);
			if (!rd_ok(&r) || type != EAP_EXPANDED)
				return 0;
			type = vendor == VENDOR_IETF && inner < EAP_EXPANDED ? (uint8_t)inner : 0;
		}
		if (type != 0)
			types[n++] = type;
	}
	return n;
}
