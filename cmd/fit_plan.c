#include "cmd/fit_plan.h"

#include "cmd/net_plan.h"

static const struct iface *iface_of(const struct snapshot *s, uint32_t tun)
{
	if (tun >= PLAN_TUNNEL_BASE)
		return snapshot_iface(s, IFACE_TUNNEL, tun - PLAN_TUNNEL_BASE);
	return snapshot_iface(s, IFACE_TEMPLATE, tun);
}

static uint8_t df_of(unsigned df_bit)
{
	return df_bit == DF_SET ? FIT_DF_SET : df_bit == DF_CLEAR ? FIT_DF_CLEAR : FIT_DF_COPY;
}

uint32_t fit_plan_mtu(const struct iface *i, uint8_t family)
{
	uint32_t mtu4 = i->ip_mtu ? i->ip_mtu : PLAN_MTU;
	if (family == 4)
		return mtu4;
	return i->ip6_mtu ? i->ip6_mtu : mtu4 < FIT_MTU_MIN6 ? FIT_MTU_MIN6 : mtu4;
}

struct fit_rules fit_plan(const struct snapshot *s, uint32_t tun)
{
	const struct iface *i = iface_of(s, tun);
	struct fit_rules r = {.df = df_of(s->ipsec.df_bit), .before = s->ipsec.fragment_before};
	if (!i)
		return r;
	if (i->df_bit)
		r.df = df_of(i->df_bit - 1u);
	if (i->fragment)
		r.before = i->fragment == 2;
	/* The device has one MTU, the larger: the other family has its limit here. */
	if (i->ip_mtu || i->ip6_mtu) {
		r.mtu4 = (uint16_t)fit_plan_mtu(i, 4);
		r.mtu6 = (uint16_t)fit_plan_mtu(i, 6);
	}
	r.mss4 = (uint16_t)i->tcp_mss;
	r.mss6 = (uint16_t)i->tcp_mss6;
	return r;
}
