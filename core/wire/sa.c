#include "core/wire/sa.h"

#define LAST 0
#define MORE_PROPOSALS 2
#define MORE_TRANSFORMS 3
#define ATTR_TV 0x8000
#define ATTR_KEY_LENGTH 14

/* Attributes up to the end of the transform. What is not understood makes the transform unusable;
 * only a broken frame is an error. */
static enum status parse_attributes(struct rd *r, struct transform *t)
{
	bool has_key_length = false;

	while (rd_ok(r) && r->left) {
		uint16_t type = rd_u16(r);
		uint16_t value = rd_u16(r);

		if (!(type & ATTR_TV))
			rd_skip(r, value); /* TLV: value is the length */
		if (type != (ATTR_TV | ATTR_KEY_LENGTH) || has_key_length || value == 0) {
			t->unusable = true;
			continue;
		}
		has_key_length = true;
		t->key_bits = value;
	}
	return rd_ok(r) ? ST_OK : ST_BAD_PAYLOAD;
}

/* One transform; is_last from its own flag. */
static enum status parse_transform(struct rd *r, struct transform *t, bool *is_last)
{
	struct rd head = *r;
	uint8_t flag = rd_u8(&head);
	struct rd body;

	rd_skip(&head, 1);
	body = rd_sub(r, rd_u16(&head));
	rd_skip(&body, 4);
	t->type = rd_u8(&body);
	rd_skip(&body, 1);
	t->id = rd_u16(&body);
	if (!rd_ok(&head) || !rd_ok(&body) || (flag != LAST && flag != MORE_TRANSFORMS))
		return ST_BAD_PAYLOAD;
	*is_last = flag == LAST;
	return parse_attributes(&body, t);
}

static bool is_known_type(uint8_t type)
{
	return type >= TRANSFORM_ENCR && type <= TRANSFORM_ADDKE7;
}

/* The transforms of one proposal: exactly n, the last one flagged so, nothing behind it. */
static enum status parse_transforms(struct rd *r, uint8_t n, struct proposal *p, bool *fits)
{
	*fits = n <= SA_TRANSFORMS_MAX;
	if (n == 0)
		return ST_BAD_PAYLOAD;
	for (unsigned i = 0; i < n; i++) {
		struct transform t = {0};
		bool is_last;
		enum status st = parse_transform(r, &t, &is_last);

		if (st != ST_OK)
			return st;
		if (is_last != (i + 1 == n))
			return ST_BAD_PAYLOAD;
		p->has_unknown_type |= !is_known_type(t.type);
		if (*fits)
			p->v[p->n++] = t;
	}
	return rd_done(r) ? ST_OK : ST_BAD_PAYLOAD;
}

static bool spi_len_fits(uint8_t protocol, size_t len)
{
	switch (protocol) {
	case PROTO_IKE: return len == 0 || len == 8;
	case PROTO_AH:
	case PROTO_ESP: return len == 4;
	default: return true;
	}
}

static enum status parse_proposal(struct rd *r, struct proposal *p, bool *is_last, bool *fits)
{
	struct rd head = *r;
	uint8_t flag = rd_u8(&head);
	uint8_t spi_len, n;
	struct rd body;

	*p = (struct proposal){0};
	rd_skip(&head, 1);
	body = rd_sub(r, rd_u16(&head));
	rd_skip(&body, 4);
	p->num = rd_u8(&body);
	p->protocol = rd_u8(&body);
	spi_len = rd_u8(&body);
	n = rd_u8(&body);
	p->spi = rd_bytes(&body, spi_len);
	if (!rd_ok(&head) || !rd_ok(&body))
		return ST_TRUNCATED;
	if ((flag != LAST && flag != MORE_PROPOSALS) || !spi_len_fits(p->protocol, spi_len))
		return ST_BAD_PAYLOAD;
	*is_last = flag == LAST;
	return parse_transforms(&body, n, p, fits);
}

static bool number_follows(enum sa_numbers numbers, unsigned before, unsigned num)
{
	if (numbers == SA_NUMBERS_STRICT)
		return num == before + 1;
	return num > before;
}

enum status sa_parse(struct view body, enum sa_numbers numbers, struct sa *out)
{
	struct rd r = rd_init(body.p, body.len);
	unsigned before = 0;
	bool is_last = false;

	out->n = 0;
	out->n_skipped = 0;
	while (!is_last) {
		struct proposal p;
		bool fits;
		enum status st = parse_proposal(&r, &p, &is_last, &fits);

		if (st != ST_OK)
			return st;
		if (!number_follows(numbers, before, p.num))
			return ST_BAD_PAYLOAD;
		before = p.num;
		if (fits && out->n < SA_PROPOSALS_MAX)
			out->v[out->n++] = p;
		else if (out->n_skipped < UINT8_MAX)
			out->n_skipped++;
	}
	return rd_done(&r) ? ST_OK : ST_TRAILING;
}

static bool is_zero(struct view v)
{
	uint8_t any = 0;

	for (size_t i = 0; i < v.len; i++)
		any = (uint8_t)(any | v.p[i]);
	return any == 0;
}

bool sa_spis_are(const struct sa *sa, uint8_t protocol, size_t spi_len)
{
	for (size_t i = 0; i < sa->n; i++) {
		struct view spi = sa->v[i].spi;

		if (sa->v[i].protocol != protocol)
			continue;
		if (spi.len != spi_len || (spi_len && is_zero(spi)))
			return false;
	}
	return true;
}

static void build_transform(struct wr *w, const struct transform *t, bool last)
{
	size_t from = w->len;
	struct wr_mark m;

	wr_u8(w, last ? LAST : MORE_TRANSFORMS);
	wr_u8(w, 0);
	m = wr_open16(w, from);
	wr_u8(w, t->type);
	wr_u8(w, 0);
	wr_u16(w, t->id);
	if (t->key_bits) {
		wr_u16(w, ATTR_TV | ATTR_KEY_LENGTH);
		wr_u16(w, t->key_bits);
	}
	wr_close16(w, m);
}

void sa_build_proposal(struct wr *w, const struct proposal *p, bool last)
{
	size_t from = w->len;
	struct wr_mark m;

	wr_u8(w, last ? LAST : MORE_PROPOSALS);
	wr_u8(w, 0);
	m = wr_open16(w, from);
	wr_u8(w, p->num);
	wr_u8(w, p->protocol);
	wr_u8(w, (uint8_t)p->spi.len);
	wr_u8(w, p->n);
	wr_bytes(w, p->spi.p, p->spi.len);
	for (uint8_t i = 0; i < p->n; i++)
		build_transform(w, &p->v[i], i + 1 == p->n);
	wr_close16(w, m);
}

void sa_build(struct wr *w, const struct sa *sa)
{
	for (uint8_t i = 0; i < sa->n; i++)
		sa_build_proposal(w, &sa->v[i], i + 1 == sa->n);
}
