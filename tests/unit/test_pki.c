/* Trustpoints from their files; which certificate of ours a peer gets; verdicts on the peer's, with revocation data that is
 * handed in as if it had been fetched. */
#include "core/conf/pki_case.h"
#include "tests/unit/pki_lib.h"

/* ---- loading ------------------------------------------------------------------------------------- */

struct files {
	const char *key_of; /* the private key is that of the leaf in this file; NULL: of `sallyport certificate` */
	const struct snapshot *conf;
	struct cert *key;
};

static enum status port_read(void *ctx, const char *file, uint8_t **bytes, size_t *len, char *words)
{
	char *text = strcmp(file, "missing.pem") ? pki_file(file, len) : NULL;
	if (!text) {
		snprintf(words, PKI_WORDS, "there is no such file");
		return ST_NOT_FOUND;
	}
	*bytes = mem_new(*len + 1);
	if (!*bytes)
		return ST_NOMEM;
	memcpy(*bytes, text, *len);
	return ST_OK;
}

static enum status port_key(void *ctx, size_t i, unsigned *number, struct view *spki, char *words)
{
	struct files *f = ctx;
	const char *file = f->key_of ? f->key_of : f->conf->trustpoints[i].certificate;
	*number = 40 + (unsigned)i;
	cert_unref(f->key);
	f->key = file ? pki_cert(file) : NULL;
	if (!f->key) {
		snprintf(words, PKI_WORDS, "not a private key");
		return ST_NO_PRIVATE_KEY;
	}
	*spki = cert_spki(f->key);
	return ST_OK;
}

static const struct pki_ports ports = {port_read, port_key};

static struct pki *load(const char *text, const char *key_of)
{
	struct pki *p = NULL;
	struct snapshot *s = conf(text);
	struct files f = {.key_of = key_of, .conf = s};
	if (s && pki_load(s, 7, &ports, &f, &p) != ST_OK)
		p = NULL;
	cert_unref(f.key);
	snapshot_unref(s);
	return p;
}

#define TP "crypto pki trustpoint HQ\n"
#define CA " sallyport ca-certificate ca.pem\n"
#define OWN(file) " sallyport certificate " file "\n sallyport private-key k.key\n"

static const struct {
	const char *text, *key_of;
	enum status status;
	const char *words;
	size_t anchors, chain, issuers, crls;
} loads[] = {
	{TP CA, NULL, ST_OK, "", 1, 0, 0, 0},
	{TP " sallyport ca-certificate root.der\n sallyport ca-certificate sub.pem\n", NULL, ST_OK, "", 1, 0, 0, 0},
	{TP " sallyport ca-certificate sub.pem\n", NULL, ST_OK, "", 1, 0, 0, 0}, /* a subordinate CA */
	{TP " sallyport ca-certificate ca.pem\n sallyport ca-certificate other.pem\n", NULL, ST_OK, "", 2, 0, 0, 0},
	{TP CA " sallyport crl root.crl\n sallyport crl sub-crl.pem\n", NULL, ST_OK, "", 1, 0, 0, 2},
	{TP CA OWN("server-rsa.pem"), NULL, ST_OK, "", 1, 2, 2, 0},
	{TP CA OWN("server-ec.pem"), NULL, ST_OK, "", 1, 2, 2, 0}, /* its issuer comes out of ca.pem */
	{TP " sallyport ca-certificate other.pem\n" OWN("server-ec.pem"), NULL, ST_OK, "", 1, 1, 0, 0},
	{TP CA OWN("server-ec.pem"), "server-rsa.pem", ST_CONFIG, "k.key: this key does not belong", 1, 0, 0, 0},
	{TP CA OWN("server-ec.pem"), "nothing.pem", ST_NO_PRIVATE_KEY, "k.key: not a private key", 1, 0, 0, 0},
	{TP " sallyport ca-certificate missing.pem\n", NULL, ST_NOT_FOUND, "missing.pem: there is no such file", 0, 0, 0, 0},
	{TP " sallyport ca-certificate nothing.pem\n", NULL, ST_BAD_CERT, "nothing.pem: ", 0, 0, 0, 0},
	{TP " sallyport ca-certificate broken.pem\n", NULL, ST_BAD_CERT, "broken.pem: ", 0, 0, 0, 0},
	{TP " sallyport ca-certificate mixed.pem\n", NULL, ST_CONFIG, "mixed.pem: there is a private key", 0, 0, 0, 0},
	{TP " sallyport ca-certificate plain.pem\n", NULL, ST_CERT_NOT_CA, "CN=plain", 0, 0, 0, 0},
	{TP CA " sallyport crl nothing.pem\n", NULL, ST_BAD_REVOCATION, "nothing.pem: ", 0, 0, 0, 0},
	{TP CA " sallyport crl root.pem\n", NULL, ST_NOT_FOUND, "no revocation list", 0, 0, 0, 0},
};

