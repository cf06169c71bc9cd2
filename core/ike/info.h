/* INFORMATIONAL (RFC 7296 1.4, 2.25; R-DPD-12): liveness checks and DELETE, both ways, and what is
 * refused politely. */
#ifndef CORE_IKE_INFO_H
#define CORE_IKE_INFO_H

#include "core/ike/sa.h"

/* Reads the DELETE payloads. *ike: this IKE SA is to go. ST_BAD_PAYLOAD... */
enum status info_judge(const struct ike_payloads *p, bool *ike) MUST_USE;
/* Sends a DELETE for the IKE SA unless a request of ours is still open (then it goes out after that
 * one's reply). */
void info_send_delete(struct ike_sa *sa);

/* Sends a DELETE for the children whose time has come. ST_AGAIN, ST_NOMEM, ST_LIMIT: nothing was
 * sent. */
enum status info_delete_children(struct ike_sa *sa) MUST_USE;

sa_action info_request;
sa_action info_old_reply;
sa_action info_deleted;
sa_action info_reply;
sa_action info_delete_reply;
sa_action info_dpd;
sa_action info_bad_request;
sa_action info_critical;
sa_action info_temporary_failure;

#endif
