/* Inbound ESP packets that came together, opened at once (esp_cipher_wants_many). */
#ifndef CORE_ESP_MANY_H
#define CORE_ESP_MANY_H

#include "core/esp/open.h"

#define ESP_OPEN_MANY 32

/* Is the SA of this packet one that gains by it? Packets that came together mostly have one SA. */
bool esp_open_wants_many(const struct esp_tables *t, struct span pkt);
/* n <= ESP_OPEN_MANY packets that do not overlap; st[i] and out[i] are as by esp_open() of one after the
 * other in this order, whatever SAs they have; except that a forged packet with the number of a real one
 * before it is ST_ESP_AUTH and not ST_ESP_REPLAY. */
void esp_open_many(struct esp_tables *t, uint32_t vrf, const struct span *pkts, size_t n,
		   struct esp_opened *out, enum status *st);

#endif
