/* Resumption of an IKE SA with a ticket (RFC 5723 4.3, 5), what both roles share.
 *
 *   HDR, [N(COOKIE)], Ni, N(TICKET_OPAQUE), [N(NAT_DETECTION_*)]  -->        IKE_SESSION_RESUME
 *                                     <-- HDR, Nr, [N(NAT_DETECTION_*)]
 *                                 or  <-- HDR, N(TICKET_NACK)
 *   HDR, SK {IDi, AUTH, ...}  -->                                            IKE_AUTH, as always, with
 *                                     <-- HDR, SK {IDr, AUTH, ...}           AUTH = prf(SK_p, octets)
 *
 * hs->resumed says that an SA is being resumed, and from what. Private to core/ike. */
#ifndef CORE_IKE_RESUME_H
#define CORE_IKE_RESUME_H

#include "core/ike/sa.h"

/* Is every algorithm of the SA still allowed, in one proposal, by the configuration of today? */
bool resume_suite_is_allowed(const struct snapshot *conf, const struct endpoint *local,
	const struct ike_suite *suite);
/* SK_* from the old SK_d and both nonces; both SPIs are known. */
void resume_derive(struct ike_sa *sa);
/* The key of a side's AUTH: SK_pi or SK_pr. */
struct view resume_auth_key(const struct ike_sa *sa, bool of_initiator);
/* Both identities must be those of the ticket (RFC 5723 4.3.3). ST_AUTH_FAILED and words. */
enum status resume_judge_ids(struct ike_sa *sa) MUST_USE;
/* How that side once authenticated. */
uint8_t resume_method(const struct ike_sa *sa, bool of_initiator);

#endif
