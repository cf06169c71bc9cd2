/* Choosing a suite: the initiator's order wins (R-POL-08, X-04), combined-mode rules (RFC 7296
 * sections 3.3, 3.3.6), PFS, extended sequence numbers, the answer to an offer of ours. */
#include "core/conf/choose.h"
#include "tests/unit/conf_lib.h"

#define ENCR(id, bits)                                                                             \
	{                                                                                          \
		TRANSFORM_ENCR, false, id, bits                                                    \
	}
#define PRF(id)                                                                                    \
	{                                                                                          \
		TRANSFORM_PRF, false, id, 0                                                        \
	}
#define INTEG(id)                                                                                  \
	{                                                                                          \
		TRANSFORM_INTEG, false, id, 0                                                      \
	}
#define DH(id)                                                                                     \
	{                                                                                          \
		TRANSFORM_DH, false, id, 0                                                         \
	}
#define ESN(id)                                                                                    \
	{                                                                                          \
		TRANSFORM_ESN, false, id, 0                                                        \
	}
#define UNUSABLE(t, id)                                                                            \
	{                                                                                          \
		TRANSFORM_##t, true, id, 0                                                         \
	}
#define CBC    12
#define GCM    20
#define CHACHA 28
#define SHA1   2
#define SHA256 12
#define SHA384 13

static struct snapshot *ours_conf;
static struct allowed ours[8];
static size_t ours_n;

/* Our side: the proposals of policy P of the text. */
static void ours_from(const char *text)
{
	const struct ike_proposal *p[8];
	struct addr a = ip("192.0.2.1");
	snapshot_unref(ours_conf);
	ours_conf = conf(text);
	T_TRUE(ours_conf != NULL);
	const struct ike_policy *policy = policy_select(ours_conf, 0, &a);
	T_TRUE(policy != NULL);
	ours_n = policy_proposals(ours_conf, policy, p, 8);
	for (size_t i = 0; i < ours_n; i++)
		ours[i] = allowed_from_proposal(p[i]);
}

#define TWO_PROPOSALS                                                                              \
	"crypto ikev2 proposal A\n encryption aes-cbc-128 aes-cbc-192\n integrity sha1 sha256\n"   \
	" group 14 15\ncrypto ikev2 proposal B\n encryption aes-gcm-256\n prf sha512\n group 19\n" \
	"crypto ikev2 policy P\n proposal A\n proposal B\n"

struct ike_case {
	const char *name;
	struct offer_transform t[12];
	size_t n;
	enum status st;
	uint16_t encr, bits, prf, integ, dh;
	size_t mine;
};

