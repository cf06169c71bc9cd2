/* CoA and Disconnect: what a request says, who may send it, what comes again, and every refusal. */
#include "modules/coa/coa.h"

#include "core/base/mem.h"
#include "tests/lib/t.h"
#include "tests/unit/coa_lab.h"

#define NOW_MS INT64_C(1700000000000)

/* ---- what a request says ---------------------------------------------------------------------------- */

static struct lab_request rq;
static struct radius_packet packet;
static struct coa_request request;
static struct coa_answer answer;

/* One attribute of a row: "audit-session-id=x" and other pairs as they are, others by type. */
struct attr {
	uint8_t type; /* 0: end */
	const char *text;
	uint32_t number; /* where text is NULL */
};

static void put(struct lab_request *r, const struct attr *a)
{
	for (; a->type; a++) {
		if (a->type == RADIUS_VENDOR_SPECIFIC)
			lab_pair(r, a->text);
		else if (a->text)
			lab_text_attr(r, a->type, a->text);
		else
			radius_put_u32(&r->w, a->type, a->number);
	}
}

static bool read_row(uint8_t code, const struct attr *attrs)
{
	lab_open(&rq, code, 7);
	put(&rq, attrs);
	if (radius_parse(lab_close(&rq, lab_key), &packet) != ST_OK)
		abort();
	return coa_request_read(&packet, &request, &answer);
}

#define SESSION {RADIUS_VENDOR_SPECIFIC, "audit-session-id=01ARZ3NDEKTSV4RRFFQ69G5FAV", 0}
#define SIXTEEN "0123456789abcdef"