static void loading(void)
{
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		T_ROW(i, loads[i].text);
		struct pki *p = load(loads[i].text, loads[i].key_of);
		T_TRUE(p != NULL);
		const struct pki_point *q = pki_point(p, "HQ");
		size_t at = 0;
		T_TRUE(q && !pki_point(p, "other"));
		T_EQ(q->status, loads[i].status);
		T_EQ(pki_broken(p, &at) == q, loads[i].status != ST_OK);
		if (!strstr(q->words, loads[i].words))
			t_fail(__FILE__, __LINE__, "words are %s", q->words);
		T_EQ(q->trust ? trust_anchors(q->trust) : 0, loads[i].anchors);
		T_EQ(q->chain_count, loads[i].chain);
		T_EQ(q->issuer_count, loads[i].issuers);
		T_EQ(q->crl_count, loads[i].crls);
		if (q->chain_count)
			T_EQ(q->key, 40);
		pki_unref(p);
	}
	T_EQ(mem_live(), 0);
}

static char hex_text[8192];

static void hex_of(const char *file)
{
	struct cert *c = pki_cert(file);
	struct view v = cert_der(c);
	size_t n = 0;
	for (size_t i = 0; i < v.len; i++)
		n += (size_t)snprintf(hex_text + n, sizeof(hex_text) - n, "%s%02X", i % 16 ? "" : "\n  ", v.p[i]);
	cert_unref(c);
}

static void pasted(void)
{
	static char text[20000];
	hex_of("root.pem");
	int n = snprintf(text, sizeof(text), TP " sallyport private-key k\ncrypto pki certificate chain HQ\n certificate ca 01%s\n  quit\n",
		hex_text);
	hex_of("server-ec.pem");
	snprintf(text + n, sizeof(text) - (size_t)n, " certificate 11%s\n  quit\n", hex_text);
	struct pki *p = load(text, "server-ec.pem");
	T_TRUE(p != NULL);
	T_STR(p->points[0].words, "");
	T_EQ(trust_anchors(p->points[0].trust), 1);
	T_EQ(p->points[0].chain_count, 1);
	pki_unref(p);
	p = load(TP "crypto pki certificate chain HQ\n certificate ca 01\n  3003020100\n  quit\n", NULL);
	T_EQ(p->points[0].status, ST_BAD_CERT);
	pki_unref(p);
}

/* ---- our certificate ------------------------------------------------------------------------------ */

#define PROFILE "crypto ikev2 profile P\n match identity remote any\n authentication remote rsa-sig\n"
#define FOUR                                                                                       \
	"crypto pki trustpoint RSA\n" CA OWN("server-rsa.pem")                                     \
	"crypto pki trustpoint EC\n" CA OWN("server-ec.pem")                                       \
	"crypto pki trustpoint ED\n" CA OWN("server-ed.pem")                                       \
	"crypto pki trustpoint OTHER\n sallyport ca-certificate other.pem\n" OWN("server-other.pem")
#define SHA2 (SIG_HASH_SHA256 | SIG_HASH_SHA384 | SIG_HASH_SHA512)

enum named { NOTHING, SUB, ROOT, OTHER };

