/* Sockets towards peers and servers, for the holder: in the network namespace in force. */
#ifndef CMD_HOLDER_SOCKET_H
#define CMD_HOLDER_SOCKET_H

#include "cmd/holder_proto.h"

/* As rq wants it (ASROOT_UDP, ASROOT_RAW, ASROOT_ASKER, ASROOT_STREAM), bound. *error: the address is not there now, and that
 * was allowed. ST_IO with errno. */
enum status holder_socket(const struct asroot_request *rq, int *out, int32_t *error) MUST_USE;
/* For rq of a raw socket of IPv6 the socket that makes the kernel heed "packet too big"; 0: none is needed, or to be had. */
int holder_ear(const struct asroot_request *rq);

#endif
