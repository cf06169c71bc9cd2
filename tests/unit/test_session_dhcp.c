/* Sessions whose IPv4 address is lent by a DHCP server: who asks, what it takes, when it is renewed, and the record. */
#include "core/base/hash.h"
#include "core/aaa/attrs.h"
#include "core/session/assign.h"
#include "core/session/dhcp_lease.h"
#include "core/session/wait.h"
#include "tests/unit/session_lab.h"

#define UTC 1700000000000ull /* at monotonic 0 */

static const struct hash_key key = {3, 4};
static uint64_t clock_ms = UTC;

static struct snapshot *conf(void)
{
	struct snapshot *c = lab_snapshot();
	struct authz_policy *a = lab_authz(c, "RA"), *both = lab_authz(c, "BOTH");
	struct ike_profile *p;
	struct iface *lo = lab_iface(c, IFACE_LOOPBACK, 1, "Loopback1");

	lab_iface(c, IFACE_TEMPLATE, 1, "Virtual-Template1");
	lo->ip = lab_prefix("10.200.0.1/32");
	lab_list(c, "LOCAL", "local");
	lab_profile(c, "RA", 1, "LOCAL", "RA")->reconnect_s = 1800;
	lab_profile(c, "BOTH", 1, "LOCAL", "BOTH");
	lab_pool4(c, "P", "10.99.0.10", "10.99.0.10");
	a->dhcp_server = both->dhcp_server = lab_str(c, "dhcp.corp.example");
	a->netmask = lab_addr("255.0.0.0");
	a->dhcp_giaddr = lab_addr("10.200.0.1");
	a->pool6 = lab_str(c, "P6");
	lab_pool6(c, "P6", "2001:db8::/120", 128);
	both->pool = lab_str(c, "P");
	lab_list(c, "R", "group SERVERS");
	p = lab_profile(c, "R", 1, "R", NULL);
	p->user[AAA_PSK].list = p->group[AAA_PSK].list;
	lab_profile(c, "MIXED", 1, "LOCAL", "RA")->user[AAA_PSK].list = lab_str(c, "R");
	return c;
}

static struct sessions *sessions_of(struct snapshot *c)
{
	struct sessions *ss = sessions_new(c, &key);

	if (!ss)
		abort();
	snapshot_unref(c);
	return ss;
}

/* Authorized, with what RADIUS says, and asks for IPv4; *q is the question for an address. */
static struct session *arrive_with(struct sessions *ss, const char *profile, const struct session_ask *said, struct ike_question *q)
{
	static uint64_t sa = 1000;
	static uint8_t random[10];
	struct ike_answer a;

	sa++;
	*q = (struct ike_question){.kind = ASK_AUTHORIZE, .sa = sa};
	snprintf(q->profile, sizeof(q->profile), "%s", profile);
	q->peer_id.type = 3;
	q->peer_id.len = (uint16_t)snprintf((char *)q->peer_id.bytes, sizeof(q->peer_id.bytes), "anna@corp.example");
	q->remote = (struct endpoint){0, lab_addr("198.51.100.7"), (uint16_t)(4500 + sa)};
	random[0]++;
	session_authorize(ss, &(struct session_ask){q, clock_ms++, random, said->cached, said->user, said->group}, &a);
	q->kind = ASK_ADDRESS;
	q->session = a.session;
	q->wants_ip4 = true;
	return a.status == ST_OK ? session_find(ss, &a.session) : NULL;
}

static struct session *arrive(struct sessions *ss, const char *profile, struct ike_question *q)
{
	return arrive_with(ss, profile, &(struct session_ask){0}, q);
}

static void up(struct sessions *ss, struct session *s, const struct ike_question *q)
{
	session_up(ss, s, &(struct ike_commit){.sa = s->sa, .local = q->local, .remote = q->remote, .spi_in = 7}, clock_ms);
}

static struct dhcp_reply reply_of(const char *addr)
{
	return (struct dhcp_reply){.type = DHCP_ACK, .yiaddr = lab_addr(addr), .server_id = lab_addr("10.99.2.2"), .mask_len = 23,
		.n_dns = 1, .dns = {lab_addr("10.99.2.88")}, .lease_s = 1000};
}

