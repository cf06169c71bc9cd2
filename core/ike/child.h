/* Child SAs: what is asked for in IKE_AUTH, SPIs, keys, and their way into the data path
 * (RFC 7296 1.2, 2.9, 2.17). */
#ifndef CORE_IKE_CHILD_H
#define CORE_IKE_CHILD_H

#include "core/ike/msg.h"
#include "core/ike/offer.h"
#include "core/ike/sa.h"

#define CHILDREN_ALL 24 /* of one IKE SA, with those that are being replaced or are on their way out */

/* Responder: SA, TSi and TSr of the request into the handshake. Returns ST_OK, or how the payloads
 * are malformed. */
enum status child_read_request(struct ike_sa *sa, const struct ike_payloads *p) MUST_USE;
/* Responder, with the profile: can a child come of what was read? (hs->child.status; the reason goes
 * to words). ST_OK or ST_NOMEM. */
enum status child_choose(struct ike_sa *sa, const struct ike_profile *profile,
	char words[IKE_DETAIL_LEN]) MUST_USE;

/* TSi and TSr into c. ST_BAD_EXCHANGE: not there. */
enum status child_read_selectors(const struct ike_payloads *p, struct child_offer *c) MUST_USE;
/* Initiator: SA, TSi and TSr of an answer to what c asked for, into c. ours: what was offered.
 * ST_NO_CHILD_PROPOSAL, ST_TS_UNACCEPTABLE: not an answer to it; or how it is malformed. */
enum status child_read_answer(const struct ike_payloads *p, const struct allowed_set *ours,
	bool is_first, struct child_offer *c) MUST_USE;
/* Initiator: reads the answer to what hs->child asked for into hs->child. ST_NO_CHILD_PROPOSAL,
 * ST_TS_UNACCEPTABLE: not an answer to it; or how it is malformed. */
enum status child_read_reply(struct ike_sa *sa, const struct ike_payloads *p) MUST_USE;

/* A random inbound SPI above 255 that no child of ours has; 0: none found. */
uint32_t child_new_spi(struct ike *ike);

/* The same with the low 8 bits of another, whose successor it will be: it stays with the worker, and
 * no packet of a flow overtakes another. */
uint32_t child_new_spi_like(struct ike *ike, uint32_t like);

/* The IPsec profile that makes the children of an SA, by the names that the SA keeps; NULL: gone. */
const struct ipsec_profile *child_profile(const struct ike_sa *sa, const struct snapshot *conf);

struct child_terms {
	uint16_t replay_window;
	bool may_rekey;
	uint32_t idle_s;      /* 0: none */
	uint32_t lifetime_s;  /* 0: none */
	uint64_t lifetime_kb; /* 0: none */
};
struct child_terms child_terms_of(const struct ike_sa *sa, const struct snapshot *conf);
/* When, of a lifetime of so many ms, it is time for a successor. */
uint64_t child_soft_ms(struct ike *ike, uint64_t whole_ms);
/* By us: Windows behind a NAT is left alone. */
bool child_may_be_rekeyed(const struct ike_child *c);

/* All that a child is made of. */
struct child_birth {
	const struct child_offer *offer; /* selectors and SPIs final */
	bool is_initiator;               /* of the exchange that makes it */
	bool receive_only;
	uint32_t replaces;               /* inbound SPI of the predecessor, whose wish it fulfils; 0: none */
	uint8_t wish;
	struct view ni, nr;              /* of that exchange */
	struct view secret;              /* of its own key exchange; empty: none */
	struct view more;                /* of additional ones, one after the other */
	struct child_terms terms;
};
/* Makes it, derives its keys and installs it; *out may be NULL. ST_INSTALL, ST_NOMEM... as the data
 * path says: then there is no child. */
enum status child_install(struct ike_sa *sa, const struct child_birth *b, struct ike_child **out)
	MUST_USE;
/* The one of IKE_AUTH, from the handshake. */
enum status child_install_first(struct ike_sa *sa) MUST_USE;
void child_tell_up(struct ike_child *child);
/* By the SPI that the peer receives with; retired ones are not found. */
struct ike_child *child_find_out(const struct ike_sa *sa, uint32_t spi_out);
/* One that the peer has and we could not make: nothing of it but the DELETE that the peer is owed. */
void child_owe_delete(struct ike_sa *sa, uint32_t spi_in, enum status why);
/* Packets leave through it from now on. */
void child_activate(struct ike_child *child);
/* An empty one in the SA's list and the engine's map. NULL: out of memory. */
struct ike_child *child_new(struct ike_sa *sa, uint32_t spi_in);
/* Out of the data path, told, counted, freed. */
void child_end(struct ike_child *child, enum status why);
/* Told and counted as down, and out of the data path a little later; packets leave through what
 * replaced it. */
void child_retire(struct ike_child *child, enum status why);
void child_free(struct ike_child *child);

/* Its selectors, for those that it had. ST_NOMEM: as before. */
enum status child_set_ts(struct ike_child *c, const struct ts *local, uint8_t n_local,
	const struct ts *remote, uint8_t n_remote) MUST_USE;

void child_put_ts(struct msg_out *o, uint8_t type, const struct ts *ts, uint8_t n);

#endif
