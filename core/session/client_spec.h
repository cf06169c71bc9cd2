/* What the configuration wants to be connected: an interface Tunnel with a destination, or one that a
 * `crypto ikev2 client flexvpn` connects. Pure. */
#ifndef CORE_SESSION_CLIENT_SPEC_H
#define CORE_SESSION_CLIENT_SPEC_H

#include "core/conf/snapshot.h"
#include "core/session/client.h"
#include "core/session/session.h"

#define CLIENT_PAIRS 8 /* as many IPsec SAs as one IKE SA has */
#define CLIENT_IFNAME 16 /* of a host's interface, with NUL */

struct client_spec {
	char name[SESSION_NAME]; /* of the client, or of the interface */
	bool is_flexvpn;
	bool is_manual;
	uint32_t group;          /* of clients that do not share a peer; FLEX_NO_GROUP */
	uint64_t inside;         /* says whether the inside interfaces are the same */
	uint32_t tun;            /* number in the data path */
	char ifname[SESSION_NAME];
	char profile[SESSION_NAME]; /* IKEv2 */
	char ipsec_profile[SESSION_NAME];
	uint32_t vrf; /* outer: number, and name ("" is our own) */
	char vrf_name[SESSION_NAME];
	char ivrf[SESSION_NAME]; /* inner */
	/* `tunnel source`: addresses (family 0: none), an interface of the host, or neither: the kernel
	 * chooses. */
	bool has_source;
	struct addr source4;
	struct addr source6;
	char source_if[CLIENT_IFNAME];
	/* What the tunnel carries, and of that what the peer is asked for an address of. */
	bool carries4;
	bool carries6;
	bool asks4;
	bool asks6;
	/* `tunnel protection ipsec policy`: an IPsec SA for each of these pairs; 0: one for everything. */
	uint8_t n_pairs;
	struct prefix from[CLIENT_PAIRS];
	struct prefix to[CLIENT_PAIRS];
	char source[SESSION_NAME]; /* as it was written, "" for none */
	size_t n_peers;
	struct client_peer peers[CLIENT_PEERS]; /* by preference */
};

/* In the order of the interfaces: *cursor 0 at first; false at the end. An interface that is shut
 * down, unprotected or without an IKEv2 profile (R-CFG-13), a `responder-only` one and GRE are passed
 * over. */
bool client_spec_next(const struct snapshot *s, size_t *cursor, struct client_spec *out);
/* Nothing that ends a session when it changes is different. */
bool client_spec_eq(const struct client_spec *a, const struct client_spec *b);
/* Our address towards a peer of that family, as far as the configuration says it; NULL: it does not. */
const struct addr *client_spec_source(const struct client_spec *c, uint8_t family);

#endif
