/* The configuration payload: who is sent which attribute, what is understood of a request and of a
 * reply (R-MCF-07..16, RFC 7296 3.15, RFC 8598, RFC 8983). */
#include <stdio.h>

#include "core/base/mem.h"
#include "core/ike/cp.h"
#include "core/ike/cp_set.h"
#include "core/ike/handshake.h"
#include "core/wire/cp.h"
#include "core/wire/notify.h"
#include "core/wire/vendor.h"
#include "tests/unit/wire.h"

static struct ike_grant g;
static struct kept_grant *kept;
static struct handshake *hs;
static uint8_t bytes[16384];
static struct msg_out out;
static struct ike_payloads parsed;

static struct addr addr(const char *text)
{
	struct addr a = {0};

	if (addr_parse(text, &a) != ST_OK)
		abort();
	return a;
}

static struct prefix net(const char *text)
{
	struct prefix p = {0};

	if (prefix_parse(text, &p) != ST_OK)
		abort();
	return p;
}

/* Everything there is. */
static void grant_everything(void)
{
	g = (struct ike_grant){
		.ip4 = addr("10.99.0.5"), .ip4_mask_len = 24,
		.ip6 = addr("fd00:99:0:5::1"), .ip6_prefix_len = 64,
		.n_dns = 3, .dns = {addr("10.0.0.53"), addr("10.0.0.54"), addr("fd00::53")},
		.n_nbns = 2, .nbns = {addr("10.0.0.1"), addr("10.0.0.2")},
		.n_subnets = 2, .subnets = {net("10.0.0.0/16"), net("fd00:10::/32")},
		.def_domain = "corp.example", .banner = "Welcome\nto it",
		.split_dns = "corp.example,lab.example", .backup_gateways = "192.0.2.7,vpn2.corp.example",
		.config_url = "http://conf.corp.example/x", .config_version = "2.4",
		.include_local_lan = true, .pfs = true, .smartcard_disconnect = true,
		.allows_ip4 = true, .allows_ip6 = true,
		.server_ip4 = addr("10.99.0.1"), .server_ip6 = addr("fd00:99::1"),
	};
	T_EQ(grant_keep(&g, &kept), ST_OK);
}

static void open_message(void)
{
	out = (struct msg_out){.w = wr_init(bytes, sizeof(bytes))};
	out.c = payload_chain_init(&out.w, PAYLOAD_NO_FIELD);
}

/* What was written, read again; the CP body, or nothing. */
static struct view cp_written(void)
{
	const struct payload *at;

	if (!wr_ok(&out.w) ||
		payloads_parse(out.c.first, (struct view){bytes, out.w.len}, PAYLOADS_INNER, &parsed) != ST_OK)
		abort();
	at = payload_find(&parsed, PT_CP);
	return at != NULL ? at->body : (struct view){0};
}

static struct view answer(uint8_t type, uint8_t asked, enum peer_class peer)
{
	hs->cp_type = type;
	hs->cp_asked = asked;
	hs->wants_ip4 = hs->wants_ip6 = true;
	open_message();
	cp_put_answer(&out, hs, kept, peer, true);
	return cp_written();
}

/* Names of the attributes without their common beginning, in their order. */
static const char *list_of(struct view body)
{
	static char text[1024];
	struct cp cp;
	struct cp_attr a;
	struct rd r;
	size_t len = 0;

	text[0] = '\0';
	if (body.len == 0)
		return text;
	if (cp_parse(body, &cp) != ST_OK)
		return "malformed";
	r = cp_attrs(&cp);
	while (cp_next(&r, &a) && len < sizeof(text))
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u", len ? " " : "", a.type);
	return text;
}

#define PLAIN "1 2 8 3 3 10 4 4 13 15"
#define UNITY " 7 28672 28674 28675 28681 28679 28684 28678"

