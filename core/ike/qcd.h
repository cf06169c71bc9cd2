/* Quick crash detection (RFC 6290), token maker and taker. Each side gives the other, protected, a
 * token for the IKE SA. Whoever lost the SA can make it anew from the SPIs and a secret that outlives
 * the loss, and shows it in the clear: then the other side knows, and ends the SA.
 *
 *   HDR, SK {..., N(QCD_TOKEN)}  <->  HDR, SK {..., N(QCD_TOKEN)}      IKE_AUTH, rekeying
 *   (one side forgets everything)
 *   HDR, SK {...}                -->
 *                                <--  HDR, N(INVALID_IKE_SPI), N(QCD_TOKEN)
 *
 * A token is never shown while either SPI is that of an SA of ours, or of one that we are about to
 * have (section 9.2). */
#ifndef CORE_IKE_QCD_H
#define CORE_IKE_QCD_H

#include "core/ike/msg.h"
#include "core/ike/sa.h"

/* Do we take part? The configuration says so, and there is a secret. */
bool qcd_is_on(const struct ike *ike);
/* Our token for the SA with these SPIs into a protected message. */
void qcd_put(struct msg_out *o, const struct ike *ike, uint64_t spi_i, uint64_t spi_r);
/* The peer's token of a protected message, if there is one. */
void qcd_take(const struct ike *ike, const struct ike_payloads *p, struct qcd_token *token);
/* An unprotected message with the SPIs of an SA: with the peer's token the SA ends. False: there is
 * no token in it. */
bool qcd_on_plain(struct ike_sa *sa, const struct msg_in *m);
/* Answers a protected request for an SA that is not known. False: it must not, or need not be. */
bool qcd_show(struct ike *ike, const struct msg_in *m);

#endif