static enum status take(struct sessions *ss, struct session *s, const char *addr)
{
	struct dhcp_reply r = reply_of(addr);
	struct dhcp_grant g = {&r, lab_addr("10.200.0.1"), 5000, UTC + 5000};

	return dhcp_lease_take(ss, s, &g);
}

static void the_servers_address(void)
{
	struct sessions *ss = sessions_of(conf());
	struct ike_question q;
	struct ike_answer a;
	struct session *s = arrive(ss, "RA", &q);
	struct lease_pool_info pool;
	size_t cursor = 0;

	T_TRUE(s && dhcp_lease_is_used(s) && dhcp_lease_asker(ss, &q) == s);
	T_STR(s->pool4, "dhcp dhcp.corp.example");
	T_EQ(s->dhcp->timeout_s, SESSION_DHCP_TIMEOUT_S);
	T_EQ(take(ss, s, "10.200.0.50"), ST_OK);
	T_TRUE(dhcp_lease_asker(ss, &q) == NULL); /* asked again, it has one */
	session_assign(ss, &q, &a);
	T_EQ(a.status, ST_OK);
	T_STR(lab_text(&a.grant.ip4), "10.200.0.50");
	T_EQ(a.grant.ip4_mask_len, 23); /* not the policy's */
	T_TRUE(a.grant.n_dns == 1 && a.grant.allows_ip4);
	T_STR(lab_text(&a.grant.dns[0]), "10.99.2.88");
	up(ss, s, &q);
	T_EQ(s->orphaned, 0);
	T_TRUE(sessions_next_pool(ss, &cursor, &pool));
	T_TRUE(pool.is_dhcp && !pool.is_gone && pool.in_use == 1 && pool.outside == 0 && pool.taken == 1 && pool.peak == 1);
	T_TRUE(session_find_addr(ss, "", &a.grant.ip4) == s);
	session_end(ss, s);
	cursor = 0;
	T_TRUE(sessions_next_pool(ss, &cursor, &pool) && pool.in_use == 0 && pool.peak == 1);
	sessions_free(ss);
}

static void dns_of_the_policy_first(void)
{
	struct snapshot *c = conf();
	struct ike_question q;
	struct ike_answer a;

	((struct authz_policy *)(uintptr_t)snapshot_authz(c, "RA"))->dns[0] = lab_addr("10.0.0.53");
	struct sessions *ss = sessions_of(c);
	struct session *s = arrive(ss, "RA", &q);
	T_EQ(take(ss, s, "10.200.0.50"), ST_OK);
	session_assign(ss, &q, &a);
	T_TRUE(a.grant.n_dns == 1);
	T_STR(lab_text(&a.grant.dns[0]), "10.0.0.53");
	sessions_free(ss);
}

/* R-MCF-12: also when it is exhausted. */
static void a_pool_comes_first(void)
{
	struct sessions *ss = sessions_of(conf());
	struct ike_question q;
	struct ike_answer a;
	struct session *s = arrive(ss, "BOTH", &q);

	T_TRUE(!dhcp_lease_is_used(s) && dhcp_lease_asker(ss, &q) == NULL);
	session_assign(ss, &q, &a);
	T_EQ(a.status, ST_OK);
	up(ss, s, &q);
	s = arrive(ss, "BOTH", &q);
	q.peer_id.bytes[0] = 'b';
	T_TRUE(dhcp_lease_asker(ss, &q) == NULL);
	session_assign(ss, &q, &a);
	T_EQ(a.status, ST_POOL_EXHAUSTED);
	sessions_free(ss);
}

