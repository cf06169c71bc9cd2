/* Expanded keys, while there are packets for them: an SA has its keys as they were agreed (struct sa_keys), and
 * the cipher of a direction is made for the first packet and ended when there was none for a minute. An expanded
 * AES-GCM key has more than a thousand bytes, and most of ten thousand tunnels are silent most of the time.
 *
 * Only the owner of the SA makes and ends its ciphers, in rooms of its own, and ends them between two batches, when
 * no train and no job of fan.c has the SA: for helpers they are constant as ever, and nothing is locked.
 *
 * Whoever knows the SPI can have a key expanded by a forged packet whose number is within the window. That costs about
 * as much as deciphering one packet more, at most once a minute for each SA, because what was expanded stays for a
 * minute in any case; afterwards it is of no more use to him, because only what was authentic makes it stay longer.
 * There is room for both directions of all SAs, so he takes none away from others. Addresses for it are mapped with the
 * first cipher of each size, and have memory only where there are ciphers. Worker threads only. */
#ifndef MODULES_DATA_EXPAND_H
#define MODULES_DATA_EXPAND_H

#include "modules/data/worker.h"

#define EXPAND_REST_MS 60000 /* without a packet */
#define EXPAND_ROUND_MS 5000 /* from one look at all of them to the next */

/* The keys of an SA as they were agreed. Main makes, wipes and frees them; the owner reads them. */
struct sa_keys {
	struct esp_suite suite;
	size_t len;      /* of each */
	uint8_t bytes[]; /* in, out */
};

enum status expand_init(struct worker *w) MUST_USE;
/* Ends all ciphers that are left; their SAs are not looked at. Also after a failure. */
void expand_fini(struct worker *w);

/* For a packet of this direction: its cipher is there when it returns ST_OK. ST_NOMEM: the next packet tries again. */
enum status expand_in(struct worker *w, struct worker_sa *sa) MUST_USE;
enum status expand_out(struct worker *w, struct worker_sa *sa) MUST_USE;
/* The SA goes: both directions. */
void expand_end(struct worker *w, struct worker_sa *sa);
/* Between two batches: looks at some of those that are expanded, when it is time to. */
void expand_turn(struct worker *w);
/* How long the worker may sleep for all of this: 0, EXPAND_ROUND_MS, or -1, for ever. */
int expand_sleep_ms(const struct worker *w);

#endif
