/* One test, or more, for each class of bugs that other implementations of IKE had and that exists
 * here. Engines are alive, debug is on at its highest level (class 24: lines about hostile bytes have
 * crashed others), and the keys are those of the attacker where it may have them.
 *
 *    1 2 3            fragments                        with the tests of fragments
 *    4 5 6 7          here
 *    8 9 10           EAP and its methods              not applicable: there is no EAP
 *   11 12 13 14 15    signatures, keys, certificates   not applicable: there are none
 *   16 17 18 26 27    here
 *   19 21 23 24 25    test_bug_classes_state.c
 *   20                RADIUS                           not applicable: there is none
 *   22                control socket                   test_ctl.c, fuzz_ctl.c
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/crypto/dh_primes.h"
#include "core/ike/payload_table.h"
#include "core/ike/trace.h"
#include "core/wire/id.h"
#include "tests/lib/ike_attack.h"
#include "tests/lib/t.h"

/* ---- 4: a mandatory payload is missing, or there twice ------------------------------------------------ */

struct without {
	uint8_t type;
	bool twice;
};

static bool was_there;

static void leave_out(struct attack_chain *c, const void *arg)
{
	const struct without *a = arg;

	for (size_t i = 0; i < c->n; i++) {
		if (c->v[i].type != a->type)
			continue;
		was_there = true;
		if (a->twice) {
			c->v[c->n++] = c->v[i];
			return;
		}
		memmove(&c->v[i], &c->v[i + 1], (--c->n - i) * sizeof(c->v[0]));
		return;
	}
}

static const struct {
	enum message_kind kind;
	int from;
	uint8_t exchange;
	bool is_response;
} messages[] = {
	{MK_INIT_REQUEST, 0, EX_IKE_SA_INIT, false}, {MK_INIT_REPLY, 1, EX_IKE_SA_INIT, true},
	{MK_AUTH_REQUEST, 0, EX_IKE_AUTH, false}, {MK_AUTH_REPLY, 1, EX_IKE_AUTH, true},
	{MK_CHILD_REQUEST, 0, EX_CREATE_CHILD_SA, false}, {MK_CHILD_REPLY, 1, EX_CREATE_CHILD_SA, true},
};

static void without_one(size_t m, const struct payload_rule *rule, bool twice)
{
	struct without a = {rule->type, twice};
	bool is_login = messages[m].exchange != EX_CREATE_CHILD_SA;
	bool is_wrong = twice ? rule->max == 1 : rule->min == 1;

	was_there = false;
	T_DO(attack_open());
	if (is_login) {
		attack_edit(messages[m].from, messages[m].exchange, messages[m].is_response, leave_out, &a);
		T_DO(attack_connect(3000));
		/* Whoever got it has no session by it. */
		if (is_wrong && was_there)
			T_TRUE(attack.w.node[!messages[m].from].up_sa == 0);
	} else {
		uint64_t rekeyed;

		T_DO(attack_login());
		attack_edit(messages[m].from, messages[m].exchange, messages[m].is_response, leave_out, &a);
		rekeyed = world_count(&attack.w.node[!messages[m].from], CT_IKE_REKEYED);
		T_EQ(ike_rekey(attack.w.node[0].ike, attack.w.node[0].up_sa, false), ST_OK);
		world_run(&attack.w, 3000);
		T_TRUE(attack.edit.done > 0);
		if (is_wrong && was_there)
			T_EQ(world_count(&attack.w.node[!messages[m].from], CT_IKE_REKEYED), rekeyed);
	}
	T_DO(attack_close());
}

static void test_bug_class_04_payload_missing_or_twice(void)
{
	size_t n;
	const struct payload_rule *rules = payload_rules(&n);

	for (size_t m = 0; m < sizeof(messages) / sizeof(messages[0]); m++)
		for (size_t i = 0; i < n; i++) {
			if (rules[i].kind != messages[m].kind)
				continue;
			T_ROW(m * 100 + i, payload_name(rules[i].type));
			T_DO(without_one(m, &rules[i], false));
			T_DO(without_one(m, &rules[i], true));
		}
}

/* ---- 5: key exchange ------------------------------------------------------------------------------------ */

struct ke_body {
	uint16_t group;
	size_t len;
	uint8_t v[600];
};

