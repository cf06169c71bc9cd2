/* Accounting records, read back as a server reads them: what each kind says (R-ACC-02, R-ACC-03), figures beyond 32 bits, why sessions end, groups,
 * and records that are damaged. */
#include "cmd/acct_record.h"

#include <stdio.h>

#include "tests/unit/wire.h"

#define STARTED_MS 1700000000123ull
#define CISCO_AVPAIR 1

static struct session s;
static const struct ike_id anna_id = {.type = 3 /* ID_RFC822_ADDR */, .len = 17, .bytes = "anna@corp.example"};
static struct kept_grant grant;
static struct session_terms terms;
static uint8_t record[ACCT_RECORD_MAX];
static struct wr o;
static struct view attrs;

static struct addr ip(const char *text)
{
	struct addr a = {0};

	if (addr_parse(text, &a) != ST_OK)
		abort();
	return a;
}

/* anna, of RADIUS, with an address of each family. */
static void anna(void)
{
	memset(&s, 0, sizeof(s));
	memset(&grant, 0, sizeof(grant));
	memset(&terms, 0, sizeof(terms));
	memset(s.ulid.b, 0x5a, sizeof(s.ulid.b));
	s.username = "anna";
	s.acct_groups = "";
	s.peer_id = &anna_id;
	s.local.addr = ip("192.0.2.1");
	s.remote.addr = ip("198.51.100.7");
	grant.ip4 = ip("10.99.0.10");
	grant.ip6 = ip("2001:db8::10");
	grant.ip6_prefix_len = 128;
	s.grant = &grant;
	s.sa = s.index = 0x100000007;
	s.is_of_radius = true;
}

/* The attributes of what was built; false: it is no record of group A. */
static bool is_read(void)
{
	char group[RADIUS_VALUE_MAX + 1];

	return wr_ok(&o) && acct_open((struct view){record, o.len}, 0, group, &attrs) && strcmp(group, "A") == 0;
}

static void build(const struct acct_event *e)
{
	o = wr_init(record, sizeof(record));
	acct_put_base(&o, "A", "gw", &s);
	acct_put_event(&o, e);
	T_TRUE(is_read());
}

static void build_stop(enum status why, const struct acct_traffic *t)
{
	T_DO(build(&(struct acct_event){.kind = RADIUS_ACCT_STOP, .ms = STARTED_MS + 61900, .start_ms = STARTED_MS, .why = why, .traffic = t}));
}

/* How often an attribute is there. */
static unsigned count(uint8_t type)
{
	struct radius_cursor c = radius_begin(attrs);
	struct radius_attr a;
	unsigned n = 0;

	while (radius_next(&c, &a))
		n += a.type == type && a.vendor == 0;
	return n;
}

static const char *text(uint8_t type)
{
	static char out[RADIUS_VALUE_MAX + 1];
	struct radius_attr a;

	return count(type) == 1 && radius_find(attrs, type, &a) && radius_text(&a, out, sizeof(out)) ? out : "(not there once)";
}

static intmax_t number(uint8_t type)
{
	struct radius_attr a;
	uint32_t n;

	return count(type) == 1 && radius_find(attrs, type, &a) && radius_u32(&a, &n) ? (intmax_t)n : -1;
}

/* The value of a Cisco pair. */
static const char *pair(const char *name)
{
	static char out[RADIUS_VALUE_MAX + 1];
	struct radius_cursor c = radius_begin(attrs);
	struct radius_attr a;
	size_t len = strlen(name);
	unsigned n = 0;

	while (radius_next(&c, &a)) {
		if (a.vendor != RADIUS_VENDOR_CISCO || a.vendor_type != CISCO_AVPAIR || a.value.len <= len || a.value.p[len] != '=' ||
		    memcmp(a.value.p, name, len) != 0)
			continue;
		snprintf(out, sizeof(out), "%.*s", (int)(a.value.len - len - 1), (const char *)a.value.p + len + 1);
		n++;
	}
	return n == 1 ? out : "(not there once)";
}

/* ---- what records say ------------------------------------------------------------------------------- */