static const struct ike_case ike[] = {
	{"the guide's example, read as X-04 says",
		{ENCR(CBC, 192), ENCR(CBC, 128), INTEG(SHA256), INTEG(SHA1), PRF(5), PRF(2), DH(14),
			DH(15)},
		8, ST_OK, CBC, 192, 5, SHA256, 14, 0},
	{"the other order, the other result",
		{ENCR(CBC, 128), ENCR(CBC, 192), INTEG(SHA1), INTEG(SHA256), PRF(2), PRF(5), DH(15),
			DH(14)},
		8, ST_OK, CBC, 128, 2, SHA1, 15, 0},
	{"types may come in any order", {DH(15), PRF(2), INTEG(SHA1), ENCR(CBC, 128)}, 4, ST_OK,
		CBC, 128, 2, SHA1, 15, 0},
	{"first choice not ours, second is",
		{ENCR(CBC, 256), ENCR(CBC, 192), INTEG(SHA1), PRF(2), DH(14)}, 5, ST_OK, CBC, 192,
		2, SHA1, 14, 0},
	{"combined mode without integrity", {ENCR(GCM, 256), PRF(7), DH(19)}, 3, ST_OK, GCM, 256, 7,
		0, 19, 1},
	{"combined mode with NONE", {ENCR(GCM, 256), PRF(7), INTEG(0), DH(19)}, 4, ST_OK, GCM, 256,
		7, 0, 19, 1},
	{"combined mode with an algorithm", {ENCR(GCM, 256), PRF(7), INTEG(SHA256), DH(19)}, 4,
		ST_NO_PROPOSAL, 0, 0, 0, 0, 0, 0},
	{"key length is part of the transform", {ENCR(GCM, 128), PRF(7), DH(19)}, 3, ST_NO_PROPOSAL,
		0, 0, 0, 0, 0, 0},
	{"CBC needs integrity", {ENCR(CBC, 128), PRF(2), DH(14)}, 3, ST_NO_PROPOSAL, 0, 0, 0, 0, 0,
		0},
	{"CBC with NONE", {ENCR(CBC, 128), INTEG(0), PRF(2), DH(14)}, 4, ST_NO_PROPOSAL, 0, 0, 0, 0,
		0, 0},
	{"no group in common", {ENCR(CBC, 128), INTEG(SHA1), PRF(2), DH(2)}, 4, ST_NO_PROPOSAL, 0,
		0, 0, 0, 0, 0},
	{"no group at all", {ENCR(CBC, 128), INTEG(SHA1), PRF(2)}, 3, ST_NO_PROPOSAL, 0, 0, 0, 0, 0,
		0},
	{"group NONE", {ENCR(CBC, 128), INTEG(SHA1), PRF(2), DH(0)}, 4, ST_NO_PROPOSAL, 0, 0, 0, 0,
		0, 0},
	{"no PRF", {ENCR(CBC, 128), INTEG(SHA1), DH(14)}, 3, ST_NO_PROPOSAL, 0, 0, 0, 0, 0, 0},
	{"an unusable transform is passed over",
		{UNUSABLE(ENCR, CBC), ENCR(CBC, 128), INTEG(SHA1), PRF(2), DH(14)}, 5, ST_OK, CBC,
		128, 2, SHA1, 14, 0},
	{"an unusable transform alone", {ENCR(CBC, 128), UNUSABLE(INTEG, SHA1), PRF(2), DH(14)}, 4,
		ST_NO_PROPOSAL, 0, 0, 0, 0, 0, 0},
	{"a type that IKE does not have", {ENCR(CBC, 128), INTEG(SHA1), PRF(2), DH(14), ESN(0)}, 5,
		ST_NO_PROPOSAL, 0, 0, 0, 0, 0, 0},
	{"a type nobody knows", {ENCR(CBC, 128), INTEG(SHA1), PRF(2), DH(14), {9, false, 1, 0}}, 5,
		ST_NO_PROPOSAL, 0, 0, 0, 0, 0, 0},
	{"never across two of ours", {ENCR(CBC, 128), INTEG(SHA1), PRF(2), DH(19)}, 4,
		ST_NO_PROPOSAL, 0, 0, 0, 0, 0, 0},
	{"nothing", {{0, false, 0, 0}}, 0, ST_NO_PROPOSAL, 0, 0, 0, 0, 0, 0},
};

static void initiators_order_wins(void)
{
	T_DO(ours_from(TWO_PROPOSALS));
	T_EQ(ours_n, 2);
	for (size_t i = 0; i < sizeof(ike) / sizeof(ike[0]); i++) {
		const struct ike_case *c = &ike[i];
		struct chosen out = {0};
		struct offer o = {7, CHOOSE_IKE, c->t, c->n};
		T_ROW(i, c->name);
		T_EQ(proposal_choose(CHOOSE_IKE, false, ours, ours_n, &o, 1, &out), c->st);
		if (c->st != ST_OK)
			continue;
		T_EQ(out.number, 7);
		T_EQ(out.encr.id, c->encr);
		T_EQ(out.encr.key_bits, c->bits);
		T_EQ(out.prf, c->prf);
		T_EQ(out.integ, c->integ);
		T_EQ(out.dh, c->dh);
		T_EQ(out.allowed_index, c->mine);
	}
}

