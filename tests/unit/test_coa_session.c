/* Which sessions a CoA or Disconnect means, and what a CoA makes of them. */
#include "core/session/assign.h"
#include "core/session/coa_change.h"
#include "core/session/coa_match.h"
#include "core/session/wait.h"
#include "tests/unit/coa_lab.h"
#include "tests/unit/session_lab.h"

static const struct hash_key key = {3, 4};
static struct snapshot *conf;
static struct sessions *ss;
static struct session *anna, *anna2, *bob, *ours;
static struct coa_request request;
static struct coa_answer answer;
static struct radius_packet packet;
static struct lab_request rq;
static char ids[4][ULID_TEXT];

static struct snapshot *configuration(void)
{
	struct snapshot *c = lab_snapshot();
	struct authz_policy *a = lab_authz(c, "RA");
	void *tmp;

	lab_iface(c, IFACE_TEMPLATE, 1, "Virtual-Template1");
	lab_iface(c, IFACE_TUNNEL, 5, "Tunnel5");
	lab_list(c, "LOCAL", "local");
	lab_profile(c, "RA", 1, "LOCAL", "RA");
	lab_pool4(c, "P", "10.99.0.10", "10.99.0.99");
	lab_pool6(c, "P6", "2001:db8:99::/64", 72);
	lab_acl(c, ACL_EXTENDED, "LIST", true, "10.0.0.0/8");
	lab_acl(c, ACL_EXTENDED, "BOTH", true, "10.0.0.0/8");
	lab_acl(c, ACL_IPV6, "BOTH", true, "2001:db8::/32");
	struct policy_map *p = ARENA_PUSH(&c->arena, c->policy_maps, c->policy_map_count, tmp);
	p->name = lab_str(c, "TEN");
	a->pool = lab_str(c, "P");
	a->pool6 = lab_str(c, "P6");
	return c;
}

static struct session *login(uint64_t sa, const char *email, const char *remote)
{
	static uint8_t random[10];
	struct ike_question q = {.kind = ASK_AUTHORIZE, .sa = sa, .profile = "RA"};
	struct session_ask ask = {.q = &q, .wall_ms = 1700000000000 + sa, .random = random};
	struct ike_commit c = {.spi_in = (uint32_t)sa};
	struct ike_answer a;

	random[0]++;
	q.peer_id.type = 3;
	q.peer_id.len = (uint16_t)snprintf((char *)q.peer_id.bytes, sizeof(q.peer_id.bytes), "%s", email);
	q.local = (struct endpoint){0, lab_addr("192.0.2.1"), 4500};
	q.remote = (struct endpoint){0, lab_addr(remote), 4500};
	session_authorize(ss, &ask, &a);
	if (a.status != ST_OK)
		abort();
	q.kind = ASK_ADDRESS;
	q.session = a.session;
	q.wants_ip4 = q.wants_ip6 = true;
	session_assign(ss, &q, &a);
	struct session *s = session_find(ss, &q.session);
	if (a.status != ST_OK || !s)
		abort();
	c.session = s->ulid;
	c.local = q.local;
	c.remote = q.remote;
	session_up(ss, s, &c, 1700000000000);
	return s;
}

static void begin(void)
{
	conf = configuration();
	ss = sessions_new(conf, &key);
	if (!ss)
		abort();
	anna = login(0x100000007, "anna@corp.example", "198.51.100.7");
	anna2 = login(8, "anna@corp.example", "198.51.100.8");
	bob = login(9, "bob@corp.example", "198.51.100.9");
	ours = login(10, "gateway@corp.example", "198.51.100.10");
	ours->we_are_initiator = true;
	ulid_format(&anna->ulid, ids[0]);
	ulid_format(&anna2->ulid, ids[1]);
	ulid_format(&bob->ulid, ids[2]);
	ulid_format(&ours->ulid, ids[3]);
}

static void finish(void)
{
	sessions_free(ss);
	snapshot_unref(conf);
}

