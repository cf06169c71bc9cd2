/* show ip interface (R-PFR-12): the tunnel devices with their MTU and what is done with packets that
 * are too long. */
#include <inttypes.h>
#include <string.h>

#include "cmd/fit_plan.h"
#include "cmd/net_plan.h"
#include "cmd/show.h"
#include "core/conf/argument.h"

static const char *const df_words[] = {[FIT_DF_COPY] = "copy", [FIT_DF_SET] = "set", [FIT_DF_CLEAR] = "clear"};

static uint32_t number_of(const struct iface *i)
{
	return i->kind == IFACE_TEMPLATE ? i->number : PLAN_TUNNEL_BASE + i->number;
}

static void text_mss(struct out *out, const char *family, uint32_t mss)
{
	if (mss)
		out_printf(out, "  TCP MSS of %s is adjusted to %" PRIu32 " bytes\n", family, mss);
}

/* What a template says about its clients. */
static void text_clients(struct out *out, const struct iface *i)
{
	out_printf(out, "  DHCPINFORM of clients is %s, their multicast is %s\n", i->dhcp_inform ? "answered" : "not answered",
		   i->multicast ? "permitted" : "dropped");
	if (i->proxy_arp)
		out_printf(out, "  Proxy ARP is enabled on %s\n", i->proxy_arp);
	else
		out_printf(out, "  Proxy ARP is disabled\n");
}

static void text_interface(struct out *out, const struct iface *i, const struct fit_rules *r)
{
	char device[PLAN_NAME], addr[ADDR_TEXT];
	plan_tun_name(number_of(i), device);
	out_printf(out, "%s is %s, device %s\n", i->name, i->shutdown ? "administratively down" : "up", device);
	if (i->ip.addr.family)
		out_printf(out, "  Internet address is %s/%u\n", addr_format(&i->ip.addr, addr), i->ip.len);
	else
		out_printf(out, "  Internet address is %s\n",
			   i->ip_negotiated ? "negotiated" : i->unnumbered ? i->unnumbered : "not set");
	out_printf(out, "  IP MTU is %" PRIu32 " bytes, IPv6 MTU is %" PRIu32 " bytes\n", fit_plan_mtu(i, 4),
		   fit_plan_mtu(i, 6));
	text_mss(out, "IPv4", r->mss4);
	text_mss(out, "IPv6", r->mss6);
	out_printf(out, "  Packets too long for the path: fragmentation %s encryption, df-bit %s\n",
		   r->before ? "before" : "after", df_words[r->df]);
	if (i->kind == IFACE_TEMPLATE)
		text_clients(out, i);
}

static void json_interface(struct out *out, const struct iface *i, const struct fit_rules *r)
{
	char device[PLAN_NAME];
	plan_tun_name(number_of(i), device);
	js_open(out, NULL);
	js_str(out, "name", i->name);
	js_str(out, "device", device);
	js_bool(out, "shutdown", i->shutdown);
	js_u64(out, "ip_mtu", fit_plan_mtu(i, 4));
	js_u64(out, "ipv6_mtu", fit_plan_mtu(i, 6));
	js_u64(out, "ip_tcp_mss", r->mss4);
	js_u64(out, "ipv6_tcp_mss", r->mss6);
	js_str(out, "df_bit", df_words[r->df]);
	js_str(out, "fragmentation", r->before ? "before-encryption" : "after-encryption");
	if (i->kind == IFACE_TEMPLATE) {
		js_bool(out, "dhcp_inform", i->dhcp_inform);
		js_bool(out, "multicast", i->multicast);
		js_str(out, "proxy_arp", i->proxy_arp ? i->proxy_arp : "");
	}
	js_close(out);
}

SHOW(show_ip_interface)
{
	uint8_t kind = 0;
	uint32_t number = 0;
	size_t found = 0;
	const char *wanted = args->n ? args->words[0] : NULL;
	bool is_name = wanted && iface_name_parse(wanted, strlen(wanted), &kind, &number);
	if (out->json)
		js_open_array(out, NULL);
	for (size_t k = 0; k < w->conf->iface_count; k++) {
		const struct iface *i = &w->conf->ifaces[k];
		if (i->kind == IFACE_LOOPBACK || (wanted && !(is_name && i->kind == kind && i->number == number)))
			continue;
		struct fit_rules r = fit_plan(w->conf, number_of(i));
		found++;
		if (out->json)
			json_interface(out, i, &r);
		else
			text_interface(out, i, &r);
	}
	if (out->json)
		js_close_array(out);
	if (!wanted || found)
		return 0;
	out_printf(err, "there is no tunnel interface \"%s\"\n", wanted);
	return 1;
}
