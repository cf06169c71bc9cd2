#include "core/base/endpoint.h"

#include <stdio.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/wr.h"

bool endpoint_eq(const struct endpoint *a, const struct endpoint *b)
{
	return a->vrf == b->vrf && a->port == b->port && addr_eq(&a->addr, &b->addr);
}

/* Field by field: the struct has padding. */
uint64_t endpoint_hash(uint64_t seed, const struct endpoint *e)
{
	uint8_t flat[4 + 2 + 1 + 16];
	struct wr w = wr_init(flat, sizeof(flat));

	wr_u32(&w, e->vrf);
	wr_u16(&w, e->port);
	wr_u8(&w, e->addr.family);
	wr_bytes(&w, e->addr.b, addr_len(&e->addr));
	return hash_bytes(seed, flat, w.len);
}

char *endpoint_format(const struct endpoint *e, char buf[ENDPOINT_TEXT])
{
	char text[ADDR_TEXT];

	addr_format(&e->addr, text);
	snprintf(buf, ENDPOINT_TEXT, e->addr.family == 6 ? "[%s]:%u" : "%s:%u", text,
		(unsigned)e->port);
	return buf;
}
