#include "core/base/ulid.h"

#include <stddef.h>
#include <string.h>

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

struct ulid ulid_make(uint64_t wall_ms, const uint8_t random[10])
{
	struct ulid u;

	for (size_t i = 0; i < 6; i++)
		u.b[i] = (uint8_t)(wall_ms >> (40 - 8 * i));
	memcpy(u.b + 6, random, 10);
	return u;
}

/* 26 digits of 5 bits are 130 bits: digit i covers bits 5i-2 .. 5i+2 of the 128, so the first
 * digit has two leading zeros and is at most 7. */
char *ulid_format(const struct ulid *u, char buf[ULID_TEXT])
{
	unsigned acc = 0;
	int bits = 2;
	size_t at = 0;

	for (size_t i = 0; i < 16; i++) {
		acc = (acc << 8) | u->b[i];
		for (bits += 8; bits >= 5; bits -= 5)
			buf[at++] = digits[(acc >> (bits - 5)) & 31];
		acc &= 31;
	}
	buf[at] = '\0';
	return buf;
}

static int digit_of(char c)
{
	const char *at;

	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

bool ulid_parse(const char *text, struct ulid *out)
{
	struct ulid u = {{0}};
	unsigned acc = 0;
	int bits = -2;
	size_t at = 0;

	for (size_t i = 0; i < ULID_TEXT - 1; i++) {
		int d = digit_of(text[i]);

		if (d < 0 || (i == 0 && d > 7))
			return false;
		acc = (acc << 5) | (unsigned)d;
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			u.b[at++] = (uint8_t)(acc >> bits);
		}
		acc &= 0xff;
	}
	if (text[ULID_TEXT - 1] != '\0')
		return false;
	*out = u;
	return true;
}

bool ulid_is_zero(const struct ulid *u)
{
	uint8_t any = 0;

	for (size_t i = 0; i < sizeof(u->b); i++)
		any = (uint8_t)(any | u->b[i]);
	return any == 0;
}