static const struct {
	const char *name;
	uint8_t code;
	struct attr attrs[16];
	uint32_t cause; /* 0: understood */
	size_t n_keys;
} reads[] = {
	{"the session key", 40, {SESSION}, 0, 1},
	{"its name in capitals", 40, {{26, "Audit-Session-ID=x", 0}}, 0, 1},
	{"every name", 40, {SESSION, {1, "anna", 0}, {44, "x", 0}, {50, "x", 0}, {8, NULL, 0x0a000001}, {31, "10.0.0.1", 0},
		{30, "10.0.0.2", 0}, {5, NULL, 7}, {87, "Virtual-Access7", 0}, {89, "cui", 0}, {168, SIXTEEN, 0}}, 0, 11},
	{"nothing", 40, {{0}}, 402, 0},
	{"only the NAS", 40, {{32, "gw", 0}, {4, NULL, 0x0a000001}}, 402, 0},
	{"only a change", 43, {{27, NULL, 60}}, 402, 0},
	{"nothing to change", 43, {SESSION}, 402, 0},
	{"a change", 43, {SESSION, {27, NULL, 60}}, 0, 1},
	{"what goes along", 43, {SESSION, {33, "proxy", 0}, {55, NULL, 1700000000}, {18, "bye", 0}, {24, "state", 0},
		{11, "LIST", 0}, {241, "\x08operator", 0}}, 0, 1},
	{"what goes along with a Disconnect", 40, {SESSION, {33, "a", 0}, {33, "b", 0}, {49, NULL, 6}, {25, "class", 0},
		{18, "bye", 0}}, 0, 1},
	{"a change in a Disconnect", 40, {SESSION, {27, NULL, 60}}, 401, 0},
	{"a pair of Cisco in a Disconnect", 40, {SESSION, {26, "ip:inacl=X", 0}}, 401, 0},
	{"State in a Disconnect", 40, {SESSION, {24, "x", 0}}, 401, 0},
	{"unknown", 43, {SESSION, {27, NULL, 60}, {200, "x", 0}}, 401, 0},
	{"another extended one", 43, {SESSION, {27, NULL, 60}, {241, "\x07x", 0}}, 401, 0},
	{"known, but not here", 43, {SESSION, {64, NULL, 3}, {27, NULL, 60}}, 401, 0},
	{"what no live session can be given", 43, {SESSION, {88, "POOL", 0}}, 401, 0},
	{"an unknown pair", 43, {SESSION, {26, "ip:no-such=1", 0}}, 401, 0},
	{"a pair that no live session can be given", 43, {SESSION, {26, "ipsec:addr-pool=P", 0}}, 401, 0},
	{"an interface command that is not allowed", 43, {SESSION, {26, "ip:interface-config=shutdown", 0}}, 407, 0},
	{"authenticate again", 43, {SESSION, {26, "subscriber:command=reauthenticate", 0}}, 0, 1},
	{"authenticate again, in capitals, and how", 43, {SESSION, {26, "Subscriber:Command=Reauthenticate", 0}, {26, "subscriber:reauthenticate-type=last", 0}}, 0, 1},
	{"authenticate again, and before that how", 43, {{26, "subscriber:reauthenticate-type=rerun", 0}, {26, "subscriber:command=reauthenticate", 0}, SESSION}, 0, 1},
	{"how, without what", 43, {SESSION, {26, "subscriber:reauthenticate-type=last", 0}, {27, NULL, 60}}, 402, 0},
	{"no way of it", 43, {SESSION, {26, "subscriber:command=reauthenticate", 0}, {26, "subscriber:reauthenticate-type=soon", 0}}, 407, 0},
	{"twice", 43, {SESSION, {26, "subscriber:command=reauthenticate", 0}, {26, "subscriber:command=reauthenticate", 0}}, 404, 0},
	{"how, twice", 43, {SESSION, {26, "subscriber:reauthenticate-type=last", 0}, {26, "subscriber:reauthenticate-type=last", 0}}, 404, 0},
	{"another command", 43, {SESSION, {26, "subscriber:command=bounce-host-port", 0}}, 405, 0},
	{"no command", 43, {SESSION, {26, "subscriber:command=", 0}}, 405, 0},
	{"a command in a Disconnect", 40, {SESSION, {26, "subscriber:command=reauthenticate", 0}}, 401, 0},
	{"Termination-Action", 43, {SESSION, {29, NULL, 1}}, 0, 1},
	{"Termination-Action of no kind", 43, {SESSION, {29, NULL, 2}}, 407, 0},
	{"Authorize-Only", 43, {SESSION, {6, NULL, 17}, {24, "x", 0}}, 0, 1},
	{"Authorize-Only, the other way round, with all that may stand there", 43, {{24, "x", 0}, {6, NULL, 17}, {1, "anna", 0}, SESSION,
		{4, NULL, 0x0a000001}, {32, "gw", 0}, {55, NULL, 1700000000}, {33, "proxy", 0}, {241, "\x08operator", 0}}, 0, 2},
	{"without State", 43, {SESSION, {6, NULL, 17}}, 402, 0},
	{"with State alone", 43, {{6, NULL, 17}, {24, "x", 0}}, 402, 0},
	{"with an empty State", 43, {SESSION, {6, NULL, 17}, {24, "", 0}}, 407, 0},
	{"with two States", 43, {SESSION, {6, NULL, 17}, {24, "x", 0}, {24, "x", 0}}, 404, 0},
	{"twice Authorize-Only", 43, {SESSION, {6, NULL, 17}, {6, NULL, 17}, {24, "x", 0}}, 404, 0},
	{"and a change", 43, {SESSION, {6, NULL, 17}, {24, "x", 0}, {27, NULL, 60}}, 401, 0},
	{"and before it a change", 43, {{26, "ip:inacl=X", 0}, SESSION, {6, NULL, 17}, {24, "x", 0}}, 401, 0},
	{"and Class", 43, {SESSION, {6, NULL, 17}, {24, "x", 0}, {25, "class", 0}}, 401, 0},
	{"and a message", 43, {SESSION, {6, NULL, 17}, {24, "x", 0}, {18, "hello", 0}}, 401, 0},
	{"and a command", 43, {SESSION, {6, NULL, 17}, {24, "x", 0}, {26, "subscriber:command=reauthenticate", 0}}, 401, 0},
	{"another service", 43, {SESSION, {6, NULL, 8}, {24, "x", 0}}, 405, 0},
	{"a service of three octets", 43, {SESSION, {6, "abc", 0}, {24, "x", 0}}, 407, 0},
	{"Service-Type in a Disconnect", 40, {SESSION, {6, NULL, 17}}, 401, 0},
	{"a number of three octets", 43, {SESSION, {27, "abc", 0}}, 407, 0},
	{"an address of three octets", 40, {{8, "abc", 0}}, 407, 0},
	{"an empty name", 40, {{1, "", 0}}, 407, 0},
	{"an empty NAS-Identifier", 40, {SESSION, {32, "", 0}}, 407, 0},
	{"a time of three octets", 40, {SESSION, {55, "abc", 0}}, 407, 0},
	{"User-Name twice", 40, {{1, "a", 0}, {1, "a", 0}}, 404, 0},
	{"the session key twice", 40, {SESSION, SESSION}, 404, 0},
	{"two times", 40, {SESSION, {55, NULL, 1}, {55, NULL, 1}}, 404, 0},
	{"IPv6 addresses", 40, {{168, SIXTEEN, 0}, {168, SIXTEEN, 0}}, 0, 2},
	{"too many of them", 40, {{168, SIXTEEN, 0}, {168, SIXTEEN, 0}, {168, SIXTEEN, 0}, {168, SIXTEEN, 0}, {168, SIXTEEN, 0},
		{168, SIXTEEN, 0}, {168, SIXTEEN, 0}, {168, SIXTEEN, 0}, {168, SIXTEEN, 0}, {168, SIXTEEN, 0}, {168, SIXTEEN, 0},
		{168, SIXTEEN, 0}, {168, SIXTEEN, 0}}, 404, 0},
};

