/* The thread that Net-SNMP's agent library lives in: its loop, and the handler that answers from the
 * desk. Nothing else of the process calls the library. */
#ifndef MODULES_SNMP_AGENT_H
#define MODULES_SNMP_AGENT_H

#include "modules/snmp/share.h"

/* arg: struct share. Ends when it is_stopping, after what main handed over before. */
void *agent_main(void *arg);

#endif
