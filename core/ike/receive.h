/* From a datagram to an event of an SA (RFC 7296 2.1, 2.3, 2.5, 2.21): parse, authenticate, window,
 * judge, dispatch. Bytes that are not authenticated never change or end an SA. */
#ifndef CORE_IKE_RECEIVE_H
#define CORE_IKE_RECEIVE_H

#include "core/base/endpoint.h"
#include "core/base/rd.h"

struct ike;

void receive(struct ike *ike, const struct endpoint *local, const struct endpoint *remote,
	struct view raw);

#endif
