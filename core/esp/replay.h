/* The anti-replay window (RFC 4303 section 3.4.3 and appendix A2), in memory that survives the
 * process: check before decryption, mark after it. Both are called by the SA's owner only.
 *
 *   seq_top - window + 1           seq_top
 *        |  1 0 1 1 0 ... 1 1 0 1 1 |         bit of a number: bitmap[seq mod ESP_WINDOW_MAX]
 *   older: refused                  newer: accepted
 *
 * Death between any two instructions of a mark leaves a window that refuses at least what was
 * accepted before: the top moves first, then what lies between is cleared, then the bit is set. */
#ifndef CORE_ESP_REPLAY_H
#define CORE_ESP_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/status.h"
#include "core/esp/rt.h"

/* The 64-bit number that the 32 bits in the packet stand for; without ESN the bits themselves.
 * ST_ESP_REPLAY: would lie before number 0 (then *seq is not written). */
enum status replay_infer(const struct esp_rt *rt, bool esn, uint32_t seq_low, uint64_t *seq) MUST_USE;
/* ST_ESP_REPLAY: seen before, too old, or number 0. Window 0 refuses nothing. */
enum status replay_check(const struct esp_rt *rt, uint64_t seq) MUST_USE;
/* After authentication. Judges again, so that two copies checked at once cannot both pass. */
enum status replay_mark(struct esp_rt *rt, uint64_t seq) MUST_USE;

#endif
