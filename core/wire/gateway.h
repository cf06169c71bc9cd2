/* Data of the notifies REDIRECT and REDIRECTED_FROM (RFC 5685 sections 7.2 and 7.3): which gateway.
 * Pure. */
#ifndef CORE_WIRE_GATEWAY_H
#define CORE_WIRE_GATEWAY_H

#include "core/base/addr.h"
#include "core/base/rd.h"
#include "core/base/wr.h"

#define GATEWAY_NAME 256 /* of a host, with NUL */
#define GATEWAY_TEXT GATEWAY_NAME

/* An address, or the name of a host; neither: none. */
struct gateway {
	struct addr addr;
	char name[GATEWAY_NAME];
};

/* *nonce: what follows the identity, may be empty. ST_TRUNCATED; ST_BAD_PAYLOAD: unknown type, a
 * length that is not the type's, a name with characters that no host has. */
enum status gateway_parse(struct view data, struct gateway *out, struct view *nonce) MUST_USE;
void gateway_build(struct wr *w, const struct gateway *g, struct view nonce);
bool gateway_is_none(const struct gateway *g);
/* Letters, digits, dots, hyphens and underscores, 1..255 of them. */
bool gateway_name_is_valid(const char *name, size_t len);
/* Address or name; returns buf. */
char *gateway_format(const struct gateway *g, char buf[GATEWAY_TEXT]);

#endif