static void every_request(void)
{
	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
		T_ROW(i, reads[i].name);
		bool ok = read_row(reads[i].code, reads[i].attrs);
		T_EQ(answer.cause, reads[i].cause);
		T_EQ(ok, reads[i].cause == 0);
		T_EQ(request.n_keys, reads[i].n_keys);
		T_TRUE(ok == (answer.why[0] == 0) && ok == (request.set != NULL));
		T_EQ(request.reauth, ok && strncmp(reads[i].name, "authenticate", 12) == 0);
		T_EQ(request.authorize, ok && strncmp(reads[i].name, "Authorize", 9) == 0);
		T_TRUE(!request.authorize || (request.set->has == 0 && request.state.len == 1 && request.state.p[0] == 'x'));
		coa_request_fini(&request);
	}
}

static const struct attr changes[] = {
	SESSION, {27, NULL, 3600}, {28, NULL, 60}, {85, NULL, 300}, {26, "ip:sub-qos-policy-in=TEN", 0},
	{26, "IP:SUB-POLICY-OUT=FIVE", 0}, {26, "ipsec:outacl=LIST", 0}, {26, "ip:inacl#10=permit icmp any any", 0},
	{26, "ip:inacl#20=deny ip any any", 0}, {25, "class", 0}, {0, NULL, 0},
};

static void changes_are_read(void)
{
	T_TRUE(read_row(43, changes));
	const struct aaa_set *s = request.set;
	T_TRUE(!request.is_disconnect && s->timeout_s == 3600 && s->idle_s == 60 && s->interim_s == 300);
	T_STR(s->service[0], "TEN");
	T_STR(s->service[1], "FIVE");
	T_STR(s->filter[AAA_OUT4], "LIST");
	T_STR(s->filter[AAA_IN4], "10 permit icmp any any\n20 deny ip any any\n");
	T_EQ(s->class.n, 1);
	T_EQ(request.keys[0].text.len, 26);
	coa_request_fini(&request);
	T_TRUE(request.set == NULL);
}

/* A VSA with two parts: the one names the session, the other changes it. */
static void two_parts(void)
{
	static const char key[] = "audit-session-id=x", in[] = "ip:inacl=LIST";
	uint8_t vsa[64];
	struct wr w = wr_init(vsa, sizeof(vsa));

	wr_u32(&w, RADIUS_VENDOR_CISCO);
	wr_u8(&w, 1);
	wr_u8(&w, sizeof(key) + 1);
	wr_bytes(&w, key, sizeof(key) - 1);
	wr_u8(&w, 1);
	wr_u8(&w, sizeof(in) + 1);
	wr_bytes(&w, in, sizeof(in) - 1);
	lab_open(&rq, 43, 1);
	radius_put(&rq.w, RADIUS_VENDOR_SPECIFIC, vsa, w.len);
	T_EQ(radius_parse(lab_close(&rq, lab_key), &packet), ST_OK);
	T_TRUE(coa_request_read(&packet, &request, &answer));
	T_TRUE(request.n_keys == 1 && strcmp(request.set->filter[AAA_IN4], "LIST") == 0);
	coa_request_fini(&request);
	lab_open(&rq, 43, 1);
	radius_put(&rq.w, RADIUS_VENDOR_SPECIFIC, "\0\0\0\x09\1", 5);
	T_EQ(radius_parse(lab_close(&rq, lab_key), &packet), ST_OK);
	T_TRUE(!coa_request_read(&packet, &request, &answer) && answer.cause == 401);
}

