#include "modules/snmp/radius_mib.h"

#include <stddef.h>
#include <string.h>

const struct radius_mib_root radius_mib_roots[RADIUS_MIBS] = {
	{"radiusAuthClient", 11, {1, 3, 6, 1, 2, 1, 67, 1, 2, 1, 1}},
	{"radiusAccClient", 11, {1, 3, 6, 1, 2, 1, 67, 2, 2, 1, 1}},
	{"radiusDynAuthServer", 8, {1, 3, 6, 1, 2, 1, 146, 1}},
};

/* Scalars, then cells. */
enum kind { STRANGERS, IDENTIFIER, TYPE, ADDRESS, PORT, ROUND_TRIP, COUNTER, NEVER, PENDING, SINCE };

/* In the order of their names; a scalar's instance is 0. */
struct object {
	uint8_t name[3];
	uint8_t len;
	uint8_t kind;
	uint16_t at; /* STRANGERS: of a DAS, which; COUNTER: in the row's struct */
};

#define SCALAR(number, kind) {{number}, 1, kind, 0}
#define CELL(number, kind) {{4, 1, number}, 3, kind, 0}
#define COUNT(number, field) {{4, 1, number}, 3, COUNTER, offsetof(struct snmp_radius_service, field)}
#define CLIENT(number, kind) {{2, 1, number}, 3, kind, 0}
#define KIND(number, field) {{2, 1, number}, 3, COUNTER, offsetof(struct snmp_dynauth, field)}
#define COUNTOF(array) (sizeof(array) / sizeof((array)[0]))

static const struct object auth[] = {
	SCALAR(1, STRANGERS), SCALAR(2, IDENTIFIER),
	CELL(2, TYPE), CELL(3, ADDRESS), CELL(4, PORT), CELL(5, ROUND_TRIP), COUNT(6, requests), COUNT(7, retransmits),
	COUNT(8, accepts), COUNT(9, rejects), COUNT(10, challenges), COUNT(11, malformed), COUNT(12, bad_authenticators),
	CELL(13, PENDING), COUNT(14, timeouts), COUNT(15, unknown), COUNT(16, dropped), CELL(17, SINCE),
};
static const struct object acct[] = {
	SCALAR(1, STRANGERS), SCALAR(2, IDENTIFIER),
	CELL(2, TYPE), CELL(3, ADDRESS), CELL(4, PORT), CELL(5, ROUND_TRIP), COUNT(6, requests), COUNT(7, retransmits),
	COUNT(8, responses), COUNT(9, malformed), COUNT(10, bad_authenticators), CELL(11, PENDING), COUNT(12, timeouts),
	COUNT(13, unknown), COUNT(14, dropped), CELL(15, SINCE),
};
/* NEVER: a NAK to a Disconnect-Request has no Service-Type. */
static const struct object dynauth[] = {
	{{1, 1}, 2, STRANGERS, 0}, {{1, 2}, 2, STRANGERS, 1}, {{1, 3}, 2, IDENTIFIER, 0},
	CLIENT(2, TYPE), CLIENT(3, ADDRESS),
	KIND(4, disconnect.requests), KIND(5, disconnect.auth_only), KIND(6, disconnect.repeated), KIND(7, disconnect.acks),
	KIND(8, disconnect.naks), CLIENT(9, NEVER), KIND(10, disconnect.no_context), KIND(11, disconnect.sessions),
	KIND(12, disconnect.malformed), KIND(13, disconnect.bad_authenticators), KIND(14, disconnect.dropped),
	KIND(15, coa.requests), KIND(16, coa.auth_only), KIND(17, coa.repeated), KIND(18, coa.acks), KIND(19, coa.naks),
	KIND(20, coa.nak_auth_only), KIND(21, coa.no_context), KIND(22, coa.sessions), KIND(23, coa.malformed),
	KIND(24, coa.bad_authenticators), KIND(25, coa.dropped), KIND(26, unknown_types), CLIENT(27, SINCE),
};
static const struct {
	const struct object *v;
	size_t n;
} objects[RADIUS_MIBS] = {{auth, COUNTOF(auth)}, {acct, COUNTOF(acct)}, {dynauth, COUNTOF(dynauth)}};

/* ---- values ---------------------------------------------------------------------------------------- */

static const struct snmp_radius_service *service(const struct radius_mib_ask *ask, size_t row)
{
	return &ask->values->servers[row].services[ask->mib];
}

