/* Which policy, which profile, which key: R-POL-11..18, R-PFL-02..08, R-KEY-04..11, X-02, X-38,
 * X-40. */
#include "tests/unit/conf_lib.h"

#define VRFS "vrf definition RED\nvrf definition BLUE\n"

struct policy_case {
	const char *name;
	const char *text;
	const char *vrf; /* "" global */
	const char *local;
	const char *policy; /* NULL: none */
};

#define OVERLAP                                                                                    \
	VRFS "crypto ikev2 policy ANY\n match fvrf any\n proposal default\n"                       \
	     "crypto ikev2 policy VRF\n match fvrf RED\n proposal default\n"                       \
	     "crypto ikev2 policy BOTH\n match fvrf RED\n match address local 10.0.0.1\n"          \
	     " proposal default\n"                                                                 \
	     "crypto ikev2 policy GLOBAL\n proposal default\n"                                     \
	     "crypto ikev2 policy ADDR\n match address local 10.0.0.2\n"                           \
	     " match address local 2001:db8::2\n proposal default\n"

static const struct policy_case policies[] = {
	{"nothing configured: the default (R-POL-18)", "", "", "10.0.0.1", "default"},
	{"the default serves every VRF (R-CFG-05)", VRFS, "RED", "10.0.0.1", "default"},
	{"address and VRF before VRF alone, though later (X-02)", OVERLAP, "RED", "10.0.0.1",
		"BOTH"},
	{"VRF before any, though later", OVERLAP, "RED", "10.0.0.9", "VRF"},
	{"any only where nothing is closer", OVERLAP, "BLUE", "10.0.0.1", "ANY"},
	{"no match statement: global VRF only (R-POL-14)", OVERLAP, "", "10.0.0.9", "GLOBAL"},
	{"addresses are alternatives (R-POL-15)", OVERLAP, "", "10.0.0.2", "ADDR"},
	{"addresses of both families", OVERLAP, "", "2001:db8::2", "ADDR"},
	{"types are ANDed: address fits, VRF does not", OVERLAP, "BLUE", "10.0.0.2", "ANY"},
	{"an address in any VRF before a VRF without address, though later",
		"crypto ikev2 policy VRF\n proposal default\ncrypto ikev2 policy ADDR\n"
		" match fvrf any\n match address local 10.0.0.1\n proposal default\n",
		"", "10.0.0.1", "ADDR"},
	{"equal: configuration order",
		"crypto ikev2 policy B\n proposal default\ncrypto ikev2 policy A\n proposal "
		"default\n",
		"", "10.0.0.1", "B"},
	{"without a proposal it is not used (R-POL-11)", "crypto ikev2 policy A\n", "", "10.0.0.1",
		"default"},
	{"a policy before the default although less close",
		"crypto ikev2 policy A\n match fvrf any\n proposal default\n", "", "10.0.0.1", "A"},
	{"default switched off (R-CFG-10)", "no crypto ikev2 policy default\n", "", "10.0.0.1",
		NULL},
	{"and on again (R-CFG-11)",
		"no crypto ikev2 policy default\ndefault crypto ikev2 policy default\n", "",
		"10.0.0.1", "default"},
	{"a VRF that is not defined matches nothing",
		"crypto ikev2 policy A\n match fvrf NOWHERE\n"
		" proposal default\nno crypto ikev2 policy default\n",
		"", "10.0.0.1", NULL},
};

static uint32_t vrf_number(const struct snapshot *s, const char *name)
{
	const struct vrf_def *v = snapshot_vrf(s, name);
	return v ? v->num : 0;
}

static void policy_selection(void)
{
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		const struct policy_case *c = &policies[i];
		T_ROW(i, c->name);
		struct snapshot *s = conf(c->text);
		T_TRUE(s != NULL);
		struct addr local = ip(c->local);
		const struct ike_policy *p = policy_select(s, vrf_number(s, c->vrf), &local);
		T_STR(p ? p->name : "none", c->policy ? c->policy : "none");
		snapshot_unref(s);
	}
}

struct usable_case {
	const char *name;
	const char *text; /* policy P names A, B, default */
	const char *usable;
};

#define POLICY_P "crypto ikev2 policy P\n proposal A\n proposal B\n proposal default\n"
#define PROPOSAL_A                                                                                 \
	"crypto ikev2 proposal A\n encryption aes-cbc-128\n integrity sha256\n group 14\n"