static void nothing_from_the_server(void)
{
	struct sessions *ss = sessions_of(conf());
	struct ike_question q;
	struct ike_answer a;
	struct session *s = arrive(ss, "RA", &q);

	session_assign(ss, &q, &a);
	T_EQ(a.status, ST_NO_ADDRESS);
	dhcp_lease_failed(s, ST_DHCP_TIMEOUT, "it sleeps", 5000);
	session_assign(ss, &q, &a);
	T_EQ(a.status, ST_DHCP_TIMEOUT);
	T_STR(a.detail, "it sleeps");
	T_EQ(status_notify(a.status), 36);
	/* Who wants both families gets the one that there is. */
	q.wants_ip6 = true;
	session_assign(ss, &q, &a);
	T_TRUE(a.status == ST_OK && a.grant.ip4.family == 0 && a.grant.ip4_mask_len == 0 && a.grant.ip6.family == 6);
	sessions_free(ss);
}

static void somebody_has_it(void)
{
	struct sessions *ss = sessions_of(conf());
	struct ike_question q, q2;
	struct session *s = arrive(ss, "RA", &q), *other = arrive(ss, "RA", &q2);

	T_EQ(take(ss, s, "10.200.0.1"), ST_EXISTS); /* ours */
	T_EQ(take(ss, s, "10.200.0.50"), ST_OK);
	T_EQ(take(ss, other, "10.200.0.50"), ST_EXISTS); /* though it is the same peer */
	T_TRUE(!other->lease4 && !other->dhcp->is_bound);
	T_EQ(take(ss, other, "10.200.0.51"), ST_OK);
	sessions_free(ss);
}

static void the_host_has_it(void)
{
	struct sessions *ss = sessions_of(conf());
	struct addr a = lab_addr("10.200.0.50");
	struct ike_question q;
	struct session *s = arrive(ss, "RA", &q);

	T_EQ(sessions_set_host(ss, "", &a, 1), ST_OK);
	T_EQ(take(ss, s, "10.200.0.50"), ST_EXISTS);
	T_EQ(sessions_set_host(ss, "", NULL, 0), ST_OK);
	T_EQ(take(ss, s, "10.200.0.50"), ST_OK);
	sessions_free(ss);
}

/* Each session of a peer is a client of its own, and always the same one. */
static void clients_of_the_server(void)
{
	struct sessions *ss = sessions_of(conf());
	struct ike_question q, q2, q3;
	struct dhcp_who one, two, again;
	struct session *s = arrive(ss, "RA", &q), *other;

	T_TRUE(dhcp_lease_asker(ss, &q) == s);
	dhcp_lease_who(s, &one);
	T_STR(one.host_name, "anna");
	s->dhcp->is_asked = true;
	other = arrive(ss, "RA", &q2);
	T_TRUE(dhcp_lease_asker(ss, &q2) == other && other->dhcp->number == 1);
	dhcp_lease_who(other, &two);
	T_TRUE(memcmp(one.client_id, two.client_id, sizeof(one.client_id)) != 0);
	T_TRUE(memcmp(one.hardware, two.hardware, sizeof(one.hardware)) != 0);
	session_end(ss, s);
	s = arrive(ss, "RA", &q3);
	T_TRUE(dhcp_lease_asker(ss, &q3) == s && s->dhcp->number == 0);
	dhcp_lease_who(s, &again);
	T_MEM(one.client_id, again.client_id, sizeof(one.client_id));
	T_EQ(text_set(&s->profile, "OTHER"), ST_OK);
	dhcp_lease_who(s, &again);
	T_TRUE(memcmp(one.client_id, again.client_id, sizeof(one.client_id)) != 0);
	sessions_free(ss);
}

/* RFC 4478: the same way, the same lease; nobody is asked. */
static void authenticates_again(void)
{
	struct sessions *ss = sessions_of(conf());
	struct ike_question q, q2;
	struct ike_answer a;
	struct session *s = arrive(ss, "RA", &q), *next;

	T_EQ(take(ss, s, "10.200.0.50"), ST_OK);
	session_assign(ss, &q, &a);
	up(ss, s, &q);
	next = arrive(ss, "RA", &q2);
	next->remote = s->remote;
	T_TRUE(dhcp_lease_asker(ss, &q2) == NULL);
	session_assign(ss, &q2, &a);
	T_EQ(a.status, ST_OK);
	T_TRUE(next->lease4 == s->lease4 && next->lease4->holders == 2);
	T_TRUE(next->dhcp->is_bound && next->dhcp->end_ms == s->dhcp->end_ms && a.grant.ip4_mask_len == 23);
	session_end(ss, s);
	T_EQ(next->lease4->holders, 1);
	sessions_free(ss);
}

