/* A RADIUS server on loopback that is nothing but core/eap's server: by it an EAP client that
 * speaks RADIUS (eapol_test) meets our methods without IKE around them. For tests only: one thread,
 * no retransmissions, users and keys from the command line.
 *
 *   eap_radius PORT SECRET CERT CA METHODS INNER VERSION FRAGMENT USER PASSWORD
 *     CERT: PATH for PATH.pem and PATH.key; CA: a PEM file; METHODS, INNER: "13,21"; VERSION: 12,
 * 13 or 0 for both
 *
 * At the end of each login it says, in one line: "in TYPE NAME" or "out TYPE TOKEN WORDS". */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/aaa/radius_sign.h"
#include "core/base/mem.h"
#include "core/crypto/chain.h"
#include "core/crypto/rnd.h"
#include "core/eap/eap.h"
#include "core/eap/verifier.h"
#include "tests/lib/t.h"
#include "tests/lib/tls_lab.h"

#define SESSIONS 64

static struct {
	const char *secret;
	struct lab_id id;
	struct trust *trust;
	struct tls_ctx *tls;
	struct eap_server_conf conf;
	const char *user;
	struct eap_user verifiers;
} own;

static struct eap_server *sessions[SESSIONS];
static unsigned n_sessions;

struct request {
	struct radius_packet packet;
	size_t eap_len;
	uint8_t eap[EAP_PACKET_MAX];
	int session; /* -1: a new one */
};

static void random_bytes(void *arg, void *out, size_t len)
{
	rnd_bytes(out, len);
}

static struct view secret(void)
{
	return (struct view){(const uint8_t *)own.secret, strlen(own.secret)};
}

static bool request_parse(const uint8_t *p, size_t len, struct request *out)
{
	struct radius_attr a;

	out->session = -1;
	if (radius_parse((struct view){p, len}, &out->packet) != ST_OK ||
		out->packet.code != RADIUS_ACCESS_REQUEST ||
		radius_verify_request(secret(), &out->packet) != ST_OK)
		return false;
	if (radius_find(out->packet.attrs, RADIUS_STATE, &a) && a.value.len == 1 && a.value.p[0] < SESSIONS)
		out->session = a.value.p[0];
	return radius_eap(out->packet.attrs, out->eap, sizeof(out->eap), &out->eap_len) == ST_OK &&
	       out->eap_len >= 4;
}

/* RFC 2548 2.4.2: the key, salted and hidden under the secret. */
static void put_key(struct wr *w, uint8_t type, const uint8_t *key, const struct request *q)
{
	uint8_t hidden[64];
	struct wr h = wr_init(hidden, sizeof(hidden));

	wr_u8(&h, (uint8_t)(0x80 | type));
	wr_u8(&h, type);
	if (radius_hide(secret(), q->packet.authenticator, (struct view){key, 32}, &h) != ST_OK)
		w->bad = true;
	radius_put_vsa(w, RADIUS_VENDOR_MICROSOFT, type, hidden, h.len);
}

static size_t answer(uint8_t *buf, uint8_t code, const struct request *q, const struct eap_step *s)
{
	struct wr w = wr_init(buf, RADIUS_MAX);
	struct wr_mark m = radius_open(&w, code, q->packet.id);

	radius_put_unsigned(&w);
	radius_put_eap(&w, (struct view){s->out, s->out_len});
	radius_put(&w, RADIUS_STATE, &(uint8_t){(uint8_t)q->session}, 1);
	if (s->kind == EAP_SUCCESS && s->has_msk) {
		put_key(&w, RADIUS_MS_MPPE_RECV_KEY, s->msk, q);
		put_key(&w, RADIUS_MS_MPPE_SEND_KEY, s->msk + 32, q);
	}
	wr_close16(&w, m);
	if (!wr_ok(&w) || radius_sign_reply(secret(), q->packet.authenticator, buf, w.len) != ST_OK)
		return 0;
	return w.len;
}

/* --- what the conversation asks for --------------------------------------------------------------
 */

static enum status judge(const struct eap_step *s, char *words, size_t size)
{
	struct chain_query q = {.trust = own.trust,
		.leaf = s->chain[0],
		.others = s->chain + 1,
		.n_others = s->n_chain - 1,
		.now_s = time(NULL),
		.purpose = CHAIN_TLS_CLIENT};
	struct chain_result r;
	enum status st = s->n_chain > 0 ? chain_judge(&q, &r) : ST_CERT_LIMIT;

	words[0] = '\0';
	if (s->n_chain > 0) {
		snprintf(words, size, "%s", r.words);
		chain_result_fini(&r);
	}
	return st;
}

static void settle(struct eap_server *e, struct eap_step *s)
{
	static const struct eap_user nobody;
	uint8_t sig[TLS_SIGNATURE_MAX];
	char words[CHAIN_WORDS_MAX];
	enum status st;
	size_t n;

	for (;;) {
		switch (s->kind) {
		case EAP_WANT_USER:
			eap_server_user(e, time(NULL),
				strcmp(s->name, own.user) ? &nobody : &own.verifiers, s);
			break;
		case EAP_WANT_SIGN:
			n = lab_sign(&own.id, s->sign_scheme, s->sign_data, sig);
			eap_server_signed(e, n ? ST_OK : ST_INTERNAL, (struct view){sig, n}, s);
			break;
		case EAP_WANT_CHAIN:
			st = judge(s, words, sizeof(words));
			eap_server_chain(e, st, words, s);
			break;
		default: return;
		}
	}
}