static void replace_ke(struct attack_chain *c, const void *arg)
{
	const struct ke_body *k = arg;
	struct attack_payload *l = attack_find(c, PT_KE);

	if (l == NULL)
		return;
	attack_put16(l->body, k->group);
	memcpy(l->body + 4, k->v, k->len);
	l->len = 4 + k->len;
}

/* In the place of the client's or the headend's value; whoever gets it must have no keys by it. */
static void bad_ke(const char *conf, const struct ke_body *k, int from, int row)
{
	struct snapshot *c = NULL, *s = NULL;
	char text[4096];

	t_row(row, conf);
	snprintf(text, sizeof(text), "%s%s", conf, world_client_text);
	c = world_conf(text);
	snprintf(text, sizeof(text), "%s%s", conf, world_server_text);
	s = world_conf(text);
	T_TRUE(world_init(&attack.w, 1, c, s));
	attack.w.tap = attack_tap;
	attack.w.knobs.real_crypto = true;
	world_trace(&attack.w, TRACE_ALL);
	attack_edit(from, EX_IKE_SA_INIT, from == 1, replace_ke, k);
	T_DO(attack_connect(2000));
	T_TRUE(attack.edit.done > 0);
	T_TRUE(attack.w.node[0].up_sa == 0 && attack.w.node[1].up_sa == 0);
	T_TRUE(attack_sa(!from) == NULL || !attack_sa(!from)->has_keys);
	/* The initiator forgets nothing for a forged reply, but a value it computed with is one. */
	T_TRUE(world_status_count(&attack.w.node[!from], ST_BAD_KE) > 0);
	T_DO(attack_close());
	snapshot_unref(c);
	snapshot_unref(s);
}

static void test_bug_class_05_key_exchange_values(void)
{
	static const struct {
		uint16_t group;
		size_t len;
		const char *conf;
	} groups[] = {
		{14, 256, "crypto ikev2 proposal X\n encryption aes-cbc-128\n integrity sha256\n group 14\ncrypto ikev2 policy X\n proposal X\n"},
		{19, 64, "crypto ikev2 proposal X\n encryption aes-cbc-128\n integrity sha256\n group 19\ncrypto ikev2 policy X\n proposal X\n"},
		{20, 96, "crypto ikev2 proposal X\n encryption aes-cbc-128\n integrity sha256\n group 20\ncrypto ikev2 policy X\n proposal X\n"},
		{31, 32, "crypto ikev2 proposal X\n encryption aes-cbc-128\n integrity sha256\n group 31\ncrypto ikev2 policy X\n proposal X\n"},
	};
	static struct ke_body k;
	int row = 0;

	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
		for (int from = 0; from < 2; from++) {
			struct view p = groups[g].group == 14 ? dh_prime_find(14)->p : (struct view){0};

			for (int what = 0; what < 7; what++, row++) {
				k = (struct ke_body){.group = groups[g].group, .len = groups[g].len};
				switch (what) {
				case 0: break;                                  /* 0; at infinity; low order */
				case 1: k.v[k.len - 1] = 1; break;              /* 1; off the curve */
				case 2: memset(k.v, 0xff, k.len); break;        /* beyond p */
				case 3: k.len--; break;
				case 4: k.len++; break;
				case 5:                                         /* p - 1, or low order again */
					if (p.len > 0)
						memcpy(k.v, p.p, p.len);
					if (p.len > 0)
						k.v[k.len - 1] ^= 1;
					break;
				default:
					if (p.len > 0)                          /* p */
						memcpy(k.v, p.p, p.len);
					break;
				}
				/* Of Curve25519 only results of zero are wrong: 0 and 1 are of low order. */
				if (groups[g].group == 31 && what == 1) {
					k.v[k.len - 1] = 0;
					k.v[0] = 1;
				}
				if (groups[g].group == 31 && what == 2)
					continue;
				T_DO(bad_ke(groups[g].conf, &k, from, row));
			}
		}
	t_row(-1, NULL);
}

static void any_group(struct attack_chain *c, const void *arg)
{
	attack_put16(attack_find(c, PT_KE)->body, *(const unsigned *)arg);
}