static void times(void)
{
	static const struct {
		const char *name;
		uint32_t lease, t1, t2;
		uint64_t t1_ms, t2_ms, end_ms;
	} rows[] = {
		{"nothing said", 1000, 0, 0, 505000, 880000, 1005000},
		{"all said", 1000, 100, 200, 105000, 205000, 1005000},
		{"T2 at the end", 1000, 100, 1000, 105000, 880000, 1005000},
		{"T1 behind T2", 1000, 300, 200, 205000, 205000, 1005000},
		{"T2 early, no T1", 1000, 0, 200, 205000, 205000, 1005000},
		{"for ever", DHCP_FOR_EVER, 5, 6, SESSION_DHCP_NEVER, SESSION_DHCP_NEVER, SESSION_DHCP_NEVER},
		{"almost", DHCP_FOR_EVER - 1, 0, 0, 2147483652000ull, 3758096387000ull, 4294967299000ull},
	};
	struct sessions *ss = sessions_of(conf());
	struct ike_question q;
	struct session *s = arrive(ss, "RA", &q);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dhcp_reply r = reply_of("10.200.0.50");
		struct dhcp_grant g = {&r, lab_addr("10.200.0.1"), 5000, UTC + 5000};

		T_ROW(i, rows[i].name);
		r.lease_s = rows[i].lease;
		r.t1_s = rows[i].t1;
		r.t2_s = rows[i].t2;
		dhcp_lease_renewed(s, &g);
		T_EQ(s->dhcp->t1_ms, rows[i].t1_ms);
		T_EQ(s->dhcp->t2_ms, rows[i].t2_ms);
		T_EQ(s->dhcp->end_ms, rows[i].end_ms);
	}
	sessions_free(ss);
}

static void due(void)
{
	struct sessions *ss = sessions_of(conf());
	struct ike_question q;
	struct session *s = arrive(ss, "RA", &q);

	T_EQ(dhcp_lease_due(s, 99999999), DHCP_DUE_NOTHING); /* it has none */
	T_EQ(take(ss, s, "10.200.0.50"), ST_OK); /* 505, 880, 1005 s */
	T_EQ(dhcp_lease_due(s, 504999), DHCP_DUE_NOTHING);
	T_EQ(dhcp_lease_due(s, 505000), DHCP_DUE_RENEW);
	s->dhcp->is_asked = true;
	T_EQ(dhcp_lease_due(s, 505000), DHCP_DUE_NOTHING);
	s->dhcp->is_asked = false;
	/* Half of what is left until T2, then of what is left at all; a minute at least, but T2 is not missed. */
	dhcp_lease_failed(s, ST_DHCP_TIMEOUT, "", 510000);
	T_EQ(s->dhcp->next_ms, 695000);
	T_EQ(dhcp_lease_due(s, 694999), DHCP_DUE_NOTHING);
	T_EQ(dhcp_lease_due(s, 695000), DHCP_DUE_RENEW);
	dhcp_lease_failed(s, ST_DHCP_TIMEOUT, "", 800000);
	T_EQ(s->dhcp->next_ms, 860000);
	dhcp_lease_failed(s, ST_DHCP_TIMEOUT, "", 870000);
	T_EQ(s->dhcp->next_ms, 880000);
	T_EQ(dhcp_lease_due(s, 880000), DHCP_DUE_REBIND);
	dhcp_lease_failed(s, ST_DHCP_TIMEOUT, "", 884000);
	T_EQ(s->dhcp->next_ms, 944500);
	dhcp_lease_failed(s, ST_DHCP_TIMEOUT, "", 1000000);
	T_EQ(s->dhcp->next_ms, 1002501);
	T_EQ(dhcp_lease_due(s, 1004999), DHCP_DUE_REBIND);
	T_EQ(dhcp_lease_due(s, 1005000), DHCP_DUE_END);
	sessions_free(ss);
}