static const struct usable_case usable[] = {
	{"in the policy's order (R-POL-06)",
		"crypto ikev2 proposal B\n encryption aes-gcm-128\n prf sha256\n group "
		"19\n" PROPOSAL_A POLICY_P,
		"A B default"},
	{"encryption, integrity and group are needed (R-POL-05)",
		PROPOSAL_A
		"crypto ikev2 proposal B\n encryption aes-cbc-128\n integrity sha1\n" POLICY_P,
		"A default"},
	{"without integrity",
		PROPOSAL_A "crypto ikev2 proposal B\n encryption aes-cbc-128\n group 14\n" POLICY_P,
		"A default"},
	{"AES-GCM without a PRF (X-05)",
		PROPOSAL_A "crypto ikev2 proposal B\n encryption aes-gcm-256\n group 19\n" POLICY_P,
		"A default"},
	{"AES-GCM with a PRF needs no integrity (X-05)",
		PROPOSAL_A "crypto ikev2 proposal B\n encryption aes-gcm-256\n prf sha384\n group "
			   "20\n" POLICY_P,
		"A B default"},
	{"both sorts need both",
		"crypto ikev2 proposal B\n encryption aes-gcm-256 aes-cbc-256\n prf sha384\n"
		" group 20\n" PROPOSAL_A POLICY_P,
		"A default"},
	{"not defined", PROPOSAL_A POLICY_P, "A default"},
	{"default switched off", PROPOSAL_A POLICY_P "no crypto ikev2 proposal default\n", "A"},
};

static void policy_proposals_in_order(void)
{
	for (size_t i = 0; i < sizeof(usable) / sizeof(usable[0]); i++) {
		const struct ike_proposal *p[4];
		char got[64] = "";
		T_ROW(i, usable[i].name);
		struct snapshot *s = conf(usable[i].text);
		T_TRUE(s != NULL);
		size_t n = policy_proposals(s, snapshot_policy(s, "P"), p, 4);
		for (size_t k = 0; k < n; k++) {
			strcat(got, k ? " " : "");
			strcat(got, p[k]->name);
		}
		T_STR(got, usable[i].usable);
		T_EQ(policy_proposals(s, snapshot_policy(s, "P"), p, 1), 1);
		snapshot_unref(s);
	}
}

#define ID4(a, b, c, d)                                                                            \
	IKE_ID_IPV4,                                                                               \
	{                                                                                          \
		(const uint8_t[]){a, b, c, d}, 4                                                   \
	}
#define ID(type, text)                                                                             \
	type,                                                                                      \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}

struct profile_case {
	const char *name;
	const char *text;
	uint8_t type;
	struct view id;
	enum status st;
	const char *profile;
	const char *vrf, *local, *ifname, *cert_map;
};

#define TWO                                                                                        \
	"crypto ikev2 profile A\n match identity remote fqdn domain a.example\n"                   \
	"crypto ikev2 profile B\n match identity remote fqdn host.b.example\n"                     \
	" match identity remote key-id B\n match identity remote email domain b.example\n"         \
	" match identity remote address 10.1.0.0 255.255.0.0\n match identity remote address "     \
	"2001:db8::/32\n match identity remote email one@c.example\n"
#define FALLBACK TWO "crypto ikev2 profile Z\n match identity remote any\n"
#define LOCAL                                                                                      \
	VRFS "crypto ikev2 profile A\n match identity remote any\n match address local 10.0.0.1\n" \
	     " match address local interface eth1\ncrypto ikev2 profile B\n match fvrf RED\n"      \
	     " match identity remote any\n"