static void offers_in_order(void)
{
	static const struct offer_transform weak[] = {ENCR(CBC, 128), INTEG(SHA1), PRF(2), DH(14)};
	static const struct offer_transform gcm[] = {ENCR(GCM, 256), PRF(7), DH(19)};
	static const struct offer_transform no[] = {ENCR(3, 0), INTEG(1), PRF(1), DH(1)};
	struct offer o[3] = {
		{1, CHOOSE_IKE, no, 4}, {2, CHOOSE_IKE, gcm, 3}, {3, CHOOSE_IKE, weak, 4}};
	struct chosen out;
	T_DO(ours_from(TWO_PROPOSALS));
	T_EQ(proposal_choose(CHOOSE_IKE, false, ours, ours_n, o, 3, &out), ST_OK);
	T_EQ(out.number, 2); /* the peer's second although it is our second */
	T_EQ(out.offer_index, 1);
	o[1].protocol = CHOOSE_ESP;
	T_EQ(proposal_choose(CHOOSE_IKE, false, ours, ours_n, o, 3, &out), ST_OK);
	T_EQ(out.number, 3);
	T_EQ(proposal_choose(CHOOSE_IKE, false, ours, ours_n, o, 0, &out), ST_NO_PROPOSAL);
	T_EQ(proposal_choose(CHOOSE_IKE, false, ours, 0, o, 3, &out), ST_NO_PROPOSAL);
}

/* One proposal of ours with both sorts (R-POL-09). */
static void mixed_modes(void)
{
	static const struct offer_transform both[] = {
		ENCR(GCM, 256), ENCR(CBC, 256), PRF(7), INTEG(14), DH(19)};
	static const struct offer_transform cbc[] = {ENCR(CBC, 256), PRF(7), INTEG(14), DH(19)};
	struct offer o = {1, CHOOSE_IKE, both, 5};
	struct chosen out;
	T_DO(ours_from(""));
	T_EQ(proposal_choose(CHOOSE_IKE, false, ours, ours_n, &o, 1, &out), ST_OK);
	T_EQ(out.encr.id, CBC); /* an offer with a real integrity algorithm cannot mean GCM */
	T_EQ(out.integ, 14);
	o = (struct offer){1, CHOOSE_IKE, cbc, 4};
	T_EQ(proposal_choose(CHOOSE_IKE, false, ours, ours_n, &o, 1, &out), ST_OK);
	T_EQ(out.encr.key_bits, 256);
}

struct esp_case {
	const char *name;
	const char *conf; /* of IPsec profile P */
	struct offer_transform t[8];
	size_t n;
	bool first;
	enum status st;
	uint16_t encr, integ, dh;
	bool esn, dh_none;
};

#define GCM_SET                                                                                    \
	"crypto ipsec transform-set S esp-gcm 256\ncrypto ipsec profile P\n set transform-set S\n"
#define CBC_SET                                                                                    \
	"crypto ipsec transform-set S esp-aes esp-sha256-hmac\ncrypto ipsec profile P\n"           \
	" set transform-set S\n"
#define PFS_SET GCM_SET " set pfs group19\n"

#define ODD_SET                                                                                    \
	"crypto ipsec transform-set S esp-gmac 256 esp-ctr esp-null esp-sha256-hmac\n"             \
	"crypto ipsec profile P\n set transform-set S\n"

