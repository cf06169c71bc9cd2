/* EAP in IKE_AUTH as initiator (RFC 7296 2.16): the same exchange as in eap_r.h, from the other side.
 *
 *   ask(keys); HDR, SK {IDi, [CERTREQ,] SAi2, TSi, TSr}  -->
 *        <-- HDR, SK {IDr, CERT, AUTH, EAP}      ask(proof): the responder is proven before we say a word;
 *                                                without AUTH: only where both sides want EAP only
 *   ask(eap); HDR, SK {EAP}  -->   <-- HDR, SK {EAP}  ...  <-- HDR, SK {EAP(Success)}
 *   HDR, SK {AUTH}  -->            <-- HDR, SK {AUTH, [CP,] SAr2, TSi, TSr} */
#ifndef CORE_IKE_EAP_I_H
#define CORE_IKE_EAP_I_H

#include "core/ike/sa.h"

/* Does the profile authenticate us by EAP? And would it do without a certificate of the responder? */
bool eap_i_is_ours(const struct ike_sa *sa);
bool eap_i_is_only(const struct ike_sa *sa);
/* The AUTH that ends EAP: is the responder's right? */
enum status eap_i_check(struct ike_sa *sa, const struct ike_payloads *p) MUST_USE;

sa_action eap_i_alone;
sa_action eap_i_begin;
sa_action eap_i_packet;
sa_action eap_i_send;
sa_action eap_i_over;
sa_action eap_i_early;

#endif
