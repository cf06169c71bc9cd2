/* What the readers of DER here share. For core/crypto only (it shows BoringSSL's types). */
#ifndef CORE_CRYPTO_DER_H
#define CORE_CRYPTO_DER_H

#include <openssl/bytestring.h>
#include <string.h>

#include "core/base/rd.h"

static inline CBS der_cbs(struct view v)
{
	CBS c;

	CBS_init(&c, v.p, v.len);
	return c;
}

static inline struct view der_view(const CBS *c)
{
	return (struct view){CBS_data(c), CBS_len(c)};
}

static inline bool der_same(struct view a, struct view b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* The OID's content bytes as a literal: DER_OID_IS(&cbs, "\x55\x04\x03"). */
#define DER_OID_IS(cbs, literal) CBS_mem_equal((cbs), (const uint8_t *)(literal), sizeof(literal) - 1)

/* A UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 writes it (seconds, Z, no fraction): UTC seconds since 1970. */
bool der_time(CBS *from, int64_t *out);

/* BOOLEAN DEFAULT FALSE. An encoded FALSE is not DER but common, and harmless. */
bool der_optional_bool(CBS *from, bool *out);

/* A BIT STRING of named bits, as a set of 1 << bit for the first 16. */
bool der_bits(CBS *from, unsigned *out);

/* An OPTIONAL INTEGER of 0 to max, *out unchanged when there is none. */
bool der_optional_uint(CBS *from, unsigned max, int *out);

#endif