static void the_session_is_in_every_record(void)
{
	static const struct acct_traffic none = {0};
	static const uint8_t kinds[] = {RADIUS_ACCT_START, RADIUS_ACCT_INTERIM, RADIUS_ACCT_STOP};
	char id[ULID_TEXT];
	struct radius_attr a;

	anna();
	ulid_format(&s.ulid, id);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		T_ROW(kinds[i], "kind");
		T_DO(build(&(struct acct_event){.kind = kinds[i], .ms = STARTED_MS, .start_ms = STARTED_MS, .why = ST_END_PEER,
						.traffic = kinds[i] == RADIUS_ACCT_START ? NULL : &none}));
		T_EQ(number(RADIUS_ACCT_STATUS_TYPE), kinds[i]);
		T_STR(text(RADIUS_ACCT_SESSION_ID), id);
		T_STR(text(RADIUS_USER_NAME), "anna");
		T_STR(text(RADIUS_NAS_IDENTIFIER), "gw");
		T_EQ(number(RADIUS_NAS_PORT_TYPE), 5);
		T_EQ(number(RADIUS_NAS_PORT), 7);
		T_STR(text(RADIUS_NAS_PORT_ID), "Virtual-Access7");
		T_EQ(number(RADIUS_SERVICE_TYPE), 2);
		T_STR(text(RADIUS_CALLED_STATION_ID), "192.0.2.1");
		T_STR(text(RADIUS_CALLING_STATION_ID), "198.51.100.7");
		T_TRUE(radius_find(attrs, RADIUS_FRAMED_IP_ADDRESS, &a) && a.value.len == 4 && memcmp(a.value.p, grant.ip4.b, 4) == 0);
		T_TRUE(radius_find(attrs, RADIUS_FRAMED_IPV6_ADDRESS, &a) && a.value.len == 16 && memcmp(a.value.p, grant.ip6.b, 16) == 0);
		T_EQ(number(RADIUS_ACCT_AUTHENTIC), RADIUS_AUTHENTIC_RADIUS);
		T_EQ(number(RADIUS_EVENT_TIMESTAMP), STARTED_MS / 1000);
		T_STR(pair("audit-session-id"), id);
		T_STR(pair("isakmp-phase1-id"), "anna@corp.example");
		T_STR(pair("isakmp-initiator-ip"), "198.51.100.7");
		T_STR(pair("connect-progress"), "Call Up");
		/* Who sends it adds these: when it is sent, and from where. */
		T_TRUE(count(RADIUS_ACCT_DELAY_TIME) == 0 && count(RADIUS_NAS_IP_ADDRESS) == 0 && count(RADIUS_MESSAGE_AUTHENTICATOR) == 0);
	}
	t_row(-1, NULL);
}

static void a_start_has_no_traffic_and_no_end(void)
{
	static const uint8_t absent[] = {RADIUS_ACCT_SESSION_TIME, RADIUS_ACCT_INPUT_OCTETS, RADIUS_ACCT_OUTPUT_OCTETS, RADIUS_ACCT_INPUT_PACKETS,
					 RADIUS_ACCT_OUTPUT_PACKETS, RADIUS_ACCT_INPUT_GIGAWORDS, RADIUS_ACCT_OUTPUT_GIGAWORDS,
					 RADIUS_ACCT_TERMINATE_CAUSE, RADIUS_CLASS, RADIUS_CUI, RADIUS_DELEGATED_IPV6_PREFIX};

	anna();
	s.is_of_radius = false;
	T_DO(build(&(struct acct_event){.kind = RADIUS_ACCT_START, .ms = STARTED_MS, .start_ms = STARTED_MS}));
	for (size_t i = 0; i < COUNT(absent); i++) {
		T_ROW(absent[i], "attribute");
		T_EQ(count(absent[i]), 0);
	}
	t_row(-1, NULL);
	T_STR(pair("disc-cause-ext"), "(not there once)");
	T_EQ(number(RADIUS_ACCT_AUTHENTIC), RADIUS_AUTHENTIC_LOCAL);
}

