/* Revocation: CRLs, OCSP, and the order of methods of a trustpoint. */
#include "core/crypto/chain.h"
#include "tests/unit/x509_lib.h"

#define DAY 86400

/* ---- CRL ------------------------------------------------------------------------------------------ */

static struct crl *list_of(const char *name)
{
	struct crl *c;

	if (crl_parse(x509_der(name), &c) != ST_OK)
		abort();
	return c;
}

static void crl_reads(void)
{
	struct crl *c = list_of("crl");
	struct cert *leaf = x509_cert("leaf"), *revoked = x509_cert("revoked"), *issuer = x509_cert("int");
	struct cert *forged = x509_cert("forged"), *root = x509_cert("root"), *direct = x509_cert("direct");
	int64_t when = 0;
	unsigned reason = 0;

	T_EQ(crl_entries(c), 1);
	T_TRUE(crl_next_update(c) - crl_this_update(c) == 7000 * (int64_t)DAY);
	T_TRUE(crl_this_update(c) <= x509.now && crl_this_update(c) > x509.now - 600);
	T_EQ(crl_verify(c, issuer), ST_OK);
	T_EQ(crl_verify(c, forged), ST_REVOCATION_SIGNER);
	T_EQ(crl_verify(c, root), ST_REVOCATION_SIGNER);
	T_TRUE(crl_covers(c, leaf) && crl_covers(c, revoked) && !crl_covers(c, direct));
	T_TRUE(!crl_lists(c, leaf, &when, &reason));
	T_TRUE(crl_lists(c, revoked, &when, &reason));
	T_EQ(reason, 1);
	T_TRUE(when < x509.now - 3000 && when > x509.now - 4000);
	T_STR(crl_reason_words(reason), "key compromise");
	T_STR(crl_reason_words(4711), "unknown reason");
	crl_unref(crl_ref(c));
	crl_unref(c);
	cert_unref(leaf);
	cert_unref(revoked);
	cert_unref(issuer);
	cert_unref(forged);
	cert_unref(root);
	cert_unref(direct);
}

static void crl_scope(void)
{
	static const struct {
		const char *name;
		bool user, ca;
	} rows[] = {
		{"crl_users", true, false},
		{"crl_cas", false, true},
		{"crl_here", true, false}, /* its point is named by the leaf and not by sub */
		{"crl_there", false, false},
	};
	struct cert *leaf = x509_cert("leaf"), *sub = x509_cert("sub");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct crl *c = list_of(rows[i].name);

		T_ROW(i, rows[i].name);
		T_EQ(crl_covers(c, leaf), rows[i].user);
		T_EQ(crl_covers(c, sub), rows[i].ca);
		crl_unref(c);
	}
	cert_unref(leaf);
	cert_unref(sub);
}

static void crl_refused(void)
{
	static const char *const rows[] = {
		"crl_indirect", "crl_reasons", "crl_unknown", "crl_delta", "leaf", "content", "ocsp_good"};
	struct view der = x509_der("crl");
	struct crl *c;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i]);
		T_EQ(crl_parse(x509_der(rows[i]), &c), ST_BAD_REVOCATION);
		T_TRUE(c == NULL);
	}
	for (size_t i = 0; i < der.len; i++) {
		uint8_t *cut = malloc(i + 1);

		memcpy(cut, der.p, i);
		T_ROW(i, "cut");
		T_EQ(crl_parse((struct view){cut, i}, &c), ST_BAD_REVOCATION);
		free(cut);
	}
}

/* ---- OCSP ----------------------------------------------------------------------------------------- */

