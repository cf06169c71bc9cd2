/* Stateless cookies (RFC 7296 2.6): version | hash(secret, Ni, endpoints, SPIi). The secret changes
 * with time; the one before it is still accepted. */
#ifndef CORE_IKE_COOKIE_H
#define CORE_IKE_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/endpoint.h"
#include "core/base/rd.h"

#define COOKIE_LEN 17
#define COOKIE_PERIOD_MS 60000

struct cookie_jar {
	uint64_t secret[2][4]; /* now, before */
	uint8_t version[2];
	bool is_valid[2];
	uint64_t made_ms;
};

struct cookie_input {
	const struct endpoint *local;
	const struct endpoint *remote;
	uint64_t spi_i;
	struct view ni;
};

/* Is the secret too old, or not there yet? Then cookie_rotate with fresh random bytes. */
bool cookie_is_stale(const struct cookie_jar *j, uint64_t now_ms);
void cookie_rotate(struct cookie_jar *j, const uint64_t random[4], uint64_t now_ms);
void cookie_make(const struct cookie_jar *j, const struct cookie_input *in, uint8_t out[COOKIE_LEN]);
bool cookie_verify(const struct cookie_jar *j, const struct cookie_input *in, struct view cookie);

#endif
