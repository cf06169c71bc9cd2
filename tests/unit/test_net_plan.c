/* From a configuration to what is opened. */
#include "cmd/net_plan.h"

#include <stdio.h>

#include "core/base/mem.h"
#include "core/conf/conf.h"
#include "tests/lib/t.h"

static struct snapshot *conf;
static struct plan plan;

static void load(const char *text)
{
	static struct conf_report report;
	char why[256];
	report = (struct conf_report){0};
	plan_free(&plan);
	snapshot_unref(conf);
	conf = NULL;
	enum status st = conf_parse(text, strlen(text), NULL, &conf, &report);
	if (st != ST_OK)
		T_FAIL("line %u: %s", report.msg[0].line, report.msg[0].text);
	T_EQ(plan_make(conf, &plan, why, sizeof(why)), ST_OK);
}

static void drop(void)
{
	plan_free(&plan);
	snapshot_unref(conf);
	conf = NULL;
}

static const struct plan_listen *listen_at(uint32_t vrf, uint8_t family, uint16_t port)
{
	for (size_t i = 0; i < plan.listen_count; i++)
		if (plan.listens[i].vrf == vrf && plan.listens[i].family == family && plan.listens[i].port == port)
			return &plan.listens[i];
	return NULL;
}

static void test_wildcards(void)
{
	T_DO(load("hostname a\nvrf definition red\n address-family ipv4\n"));
	const struct vrf_def *red = snapshot_vrf(conf, "red");
	T_TRUE(red != NULL);
	T_EQ(plan.listen_count, 12);
	for (uint8_t family = 4; family <= 6; family += 2) {
		for (int i = 0; i < 2; i++) {
			uint32_t vrf = i ? red->num : 0;
			const struct plan_listen *ike = listen_at(vrf, family, 500);
			const struct plan_listen *nat = listen_at(vrf, family, 4500);
			const struct plan_listen *raw = listen_at(vrf, family, 0);
			T_TRUE(ike && nat && raw);
			T_TRUE(!ike->is_nat && nat->is_nat && !raw->is_nat);
			T_TRUE(!ike->is_raw && !nat->is_raw && raw->is_raw);
			T_TRUE(!plan_listen_eq(ike, raw) && plan_listen_eq(raw, raw));
			T_EQ(ike->addr.family, 0);
			T_STR(nat->vrf_name, i ? "red" : "");
		}
	}
	T_EQ(plan.tun_count, 0);
	T_DO(drop());
}

static void test_listed(void)
{
	T_DO(load("sallyport listen 192.0.2.1\nsallyport listen 2001:db8::1\n"));
	T_EQ(plan.listen_count, 6);
	T_TRUE(listen_at(0, 4, 500) && listen_at(0, 6, 4500) && listen_at(0, 6, 0));
	T_EQ(listen_at(0, 4, 500)->addr.family, 4);
	T_EQ(listen_at(0, 4, 500)->addr.b[3], 1);
	T_DO(drop());
}

static const char tuns[] =
	"aaa new-model\n"
	"aaa authorization network L local\n"
	"vrf definition red\n"
	"ip local pool A 10.99.0.10 10.99.0.250\n"
	"ip local pool B 10.55.0.0 10.55.0.255\n"
	"ipv6 local pool C 2001:db8:9::/64 128\n"
	"crypto ikev2 authorization policy PA\n pool A\n"
	"crypto ikev2 authorization policy PB\n pool B\n ipv6 pool C\n"
	"crypto ikev2 profile ONE\n match identity remote any\n authentication remote pre-share key x\n"
	" authentication local pre-share key x\n aaa authorization group psk list L PA\n"
	" aaa authorization user psk list L PB\n virtual-template 1\n"
	"interface Loopback7\n ip address 192.0.2.7 255.255.255.0\n"
	"interface Virtual-Template1 type tunnel\n ip address 10.99.0.1 255.255.255.0\n ip mtu 1300\n"
	"interface Virtual-Template2 type tunnel\n ip unnumbered Loopback7\n vrf forwarding red\n"
	"interface Virtual-Template3 type tunnel\n shutdown\n"
	"interface Tunnel5\n ip address 10.1.1.1 255.255.255.252\n ipv6 mtu 1420\n";

static void test_tuns(void)
{
	T_DO(load(tuns));
	const struct plan_tun *one = plan_find_tun(&plan, 1), *two = plan_find_tun(&plan, 2);
	const struct plan_tun *five = plan_find_tun(&plan, PLAN_TUNNEL_BASE + 5);
	T_EQ(plan.tun_count, 3);
	T_TRUE(one && two && five && !plan_find_tun(&plan, 3));
	T_STR(one->name, "sp-vt1");
	T_STR(five->name, "sp-tu5");
	T_EQ(one->mtu, 1300);
	T_EQ(two->mtu, PLAN_MTU);
	T_EQ(five->mtu, 1420);
	T_EQ(one->ip4.len, 24);
	T_EQ(one->ip4.addr.b[3], 1);
	T_STR(two->vrf_name, "red");
	/* A borrowed address comes without its network. */
	T_EQ(two->ip4.len, 32);
	T_EQ(two->ip4.addr.b[3], 7);
	/* What the device's own network covers needs no route. */
	T_EQ(one->route_count, 2);
	T_EQ(two->route_count, 0);
	struct prefix b, c;
	T_EQ(prefix_parse("10.55.0.0/24", &b), ST_OK);
	T_EQ(prefix_parse("2001:db8:9::/64", &c), ST_OK);
	T_TRUE(plan_has_route(one, &b) && plan_has_route(one, &c));
	T_DO(drop());
}