static void ocsp_answers(void)
{
	static const struct {
		const char *answer, *cert;
		int64_t later;
		enum status want;
		enum ocsp_state state;
	} rows[] = {
		{"ocsp_good", "leaf", 0, ST_OK, OCSP_GOOD},
		{"ocsp_revoked", "revoked", 0, ST_OK, OCSP_REVOKED},
		{"ocsp_unknown", "no_eku", 0, ST_OK, OCSP_UNKNOWN},
		{"ocsp_sha256", "leaf", 0, ST_OK, OCSP_GOOD},
		{"ocsp_by_key", "leaf", 0, ST_OK, OCSP_GOOD},
		{"ocsp_by_issuer", "leaf", 0, ST_OK, OCSP_GOOD},
		{"ocsp_by_leaf", "leaf", 0, ST_REVOCATION_SIGNER, 0},
		{"ocsp_by_root", "leaf", 0, ST_REVOCATION_SIGNER, 0},
		{"ocsp_good", "revoked", 0, ST_NOT_FOUND, 0},
		{"ocsp_good", "direct", 0, ST_NOT_FOUND, 0},
		{"ocsp_short", "leaf", 0, ST_OK, OCSP_GOOD},
		{"ocsp_short", "leaf", 3600, ST_REVOCATION_STALE, 0},
		{"ocsp_good", "leaf", -3600, ST_REVOCATION_STALE, 0},
		{"ocsp_good", "leaf", 7100 * (int64_t)DAY, ST_REVOCATION_STALE, 0},
		{"ocsp_no_next", "leaf", 3600, ST_OK, OCSP_GOOD},
		{"ocsp_no_next", "leaf", 2 * DAY, ST_REVOCATION_STALE, 0},
		{"ocsp_try_later", "leaf", 0, ST_REVOCATION_REFUSED, 0},
		{"crl", "leaf", 0, ST_BAD_REVOCATION, 0},
	};
	struct cert *issuer = x509_cert("int");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cert *c = x509_cert(rows[i].cert);
		struct ocsp_verdict v;

		T_ROW(i, rows[i].answer);
		T_EQ(ocsp_judge(x509_der(rows[i].answer), c, issuer, (struct view){0}, x509.now + rows[i].later, &v),
			rows[i].want);
		if (rows[i].want == ST_OK)
			T_EQ(v.state, rows[i].state);
		if (v.state == OCSP_REVOKED)
			T_TRUE(v.reason == 1 && v.revoked_s < x509.now - 3000 && v.revoked_s > x509.now - 4000);
		cert_unref(c);
	}
	cert_unref(issuer);
}

static void ocsp_asks_as_openssl_does(void)
{
	struct cert *issuer = x509_cert("int"), *leaf = x509_cert("leaf");
	struct view theirs = x509_der("ocsp_request"), nonce = {(const uint8_t *)"0123456789abcdef", 16};
	uint8_t out[OCSP_REQUEST_MAX], long_nonce[OCSP_NONCE_MAX + 1] = {0};
	size_t len, with;

	T_EQ(ocsp_request(leaf, issuer, (struct view){0}, out, &len), ST_OK);
	T_EQ(len, theirs.len);
	T_MEM(out, theirs.p, len);
	/* with a nonce of the same length openssl's has the same form */
	T_EQ(ocsp_request(leaf, issuer, nonce, out, &with), ST_OK);
	theirs = x509_der("ocsp_nonce_request");
	T_EQ(with, theirs.len);
	T_MEM(out, theirs.p, with - 16);
	T_MEM(out + with - 16, nonce.p, 16);
	T_EQ(ocsp_request(leaf, issuer, (struct view){long_nonce, OCSP_NONCE_MAX}, out, &len), ST_OK);
	T_EQ(ocsp_request(leaf, issuer, (struct view){long_nonce, OCSP_NONCE_MAX + 1}, out, &len), ST_LIMIT);
	cert_unref(issuer);
	cert_unref(leaf);
}

static void ocsp_nonces(void)
{
	struct cert *issuer = x509_cert("int"), *leaf = x509_cert("leaf");
	struct view request = x509_der("ocsp_nonce_request"), answer = x509_der("ocsp_nonce");
	struct view nonce = {request.p + request.len - 16, 16}, other = {request.p, 16};
	struct ocsp_verdict v;

	T_EQ(ocsp_judge(answer, leaf, issuer, nonce, x509.now, &v), ST_OK);
	T_EQ(ocsp_judge(answer, leaf, issuer, other, x509.now, &v), ST_REVOCATION_STALE);
	T_EQ(ocsp_judge(answer, leaf, issuer, (struct view){0}, x509.now, &v), ST_OK);
	T_EQ(ocsp_judge(x509_der("ocsp_good"), leaf, issuer, nonce, x509.now, &v), ST_OK);
	cert_unref(issuer);
	cert_unref(leaf);
}

