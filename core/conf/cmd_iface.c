/* interface, vrf definition. */
#include <stdio.h>
#include <string.h>

#include "core/conf/argument.h"
#include "core/conf/identity.h"
#include "core/conf/parse.h"
#include "core/conf/set.h"
#include "core/conf/tables.h"

static struct iface *iface_find(struct snapshot *s, uint8_t kind, uint32_t number)
{
	return (struct iface *)(uintptr_t)snapshot_iface(s, kind, number);
}

static struct iface *iface_new(struct cmd_call *c, uint8_t kind, uint32_t number)
{
	char name[48];
	void *tmp;
	int n = snprintf(name, sizeof(name), "%s%u", iface_kind_name(kind), number);
	struct iface *i = ARENA_PUSH(c->arena, c->s->ifaces, c->s->iface_count, tmp);
	if (!i)
		return NULL;
	i->name = arena_strndup(c->arena, name, (size_t)n);
	i->kind = kind;
	i->number = number;
	cmd_defaults(c, MODE_IFACE, i);
	if (i->name)
		parse_remember(c->ps, i->name, c->args[0].word.col);
	return i->name ? i : NULL;
}

void set_interface(struct cmd_call *c)
{
	const struct arg *a = cmd_arg(c, "name");
	uint8_t kind;
	uint32_t number;
	if (!a) {
		cmd_error(c, NULL, "which interface?", "");
		return;
	}
	if (!iface_name_parse(a->word.p, a->word.len, &kind, &number)) {
		if (c->form == FORM_SET)
			cmd_warn(c, a, "interface belongs to the host, block ignored", "");
		c->skip = true;
		return;
	}
	if (cmd_has(c, "ethernet") || cmd_has(c, "serial")) {
		cmd_error(c, a, "only virtual templates of type tunnel exist here", "");
		return;
	}
	struct iface *i = iface_find(c->s, kind, number);
	if (c->form != FORM_SET) {
		if (i)
			c->s->iface_count = arena_drop(c->s->ifaces, c->s->iface_count,
				(size_t)(i - c->s->ifaces), sizeof(*i));
		return;
	}
	c->enter = i ? i : iface_new(c, kind, number);
}

void print_interface(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct snapshot *s = obj;
	for (size_t i = 0; i < s->iface_count; i++) {
		cout_head(o, row, false);
		cout_word(o, s->ifaces[i].name);
		if (s->ifaces[i].kind == IFACE_TEMPLATE)
			cout_str(o, " type tunnel");
		cout_end(o);
		o->indent++;
		size_t before = o->len;
		print_rows(o, MODE_IFACE, &s->ifaces[i]);
		cout_empty(o, before);
		o->indent--;
		cout_str(o, "!\n");
	}
}

static void set_ip(struct cmd_call *c)
{
	struct iface *i = c->obj;
	i->ip = (struct prefix){0};
	i->ip_negotiated = c->form == FORM_SET && cmd_has(c, "negotiated");
	if (c->form != FORM_SET || i->ip_negotiated)
		return;
	i->unnumbered = NULL;
	i->ip = (struct prefix){cmd_arg(c, "address")->addr, cmd_arg(c, "mask")->prefix.len};
}

static void print_ip(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct iface *i = obj;
	if (i->ip_negotiated) {
		cout_line(o, row, "negotiated");
	} else if (i->ip.addr.family) {
		struct addr mask = len_to_mask4(i->ip.len);
		cout_head(o, row, false);
		cout_str(o, " ");
		cout_addr(o, &i->ip.addr);
		cout_str(o, " ");
		cout_addr(o, &mask);
		cout_end(o);
	}
}

static bool same_ip6(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && addr_eq(&a->addr, &b->addr);
}

/* The host bits of an interface address count: prefix_parse may have cleared them. */
static struct prefix ip6_of(const struct arg *a)
{
	struct prefix p = a->prefix;
	struct word w = a->word;
	const char *slash = memchr(w.p, '/', w.len);
	if (slash)
		w.len = (size_t)(slash - w.p);
	return word_addr(&w, &p.addr) ? p : a->prefix;
}