static const struct profile_case profiles[] = {
	{"domain", TWO, ID(IKE_ID_FQDN, "x.a.example"), ST_OK, "A", "", "10.0.0.9", NULL, NULL},
	{"the domain itself", TWO, ID(IKE_ID_FQDN, "a.example"), ST_OK, "A", "", "10.0.0.9", NULL,
		NULL},
	{"case does not matter", TWO, ID(IKE_ID_FQDN, "X.A.EXAMPLE"), ST_OK, "A", "", "10.0.0.9",
		NULL, NULL},
	{"a suffix inside a label is no domain", TWO, ID(IKE_ID_FQDN, "evila.example"),
		ST_NO_PROFILE, NULL, "", "10.0.0.9", NULL, NULL},
	{"another type with the same text", TWO, ID(IKE_ID_KEYID, "x.a.example"), ST_NO_PROFILE,
		NULL, "", "10.0.0.9", NULL, NULL},
	{"a whole name is not a domain", TWO, ID(IKE_ID_FQDN, "sub.host.b.example"), ST_NO_PROFILE,
		NULL, "", "10.0.0.9", NULL, NULL},
	{"several statements are ORed (R-PFL-07): name", TWO, ID(IKE_ID_FQDN, "host.b.example"),
		ST_OK, "B", "", "10.0.0.9", NULL, NULL},
	{"key-id", TWO, ID(IKE_ID_KEYID, "B"), ST_OK, "B", "", "10.0.0.9", NULL, NULL},
	{"key-id is exact", TWO, ID(IKE_ID_KEYID, "b"), ST_NO_PROFILE, NULL, "", "10.0.0.9", NULL,
		NULL},
	{"email domain", TWO, ID(IKE_ID_EMAIL, "u@b.example"), ST_OK, "B", "", "10.0.0.9", NULL,
		NULL},
	{"email domain, below", TWO, ID(IKE_ID_EMAIL, "u@x.b.example"), ST_OK, "B", "", "10.0.0.9",
		NULL, NULL},
	{"the domain in the wrong half", TWO, ID(IKE_ID_EMAIL, "b.example@evil.example"),
		ST_NO_PROFILE, NULL, "", "10.0.0.9", NULL, NULL},
	{"email without @", TWO, ID(IKE_ID_EMAIL, "b.example"), ST_NO_PROFILE, NULL, "", "10.0.0.9",
		NULL, NULL},
	{"email", TWO, ID(IKE_ID_EMAIL, "One@C.example"), ST_OK, "B", "", "10.0.0.9", NULL, NULL},
	{"address in the mask", TWO, ID4(10, 1, 200, 3), ST_OK, "B", "", "10.0.0.9", NULL, NULL},
	{"address outside", TWO, ID4(10, 2, 0, 1), ST_NO_PROFILE, NULL, "", "10.0.0.9", NULL, NULL},
	{"IPv6 address", TWO, IKE_ID_IPV6, {(const uint8_t *)"\x20\x01\x0d\xb8............", 16},
		ST_OK, "B", "", "10.0.0.9", NULL, NULL},
	{"an address of five bytes", TWO, IKE_ID_IPV4, {(const uint8_t *)"\x0a\x01\x00\x01\x00", 5},
		ST_NO_PROFILE, NULL, "", "10.0.0.9", NULL, NULL},
	{"IPv4 type with 16 bytes", TWO, IKE_ID_IPV4,
		{(const uint8_t *)"\x20\x01\x0d\xb8............", 16}, ST_NO_PROFILE, NULL, "",
		"10.0.0.9", NULL, NULL},
	{"an empty identity", TWO, IKE_ID_FQDN, {NULL, 0}, ST_NO_PROFILE, NULL, "", "10.0.0.9",
		NULL, NULL},
	{"any is a last resort", FALLBACK, ID(IKE_ID_FQDN, "nobody"), ST_OK, "Z", "", "10.0.0.9",
		NULL, NULL},
	{"any gives way", FALLBACK, ID(IKE_ID_FQDN, "x.a.example"), ST_OK, "A", "", "10.0.0.9",
		NULL, NULL},
	{"any takes every type", FALLBACK, ID(IKE_ID_DN, "\x30\x00"), ST_OK, "Z", "", "10.0.0.9",
		NULL, NULL},
	{"two match: none is selected (R-PFL-08)",
		TWO "crypto ikev2 profile C\n match identity remote fqdn x.a.example\n",
		ID(IKE_ID_FQDN, "x.a.example"), ST_PROFILE_AMBIGUOUS, "A", "", "10.0.0.9", NULL,
		NULL},
	{"two with any", FALLBACK "crypto ikev2 profile Y\n match identity remote any\n",
		ID(IKE_ID_FQDN, "nobody"), ST_PROFILE_AMBIGUOUS, "Z", "", "10.0.0.9", NULL, NULL},
	{"two with any do not disturb a definite one",
		FALLBACK "crypto ikev2 profile Y\n match identity remote any\n",
		ID(IKE_ID_KEYID, "B"), ST_OK, "B", "", "10.0.0.9", NULL, NULL},
	{"shut down is not matched (R-PFL-20)",
		"crypto ikev2 profile A\n match identity remote key-id x\n shutdown\n",
		ID(IKE_ID_KEYID, "x"), ST_PROFILE_SHUTDOWN, "A", "", "10.0.0.9", NULL, NULL},
	{"shut down does not make it ambiguous",
		"crypto ikev2 profile A\n match identity remote key-id x\n shutdown\n"
		"crypto ikev2 profile B\n match identity remote key-id x\n",
		ID(IKE_ID_KEYID, "x"), ST_OK, "B", "", "10.0.0.9", NULL, NULL},
	{"no match statement: incomplete, not used (R-PFL-02)",
		"crypto ikev2 profile A\n match fvrf any\n", ID(IKE_ID_KEYID, "x"), ST_NO_PROFILE,
		NULL, "", "10.0.0.9", NULL, NULL},
	{"no profile at all (R-PFL-23)", "", ID(IKE_ID_KEYID, "x"), ST_NO_PROFILE, NULL, "",
		"10.0.0.9", NULL, NULL},
	{"no fvrf statement: global only (X-38)", TWO VRFS, ID(IKE_ID_KEYID, "B"), ST_NO_PROFILE,
		NULL, "RED", "10.0.0.9", NULL, NULL},
	{"local address (R-PFL-04)", LOCAL, ID(IKE_ID_KEYID, "x"), ST_OK, "A", "", "10.0.0.1", NULL,
		NULL},
	{"or interface", LOCAL, ID(IKE_ID_KEYID, "x"), ST_OK, "A", "", "10.0.0.7", "eth1", NULL},
	{"neither", LOCAL, ID(IKE_ID_KEYID, "x"), ST_NO_PROFILE, NULL, "", "10.0.0.7", "eth0",
		NULL},
	{"by VRF", LOCAL, ID(IKE_ID_KEYID, "x"), ST_OK, "B", "RED", "10.0.0.1", NULL, NULL},
	{"fvrf any", VRFS "crypto ikev2 profile A\n match fvrf any\n match identity remote any\n",
		ID(IKE_ID_KEYID, "x"), ST_OK, "A", "BLUE", "10.0.0.1", NULL, NULL},
	{"certificate map ORed with identities",
		"crypto ikev2 profile A\n match certificate M\n match identity remote key-id x\n",
		ID(IKE_ID_DN, "?"), ST_OK, "A", "", "10.0.0.1", NULL, "M"},
	{"another map", "crypto ikev2 profile A\n match certificate M\n", ID(IKE_ID_DN, "?"),
		ST_NO_PROFILE, NULL, "", "10.0.0.1", NULL, "N"},
};

