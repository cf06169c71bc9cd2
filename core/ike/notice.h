/* Notices about SAs that one side does not have (RFC 7296 1.5, 2.4, 2.21.4; R-ISP): ESP with an
 * unknown SPI is told to the peer, protected where there is an IKE SA with it. What is told without
 * protection is a hint: a liveness check at most, and seldom. Also what we owe the peer of a rekeyed
 * IKE SA: our token for it (RFC 6290 4.3). */
#ifndef CORE_IKE_NOTICE_H
#define CORE_IKE_NOTICE_H

#include "core/ike/msg.h"
#include "core/ike/sa.h"

/* Is there something to be told to the peer of an established SA? And an INFORMATIONAL that does.
 * ST_AGAIN, ST_NOMEM, ST_LIMIT: nothing was sent. */
bool notice_is_due(const struct ike_sa *sa);
enum status notice_send(struct ike_sa *sa) MUST_USE;
/* From an authentic INFORMATIONAL request: children that the peer does not have go (R-ISP-04). */
void notice_take(struct ike_sa *sa, const struct ike_payloads *p);
/* An unprotected message with the SPIs of an SA. False: it is none of ours. */
bool notice_on_plain(struct ike_sa *sa, const struct msg_in *m);
/* The same outside of any SA: INVALID_SPI. */
bool notice_on_stray(struct ike *ike, const struct msg_in *m);

#endif