static void a_stop_has_traffic_and_why(void)
{
	static const struct acct_traffic t = {1000, 2000, 30, 40};

	anna();
	T_DO(build_stop(ST_END_DPD, &t));
	T_EQ(number(RADIUS_ACCT_SESSION_TIME), 61);
	T_EQ(number(RADIUS_ACCT_INPUT_OCTETS), 1000);
	T_EQ(number(RADIUS_ACCT_OUTPUT_OCTETS), 2000);
	T_EQ(number(RADIUS_ACCT_INPUT_PACKETS), 30);
	T_EQ(number(RADIUS_ACCT_OUTPUT_PACKETS), 40);
	T_TRUE(count(RADIUS_ACCT_INPUT_GIGAWORDS) == 0 && count(RADIUS_ACCT_OUTPUT_GIGAWORDS) == 0);
	T_EQ(number(RADIUS_ACCT_TERMINATE_CAUSE), RADIUS_CAUSE_LOST_CARRIER);
	T_STR(pair("disc-cause-ext"), "dpd");
	T_DO(build(&(struct acct_event){.kind = RADIUS_ACCT_INTERIM, .ms = STARTED_MS - 5000, .start_ms = STARTED_MS, .traffic = &t}));
	T_EQ(number(RADIUS_ACCT_SESSION_TIME), 0); /* a clock that was put back */
	T_EQ(number(RADIUS_ACCT_INPUT_OCTETS), 1000);
	T_EQ(count(RADIUS_ACCT_TERMINATE_CAUSE), 0);
}

/* RFC 2869 5.1: how often 2^32 was passed. */
static void gigawords(void)
{
	static const struct {
		uint64_t octets;
		intmax_t low, giga; /* -1: not there */
	} rows[] = {
		{0, 0, -1},
		{UINT32_MAX, UINT32_MAX, -1},
		{1ull << 32, 0, 1},
		{(5ull << 32) + 7, 7, 5},
		{UINT64_MAX, UINT32_MAX, UINT32_MAX},
	};

	anna();
	for (size_t i = 0; i < COUNT(rows); i++) {
		T_ROW(i, "octets");
		T_DO(build_stop(ST_END_PEER, &(struct acct_traffic){.bytes_in = rows[i].octets, .bytes_out = 1}));
		T_TRUE(number(RADIUS_ACCT_INPUT_OCTETS) == rows[i].low && number(RADIUS_ACCT_INPUT_GIGAWORDS) == rows[i].giga);
		T_TRUE(number(RADIUS_ACCT_OUTPUT_OCTETS) == 1 && count(RADIUS_ACCT_OUTPUT_GIGAWORDS) == 0);
		T_DO(build_stop(ST_END_PEER, &(struct acct_traffic){.bytes_in = 1, .bytes_out = rows[i].octets}));
		T_TRUE(number(RADIUS_ACCT_OUTPUT_OCTETS) == rows[i].low && number(RADIUS_ACCT_OUTPUT_GIGAWORDS) == rows[i].giga);
		T_TRUE(number(RADIUS_ACCT_INPUT_OCTETS) == 1 && count(RADIUS_ACCT_INPUT_GIGAWORDS) == 0);
	}
	t_row(-1, NULL);
}

/* RFC 2865 5.25, RFC 4372: as they came, all of them, in their order. */
static void what_a_server_gave_goes_back(void)
{
	static const uint8_t classes[] = {3, 'o', 'n', 'e', 2, 0x00, 0xff};
	struct radius_cursor c;
	struct radius_attr a;
	unsigned n = 0;

	anna();
	terms = (struct session_terms){.cui = "c-17", .class = {classes, sizeof(classes)}};
	s.terms = &terms;
	T_DO(build_stop(ST_END_PEER, &(struct acct_traffic){0}));
	T_STR(text(RADIUS_CUI), "c-17");
	c = radius_begin(attrs);
	while (radius_next(&c, &a)) {
		if (a.type != RADIUS_CLASS)
			continue;
		T_TRUE(n == 0 ? a.value.len == 3 && memcmp(a.value.p, "one", 3) == 0 : a.value.len == 2 && memcmp(a.value.p, "\0\xff", 2) == 0);
		n++;
	}
	T_EQ(n, 2);
}

