/* The SNMP subagent between the sessions, the samples and the holder, who connects to the master
 * agent. Nothing happens here while `sallyport snmp agentx` was never configured. */
#ifndef CMD_WIRE_SNMP_H
#define CMD_WIRE_SNMP_H

#include "cmd/wire_state.h"
#include "modules/snmp/snmp.h"

struct session;

/* What the configuration in force says from now on: at start, and after each reload, which may have
 * orphaned sessions. Never fails: without memory for it there is no SNMP, which is logged. */
void wire_snmp_apply(struct wire *w);
void wire_snmp_stop(struct wire *w);

/* The number that names a session in the MIB; by that of its IKE SA; while it waits, one of its own. */
uint32_t wire_snmp_index(const struct session *s);
/* A session is up; has moved, or waits for its client after its tunnel ended; ends. */
void wire_snmp_up(struct wire *w, const struct session *s);
void wire_snmp_moved(struct wire *w, const struct session *s);
void wire_snmp_down(struct wire *w, enum status why, const struct snmp_traffic *total);
/* It waits no more, which no notification tells. */
void wire_snmp_gone(struct wire *w, const struct session *s);

/* Notifications that were sent and dropped since the last call go into the loop's counters. */
void wire_snmp_count(struct wire *w);
/* w->sample and w->snmp_traffic are what is answered from now on. */
void wire_snmp_sample(struct wire *w);

#endif
