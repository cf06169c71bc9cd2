/* Access lists and classes on packets: the text of a configuration against whole inner packets. */
#include "tests/unit/policy_lib.h"

static uint8_t pkt[128];
static struct ip_info info;

struct spec {
	const char *src, *dst;
	uint8_t proto;
	uint16_t sport, dport; /* ICMP: sport is type << 8 | code */
	uint8_t tos, flags;    /* flags: of TCP */
	char frag;             /* 0; 'f' first, 'l' later fragment; 's' too short for ports; 't' for flags */
};

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static size_t head4(const struct spec *s, size_t upper)
{
	struct addr a = ip(s->src), b = ip(s->dst);

	pkt[0] = 0x45;
	pkt[1] = s->tos;
	put16(pkt + 2, 20 + (unsigned)upper);
	put16(pkt + 6, s->frag == 'f' ? 0x2000 : s->frag == 'l' ? 0x0010 : 0);
	pkt[8] = 64;
	pkt[9] = s->proto;
	memcpy(pkt + 12, a.b, 4);
	memcpy(pkt + 16, b.b, 4);
	put16(pkt + 10, ip_checksum(pkt, 20));
	return 20;
}

static size_t head6(const struct spec *s, size_t upper)
{
	struct addr a = ip(s->src), b = ip(s->dst);
	size_t ext = s->frag == 'f' || s->frag == 'l' ? 8 : 0;

	pkt[0] = (uint8_t)(0x60 | s->tos >> 4);
	pkt[1] = (uint8_t)(s->tos << 4);
	put16(pkt + 4, (unsigned)(ext + upper));
	pkt[6] = ext ? 44 : s->proto;
	pkt[7] = 64;
	memcpy(pkt + 8, a.b, 16);
	memcpy(pkt + 24, b.b, 16);
	if (ext) {
		pkt[40] = s->proto;
		put16(pkt + 42, s->frag == 'f' ? 1 : 0x80);
	}
	return 40 + ext;
}

static void build(const struct spec *s)
{
	size_t upper = s->frag == 's' ? 2 : s->frag == 't' ? 8 : 20;
	bool six = strchr(s->src, ':') != NULL;
	size_t head;

	memset(pkt, 0, sizeof(pkt));
	head = six ? head6(s, upper) : head4(s, upper);
	put16(pkt + head, s->sport);
	put16(pkt + head + 2, s->dport);
	pkt[head + 13] = s->flags;
	T_EQ(ip_parse(pkt, head + upper, &info), ST_OK);
}

#define C4(lines)                                                                                  \
	"ip access-list extended L\n" lines "\ninterface Tunnel1\n ip access-group L in\n"
#define C6(lines) "ipv6 access-list L\n" lines "\ninterface Tunnel1\n ipv6 traffic-filter L in\n"
#define A4 "10.1.2.3", "192.0.2.1"
#define A6 "2001:db8::1", "2001:db8:1::1"

