/* Answers: is it one, and of what? Loop thread. */
#ifndef MODULES_RADIUS_REPLY_H
#define MODULES_RADIUS_REPLY_H

#include "modules/radius/state.h"

/* Reads one datagram and acts on it. false: there is none. */
bool radius_reply_read(struct radius_socket *s);

#endif
