/* The rows about syslog: values, `no` and `default`, what is printed, what is warned of. */
#include "core/conf/logging.h"
#include "tests/unit/conf_lib.h"

#define TOPICS "crypto logging session\n"

/* The lines of `show running-config` that have this word in them. */
static void lines_of(const struct snapshot *s, const char *word, char *out, size_t cap)
{
	char *shown = text_of(s, CONF_SHOW);
	size_t n = 0;
	out[0] = 0;
	T_TRUE(shown != NULL);
	for (char *line = strtok(shown, "\n"); line; line = strtok(NULL, "\n"))
		if (strstr(line, word))
			n += (size_t)snprintf(out + n, cap - n, "%s\n", line);
	mem_free(shown);
}

static void printed(void)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"", ""},
		{"logging on\nlogging trap 6\nlogging facility local4\nlogging origin-id "
		 "hostname\n",
			""},
		{"logging trap informational\nlogging trap\n", ""},
		{"logging host 192.0.2.9\n", "logging host 192.0.2.9\n"},
		{"logging 192.0.2.9\n", "logging host 192.0.2.9\n"},
		{"logging host 192.0.2.9 transport udp\nlogging host 192.0.2.9 transport udp port "
		 "514\n",
			"logging host 192.0.2.9\n"},
		{"logging host 2001:DB8::9 vrf RED transport udp port 1514\n",
			"logging host 2001:db8::9 vrf RED transport udp port 1514\n"},
		{"logging host 192.0.2.9\nlogging host 192.0.2.9 vrf RED\nlogging host 192.0.2.9 "
		 "transport udp port 99\n",
			"logging host 192.0.2.9\nlogging host 192.0.2.9 vrf RED\nlogging host "
			"192.0.2.9 transport udp port 99\n"},
		{"logging host 192.0.2.9\nno logging host 192.0.2.9\n", ""},
		{"logging host 192.0.2.9\nno logging 192.0.2.9\n", ""},
		{"logging host 192.0.2.9\nno logging host\n", ""},
		{"logging host 192.0.2.9\nno logging host 192.0.2.8\nno logging host 192.0.2.9 vrf "
		 "RED\n"
		 "no logging host 192.0.2.9 transport udp port 99\n",
			"logging host 192.0.2.9\n"},
		{"logging host 192.0.2.9 transport udp port 99\nno logging host 192.0.2.9\n", ""},
		{"logging host 192.0.2.9 vrf RED\ndefault logging host 192.0.2.9 vrf RED\n", ""},
		/* Kept as text. */
		{"logging host 192.0.2.9 transport tcp port 601\n",
			"logging host 192.0.2.9 transport tcp port 601\n"},
		{"logging host log.corp.example\n", "logging host log.corp.example\n"},
		{"logging host 192.0.2.9 filtered stream 10\n",
			"logging host 192.0.2.9 filtered stream 10\n"},
		{"logging host 192.0.2.9 transport tcp\nno logging host 192.0.2.9 transport tcp\n",
			""},
		{"logging host 192.0.2.9 transport tcp\nno logging host 192.0.2.9\n", ""},
		{"logging host log.corp.example\nno logging host\n", ""},
		{"logging trap errors\n", "logging trap errors\n"},
		{"logging trap 3\n", "logging trap errors\n"},
		{"logging trap 0\n", "logging trap emergencies\n"},
		{"logging trap debug\n", "logging trap debugging\n"},
		{"no logging trap\n", "no logging trap\n"},
		{"no logging trap\ndefault logging trap\n", ""},
		{"no logging on\n", "no logging on\n"},
		{"no logging on\nlogging on\n", ""},
		{"logging facility local0\n", "logging facility local0\n"},
		{"logging facility sys9\n", "logging facility cron\n"},
		{"logging facility authpriv\nno logging facility\n", ""},
		{"logging origin-id string \"hub one\"\n",
			"logging origin-id string \"hub one\"\n"},
		{"logging origin-id ip\n", "logging origin-id ip\n"},
		{"logging origin-id ip\nno logging origin-id\n", ""},
		{"logging source-interface lo 0\nlogging source-interface Loopback1 vrf RED\n",
			"logging source-interface Loopback0\nlogging source-interface Loopback1 "
			"vrf RED\n"},
		{"logging source-interface lo0\nlogging source-interface lo2\n",
			"logging source-interface Loopback2\n"},
		{"logging source-interface lo0\nno logging source-interface lo0\n", ""},
		{"logging source-interface lo0 vrf RED\nno logging source-interface\n", ""},
		{"sallyport logging local\n", "sallyport logging local\n"},
		{"sallyport logging local /dev/log\n", "sallyport logging local\n"},
		{"sallyport logging local rfc5424\n", "sallyport logging local rfc5424\n"},
		{"sallyport logging local /run/x rfc\n",
			"sallyport logging local /run/x rfc5424\n"},
		{"sallyport logging local \"/run/a b\"\n",
			"sallyport logging local \"/run/a b\"\n"},
		{"sallyport logging local /run/x\nno sallyport logging local\n", ""},
		/* A router's own. */
		{"logging buffered 8192\nlogging console warnings\nno logging monitor\nlogging "
		 "rate-limit 10\n",
			""},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[512];
		T_ROW(i, rows[i].in);
		struct snapshot *s = conf(rows[i].in);
		T_TRUE(s != NULL);
		T_DO(lines_of(s, "logging", out, sizeof(out)));
		T_STR(out, rows[i].out);
		snapshot_unref(s);
	}
	T_EQ(mem_live(), 0);
}

