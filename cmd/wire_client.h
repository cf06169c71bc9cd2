/* Clients: what core/session/client.h decides, joined to engine, devices and routes. Loop thread. */
#ifndef CMD_WIRE_CLIENT_H
#define CMD_WIRE_CLIENT_H

#include "cmd/wire_state.h"
#include "core/ike/ports.h"

/* At start, when sockets and devices are open: a session that outlived a main goes on, the rest
 * connects. */
void wire_client_open(struct wire *w);
/* A new configuration is in force: what changed ends and begins anew, the rest does not notice. */
void wire_client_apply(struct wire *w);
/* `ip address negotiated`: what live sessions were given, into a plan that is about to be applied. */
void wire_client_plan(const struct wire *w, const struct snapshot *s, struct plan *plan);

/* The engine's word about an SA; before its session ends. Calls nothing of the engine. */
void wire_client_tell(struct wire *w, const struct ike_event *ev);
/* Somebody at this address sends ESP that we do not know: a client that would wait before it connects
 * there does not. The same client every ten seconds at most (R-ISP-02, R-ISP-03). */
void wire_client_recover(struct wire *w, const struct endpoint *remote);
/* This login waits for a person, or goes on: the attempt has time for it. */
void wire_client_asks(struct wire *w, uint64_t sa, bool waits);
/* There is a packet for the device (ctx is struct wire): what rests because it was idle is wanted again. */
void wire_client_wanted(void *ctx, uint32_t tun);
/* A session of this device came up or ended: the addresses follow. */
void wire_client_changed(struct wire *w, uint32_t tun);

/* Port of the engine (ctx is struct wire): our address towards a peer of the client on this device. */
enum status wire_client_source(void *ctx, uint32_t tun, const struct endpoint *remote, struct addr *out);

/* For show: struct world. */
struct client_info;
bool wire_client_next(void *ctx, size_t *cursor, struct client_info *out);
/* For the operator: struct world. */
enum status wire_client_wish(void *ctx, const char *name, bool connect);

void wire_client_fini(struct wire *w);

#endif
