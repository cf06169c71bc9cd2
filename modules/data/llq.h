/* The low-latency queue: of packets that wait to be sealed those with priority go first. It exists while
 * any session has an output class with priority; otherwise packets are sealed as they come.
 *
 * The kernel gives a TUN's packets first in, first out, so whoever would let bulk wait there lets priority
 * wait behind it. Therefore the TUN is read faster than sealed: each turn of a worker takes what
 * there is, seals what has priority at once, and puts the rest into a queue of its own, of which
 * a turn seals a little only. When more comes for long than the data path can do, this queue
 * is full and bulk is dropped there, and what is long is not even read to its end; priority never stands
 * behind it for longer than one turn. The queue is at the SA's owner, where packets that other workers
 * took from a TUN come in, too.
 *
 * Sequence numbers are given when packets are sealed, so the peer sees them in order however they waited
 * here (R-QOS-06 speaks of queues behind the sealing). */
#ifndef MODULES_DATA_LLQ_H
#define MODULES_DATA_LLQ_H

#include "modules/data/worker.h"

/* Of a packet that has no room among the bulk no more than this is read: what is longer is dropped, even if it has
 * priority. No packet of a wire is; several that the kernel made one of are. */
#define LLQ_SKIM 9216
/* Bytes that a worker may read from a TUN before it is so. The bulk may be another owner's; but
 * who reads for others while its own queue is full is at its limit, too. */
size_t llq_room(const struct worker *w);
/* A packet from a TUN for an SA of this worker: judged, then sealed now or later. Takes it. */
void llq_take(struct worker *w, struct worker_sa *sa, struct pkt *k);
/* The batch is over: what has the second priority is sealed, before anything leaves. Nothing of it is left. */
void llq_flush(struct worker *w);
/* Seals a little of what waits; true: more is left. Once a turn. */
bool llq_turn(struct worker *w);
/* Lets the others know when few of this worker's buffers are left. Once a turn. */
void llq_say_short(struct worker *w);
/* The policy of an SA of this worker is another now; either may be NULL. */
void llq_changed(struct worker *w, const struct esp_policy *was, const struct esp_policy *is);

#endif
