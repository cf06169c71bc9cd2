#include "core/esp/gso.h"

#include <string.h>

_Static_assert(sizeof(struct gso_hdr) == GSO_HDR_LEN, "it has no holes");

struct gso_hdr gso_read(const uint8_t p[GSO_HDR_LEN])
{
	struct gso_hdr h;

	memcpy(&h, p, sizeof(h));
	return h;
}

void gso_write(const struct gso_hdr *h, uint8_t p[GSO_HDR_LEN])
{
	memcpy(p, h, sizeof(*h));
}