/* "KIND=VALUE", several with blanks between them. */
static void put(const char *text)
{
	char copy[512], *at = copy, *word;

	snprintf(copy, sizeof(copy), "%s", text);
	while ((word = strsep(&at, " ")) != NULL) {
		char *value = strchr(word, '=');
		struct prefix p;
		*value++ = 0;
		if (strcmp(word, "audit") == 0) {
			char pair[128];
			snprintf(pair, sizeof(pair), "audit-session-id=%s", value);
			lab_pair(&rq, pair);
		} else if (strcmp(word, "port") == 0) {
			radius_put_u32(&rq.w, RADIUS_NAS_PORT, (uint32_t)strtoul(value, NULL, 0));
		} else if (strcmp(word, "ip") == 0) {
			struct addr a = lab_addr(value);
			radius_put_addr(&rq.w, RADIUS_FRAMED_IP_ADDRESS, RADIUS_FRAMED_IPV6_ADDRESS, &a);
		} else if (strcmp(word, "prefix") == 0 || strcmp(word, "behind") == 0) {
			uint8_t v[18] = {0};
			p = lab_prefix(value);
			v[1] = p.len;
			memcpy(v + 2, p.addr.b, 16);
			radius_put(&rq.w, *word == 'p' ? RADIUS_FRAMED_IPV6_PREFIX : RADIUS_DELEGATED_IPV6_PREFIX, v, sizeof(v));
		} else if (strcmp(word, "id") == 0) {
			struct addr a = lab_addr(value);
			radius_put(&rq.w, RADIUS_FRAMED_INTERFACE_ID, a.b + 8, 8);
		} else {
			lab_text_attr(&rq, (uint8_t)atoi(word), value);
		}
	}
}

static bool disconnect(const char *text)
{
	lab_open(&rq, RADIUS_DISCONNECT_REQUEST, 1);
	put(text);
	if (radius_parse(lab_close(&rq, lab_key), &packet) != ST_OK)
		abort();
	return coa_request_read(&packet, &request, &answer);
}

/* "a" anna, "A" her other session, "b" bob, "o" ours; in order. */
static const char *found(const struct dynauth *d)
{
	static char out[8];
	size_t n = 0;

	for (struct session *s = coa_match_next(ss, d, &request, NULL); s; s = coa_match_next(ss, d, &request, s))
		out[n++] = s == anna ? 'a' : s == anna2 ? 'A' : s == bob ? 'b' : 'o';
	out[n] = 0;
	return out;
}

/* $1 to $4 are the ids of anna, anna2, bob, ours. */
static const char *text_of(const char *format)
{
	static char out[512];
	size_t n = 0;

	for (; *format && n < sizeof(out) - ULID_TEXT; format++) {
		if (*format != '$') {
			out[n++] = *format;
			continue;
		}
		memcpy(out + n, ids[*++format - '1'], ULID_TEXT - 1);
		n += ULID_TEXT - 1;
	}
	out[n] = 0;
	return out;
}

static void names(void)
{
	static const struct {
		const char *text, *all, *any;
	} rows[] = {
		{"audit=$1", "a", "a"},
		{"44=$2", "A", "A"},
		{"50=$3", "b", "b"},
		{"audit=01ARZ3NDEKTSV4RRFFQ69G5FAV", "", ""},
		{"audit=x", "", ""},
		{"1=anna@corp.example", "aA", "aA"},
		{"1=ANNA@corp.example", "", ""},
		{"1=anna@corp.exampl", "", ""},
		{"1=gateway@corp.example", "", ""},
		{"audit=$4", "", ""},
		{"ip=10.99.0.10", "a", "a"},
		{"ip=10.99.0.12", "b", "b"},
		{"ip=10.99.0.77", "", ""},
		{"31=198.51.100.8", "A", "A"},
		{"31=198.51.100.8:4500", "A", "A"},
		{"31=198.51.100.8:500", "", ""},
		{"30=192.0.2.1", "aAb", "aAb"},
		{"port=7", "a", "a"},
		{"port=0", "", ""},
		{"87=virtual-access9", "b", "b"},
		{"87=Virtual-Access99", "", ""},
		{"audit=$1 1=anna@corp.example", "a", "aA"},
		{"audit=$1 1=bob@corp.example", "", "ab"},
		{"31=198.51.100.8 1=anna@corp.example ip=10.99.0.11", "A", "aA"},
		{"89=nobody-has-one", "", ""},
	};
	static const struct dynauth all = {.match = DYNAUTH_ALL}, any = {.match = DYNAUTH_ANY};

	begin();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].text);
		T_TRUE(disconnect(text_of(rows[i].text)));
		T_TRUE(coa_match_check(&all, &request, &answer));
		T_STR(found(&all), rows[i].all);
		T_STR(found(&any), rows[i].any);
		T_EQ(coa_match_count(ss, &all, &request, &answer), strlen(rows[i].all));
		T_EQ(answer.cause, rows[i].all[0] ? 0 : 503);
		coa_request_fini(&request);
	}
	finish();
}