static const struct {
	const char *lines; /* of the profile */
	enum named certreq;
	uint32_t hashes;
	bool does_ecdsa;
	const char *point; /* NULL: none */
	enum sig_scheme scheme;
} choices[] = {
	{" authentication local rsa-sig\n pki trustpoint RSA\n", NOTHING, 0, false, "RSA", SIG_RSA_METHOD1},
	{" authentication local rsa-sig\n pki trustpoint RSA\n", OTHER, 0, false, "RSA", SIG_RSA_METHOD1}, /* always one */
	{" authentication local rsa-sig\n pki trustpoint RSA\n", ROOT, SHA2, false, "RSA", SIG_RSA_SHA256},
	{" authentication local rsa-sig\n pki trustpoint EC\n", NOTHING, SHA2, false, NULL, SIG_NONE},
	{" authentication local rsa-sig\n pki trustpoint EC\n pki trustpoint RSA\n", SUB, SHA2, true, "RSA", SIG_RSA_SHA256},
	{" authentication local rsa-sig\n pki trustpoint RSA verify\n", NOTHING, SHA2, false, NULL, SIG_NONE},
	{" authentication local ecdsa-sig\n pki trustpoint EC\n", NOTHING, SHA2, false, "EC", SIG_ECDSA_SHA256},
	{" authentication local ecdsa-sig\n pki trustpoint EC\n", NOTHING, 0, false, "EC", SIG_P256_RAW},
	/* an iPhone: no evidence, so RSA where there is one */
	{" authentication local ecdsa-sig\n pki trustpoint EC\n pki trustpoint RSA\n", NOTHING, 0, false, "RSA", SIG_RSA_METHOD1},
	{" authentication local ecdsa-sig\n pki trustpoint EC\n pki trustpoint RSA\n", NOTHING, 0, true, "EC", SIG_P256_RAW},
	{" authentication local ecdsa-sig\n pki trustpoint RSA\n pki trustpoint EC\n", NOTHING, SHA2, false, "EC", SIG_ECDSA_SHA256},
	/* CERTREQ */
	{" authentication local ecdsa-sig\n pki trustpoint EC\n pki trustpoint OTHER\n", OTHER, SHA2, false, "OTHER", SIG_ECDSA_SHA256},
	{" authentication local ecdsa-sig\n pki trustpoint OTHER\n pki trustpoint EC\n", SUB, SHA2, false, "EC", SIG_ECDSA_SHA256},
	{" authentication local ecdsa-sig\n pki trustpoint OTHER\n pki trustpoint EC\n", ROOT, SHA2, false, "EC", SIG_ECDSA_SHA256},
	{" authentication local ecdsa-sig\n pki trustpoint OTHER\n pki trustpoint EC\n", NOTHING, SHA2, false, "OTHER", SIG_ECDSA_SHA256},
	/* Ed25519 needs method 14 and the identity hash */
	{" authentication local ecdsa-sig\n pki trustpoint ED\n", NOTHING, SHA2 | SIG_HASH_IDENTITY, false, "ED", SIG_ED25519},
	{" authentication local ecdsa-sig\n pki trustpoint ED\n", NOTHING, SHA2, false, NULL, SIG_NONE},
	{" authentication local ecdsa-sig\n pki trustpoint ED\n pki trustpoint EC\n", NOTHING, SHA2, false, "EC", SIG_ECDSA_SHA256},
};

static void our_certificate(void)
{
	static const char *const files[] = {NULL, "sub.pem", "root.pem", "other.pem"};
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		char text[2048];
		uint8_t certreq[2 * CREDENTIAL_HASH] = {0};
		const struct pki_point *point = NULL;
		enum sig_scheme scheme = SIG_NONE;
		T_ROW(i, choices[i].lines);
		snprintf(text, sizeof(text), FOUR PROFILE "%s", choices[i].lines);
		struct pki *p = load(text, NULL);
		T_TRUE(p != NULL);
		struct credential_wish w = {.peer_hashes = choices[i].hashes, .does_ecdsa = choices[i].does_ecdsa};
		if (files[choices[i].certreq]) {
			struct cert *c = pki_cert(files[choices[i].certreq]);
			memcpy(certreq + CREDENTIAL_HASH, cert_key_hash(c), CREDENTIAL_HASH);
			cert_unref(c);
			w.certreq = (struct view){certreq, sizeof(certreq)};
		}
		bool found = pki_credential(p, snapshot_profile(p->conf, "P"), w, &point, &scheme);
		T_EQ(found, choices[i].point != NULL);
		if (found) {
			T_STR(p->conf->trustpoints[point - p->points].name, choices[i].point);
			T_EQ(scheme, choices[i].scheme);
		}
		pki_unref(p);
	}
}