static void frozen(void)
{
	struct sessions *ss = sessions_of(conf()), *later = sessions_of(conf());
	uint8_t rec[SESSION_FROZEN_MAX], again[SESSION_FROZEN_MAX];
	struct ike_question q;
	struct ike_answer a;
	struct session *s = arrive(ss, "RA", &q), *back;
	struct lease_pool_info pool;
	struct dhcp_who one, two;
	size_t cursor = 0, len;

	T_EQ(take(ss, s, "10.200.0.50"), ST_OK);
	session_assign(ss, &q, &a);
	up(ss, s, &q);
	len = session_freeze(s, rec, sizeof(rec));
	T_TRUE(len > 0);
	T_EQ(session_thaw(later, (struct view){rec, len}, &back), ST_OK);
	T_EQ(session_freeze(back, again, sizeof(again)), len);
	T_MEM(rec, again, len);
	T_TRUE(back->lease4 && dhcp_lease_is_used(back) && back->orphaned == 0);
	T_EQ(dhcp_lease_due(back, 505000), DHCP_DUE_RENEW);
	dhcp_lease_who(s, &one);
	dhcp_lease_who(back, &two);
	T_MEM(&one, &two, sizeof(one));
	/* Thawing is no new lease. */
	T_TRUE(sessions_next_pool(later, &cursor, &pool) && pool.is_dhcp && pool.in_use == 1 && pool.taken == 0);
	/* Nobody else is given the address. */
	T_EQ(take(later, arrive(later, "RA", &q), "10.200.0.50"), ST_EXISTS);
	/* Its policy is gone: it stays, and is renewed. */
	struct snapshot *bare = lab_snapshot();
	T_EQ(sessions_set_conf(later, bare), ST_OK);
	snapshot_unref(bare);
	T_EQ(dhcp_lease_due(back, 505000), DHCP_DUE_RENEW);
	sessions_free(later);
	sessions_free(ss);
}

/* Every allocation of a login fails once. */
static void no_memory(void)
{
	struct sessions *ss = sessions_of(conf());
	struct ike_question q;
	struct ike_answer a;

	for (uint64_t nth = 1; nth < 40; nth++) {
		mem_fail_at(nth);
		struct session *s = arrive(ss, "RA", &q);
		enum status st = s ? take(ss, s, "10.200.0.50") : ST_NOMEM;
		if (st == ST_OK)
			session_assign(ss, &q, &a);
		mem_fail_at(0);
		T_TRUE(st == ST_OK || st == ST_NOMEM);
		T_TRUE(!s || st == ST_OK || (!s->lease4 && !s->dhcp->is_bound));
		if (s)
			session_end(ss, s);
	}
	sessions_free(ss);
	T_EQ(mem_live(), 0);
}

/* ---- RADIUS ----------------------------------------------------------------------------------- */

#define LIST(...) (const char *const[]){__VA_ARGS__, NULL}
#define NOTHING   (const char *const[]){NULL}

/* Of pairs as in cisco-avpair; NULL: not given. */
static struct aaa_set *set_of(const char *const *pairs)
{
	struct aaa_set *s = pairs ? aaa_set_new() : NULL;
	char why[AAA_WHY];

	for (size_t i = 0; pairs && pairs[i]; i++) {
		char name[AAA_NAME];
		const char *eq = strchr(pairs[i], '=');
		snprintf(name, sizeof(name), "%.*s", (int)(eq - pairs[i]), pairs[i]);
		if (aaa_pair_put(s, AAA_OF_ACCEPT, &(struct aaa_pair){name, eq + 1}, why) != AAA_TAKEN)
			abort();
	}
	return s;
}

/* Server, giaddr and time come from policies and RADIUS by the rules of all values; where the address comes from is
 * R-MCF-12. */
