/* Answers: is it one, and of what? Loop thread. */
#ifndef MODULES_RADIUS_REPLY_H
#define MODULES_RADIUS_REPLY_H

#include "modules/radius/state.h"

/* Reads one datagram and acts on it. false: there is none. */
bool radius_reply_read(struct radius_socket *s);
/* The same with a packet of a link. false: the link must end with it (RFC 6613 2.6.4). */
bool radius_reply_take(struct radius_socket *s, struct view packet) MUST_USE;

#endif
