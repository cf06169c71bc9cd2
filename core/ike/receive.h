/* From a datagram to an event of an SA (RFC 7296 2.1, 2.3, 2.5, 2.21): parse, authenticate, window,
 * judge, dispatch. Bytes that are not authenticated never change or end an SA. */
#ifndef CORE_IKE_RECEIVE_H
#define CORE_IKE_RECEIVE_H

#include "core/base/endpoint.h"
#include "core/base/rd.h"

struct ike;
struct ike_sa;

void receive(struct ike *ike, const struct endpoint *local, const struct endpoint *remote,
	struct view raw);
/* RFC 7296 2.23: a peer behind a NAT is where its last authenticated packet came from, be it IKE or
 * ESP. An SA whose peer is not behind a NAT stays where it is: there only MOBIKE moves it. */
void receive_follow(struct ike_sa *sa, const struct endpoint *local, const struct endpoint *remote);

#endif
