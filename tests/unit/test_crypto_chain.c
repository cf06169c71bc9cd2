/* tsan */
/* Paths, purposes and identities: every way to be refused has its own status, and words that say whose fault it is. */
#include <pthread.h>
#include <stdatomic.h>

#include "core/crypto/chain.h"
#include "core/crypto/constraint.h"
#include "tests/unit/x509_lib.h"

#define YEAR (365 * (int64_t)86400)

static const char *const root_only[] = {"root", NULL};

/* A trust of these anchors. */
static struct trust *trust_of(const char *const *anchors)
{
	struct trust *t = trust_new("HQ");

	for (; *anchors != NULL; anchors++) {
		struct cert *c = x509_cert(*anchors);

		if (trust_add_anchor(t, c) != ST_OK)
			abort();
		cert_unref(c);
	}
	return t;
}

struct sent {
	const char *names[CHAIN_CERTS_MAX]; /* leaf first */
};

static enum status judge(struct chain_query *q, struct trust *t, const struct sent *sent, struct chain_result *out)
{
	struct view others[CHAIN_CERTS_MAX];
	enum status st;

	q->trust = t;
	q->leaf = x509_der(sent->names[0]);
	q->others = others;
	q->n_others = 0;
	for (size_t i = 1; i < CHAIN_CERTS_MAX && sent->names[i] != NULL; i++)
		others[q->n_others++] = x509_der(sent->names[i]);
	if (q->now_s == 0)
		q->now_s = x509.now;
	st = chain_judge(q, out);
	q->others = NULL;
	return st;
}

static void paths(void)
{
	static const struct {
		const char *row;
		struct sent sent;
		enum status want;
		const char *words; /* a part of them */
	} rows[] = {
		{"by an intermediate", {{"leaf", "int"}}, ST_OK, ""},
		{"with the anchor itself", {{"leaf", "root", "int"}}, ST_OK, ""},
		{"by the anchor", {{"direct"}}, ST_OK, ""},
		{"intermediate missing", {{"leaf"}}, ST_CERT_UNTRUSTED,
			"the issuer CN=Intermediate,O=Sallyport Test is not trusted by trustpoint HQ"},
		{"with others that do not belong", {{"leaf", "sub", "forged", "revoked", "int"}}, ST_OK, ""},
		{"expired", {{"expired", "int"}}, ST_CERT_EXPIRED, "CN=old,O=Corp expired on "},
		{"not yet", {{"not_yet", "int"}}, ST_CERT_NOT_YET, "CN=young,O=Corp is not valid before "},
		{"unknown critical extension", {{"critical", "int"}}, ST_CERT_CRITICAL, "CN=critical"},
		{"unknown extension", {{"unknown_ext", "int"}}, ST_OK, ""},
		{"signed by itself", {{"selfsigned"}}, ST_CERT_UNTRUSTED, "CN=self is signed by itself"},
		{"another root", {{"by_root2", "root2"}}, ST_CERT_UNTRUSTED, "the authority CN=Root Two is not trusted"},
		{"issuer is no authority", {{"by_notca", "notca"}}, ST_CERT_NOT_CA, "CN=Not an authority"},
		{"issuer may not sign", {{"by_nosign", "nosign"}}, ST_CERT_USAGE, "CN=No signing may not sign"},
		{"issuer expired", {{"by_expired_ca", "expired_ca"}}, ST_CERT_EXPIRED, "CN=Expired CA"},
		{"path length", {{"by_sub", "sub", "int"}}, ST_CERT_PATH_LENGTH, "CN=Intermediate"},
		{"forged authority", {{"by_forged", "forged", "int"}}, ST_BAD_SIGNATURE, "CN=Intermediate"},
		{"forged authority alone", {{"by_forged", "forged"}}, ST_CERT_UNTRUSTED, "the authority CN=Intermediate"},
		{"cross-signed", {{"by_root2", "root2", "cross"}}, ST_OK, ""},
		{"authorities in a circle", {{"by_loop", "loop_a", "loop_b"}}, ST_CERT_UNTRUSTED, "CN=Loop"},
		{"a policy is demanded", {{"by_policy", "policy"}}, ST_CERT_CRITICAL, "CN=Policy CA"},
		{"long path", {{"by_deep7", "deep7", "deep6", "deep5", "deep4", "deep3", "deep2", "deep1", "deep0"}},
			ST_OK, ""},
		{"too long", {{"by_deep11", "deep11", "deep10", "deep9", "deep8", "deep7", "deep6", "deep5", "deep4",
				     "deep3", "deep2", "deep1", "deep0"}},
			ST_CERT_LIMIT, "more than 10"},
		{"RSA authority", {{"by_rsa", "rsa_ca"}}, ST_OK, ""},
		{"RSA-PSS", {{"by_pss", "rsa_ca"}}, ST_OK, ""},
		{"RSA-PSS, long salt", {{"by_pss_max", "rsa_ca"}}, ST_OK, ""},
		{"SHA-1", {{"by_rsa_sha1", "rsa_ca"}}, ST_SIG_ALGORITHM, "CN=sha1"},
		{"Ed25519", {{"ed25519", "free"}}, ST_OK, ""},
		{"P-384", {{"p384", "free"}}, ST_OK, ""},
		{"P-521", {{"p521", "free"}}, ST_OK, ""},
		{"weak key", {{"rsa1024", "free"}}, ST_WEAK_KEY, "weak"},
		{"an anchor as leaf", {{"root"}}, ST_OK, ""},
		{"no certificate", {{"content"}}, ST_BAD_CERT, "malformed"},
	};
	struct trust *t = trust_of(root_only);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct chain_query q = {0};
		struct chain_result r;
		enum status st = judge(&q, t, &rows[i].sent, &r);
		char got[400];

		T_ROW(i, rows[i].row);
		snprintf(got, sizeof(got), "%s: %s", status_token(st), r.words);
		chain_result_fini(&r);
		if (st != rows[i].want || strstr(got, rows[i].words) == NULL || (st == ST_OK) != (r.words[0] == '\0'))
			T_FAIL("%s", got);
		T_EQ(r.is_trusted, st == ST_OK);
	}
	trust_unref(t);
}