/* R-MCF-09..11, 15: each class, with and without asking. */
static void classes_are_gates(void)
{
	static const struct {
		const char *name;
		enum peer_class peer;
		uint8_t asked;
		const char *list;
	} rows[] = {
		{"other", PEER_OTHER, 0, PLAIN},
		{"other, domains", PEER_OTHER, CP_ASKED_DOMAINS, PLAIN " 25 25"},
		{"other asks Windows' own", PEER_OTHER, CP_ASKED_SERVER4 | CP_ASKED_SERVER6, PLAIN},
		{"other, supported", PEER_OTHER, CP_ASKED_SUPPORTED, PLAIN " 14"},
		{"other, prefix", PEER_OTHER, CP_ASKED_PREFIX6, "1 2 8 18 3 3 10 4 4 13 15"},
		{"strongSwan", PEER_STRONGSWAN, CP_ASKED_DOMAINS, PLAIN " 25 25"},
		{"OpenIKED", PEER_OPENIKED, 0, PLAIN},
		{"Windows", PEER_WINDOWS, CP_ASKED_SERVER4 | CP_ASKED_SERVER6, PLAIN " 23456 23457"},
		{"Windows, one", PEER_WINDOWS, CP_ASKED_SERVER4, PLAIN " 23456"},
		{"Windows does not ask", PEER_WINDOWS, 0, PLAIN},
		{"AnyConnect", PEER_ANYCONNECT, 0, PLAIN UNITY},
		{"AnyConnect asks Windows' own", PEER_ANYCONNECT, CP_ASKED_SERVER4, PLAIN UNITY},
		{"FlexVPN", PEER_FLEXVPN, 0, PLAIN UNITY " 28692 28693"},
		{"FlexVPN, domains", PEER_FLEXVPN, CP_ASKED_DOMAINS, PLAIN " 25 25" UNITY " 28692 28693"},
	};

	grant_everything();
	for (size_t i = 0; i < COUNT(rows); i++) {
		T_ROW(i, rows[i].name);
		T_STR(list_of(answer(CP_REQUEST, rows[i].asked, rows[i].peer)), rows[i].list);
	}
}

/* What a client can come back with: as the session layer gave it, behind everything else. */
static void the_token_is_given(void)
{
	struct session_offer offer = {.wait_s = 0x01020304, .id_len = 5, .id = "abcde"};
	struct cp_attr a;
	struct cp cp;
	struct rd r;
	size_t n = 0;

	grant_everything();
	memset(offer.token, 0x5a, sizeof(offer.token));
	hs->session = &offer;
	T_STR(list_of(answer(CP_REQUEST, CP_ASKED_TOKEN, PEER_OTHER)), PLAIN " 21328 21329 21330");
	T_EQ(cp_parse(answer(CP_REQUEST, CP_ASKED_TOKEN, PEER_OTHER), &cp), ST_OK);
	for (r = cp_attrs(&cp); cp_next(&r, &a);) {
		if (a.type == CPA_SESSION_ID)
			n += a.value.len == 5 && memcmp(a.value.p, "abcde", 5) == 0;
		if (a.type == CPA_SESSION_TOKEN)
			n += a.value.len == 32 && memcmp(a.value.p, offer.token, 32) == 0;
		if (a.type == CPA_SESSION_WAIT)
			n += a.is_valid && a.value.len == 4 && memcmp(a.value.p, "\1\2\3\4", 4) == 0;
	}
	T_EQ(n, 3);
	hs->session = NULL;
	T_STR(list_of(answer(CP_REQUEST, CP_ASKED_TOKEN, PEER_OTHER)), PLAIN);
	T_STR(list_of(answer(CP_REQUEST, 0, PEER_ANYCONNECT)), PLAIN UNITY);
}

/* What is not there is not sent; and nothing at all is sent to who did not ask. */
static void little_is_granted(void)
{
	struct notify n;

	g = (struct ike_grant){.ip4 = addr("10.99.0.5"), .split_dns = "corp.example", .allows_ip4 = true};
	T_EQ(grant_keep(&g, &kept), ST_OK);
	T_STR(list_of(answer(CP_REQUEST, 0xff, PEER_OTHER)), "1 14"); /* no domain without a name server */
	T_TRUE(msg_find_notify(&parsed, N_IP4_ALLOWED, &n) && n.data.len == 0);
	T_TRUE(!msg_find_notify(&parsed, N_IP6_ALLOWED, &n));
	T_STR(list_of(answer(CP_REQUEST, CP_ASKED_SERVER4, PEER_WINDOWS)), "1");
	T_STR(list_of(answer(CP_REQUEST, 0, PEER_FLEXVPN)), "1 7 28675");
	g.ip4 = (struct addr){0};
	g.ip4_mask_len = 24; /* R-MCF-13: never without its address */
	T_EQ(grant_keep(&g, &kept), ST_OK);
	T_STR(list_of(answer(CP_REQUEST, 0, PEER_OTHER)), "");
	T_TRUE(payload_find(&parsed, PT_CP) != NULL);
	(void)answer(0, 0, PEER_FLEXVPN);
	T_EQ(parsed.n, 0);
	(void)answer(CP_REPLY, 0, PEER_FLEXVPN);
	T_EQ(parsed.n, 0);
}