/* Every number that is not the group of the chosen proposal: no SA, no job, a short answer. */
static void test_bug_class_05_all_group_numbers(void)
{
	uint8_t init[WORLD_PACKET_MAX], m[WORLD_PACKET_MAX];
	unsigned chosen = 0, group = 0;
	struct ike_message parsed;
	size_t len;

	T_DO(attack_open());
	attack.is_mute = true;
	T_DO(attack_connect(20));
	len = attack.seen[0].len;
	memcpy(init, attack.seen[0].bytes, len);
	T_EQ(ike_message_parse((struct view){init, len}, &parsed), ST_OK);
	chosen = (unsigned)payload_find(&parsed.p, PT_KE)->body.p[0] << 8 | payload_find(&parsed.p, PT_KE)->body.p[1];
	for (group = 0; group < 65536; group++) {
		size_t before = ike_half_open(attack.w.node[1].ike);
		struct endpoint from = {.addr = addr_v4(0x0a000001 + (group << 8)), .port = 500};
		struct msg_out o;
		struct view v;

		T_ROW(group, "group");
		attack_take(&parsed.p);
		any_group(&attack.chain, &group);
		parsed.hdr.spi_i = 0x100000 + group;
		msg_start_plain(&o, attack.w.node[0].ike, &parsed.hdr);
		attack_put(&o);
		T_EQ(msg_end(&o, &v), ST_OK);
		memcpy(m, v.p, v.len);
		attack_inject_from(1, m, v.len, &from);
		T_TRUE((ike_half_open(attack.w.node[1].ike) > before) == (group == chosen));
	}
	T_DO(attack_close());
}

/* ---- 6: payloads of another version of the protocol ------------------------------------------------------ */

struct extra {
	uint8_t type;
	bool critical;
};

static void add_extra(struct attack_chain *c, const void *arg)
{
	static const uint8_t body[8] = {0, 0, 0, 1, 1, 0, 0, 4};
	const struct extra *e = arg;

	attack_add(c, e->type, e->critical, body, sizeof(body));
}

static bool is_understood(uint8_t type)
{
	return strcmp(payload_name(type), "unknown") != 0;
}

static void with_extra(size_t m, const struct extra *e)
{
	bool is_login = messages[m].exchange != EX_CREATE_CHILD_SA;
	uint64_t rekeyed = 0;
	bool works;

	T_DO(attack_open());
	if (!is_login)
		T_DO(attack_login());
	attack_edit(messages[m].from, messages[m].exchange, messages[m].is_response, add_extra, e);
	if (is_login) {
		T_DO(attack_connect(2500));
		works = attack.w.node[0].up_sa != 0 && attack.w.node[1].up_sa != 0;
	} else {
		rekeyed = world_count(&attack.w.node[0], CT_IKE_REKEYED);
		T_EQ(ike_rekey(attack.w.node[0].ike, attack.w.node[0].up_sa, false), ST_OK);
		world_run(&attack.w, 2500);
		works = world_count(&attack.w.node[0], CT_IKE_REKEYED) > rekeyed;
	}
	T_TRUE(attack.edit.done > 0);
	/* INIT is covered by AUTH: what was added in between never leads to a session. */
	if (!is_understood(e->type) && messages[m].exchange != EX_IKE_SA_INIT)
		T_TRUE(works == !e->critical);
	if (e->type < 33)
		T_TRUE(works == (!e->critical && messages[m].exchange != EX_IKE_SA_INIT));
	T_DO(attack_close());
}

static void test_bug_class_06_payload_types_in_every_exchange(void)
{
	/* 1..32 are those of version 1; the rest in steps that keep the test short. */
	for (size_t m = 0; m < sizeof(messages) / sizeof(messages[0]); m++)
		for (unsigned type = 1; type <= 132; type += type < 60 ? 1 : 9)
			for (unsigned critical = 0; critical < 2; critical++) {
				struct extra e = {(uint8_t)type, critical != 0};

				T_ROW(m * 1000 + type * 2 + critical, exchange_name(messages[m].exchange));
				/* SK inside of SK and fragments are not payloads that one adds. */
				if (type == PT_SK || type == PT_SKF)
					continue;
				T_DO(with_extra(m, &e));
			}
}