static void sources(void)
{
	const struct {
		const char *name, *profile;
		const char *const *user, *const *group;
		const char *from; /* pool4 */
		const char *giaddr;
		uint32_t timeout_s;
	} rows[] = {
		{"the policy alone", "RA", NULL, NULL, "dhcp dhcp.corp.example", "10.200.0.1", 8},
		{"RADIUS alone", "R", LIST("ipsec:group-dhcp-server=10.0.0.9", "ipsec:dhcp-timeout=30"), NOTHING, "dhcp 10.0.0.9", "", 30},
		{"both of RADIUS", "R", LIST("ipsec:dhcp-giaddr=10.0.0.2"),
			LIST("ipsec:group-dhcp-server=a.example", "ipsec:dhcp-giaddr=10.0.0.3", "ipsec:dhcp-timeout=5"), "dhcp a.example",
			"10.0.0.2", 5},
		{"the user over the policy", "MIXED", LIST("ipsec:group-dhcp-server=b.example"), NULL, "dhcp b.example", "10.200.0.1", 8},
		{"a time that is too long", "MIXED", LIST("ipsec:dhcp-timeout=300"), NULL, "dhcp dhcp.corp.example", "10.200.0.1", 50},
		{"no server", "R", LIST("ipsec:dhcp-giaddr=10.0.0.2"), NOTHING, "", NULL, 0},
		{"a pool of RADIUS", "MIXED", LIST("ip:addr-pool=P"), NULL, "P", NULL, 0},
		{"an address of his own", "MIXED", LIST("ip:addr=10.1.1.1"), NULL, "", NULL, 0},
		{"one that is not there", "MIXED", LIST("ip:addr=10.200.0.1"), NULL, "", NULL, 0},
		{"any address", "MIXED", LIST("ip:addr=255.255.255.254"), NULL, "dhcp dhcp.corp.example", "10.200.0.1", 8},
	};
	struct sessions *ss = sessions_of(conf());

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct aaa_set *user = set_of(rows[i].user), *group = set_of(rows[i].group);
		struct ike_question q;
		struct session *s = arrive_with(ss, rows[i].profile, &(struct session_ask){.user = user, .group = group}, &q);

		T_ROW(i, rows[i].name);
		aaa_set_free(user);
		aaa_set_free(group);
		T_TRUE(s != NULL);
		T_STR(s->pool4, rows[i].from);
		T_EQ(dhcp_lease_is_used(s), rows[i].timeout_s != 0);
		T_EQ(dhcp_lease_asker(ss, &q) == s, rows[i].timeout_s != 0);
		if (rows[i].timeout_s) {
			T_EQ(s->dhcp->timeout_s, rows[i].timeout_s);
			T_STR(s->dhcp->giaddr.family ? lab_text(&s->dhcp->giaddr) : "", rows[i].giaddr);
			T_STR(s->dhcp->server, rows[i].from + 5);
		}
		session_end(ss, s);
	}
	sessions_free(ss);
}

