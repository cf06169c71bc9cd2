/* What the sessions of each interface may send and receive: from the configuration to the data path, at
 * the start of a session and with each reload. */
#ifndef CMD_WIRE_POLICY_H
#define CMD_WIRE_POLICY_H

#include "cmd/wire_state.h"

struct esp_policy;

/* One for each interface of the configuration: those that were prepared, or that are in force. */
struct wire_policies;

/* ST_NOMEM. */
enum status wire_policy_prepare(const struct snapshot *s, struct wire_policies **out) MUST_USE;
/* Takes it over; live sessions of an interface whose policy is another now get it. */
void wire_policy_commit(struct wire *w, struct wire_policies *p);
void wire_policy_free(struct wire_policies *p); /* NULL is fine */

/* Of the sessions of this device; NULL: they may do everything. */
struct esp_policy *wire_policy_of(const struct wire *w, uint32_t tun);
/* Once a second: sessions that could not be told for want of memory. */
void wire_policy_second(struct wire *w);

#endif
