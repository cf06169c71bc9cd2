/* The SA payload: proposals and transforms (RFC 7296 section 3.3). Pure. */
#ifndef CORE_WIRE_SA_H
#define CORE_WIRE_SA_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/base/wr.h"

/* What is kept. Proposals after the 16th, and proposals with more than 40 transforms, are checked
 * for framing and skipped as unacceptable; the others count. */
#define SA_PROPOSALS_MAX 16
#define SA_TRANSFORMS_MAX 40

#define PROTO_NONE 0
#define PROTO_IKE 1
#define PROTO_AH 2
#define PROTO_ESP 3

#define TRANSFORM_ENCR 1
#define TRANSFORM_PRF 2
#define TRANSFORM_INTEG 3
#define TRANSFORM_DH 4
#define TRANSFORM_ESN 5
#define TRANSFORM_ADDKE1 6 /* to 12: additional key exchanges 1 to 7 (RFC 9370) */
#define TRANSFORM_ADDKE7 12

/* unusable: it carries an attribute that is not understood, twice the same, or a key length that is
 * malformed or zero; it must not be chosen, the others of the proposal still count (3.3.6). */
struct transform {
	uint8_t type;
	bool unusable;
	uint16_t id;
	uint16_t key_bits; /* 0: no key length attribute */
};

struct proposal {
	uint8_t num;
	uint8_t protocol;      /* PROTO_ or a number unknown to us */
	bool has_unknown_type; /* a type not above: the proposal is unacceptable (3.3.6) */
	uint8_t n;
	struct view spi;       /* IKE: 0 or 8 bytes, AH and ESP: 4 */
	struct transform v[SA_TRANSFORMS_MAX];
};

struct sa {
	uint8_t n;
	uint8_t n_skipped; /* saturates at 255 */
	struct proposal v[SA_PROPOSALS_MAX];
};

/* Numbers must be 1, 2, 3...; or any strictly increasing ones, for CREATE_CHILD_SA of some clients
 * and for an answer, whose single proposal carries the number that was chosen. */
enum sa_numbers { SA_NUMBERS_STRICT, SA_NUMBERS_INCREASING };

/* Body of an SA payload. ST_TRUNCATED, ST_TRAILING, or ST_BAD_PAYLOAD: no proposal or no transform,
 * lengths, last-flags or counts that lie, SPI of the wrong size, numbers out of order. */
enum status sa_parse(struct view body, enum sa_numbers numbers, struct sa *out) MUST_USE;
/* True when every kept proposal of this protocol has an SPI of spi_len bytes that is not zero:
 * (IKE, 0) in IKE_SA_INIT, (IKE, 8) in an IKE rekey, (ESP, 4) for a child. */
bool sa_spis_are(const struct sa *sa, uint8_t protocol, size_t spi_len);
/* Key length is written when key_bits is not 0; unusable and has_unknown_type are ignored. */
void sa_build(struct wr *w, const struct sa *sa);
/* One proposal; last: no other follows. For builders that need no struct sa. */
void sa_build_proposal(struct wr *w, const struct proposal *p, bool last);

#endif
