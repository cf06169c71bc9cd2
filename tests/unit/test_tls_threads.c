/* tsan */
/* The contexts of core/crypto/tls.h are shared: several threads make connections of the same two at
 * once, and the one that is through last frees them. */
#include <pthread.h>

#include "tests/lib/t.h"
#include "tests/lib/tls_lab.h"

#define THREADS 4
#define LOGINS  12

struct worker {
	pthread_t thread;
	struct tls_ctx *server, *client;
	unsigned done;
};

static void answer(struct tls_conn *c, enum tls_want *want, const struct lab_id *id)
{
	uint8_t sig[TLS_SIGNATURE_MAX];

	while (*want == TLS_WANT_SIGN || *want == TLS_WANT_CHAIN) {
		if (*want == TLS_WANT_CHAIN) {
			*want = tls_chain_judged(c, ST_OK);
			continue;
		}
		size_t n = lab_sign(id, tls_sign_scheme(c), tls_sign_data(c), sig);
		*want = tls_signed(c, ST_OK, (struct view){sig, n});
	}
}

static enum tls_want carry(struct tls_conn *from, struct tls_conn *to, const struct lab_id *id)
{
	enum tls_want want = tls_step(to, tls_out(from));

	tls_sent(from);
	answer(to, &want, id);
	return want;
}

static bool login(struct worker *w)
{
	struct tls_conn *s = NULL, *c = NULL;
	enum tls_want at_s = TLS_MORE, at_c = TLS_FAILED;

	if (tls_new(w->server, true, &s) == ST_OK && tls_new(w->client, true, &c) == ST_OK)
		at_c = tls_step(c, (struct view){0});
	for (int i = 0; i < 3 && at_c != TLS_FAILED && at_s != TLS_FAILED; i++) {
		at_s = carry(c, s, lab_id("server"));
		at_c = carry(s, c, lab_id("client"));
	}
	tls_free(s);
	tls_free(c);
	return at_s == TLS_DONE && at_c == TLS_DONE;
}

static void *work(void *arg)
{
	struct worker *w = arg;

	for (int i = 0; i < LOGINS; i++)
		w->done += login(w);
	tls_ctx_unref(w->server);
	tls_ctx_unref(w->client);
	return NULL;
}

static void contexts_of_many_threads(void)
{
	struct tls_ctx *server = lab_ctx(TLS_SERVER, lab_id("server"), 0, 0);
	struct tls_ctx *client = lab_ctx(TLS_CLIENT, lab_id("client"), 0, 0);
	struct worker w[THREADS] = {0};

	T_TRUE(server != NULL && client != NULL);
	for (int i = 0; i < THREADS; i++) {
		w[i].server = tls_ctx_ref(server);
		w[i].client = tls_ctx_ref(client);
		T_EQ(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
	}
	tls_ctx_unref(server);
	tls_ctx_unref(client);
	for (int i = 0; i < THREADS; i++) {
		T_EQ(pthread_join(w[i].thread, NULL), 0);
		T_EQ(w[i].done, LOGINS);
	}
}

int main(void)
{
	T_RUN(contexts_of_many_threads);
	return t_end();
}