static void prefixes(void)
{
	static const struct dynauth all = {.match = DYNAUTH_ALL};
	char text[128], net[PREFIX_TEXT];

	begin();
	struct prefix p = {bob->grant->ip6, bob->grant->ip6_prefix_len};
	T_EQ(p.len, 72);
	prefix_mask(&p);
	snprintf(text, sizeof(text), "prefix=%s", prefix_format(&p, net));
	T_TRUE(disconnect(text));
	T_STR(found(&all), "b");
	coa_request_fini(&request);
	/* Any address of a prefix that is his as a whole. */
	struct addr inside = addr_add(&p.addr, 77);
	snprintf(text, sizeof(text), "ip=%s", lab_text(&inside));
	T_TRUE(disconnect(text));
	T_STR(found(&all), "b");
	coa_request_fini(&request);
	p.len = 64;
	snprintf(text, sizeof(text), "prefix=%s", prefix_format(&p, net));
	T_TRUE(disconnect(text));
	T_STR(found(&all), "");
	coa_request_fini(&request);
	finish();
}

static void fits(const char *text, const char *want)
{
	static const struct dynauth all = {.match = DYNAUTH_ALL};

	T_TRUE(disconnect(text));
	T_STR(found(&all), want);
	coa_request_fini(&request);
}

/* What accounting says of them, and nothing near it. */
static void more_of_ipv6(void)
{
	uint8_t lent;

	begin();
	if (!bob->terms)
		bob->terms = mem_new(sizeof(*bob->terms));
	T_TRUE(bob->terms != NULL);
	bob->terms->delegated.v[bob->terms->delegated.n++] = lab_prefix("2001:db8:aa::/48");
	bob->terms->delegated.v[bob->terms->delegated.n++] = lab_prefix("2001:db8:bb::/56");
	fits("behind=2001:db8:aa::/48", "b");
	fits("behind=2001:db8:bb::/56", "b");
	fits("behind=2001:db8:bb::/56 behind=2001:db8:aa::/48", "b");
	fits("behind=2001:db8:bb::/48", "");
	fits("behind=2001:db8:cc::/48", "");
	fits("behind=2001:db8:aa::/48 1=anna@corp.example", "");
	/* Of a prefix too long for it there is no second half. */
	lent = bob->lease6->prefix_len;
	bob->grant->ip6 = lab_addr("2001:db8:99::a100:2:3:4");
	fits("id=2001:db8:99::a100:2:3:4", "");
	bob->lease6->prefix_len = 64;
	fits("id=::a100:2:3:4", "b");
	fits("id=::a100:2:3:5", "");
	/* He is only told of the network. */
	bob->lease6->prefix_len = 128;
	bob->grant->ip6_prefix_len = 64;
	fits("ip=2001:db8:99::a100:2:3:5", "");
	fits("ip=2001:db8:99::a100:2:3:4", "b");
	fits("prefix=2001:db8:99::/64", "");
	bob->lease6->prefix_len = lent;
	/* It waits, and has the number of before. */
	bob->sa = 0;
	fits("port=9", "b");
	fits("87=Virtual-Access9", "b");
	bob->index = 0;
	fits("port=0", "");
	fits("87=Virtual-Access0", "");
	bob->sa = bob->index = 9;
	finish();
}

static void session_key(void)
{
	static const struct dynauth only = {.match = DYNAUTH_SESSION_KEY}, ignored = {.ignores_session_key = true},
		none = {.match = DYNAUTH_SESSION_KEY, .ignores_session_key = true};

	begin();
	T_TRUE(disconnect(text_of("audit=$1 1=bob@corp.example")));
	T_TRUE(coa_match_check(&only, &request, &answer));
	T_STR(found(&only), "a");
	T_STR(found(&ignored), "b");
	T_TRUE(!coa_match_check(&none, &request, &answer) && answer.cause == 402);
	coa_request_fini(&request);
	T_TRUE(disconnect("1=bob@corp.example"));
	T_TRUE(!coa_match_check(&only, &request, &answer) && answer.cause == 402);
	coa_request_fini(&request);
	T_TRUE(disconnect(text_of("audit=$1")));
	T_TRUE(!coa_match_check(&ignored, &request, &answer) && answer.cause == 402);
	coa_request_fini(&request);
	finish();
}

