/* core/crypto/tls.h: handshakes between two of its own ends with every kind of key, and the ways in
 * which one fails. eapol_test in tests/net proves that other people's TLS agrees. */
#include "core/crypto/tls.h"

#include "core/base/mem.h"
#include "core/crypto/login_name.h"
#include "tests/lib/t.h"
#include "tests/lib/tls_lab.h"

struct end {
	const struct lab_id *id;
	struct tls_ctx *ctx;
	struct tls_conn *c;
	enum tls_want want;
	enum status sign;  /* what the key's holder says */
	enum status chain; /* what the judge says */
	unsigned n_signs, n_chains;
	uint16_t scheme;
};

struct pair {
	struct end s, c;
	unsigned rounds;
};

static bool end_open(struct end *e, enum tls_role role, bool with_chain, uint16_t max)
{
	e->ctx = lab_ctx(role, e->id, max, max);
	return e->ctx != NULL && tls_new(e->ctx, with_chain, &e->c) == ST_OK;
}

static void end_close(struct end *e)
{
	tls_free(e->c);
	tls_ctx_unref(e->ctx);
}

static void end_answer(struct end *e)
{
	uint8_t sig[TLS_SIGNATURE_MAX];

	while (e->want == TLS_WANT_SIGN || e->want == TLS_WANT_CHAIN) {
		if (e->want == TLS_WANT_CHAIN) {
			e->n_chains++;
			e->want = tls_chain_judged(e->c, e->chain);
			continue;
		}
		e->n_signs++;
		e->scheme = tls_sign_scheme(e->c);
		size_t n = lab_sign(e->id, e->scheme, tls_sign_data(e->c), sig);
		e->want = tls_signed(e->c, n > 0 ? e->sign : ST_INTERNAL, (struct view){sig, n});
	}
}

/* All that `from` has for `to`, in pieces of `piece` bytes (0: at once). */
static bool carry(struct end *from, struct end *to, size_t piece)
{
	struct view v = tls_out(from->c);
	uint8_t copy[16384];

	if (v.len == 0 || v.len > sizeof(copy))
		return false;
	memcpy(copy, v.p, v.len);
	tls_sent(from->c);
	for (size_t at = 0; at < v.len;) {
		size_t n = piece && piece < v.len - at ? piece : v.len - at;

		to->want = tls_step(to->c, (struct view){copy + at, n});
		end_answer(to);
		at += n;
	}
	return true;
}

static void handshake(struct pair *p, size_t piece)
{
	p->c.want = tls_step(p->c.c, (struct view){0});
	p->s.want = TLS_MORE;
	for (p->rounds = 0; p->rounds < 8; p->rounds++) {
		bool any = carry(&p->c, &p->s, piece);

		any |= carry(&p->s, &p->c, piece);
		if (!any)
			return;
	}
}

static void pair_open(struct pair *p, const char *server, const char *client, uint16_t max)
{
	p->s.id = lab_id(server);
	p->c.id = client ? lab_id(client) : NULL;
	T_TRUE(end_open(&p->s, TLS_SERVER, client != NULL, max));
	T_TRUE(end_open(&p->c, TLS_CLIENT, true, max));
}

static void pair_close(struct pair *p)
{
	end_close(&p->c);
	end_close(&p->s);
}

static void same_keys(struct pair *p)
{
	static const uint8_t ctx[1] = {13};
	uint8_t a[128], b[128];

	T_EQ(tls_export(
		     p->s.c, "EXPORTER_EAP_TLS_Key_Material", (struct view){ctx, 1}, a, sizeof(a)),
		ST_OK);
	T_EQ(tls_export(
		     p->c.c, "EXPORTER_EAP_TLS_Key_Material", (struct view){ctx, 1}, b, sizeof(b)),
		ST_OK);
	T_MEM(a, b, sizeof(a));
	T_EQ(tls_export(p->s.c, "client EAP encryption", (struct view){0}, a, sizeof(a)), ST_OK);
	T_TRUE(memcmp(a, b, sizeof(a)) != 0);
}

