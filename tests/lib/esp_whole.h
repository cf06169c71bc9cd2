/* All steps of opening, of one packet and of several together. */
#ifndef TESTS_LIB_ESP_WHOLE_H
#define TESTS_LIB_ESP_WHOLE_H

#include "core/esp/many.h"

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