static void unknown_sessions(void)
{
	struct dynauth d = {.nak_404 = true};

	begin();
	T_TRUE(disconnect("1=nobody"));
	T_EQ(coa_match_count(ss, &d, &request, &answer), 0);
	T_EQ(answer.cause, 404);
	T_TRUE(answer.says_why);
	T_STR(answer.why, "No Matching Session");
	coa_request_fini(&request);
	/* The same address in another VRF is somebody else's. */
	bob->grant->ip4 = anna->grant->ip4;
	T_EQ(text_set(&bob->ivrf, "RED"), ST_OK);
	T_TRUE(disconnect("ip=10.99.0.10"));
	T_EQ(coa_match_count(ss, &d, &request, &answer), 0);
	T_EQ(answer.cause, 508);
	coa_request_fini(&request);
	T_TRUE(disconnect("ip=10.99.0.10 1=bob@corp.example"));
	T_EQ(coa_match_count(ss, &d, &request, &answer), 1);
	coa_request_fini(&request);
	/* What is not up yet is no session. */
	bob->state = SESSION_PENDING;
	T_TRUE(disconnect("1=bob@corp.example"));
	T_EQ(coa_match_count(ss, &d, &request, &answer), 0);
	coa_request_fini(&request);
	bob->state = SESSION_WAITING;
	T_TRUE(disconnect("1=bob@corp.example"));
	T_EQ(coa_match_count(ss, &d, &request, &answer), 1);
	coa_request_fini(&request);
	bob->state = SESSION_UP;
	finish();
}

/* ---- changes --------------------------------------------------------------------------------------------- */

static struct coa_change change;

static bool coa(struct session *s, const char *const *pairs, uint8_t type, const char *text)
{
	lab_open(&rq, RADIUS_COA_REQUEST, 1);
	lab_pair(&rq, "audit-session-id=x");
	for (; pairs && *pairs; pairs++)
		lab_pair(&rq, *pairs);
	if (text)
		lab_text_attr(&rq, type, text);
	else if (type)
		radius_put_u32(&rq.w, type, 600);
	if (radius_parse(lab_close(&rq, lab_key), &packet) != ST_OK)
		abort();
	if (!coa_request_read(&packet, &request, &answer))
		return false;
	bool ok = coa_change_prepare(conf, s, request.set, &change, &answer);
	coa_request_fini(&request);
	return ok;
}

static void one_after_the_other(void)
{
	static const char *const rates[] = {"ip:sub-qos-policy-in=TEN", "ip:inacl=LIST", NULL},
		*const lines[] = {"ip:inacl#5=deny ip any any", NULL};

	begin();
	T_TRUE(coa(anna, rates, RADIUS_CLASS, "first"));
	T_TRUE(anna->terms == NULL); /* nothing before the exchange */
	coa_change_swap(anna, &change);
	T_TRUE(anna->terms && change.terms == NULL);
	coa_change_fini(&change);
	T_STR(anna->terms->service[0], "TEN");
	T_STR(anna->terms->filter[AAA_IN4], "LIST");
	/* What is not named stays; a filter and Class are replaced as a whole. */
	T_TRUE(coa(anna, lines, RADIUS_CLASS, "second"));
	coa_change_swap(anna, &change);
	T_STR(change.terms->filter[AAA_IN4], "LIST");
	T_STR(anna->terms->filter[AAA_IN4], "5 deny ip any any\n");
	T_STR(anna->terms->service[0], "TEN");
	T_TRUE(anna->terms->class.len == 7 && memcmp(anna->terms->class.p + 1, "second", 6) == 0);
	/* And back. */
	coa_change_swap(anna, &change);
	T_STR(anna->terms->filter[AAA_IN4], "LIST");
	coa_change_fini(&change);
	T_TRUE(coa(anna, NULL, RADIUS_SESSION_TIMEOUT, NULL));
	uint32_t was = anna->grant->session_lifetime_s;
	coa_change_swap(anna, &change);
	T_TRUE(anna->grant->session_lifetime_s == 600 && change.lifetime_s == was);
	coa_change_swap(anna, &change);
	T_EQ(anna->grant->session_lifetime_s, was);
	coa_change_fini(&change);
	T_TRUE(coa(anna, NULL, RADIUS_IDLE_TIMEOUT, NULL));
	coa_change_swap(anna, &change);
	T_EQ(anna->idle_timeout_s, 600);
	T_STR(anna->terms->service[0], "TEN");
	coa_change_fini(&change);
	T_TRUE(bob->terms == NULL && anna2->terms == NULL);
	finish();
}

