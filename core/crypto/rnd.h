/* Random numbers of the real world. core uses its ports' random; only their filler calls this. */
#ifndef CORE_CRYPTO_RND_H
#define CORE_CRYPTO_RND_H

#include <stddef.h>
#include <stdint.h>

/* Cryptographically strong; any thread; never fails (a machine without a random source ends the
 * process rather than going on with guessable keys). */
void rnd_bytes(void *out, size_t len);
uint64_t rnd_u64(void);

#endif
