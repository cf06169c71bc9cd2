/* From a configuration to the rules for packets that are too long. */
#include "cmd/fit_plan.h"

#include "cmd/net_plan.h"
#include "core/conf/conf.h"
#include "tests/lib/t.h"

static struct snapshot *conf;

static void load(const char *text)
{
	static struct conf_report report;

	report = (struct conf_report){0};
	snapshot_unref(conf);
	conf = NULL;
	if (conf_parse(text, strlen(text), NULL, &conf, &report) != ST_OK)
		T_FAIL("line %u: %s", report.msg[0].line, report.msg[0].text);
	/* Nothing of it is kept only. */
	for (size_t i = 0; i < report.count; i++)
		T_TRUE(!strstr(report.msg[i].text, "not in force"));
}

static void rules(void)
{
	static const char all[] = "crypto ipsec df-bit set\ncrypto ipsec fragmentation before-encryption\n";
	static const char head[] = "interface Virtual-Template1 type tunnel\n ip address 10.0.0.1 255.255.255.0\n";
	static const struct {
		const char *name, *before, *lines;
		uint32_t tun;
		struct fit_rules want;
	} rows[] = {
		{"nothing said", "", "", 1, {FIT_DF_COPY, false, 0, 0, 0, 0}},
		{"of all", all, "", 1, {FIT_DF_SET, true, 0, 0, 0, 0}},
		{"of the interface", "", " crypto ipsec df-bit clear\n crypto ipsec fragmentation before-encryption\n", 1,
			{FIT_DF_CLEAR, true, 0, 0, 0, 0}},
		{"the interface wins", all, " crypto ipsec df-bit copy\n crypto ipsec fragmentation after-encryption\n", 1,
			{FIT_DF_COPY, false, 0, 0, 0, 0}},
		{"and says no more", all, " crypto ipsec df-bit copy\n no crypto ipsec df-bit\n"
			" crypto ipsec fragmentation after-encryption\n default crypto ipsec fragmentation\n", 1,
			{FIT_DF_SET, true, 0, 0, 0, 0}},
		{"ip mtu", "", " ip mtu 1300\n", 1, {FIT_DF_COPY, false, 1300, 1300, 0, 0}},
		{"ip mtu below that of ipv6", "", " ip mtu 1000\n", 1, {FIT_DF_COPY, false, 1000, 1280, 0, 0}},
		{"ipv6 mtu", "", " ipv6 mtu 1500\n", 1, {FIT_DF_COPY, false, PLAN_MTU, 1500, 0, 0}},
		{"both", "", " ip mtu 1450\n ipv6 mtu 1300\n", 1, {FIT_DF_COPY, false, 1450, 1300, 0, 0}},
		{"segments", "", " ip tcp adjust-mss 1200\n ipv6 tcp adjust-mss 1100\n", 1,
			{FIT_DF_COPY, false, 0, 0, 1200, 1100}},
		{"another device", all, " crypto ipsec df-bit copy\n ip mtu 1000\n", 2, {FIT_DF_SET, true, 0, 0, 0, 0}},
		{"a site's device", all, " crypto ipsec df-bit copy\ninterface Tunnel1\n crypto ipsec df-bit clear\n",
			PLAN_TUNNEL_BASE + 1, {FIT_DF_CLEAR, true, 0, 0, 0, 0}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[1024] = "";
		struct fit_rules r;

		T_ROW(i, rows[i].name);
		strcat(strcat(strcat(text, rows[i].before), head), rows[i].lines);
		T_DO(load(text));
		r = fit_plan(conf, rows[i].tun);
		T_TRUE(r.df == rows[i].want.df && r.before == rows[i].want.before);
		T_TRUE(r.mtu4 == rows[i].want.mtu4 && r.mtu6 == rows[i].want.mtu6);
		T_TRUE(r.mss4 == rows[i].want.mss4 && r.mss6 == rows[i].want.mss6);
	}
	snapshot_unref(conf);
}

int main(void)
{
	T_RUN(rules);
	return t_end();
}