/* Filter-Id has no family: a name that both have is both. */
static void both_families(void)
{
	begin();
	T_TRUE(coa(bob, NULL, RADIUS_FILTER_ID, "BOTH.out"));
	T_STR(change.terms->filter[AAA_OUT4], "BOTH");
	T_STR(change.terms->filter[AAA_OUT6], "BOTH");
	coa_change_fini(&change);
	finish();
}

static void not_there(void)
{
	static const char *const rows[][3] = {{"ip:sub-qos-policy-in=NO"}, {"ip:sub-policy-out=NO"}, {"ip:inacl=NO"},
		{"ipsec:outacl=NO"}, {"ipv6:inacl=LIST"}, {"ip:sub-qos-policy-in=TEN", "ip:outacl=NO"},
		{"ip:interface-config=service-policy input NO"}};

	begin();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i][0]);
		T_TRUE(!coa(anna, rows[i], 0, NULL));
		T_EQ(answer.cause, 407);
		T_TRUE(strstr(answer.why, "CoA-Request") && strstr(answer.why, "not defined") && !change.terms);
	}
	T_TRUE(anna->terms == NULL);
	finish();
}

static bool coa_times(uint32_t timeout_s, uint32_t action)
{
	lab_open(&rq, RADIUS_COA_REQUEST, 1);
	lab_pair(&rq, "audit-session-id=x");
	if (timeout_s)
		radius_put_u32(&rq.w, RADIUS_SESSION_TIMEOUT, timeout_s);
	if (action < 2)
		radius_put_u32(&rq.w, RADIUS_TERMINATION_ACTION, action);
	if (radius_parse(lab_close(&rq, lab_key), &packet) != ST_OK)
		abort();
	if (!coa_request_read(&packet, &request, &answer))
		return false;
	bool ok = coa_change_prepare(conf, anna, request.set, &change, &answer);
	coa_request_fini(&request);
	return ok;
}

/* Session-Timeout and Termination-Action: who names one leaves the other; exchanged and back. */
static void its_end(void)
{
	static const struct {
		uint32_t timeout_s, action; /* 0, 2: not in the request */
		uint32_t is_s;
		bool reauth;
	} rows[] = {{600, 1, 600, true}, {700, 2, 700, true}, {0, 0, 700, false}, {0, 1, 700, true}, {800, 0, 800, false}};

	begin();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t was_s = anna->grant->session_lifetime_s;
		bool was = anna->grant->session_reauth;

		T_ROW(i, "its end");
		T_TRUE(coa_times(rows[i].timeout_s, rows[i].action));
		coa_change_swap(anna, &change);
		T_TRUE(anna->grant->session_lifetime_s == rows[i].is_s && anna->grant->session_reauth == rows[i].reauth);
		coa_change_swap(anna, &change);
		T_TRUE(anna->grant->session_lifetime_s == was_s && anna->grant->session_reauth == was);
		coa_change_swap(anna, &change);
		coa_change_fini(&change);
	}
	finish();
}

