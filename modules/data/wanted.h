/* A TUN is read and there is no SA for what comes out of it: main may make one. Private to modules/data. */
#ifndef MODULES_DATA_WANTED_H
#define MODULES_DATA_WANTED_H

#include "modules/data/worker.h"

/* dst: of a packet that is about to be dropped for want of a way. */
void wanted(struct worker *w, uint32_t tun, const struct addr *dst);

#endif
