/* RADIUS by TLS (RFC 6614): the links that modules/radius asks for. TCP by the loop, each step of a handshake in a job thread,
 * signatures from the keys process, the server's certificates judged by cmd/wire_pki.c. Loop thread.
 *
 *   dial -> TCP -> [job: step] -> radius_link_opened -> packets both ways -> radius_link_closed
 *                     ^    |
 *                     |    +--> signature | verdict on certificates | the server's next bytes
 *                     +-----------+ */
#ifndef CMD_WIRE_RADSEC_H
#define CMD_WIRE_RADSEC_H

#include "cmd/wire_state.h"
#include "modules/radius/radius.h"

enum status wire_radsec_open(struct wire *w) MUST_USE; /* ST_NOMEM; when the job threads are there */
/* When the client has hung up all links. */
void wire_radsec_close(struct wire *w);
/* For radius_new(); their ctx is the wire. */
struct radius_link_ports wire_radsec_ports(void);

#endif