/* An Access-Accept to an Authorize-Only is read as a CoA-Request is; what is of the login and cannot change must be as it is. */
static void accepts(void)
{
	static const struct {
		const char *name, *text; /* as put() has it */
		const char *names;       /* the attribute; NULL: it can be applied */
	} rows[] = {
		{"nothing", "24=x", NULL},
		{"what is as it is", "1=anna@corp.example ip=10.99.0.10", NULL},
		{"an address of our choice", "ip=255.255.255.254", NULL},
		{"an address of the client's choice", "ip=255.255.255.255", NULL},
		{"a list", "11=LIST.in 25=class", NULL},
		{"another user", "1=bob@corp.example 11=LIST.in", "User-Name"},
		{"another address", "ip=10.99.0.11", "Framed-IP-Address"},
		{"an address near those of nobody's choice", "ip=255.255.254.254", "Framed-IP-Address"},
		{"another IPv6 address", "ip=2001:db8::1", "Framed-IPv6-Address"},
		{"another prefix", "prefix=2001:db8:5::/64", "Framed-IPv6-Prefix"},
		{"what is lent and delegated", "behind=2001:db8:aa::/48 id=::a100:2:3:4 11=LIST.in", NULL},
		{"another delegated prefix", "behind=2001:db8:bb::/48", "Delegated-IPv6-Prefix"},
		{"another interface", "id=::a100:2:3:5", "Framed-Interface-Id"},
		{"a name that it has not", "89=cui", "Chargeable-User-Identity"},
		{"a pool", "88=P", "Framed-Pool"},
		{"a route", "22=10.0.0.0/8", "Framed-Route"},
		{"an unknown one", "200=x 11=LIST.in", "200"},
		{"a port of nothing", "27=x", "Session-Timeout"},
	};
	char why[AAA_WHY];

	begin();
	if (!anna->terms)
		anna->terms = mem_new(sizeof(*anna->terms));
	T_TRUE(anna->terms != NULL);
	if (!anna->terms->cui)
		anna->terms->cui = "";
	anna->terms->delegated.v[anna->terms->delegated.n++] = lab_prefix("2001:db8:aa::/48");
	anna->grant->ip6 = lab_addr("2001:db8:99::a100:2:3:4");
	uint8_t lent = anna->lease6->prefix_len;
	anna->lease6->prefix_len = 64;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct aaa_set *set = aaa_set_new();
		T_ROW(i, rows[i].name);
		lab_open(&rq, RADIUS_ACCESS_ACCEPT, 1);
		put(rows[i].text);
		T_EQ(radius_parse(lab_close(&rq, lab_key), &packet), ST_OK);
		bool ok = set && coa_accept_read(packet.attrs, set, why) && coa_match_accept(anna, packet.attrs, why);
		T_EQ(ok, rows[i].names == NULL);
		T_TRUE(ok == (why[0] == 0) && (ok || strstr(why, rows[i].names)));
		T_EQ(ok && aaa_has(set, AV_FILTER_IN4), !rows[i].names && strstr(rows[i].text, "LIST") != NULL);
		aaa_set_free(set);
	}
	anna->lease6->prefix_len = lent;
	finish();
}

/* Asked twice, the first of the two times counts; and back. */
static void asked_again(void)
{
	begin();
	T_EQ(coa_change_reauth_ms(anna, 5000, 60), 65000);
	change = (struct coa_change){.has_reauth_ms = true, .reauth_ms = 65000};
	coa_change_swap(anna, &change);
	T_TRUE(anna->reauth_ms == 65000 && change.reauth_ms == 0);
	T_EQ(coa_change_reauth_ms(anna, 10000, 60), 65000);
	T_EQ(coa_change_reauth_ms(anna, 10000, 10), 20000);
	coa_change_swap(anna, &change);
	T_EQ(anna->reauth_ms, 0);
	coa_change_fini(&change);
	finish();
}

/* Whoever is disconnected logs in again: no token brings the session back. */
static void does_not_wait(void)
{
	begin();
	anna->reconnect_s = 600;
	anna->has_token = true;
	T_TRUE(session_waits(anna, ST_END_DPD) && !session_waits(anna, ST_END_DISCONNECT) &&
		!session_waits(anna, ST_END_UNAUTHORIZED));
	finish();
}

static void without_memory(void)
{
	static const char *const rates[] = {"ip:sub-qos-policy-in=TEN", NULL};
	uint64_t nth = 0;
	bool ok = false;

	begin();
	T_TRUE(coa(anna, rates, 0, NULL));
	coa_change_swap(anna, &change);
	coa_change_fini(&change);
	while (!ok && nth < 50) {
		mem_fail_at(++nth);
		ok = coa(anna, rates, RADIUS_CLASS, "x");
		mem_fail_at(0);
		T_TRUE(ok || (answer.cause == 506 && !change.terms));
	}
	T_TRUE(ok && nth > 4);
	coa_change_fini(&change);
	finish();
}

int main(void)
{
	int64_t live = mem_live();

	T_RUN(names);
	T_RUN(prefixes);
	T_RUN(more_of_ipv6);
	T_RUN(session_key);
	T_RUN(unknown_sessions);
	T_RUN(one_after_the_other);
	T_RUN(both_families);
	T_RUN(not_there);
	T_RUN(its_end);
	T_RUN(accepts);
	T_RUN(asked_again);
	T_RUN(does_not_wait);
	T_RUN(without_memory);
	if (mem_live() != live)
		printf("FAIL leak %lld\n", (long long)(mem_live() - live));
	return t_end() || mem_live() != live;
}