static void test_bug_class_06_payload_types_in_informational(void)
{
	for (unsigned type = 1; type <= 132; type++)
		for (unsigned critical = 0; critical < 2; critical++) {
			struct extra e = {(uint8_t)type, critical != 0};

			if (is_understood(e.type))
				continue;
			T_ROW(type * 2 + critical, "");
			T_DO(attack_open());
			T_DO(attack_login());
			attack.chain.n = 0;
			add_extra(&attack.chain, &e);
			T_DO(attack_inject_sealed(1, EX_INFORMATIONAL, attack_sa(1)->in.next));
			T_EQ(world_status_count(&attack.w.node[1], ST_CRITICAL), critical);
			attack_sa(0)->out.next = attack_sa(1)->in.next;
			T_DO(attack_alive());
			T_DO(attack_close());
		}
}

/* ---- 7, 26: before the peer has proven who it is -------------------------------------------------------- */

static void test_bug_class_07_exchanges_before_auth(void)
{
	static const uint8_t types[] = {0, PT_SA, PT_NONCE, PT_KE, PT_TSI, PT_NOTIFY, PT_DELETE, PT_CP, PT_EAP, PT_AUTH};
	static const uint8_t body[] = {0, 0, 0x40, 0x09, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	uint64_t sent;

	T_DO(attack_open());
	T_DO(attack_half_open());
	sent = attack.w.packets;
	for (unsigned exchange = 0; exchange < 256; exchange++)
		for (uint32_t id = 0; exchange != EX_IKE_AUTH && id < 4; id++)
			for (size_t i = 0; i < sizeof(types); i++) {
				T_ROW(exchange, exchange_name((uint8_t)exchange));
				attack.chain.n = 0;
				if (types[i] != 0)
					attack_add(&attack.chain, types[i], false, body, sizeof(body));
				T_DO(attack_inject_sealed(1, (uint8_t)exchange, id));
				T_EQ(attack_sa(1)->state, SA_R_AUTH);
			}
	T_EQ(attack.w.packets, sent); /* class 26: nor is anything answered */
	T_TRUE(attack.w.node[1].up_sa == 0 && attack.w.node[1].n_child == 0);
	/* The client's own IKE_AUTH still works. */
	attack.w.tap = attack_tap;
	world_run(&attack.w, 5000);
	T_TRUE(attack.w.node[0].up_sa != 0 && attack.w.node[1].up_sa != 0);
	T_DO(attack_close());
}

/* Where a proof is judged: an AUTH value by a shared key or the key of EAP, a signature, a ticket. */
static bool is_proof(const struct sa_row *r)
{
	static const struct {
		uint8_t state, event;
	} rows[] = {
		{SA_I_AUTH, SE_AUTH_REPLY}, {SA_I_FINAL, SE_AUTH_REPLY}, {SA_I_PROOF, SE_GRANTED},
		{SA_R_KEYS, SE_GRANTED}, {SA_R_KEYS, SE_SIGN}, {SA_R_KEYS, SE_MAY_REDIRECT},
		{SA_R_PROOF, SE_GRANTED}, {SA_R_PROOF, SE_SIGN}, {SA_R_PROOF, SE_MAY_REDIRECT},
		{SA_R_FINAL, SE_AUTH_REQUEST}, {SA_R_FINAL, SE_MAY_REDIRECT}, {SA_R_NAME, SE_RESUMED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (r->state == rows[i].state && r->event == rows[i].event)
			return true;
	return false;
}

/* The tables: no way into UP without the rows that judge a proof. */
static bool reaches_up(uint8_t from, uint8_t start_event, bool with_proof)
{
	bool is_reached[SA_STATES] = {false};
	bool more = true;
	size_t n;
	const struct sa_row *rows = sa_rows(&n);

	while (more) {
		more = false;
		for (size_t i = 0; i < n; i++) {
			bool begins = rows[i].state == from && rows[i].event == start_event;

			if ((!with_proof && is_proof(&rows[i])) || (!begins && (rows[i].state == from || !is_reached[rows[i].state])))
				continue;
			if (!is_reached[rows[i].next_ok] || !is_reached[rows[i].next_fail])
				more = true;
			is_reached[rows[i].next_ok] = is_reached[rows[i].next_fail] = true;
		}
	}
	return is_reached[SA_UP];
}

static void test_bug_class_07_no_way_up_without_proof(void)
{
	T_TRUE(!reaches_up(SA_NEW, SE_ACCEPT, false) && !reaches_up(SA_NEW, SE_TICKET, false));
	T_TRUE(!reaches_up(SA_NEW, SE_CONNECT, false) && !reaches_up(SA_NEW, SE_RESUME, false));
	/* The search sees what there is. */
	T_TRUE(reaches_up(SA_NEW, SE_ACCEPT, true) && reaches_up(SA_NEW, SE_CONNECT, true));
	T_TRUE(reaches_up(SA_NEW, SE_TICKET, true) && reaches_up(SA_NEW, SE_RESUME, true));
}

static void other_method(struct attack_chain *c, const void *arg)
{
	struct attack_payload *l = attack_find(c, PT_AUTH);

	if (l != NULL)
		l->body[0] = *(const uint8_t *)arg;
}

/* The right value under another method, from either side. */
static void test_bug_class_26_auth_method(void)
{
	for (unsigned method = 0; method < 256; method++)
		for (int from = 0; from < 2; from++) {
			uint8_t m = (uint8_t)method;

			if (method == 2) /* it is the right one */
				continue;
			T_ROW(method, from == 0 ? "of the client" : "of the headend");
			T_DO(attack_open());
			attack_edit(from, EX_IKE_AUTH, from == 1, other_method, &m);
			T_DO(attack_connect(2000));
			T_TRUE(attack.edit.done > 0);
			T_TRUE(attack.w.node[!from].up_total == 0);
			T_DO(attack_close());
		}
}

/* ---- 16: identities ------------------------------------------------------------------------------------- */

static void replace_idi(struct attack_chain *c, const void *arg)
{
	const struct attack_payload *with = arg;
	struct attack_payload *l = attack_find(c, PT_IDI);

	if (l == NULL)
		return;
	l->len = with->len;
	memcpy(l->body, with->body, with->len);
}

static void test_bug_class_16_identity_payloads(void)
{
	static struct attack_payload rows[32];
	static const struct {
		uint8_t type;
		const char *data;
		size_t len;
	} from[] = {
		{0, "user@corp.example", 17}, {3, "", 0}, {3, "user@corp.example\0.evil", 23}, {3, "user@corp.example\n", 18},
		{3, "\0user@corp.example", 18}, {2, "user@corp.example\0", 18}, {1, "\1\2\3", 3}, {1, "\1\2\3\4\5", 5}, {5, "\1\2\3\4", 4},
		{9, "", 0}, {11, "", 0}, {4, "x", 1}, {255, "user@corp.example", 17}, {13, "user@corp.example", 17},
	};
	size_t n = 0;

	for (; n < sizeof(from) / sizeof(from[0]); n++) {
		rows[n].len = 4 + from[n].len;
		rows[n].body[0] = from[n].type;
		memcpy(rows[n].body + 4, from[n].data, from[n].len);
	}
	for (size_t len = 0; len < 4; len++) /* cut in its head */
		rows[n++].len = len;
	for (size_t len = IKE_ID_LEN - 1; len <= IKE_ID_LEN + 2; len++, n++) {
		rows[n].len = 4 + len;
		rows[n].body[0] = IDT_EMAIL;
		memset(rows[n].body + 4, 'a', len);
	}
	for (size_t i = 0; i < n; i++) {
		T_ROW(i, "identity");
		T_DO(attack_open());
		attack_edit(0, EX_IKE_AUTH, false, replace_idi, &rows[i]);
		T_DO(attack_connect(2000));
		T_TRUE(attack.edit.done > 0);
		T_TRUE(attack.w.node[1].up_total == 0 && attack.w.node[1].n_child == 0);
		/* None came as far as a comparison of keys. */
		T_TRUE(attack.w.node[1].last_status != ST_AUTH_FAILED);
		T_DO(attack_close());
	}
}

static void test_bug_class_16_identity_comparison(void)
{
	static const struct {
		const char *identity;
		bool is_ours;
	} rows[] = {
		{"email user@corp.example", true}, {"email USER@Corp.EXAMPLE", true}, {"email user@corp.example.evil", false},
		{"email user@evilcorp.example", false}, {"email corp.example", false}, {"fqdn user.corp.example", false},
		{"email user@sub.corp.example", true}, {"key-id user@corp.example", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct snapshot *c;
		char text[1024], *at;

		T_ROW(i, rows[i].identity);
		at = strstr(world_client_text, "email user@corp.example");
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - world_client_text), world_client_text, rows[i].identity,
			at + strlen("email user@corp.example"));
		c = world_conf(text);
		T_TRUE(world_init(&attack.w, 1, c, attack.server));
		world_trace(&attack.w, TRACE_ALL);
		T_DO(attack_connect(2000));
		T_TRUE((attack.w.node[1].up_sa != 0) == rows[i].is_ours);
		if (!rows[i].is_ours)
			T_EQ(attack.w.node[1].last_status, ST_NO_PROFILE);
		T_DO(attack_close());
		snapshot_unref(c);
	}
}

/* ---- 17: traffic selectors ------------------------------------------------------------------------------ */

static void replace_tsi(struct attack_chain *c, const void *arg)
{
	const struct attack_payload *with = arg;
	struct attack_payload *l = attack_find(c, PT_TSI);

	if (l == NULL)
		return;
	l->len = with->len;
	memcpy(l->body, with->body, with->len);
}

/* Only what was leased, whatever was asked for. */
static bool is_leased(const struct ts *t)
{
	return ts_has_any_port(t) && t->proto == 0 && addr_eq(&t->lo, &t->hi) &&
	       ((t->lo.family == 4 && t->lo.b[0] == 10 && t->lo.b[1] == 99) ||
		       (t->lo.family == 6 && t->lo.b[0] == 0xfd && t->lo.b[3] == 0x99));
}

static void test_bug_class_17_selectors_that_lie(void)
{
#define TS4(...) 7, 0, 0, 16, 0, 0, 0xff, 0xff, __VA_ARGS__
	static const struct {
		const char *name;
		uint8_t body[80];
		size_t len;
	} rows[] = {
		{"empty", {0}, 0}, {"no selector", {0}, 4}, {"cut", {1, 0, 0}, 3},
		{"fewer than it says", {2, 0, 0, 0, TS4(10, 0, 0, 0, 10, 0, 0, 1)}, 20},
		{"more than it says", {1, 0, 0, 0, TS4(10, 0, 0, 0, 10, 0, 0, 1), TS4(0, 0, 0, 0, 1, 1, 1, 1)}, 36},
		{"255 of one", {255, 0, 0, 0, TS4(10, 0, 0, 0, 10, 0, 0, 1)}, 20},
		{"high below low", {1, 0, 0, 0, TS4(10, 0, 0, 9, 10, 0, 0, 1)}, 20},
		{"ports upside down", {1, 0, 0, 0, 7, 6, 0, 16, 0, 9, 0, 1, 10, 0, 0, 0, 10, 0, 0, 1}, 20},
		{"length 0", {1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0, 10, 0, 0, 1}, 20},
		{"length beyond", {1, 0, 0, 0, 7, 0, 0, 200, 0, 0, 0xff, 0xff, 10, 0, 0, 0, 10, 0, 0, 1}, 20},
		{"IPv6 of 16 bytes", {1, 0, 0, 0, 8, 0, 0, 16, 0, 0, 0xff, 0xff, 10, 0, 0, 0, 10, 0, 0, 1}, 20},
		{"an unknown type alone", {1, 0, 0, 0, 9, 0, 0, 8, 1, 2, 3, 4}, 12},
		{"everything", {1, 0, 0, 0, TS4(0, 0, 0, 0, 255, 255, 255, 255)}, 20},
		{"everything twice", {2, 0, 0, 0, TS4(0, 0, 0, 0, 255, 255, 255, 255), TS4(0, 0, 0, 0, 255, 255, 255, 255)}, 36},
		{"overlapping", {3, 0, 0, 0, TS4(10, 0, 0, 0, 10, 255, 0, 0), TS4(10, 99, 0, 0, 10, 99, 255, 0), TS4(9, 0, 0, 0, 11, 0, 0, 0)}, 52},
		{"another's address", {1, 0, 0, 0, TS4(10, 99, 0, 77, 10, 99, 0, 77)}, 20},
	};
	static struct attack_payload l;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].name);
		l.len = rows[i].len;
		memcpy(l.body, rows[i].body, rows[i].len);
		T_DO(attack_open());
		attack_edit(0, EX_IKE_AUTH, false, replace_tsi, &l);
		T_DO(attack_connect(2000));
		T_TRUE(attack.edit.done > 0);
		for (size_t k = 0; k < attack.w.node[1].n_child; k++)
			for (size_t j = 0; j < attack.w.node[1].child[k].n_remote_ts; j++)
				T_TRUE(is_leased(&attack.w.node[1].child[k].remote_ts[j]));
		T_TRUE((attack.w.node[1].n_child > 0) == (i >= 12 && i <= 14));
		T_DO(attack_close());
	}
}