/* ---- the server -------------------------------------------------------------------------------------- */

static struct {
	uint64_t now_ms;
	int64_t wall_ms;
	struct coa_answer next; /* what is decided */
	int decided, sent;
	struct endpoint from, to;
	uint8_t bytes[RADIUS_MAX];
	size_t len;
	int steps[COA_DROPPED + 1];
} lab;

static uint64_t now_ms(void *ctx)
{
	(void)ctx;
	return lab.now_ms;
}

static int64_t wall_ms(void *ctx)
{
	(void)ctx;
	return lab.wall_ms;
}

static void decide(void *ctx, const struct coa_ask *ask, struct coa_answer *a)
{
	(void)ctx;
	(void)ask;
	lab.decided++;
	*a = lab.next;
}

static void send(void *ctx, const struct endpoint *local, const struct endpoint *remote, const uint8_t *msg, size_t len)
{
	(void)ctx;
	lab.sent++;
	lab.from = *local;
	lab.to = *remote;
	memcpy(lab.bytes, msg, len);
	lab.len = len;
}

static void trace(void *ctx, const struct coa_trace *t)
{
	(void)ctx;
	lab.steps[t->step]++;
}

static struct stats *stats;
static const struct coa_ports ports = {now_ms, wall_ms, decide, send, trace, NULL};

static struct endpoint at(uint32_t vrf, const char *ip, uint16_t port)
{
	struct endpoint e = {.vrf = vrf, .port = port};

	if (addr_parse(ip, &e.addr) != ST_OK)
		abort();
	return e;
}

static struct coa_client_conf client(const char *name, uint32_t vrf, const char *ip, const char *key)
{
	struct coa_client_conf c = {.vrf = vrf, .addr = at(0, ip, 0).addr, .secret_len = (uint16_t)strlen(key)};

	snprintf(c.name, sizeof(c.name), "%s", name);
	memcpy(c.secret, key, c.secret_len);
	return c;
}

static struct coa *start(bool requires_timestamp)
{
	struct coa_client_conf clients[] = {client("one", 0, "192.0.2.1", LAB_KEY), client("two", 0, "192.0.2.2", "other"),
		client("red", 3, "192.0.2.1", "red-key"), client("six", 0, "2001:db8::1", LAB_KEY)};
	struct coa_conf conf = {clients, 4, requires_timestamp, 300};
	struct coa *c = coa_new(&ports, stats);

	memset(&lab, 0, sizeof(lab));
	memset(stats, 0, sizeof(*stats));
	lab.wall_ms = NOW_MS;
	lab.now_ms = 1000000;
	if (!c || coa_configure(c, &conf) != ST_OK)
		abort();
	return c;
}

static struct view disconnect(uint8_t id, const struct attr *more)
{
	static const struct attr who[] = {SESSION, {0, NULL, 0}};

	lab_open(&rq, RADIUS_DISCONNECT_REQUEST, id);
	put(&rq, who);
	if (more)
		put(&rq, more);
	return lab_close(&rq, lab_key);
}

static void give(struct coa *c, const char *from, struct view v)
{
	struct endpoint local = at(0, "192.0.2.9", 3799), remote = at(0, from, 40000);

	coa_on_datagram(c, &local, &remote, v.p, v.len);
}

static uint64_t dropped(enum status st)
{
	return stats->status[st];
}

/* The answer proves itself, and is of this code and cause. */
static void is_answer(struct view v, uint8_t code, uint32_t cause)
{
	struct radius_packet p, asked;
	struct radius_attr a;
	uint32_t got = 0;

	T_EQ(radius_parse(v, &asked), ST_OK);
	T_EQ(radius_parse((struct view){lab.bytes, lab.len}, &p), ST_OK);
	T_EQ(p.code, code);
	T_EQ(p.id, asked.id);
	T_EQ(radius_verify_reply(lab_key, asked.authenticator, &p), ST_OK);
	if (radius_find(p.attrs, RADIUS_ERROR_CAUSE, &a))
		T_TRUE(radius_u32(&a, &got));
	T_EQ(got, cause);
}