static void anchors_other_than_a_root(void)
{
	static const char *const int_only[] = {"int", NULL}, *const two[] = {"root2", NULL};
	struct trust *t = trust_of(int_only);
	struct chain_query q = {0};
	struct chain_result r;

	T_EQ(judge(&q, t, &(struct sent){{"leaf"}}, &r), ST_OK);
	chain_result_fini(&r);
	T_EQ(judge(&q, t, &(struct sent){{"direct", "root"}}, &r), ST_CERT_UNTRUSTED);
	chain_result_fini(&r);
	trust_unref(t);
	t = trust_of(two);
	T_EQ(judge(&q, t, &(struct sent){{"by_root2"}}, &r), ST_OK);
	chain_result_fini(&r);
	T_EQ(judge(&q, t, &(struct sent){{"leaf", "int", "root"}}, &r), ST_CERT_UNTRUSTED);
	chain_result_fini(&r);
	trust_unref(t);
	t = trust_new("empty");
	T_EQ(judge(&q, t, &(struct sent){{"leaf", "int", "root"}}, &r), ST_CERT_UNTRUSTED);
	T_TRUE(strstr(r.words, "trustpoint empty") != NULL);
	chain_result_fini(&r);
	trust_unref(t);
}

static void only_authorities_are_trusted(void)
{
	struct trust *t = trust_new("HQ");
	struct cert *c = x509_cert("selfsigned");

	T_EQ(trust_add_anchor(t, c), ST_CERT_NOT_CA);
	T_EQ(trust_add_intermediate(t, c), ST_CERT_NOT_CA);
	T_EQ(trust_anchors(t), 0);
	T_TRUE(trust_anchor(t, 0) == NULL);
	cert_unref(c);
	trust_unref(t);
}

/* 100 authorities of one name: found where it is among them, and given up after so many signatures where not. */
static void a_hundred_intermediates(void)
{
	struct trust *t = trust_of(root_only);
	struct chain_query q = {0};
	struct chain_result r;
	char name[16];

	for (int i = 0; i < 100; i++) {
		struct cert *c;

		snprintf(name, sizeof(name), "many%d", i);
		c = x509_cert(name);
		T_EQ(trust_add_intermediate(t, c), ST_OK);
		cert_unref(c);
	}
	T_EQ(judge(&q, t, &(struct sent){{"by_many_first"}}, &r), ST_OK);
	chain_result_fini(&r);
	T_EQ(judge(&q, t, &(struct sent){{"by_many"}}, &r), ST_CERT_LIMIT);
	chain_result_fini(&r);
	trust_unref(t);
}

