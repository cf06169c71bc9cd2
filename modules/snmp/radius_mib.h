/* What is answered of RADIUS-AUTH-CLIENT-MIB (RFC 4668) and RADIUS-ACC-CLIENT-MIB (RFC 4670): their current objects, not
 * the older tables, which have IPv4 only. Everything lies below RADIUS_MIB_ROOT:
 *
 *   root . number . 0               a scalar
 *   root . 4 . 1 . column . index   a server
 *
 * Pure; belongs to one thread. */
#ifndef MODULES_SNMP_RADIUS_MIB_H
#define MODULES_SNMP_RADIUS_MIB_H

#include "modules/snmp/tree.h"

enum radius_mib { RADIUS_MIB_AUTH, RADIUS_MIB_ACCT, RADIUS_MIBS };
#define RADIUS_MIB_ROOT_LEN 11 /* radiusAuthClient, radiusAccClient */
#define RADIUS_MIB_NAME     4  /* most numbers below it */
extern const tree_oid radius_mib_root[RADIUS_MIBS][RADIUS_MIB_ROOT_LEN];

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
