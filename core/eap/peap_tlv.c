#include "core/eap/peap_tlv.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/crypto/prf.h"
#include "core/wire/eap.h"

#define TLV_TYPE      0x3fff
#define TLV_MANDATORY 0x8000
#define TLV_RESULT    3
#define TLV_BINDING   12
#define BINDING_BODY  56 /* reserved, version, received version, subtype, nonce, MAC */
#define HMAC_SHA1     2  /* IANA, PRF of IKEv2 */

/* --- reading -------------------------------------------------------------------------------------
 */

static enum status tlv_parse(struct rd *r, struct peap_tlvs *out)
{
	const uint8_t *from = r->p;
	uint16_t type = rd_u16(r), len = rd_u16(r);
	struct rd body = rd_sub(r, len);
	uint16_t result;

	if (!rd_ok(r))
		return ST_EAP_MALFORMED;
	switch (type & TLV_TYPE) {
	case TLV_RESULT:
		result = rd_u16(&body);
		if (!rd_done(&body) || out->result != PEAP_NO_RESULT ||
			(result != PEAP_SUCCEEDED && result != PEAP_FAILED))
			return ST_EAP_MALFORMED;
		out->result = (enum peap_result)result;
		return ST_OK;
	case TLV_BINDING:
		if (len != BINDING_BODY || out->binding.len > 0)
			return ST_EAP_MALFORMED;
		out->binding = (struct view){from, PEAP_BINDING_LEN};
		return ST_OK;
	default: return type & TLV_MANDATORY ? ST_EAP_MALFORMED : ST_OK;
	}
}

enum status peap_tlvs_parse(struct view packet, uint8_t code, struct peap_tlvs *out)
{
	struct eap_packet p;
	struct rd r;
	enum status st = ST_OK;

	*out = (struct peap_tlvs){0};
	if (eap_parse(packet, &p) != ST_OK || p.code != code || p.type != EAP_EXTENSIONS)
		return ST_EAP_MALFORMED;
	r = rd_init(p.data.p, p.data.len);
	while (st == ST_OK && r.left > 0)
		st = tlv_parse(&r, out);
	return st;
}

/* --- keys ----------------------------------------------------------------------------------------
 */

/* PRF+ of [MS-PEAP] with HMAC-SHA1: T1 = HMAC(K, S | 0x01 00 00), Tn = HMAC(K, Tn-1 | S | n 00 00).
 * The first label has no NUL after it and the second one has, which is what every client does
 * whatever is written. */
static void peap_prf_plus(
	struct view key, struct view label, struct view seed, uint8_t *out, size_t len)
{
	const struct xf *sha1 = suite_find(XF_PRF, HMAC_SHA1, 0);
	uint8_t t[20], tail[3] = {0, 0, 0};
	size_t t_len = 0;

	for (size_t at = 0; at < len; at += t_len) {
		struct view parts[] = {{t, t_len}, label, seed, {tail, sizeof(tail)}};
		size_t n = len - at < sizeof(t) ? len - at : sizeof(t);

		tail[0]++;
		prf_parts(sha1, key, parts, 4, t);
		memcpy(out + at, t, n);
		t_len = sizeof(t);
	}
	mem_zero(t, sizeof(t));
}

#define LABEL(text) ((struct view){(const uint8_t *)(text), sizeof(text) - 1})

void peap_keys_make(
	struct peap_keys *k, const uint8_t tk[PEAP_TK_LEN], const uint8_t isk[PEAP_ISK_LEN])
{
	uint8_t both[sizeof(k->ipmk) + sizeof(k->cmk)];

	peap_prf_plus((struct view){tk, 40}, LABEL("Inner Methods Compound Keys"),
		(struct view){isk, PEAP_ISK_LEN}, both, sizeof(both));
	memcpy(k->ipmk, both, sizeof(k->ipmk));
	memcpy(k->cmk, both + sizeof(k->ipmk), sizeof(k->cmk));
	mem_zero(both, sizeof(both));
}

void peap_keys_msk(const struct peap_keys *k, uint8_t msk[PEAP_MSK_LEN])
{
	uint8_t csk[128];

	peap_prf_plus((struct view){k->ipmk, sizeof(k->ipmk)},
		LABEL("Session Key Generating Function"), LABEL("\0"), csk, sizeof(csk));
	memcpy(msk, csk, PEAP_MSK_LEN);
	mem_zero(csk, sizeof(csk));
}

/* Over the TLV with the MAC zeroed, and the type of PEAP (3.1.5.5.1). */
static void compound_mac(const struct peap_keys *k, struct view tlv, uint8_t mac[PEAP_MAC_LEN])
{
	static const uint8_t zeros[PEAP_MAC_LEN], type[1] = {EAP_PEAP};
	struct view parts[] = {
		{tlv.p, PEAP_BINDING_LEN - PEAP_MAC_LEN}, {zeros, sizeof(zeros)}, {type, 1}};

	prf_parts(suite_find(XF_PRF, HMAC_SHA1, 0), (struct view){k->cmk, sizeof(k->cmk)}, parts, 3,
		mac);
}

bool peap_binding_is_right(const struct peap_keys *k, struct view binding, uint8_t subtype)
{
	uint8_t mac[PEAP_MAC_LEN];
	bool right;

	/* header 4, reserved, version, received version (ours: 0), subtype */
	if (binding.len != PEAP_BINDING_LEN || binding.p[5] != 0 || binding.p[7] != subtype)
		return false;
	compound_mac(k, binding, mac);
	right = mem_eq_secret(mac, binding.p + PEAP_BINDING_LEN - PEAP_MAC_LEN, sizeof(mac));
	mem_zero(mac, sizeof(mac));
	return right;
}

/* --- writing -------------------------------------------------------------------------------------
 */

static void put_binding(
	struct wr *w, const struct peap_keys *k, uint8_t subtype, const uint8_t *nonce)
{
	size_t from = w->len;
	uint8_t mac[PEAP_MAC_LEN];

	wr_u16(w, TLV_BINDING);
	wr_u16(w, BINDING_BODY);
	wr_zeros(w, 3);
	wr_u8(w, subtype);
	wr_bytes(w, nonce, PEAP_NONCE_LEN);
	if (!wr_ok(w))
		return;
	compound_mac(k, (struct view){w->buf + from, w->len - from}, mac);
	wr_bytes(w, mac, sizeof(mac));
}

void peap_tlvs_put(struct wr *w, uint8_t code, uint8_t id, enum peap_result result,
	const struct peap_keys *keys, uint8_t subtype, const uint8_t nonce[PEAP_NONCE_LEN])
{
	struct wr_mark mark = eap_open(w, code, id, EAP_EXTENSIONS);

	wr_u16(w, TLV_MANDATORY | TLV_RESULT);
	wr_u16(w, 2);
	wr_u16(w, result);
	if (keys != NULL)
		put_binding(w, keys, subtype, nonce);
	wr_close16(w, mark);
}