static void profile_selection(void)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		const struct profile_case *c = &profiles[i];
		struct profile_answer a;
		T_ROW(i, c->name);
		struct snapshot *s = conf(c->text);
		T_TRUE(s != NULL);
		struct profile_query q = {.vrf = vrf_number(s, c->vrf),
			.local = ip(c->local),
			.ifname = c->ifname,
			.id_type = c->type,
			.id = c->id,
			.cert_maps = &c->cert_map,
			.cert_map_count = c->cert_map != NULL};
		T_EQ(profile_select(s, &q, &a), c->st);
		T_STR(a.profile ? a.profile->name : "none", c->profile ? c->profile : "none");
		T_EQ(a.other != NULL, c->st == ST_PROFILE_AMBIGUOUS);
		snapshot_unref(s);
	}
}

struct key_case {
	const char *name;
	const char *keyring; /* sub-commands of keyring K */
	const char *profile; /* sub-commands of profile P */
	bool initiator;
	const char *hostname;
	uint8_t type;
	struct view id;
	const char *from;
	const char *local, *remote; /* NULL: no key */
};

#define NEST                                                                                       \
	" peer any\n  address 0.0.0.0 0.0.0.0\n  pre-shared-key any\n"                             \
	" peer net\n  address 10.0.0.0 255.0.0.0\n  pre-shared-key net\n"                          \
	" peer sub\n  address 10.1.0.0 255.255.0.0\n  pre-shared-key sub\n"                        \
	" peer host\n  address 10.1.1.1\n  pre-shared-key host\n"                                  \
	" peer v6\n  address 2001:db8::/32\n  pre-shared-key v6\n"
