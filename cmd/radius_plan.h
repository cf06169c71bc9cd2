/* From the configuration to the servers and groups that modules/radius asks. Pure. */
#ifndef CMD_RADIUS_PLAN_H
#define CMD_RADIUS_PLAN_H

#include "core/conf/snapshot.h"
#include "modules/radius/radius.h"

/* Holds secrets: wiped by whoever holds it. */
struct radius_plan {
	struct radius_server_conf servers[RADIUS_SERVERS_MAX];
	size_t n_servers;
	struct radius_group_conf groups[RADIUS_GROUPS_MAX + 1]; /* and `radius`, of all servers */
	size_t n_groups;
	size_t unknown; /* servers that are left out, because nobody knows their addresses yet */
};

/* The address of a name; false: it is not known (yet). family: 4, 6 or 0 for either. */
typedef bool radius_plan_name(void *ctx, const char *name, uint8_t family, struct addr *out);

/* Servers without a key, or by TLS without a trustpoint, which the configuration's check names, are left out. */
void radius_plan_make(const struct snapshot *s, radius_plan_name *find, void *ctx, struct radius_plan *out);

#endif