static void set_ip6(struct cmd_call *c)
{
	struct iface *i = c->obj;
	const struct arg *a = cmd_arg(c, "prefix");
	struct prefix want = a ? ip6_of(a) : (struct prefix){0};
	bool negotiated = cmd_has(c, "negotiated");
	if (negotiated || !a)
		i->ip6_negotiated = negotiated && c->form == FORM_SET;
	if (!a && !negotiated)
		i->ip6_count = 0;
	if (!a)
		return;
	for (size_t k = i->ip6_count; k-- > 0;)
		if (same_ip6(&i->ip6[k], &want)) {
			if (c->form == FORM_SET)
				return;
			i->ip6_count = arena_drop(i->ip6, i->ip6_count, k, sizeof(want));
		}
	void *tmp;
	struct prefix *slot =
		c->form == FORM_SET ? ARENA_PUSH(c->arena, i->ip6, i->ip6_count, tmp) : NULL;
	if (slot)
		*slot = want;
}

static void print_ip6(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct iface *i = obj;
	if (i->ip6_negotiated)
		cout_line(o, row, "negotiated");
	for (size_t k = 0; k < i->ip6_count; k++) {
		cout_head(o, row, false);
		cout_str(o, " ");
		cout_addr(o, &i->ip6[k].addr);
		cout_str(o, "/");
		cout_u32(o, i->ip6[k].len);
		cout_end(o);
	}
}

static const char *const mode_words[] = {[TM_DEFAULT] = NULL,
	[TM_IPSEC4] = "ipsec ipv4",
	[TM_IPSEC6] = "ipsec ipv6",
	[TM_GRE4] = "gre ip",
	[TM_GRE6] = "gre ipv6",
	[TM_MGRE] = "gre multipoint"};

static void set_tunnel_mode(struct cmd_call *c)
{
	struct iface *i = c->obj;
	i->tunnel_mode = TM_DEFAULT;
	if (c->form != FORM_SET)
		return;
	bool v6 = cmd_has(c, "ipv6");
	if (cmd_has(c, "ipsec"))
		i->tunnel_mode = v6 ? TM_IPSEC6 : TM_IPSEC4;
	else
		i->tunnel_mode = cmd_has(c, "multipoint") ? TM_MGRE : v6 ? TM_GRE6 : TM_GRE4;
	if (cmd_has(c, "gre"))
		cmd_warn(c, NULL, "kept, but not in force in this version (GRE):", "");
}

static void print_tunnel_mode(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct iface *i = obj;
	if (i->tunnel_mode == TM_DEFAULT)
		return;
	cout_head(o, row, false);
	cout_str(o, " ");
	cout_str(o, mode_words[i->tunnel_mode]);
	cout_end(o);
}

static void set_iface_df(struct cmd_call *c)
{
	struct iface *i = c->obj;
	i->df_bit = c->form != FORM_SET ? 0 : (uint8_t)(1 + df_bit_of(c));
}

static void print_iface_df(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct iface *i = obj;
	if (i->df_bit)
		cout_line(o, row, df_bit_word(i->df_bit - 1));
}

static void set_iface_fragment(struct cmd_call *c)
{
	struct iface *i = c->obj;
	i->fragment = c->form != FORM_SET ? 0 : cmd_has(c, "before-encryption") ? 2 : 1;
}

static void print_iface_fragment(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct iface *i = obj;
	if (i->fragment)
		cout_line(o, row, i->fragment == 2 ? "before-encryption" : "after-encryption");
}

#define AT(field) offsetof(struct iface, field)
#define WITHOUT_MEANING(words)                                                                     \
	{                                                                                          \
		.grammar = words " ...", .flags = CMD_IGNORED, .set = set_none,                    \
		.help = "`" words "` of an interface"                                              \
	}
#define KEPT_TEXT(words, what)                                                                     \
	{                                                                                          \
		.grammar = words " <text:line>", .flags = CMD_LATER | CMD_REPEATS,                 \
		.set = set_keep, .print = print_keep, .when = WHEN_NEW, .help = what               \
	}