static void certreq(void)
{
	uint8_t out[4 * CREDENTIAL_HASH];
	struct pki *p = load(FOUR PROFILE " pki trustpoint EC\n pki trustpoint OTHER verify\n"
				  "crypto ikev2 profile Q\n match identity remote key-id x\n authentication remote pre-share key y\n"
				  " pki trustpoint RSA\n", NULL);
	struct cert *root = pki_cert("root.pem"), *other = pki_cert("other.pem");
	T_EQ(pki_certreq(p, snapshot_profile(p->conf, "P"), out, sizeof(out)), 2 * CREDENTIAL_HASH);
	T_MEM(out, cert_key_hash(root), CREDENTIAL_HASH);
	T_MEM(out + CREDENTIAL_HASH, cert_key_hash(other), CREDENTIAL_HASH);
	T_EQ(pki_certreq(p, snapshot_profile(p->conf, "Q"), out, sizeof(out)), 0); /* wants no certificate */
	T_EQ(pki_certreq(p, NULL, out, sizeof(out)), 2 * CREDENTIAL_HASH);
	T_EQ(pki_certreq(p, NULL, out, 2 * CREDENTIAL_HASH - 1), CREDENTIAL_HASH);
	cert_unref(root);
	cert_unref(other);
	pki_unref(p);
}

static void ages(void)
{
	struct cert *c = pki_cert("expiring.pem"); /* until 2026-06-20 */
	T_EQ(pki_age(c, 1577836799), PKI_AGE_NOT_YET);
	T_EQ(pki_age(c, 1577836800), PKI_AGE_OK);
	T_EQ(pki_age(c, cert_not_after(c) - PKI_SOON_S), PKI_AGE_OK);
	T_EQ(pki_age(c, cert_not_after(c) - PKI_SOON_S + 1), PKI_AGE_SOON);
	T_EQ(pki_age(c, JUNE_2026), PKI_AGE_SOON);
	T_EQ(pki_age(c, cert_not_after(c) + 1), PKI_AGE_OVER);
	cert_unref(c);
}

/* ---- the peer's certificate ------------------------------------------------------------------------ */

enum fetch { NO_ANSWER, BOTH, RUBBISH, NOT_ASKED };

static const struct {
	const char *what, *lines, *leaf;
	enum fetch fetch;
	enum status status;
	const char *trustpoint;
	uint32_t wants; /* CRLs and OCSP answers asked for in all */
} verdicts[] = {
	{"no check", CA " revocation-check none\n", "client.pem", NOT_ASKED, ST_OK, "HQ", 0},
	{"CRLs fetched", CA, "client.pem", BOTH, ST_OK, "HQ", 2},
	{"revoked", CA, "revoked.pem", BOTH, ST_CERT_REVOKED, "HQ", 2},
	{"unreachable", CA, "client.pem", NO_ANSWER, ST_REVOCATION_UNKNOWN, "HQ", 2},
	{"unreachable, then none", CA " revocation-check crl none\n", "client.pem", NO_ANSWER, ST_OK, "HQ", 2},
	{"revoked, then none", CA " revocation-check crl none\n", "revoked.pem", BOTH, ST_CERT_REVOKED, "HQ", 2},
	{"rubbish", CA, "client.pem", RUBBISH, ST_REVOCATION_UNKNOWN, "HQ", 2},
	{"fetching is off", CA " no sallyport crl fetch\n sallyport crl root.crl\n", "client.pem", NOT_ASKED, ST_REVOCATION_UNKNOWN,
		"HQ", 0},
	{"fetching is off, then none", CA " no sallyport crl fetch\n revocation-check crl none\n", "client.pem", NOT_ASKED, ST_OK,
		"HQ", 0},
	{"CRLs from files", CA " no sallyport crl fetch\n sallyport crl root.crl\n sallyport crl sub.crl\n", "client.pem", NOT_ASKED,
		ST_OK, "HQ", 0},
	{"revoked by a file", CA " no sallyport crl fetch\n sallyport crl root.crl\n sallyport crl sub.crl\n", "revoked.pem",
		NOT_ASKED, ST_CERT_REVOKED, "HQ", 0},
	{"a certificate that names no CRL", CA, "nocrl.pem", BOTH, ST_REVOCATION_UNKNOWN, "HQ", 0},
	{"not trusted: nothing is fetched", CA, "client-other.pem", NOT_ASKED, ST_CERT_UNTRUSTED, "", 0},
	{"no CA at all", "", "client.pem", NOT_ASKED, ST_CERT_UNTRUSTED, "", 0},
	{"the map is met", CA " revocation-check none\n match certificate STAFF\n", "client.pem", NOT_ASKED, ST_OK, "HQ", 0},
	{"the map is not met", CA " revocation-check none\n match certificate STAFF\n", "plain.pem", NOT_ASKED, ST_CERT_MAP, "HQ", 0},
	{"one of two maps", CA " revocation-check none\n match certificate STAFF\n match certificate PLAIN\n", "plain.pem", NOT_ASKED,
		ST_OK, "HQ", 0},
	{"a map that is not there", CA " revocation-check none\n match certificate GONE\n", "client.pem", NOT_ASKED, ST_CERT_MAP,
		"HQ", 0},
	{"no EKU is needed", CA " revocation-check none\n", "plain.pem", NOT_ASKED, ST_OK, "HQ", 0},
	{"an EKU is needed", CA " revocation-check none\n sallyport require-eku\n", "plain.pem", NOT_ASKED, ST_CERT_PURPOSE, "HQ", 0},
	{"the EKU is there", CA " revocation-check none\n sallyport require-eku\n", "client.pem", NOT_ASKED, ST_OK, "HQ", 0},
	{"the second trustpoint trusts it", CA " revocation-check none\ncrypto pki trustpoint B\n sallyport ca-certificate other.pem\n"
		" revocation-check none\n", "client-other.pem", NOT_ASKED, ST_OK, "B", 0},
};

