/* What is answered of RADIUS-AUTH-CLIENT-MIB (RFC 4668), RADIUS-ACC-CLIENT-MIB (RFC 4670) and RADIUS-DYNAUTH-SERVER-MIB
 * (RFC 4673): their current objects, not the older tables of servers, which have IPv4 only.
 *
 *   67.1.2.1.1, 67.2.2.1.1   n.0 a scalar    4.1.column.index a server
 *   146.1                  1.n.0 a scalar    2.1.column.index a client
 *
 * Pure; belongs to one thread. */
#ifndef MODULES_SNMP_RADIUS_MIB_H
#define MODULES_SNMP_RADIUS_MIB_H

#include "modules/snmp/tree.h"

enum radius_mib { RADIUS_MIB_AUTH, RADIUS_MIB_ACCT, RADIUS_MIB_DYNAUTH, RADIUS_MIBS };
#define RADIUS_MIB_ROOT 11 /* most numbers of a root */
#define RADIUS_MIB_NAME 4  /* most numbers below it */
struct radius_mib_root {
	const char *name;
	size_t len;
	tree_oid oid[RADIUS_MIB_ROOT];
};
extern const struct radius_mib_root radius_mib_roots[RADIUS_MIBS];

/* name: what stands behind the root, len numbers of it. */
struct radius_mib_ask {
	const struct snmp_radius *values; /* NULL: nothing is there */
	enum radius_mib mib;
	const tree_oid *name;
	size_t len;
	bool is_next; /* the first behind the name */
	bool is_inclusive; /* or at it */
};
struct radius_mib_found {
	tree_oid name[RADIUS_MIB_NAME];
	size_t len;
	struct tree_value value;
};
/* False: there is no such thing. */
bool radius_mib_get(const struct radius_mib_ask *ask, struct radius_mib_found *out);

#endif
