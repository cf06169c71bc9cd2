/* A worker asks whether a session may have this packet: access list, class, rate (core/esp/policy.h has
 * the order). Nothing is asked of a session that has no policy. */
#ifndef MODULES_DATA_JUDGE_H
#define MODULES_DATA_JUDGE_H

#include "modules/data/worker.h"

/* CMD_SA_POLICY, part of its child. Carries the new policy and meter to the SA of order.child and the old ones
 * back. */
struct policy_order {
	struct cmd order;
	struct esp_policy *policy;
	struct esp_meter *meter;
	uint32_t share;
	bool is_under_way;
	bool again; /* changed meanwhile: once more when it is back */
};

/* A packet that was opened and is within the selectors, before it goes to the TUN. May write its DSCP. Drops
 * are counted in the SA too. ST_OK, ST_ESP_ACL, ST_ESP_RATE. */
enum status judge_in(struct worker *w, struct worker_sa *sa, struct esp_opened *o) MUST_USE;

/* A packet for this SA, before it is sealed, in two steps, because a super-packet is judged once and
 * cut then: what it may be, and the rate of each packet that comes out of it.
 * ST_OK with class and priority in the packet, or ST_OUT_ACL. May write the DSCP. */
enum status judge_out(const struct worker_sa *sa, struct pkt *k) MUST_USE;
/* ST_OK, ST_OUT_RATE. len: of the inner packet. */
enum status judge_rate(const struct worker *w, const struct worker_sa *sa, const struct pkt *k,
		       size_t len) MUST_USE;

/* The SA is the worker's from now on. */
void judge_begin(struct worker *w, struct worker_sa *sa);
/* The order to judge by another policy: what the SA had comes back in the order. */
void judge_change(struct worker *w, struct policy_order *o);

#endif