#define REST                                                                                       \
	"crypto pki certificate map STAFF 1\n subject-name co ou=field staff\n"                    \
	"crypto pki certificate map PLAIN 1\n subject-name co plain\n" PROFILE                     \
	" authentication local rsa-sig\n pki trustpoint HQ\n pki trustpoint B\n"

static void give(struct pki_case *c, size_t i, enum status st, struct view answer)
{
	struct pki_blob *b = st == ST_OK ? pki_blob_new(answer) : NULL;
	pki_case_give(c, i, b);
	pki_blob_unref(b);
}

static uint32_t answer_all(struct pki_case *c, enum fetch fetch)
{
	uint32_t n = 0;
	for (const struct chain_want *w; (w = pki_case_want(c, n)) != NULL; n++) {
		size_t len;
		bool sub = strcmp(w->url, "http://crl.corp.example/sub.crl") == 0;
		if (w->kind != CHAIN_CRL || !(sub || strcmp(w->url, "http://crl.corp.example/root.crl") == 0))
			t_fail(__FILE__, __LINE__, "wants %s", w->url);
		char *crl = pki_file(fetch == RUBBISH ? "nothing.pem" : sub ? "sub.crl" : "root.crl", &len);
		struct view v = {(const uint8_t *)crl, len};
		give(c, n, fetch == NO_ANSWER ? ST_TIMEOUT : ST_OK, v);
	}
	return n;
}

static struct pki_case *case_of(struct pki *p, const char *file, uint8_t id_type, const char *id)
{
	struct pki_case *c = NULL;
	struct cert *leaf = pki_cert(file), *sub = pki_cert("sub.pem");
	struct view others[] = {cert_der(sub)};
	struct pki_query q = {.profile = "P", .leaf = cert_der(leaf), .others = others, .n_others = 1,
		.purpose = CHAIN_IKE_CLIENT, .id_type = id_type, .id = bytes(id)};
	enum status st = pki_case_new(p, &q, &c);
	cert_unref(leaf);
	cert_unref(sub);
	if (st != ST_OK)
		t_fail(__FILE__, __LINE__, "%s", status_token(st));
	return c;
}

static void the_peer(void)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		char text[2048];
		struct pki_verdict v;
		uint32_t wants = 0;
		T_ROW(i, verdicts[i].what);
		snprintf(text, sizeof(text), TP "%s" REST, verdicts[i].lines);
		struct pki *p = load(text, NULL);
		T_TRUE(p != NULL);
		struct pki_case *c = case_of(p, verdicts[i].leaf, 3, "anna@corp.example");
		if (strcmp(verdicts[i].leaf, "plain.pem") == 0) {
			pki_case_free(c);
			c = case_of(p, verdicts[i].leaf, 0, "");
		}
		pki_unref(p); /* a reload: the case keeps what it began with */
		pki_case_run(c, JUNE_2026);
		for (uint32_t n, rounds = 0; (n = answer_all(c, verdicts[i].fetch)) != 0; rounds++) {
			wants += n;
			T_TRUE(rounds < 10 && verdicts[i].fetch != NOT_ASKED);
			pki_case_run(c, JUNE_2026);
		}
		pki_case_verdict(c, &v);
		if (v.status != verdicts[i].status)
			t_fail(__FILE__, __LINE__, "%s: %s", status_token(v.status), v.words);
		T_EQ(wants, verdicts[i].wants);
		T_STR(v.trustpoint, verdicts[i].trustpoint);
		T_EQ(v.words[0] == 0, v.status == ST_OK);
		if (v.status == ST_OK)
			T_TRUE(v.leaf && v.valid_until_s > JUNE_2026);
		pki_case_free(c);
	}
	T_EQ(mem_live(), 0);
}