static void values(void)
{
	struct snapshot *s = conf("");
	T_TRUE(s && s->log.on && s->log.trap == 6 && s->log.facility == 20 &&
		s->log.host_count == 0 && !s->log.local);
	snapshot_unref(s);
	s = conf("logging host 192.0.2.9 vrf RED transport udp port 99\nlogging "
		 "2001:db8::9\nlogging trap notifications\n"
		 "logging facility daemon\nlogging origin-id string X\nsallyport logging local\nno "
		 "logging on\n");
	T_TRUE(s != NULL);
	T_EQ(s->log.host_count, 2);
	T_TRUE(addr_eq(&s->log.hosts[0].addr, &(struct addr){4, {192, 0, 2, 9}}));
	T_STR(s->log.hosts[0].vrf, "RED");
	T_EQ(s->log.hosts[0].port, 99);
	T_TRUE(s->log.hosts[1].vrf == NULL && s->log.hosts[1].port == 514 &&
		s->log.hosts[1].addr.family == 6);
	T_EQ(s->log.trap, 5);
	T_EQ(s->log.facility, 3);
	T_EQ(s->log.origin, LOG_ORIGIN_STRING);
	T_STR(s->log.origin_text, "X");
	T_STR(s->log.local, "/dev/log");
	T_TRUE(!s->log.on);
	snapshot_unref(s);
}

/* Every word of the two lists is in the grammar, and comes back. */
static void words(void)
{
	char line[64];
	uint8_t code;
	const char *word;
	for (size_t i = 0; (word = log_facility_next(&i, &code)) != NULL;) {
		snprintf(line, sizeof(line), "logging facility %s\n", word);
		T_ROW(i, word);
		struct snapshot *s = conf(line);
		T_TRUE(s != NULL);
		T_EQ(s->log.facility, code);
		T_TRUE(code < 24);
		snapshot_unref(s);
	}
	for (uint8_t i = 0; i < LOG_TRAP_OFF; i++) {
		snprintf(line, sizeof(line), "logging trap %s\n", log_severity_word(i));
		struct snapshot *s = conf(line);
		T_TRUE(s != NULL);
		T_EQ(s->log.trap, i);
		snapshot_unref(s);
	}
	T_STR(log_severity_word(LOG_TRAP_OFF), "off");
	T_STR(log_facility_word(15), "none");
}

static void warnings(void)
{
	static const struct {
		const char *in;
		size_t warnings;
		uint32_t line;
		const char *says; /* of the first one */
	} rows[] = {
		{"hostname a\nlogging host 192.0.2.9\n", 1, 2, "only the headend's own events"},
		{"logging 192.0.2.9\n", 1, 1, "only the headend's own events"},
		{"sallyport logging local\n", 1, 1, "only the headend's own events"},
		{"logging host 192.0.2.9\ncrypto logging ikev2\n", 0, 0, NULL},
		{"logging host 192.0.2.9\n" TOPICS, 0, 0, NULL},
		{"logging host 192.0.2.9\nno logging on\n", 0, 0, NULL},
		{"logging host 192.0.2.9\nno logging host 192.0.2.9\n", 0, 0, NULL},
		{TOPICS "logging host 192.0.2.9 transport tcp port 6\n", 1, 2, "TCP and TLS"},
		{TOPICS "logging host 192.0.2.9 transport tls\n", 1, 2, "TCP and TLS"},
		{TOPICS "logging host log.corp.example\n", 1, 2, "host names"},
		{TOPICS "logging host 192.0.2.9 xml\n", 1, 2, "this option"},
		{TOPICS "no logging host 192.0.2.9 xml\n", 0, 0, NULL},
		{TOPICS "logging host 192.0.2.9 vrf NO\n", 1, 2, "VRF that is not defined"},
		{TOPICS "logging source-interface Loopback3\n", 1, 2, "not defined here"},
		{TOPICS "logging source-interface eth0\n", 1, 2, "not defined here"},
		{TOPICS "logging host 2001:db8::9\ninterface Loopback3\n ip address 10.0.0.1 "
			"255.255.255.255\n"
			"logging source-interface Loopback3\n",
			1, 5, "without an address"},
		{TOPICS "logging host 192.0.2.9\ninterface Loopback3\n ip address 10.0.0.1 "
			"255.255.255.255\n"
			"logging source-interface Loopback3\n",
			0, 0, NULL},
		{TOPICS "logging origin-id ip\n", 1, 0, "finds no address"},
		{TOPICS "logging origin-id ip\nsallyport listen 192.0.2.1\n", 0, 0, NULL},
		{"logging buffered 5\n", 1, 1, "no meaning"},
		{"no logging buffered 5\n", 0, 0, NULL},
		{"logging 192.0.2.9 x\n", 1, 1, "no meaning"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].in);
		struct snapshot *s = conf(rows[i].in);
		T_TRUE(s != NULL);
		snapshot_unref(s);
		T_EQ(report.warnings, rows[i].warnings);
		if (!rows[i].warnings)
			continue;
		T_EQ(report.msg[0].line, rows[i].line);
		T_TRUE(said(rows[i].says));
	}
}

