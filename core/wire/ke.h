/* Key exchange and nonce payloads (RFC 7296 sections 3.4 and 3.9). Pure. */
#ifndef CORE_WIRE_KE_H
#define CORE_WIRE_KE_H

#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/base/wr.h"

#define NONCE_MIN 16
#define NONCE_MAX 256

struct ke {
	uint16_t group;
	struct view data; /* not empty; whether it is a value of the group is for crypto to say */
};

enum status ke_parse(struct view body, struct ke *out) MUST_USE; /* ST_TRUNCATED */
void ke_build(struct wr *w, uint16_t group, const void *data, size_t len);
/* The body is the nonce. ST_BAD_PAYLOAD unless 16..256 bytes. */
enum status nonce_parse(struct view body, struct view *out) MUST_USE;

#endif
