/* Access lists as filters, class maps, policy maps: what is read, printed back, refused and warned of. */
#include "core/conf/diff.h"
#include "core/conf/rule_text.h"
#include "tests/unit/conf_lib.h"

static struct rule_text out;

static bool rule(const char *text, uint8_t family)
{
	struct word w = {text, strlen(text), 1};

	return rule_text_parse(&w, true, family, &out);
}

static void rules_read(void)
{
	T_TRUE(rule("ip any any", 4));
	T_TRUE(out.rule.any_proto && out.rule.family == 4 && out.rule.permit);
	T_TRUE(rule("tcp 10.0.0.0 0.0.0.255 eq www host 192.0.2.1 range 1000 2000 established", 4));
	T_TRUE(out.rule.proto == 6 && out.rule.established && !out.rule.any_proto);
	T_TRUE(out.rule.src.ports.is_set && out.rule.src.ports.lo == 80 && out.rule.src.ports.hi == 80);
	T_TRUE(out.rule.dst.ports.lo == 1000 && out.rule.dst.ports.hi == 2000);
	T_MEM(out.rule.src.mask, "\xff\xff\xff\0\0", 5);
	T_MEM(out.rule.dst.mask, "\xff\xff\xff\xff\0", 5);
	T_TRUE(rule("udp any neq 53 67 any lt 100", 4));
	T_TRUE(out.rule.src.ports.is_not && out.rule.src.ports.n == 1 && out.rule.dst.ports.hi == 99);
	T_TRUE(rule("tcp any any gt 1023 dscp ef log", 4));
	T_TRUE(out.has_log && out.rule.has_dscps && out.rule.dscps == UINT64_C(1) << 46);
	T_TRUE(rule("47 any any precedence network fragments", 4));
	T_TRUE(out.rule.proto == 47 && out.rule.fragments && out.rule.dscps == UINT64_C(0xff) << 56);
	T_TRUE(rule("icmp any any port-unreachable", 4));
	T_TRUE(out.rule.icmp == 0x303 && out.rule.icmp_mask == 0xffff);
	T_TRUE(rule("icmp any any 3", 4) && out.rule.icmp_mask == 0xff00);
	T_TRUE(rule("icmp any any 3 4", 4) && out.rule.icmp == 0x304);
	T_TRUE(rule("icmp any any echo-request", 6) && out.rule.proto == 58 && out.rule.icmp >> 8 == 128);
	T_TRUE(rule("tcp 2001:db8::/32 host 2001:db8::1 eq 22 sequence 40", 6));
	T_MEM(out.rule.src.mask, "\xff\xff\xff\xff\0", 5);
	T_TRUE(rule("ip 10.0.0.1 0.255.0.255 any", 4)); /* a mask with holes */
	T_MEM(out.rule.src.mask, "\xff\0\xff\0", 4);
	T_TRUE(rule("TCP ANY ANY EQ SSH", 4) == false); /* 22 has no name on a router */
	T_TRUE(rule("tcp any any eq 22 time-range NIGHT", 4) && out.is_unusable);
}