static void answers(void)
{
	struct coa *c = start(false);
	struct view v = disconnect(1, NULL);
	struct radius_packet p;
	struct radius_attr a;

	give(c, "192.0.2.1", v);
	T_TRUE(lab.decided == 1 && lab.sent == 1);
	T_DO(is_answer(v, RADIUS_DISCONNECT_ACK, 0));
	T_TRUE(lab.from.port == 3799 && lab.from.addr.b[3] == 9 && lab.to.port == 40000 && lab.to.addr.b[3] == 1);
	lab.next = (struct coa_answer){.cause = 503, .says_why = true, .why = "No Matching Session"};
	v = disconnect(2, NULL);
	give(c, "192.0.2.1", v);
	T_DO(is_answer(v, RADIUS_DISCONNECT_NAK, 503));
	T_EQ(radius_parse((struct view){lab.bytes, lab.len}, &p), ST_OK);
	T_TRUE(radius_find(p.attrs, RADIUS_REPLY_MESSAGE, &a) && a.value.len == 19);
	T_TRUE(!radius_find(p.attrs, RADIUS_MESSAGE_AUTHENTICATOR, &a));
	T_TRUE(stats->count[CT_DISCONNECT_IN] == 2 && stats->count[CT_DISCONNECT_ACK] == 1 && stats->count[CT_DISCONNECT_NAK] == 1);
	/* A reason that the client is not told. */
	lab.next = (struct coa_answer){.cause = 401, .why = "attribute 200"};
	lab_open(&rq, RADIUS_COA_REQUEST, 3);
	radius_put_unsigned(&rq.w);
	put(&rq, changes);
	v = lab_close(&rq, lab_key);
	give(c, "2001:db8::1", v);
	T_DO(is_answer(v, RADIUS_COA_NAK, 401));
	T_EQ(radius_parse((struct view){lab.bytes, lab.len}, &p), ST_OK);
	T_TRUE(!radius_find(p.attrs, RADIUS_REPLY_MESSAGE, &a) && radius_find(p.attrs, RADIUS_MESSAGE_AUTHENTICATOR, &a));
	T_TRUE(stats->count[CT_COA_IN] == 1 && stats->count[CT_COA_NAK] == 1 && stats->count[CT_COA_ACK] == 0);
	T_EQ(lab.steps[COA_UNSIGNED], 2);
	coa_free(c);
}

static void silence(void)
{
	static const struct {
		const char *name, *from;
		uint8_t code;
		const char *key;
		enum status st;
	} rows[] = {
		{"a stranger", "192.0.2.77", 40, LAB_KEY, ST_COA_CLIENT},
		{"the client of another VRF", "192.0.2.3", 40, "red-key", ST_COA_CLIENT},
		{"another client's key", "192.0.2.2", 40, LAB_KEY, ST_COA_AUTH},
		{"a wrong key", "192.0.2.1", 43, "wrong", ST_COA_AUTH},
		{"Accounting-Request", "192.0.2.1", 4, LAB_KEY, ST_COA_MALFORMED},
		{"an answer", "192.0.2.1", 41, LAB_KEY, ST_COA_MALFORMED},
	};
	struct coa *c = start(false);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].name);
		lab_open(&rq, rows[i].code == 41 ? 40 : rows[i].code, 9);
		put(&rq, changes);
		struct view v = lab_close(&rq, (struct view){(const uint8_t *)rows[i].key, strlen(rows[i].key)});
		rq.bytes[0] = rows[i].code;
		uint64_t before = dropped(rows[i].st);
		give(c, rows[i].from, v);
		T_EQ(dropped(rows[i].st), before + 1);
		T_TRUE(lab.sent == 0 && lab.decided == 0);
	}
	T_EQ(coa_unknown(c), 2);
	/* Any changed octet. */
	struct view v = disconnect(1, NULL);
	for (size_t i = 4; i < v.len; i++) {
		T_ROW(i, "a changed octet");
		rq.bytes[i] ^= 1;
		give(c, "192.0.2.1", v);
		rq.bytes[i] ^= 1;
		T_EQ(lab.sent, 0);
	}
	/* Any length but its own. */
	for (size_t i = 0; i < v.len; i++) {
		T_ROW(i, "cut");
		give(c, "192.0.2.1", (struct view){v.p, i});
		T_EQ(lab.sent, 0);
	}
	give(c, "192.0.2.1", v);
	T_EQ(lab.sent, 1);
	coa_free(c);
}

