/* Configuration that is pushed (R-MCF-04, R-MCF-05): CFG_SET and CFG_ACK in an INFORMATIONAL exchange
 * of an established SA, either way, and a CFG_SET that came in IKE_AUTH.
 *
 * A responder pushes what it granted to a peer that sent no CFG_REQUEST, an initiator its own networks.
 * A CFG_SET moves no border: of the networks in it those are acknowledged that lead to the peer already,
 * by its grant; an initiator takes name servers, domains and the banner of it for `show`. What is not
 * acknowledged had no effect. Private to core/ike. */
#ifndef CORE_IKE_CP_SET_H
#define CORE_IKE_CP_SET_H

#include "core/ike/msg.h"
#include "core/ike/sa.h"

/* The body of a payload that waits to be sent. */
struct cp_body {
	size_t len;
	uint8_t bytes[];
};

/* When IKE_AUTH is through: if there is something to be pushed and the profile says so, it is to be
 * sent soon. Out of memory: it is not. */
void cp_set_owe(struct ike_sa *sa);
/* Sends it, where window and work let it. ST_AGAIN, ST_NOMEM, ST_LIMIT: nothing was sent. */
enum status cp_set_send(struct ike_sa *sa) MUST_USE;
/* Of an authentic INFORMATIONAL request: a CFG_SET is taken and answered in o. */
void cp_set_answer(struct ike_sa *sa, const struct ike_payloads *p, struct msg_out *o);
/* CFG_ACK for those of the networks that lead to the peer, each as an empty attribute. */
void cp_set_put_ack(struct msg_out *o, const struct prefix *networks, size_t n,
	const struct kept_grant *g);

#endif
