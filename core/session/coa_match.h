/* Which sessions a CoA- or Disconnect-Request means (RFC 5176 section 3). audit-session-id, Acct-Session-Id and
 * Acct-Multi-Session-Id are all the session's ULID, NAS-Port and NAS-Port-Id its number and interface as `show` has
 * them, Calling- and Called-Station-Id the peer's and our address, with or without the port. Several sessions may be
 * meant: then it is done to all of them or to none. Pure; loop thread. */
#ifndef CORE_SESSION_COA_MATCH_H
#define CORE_SESSION_COA_MATCH_H

#include "core/aaa/coa_request.h"
#include "core/conf/conf_aaa.h"
#include "core/session/session.h"

#define COA_IFNAME 32
/* "Virtual-Access7", "Tunnel1" */
char *coa_ifname(const struct session *s, char out[COA_IFNAME]);

/* Does it name a session by what counts in this configuration? False: the answer is filled (402). */
bool coa_match_check(const struct dynauth *d, const struct coa_request *r, struct coa_answer *answer);
/* The sessions that are up and fit, in order of creation: prev NULL for the first. */
struct session *coa_match_next(const struct sessions *ss, const struct dynauth *d, const struct coa_request *r,
	const struct session *prev);
/* How many there are; 0: the answer is filled (503, or 404 by configuration), also when they are of several inner
 * VRFs, in which the same address is not the same user (508). */
size_t coa_match_count(const struct sessions *ss, const struct dynauth *d, const struct coa_request *r,
	struct coa_answer *answer);

#endif
