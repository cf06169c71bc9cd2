#include "modules/keys/msg.h"

#include <string.h>

static void put_text(struct wr *w, struct view v)
{
	wr_u16(w, (uint16_t)v.len);
	wr_bytes(w, v.p, v.len);
	if (v.len >= KEYS_WORDS)
		w->bad = true;
}

static void put_status(struct wr *w, enum status st)
{
	const char *token = status_token(st);

	put_text(w, (struct view){(const uint8_t *)token, strlen(token)});
}

static void put_bytes(struct wr *w, struct view v, size_t max)
{
	wr_bytes(w, v.p, v.len);
	if (v.len > max)
		w->bad = true;
}

void keys_msg_build(struct wr *w, const struct keys_msg *m)
{
	wr_u8(w, (uint8_t)m->type);
	switch (m->type) {
	case KEYS_MSG_READY: wr_u8(w, m->version); break;
	case KEYS_MSG_FORGET: wr_u8(w, m->key); break;
	case KEYS_MSG_LOAD:
		wr_u8(w, m->key);
		wr_u32(w, m->serial);
		break;
	case KEYS_MSG_SIGN:
		wr_u32(w, m->serial);
		wr_u8(w, m->key);
		wr_u8(w, (uint8_t)m->use);
		wr_u16(w, m->scheme);
		put_bytes(w, m->bytes, KEYS_DATA_MAX);
		break;
	case KEYS_MSG_LOADED:
		wr_u8(w, m->key);
		wr_u32(w, m->serial);
		put_status(w, m->status);
		put_text(w, m->words);
		put_bytes(w, m->bytes, KEYS_SPKI_MAX);
		break;
	case KEYS_MSG_SIGNED:
		wr_u32(w, m->serial);
		put_status(w, m->status);
		wr_u32(w, m->us);
		put_bytes(w, m->bytes, KEYS_SIG_MAX);
		break;
	}
}

/* ---- reading ---------------------------------------------------------------------------------- */

static struct view take_text(struct rd *r)
{
	return rd_bytes(r, rd_u16(r));
}

static bool take_key(struct rd *r, struct keys_msg *m)
{
	m->key = rd_u8(r);
	return m->key < KEYS_MAX;
}

static bool take_bytes(struct rd *r, struct keys_msg *m, size_t max)
{
	m->bytes = rd_rest(r);
	return m->bytes.len <= max;
}

/* A token that another version has and this one does not know is still a failure. */
static bool take_status(struct rd *r, struct keys_msg *m)
{
	char token[KEYS_WORDS];
	struct view v = take_text(r);

	if (!rd_ok(r) || v.len == 0 || v.len >= sizeof(token) || memchr(v.p, 0, v.len))
		return false;
	memcpy(token, v.p, v.len);
	token[v.len] = 0;
	m->status = status_from_token(token);
	if (m->status == ST__MAX)
		m->status = ST_INTERNAL;
	return true;
}

static bool is_sentence(struct view v)
{
	return v.len > 0 && v.len < KEYS_WORDS && !memchr(v.p, 0, v.len);
}

static bool take_sign(struct rd *r, struct keys_msg *m)
{
	uint8_t use;
	bool is_key;

	m->serial = rd_u32(r);
	is_key = take_key(r, m);
	use = rd_u8(r);
	m->scheme = rd_u16(r);
	m->use = use == KEYS_IKE ? KEYS_IKE : KEYS_TLS;
	return is_key && use <= KEYS_TLS && take_bytes(r, m, KEYS_DATA_MAX);
}

static bool take_loaded(struct rd *r, struct keys_msg *m)
{
	bool is_key = take_key(r, m);

	m->serial = rd_u32(r);
	if (!take_status(r, m))
		return false;
	m->words = take_text(r);
	if (!is_key || !take_bytes(r, m, KEYS_SPKI_MAX))
		return false;
	return m->status == ST_OK ? !m->words.len && m->bytes.len : is_sentence(m->words) && !m->bytes.len;
}

static bool take_signed(struct rd *r, struct keys_msg *m)
{
	m->serial = rd_u32(r);
	if (!take_status(r, m))
		return false;
	m->us = rd_u32(r);
	return take_bytes(r, m, KEYS_SIG_MAX) && (m->status == ST_OK) == (m->bytes.len > 0);
}

static enum status judge(const struct rd *r, bool is_good)
{
	if (!rd_ok(r))
		return ST_TRUNCATED;
	if (!is_good)
		return ST_BAD_PAYLOAD;
	return rd_done(r) ? ST_OK : ST_TRAILING;
}

static struct rd begin(struct view record, struct keys_msg *m)
{
	struct rd r = rd_init(record.p, record.len);

	memset(m, 0, sizeof(*m));
	m->type = (enum keys_msg_type)rd_u8(&r);
	return r;
}

enum status keys_msg_parse_ask(struct view record, struct keys_msg *m)
{
	struct rd r = begin(record, m);
	bool is_good = false;

	if (record.len > KEYS_MSG_MAX)
		return ST_LIMIT;
	if (m->type == KEYS_MSG_FORGET) {
		is_good = take_key(&r, m);
	} else if (m->type == KEYS_MSG_LOAD) {
		is_good = take_key(&r, m);
		m->serial = rd_u32(&r);
	} else if (m->type == KEYS_MSG_SIGN) {
		is_good = take_sign(&r, m);
	}
	return judge(&r, is_good);
}

enum status keys_msg_parse_answer(struct view record, struct keys_msg *m)
{
	struct rd r = begin(record, m);
	bool is_good = false;

	if (record.len > KEYS_MSG_MAX)
		return ST_LIMIT;
	if (m->type == KEYS_MSG_READY) {
		m->version = rd_u8(&r);
		is_good = true;
	} else if (m->type == KEYS_MSG_LOADED) {
		is_good = take_loaded(&r, m);
	} else if (m->type == KEYS_MSG_SIGNED) {
		is_good = take_signed(&r, m);
	}
	return judge(&r, is_good);
}
