/* What the two stateful fuzz targets of the engine share: a world with a login in it, and an input
 * that says what happens to it. */
#ifndef TESTS_LIB_IKE_FUZZ_H
#define TESTS_LIB_IKE_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One input: {stage, then operations {op, argument, length, bytes}}. is_after: the login has worked;
 * else it is somewhere on its way and the peer never proved who it is. Aborts when a rule is broken:
 * bytes that are not authentic end no SA, the world's own rules, lines of debug without a peer's raw
 * bytes, and after the end nothing is left. */
void ike_fuzz_run(const uint8_t *data, size_t size, bool is_after);

#endif
