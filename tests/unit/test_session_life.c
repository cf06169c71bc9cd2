/* A session from the first question to its end: what it is granted, reload, freeze and thaw. */
#include <arpa/inet.h>

#include "core/base/hash.h"
#include "core/conf/match.h"
#include "core/session/assign.h"
#include "core/session/table.h"
#include "core/session/dhcp_lease.h"
#include "core/session/session.h"
#include "tests/unit/session_lab.h"

static const struct hash_key key = {3, 4};
static uint64_t clock_ms = 1700000000000ull;

/* Profile RA -> policy RA: everything at once. */
static struct snapshot *full_conf(void)
{
	struct snapshot *c = lab_snapshot();
	struct authz_policy *d = lab_authz(c, "default"), *a = lab_authz(c, "RA");
	struct iface *vt = lab_iface(c, IFACE_TEMPLATE, 1, "Virtual-Template1");

	d->route_set_interface = true;
	lab_iface(c, IFACE_LOOPBACK, 1, "Loopback1")->ip = lab_prefix("10.99.0.1/32");
	vt->unnumbered = lab_str(c, "Loopback1");
	lab_list(c, "LOCAL", "local");
	lab_profile(c, "RA", 1, "LOCAL", "RA");
	lab_profile(c, "PLAIN", 1, NULL, NULL);
	lab_pool4(c, "P", "10.99.0.10", "10.99.0.12");
	lab_pool6(c, "P6", "2001:db8:99::/126", 128);
	lab_acl(c, ACL_STANDARD, "LAN", true, "10.0.0.0/16");
	lab_acl(c, ACL_STANDARD, "LAN", false, "10.1.0.0/16");
	lab_acl(c, ACL_STANDARD, "LAN", true, "172.16.0.0/12");
	lab_acl(c, ACL_IPV6, "LAN6", true, "2001:db8:1::/48");
	a->pool = lab_str(c, "P");
	a->pool6 = lab_str(c, "P6");
	a->dns[0] = lab_addr("10.0.0.53");
	a->dns[1] = lab_addr("10.0.0.54");
	a->dns6[0] = lab_addr("2001:db8::53");
	a->wins[0] = lab_addr("10.0.0.1");
	a->netmask = lab_addr("255.255.255.0");
	a->def_domain = lab_str(c, "corp.example");
	a->banner = lab_str(c, "welcome");
	a->session_lifetime_s = 7200;
	a->route_set_interface = true;
	lab_push_str(c, &a->route_acls, "LAN");
	lab_push_str(c, &a->route_acls6, "LAN6");
	lab_remote(c, a, "192.168.7.0/24");
	lab_remote(c, a, "2001:db8:7::/48");
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

static struct ike_question question(uint64_t sa, const char *profile, const char *email)
{
	struct ike_question q = {.kind = ASK_AUTHORIZE, .sa = sa};

	snprintf(q.profile, sizeof(q.profile), "%s", profile);
	q.peer_id.type = 3;
	q.peer_id.len =
		(uint16_t)snprintf((char *)q.peer_id.bytes, sizeof(q.peer_id.bytes), "%s", email);
	q.local = (struct endpoint){0, lab_addr("192.0.2.1"), 4500};
	q.remote = (struct endpoint){0, lab_addr("198.51.100.7"), 4500};
	return q;
}

static struct ike_answer authorize(struct sessions *ss, const struct ike_question *q)
{
	static uint8_t random[10];
	struct ike_answer a;

	random[0]++;
	session_authorize(ss, &(struct session_ask){.q = q, .wall_ms = clock_ms++, .random = random}, &a);
	return a;
}

static struct ike_grant whole(const struct session *s)
{
	struct ike_grant g;

	grant_read(s->grant, &g);
	return g;
}

static bool same_grant(const struct ike_grant *g, const struct session *s)
{
	struct ike_grant other = whole(s);

	return memcmp(g, &other, sizeof(other)) == 0;
}

static struct ike_answer assign(
	struct sessions *ss, const struct ike_question *from, struct ulid id, bool ip4, bool ip6)
{
	struct ike_question q = *from;
	struct ike_answer a;

	q.kind = ASK_ADDRESS;
	q.session = id;
	q.wants_ip4 = ip4;
	q.wants_ip6 = ip6;
	session_assign(ss, &q, &a);
	return a;
}

/* Both questions and the commit; NULL when refused. */
static struct session *login(
	struct sessions *ss, uint64_t sa, const char *profile, const char *email)
{
	struct ike_question q = question(sa, profile, email);
	struct ike_answer a = authorize(ss, &q);
	struct ike_commit c = {
		.sa = sa, .local = q.local, .remote = q.remote, .spi_in = 0x1000 + (uint32_t)sa};

