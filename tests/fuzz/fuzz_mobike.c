/* The notifies of MOBIKE: what is read keeps its bounds, and the lengths that the RFC allows. The first byte:
 * bit 0 the family, bit 1 whether the addresses of NO_NATS_ALLOWED may fit. The rest: a chain of notifies. */
#include "core/ike/mobike_msg.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool is_inside(struct view v, const uint8_t *data, size_t size)
{
	return v.len == 0 || (v.p >= data && v.p + v.len <= data + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct endpoint local = {.addr = {4, {10, 0, 0, 1}}, .port = 4500};
	struct endpoint remote = {.addr = {4, {10, 0, 0, 2}}, .port = 4500};
	struct ike_payloads p;
	struct mobike_msg m;

	if (size < 1)
		return 0;
	if (data[0] & 1)
		local.addr.family = remote.addr.family = 6;
	if (payloads_parse(PT_NOTIFY, (struct view){data + 1, size - 1}, PAYLOADS_INNER, &p) != ST_OK)
		return 0;
	mobike_msg_parse(&p, 1, 2, &local, &remote, &m);
	must(m.n_addrs <= MOBIKE_ADDRS && (m.n_addrs == 0 || m.lists_addrs));
	for (size_t i = 0; i < m.n_addrs; i++)
		must(addr_len(&m.addrs[i]) != 0);
	must(m.cookie.len == 0 || (m.cookie.len >= MOBIKE_COOKIE_MIN && m.cookie.len <= MOBIKE_COOKIE_MAX));
	must(is_inside(m.cookie, data, size) && is_inside(m.destination, data, size));
	must(m.has_natd || !(m.nat.nat_local && m.nat.nat_remote));
	return 0;
}
