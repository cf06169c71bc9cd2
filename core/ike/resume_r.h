/* IKE_SESSION_RESUME as responder, and what is different in the IKE_AUTH that follows.
 *
 *   open the ticket; cookie and limits as for IKE_SA_INIT; ask(ticket); reply, or N(TICKET_NACK)
 *   IKE_AUTH: ask(hook); profile; verify with SK_pi; ask(ticket, claim): from here on it is used up, the
 *   old SA ends without a word; ask(authorize) and on as always */
#ifndef CORE_IKE_RESUME_R_H
#define CORE_IKE_RESUME_R_H

#include "core/ike/natd.h"
#include "core/ike/resume.h"

/* A request with a good ticket. */
struct resume_request {
	const struct msg_in *m;
	struct view nonce;
	struct natd_result nat;
	const struct ticket *ticket;
};

/* A request that was judged and admitted like one of IKE_SA_INIT. */
void resume_r_on_request(struct ike *ike, const struct msg_in *m, struct view nonce);

sa_action resume_r_start;
sa_action resume_r_reply;
sa_action resume_r_refused;
sa_action resume_r_verify;
sa_action resume_r_claimed;

#endif
