/* Which sessions a CoA- or Disconnect-Request means (RFC 5176 section 3). audit-session-id, Acct-Session-Id and
 * Acct-Multi-Session-Id are all the session's ULID, NAS-Port and NAS-Port-Id its number and interface as `show` has
 * them, Framed-IPv6-Prefix and Delegated-IPv6-Prefix the very prefix, Calling- and Called-Station-Id the peer's and our address, with or without the port. Several sessions may be
 * meant: then it is done to all of them or to none. Pure; loop thread. */
#ifndef CORE_SESSION_COA_MATCH_H
#define CORE_SESSION_COA_MATCH_H

#include "core/aaa/coa_request.h"
#include "core/conf/conf_aaa.h"
#include "core/session/session.h"

/* What names a session, in accounting and Access-Requests as in what asks to end it. A session that waits has the number
 * of its last IKE SA; one that comes back has another, as `show` has it.
 *
 * NAS-Port: of an IKE SA; 0: none. NAS-Port-Id: "Virtual-Access7", "Tunnel1"; "": none. */
uint32_t coa_port(const struct session *s);
#define COA_IFNAME 32
char *coa_ifname(const struct session *s, char out[COA_IFNAME]);
char *coa_access_name(uint64_t sa, char out[COA_IFNAME]); /* of a session by a virtual template that is to be */
/* Its IPv6 address, of 128 bits, or the prefix that is the client's as a whole; family 0: neither. */
struct prefix coa_net6(const struct session *s);
/* Framed-Interface-Id: with such a prefix, of the address in it that the client was told. False: there is none. */
#define COA_INTERFACE_ID 8
bool coa_interface_id(const struct session *s, uint8_t out[COA_INTERFACE_ID]);

/* Does it name a session by what counts in this configuration? False: the answer is filled (402). */
bool coa_match_check(const struct dynauth *d, const struct coa_request *r, struct coa_answer *answer);
/* The sessions that are up and fit, in order of creation: prev NULL for the first. */
struct session *coa_match_next(const struct sessions *ss, const struct dynauth *d, const struct coa_request *r,
	const struct session *prev);
/* Does an Access-Accept to an Authorize-Only mean the session as it is: its user and addresses, as far as it says them? They
 * cannot change while it lives (RFC 5176 section 3.6, note 6). False: why has a sentence that names the attribute. */
bool coa_match_accept(const struct session *s, struct view attrs, char why[AAA_WHY]);
/* How many there are; 0: the answer is filled (503, or 404 by configuration), also when they are of several inner
 * VRFs, in which the same address is not the same user (508). */
size_t coa_match_count(const struct sessions *ss, const struct dynauth *d, const struct coa_request *r,
	struct coa_answer *answer);

#endif