static const struct {
	const char *name, *conf;
	struct spec s;
	bool passes;
} rows[] = {
	{"first line wins", C4(" deny tcp any any eq 22\n permit ip any any"), {A4, 6, 999, 22}, false},
	{"second line", C4(" deny tcp any any eq 22\n permit ip any any"), {A4, 6, 999, 23}, true},
	{"another protocol", C4(" deny tcp any any eq 22\n permit ip any any"), {A4, 17, 999, 22}, true},
	{"implicit deny", C4(" permit tcp any any eq 22"), {A4, 6, 999, 23}, false},
	{"sequence numbers", C4(" 20 permit ip any any\n 10 deny tcp any any eq 22"), {A4, 6, 9, 22}, false},
	{"source port", C4(" permit tcp any eq 22 any"), {A4, 6, 22, 9}, true},
	{"source port not destination", C4(" permit tcp any eq 22 any"), {A4, 6, 9, 22}, false},
	{"several ports", C4(" permit tcp any any eq 22 80 443"), {A4, 6, 9, 443}, true},
	{"none of several", C4(" permit tcp any any neq 22 80"), {A4, 6, 9, 80}, false},
	{"neq", C4(" permit tcp any any neq 22"), {A4, 6, 9, 23}, true},
	{"gt", C4(" permit udp any any gt 1023"), {A4, 17, 9, 1023}, false},
	{"gt passes", C4(" permit udp any any gt 1023"), {A4, 17, 9, 1024}, true},
	{"lt", C4(" permit udp any any lt 1024"), {A4, 17, 9, 1024}, false},
	{"range end", C4(" permit udp any any range 10 20"), {A4, 17, 9, 20}, true},
	{"wildcard", C4(" permit ip 10.1.0.0 0.0.255.255 any"), {A4, 6, 1, 1}, true},
	{"wildcard outside", C4(" permit ip 10.2.0.0 0.0.255.255 any"), {A4, 6, 1, 1}, false},
	{"wildcard with holes", C4(" permit ip 10.0.2.0 0.255.0.255 any"), {A4, 6, 1, 1}, true},
	{"wildcard with holes, outside", C4(" permit ip 10.0.3.0 0.255.0.255 any"), {A4, 6, 1, 1}, false},
	{"host", C4(" permit ip any host 192.0.2.1"), {A4, 6, 1, 1}, true},
	{"prefix", C4(" permit ip any 192.0.2.0/31"), {A4, 6, 1, 1}, true},
	{"protocol number", C4(" permit 47 any any"), {A4, 47, 0, 0}, true},
	{"echo", C4(" permit icmp any any echo"), {A4, 1, 0x800, 0}, true},
	{"echo reply is no echo", C4(" permit icmp any any echo"), {A4, 1, 0, 0}, false},
	{"icmp type and code", C4(" permit icmp any any 3 4"), {A4, 1, 0x303, 0}, false},
	{"icmp any code", C4(" permit icmp any any unreachable"), {A4, 1, 0x303, 0}, true},
	{"established ack", C4(" permit tcp any any established"), {A4, 6, 1, 1, 0, 0x10}, true},
	{"established rst", C4(" permit tcp any any established"), {A4, 6, 1, 1, 0, 0x04}, true},
	{"not established", C4(" permit tcp any any established"), {A4, 6, 1, 1, 0, 0x02}, false},
	{"dscp", C4(" permit ip any any dscp ef"), {A4, 6, 1, 1, 0xb8}, true},
	{"dscp and ecn", C4(" permit ip any any dscp ef"), {A4, 6, 1, 1, 0xbb}, true},
	{"another dscp", C4(" permit ip any any dscp ef"), {A4, 6, 1, 1, 0xb0}, false},
	{"precedence", C4(" permit ip any any precedence critical"), {A4, 6, 1, 1, 0xb8}, true},
	/* fragments, as routers have them */
	{"later fragment, no ports asked", C4(" permit tcp any any"), {A4, 6, 1, 1, 0, 0, 'l'}, true},
	{"later fragment passes a permit with ports", C4(" permit tcp any any eq 80"),
		{A4, 6, 0, 0, 0, 0, 'l'}, true},
	{"later fragment, a deny with ports is passed over",
		C4(" deny tcp any any eq 0\n permit ip any any"), {A4, 6, 0, 0, 0, 0, 'l'}, true},
	{"later fragment of another protocol", C4(" permit tcp any any eq 80"), {A4, 17, 0, 0, 0, 0, 'l'}, false},
	{"first fragment has ports", C4(" permit tcp any any eq 80"), {A4, 6, 1, 81, 0, 0, 'f'}, false},
	{"fragments: later", C4(" deny ip any any fragments\n permit ip any any"), {A4, 6, 0, 0, 0, 0, 'l'}, false},
	{"fragments: first", C4(" deny ip any any fragments\n permit ip any any"), {A4, 6, 0, 0, 0, 0, 'f'}, true},
	{"fragments: whole", C4(" deny ip any any fragments\n permit ip any any"), {A4, 6, 0, 0}, true},
	{"cut off ports are denied", C4(" deny tcp any any eq 22\n permit ip any any"), {A4, 6, 0, 0, 0, 0, 's'}, false},
	{"cut off ports are not permitted", C4(" permit tcp any any eq 0"), {A4, 6, 0, 0, 0, 0, 's'}, false},
	{"cut off flags are not permitted", C4(" permit tcp any any established"), {A4, 6, 0, 0, 0, 0x10, 't'}, false},
	{"cut off flags are denied", C4(" deny tcp any any established\n permit ip any any"),
		{A4, 6, 0, 0, 0, 0, 't'}, false},
	/* families */
	{"IPv6 has no list of its own", C4(" deny ip any any"), {A6, 6, 1, 1}, true},
	{"IPv4 has no list of its own", C6(" deny ipv6 any any"), {A4, 6, 1, 1}, true},
	{"IPv6 prefix", C6(" permit ipv6 2001:db8::/48 any"), {A6, 6, 1, 1}, true},
	{"IPv6 prefix outside", C6(" permit ipv6 2001:db8:7::/48 any"), {A6, 6, 1, 1}, false},
	{"IPv6 port", C6(" permit tcp any host 2001:db8:1::1 eq 22"), {A6, 6, 1, 22}, true},
	{"IPv6 other port", C6(" permit tcp any host 2001:db8:1::1 eq 22"), {A6, 6, 1, 23}, false},
	{"IPv6 later fragment", C6(" permit tcp any any eq 22"), {A6, 6, 1, 23, 0, 0, 'l'}, true},
	{"IPv6 first fragment", C6(" permit tcp any any eq 22"), {A6, 6, 1, 23, 0, 0, 'f'}, false},
	{"IPv6 dscp", C6(" permit ipv6 any any dscp 46"), {A6, 6, 1, 1, 0xb8}, true},
	{"neighbours are found without a line", C6(" permit tcp any any eq 22"), {A6, 58, 135 << 8, 0}, true},
	{"unless a line says otherwise", C6(" deny icmp any any nd-ns"), {A6, 58, 135 << 8, 0}, false},
	{"standard list", "access-list 10 permit 10.1.0.0 0.0.255.255\ninterface Tunnel1\n ip access-group 10 in\n",
		{A4, 6, 1, 1}, true},
	{"standard list outside", "access-list 10 permit 10.2.0.0 0.0.255.255\ninterface Tunnel1\n ip access-group 10 in\n",
		{A4, 6, 1, 1}, false},
	{"no lines", C4(" remark nothing"), {A4, 6, 1, 1}, false},
};

