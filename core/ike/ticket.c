#include "core/ike/ticket.h"

#include <string.h>

#include "core/base/freeze.h"
#include "core/base/mem.h"
#include "core/ike/record.h"
#include "core/wire/auth.h"

#define HEAD_LEN (1 + TICKET_KEY_ID)
#define SKEW_S 300 /* between the clocks of gateways with the same keys */
#define KIND_TICKET 0x7401
#define KIND_KEYS 0x7402
#define RECORD_MAX (TICKET_OWN_MAX - HEAD_LEN - BOX_NONCE_LEN - BOX_TAG_LEN)

/* Of the record inside a ticket; for ever. */
enum {
	TK_SESSION = 1, TK_ISSUED, TK_EXPIRES, TK_SPI_I, TK_SPI_R, TK_SUITE, TK_SK_D, TK_CLIENT,
	TK_GATEWAY, TK_AUTH_CLIENT, TK_AUTH_GATEWAY, TK_PROFILE, TK_IP4, TK_IP6, TK_LOGIN, TK_PPK, TK_USER
};

/* ---- keys ------------------------------------------------------------------------------------ */

/* A clock that was set back makes nothing older. */
static uint64_t age_s(const struct ticket_key *k, uint64_t now_s)
{
	return now_s > k->made_s ? now_s - k->made_s : 0;
}

bool ticket_keys_are_stale(const struct ticket_keys *k, uint64_t now_s)
{
	return k->now.made_s == 0 || age_s(&k->now, now_s) >= TICKET_KEY_S;
}

void ticket_keys_rotate(struct ticket_keys *k, const uint8_t random[TICKET_KEY_DRAWN], uint64_t now_s)
{
	k->before = k->now;
	k->now.made_s = now_s != 0 ? now_s : 1;
	memcpy(k->now.id, random, TICKET_KEY_ID);
	memcpy(k->now.key, random + TICKET_KEY_ID, BOX_KEY_LEN);
}

static void put_key(struct wr *w, const struct ticket_key *k)
{
	wr_u64(w, k->made_s);
	wr_bytes(w, k->id, sizeof(k->id));
	wr_bytes(w, k->key, sizeof(k->key));
}

size_t ticket_keys_freeze(const struct ticket_keys *k, uint8_t out[TICKET_KEYS_MAX])
{
	struct wr w = wr_init(out, TICKET_KEYS_MAX);
	struct wr_mark m;

	fz_begin(&w, KIND_KEYS, TICKET_VERSION);
	m = fz_open(&w, 1);
	put_key(&w, &k->now);
	put_key(&w, &k->before);
	fz_close(&w, m);
	fz_end(&w);
	return wr_ok(&w) ? w.len : 0;
}

static void get_key(struct rd *r, struct ticket_key *k)
{
	struct view id, key;

	k->made_s = rd_u64(r);
	id = rd_bytes(r, sizeof(k->id));
	key = rd_bytes(r, sizeof(k->key));
	if (!rd_ok(r))
		return;
	memcpy(k->id, id.p, sizeof(k->id));
	memcpy(k->key, key.p, sizeof(k->key));
}

enum status ticket_keys_thaw(struct ticket_keys *k, struct view rec)
{
	uint16_t kind, version, tag;
	struct rd fields, r = {0};
	struct view v;
	struct ticket_keys got = {0};
	enum status st = fz_open_record(rec, &kind, &version, &fields);

	if (st == ST_OK && (kind != KIND_KEYS || version != TICKET_VERSION))
		st = ST_BAD_PAYLOAD;
	if (st != ST_OK)
		return st;
	while (fz_next(&fields, &tag, &v))
		if (tag == 1) {
			r = rd_init(v.p, v.len);
			get_key(&r, &got.now);
			get_key(&r, &got.before);
		}
	if (!rd_done(&r) || got.now.made_s == 0)
		st = ST_BAD_PAYLOAD;
	else
		*k = got;
	mem_zero(&got, sizeof(got));
	return st;
}

