/* SA payloads <-> offers of core/conf: what the peer offers, what we offer, what was chosen. */
#ifndef CORE_IKE_OFFER_H
#define CORE_IKE_OFFER_H

#include "core/conf/choose.h"
#include "core/conf/match.h"
#include "core/wire/sa.h"

#define OFFER_ALLOWED_MAX 16 /* proposals or transform sets of ours that count */

/* An SA payload that was read, in the form in which it is chosen from. */
struct offer_set {
	size_t n;
	struct offer v[SA_PROPOSALS_MAX];
	struct offer_transform t[SA_PROPOSALS_MAX][SA_TRANSFORMS_MAX];
};

/* Our side of a choice. */
struct allowed_set {
	size_t n;
	struct allowed v[OFFER_ALLOWED_MAX];
};

/* Proposals with a transform type unknown to us are left out (RFC 7296 3.3.6). */
void offer_from_sa(const struct sa *sa, struct offer_set *out);
/* ST_NO_POLICY: no policy for this VRF and local address, or none of its proposals is usable. */
enum status offer_allowed_ike(const struct snapshot *conf, uint32_t vrf, const struct addr *local,
	struct allowed_set *out) MUST_USE;
/* ST_CONFIG: no usable transform set. profile NULL: the default IPsec profile. */
enum status offer_allowed_esp(const struct snapshot *conf, const struct ipsec_profile *profile,
	struct allowed_set *out) MUST_USE;

/* For a successor: what the configuration allows now, or where it has nothing to say any more, what
 * is in use. own: memory for the latter; lives as long as out. */
struct ike_sa;
struct ike_child;
struct offer_own {
	struct conf_transform encr, integ, prf, dh;
};
void offer_rekey_ike(const struct snapshot *conf, const struct ike_sa *sa, struct offer_own *own,
	struct allowed_set *out);
/* old NULL: any child of the SA. */
void offer_rekey_esp(const struct snapshot *conf, const struct ike_sa *sa,
	const struct ike_child *old, struct offer_own *own, struct allowed_set *out);
/* The group to begin with: the one in use when it is still allowed, else the first. */
uint16_t offer_rekey_group(const struct snapshot *conf, const struct ike_sa *sa);

/* with_dh: for ESP, DH transforms too (PFS). What we offer: combined-mode ciphers and others in proposals of their own (R-POL-09). spi: 4
 * bytes for ESP, empty for IKE_SA_INIT. */
void offer_build(struct sa *out, uint8_t protocol, const struct allowed_set *ours, struct view spi,
	bool with_dh);
/* The group goes before the others of its proposals: who picks the first one picks ours (Windows, which
 * cannot do with INVALID_KE_PAYLOAD). */
void offer_lead(struct sa *offer, uint16_t group);
/* The one proposal of an answer. */
void offer_answer(struct sa *out, uint8_t protocol, const struct chosen *c, bool with_dh,
	struct view spi);

#endif
