/* Names that the configuration has in the place of addresses, of RADIUS servers and of clients of CoA: looked up when they are
 * configured and once a minute, so that nobody waits for a name server. What a name was last is good while name servers are
 * silent, also over a reload. Loop thread. */
#ifndef CMD_WIRE_NAMES_H
#define CMD_WIRE_NAMES_H

#include "cmd/wire_state.h"
#include "modules/dns/dns.h"

#define NAMES_ADDRS (2 * DNS_ADDRS) /* of one name, both families */

struct wire_names {
	struct wire *wire;
	struct list list;
	void (*changed)(struct wire *w); /* an address is another one; never from inside a call */
};

void wire_names_init(struct wire_names *n, struct wire *w, void (*changed)(struct wire *w));
/* A configuration: begin, want each name, end; those that were not wanted are forgotten. A name that is too long, or has
 * no memory, has no address. */
void wire_names_begin(struct wire_names *n);
void wire_names_want(struct wire_names *n, const char *host);
void wire_names_end(struct wire_names *n);
/* family: 4, 6 or 0 for both, IPv4 first. How many; 0: none is known. */
size_t wire_names_find(const struct wire_names *n, const char *host, uint8_t family, struct addr out[NAMES_ADDRS]);
void wire_names_second(struct wire_names *n);
void wire_names_close(struct wire_names *n);

#endif