static void addresses(void)
{
	static const uint8_t prefix[] = {0, 56, 0x20, 0x01, 0x0d, 0xb8, 0, 1, 0xab};
	static const uint8_t id[] = {0, 0, 0, 0, 0, 0, 0, 5};
	struct radius_attr a;

	anna();
	grant.ip4 = (struct addr){0};
	grant.ip6 = ip("2001:db8:1:abcd::5");
	grant.ip6_prefix_len = 56;
	T_DO(build_stop(ST_END_PEER, &(struct acct_traffic){0}));
	T_TRUE(count(RADIUS_FRAMED_IP_ADDRESS) == 0 && count(RADIUS_FRAMED_IPV6_ADDRESS) == 0);
	T_TRUE(radius_find(attrs, RADIUS_FRAMED_IPV6_PREFIX, &a) && a.value.len == sizeof(prefix));
	T_MEM(a.value.p, prefix, sizeof(prefix));
	T_TRUE(radius_find(attrs, RADIUS_FRAMED_INTERFACE_ID, &a) && a.value.len == sizeof(id));
	T_MEM(a.value.p, id, sizeof(id));
	T_EQ(count(RADIUS_DELEGATED_IPV6_PREFIX), 0);
	/* Only said to be in a network: the address is all he has. */
	s.lease6 = &(struct lease){.prefix_len = 128};
	T_DO(build_stop(ST_END_PEER, &(struct acct_traffic){0}));
	T_TRUE(count(RADIUS_FRAMED_IPV6_PREFIX) == 0 && count(RADIUS_FRAMED_INTERFACE_ID) == 0 && count(RADIUS_FRAMED_IPV6_ADDRESS) == 1);
	/* Too long a prefix for the second half of an address; networks behind him. */
	s.lease6 = &(struct lease){.prefix_len = 72};
	terms.cui = "";
	terms.delegated.n = 2;
	terms.delegated.v[0] = terms.delegated.v[1] = (struct prefix){ip("2001:db8:1:abcd::"), 56};
	s.terms = &terms;
	T_DO(build_stop(ST_END_PEER, &(struct acct_traffic){0}));
	T_TRUE(count(RADIUS_FRAMED_IPV6_PREFIX) == 1 && count(RADIUS_FRAMED_INTERFACE_ID) == 0 && count(RADIUS_DELEGATED_IPV6_PREFIX) == 2);
	T_TRUE(radius_find(attrs, RADIUS_DELEGATED_IPV6_PREFIX, &a) && a.value.len == sizeof(prefix));
	T_MEM(a.value.p, prefix, sizeof(prefix));
	s.terms = NULL;
	s.remote.addr = ip("2001:db8:ffff::9");
	T_DO(build_stop(ST_END_PEER, &(struct acct_traffic){0}));
	T_STR(text(RADIUS_CALLING_STATION_ID), "2001:db8:ffff::9");
	T_STR(pair("isakmp-initiator-ip"), "2001:db8:ffff::9");
	s.we_are_initiator = true;
	T_DO(build_stop(ST_END_PEER, &(struct acct_traffic){0}));
	T_STR(pair("isakmp-initiator-ip"), "192.0.2.1");
}

/* While it waits it has the number of before; after a restart of the machine it has none. */
static void ports(void)
{
	anna();
	s.sa = 0;
	T_DO(build_stop(ST_END_PEER, &(struct acct_traffic){0}));
	T_EQ(number(RADIUS_NAS_PORT), 7);
	T_STR(text(RADIUS_NAS_PORT_ID), "Virtual-Access7");
	s.index = 0;
	T_DO(build_stop(ST_END_PEER, &(struct acct_traffic){0}));
	T_TRUE(count(RADIUS_NAS_PORT) == 0 && count(RADIUS_NAS_PORT_ID) == 0 && number(RADIUS_NAS_PORT_TYPE) == 5);
	s.sa = 9;
	grant.tun = SESSION_TUN_TUNNEL + 3;
	T_DO(build_stop(ST_END_PEER, &(struct acct_traffic){0}));
	T_EQ(number(RADIUS_NAS_PORT), 9);
	T_STR(text(RADIUS_NAS_PORT_ID), "Tunnel3");
}

