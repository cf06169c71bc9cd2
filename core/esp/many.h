/* Inbound ESP packets that came together, deciphered at once where that is faster (esp_cipher_wants_many). */
#ifndef CORE_ESP_MANY_H
#define CORE_ESP_MANY_H

#include "core/esp/open.h"

#define ESP_OPEN_MANY 32

/* esp_open_decipher() of each; any n, any SAs, any thread. The packets do not overlap. */
void esp_decipher_many(struct esp_opening *v, size_t n);

#endif
