/* What a worker does with packets. Runs on worker threads only. */
#ifndef MODULES_DATA_PATH_H
#define MODULES_DATA_PATH_H

#include "modules/data/worker.h"

/* Receives one batch from a socket or TUN queue and processes it; false: nothing was there. */
bool path_receive(struct worker *w, struct port *p);
/* Processes one packet that another worker handed over. Takes the packet. */
void path_handed(struct worker *w, struct pkt *k);
/* Chooses the ports of one SA anew, after it or the ports changed. */
void path_bind(struct worker *w, struct worker_sa *sa);

#endif
