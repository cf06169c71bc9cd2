/* The holder's connection to the master agent of SNMP, whose socket is usually root's alone. */
#ifndef CMD_HOLDER_AGENTX_H
#define CMD_HOLDER_AGENTX_H

#include <stdbool.h>

#include "core/base/status.h"

/* Is it snmpd's usual path, or does it stand as a word in this copy of the configuration (-1: there is
 * none)? Only root writes the file that the copy was made of. */
bool agentx_is_named(const char *path, int config);
/* Never waits. ST_AGAIN: nobody accepts there; ST_NOT_FOUND; ST_IO with errno. The path is sane. */
enum status agentx_connect(const char *path, int *fd) MUST_USE;

#endif