static void more_than_the_peer_may_send(void)
{
	struct trust *t = trust_of(root_only);
	struct view others[CHAIN_CERTS_MAX];
	struct chain_query q = {.trust = t, .leaf = x509_der("leaf"), .others = others, .now_s = x509.now};
	struct chain_result r;
	uint8_t *big = calloc(1, CHAIN_BYTES_MAX);

	for (size_t i = 0; i < CHAIN_CERTS_MAX; i++)
		others[i] = x509_der("int");
	q.n_others = CHAIN_CERTS_MAX;
	T_EQ(chain_judge(&q, &r), ST_CERT_LIMIT);
	chain_result_fini(&r);
	q.n_others = CHAIN_CERTS_MAX - 1;
	T_EQ(chain_judge(&q, &r), ST_OK);
	chain_result_fini(&r);
	others[1] = (struct view){big, CHAIN_BYTES_MAX};
	T_EQ(chain_judge(&q, &r), ST_CERT_LIMIT);
	chain_result_fini(&r);
	free(big);
	trust_unref(t);
}

static void constraints(void)
{
	static const struct {
		const char *leaf;
		bool ok;
	} rows[] = {
		{"permit_ok", true}, {"permit_dns", false}, {"permit_dns2", false}, {"permit_mail", false},
		{"permit_ip", false}, {"permit_ip6", false}, {"permit_dn", false}, {"permit_dn2", false},
		{"permit_dirname", false}, {"permit_uri", false}, {"permit_subject_mail", false},
		{"permit_two", false}, {"net_ok", true}, {"net_spelt", false}, {"exclude_ok", true}, {"exclude_dns", false}, {"exclude_dns2", false},
		{"exclude_wild", false}, {"exclude_mail", false}, {"exclude_box", false}, {"exclude_ip", false},
		{"exclude_ip6", false}, {"exclude_dn", false}, {"exclude_dn2", false}, {"exclude_below", false},
	};
	struct trust *t = trust_of(root_only);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *ca = rows[i].leaf[0] == 'p'   ? "permit"
				 : rows[i].leaf[0] == 'n' ? "permit_net"
							  : "exclude";
		struct chain_query q = {0};
		struct chain_result r;

		T_ROW(i, rows[i].leaf);
		judge(&q, t, &(struct sent){{rows[i].leaf, ca, "exclude_sub"}}, &r);
		chain_result_fini(&r);
		if (r.status != (rows[i].ok ? ST_OK : ST_CERT_CONSTRAINT))
			T_FAIL("%s: %s", status_token(r.status), r.words);
		T_TRUE(rows[i].ok || strstr(r.words, "ing CA may not certify ") != NULL);
	}
	trust_unref(t);
}

static void constraints_end(void)
{
	struct cert *ca = x509_cert("exclude"), *leaf = x509_cert("exclude_ok");
	size_t budget = 3;
	struct view name;
	unsigned kind;
	/* NameConstraints of the certificate, found by its OID */
	struct view der = cert_der(ca);
	const uint8_t *at = memmem(der.p, der.len, "\x55\x1d\x1e\x01\x01\xff\x04", 7);

	T_TRUE(at != NULL);
	/* OCTET STRING and SEQUENCE with lengths of one byte, or of two (81 xx) */
	struct rd r = rd_init(at + 7, (size_t)(der.p + der.len - (at + 7)));
	uint8_t len = rd_u8(&r);

	if (len == 0x81)
		rd_skip(&r, 1);
	rd_skip(&r, 1);
	len = rd_u8(&r);
	if (len == 0x81)
		len = rd_u8(&r);
	struct view constraints = rd_bytes(&r, len);

	T_TRUE(constraint_ok(constraints));
	T_EQ(constraint_judge(constraints, leaf, &budget, &kind, &name), ST_CERT_LIMIT);
	budget = 1000;
	T_EQ(constraint_judge(constraints, leaf, &budget, &kind, &name), ST_OK);
	T_TRUE(budget < 1000);
	for (size_t i = 0; i < constraints.len; i++)
		T_TRUE(!constraint_ok((struct view){constraints.p, i}));
	cert_unref(ca);
	cert_unref(leaf);
}

