/* An ask on its way: from server to server until one answers or none is left. Loop thread. */
#ifndef MODULES_RADIUS_ASK_H
#define MODULES_RADIUS_ASK_H

#include "modules/radius/state.h"

/* A copy, in the client's table, on its way. ST_NOMEM, ST_LIMIT. */
enum status radius_ask_start(struct radius *r, const struct radius_request *q) MUST_USE;
struct radius_ask *radius_ask_find(const struct radius *r, uint64_t number); /* NULL: none */
/* Without a word; its identifiers rest. */
void radius_ask_free(struct radius_ask *a);
/* To no server, until its timer runs, at once. */
void radius_ask_detach(struct radius_ask *a);
/* The link beneath it went away, and its slot with it: it goes to a new one of the same server, or to the next server. */
void radius_ask_lost(struct radius_ask *a);
/* The link beneath it is open: its packet goes out. */
void radius_ask_opened(struct radius_ask *a);
/* The slot got its answer: tells who asked, and frees. */
void radius_ask_answered(struct radius_slot *slot, const struct radius_packet *p);

#endif
