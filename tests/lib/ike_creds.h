/* Credentials of the simulated world: signatures, certificates and an EAP method that are only as strong as a test
 * needs. A side signs with its psk_local, and a peer that signs is believed when that is the other's psk_remote, so
 * that one wrong secret is wrong by every method. */
#ifndef TESTS_LIB_IKE_CREDS_H
#define TESTS_LIB_IKE_CREDS_H

#include "tests/lib/ike_world.h"

/* ASK_KEYS, as far as it is about signing: by the profile's own method. Views are of static memory. */
void creds_keys(const struct world_node *n, const struct ike_question *q, struct ike_answer *a);
/* ASK_PROOF. */
void creds_proof(const struct world_node *n, const struct ike_question *q, struct ike_answer *a);
/* JOB_SIGN: the signature into out; its length. */
#define CREDS_SIGNATURE 32
void creds_sign(const struct world_node *n, const struct ike_job *job, uint8_t out[CREDS_SIGNATURE]);
/* ASK_EAP, both roles; the packet goes to it->extra. */
void creds_eap(struct world_node *n, const struct ike_question *q, struct world_item *it);
/* The conversation of an SA ends. */
void creds_forget(struct world_node *n, uint64_t sa);

#endif
