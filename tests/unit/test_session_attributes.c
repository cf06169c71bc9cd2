/* A session as names and values: shown to a script, and changed by one. */
#include "core/conf/conf.h"
#include "core/session/assign.h"
#include "core/session/attributes.h"
#include "tests/unit/session_lab.h"

static const struct hash_key key = {7, 8};

static const char text[] = "aaa authorization network LOCAL local\n"
			   "ip local pool RA 10.99.0.10 10.99.0.250\n"
			   "ip local pool GUESTS 10.98.0.10 10.98.0.250\n"
			   "ipv6 local pool RA6 2001:db8:99::/64 128\n"
			   "ip access-list standard LAN\n"
			   " permit 10.0.0.0 0.0.255.255\n"
			   "crypto ikev2 authorization policy RA\n"
			   " pool RA\n"
			   " dns 10.0.0.53 10.0.0.54\n"
			   " netmask 255.255.255.0\n"
			   " session-lifetime 7200\n"
			   " route set access-list LAN\n"
			   "crypto ikev2 authorization policy anna\n"
			   " banner hello anna\n"
			   "crypto ikev2 profile RA\n"
			   " match identity remote email domain corp.example\n"
			   " authentication local pre-share\n"
			   " authentication remote pre-share\n"
			   " aaa authorization group psk list LOCAL RA\n"
			   " aaa authorization user psk list LOCAL\n"
			   " virtual-template 1\n"
			   "interface Virtual-Template1 type tunnel\n"
			   " tunnel protection ipsec profile default\n";

static struct snapshot *conf;
static struct sessions *ss;
static struct session *s;
static struct ike_question q;

static void open_session(const char *name)
{
	static struct conf_report report;
	struct ike_answer a;
	uint8_t random[10] = {1};

	T_EQ(conf_parse(text, strlen(text), NULL, &conf, &report), ST_OK);
	ss = sessions_new(conf, &key);
	q = (struct ike_question){.kind = ASK_AUTHORIZE, .sa = 1, .wants_ip4 = true};
	snprintf(q.profile, sizeof(q.profile), "RA");
	snprintf(q.name, sizeof(q.name), "%s", name);
	q.peer_id = (struct ike_id){.type = 3, .len = 16};
	memcpy(q.peer_id.bytes, "joe@corp.example", 16);
	q.remote = (struct endpoint){.addr = lab_addr("192.0.2.7"), .port = 4500};
	q.local = (struct endpoint){.addr = lab_addr("198.51.100.1"), .port = 4500};
	session_authorize(ss, &(struct session_ask){.q = &q, .wall_ms = 1700000000000, .random = random}, &a);
	T_EQ(a.status, ST_OK);
	s = session_find(ss, &a.session);
	T_TRUE(s != NULL);
	q.session = a.session;
}

static void close_session(void)
{
	session_end(ss, s);
	sessions_free(ss);
	snapshot_unref(conf);
}

static const char *all_of(const struct pairs *p)
{
	static char out[4096];
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < p->n; i++)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%s=%s", i ? " " : "", pairs_name(p, i),
			pairs_value(p, i));
	return out;
}

static void test_shown(void)
{
	static struct pairs p;

	T_DO(open_session(""));
	pairs_init(&p);
	attributes_who(s, "", &p);
	T_STR(pairs_get(&p, "identity"), "joe@corp.example");
	T_STR(pairs_get(&p, "identity_type"), "email");
	T_STR(pairs_get(&p, "name"), "joe@corp.example");
	T_STR(pairs_get(&p, "remote"), "192.0.2.7:4500");
	T_STR(pairs_get(&p, "role"), "responder");
	T_STR(pairs_get(&p, "policy"), "RA");
	pairs_init(&p);
	attributes_of(s, &p);
	T_STR(all_of(&p), "pool=RA netmask=255.255.255.0 dns=10.0.0.53 dns=10.0.0.54"
			  " session_lifetime=7200 subnets=10.0.0.0/16");
	close_session();
}

/* The user's own policy is looked up by the name that the script gave. */
static void test_named(void)
{
	T_DO(open_session("anna"));
	T_STR(s->username, "anna");
	T_STR(s->policy_user, "anna");
	T_STR(s->grant->banner, "hello anna");
	close_session();
	T_DO(open_session("a\nb"));
	T_STR(s->username, "a\\x0ab");
	close_session();
}

