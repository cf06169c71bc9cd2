/* Keyed hash for tables whose keys a peer may choose (SipHash-2-4, Aumasson and Bernstein). */
#ifndef CORE_BASE_HASH_H
#define CORE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
	uint64_t k0;
	uint64_t k1;
};

uint64_t hash_sip(const struct hash_key *key, const void *p, size_t len);
/* Fast mix for keys that we chose ourselves. */
uint64_t hash_u64(uint64_t v);
/* hash_sip with the key {seed, ~seed}. */
uint64_t hash_bytes(uint64_t seed, const void *p, size_t len);
/* CRC-32C, table driven: frozen records check themselves with it. */
uint32_t crc32c(uint32_t crc, const void *p, size_t len);

#endif
