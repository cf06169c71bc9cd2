/* What the kernel says of addresses (cmd/netlink.c): any bytes, as one datagram of a question with number 1. */
#include "cmd/netlink.h"
#include "core/base/mem.h"

static void found(void *ctx, const struct addr *a)
{
	if (a->family != 4 && a->family != 6)
		__builtin_trap();
	++*(size_t *)ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = 0;
	struct netlink_addresses r = {.number = 1, .found = found, .ctx = &n};
	uint8_t *exact = mem_dup(data, size);

	if (exact)
		netlink_addresses_read(&r, exact, size);
	mem_free(exact);
	return n > size ? 1 : 0;
}