static void errors(void)
{
	static const struct {
		const char *in;
		uint32_t column;
		const char *says;
	} rows[] = {
		{"logging host fe80::1\n", 14, "no collector"},
		{"logging host 0.0.0.0\n", 14, "no collector"},
		{"logging ::\n", 9, "no collector"},
		{"logging host 192.0.2.9 transport udp port 0\n", 43, "a number"},
		{"logging trap 8\n", 14, ""},
		{"logging trap worse\n", 14, ""},
		{"logging facility local8\n", 18, ""},
		{"logging origin-id string\n", 25, ""},
		{"sallyport logging local log\n", 25, "the path of a socket"},
		{"logging host\n", 13, "incomplete"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].in);
		T_TRUE(conf(rows[i].in) == NULL);
		const struct conf_message *m = first_of(CONF_ERROR);
		T_TRUE(m != NULL);
		T_EQ(m->column, rows[i].column);
		T_TRUE(strstr(m->text, rows[i].says));
	}
	char text[40 * 33] = "", line[40];
	for (int i = 1; i <= LOG_HOSTS; i++) {
		snprintf(line, sizeof(line), "logging host 192.0.2.%d\n", i);
		strcat(text, line);
	}
	struct snapshot *s = conf(text);
	T_TRUE(s && s->log.host_count == LOG_HOSTS);
	snapshot_unref(s);
	strcat(text, "logging host 192.0.2.99\n");
	T_TRUE(conf(text) == NULL && said("too many collectors"));
	memset(line, 0, sizeof(line));
	snprintf(text, sizeof(text), "sallyport logging local /%0107d\n", 1);
	T_TRUE(conf(text) == NULL && said("the path of a socket"));
	snprintf(text, sizeof(text), "sallyport logging local /%0106d\n", 1);
	s = conf(text);
	T_TRUE(s != NULL);
	snapshot_unref(s);
}

static bool is(struct addr a, const char *text)
{
	char buf[ADDR_TEXT];
	return strcmp(addr_format(&a, buf), text) == 0;
}

static void addresses(void)
{
	struct snapshot *s = conf(
		"vrf definition RED\ninterface Loopback0\n ip address 10.0.0.1 255.255.255.0\n"
		" ipv6 address 2001:db8::1/64\ninterface Loopback1\n ip address 10.0.1.1 "
		"255.255.255.0\n"
		"logging source-interface Loopback0\nlogging source-interface Loopback1 vrf RED\n");
	T_TRUE(s != NULL);
	T_TRUE(is(log_source_address(s, NULL, 4), "10.0.0.1"));
	T_TRUE(is(log_source_address(s, NULL, 6), "2001:db8::1"));
	T_TRUE(is(log_source_address(s, "RED", 4), "10.0.1.1"));
	T_TRUE(is(log_source_address(s, "RED", 6), "-"));
	T_TRUE(is(log_source_address(s, "BLUE", 4), "-"));
	T_TRUE(is(log_own_address(s), "10.0.0.1"));
	snapshot_unref(s);
	s = conf("sallyport listen any\nsallyport listen 192.0.2.1\n");
	T_TRUE(s && is(log_own_address(s), "192.0.2.1") && is(log_source_address(s, NULL, 4), "-"));
	snapshot_unref(s);
}

int main(void)
{
	T_RUN(printed);
	T_RUN(values);
	T_RUN(words);
	T_RUN(warnings);
	T_RUN(errors);
	T_RUN(addresses);
	return t_end();
}