/* NULL: gone, or never ours. A key that stopped sealing opens for as long again. */
static const struct ticket_key *key_of(const struct ticket_keys *k, struct view id, uint64_t now_s)
{
	const struct ticket_key *both[] = {&k->now, &k->before};

	for (size_t i = 0; i < 2; i++)
		if (both[i]->made_s != 0 && age_s(&k->now, now_s) < (2 - i) * TICKET_KEY_S &&
			memcmp(both[i]->id, id.p, TICKET_KEY_ID) == 0)
			return both[i];
	return NULL;
}

/* ---- the record ------------------------------------------------------------------------------- */

static void put_id(struct wr *w, uint16_t tag, const struct ike_id *id)
{
	struct wr_mark m = fz_open(w, tag);

	wr_u8(w, id->type);
	wr_bytes(w, id->bytes, id->len);
	fz_close(w, m);
}

static void put_record(struct wr *w, const struct ticket *t)
{
	fz_begin(w, KIND_TICKET, TICKET_VERSION);
	fz_bytes(w, TK_SESSION, t->session.b, sizeof(t->session.b));
	fz_u64(w, TK_ISSUED, t->issued_s);
	fz_u64(w, TK_EXPIRES, t->expires_s);
	fz_u64(w, TK_LOGIN, t->login_s);
	fz_u64(w, TK_SPI_I, t->spi_i);
	fz_u64(w, TK_SPI_R, t->spi_r);
	record_put_suite(w, TK_SUITE, &t->suite);
	fz_bytes(w, TK_SK_D, t->sk_d, t->sk_d_len);
	put_id(w, TK_CLIENT, &t->client);
	put_id(w, TK_GATEWAY, &t->gateway);
	fz_u8(w, TK_AUTH_CLIENT, t->auth_client);
	fz_u8(w, TK_AUTH_GATEWAY, t->auth_gateway);
	fz_u8(w, TK_PPK, t->used_ppk);
	fz_str(w, TK_PROFILE, t->profile);
	fz_str(w, TK_USER, t->user);
	fz_addr(w, TK_IP4, &t->ip4);
	fz_addr(w, TK_IP6, &t->ip6);
	fz_end(w);
}

static bool get_id(struct view v, struct ike_id *out)
{
	struct rd r = rd_init(v.p, v.len);
	uint8_t type = rd_u8(&r);
	struct view bytes = rd_rest(&r);

	if (!rd_ok(&r) || bytes.len > IKE_ID_LEN)
		return false;
	*out = (struct ike_id){.type = type, .len = (uint16_t)bytes.len};
	memcpy(out->bytes, bytes.p, bytes.len);
	return type != 0;
}

static bool get_key_bytes(struct view v, struct ticket *t)
{
	if (v.len > sizeof(t->sk_d))
		return false;
	t->sk_d_len = (uint8_t)v.len;
	memcpy(t->sk_d, v.p, v.len);
	return true;
}

static bool take_field(struct ticket *t, uint16_t tag, struct view v)
{
	switch (tag) {
	case TK_SESSION: return fz_get_bytes(v, t->session.b, sizeof(t->session.b));
	case TK_ISSUED: t->issued_s = fz_get_u64(v); return true;
	case TK_EXPIRES: t->expires_s = fz_get_u64(v); return true;
	case TK_LOGIN: t->login_s = fz_get_u64(v); return true;
	case TK_SPI_I: t->spi_i = fz_get_u64(v); return true;
	case TK_SPI_R: t->spi_r = fz_get_u64(v); return true;
	case TK_SUITE: return record_get_suite(v, &t->suite);
	case TK_SK_D: return get_key_bytes(v, t);
	case TK_CLIENT: return get_id(v, &t->client);
	case TK_GATEWAY: return get_id(v, &t->gateway);
	case TK_AUTH_CLIENT: t->auth_client = fz_get_u8(v); return true;
	case TK_AUTH_GATEWAY: t->auth_gateway = fz_get_u8(v); return true;
	case TK_PPK: t->used_ppk = fz_get_u8(v) != 0; return true;
	case TK_PROFILE: return fz_get_str(v, t->profile, sizeof(t->profile));
	case TK_USER: return fz_get_str(v, t->user, sizeof(t->user));
	case TK_IP4: t->ip4 = fz_get_addr(v); return true;
	case TK_IP6: t->ip6 = fz_get_addr(v); return true;
	default: return true; /* of a newer version */
	}
}

