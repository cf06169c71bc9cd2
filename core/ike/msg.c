#include "core/ike/msg.h"

#include "core/ike/engine.h"
#include "core/ike/intermediate.h"
#include "core/wire/ke.h"
#include "core/wire/notify.h"

enum status msg_open(struct ike_sa *sa, const struct ike_message *m, struct view raw,
	struct msg_in *out, bool *is_authentic)
{
	struct sk_key key = keys_sk(&sa->suite, intermediate_keys(sa, out->hdr.msgid), !sa->is_initiator);
	struct view plain;
	enum status st;

	*is_authentic = false;
	if (m->p.sk_type != PT_SK)
		return ST_BAD_EXCHANGE;
	st = sk_open(&key, raw, (size_t)(m->p.sk.p - raw.p), sa->ike->plain,
		sizeof(sa->ike->plain), &plain);
	*is_authentic = st == ST_OK || st == ST_BAD_LENGTH;
	if (st != ST_OK)
		return st;
	/* RFC 7296 3.14: SK is the last payload; what stands before it is not encrypted. */
	if (m->p.n > 0)
		return ST_BAD_PAYLOAD;
	out->plain = plain;
	return payloads_parse(m->p.sk_first, plain, PAYLOADS_INNER, &out->p);
}

void msg_start_plain(struct msg_out *o, struct ike *ike, const struct ike_hdr *hdr)
{
	*o = (struct msg_out){.w = wr_init(ike->out, sizeof(ike->out))};
	o->length = ike_hdr_open(&o->w, hdr);
	o->c = payload_chain_init(&o->w, IKE_HDR_NEXT_AT);
}

void msg_start(struct msg_out *o, struct ike_sa *sa, uint8_t exchange, bool is_response,
	uint32_t msgid)
{
	struct sk_key key = keys_sk(&sa->suite, &sa->keys, sa->is_initiator);
	struct ike_hdr hdr = {
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.version = IKE_VERSION,
		.exchange = exchange,
		.flags = (uint8_t)((sa->is_initiator ? IKE_FLAG_INITIATOR : 0) |
				   (is_response ? IKE_FLAG_RESPONSE : 0)),
		.msgid = msgid,
	};

	*o = (struct msg_out){.w = wr_init(sa->ike->out, sizeof(sa->ike->out)), .sa = sa};
	o->length = ike_hdr_open(&o->w, &hdr);
	o->c = payload_chain_init(&o->w, IKE_HDR_NEXT_AT);
	o->sk_at = o->w.len;
	o->sk = payload_open(&o->c, PT_SK); /* closed by sk_seal, like the message */
	o->iv_at = o->w.len;
	sk_begin(&key, &o->w);
	o->c = payload_chain_init(&o->w, o->sk_at);
}

struct view msg_plain(const struct msg_out *o)
{
	struct rd r = rd_init(o->w.buf, o->w.len);

	rd_skip(&r, o->iv_at + keys_sk(&o->sa->suite, &o->sa->keys, o->sa->is_initiator).encr->iv_len);
	return rd_rest(&r);
}

enum status msg_end(struct msg_out *o, struct view *msg)
{
	enum status st = ST_OK;

	if (o->sa == NULL) {
		wr_close32(&o->w, o->length);
	} else {
		struct ike *ike = o->sa->ike;
		struct sk_key key = keys_sk(&o->sa->suite, &o->sa->keys, o->sa->is_initiator);
		uint8_t iv[SK_IV_MAX];

		ike->ports->random(ike->ctx, iv, key.encr->iv_len);
		st = sk_seal(&key, &o->w, o->sk_at, o->iv_at, iv);
	}
	if (st == ST_OK && !wr_ok(&o->w))
		st = ST_TRUNCATED;
	*msg = st == ST_OK ? (struct view){o->w.buf, o->w.len} : (struct view){0};
	return st;
}

void msg_notify(struct msg_out *o, uint16_t type, const void *data, size_t len)
{
	struct wr_mark m = payload_open(&o->c, PT_NOTIFY);

	notify_build_plain(&o->w, type, data, len);
	payload_close(&o->c, m);
}

void msg_notify_child(struct msg_out *o, uint16_t type, uint32_t spi)
{
	struct wr_mark m = payload_open(&o->c, PT_NOTIFY);

	notify_build_child(&o->w, type, spi, NULL, 0);
	payload_close(&o->c, m);
}

void msg_put_ke(struct msg_out *o, uint16_t group, struct view public_key)
{
	struct wr_mark m = payload_open(&o->c, PT_KE);

	ke_build(&o->w, group, public_key.p, public_key.len);
	payload_close(&o->c, m);
}

bool msg_find_notify(const struct ike_payloads *p, uint16_t type, struct notify *out)
{
	for (const struct payload *at = payload_find(p, PT_NOTIFY); at != NULL;
		at = payload_find_next(p, at))
		if (notify_parse(at->body, out) == ST_OK && out->type == type)
			return true;
	return false;
}

bool msg_error(const struct ike_payloads *p, struct notify *out)
{
	for (const struct payload *at = payload_find(p, PT_NOTIFY); at != NULL;
		at = payload_find_next(p, at))
		if (notify_parse(at->body, out) == ST_OK && notify_is_error(out->type))
			return true;
	return false;
}