#define NEST_BACK                                                                                  \
	" peer host\n  address 10.1.1.1\n  pre-shared-key host\n"                                  \
	" peer sub\n  address 10.1.0.0 255.255.0.0\n  pre-shared-key sub\n"                        \
	" peer net\n  address 10.0.0.0 255.0.0.0\n  pre-shared-key net\n"                          \
	" peer any\n  address 0.0.0.0\n  pre-shared-key any\n"
#define NAMED                                                                                      \
	" peer a\n  identity fqdn a.example\n  hostname gw.example\n  pre-shared-key by-id\n"      \
	" peer d\n  identity fqdn domain example\n  pre-shared-key by-domain\n"                    \
	" peer b\n  address 10.0.0.1\n  pre-shared-key by-address\n"
#define PAIR                                                                                       \
	" peer a\n  address 10.0.0.1\n  pre-shared-key local mine\n  pre-shared-key remote hex "   \
	"7468656972\n"
#define RING " keyring local K\n"
#define NOBODY                                                                                     \
	IKE_ID_KEYID,                                                                              \
	{                                                                                          \
		(const uint8_t *)"nobody", 6                                                       \
	}

static const struct key_case keys[] = {
	{"host before all (R-KEY-07)", NEST, RING, false, NULL, NOBODY, "10.1.1.1", "host", "host"},
	{"longer prefix", NEST, RING, false, NULL, NOBODY, "10.1.1.2", "sub", "sub"},
	{"shorter prefix", NEST, RING, false, NULL, NOBODY, "10.2.1.1", "net", "net"},
	{"wildcard", NEST, RING, false, NULL, NOBODY, "192.0.2.1", "any", "any"},
	{"wildcard is of its family", NEST, RING, false, NULL, NOBODY, "2001:db9::1", NULL, NULL},
	{"IPv6 prefix", NEST, RING, false, NULL, NOBODY, "2001:db8::1", "v6", "v6"},
	{"whatever the order (X-40): host", NEST_BACK, RING, false, NULL, NOBODY, "10.1.1.1",
		"host", "host"},
	{"whatever the order: wildcard", NEST_BACK, RING, false, NULL, NOBODY, "192.0.2.1", "any",
		"any"},
	{"the same for an initiator", NEST, RING, true, NULL, NOBODY, "10.1.1.2", "sub", "sub"},
	{"responder: identity before address (R-KEY-06)", NAMED, RING, false, NULL,
		ID(IKE_ID_FQDN, "a.example"), "10.0.0.1", "by-id", "by-id"},
	{"a name before its domain", NAMED, RING, false, NULL, ID(IKE_ID_FQDN, "b.example"),
		"10.0.0.9", "by-domain", "by-domain"},
	{"identity unknown: address", NAMED, RING, false, NULL, NOBODY, "10.0.0.1", "by-address",
		"by-address"},
	{"neither", NAMED, RING, false, NULL, NOBODY, "10.0.0.9", NULL, NULL},
	{"a responder does not use hostnames", NAMED, RING, false, "gw.example", NOBODY, "10.0.0.9",
		NULL, NULL},
	{"initiator: hostname before address (R-KEY-05)", NAMED, RING, true, "GW.example", NOBODY,
		"10.0.0.1", "by-id", "by-id"},
	{"initiator: then address", NAMED, RING, true, "other", NOBODY, "10.0.0.1", "by-address",
		"by-address"},
	{"initiator: identities do not count", NAMED, RING, true, NULL,
		ID(IKE_ID_FQDN, "a.example"), "10.0.0.9", NULL, NULL},
	{"asymmetric pair, one as hex (R-KEY-03)", PAIR, RING, false, NULL, NOBODY, "10.0.0.1",
		"mine", "their"},
	{"a pair replaced by one key", PAIR "  pre-shared-key both\n", RING, false, NULL, NOBODY,
		"10.0.0.1", "both", "both"},
	{"one key replaced by half a pair",
		" peer a\n  address 10.0.0.1\n  pre-shared-key x\n  pre-shared-key local y\n", RING,
		false, NULL, NOBODY, "10.0.0.1", "y", NULL},
	{"inline keys (R-KEY-11)", "",
		" authentication local pre-share key L\n authentication remote pre-share key R\n",
		false, NULL, NOBODY, "10.0.0.1", "L", "R"},
	{"inline wins over the keyring", NEST,
		RING
		" authentication local pre-share key L\n authentication remote pre-share key R\n",
		false, NULL, NOBODY, "10.1.1.1", "L", "R"},
	{"inline for one side, keyring for the other", NEST,
		RING " authentication remote pre-share key R\n", false, NULL, NOBODY, "10.1.1.1",
		"host", "R"},
	{"no keyring named", NEST, "", false, NULL, NOBODY, "10.1.1.1", NULL, NULL},
	{"keyring that is not defined", NEST, " keyring local OTHER\n", false, NULL, NOBODY,
		"10.1.1.1", NULL, NULL},
	{"keyring of AAA is not looked up here", NEST, " keyring aaa K\n", false, NULL, NOBODY,
		"10.1.1.1", NULL, NULL},
	{"a sealed key cannot be used", " peer a\n  address 10.0.0.1\n  pre-shared-key 6 ABC\n",
		RING, false, NULL, NOBODY, "10.0.0.1", NULL, NULL},
	{"a key with everything in it",
		" peer a\n  address 10.0.0.1\n  pre-shared-key  a b  \"c\" !#\t'\n", RING, false,
		NULL, NOBODY, "10.0.0.1", "a b  \"c\" !#\t'", "a b  \"c\" !#\t'"},
	{"a key that looks like a type", " peer a\n  address 10.0.0.1\n  pre-shared-key 0 6 x\n",
		RING, false, NULL, NOBODY, "10.0.0.1", "6 x", "6 x"},
	{"the key 0", " peer a\n  address 10.0.0.1\n  pre-shared-key 0\n", RING, false, NULL,
		NOBODY, "10.0.0.1", "0", "0"},
};