static void test_changed(void)
{
	static struct pairs p, after;
	struct ike_answer a;
	char detail[IKE_DETAIL_LEN];

	T_DO(open_session(""));
	pairs_init(&p);
	pairs_add(&p, "pool", "GUESTS");
	pairs_add(&p, "dns", "2001:db8::53");
	pairs_add(&p, "dns", "10.0.0.99");
	pairs_add(&p, "netmask", "");
	pairs_add(&p, "wins", "10.0.0.1");
	pairs_add(&p, "domain", "guests.example");
	pairs_add(&p, "split_dns", "guests.example");
	pairs_add(&p, "split_dns", "lab.example");
	pairs_add(&p, "backup_gateways", "192.0.2.7");
	pairs_add(&p, "banner", "welcome");
	pairs_add(&p, "session_lifetime", "600");
	pairs_add(&p, "idle_timeout", "300");
	pairs_add(&p, "subnets", "10.5.1.9/24");
	pairs_add(&p, "networks", "192.168.9.0/24");
	pairs_add(&p, "identity", "somebody.else"); /* not an attribute */
	for (uint64_t nth = 1; nth <= 2; nth++) {
		mem_fail_at(nth);
		T_EQ(attributes_apply(conf, &p, s, detail), ST_NOMEM);
		mem_fail_at(0);
		T_STR(s->pool4, "RA");
		T_STR(s->grant->banner, "");
	}
	T_EQ(attributes_apply(conf, &p, s, detail), ST_OK);
	pairs_init(&after);
	attributes_of(s, &after);
	T_STR(all_of(&after),
		"pool=GUESTS dns=2001:db8::53 dns=10.0.0.99 wins=10.0.0.1 domain=guests.example"
		" split_dns=guests.example split_dns=lab.example backup_gateways=192.0.2.7"
		" banner=welcome session_lifetime=600 idle_timeout=300 subnets=10.5.1.0/24 networks=192.168.9.0/24");
	session_assign(ss, &q, &a);
	T_EQ(a.status, ST_OK);
	T_STR(s->lease4->pool ? s->pool4 : "", "GUESTS");
	T_TRUE(a.grant.ip4.b[1] == 98);
	T_EQ(a.grant.n_remote, 2);
	close_session();
}

static void test_cleared(void)
{
	static const char *const names[] = {"pool", "netmask", "dns", "session_lifetime", "subnets",
		"wins", "domain", "split_dns", "backup_gateways", "banner", "networks", "pool6",
		"idle_timeout"};
	static struct pairs p;
	char detail[IKE_DETAIL_LEN];

	T_DO(open_session(""));
	pairs_init(&p);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		pairs_add(&p, names[i], "");
	T_EQ(attributes_apply(conf, &p, s, detail), ST_OK);
	pairs_init(&p);
	attributes_of(s, &p);
	T_STR(all_of(&p), "");
	close_session();
}

/* A wrong value changes nothing, not even what was right before it. */
static void test_refused(void)
{
	static const struct {
		const char *name, *value, *second, *detail;
	} rows[] = {
		{"pool", "NOWHERE", NULL, "a script chose pool NOWHERE, which is not configured"},
		{"pool6", "RA", NULL, "a script chose pool6 RA, which is not configured"},
		{"pool", "RA", "GUESTS", "a script gave more than one pool"},
		{"netmask", "255.0.255.0", NULL,
			"a script gave the netmask \"255.0.255.0\", which is none"},
		{"dns", "one", NULL, "a script gave dns \"one\", which is no address for it"},
		{"split_dns", "a.example,b.example", NULL,
			"a script gave split_dns \"a.example,b.example\", which is no name"},
		{"backup_gateways", "two words", NULL,
			"a script gave backup_gateways \"two words\", which is no name"},
		{"wins", "2001:db8::1", NULL,
			"a script gave wins \"2001:db8::1\", which is no address for it"},
		{"session_lifetime", "soon", NULL,
			"a script gave session_lifetime \"soon\": 0 to 31536000 seconds"},
		{"idle_timeout", "soon", NULL,
			"a script gave idle_timeout \"soon\": 0 to 31536000 seconds"},
		{"session_lifetime", "-1", NULL,
			"a script gave session_lifetime \"-1\": 0 to 31536000 seconds"},
		{"subnets", "10.0.0.0/33", NULL,
			"a script gave subnets \"10.0.0.0/33\", which is no network"},
	};
	static struct pairs p, before, after;

	T_DO(open_session(""));
	pairs_init(&before);
	attributes_of(s, &before);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char detail[IKE_DETAIL_LEN] = "";

		T_ROW(i, rows[i].name);
		pairs_init(&p);
		pairs_add(&p, "domain", "changed.example");
		pairs_add(&p, rows[i].name, rows[i].value);
		if (rows[i].second)
			pairs_add(&p, rows[i].name, rows[i].second);
		T_EQ(attributes_apply(conf, &p, s, detail), ST_HOOK_FAILED);
		T_STR(detail, rows[i].detail);
		pairs_init(&after);
		attributes_of(s, &after);
		T_EQ(after.n, before.n);
		T_TRUE(pairs_get(&after, "domain") == NULL);
	}
	close_session();
}

static void test_too_many(void)
{
	static const struct {
		const char *name;
		unsigned max;
		const char *form;
	} rows[] = {{"dns", 8, "10.0.0.%u"}, {"wins", 2, "10.0.0.%u"}, {"subnets", 32, "10.%u.0.0/16"},
		{"networks", 14, "10.%u.0.0/16"}};
	static struct pairs p;
	char detail[IKE_DETAIL_LEN], value[32];

	T_DO(open_session(""));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].name);
		pairs_init(&p);
		for (unsigned k = 0; k <= rows[i].max; k++) {
			if (k == rows[i].max)
				T_EQ(attributes_apply(conf, &p, s, detail), ST_OK);
			snprintf(value, sizeof(value), rows[i].form, k + 1);
			pairs_add(&p, rows[i].name, value);
		}
		T_EQ(attributes_apply(conf, &p, s, detail), ST_HOOK_FAILED);
	}
	close_session();
}

int main(void)
{
	T_RUN(test_shown);
	T_RUN(test_named);
	T_RUN(test_changed);
	T_RUN(test_cleared);
	T_RUN(test_refused);
	T_RUN(test_too_many);
	return t_end();
}
