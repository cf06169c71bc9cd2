/* One story of the simulation, and the rules that it must keep:
 *   - no crash, no leak: the engines give all their memory back
 *   - both sides agree on keys, SPIs, algorithms and selectors of every child that both have
 *   - no SA is up without a commit and a kept record
 *   - a repeated request gets the same reply again, byte by byte, fragment by fragment
 *   - no fragment is longer than the MTU allows
 *   - no ticket brings back a session that somebody ended, and none does so twice (ike_ports.c)
 *   - half-open SAs never exceed the limit
 *   - when the network is healed, both sides of an SA and of its children are where the client is (MOBIKE)
 *   - when the network is healed, a connect succeeds (where the configurations allow it)
 *   - a client that lost its connection comes back, with a ticket or without
 *   - whoever shows the token of an SA does not have it, and will not
 *   - what is said without proof ends nothing and redirects nobody; a side may lose all its state
 *   - and the client can authenticate again beside it without a gap
 *   - after everything was closed nothing is left: SAs, children, leases, records, timers */
#ifndef TESTS_SIM_STORY_H
#define TESTS_SIM_STORY_H

#include "tests/lib/ike_world.h"

struct story_total {
	uint64_t packets, steps, up, restarts;
	uint64_t crashes, tokens; /* a side lost its state, and the other was shown a token */
	uint64_t forged, redirected;
	uint64_t resumed;
	uint64_t rekeys, rekeyed, collisions; /* begun by the story, done, met by the client */
	uint64_t followups;   /* IKE_FOLLOWUP_KE messages */
	uint64_t reassembled; /* messages put together from fragments */
	uint64_t moves, followed; /* of the client; SAs that were there at the end of stories */
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