static bool secret_is(const struct secret *s, const char *text)
{
	if (!s || !text)
		return !s && !text;
	return s->len == strlen(text) && memcmp(s->bytes, text, s->len) == 0;
}

static void key_lookup(void)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct key_case *c = &keys[i];
		char text[2048];
		struct psk_pair pair;
		struct addr from = ip(c->from);
		T_ROW(i, c->name);
		snprintf(text, sizeof(text),
			"crypto ikev2 keyring K\n%scrypto ikev2 profile P\n"
			" match identity remote any\n%s",
			c->keyring, c->profile);
		struct snapshot *s = conf(text);
		T_TRUE(s != NULL);
		const struct ike_profile *p = snapshot_profile(s, "P");
		enum status st = c->initiator
					 ? psk_for_initiator(s, p, c->hostname, &from, &pair)
					 : psk_for_responder(s, p, c->type, c->id, &from, &pair);
		T_EQ(st, c->local || c->remote ? ST_OK : ST_NO_KEY);
		T_TRUE(secret_is(pair.local, c->local));
		T_TRUE(secret_is(pair.remote, c->remote));
		snapshot_unref(s);
	}
	T_EQ(mem_live(), 0);
}

static void lists(void)
{
	struct snapshot *s =
		conf("ip access-list standard A\n 20 permit any\n 10 deny 10.1.0.0 0.0.255.255\n"
		     " 15 permit 10.0.0.0 0.255.255.255\n remark last\n"
		     "ip access-list standard B\n permit host 10.0.0.1\n"
		     "ipv6 access-list S\n sequence 20 permit ipv6 any any\n"
		     " sequence 10 deny ipv6 2001:db8::/32 any\n permit tcp any any\n");
	T_TRUE(s != NULL);
	const struct acl *a = snapshot_acl(s, ACL_STANDARD, "A"),
			 *b = snapshot_acl(s, ACL_STANDARD, "B");
	const struct acl *v6 = snapshot_acl(s, ACL_IPV6, "S");
	static const struct {
		const char *addr;
		bool a, b, v6;
	} t[] = {{"10.1.2.3", false, false, false}, {"10.2.0.1", true, false, false},
		{"10.0.0.1", true, true, false}, {"192.0.2.1", true, false, false},
		{"2001:db8::1", false, false, false}, {"2001:db9::1", false, false, true}};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct addr x = ip(t[i].addr);
		T_ROW(i, t[i].addr);
		T_EQ(acl_permits(a, &x), t[i].a);
		T_EQ(acl_permits(b, &x), t[i].b);
		T_EQ(acl_permits(v6, &x), t[i].v6);
	}
	snapshot_unref(s);
}

int main(void)
{
	T_RUN(policy_selection);
	T_RUN(policy_proposals_in_order);
	T_RUN(profile_selection);
	T_RUN(key_lookup);
	T_RUN(lists);
	return t_end();
}