/* Of the n-th attribute of a type. */
static struct view value_of(struct view body, uint16_t type, unsigned nth)
{
	struct cp cp;
	struct cp_attr a;
	struct rd r;

	if (cp_parse(body, &cp) != ST_OK)
		abort();
	r = cp_attrs(&cp);
	while (cp_next(&r, &a))
		if (a.type == type && nth-- == 0)
			return a.value;
	return (struct view){0};
}

static void values(void)
{
	static const struct {
		uint16_t type;
		unsigned nth;
		const char *hex;
	} rows[] = {
		{1, 0, "0a630005"}, {2, 0, "ffffff00"},
		{8, 0, "fd000099000000050000000000000001 40"},
		{18, 0, "fd000099000000050000000000000000 40"},
		{3, 1, "0a000036"}, {10, 0, "fd000000000000000000000000000053"}, {4, 1, "0a000002"},
		{13, 0, "0a000000 ffff0000"}, {15, 0, "fd000010000000000000000000000000 20"},
		{25, 0, "636f72702e6578616d706c65"}, {25, 1, "6c61622e6578616d706c65"},
		{7, 0, "53616c6c79706f7274"},
		{14, 0, "0001 0002 0003 0004 0007 0008 000a 000d 000e 000f 0012 0019"},
		{28672, 0, "57656c636f6d650a746f206974"},
		{28675, 0, "636f72702e6578616d706c652c6c61622e6578616d706c65"},
		{28678, 0, "00000000 ffffffff 000000000000"},
		{28679, 0, "0001"}, {28684, 0, "0001"}, {28693, 0, "322e34"},
	};
	struct view body;

	grant_everything();
	body = answer(CP_REQUEST, 0xff, PEER_FLEXVPN);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct view want = hex(rows[i].hex), got = value_of(body, rows[i].type, rows[i].nth);

		T_ROW(i, cp_attr_name(rows[i].type));
		T_EQ(got.len, want.len);
		T_MEM(got.p, want.p, want.len);
	}
	body = answer(CP_REQUEST, 0xff, PEER_WINDOWS);
	T_MEM(value_of(body, 23456, 0).p, "\x0a\x63\x00\x01", 4);
	T_EQ(value_of(body, 23457, 0).len, 16);
}

