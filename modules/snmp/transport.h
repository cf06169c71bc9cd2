/* How the library reaches the master agent: through a transport domain of ours, whose descriptors
 * come from main and were connected by the holder. Library thread. */
#ifndef MODULES_SNMP_TRANSPORT_H
#define MODULES_SNMP_TRANSPORT_H

#include "modules/snmp/share.h"

#define TRANSPORT_TARGET "holder:"

/* Before the library wants to connect, and after it made its list of domains. */
void transport_register(struct share *sh);

#endif
