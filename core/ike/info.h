/* INFORMATIONAL and what is refused politely (RFC 7296 1.4, 2.25; R-DPD-12): liveness checks both
 * ways, DELETE both ways, CREATE_CHILD_SA with an error. */
#ifndef CORE_IKE_INFO_H
#define CORE_IKE_INFO_H

#include "core/ike/sa.h"

/* Reads the DELETE payloads. *ike: this IKE SA is to go. ST_BAD_PAYLOAD... */
enum status info_judge(const struct ike_payloads *p, bool *ike) MUST_USE;
/* Sends a DELETE for the IKE SA unless a request of ours is still open (then it goes out after that
 * one's reply). */
void info_send_delete(struct ike_sa *sa);

sa_action info_request;
sa_action info_deleted;
sa_action info_reply;
sa_action info_delete_reply;
sa_action info_dpd;
sa_action info_bad_request;
sa_action info_critical;
sa_action info_no_more_children;
sa_action info_temporary_failure;

#endif
