/* Pure questions to a snapshot: which policy, proposals, profile, key. Nothing is allocated; the
 * answers point into the snapshot. */
#ifndef CORE_CONF_MATCH_H
#define CORE_CONF_MATCH_H

#include "core/conf/snapshot.h"

/* IKE identity types (RFC 7296 section 3.5) as they come in the ID payload. */
#define IKE_ID_IPV4  1
#define IKE_ID_FQDN  2
#define IKE_ID_EMAIL 3
#define IKE_ID_IPV6  5
#define IKE_ID_DN    9
#define IKE_ID_KEYID 11

/* The policy for an SA that arrived at (or leaves from) this VRF and local address. Most specific
 * first: named or global VRF before `any`, a listed local address before none, then
 * configuration order; the default policy comes last. NULL: ST_NO_POLICY. */
const struct ike_policy *policy_select(
	const struct snapshot *s, uint32_t vrf, const struct addr *local);

/* Its usable proposals (complete, defined, not disabled) in order; returns how many were stored. */
size_t policy_proposals(const struct snapshot *s, const struct ike_policy *p,
	const struct ike_proposal **out, size_t max);

struct profile_query {
	uint32_t vrf;       /* outer */
	struct addr local;  /* local address of the SA */
	const char *ifname; /* interface that has it, NULL when not known */
	uint8_t id_type;    /* IDi */
	struct view id;     /* body of the ID payload after the type word */
	const char *const
		*cert_maps; /* names of certificate maps that the peer's certificate meets */
	size_t cert_map_count;
};
struct profile_answer {
	const struct ike_profile
		*profile; /* set with ST_OK; else the (first) one concerned or NULL */
	const struct ike_profile *other; /* ST_PROFILE_AMBIGUOUS: the second that matches */
};
/* R-PFL-01..08. ST_OK, ST_NO_PROFILE, ST_PROFILE_AMBIGUOUS (none is selected), ST_PROFILE_SHUTDOWN
 * (only shut down profiles match). `match identity remote any` counts only where nothing more
 * definite matches. */
enum status profile_select(const struct snapshot *s, const struct profile_query *q,
	struct profile_answer *out) MUST_USE;

/* Does a profile that such a peer may end up with want ESP in UDP even without a NAT
 * (`nat force-encapsulation`)? A responder must know before the peer has named itself. */
bool profiles_force_encap(const struct snapshot *s, uint32_t vrf, const struct addr *local);

/* Does a configured identity cover the one received? Names without regard to case. */
bool id_covers(const struct id_match *m, uint8_t id_type, struct view id);

struct psk_pair {
	const struct secret *local;  /* signs our AUTH; NULL when none */
	const struct secret *remote; /* verifies the peer's AUTH; NULL when none */
	const struct ike_peer *peer; /* keyring entry that was used, NULL for inline keys */
};
/* Keys of a profile. An inline key (`authentication ... pre-share key`) wins over the keyring, for
 * its side only; the keyring fills what is missing.
 * Responder (R-KEY-06): by the peer's identity, then by its address (best match).
 * ST_NO_KEY when neither side has a usable key. KEYRING_AAA keyrings are not looked up here. */
enum status psk_for_responder(const struct snapshot *s, const struct ike_profile *p,
	uint8_t id_type, struct view id, const struct addr *peer, struct psk_pair *out) MUST_USE;
/* Initiator (R-KEY-05): by hostname (NULL: none), then by address. */
enum status psk_for_initiator(const struct snapshot *s, const struct ike_profile *p,
	const char *hostname, const struct addr *peer, struct psk_pair *out) MUST_USE;

/* The entry of `keyring ppk` with the post-quantum key of a peer (RFC 8784), found as pre-shared keys are;
 * NULL: it has none. p may be NULL. */
const struct ike_peer *ppk_for_responder(const struct snapshot *s, const struct ike_profile *p,
	uint8_t id_type, struct view id, const struct addr *peer);
const struct ike_peer *ppk_for_initiator(const struct snapshot *s, const struct ike_profile *p,
	const char *hostname, const struct addr *peer);
/* Has a profile that a peer may end up with such keys? The same as with profiles_force_encap(). */
bool profiles_have_ppk(const struct snapshot *s, uint32_t vrf, const struct addr *local);

/* May a client authenticate twice in some profile (`sallyport eap multiple`, RFC 4739)? */
bool profiles_have_multiple(const struct snapshot *s);

/* Dead peer detection and NAT keepalive in force for a profile (profile overrides global);
 * p may be NULL. mode DPD_UNSET: off; 0 s: off. */
struct dpd profile_dpd(const struct snapshot *s, const struct ike_profile *p);
uint32_t profile_nat_keepalive_s(const struct snapshot *s, const struct ike_profile *p);

/* May it be used at this address of ours (`match address local`)? Interfaces do not count. */
bool profile_has_local(const struct ike_profile *p, const struct addr *local);

/* What IPsec SAs of an IPsec profile are made with: INHERIT resolved. */
struct ipsec_params {
	uint32_t lifetime_s;
	uint32_t lifetime_kb;   /* 0: no volume limit */
	uint32_t replay_window; /* 0: no replay check */
	uint32_t idle_s;        /* 0: off */
	uint16_t pfs_group;     /* 0: off */
};
struct ipsec_params ipsec_params(const struct snapshot *s, const struct ipsec_profile *p);
/* Its usable transform sets in order (the default set when it names none). */
size_t ipsec_sets(const struct snapshot *s, const struct ipsec_profile *p,
	const struct transform_set **out, size_t max);
/* The two networks of a line that may be an IPsec SA's selectors. False: a remark, or more is said than
 * networks. */
bool acl_line_pair(const struct acl *a, const struct acl_line *l, struct prefix *from,
	struct prefix *to);
/* The access list of `tunnel protection ipsec policy` for a family; NULL: none, or not defined. */
const struct acl *iface_policy(const struct snapshot *s, const struct iface *i, uint8_t family);

/* The interface Tunnel in use whose protection leads to the profile: one whose destination is this
 * peer (NULL: any), else one without an address as destination; NULL when there is none. */
const struct iface *profile_tunnel(
	const struct snapshot *s, const char *profile, const struct addr *peer);
/* The IPsec profile that protects a profile's virtual template or, without one, its tunnel; NULL when
 * there is none. */
const struct ipsec_profile *profile_ipsec(const struct snapshot *s, const struct ike_profile *p);

/* The list of a filter or class by its name: of IPv4 an extended or a standard one. NULL: none. */
const struct acl *filter_acl(const struct snapshot *s, uint8_t family, const char *name);
#define FILTER_LINES_MAX 2000 /* of a list as a filter: each costs a look at every packet */

/* First match decides; an address no line names is not permitted. */
bool acl_permits(const struct acl *a, const struct addr *addr);

/* Reload (DESIGN section 3): which configured things a live session came from are gone. Any name
 * may be NULL. */
struct session_refs {
	const char *profile;
	const char *authz;
	const char *pool4;
	const char *pool6;
	const char *vrf;
};
#define ORPHAN_PROFILE 0x01u
#define ORPHAN_POOL4   0x02u
#define ORPHAN_POOL6   0x04u
#define ORPHAN_AUTHZ   0x08u
#define ORPHAN_VRF     0x10u
/* 0: not orphaned. A profile that is shut down is not gone. */
unsigned policy_orphaned(const struct snapshot *s, const struct session_refs *r);

#endif
