/* EAP in IKE_AUTH as responder (RFC 7296 2.16), after a certificate of the client's, too (RFC 4739), and without
 * one of ours (RFC 5998).
 *
 *   HDR, SK {IDi, [CERTREQ,] [IDr,] [CP,] SAi2, TSi, TSr}  -->                no AUTH: it wants EAP
 *        ask(hook); profile; ask(keys); job(sign); ask(eap)
 *                                  <-- HDR, SK {IDr, [CERT,] AUTH, EAP}       with EAP only: no CERT, no AUTH
 *   HDR, SK {EAP}  -->   ask(eap)  <-- HDR, SK {EAP}                          as often as the method wants
 *                                  <-- HDR, SK {EAP(Success)}
 *   HDR, SK {AUTH} -->   by the MSK, or SK_pi;  ask(authorize) and on
 *                                  <-- HDR, SK {AUTH, [CP,] SAr2, TSi, TSr}
 *
 *   HDR, SK {IDi, CERT, AUTH, SAi2, TSi, TSr, N(ANOTHER_AUTH_FOLLOWS)}  -->
 *                                  <-- HDR, SK {IDr, CERT, AUTH}
 *   HDR, SK {IDi}  -->   ask(eap)  <-- HDR, SK {EAP}                          and on as above */
#ifndef CORE_IKE_EAP_R_H
#define CORE_IKE_EAP_R_H

#include "core/ike/sa.h"

/* Do both sides make do without a certificate of ours? */
bool eap_r_is_only(const struct ike_sa *sa);
/* The AUTH that ends EAP: is it right? Makes ours. */
enum status eap_r_check(struct ike_sa *sa, const struct sa_event *ev) MUST_USE;
/* How long the client may take for its next message (R-AUT-09), in ms; usual_ms: what the table says. All of it may
 * take four times as long: a stranger that answers just in time does not keep its place for ever. */
uint32_t eap_r_patience_ms(const struct ike_sa *sa, uint32_t usual_ms);

sa_action eap_r_start;
sa_action eap_r_send;
sa_action eap_r_over;
sa_action eap_r_refused;
sa_action eap_r_packet;
sa_action eap_r_early;
sa_action eap_r_silent;
sa_action eap_r_final;
sa_action eap_r_another;
sa_action eap_r_next;

#endif