static void identities(void)
{
	static const struct {
		uint8_t type;
		const char *id;
		enum status status;
	} rows[] = {
		{3, "anna@corp.example", ST_OK},
		{3, "bob@corp.example", ST_CERT_IDENTITY},
		{2, "laptop.corp.example", ST_OK},
		{2, "corp.example", ST_CERT_IDENTITY},
		{1, "\xc0\x00\x02\x07", ST_OK},
		{11, "anna@corp.example", ST_CERT_IDENTITY},
		{0, "", ST_OK},
	};
	struct pki *p = load(TP CA " revocation-check none\n" REST, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pki_verdict v;
		T_ROW(i, rows[i].id);
		/* An address has a NUL in it. */
		struct pki_case *c;
		if (rows[i].type == 1) {
			struct cert *leaf = pki_cert("client.pem");
			struct pki_query q = {.profile = "P", .leaf = cert_der(leaf), .purpose = CHAIN_IKE_CLIENT, .id_type = 1,
				.id = {(const uint8_t *)rows[i].id, 4}};
			T_EQ(pki_case_new(p, &q, &c), ST_OK);
			cert_unref(leaf);
		} else {
			c = case_of(p, "client.pem", rows[i].type, rows[i].id);
		}
		pki_case_run(c, JUNE_2026);
		pki_case_verdict(c, &v);
		T_EQ(v.status, rows[i].status);
		pki_case_free(c);
	}
	pki_unref(p);
}

/* OCSP: the leaf's responder is in the certificate, the subordinate CA has none and is looked up in a list. */
static const struct {
	const char *what, *lines, *leaf, *stapled;
	bool answers;
	enum status status;
	const char *asked; /* in the order of their kinds: o an OCSP answer, c a list; by url */
} online[] = {
	{"good", " revocation-check ocsp crl\n", "client", NULL, true, ST_OK, "o ocsp.corp.example/ c root.crl "},
	{"revoked", " revocation-check ocsp crl\n", "revoked", NULL, true, ST_CERT_REVOKED,
		"o ocsp.corp.example/ c root.crl "},
	{"no answer: the list", " revocation-check ocsp crl\n", "client", NULL, false, ST_REVOCATION_UNKNOWN,
		"o ocsp.corp.example/ c root.crl "},
	{"no answer: none", " revocation-check ocsp none\n", "client", NULL, false, ST_OK, "o ocsp.corp.example/ "},
	{"stapled", " revocation-check ocsp crl\n", "client", "client.ocsp", true, ST_OK, "c root.crl "},
	{"stapled: revoked", " revocation-check ocsp none\n", "revoked", "revoked.ocsp", true, ST_CERT_REVOKED, ""},
	{"stapled: of another one", " revocation-check ocsp none\n", "revoked", "client.ocsp", true, ST_CERT_REVOKED,
		"o ocsp.corp.example/ "},
	{"asking is off", " revocation-check ocsp\n no sallyport ocsp fetch\n", "client", NULL, true, ST_REVOCATION_UNKNOWN, ""},
	{"our responder for all", " revocation-check ocsp\n ocsp url http://10.0.0.5:8080/o\n", "client", NULL, true, ST_OK,
		"o 10.0.0.5:8080/o o 10.0.0.5:8080/o "},
};

static size_t note(char *out, const struct chain_want *w)
{
	const char *at = w->url + 7;
	if (strstr(at, ".crl"))
		at = strrchr(at, '/') + 1;
	return (size_t)sprintf(out, "%c %s ", w->kind == CHAIN_OCSP ? 'o' : 'c', at);
}

/* Which certificate a request is about: the one of the answer that the case takes. Both are offered where the URL is the same. */
static bool is_about_sub(const struct chain_want *w)
{
	return w->request_len && w->request[w->request_len - 1] == 2; /* its serial number comes last */
}