static void ocsp_every_byte_counts(void)
{
	static const char *const names[] = {"ocsp_revoked", "ocsp_by_issuer"};

	for (size_t k = 0; k < 2; k++) {
		struct view der = x509_der(names[k]);
		struct cert *issuer = x509_cert("int"), *c = x509_cert(k ? "leaf" : "revoked");
		uint8_t *copy = malloc(der.len);
		struct ocsp_verdict v;

		for (size_t i = 0; i < der.len; i++) {
			memcpy(copy, der.p, der.len);
			copy[i] ^= 1;
			enum status st = ocsp_judge((struct view){copy, der.len}, c, issuer, (struct view){0}, x509.now, &v);

			/* the certificates beside it are not signed with it, and some bytes of theirs are not looked at */
			T_ROW(i, names[k]);
			T_TRUE(st != ST_OK || v.state == (k ? OCSP_GOOD : OCSP_REVOKED));
			if (i < 200)
				T_TRUE(st != ST_OK);
			T_TRUE(ocsp_judge((struct view){der.p, i}, c, issuer, (struct view){0}, x509.now, &v) != ST_OK);
		}
		free(copy);
		cert_unref(issuer);
		cert_unref(c);
	}
}

/* ---- methods in order ----------------------------------------------------------------------------- */

#define END ((enum chain_method)-1)
#define METHODS(...) .methods = {__VA_ARGS__, END}

struct story {
	const char *row;
	const char *leaf;
	enum chain_method methods[4];
	const char *crls[3], *ocsp[3], *tried[3];
	bool fetch_nothing;
	bool of_another; /* the responder that was tried was asked about another certificate */
	enum status want;
	const char *wanted[3]; /* URLs */
	const char *words;
};