static const struct cmd iface[] = {
	{.grammar = "description <text:line>",
		.off = AT(description),
		.when = WHEN_LIVE,
		.set = set_str,
		.print = print_str,
		.help = "Free text"},
	{.grammar = "vrf forwarding <name:name>",
		.off = AT(vrf),
		.when = WHEN_NEW,
		.set = set_ref,
		.print = print_str,
		.help = "Inner VRF"},
	{.grammar = "ip vrf forwarding ...",
		.flags = CMD_REFUSED,
		.set = set_none,
		.help = "write `vrf forwarding`: VRFs here have both families"},
	{.grammar = "ip address {negotiated|<address:ip4> <mask:mask>}",
		.when = WHEN_NEW,
		.set = set_ip,
		.print = print_ip,
		.help = "Address of the tunnel device"},
	{.grammar = "ip unnumbered <name:iface>",
		.off = AT(unnumbered),
		.when = WHEN_NEW,
		.set = set_ifname,
		.print = print_str,
		.help = "Use the address of another interface"},
	{.grammar = "ipv6 address {negotiated|<prefix:prefix6>}",
		.when = WHEN_NEW,
		.set = set_ip6,
		.print = print_ip6,
		.help = "IPv6 address of the tunnel device"},
	{.grammar = "ipv6 enable",
		.off = AT(ip6_enable),
		.when = WHEN_NEW,
		.set = set_flag,
		.print = print_flag,
		.help = "IPv6 without an address of its own"},
	{.grammar = "ipv6 unnumbered <name:iface>",
		.off = AT(unnumbered6),
		.when = WHEN_NEW,
		.set = set_ifname,
		.print = print_str,
		.help = "Use the IPv6 address of another interface"},
	{.grammar = "ip mtu <bytes:576-9976>",
		.off = AT(ip_mtu),
		.when = WHEN_NEW,
		.set = set_u32,
		.print = print_u32,
		.help = "MTU inside the tunnel; default: from the path"},
	{.grammar = "ipv6 mtu <bytes:1280-9976>",
		.off = AT(ip6_mtu),
		.when = WHEN_NEW,
		.set = set_u32,
		.print = print_u32,
		.help = "IPv6 MTU apart from ip mtu"},
	{.grammar = "ip tcp adjust-mss <bytes:500-1460>",
		.off = AT(tcp_mss),
		.when = WHEN_NEW,
		.set = set_u32,
		.print = print_u32,
		.help = "Largest segment that TCP over IPv4 agrees on"},
	{.grammar = "ipv6 tcp adjust-mss <bytes:500-1440>",
		.off = AT(tcp_mss6),
		.when = WHEN_NEW,
		.set = set_u32,
		.print = print_u32,
		.help = "The same over IPv6"},
	{.grammar = "crypto ipsec df-bit {clear|set|copy}",
		.when = WHEN_NEW,
		.set = set_iface_df,
		.print = print_iface_df,
		.help = "DF bit of the packets between the peers, other than everywhere"},
	{.grammar = "crypto ipsec fragmentation {before-encryption|after-encryption}",
		.when = WHEN_NEW,
		.set = set_iface_fragment,
		.print = print_iface_fragment,
		.help = "Where packets too long for the path are cut, other than everywhere"},
	{.grammar = "bandwidth <kbit:1-10000000>",
		.off = AT(bandwidth),
		.when = WHEN_LIVE,
		.set = set_u32,
		.print = print_u32,
		.help = "For display only"},
	{.grammar = "tunnel mode {ipsec {ipv4|ipv6}|gre {ip|ipv6|multipoint}}",
		.when = WHEN_NEW,
		.set = set_tunnel_mode,
		.print = print_tunnel_mode,
		.help = "Encapsulation"},
	{.grammar = "tunnel source <where:iface>",
		.off = AT(tunnel_source),
		.when = WHEN_NEW,
		.set = set_ifname,
		.print = print_str,
		.help = "Outer address, interface or `dynamic`"},
	{.grammar = "tunnel destination <where:word>",
		.off = AT(tunnel_destination),
		.when = WHEN_NEW,
		.set = set_str,
		.print = print_str,
		.help = "Peer's address, name or `dynamic`"},
	{.grammar = "tunnel vrf <name:name>",
		.off = AT(tunnel_vrf),
		.when = WHEN_NEW,
		.set = set_ref,
		.print = print_str,
		.help = "Outer VRF of a tunnel interface"},
	{.grammar = "tunnel key <key:word>",
		.off = AT(tunnel_key),
		.when = WHEN_NEW,
		.flags = CMD_LATER,
		.set = set_str,
		.print = print_str,
		.help = "GRE key"},
	{.grammar = "tunnel path-mtu-discovery",
		.off = AT(path_mtu_discovery),
		.when = WHEN_NEW,
		.set = set_flag,
		.print = print_flag,
		.help = "Path MTU discovery; it is in force also without"},
	{.grammar = "tunnel protection ipsec profile <name:name>",
		.off = AT(protection),
		.when = WHEN_NEW,
		.set = set_ref,
		.print = print_str,
		.help = "IPsec profile of the sessions"},
	/* as the guide writes it in places */
	{.grammar = "tunnel protection ipsec-profile <name:name>",
		.off = AT(protection),
		.when = WHEN_NEW,
		.set = set_ref,
		.help = "The same"},
	{.grammar = "tunnel protection ipsec policy ipv4 <name:name>",
		.off = AT(policy4),
		.when = WHEN_NEW,
		.set = set_ref,
		.print = print_str,
		.help = "Access list: one IPsec SA for each line that permits, as initiator"},
	{.grammar = "tunnel protection ipsec policy ipv6 <name:name>",
		.off = AT(policy6),
		.when = WHEN_NEW,
		.set = set_ref,
		.print = print_str,
		.help = "The same for IPv6"},
	{.grammar = "ip access-group <name:name> {in|out}",
		.off = AT(filter),
		.when = WHEN_LIVE,
		.set = set_filter,
		.print = print_filter,
		.help = "What a session may send (in) and is sent (out), IPv4"},
	{.grammar = "ipv6 traffic-filter <name:name> {in|out}",
		.off = AT(filter6),
		.when = WHEN_LIVE,
		.set = set_filter,
		.print = print_filter,
		.help = "The same for IPv6"},
	{.grammar = "service-policy input <name:name>",
		.off = AT(service_in),
		.when = WHEN_LIVE,
		.set = set_ref,
		.print = print_str,
		.help = "Policy map for what a session sends"},
	{.grammar = "service-policy output <name:name>",
		.off = AT(service_out),
		.when = WHEN_LIVE,
		.set = set_ref,
		.print = print_str,
		.help = "Policy map for what is sent to a session"},
	{.grammar = "qos pre-classify",
		.off = AT(qos_preclassify),
		.when = WHEN_LIVE,
		.set = set_flag,
		.print = print_flag,
		.help = "Classes are judged by the inner header (always so here)"},
	{.grammar = "sallyport client-to-client permit",
		.off = AT(client_to_client),
		.when = WHEN_LIVE,
		.set = set_flag,
		.print = print_flag,
		.help = "Clients of this template may talk to each other"},
	{.grammar = "sallyport multicast permit",
		.off = AT(multicast),
		.when = WHEN_LIVE,
		.set = set_flag,
		.print = print_flag,
		.help = "Multicast and broadcasts of clients of this template are let through"},
	{.grammar = "sallyport dhcp-inform answer",
		.def = "on",
		.off = AT(dhcp_inform),
		.when = WHEN_LIVE,
		.set = set_flag,
		.print = print_flag,
		.help = "Clients of this template that ask so are told their routes, DNS and domain"},
	{.grammar = "sallyport proxy-arp <interface:name>",
		.off = AT(proxy_arp),
		.when = WHEN_LIVE,
		.set = set_ref,
		.print = print_str,
		.help = "Hosts of this LAN that look for a client are told to come to us (ARP, ND)"},
	KEPT_TEXT("ip nhrp", "NHRP"),
	KEPT_TEXT("ipv6 nhrp", "NHRP"),
	KEPT_TEXT("nhrp", "NHRP"),
	KEPT_TEXT("mpls", "MPLS"),
	{.grammar = "crypto map <name:name>",
		.flags = CMD_LATER | CMD_REPEATS,
		.set = set_keep,
		.print = print_keep,
		.when = WHEN_NEW,
		.help = "crypto maps"},
	{.grammar = "shutdown",
		.off = AT(shutdown),
		.when = WHEN_NEW,
		.set = set_flag,
		.print = print_flag,
		.help = "Out of use"},
	WITHOUT_MEANING("load-interval"),
	WITHOUT_MEANING("keepalive"),
	WITHOUT_MEANING("delay"),
	WITHOUT_MEANING("mtu"),
	WITHOUT_MEANING("ip nat"),
	WITHOUT_MEANING("ip ospf"),
	WITHOUT_MEANING("ip split-horizon"),
	WITHOUT_MEANING("ip summary-address"),
	WITHOUT_MEANING("ip hello-interval"),
	WITHOUT_MEANING("ip hold-time"),
	WITHOUT_MEANING("ip bandwidth-percent"),
	WITHOUT_MEANING("ip next-hop-self"),
	WITHOUT_MEANING("ip redirects"),
	WITHOUT_MEANING("ip unreachables"),
	{.grammar = "ip proxy-arp ...",
		.flags = CMD_IGNORED,
		.set = set_none,
		.help = "`ip proxy-arp` of an interface",
		.def = "sallyport proxy-arp INTERFACE, in the virtual template"},
	WITHOUT_MEANING("ip flow"),
	WITHOUT_MEANING("ip policy"),
	WITHOUT_MEANING("ip verify"),
	WITHOUT_MEANING("ip pim"),
	WITHOUT_MEANING("ip igmp"),
	WITHOUT_MEANING("ip route-cache"),
	WITHOUT_MEANING("ip virtual-reassembly"),
	WITHOUT_MEANING("ip directed-broadcast"),
	WITHOUT_MEANING("ipv6 ospf"),
	WITHOUT_MEANING("ipv6 eigrp"),
	WITHOUT_MEANING("ipv6 nd"),
	WITHOUT_MEANING("ipv6 rip"),
	WITHOUT_MEANING("ospfv3"),
	WITHOUT_MEANING("zone-member"),
	WITHOUT_MEANING("cdp"),
	WITHOUT_MEANING("logging event"),
	WITHOUT_MEANING("snmp trap"),
	WITHOUT_MEANING("if-state"),
	WITHOUT_MEANING("standby"),
	WITHOUT_MEANING("negotiation"),
	WITHOUT_MEANING("duplex"),
	WITHOUT_MEANING("speed"),
	WITHOUT_MEANING("tunnel bandwidth"),
	WITHOUT_MEANING("tunnel checksum"),
	WITHOUT_MEANING("tunnel tos"),
	WITHOUT_MEANING("tunnel ttl"),
	WITHOUT_MEANING("tunnel endpoint"),
	WITHOUT_MEANING("cts"),
	WITHOUT_MEANING("carrier-delay"),
};
CMD_ROWS(rows_iface, iface);
#undef AT

