/* Transport mode (RFC 4303 section 3.1.1, RFC 4301 section 4.1): between the two hosts of an SA the IP
 * header is sent once, outside. Towards the TUN packets are whole, so it is taken off before sealing and
 * put on anew after opening, with the addresses of the SA. What the outer header carries beside addresses
 * and protocol (TTL, TOS) belongs to the path: the new header has 64 and 0. Pure. */
#ifndef CORE_ESP_TRANSPORT_H
#define CORE_ESP_TRANSPORT_H

#include "core/esp/open.h"

/* Room that transport_wrap() wants before a payload: an IPv6 header. */
#define TRANSPORT_HEAD_MAX 40

/* What stands behind the IP header of a packet, and which protocol it is. Extension headers for the
 * destination stay with it. ST_ESP_TOO_BIG: a fragment, whose place nothing would tell. ST_OUT_SELECTOR:
 * has options or extension headers that routers read, or is ESP: our own packets would come back for
 * ever where a route leads them here. ST_ESP_MALFORMED: of no family of the SA, or damaged. */
enum status transport_strip(const struct esp_sa *sa, struct span packet, struct span *payload,
			    uint8_t *next_header) MUST_USE;
/* How long the header is that is taken off and put on. */
size_t transport_head_len(const struct esp_sa *sa);
/* The whole packet again, in place: TRANSPORT_HEAD_MAX bytes before the payload may be overwritten.
 * ST_ESP_MALFORMED. */
enum status transport_wrap(const struct esp_sa *sa, uint8_t next_header, struct span payload,
			   struct span *packet, struct ip_info *ip) MUST_USE;

#endif