/* Nothing in a ticket may lead outside of what the code takes for granted, whoever had the key. */
static bool is_sound(const struct ticket *t)
{
	return t->suite.encr != NULL && t->sk_d_len == t->suite.prf->key_len &&
	       !ulid_is_zero(&t->session) && t->expires_s > t->issued_s && t->login_s != 0 &&
	       t->spi_i != 0 && t->spi_r != 0 && t->client.type != 0 && t->gateway.type != 0 &&
	       t->profile[0] != '\0' && (t->auth_client != AUTHM_EAP_SHOWN || t->user[0] != '\0');
}

static enum status get_record(struct view rec, struct ticket *t)
{
	uint16_t kind, version, tag;
	struct rd fields;
	struct view v;

	if (fz_open_record(rec, &kind, &version, &fields) != ST_OK || kind != KIND_TICKET ||
		version != TICKET_VERSION)
		return ST_TICKET_BAD;
	while (fz_next(&fields, &tag, &v))
		if (!take_field(t, tag, v))
			return ST_TICKET_BAD;
	return is_sound(t) ? ST_OK : ST_TICKET_BAD;
}

/* ---- sealing ------------------------------------------------------------------------------------ */

enum status ticket_seal(const struct ticket_keys *k, const uint8_t nonce[BOX_NONCE_LEN],
	const struct ticket *t, uint8_t out[TICKET_OWN_MAX], size_t *len)
{
	uint8_t record[RECORD_MAX];
	struct wr w = wr_init(record, sizeof(record)), o = wr_init(out, TICKET_OWN_MAX);
	uint8_t *sealed;
	enum status st = ST_LIMIT;

	put_record(&w, t);
	wr_u8(&o, TICKET_VERSION);
	wr_bytes(&o, k->now.id, sizeof(k->now.id));
	wr_bytes(&o, nonce, BOX_NONCE_LEN);
	sealed = wr_ok(&w) ? wr_room(&o, w.len + BOX_TAG_LEN) : NULL;
	if (sealed != NULL) {
		memcpy(sealed, record, w.len);
		st = box_seal(k->now.key, nonce, (struct view){out, HEAD_LEN}, sealed, w.len);
	}
	mem_zero(record, sizeof(record));
	*len = st == ST_OK ? o.len : 0;
	return st;
}

enum status ticket_open(const struct ticket_keys *k, struct view sealed, uint64_t now_s,
	struct ticket *out)
{
	struct rd r = rd_init(sealed.p, sealed.len);
	uint8_t version = rd_u8(&r), record[RECORD_MAX];
	struct view id = rd_bytes(&r, TICKET_KEY_ID), nonce = rd_bytes(&r, BOX_NONCE_LEN);
	struct view body = rd_rest(&r);
	const struct ticket_key *key;
	enum status st = ST_TICKET_BAD;

	*out = (struct ticket){0};
	if (!rd_ok(&r) || version != TICKET_VERSION || body.len < BOX_TAG_LEN ||
		body.len > sizeof(record) + BOX_TAG_LEN)
		return st;
	key = key_of(k, id, now_s);
	if (key == NULL ||
		box_open(key->key, nonce.p, (struct view){sealed.p, HEAD_LEN}, body, record) != ST_OK)
		return st;
	st = get_record((struct view){record, body.len - BOX_TAG_LEN}, out);
	mem_zero(record, sizeof(record));
	/* One from the future: the clock was set back, and would let it live longer than was meant. */
	if (st == ST_OK && (now_s >= out->expires_s || out->issued_s > now_s + SKEW_S))
		st = ST_TICKET_EXPIRED;
	if (st != ST_OK)
		mem_zero(out, sizeof(*out));
	return st;
}