static void purposes(void)
{
	static const struct {
		const char *leaf;
		enum chain_purpose purpose;
		bool require;
		enum status want;
	} rows[] = {
		{"leaf", CHAIN_IKE_CLIENT, true, ST_OK},
		{"leaf", CHAIN_TLS_SERVER, true, ST_OK},
		{"server_only", CHAIN_IKE_SERVER, true, ST_OK},
		{"server_only", CHAIN_IKE_CLIENT, false, ST_CERT_PURPOSE},
		{"server_only", CHAIN_TLS_CLIENT, false, ST_CERT_PURPOSE},
		{"client_only", CHAIN_IKE_CLIENT, true, ST_OK},
		{"client_only", CHAIN_TLS_SERVER, false, ST_CERT_PURPOSE},
		{"any_eku", CHAIN_IKE_CLIENT, false, ST_OK},
		{"any_eku", CHAIN_IKE_CLIENT, true, ST_CERT_PURPOSE},
		{"ike_eku", CHAIN_IKE_CLIENT, false, ST_OK},
		{"ike_eku", CHAIN_IKE_SERVER, false, ST_OK},
		{"ike_eku", CHAIN_TLS_CLIENT, false, ST_CERT_PURPOSE},
		{"mail_eku", CHAIN_IKE_CLIENT, false, ST_CERT_PURPOSE},
		{"mail_eku", CHAIN_ANY, false, ST_OK},
		{"no_eku", CHAIN_IKE_CLIENT, false, ST_OK},
		{"no_eku", CHAIN_IKE_CLIENT, true, ST_CERT_PURPOSE},
		{"encipher", CHAIN_IKE_CLIENT, false, ST_CERT_USAGE},
		{"by_server_ca", CHAIN_IKE_SERVER, false, ST_OK},
		{"by_server_ca", CHAIN_IKE_CLIENT, false, ST_CERT_PURPOSE},
	};
	struct trust *t = trust_of(root_only);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct chain_query q = {.purpose = rows[i].purpose, .require_eku = rows[i].require};
		struct chain_result r;

		T_ROW(i, rows[i].leaf);
		T_EQ(judge(&q, t, &(struct sent){{rows[i].leaf, "int", "server_ca"}}, &r), rows[i].want);
		chain_result_fini(&r);
	}
	trust_unref(t);
}

static void identities(void)
{
	struct trust *t = trust_of(root_only);
	struct chain_query q = {.id_type = 2, .id = text_view("gw.corp.example")};
	struct chain_result r;

	T_EQ(judge(&q, t, &(struct sent){{"leaf", "int"}}, &r), ST_OK);
	T_TRUE(r.leaf != NULL && cert_not_after(r.leaf) == cert_not_before(r.leaf) + 20 * YEAR);
	/* the root was made in the same second, or before */
	T_TRUE(r.valid_until_s <= cert_not_after(r.leaf) && r.valid_until_s > x509.now);
	chain_result_fini(&r);
	q.id = text_view("gw\n.corp.example");
	T_EQ(judge(&q, t, &(struct sent){{"leaf", "int"}}, &r), ST_CERT_IDENTITY);
	T_TRUE(r.is_trusted && strstr(r.words, "is not for the identity gw\\0a.corp.example") != NULL);
	chain_result_fini(&r);
	q.id_type = 1;
	q.id = text_view("\x0a\x63\x02\x02");
	T_EQ(judge(&q, t, &(struct sent){{"leaf", "int"}}, &r), ST_CERT_IDENTITY);
	T_TRUE(strstr(r.words, "is not for the identity 10.99.2.2") != NULL);
	chain_result_fini(&r);
	q.id = text_view("\x0a\x63");
	T_EQ(judge(&q, t, &(struct sent){{"leaf", "int"}}, &r), ST_CERT_IDENTITY);
	T_TRUE(strstr(r.words, "is not for the identity 0a63") != NULL);
	chain_result_fini(&r);
	q.id_type = 2;
	/* an identity does not save a chain that is not trusted */
	q.id = text_view("self.corp.example");
	T_EQ(judge(&q, t, &(struct sent){{"selfsigned"}}, &r), ST_CERT_UNTRUSTED);
	chain_result_fini(&r);
	trust_unref(t);
}