/* ---- 18, 27: rekeying, protocol numbers, SPIs -------------------------------------------------------------- */

static void test_bug_class_18_rekey_of_what_is_not_there(void)
{
	static const uint8_t protocols[] = {0, 1, 2, 3, 4, 255};
	static const uint8_t spi_sizes[] = {0, 1, 4, 8, 255};

	for (size_t p = 0; p < sizeof(protocols); p++)
		for (size_t s = 0; s < sizeof(spi_sizes); s++) {
			uint8_t notify[12] = {protocols[p], spi_sizes[s], 0x40, 0x09, 1, 2, 3, 4, 5, 6, 7, 8};
			uint8_t nonce[32] = {1}, sa[] = {0, 0, 0, 40, 1, 3, 4, 3, 9, 9, 9, 9, 3, 0, 0, 12, 1, 0, 0, 20, 0x80, 14, 0,
				128, 3, 0, 0, 8, 3, 0, 0, 12, 0, 0, 0, 8, 5, 0, 0, 0};
			uint8_t ts[] = {1, 0, 0, 0, 7, 0, 0, 16, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 255, 255, 255, 255};
			struct ike_child_spec before;
			uint64_t sent;

			T_ROW(p * 10 + s, "REKEY_SA");
			T_DO(attack_open());
			T_DO(attack_login());
			before = attack.w.node[1].child[0];
			attack.chain.n = 0;
			attack_add(&attack.chain, PT_NOTIFY, false, notify, sizeof(notify));
			attack_add(&attack.chain, PT_SA, false, sa, sizeof(sa));
			attack_add(&attack.chain, PT_NONCE, false, nonce, sizeof(nonce));
			attack_add(&attack.chain, PT_TSI, false, ts, sizeof(ts));
			attack_add(&attack.chain, PT_TSR, false, ts, sizeof(ts));
			sent = attack.w.packets;
			T_DO(attack_inject_sealed(1, EX_CREATE_CHILD_SA, attack_sa(1)->in.next));
			world_run(&attack.w, 200);
			T_TRUE(attack.w.packets > sent); /* answered, whatever it was */
			T_TRUE(attack.w.node[1].n_child <= 1);
			if (attack.w.node[1].n_child == 1)
				T_EQ(attack.w.node[1].child[0].spi_in, before.spi_in);
			T_DO(attack_close());
		}
}