/* The same address in another VRF is another client, with another key. */
static void vrfs(void)
{
	struct coa *c = start(false);
	struct endpoint local = at(3, "192.0.2.9", 1700), remote = at(3, "192.0.2.1", 5);
	struct view v = disconnect(1, NULL);

	coa_on_datagram(c, &local, &remote, v.p, v.len);
	T_TRUE(lab.sent == 0 && dropped(ST_COA_AUTH) == 1);
	lab_open(&rq, 40, 1);
	put(&rq, changes);
	v = lab_close(&rq, (struct view){(const uint8_t *)"red-key", 7});
	coa_on_datagram(c, &local, &remote, v.p, v.len);
	T_TRUE(lab.sent == 1 && lab.from.vrf == 3 && lab.from.port == 1700);
	coa_free(c);
}

static void message_authenticator(void)
{
	struct coa *c = start(false);

	lab_open(&rq, 40, 1);
	lab_text_attr(&rq, 1, "anna");
	radius_put_unsigned(&rq.w);
	struct view v = lab_close(&rq, lab_key);
	give(c, "192.0.2.1", v);
	T_TRUE(lab.sent == 1 && lab.steps[COA_UNSIGNED] == 0);
	/* Wrong inside of a right Request Authenticator. */
	lab_open(&rq, 40, 2);
	lab_text_attr(&rq, 1, "anna");
	radius_put(&rq.w, RADIUS_MESSAGE_AUTHENTICATOR, SIXTEEN, 16);
	wr_close16(&rq.w, rq.m);
	rq.bytes[26] = 79; /* signed as if it were something else */
	T_EQ(radius_sign_request(lab_key, rq.bytes, rq.w.len), ST_OK);
	rq.bytes[26] = RADIUS_MESSAGE_AUTHENTICATOR;
	give(c, "192.0.2.1", (struct view){rq.bytes, rq.w.len});
	T_TRUE(lab.sent == 1 && dropped(ST_COA_AUTH) == 1);
	coa_free(c);
}

static void proxy_states(void)
{
	static const struct attr states[] = {{33, "first", 0}, {33, "", 0}, {33, "third", 0}, {0, NULL, 0}};
	static const char *const want[] = {"first", "", "third"};
	struct coa *c = start(false);
	struct radius_packet p;
	struct radius_attr a;
	size_t n = 0;

	give(c, "192.0.2.1", disconnect(1, states));
	T_EQ(radius_parse((struct view){lab.bytes, lab.len}, &p), ST_OK);
	struct radius_cursor k = radius_begin(p.attrs);
	while (radius_next(&k, &a)) {
		if (a.type != RADIUS_PROXY_STATE)
			continue;
		T_TRUE(n < 3 && a.value.len == strlen(want[n]) && memcmp(a.value.p, want[n], a.value.len) == 0);
		n++;
	}
	T_EQ(n, 3);
	coa_free(c);
}

/* State goes back as it came, with each answer to a CoA-Request; what says that RADIUS is asked has the service, too. */
static void states(void)
{
	static const struct attr two[] = {SESSION, {24, "first", 0}, {33, "proxy", 0}, {24, "second", 0}, {0, NULL, 0}};
	static const struct {
		uint8_t request;
		uint32_t cause;
		bool has_state, has_service;
	} rows[] = {{43, 0, true, false}, {43, 401, true, false}, {43, 507, true, true}, {40, 0, false, false}, {40, 401, false, false}};
	struct coa *c = start(false);
	struct radius_packet p;
	struct radius_attr a;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, "an answer");
		lab.next = (struct coa_answer){.cause = rows[i].cause};
		lab_open(&rq, rows[i].request, (uint8_t)i);
		put(&rq, two);
		struct view v = lab_close(&rq, lab_key);
		give(c, "192.0.2.1", v);
		T_DO(is_answer(v, (uint8_t)(rows[i].request + (rows[i].cause ? 2 : 1)), rows[i].cause));
		T_EQ(radius_parse((struct view){lab.bytes, lab.len}, &p), ST_OK);
		struct radius_cursor at = radius_begin(p.attrs);
		int n_states = 0, n_services = 0;
		while (radius_next(&at, &a)) {
			n_states += a.type == RADIUS_STATE && a.value.len == 5 && memcmp(a.value.p, "first", 5) == 0;
			n_services += a.type == RADIUS_SERVICE_TYPE && a.value.p[3] == 17;
			T_TRUE(a.type != RADIUS_STATE || a.value.len == 5);
		}
		T_EQ(n_states, rows[i].has_state);
		T_EQ(n_services, rows[i].has_service);
	}
	size_t cursor = 0;
	struct coa_client_info info;
	T_TRUE(coa_next_info(c, &cursor, &info) && info.counts.coa.nak_auth_only == 1 && info.counts.coa.naks == 2);
	coa_free(c);
}

