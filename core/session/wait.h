/* A session's life beyond its tunnel (R-SDB): what lets it wait for its client, when its time is over,
 * and the way back. Pure: time comes as an argument, UTC ms.
 *
 *            session_wait                    session_resume      session_up
 *   up  ---------------------->  waiting  ------------------->  waiting, with an IKE SA  -->  up
 *                                   ^-------- session_let_go -----------'
 *
 * A waiting session has its leases, grant, counters and lifetime, and no SA. It ends when its time to
 * wait is over, when its lifetime is, or when somebody ends it. */
#ifndef CORE_SESSION_WAIT_H
#define CORE_SESSION_WAIT_H

#include "core/session/session.h"

/* Does it wait when its IKE SA ended so? Only when nobody wanted the end, and its client has a token
 * to come back with. */
bool session_waits(const struct session *s, enum status why);
/* Why it ends when its IKE SA ended so. Who was asked to authenticate again and went silent instead has not done it, and
 * must not come back by a ticket: those of sessions that were merely lost are good. */
enum status session_end_why(const struct session *s, enum status why);
/* Why it is to be ended now: ST_END_SESSION_TIMEOUT, or ST_END_NOT_REAUTH, in any state, ST_END_NOT_RESUMED where it waits,
 * ST_END_IDLE where it is up; ST_OK: it stays. data_ms: when it last had data, 0: never; counts while
 * it is up. */
enum status session_due(const struct session *s, uint64_t now_ms, uint64_t data_ms);
/* How long it may still wait, its lifetime included; of one that is up: if its tunnel ended now. */
uint64_t session_wait_left_ms(const struct session *s, uint64_t now_ms);
/* Until its lifetime ends; UINT64_MAX: it has none. */
uint64_t session_life_left_ms(const struct session *s, uint64_t now_ms);
/* Since when it has no tunnel, or no data while it is up. */
uint64_t session_inactive_ms(const struct session *s, uint64_t now_ms, uint64_t data_ms);

/* The session that this identity of a token names, if it can be resumed in this outer VRF. NULL with
 * *why: ST_RECONNECT_BAD, ST_RECONNECT_OVER. */
struct session *session_of_token(const struct sessions *ss, const struct ike_id *id, uint32_t vrf,
	enum status *why);
/* ASK_AUTHORIZE of a peer that has proven that it holds the token: its session, whose it is, since
 * when, and the IKE SA that it still has, which is to go. The session waits with the new SA from now
 * on, until session_up. ST_RECONNECT_OVER: it ended meanwhile. */
void session_resume(struct sessions *ss, const struct ike_question *q, uint64_t now_ms,
	struct ike_answer *answer);

#endif
