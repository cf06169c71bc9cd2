/* Servers: alive or dead, and what says so. Loop thread. */
#ifndef MODULES_RADIUS_SERVER_H
#define MODULES_RADIUS_SERVER_H

#include "modules/radius/state.h"

#define RADIUS_WAIT_MAX_MS 16000 /* between two tries, where the first waits less (RFC 5080 2.2.1: MRT) */
#define RADIUS_PROBE_MS    30000 /* between two probes at most */

bool radius_server_is(const struct radius_server *s, const struct radius_server_conf *c); /* the same contents */
struct radius_server *radius_server_new(struct radius *r, const struct radius_server_conf *c); /* NULL: memory */
/* With its sockets; nothing is on its way to it. NULL is fine. */
void radius_server_free(struct radius_server *s);

/* How long the try behind one of wait_ms waits; behind 0: the first. By TLS there is but one. */
uint32_t radius_service_wait(const struct radius_service *s, uint32_t wait_ms);
/* Tries of one request: by TLS one, since nothing is lost on the way while the link is there. */
uint32_t radius_service_tries(const struct radius_service *s);
/* It sent an answer that is one. */
void radius_service_heard(struct radius_service *s);
/* A try was waited for in vain. */
void radius_service_silent(struct radius_service *s);
/* Its link failed: it is dead, and tried again then. */
void radius_service_lost(struct radius_service *s, uint64_t again_ms);
/* It gets requests of users: it is alive, or its rest is over and it may be tried. */
bool radius_service_may_use(const struct radius_service *s, uint64_t now);

#endif