static void requests(void)
{
	static const struct {
		const char *name;
		const char *hex;
		enum status st;
		uint8_t type;
		bool ip4, ip6;
		const char *hint4, *hint6;
		uint8_t asked;
		unsigned networks;
	} rows[] = {
		{"nothing", "01 000000", ST_OK, 1, false, false, "-", "-", 0, 0},
		{"both, any", "01 000000 0001 0000 0008 0000", ST_OK, 1, true, true, "-", "-", 0, 0},
		{"0.0.0.0 and ::", "01 000000 0001 0004 00000000 "
			"0008 0011 00000000000000000000000000000000 80",
			ST_OK, 1, true, true, "-", "-", 0, 0},
		{"the same as before", "01 000000 0001 0004 0a630007", ST_OK, 1, true, false, "10.99.0.7", "-",
			0, 0},
		{"two: the first", "01 000000 0001 0004 0a630007 0001 0004 0a630008", ST_OK, 1, true, false,
			"10.99.0.7", "-", 0, 0},
		{"an address of 3 bytes", "01 000000 0001 0003 0a6300", ST_OK, 1, true, false, "-", "-", 0, 0},
		{"Windows", "01 000000 0001 0000 0003 0000 0004 0000 5ba0 0000 0008 0000 000a 0000 5ba1 0000",
			ST_OK, 1, true, true, "-", "-", CP_ASKED_SERVER4 | CP_ASKED_SERVER6, 0},
		{"iOS", "01 000000 0001 0000 0002 0000 0006 0000 0003 0000 0008 0000 000c 0000 000a 0000 0019 0000",
			ST_OK, 1, true, true, "-", "-", CP_ASKED_DOMAINS, 0},
		{"P-CSCF, DNSSEC TA, liveness", "01 000000 0014 0000 0015 0000 001a 0000 0018 0000", ST_OK, 1,
			false, false, "-", "-", 0, 0},
		{"a prefix", "01 000000 0012 0000", ST_OK, 1, false, true, "-", "-", CP_ASKED_PREFIX6, 0},
		{"supported", "01 000000 000e 0000", ST_OK, 1, false, false, "-", "-", CP_ASKED_SUPPORTED, 0},
		{"Unity of the client: nothing", "01 000000 7000 0003 616263 7002 0000 7009 0000", ST_OK, 1,
			false, false, "-", "-", 0, 0},
		{"its networks", "01 000000 000d 0008 c0a80700ffffff00 000f 0011 "
			"20010db8000700000000000000000000 30 000d 0000",
			ST_OK, 1, false, false, "-", "-", 0, 2},
		{"a set has networks and wants nothing", "03 000000 0001 0000 000d 0008 c0a80700ffffff00", ST_OK,
			3, false, false, "-", "-", 0, 1},
		{"a reply is none", "02 000000 0001 0000", ST_OK, 0, false, false, "-", "-", 0, 0},
		{"type 0", "00 000000", ST_BAD_PAYLOAD, 0, false, false, "-", "-", 0, 0},
		{"cut", "01 000000 0001 0004 0a63", ST_TRUNCATED, 0, false, false, "-", "-", 0, 0},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		static struct handshake h;
		char text[ADDR_TEXT];

		T_ROW(i, rows[i].name);
		h = (struct handshake){0};
		T_EQ(cp_read_request(hex(rows[i].hex), &h), rows[i].st);
		T_EQ(h.cp_type, rows[i].type);
		T_EQ(h.wants_ip4, rows[i].ip4);
		T_EQ(h.wants_ip6, rows[i].ip6);
		T_STR(addr_format(&h.hint_ip4, text), rows[i].hint4);
		T_STR(addr_format(&h.hint_ip6, text), rows[i].hint6);
		T_EQ(h.cp_asked, rows[i].asked);
		T_EQ(h.n_networks, rows[i].networks);
	}
}

/* More networks than we keep: the rest is passed over. */
static void many_networks(void)
{
	static struct handshake h;
	struct wr w = wr_init(bytes, sizeof(bytes));
	struct prefix p = net("10.7.0.1/24");

	cp_build_head(&w, CP_REQUEST);
	for (int i = 0; i < IKE_NETS_MAX + 5; i++)
		cp_put_network(&w, &p);
	h = (struct handshake){0};
	T_EQ(cp_read_request((struct view){bytes, w.len}, &h), ST_OK);
	T_EQ(h.n_networks, IKE_NETS_MAX);
	p = net("10.7.0.0/24");
	T_TRUE(prefix_eq(&h.networks[IKE_NETS_MAX - 1], &p)); /* without host bits */
}

/* All that we send, read by ourselves as a client. */
static void a_reply_is_read(void)
{
	struct ike_grant got = {0};

	grant_everything();
	T_EQ(cp_read_grant(answer(CP_REQUEST, 0xff, PEER_FLEXVPN), &got), ST_OK);
	T_TRUE(addr_eq(&got.ip4, &g.ip4) && got.ip4_mask_len == 24);
	T_TRUE(addr_eq(&got.ip6, &g.ip6) && got.ip6_prefix_len == 64);
	T_TRUE(got.n_dns == 3 && got.n_nbns == 2 && got.n_subnets == 2);
	T_STR(got.split_dns, g.split_dns); /* once, though it came in two forms */
	T_STR(got.def_domain, g.def_domain);
	T_STR(got.banner, g.banner);
	T_STR(got.backup_gateways, g.backup_gateways);
	got = (struct ike_grant){0};
	T_EQ(cp_read_grant(answer(CP_REQUEST, 0, PEER_FLEXVPN), &got), ST_OK);
	T_STR(got.split_dns, g.split_dns); /* Unity's alone */
	T_EQ(cp_read_grant(hex("01 000000"), &got), ST_BAD_PAYLOAD);
	T_EQ(cp_read_grant(hex("02 000000 0001 0004 0a"), &got), ST_TRUNCATED);
}

