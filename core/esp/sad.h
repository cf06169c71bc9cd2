/* The SAs of one worker by inbound SPI. Never allocates: slots come from main and go back to it. */
#ifndef CORE_ESP_SAD_H
#define CORE_ESP_SAD_H

#include "core/esp/sa.h"

struct sad {
	struct esp_sa **slots;
	size_t mask;
};

/* slots: n zeroed pointers, n a power of two; the caller's. */
void sad_init(struct sad *s, struct esp_sa **slots, size_t n);
/* Moves everything to the new slots and returns the old ones. */
struct esp_sa **sad_resize(struct sad *s, struct esp_sa **slots, size_t n);
/* Of two SAs with one SPI the one added last is found. */
void sad_add(struct sad *s, struct esp_sa *sa);
void sad_del(struct sad *s, struct esp_sa *sa); /* no-op when it is not in */
struct esp_sa *sad_find(const struct sad *s, uint32_t spi_in); /* NULL: none */
/* Walk all: NULL starts and ends. */
struct esp_sa *sad_next(const struct sad *s, const struct esp_sa *sa);

#endif
