/* Where tickets are asked for, given and taken (RFC 5723 4.1, 4.2, 6.2), all inside of protected
 * exchanges.
 *
 *   IKE_AUTH, INFORMATIONAL   N(TICKET_REQUEST)  -->
 *                                            <-- N(TICKET_LT_OPAQUE), or N(TICKET_NACK)
 *   CREATE_CHILD_SA of an IKE SA             <-- N(TICKET_ACK): later, when the new SA is in charge
 *
 * Only the client of a session asks. Where resumption is not switched on nothing is asked and nothing
 * answered, as by a peer that does not know tickets. Private to core/ike. */
#ifndef CORE_IKE_TICKET_DESK_H
#define CORE_IKE_TICKET_DESK_H

#include "core/ike/sa.h"

bool ticket_desk_is_on(const struct ike_sa *sa);

/* ---- gateway ---- */
bool ticket_desk_is_asked(const struct ike_payloads *p);
/* The answer, if the peer asked. */
void ticket_desk_put(struct ike_sa *sa, bool is_asked, struct msg_out *o);

/* ---- client ---- */
/* N(TICKET_REQUEST), if we want one. */
void ticket_desk_ask(struct ike_sa *sa, struct msg_out *o);
/* Keeps the ticket that a reply brings. */
void ticket_desk_take(struct ike_sa *sa, const struct ike_payloads *p);
/* Asks for a fresh one in an exchange of its own. */
enum status ticket_desk_request(struct ike_sa *sa) MUST_USE;
void ticket_desk_on_timer(struct timer *t, void *ctx);
/* The SA is established, or came back: when the next ticket is due. */
void ticket_desk_arm(struct ike_sa *sa);
/* The SA has a successor: the old ticket says nothing about it. */
void ticket_desk_inherit(struct ike_sa *old, struct ike_sa *heir);
/* The SA is over (sa->why): its ticket stays only when nobody ended it. */
void ticket_desk_ended(struct ike_sa *sa);
/* The value of TAG_TICKET. ST_BAD_PAYLOAD, ST_NOMEM. */
enum status ticket_desk_thaw(struct ike_sa *sa, struct view v) MUST_USE;

#endif