static void talk(struct pair *p)
{
	uint8_t buf[32];
	size_t n;

	T_EQ(tls_read(p->s.c, buf, sizeof(buf), &n), ST_PENDING);
	T_EQ(tls_write(p->c.c, (struct view){(const uint8_t *)"hello", 5}), ST_OK);
	T_TRUE(carry(&p->c, &p->s, 0));
	T_EQ(tls_read(p->s.c, buf, sizeof(buf), &n), ST_OK);
	T_EQ(n, 5);
	T_MEM(buf, "hello", 5);
	tls_close(p->s.c);
	T_TRUE(carry(&p->s, &p->c, 0));
	T_EQ(tls_read(p->c.c, buf, sizeof(buf), &n), ST_TLS_CLOSED);
}

static const struct {
	const char *server, *client;
	uint16_t version, server_scheme, client_scheme;
} good[] = {
	{"server", "client", TLS_1_3, 0x0403, 0x0403},
	{"server", "client", TLS_1_2, 0x0403, 0x0403},
	{"server_rsa", "client_rsa", TLS_1_3, 0x0804, 0x0804},
	{"server_rsa", "client_rsa", TLS_1_2, 0x0804, 0x0804},
	{"server", "client_ed", TLS_1_3, 0x0403, 0x0807},
	{"server", "client_ed", TLS_1_2, 0x0403, 0x0807},
	{"server_rsa", "client_p384", TLS_1_3, 0x0804, 0x0503},
	{"server", NULL, TLS_1_3, 0x0403, 0},
	{"server_rsa", NULL, TLS_1_2, 0x0804, 0},
};

static void good_one(size_t i, size_t piece)
{
	struct pair p = {0};
	struct view chain[TLS_CHAIN_MAX];

	T_DO(pair_open(&p, good[i].server, good[i].client, good[i].version));
	handshake(&p, piece);
	T_EQ(p.s.want, TLS_DONE);
	T_EQ(p.c.want, TLS_DONE);
	T_EQ(tls_version(p.s.c), good[i].version);
	T_TRUE(strncmp(tls_cipher(p.c.c), "TLS_", 4) == 0);
	T_STR(tls_cipher(p.c.c), tls_cipher(p.s.c));
	T_EQ(p.s.scheme, good[i].server_scheme);
	T_EQ(p.c.scheme, good[i].client_scheme);
	T_EQ(p.c.n_chains, 1);
	T_EQ(p.s.n_chains, good[i].client ? 1 : 0);
	T_EQ(tls_chain(p.s.c, chain), p.s.n_chains);
	if (good[i].client) {
		T_EQ(chain[0].len, p.c.id->der_len);
		T_MEM(chain[0].p, p.c.id->der, chain[0].len);
	}
	/* no tickets: nothing is left to be sent */
	T_EQ(tls_out(p.s.c).len, 0);
	T_DO(same_keys(&p));
	T_DO(talk(&p));
	pair_close(&p);
}

static void both_versions_and_all_keys(void)
{
	static const size_t pieces[] = {0, 1, 100};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		T_ROW(i, good[i].server);
		for (size_t k = 0; k < 3; k++)
			T_DO(good_one(i, pieces[k]));
	}
}

/* Bug class 10: whatever refuses the chain, on either side and in either version, ends the
 * handshake. */
static void refused_chain_ends_it(void)
{
	static const enum status why[] = {ST_NOT_AUTHORIZED, ST_AUTH_FAILED, ST_NOMEM, ST_PENDING};

	for (size_t i = 0; i < 16; i++) {
		struct pair p = {0};
		enum status st = why[i % 4], told = st == ST_PENDING ? ST_INTERNAL : st;
		bool by_server = i & 4;

		T_ROW(i, "refusal");
		T_DO(pair_open(&p, "server", "client", i & 8 ? TLS_1_3 : TLS_1_2));
		*(by_server ? &p.s.chain : &p.c.chain) = st;
		handshake(&p, 0);
		struct end *judge = by_server ? &p.s : &p.c, *other = by_server ? &p.c : &p.s;
		T_EQ(judge->want, TLS_FAILED);
		T_EQ(tls_status(judge->c), told);
		/* a TLS 1.3 client is done before the server judges: it learns from its next read
		 */
		uint8_t buf[8];
		size_t n;
		enum status end = other->want == TLS_FAILED ? tls_status(other->c)
							    : tls_read(other->c, buf, 8, &n);
		T_EQ(end, ST_TLS_ALERT);
		uint8_t key[32];
		T_EQ(tls_export(judge->c, "client EAP encryption", (struct view){0}, key, 32),
			ST_BAD_STATE);
		pair_close(&p);
	}
}