static const struct story stories[] = {
	{.row = "nothing is checked", .leaf = "revoked", .methods = {END}, .want = ST_OK},
	{.row = "none", .leaf = "revoked", METHODS(CHAIN_NONE), .want = ST_OK},
	{.row = "good by CRL", .leaf = "leaf", METHODS(CHAIN_CRL), .crls = {"crl", "crl_root"}, .want = ST_OK},
	{.row = "revoked by CRL", .leaf = "revoked", METHODS(CHAIN_CRL), .crls = {"crl", "crl_root"},
		.want = ST_CERT_REVOKED, .words = "CN=ruth,O=Corp was revoked on "},
	{.row = "list of the root missing: it has no URL", .leaf = "leaf", METHODS(CHAIN_CRL), .crls = {"crl"},
		.want = ST_REVOCATION_UNKNOWN, .words = "CN=Intermediate"},
	{.row = "list of the root missing, none after it", .leaf = "leaf", METHODS(CHAIN_CRL, CHAIN_NONE),
		.crls = {"crl"}, .want = ST_OK},
	{.row = "list wanted", .leaf = "leaf", METHODS(CHAIN_CRL, CHAIN_NONE), .want = ST_PENDING,
		.wanted = {"http://crl.example/int.crl"}},
	{.row = "list could not be had", .leaf = "leaf", METHODS(CHAIN_CRL), .crls = {"crl_root"},
		.tried = {"http://crl.example/int.crl"}, .want = ST_REVOCATION_UNKNOWN, .words = "CN=anna"},
	{.row = "list could not be had, then none", .leaf = "leaf", METHODS(CHAIN_CRL, CHAIN_NONE),
		.tried = {"http://crl.example/int.crl"}, .want = ST_OK},
	{.row = "list could not be had, then OCSP", .leaf = "leaf", METHODS(CHAIN_CRL, CHAIN_OCSP, CHAIN_NONE),
		.tried = {"http://crl.example/int.crl"}, .want = ST_PENDING, .wanted = {"http://ocsp.example/"}},
	{.row = "nor OCSP", .leaf = "leaf", METHODS(CHAIN_CRL, CHAIN_OCSP, CHAIN_NONE),
		.tried = {"http://crl.example/int.crl", "http://ocsp.example/"}, .want = ST_OK},
	{.row = "OCSP was asked there, about another one", .leaf = "leaf", METHODS(CHAIN_OCSP, CHAIN_NONE),
		.tried = {"http://ocsp.example/"}, .of_another = true, .want = ST_PENDING,
		.wanted = {"http://ocsp.example/"}},
	{.row = "nothing may be fetched", .leaf = "leaf", METHODS(CHAIN_CRL), .fetch_nothing = true,
		.want = ST_REVOCATION_UNKNOWN},
	{.row = "old list", .leaf = "revoked", METHODS(CHAIN_CRL, CHAIN_NONE), .crls = {"crl_old"},
		.want = ST_PENDING, .wanted = {"http://crl.example/int.crl"}},
	{.row = "forged list", .leaf = "revoked", METHODS(CHAIN_CRL, CHAIN_NONE), .crls = {"crl_forged"},
		.want = ST_PENDING, .wanted = {"http://crl.example/int.crl"}},
	{.row = "the newest list counts", .leaf = "revoked", METHODS(CHAIN_CRL, CHAIN_NONE),
		.crls = {"crl_before", "crl"}, .want = ST_CERT_REVOKED},
	{.row = "in any order", .leaf = "revoked", METHODS(CHAIN_CRL, CHAIN_NONE), .crls = {"crl", "crl_before"},
		.want = ST_CERT_REVOKED},
	{.row = "before it was", .leaf = "revoked", METHODS(CHAIN_CRL, CHAIN_NONE), .crls = {"crl_before"},
		.want = ST_OK},
	{.row = "a list for another point", .leaf = "revoked", METHODS(CHAIN_CRL, CHAIN_NONE),
		.crls = {"crl_there", "crl_cas"}, .want = ST_PENDING, .wanted = {"http://crl.example/int.crl"}},
	{.row = "OCSP wanted", .leaf = "leaf", METHODS(CHAIN_OCSP, CHAIN_NONE), .want = ST_PENDING,
		.wanted = {"http://ocsp.example/"}},
	{.row = "good by OCSP", .leaf = "leaf", METHODS(CHAIN_OCSP, CHAIN_NONE), .ocsp = {"ocsp_good"},
		.want = ST_OK},
	{.row = "revoked by OCSP", .leaf = "revoked", METHODS(CHAIN_OCSP, CHAIN_NONE),
		.ocsp = {"ocsp_good", "ocsp_revoked"}, .want = ST_CERT_REVOKED, .words = "key compromise; OCSP of CN=Int"},
	{.row = "OCSP does not know it: no reason to go on", .leaf = "no_eku", METHODS(CHAIN_OCSP, CHAIN_NONE),
		.ocsp = {"ocsp_unknown"}, .want = ST_REVOCATION_UNKNOWN, .words = "CN=plain"},
	{.row = "answer of a wrong responder", .leaf = "leaf", METHODS(CHAIN_OCSP, CHAIN_NONE),
		.ocsp = {"ocsp_by_leaf"}, .want = ST_PENDING, .wanted = {"http://ocsp.example/"}},
	{.row = "an answer does not help where lists are asked for", .leaf = "leaf", METHODS(CHAIN_CRL),
		.ocsp = {"ocsp_good"}, .crls = {"crl_root"}, .want = ST_PENDING, .wanted = {"http://crl.example/int.crl"}},
	{.row = "not trusted: nothing is wanted", .leaf = "by_root2", METHODS(CHAIN_CRL),
		.want = ST_CERT_UNTRUSTED},
};

static size_t collect(const char *const names[3], struct view out[3])
{
	size_t n = 0;

	for (; n < 3 && names[n] != NULL; n++)
		out[n] = x509_der(names[n]);
	return n;
}

/* Lists have no request; a responder was asked about the leaf, or about the intermediate above it. */
static size_t collect_tried(const struct story *s, struct chain_tried out[3])
{
	static uint8_t request[OCSP_REQUEST_MAX];
	struct cert *cert = x509_cert(s->of_another ? "int" : s->leaf), *issuer = x509_cert(s->of_another ? "root" : "int");
	size_t n = 0, len = 0;

	for (; n < 3 && s->tried[n] != NULL; n++) {
		out[n] = (struct chain_tried){.url = text_view(s->tried[n])};
		if (strstr(s->tried[n], "ocsp") == NULL)
			continue;
		if (ocsp_request(cert, issuer, (struct view){0}, request, &len) != ST_OK)
			len = 0;
		out[n].request = (struct view){request, len};
	}
	cert_unref(cert);
	cert_unref(issuer);
	return n;
}