static const struct esp_case esp[] = {
	{"GMAC when it is named", ODD_SET, {ENCR(21, 256), ESN(0)}, 2, true, ST_OK, 21, 0, 0, false,
		false},
	{"GMAC needs no integrity algorithm", ODD_SET, {ENCR(21, 256), INTEG(SHA256), ESN(0)}, 3, true,
		ST_NO_CHILD_PROPOSAL, 0, 0, 0, false, false},
	{"counter mode when it is named", ODD_SET, {ENCR(13, 128), INTEG(SHA256), ESN(1)}, 3, true,
		ST_OK, 13, SHA256, 0, true, false},
	{"counter mode without integrity", ODD_SET, {ENCR(13, 128), ESN(0)}, 2, true,
		ST_NO_CHILD_PROPOSAL, 0, 0, 0, false, false},
	{"NULL when it is named", ODD_SET, {ENCR(11, 0), INTEG(SHA256), ESN(0)}, 3, true, ST_OK, 11,
		SHA256, 0, false, false},
	{"NULL without integrity", ODD_SET, {ENCR(11, 0), ESN(0)}, 2, true, ST_NO_CHILD_PROPOSAL, 0,
		0, 0, false, false},
	{"the default has none of them: NULL", "", {ENCR(11, 0), INTEG(SHA256), ESN(0)}, 3, true,
		ST_NO_CHILD_PROPOSAL, 0, 0, 0, false, false},
	{"the default has none of them: GMAC", "", {ENCR(21, 256), ESN(0)}, 2, true,
		ST_NO_CHILD_PROPOSAL, 0, 0, 0, false, false},
	{"the default has none of them: short ICV", "", {ENCR(18, 256), ESN(0)}, 2, true,
		ST_NO_CHILD_PROPOSAL, 0, 0, 0, false, false},
	{"combined mode", GCM_SET, {ENCR(GCM, 256), ESN(0)}, 2, true, ST_OK, GCM, 0, 0, false,
		false},
	{"extended numbers first", GCM_SET, {ENCR(GCM, 256), ESN(1), ESN(0)}, 3, true, ST_OK, GCM,
		0, 0, true, false},
	{"extended numbers second", GCM_SET, {ENCR(GCM, 256), ESN(0), ESN(1)}, 3, true, ST_OK, GCM,
		0, 0, false, false},
	{"ESN is mandatory", GCM_SET, {ENCR(GCM, 256)}, 1, true, ST_NO_CHILD_PROPOSAL, 0, 0, 0,
		false, false},
	{"with integrity", CBC_SET, {ENCR(CBC, 128), INTEG(SHA256), ESN(0)}, 3, true, ST_OK, CBC,
		SHA256, 0, false, false},
	{"other key length", CBC_SET, {ENCR(CBC, 256), INTEG(SHA256), ESN(0)}, 3, true,
		ST_NO_CHILD_PROPOSAL, 0, 0, 0, false, false},
	{"first child: groups do not count", GCM_SET, {ENCR(GCM, 256), ESN(0), DH(2)}, 3, true,
		ST_OK, GCM, 0, 0, false, false},
	{"later child: a group the peer asks for", GCM_SET, {ENCR(GCM, 256), ESN(0), DH(19), DH(0)},
		4, false, ST_OK, GCM, 0, 19, false, false},
	{"later child: NONE first", GCM_SET, {ENCR(GCM, 256), ESN(0), DH(0), DH(19)}, 4, false,
		ST_OK, GCM, 0, 0, false, true},
	{"later child: only an old group", GCM_SET, {ENCR(GCM, 256), ESN(0), DH(2)}, 3, false,
		ST_NO_CHILD_PROPOSAL, 0, 0, 0, false, false},
	{"PFS of ours, the peer has the group", PFS_SET, {ENCR(GCM, 256), ESN(0), DH(14), DH(19)},
		4, false, ST_OK, GCM, 0, 19, false, false},
	{"PFS of ours, the peer has none", PFS_SET, {ENCR(GCM, 256), ESN(0)}, 2, false,
		ST_NO_CHILD_PROPOSAL, 0, 0, 0, false, false},
	{"PFS of ours, first child", PFS_SET, {ENCR(GCM, 256), ESN(0)}, 2, true, ST_OK, GCM, 0, 0,
		false, false},
	{"a PRF in ESP", GCM_SET, {ENCR(GCM, 256), ESN(0), PRF(5)}, 3, true, ST_NO_CHILD_PROPOSAL,
		0, 0, 0, false, false},
};

