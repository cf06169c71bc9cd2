/* One story of the simulation, and the rules that it must keep:
 *   - no crash, no leak: the engines give all their memory back
 *   - both sides agree on keys, SPIs, algorithms and selectors of every child that both have
 *   - no SA is up without a commit and a kept record
 *   - a repeated request gets the same reply again, byte by byte
 *   - half-open SAs never exceed the limit
 *   - when the network is healed, a connect succeeds (where the configurations allow it)
 *   - and the client can authenticate again beside it without a gap
 *   - after everything was closed nothing is left: SAs, children, leases, records, timers */
#ifndef TESTS_SIM_STORY_H
#define TESTS_SIM_STORY_H

#include "tests/lib/ike_world.h"

struct story_total {
	uint64_t packets, steps, up, restarts;
	uint64_t rekeys, rekeyed, collisions; /* begun by the story, done, met by the client */
};

struct story_result {
	char broken[256]; /* "": all rules were kept */
	char log[WORLD_LOG];
};

void story_init(void);
void story_fini(void);
/* The configurations of the stories; i is taken modulo their number. */
struct snapshot *story_conf(bool server, uint64_t i);
void story_run(uint64_t seed, unsigned real_share, bool verbose, struct story_total *total,
	struct story_result *out);

#endif
