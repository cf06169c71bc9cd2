/* THE table of attribute types in distinguished names (RFC 4519, RFC 2985). For core/crypto only. */
#ifndef CORE_CRYPTO_NAME_TYPES_H
#define CORE_CRYPTO_NAME_TYPES_H

#include "core/base/rd.h"

struct name_type {
	const char *label; /* RFC 4514 */
	const char *word;  /* of name_field; "" for none */
	unsigned tag;      /* how a value of it is written */
	uint8_t oid_len;
	uint8_t oid[10];
};

const struct name_type *name_type_of(struct view oid);
/* By label without regard to case; NULL when there is none. */
const struct name_type *name_type_find(const char *label, size_t len);

#endif
