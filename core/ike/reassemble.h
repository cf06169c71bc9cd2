/* Messages of an SA that arrive in fragments: RFC 7383, and those of Cisco (receive only). One of the
 * peer's requests and one reply to ours may be in the making at a time. Private to core/ike. */
#ifndef CORE_IKE_REASSEMBLE_H
#define CORE_IKE_REASSEMBLE_H

#include "core/ike/sa.h"

/* msg_open() for a message that may be a fragment. ST_PENDING: nothing is to be done with it, it was
 * kept or passed over (counted). *is_authentic false otherwise: drop. A fragment that says no more
 * than that the peer repeats an answered request comes out as an authentic message without payloads. */
enum status reassemble_open(struct ike_sa *sa, const struct ike_message *parsed, struct msg_in *m,
	bool *is_authentic) MUST_USE;
/* Gives up what has waited for too long. */
void reassemble_on_timer(struct timer *t, void *ctx);
/* The SA is about to be freed. */
void reassemble_forget(struct ike_sa *sa);

#endif
