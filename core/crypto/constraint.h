/* Name constraints (RFC 5280 4.2.1.10) of an authority over the names of a certificate below it. Email addresses, DNS
 * names, URIs (their host), addresses and directory names; a constraint of another kind forbids every name of that
 * kind. Pure; any thread. */
#ifndef CORE_CRYPTO_CONSTRAINT_H
#define CORE_CRYPTO_CONSTRAINT_H

#include "core/base/rd.h"
#include "core/base/status.h"

struct cert;

#define CONSTRAINT_COMPARISONS_MAX 100000 /* of one chain */

/* Contents of the NameConstraints SEQUENCE: well-formed? */
bool constraint_ok(struct view constraints);

/* ST_OK; ST_CERT_CONSTRAINT, with the kind of GeneralName and the name that is not allowed; ST_CERT_LIMIT when *budget
 * comparisons were used up. */
enum status constraint_judge(struct view constraints, const struct cert *below, size_t *budget, unsigned *kind,
	struct view *name) MUST_USE;

#endif