static void a_client_without_a_certificate_fails(void)
{
	for (int i = 0; i < 2; i++) {
		struct pair p = {0};

		p.s.id = lab_id("server");
		T_TRUE(end_open(&p.s, TLS_SERVER, true, i ? TLS_1_3 : TLS_1_2));
		T_TRUE(end_open(&p.c, TLS_CLIENT, true, i ? TLS_1_3 : TLS_1_2));
		handshake(&p, 0);
		T_EQ(p.s.want, TLS_FAILED);
		T_EQ(tls_status(p.s.c), ST_TLS);
		T_EQ(p.s.n_chains, 0);
		pair_close(&p);
	}
}

static void a_signature_that_fails_or_lies(void)
{
	for (int i = 0; i < 8; i++) {
		struct pair p = {0};
		struct end *bad = i & 1 ? &p.s : &p.c;

		T_ROW(i, "signature");
		T_DO(pair_open(&p, "server", "client", i & 2 ? TLS_1_3 : TLS_1_2));
		if (i & 4) /* the key of somebody else */
			bad->id = lab_id(i & 1 ? "client" : "server");
		else
			bad->sign = ST_IO;
		handshake(&p, 0);
		struct end *judge = i & 4 ? (i & 1 ? &p.c : &p.s) : bad;
		T_EQ(judge->want, TLS_FAILED);
		T_EQ(tls_status(judge->c), i & 4 ? ST_TLS : ST_IO);
		pair_close(&p);
	}
}

/* Every truncation of every flight, and every byte of it changed, never completes on the other
 * side. */
static void no_step_completes_on_a_damaged_flight(void)
{
	for (int version = 0; version < 2; version++) {
		for (unsigned seed = 0; seed < 400; seed++) {
			struct pair p = {0};
			uint8_t buf[8192];

			T_DO(pair_open(&p, "server", "client", version ? TLS_1_3 : TLS_1_2));
			p.c.want = tls_step(p.c.c, (struct view){0});
			struct view v = tls_out(p.c.c);
			memcpy(buf, v.p, v.len);
			tls_sent(p.c.c);
			if (seed & 1)
				v.len = seed % v.len;
			else
				/* the record's own header is not part of what is signed */
				buf[5 + (seed * 7) % (v.len - 5)] ^= (uint8_t)(1 + seed % 255);
			p.s.want = tls_step(p.s.c, (struct view){buf, v.len});
			end_answer(&p.s);
			(void)carry(&p.s, &p.c, 0);
			(void)carry(&p.c, &p.s, 0);
			T_TRUE(p.s.want != TLS_DONE);
			pair_close(&p);
		}
	}
}

static void versions_that_do_not_meet(void)
{
	struct pair p = {0};

	p.s.id = lab_id("server");
	T_TRUE(end_open(&p.s, TLS_SERVER, false, TLS_1_3));
	T_TRUE(end_open(&p.c, TLS_CLIENT, true, TLS_1_2));
	handshake(&p, 0);
	T_EQ(p.s.want, TLS_FAILED);
	T_EQ(p.c.want, TLS_FAILED);
	T_EQ(tls_status(p.c.c), ST_TLS_ALERT);
	pair_close(&p);
}

static void answers_nobody_asked_for(void)
{
	struct pair p = {0};

	T_DO(pair_open(&p, "server", "client", TLS_1_3));
	T_EQ(tls_chain_judged(p.s.c, ST_OK), TLS_MORE);
	T_EQ(tls_signed(p.s.c, ST_OK, (struct view){(const uint8_t *)"x", 1}), TLS_MORE);
	T_EQ(tls_write(p.s.c, (struct view){(const uint8_t *)"x", 1}), ST_BAD_STATE);
	pair_close(&p);
}

