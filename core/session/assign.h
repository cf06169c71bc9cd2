/* The addresses of a session: of the user's own, of a session before this one, of a pool, of a DHCP server, in
 * this order (R-MCF-12). Pure; loop thread. */
#ifndef CORE_SESSION_ASSIGN_H
#define CORE_SESSION_ASSIGN_H

#include "core/session/session.h"

/* ASK_ADDRESS. Fills answer with the grant. Asked again it answers the same. A peer whose session by the
 * same profile is up, from the same endpoint, authenticates again: both sessions have its addresses.
 * Addresses that the user has for himself come before those of a pool, and a pool before a DHCP server (R-MCF-12), whose
 * address is there already or is not (dhcp_lease.h). No other user ever has what somebody has for himself.
 * ST_OK; ST_NOT_FOUND (no such session), ST_NO_ADDRESS, ST_POOL_EXHAUSTED, ST_NOMEM with a
 * sentence. Who asks for both families gets what there is; it fails when there is nothing at all, or when one
 * that is his own cannot be had.
 */
void session_assign(struct sessions *ss, const struct ike_question *q, struct ike_answer *answer);
/* A session that is up, of the same peer by the same way, whose lease of the family s shall have, too; NULL: none. */
struct session *session_before(const struct sessions *ss, const struct session *s, uint8_t family);
/* What the host has in an inner VRF, as leases_set_host(): nobody is granted one of these, whoever names it. */
enum status sessions_set_host(struct sessions *ss, const char *ivrf, const struct addr *v, size_t n) MUST_USE;
/* Exactly this IPv4 address, in the name of s->pool4, as lease4. ST_EXISTS: somebody has it, or the host; ST_NOMEM. */
enum status session_take_exact(struct sessions *ss, struct session *s, const struct addr *addr) MUST_USE;

#endif
