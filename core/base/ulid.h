/* ULIDs: 48 bits of UTC ms, 80 random bits; 26 characters of Crockford base 32, sort by time. */
#ifndef CORE_BASE_ULID_H
#define CORE_BASE_ULID_H

#include <stdbool.h>
#include <stdint.h>

struct ulid {
	uint8_t b[16];
};

#define ULID_TEXT 27

struct ulid ulid_make(uint64_t wall_ms, const uint8_t random[10]);
char *ulid_format(const struct ulid *u, char buf[ULID_TEXT]);
bool ulid_parse(const char *text, struct ulid *out);
bool ulid_is_zero(const struct ulid *u);

#endif
