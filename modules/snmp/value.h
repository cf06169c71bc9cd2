/* Values of the tree as the library wants them. Library thread. */
#ifndef MODULES_SNMP_VALUE_H
#define MODULES_SNMP_VALUE_H

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include "modules/snmp/tree.h"

/* Into a variable that has its name. False: out of memory. */
bool value_set(netsnmp_variable_list *var, const struct tree_value *value);
/* A new variable at the end of a list. False: out of memory. */
bool value_add(netsnmp_variable_list **list, const oid *name, size_t len,
	       const struct tree_value *value);

#endif
