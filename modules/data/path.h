/* What a worker does with packets. Runs on worker threads only. */
#ifndef MODULES_DATA_PATH_H
#define MODULES_DATA_PATH_H

#include "modules/data/worker.h"

/* Receives one batch from a socket or TUN queue and processes it; false: nothing was there. */
bool path_receive(struct worker *w, struct port *p);
/* Processes one packet that another worker handed over. Takes the packet. */
void path_handed(struct worker *w, struct pkt *k);
/* After a batch: what was gathered leaves. Orders may be obeyed only when nothing is gathered. */
void path_flush(struct worker *w);
/* Chooses the ports of one SA anew, after it or the ports changed. */
void path_bind(struct worker *w, struct worker_sa *sa);

/* ---- between path.c, inbound.c and outbound.c ---- */

/* At the owner. ESP datagrams, of one SA. Takes the packet. */
void inbound_packet(struct worker *w, struct pkt *k);
void inbound_flush(struct worker *w);
/* The first step of opening one of them; o->pkt is set. The cipher is there for the second. */
void inbound_begin(struct worker *w, const struct pkt *k, struct esp_opening *o);
struct job; /* fan.h */
void inbound_opened(struct worker *w, const struct job *j); /* takes the packet */
/* At the owner. An inner packet for the SA. Takes the packet. */
void outbound_packet(struct worker *w, struct worker_sa *sa, struct pkt *k);
void outbound_flush(struct worker *w);
void outbound_sealed(struct worker *w, const struct job *j);
/* A SYN agrees on no larger segments than the rules say. is_partial: see mss_clamp(). */
void path_lower_mss(struct worker *w, const struct fit_rules *r, uint8_t *p, const struct ip_info *ip,
		    bool is_partial);
/* Several datagrams that came as one go on singly, each with room of its own. Takes the packet. */
void path_take_apart(struct worker *w, struct pkt *k);
/* Tells main something; false: its ring is full. */
bool path_tell(struct worker *w, const struct pkt *what);

#endif
