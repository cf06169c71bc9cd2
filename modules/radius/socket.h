/* Sockets of a service and their identifiers: as many sockets as it takes, each with a port that the kernel chose by
 * chance. An identifier is one request's until that is answered; without an answer it rests, so that what comes
 * late finds nobody and no server takes the next request for the one before. A socket may be a link
 * (modules/radius/stream.h). Loop thread. */
#ifndef MODULES_RADIUS_SOCKET_H
#define MODULES_RADIUS_SOCKET_H

#include "modules/radius/state.h"

#define RADIUS_REST_MS 30000 /* as long as servers remember a request (RFC 5080 2.2.2) */
#define RADIUS_IDLE_MS 60000 /* a socket without requests goes after */

/* An identifier, with no authenticator yet. ST_NOMEM; ST_LIMIT: all are taken; or why there is no socket. */
enum status radius_slot_take(struct radius_service *s, struct radius_slot **out) MUST_USE;
/* NULL is fine. */
void radius_slot_free(struct radius_slot *slot, bool is_answered);
/* By UDP what is lost comes again. ST_LIMIT: a link has no room. */
enum status radius_slot_send(struct radius_slot *slot, const uint8_t *packet, size_t len) MUST_USE;

struct radius_socket *radius_socket_find(const struct radius *r, int fd); /* NULL: none */
struct radius_socket *radius_socket_of_link(const struct radius *r, uint64_t number); /* NULL: none */
/* ST_NOMEM; ST_LIMIT: there are enough; or why there is no socket. */
enum status radius_socket_open(struct radius_service *s, struct radius_socket **out) MUST_USE;
/* An identifier of this socket. ST_NOMEM; ST_LIMIT. */
enum status radius_socket_take(struct radius_socket *k, struct radius_slot **out) MUST_USE;
/* One whose slots are unused; end: why, of a link. */
void radius_socket_shut(struct radius_socket *k, enum radius_link_end end);
/* With all their slots unused. */
void radius_sockets_shut(struct radius_service *s);
void radius_sockets_init(struct radius *r);

#endif
