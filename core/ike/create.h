/* The actions of CREATE_CHILD_SA: requests and replies for children, and for the IKE SA.
 *
 *   child    HDR, SK {[N(REKEY_SA),] SA, Ni, [KEi,] TSi, TSr}  -->
 *                                          <--  HDR, SK {SA, Nr, [KEr,] TSi, TSr}
 *   IKE SA   HDR, SK {SA, Ni, KEi}                            -->
 *                                          <--  HDR, SK {SA, Nr, KEr} */
#ifndef CORE_IKE_CREATE_H
#define CORE_IKE_CREATE_H

#include "core/ike/exchange.h"
#include "core/ike/msg.h"

/* ours (create_i.c) */
x_action create_i_start, create_i_send, create_i_again, create_i_reply, create_i_hold, create_i_finish;
x_action create_i_refused;
/* Asks for the secret; where there is no room for the question, the request is repeated (ST_PENDING). */
enum status create_i_compute(struct exchange *x) MUST_USE;
/* Which event a reply is; reads nothing that is kept. */
struct x_event create_i_judge(struct exchange *x, const struct msg_in *m, enum status st);

/* theirs (create_r.c) */
/* Reads and judges a request into x. ST_OK: x->group says whether there is a key exchange; else
 * what it is refused with. */
enum status create_r_judge(struct exchange *x, const struct msg_in *m) MUST_USE;
x_action create_r_start, create_r_generated, create_r_finish;
/* Our nonce and SPI. */
enum status create_r_prepare(struct exchange *x) MUST_USE;
/* The reply to x->msgid, kept in the window. */
enum status create_r_build(struct exchange *x, struct view *msg) MUST_USE;
/* Tells our own exchange about the same SA, where there is one, what it has to know when it ends. */
bool create_r_note_rival(struct exchange *x);
/* The error reply to message msgid. x: NULL where there was no memory for one. */
void create_r_refuse(struct ike_sa *sa, uint32_t msgid, const struct exchange *x,
	const struct endpoint *local, const struct endpoint *remote, enum status why);

/* of the SA's table */
sa_action create_request, create_reply, heir_info_request, heir_child_request;

/* the IKE SA's successor (succeed.c) */
/* Makes it from an exchange whose secret is known, in state HEIR: without children or session, and
 * with a number of its own. NULL: out of memory. */
struct ike_sa *succeed_new(struct exchange *x);
/* Everything that makes the SA what it is to the world goes over to its successor: number, session,
 * children; its lifetime begins. The old one is left without any: SE_CLOSE follows where we delete
 * it, SE_REPLACED where the peer does. Sends nothing. */
void succeed(struct ike_sa *old, struct ike_sa *heir);
/* The peer deletes an SA that we are rekeying, as it is (RFC 7296 2.25.2): what it made of it in its
 * own exchange, if anything, is the successor. */
void succeed_by_rival(struct ike_sa *old);

#endif