/* The longest of everything still fits, so that no session is without its records. */
static void the_longest_record(void)
{
	static uint8_t classes[AAA_CLASS];
	static char cui[AAA_TEXT], username[SESSION_USERNAME];
	static struct ike_id longest;
	char id[ULID_TEXT];

	anna();
	memset(username, 'u', sizeof(username) - 1);
	memset(longest.bytes, 'i', sizeof(longest.bytes));
	longest.type = anna_id.type;
	longest.len = sizeof(longest.bytes);
	s.username = username;
	s.peer_id = &longest;
	memset(cui, 'c', sizeof(cui) - 1);
	for (size_t at = 0; at + 2 <= sizeof(classes); at += 2)
		classes[at] = 1;
	terms = (struct session_terms){.cui = cui, .class = {classes, sizeof(classes)}};
	s.terms = &terms;
	T_DO(build_stop(ST_END_NOT_RESUMED, &(struct acct_traffic){UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}));
	T_EQ(count(RADIUS_CLASS), AAA_CLASS / 2);
	T_EQ(strlen(text(RADIUS_USER_NAME)), RADIUS_VALUE_MAX);
	ulid_format(&s.ulid, id);
	T_STR(pair("audit-session-id"), id);
	T_EQ(number(RADIUS_ACCT_TERMINATE_CAUSE), RADIUS_CAUSE_LOST_CARRIER);
}

static void the_headend(void)
{
	static const uint8_t kinds[] = {RADIUS_ACCT_ON, RADIUS_ACCT_OFF};

	for (size_t i = 0; i < COUNT(kinds); i++) {
		T_ROW(kinds[i], "kind");
		o = wr_init(record, sizeof(record));
		acct_put_headend(&o, "A", "gw", &(struct acct_event){.kind = kinds[i], .ms = STARTED_MS});
		T_TRUE(is_read());
		T_EQ(number(RADIUS_ACCT_STATUS_TYPE), kinds[i]);
		T_STR(text(RADIUS_ACCT_SESSION_ID), "0000018bcfe5687b");
		T_STR(text(RADIUS_NAS_IDENTIFIER), "gw");
		T_EQ(number(RADIUS_EVENT_TIMESTAMP), STARTED_MS / 1000);
		T_EQ(number(RADIUS_ACCT_TERMINATE_CAUSE), kinds[i] == RADIUS_ACCT_OFF ? RADIUS_CAUSE_ADMIN_REBOOT : -1);
		T_TRUE(count(RADIUS_USER_NAME) == 0 && count(RADIUS_CALLING_STATION_ID) == 0);
	}
	t_row(-1, NULL);
}

/* ---- why sessions end ------------------------------------------------------------------------------------ */

/* RFC 2866 5.10: by the number of the standard; all others are 9, NAS Error. */
static void causes(void)
{
	static const struct {
		enum status why;
		uint32_t cause;
	} rows[] = {
		{ST_END_PEER, 1}, {ST_END_DPD, 2}, {ST_TIMEOUT, 2}, {ST_END_NOT_RESUMED, 2}, {ST_END_CRASHED, 2},
		{ST_END_IDLE, 4}, {ST_END_QUOTA, 10}, {ST_END_SESSION_TIMEOUT, 5}, {ST_END_LIFETIME, 5}, {ST_END_ADMIN, 6},
		{ST_END_DISCONNECT, 6}, {ST_END_UNAUTHORIZED, 6}, {ST_END_SHUTDOWN, 7}, {ST_END_CONFIG, 10}, {ST_REDIRECTED, 10}, {ST_END_LOST, 11},
		{ST_END_NOT_REAUTH, 5}, {ST_END_REPLACED, 13}, {ST_END_LOGIN_LIMIT, 13}, {ST_END_REAUTH, 13}, {ST_END_RESUMED, 13},
	};

	anna();
	for (int st = 0; st < ST__MAX; st++) {
		uint32_t want = 9;

		for (size_t i = 0; i < COUNT(rows); i++)
			want = rows[i].why == (enum status)st ? rows[i].cause : want;
		T_ROW(st, status_token((enum status)st));
		T_DO(build_stop((enum status)st, &(struct acct_traffic){0}));
		T_EQ(number(RADIUS_ACCT_TERMINATE_CAUSE), want);
		T_STR(pair("disc-cause-ext"), status_token((enum status)st));
	}
	t_row(-1, NULL);
}