static void packets_judged(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct esp_policy *p = policy_of(rows[i].conf);
		struct esp_meter *m = p ? esp_meter_new(p) : NULL;
		struct esp_verdict v;

		T_ROW(i, rows[i].name);
		T_TRUE(m != NULL);
		T_DO(build(&rows[i].s));
		T_EQ(esp_policy_judge(p, m, ESP_DIR_IN, &info, pkt, &v), rows[i].passes ? ST_OK : ST_ESP_ACL);
		T_EQ(m->acl_drops[ESP_DIR_IN], !rows[i].passes);
		T_EQ(esp_policy_judge(p, m, ESP_DIR_OUT, &info, pkt, &v), ST_OK); /* the other way is free */
		mem_free(m);
		esp_policy_unref(p);
	}
}

static const char service[] =
	"ip access-list extended WEB\n permit tcp any any eq 80\n permit tcp any any eq 443\n"
	"ipv6 access-list WEB\n permit tcp any any eq 80\n"
	"class-map match-any VOICE\n match dscp ef\n match precedence 6\n"
	"class-map match-all FASTWEB\n match access-group name WEB\n match dscp af11 af12\n"
	"class-map NOTHING\n"
	"class-map GROUP\n match qos-group 5\n"
	"class-map WEB\n match access-group name WEB\n"
	"policy-map P\n"
	" class class-default\n  police 8000 1000\n"
	" class NOTHING\n  priority\n"
	" class GROUP\n  priority\n"
	" class VOICE\n  priority level 2\n"
	" class FASTWEB\n  set qos-group 7\n  set dscp cs1\n"
	" class WEB\n  police cir 80000 bc 2000 exceed-action transmit\n"
	"platform ipsec llq qos-group 7\n"
	"interface Tunnel1\n service-policy output P\n";