static size_t serve(const uint8_t *in, size_t len, uint8_t *out)
{
	static struct eap_step s;
	struct request q;
	uint8_t type;

	if (!request_parse(in, len, &q))
		return 0;
	if (q.session < 0) { /* an EAP-Response/Identity */
		if (q.eap_len < 5 || q.eap[4] != EAP_IDENTITY)
			return 0;
		q.session = (int)(n_sessions++ % SESSIONS);
		own.conf.identity = (struct view){q.eap + 5, q.eap_len - 5};
		own.conf.first_id = (uint8_t)(q.eap[1] + 1);
		eap_server_free(sessions[q.session]);
		sessions[q.session] = eap_server_new(&own.conf);
		if (sessions[q.session] == NULL)
			return 0;
		eap_server_start(sessions[q.session], &s);
	} else if (sessions[q.session] == NULL) {
		return 0;
	} else {
		eap_server_packet(
			sessions[q.session], time(NULL), (struct view){q.eap, q.eap_len}, &s);
	}
	settle(sessions[q.session], &s);
	type = s.method;
	if (s.kind == EAP_SUCCESS)
		printf("in %u %s\n", type, s.name);
	if (s.kind == EAP_FAILURE)
		printf("out %u %s %s\n", type, status_token(s.status), s.words);
	fflush(stdout);
	return answer(out,
		s.kind == EAP_SUCCESS   ? RADIUS_ACCESS_ACCEPT
		: s.kind == EAP_FAILURE ? RADIUS_ACCESS_REJECT
					: RADIUS_ACCESS_CHALLENGE,
		&q, &s);
}

/* --- start ---------------------------------------------------------------------------------------
 */

static uint8_t numbers(const char *text, uint8_t out[EAP_METHODS_MAX])
{
	uint8_t n = 0;

	for (char *end; n < EAP_METHODS_MAX && *text != '\0'; text = *end ? end + 1 : end)
		out[n++] = (uint8_t)strtoul(text, &end, 10);
	return n;
}

static void load_anchor(const char *path)
{
	size_t len, der_len = 0;
	char *text = t_readfile(path, &len);
	struct view at = {(const uint8_t *)text, text != NULL ? len : 0};
	struct cert *ca = NULL;
	uint8_t *der = NULL;

	own.trust = trust_new("CA");
	if (own.trust == NULL || pem_next(&at, "CERTIFICATE", &der, &der_len) != ST_OK ||
		cert_parse((struct view){der, der_len}, &ca) != ST_OK ||
		trust_add_anchor(own.trust, ca) != ST_OK) {
		fprintf(stderr, "no CA in %s\n", path);
		exit(2);
	}
	cert_unref(ca);
	mem_free(der);
}

static void setup(char **argv)
{
	uint16_t version = atoi(argv[7]) == 12 ? TLS_1_2 : atoi(argv[7]) == 13 ? TLS_1_3 : 0;
	uint8_t salt[EAP_SCRYPT_SALT] = {1};

	own.secret = argv[2];
	lab_id_load(&own.id, argv[3]);
	load_anchor(argv[4]);
	own.tls = lab_ctx(TLS_SERVER, &own.id, version, version);
	own.conf.n_methods = numbers(argv[5], own.conf.methods);
	own.conf.n_inner = numbers(argv[6], own.conf.inner);
	own.conf.fragment_size = (uint16_t)atoi(argv[8]);
	own.conf.server_name = "gw.corp.example";
	own.conf.tls = own.tls;
	own.conf.tls_inner = own.tls;
	own.conf.random = random_bytes;
	own.user = argv[9];
	own.verifiers.is_found = true;
	if (own.tls == NULL ||
		eap_user_set(&own.verifiers, (struct view){(uint8_t *)argv[10], strlen(argv[10])},
			EAP_FOR_SHOWN | EAP_FOR_MSCHAPV2 | EAP_FOR_MD5, salt) != ST_OK) {
		fprintf(stderr, "no TLS, or no user\n");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	static uint8_t in[RADIUS_MAX], out[RADIUS_MAX];
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (argc != 11) {
		fprintf(stderr, "usage: see the top of eap_radius.c\n");
		return 2;
	}
	setup(argv);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)atoi(argv[1]));
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		perror("bind");
		return 2;
	}
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		socklen_t alen = sizeof(a);
		ssize_t n = recvfrom(fd, in, sizeof(in), 0, (struct sockaddr *)&a, &alen);
		size_t len = n > 0 ? serve(in, (size_t)n, out) : 0;

		if (len > 0)
			(void)!sendto(fd, out, len, 0, (struct sockaddr *)&a, alen);
	}
}
