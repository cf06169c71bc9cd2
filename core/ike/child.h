/* Child SAs: what is asked for in IKE_AUTH, SPIs, keys, and their way into the data path
 * (RFC 7296 1.2, 2.9, 2.17). */
#ifndef CORE_IKE_CHILD_H
#define CORE_IKE_CHILD_H

#include "core/ike/msg.h"
#include "core/ike/sa.h"

/* Responder: SA, TSi and TSr of the request into the handshake. Returns ST_OK, or how the payloads
 * are malformed. */
enum status child_read_request(struct ike_sa *sa, const struct ike_payloads *p) MUST_USE;
/* Responder, with the profile: can a child come of what was read? (hs->child.status; the reason goes
 * to words). ST_OK or ST_NOMEM. */
enum status child_choose(struct ike_sa *sa, const struct ike_profile *profile,
	char words[IKE_DETAIL_LEN]) MUST_USE;

/* Initiator: reads the answer to what hs->child asked for into hs->child. ST_NO_CHILD_PROPOSAL,
 * ST_TS_UNACCEPTABLE: not an answer to it; or how it is malformed. */
enum status child_read_reply(struct ike_sa *sa, const struct ike_payloads *p) MUST_USE;

/* A random inbound SPI above 255 that no child of ours has; 0: none found. */
uint32_t child_new_spi(struct ike *ike);

/* Makes the child from hs->child (selectors final), derives its keys and installs it. ST_INSTALL,
 * ST_NOMEM... as the data path says: then there is no child. */
enum status child_install(struct ike_sa *sa) MUST_USE;
/* An empty one in the SA's list and the engine's map. NULL: out of memory. */
struct ike_child *child_new(struct ike_sa *sa, uint32_t spi_in);
/* Out of the data path, told, counted, freed. */
void child_end(struct ike_child *child);
void child_free(struct ike_child *child);

void child_put_ts(struct msg_out *o, uint8_t type, const struct ts *ts, uint8_t n);

#endif
