/* Sockets of a service that are links (modules/radius/link.h): they open by themselves, are watched, and end. Loop
 * thread. */
#ifndef MODULES_RADIUS_STREAM_H
#define MODULES_RADIUS_STREAM_H

#include "modules/radius/state.h"

/* Makes a link of a new socket: dialled at once, or when the service may dial again. A status of dial: it counts as a
 * failure of the service. ST_NOMEM. */
enum status radius_stream_new(struct radius_socket *k) MUST_USE;
/* Without a word to those on their way. */
void radius_stream_free(struct radius_socket *k, enum radius_link_end end);
/* Now, or as soon as the link is open. ST_LIMIT: no room. */
enum status radius_stream_send(struct radius_slot *slot, struct view packet) MUST_USE;
/* The slot got its answer; it is still there. */
void radius_stream_heard(struct radius_slot *slot);
/* A dead service finds out whether it still is, by a new link if it has none. */
void radius_stream_revive(struct radius_service *s);

void radius_stream_opened(struct radius *r, uint64_t number);
void radius_stream_bytes(struct radius *r, uint64_t number, struct view bytes);
void radius_stream_closed(struct radius *r, uint64_t number, enum radius_link_end end, const char *words);

void radius_stream_info(const struct radius_service *s, struct radius_link_info *out);

#endif
