/* Identities in commands: `match identity remote ...`, `identity local ...`, `identity ...` of a
 * keyring peer. Arguments: keyword any, address, fqdn, email, key-id or dn, keyword domain, values
 * <address>, <mask>, <prefix>, <name>. */
#ifndef CORE_CONF_IDENTITY_H
#define CORE_CONF_IDENTITY_H

#include "core/conf/print.h"

void identity_read(struct cmd_call *c, struct id_match *m);
bool identity_same(const struct id_match *a, const struct id_match *b);
/* Adds, removes (`no` with the same words) or clears. is_map: <name> is a certificate map; only
 * entries of that sort are touched. Returns the entry added, NULL when none was. */
const struct id_match *identity_list_set(
	struct cmd_call *c, struct id_match **v, size_t *n, bool is_map);
void identity_print(struct cout *o, const struct cmd *row, const struct id_match *m);
/* " ADDRESS [MASK]" or " PREFIX". */
void prefix_print(struct cout *o, const struct prefix *p);
/* The prefix of `<address:ip4> [<mask:mask>]`, <prefix> or <address:ip6>. 0.0.0.0 alone is any. */
struct prefix prefix_read(const struct cmd_call *c);

#endif