/* What cannot be had of his own is no reason to ask a server, and neither is an address of one shared with it. */
static void one_owner(void)
{
	struct sessions *ss = sessions_of(conf());
	struct aaa_set *own = set_of(LIST("ip:addr=10.200.0.50")), *ours = set_of(LIST("ip:addr=10.200.0.1")), *none = set_of(NOTHING);
	const struct session_ask with_none = {.user = none}, with_own = {.user = own}, with_ours = {.user = ours};
	struct ike_question q;
	struct ike_answer a;
	struct session *s = arrive_with(ss, "MIXED", &with_ours, &q), *t;

	T_TRUE(dhcp_lease_asker(ss, &q) == NULL);
	session_assign(ss, &q, &a);
	T_EQ(a.status, ST_NO_ADDRESS);
	T_TRUE(strstr(a.detail, "is an address of this gateway"));
	session_end(ss, s);
	/* The server's first. */
	s = arrive_with(ss, "MIXED", &with_none, &q);
	T_EQ(take(ss, s, "10.200.0.50"), ST_OK);
	session_assign(ss, &q, &a);
	up(ss, s, &q);
	t = arrive_with(ss, "MIXED", &with_own, &q);
	session_assign(ss, &q, &a);
	T_EQ(a.status, ST_NO_ADDRESS);
	T_STR(a.detail, "10.200.0.50, which is the user's own, is lent by dhcp dhcp.corp.example");
	T_TRUE(s->lease4->holders == 1 && !t->lease4);
	session_end(ss, t);
	session_end(ss, s);
	/* His own first. */
	t = arrive_with(ss, "MIXED", &with_own, &q);
	session_assign(ss, &q, &a);
	T_EQ(a.status, ST_OK);
	up(ss, t, &q);
	s = arrive_with(ss, "MIXED", &with_none, &q);
	T_EQ(take(ss, s, "10.200.0.50"), ST_EXISTS);
	/* A pool's. */
	struct session *p = arrive(ss, "BOTH", &q);
	session_assign(ss, &q, &a);
	T_STR(lab_text(&a.grant.ip4), "10.99.0.10");
	T_EQ(take(ss, s, "10.99.0.10"), ST_EXISTS);
	session_end(ss, p);
	T_EQ(take(ss, s, "10.99.0.10"), ST_OK);
	p = arrive(ss, "BOTH", &q);
	session_assign(ss, &q, &a);
	T_EQ(a.status, ST_POOL_EXHAUSTED);
	aaa_set_free(own);
	aaa_set_free(ours);
	aaa_set_free(none);
	sessions_free(ss);
}

/* ---- waiting ---------------------------------------------------------------------------------- */

static struct ike_question by_token(const struct session *s, uint64_t sa)
{
	struct ike_question q = {.kind = ASK_AUTHORIZE, .sa = sa, .by_token = true, .wants_ip4 = true};
	char id[TOKEN_ID_TEXT];

	q.remote = (struct endpoint){0, lab_addr("203.0.113.5"), 1024};
	q.peer_id = (struct ike_id){.type = 11, .len = (uint16_t)token_id_put(&s->ulid, id)};
	memcpy(q.peer_id.bytes, id, q.peer_id.len);
	return q;
}

/* It keeps its lease, which is renewed, and has it when its client is back, who is asked nothing. */
static void waits_and_comes_back(void)
{
	struct sessions *ss = sessions_of(conf());
	struct ike_question q, q2;
	struct ike_answer a;
	struct session *s = arrive(ss, "RA", &q), *other;
	struct dhcp_reply r = reply_of("10.200.0.50");

	T_EQ(take(ss, s, "10.200.0.50"), ST_OK);
	session_assign(ss, &q, &a);
	up(ss, s, &q);
	s->has_token = true;
	session_wait(ss, s, clock_ms);
	T_EQ(dhcp_lease_due(s, 505000), DHCP_DUE_RENEW);
	dhcp_lease_renewed(s, &(struct dhcp_grant){&r, lab_addr("10.200.0.1"), 505000, UTC + 505000});
	T_EQ(dhcp_lease_due(s, 1005000), DHCP_DUE_RENEW);
	T_EQ(dhcp_lease_due(s, 1505000), DHCP_DUE_END);
	/* The same user from anew is another client of the server, and does not get it. */
	other = arrive(ss, "RA", &q2);
	T_TRUE(dhcp_lease_asker(ss, &q2) == other && other->dhcp->number == 1);
	T_EQ(take(ss, other, "10.200.0.50"), ST_EXISTS);
	q = by_token(s, 77);
	session_resume(ss, &q, clock_ms, &a);
	T_EQ(a.status, ST_OK);
	q.kind = ASK_ADDRESS;
	q.session = a.session;
	T_TRUE(dhcp_lease_asker(ss, &q) == NULL);
	session_assign(ss, &q, &a);
	T_EQ(a.status, ST_OK);
	T_STR(lab_text(&a.grant.ip4), "10.200.0.50");
	T_TRUE(a.grant.ip4_mask_len == 23 && a.grant.n_dns == 1);
	up(ss, s, &q);
	T_TRUE(s->lease4->holders == 1 && s->dhcp->is_bound);
	sessions_free(ss);
}

