/* A cipher with a room of its own, and the shape of its packets. */
#ifndef TESTS_LIB_ESP_KEYED_H
#define TESTS_LIB_ESP_KEYED_H

#include <stdlib.h>

#include "core/crypto/esp_soft.h"

static inline enum status esp_cipher_new(const struct esp_suite *s, const uint8_t *keymat, size_t len,
					 struct esp_cipher **out)
{
	size_t whole = (esp_cipher_len(s) + ESP_CIPHER_ALIGN - 1) / ESP_CIPHER_ALIGN * ESP_CIPHER_ALIGN;
	void *at = aligned_alloc(ESP_CIPHER_ALIGN, whole);
	enum status st;

	if (!at)
		abort();
	st = esp_cipher_make(s, (struct view){keymat, len}, (struct esp_room){at, whole}, out);
	if (st)
		free(at);
	return st;
}

static inline void esp_cipher_free(struct esp_cipher *c)
{
	esp_cipher_end(c);
	free(c);
}

static inline struct esp_shape esp_cipher_shape(const struct esp_cipher *c)
{
	return c->shape;
}

#endif
