/* The ports of the engines of a struct world. */
#ifndef TESTS_LIB_IKE_PORTS_H
#define TESTS_LIB_IKE_PORTS_H

#include "tests/lib/ike_world.h"

extern const struct ike_ports world_ports;

void world_push(struct world *w, struct world_item *it);
void world_do_job(struct world *w, const struct ike_job *job, struct ike_job_result *r);
/* Leases of SAs that the headend does not have any more go back. */
void world_reconcile_leases(struct world *w);

#endif
