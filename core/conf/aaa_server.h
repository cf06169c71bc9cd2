/* What `radius server`, `radius-server host`, `server-private` and `client` have in common: hosts,
 * ports, keys. */
#ifndef CORE_CONF_AAA_SERVER_H
#define CORE_CONF_AAA_SERVER_H

#include "core/conf/set.h"

/* An address in its usual form, or the name of a host. false: an error was reported, nothing is
 * set. */
bool aaa_server_host(struct cmd_call *c, const struct arg *a, char **host, struct addr *addr);

/* <host>, <auth>, <acct>, <timeout>, <retransmit>, <key> of a line of its own; what is not there
 * has its default. false: an error was reported. */
bool aaa_server_read(struct cmd_call *c, struct radius_server *r);
/* The same back: what follows the head. */
void aaa_server_print(struct cout *o, const struct radius_server *r);
/* " auth-port N acct-port N", each left out when it is its none_. */
void aaa_server_print_ports(
	struct cout *o, const struct radius_server *r, uint32_t none_auth, uint32_t none_acct);

/* Room for one more server, private ones counted; else an error is reported. */
bool aaa_server_fits(struct cmd_call *c, const struct arg *at);

#endif