static void times(void)
{
	static const struct {
		const char *name;
		int32_t off;
		bool ok;
	} rows[] = {{"now", 0, true}, {"at the edge before", -300, true}, {"at the edge after", 300, true},
		{"before", -301, false}, {"after", 301, false}};

	for (int required = 0; required < 2; required++) {
		struct coa *c = start(required);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct attr time[] = {{55, NULL, (uint32_t)(NOW_MS / 1000 + rows[i].off)}, {0, NULL, 0}};
			int before = lab.sent;
			T_ROW(i, rows[i].name);
			give(c, "192.0.2.1", disconnect((uint8_t)i, time));
			T_EQ(lab.sent - before, rows[i].ok);
		}
		T_ROW(required, "none");
		int before = lab.sent;
		give(c, "192.0.2.1", disconnect(99, NULL));
		T_EQ(lab.sent - before, !required);
		T_EQ(dropped(ST_COA_OLD), (uint64_t)(2 + required));
		coa_free(c);
	}
}

static void comes_again(void)
{
	struct coa *c = start(false);
	struct view v = disconnect(1, NULL);
	uint8_t first[RADIUS_MAX];
	size_t len;

	give(c, "192.0.2.1", v);
	len = lab.len;
	memcpy(first, lab.bytes, len);
	lab.next = (struct coa_answer){.cause = 503};
	lab.now_ms += 30000;
	give(c, "192.0.2.1", v);
	T_TRUE(lab.decided == 1 && lab.sent == 2 && lab.len == len);
	T_MEM(lab.bytes, first, len);
	T_EQ(stats->count[CT_COA_REPEATED], 1);
	/* From another port, and with another identifier, it is another request. */
	struct endpoint local = at(0, "192.0.2.9", 3799), remote = at(0, "192.0.2.1", 40001);
	coa_on_datagram(c, &local, &remote, v.p, v.len);
	T_EQ(lab.decided, 2);
	give(c, "192.0.2.1", disconnect(2, NULL));
	T_EQ(lab.decided, 3);
	/* The identifier again, for something else. */
	static const struct attr other[] = {{1, "anna", 0}, {0, NULL, 0}};
	give(c, "192.0.2.1", disconnect(1, other));
	T_EQ(lab.decided, 4);
	/* Forgotten with time. */
	lab.now_ms += COA_KEPT_MS;
	give(c, "192.0.2.1", disconnect(1, NULL));
	T_EQ(lab.decided, 5);
	coa_free(c);
}

/* Bounded by number; the oldest goes. */
static void memory_is_bounded(void)
{
	struct coa *c = start(false);
	struct attr more[] = {{1, NULL, 0}, {0, NULL, 0}};
	char name[16];

	for (int i = 0; i <= COA_KEPT_MAX; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		more[0].text = name;
		give(c, "192.0.2.1", disconnect(1, more));
	}
	T_EQ(lab.decided, COA_KEPT_MAX + 1);
	give(c, "192.0.2.1", disconnect(1, more));
	T_EQ(lab.decided, COA_KEPT_MAX + 1);
	more[0].text = "u1";
	give(c, "192.0.2.1", disconnect(1, more));
	T_EQ(lab.decided, COA_KEPT_MAX + 1);
	more[0].text = "u0";
	give(c, "192.0.2.1", disconnect(1, more));
	T_EQ(lab.decided, COA_KEPT_MAX + 2);
	coa_free(c);
}

