/* IKE_SESSION_RESUME as initiator. Whatever goes wrong before the responder has shown that it can read
 * the ticket leads to an ordinary IKE_SA_INIT of the same SA. */
#ifndef CORE_IKE_RESUME_I_H
#define CORE_IKE_RESUME_I_H

#include "core/ike/resume.h"

/* Is there a ticket for this new SA, and may it be used? Then it is in sa->hs. */
bool resume_i_prepare(struct ike_sa *sa);
/* A message with exchange IKE_SESSION_RESUME and the response flag, for our SA. */
void resume_i_on_reply(struct ike_sa *sa, const struct msg_in *m);

sa_action resume_i_start;
sa_action resume_i_cookie;
sa_action resume_i_reply;
sa_action resume_i_fall_back;

#endif
