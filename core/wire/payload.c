#include "core/wire/payload.h"

#define CRITICAL_BIT 0x80

static bool is_understood(uint8_t type)
{
	switch (type) {
#define X(name, number, words) case number:
		PAYLOAD_LIST(X)
#undef X
		return true;
	default:
		return false;
	}
}

/* One payload that is neither SK nor SKF. */
static enum status keep(struct ike_payloads *out, uint8_t type, bool critical, struct view body)
{
	if (!is_understood(type)) {
		if (!critical)
			out->n_skipped++;
		else if (out->unknown_critical == 0)
			out->unknown_critical = type;
		return ST_OK;
	}
	if (out->n == PAYLOADS_MAX)
		return ST_BAD_PAYLOAD;
	out->v[out->n++] = (struct payload){.type = type, .critical = critical, .body = body};
	return ST_OK;
}

/* The generic header, and a cursor's view of the body behind it. */
static enum status take_payload(struct rd *r, uint8_t *next, bool *critical, struct view *body)
{
	uint16_t len;
	struct rd rest;

	*next = rd_u8(r);
	*critical = rd_u8(r) & CRITICAL_BIT;
	len = rd_u16(r);
	if (!rd_ok(r))
		return ST_TRUNCATED;
	if (len < PAYLOAD_HDR_LEN)
		return ST_BAD_LENGTH;
	rest = rd_sub(r, (size_t)len - PAYLOAD_HDR_LEN);
	*body = rd_rest(&rest);
	return rd_ok(r) ? ST_OK : ST_TRUNCATED;
}

enum status payloads_parse(uint8_t first, struct view chain, enum payload_place place,
			   struct ike_payloads *out)
{
	struct rd r = rd_init(chain.p, chain.len);
	uint8_t type = first;
	enum status st;

	*out = (struct ike_payloads){0};
	while (type != PT_NONE) {
		struct view body;
		uint8_t next;
		bool critical;

		st = take_payload(&r, &next, &critical, &body);
		if (st != ST_OK)
			return st;
		if (type == PT_SK || type == PT_SKF) {
			if (place == PAYLOADS_INNER)
				return ST_BAD_PAYLOAD;
			out->sk_type = type;
			out->sk_first = next;
			out->sk = body;
			break; /* next is the type of what is inside */
		}
		st = keep(out, type, critical, body);
		if (st != ST_OK)
			return st;
		type = next;
	}
	if (!rd_done(&r))
		return ST_TRAILING;
	return out->unknown_critical ? ST_CRITICAL : ST_OK;
}

/* SK is the last payload: what is not its secret part is all that stands before it. */
static struct view aad_of(struct view msg, const struct ike_payloads *p)
{
	struct rd r = rd_init(msg.p, msg.len);
	struct rd secret = rd_init(p->sk.p, p->sk.len);

	if (p->sk_type == 0)
		return (struct view){0};
	if (p->sk_type == PT_SKF)
		rd_skip(&secret, SKF_HDR_LEN);
	return rd_bytes(&r, msg.len - secret.left);
}

enum status ike_message_parse(struct view msg, struct ike_message *out)
{
	struct rd r = rd_init(msg.p, msg.len);
	enum status st;

	*out = (struct ike_message){0};
	st = ike_hdr_parse(msg, &out->hdr);
	if (st != ST_OK)
		return st;
	rd_skip(&r, IKE_HDR_LEN);
	st = payloads_parse(out->hdr.next, rd_rest(&r), PAYLOADS_OUTER, &out->p);
	if (st == ST_OK || st == ST_CRITICAL)
		out->aad = aad_of(msg, &out->p);
	return st;
}

enum status skf_parse(struct view sk, struct skf *out)
{
	struct rd r = rd_init(sk.p, sk.len);

	out->number = rd_u16(&r);
	out->total = rd_u16(&r);
	out->body = rd_rest(&r);
	if (!rd_ok(&r) || out->body.len == 0)
		return ST_TRUNCATED;
	if (out->number == 0 || out->number > out->total)
		return ST_BAD_PAYLOAD;
	return ST_OK;
}

static const struct payload *find_from(const struct ike_payloads *p, size_t i, uint8_t type)
{
	for (; i < p->n; i++) {
		if (p->v[i].type == type)
			return &p->v[i];
	}
	return NULL;
}

const struct payload *payload_find(const struct ike_payloads *p, uint8_t type)
{
	return find_from(p, 0, type);
}

const struct payload *payload_find_next(const struct ike_payloads *p, const struct payload *after)
{
	return find_from(p, (size_t)(after - p->v) + 1, after->type);
}

size_t payload_count(const struct ike_payloads *p, uint8_t type)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += p->v[i].type == type;
	return n;
}

struct payload_chain payload_chain_init(struct wr *w, size_t next_at)
{
	return (struct payload_chain){.w = w, .next_at = next_at, .first = PT_NONE};
}

void payload_set_next(struct payload_chain *c, uint8_t type)
{
	if (c->next_at != PAYLOAD_NO_FIELD)
		wr_put_u8(c->w, c->next_at, type);
}

struct wr_mark payload_open(struct payload_chain *c, uint8_t type)
{
	size_t from = c->w->len;

	payload_set_next(c, type);
	if (c->first == PT_NONE)
		c->first = type;
	c->next_at = from;
	wr_u8(c->w, PT_NONE);
	wr_u8(c->w, 0); /* the critical bit is never set for payloads of RFC 7296 (2.5) */
	return wr_open16(c->w, from);
}

void payload_close(struct payload_chain *c, struct wr_mark m)
{
	wr_close16(c->w, m);
}

void payload_put(struct payload_chain *c, uint8_t type, const void *body, size_t len)
{
	struct wr_mark m = payload_open(c, type);

	wr_bytes(c->w, body, len);
	payload_close(c, m);
}

const char *payload_name(uint8_t type)
{
	switch (type) {
#define X(name, number, words) \
	case number: return words;
		PAYLOAD_LIST(X)
#undef X
	default: return "unknown";
	}
}
