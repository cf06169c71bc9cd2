/* Notifications: what is in them and in which order (mibs/SALLYPORT-MIB.txt). Library thread. */
#ifndef MODULES_SNMP_NOTIFY_H
#define MODULES_SNMP_NOTIFY_H

#include "modules/snmp/desk.h"

struct snmp_session;

/* The ctx of the ports. */
struct notify_to {
	struct snmp_session *session; /* with the master; NULL: there is none now */
};
extern const struct desk_ports notify_ports;

#endif
