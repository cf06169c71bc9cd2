/* One headend a network namespace: a second one would share ports and devices with the first, and
 * both would lose packets. A lock on a file that only root can open, named after the namespace; the
 * kernel takes it back with the process that holds it. */
#ifndef CMD_HOLDER_CLAIM_H
#define CMD_HOLDER_CLAIM_H

#include "core/base/status.h"

/* Claims the namespace in force. ST_EXISTS: another process has it; ST_IO with errno. */
enum status claim_take(int *claim) MUST_USE;
void claim_give_back(int claim);

#endif