static void by_ocsp(void)
{
	for (size_t i = 0; i < sizeof(online) / sizeof(online[0]); i++) {
		char text[2048], file[40], asked[256] = "";
		struct pki_verdict v;
		struct pki_gift g;
		size_t len, n = 0;
		T_ROW(i, online[i].what);
		snprintf(text, sizeof(text), TP CA "%s" REST, online[i].lines);
		snprintf(file, sizeof(file), "%s.pem", online[i].leaf);
		struct pki *p = load(text, NULL);
		struct cert *leaf = pki_cert(file), *sub = pki_cert("sub.pem");
		struct view other = cert_der(sub), stapled = {0};
		if (online[i].stapled) {
			stapled.p = (const uint8_t *)pki_file(online[i].stapled, &len);
			stapled.len = len;
		}
		struct pki_query q = {.profile = "P", .leaf = cert_der(leaf), .others = &other, .n_others = 1,
			.purpose = CHAIN_IKE_CLIENT, .stapled = &stapled, .n_stapled = stapled.p ? 1 : 0};
		struct pki_case *c;
		T_EQ(pki_case_new(p, &q, &c), ST_OK);
		pki_case_run(c, JUNE_2026);
		for (unsigned rounds = 0; pki_case_want(c, 0) && rounds < 10; rounds++) {
			const struct chain_want *w;
			for (size_t k = 0; (w = pki_case_want(c, k)) != NULL; k++) {
				n += note(asked + n, w);
				if (w->kind == CHAIN_OCSP)
					snprintf(file, sizeof(file), "%s.ocsp", is_about_sub(w) ? "sub" : online[i].leaf);
				else
					snprintf(file, sizeof(file), "%s.crl", strstr(w->url, "sub.crl") ? "sub" : "root");
				struct view answer = {(const uint8_t *)pki_file(file, &len), 0};
				answer.len = len;
				give(c, k, online[i].answers ? ST_OK : ST_TIMEOUT, answer);
			}
			pki_case_run(c, JUNE_2026);
		}
		pki_case_verdict(c, &v);
		if (v.status != online[i].status)
			t_fail(__FILE__, __LINE__, "%s: %s", status_token(v.status), v.words);
		T_STR(asked, online[i].asked);
		for (size_t k = 0; pki_case_gift(c, k, &g); k++)
			T_EQ(g.request.len != 0, strstr(g.url, ".crl") == NULL);
		pki_case_free(c);
		cert_unref(leaf);
		cert_unref(sub);
		pki_unref(p);
	}
	T_EQ(mem_live(), 0);
}

/* What is kept is found again under the same key, and only then. */
static void keys_and_gifts(void)
{
	uint8_t a[PKI_CASE_KEY], b[PKI_CASE_KEY];
	struct pki_gift g;
	struct pki *p = load(TP CA REST, NULL);
	struct pki_case *x = case_of(p, "client.pem", 3, "anna@corp.example"), *y = case_of(p, "client.pem", 0, ""),
			*z = case_of(p, "revoked.pem", 3, "anna@corp.example");
	pki_case_key(x, a);
	pki_case_key(y, b);
	T_MEM(a, b, sizeof(a));
	pki_case_key(z, b);
	T_TRUE(memcmp(a, b, sizeof(a)) != 0);
	pki_case_run(x, JUNE_2026);
	T_EQ(answer_all(x, BOTH), 1 + (pki_case_want(x, 1) != NULL));
	T_TRUE(pki_case_gift(x, 0, &g) && strncmp(g.url, "http://crl.corp.example/", 24) == 0 && g.answer.len > 100);
	T_EQ(g.request.len, 0);
	pki_case_free(x);
	pki_case_free(y);
	pki_case_free(z);
	pki_unref(p);
}