static const struct {
	const char *text;
	uint32_t col;
	const char *word, *say;
} errors[] = {
	{"ip access-list extended L\n permit tpc any any\n", 9, "tpc", "expected a protocol"},
	{"ip access-list extended L\n permit tcp any\n", 16, "", "expected a network"},
	{"ip access-list extended L\n permit tcp any any eq\n", 23, "", "expected a port"},
	{"ip access-list extended L\n permit tcp any any eq htpt\n", 24, "htpt", "expected a port"},
	{"ip access-list extended L\n permit ip any any eq 80\n", 20, "eq", "only tcp, udp"},
	{"ip access-list extended L\n permit tcp any range 9 8 any\n", 27, "any", "ends before"},
	{"ip access-list extended L\n permit udp any any established\n", 0, "", "only tcp can be established"},
	{"ip access-list extended L\n permit tcp any any lt 0\n", 24, "0", "no port is left"},
	{"ip access-list extended L\n permit tcp 10.0.0.0 any\n", 22, "any", "wildcard bits"},
	{"ip access-list extended L\n permit tcp any any eq 1 2 3 4 5 6 7 8 9 10 11\n", 0, "",
		"too many ports"},
	{"ip access-list extended L\n permit tcp any any eq 80 fragments\n", 0, "", "later fragments"},
	{"ip access-list extended L\n permit ip any any dscp af14\n", 25, "af14", "expected a DSCP"},
	{"ip access-list extended L\n permit ip any any wat\n", 20, "wat", "unexpected word"},
	{"ipv6 access-list L\n permit tcp 2001:db8::1 any\n", 13, "2001:db8::1", "PREFIX/LENGTH"},
	{"access-list 101 permit tpc any any\n", 24, "tpc", "expected a protocol"},
	{"interface Tunnel1\n ip access-group NOLIST in\n", 18, "NOLIST", "not defined"},
	{"interface Tunnel1\n ipv6 traffic-filter NOLIST out\n", 22, "NOLIST", "not defined"},
	{"ip access-list extended L\n permit tcp any any time-range N\ninterface Tunnel1\n"
	 " ip access-group L in\n", 18, "L", "cannot judge"},
	{"class-map C\n match dscp ef af99\n", 16, "af99", "expected a DSCP"},
	{"class-map C\n match protocol http\n", 2, "match protocol", "access list, DSCP"},
	{"policy-map P\n class C\n  police 7999\n", 10, "7999", "8000-"},
	{"policy-map P\n class C\n  priority level 3\n", 18, "3", "1-2"},
	{"platform ipsec llq qos-group 100\n", 30, "100", "1-99"},
};

static void wrong_words(void)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		T_ROW(i, errors[i].text);
		struct snapshot *s = conf(errors[i].text);
		const struct conf_message *m = first_of(CONF_ERROR);
		T_TRUE(!s && m);
		T_TRUE(said(errors[i].say));
		if (errors[i].col)
			T_EQ(m->column, errors[i].col);
		if (errors[i].word[0])
			T_STR(m->word, errors[i].word);
	}
}

static const char whole[] =
	"ip access-list extended WEB\n"
	" permit tcp any any eq 80 443\n"
	"ipv6 access-list WEB\n"
	" permit tcp any any eq 80\n"
	"class-map match-any VOICE\n"
	" match dscp ef cs5\n"
	" match ip precedence 5\n"
	"class-map GAMES\n"
	" match access-group name WEB\n"
	"policy-map OUT\n"
	" class VOICE\n"
	"  priority level 1\n"
	"  police cir 1000000 bc 20000 conform-action transmit exceed-action drop\n"
	" class GAMES\n"
	"  set qos-group 5\n"
	"  set dscp af41\n"
	"  bandwidth remaining percent 20\n"
	" class class-default\n"
	"  police 5000000\n"
	"   conform-action transmit\n"
	"   exceed-action transmit\n"
	"policy-map IN\n"
	" class class-default\n"
	"  police cir 10000000000\n"
	"platform ipsec llq qos-group 5\n"
	"platform ipsec llq qos-group 7\n"
	"interface Virtual-Template1 type tunnel\n"
	" tunnel protection ipsec profile default\n"
	" ip access-group WEB in\n"
	" ip access-group WEB out\n"
	" ipv6 traffic-filter WEB in\n"
	" service-policy input IN\n"
	" service-policy output OUT\n"
	" qos pre-classify\n";

static void all_of_it(void)
{
	struct snapshot *s = conf(whole);
	T_TRUE(s != NULL);
	const struct class_map *c = snapshot_class_map(s, "VOICE");
	T_TRUE(c && c->match_any && c->match_count == 2);
	T_TRUE(!snapshot_class_map(s, "GAMES")->match_any);
	const struct policy_map *p = snapshot_policy_map(s, "OUT");
	T_TRUE(p && p->class_count == 3);
	T_TRUE(p->classes[0].priority == 1 && p->classes[0].rate == 1000000 && p->classes[0].burst == 20000);
	T_TRUE(p->classes[1].set_group && p->classes[1].qos_group == 5 && p->classes[1].dscp == 34);
	T_TRUE(p->classes[2].police && p->classes[2].exceed_passes);
	T_TRUE(snapshot_policy_map(s, "IN")->classes[0].rate == UINT64_C(10000000000));
	T_EQ(s->ipsec.llq_groups[0], 1 << 5 | 1 << 7);
	const struct iface *i = snapshot_iface(s, IFACE_TEMPLATE, 1);
	T_STR(i->filter[0], "WEB");
	T_STR(i->filter[1], "WEB");
	T_STR(i->filter6[0], "WEB");
	T_TRUE(!i->filter6[1] && i->qos_preclassify);
	char *text = text_of(s, CONF_SECRETS);
	struct snapshot *again = conf(text);
	T_TRUE(again && snapshot_equal(s, again));
	snapshot_unref(again);
	mem_free(text);
	snapshot_unref(s);
}

