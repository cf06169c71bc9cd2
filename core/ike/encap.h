/* How the children of an IKE SA travel: as ESP of IP itself (protocol 50), or in UDP (RFC 3948) where a
 * NAT is on the way (RFC 7296 2.23, RFC 4555 3.8). Private to core/ike.
 *
 * What is said of NATs is what is seen, with one exception: who cannot do ESP without UDP, or was told
 * not to (`nat force-encapsulation`), claims a NAT of its own by a source that is nobody's; then the peer
 * encapsulates. What comes in is taken in either form, always. */
#ifndef CORE_IKE_ENCAP_H
#define CORE_IKE_ENCAP_H

#include "core/ike/msg.h"
#include "core/ike/sa.h"

/* Before NAT detection is written: does this side have to claim a NAT where it is now? */
void encap_claim(struct ike_sa *sa, const struct snapshot *conf);
/* NAT detection of one message. spi_r: as in its header; remote: where it goes. */
void encap_put(struct msg_out *o, const struct ike_sa *sa, uint64_t spi_r,
	const struct endpoint *remote);
/* During a negotiation, once NAT detection was read: will children travel in UDP? */
bool encap_is_due(const struct ike_sa *sa);
/* Can a child travel in that form from where we are? */
bool encap_can_carry(const struct ike_sa *sa, bool in_udp);
/* An established SA went elsewhere (nat NULL), or heard what NATs there are now. True: children that
 * are there change their form. */
bool encap_follow(struct ike_sa *sa, const struct natd_result *nat);

#endif
