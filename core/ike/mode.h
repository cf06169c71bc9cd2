/* Transport mode (RFC 7296 1.3.1): a child between the two hosts of its IKE SA themselves, whose packets
 * have no IP header inside, because it would be the one outside. Everything else is tunnel mode, and so
 * is what goes through a NAT: there the peer would see other addresses than were put into the checksums
 * of TCP and UDP (RFC 3948 3.1.2). Private to core/ike. */
#ifndef CORE_IKE_MODE_H
#define CORE_IKE_MODE_H

#include "core/ike/child.h"
#include "core/ike/narrow.h"

/* What the configuration says: the first usable transform set of the profile. */
struct mode_wish {
	bool transport;
	bool required; /* rather no child than tunnel mode */
};
struct mode_wish mode_wish(const struct snapshot *conf, const struct ipsec_profile *profile);

/* Is there USE_TRANSPORT_MODE? */
bool mode_is_named(const struct ike_payloads *p);
void mode_put(struct msg_out *o, bool transport);
/* Initiator: do the selectors that are asked for name the two hosts and nothing else? c->transport is
 * set to whether transport mode is offered. ST_NO_CHILD_PROPOSAL: it is required and cannot be. */
enum status mode_offer(const struct ike_sa *sa, bool in_udp, struct mode_wish wish, struct child_offer *c)
	MUST_USE;
/* Initiator: c->transport was offered; it becomes what the answer says. ST_NO_CHILD_PROPOSAL: that is
 * not an answer to it, or not what is required. */
enum status mode_accept(const struct ike_payloads *answer, struct mode_wish wish, struct child_offer *c)
	MUST_USE;
/* Responder: c->transport is whether the peer asks for it; it becomes the decision. The same statuses. */
enum status mode_decide(const struct ike_sa *sa, bool in_udp, struct mode_wish wish, struct child_offer *c)
	MUST_USE;
/* Responder, after the decision for it: what of the peer's selectors is about the two hosts. */
void mode_narrow(const struct ike_sa *sa, const struct ts_set *asked_i, const struct ts_set *asked_r,
	struct ts_set *ts_i, struct ts_set *ts_r);

#endif