	if (a.status != ST_OK)
		return NULL;
	struct session *s = session_find(ss, &a.session);
	if (assign(ss, &q, a.session, true, true).status != ST_OK) {
		session_end(ss, s);
		return NULL;
	}
	session_up(ss, s, &c, 1000);
	return s;
}

static void everything_is_granted(void)
{
	struct sessions *ss = sessions_of(full_conf());
	struct ike_question q = question(5, "RA", "joe@corp.example");
	struct ike_answer a = authorize(ss, &q);

	T_EQ(a.kind, ASK_AUTHORIZE);
	T_EQ(a.status, ST_OK);
	T_STR(a.detail, "");
	struct session *s = session_find(ss, &a.session);
	T_TRUE(s && s == session_find_sa(ss, 5) && s->state == SESSION_PENDING);
	T_STR(s->username, "joe@corp.example");
	T_STR(s->policy, "RA");
	a = assign(ss, &q, a.session, true, true);
	T_EQ(a.kind, ASK_ADDRESS);
	T_EQ(a.status, ST_OK);
	const struct ike_grant *g = &a.grant;
	T_STR(lab_text(&g->ip4), "10.99.0.10");
	T_EQ(g->ip4_mask_len, 24);
	T_STR(lab_text(&g->ip6), "2001:db8:99::1");
	T_EQ(g->ip6_prefix_len, 128);
	T_EQ(g->n_dns, 3);
	T_STR(lab_text(&g->dns[1]), "10.0.0.54");
	T_STR(lab_text(&g->dns[2]), "2001:db8::53");
	T_EQ(g->n_nbns, 1);
	T_STR(g->def_domain, "corp.example");
	T_STR(g->banner, "welcome");
	T_EQ(g->session_lifetime_s, 7200);
	T_EQ(g->tun, 1);
	static const char *const subnets[] = {
		"10.99.0.1/32", "10.0.0.0/16", "172.16.0.0/12", "2001:db8:1::/48"};
	static const char *const remotes[] = {
		"10.99.0.10/32", "2001:db8:99::1/128", "192.168.7.0/24", "2001:db8:7::/48"};
	char text[PREFIX_TEXT];
	T_EQ(g->n_subnets, 4);
	T_EQ(g->n_remote, 4);
	for (int i = 0; i < 4; i++) {
		T_ROW(i, "network");
		T_STR(prefix_format(&g->subnets[i], text), subnets[i]);
		T_STR(prefix_format(&g->remote[i], text), remotes[i]);
	}
	/* Asked again: the same. */
	struct ike_answer b = assign(ss, &q, s->ulid, true, true);
	T_EQ(memcmp(&a.grant, &b.grant, sizeof(a.grant)), 0);
	T_TRUE(session_find_addr(ss, "", &g->ip4) == s && session_find_addr(ss, "", &g->ip6) == s);
	T_TRUE(session_find_addr(ss, "RED", &g->ip4) == NULL);
	session_end(ss, s);
	T_TRUE(session_find_addr(ss, "", &g->ip4) == NULL);
	T_EQ(sessions_count(ss), 0);
	sessions_free(ss);
}

/* What was asked for decides about addresses and the mask, and about nothing else (R-MCF-13..15).
 */
static void only_what_is_asked_for(void)
{
	static const struct {
		bool ip4, ip6;
		unsigned remotes;
		uint8_t mask;
	} rows[] = {{true, true, 4, 24}, {true, false, 3, 24}, {false, true, 3, 0},
		{false, false, 2, 0}};

	for (size_t i = 0; i < 4; i++) {
		struct sessions *ss = sessions_of(full_conf());
		struct ike_question q = question(1, "RA", "joe@corp.example");
		struct ike_answer a = authorize(ss, &q);
		a = assign(ss, &q, a.session, rows[i].ip4, rows[i].ip6);
		T_ROW(i, "asked");
		T_EQ(a.status, ST_OK);
		T_EQ(a.grant.ip4.family, rows[i].ip4 ? 4 : 0);
		T_EQ(a.grant.ip6.family, rows[i].ip6 ? 6 : 0);
		T_EQ(a.grant.ip4_mask_len, rows[i].mask);
		T_EQ(a.grant.n_remote, rows[i].remotes);
		T_EQ(a.grant.n_dns, 3);
		T_EQ(a.grant.n_subnets, 4);
		sessions_free(ss);
	}
}

/* Each refusal says what to do about it. */
static void refusals(void)
{
	struct snapshot *c = full_conf();
	struct authz_policy *a;

	lab_list(c, "RADIUS", "group SERVERS");
	lab_list(c, "OPEN", "none");
	lab_profile(c, "NO-TEMPLATE", 0, "LOCAL", "RA");
	lab_profile(c, "MISSING-TEMPLATE", 7, "LOCAL", "RA");
	lab_profile(c, "NO-LIST", 1, "NOWHERE", "RA");
	lab_profile(c, "NO-POLICY", 1, "LOCAL", "NOBODY");
	lab_profile(c, "BY-RADIUS", 1, "RADIUS", "RA");
	lab_profile(c, "BY-NONE", 1, "OPEN", "RA");
	lab_profile(c, "MANGLED", 1, "LOCAL", NULL)->group[AAA_PSK].mangler = lab_str(c, "M");
	lab_profile(c, "BY-ID", 1, "LOCAL", NULL);
	a = lab_authz(c, "BAD-ACL");
	lab_push_str(c, &a->route_acls, "NOPE");
	lab_profile(c, "ACL", 1, "LOCAL", "BAD-ACL");
	a = lab_authz(c, "BAD-POOL");
	a->pool = lab_str(c, "NOPOOL");
	lab_profile(c, "POOL", 1, "LOCAL", "BAD-POOL");
	a = lab_authz(c, "BAD-IFACE");
	a->route_set_interface = true;
	a->route_set_ifname = lab_str(c, "Loopback9");
	lab_profile(c, "IFACE", 1, "LOCAL", "BAD-IFACE");
	a = lab_authz(c, "MANY");
	lab_push_str(c, &a->route_acls, "MANY");
	for (int i = 0; i < 33; i++) {
		char net[20];
		snprintf(net, sizeof(net), "10.%d.0.0/16", i);
		lab_acl(c, ACL_STANDARD, "MANY", true, net);
	}
	lab_profile(c, "MANY", 1, "LOCAL", "MANY");
	a = lab_authz(c, "joe@corp.example");
	a->pool = lab_str(c, "P");
	static const struct {
		const char *profile;
		enum status authorized;
		enum status assigned;
		const char *words;
	} rows[] = {
		{"RA", ST_OK, ST_OK, ""},
		{"GONE", ST_NO_PROFILE, 0, "profile GONE is gone"},
		{"NO-TEMPLATE", ST_NOT_AUTHORIZED, 0, "no `virtual-template`"},
		{"MISSING-TEMPLATE", ST_NOT_AUTHORIZED, 0,
			"Virtual-Template7 of profile MISSING-TEMPLATE is not defined"},
		{"NO-LIST", ST_NOT_AUTHORIZED, 0, "`aaa authorization network NOWHERE ...`"},
		{"NO-POLICY", ST_NOT_AUTHORIZED, 0, "authorization policy NOBODY is not defined"},
		{"BY-RADIUS", ST_NOT_AUTHORIZED, 0, "RADIUS is not available"},
		{"BY-NONE", ST_OK, ST_NO_ADDRESS, "has no pool"},
		{"MANGLED", ST_NOT_AUTHORIZED, 0, "name-mangler M"},
		{"BY-ID", ST_OK, ST_OK, ""}, /* R-AZN-06 */
		{"ACL", ST_NOT_AUTHORIZED, 0, "standard access-list NOPE, which is not defined"},
		{"POOL", ST_OK, ST_NO_ADDRESS, "add `ip local pool NOPOOL FIRST LAST`"},
		{"IFACE", ST_NOT_AUTHORIZED, 0, "interface Loopback9, which is not defined"},
		{"MANY", ST_NOT_AUTHORIZED, 0, "more than 32 subnets"},
		{"PLAIN", ST_OK, ST_NO_ADDRESS,
			"authorization policy default has no pool: add `pool NAME` to it or name "
			"another"},
	};
	struct sessions *ss = sessions_of(c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ike_question q = question(i, rows[i].profile, "joe@corp.example");
		struct ike_answer r = authorize(ss, &q);
		T_ROW(i, rows[i].profile);
		T_EQ(r.status, rows[i].authorized);
		T_EQ(ulid_is_zero(&r.session), r.status != ST_OK);
		T_EQ(sessions_count(ss), r.status == ST_OK);
		if (r.status == ST_OK) {
			struct session *s = session_find(ss, &r.session);
			r = assign(ss, &q, r.session, true, false);
			T_EQ(r.status, rows[i].assigned);
			T_EQ(r.grant.ip4.family, r.status == ST_OK ? 4 : 0);
			session_end(ss, s);
		}
		if (!strstr(r.detail, rows[i].words) ||
			(r.detail[0] != 0) != (rows[i].words[0] != 0))
			T_FAIL("it says: %s", r.detail);
	}
	sessions_free(ss);
}

/* R-CFG-16: a list that is not there means `default`. R-CFG-03: no authorization, the default
 * policy, which may have a pool. `no crypto ikev2 authorization policy default`: nothing. */
static void defaults(void)
{
	struct snapshot *c = full_conf();

	lab_list(c, "default", "local");
	lab_profile(c, "TYPO", 1, "LOCALL", "RA");
	struct sessions *ss = sessions_of(c);
	T_TRUE(login(ss, 1, "TYPO", "a@corp.example") != NULL);
	T_TRUE(login(ss, 2, "PLAIN", "a@corp.example") == NULL);
	struct ike_question q = question(3, "PLAIN", "a@corp.example");
	struct ike_answer a = authorize(ss, &q);
	a = assign(ss, &q, a.session, false, false);
	T_EQ(a.status, ST_OK);
	T_EQ(a.grant.n_subnets, 1); /* route set interface */
	T_EQ(a.grant.n_remote, 0);
	sessions_free(ss);
	c = full_conf();
	c->authz[0].pool = lab_str(c, "P");
	ss = sessions_of(c);
	struct session *s = login(ss, 4, "PLAIN", "a@corp.example");
	T_TRUE(s != NULL);
	T_STR(s->policy, "default");
	T_TRUE(s->lease4 && !s->lease6); /* it asked for both, one can be had */
	sessions_free(ss);
	c = full_conf();
	c->authz[0].disabled = true;
	ss = sessions_of(c);
	q = question(5, "PLAIN", "a@corp.example");
	a = authorize(ss, &q);
	T_EQ(a.status, ST_OK);
	T_STR(session_find(ss, &a.session)->policy, "");
	a = assign(ss, &q, a.session, false, false);
	T_EQ(a.grant.n_subnets, 0);
	sessions_free(ss);
}

/* R-AZN-09, R-AZN-10: user over group, or group over user with `override`; networks add up; a user
 * without a policy has the group's. */
static void user_and_group(void)
{
	for (int override = 0; override < 2; override++) {
		struct snapshot *c = full_conf();
		struct authz_policy *u = lab_authz(c, "joe@corp.example");
		struct ike_profile *p = lab_profile(c, "BOTH", 1, "LOCAL", "RA");
		p->user[AAA_PSK].list = lab_str(c, "LOCAL");
		p->group[AAA_PSK].override = override;
		lab_pool4(c, "JOE", "10.50.0.1", "10.50.0.1");
		u->pool = lab_str(c, "JOE");
		u->def_domain = lab_str(c, "joe.example");
		lab_remote(c, u, "192.168.50.0/24");
		struct sessions *ss = sessions_of(c);
		struct session *s = login(ss, 1, "BOTH", "joe@corp.example");
		T_ROW(override, "override");
		T_TRUE(s != NULL);
		T_STR(s->policy_user, "joe@corp.example");
		T_STR(lab_text(&s->grant->ip4), override ? "10.99.0.10" : "10.50.0.1");
		T_STR(s->grant->def_domain, override ? "corp.example" : "joe.example");
		T_STR(s->grant->banner, "welcome");
		T_EQ(s->grant->n_remote, 5);
		s = login(ss, 2, "BOTH", "ann@corp.example");
		T_TRUE(s != NULL);
		T_STR(s->policy_user, "");
		T_EQ(s->grant->n_remote, 4);
		sessions_free(ss);
	}
}

static void initiator_sessions(void)
{
	struct snapshot *c = full_conf();
	void *tmp;
	struct ipsec_profile *ip =
		ARENA_PUSH(&c->arena, c->ipsec_profiles, c->ipsec_profile_count, tmp);
	struct iface *tu = lab_iface(c, IFACE_TUNNEL, 3, "Tunnel3");

	lab_profile(c, "CLIENT", 0, NULL, NULL);
	ip->name = lab_str(c, "IP");
	ip->ike_profile = lab_str(c, "CLIENT");
	tu->protection = lab_str(c, "IP");
	tu->vrf = lab_str(c, "RED");
	lab_vrf(c, "RED", 1);
	struct sessions *ss = sessions_of(c);
	struct ike_question q = question(1, "CLIENT", "hub@corp.example");
	q.we_are_initiator = true;
	q.hint_ip4 = lab_addr("10.99.0.10");
	struct ike_answer a = authorize(ss, &q);
	T_EQ(a.status, ST_OK);
	T_EQ(a.grant.tun, SESSION_TUN_TUNNEL + 3);
	struct session *s = session_find(ss, &a.session);
	T_STR(lab_text(&s->grant->ip4), "10.99.0.10");
	T_TRUE(!s->lease4);
	T_STR(s->ivrf, "RED");
	/* Our own pool is not touched by what a peer gave us. */
	struct session *other = login(ss, 2, "RA", "a@corp.example");
	T_STR(lab_text(&other->grant->ip4), "10.99.0.10");
	sessions_free(ss);
}

static void exhausted_and_partly_exhausted(void)
{
	struct sessions *ss = sessions_of(full_conf());
	char mail[40];

	for (unsigned i = 1; i <= 3; i++) {
		snprintf(mail, sizeof(mail), "u%u@corp.example", i);
		T_TRUE(login(ss, i, "RA", mail) != NULL);
	}
	struct ike_question q = question(4, "RA", "u4@corp.example");
	struct ike_answer a = authorize(ss, &q);
	struct ike_answer only4 = assign(ss, &q, a.session, true, false);
	T_EQ(only4.status, ST_POOL_EXHAUSTED);
	T_STR(only4.detail, "pool P is exhausted: 3 of 3 addresses in use");
	struct ike_answer both =
		assign(ss, &q, a.session, true, true); /* the fourth IPv6 address */
	T_EQ(both.status, ST_OK);
	T_EQ(both.grant.ip4.family, 0);
	T_EQ(both.grant.ip6.family, 6);
	struct ike_question q5 = question(5, "RA", "u5@corp.example");
	a = authorize(ss, &q5);
	a = assign(ss, &q5, a.session, true, true);
	T_EQ(a.status, ST_POOL_EXHAUSTED);
	T_TRUE(strstr(a.detail, "pool P is"));
	struct lease_pool_info i;
	size_t cursor = 0;
	T_TRUE(sessions_next_pool(ss, &cursor, &i));
	T_EQ(i.exhausted, 3);
	sessions_free(ss);
}

static void an_earlier_question_of_the_same_sa(void)
{
	struct sessions *ss = sessions_of(full_conf());
	struct ike_question q = question(1, "RA", "a@corp.example");
	struct ike_answer a = authorize(ss, &q), b;

	(void)assign(ss, &q, a.session, true, true);
	b = authorize(ss, &q);
	T_EQ(sessions_count(ss), 1);
	T_TRUE(session_find(ss, &a.session) == NULL);
	T_EQ(assign(ss, &q, a.session, true, true).status, ST_NOT_FOUND);
	struct ike_answer d = assign(ss, &q, b.session, true, true);
	T_STR(lab_text(&d.grant.ip4), "10.99.0.10");
	/* Forgotten by its SA: found by age. */
	T_TRUE(sessions_stale(ss, clock_ms - 60000) == NULL);
	T_TRUE(sessions_stale(ss, clock_ms + 1) == session_find(ss, &b.session));
	sessions_free(ss);
}

/* ---- reload --------------------------------------------------------------------------------- */

#define R_PROFILE 1u
#define R_POLICY  2u
#define R_POOL4   4u
#define R_POOL6   8u
#define R_SHRUNK  16u
#define R_VRF     32u
#define R_IFACE   64u

/* The configuration without some of its parts. */
static struct snapshot *conf_without(unsigned gone)
{
	struct snapshot *c = lab_snapshot();
	struct iface *vt =
		lab_iface(c, IFACE_TEMPLATE, gone & R_IFACE ? 2 : 1, "Virtual-Template1");