/* One trustpoint instead of a profile's: that of a RADIUS server. */
static void alone(void)
{
	struct pki *p = load(TP CA " revocation-check none\n" REST, NULL);
	struct cert *leaf = pki_cert("client.pem"), *sub = pki_cert("sub.pem");
	struct view others[] = {cert_der(sub)};
	struct pki_query q = {.trustpoint = "HQ", .leaf = cert_der(leaf), .others = others, .n_others = 1, .purpose = CHAIN_TLS_CLIENT, .id_type = 2,
		.id = {(const uint8_t *)"laptop.corp.example", 19}};
	uint8_t keys[2][PKI_CASE_KEY];
	struct pki_case *c;
	struct pki_verdict v;
	T_EQ(pki_case_new(p, &q, &c), ST_OK);
	pki_case_run(c, JUNE_2026);
	pki_case_verdict(c, &v);
	pki_case_key(c, keys[0]);
	T_STR(v.words, "");
	T_EQ(v.status, ST_OK);
	T_STR(v.trustpoint, "HQ");
	pki_case_free(c);
	/* What was said of it is kept apart from what profiles were told. */
	q.trustpoint = NULL;
	q.profile = "P";
	T_EQ(pki_case_new(p, &q, &c), ST_OK);
	pki_case_key(c, keys[1]);
	T_TRUE(memcmp(keys[0], keys[1], PKI_CASE_KEY) != 0);
	pki_case_free(c);
	q.trustpoint = "nowhere";
	T_EQ(pki_case_new(p, &q, &c), ST_CONFIG);
	cert_unref(leaf);
	cert_unref(sub);
	pki_unref(p);
	T_EQ(mem_live(), 0);
}

static void limits(void)
{
	static uint8_t big[CHAIN_BYTES_MAX + 1];
	struct pki_case *c;
	struct view many[CHAIN_CERTS_MAX + 1] = {{big, 1}};
	struct pki *p = load(TP CA REST, NULL);
	struct pki_query q = {.profile = "nobody", .leaf = {big, 10}};
	T_EQ(pki_case_new(p, &q, &c), ST_NO_PROFILE);
	q = (struct pki_query){.profile = "P", .leaf = {big, sizeof(big)}};
	T_EQ(pki_case_new(p, &q, &c), ST_CERT_LIMIT);
	q = (struct pki_query){.profile = "P", .leaf = {big, 10}, .others = many, .n_others = CHAIN_CERTS_MAX};
	T_EQ(pki_case_new(p, &q, &c), ST_CERT_LIMIT);
	q.n_others = 1;
	T_EQ(pki_case_new(p, &q, &c), ST_OK);
	struct pki_verdict v;
	pki_case_run(c, JUNE_2026);
	pki_case_verdict(c, &v);
	T_EQ(v.status, ST_BAD_CERT);
	pki_case_free(c);
	pki_unref(p);
	T_EQ(mem_live(), 0);
}

/* Every allocation fails once: nothing is left behind, and no verdict is better for it. */
static void no_memory(void)
{
	struct pki *p = load(TP CA REST, NULL);
	for (uint64_t n = 1; n < 400; n++) {
		struct pki_verdict v;
		struct pki_case *c = NULL;
		struct cert *leaf = pki_cert("client.pem");
		struct pki_query q = {.profile = "P", .leaf = cert_der(leaf), .purpose = CHAIN_IKE_CLIENT};
		mem_fail_at(n);
		enum status st = pki_case_new(p, &q, &c);
		if (st == ST_OK)
			pki_case_run(c, JUNE_2026);
		if (st == ST_OK && pki_case_want(c, 0)) {
			answer_all(c, NO_ANSWER);
			pki_case_run(c, JUNE_2026);
		}
		mem_fail_at(0);
		if (st == ST_OK) {
			pki_case_verdict(c, &v);
			T_TRUE(v.status != ST_OK);
		} else {
			T_EQ(st, ST_NOMEM);
		}
		pki_case_free(c);
		cert_unref(leaf);
	}
	pki_unref(p);
	struct snapshot *s = conf(FOUR);
	for (uint64_t n = 1; n < 600; n++) {
		struct files f = {.conf = s};
		struct pki *q = NULL;
		mem_fail_at(n);
		enum status st = pki_load(s, 1, &ports, &f, &q);
		mem_fail_at(0);
		T_TRUE(st == ST_OK || (st == ST_NOMEM && !q));
		cert_unref(f.key);
		pki_unref(q);
	}
	snapshot_unref(s);
	T_EQ(mem_live(), 0);
}

int main(void)
{
	T_RUN(loading);
	T_RUN(pasted);
	T_RUN(our_certificate);
	T_RUN(certreq);
	T_RUN(ages);
	T_RUN(the_peer);
	T_RUN(by_ocsp);
	T_RUN(identities);
	T_RUN(keys_and_gifts);
	T_RUN(alone);
	T_RUN(limits);
	T_RUN(no_memory);
	return t_end();
}