/* ---- vrf definition ---- */

#define AT(field) offsetof(struct vrf_def, field)

static void set_family(struct cmd_call *c)
{
	struct vrf_def *v = c->obj;
	bool on = c->form == FORM_SET;
	if (cmd_has(c, "ipv4"))
		v->ipv4 = on;
	if (cmd_has(c, "ipv6"))
		v->ipv6 = on;
	c->enter = v;
}

static void print_family(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct vrf_def *v = obj;
	static const char *const words[] = {"ipv4", "ipv6"};
	for (size_t i = 0; i < 2; i++) {
		if (!(i ? v->ipv6 : v->ipv4))
			continue;
		cout_line(o, row, words[i]);
		cout_begin(o);
		cout_str(o, "exit-address-family\n");
	}
}

static const struct cmd vrf[] = {
	{.grammar = "description <text:line>",
		.off = AT(description),
		.when = WHEN_LIVE,
		.set = set_str,
		.print = print_str,
		.help = "Free text"},
	{.grammar = "rd <value:word>",
		.off = AT(rd),
		.when = WHEN_LIVE,
		.set = set_str,
		.print = print_str,
		.help = "Route distinguisher, for display only"},
	{.grammar = "address-family {ipv4|ipv6} [unicast]",
		.enters = MODE_VRF_AF,
		.when = WHEN_LIVE,
		.set = set_family,
		.print = print_family,
		.help = "Address family (both always work)"},
	{.grammar = "route-target ...",
		.flags = CMD_IGNORED,
		.set = set_none,
		.help = "route targets"},
	{.grammar = "vnet ...", .flags = CMD_IGNORED, .set = set_none, .help = "vnet"},
	/* unindented text comes here after exit-address-family */
	{.grammar = "exit-address-family",
		.flags = CMD_IGNORED | CMD_SILENT,
		.set = set_none,
		.help = "End of the address family"},
};
CMD_ROWS(rows_vrf, vrf);

static const struct cmd vrf_af[] = {
	{.grammar = "route-target ...",
		.flags = CMD_IGNORED,
		.set = set_none,
		.help = "route targets"},
	{.grammar = "maximum ...", .flags = CMD_IGNORED, .set = set_none, .help = "route limits"},
	{.grammar = "import ...", .flags = CMD_IGNORED, .set = set_none, .help = "route import"},
	{.grammar = "export ...", .flags = CMD_IGNORED, .set = set_none, .help = "route export"},
};
CMD_ROWS(rows_vrf_af, vrf_af);
