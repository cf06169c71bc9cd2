/* Frozen records of IKE SAs with their children: written at each committed transition of an
 * established SA, read by a new main (DESIGN section 2). Half-open SAs are not kept: nothing that
 * is not authenticated takes room there. */
#ifndef CORE_IKE_FREEZE_H
#define CORE_IKE_FREEZE_H

#include "core/base/rd.h"
#include "core/base/status.h"

struct ike;
struct ike_sa;

/* The record as it is now goes to the keeper. Nothing happens before the SA is established. */
enum status ike_keep(struct ike_sa *sa) MUST_USE;
/* The same where nothing waits for it: a keeper that is full is counted, and costs a repeated message after a restart. */
void ike_keep_counted(struct ike_sa *sa);
/* The keeper forgets it. */
void ike_forget(struct ike_sa *sa);

#endif