static void tell(const struct story *s, struct trust *t)
{
	struct view others[] = {x509_der("int")}, crls[3], ocsp[3];
	struct chain_tried tried[3];
	struct chain_query q = {.trust = t, .leaf = x509_der(s->leaf), .others = others, .n_others = 1, .now_s = x509.now,
		.crls = crls, .ocsp = ocsp, .tried = tried, .fetch_nothing = s->fetch_nothing};
	struct chain_result r;

	memcpy(q.methods, s->methods, sizeof(q.methods));
	while (q.n_methods < 3 && s->methods[q.n_methods] != END)
		q.n_methods++;
	q.n_crls = collect(s->crls, crls);
	q.n_ocsp = collect(s->ocsp, ocsp);
	q.n_tried = collect_tried(s, tried);
	chain_judge(&q, &r);
	chain_result_fini(&r);
	if (r.status != s->want || (s->words != NULL && strstr(r.words, s->words) == NULL))
		T_FAIL("%s: %s", status_token(r.status), r.words);
	for (size_t i = 0; i < 3; i++) {
		T_EQ(s->wanted[i] != NULL, i < r.n_wanted);
		if (s->wanted[i] != NULL) {
			T_STR(r.wanted[i].url, s->wanted[i]);
			T_EQ(r.wanted[i].request_len > 0, r.wanted[i].kind == CHAIN_OCSP);
		}
	}
}

static void methods(void)
{
	struct trust *t = trust_new("HQ");
	struct cert *root = x509_cert("root");

	T_EQ(trust_add_anchor(t, root), ST_OK);
	cert_unref(root);
	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
		T_ROW(i, stories[i].row);
		T_DO(tell(&stories[i], t));
	}
	trust_unref(t);
}

/* The list of the trustpoint itself; a responder of its own; how long what was learnt holds. */
static void of_the_trustpoint(void)
{
	struct trust *t = trust_new("HQ");
	struct cert *root = x509_cert("root");
	struct crl *own = list_of("crl");
	struct view others[] = {x509_der("int")}, answer[] = {x509_der("ocsp_short")};
	struct chain_query q = {.trust = t, .leaf = x509_der("revoked"), .others = others, .n_others = 1,
		.now_s = x509.now, .methods = {CHAIN_CRL, CHAIN_NONE}, .n_methods = 2};
	struct chain_result r;

	T_EQ(trust_add_anchor(t, root), ST_OK);
	T_EQ(trust_add_crl(t, own), ST_OK);
	T_EQ(chain_judge(&q, &r), ST_CERT_REVOKED);
	chain_result_fini(&r);
	q.leaf = x509_der("leaf");
	T_EQ(chain_judge(&q, &r), ST_OK);
	T_EQ(r.valid_until_s, crl_next_update(own));
	chain_result_fini(&r);
	q.methods[0] = CHAIN_OCSP;
	q.n_methods = 1;
	q.ocsp_url = text_view("http://own.example/ocsp");
	T_EQ(chain_judge(&q, &r), ST_PENDING);
	T_EQ(r.n_wanted, 2); /* the leaf and the intermediate, each by a request of its own */
	T_STR(r.wanted[0].url, "http://own.example/ocsp");
	T_STR(r.wanted[1].url, "http://own.example/ocsp");
	T_TRUE(memcmp(r.wanted[0].request, r.wanted[1].request, r.wanted[0].request_len) != 0);
	chain_result_fini(&r);
	q.ocsp_url = (struct view){0};
	q.ocsp = answer;
	q.n_ocsp = 1;
	q.methods[1] = CHAIN_NONE;
	q.n_methods = 2;
	T_EQ(chain_judge(&q, &r), ST_OK);
	T_TRUE(r.valid_until_s < x509.now + 600);
	chain_result_fini(&r);
	cert_unref(root);
	crl_unref(own);
	trust_unref(t);
}

int main(void)
{
	x509_load();
	T_RUN(crl_reads);
	T_RUN(crl_scope);
	T_RUN(crl_refused);
	T_RUN(ocsp_answers);
	T_RUN(ocsp_asks_as_openssl_does);
	T_RUN(ocsp_nonces);
	T_RUN(ocsp_every_byte_counts);
	T_RUN(methods);
	T_RUN(of_the_trustpoint);
	x509_unload();
	return t_end();
}
