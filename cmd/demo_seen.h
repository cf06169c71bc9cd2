/* What others see of the demo's headend: metrics over HTTP, and SNMP where the machine has an agent.
 * The functions ..._run are tasks (demo_task.h). */
#ifndef CMD_DEMO_SEEN_H
#define CMD_DEMO_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/pen.h"

/* Asks 127.0.0.1 for /metrics and prints three lines of the answer. Exit code 0: it was good. */
int seen_metrics_run(void *ctx); /* uint16_t: port */

bool seen_snmp_is_there(void); /* the programs of the packages snmpd and snmp */
/* Becomes snmpd, listening on loopback only; ctx: a folder for its files and its agent socket. */
int seen_snmpd_run(void *ctx);
/* Becomes snmpwalk over the table of sessions; ctx: the same folder. */
int seen_snmpwalk_run(void *ctx);
extern const char *const seen_snmp_columns[]; /* what the lines of some telling columns have; ended by NULL */

/* sallyportMIB, objects, sessions. */
#define SEEN_SESSION_TABLE "1.3.6.1.4.1." SALLYPORT_PEN_TEXT ".1.1.7"
#define SEEN_AGENTX "/agentx" /* in that folder */

#endif