static void warned_of(void)
{
	static const struct {
		const char *text, *say;
	} rows[] = {
		{"interface Tunnel1\n service-policy output P\n", "policy map that is not defined"},
		{"policy-map P\n class C\n", "class map that is not defined"},
		{"class-map C\n match access-group 10\n", "access list that is not defined"},
		{"class-map C\n", "nothing is matched"},
		{"class-map type inspect C\n match any\n", "only maps without a type"},
		{"class-map C\n match qos-group 5\n", "not in force"},
		{"policy-map P\n class class-default\n  priority percent 10\n", "police limits the class"},
		{"policy-map P\n class class-default\n  priority\ninterface Tunnel1\n service-policy input P\n",
			"where packets are sealed"},
		{"ip access-list extended L\n permit ip any any log\n", "counted, not logged"},
		{"ip access-list extended L\n permit tcp any any time-range N\n", "cannot be a filter"},
		{"ip access-list extended L\ninterface Tunnel1\n ip access-group L in\n", "nothing passes"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].text);
		struct snapshot *s = conf(rows[i].text);
		T_TRUE(s != NULL);
		T_TRUE(said(rows[i].say));
		snapshot_unref(s);
	}
}

static void taken_back(void)
{
	char text[sizeof(whole) + 600];
	snprintf(text, sizeof(text), "%s%s", whole,
		"interface Virtual-Template1\n no ip access-group WEB out\n no ipv6 traffic-filter\n"
		" no service-policy input\n"
		"class-map VOICE\n no match dscp ef cs5\n"
		"policy-map OUT\n class VOICE\n  no priority\n  no police\n no class GAMES\n"
		"no policy-map IN\nno platform ipsec llq qos-group 5\n");
	struct snapshot *s = conf(text);
	T_TRUE(s != NULL);
	const struct iface *i = snapshot_iface(s, IFACE_TEMPLATE, 1);
	T_TRUE(i->filter[0] && !i->filter[1] && !i->filter6[0] && !i->service_in && i->service_out);
	const struct policy_map *p = snapshot_policy_map(s, "OUT");
	T_TRUE(p->class_count == 2 && !p->classes[0].priority && !p->classes[0].police);
	T_EQ(snapshot_class_map(s, "VOICE")->match_count, 1);
	T_TRUE(!snapshot_policy_map(s, "IN"));
	T_EQ(s->ipsec.llq_groups[0], 1 << 7);
	snapshot_unref(s);
}

static void reload_says_live(void)
{
	static const char after[] = "policy-map IN\n class class-default\n  police cir 20000000000\n";
	char text[sizeof(whole) + 200], line[200];
	struct conf_diff d;
	bool live = false;
	snprintf(text, sizeof(text), "%s%s", whole, after);
	struct snapshot *a = conf(whole), *b = conf(text);
	T_TRUE(a && b);
	T_EQ(conf_diff(a, b, &d), ST_OK);
	for (size_t i = 0; i < d.n; i++) {
		conf_change_format(line, sizeof(line), &d.v[i]);
		live |= strcmp(line, "policy-map IN: class changed (live)") == 0;
	}
	T_TRUE(live && d.n == 1);
	conf_diff_fini(&d);
	snapshot_unref(a);
	snapshot_unref(b);
}

int main(void)
{
	T_RUN(rules_read);
	T_RUN(wrong_words);
	T_RUN(all_of_it);
	T_RUN(warned_of);
	T_RUN(taken_back);
	T_RUN(reload_says_live);
	return t_end();
}
