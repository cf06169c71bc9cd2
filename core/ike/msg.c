#include "core/ike/msg.h"

#include "core/base/mem.h"
#include "core/ike/engine.h"
#include "core/ike/intermediate.h"
#include "core/ike/trace.h"
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
	out->first = m->p.sk_first;
	return payloads_parse(m->p.sk_first, plain, PAYLOADS_INNER, &out->p);
}

void msg_start_plain(struct msg_out *o, struct ike *ike, const struct ike_hdr *hdr)
{
	*o = (struct msg_out){.w = wr_init(ike->out, sizeof(ike->out)), .ike = ike};
	o->length = ike_hdr_open(&o->w, hdr);
	o->c = payload_chain_init(&o->w, IKE_HDR_NEXT_AT);
}

void msg_start(struct msg_out *o, struct ike_sa *sa, uint8_t exchange, bool is_response,
	uint32_t msgid)
{
	struct sk_key key = keys_sk(&sa->suite, sa->keys, sa->is_initiator);
	struct ike_hdr hdr = {
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.version = IKE_VERSION,
		.exchange = exchange,
		.flags = (uint8_t)((sa->is_initiator ? IKE_FLAG_INITIATOR : 0) |
				   (is_response ? IKE_FLAG_RESPONSE : 0)),
		.msgid = msgid,
	};

	*o = (struct msg_out){.w = wr_init(sa->ike->out, sizeof(sa->ike->out)), .ike = sa->ike, .sa = sa};
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

	rd_skip(&r, o->iv_at + keys_sk(&o->sa->suite, o->sa->keys, o->sa->is_initiator).encr->iv_len);
	return rd_rest(&r);
}

/* RFC 7383 2.5: what is cut is the content of SK, before it is encrypted. */
static enum status seal_pieces(struct msg_out *o, const struct sk_key *key, struct view plain, size_t room)
{
	struct ike *ike = o->sa->ike;
	struct wr all = wr_init(ike->datagrams, sizeof(ike->datagrams));
	struct frag_cut cut = {
		.key = *key,
		.hdr = o->w.buf,
		.first = o->w.buf[o->sk_at],
		.plain = plain,
		.room = room,
		.random = ike->ports->random,
		.ctx = ike->ctx,
	};
	enum status st = frag_split(&cut, &all);

	mem_zero(o->w.buf, o->w.len);
	o->w = all;
	return st;
}

static enum status seal(struct msg_out *o)
{
	struct ike_sa *sa = o->sa;
	struct ike *ike = sa->ike;
	struct sk_key key = keys_sk(&sa->suite, sa->keys, sa->is_initiator);
	size_t at = o->iv_at + key.encr->iv_len, room = frag_room(sa->frag.mtu, &sa->remote);
	uint8_t iv[SK_IV_MAX];
	struct view plain;

	if (o->w.bad)
		return ST_TRUNCATED;
	plain = (struct view){o->w.buf + at, o->w.len - at};
	/* What no cut would make shorter stays whole. */
	if (sa->frag.form == FRAG_STD && plain.len > FRAG_CHUNK_MIN &&
		o->iv_at + plain.len + sk_overhead(&key, plain.len) > room)
		return seal_pieces(o, &key, plain, room);
	ike->ports->random(ike->ctx, iv, key.encr->iv_len);
	return sk_seal(&key, &o->w, o->sk_at, o->iv_at, iv);
}

enum status msg_end(struct msg_out *o, struct view *msg)
{
	enum status st = ST_OK;

	*msg = (struct view){0};
	trace_built(o->ike, o);
	if (o->sa == NULL)
		wr_close32(&o->w, o->length);
	else
		st = seal(o);
	if (st == ST_OK && !wr_ok(&o->w))
		st = ST_TRUNCATED;
	if (st == ST_OK)
		*msg = (struct view){o->w.buf, o->w.len};
	return st;
}

void msg_notify(struct msg_out *o, uint16_t type, const void *data, size_t len)
{
	struct wr_mark m = payload_open(&o->c, PT_NOTIFY);

	notify_build_plain(&o->w, type, data, len);
	payload_close(&o->c, m);
}

void msg_put_window(struct msg_out *o, uint32_t size)
{
	const uint8_t data[4] = {0, 0, 0, (uint8_t)size};

	if (size > 1 && size <= WINDOW_MAX)
		msg_notify(o, N_SET_WINDOW_SIZE, data, sizeof(data));
}

uint32_t msg_window(const struct ike_payloads *p)
{
	struct notify n;
	uint32_t size = 1;

	if (!msg_find_notify(p, N_SET_WINDOW_SIZE, &n) || notify_u32(&n, &size) != ST_OK)
		return 1;
	return size;
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
