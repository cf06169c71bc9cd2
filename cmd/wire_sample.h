/* Numbered samples: sums of all counters at one moment. What show prints and what SQL has of the same
 * number is equal. */
#ifndef CMD_WIRE_SAMPLE_H
#define CMD_WIRE_SAMPLE_H

#include "cmd/wire_state.h"

#define WIRE_SAMPLE_MS 5000

/* Takes one, numbers it above all earlier ones of this headend, and stores it. */
const struct sample *wire_sample(void *ctx); /* ctx is struct wire */

/* With each sample and once a second: the sums and the figures of the pools are frozen, so that what
 * somebody has seen never goes back when main dies. */
void wire_counters_keep(struct wire *w);
/* What the mains before us counted, and what of it was cleared; nothing when there was none. */
void wire_counters_thaw(struct wire *w);
/* For the world: frozen, too. */
void wire_counters_cleared(void *ctx);
enum status wire_pools_thaw(struct wire *w) MUST_USE; /* the same, of pools. ST_NOMEM */

#endif