/* Profile ONE takes policies by the peer's identity, TWO names one of them. */
static const char by_identity[] =
	"aaa new-model\n"
	"aaa authorization network L local\n"
	"ip local pool A 10.1.0.0 10.1.0.255\n"
	"ip local pool B 10.2.0.0 10.2.0.255\n"
	"ipv6 local pool C 2001:db8:9::/64 128\n"
	"crypto ikev2 authorization policy a@x.test\n pool A\n ipv6 pool C\n"
	" route set remote ipv4 172.30.5.0 255.255.255.0\n"
	"crypto ikev2 authorization policy PB\n pool B\n route set remote ipv4 172.30.6.0 255.255.255.0\n"
	"crypto ikev2 profile ONE\n match identity remote any\n authentication remote pre-share key x\n"
	" authentication local pre-share key x\n aaa authorization %s psk list L\n virtual-template 1\n"
	"crypto ikev2 profile TWO\n match identity remote any\n authentication remote pre-share key x\n"
	" authentication local pre-share key x\n aaa authorization group psk list L PB\n virtual-template 2\n"
	"interface Virtual-Template1 type tunnel\n"
	"interface Virtual-Template2 type tunnel\n";

static bool leads(const char *prefix, uint32_t tun)
{
	struct prefix p;
	if (prefix_parse(prefix, &p) != ST_OK)
		return false;
	const struct plan_tun *t = plan_way(&plan, "", &p);
	return t ? t->number == tun : tun == 0;
}

static void test_by_identity(void)
{
	char text[2048];
	for (int group = 0; group < 2; group++) {
		T_ROW(group, group ? "group" : "user");
		snprintf(text, sizeof(text), by_identity, group ? "group" : "user");
		T_DO(load(text));
		T_EQ(plan.tun_count, 2);
		T_TRUE(leads("10.1.0.7/32", 1));
		T_TRUE(leads("2001:db8:9::7/128", 1));
		T_TRUE(leads("172.30.5.0/24", 1));
		/* What another device's profile names is the other's. */
		T_TRUE(leads("10.2.0.7/32", 2));
		T_TRUE(leads("172.30.6.1/32", 2));
		T_EQ(plan_find_tun(&plan, 1)->route_count, 3);
		T_EQ(plan_find_tun(&plan, 2)->route_count, 2);
		T_DO(drop());
	}
}

static void test_ways(void)
{
	T_DO(load(tuns));
	T_TRUE(leads("10.99.0.12/32", 1)); /* its own network */
	T_TRUE(leads("10.55.0.0/24", 1));
	T_TRUE(leads("10.55.0.0/16", 0)); /* a part only */
	T_TRUE(leads("192.0.2.7/32", 0)); /* in another VRF */
	T_TRUE(leads("2001:db8:9::1/128", 1));
	T_TRUE(plan_is_shut(&plan, 3) && !plan_is_shut(&plan, 1));
	struct plan_tun more = *plan_find_tun(&plan, 1);
	more.number = 77;
	T_EQ(plan_add_tun(&plan, &more), ST_OK);
	T_EQ(plan.tun_count, 4);
	T_EQ(plan_find_tun(&plan, 77)->route_count, 0);
	T_DO(drop());
}

/* Everything is where our own ESP goes. */
static void test_no_default_route(void)
{
	T_DO(load("crypto ikev2 authorization policy default\n"
		  " route set remote ipv4 0.0.0.0 0.0.0.0\n route set remote ipv4 10.8.0.0 255.255.0.0\n"
		  "crypto ikev2 profile ONE\n match identity remote any\n"
		  " authentication remote pre-share key x\n authentication local pre-share key x\n"
		  " virtual-template 1\n"
		  "interface Virtual-Template1 type tunnel\n"));
	T_EQ(plan.tuns[0].route_count, 1);
	T_TRUE(leads("10.8.1.1/32", 1));
	T_DO(drop());
}

