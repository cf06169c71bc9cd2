/* The sentences for the operator. */
#include "core/ike/explain.h"
#include "core/ike/id_text.h"
#include "core/wire/notify_types.h"
#include "tests/lib/t.h"

#define MAX 8

struct side {
	struct conf_transform encr[MAX], integ[MAX], prf[MAX], dh[MAX];
};

static size_t count(const struct conf_transform *v)
{
	size_t n = 0;

	while (n < MAX && v[n].id != 0)
		n++;
	return n;
}

static struct transform_list list(struct conf_transform *v)
{
	return (struct transform_list){v, count(v)};
}

static void test_proposals(void)
{
	static struct {
		const char *name;
		uint8_t protocol;
		struct side ours;
		struct offer_transform offered[MAX];
		const char *want;
	} rows[] = {
		{"only an old group", PROTO_IKE, {{{20, 256}}, {{0}}, {{5, 0}}, {{19, 0}}},
			{{1, 0, 20, 256}, {2, 0, 5, 0}, {4, 0, 2, 0}},
			"client offered only modp1024 for key exchange; allow it with `group 2` in a "
			"crypto ikev2 proposal"},
		{"two ciphers, none allowed", PROTO_IKE, {{{20, 256}}, {{0}}, {{5, 0}}, {{19, 0}}},
			{{1, 0, 12, 128}, {1, 0, 3, 0}, {2, 0, 5, 0}, {4, 0, 19, 0}},
			"client offered only aes-cbc-128, 3des for encryption; allow it with "
			"`encryption aes-cbc-128` in a crypto ikev2 proposal"},
		{"integrity", PROTO_IKE, {{{12, 128}}, {{12, 0}}, {{5, 0}}, {{19, 0}}},
			{{1, 0, 12, 128}, {3, 0, 2, 0}, {2, 0, 5, 0}, {4, 0, 19, 0}},
			"client offered only sha1 for integrity; allow it with `integrity sha1` in a "
			"crypto ikev2 proposal"},
		{"PRF", PROTO_IKE, {{{20, 256}}, {{0}}, {{5, 0}}, {{19, 0}}},
			{{1, 0, 20, 256}, {2, 0, 7, 0}, {4, 0, 19, 0}},
			"client offered only sha512 for PRF; allow it with `prf sha512` in a crypto "
			"ikev2 proposal"},
		{"unknown group", PROTO_IKE, {{{20, 256}}, {{0}}, {{5, 0}}, {{19, 0}}},
			{{1, 0, 20, 256}, {2, 0, 5, 0}, {4, 0, 1031, 0}},
			"client offered only transform 4/1031 for key exchange, which is not known here"},
		{"a group that is not built", PROTO_IKE, {{{20, 256}}, {{0}}, {{5, 0}}, {{19, 0}}},
			{{1, 0, 20, 256}, {2, 0, 5, 0}, {4, 0, 36, 0}, {4, 0, 37, 0}},
			"client offered only ML-KEM-768 (not built), ML-KEM-1024 (not built) for key exchange, "
			"which is not possible here"},
		{"an additional one", PROTO_IKE, {{{20, 256}}, {{0}}, {{5, 0}}, {{19, 0}}},
			{{1, 0, 20, 256}, {2, 0, 5, 0}, {4, 0, 19, 0}, {6, 0, 35, 0}},
			"client offered only ML-KEM-512 (not built) for additional key exchange 1, which is not "
			"possible here"},
		{"an additional one that could be", PROTO_IKE, {{{20, 256}}, {{0}}, {{5, 0}}, {{19, 0}}},
			{{1, 0, 20, 256}, {2, 0, 5, 0}, {4, 0, 19, 0}, {12, 0, 36, 0}, {12, 0, 20, 0}},
			"client offered only ML-KEM-768 (not built), ecp384 for additional key exchange 7; allow it "
			"with `sallyport additional-key-exchange 7 20` in a crypto ikev2 proposal"},
		{"one that may be left out", PROTO_IKE, {{{20, 256}}, {{0}}, {{5, 0}}, {{19, 0}}},
			{{1, 0, 20, 256}, {2, 0, 5, 0}, {4, 0, 19, 0}, {6, 0, 36, 0}, {6, 0, 0, 0}},
			"client offered nothing of which every part is in one crypto ikev2 proposal of the policy; "
			"`sallyport additional-key-exchange` is a part, too"},
		{"all parts, but not together", PROTO_IKE, {{{20, 256}}, {{0}}, {{5, 0}}, {{19, 0}}},
			{{1, 0, 20, 256}, {2, 0, 5, 0}, {4, 0, 19, 0}},
			"client offered nothing of which every part is in one crypto ikev2 proposal of "
			"the policy"},
		{"ESP cipher", PROTO_ESP, {{{20, 256}}, {{0}}, {{0}}, {{0}}},
			{{1, 0, 12, 256}, {3, 0, 12, 0}},
			"client offered only aes-cbc-256 for ESP encryption; allow it with "
			"`esp-aes 256` in a transform set"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct allowed_set ours = {.n = 1};
		struct offer_set theirs = {.n = 1};
		char out[IKE_DETAIL_LEN];

		T_ROW(i, rows[i].name);
		ours.v[0].encr = list(rows[i].ours.encr);
		ours.v[0].integ = list(rows[i].ours.integ);
		ours.v[0].prf = list(rows[i].ours.prf);
		ours.v[0].dh = list(rows[i].ours.dh);
		theirs.v[0] = (struct offer){.number = 1, .protocol = rows[i].protocol, .t = rows[i].offered};
		while (rows[i].offered[theirs.v[0].n].type != 0)
			theirs.v[0].n++;
		explain_proposal(out, sizeof(out), rows[i].protocol, &ours, &theirs);
		T_STR(out, rows[i].want);
	}
}

static void test_nothing_configured(void)
{
	struct allowed_set ours = {0};
	struct offer_set theirs = {0};
	char out[IKE_DETAIL_LEN];

	explain_proposal(out, sizeof(out), PROTO_IKE, &ours, &theirs);
	T_STR(out, "no usable crypto ikev2 proposal is configured");
	explain_proposal(out, sizeof(out), PROTO_ESP, &ours, &theirs);
	T_STR(out, "no usable transform set is configured");
}

/* A peer that offers as much as it can: the sentence is cut, never too long, always terminated. */
static void test_long_offers_fit(void)
{
	static struct conf_transform cipher = {20, 256};
	static struct offer_transform many[SA_TRANSFORMS_MAX];
	struct allowed_set ours = {.n = 1};
	struct offer_set theirs = {.n = 1};
	char out[IKE_DETAIL_LEN + 1];

	for (size_t i = 0; i < SA_TRANSFORMS_MAX; i++)
		many[i] = (struct offer_transform){.type = 1, .id = (uint16_t)(60000 + i)};
	ours.v[0].encr = (struct transform_list){&cipher, 1};
	theirs.v[0] = (struct offer){.number = 1, .protocol = PROTO_IKE, .t = many, .n = SA_TRANSFORMS_MAX};
	for (size_t cap = 1; cap <= IKE_DETAIL_LEN; cap++) {
		memset(out, 'x', sizeof(out));
		explain_proposal(out, cap, PROTO_IKE, &ours, &theirs);
		T_TRUE(strlen(out) < cap);
		T_EQ(out[cap], 'x');
	}
}

/* Class 16: what a peer calls itself is shown escaped. */
static void test_class_16_identities(void)
{
	struct ike_id id = {.type = 11, .len = 6, .bytes = "a\nb\"\x80z"};
	char out[64];

	explain_id(out, sizeof(out), &id);
	for (size_t i = 0; out[i] != '\0'; i++)
		T_TRUE(out[i] >= 0x20 && out[i] < 0x7f);
	T_EQ(strncmp(out, "key-id ", 7), 0);
	id = (struct ike_id){.type = 3, .len = 3, .bytes = "a@b"};
	explain_id(out, sizeof(out), &id);
	T_STR(out, "email a@b");
}

static void test_profiles(void)
{
	static struct ike_profile a = {.name = "A"}, b = {.name = "B"};
	struct ike_id id = {.type = 2, .len = 1, .bytes = "x"};
	struct profile_answer two = {&a, &b}, one = {&a, NULL}, none = {NULL, NULL};
	char out[IKE_DETAIL_LEN];

	explain_profile(out, sizeof(out), ST_PROFILE_AMBIGUOUS, &id, &two);
	T_STR(out, "both profile A and profile B match fqdn x: no profile is selected");
	explain_profile(out, sizeof(out), ST_PROFILE_SHUTDOWN, &id, &one);
	T_STR(out, "profile A matches fqdn x but is shut down");
	explain_profile(out, sizeof(out), ST_NO_PROFILE, &id, &none);
	T_STR(out, "no profile has a `match identity remote` for fqdn x");
	/* Class 24: an answer without the profile it names must not be followed. */
	explain_profile(out, sizeof(out), ST_PROFILE_AMBIGUOUS, &id, &none);
	explain_profile(out, sizeof(out), ST_PROFILE_SHUTDOWN, &id, &none);
}

static void test_notifies(void)
{
	char out[IKE_DETAIL_LEN];

	explain_notify(out, sizeof(out), N_NO_PROPOSAL_CHOSEN);
	T_STR(out, "the peer answered NO_PROPOSAL_CHOSEN: it accepts none of our proposals");
	explain_notify(out, sizeof(out), 8191);
	T_STR(out, "the peer answered with notify 8191 (unknown)");
}

static void test_identities(void)
{
	static const struct {
		struct ike_id id;
		const char *text;
	} rows[] = {
		{{.type = 1, .len = 4, .bytes = {192, 0, 2, 1}}, "192.0.2.1"},
		{{.type = 5, .len = 16, .bytes = {0x20, 1, 0xd, 0xb8, [15] = 1}}, "2001:db8::1"},
		{{.type = 2, .len = 11, .bytes = "vpn.example"}, "vpn.example"},
		{{.type = 3, .len = 5, .bytes = "a\"b@c"}, "a\\\"b@c"},
		{{.type = 11, .len = 3, .bytes = "*$A"}, "*$A"},
		{{.type = 9, .len = 17, .bytes = {0x30, 15, 0x31, 13, 0x30, 11, 6, 3, 0x55, 4, 3, 0xc, 4, 'a', 'n', 'n', 'a'}},
			"CN=anna"},
		{{.type = 9, .len = 2, .bytes = {0x31, 0}}, "(malformed name)"},
		{{.type = 13, .len = 0}, ""},
	};
	char out[80];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].text);
		T_STR(id_text(&rows[i].id, out, sizeof(out)), rows[i].text);
		for (size_t cap = 1; cap < 12; cap++) {
			memset(out, '#', sizeof(out));
			(void)id_text(&rows[i].id, out, cap);
			T_TRUE(strlen(out) < cap && out[cap] == '#');
		}
	}
}

int main(void)
{
	T_RUN(test_identities);
	T_RUN(test_proposals);
	T_RUN(test_nothing_configured);
	T_RUN(test_long_offers_fit);
	T_RUN(test_class_16_identities);
	T_RUN(test_profiles);
	T_RUN(test_notifies);
	return t_end();
}
