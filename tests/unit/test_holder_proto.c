/* What the holder accepts from main. */
#include "cmd/holder_proto.h"
#include "tests/lib/t.h"

static const struct {
	const char *name;
	struct asroot_request rq;
	bool sane;
} rows[] = {
	{"udp", {.op = ASROOT_UDP, .family = 4, .port = 500}, true},
	{"udp bound", {.op = ASROOT_UDP, .family = 6, .port = 4500, .addr = {6, {0x20}}}, true},
	{"udp in a vrf", {.op = ASROOT_UDP, .family = 4, .port = 500, .vrf = "red-1_A"}, true},
	{"udp no family", {.op = ASROOT_UDP, .port = 500}, false},
	{"udp family 5", {.op = ASROOT_UDP, .family = 5, .port = 500}, false},
	{"udp that only sends", {.op = ASROOT_UDP, .family = 4}, true},
	{"udp that only sends, from an address", {.op = ASROOT_UDP, .family = 6, .index = 40, .addr = {6, {0x20}}}, true},
	{"udp that only sends, index", {.op = ASROOT_UDP, .family = 4, .index = ASROOT_FDS}, false},
	{"drop udp that only sends", {.op = ASROOT_DROP, .of = ASROOT_UDP, .family = 4, .index = 3}, true},
	{"udp wrong family", {.op = ASROOT_UDP, .family = 4, .port = 1, .addr = {6, {1}}}, false},
	{"udp index", {.op = ASROOT_UDP, .family = 4, .port = 1, .index = ASROOT_FDS}, false},
	{"raw", {.op = ASROOT_RAW, .family = 4}, true},
	{"raw bound", {.op = ASROOT_RAW, .family = 6, .index = 63, .addr = {6, {0x20}}}, true},
	{"raw with a port", {.op = ASROOT_RAW, .family = 4, .port = 50}, false},
	{"raw no family", {.op = ASROOT_RAW}, false},
	{"raw wrong family", {.op = ASROOT_RAW, .family = 6, .addr = {4, {1}}}, false},
	{"raw index", {.op = ASROOT_RAW, .family = 4, .index = ASROOT_FDS}, false},
	{"drop raw", {.op = ASROOT_DROP, .of = ASROOT_RAW, .family = 6, .index = 3}, true},
	{"drop raw no family", {.op = ASROOT_DROP, .of = ASROOT_RAW}, false},
	{"vrf with slash", {.op = ASROOT_UDP, .family = 4, .port = 1, .vrf = "a/b"}, false},
	{"vrf dots", {.op = ASROOT_UDP, .family = 4, .port = 1, .vrf = ".."}, false},
	{"vrf without end", {.op = ASROOT_UDP, .family = 4, .port = 1,
			     .vrf = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}, false},
	{"tun", {.op = ASROOT_TUN, .name = "sp-vt1", .count = 2, .mtu = 1400}, true},
	{"tun addresses", {.op = ASROOT_TUN, .name = "sp-vt1", .count = 64, .mtu = 1400,
			   .ip4 = {{4, {10}}, 24}, .ip6 = {{6, {0xfd}}, 64}}, true},
	{"tun no name", {.op = ASROOT_TUN, .count = 2, .mtu = 1400}, false},
	{"tun name without end", {.op = ASROOT_TUN, .name = "sp-aaaaaaaaaaaaa", .count = 2,
				  .mtu = 1400}, false},
	{"tun name with percent", {.op = ASROOT_TUN, .name = "sp-%d", .count = 2, .mtu = 1400}, false},
	{"tun of somebody else", {.op = ASROOT_TUN, .name = "eth0", .count = 2, .mtu = 1400}, false},
	{"tun half a name", {.op = ASROOT_TUN, .name = "sp-", .count = 2, .mtu = 1400}, false},
	{"tun no queue", {.op = ASROOT_TUN, .name = "sp-a", .mtu = 1400}, false},
	{"tun 65 queues", {.op = ASROOT_TUN, .name = "sp-a", .count = 65, .mtu = 1400}, false},
	{"tun mtu 0", {.op = ASROOT_TUN, .name = "sp-a", .count = 1}, false},
	{"tun mtu huge", {.op = ASROOT_TUN, .name = "sp-a", .count = 1, .mtu = 65536}, false},
	{"tun ip4 of ip6", {.op = ASROOT_TUN, .name = "sp-a", .count = 1, .mtu = 1400,
			    .ip4 = {{6, {10}}, 24}}, false},
	{"tun ip4/33", {.op = ASROOT_TUN, .name = "sp-a", .count = 1, .mtu = 1400,
			.ip4 = {{4, {10}}, 33}}, false},
	{"tun ip6/129", {.op = ASROOT_TUN, .name = "sp-a", .count = 1, .mtu = 1400,
			 .ip6 = {{6, {10}}, 129}}, false},
	{"route", {.op = ASROOT_ROUTE, .name = "sp-a", .prefix = {{4, {10}}, 8}}, true},
	{"route no prefix", {.op = ASROOT_ROUTE, .name = "sp-a"}, false},
	{"route /129", {.op = ASROOT_ROUTE, .name = "sp-a", .prefix = {{6, {10}}, 129}}, false},
	{"route of somebody else", {.op = ASROOT_ROUTE, .name = "eth0", .prefix = {{4, {10}}, 8}}, false},
	{"route no tun", {.op = ASROOT_ROUTE, .prefix = {{4, {10}}, 8}}, false},
	{"source", {.op = ASROOT_SOURCE, .addr = {4, {192, 0, 2, 1}}}, true},
	{"source of an interface", {.op = ASROOT_SOURCE, .addr = {6, {0x20}}, .name = "eth0.5@x", .vrf = "red"}, true},
	{"source for nobody", {.op = ASROOT_SOURCE}, false},
	{"source family 5", {.op = ASROOT_SOURCE, .addr = {5, {192}}}, false},
	{"source interface with slash", {.op = ASROOT_SOURCE, .addr = {4, {192}}, .name = "e/0"}, false},
	{"source interface with blank", {.op = ASROOT_SOURCE, .addr = {4, {192}}, .name = "e 0"}, false},
	{"source interface without end", {.op = ASROOT_SOURCE, .addr = {4, {192}}, .name = "aaaaaaaaaaaaaaaa"}, false},
	{"link", {.op = ASROOT_LINK}, true},
	{"link of a VRF", {.op = ASROOT_LINK, .vrf = "red"}, true},
	{"link of a path", {.op = ASROOT_LINK, .vrf = "../red"}, false},
	{"memory", {.op = ASROOT_MEMORY, .name = "keep1", .size = 4096}, true},
	{"reserve", {.op = ASROOT_RESERVE, .name = "keep1", .size = 1}, true},
	{"reserve nothing", {.op = ASROOT_RESERVE, .name = "keep1"}, false},
	{"reserve too much", {.op = ASROOT_RESERVE, .name = "rt1", .size = ASROOT_MEMORY_MAX + 1ull}, false},
	{"reserve of another name", {.op = ASROOT_RESERVE, .name = "notes1", .size = 4096}, false},
	{"memory empty", {.op = ASROOT_MEMORY, .name = "keep1"}, false},
	{"memory rt", {.op = ASROOT_MEMORY, .name = "rt12", .size = ASROOT_MEMORY_MAX}, true},
	{"memory too much", {.op = ASROOT_MEMORY, .name = "rt1", .size = ASROOT_MEMORY_MAX + 1ull}, false},
	{"memory no version", {.op = ASROOT_MEMORY, .name = "rt", .size = 4096}, false},
	{"memory version 0", {.op = ASROOT_MEMORY, .name = "keep0", .size = 4096}, false},
	{"memory version 1000", {.op = ASROOT_MEMORY, .name = "rt1000", .size = 4096}, false},
	{"memory version a", {.op = ASROOT_MEMORY, .name = "rta", .size = 4096}, false},
	{"memory of another name", {.op = ASROOT_MEMORY, .name = "notes1", .size = 4096}, false},
	{"memory endless", {.op = ASROOT_MEMORY, .name = "keep1", .size = 1ull << 40}, false},
	{"config", {.op = ASROOT_CONFIG}, true},
	{"accept", {.op = ASROOT_ACCEPT}, true},
	{"sweep", {.op = ASROOT_SWEEP}, true},
	{"script", {.op = ASROOT_SCRIPT, .script = "time-of-day_2"}, true},
	{"script no name", {.op = ASROOT_SCRIPT}, false},
	{"script elsewhere", {.op = ASROOT_SCRIPT, .script = "../secrets"}, false},
	{"script with dots", {.op = ASROOT_SCRIPT, .script = "a.lua"}, false},
	{"script without end", {.op = ASROOT_SCRIPT, .script = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}, false},
	{"script process", {.op = ASROOT_LUA, .index = 1}, true},
	{"script process third", {.op = ASROOT_LUA, .index = 2}, false},
	{"script process end", {.op = ASROOT_LUA, .is_delete = 1}, true},
	{"drop udp", {.op = ASROOT_DROP, .of = ASROOT_UDP, .family = 4, .port = 500}, true},
	{"drop tun", {.op = ASROOT_DROP, .of = ASROOT_TUN, .name = "sp-a"}, true},
	{"drop tun of somebody else", {.op = ASROOT_DROP, .of = ASROOT_TUN, .name = "eth0"}, false},
	{"drop memory", {.op = ASROOT_DROP, .of = ASROOT_MEMORY, .name = "keep1"}, false},
	{"drop what", {.op = ASROOT_DROP, .of = 99, .name = "keep1"}, false},
	{"state", {.op = ASROOT_STATE, .state = ASROOT_STOPPING}, true},
	{"state unknown", {.op = ASROOT_STATE, .state = 3}, false},
	{"agentx", {.op = ASROOT_AGENTX, .path = "/var/agentx/master"}, true},
	{"agentx no path", {.op = ASROOT_AGENTX}, false},
	{"agentx root", {.op = ASROOT_AGENTX, .path = "/"}, false},
	{"agentx relative", {.op = ASROOT_AGENTX, .path = "var/agentx/master"}, false},
	{"agentx abstract", {.op = ASROOT_AGENTX, .path = "\0master"}, false},
	{"agentx two words", {.op = ASROOT_AGENTX, .path = "/var/agentx /master"}, false},
	{"agentx quoted", {.op = ASROOT_AGENTX, .path = "/var/\"master"}, false},
	{"agentx two lines", {.op = ASROOT_AGENTX, .path = "/var/agentx\n"}, false},
	{"agentx without end", {.op = ASROOT_AGENTX,
		.path = "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}, false},
	{"no such op", {.op = ASROOT__MAX}, false},
	{"huge op", {.op = 0xffffffff}, false},
};

static void test_judging(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].name);
		T_EQ(asroot_is_sane(&rows[i].rq), rows[i].sane);
	}
}

int main(void)
{
	T_RUN(test_judging);
	return t_end();
}
