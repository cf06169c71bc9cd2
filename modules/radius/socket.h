/* Sockets of a service and their identifiers: as many sockets as it takes, each with a port that the kernel chose by
 * chance. An identifier is one request's until that is answered; without an answer it rests, so that what comes
 * late finds nobody and no server takes the next request for the one before. Loop thread. */
#ifndef MODULES_RADIUS_SOCKET_H
#define MODULES_RADIUS_SOCKET_H

#include "modules/radius/state.h"

#define RADIUS_REST_MS 30000 /* as long as servers remember a request (RFC 5080 2.2.2) */
#define RADIUS_IDLE_MS 60000 /* a socket without requests goes after */

/* An identifier, with no authenticator yet. ST_NOMEM; ST_LIMIT: all are taken; or why there is no socket. */
enum status radius_slot_take(struct radius_service *s, struct radius_slot **out) MUST_USE;
/* NULL is fine. */
void radius_slot_free(struct radius_slot *slot, bool is_answered);
/* What is lost comes again. */
void radius_slot_send(struct radius_slot *slot, const uint8_t *packet, size_t len);

struct radius_socket *radius_socket_find(const struct radius *r, int fd); /* NULL: none */
/* With all their slots unused. */
void radius_sockets_shut(struct radius_service *s);
void radius_sockets_init(struct radius *r);

#endif