/* Without an IPv4 address it comes back without one. */
static void waits_without(void)
{
	struct sessions *ss = sessions_of(conf());
	struct ike_question q;
	struct ike_answer a;
	struct session *s = arrive(ss, "RA", &q);

	q.wants_ip4 = false;
	q.wants_ip6 = true;
	session_assign(ss, &q, &a);
	T_EQ(a.status, ST_OK);
	up(ss, s, &q);
	s->has_token = true;
	session_wait(ss, s, clock_ms);
	q = by_token(s, 78);
	session_resume(ss, &q, clock_ms, &a);
	q.session = a.session;
	T_TRUE(dhcp_lease_asker(ss, &q) == NULL);
	T_EQ(dhcp_lease_due(s, 99999999), DHCP_DUE_NOTHING);
	sessions_free(ss);
}

/* After a restart of the machine: the monotonic clock is another, and its record may be older than the last renewal. */
static void restored(void)
{
	static const struct {
		const char *name;
		uint32_t lease;
		uint64_t utc_ms, end_ms;
	} rows[] = {
		{"most of it is left", 1000, UTC + 105000, 2000 + 900000},
		{"little is left", 1000, UTC + 1000000, 2000 + 60000},
		{"it is over", 1000, UTC + 99000000, 2000 + 60000},
		{"for ever", DHCP_FOR_EVER, UTC + 99000000, SESSION_DHCP_NEVER},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sessions *ss = sessions_of(conf()), *later = sessions_of(conf());
		uint8_t rec[SESSION_FROZEN_MAX];
		struct ike_question q;
		struct session *s = arrive(ss, "RA", &q), *back;
		struct dhcp_reply r = reply_of("10.200.0.50");

		T_ROW(i, rows[i].name);
		r.lease_s = rows[i].lease;
		T_EQ(dhcp_lease_take(ss, s, &(struct dhcp_grant){&r, lab_addr("10.200.0.1"), 5000, UTC + 5000}), ST_OK);
		up(ss, s, &q);
		size_t len = session_freeze(s, rec, sizeof(rec));
		T_EQ(session_thaw(later, (struct view){rec, len}, &back), ST_OK);
		session_wait(later, back, rows[i].utc_ms);
		dhcp_lease_restored(back, 2000, rows[i].utc_ms);
		T_EQ(dhcp_lease_due(back, 2000), DHCP_DUE_REBIND);
		T_EQ(back->dhcp->end_ms, rows[i].end_ms);
		T_EQ(take(later, arrive(later, "RA", &q), "10.200.0.50"), ST_EXISTS);
		/* The way to the server may come up after us. */
		dhcp_lease_failed(back, ST_DHCP_TIMEOUT, "", 10000);
		T_EQ(dhcp_lease_due(back, 10000), DHCP_DUE_NOTHING);
		T_TRUE(back->dhcp->next_ms < back->dhcp->end_ms);
		dhcp_lease_renewed(back, &(struct dhcp_grant){&r, lab_addr("10.200.0.1"), 20000, rows[i].utc_ms});
		T_EQ(dhcp_lease_due(back, 20000), DHCP_DUE_NOTHING);
		sessions_free(ss);
		sessions_free(later);
	}
}

int main(void)
{
	T_RUN(the_servers_address);
	T_RUN(dns_of_the_policy_first);
	T_RUN(a_pool_comes_first);
	T_RUN(nothing_from_the_server);
	T_RUN(somebody_has_it);
	T_RUN(the_host_has_it);
	T_RUN(clients_of_the_server);
	T_RUN(authenticates_again);
	T_RUN(times);
	T_RUN(due);
	T_RUN(frozen);
	T_RUN(no_memory);
	T_RUN(sources);
	T_RUN(one_owner);
	T_RUN(waits_and_comes_back);
	T_RUN(waits_without);
	T_RUN(restored);
	return t_end();
}
