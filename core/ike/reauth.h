/* Repeated authentication (RFC 4478): the responder says and enforces how long an authentication
 * counts, the initiator begins a new IKE SA in time, make before break.
 *
 *   HDR, SK {IDr, AUTH, SAr2, TSi, TSr, N(AUTH_LIFETIME)}   <--   or, later, in an INFORMATIONAL
 *   HDR, SK {N(AUTH_LIFETIME)}                    <--   of a short limit when it is time, of one that has changed, or
 *                                                       when somebody asks for it:
 *   HDR, SK {}   -->                                      by CoA, by a command (ike_reauth of limit.h)
 *   ... the initiator tells REAUTH_DUE; who connected connects again beside the old IKE SA ...
 *   HDR, SK {D}   -->                                             of the old one
 *
 * The new child of the responder carries nothing until the peer has shown that it has it, or the old
 * one goes, or a moment has passed. Private to core/ike. */
#ifndef CORE_IKE_REAUTH_H
#define CORE_IKE_REAUTH_H

#include "core/ike/msg.h"
#include "core/ike/sa.h"

/* Responder: AUTH_LIFETIME, when there is a limit that is long enough; else reauth_ms is set, when it is to be sent. */
void reauth_put(struct msg_out *o, struct ike_sa *sa);
/* Responder: an INFORMATIONAL with what is left of one that has changed, or is near its end (owes_lifetime).
 * ST_AGAIN, ST_NOMEM, ST_LIMIT: nothing was sent. */
enum status reauth_send(struct ike_sa *sa) MUST_USE;
/* A rekeyed SA: what was asked of the peer, and what it has not confirmed. */
void reauth_inherit(struct ike_sa *heir, const struct ike_sa *old);
/* Initiator: an AUTH_LIFETIME among the notifies sets reauth_ms, never later than it was. True: there
 * was one, and the timer is to be armed. */
bool reauth_read(struct ike_sa *sa, const struct ike_payloads *p);
/* An SA becomes established, or inherits: its limits by its own settings. */
void reauth_start(struct ike_sa *sa);
/* A timer of the SA. Initiator: tells when it is time, and again until the SA has gone. Responder: the peer is told. */
void reauth_due(struct ike_sa *sa);
/* An older SA of the same peer that is up, by the same way and for the same device: sa is, or will be,
 * what follows it. NULL: none. */
struct ike_sa *reauth_older(const struct ike_sa *sa);
/* Is there a newer one that follows this one? */
bool reauth_was_followed(const struct ike_sa *sa);
/* Is the time of the session, or of its authentication, over? And why the SA ends, now that a lifetime is over. */
bool reauth_is_over(const struct ike_sa *sa);
enum status reauth_why(const struct ike_sa *sa);
/* The SA goes: what follows it is settled. */
void reauth_hand_over(struct ike_sa *sa);

#endif
