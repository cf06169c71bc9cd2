/* Which form of fragmentation two sides use (R-FRG-02, R-FRG-03): said in IKE_SA_INIT, by a notify
 * (RFC 7383 2.3) and by a vendor ID. Private to core/ike. */
#ifndef CORE_IKE_FRAG_OFFER_H
#define CORE_IKE_FRAG_OFFER_H

#include "core/ike/sa.h"

struct snapshot;

/* What we do by this configuration; bits of enum frag_form. */
uint8_t frag_forms(const struct snapshot *conf);
/* What the sender of an INIT message says that it does. */
uint8_t frag_read(const struct ike_payloads *p);
void frag_put(struct msg_out *o, uint8_t forms);
/* The form for two such sets. */
enum frag_form frag_select(uint8_t ours, uint8_t theirs);
/* Both are known: the SA has its form, and its MTU for good. */
void frag_agree(struct ike_sa *sa, const struct snapshot *conf, uint8_t theirs);

#endif
