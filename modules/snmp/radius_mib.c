#include "modules/snmp/radius_mib.h"

#include <stddef.h>
#include <string.h>

const tree_oid radius_mib_root[RADIUS_MIBS][RADIUS_MIB_ROOT_LEN] = {
	{1, 3, 6, 1, 2, 1, 67, 1, 2, 1, 1},
	{1, 3, 6, 1, 2, 1, 67, 2, 2, 1, 1},
};

#define TABLE 4 /* the one with addresses of both families */
enum { INVALID_ADDRESSES = 1, IDENTIFIER };

enum kind { TYPE, ADDRESS, PORT, ROUND_TRIP, COUNTER, PENDING, SINCE };

struct column {
	uint8_t number;
	uint8_t kind;
	uint16_t at; /* of a counter, in struct snmp_radius_service */
};
#define COUNT(number, field) {number, COUNTER, offsetof(struct snmp_radius_service, field)}
#define COUNTOF(array) (sizeof(array) / sizeof((array)[0]))

static const struct column auth[] = {
	{2, TYPE, 0}, {3, ADDRESS, 0}, {4, PORT, 0}, {5, ROUND_TRIP, 0}, COUNT(6, requests), COUNT(7, retransmits),
	COUNT(8, accepts), COUNT(9, rejects), COUNT(10, challenges), COUNT(11, malformed), COUNT(12, bad_authenticators),
	{13, PENDING, 0}, COUNT(14, timeouts), COUNT(15, unknown), COUNT(16, dropped), {17, SINCE, 0},
};
static const struct column acct[] = {
	{2, TYPE, 0}, {3, ADDRESS, 0}, {4, PORT, 0}, {5, ROUND_TRIP, 0}, COUNT(6, requests), COUNT(7, retransmits),
	COUNT(8, responses), COUNT(9, malformed), COUNT(10, bad_authenticators), {11, PENDING, 0}, COUNT(12, timeouts),
	COUNT(13, unknown), COUNT(14, dropped), {15, SINCE, 0},
};
static const struct {
	const struct column *v;
	size_t n;
} columns[RADIUS_MIBS] = {{auth, COUNTOF(auth)}, {acct, COUNTOF(acct)}};

static const struct snmp_radius_service *service(const struct snmp_radius *v, enum radius_mib mib, size_t at)
{
	return &v->servers[at].services[mib];
}

/* ---- values ---------------------------------------------------------------------------------------- */

static void get_scalar(const struct radius_mib_ask *ask, unsigned number, struct tree_value *out)
{
	const struct snmp_radius *v = ask->values;
	*out = (struct tree_value){.type = number == IDENTIFIER ? TREE_OCTETS : TREE_COUNTER32};
	out->p = v->identifier;
	out->len = number == IDENTIFIER ? strlen(v->identifier) : 0;
	for (size_t i = 0; i < v->n && number == INVALID_ADDRESSES; i++)
		out->u += service(v, ask->mib, i)->strangers;
	if (number == INVALID_ADDRESSES)
		out->u &= UINT32_MAX;
}

static void get_cell(const struct radius_mib_ask *ask, const struct column *c, size_t at, struct tree_value *out)
{
	static const uint8_t types[] = {[TYPE] = TREE_INTEGER, [ADDRESS] = TREE_OCTETS, [PORT] = TREE_UNSIGNED,
					[ROUND_TRIP] = TREE_TICKS, [COUNTER] = TREE_COUNTER32, [PENDING] = TREE_UNSIGNED,
					[SINCE] = TREE_TICKS};
	const struct snmp_radius_service *s = service(ask->values, ask->mib, at);
	const struct addr *a = &ask->values->servers[at].addr;
	*out = (struct tree_value){.type = (enum tree_type)types[c->kind]};
	switch ((enum kind)c->kind) {
	case TYPE: out->u = a->family == 4 ? 1 : 2; break; /* RFC 4001 */
	case ADDRESS:
		out->p = a->b;
		out->len = addr_len(a);
		break;
	case PORT: out->u = s->port; break;
	case ROUND_TRIP: out->u = s->round_trip_ms / 10; break;
	case COUNTER: memcpy(&out->u, (const char *)s + c->at, sizeof(out->u)); break;
	case PENDING: out->u = s->pending; break;
	case SINCE: out->u = ask->values->since_s * 100; break;
	}
	if (c->kind != ADDRESS)
		out->u &= UINT32_MAX; /* counters of 32 bits begin anew */
}

/* ---- names ----------------------------------------------------------------------------------------- */

static int compare(const tree_oid *a, size_t a_len, const tree_oid *b, size_t b_len)
{
	for (size_t i = 0; i < a_len && i < b_len; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return a_len < b_len ? -1 : a_len > b_len;
}

/* Is it what was asked for? They come in the order of their names. */
static bool is_wanted(const struct radius_mib_ask *ask, const struct radius_mib_found *f)
{
	int order = compare(f->name, f->len, ask->name, ask->len);
	return ask->is_next ? order > 0 || (order == 0 && ask->is_inclusive) : order == 0;
}

/* A thousand names at most: each is looked at. */
bool radius_mib_get(const struct radius_mib_ask *ask, struct radius_mib_found *out)
{
	for (unsigned number = INVALID_ADDRESSES; ask->values && number <= IDENTIFIER; number++) {
		*out = (struct radius_mib_found){.name = {number, 0}, .len = 2};
		if (is_wanted(ask, out)) {
			get_scalar(ask, number, &out->value);
			return true;
		}
	}
	for (size_t k = 0; ask->values && k < columns[ask->mib].n; k++) {
		const struct column *c = &columns[ask->mib].v[k];
		for (size_t i = 0; i < ask->values->n; i++) {
			*out = (struct radius_mib_found){.name = {TABLE, 1, c->number, i + 1}, .len = 4};
			if (is_wanted(ask, out)) {
				get_cell(ask, c, i, &out->value);
				return true;
			}
		}
	}
	return false;
}
