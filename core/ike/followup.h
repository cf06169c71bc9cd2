/* IKE_FOLLOWUP_KE (RFC 9370 2.2.4): additional key exchanges of CREATE_CHILD_SA, one after the other,
 * each a pair of messages with the keys of the SA that stands. What is asked for is made after the last
 * one, of all secrets.
 *
 *                                 <--  HDR, SK {SA, Nr, KEr, N(ADDITIONAL_KEY_EXCHANGE)(link1)}
 *   HDR, SK {KEi(1), N(ADDITIONAL_KEY_EXCHANGE)(link1)}  -->
 *                                 <--  HDR, SK {KEr(1) [, N(ADDITIONAL_KEY_EXCHANGE)(link2)]}
 *
 * A link means something to the responder alone. Private to core/ike. */
#ifndef CORE_IKE_FOLLOWUP_H
#define CORE_IKE_FOLLOWUP_H

#include "core/ike/exchange.h"
#include "core/ike/msg.h"

/* What was chosen, where something was. */
void followup_begin(struct exchange *x, const struct chosen *c);
/* The secret that is being computed is not the last one (XE_JOB_MORE). */
bool followup_follows(const struct exchange *x);
/* The next one; ST_INTERNAL: it is not of the length that its group has. */
enum status followup_keep_secret(struct exchange *x, struct view secret) MUST_USE;

/* ---- ours ---- */
/* Does a reply say that another exchange is to follow? */
bool followup_is_promised(const struct ike_payloads *p);
/* The link for the next request, where one is due. ST_BAD_EXCHANGE: there is none. */
enum status followup_read_link(struct exchange *x, const struct ike_payloads *p) MUST_USE;
/* Which event a reply to IKE_FOLLOWUP_KE is. */
struct x_event followup_i_judge(struct exchange *x, const struct msg_in *m, enum status st);
x_action followup_i_more, followup_i_send, followup_i_reply;

/* ---- theirs ---- */
/* Whose next message it is; NULL: of none. */
struct exchange *followup_find(struct ike_sa *sa, const struct ike_payloads *p);
/* STATE_NOT_FOUND to a request. */
void followup_refuse(struct ike_sa *sa, const struct msg_in *m);
/* Into the reply, where another exchange is due. */
void followup_r_put_link(const struct exchange *x, struct msg_out *o);
/* The reply to IKE_FOLLOWUP_KE, kept in the window. */
enum status followup_r_build(struct exchange *x, struct view *msg) MUST_USE;
x_action followup_r_reply, followup_r_request, followup_r_forget;

#endif
