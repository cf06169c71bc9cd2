#include "core/wire/cp.h"

#include <stddef.h>

#define TYPE_MASK 0x7fff /* the top bit is reserved, ignored on receipt */

struct attr_row {
	uint16_t type;
	uint8_t form;
	const char *name;
};

static const struct attr_row rows[] = {
#define X(name, number, form, words) {number, CPF_##form, words},
	CPA_LIST(X)
#undef X
};

static const struct attr_row *row_of(uint16_t type)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].type == type)
			return &rows[i];
	}
	return NULL;
}

const char *cp_attr_name(uint16_t type)
{
	const struct attr_row *row = row_of(type);

	return row ? row->name : "unknown";
}

enum status cp_parse(struct view body, struct cp *out)
{
	struct rd r = rd_init(body.p, body.len);
	struct cp_attr a;
	struct rd walk;

	out->type = rd_u8(&r);
	rd_skip(&r, 3);
	out->attrs = rd_rest(&r);
	if (!rd_ok(&r))
		return ST_TRUNCATED;
	if (out->type < CP_REQUEST || out->type > CP_ACK)
		return ST_BAD_PAYLOAD;
	walk = cp_attrs(out);
	while (cp_next(&walk, &a))
		continue;
	return rd_done(&walk) ? ST_OK : ST_TRUNCATED;
}

struct rd cp_attrs(const struct cp *cp)
{
	return rd_init(cp->attrs.p, cp->attrs.len);
}

/* Reads a value of NET4 or IP6_LEN; false when the bytes are no such value. */
static bool take_prefix(struct view v, uint8_t form, struct prefix *out)
{
	struct rd r = rd_init(v.p, v.len);
	struct view a = rd_bytes(&r, form == CPF_NET4 ? 4 : 16);
	struct view m;
	struct addr mask;

	out->addr = addr_from(a.p, a.len);
	if (form == CPF_NET4) {
		m = rd_bytes(&r, 4);
		mask = addr_from(m.p, m.len);
		return rd_done(&r) && mask_to_len(&mask, &out->len) == ST_OK;
	}
	out->len = rd_u8(&r);
	return rd_done(&r) && out->len <= 128;
}

static bool has_form(struct view v, uint8_t form)
{
	struct prefix p;

	switch (form) {
	case CPF_IP4:
	case CPF_U32: return v.len == 4;
	case CPF_IP6: return v.len == 16;
	case CPF_U16S: return v.len % 2 == 0;
	case CPF_NET4:
	case CPF_IP6_LEN: return take_prefix(v, form, &p);
	default: return true;
	}
}

bool cp_next(struct rd *r, struct cp_attr *out)
{
	const struct attr_row *row;

	if (r->bad || r->left == 0)
		return false;
	out->type = rd_u16(r) & TYPE_MASK;
	out->value = rd_bytes(r, rd_u16(r));
	row = row_of(out->type);
	out->is_valid = !row || out->value.len == 0 || has_form(out->value, row->form);
	return rd_ok(r);
}

/* The form of an attribute that has a value of it; CPF_BYTES when there is none. */
static uint8_t form_of(const struct cp_attr *a)
{
	const struct attr_row *row = row_of(a->type);

	return row && a->is_valid && a->value.len ? row->form : CPF_BYTES;
}

bool cp_attr_addr(const struct cp_attr *a, struct addr *out)
{
	struct prefix p;

	switch (form_of(a)) {
	case CPF_IP4:
	case CPF_IP6:
		*out = addr_from(a->value.p, a->value.len);
		return true;
	case CPF_NET4:
	case CPF_IP6_LEN:
		if (!cp_attr_prefix(a, &p))
			return false;
		*out = p.addr;
		return true;
	default:
		return false;
	}
}

bool cp_attr_prefix(const struct cp_attr *a, struct prefix *out)
{
	uint8_t form = form_of(a);

	return (form == CPF_NET4 || form == CPF_IP6_LEN) && take_prefix(a->value, form, out);
}

void cp_build_head(struct wr *w, enum cp_type type)
{
	wr_u8(w, (uint8_t)type);
	wr_zeros(w, 3);
}

void cp_put(struct wr *w, uint16_t type, const void *value, size_t len)
{
	struct wr_mark m;

	wr_u16(w, type);
	m = wr_open16(w, w->len + 2);
	wr_bytes(w, value, len);
	wr_close16(w, m);
}

void cp_put_addr(struct wr *w, uint16_t type, const struct addr *a)
{
	cp_put(w, type, a->b, addr_len(a));
}

void cp_put_prefix(struct wr *w, uint16_t type, const struct prefix *p)
{
	struct wr_mark m;
	struct addr mask;

	wr_u16(w, type);
	m = wr_open16(w, w->len + 2);
	wr_bytes(w, p->addr.b, addr_len(&p->addr));
	if (p->addr.family == 4) {
		mask = len_to_mask4(p->len);
		wr_bytes(w, mask.b, 4);
	} else {
		wr_u8(w, p->len);
	}
	wr_close16(w, m);
}
