/* TCP sockets that main connects: in a VRF, from an address of ours. */
#ifndef CMD_HOLDER_STREAM_H
#define CMD_HOLDER_STREAM_H

#include "cmd/holder_open.h"

/* ASROOT_STREAM. ST_NOT_FOUND: there is no such VRF; ST_IO with errno: the source is none of ours, or no descriptor is
 * left. */
enum status asroot_stream(struct kept *k, const struct asroot_request *rq, struct asroot_reply *reply, int *fds) MUST_USE;

#endif
