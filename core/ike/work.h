/* What an established IKE SA has to do by itself, one request at a time: delete children, rekey
 * itself, rekey children; and when. Private to core/ike. */
#ifndef CORE_IKE_WORK_H
#define CORE_IKE_WORK_H

#include "core/ike/sa.h"

/* Sends the next request that is wanted, if the window is free. Call it whenever something new is
 * wanted and whenever a request of ours is done. */
void work(struct ike_sa *sa);
/* Arms the timers of children and of the SA's own rekeying. */
void work_arm(struct ike_sa *sa);
/* A child's time has come (timer); a better moment has come (timer). */
void work_children_due(struct ike_sa *sa);
/* So much has gone through a child that is up. */
void work_volume(struct ike_child *c, uint64_t octets, uint64_t sequence);
/* It is to be deleted: our DELETE goes out as soon as it can. */
void work_delete_child(struct ike_child *c, enum status why);
/* It has a successor and the peer is to delete it; if it does not, we do. */
void work_replaced(struct ike_child *c);
/* The peer has deleted it and not what it replaced: that one serves on. */
void work_not_replaced(const struct ike_child *c);
/* The peer is busy: later, and later each time. */
void work_postpone(struct ike_sa *sa);

/* It ends; where we are rekeying it, the peer would be left with a successor: that one ends then. */
sa_action work_close;

#endif
