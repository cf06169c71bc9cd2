/* Main's half of what sessions may send: who has which policy, and the orders about it. Loop thread only.
 *
 * The policy is of the session, the buckets are where the packets are judged: one meter for each worker
 * that has SAs of the session, shared by them, so that a rekeyed SA (which stays with the worker of its
 * predecessor) goes on with the same buckets. A session whose SAs live with n workers has n
 * meters, each with a part of n of the rate: nothing is shared between workers, and by
 * making more SAs nobody gets more than his rate. Whoever uses one of them only has less. */
#ifndef MODULES_DATA_LIMITS_H
#define MODULES_DATA_LIMITS_H

#include "modules/data/owner.h"

/* One session that has SAs. */
struct limits {
	struct map_node by_session; /* in data.limits */
	struct ulid session;
	struct esp_policy *policy; /* a reference; NULL: everything passes */
	struct list children;      /* child.in_session, alive */
	uint32_t share;            /* workers that have SAs of it */
};

/* A child that nobody knows yet joins this session: policy (NULL: none) is the session's from now on, also
 * for its other SAs, and the SA has it before its first packet. ST_NOMEM: nothing changed. */
enum status limits_join(struct data *d, struct child *c, const struct ulid *session,
			struct esp_policy *policy) MUST_USE;
/* It goes: no order about it follows. No-op when it went before. */
void limits_leave(struct data *d, struct child *c);
/* The order came back. May free the child. */
void limits_order_done(struct data *d, struct policy_order *o);
/* What the SA of a child held, when no worker has it any more. */
void limits_release(struct child *c);

#endif