static void classes_judged(void)
{
	static const struct {
		const char *class;
		struct spec s;
		uint8_t priority, tos;
	} want[] = {
		{"VOICE", {A4, 17, 1, 1, 0xb8}, 2, 0xb8},
		{"VOICE", {A6, 17, 1, 1, 0xc1}, 2, 0xc1},
		{"FASTWEB", {A4, 6, 1, 80, 0x2a}, 1, 0x22}, /* af11 and ECN */
		{"FASTWEB", {A6, 6, 1, 80, 0x30}, 1, 0x20},
		{"WEB", {A4, 6, 1, 443, 0}, 0, 0},
		{"WEB", {A6, 6, 1, 80, 0}, 0, 0},
		{"class-default", {A6, 6, 1, 443, 0}, 0, 0},
		{"class-default", {A4, 6, 1, 81, 0x28}, 0, 0x28},
	};
	struct esp_policy *p = policy_of(service);
	struct esp_meter *m = p ? esp_meter_new(p) : NULL;
	struct esp_verdict v;

	T_TRUE(m && p->has_priority);
	T_EQ(p->side[ESP_DIR_OUT].n_classes, 6);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct ip_info after;
		size_t head;

		T_ROW(i, want[i].class);
		T_DO(build(&want[i].s));
		T_EQ(esp_policy_judge(p, m, ESP_DIR_OUT, &info, pkt, &v), ST_OK);
		T_TRUE(v.class < 6);
		T_STR(p->side[ESP_DIR_OUT].classes[v.class].name, want[i].class);
		T_EQ(v.priority, want[i].priority);
		T_EQ(ip_parse(pkt, info.total_len, &after), ST_OK);
		head = after.version == 4 ? 20 : 0;
		T_TRUE(after.tos == want[i].tos && info.tos == want[i].tos);
		T_EQ(ip_checksum(pkt, head), head ? 0 : 0xffff);
		T_EQ(esp_policy_judge(p, m, ESP_DIR_IN, &info, pkt, &v), ST_OK);
		T_EQ(v.class, 0); /* no service policy that way */
	}
	mem_free(m);
	esp_policy_unref(p);
}

static void rates_of_classes(void)
{
	enum { WEB = 4, DEFAULT = 5, OUT_AT = 0 };
	struct esp_policy *p = policy_of(service);
	struct esp_meter *m = p ? esp_meter_new(p) : NULL;

	T_TRUE(m != NULL);
	esp_meter_set(m, p, 1, 0);
	T_EQ(esp_policy_pass(p, m, ESP_DIR_OUT, DEFAULT, 1000, 0), ST_OK);
	T_EQ(esp_policy_pass(p, m, ESP_DIR_OUT, DEFAULT, 1, 0), ST_OUT_RATE);
	T_EQ(esp_policy_pass(p, m, ESP_DIR_OUT, WEB, 2000, 0), ST_OK); /* a bucket of its own */
	T_EQ(esp_policy_pass(p, m, ESP_DIR_OUT, WEB, 1, 0), ST_OK);    /* exceeds, and passes */
	T_EQ(m->class[OUT_AT + WEB].exceeded, 1);
	T_EQ(m->class[OUT_AT + DEFAULT].exceeded, 1);
	T_EQ(m->class[OUT_AT + DEFAULT].packets, 2);
	T_EQ(m->class[OUT_AT + DEFAULT].bytes, 1001);
	T_EQ(m->police_drops[ESP_DIR_OUT], 1);
	T_EQ(esp_policy_pass(p, m, ESP_DIR_OUT, 6, 60000, 0), ST_OK); /* no class */
	/* three workers have the session: each a third of the 80 kbit/s */
	esp_meter_set(m, p, 3, 0);
	T_EQ(m->class[OUT_AT + WEB].policer.rate, 26666);
	mem_free(m);
	esp_policy_unref(p);
}