	lab_list(c, "LOCAL", "local");
	vt->vrf = lab_str(c, "RED");
	if (!(gone & R_VRF))
		lab_vrf(c, "RED", 1);
	if (!(gone & R_PROFILE))
		lab_profile(c, "RA", 1, "LOCAL", "RA");
	if (!(gone & R_POLICY)) {
		struct authz_policy *a = lab_authz(c, "RA");
		a->pool = lab_str(c, "P");
		a->pool6 = lab_str(c, "P6");
		a->def_domain = lab_str(c, gone ? "new.example" : "old.example");
	}
	if (gone & R_SHRUNK)
		lab_pool4(c, "P", "10.99.0.11", "10.99.0.11");
	else if (!(gone & R_POOL4))
		lab_pool4(c, "P", "10.99.0.10", "10.99.0.11");
	if (!(gone & R_POOL6))
		lab_pool6(c, "P6", "2001:db8:99::/126", 128);
	return c;
}

/* Removal x live session: it stays as it was, is marked, and its addresses stay its own. */
static void removals(void)
{
	static const struct {
		unsigned gone;
		unsigned orphaned;
		bool logs_in;    /* a second client after the reload */
		const char *ip4; /* what that one gets */
	} rows[] = {
		{0, 0, true, "10.99.0.11"},
		{R_PROFILE, ORPHAN_PROFILE, false, NULL},
		{R_POLICY, ORPHAN_AUTHZ, false, NULL},
		{R_POOL4, ORPHAN_POOL4, true, ""}, /* IPv6 alone */
		{R_POOL6, ORPHAN_POOL6, true, "10.99.0.11"},
		{R_POOL4 | R_POOL6, ORPHAN_POOL4 | ORPHAN_POOL6, false, NULL},
		{R_SHRUNK, ORPHAN_ADDRESS, true, "10.99.0.11"},
		{R_VRF, ORPHAN_VRF, true, "10.99.0.11"},
		{R_IFACE, ORPHAN_DEVICE, false, NULL},
		{R_PROFILE | R_POLICY | R_POOL4 | R_POOL6 | R_VRF,
			ORPHAN_PROFILE | ORPHAN_AUTHZ | ORPHAN_POOL4 | ORPHAN_POOL6 | ORPHAN_VRF,
			false, NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sessions *ss = sessions_of(conf_without(0));
		struct session *s = login(ss, 1, "RA", "a@corp.example");
		struct ike_grant before = whole(s);
		T_ROW(i, "removal");
		T_EQ(s->orphaned, 0);
		struct snapshot *c = conf_without(rows[i].gone);
		T_EQ(sessions_set_conf(ss, c), ST_OK);
		snapshot_unref(c);
		T_EQ(s->orphaned, rows[i].orphaned);
		T_TRUE(same_grant(&before, s));
		T_TRUE(session_find_addr(ss, "RED", &s->grant->ip4) == s);
		struct session *other = login(ss, 2, "RA", "b@corp.example");
		T_EQ(other != NULL, rows[i].logs_in);
		if (other) {
			T_STR(other->lease4 ? lab_text(&other->grant->ip4) : "", rows[i].ip4);
			T_STR(other->grant->def_domain,
				rows[i].gone ? "new.example" : "old.example");
			session_end(ss, other);
		}
		/* Back to what it was: no longer orphaned. */
		c = conf_without(0);
		T_EQ(sessions_set_conf(ss, c), ST_OK);
		snapshot_unref(c);
		T_EQ(s->orphaned, 0);
		session_end(ss, s);
		other = login(ss, 3, "RA", "a@corp.example");
		T_TRUE(addr_eq(&other->grant->ip4, &before.ip4));
		sessions_free(ss);
	}
}

/* Two sessions of one peer that came by the same way have the same addresses, until the last one ends:
 * RFC 4478, make before break. */
static void who_authenticates_again_keeps_the_addresses(void)
{
	struct sessions *ss = sessions_of(full_conf());
	struct session *old = login(ss, 1, "RA", "a@corp.example");
	struct session *again = login(ss, 2, "RA", "a@corp.example");
	struct addr ip4 = old->grant->ip4;
	struct ike_question q = question(3, "RA", "a@corp.example");
	struct lease_pool_info pool;

	T_TRUE(addr_eq(&again->grant->ip4, &ip4) && addr_eq(&again->grant->ip6, &old->grant->ip6));
	T_TRUE(again->lease4 == old->lease4 && again->lease6 == old->lease6);
	T_TRUE(session_find_addr(ss, "", &ip4) == again);
	for (size_t cursor = 0; sessions_next_pool(ss, &cursor, &pool);)
		T_EQ(pool.in_use, 1);
	/* From another port it may be another machine with the same name. */
	q.remote.port = 1024;
	struct ike_answer a = authorize(ss, &q);
	a = assign(ss, &q, a.session, true, true);
	T_EQ(a.status, ST_OK);
	T_TRUE(!addr_eq(&a.grant.ip4, &ip4) && !addr_eq(&a.grant.ip6, &old->grant->ip6));
	/* Somebody else does not get them, and the end of the older one changes nothing. */
	session_end(ss, old);
	T_TRUE(session_find_addr(ss, "", &ip4) == again);
	T_TRUE(!addr_eq(&login(ss, 4, "RA", "b@corp.example")->grant->ip4, &ip4));
	/* Both survive a death together. */
	struct session *third = login(ss, 5, "RA", "a@corp.example"), *t;
	uint8_t rec[2][SESSION_FROZEN_MAX];
	size_t len[2] = {session_freeze(again, rec[0], sizeof(rec[0])),
		session_freeze(third, rec[1], sizeof(rec[1]))};
	struct sessions *tt = sessions_of(full_conf());
	for (int i = 0; i < 2; i++)
		T_EQ(session_thaw(tt, (struct view){rec[i], len[i]}, &t), ST_OK);
	session_end(tt, session_find_sa(tt, 5));
	T_TRUE(session_find_addr(tt, "", &ip4) == session_find_sa(tt, 2));
	session_end(tt, session_find_sa(tt, 2));
	T_TRUE(session_find_addr(tt, "", &ip4) == NULL);
	sessions_free(tt);
	sessions_free(ss);
}

/* Users of EAP may say the same identity in IKE, from the same machine, too. */
static void another_user_does_not_get_the_addresses(void)
{
	struct sessions *ss = sessions_of(full_conf());
	struct addr got[3];

	for (uint64_t i = 0; i < 3; i++) {
		struct ike_question q = question(i + 1, "RA", "a@corp.example");

		snprintf(q.name, sizeof(q.name), "%s", i == 1 ? "bert" : "anna");
		struct ike_answer a = authorize(ss, &q);
		T_EQ(a.status, ST_OK);
		a = assign(ss, &q, a.session, true, false);
		T_EQ(a.status, ST_OK);
		got[i] = a.grant.ip4;
		session_up(ss, session_find_sa(ss, i + 1), &(struct ike_commit){.local = q.local, .remote = q.remote}, 1000);
	}
	T_TRUE(!addr_eq(&got[0], &got[1]));
	T_TRUE(addr_eq(&got[0], &got[2]));
	sessions_free(ss);
}

/* `route accept any` does not give a client what is lent to another. */
static void no_addresses_of_pools_are_announced(void)
{
	static const struct {
		const char *net;
		bool is_let_in;
	} rows[] = {{"10.99.0.12/32", false}, {"10.99.0.13/32", true}, {"10.99.0.0/24", true}, {"192.168.9.0/24", true},
		{"2001:db8:99::3/128", false}, {"2001:db8:99::4/128", true}, {"2001:db8:99::/64", true}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct snapshot *c = full_conf();
		struct ike_question q = question(1, "RA", "a@corp.example");
		bool is_there = false;

		T_ROW(i, rows[i].net);
		c->authz[1].route_accept = true;
		struct sessions *ss = sessions_of(c);
		q.n_subnets = 1;
		q.subnets[0] = lab_prefix(rows[i].net);
		T_EQ(authorize(ss, &q).status, ST_OK);
		struct ike_grant g = whole(session_find_sa(ss, 1));
		for (size_t k = 0; k < g.n_remote; k++)
			is_there |= prefix_eq(&g.remote[k], &q.subnets[0]);
		T_EQ(is_there, rows[i].is_let_in);
		sessions_free(ss);
	}
}

/* A policy is of the user of its name, not of one whose name only begins so. */
static void the_policy_of_a_long_name(void)
{
	for (int more = 0; more < 2; more++) {
		struct snapshot *c = full_conf();
		char name[65] = {0};

		memset(name, 'u', 63);
		lab_authz(c, name)->def_domain = lab_str(c, "theirs.example");
		for (size_t i = 0; i < c->profile_count; i++)
			c->profiles[i].user[AAA_PSK].list = lab_str(c, "LOCAL");
		struct sessions *ss = sessions_of(c);
		struct ike_question q = question(1, "RA", "a@corp.example");
		snprintf(q.name, sizeof(q.name), "%s%s", name, more ? "x" : "");
		T_ROW(more, NULL);
		T_EQ(authorize(ss, &q).status, ST_OK);
		struct ike_grant g = whole(session_find_sa(ss, 1));
		T_STR(g.def_domain, more ? "corp.example" : "theirs.example");
		sessions_free(ss);
	}
}

/* ---- freeze and thaw ------------------------------------------------------------------------ */

static void thawed_sessions_are_the_same(void)
{
	struct sessions *ss = sessions_of(full_conf()), *tt = sessions_of(full_conf());
	uint8_t rec[SESSION_FROZEN_MAX], again[SESSION_FROZEN_MAX];
	struct session *s = login(ss, 9, "RA", "a@corp.example"), *t;
	size_t len = session_freeze(s, rec, sizeof(rec));

	T_TRUE(len > 0);
	T_EQ(session_thaw(tt, (struct view){rec, len}, &t), ST_OK);
	T_EQ(session_freeze(t, again, sizeof(again)), len);
	T_MEM(rec, again, len);
	struct ike_grant before = whole(s);
	T_TRUE(same_grant(&before, t));
	T_TRUE(t == session_find(tt, &s->ulid) && t == session_find_sa(tt, 9));
	T_TRUE(t == session_find_addr(tt, "", &s->grant->ip4) &&
		t == session_find_addr(tt, "", &s->grant->ip6));
	T_TRUE(t == session_next_same(tt, s->peer_id, NULL));
	T_EQ(t->spi_in, 0x1000 + 9);
	T_EQ(t->orphaned, 0);
	T_EQ(session_thaw(tt, (struct view){rec, len}, &t), ST_EXISTS);
	struct session *other =
		login(tt, 10, "RA", "b@corp.example"); /* not the address of the thawed one */
	T_STR(lab_text(&other->grant->ip4), "10.99.0.11");
	/* Its record where somebody already has the address: refused, and the other family is free.
	 */
	struct sessions *uu = sessions_of(full_conf());
	T_TRUE(login(uu, 1, "RA", "c@corp.example") != NULL);
	T_EQ(session_thaw(uu, (struct view){rec, len}, &t), ST_EXISTS);
	T_EQ(sessions_count(uu), 1);
	/* Only the IPv6 address is taken: refused, and the IPv4 address is free as before. */
	struct sessions *ww = sessions_of(full_conf());
	struct ike_question q = question(1, "RA", "c@corp.example");
	struct ike_answer a = authorize(ww, &q);
	a = assign(ww, &q, a.session, false, true);
	T_TRUE(addr_eq(&a.grant.ip6, &s->grant->ip6));
	T_EQ(session_thaw(ww, (struct view){rec, len}, &t), ST_EXISTS);
	struct lease_pool_info pool;
	for (size_t cursor = 0; sessions_next_pool(ww, &cursor, &pool);)
		T_EQ(pool.in_use, pool.family == 6);
	sessions_free(ww);
	/* Where nothing of it is configured any more: orphaned, with its addresses. */
	struct sessions *vv = sessions_of(lab_snapshot());
	T_EQ(session_thaw(vv, (struct view){rec, len}, &t), ST_OK);
	T_EQ(t->orphaned,
		ORPHAN_PROFILE | ORPHAN_AUTHZ | ORPHAN_POOL4 | ORPHAN_POOL6 | ORPHAN_DEVICE);
	T_TRUE(t == session_find_addr(vv, "", &t->grant->ip4));
	session_end(vv, t);
	sessions_free(ss);
	sessions_free(tt);
	sessions_free(uu);
	sessions_free(vv);
}

static void the_largest_record_fits(void)
{
	struct ike_grant g = {0};
	struct session *s = session_new(), *t;
	uint8_t rec[SESSION_FROZEN_MAX];
	const char **const texts[] = {&s->profile, &s->policy, &s->policy_user, &s->pool4, &s->pool6, &s->ivrf, &s->acct_groups,
		&s->username, &s->user};
	static const size_t rooms[] = {SESSION_NAME, SESSION_NAME, SESSION_NAME, SESSION_NAME, SESSION_NAME, SESSION_NAME,
		SESSION_GROUPS, SESSION_USERNAME, IKE_ID_LEN};
	const struct ike_id id = {.type = 11, .len = IKE_ID_LEN};

	s->ulid.b[0] = 1;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char text[SESSION_USERNAME] = "";

		memset(text, 'x', rooms[i] - 1);
		T_EQ(text_set(texts[i], text), ST_OK);
	}
	memset(g.def_domain, 'd', sizeof(g.def_domain) - 1);
	memset(g.banner, 'b', sizeof(g.banner) - 1);
	T_EQ(kept_id_set(&s->peer_id, &id), ST_OK);
	s->local.addr = s->remote.addr = g.ip6 = lab_addr("2001:db8::1");
	g.ip4 = lab_addr("10.0.0.1");
	g.n_dns = 8;
	g.n_nbns = 2;
	g.n_subnets = 32;
	g.n_remote = IKE_TS_MAX;
	for (int i = 0; i < 32; i++)
		g.subnets[i] = lab_prefix("2001:db8::/128");
	for (int i = 0; i < IKE_TS_MAX; i++)
		g.remote[i] = lab_prefix("2001:db8::/128");
	for (int i = 0; i < 8; i++)
		g.dns[i] = lab_addr("2001:db8::1");
	g.nbns[0] = g.nbns[1] = lab_addr("10.0.0.1");
	T_EQ(grant_keep(&g, &s->grant), ST_OK);
	size_t len = session_freeze(s, rec, sizeof(rec));
	T_TRUE(len > 2000 && len < SESSION_FROZEN_MAX);
	for (size_t cap = 0; cap < len; cap += 7)
		T_EQ(session_freeze(s, rec, cap), 0);
	len = session_freeze(s, rec, sizeof(rec));
	struct sessions *ss = sessions_of(lab_snapshot());
	T_EQ(session_thaw(ss, (struct view){rec, len}, &t), ST_OK);
	T_TRUE(same_grant(&g, t));
	T_TRUE(strlen(t->acct_groups) == SESSION_GROUPS - 1 && strlen(t->username) == SESSION_USERNAME - 1 &&
		t->peer_id->len == IKE_ID_LEN);
	session_free(s);
	sessions_free(ss);
}

/* Sound records, of versions that mean something else by them. */
static void other_versions_are_refused(void)
{
	struct sessions *ss = sessions_of(full_conf()), *tt = sessions_of(full_conf());
	struct session *s = login(ss, 9, "RA", "a@corp.example"), *t;
	uint8_t rec[SESSION_FROZEN_MAX];

	for (uint8_t version = 0; version < 4; version++) {
		size_t len = session_freeze(s, rec, sizeof(rec));

		rec[3] = version;
		uint32_t crc = htonl(crc32c(0, rec, len - 4));
		memcpy(rec + len - 4, &crc, 4);
		T_ROW(version, "version");
		T_EQ(session_thaw(tt, (struct view){rec, len}, &t), version == 1 ? ST_OK : ST_BAD_VERSION);
	}
	T_EQ(sessions_count(tt), 1);
	sessions_free(ss);
	sessions_free(tt);
}

static void damaged_records_are_refused(void)
{
	struct sessions *ss = sessions_of(full_conf()), *tt = sessions_of(full_conf());
	struct session *s = login(ss, 9, "RA", "a@corp.example"), *t;
	uint8_t rec[SESSION_FROZEN_MAX];
	size_t len = session_freeze(s, rec, sizeof(rec));

	for (size_t n = 0; n < len; n++) {
		T_ROW(n, "cut");
		T_TRUE(session_thaw(tt, (struct view){rec, n}, &t) != ST_OK);
	}
	for (size_t n = 0; n < len; n++) {
		T_ROW(n, "flipped");
		rec[n] ^= 0x10;
		T_TRUE(session_thaw(tt, (struct view){rec, len}, &t) != ST_OK);
		rec[n] ^= 0x10;
	}
	T_EQ(sessions_count(tt), 0);
	T_EQ(session_thaw(tt, (struct view){rec, len}, &t), ST_OK);
	sessions_free(ss);
	sessions_free(tt);
}

/* ---- many, and without memory -----------------------------------------------------------------
 */

static unsigned draw(unsigned n)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 33) % n);
}

