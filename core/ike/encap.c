#include "core/ike/encap.h"

#include "core/conf/match.h"
#include "core/ike/engine.h"
#include "core/ike/natd.h"

/* A responder must know before the peer has named itself. */
static bool is_wanted(const struct ike_sa *sa, const struct snapshot *conf)
{
	const struct ike_profile *p;

	if (!sa->is_client)
		return profiles_force_encap(conf, sa->local.vrf, &sa->local.addr);
	p = snapshot_profile(conf, sa->profile);
	return p != NULL && p->nat_force_encap;
}

bool encap_can_carry(const struct ike_sa *sa, bool in_udp)
{
	const struct ike *ike = sa->ike;

	return in_udp || (ike->ports->has_raw != NULL &&
				 ike->ports->has_raw(ike->ctx, &sa->local, sa->remote.addr.family));
}

void encap_claim(struct ike_sa *sa, const struct snapshot *conf)
{
	/* Who does not know its address cannot say it. */
	sa->claims_nat = addr_len(&sa->local.addr) == 0 || is_wanted(sa, conf) ||
		!encap_can_carry(sa, false);
}

void encap_put(struct msg_out *o, const struct ike_sa *sa, uint64_t spi_r,
	const struct endpoint *remote)
{
	static const struct endpoint nowhere;
	uint8_t hash[NATD_LEN];

	natd_hash(sa->spi_i, spi_r, sa->claims_nat ? &nowhere : &sa->local, hash);
	msg_notify(o, N_NAT_DETECTION_SOURCE_IP, hash, sizeof(hash));
	natd_hash(sa->spi_i, spi_r, remote, hash);
	msg_notify(o, N_NAT_DETECTION_DESTINATION_IP, hash, sizeof(hash));
}

static bool sees_nat(const struct ike_sa *sa)
{
	return sa->nat_local || sa->nat_remote || sa->claims_nat;
}

/* The peer encapsulates only when it believes in a NAT, and from the port of that. Having changed to that
 * port alone means nothing: a peer that supports MOBIKE does it always (RFC 4555 3.3). */
bool encap_is_due(const struct ike_sa *sa)
{
	return sa->hs->peer_sent_natd && sa->local.port != (uint16_t)sa->hs->conf->own.port &&
		sees_nat(sa);
}

bool encap_follow(struct ike_sa *sa, const struct natd_result *nat)
{
	bool was = sa->in_udp;

	encap_claim(sa, sa->ike->conf);
	if (nat == NULL) {
		/* The peer understands it at its port of encapsulation, NAT or not (RFC 7296 2.23), and
		 * what it sees of us it says in its answer. */
		sa->in_udp |= sa->claims_nat;
	} else {
		sa->nat_local = nat->nat_local;
		sa->nat_remote = nat->nat_remote;
		sa->in_udp = sees_nat(sa);
	}
	return sa->in_udp != was;
}
