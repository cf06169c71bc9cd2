/* Inbound ESP packets that came together, deciphered at once where that is faster (esp_cipher_wants_many). */
#ifndef CORE_ESP_MANY_H
#define CORE_ESP_MANY_H

#include "core/esp/open.h"

#define ESP_OPEN_MANY 32

/* esp_open_decipher() of each; any n, any SAs, any thread. The packets do not overlap. */
void esp_decipher_many(struct esp_opening *v, size_t n);
/* n <= ESP_OPEN_MANY packets that do not overlap; st[i] and out[i] are as by esp_open() of one after the
 * other in this order, whatever SAs they have; except that a forged packet with the number of a real one
 * before it is ST_ESP_AUTH and not ST_ESP_REPLAY. */
void esp_open_many(struct esp_tables *t, uint32_t vrf, const struct span *pkts, size_t n,
		   struct esp_opened *out, enum status *st);

#endif
