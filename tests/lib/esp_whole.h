/* Sealing in place, and all steps of opening, of one packet and of several together. */
#ifndef TESTS_LIB_ESP_WHOLE_H
#define TESTS_LIB_ESP_WHOLE_H

#include "core/esp/many.h"
#include "core/esp/seal.h"
#include "core/esp/transport.h"
#include "core/wire/esp.h"

/* Room that esp_seal() wants before the inner packet. */
#define ESP_SEAL_HEAD (ESP_HEAD_LEN + ESP_IV_MAX)

/* In place. */
static inline enum status esp_seal(struct esp_sa *sa, uint64_t now_ms, struct span inner, struct span *pkt)
{
	pkt->p = inner.p + (sa->transport ? transport_head_len(sa) : 0) - sa->shape.iv_len - ESP_HEAD_LEN;
	pkt->len = esp_sealed_len(sa, inner.len);
	return esp_seal_to(sa, now_ms, inner, pkt->p);
}

static inline enum status esp_open(struct esp_tables *t, uint32_t vrf, struct span pkt, struct esp_opened *out)
{
	struct esp_opening o = {.pkt = pkt};

	esp_open_begin(t, vrf, &o);
	esp_open_decipher(&o);
	return esp_open_end(t, &o, out);
}

/* n <= ESP_OPEN_MANY packets that do not overlap. */
static inline void esp_open_many(struct esp_tables *t, uint32_t vrf, const struct span *pkts, size_t n,
				 struct esp_opened *out, enum status *st)
{
	struct esp_opening v[ESP_OPEN_MANY];

	for (size_t i = 0; i < n; i++) {
		v[i].pkt = pkts[i];
		esp_open_begin(t, vrf, &v[i]);
	}
	esp_decipher_many(v, n);
	for (size_t i = 0; i < n; i++)
		st[i] = esp_open_end(t, &v[i], &out[i]);
}

#endif