/* `ip route` through a tunnel: as it was written. */
static void test_static_routes(void)
{
	T_DO(load("vrf definition red\n address-family ipv4\n"
		  "interface Tunnel5\n ip address 10.1.1.1 255.255.255.252\n"
		  "interface Tunnel6\n vrf forwarding red\n"
		  "ip route 10.8.0.0 255.255.0.0 Tunnel5\n"
		  "ip route 10.8.0.0 255.255.0.0 Tunnel6\n" /* in another VRF */
		  "ip route 0.0.0.0 0.0.0.0 Tunnel5 200\n"
		  "ipv6 route 2001:db8::/32 Tunnel5 7\n"
		  "ip route vrf red 10.9.0.0 255.255.0.0 Tunnel6\n"
		  "ip route 10.7.0.0 255.255.0.0 192.0.2.1\n"
		  "ip route 10.6.0.0 255.255.0.0 Tunnel9\n"));
	const struct plan_tun *five = plan_find_tun(&plan, PLAN_TUNNEL_BASE + 5);
	const struct plan_tun *six = plan_find_tun(&plan, PLAN_TUNNEL_BASE + 6);
	static const struct {
		const char *prefix;
		uint32_t metric;
	} rows[] = {{"10.8.0.0/16", 1}, {"0.0.0.0/0", 200}, {"2001:db8::/32", 7}};
	T_TRUE(five && six);
	T_EQ(five->route_count, 3);
	for (size_t i = 0; i < 3; i++) {
		char text[PREFIX_TEXT];
		T_ROW(i, rows[i].prefix);
		T_STR(prefix_format(&five->routes[i].prefix, text), rows[i].prefix);
		T_EQ(five->routes[i].metric, rows[i].metric);
	}
	T_EQ(six->route_count, 1);
	T_TRUE(leads("10.8.3.0/24", PLAN_TUNNEL_BASE + 5));
	T_TRUE(leads("10.55.0.0/16", PLAN_TUNNEL_BASE + 5)); /* by the default route */
	T_DO(drop());
}

/* What the clients of a template may and are told; the peers of a tunnel are no clients. */
static void test_for_clients(void)
{
	T_DO(load("interface Virtual-Template1 type tunnel\n tunnel protection ipsec profile default\n"
		  "interface Virtual-Template2 type tunnel\n tunnel protection ipsec profile default\n"
		  " sallyport multicast permit\n no sallyport dhcp-inform answer\n sallyport proxy-arp lan0\n"
		  "interface Tunnel3\n tunnel source dynamic\n tunnel destination 192.0.2.1\n"
		  " tunnel protection ipsec profile default\n sallyport proxy-arp lan0\n"));
	const struct plan_tun *one = plan_find_tun(&plan, 1), *two = plan_find_tun(&plan, 2);
	const struct plan_tun *tunnel = plan_find_tun(&plan, PLAN_TUNNEL_BASE + 3);
	T_TRUE(one && two && tunnel);
	T_TRUE(one->dhcp_inform && !one->multicast && !one->proxy[0]);
	T_TRUE(!two->dhcp_inform && two->multicast);
	T_STR(two->proxy, "lan0");
	T_TRUE(!tunnel->dhcp_inform && !tunnel->proxy[0]);
	T_DO(drop());
}

static void test_comparing(void)
{
	struct plan_tun a = {.number = 1, .mtu = 1400}, b = a;
	struct plan_listen l = {.family = 4, .port = 500}, m = l;
	T_TRUE(plan_tun_eq(&a, &b) && plan_listen_eq(&l, &m));
	b.mtu = 1300;
	T_TRUE(!plan_tun_eq(&a, &b));
	b = a;
	b.ip4 = (struct prefix){{4, {10}}, 8};
	T_TRUE(!plan_tun_eq(&a, &b));
	b = a;
	b.client_to_client = true;
	T_TRUE(!plan_tun_eq(&a, &b));
	b = a;
	b.multicast = true;
	T_TRUE(!plan_tun_eq(&a, &b));
	b = a;
	b.dhcp_inform = true;
	T_TRUE(!plan_tun_eq(&a, &b));
	b = a;
	strcpy(b.proxy, "lan0"); /* no reason to take the device anew */
	T_TRUE(plan_tun_eq(&a, &b));
	strcpy(b.vrf_name, "x");
	T_TRUE(!plan_tun_eq(&a, &b));
	m.vrf = 2;
	T_TRUE(!plan_listen_eq(&l, &m));
	m = l;
	m.addr = (struct addr){4, {10}};
	T_TRUE(!plan_listen_eq(&l, &m));
}

/* Out of memory at every place: said, nothing lost. */
static void test_no_memory(void)
{
	static struct conf_report report;
	char why[256];
	struct snapshot *s;
	T_EQ(conf_parse(tuns, sizeof(tuns) - 1, NULL, &s, &report), ST_OK);
	int64_t live = mem_live();
	int failed = 0;
	for (uint64_t at = 1; at < 50; at++) {
		struct plan p = {0};
		mem_fail_at(at);
		enum status st = plan_make(s, &p, why, sizeof(why));
		mem_fail_at(0);
		failed += st == ST_NOMEM;
		plan_free(&p);
		T_EQ(mem_live(), live);
	}
	T_TRUE(failed >= 3);
	snapshot_unref(s);
}

int main(void)
{
	T_RUN(test_wildcards);
	T_RUN(test_listed);
	T_RUN(test_tuns);
	T_RUN(test_by_identity);
	T_RUN(test_ways);
	T_RUN(test_no_default_route);
	T_RUN(test_static_routes);
	T_RUN(test_for_clients);
	T_RUN(test_comparing);
	T_RUN(test_no_memory);
	return t_end();
}