struct spi_lie {
	uint8_t len;
	uint8_t spi[8];
};

/* The SPI of the proposal in a rekeying of the IKE SA. */
static void other_spi(struct attack_chain *c, const void *arg)
{
	const struct spi_lie *lie = arg;
	struct attack_payload *l = attack_find(c, PT_SA);
	struct attack_payload changed = {.type = PT_SA};
	uint8_t old;

	if (l == NULL || l->body[6] != 8)
		return;
	old = l->body[6];
	memcpy(changed.body, l->body, 8);
	changed.body[6] = lie->len;
	memcpy(changed.body + 8, lie->spi, lie->len);
	memcpy(changed.body + 8 + lie->len, l->body + 8 + old, l->len - 8 - old);
	changed.len = l->len - old + lie->len;
	attack_put16(changed.body + 2, (unsigned)changed.len);
	*l = changed;
}

static void test_bug_class_27_rekey_with_a_wrong_spi(void)
{
	static const struct spi_lie rows[] = {{8, {0}}, {0, {0}}, {4, {1, 2, 3, 4}}, {7, {1, 2, 3, 4, 5, 6, 7}}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int from = 0; from < 2; from++) {
			uint64_t spi;

			T_ROW(i, from == 0 ? "request" : "reply");
			T_DO(attack_open());
			T_DO(attack_login());
			spi = attack_sa(!from)->spi_i;
			attack_edit(from, EX_CREATE_CHILD_SA, from == 1, other_spi, &rows[i]);
			T_EQ(ike_rekey(attack.w.node[0].ike, attack.w.node[0].up_sa, false), ST_OK);
			world_run(&attack.w, 3000);
			T_TRUE(attack.edit.done > 0);
			T_EQ(world_count(&attack.w.node[!from], CT_IKE_REKEYED), 0);
			if (attack_sa(!from) != NULL && attack_sa(!from)->state == SA_UP)
				T_TRUE(attack_sa(!from)->spi_i == spi);
			T_DO(attack_close());
		}
}