/* And by octets: answers that are long because of their Proxy-State. */
static void memory_is_bounded_by_octets(void)
{
	struct coa *c = start(false);
	char state[254];
	struct attr more[12] = {{1, NULL, 0}};
	char name[16];
	int n = COA_KEPT_BYTES / 2550 + 2;

	memset(state, 'x', 253);
	state[253] = 0;
	for (int k = 1; k < 11; k++)
		more[k] = (struct attr){33, state, 0};
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		more[0].text = name;
		give(c, "192.0.2.1", disconnect(1, more));
	}
	T_EQ(lab.decided, n);
	give(c, "192.0.2.1", disconnect(1, more));
	T_EQ(lab.decided, n);
	more[0].text = "u0";
	give(c, "192.0.2.1", disconnect(1, more));
	T_EQ(lab.decided, n + 1);
	coa_free(c);
}

static void counters_stay(void)
{
	struct coa *c = start(false);
	struct coa_client_conf clients[] = {client("one", 0, "192.0.2.1", "new-key"), client("new", 0, "192.0.2.5", LAB_KEY)};
	struct coa_conf conf = {clients, 2, false, 300};
	struct coa_client_info i;
	size_t cursor = 0;

	give(c, "192.0.2.1", disconnect(1, NULL));
	give(c, "192.0.2.1", disconnect(1, NULL));
	T_EQ(coa_configure(c, &conf), ST_OK);
	give(c, "192.0.2.1", disconnect(2, NULL));
	T_TRUE(coa_next_info(c, &cursor, &i));
	T_STR(i.name, "one");
	T_TRUE(i.counts.disconnect.requests == 1 && i.counts.disconnect.acks == 1 && i.counts.disconnect.repeated == 1);
	T_EQ(i.counts.disconnect.bad_authenticator, 1);
	T_TRUE(coa_next_info(c, &cursor, &i) && i.counts.disconnect.requests == 0);
	T_TRUE(!coa_next_info(c, &cursor, &i));
	give(c, "192.0.2.2", disconnect(1, NULL));
	T_EQ(coa_unknown(c), 1);
	conf.n_clients = COA_CLIENTS_MAX + 1;
	T_EQ(coa_configure(c, &conf), ST_LIMIT);
	coa_free(c);
}

/* Each allocation of a request fails in turn: it is refused with 506, or answered and not kept. */
static void without_memory(void)
{
	struct coa *c = start(false);
	struct coa_answer a;

	for (uint64_t nth = 1; nth < 3; nth++) {
		T_ROW(nth, "request");
		lab_open(&rq, 43, 1);
		put(&rq, changes);
		T_EQ(radius_parse(lab_close(&rq, lab_key), &packet), ST_OK);
		mem_fail_at(nth);
		bool ok = coa_request_read(&packet, &request, &a);
		mem_fail_at(0);
		T_TRUE(ok ? a.cause == 0 : a.cause == 506);
		T_TRUE(ok || nth == 1);
		coa_request_fini(&request);
	}
	struct view v = disconnect(1, NULL);
	mem_fail_at(1);
	give(c, "192.0.2.1", v);
	mem_fail_at(0);
	T_TRUE(lab.sent == 1 && lab.decided == 1);
	give(c, "192.0.2.1", v);
	T_EQ(lab.decided, 2);
	for (uint64_t nth = 1; nth < 3; nth++) {
		mem_fail_at(nth);
		struct coa *other = coa_new(&ports, stats);
		mem_fail_at(0);
		T_TRUE(!other);
	}
	coa_free(c);
}

int main(void)
{
	int64_t live = mem_live();

	stats = aligned_alloc(64, sizeof(*stats));
	if (!stats)
		return 1;
	T_RUN(every_request);
	T_RUN(changes_are_read);
	T_RUN(two_parts);
	T_RUN(answers);
	T_RUN(silence);
	T_RUN(vrfs);
	T_RUN(message_authenticator);
	T_RUN(proxy_states);
	T_RUN(states);
	T_RUN(times);
	T_RUN(comes_again);
	T_RUN(memory_is_bounded);
	T_RUN(memory_is_bounded_by_octets);
	T_RUN(counters_stay);
	T_RUN(without_memory);
	free(stats);
	if (mem_live() != live)
		printf("FAIL leak %lld\n", (long long)(mem_live() - live));
	return t_end() || mem_live() != live;
}
