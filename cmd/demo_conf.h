/* The configurations of the demo: the headend's, which is a good one to begin with, and the client's. */
#ifndef CMD_DEMO_CONF_H
#define CMD_DEMO_CONF_H

#include <stdbool.h>
#include <stddef.h>

#define DEMO_CONF_MAX 4096
#define DEMO_SYSLOG_PORT 514
#define DEMO_METRICS_PORT 9100

struct demo_conf {
	char text[DEMO_CONF_MAX];
	size_t lines;
};

/* agentx: path of the master agent's socket; "": where it usually is; NULL: without SNMP. False: it does
 * not parse, or something in it is not in force. */
bool demo_conf_make(struct demo_conf *c, const char *agentx);

extern const char demo_conf_client[];

#endif
