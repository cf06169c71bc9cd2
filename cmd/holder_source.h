/* Our own address towards a peer, for the holder: in the network namespace in force. */
#ifndef CMD_HOLDER_SOURCE_H
#define CMD_HOLDER_SOURCE_H

#include "core/base/addr.h"

/* ifname "": what the kernel would choose; else the first address of that interface that reaches
 * further than its link. ST_NOT_FOUND, ST_EXISTS (the way is a tunnel of ours), ST_IO with errno. */
enum status holder_source(const char *ifname, const struct addr *peer, struct addr *out) MUST_USE;

#endif