static void test_bug_class_27_lengths_of_the_header(void)
{
	uint8_t good[WORLD_PACKET_MAX], m[WORLD_PACKET_MAX];
	size_t len;

	T_DO(attack_open());
	T_DO(attack_login());
	attack.chain.n = 0;
	len = attack_sealed(1, EX_INFORMATIONAL, attack_sa(1)->in.next, good);
	for (unsigned i = 0; i < 32; i++)
		for (int sign = -1; sign <= 1; sign += 2) {
			memcpy(m, good, len);
			attack_put32(m + 24, (uint32_t)len + (uint32_t)sign * (1u << i));
			attack_inject(1, m, len);
			memcpy(m, attack.seen[0].bytes, attack.seen[0].len); /* an INIT request */
			m[0] ^= 0x55;
			attack_put32(m + 24, (uint32_t)attack.seen[0].len + (uint32_t)sign * (1u << i));
			attack_inject(1, m, attack.seen[0].len);
		}
	T_EQ(world_count(&attack.w.node[1], CT_DPD_IN), 0);
	T_EQ(ike_half_open(attack.w.node[1].ike), 0);
	T_DO(attack_alive());
	T_DO(attack_close());
}

/* An attribute that is not understood makes its transform one that is not chosen (3.3.6). */
static void odd_attributes(struct attack_chain *c, const void *arg)
{
	struct attack_payload *l = attack_find(c, PT_SA);

	(void)arg;
	for (size_t i = 0; l != NULL && i + 1 < l->len; i++)
		if (l->body[i] == 0x80 && l->body[i + 1] == 14)
			l->body[i + 1] = 99;
}

