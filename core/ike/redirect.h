/* Redirect (RFC 5685; R-RDR), both roles. Where to is a question to the world.
 *
 *   client                                gateway
 *   INIT   HDR, SAi1, KEi, Ni, N(REDIRECT_SUPPORTED)  -->     ask(redirect)
 *                         <--  HDR, N(REDIRECT: gateway, Ni)  nothing kept
 *   AUTH   HDR, SK {IDi, AUTH, ...}                   -->     psk, then ask(redirect)
 *                         <--  HDR, SK {IDr, AUTH, N(REDIRECT: gateway)}
 *          HDR, SK {D}                                -->
 *   later                 <--  HDR, SK {N(REDIRECT: gateway)}
 *          HDR, SK {}  HDR, SK {D}                    -->
 *
 * The client says in its first message to the next gateway who sent it: N(REDIRECTED_FROM). */
#ifndef CORE_IKE_REDIRECT_H
#define CORE_IKE_REDIRECT_H

#include "core/ike/init.h"
#include "core/ike/sa.h"

/* ---- client ---- */
/* REDIRECT_SUPPORTED or REDIRECTED_FROM, where the configuration follows redirects. */
void redirect_i_announce(struct msg_out *o, struct ike_sa *sa);
/* Data of a REDIRECT in an IKE_SA_INIT reply: is it ours to follow? Else it is counted; nothing
 * proves that it comes from the gateway, so that the real answer is still waited for. */
bool redirect_i_judge(struct ike_sa *sa, struct view data);
/* SE_AUTH_REDIRECT or SE_AUTH_REPLY. */
enum sa_event_kind redirect_i_auth_event(const struct ike_payloads *p);
/* SE_REDIRECT_REQUEST when an INFORMATIONAL sends us, a client, elsewhere; else SE_INFO_REQUEST. */
enum sa_event_kind redirect_i_info_event(const struct ike_sa *sa, const struct ike_payloads *p);

/* ---- gateway ---- */
/* What the IKE_SA_INIT request says about redirects, into the handshake. */
void redirect_r_read(struct handshake *hs, const struct ike_payloads *p);
/* SE_MAY_REDIRECT when the world is to be asked, else SE_ACCEPT or SE_GRANTED. */
enum sa_event_kind redirect_r_init_event(const struct ike *ike, const struct ike_payloads *p);
enum sa_event_kind redirect_r_auth_event(const struct ike_sa *sa);
/* The answer to ASK_REDIRECT: SE_REDIRECTED, or SE_GRANTED: it stays here. */
enum sa_event_kind redirect_r_answer_event(const struct ike_sa *sa, const struct ike_answer *a);

sa_action redirect_i_init, redirect_i_auth, redirect_i_proven, redirect_i_info;
sa_action redirect_r_ask_init, redirect_r_stay_init, redirect_r_init;
sa_action redirect_r_ask_auth, redirect_r_stay_auth, redirect_r_auth;

#endif