static void the_same_or_not(void)
{
	struct esp_policy *a = policy_of(service), *b = policy_of(service), *c, *d;
	char text[sizeof(service) + 100];

	snprintf(text, sizeof(text), "%spolicy-map P\n class WEB\n  police cir 90000\n", service);
	c = policy_of(text);
	snprintf(text, sizeof(text), "%sip access-list extended WEB\n permit udp any any\n", service);
	d = policy_of(text);
	T_TRUE(a && b && c && d);
	T_TRUE(esp_policy_same(a, b) && !esp_policy_same(a, c) && !esp_policy_same(a, d) &&
	       !esp_policy_same(a, NULL) && esp_policy_same(NULL, NULL));
	T_TRUE(!policy_of("interface Tunnel1\n ip mtu 1400\n"));
	esp_policy_unref(a);
	esp_policy_unref(b);
	esp_policy_unref(c);
	esp_policy_unref(d);
}

/* A session's own rules: lines in the place of a list, and nothing where a name means nothing. */
static void rules_of_a_session(void)
{
	static const struct ip_rule lines[] = {{.permit = false, .family = 4, .proto = 17}, {.permit = true, .family = 4, .any_proto = true}};
	struct snapshot *s = conf(C4(" deny tcp any any eq 22\n permit ip any any"));
	struct spec udp = {A4, 17, 999, 22}, tcp = {A4, 6, 999, 22};
	struct esp_policy *p, *q;
	struct esp_rules r;

	T_TRUE(s != NULL);
	r = esp_rules_of(snapshot_iface(s, IFACE_TUNNEL, 1));
	T_STR(r.filter4[ESP_DIR_IN], "L");
	T_EQ(esp_policy_make_rules(s, &r, &p), ST_OK);
	T_EQ(esp_policy_make(s, snapshot_iface(s, IFACE_TUNNEL, 1), &q), ST_OK);
	T_TRUE(esp_policy_same(p, q));
	esp_policy_unref(q);
	r.filter4[ESP_DIR_IN] = NULL;
	r.lines4[ESP_DIR_IN] = (struct esp_lines){lines, 2};
	r.filter4[ESP_DIR_OUT] = "L";
	T_EQ(esp_policy_make_rules(s, &r, &q), ST_OK);
	T_TRUE(!esp_policy_same(p, q));
	T_DO(build(&udp));
	T_TRUE(!esp_acl_permits(q->side[ESP_DIR_IN].acl4, &info, pkt) && esp_acl_permits(q->side[ESP_DIR_OUT].acl4, &info, pkt));
	T_DO(build(&tcp));
	T_TRUE(esp_acl_permits(q->side[ESP_DIR_IN].acl4, &info, pkt) && !esp_acl_permits(q->side[ESP_DIR_OUT].acl4, &info, pkt));
	T_TRUE(!q->side[ESP_DIR_IN].acl6);
	esp_policy_unref(p);
	esp_policy_unref(q);
	r.filter4[ESP_DIR_OUT] = "NOPE";
	T_EQ(esp_policy_make_rules(s, &r, &q), ST_NOT_FOUND);
	r.filter4[ESP_DIR_OUT] = NULL;
	r.service[ESP_DIR_OUT] = "NOPE";
	T_EQ(esp_policy_make_rules(s, &r, &q), ST_NOT_FOUND);
	T_TRUE(!q);
	r = (struct esp_rules){0};
	T_EQ(esp_policy_make_rules(s, &r, &q), ST_OK);
	T_TRUE(!q);
	snapshot_unref(s);
}

static void out_of_memory(void)
{
	struct snapshot *s = conf(service);
	struct esp_policy *p;
	int64_t live = mem_live();
	enum status st = ST_NOMEM;

	T_TRUE(s != NULL);
	for (uint64_t n = 1; st != ST_OK && n < 100; n++) {
		mem_fail_at(n);
		st = esp_policy_make(s, snapshot_iface(s, IFACE_TUNNEL, 1), &p);
		mem_fail_at(0);
		if (st != ST_OK)
			T_EQ(mem_live(), live);
	}
	T_EQ(st, ST_OK);
	esp_policy_unref(p);
	T_EQ(mem_live(), live);
	snapshot_unref(s);
}

int main(void)
{
	T_RUN(packets_judged);
	T_RUN(classes_judged);
	T_RUN(rates_of_classes);
	T_RUN(the_same_or_not);
	T_RUN(rules_of_a_session);
	T_RUN(out_of_memory);
	return t_end();
}
