/* Names of DHCP servers: looked up when they are configured (R-AZP-07), so that no client waits for a name server, and what
 * they were last is good while that is silent. Loop thread. */
#ifndef CMD_WIRE_DHCP_NAME_H
#define CMD_WIRE_DHCP_NAME_H

#include "cmd/wire_state.h"
#include "modules/dns/dns.h"

/* Names of the policies of s from now on. */
void wire_dhcp_names_configure(struct wire *w, const struct snapshot *s);
void wire_dhcp_names_close(struct wire *w);
/* IPv4 addresses that are known without waiting, and how many; 0: none. */
size_t wire_dhcp_name_known(struct wire *w, const char *name, struct addr out[DNS_ADDRS]);
/* Somebody else looked it up. */
void wire_dhcp_name_learnt(struct wire *w, const char *name, const struct addr *addrs, size_t n);

#endif