static void test_bug_class_27_unknown_transform_attributes(void)
{
	T_DO(attack_open());
	attack_edit(0, EX_IKE_SA_INIT, false, odd_attributes, NULL);
	T_DO(attack_connect(2000));
	T_TRUE(attack.edit.done > 0);
	T_TRUE(attack.w.node[1].up_total == 0 && ike_half_open(attack.w.node[1].ike) == 0);
	T_TRUE(world_status_count(&attack.w.node[1], ST_NO_PROPOSAL) > 0);
	T_DO(attack_close());
}

int main(void)
{
	attack_begin();
	T_RUN(test_bug_class_04_payload_missing_or_twice);
	T_RUN(test_bug_class_05_key_exchange_values);
	T_RUN(test_bug_class_05_all_group_numbers);
	T_RUN(test_bug_class_06_payload_types_in_every_exchange);
	T_RUN(test_bug_class_06_payload_types_in_informational);
	T_RUN(test_bug_class_07_exchanges_before_auth);
	T_RUN(test_bug_class_07_no_way_up_without_proof);
	T_RUN(test_bug_class_16_identity_payloads);
	T_RUN(test_bug_class_16_identity_comparison);
	T_RUN(test_bug_class_17_selectors_that_lie);
	T_RUN(test_bug_class_18_rekey_of_what_is_not_there);
	T_RUN(test_bug_class_26_auth_method);
	T_RUN(test_bug_class_27_rekey_with_a_wrong_spi);
	T_RUN(test_bug_class_27_lengths_of_the_header);
	T_RUN(test_bug_class_27_unknown_transform_attributes);
	attack_end();
	return t_end();
}
