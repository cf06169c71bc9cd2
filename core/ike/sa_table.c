#include "core/ike/sa_table.h"

#include "core/ike/auth_i.h"
#include "core/ike/auth_r.h"
#include "core/ike/create.h"
#include "core/ike/eap_i.h"
#include "core/ike/eap_r.h"
#include "core/ike/info.h"
#include "core/ike/init_i.h"
#include "core/ike/init_r.h"
#include "core/ike/intermediate.h"
#include "core/ike/redirect.h"
#include "core/ike/resume_i.h"
#include "core/ike/resume_r.h"
#include "core/ike/sa.h"
#include "core/ike/work.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#define ROW(s, e, a, ok, fail) {SA_##s, SE_##e, SA_##ok, SA_##fail, a}

/* sa_stop does nothing and succeeds: entering the next state does what is due. */
static const struct sa_row rows[] = {
	/* ---- initiator: IKE_SA_INIT ---- */
	ROW(NEW, CONNECT, init_i_start, I_DH, DEAD),
	ROW(I_DH, JOB, init_i_send, I_INIT, DEAD),
	ROW(I_DH, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(I_DH, CLOSE, sa_stop, DEAD, DEAD),
	ROW(I_INIT, INIT_REPLY, init_i_reply, I_SECRET, DEAD),
	ROW(I_INIT, INIT_COOKIE, init_i_cookie, I_INIT, DEAD),
	ROW(I_INIT, INIT_GROUP, init_i_start, I_DH, DEAD),
	ROW(I_INIT, INIT_REFUSED, init_i_hint, I_INIT, DEAD),
	ROW(I_INIT, INIT_REDIRECT, redirect_i_init, DEAD, DEAD),
	ROW(I_INIT, NO_REPLY, sa_stop, DEAD, DEAD),
	ROW(I_INIT, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(I_INIT, CLOSE, sa_stop, DEAD, DEAD),
	ROW(I_SECRET, JOB, init_i_secret, I_KEYS, DEAD),
	ROW(I_SECRET, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(I_SECRET, CLOSE, sa_stop, DEAD, DEAD),

	/* ---- initiator: IKE_SESSION_RESUME (RFC 5723), and back to IKE_SA_INIT ---- */
	ROW(NEW, RESUME, resume_i_start, I_RESUME, DEAD),
	ROW(I_RESUME, RESUME_REPLY, resume_i_reply, I_AUTH, DEAD),
	ROW(I_RESUME, INIT_COOKIE, resume_i_cookie, I_RESUME, DEAD),
	ROW(I_RESUME, INIT_REFUSED, resume_i_fall_back, I_DH, DEAD),
	ROW(I_RESUME, NO_REPLY, resume_i_fall_back, I_DH, DEAD),
	ROW(I_RESUME, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(I_RESUME, CLOSE, sa_stop, DEAD, DEAD),
	/* ---- initiator: IKE_INTERMEDIATE (RFC 9242, 9370) ---- */
	ROW(I_SECRET, JOB_MORE, init_i_secret, I_ADD_DH, DEAD),
	ROW(I_ADD_DH, JOB, intermediate_i_send, I_INTERMEDIATE, DEAD),
	ROW(I_ADD_DH, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(I_ADD_DH, CLOSE, sa_stop, DEAD, DEAD),
	ROW(I_INTERMEDIATE, INTERMEDIATE_REPLY, intermediate_i_reply, I_ADD_SECRET, DEAD),
	ROW(I_INTERMEDIATE, BAD_REPLY, intermediate_i_bad_reply, DEAD, DEAD),
	ROW(I_INTERMEDIATE, NO_REPLY, sa_stop, DEAD, DEAD),
	ROW(I_INTERMEDIATE, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(I_INTERMEDIATE, CLOSE, sa_stop, DEAD, DEAD),
	ROW(I_ADD_SECRET, JOB, init_i_last_secret, I_KEYS, DEAD),
	ROW(I_ADD_SECRET, JOB_MORE, intermediate_i_more, I_ADD_DH, DEAD),
	ROW(I_ADD_SECRET, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(I_ADD_SECRET, CLOSE, sa_stop, DEAD, DEAD),

	/* ---- initiator: IKE_AUTH ---- */
	ROW(I_KEYS, GRANTED, auth_i_send, I_AUTH, DEAD),
	ROW(I_KEYS, SIGN, auth_i_sign, I_SIGN, DEAD),
	ROW(I_KEYS, REFUSED, sa_refused, DEAD, DEAD),
	ROW(I_KEYS, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(I_KEYS, CLOSE, sa_stop, DEAD, DEAD),
	ROW(I_SIGN, JOB, auth_i_signed, I_AUTH, DEAD),
	ROW(I_SIGN, JOB_MORE, auth_i_sign_again, I_SIGN, DEAD),
	ROW(I_SIGN, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(I_SIGN, CLOSE, sa_stop, DEAD, DEAD),
	/* What we find wrong in a reply after the responder believes in the SA: it must be told. */
	ROW(I_AUTH, AUTH_REPLY, auth_i_reply, I_AUTHORIZE, DELETING),
	ROW(I_AUTH, SIGNED, auth_i_prove, I_PROOF, DELETING),
	ROW(I_AUTH, EAP_REPLY, eap_i_alone, I_EAP_ASK, DEAD),
	ROW(I_AUTH, AUTH_REDIRECT, redirect_i_auth, DELETING, DELETING),
	ROW(I_AUTH, BAD_REPLY, auth_i_bad_reply, DELETING, DELETING),
	ROW(I_AUTH, AUTH_REFUSED, auth_i_refused, DEAD, DEAD),
	ROW(I_AUTH, NO_REPLY, sa_stop, DEAD, DEAD),
	ROW(I_AUTH, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(I_AUTH, CLOSE, sa_stop, DEAD, DEAD),
	ROW(I_PROOF, GRANTED, auth_i_proven, I_AUTHORIZE, DELETING),
	ROW(I_PROOF, REDIRECTED, redirect_i_proven, DELETING, DELETING),
	ROW(I_PROOF, EAP, eap_i_begin, I_EAP_ASK, DEAD),
	ROW(I_PROOF, REFUSED, sa_refused, DELETING, DELETING),
	ROW(I_PROOF, DELETE_REQUEST, info_deleted, LINGER, LINGER),
	ROW(I_PROOF, BAD_REQUEST, info_bad_request, LINGER, LINGER),
	ROW(I_PROOF, TIMEOUT, sa_stop, DELETING, DELETING),
	ROW(I_PROOF, CLOSE, sa_stop, DELETING, DELETING),
	/* ---- initiator: EAP. The responder does not believe in the SA before the end ---- */
	ROW(I_EAP_ASK, GRANTED, eap_i_send, I_EAP, DEAD),
	ROW(I_EAP_ASK, EAP_OVER, eap_i_over, I_FINAL, DEAD),
	ROW(I_EAP_ASK, REFUSED, sa_refused, DEAD, DEAD),
	ROW(I_EAP_ASK, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(I_EAP_ASK, CLOSE, sa_stop, DEAD, DEAD),
	ROW(I_EAP, EAP_REPLY, eap_i_packet, I_EAP_ASK, DEAD),
	ROW(I_EAP, SIGNED, eap_i_early, DEAD, DEAD),
	ROW(I_EAP, AUTH_REPLY, eap_i_early, DEAD, DEAD),
	ROW(I_EAP, AUTH_REDIRECT, eap_i_early, DEAD, DEAD),
	ROW(I_EAP, BAD_REPLY, auth_i_bad_reply, DEAD, DEAD),
	ROW(I_EAP, AUTH_REFUSED, auth_i_refused, DEAD, DEAD),
	ROW(I_EAP, NO_REPLY, sa_stop, DEAD, DEAD),
	ROW(I_EAP, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(I_EAP, CLOSE, sa_stop, DEAD, DEAD),
	ROW(I_FINAL, AUTH_REPLY, auth_i_reply, I_AUTHORIZE, DELETING),
	ROW(I_FINAL, AUTH_REDIRECT, redirect_i_auth, DELETING, DELETING),
	ROW(I_FINAL, SIGNED, eap_i_early, DELETING, DELETING),
	ROW(I_FINAL, EAP_REPLY, eap_i_early, DEAD, DEAD),
	ROW(I_FINAL, BAD_REPLY, auth_i_bad_reply, DELETING, DELETING),
	ROW(I_FINAL, AUTH_REFUSED, auth_i_refused, DEAD, DEAD),
	ROW(I_FINAL, NO_REPLY, sa_stop, DEAD, DEAD),
	ROW(I_FINAL, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(I_FINAL, CLOSE, sa_stop, DEAD, DEAD),
	ROW(I_AUTHORIZE, GRANTED, auth_i_authorized, I_COMMIT, DELETING),
	ROW(I_AUTHORIZE, REFUSED, sa_refused, DELETING, DELETING),
	ROW(I_AUTHORIZE, DELETE_REQUEST, info_deleted, LINGER, LINGER),
	ROW(I_AUTHORIZE, BAD_REQUEST, info_bad_request, LINGER, LINGER),
	ROW(I_AUTHORIZE, TIMEOUT, sa_stop, DELETING, DELETING),
	ROW(I_AUTHORIZE, CLOSE, sa_stop, DELETING, DELETING),
	ROW(I_COMMIT, COMMITTED, auth_i_committed, UP, DELETING),
	ROW(I_COMMIT, DELETE_REQUEST, info_deleted, LINGER, LINGER),
	ROW(I_COMMIT, BAD_REQUEST, info_bad_request, LINGER, LINGER),
	ROW(I_COMMIT, TIMEOUT, sa_stop, DELETING, DELETING),
	ROW(I_COMMIT, CLOSE, sa_stop, DELETING, DELETING),
	ROW(I_COMMIT, CHILD_LOST, sa_stop, DELETING, DELETING),

	/* ---- responder: IKE_SA_INIT ---- */
	ROW(NEW, ACCEPT, init_r_start, R_DH, DEAD),
	ROW(NEW, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(NEW, CLOSE, sa_stop, DEAD, DEAD),
	ROW(R_DH, JOB, init_r_generated, R_SECRET, DEAD),
	ROW(R_DH, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(R_DH, CLOSE, sa_stop, DEAD, DEAD),
	ROW(R_SECRET, JOB, init_r_reply, R_AUTH, DEAD),
	ROW(R_SECRET, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(R_SECRET, CLOSE, sa_stop, DEAD, DEAD),

	/* ---- responder: another gateway may be better (RFC 5685). Before any key exchange, or once the
	 * client has proven who it is ---- */
	ROW(NEW, MAY_REDIRECT, redirect_r_ask_init, R_INIT_TARGET, DEAD),
	ROW(R_INIT_TARGET, GRANTED, redirect_r_stay_init, R_DH, DEAD),
	ROW(R_INIT_TARGET, REFUSED, redirect_r_stay_init, R_DH, DEAD),
	ROW(R_INIT_TARGET, TIMEOUT, redirect_r_stay_init, R_DH, DEAD),
	ROW(R_INIT_TARGET, REDIRECTED, redirect_r_init, DEAD, DEAD),
	ROW(R_INIT_TARGET, CLOSE, sa_stop, DEAD, DEAD),
	ROW(R_KEYS, MAY_REDIRECT, redirect_r_ask_auth, R_AUTH_TARGET, LINGER),
	ROW(R_PROOF, MAY_REDIRECT, redirect_r_ask_auth, R_AUTH_TARGET, LINGER),
	ROW(R_SIGN, MAY_REDIRECT, redirect_r_ask_auth, R_AUTH_TARGET, LINGER),
	ROW(R_FINAL, MAY_REDIRECT, redirect_r_ask_auth, R_AUTH_TARGET, LINGER),
	ROW(R_AUTH_TARGET, GRANTED, redirect_r_stay_auth, R_AUTHORIZE, LINGER),
	ROW(R_AUTH_TARGET, REFUSED, redirect_r_stay_auth, R_AUTHORIZE, LINGER),
	ROW(R_AUTH_TARGET, TIMEOUT, redirect_r_stay_auth, R_AUTHORIZE, LINGER),
	ROW(R_AUTH_TARGET, REDIRECTED, redirect_r_auth, R_REDIRECTED, LINGER),
	ROW(R_AUTH_TARGET, CLOSE, sa_stop, LINGER, LINGER),
	ROW(R_REDIRECTED, INFO_REQUEST, info_request, R_REDIRECTED, R_REDIRECTED),
	ROW(R_REDIRECTED, DELETE_REQUEST, info_deleted, LINGER, LINGER),
	ROW(R_REDIRECTED, CHILD_REQUEST, info_temporary_failure, R_REDIRECTED, R_REDIRECTED),
	ROW(R_REDIRECTED, BAD_REQUEST, info_bad_request, LINGER, LINGER),
	ROW(R_REDIRECTED, CRITICAL, info_critical, R_REDIRECTED, R_REDIRECTED),
	ROW(R_REDIRECTED, TIMEOUT, sa_stop, DELETING, DELETING),
	ROW(R_REDIRECTED, CLOSE, sa_stop, DELETING, DELETING),
	/* ---- responder: IKE_SESSION_RESUME (RFC 5723) ---- */
	ROW(NEW, TICKET, resume_r_start, R_TICKET, DEAD),
	ROW(R_TICKET, GRANTED, resume_r_reply, R_AUTH, DEAD),
	ROW(R_TICKET, REFUSED, resume_r_refused, DEAD, DEAD),
	ROW(R_TICKET, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(R_TICKET, CLOSE, sa_stop, DEAD, DEAD),
	/* ---- responder: IKE_INTERMEDIATE. Nothing is proven yet: what goes wrong is not answered ---- */
	ROW(R_SECRET, JOB_MORE, init_r_reply, R_INTERMEDIATE, DEAD),
	ROW(R_INTERMEDIATE, INTERMEDIATE_REQUEST, intermediate_r_request, R_ADD_DH, DEAD),
	ROW(R_INTERMEDIATE, BAD_REQUEST, info_bad_request, LINGER, LINGER),
	ROW(R_INTERMEDIATE, CRITICAL, info_critical, LINGER, LINGER),
	ROW(R_INTERMEDIATE, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(R_INTERMEDIATE, CLOSE, sa_stop, DEAD, DEAD),
	ROW(R_ADD_DH, JOB, intermediate_r_generated, R_ADD_SECRET, DEAD),
	ROW(R_ADD_DH, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(R_ADD_DH, CLOSE, sa_stop, DEAD, DEAD),
	ROW(R_ADD_SECRET, JOB, intermediate_r_reply, R_AUTH, DEAD),
	ROW(R_ADD_SECRET, JOB_MORE, intermediate_r_reply, R_INTERMEDIATE, DEAD),
	ROW(R_ADD_SECRET, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(R_ADD_SECRET, CLOSE, sa_stop, DEAD, DEAD),

	/* ---- responder: IKE_AUTH. LINGER: the error is the whole reply; DELETING: the peer is
	 * authenticated, so the reply has AUTH and the error of the child, and a DELETE follows ---- */
	ROW(R_AUTH, AUTH_REQUEST, auth_r_request, R_NAME, LINGER),
	ROW(R_AUTH, BAD_REQUEST, info_bad_request, LINGER, LINGER),
	ROW(R_AUTH, CRITICAL, info_critical, LINGER, LINGER),
	ROW(R_AUTH, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(R_AUTH, CLOSE, sa_stop, DEAD, DEAD),
	ROW(R_NAME, GRANTED, auth_r_named, R_KEYS, LINGER),
	ROW(R_NAME, REFUSED, sa_refused, LINGER, LINGER),
	ROW(R_NAME, TIMEOUT, sa_stop, LINGER, LINGER),
	ROW(R_NAME, CLOSE, sa_stop, LINGER, LINGER),
	ROW(R_NAME, RESUMED, resume_r_verify, R_CLAIM, LINGER),
	ROW(R_CLAIM, GRANTED, resume_r_claimed, R_AUTHORIZE, LINGER),
	ROW(R_CLAIM, REFUSED, sa_refused, LINGER, LINGER),
	ROW(R_CLAIM, TIMEOUT, sa_stop, LINGER, LINGER),
	ROW(R_CLAIM, CLOSE, sa_stop, LINGER, LINGER),
	ROW(R_KEYS, GRANTED, auth_r_verify, R_AUTHORIZE, LINGER),
	ROW(R_KEYS, SIGNED, auth_r_prove, R_PROOF, LINGER),
	ROW(R_KEYS, SIGN, auth_r_sign, R_SIGN, LINGER),
	ROW(R_KEYS, EAP, eap_r_start, R_EAP_ASK, LINGER),
	ROW(R_KEYS, REFUSED, sa_refused, LINGER, LINGER),
	ROW(R_KEYS, TIMEOUT, sa_stop, LINGER, LINGER),
	ROW(R_KEYS, CLOSE, sa_stop, LINGER, LINGER),
	ROW(R_PROOF, GRANTED, auth_r_proven, R_AUTHORIZE, LINGER),
	ROW(R_PROOF, SIGN, auth_r_sign, R_SIGN, LINGER),
	ROW(R_PROOF, REFUSED, sa_refused, LINGER, LINGER),
	ROW(R_PROOF, TIMEOUT, sa_stop, LINGER, LINGER),
	ROW(R_PROOF, CLOSE, sa_stop, LINGER, LINGER),
	ROW(R_SIGN, JOB, auth_r_signed, R_AUTHORIZE, LINGER),
	ROW(R_SIGN, EAP, eap_r_start, R_EAP_ASK, LINGER),
	ROW(R_SIGN, ANOTHER, eap_r_another, R_NEXT, LINGER),
	ROW(R_SIGN, TIMEOUT, sa_stop, LINGER, LINGER),
	ROW(R_SIGN, CLOSE, sa_stop, LINGER, LINGER),
	/* ---- responder: EAP. Until it is over, nothing but what comes next is answered ---- */
	ROW(R_EAP_ASK, GRANTED, eap_r_send, R_EAP, LINGER),
	ROW(R_EAP_ASK, EAP_OVER, eap_r_over, R_FINAL, LINGER),
	ROW(R_EAP_ASK, REFUSED, eap_r_refused, LINGER, LINGER),
	ROW(R_EAP_ASK, TIMEOUT, sa_stop, LINGER, LINGER),
	ROW(R_EAP_ASK, CLOSE, sa_stop, LINGER, LINGER),
	ROW(R_EAP, EAP_REQUEST, eap_r_packet, R_EAP_ASK, LINGER),
	ROW(R_EAP, AUTH_REQUEST, eap_r_early, LINGER, LINGER),
	ROW(R_EAP, BAD_REQUEST, info_bad_request, LINGER, LINGER),
	ROW(R_EAP, CRITICAL, info_critical, LINGER, LINGER),
	ROW(R_EAP, TIMEOUT, eap_r_silent, DEAD, DEAD),
	ROW(R_EAP, CLOSE, sa_stop, DEAD, DEAD),
	ROW(R_FINAL, AUTH_REQUEST, eap_r_final, R_AUTHORIZE, LINGER),
	ROW(R_FINAL, EAP_REQUEST, eap_r_early, LINGER, LINGER),
	ROW(R_FINAL, BAD_REQUEST, info_bad_request, LINGER, LINGER),
	ROW(R_FINAL, CRITICAL, info_critical, LINGER, LINGER),
	ROW(R_FINAL, TIMEOUT, eap_r_silent, DEAD, DEAD),
	ROW(R_FINAL, CLOSE, sa_stop, DEAD, DEAD),
	ROW(R_NEXT, AUTH_REQUEST, eap_r_next, R_EAP_ASK, LINGER),
	ROW(R_NEXT, EAP_REQUEST, eap_r_early, LINGER, LINGER),
	ROW(R_NEXT, BAD_REQUEST, info_bad_request, LINGER, LINGER),
	ROW(R_NEXT, CRITICAL, info_critical, LINGER, LINGER),
	ROW(R_NEXT, TIMEOUT, eap_r_silent, DEAD, DEAD),
	ROW(R_NEXT, CLOSE, sa_stop, DEAD, DEAD),
	ROW(R_AUTHORIZE, GRANTED, auth_r_authorized, R_ADDRESS, LINGER),
	ROW(R_AUTHORIZE, CHILDLESS, auth_r_childless, DELETING, DELETING),
	ROW(R_AUTHORIZE, REFUSED, sa_refused, LINGER, LINGER),
	ROW(R_AUTHORIZE, TIMEOUT, sa_stop, LINGER, LINGER),
	ROW(R_AUTHORIZE, CLOSE, sa_stop, LINGER, LINGER),
	ROW(R_ADDRESS, GRANTED, auth_r_address, R_COMMIT, DELETING),
	ROW(R_ADDRESS, REFUSED, auth_r_no_address, DELETING, DELETING),
	ROW(R_ADDRESS, TIMEOUT, sa_stop, DELETING, DELETING),
	ROW(R_ADDRESS, CLOSE, sa_stop, DELETING, DELETING),
	ROW(R_COMMIT, COMMITTED, auth_r_committed, UP, DELETING),
	ROW(R_COMMIT, TIMEOUT, sa_stop, DELETING, DELETING),
	ROW(R_COMMIT, CLOSE, sa_stop, DELETING, DELETING),
	ROW(R_COMMIT, CHILD_LOST, sa_stop, DELETING, DELETING),

	/* ---- established ---- */
	ROW(UP, INFO_REQUEST, info_request, UP, UP),
	ROW(UP, REDIRECT_REQUEST, redirect_i_info, DELETING, UP),
	ROW(UP, DELETE_REQUEST, info_deleted, LINGER, LINGER),
	ROW(UP, CHILD_REQUEST, create_request, UP, UP),
	ROW(UP, CHILD_REPLY, create_reply, UP, UP),
	ROW(UP, REPLACED, sa_stop, REPLACED, REPLACED),
	ROW(UP, SUPERSEDED, sa_stop, DEAD, DEAD), /* without a DELETE (RFC 5723 4.3.4) */
	ROW(UP, BAD_REQUEST, info_bad_request, LINGER, LINGER),
	ROW(UP, CRITICAL, info_critical, UP, UP),
	ROW(UP, INFO_REPLY, info_reply, UP, UP),
	ROW(UP, NO_REPLY, sa_stop, DEAD, DEAD),
	ROW(UP, CRASHED, sa_stop, DEAD, DEAD), /* RFC 6290 section 3: silently */
	ROW(UP, DPD, info_dpd, UP, DEAD), /* DEAD: message IDs never wrap (RFC 7296 2.2) */
	ROW(UP, LIFETIME, work_close, DELETING, DELETING),
	ROW(UP, CLOSE, work_close, DELETING, DELETING),
	ROW(UP, CHILD_LOST, sa_stop, DELETING, DELETING),

	/* ---- rekeying of the IKE SA (RFC 7296 2.8, 2.25.2): what the peer asks of a successor proves
	 * that the peer takes it for the one in charge ---- */
	ROW(HEIR, INFO_REQUEST, heir_info_request, UP, HEIR),
	ROW(HEIR, CHILD_REQUEST, heir_child_request, UP, HEIR),
	ROW(HEIR, DELETE_REQUEST, info_deleted, LINGER, LINGER),
	ROW(HEIR, BAD_REQUEST, info_bad_request, LINGER, LINGER),
	ROW(HEIR, CRITICAL, info_critical, HEIR, HEIR),
	ROW(HEIR, CLOSE, sa_stop, DELETING, DELETING),
	ROW(HEIR, TIMEOUT, sa_stop, DELETING, DELETING),
	ROW(REPLACED, INFO_REQUEST, info_request, REPLACED, REPLACED),
	ROW(REPLACED, DELETE_REQUEST, info_deleted, LINGER, LINGER),
	ROW(REPLACED, CHILD_REQUEST, info_temporary_failure, REPLACED, REPLACED),
	ROW(REPLACED, BAD_REQUEST, info_bad_request, LINGER, LINGER),
	ROW(REPLACED, CRITICAL, info_critical, REPLACED, REPLACED),
	ROW(REPLACED, INFO_REPLY, info_old_reply, REPLACED, REPLACED),
	ROW(REPLACED, CHILD_REPLY, info_old_reply, REPLACED, REPLACED),
	ROW(REPLACED, NO_REPLY, sa_stop, DEAD, DEAD),
	ROW(REPLACED, CLOSE, sa_stop, DELETING, DELETING),
	ROW(REPLACED, TIMEOUT, sa_stop, DELETING, DELETING),

	/* ---- the end (RFC 7296 1.4.1, 2.25.2) ---- */
	ROW(DELETING, INFO_REPLY, info_delete_reply, DEAD, DEAD),
	ROW(DELETING, CHILD_REPLY, info_delete_reply, DEAD, DEAD),
	ROW(DELETING, INFO_REQUEST, info_request, DELETING, DELETING),
	ROW(DELETING, DELETE_REQUEST, info_deleted, LINGER, LINGER),
	ROW(DELETING, CHILD_REQUEST, info_temporary_failure, DELETING, DELETING),
	ROW(DELETING, BAD_REQUEST, info_bad_request, LINGER, LINGER),
	ROW(DELETING, CRITICAL, info_critical, DELETING, DELETING),
	ROW(DELETING, CLOSE, sa_stop, DELETING, DELETING),
	ROW(DELETING, NO_REPLY, sa_stop, DEAD, DEAD),
	ROW(DELETING, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(LINGER, TIMEOUT, sa_stop, DEAD, DEAD),
	ROW(LINGER, CLOSE, sa_stop, DEAD, DEAD),
};

static const struct sa_state_info states[SA_STATES] = {
#define X(name, timeout, status, words) [SA_##name] = {#name, timeout, status, words},
	SA_STATE_LIST(X)
#undef X
};

static const char *const events[SA_EVENTS] = {
#define X(name) [SE_##name] = #name,
	SA_EVENT_LIST(X)
#undef X
};

const struct sa_row *sa_row_find(enum sa_state state, enum sa_event_kind event)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].state == state && rows[i].event == event)
			return &rows[i];
	return NULL;
}

const struct sa_row *sa_rows(size_t *n)
{
	*n = ARRAY_LEN(rows);
	return rows;
}

const struct sa_state_info *sa_state_info(enum sa_state state)
{
	return &states[state < SA_STATES ? state : SA_DEAD];
}

const char *sa_event_name(enum sa_event_kind event)
{
	return event < SA_EVENTS ? events[event] : "?";
}