/* Out of memory at the nth allocation fails the handshake and nothing else. */
static void out_of_memory(void)
{
	int64_t before = mem_live();

	for (uint64_t n = 1; n < 900; n += n < 60 ? 1 : 7) {
		struct pair p = {0};
		bool made;

		p.s.id = lab_id("server");
		p.c.id = lab_id("client");
		mem_fail_at(n);
		made = end_open(&p.s, TLS_SERVER, true, n & 1 ? TLS_1_3 : TLS_1_2) &&
		       end_open(&p.c, TLS_CLIENT, true, n & 1 ? TLS_1_3 : TLS_1_2);
		if (made)
			handshake(&p, 0);
		mem_fail_at(0);
		pair_close(&p);
		T_EQ(mem_live(), before);
	}
}

static void contexts_are_checked(void)
{
	struct view junk[1] = {{(const uint8_t *)"\x30\x00", 2}};
	struct tls_conf c = {.role = TLS_SERVER, .chain = junk, .n_chain = 1};
	struct tls_ctx *ctx;

	T_EQ(tls_ctx_new(&c, &ctx), ST_CONFIG);
	c.n_chain = 0;
	T_EQ(tls_ctx_new(&c, &ctx), ST_CONFIG);
	c.role = TLS_CLIENT;
	T_EQ(tls_ctx_new(&c, &ctx), ST_OK);
	tls_ctx_unref(tls_ctx_ref(ctx));
	tls_ctx_unref(ctx);
}

/* --- the names in a certificate ------------------------------------------------------------------
 */

static bool chosen(const char *cert, const char *identity, const char *want)
{
	struct login_names names;
	struct view got;

	if (login_names(lab_der(lab_id(cert)), &names) != ST_OK)
		return false;
	if (!login_name_choose(
		    &names, (struct view){(const uint8_t *)identity, strlen(identity)}, &got))
		return want == NULL;
	return want != NULL && got.len == strlen(want) && memcmp(got.p, want, got.len) == 0;
}

static void names_of_a_certificate(void)
{
	T_TRUE(chosen("client", "", "anna@corp.example"));
	T_TRUE(chosen("client", "@corp.example", "anna@corp.example"));
	T_TRUE(chosen("client", "ANNA@corp.example", "anna@corp.example"));
	T_TRUE(chosen("client", "anna@ad.corp.example", "anna@ad.corp.example"));
	T_TRUE(chosen("client", "laptop.corp.example", "laptop.corp.example"));
	T_TRUE(chosen("client", "Anna Common", "Anna Common"));
	T_TRUE(chosen("client", "anna", NULL));
	T_TRUE(chosen("client", "anna@corp.example.evil", NULL));
	T_TRUE(chosen("client_rsa", "bert", "bert"));
	/* bug class 16: a NUL in a name does not make it another's */
	T_TRUE(chosen("client_nul", "anna@corp.example", NULL));
	T_TRUE(chosen("client_nul", "", "evil"));
}

static void names_of_damaged_certificates(void)
{
	struct view der = lab_der(lab_id("client"));
	struct login_names names;

	for (size_t n = 0; n < der.len; n++) {
		uint8_t *cut = mem_dup(der.p, n ? n : 1);

		T_EQ(login_names((struct view){cut, n}, &names), ST_BAD_PAYLOAD);
		mem_free(cut);
	}
	for (size_t n = 0; n < der.len * 8; n++) {
		uint8_t *bad = mem_dup(der.p, der.len);

		bad[n / 8] ^= (uint8_t)(1u << (n % 8));
		if (login_names((struct view){bad, der.len}, &names) == ST_OK)
			T_TRUE(names.n <= LOGIN_NAMES_MAX);
		mem_free(bad);
	}
}

int main(void)
{
	T_RUN(both_versions_and_all_keys);
	T_RUN(refused_chain_ends_it);
	T_RUN(a_client_without_a_certificate_fails);
	T_RUN(a_signature_that_fails_or_lies);
	T_RUN(no_step_completes_on_a_damaged_flight);
	T_RUN(versions_that_do_not_meet);
	T_RUN(answers_nobody_asked_for);
	T_RUN(out_of_memory);
	T_RUN(contexts_are_checked);
	T_RUN(names_of_a_certificate);
	T_RUN(names_of_damaged_certificates);
	return t_end();
}