static void children(void)
{
	for (size_t i = 0; i < sizeof(esp) / sizeof(esp[0]); i++) {
		const struct esp_case *c = &esp[i];
		const struct transform_set *sets[6];
		struct chosen out = {0};
		struct offer o = {1, CHOOSE_ESP, c->t, c->n};
		T_ROW(i, c->name);
		struct snapshot *s = conf(c->conf);
		T_TRUE(s != NULL);
		const struct ipsec_profile *p =
			snapshot_ipsec_profile(s, c->conf[0] ? "P" : "default");
		size_t n = ipsec_sets(s, p, sets, 6);
		T_EQ(n, 1);
		struct allowed a = allowed_from_set(sets[0], p);
		enum status st = proposal_choose(CHOOSE_ESP, c->first, &a, 1, &o, 1, &out);
		snapshot_unref(s);
		T_EQ(st, c->st);
		if (st != ST_OK)
			continue;
		T_EQ(out.encr.id, c->encr);
		T_EQ(out.integ, c->integ);
		T_EQ(out.dh, c->dh);
		T_EQ(out.esn, c->esn);
		T_EQ(out.dh_none_named, c->dh_none);
	}
}

struct answer_case {
	const char *name;
	struct offer_transform t[8];
	size_t n;
	enum status st;
};

static const struct answer_case answers[] = {
	{"one of each", {ENCR(CBC, 192), INTEG(SHA256), PRF(5), DH(15)}, 4, ST_OK},
	{"two ciphers are no answer",
		{ENCR(CBC, 192), ENCR(CBC, 128), INTEG(SHA256), PRF(5), DH(15)}, 5, ST_NO_PROPOSAL},
	{"two groups are no answer", {ENCR(CBC, 192), INTEG(SHA256), PRF(5), DH(15), DH(14)}, 5,
		ST_NO_PROPOSAL},
	{"something we did not offer", {ENCR(CBC, 256), INTEG(SHA256), PRF(5), DH(15)}, 4,
		ST_NO_PROPOSAL},
	{"something missing", {ENCR(CBC, 192), INTEG(SHA256), DH(15)}, 3, ST_NO_PROPOSAL},
	{"a type out of range", {ENCR(CBC, 192), INTEG(SHA256), PRF(5), DH(15), {200, false, 1, 0}},
		5, ST_NO_PROPOSAL},
};

static void answer_to_ours(void)
{
	T_DO(ours_from(TWO_PROPOSALS));
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const struct answer_case *c = &answers[i];
		struct offer o = {1, CHOOSE_IKE, c->t, c->n};
		struct chosen out;
		T_ROW(i, c->name);
		T_EQ(proposal_accept(CHOOSE_IKE, false, ours, ours_n, &o, &out), c->st);
	}
	/* A responder may not bring a group into a child for which we offered none. */
	static const struct offer_transform t[] = {ENCR(GCM, 256), ESN(0), DH(19)};
	struct offer o = {1, CHOOSE_ESP, t, 3};
	struct chosen out;
	struct snapshot *s = conf(GCM_SET);
	T_TRUE(s != NULL);
	struct allowed a = allowed_from_set(snapshot_transform_set(s, "S"), NULL);
	enum status st = proposal_accept(CHOOSE_ESP, false, &a, 1, &o, &out);
	snapshot_unref(s);
	T_EQ(st, ST_NO_CHILD_PROPOSAL);
	snapshot_unref(ours_conf);
	ours_conf = NULL;
	T_EQ(mem_live(), 0);
}

int main(void)
{
	T_RUN(initiators_order_wins);
	T_RUN(offers_in_order);
	T_RUN(mixed_modes);
	T_RUN(children);
	T_RUN(answer_to_ours);
	return t_end();
}
