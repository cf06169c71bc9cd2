/* IPv4 addresses of DHCP servers: joins the sessions that want one (core/session/dhcp_lease.h) with the client
 * (modules/dhcp), the resolver, the holder's sockets and the clock. Loop thread. */
#ifndef CMD_WIRE_DHCP_ADDRESS_H
#define CMD_WIRE_DHCP_ADDRESS_H

#include "cmd/wire_state.h"
#include "core/ike/questions.h"

struct session;

/* ST_NOMEM. */
enum status wire_dhcp_open(struct wire *w) MUST_USE;
void wire_dhcp_close(struct wire *w);

/* ASK_ADDRESS. True: a server is asked, and ike_on_answer follows. False: wire_session_ask() has what there is to say. */
bool wire_dhcp_ask(struct wire *w, uint64_t number, const struct ike_question *q);
/* The engine does not want the answer any more. */
void wire_dhcp_cancel(struct wire *w, uint64_t number);
/* The session is about to give its leases back: its server is told, if nobody else has the address. */
void wire_dhcp_release(struct wire *w, const struct session *s);
/* Renews what is due, and ends sessions whose lease is over; those that wait, too. */
void wire_dhcp_second(struct wire *w);

#endif
