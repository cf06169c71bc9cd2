/* The MIBs of RADIUS: a walk over each meets every object once and in order, a GET of each name finds the same, and what
 * is larger than 32 bits begins anew. */
#include <string.h>

#include "modules/snmp/radius_mib.h"
#include "tests/lib/t.h"

static struct snmp_radius v;

static void fill(size_t servers, size_t clients)
{
	v = (struct snmp_radius){.identifier = "gw", .since_s = 3, .n = servers, .strangers = {7, 8}, .n_clients = clients};
	for (size_t i = 0; i < servers; i++) {
		v.servers[i].addr.family = i % 2 ? 6 : 4;
		for (int k = 0; k < 2; k++)
			v.servers[i].services[k] = (struct snmp_radius_service){.port = (uint16_t)(1812 + k), .round_trip_ms = 1239,
				.requests = (1ull << 32) + 5 + i, .strangers = 2, .pending = 9, .dropped = 77};
	}
	for (size_t i = 0; i < clients; i++)
		v.clients[i] = (struct snmp_dynauth){.addr.family = 4, .coa.dropped = 40 + i, .coa.nak_auth_only = 60 + i,
			.coa.auth_only = 70 + i, .disconnect.nak_auth_only = 80, .unknown_types = 50};
}

static bool is_less(const struct radius_mib_found *a, const struct radius_mib_found *b)
{
	for (size_t i = 0; i < a->len && i < b->len; i++)
		if (a->name[i] != b->name[i])
			return a->name[i] < b->name[i];
	return a->len < b->len;
}

static void walks(void)
{
	static const size_t scalars[] = {2, 2, 3}, columns[] = {16, 14, 26};

	for (size_t n = 0; n <= 3; n += 3) {
		fill(n, n);
		for (int m = 0; m < RADIUS_MIBS; m++) {
			struct radius_mib_found at = {0}, next, again;
			struct radius_mib_ask ask = {.values = &v, .mib = (enum radius_mib)m, .name = at.name, .is_next = true};
			size_t count = 0;
			for (; radius_mib_get(&ask, &next); count++, at = next, ask.len = at.len) {
				T_TRUE(count == 0 || is_less(&at, &next));
				T_TRUE(radius_mib_get(&(struct radius_mib_ask){.values = &v, .mib = ask.mib, .name = next.name, .len = next.len}, &again));
				T_TRUE(again.value.u == next.value.u && again.value.type == next.value.type && !is_less(&next, &again));
				T_TRUE(radius_mib_get(&(struct radius_mib_ask){.values = &v, .mib = ask.mib, .name = next.name, .len = next.len,
					.is_next = true, .is_inclusive = true}, &again) && !is_less(&next, &again));
			}
			T_EQ(count, scalars[m] + n * columns[m]);
		}
	}
}

static uint64_t at(enum radius_mib m, tree_oid a, tree_oid column, tree_oid index)
{
	const tree_oid name[] = {a, 1, column, index};
	struct radius_mib_found f;

	return radius_mib_get(&(struct radius_mib_ask){.values = &v, .mib = m, .name = name, .len = 4}, &f) ? f.value.u : UINT64_MAX;
}

static void values(void)
{
	struct radius_mib_found f;
	const tree_oid scalar[] = {1, 0}, stranger[] = {1, 2, 0};

	fill(2, 2);
	T_EQ(at(RADIUS_MIB_AUTH, 4, 6, 2), 6); /* 2^32 + 6 */
	T_EQ(at(RADIUS_MIB_ACCT, 4, 4, 1), 1813);
	T_EQ(at(RADIUS_MIB_AUTH, 4, 5, 1), 123); /* hundredths */
	T_EQ(at(RADIUS_MIB_AUTH, 4, 17, 1), 300);
	T_EQ(at(RADIUS_MIB_ACCT, 4, 14, 1), 77);
	T_EQ(at(RADIUS_MIB_DYNAUTH, 2, 25, 2), 41);
	T_EQ(at(RADIUS_MIB_DYNAUTH, 2, 26, 1), 50);
	T_EQ(at(RADIUS_MIB_DYNAUTH, 2, 16, 2), 71);
	T_EQ(at(RADIUS_MIB_DYNAUTH, 2, 20, 2), 61);
	T_EQ(at(RADIUS_MIB_DYNAUTH, 2, 9, 2), 0); /* none is ever sent */
	T_EQ(at(RADIUS_MIB_AUTH, 4, 6, 3), UINT64_MAX);
	T_EQ(at(RADIUS_MIB_AUTH, 4, 18, 1), UINT64_MAX);
	T_EQ(at(RADIUS_MIB_AUTH, 3, 5, 1), UINT64_MAX);
	T_TRUE(radius_mib_get(&(struct radius_mib_ask){.values = &v, .mib = RADIUS_MIB_AUTH, .name = scalar, .len = 2}, &f) && f.value.u == 4);
	T_TRUE(radius_mib_get(&(struct radius_mib_ask){.values = &v, .mib = RADIUS_MIB_DYNAUTH, .name = stranger, .len = 3}, &f) && f.value.u == 8);
	T_TRUE(!radius_mib_get(&(struct radius_mib_ask){.mib = RADIUS_MIB_AUTH, .name = scalar, .len = 2}, &f)); /* nothing was handed over yet */
}

int main(void)
{
	T_RUN(walks);
	T_RUN(values);
	return t_end();
}