/* Text of a peer reaches a terminal. */
static void hostile_text(void)
{
	struct wr w = wr_init(bytes, sizeof(bytes));
	struct ike_grant got = {0};
	char longest[600];

	memset(longest, 'x', sizeof(longest));
	cp_build_head(&w, CP_REPLY);
	cp_put(&w, CPA_UNITY_BANNER, "a\x1b[2Jb\r\nc\0hidden", 16);
	cp_put(&w, CPA_DNS_DOMAIN, "good.example", 12);
	cp_put(&w, CPA_DNS_DOMAIN, "two words", 9);
	cp_put(&w, CPA_DNS_DOMAIN, longest, sizeof(longest));
	cp_put(&w, CPA_DNS_DOMAIN, "", 0);
	cp_put(&w, CPA_UNITY_DEF_DOMAIN, longest, sizeof(longest));
	for (int i = 0; i < 200; i++)
		cp_put(&w, CPA_DNS_DOMAIN, "again.example", 13);
	T_EQ(cp_read_grant((struct view){bytes, w.len}, &got), ST_OK);
	T_STR(got.banner, "a.[2Jb.\nc");
	T_EQ(strlen(got.def_domain), sizeof(got.def_domain) - 1);
	T_TRUE(strncmp(got.split_dns, "good.example,again.example,again", 32) == 0);
	T_TRUE(strlen(got.split_dns) < IKE_LIST_LEN && strlen(got.split_dns) > IKE_LIST_LEN - 20);
	T_TRUE(got.split_dns[strlen(got.split_dns) - 1] == 'e'); /* only whole names */
}