static uint64_t strangers(const struct radius_mib_ask *ask, const struct object *o)
{
	uint64_t n = 0;
	if (ask->mib == RADIUS_MIB_DYNAUTH)
		return ask->values->strangers[o->at];
	for (size_t i = 0; i < ask->values->n; i++)
		n += service(ask, i)->strangers;
	return n;
}

static const struct addr *addr_of(const struct radius_mib_ask *ask, size_t row)
{
	return ask->mib == RADIUS_MIB_DYNAUTH ? &ask->values->clients[row].addr : &ask->values->servers[row].addr;
}

static uint64_t counter(const struct radius_mib_ask *ask, const struct object *o, size_t row)
{
	const void *v = ask->mib == RADIUS_MIB_DYNAUTH ? (const void *)&ask->values->clients[row] : service(ask, row);
	uint64_t n;
	memcpy(&n, (const char *)v + o->at, sizeof(n));
	return n;
}

static uint64_t number(const struct radius_mib_ask *ask, const struct object *o, size_t row)
{
	switch ((enum kind)o->kind) {
	case STRANGERS: return strangers(ask, o);
	case TYPE: return addr_of(ask, row)->family == 4 ? 1 : 2; /* RFC 4001 */
	case PORT: return service(ask, row)->port;
	case ROUND_TRIP: return service(ask, row)->round_trip_ms / 10;
	case COUNTER: return counter(ask, o, row);
	case PENDING: return service(ask, row)->pending;
	case SINCE: return ask->values->since_s * 100;
	case IDENTIFIER:
	case ADDRESS:
	case NEVER: break;
	}
	return 0;
}

static void get(const struct radius_mib_ask *ask, const struct object *o, size_t row, struct tree_value *out)
{
	static const uint8_t types[] = {[STRANGERS] = TREE_COUNTER32, [IDENTIFIER] = TREE_OCTETS, [TYPE] = TREE_INTEGER,
					[ADDRESS] = TREE_OCTETS, [PORT] = TREE_UNSIGNED, [ROUND_TRIP] = TREE_TICKS,
					[COUNTER] = TREE_COUNTER32, [NEVER] = TREE_COUNTER32, [PENDING] = TREE_UNSIGNED,
					[SINCE] = TREE_TICKS};
	*out = (struct tree_value){.type = (enum tree_type)types[o->kind]};
	out->u = number(ask, o, row) & UINT32_MAX; /* counters of 32 bits begin anew */
	if (o->kind == IDENTIFIER) {
		out->p = ask->values->identifier;
		out->len = strlen(ask->values->identifier);
	} else if (o->kind == ADDRESS) {
		out->p = addr_of(ask, row)->b;
		out->len = addr_len(addr_of(ask, row));
	}
}

/* ---- names ----------------------------------------------------------------------------------------- */

static int compare(const struct radius_mib_found *f, const tree_oid *name, size_t len)
{
	for (size_t i = 0; i < f->len && i < len; i++)
		if (f->name[i] != name[i])
			return f->name[i] < name[i] ? -1 : 1;
	return f->len < len ? -1 : f->len > len;
}

static bool is_wanted(const struct radius_mib_ask *ask, const struct radius_mib_found *f)
{
	int order = compare(f, ask->name, ask->len);
	return ask->is_next ? order > 0 || (order == 0 && ask->is_inclusive) : order == 0;
}

static size_t rows_of(const struct radius_mib_ask *ask, const struct object *o)
{
	if (o->kind < TYPE)
		return 1;
	return ask->mib == RADIUS_MIB_DYNAUTH ? ask->values->n_clients : ask->values->n;
}

/* Some thousand names at most, in their order: each is looked at. */
bool radius_mib_get(const struct radius_mib_ask *ask, struct radius_mib_found *out)
{
	for (size_t k = 0; ask->values && k < objects[ask->mib].n; k++) {
		const struct object *o = &objects[ask->mib].v[k];
		for (size_t row = 0; row < rows_of(ask, o); row++) {
			*out = (struct radius_mib_found){.len = o->len + 1u};
			for (size_t i = 0; i < o->len; i++)
				out->name[i] = o->name[i];
			out->name[o->len] = o->kind < TYPE ? 0 : row + 1;
			if (!is_wanted(ask, out))
				continue;
			get(ask, o, row, &out->value);
			return true;
		}
	}
	return false;
}