static void weak_keys_where_allowed(void)
{
	struct trust *t = trust_of(root_only);
	struct chain_query q = {.allow_weak = true};
	struct chain_result r;

	T_EQ(judge(&q, t, &(struct sent){{"rsa1024", "free"}}, &r), ST_OK);
	chain_result_fini(&r);
	trust_unref(t);
}

/* Any one bit of the leaf changed: refused, and nothing is read that is not there. */
static void every_bit_counts(void)
{
	struct trust *t = trust_of(root_only);
	struct view der = x509_der("leaf"), others[] = {x509_der("int")};
	uint8_t *copy = malloc(der.len);

	for (size_t i = 0; i < der.len * 8; i += 3) {
		struct chain_query q = {.trust = t, .leaf = {copy, der.len}, .others = others, .n_others = 1,
			.now_s = x509.now};
		struct chain_result r;

		memcpy(copy, der.p, der.len);
		copy[i / 8] ^= (uint8_t)(1 << i % 8);
		T_ROW(i, "bit");
		chain_judge(&q, &r);
		chain_result_fini(&r);
		T_TRUE(r.status != ST_OK && !r.is_trusted);
	}
	free(copy);
	trust_unref(t);
}

/* One trust, several threads, each with references of its own to what it got. */
static atomic_uint agreed;

static void *judge_often(void *arg)
{
	struct trust *t = trust_ref(arg);

	for (int i = 0; i < 20; i++) {
		struct chain_query q = {.purpose = CHAIN_IKE_CLIENT};
		struct chain_result r;
		struct cert *leaf;

		if (judge(&q, t, &(struct sent){{i % 2 ? "leaf" : "by_forged", "int", "forged"}}, &r) ==
			(i % 2 ? ST_OK : ST_BAD_SIGNATURE))
			atomic_fetch_add(&agreed, 1);
		leaf = cert_ref(r.leaf);
		chain_result_fini(&r);
		cert_unref(leaf);
	}
	trust_unref(t);
	return NULL;
}

static void threads(void)
{
	struct trust *t = trust_of(root_only);
	pthread_t thread[4];

	for (size_t i = 0; i < 4; i++)
		T_EQ(pthread_create(&thread[i], NULL, judge_often, t), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	trust_unref(t);
	T_EQ(agreed, 80);
}

static void out_of_memory(void)
{
	struct trust *t = trust_of(root_only);
	struct view others[] = {x509_der("int")}, lists[] = {x509_der("crl"), x509_der("crl_root")};
	struct chain_query q = {.trust = t, .leaf = x509_der("leaf"), .others = others, .n_others = 1, .crls = lists,
		.n_crls = 2, .now_s = x509.now, .methods = {CHAIN_CRL}, .n_methods = 1};
	int64_t before = mem_live();
	unsigned passed = 0;
	uint64_t n = 0;

	/* A few allocations can be done without, and some failures look like a bad signature or like a list that cannot
	 * be used. */
	while (passed < 10 && n < 3000) {
		struct chain_result r;

		mem_fail_at(++n);
		passed = chain_judge(&q, &r) == ST_OK ? passed + 1 : 0;
		mem_fail_at(0);
		chain_result_fini(&r);
		T_EQ(mem_live(), before);
	}
	T_EQ(passed, 10);
	T_TRUE(n > 60);
	trust_unref(t);
}

int main(void)
{
	x509_load();
	T_RUN(paths);
	T_RUN(anchors_other_than_a_root);
	T_RUN(only_authorities_are_trusted);
	T_RUN(a_hundred_intermediates);
	T_RUN(more_than_the_peer_may_send);
	T_RUN(constraints);
	T_RUN(constraints_end);
	T_RUN(purposes);
	T_RUN(identities);
	T_RUN(weak_keys_where_allowed);
	T_RUN(every_bit_counts);
	T_RUN(threads);
	T_RUN(out_of_memory);
	x509_unload();
	return t_end();
}
