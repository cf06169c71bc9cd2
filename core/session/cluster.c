#include "core/session/cluster.h"

#include <string.h>

#include "core/base/freeze.h"
#include "core/base/mem.h"
#include "core/crypto/prf.h"

#define VERSION 1
#define RECORD_KIND 0x7403
#define HEAD_LEN 2

enum field { F_NODE = 1, F_VRF, F_EXPIRES, F_SESSION };

/* False: not configured, or of a form that nobody can use. */
static bool key_of(const struct snapshot *conf, uint8_t index, uint8_t out[BOX_KEY_LEN])
{
	static const char label[] = "Sallyport cluster reconnect key 1";
	struct view part = {(const uint8_t *)label, sizeof(label) - 1};
	const struct secret *s;

	if (index < 1 || index > 2)
		return false;
	s = &conf->ike.reconnect_keys[index - 1].key;
	if (!secret_usable(s) || s->len == 0)
		return false;
	prf_hmac_sha256((struct view){s->bytes, s->len}, &part, 1, out);
	return true;
}

uint8_t cluster_active(const struct snapshot *conf)
{
	for (uint8_t i = 1; i <= 2; i++) {
		const struct reconnect_key *k = &conf->ike.reconnect_keys[i - 1];
		if (k->active && secret_usable(&k->key))
			return i;
	}
	return 0;
}

enum status cluster_seal(const struct snapshot *conf, const uint8_t nonce[BOX_NONCE_LEN],
	const struct cluster_state *s, uint8_t out[CLUSTER_STATE_MAX], size_t *len)
{
	uint8_t key[BOX_KEY_LEN], *record = out + HEAD_LEN + BOX_NONCE_LEN;
	struct wr w = wr_init(record, CLUSTER_STATE_MAX - HEAD_LEN - BOX_NONCE_LEN - BOX_TAG_LEN);
	enum status st = ST_LIMIT;

	out[0] = VERSION;
	out[1] = cluster_active(conf);
	memcpy(out + HEAD_LEN, nonce, BOX_NONCE_LEN);
	if (!key_of(conf, out[1], key))
		return ST_INTERNAL;
	fz_begin(&w, RECORD_KIND, VERSION);
	fz_str(&w, F_NODE, s->node);
	fz_str(&w, F_VRF, s->vrf);
	fz_u64(&w, F_EXPIRES, s->expires_s);
	fz_bytes(&w, F_SESSION, s->record.p, s->record.len);
	fz_end(&w);
	if (wr_ok(&w))
		st = box_seal(key, nonce, (struct view){out, HEAD_LEN}, record, w.len);
	if (st != ST_OK)
		mem_zero(out, CLUSTER_STATE_MAX);
	*len = HEAD_LEN + BOX_NONCE_LEN + w.len + BOX_TAG_LEN;
	mem_zero(key, sizeof(key));
	return st;
}

static bool read_record(struct view rec, struct cluster_state *out)
{
	struct rd fields;
	struct view v;
	uint16_t kind, version, tag;
	bool ok = fz_open_record(rec, &kind, &version, &fields) == ST_OK && kind == RECORD_KIND &&
		  version == VERSION;

	*out = (struct cluster_state){0};
	while (ok && fz_next(&fields, &tag, &v)) {
		switch (tag) {
		case F_NODE: ok = fz_get_str(v, out->node, sizeof(out->node)); break;
		case F_VRF: ok = fz_get_str(v, out->vrf, sizeof(out->vrf)); break;
		case F_EXPIRES: out->expires_s = fz_get_u64(v); break;
		case F_SESSION: out->record = v; break;
		default: break;
		}
	}
	return ok && rd_ok(&fields) && out->record.len > 0;
}

enum status cluster_open(const struct snapshot *conf, struct view sealed, uint64_t now_s,
	uint8_t plain[CLUSTER_STATE_MAX], struct cluster_state *out)
{
	uint8_t key[BOX_KEY_LEN];
	struct view body = {sealed.p + HEAD_LEN + BOX_NONCE_LEN, sealed.len - HEAD_LEN - BOX_NONCE_LEN};
	enum status st;

	if (sealed.len < HEAD_LEN + BOX_NONCE_LEN + BOX_TAG_LEN || sealed.len > CLUSTER_STATE_MAX ||
		sealed.p[0] != VERSION || !key_of(conf, sealed.p[1], key))
		return ST_RECONNECT_BAD;
	st = box_open(key, sealed.p + HEAD_LEN, (struct view){sealed.p, HEAD_LEN}, body, plain);
	mem_zero(key, sizeof(key));
	if (st != ST_OK || !read_record((struct view){plain, body.len - BOX_TAG_LEN}, out))
		return ST_RECONNECT_BAD;
	return now_s < out->expires_s ? ST_OK : ST_RECONNECT_OVER;
}