/* ---- records ------------------------------------------------------------------------------------------------ */

static void groups(void)
{
	static const struct {
		const char *groups, *want[4]; /* NULL: no more */
	} rows[] = {
		{"A", {"A"}},
		{"A,B", {"A", "B"}},
		{"first group,second,3", {"first group", "second", "3"}},
		{"", {NULL}},
		{"A,", {"A"}},
		{"A,,B", {"A", "", "B"}}, /* nobody's name: the next one is asked */
	};
	char group[RADIUS_VALUE_MAX + 1];

	anna();
	for (size_t i = 0; i < COUNT(rows); i++) {
		T_ROW(i, rows[i].groups);
		o = wr_init(record, sizeof(record));
		acct_put_base(&o, rows[i].groups, "gw", &s);
		T_TRUE(wr_ok(&o));
		for (size_t at = 0; at < 4; at++) {
			bool is_there = acct_open((struct view){record, o.len}, at, group, &attrs);
			T_EQ(is_there, rows[i].want[at] != NULL);
			if (!is_there)
				break;
			T_STR(group, rows[i].want[at]);
			T_STR(text(RADIUS_USER_NAME), "anna");
		}
	}
	t_row(-1, NULL);
}

static void groups_of_records(void)
{
	static const struct {
		const char *hex, *groups;
	} rows[] = {{"01 41", "A"}, {"01 41 ffff", "A"}, {"03 412c42", "A,B"}, {"03 412c42 00", "A,B"}, {"00", ""}, {"00 41", ""}, {"02 41", ""}, {"", ""}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct view g = acct_groups(hex(rows[i].hex));
		T_ROW(i, rows[i].hex);
		T_TRUE(g.len == strlen(rows[i].groups) && (g.len == 0 || memcmp(g.p, rows[i].groups, g.len) == 0));
	}
	t_row(-1, NULL);
}

static enum status open_first(struct view v)
{
	char group[RADIUS_VALUE_MAX + 1];

	return acct_open(v, 0, group, &attrs) ? ST_OK : ST_BAD_LENGTH;
}

static void damaged_records(void)
{
	static char name[256];
	char group[RADIUS_VALUE_MAX + 1];

	anna();
	o = wr_init(record, sizeof(record));
	acct_put_base(&o, "A,B", "gw", &s);
	T_DO(every_cut((struct view){record, o.len}, 4, open_first));
	record[0] = 255; /* longer than all that is there */
	T_EQ(open_first((struct view){record, 255}), ST_BAD_LENGTH);
	/* Names are of up to 253 octets; one that is longer is nobody's. */
	for (size_t n = 252; n <= 255; n++) {
		T_ROW(n, "octets of a name");
		memset(name, 'g', n);
		name[n] = 0;
		o = wr_init(record, sizeof(record));
		acct_put_base(&o, name, "gw", &s);
		T_EQ(acct_open((struct view){record, o.len}, 0, group, &attrs), n <= RADIUS_VALUE_MAX);
		if (n <= RADIUS_VALUE_MAX)
			T_STR(group, name);
	}
	t_row(-1, NULL);
	/* One that has no room is none, and says so. */
	o = wr_init(record, 40);
	acct_put_base(&o, "A", "gw", &s);
	T_TRUE(!wr_ok(&o));
}

int main(void)
{
	T_RUN(the_session_is_in_every_record);
	T_RUN(a_start_has_no_traffic_and_no_end);
	T_RUN(a_stop_has_traffic_and_why);
	T_RUN(gigawords);
	T_RUN(what_a_server_gave_goes_back);
	T_RUN(addresses);
	T_RUN(ports);
	T_RUN(the_longest_record);
	T_RUN(the_headend);
	T_RUN(causes);
	T_RUN(groups);
	T_RUN(groups_of_records);
	T_RUN(damaged_records);
	return t_end();
}
