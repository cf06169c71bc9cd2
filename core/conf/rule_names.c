#include "core/conf/rule_names.h"

#include <string.h>

#include "core/conf/argument.h"

/* IANA protocol numbers, with the words of routers. */
static const struct rule_name proto4[] = {
	{"icmp", 1}, {"igmp", 2}, {"ipinip", 4}, {"tcp", 6}, {"udp", 17}, {"gre", 47}, {"esp", 50},
	{"ahp", 51}, {"eigrp", 88}, {"ospf", 89}, {"nos", 94}, {"pim", 103}, {"pcp", 108}, {"sctp", 132},
};
static const struct rule_name proto6[] = {
	{"tcp", 6}, {"udp", 17}, {"gre", 47}, {"esp", 50}, {"ahp", 51}, {"icmp", 58}, {"eigrp", 88},
	{"ospf", 89}, {"pim", 103}, {"pcp", 108}, {"sctp", 132},
};
static const struct rule_name tcp[] = {
	{"echo", 7}, {"discard", 9}, {"daytime", 13}, {"chargen", 19}, {"ftp-data", 20}, {"ftp", 21},
	{"telnet", 23}, {"smtp", 25}, {"time", 37}, {"whois", 43}, {"tacacs", 49}, {"domain", 53},
	{"gopher", 70}, {"finger", 79}, {"www", 80}, {"hostname", 101}, {"pop2", 109}, {"pop3", 110},
	{"sunrpc", 111}, {"ident", 113}, {"nntp", 119}, {"msrpc", 135}, {"bgp", 179}, {"irc", 194},
	{"pim-auto-rp", 496}, {"exec", 512}, {"login", 513}, {"cmd", 514}, {"lpd", 515}, {"talk", 517},
	{"uucp", 540}, {"klogin", 543}, {"kshell", 544},
};
static const struct rule_name udp[] = {
	{"echo", 7}, {"discard", 9}, {"time", 37}, {"nameserver", 42}, {"tacacs", 49}, {"domain", 53},
	{"bootps", 67}, {"bootpc", 68}, {"tftp", 69}, {"sunrpc", 111}, {"ntp", 123},
	{"netbios-ns", 137}, {"netbios-dgm", 138}, {"netbios-ss", 139}, {"snmp", 161}, {"snmptrap", 162},
	{"xdmcp", 177}, {"dnsix", 195}, {"mobile-ip", 434}, {"pim-auto-rp", 496}, {"isakmp", 500},
	{"biff", 512}, {"who", 513}, {"syslog", 514}, {"talk", 517}, {"rip", 520}, {"ripng", 521},
	{"non500-isakmp", 4500},
};
#define ICMP(type, code) ((type) << 8 | (code))
#define ANY 0xff
static const struct rule_name icmp4[] = {
	{"echo-reply", ICMP(0, ANY)}, {"unreachable", ICMP(3, ANY)}, {"net-unreachable", ICMP(3, 0)},
	{"host-unreachable", ICMP(3, 1)}, {"protocol-unreachable", ICMP(3, 2)},
	{"port-unreachable", ICMP(3, 3)}, {"packet-too-big", ICMP(3, 4)},
	{"source-route-failed", ICMP(3, 5)}, {"network-unknown", ICMP(3, 6)},
	{"host-unknown", ICMP(3, 7)}, {"host-isolated", ICMP(3, 8)}, {"dod-net-prohibited", ICMP(3, 9)},
	{"dod-host-prohibited", ICMP(3, 10)}, {"net-tos-unreachable", ICMP(3, 11)},
	{"host-tos-unreachable", ICMP(3, 12)}, {"administratively-prohibited", ICMP(3, 13)},
	{"host-precedence-unreachable", ICMP(3, 14)}, {"precedence-unreachable", ICMP(3, 15)},
	{"source-quench", ICMP(4, ANY)}, {"redirect", ICMP(5, ANY)}, {"net-redirect", ICMP(5, 0)},
	{"host-redirect", ICMP(5, 1)}, {"net-tos-redirect", ICMP(5, 2)},
	{"host-tos-redirect", ICMP(5, 3)}, {"alternate-address", ICMP(6, ANY)}, {"echo", ICMP(8, ANY)},
	{"router-advertisement", ICMP(9, ANY)}, {"router-solicitation", ICMP(10, ANY)},
	{"time-exceeded", ICMP(11, ANY)}, {"ttl-exceeded", ICMP(11, 0)},
	{"reassembly-timeout", ICMP(11, 1)}, {"parameter-problem", ICMP(12, ANY)},
	{"general-parameter-problem", ICMP(12, 0)}, {"option-missing", ICMP(12, 1)},
	{"no-room-for-option", ICMP(12, 2)}, {"timestamp-request", ICMP(13, ANY)},
	{"timestamp-reply", ICMP(14, ANY)}, {"information-request", ICMP(15, ANY)},
	{"information-reply", ICMP(16, ANY)}, {"mask-request", ICMP(17, ANY)},
	{"mask-reply", ICMP(18, ANY)}, {"traceroute", ICMP(30, ANY)},
	{"conversion-error", ICMP(31, ANY)}, {"mobile-redirect", ICMP(32, ANY)},
};
static const struct rule_name icmp6[] = {
	{"unreachable", ICMP(1, ANY)}, {"no-route", ICMP(1, 0)}, {"no-admin", ICMP(1, 1)},
	{"beyond-scope", ICMP(1, 2)}, {"destination-unreachable", ICMP(1, 3)},
	{"port-unreachable", ICMP(1, 4)}, {"packet-too-big", ICMP(2, ANY)},
	{"time-exceeded", ICMP(3, ANY)}, {"hop-limit", ICMP(3, 0)},
	{"reassembly-timeout", ICMP(3, 1)}, {"parameter-problem", ICMP(4, ANY)},
	{"header", ICMP(4, 0)}, {"next-header", ICMP(4, 1)}, {"parameter-option", ICMP(4, 2)},
	{"echo-request", ICMP(128, ANY)}, {"echo-reply", ICMP(129, ANY)},
	{"mld-query", ICMP(130, ANY)}, {"mld-report", ICMP(131, ANY)},
	{"mld-reduction", ICMP(132, ANY)}, {"router-solicitation", ICMP(133, ANY)},
	{"router-advertisement", ICMP(134, ANY)}, {"nd-ns", ICMP(135, ANY)}, {"nd-na", ICMP(136, ANY)},
	{"redirect", ICMP(137, ANY)}, {"router-renumbering", ICMP(138, ANY)},
};
#undef ICMP
#undef ANY
/* RFC 2474, 2597, 3246. */
static const struct rule_name dscp[] = {
	{"default", 0}, {"cs1", 8}, {"af11", 10}, {"af12", 12}, {"af13", 14}, {"cs2", 16}, {"af21", 18},
	{"af22", 20}, {"af23", 22}, {"cs3", 24}, {"af31", 26}, {"af32", 28}, {"af33", 30}, {"cs4", 32},
	{"af41", 34}, {"af42", 36}, {"af43", 38}, {"cs5", 40}, {"ef", 46}, {"cs6", 48}, {"cs7", 56},
};
static const struct rule_name precedence[] = {
	{"routine", 0}, {"priority", 1}, {"immediate", 2}, {"flash", 3}, {"flash-override", 4},
	{"critical", 5}, {"internet", 6}, {"network", 7},
};

#define TABLE(v) {v, sizeof(v) / sizeof((v)[0])}
static const struct {
	const struct rule_name *v;
	size_t n;
} tables[] = {
	[NAMES_PROTO4] = TABLE(proto4), [NAMES_PROTO6] = TABLE(proto6), [NAMES_TCP] = TABLE(tcp),
	[NAMES_UDP] = TABLE(udp), [NAMES_ICMP4] = TABLE(icmp4), [NAMES_ICMP6] = TABLE(icmp6),
	[NAMES_DSCP] = TABLE(dscp), [NAMES_PRECEDENCE] = TABLE(precedence),
};

bool rule_name_find(enum rule_names which, const char *p, size_t len, uint16_t *out)
{
	for (size_t i = 0; i < tables[which].n; i++) {
		const struct rule_name *t = &tables[which].v[i];
		if (strlen(t->name) == len && strncasecmp_ascii(t->name, p, len) == 0) {
			*out = t->value;
			return true;
		}
	}
	return false;
}