/* RFC 8983 5 from the client's side. */
static void is_it_enough(void)
{
	static const struct {
		const char *name;
		bool wants4, wants6, gets4, gets6, says4, says6;
		enum status st;
		const char *words;
	} rows[] = {
		{"nothing asked", false, false, false, false, false, false, ST_OK, ""},
		{"both", true, true, true, true, true, true, ST_OK, ""},
		{"one of two", true, true, true, false, true, false, ST_OK, ""},
		{"the other of two, silently", true, true, false, true, false, false, ST_OK, ""},
		{"none of two", true, true, false, false, false, false, ST_NO_ADDRESS,
			"the peer gave no address"},
		{"wrong family", true, false, false, false, false, true, ST_NO_ADDRESS,
			"the peer gives IPv6 addresses only"},
		{"wrong family", false, true, false, false, true, false, ST_NO_ADDRESS,
			"the peer gives IPv4 addresses only"},
		{"exhausted", false, true, false, false, true, true, ST_NO_ADDRESS, "the peer gave no address"},
		{"what was not asked for does not count", true, false, false, true, false, false, ST_NO_ADDRESS,
			"the peer gave no address"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ike_connect c = {.request_ip4 = rows[i].wants4, .request_ip6 = rows[i].wants6};
		struct ike_grant got = {.ip4.family = rows[i].gets4 ? 4 : 0, .ip6.family = rows[i].gets6 ? 6 : 0};
		char words[IKE_DETAIL_LEN] = "";

		T_ROW(i, rows[i].name);
		open_message();
		cp_put_allowed(&out, rows[i].says4, rows[i].says6);
		(void)cp_written();
		T_EQ(parsed.n, (unsigned)rows[i].says4 + rows[i].says6);
		T_EQ(cp_judge_grant(&c, &got, &parsed, words), rows[i].st);
		T_STR(words, rows[i].words);
	}
}

static const char *asks(const struct ike_connect *c)
{
	open_message();
	cp_put_request(&out, c);
	return list_of(cp_written());
}

static void our_requests(void)
{
	struct ike_connect c = {.request_ip4 = true, .request_ip6 = true};

	T_STR(asks(&c), "1 2 8 3 4 13 10 15 25");
	c.request_ip6 = false;
	T_STR(asks(&c), "1 2 3 4 13 25");
	c.request_ip4 = false;
	c.is_flexvpn = true;
	T_STR(asks(&c), "3 4 13 10 15 25 7 28675 28672 28681 28674");
	c.n_networks = 2;
	c.networks[0] = net("192.168.7.0/24");
	c.networks[1] = net("2001:db8:7::/48");
	T_STR(asks(&c), "3 4 13 10 15 25 7 28675 28672 28681 28674 13 15");
}

/* Only what leads to the peer by its grant, without values. */
static void acknowledged(void)
{
	struct view body;

	g = (struct ike_grant){.n_remote = 2, .remote = {net("192.168.7.0/24"), net("2001:db8:7::/48")}};
	T_EQ(grant_keep(&g, &kept), ST_OK);
	hs->n_networks = 4;
	hs->networks[0] = net("192.168.7.128/25");
	hs->networks[1] = net("192.168.0.0/16");
	hs->networks[2] = net("2001:db8:7::/48");
	hs->networks[3] = net("0.0.0.0/0");
	body = answer(CP_SET, 0, PEER_FLEXVPN);
	T_EQ(body.p[0], CP_ACK);
	T_STR(list_of(body), "13 15");
	T_EQ(value_of(body, 13, 0).len, 0);
	open_message();
	cp_put_answer(&out, hs, kept, PEER_FLEXVPN, false);
	(void)cp_written();
	T_EQ(parsed.n, 0); /* `no config-exchange set accept` */
	hs->n_networks = 0;
}

static void classes_by_vendor(void)
{
	static const struct {
		const char *name;
		enum vendor v[3];
		const char *words;
	} rows[] = {
		{"nothing", {0}, "other"},
		{"strongSwan", {VENDOR_STRONGSWAN}, "strongswan"},
		{"OpenIKED", {VENDOR_OPENIKED}, "openiked"},
		{"Windows", {VENDOR_MS_NT5, VENDOR_MS_NEGOTIATION, VENDOR_MS_INITIAL_CONTACT}, "windows"},
		{"a Cisco that is neither", {VENDOR_CISCO_DELETE_REASON, VENDOR_CISCO_COPYRIGHT}, "other"},
		{"FlexVPN", {VENDOR_CISCO_DELETE_REASON, VENDOR_CISCO_FLEXVPN, VENDOR_CISCO_DYNAMIC_ROUTE},
			"flexvpn"},
		{"AnyConnect", {VENDOR_CISCO_COPYRIGHT, VENDOR_CISCO_ANYCONNECT_EAP}, "anyconnect"},
		{"AnyConnect that says both", {VENDOR_CISCO_ANYCONNECT_EAP, VENDOR_CISCO_FLEXVPN}, "anyconnect"},
		{"fragmentation alone", {VENDOR_CISCO_FRAGMENTATION}, "other"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		open_message();
		for (size_t k = 0; k < 3 && rows[i].v[k] != VENDOR_UNKNOWN; k++) {
			struct view id = vendor_bytes(rows[i].v[k]);

			T_EQ(vendor_identify(id), rows[i].v[k]);
			payload_put(&out.c, PT_VENDOR, id.p, id.len);
		}
		(void)cp_written();
		T_ROW(i, rows[i].name);
		T_STR(peer_class_words(peer_class_read(&parsed, PEER_OTHER)), rows[i].words);
		T_STR(peer_class_words(peer_class_read(&parsed, PEER_ANYCONNECT)), "anyconnect");
	}
}

static void class_by_identity(void)
{
	struct ike_id id = {.type = 11, .len = 20, .bytes = "*$AnyConnectClient$*"};

	T_EQ(peer_class_by_id(&id, PEER_OTHER), PEER_ANYCONNECT);
	id.type = 2;
	T_EQ(peer_class_by_id(&id, PEER_FLEXVPN), PEER_FLEXVPN);
	id.type = 11;
	id.len = 19;
	T_EQ(peer_class_by_id(&id, PEER_OTHER), PEER_OTHER);
	T_EQ(vendor_bytes(VENDOR_UNKNOWN).len, 0);
}

int main(void)
{
	hs = mem_new(sizeof(*hs));
	T_RUN(classes_are_gates);
	T_RUN(the_token_is_given);
	T_RUN(little_is_granted);
	T_RUN(values);
	T_RUN(requests);
	T_RUN(many_networks);
	T_RUN(a_reply_is_read);
	T_RUN(hostile_text);
	T_RUN(is_it_enough);
	T_RUN(our_requests);
	T_RUN(acknowledged);
	T_RUN(classes_by_vendor);
	T_RUN(class_by_identity);
	mem_free(hs);
	mem_free(kept);
	return t_end();
}
