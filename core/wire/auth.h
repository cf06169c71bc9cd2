/* The AUTH payload (RFC 7296 section 3.8). Pure. */
#ifndef CORE_WIRE_AUTH_H
#define CORE_WIRE_AUTH_H

#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/base/wr.h"

/*  X(NAME, number, words) */
#define AUTHM_LIST(X) \
	X(RSA, 1, "RSA") \
	X(PSK, 2, "PSK") \
	X(DSS, 3, "DSS") \
	X(ECDSA_256, 9, "ECDSA-256") \
	X(ECDSA_384, 10, "ECDSA-384") \
	X(ECDSA_521, 11, "ECDSA-521") \
	X(NULL, 13, "NULL") \
	X(DIGITAL_SIGNATURE, 14, "Digital Signature")

enum auth_method {
#define X(name, number, words) AUTHM_##name = number,
	AUTHM_LIST(X)
#undef X
};

/* No number of the wire: what `show` calls a side that authenticated by EAP. An AUTH payload with it is of an
 * unknown method. */
#define AUTHM_EAP_SHOWN 255

struct auth {
	uint8_t method;
	struct view data; /* not empty */
};

/* ST_TRUNCATED; ST_BAD_PAYLOAD: no data. */
enum status auth_parse(struct view body, struct auth *out) MUST_USE;
void auth_build(struct wr *w, uint8_t method, const void *data, size_t len);
/* "PSK"; "unknown" for other numbers. */
const char *auth_method_name(uint8_t method);

#endif
