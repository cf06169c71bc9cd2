/* IKE_SA_INIT as responder.
 *
 *   HDR, SAi1, KEi, Ni, [N(NAT_DETECTION_*)]  -->
 *                   <-- HDR, N(COOKIE)            nothing kept; under load only
 *                   <-- HDR, N(INVALID_KE_PAYLOAD | NO_PROPOSAL_CHOSEN)   nothing kept
 *                       or a half-open SA: job(generate), job(compute)
 *                   <-- HDR, SAr1, KEr, Nr, [N(NAT_DETECTION_*)] */
#ifndef CORE_IKE_INIT_R_H
#define CORE_IKE_INIT_R_H

#include "core/ike/init.h"
#include "core/ike/sa.h"

/* An acceptable request. */
struct init_request {
	const struct msg_in *m;
	struct init_msg init;
	struct chosen chosen;
	struct ike_suite suite;
	bool is_proven; /* its address, by a cookie */
};

/* A message with exchange IKE_SA_INIT or IKE_SESSION_RESUME and no response flag; its payloads were
 * parsed. */
void init_r_on_request(struct ike *ike, const struct msg_in *m);
/* Counts why a request came to nothing, and tells it now and then. */
void init_r_report(struct ike *ike, const struct msg_in *m, enum status st, const char *detail);
/* A new half-open SA for the request; ev is its first event. */
void init_r_accept(struct ike *ike, const struct msg_in *m, struct view ni, const struct sa_event *ev);
/* A reply without keys to a request without an SA: one notify. Never longer than the request. */
void init_r_refuse(struct ike *ike, const struct msg_in *m, uint16_t type, struct view data);

/* The header of such a reply, and its sending. */
struct ike_hdr init_r_refusal_hdr(const struct msg_in *m);
void init_r_send_plain(struct ike *ike, const struct msg_in *m, struct view msg);
/* Of a new SA: what the request says goes into its handshake; then the key exchange begins. */
enum status init_r_take(struct ike_sa *sa, const struct init_request *r) MUST_USE;
enum status init_r_begin(struct ike_sa *sa) MUST_USE;

sa_action init_r_start;
sa_action init_r_generated;
sa_action init_r_reply;

#endif