static struct snapshot *pool_conf(unsigned first, unsigned last)
{
	struct snapshot *c = conf_without(R_POOL4);
	char a[20], b[20];

	snprintf(a, sizeof(a), "10.0.0.%u", first);
	snprintf(b, sizeof(b), "10.0.0.%u", last);
	lab_pool4(c, "P", a, b);
	lab_authz(c, "SERVER")->dhcp_server = lab_str(c, "10.0.0.200");
	lab_profile(c, "SERVER", 1, "LOCAL", "SERVER")->user[AAA_PSK].cached = true;
	return c;
}

static bool is_same_id(const struct ike_id *a, const struct ike_id *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* With an address of a DHCP server, or of the user's own, that may be anybody's already; NULL: refused. */
static struct session *login_exact(struct sessions *ss, uint64_t sa, const char *email, bool is_own)
{
	static uint8_t random[10];
	struct ike_question q = question(sa, "SERVER", email);
	struct aaa_set *set = aaa_set_new();
	struct dhcp_reply r = {.yiaddr = addr_v4(0x0a000000 + draw(110)), .server_id = addr_v4(0x0a0000c8), .lease_s = 600};
	struct dhcp_grant g = {&r, addr_v4(0x0a0000c9), 1000, clock_ms};
	struct ike_answer a;

	random[1]++;
	if (is_own) {
		set->ip4 = r.yiaddr;
		set->has = AAA_BIT(AV_IP4);
	}
	session_authorize(ss, &(struct session_ask){.q = &q, .wall_ms = clock_ms++, .random = random, .cached = set}, &a);
	aaa_set_free(set);
	if (a.status != ST_OK)
		abort();
	struct session *s = session_find(ss, &a.session);
	q.session = a.session;
	q.wants_ip4 = true;
	if (dhcp_lease_asker(ss, &q) && dhcp_lease_take(ss, s, &g) != ST_OK && s->lease4)
		abort();
	if (assign(ss, &q, a.session, true, false).status != ST_OK) {
		session_end(ss, s);
		return NULL;
	}
	session_up(ss, s, &(struct ike_commit){.sa = sa, .local = q.local, .remote = q.remote}, 1000);
	return s;
}

static void end_oldest_waiting(struct sessions *ss)
{
	struct session *s = session_next(ss, NULL);

	while (s && s->state != SESSION_WAITING)
		s = session_next(ss, s);
	session_end(ss, s);
}

/* One who has an address is one user by one profile from one source; of pools he has one address where he is. */
static void check_owner(const struct session *s, const struct session *t)
{
	bool is_same = addr_eq(&t->grant->ip4, &s->grant->ip4), is_user = is_same_id(t->peer_id, s->peer_id);

	T_TRUE(!is_same || (is_user && strcmp(s->profile, t->profile) == 0));
	T_TRUE(!is_same || dhcp_lease_is_used(s) == dhcp_lease_is_used(t));
	if (is_user && s->state == SESSION_UP && t->state == SESSION_UP && strcmp(s->profile, "RA") == 0 &&
		strcmp(t->profile, "RA") == 0)
		T_TRUE(is_same);
}

/* Everybody's address is his own, wherever it comes from (a pool, RADIUS, a DHCP server), through logins,
 * waiting, ends, reloads and deaths with thaw. */
static void hundred_thousand_random_steps(void)
{
	struct sessions *ss = sessions_of(pool_conf(1, 100));
	static uint8_t recs[300][SESSION_FROZEN_MAX];
	size_t lens[300];
	unsigned ups = 0, exact = 0, refused = 0;

	for (unsigned step = 0; step < 100000; step++) {
		T_ROW(step, "step");
		unsigned what = draw(4000), mine = draw(200) + 1;
		struct session *s = session_find_sa(ss, mine), *t;
		if (what == 0) { /* reload */
			unsigned first = draw(50);
			struct snapshot *c = pool_conf(first, first + 50 + draw(50));
			T_EQ(sessions_set_conf(ss, c), ST_OK);
			snapshot_unref(c);
		} else if (what == 1) { /* death */
			size_t n = 0;
			for (s = session_next(ss, NULL); s; s = session_next(ss, s))
				lens[n] = session_freeze(s, recs[n], sizeof(recs[n])), n++;
			sessions_free(ss);
			ss = sessions_of(pool_conf(20, 80));
			for (size_t i = 0; i < n; i++)
				T_EQ(session_thaw(ss, (struct view){recs[i], lens[i]}, &t), ST_OK);
			T_EQ(sessions_count(ss), n);
		} else if (s && what < 800) {
			session_wait(ss, s, 1000);
			if (sessions_waiting(ss) > 60)
				end_oldest_waiting(ss);
		} else if (s) {
			struct addr a = s->grant->ip4;
			struct ike_id who;

			kept_id_read(s->peer_id, &who);
			session_end(ss, s);
			t = a.family ? session_find_addr(ss, "RED", &a) : NULL;
			T_TRUE(!t || is_same_id(t->peer_id, &who));
		} else {
			char mail[32];
			snprintf(mail, sizeof(mail), "u%u@corp.example", draw(150));
			bool is_pool = what % 3 == 0;
			s = is_pool ? login(ss, mine, "RA", mail) : login_exact(ss, mine, mail, what % 3 == 1);
			ups += is_pool && s;
			exact += !is_pool && s;
			refused += !is_pool && !s;
			if (s && s->lease4) {
				T_TRUE(session_find_addr(ss, "RED", &s->grant->ip4) == s);
				size_t same = 0, same_up = 0;
				for (t = session_next(ss, NULL); t; t = session_next(ss, t)) {
					if (t->lease4)
						check_owner(s, t);
					same += t->lease4 == s->lease4;
					same_up += t->lease4 == s->lease4 && t->state == SESSION_UP;
				}
				/* What a server lends is shared with who is up only. */
				T_TRUE(!dhcp_lease_is_used(s) || same == 1 || same_up > 1);
			}
		}
	}
	T_TRUE(ups > 5000 && exact > 5000 && refused > 5000);
	sessions_free(ss);
}

static void fault_countdown(void)
{
	int64_t live = mem_live();

	for (uint64_t nth = 1; nth < 60; nth++) {
		struct snapshot *c = full_conf(), *d = conf_without(0);
		T_ROW(nth, "allocation");
		mem_fail_at(nth);
		struct sessions *ss = sessions_new(c, &key);
		struct session *s = ss ? login(ss, 1, "RA", "a@corp.example") : NULL, *t;
		enum status st = ss ? sessions_set_conf(ss, d) : ST_OK;
		mem_fail_at(0);
		T_TRUE(st == ST_OK || st == ST_NOMEM);
		uint8_t rec[SESSION_FROZEN_MAX];
		size_t len = s ? session_freeze(s, rec, sizeof(rec)) : 0;
		if (ss) {
			T_EQ(sessions_count(ss), s != NULL);
			T_EQ(sessions_set_conf(ss, c), ST_OK);
			T_TRUE(login(ss, 2, "RA", "b@corp.example") !=
				NULL); /* nothing is left in the way */
		}
		if (len) {
			session_end(ss, s);
			mem_fail_at(nth);
			st = session_thaw(ss, (struct view){rec, len}, &t);
			mem_fail_at(0);
			T_TRUE(st == ST_OK || (st == ST_NOMEM && sessions_count(ss) == 1));
		}
		sessions_free(ss);
		snapshot_unref(c);
		snapshot_unref(d);
		T_EQ(mem_live(), live);
	}
}

static void the_answer_to_no_memory(void)
{
	struct sessions *ss = sessions_of(full_conf());
	struct ike_question q = question(1, "RA", "a@corp.example");

	mem_fail_at(1);
	struct ike_answer a = authorize(ss, &q);
	mem_fail_at(0);
	T_EQ(a.status, ST_NOMEM);
	T_STR(a.detail, "out of memory");
	a = authorize(ss, &q);
	mem_fail_at(1);
	struct ike_answer b = assign(ss, &q, a.session, true, true);
	mem_fail_at(0);
	T_EQ(b.status, ST_NOMEM);
	T_EQ(b.grant.n_remote, 0);
	T_EQ(assign(ss, &q, a.session, true, true).status, ST_OK);
	sessions_free(ss);
}

int main(void)
{
	T_RUN(everything_is_granted);
	T_RUN(only_what_is_asked_for);
	T_RUN(refusals);
	T_RUN(defaults);
	T_RUN(user_and_group);
	T_RUN(initiator_sessions);
	T_RUN(exhausted_and_partly_exhausted);
	T_RUN(an_earlier_question_of_the_same_sa);
	T_RUN(removals);
	T_RUN(who_authenticates_again_keeps_the_addresses);
	T_RUN(another_user_does_not_get_the_addresses);
	T_RUN(no_addresses_of_pools_are_announced);
	T_RUN(the_policy_of_a_long_name);
	T_RUN(thawed_sessions_are_the_same);
	T_RUN(the_largest_record_fits);
	T_RUN(damaged_records_are_refused);
	T_RUN(other_versions_are_refused);
	T_RUN(hundred_thousand_random_steps);
	T_RUN(fault_countdown);
	T_RUN(the_answer_to_no_memory);
	return t_end();
}
