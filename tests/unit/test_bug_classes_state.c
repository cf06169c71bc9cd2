/* The bug classes of test_bug_classes.c that are about state, floods and lengths: 19, 21, 23, 24, 25. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/ike/trace.h"
#include "tests/lib/ike_attack.h"
#include "tests/lib/t.h"

/* ---- 19: after a failure ---------------------------------------------------------------------------------- */

static void fail_by(int kind)
{
	struct world_node *n = &attack.w.node[1];

	n->hook_status = kind == 1 ? ST_HOOK_REFUSED : ST_OK;
	n->psk_status = kind == 2 ? ST_NO_KEY : ST_OK;
	n->authorize_status = kind == 3 ? ST_NOT_AUTHORIZED : ST_OK;
	n->install_status = kind == 4 ? ST_INSTALL : ST_OK;
	n->commit_status = kind == 5 ? ST_STORE : ST_OK;
	attack.w.knobs.pool = kind == 6 ? 0 : 16;
	n->never_answers = kind == 7;
	snprintf(n->psk_remote, sizeof(n->psk_remote), "%s", kind == 8 ? "another" : "secret");
	n->keep_fails = kind == 9;
}

static void replay(size_t n)
{
	for (size_t i = 0; i < n; i++)
		world_inject(&attack.w, !attack.seen[i].from, &attack.seen[i].local, &attack.seen[i].remote, attack.seen[i].bytes, attack.seen[i].len);
}

static void test_bug_class_19_messages_of_dead_states(void)
{
	for (int kind = 1; kind <= 9; kind++) {
		size_t n;

		T_ROW(kind, "failure");
		T_DO(attack_open());
		fail_by(kind);
		T_DO(attack_connect(1000));
		n = attack.n_seen;
		/* At once, while it lingers, when it is gone; and the SPI of the dead one again. */
		for (int when = 0; when < 4; when++) {
			replay(n);
			world_run(&attack.w, when < 2 ? 100 : 40000);
			replay(n);
			T_TRUE(attack.w.broken == NULL);
			T_TRUE(attack.w.node[1].up_sa == 0 || kind == 9);
		}
		world_run(&attack.w, 120000);
		if (kind != 9)
			T_EQ(attack.w.node[1].n_child, 0);
		/* It did nobody any harm: the next login works. */
		fail_by(0);
		ike_close_all(attack.w.node[0].ike, ST_END_ADMIN);
		world_run(&attack.w, 60000);
		T_DO(attack_login());
		T_DO(attack_close());
	}
}

/* ---- 21: counters ------------------------------------------------------------------------------------------ */

static void test_bug_class_21_message_ids_near_the_end(void)
{
	T_DO(attack_open());
	T_DO(attack_login());
	/* The peer's: UINT32_MAX is never taken, nothing starts again from 0. */
	attack_sa(1)->in.next = UINT32_MAX - 1;
	attack_sa(0)->out.next = UINT32_MAX - 1;
	attack.chain.n = 0;
	T_DO(attack_inject_sealed(1, EX_INFORMATIONAL, UINT32_MAX - 1));
	T_EQ(world_count(&attack.w.node[1], CT_DPD_IN), 1);
	T_DO(attack_inject_sealed(1, EX_INFORMATIONAL, UINT32_MAX));
	T_DO(attack_inject_sealed(1, EX_INFORMATIONAL, 0));
	T_EQ(world_count(&attack.w.node[1], CT_DPD_IN), 1);
	T_EQ(attack_sa(1)->in.next, UINT32_MAX);
	/* Ours: the last one is used, then the SA ends. */
	attack_sa(1)->out.next = UINT32_MAX - 1;
	attack_sa(0)->in.next = UINT32_MAX - 1;
	world_run(&attack.w, 12000);
	T_TRUE(attack.w.node[1].up_sa != 0 && attack_sa(1)->out.next == UINT32_MAX);
	world_run(&attack.w, 12000);
	T_EQ(attack.w.node[1].up_sa, 0);
	T_EQ(attack.w.node[1].last_status, ST_LIMIT);
	T_DO(attack_close());
}

/* Half-open SAs of one source beyond 16 bits: the count neither wraps nor sticks. */
static void test_bug_class_21_counts_of_one_source(void)
{
	static struct guard g;
	struct guard_limits l = {.total = 100000, .per_source = 90000};
	struct endpoint e = world_endpoint("192.0.2.1", 500);

	g = (struct guard){.seed = 1};
	for (unsigned i = 0; i < 90000; i++) {
		T_EQ(guard_judge(&g, &l, &e, true), ST_OK);
		guard_add(&g, &e, false);
	}
	T_EQ(guard_judge(&g, &l, &e, true), ST_HALF_OPEN_SOURCE);
	for (unsigned i = 0; i < 90000; i++)
		guard_del(&g, &e, false);
	T_EQ(guard_judge(&g, &l, &e, false), ST_OK);
	T_EQ(g.incoming, 0);
}

/* ---- 23: floods ---------------------------------------------------------------------------------------------- */

static size_t longest_excess, flood_len;

static bool watch_replies(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)world;
	(void)ctx;
	if (from == 1 && it->local.port == 500 && it->bytes[18] == EX_IKE_SA_INIT && it->len > flood_len)
		longest_excess = it->len - flood_len;
	return it->bytes[18] != EX_IKE_SA_INIT; /* answers to strangers go nowhere */
}

/* A hundred thousand INITs while somebody is connected: memory is bounded, nobody gets more bytes than
 * it sent, the connected one is served all the time. */
static void test_bug_class_23_flood_of_inits(void)
{
	uint8_t m[WORLD_PACKET_MAX];
	int64_t live, peak = 0;
	size_t half = 0;

	T_DO(attack_open());
	T_DO(attack_login());
	attack.w.tap = watch_replies;
	flood_len = attack.seen[0].len;
	longest_excess = 0;
	world_trace(&attack.w, TRACE_ERROR);
	live = mem_live();
	for (unsigned i = 0; i < 100000; i++) {
		struct endpoint from = {.addr = addr_v4(0x0a000000 + i % 5000 * 256), .port = 500};

		memcpy(m, attack.seen[0].bytes, flood_len);
		attack_put32(m, i * 7919u + 1);
		attack_put32(m + flood_len - 4, i);
		attack_inject_from(1, m, flood_len, &from);
		if (i % 100 == 0)
			world_run(&attack.w, 20);
		if (i % 10000 == 0)
			T_DO(attack_alive());
		half = ike_half_open(attack.w.node[1].ike) > half ? ike_half_open(attack.w.node[1].ike) : half;
		peak = mem_live() - live > peak ? mem_live() - live : peak;
	}
	T_TRUE(half >= 200 && half <= 1000);
	T_TRUE(peak <= 5 * 1000); /* pieces of memory; a few for each that is half-open */
	T_EQ(longest_excess, 0);
	T_TRUE(world_count(&attack.w.node[1], CT_IKE_COOKIES) > 50000);
	T_TRUE(attack.w.node[0].up_sa != 0 && attack.w.node[1].up_sa != 0);
	T_DO(attack_close());
}

/* The secret of cookies changes: one of the period before is still good, an older one is not, and
 * never from another address or with another nonce. */
static void test_bug_class_23_cookies_and_their_secrets(void)
{
	struct endpoint local = world_endpoint("198.51.100.1", 500), remote = world_endpoint("192.0.2.1", 500);
	struct endpoint other = world_endpoint("192.0.2.2", 500);
	static const uint8_t ni[16] = {1}, ni2[16] = {2};
	struct cookie_input in = {&local, &remote, 7, {ni, 16}}, bad[3] = {in, in, in};
	struct cookie_jar jar = {0};
	uint8_t cookie[COOKIE_LEN];
	uint64_t secret[4] = {1, 2, 3, 4}, now = 1000;

	bad[0].remote = &other;
	bad[1].ni.p = ni2;
	bad[2].spi_i = 8;
	T_TRUE(cookie_is_stale(&jar, now));
	cookie_rotate(&jar, secret, now);
	cookie_make(&jar, &in, cookie);
	for (int period = 0; period < 3; period++) {
		T_TRUE(cookie_verify(&jar, &in, (struct view){cookie, COOKIE_LEN}) == (period < 2));
		for (size_t i = 0; i < 3; i++)
			T_TRUE(!cookie_verify(&jar, &bad[i], (struct view){cookie, COOKIE_LEN}));
		T_TRUE(!cookie_is_stale(&jar, now + COOKIE_PERIOD_MS - 1));
		now += COOKIE_PERIOD_MS;
		T_TRUE(cookie_is_stale(&jar, now));
		secret[0]++;
		cookie_rotate(&jar, secret, now);
	}
}

/* ---- 24, 25: what nobody authenticated ----------------------------------------------------------------------- */

/* Every kept input of the parsers' fuzz targets, at the highest level of debug, against a live SA and
 * one in negotiation. */
static void test_bug_class_24_malformed_corpus_with_debug(void)
{
	static const char *const folders[] = {"ike", "sk", "ike_after"};
	unsigned files = 0;

	for (int stage = 0; stage < 2; stage++) {
		T_DO(attack_open());
		T_DO(stage == 0 ? attack_half_open() : attack_login());
		for (size_t f = 0; f < sizeof(folders) / sizeof(folders[0]); f++) {
			char path[300];
			const char *root = getenv("SALLYPORT_ROOT");
			struct dirent *e;
			DIR *d;

			snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", root ? root : ".", folders[f]);
			d = opendir(path);
			T_TRUE(d != NULL);
			while ((e = readdir(d)) != NULL) {
				size_t len;
				char file[600];
				char *data;

				snprintf(file, sizeof(file), "tests/fuzz/corpus/%s/%s", folders[f], e->d_name);
				data = e->d_name[0] == '.' ? NULL : t_readfile(file, &len);
				if (data == NULL)
					continue;
				files++;
				for (int to = 0; to < 2; to++)
					attack_inject(to, (const uint8_t *)data, len);
			}
			closedir(d);
		}
		T_TRUE(attack.w.broken == NULL);
		T_EQ(attack_sa(1)->state, stage == 0 ? SA_R_AUTH : SA_UP);
		if (stage == 1)
			T_DO(attack_alive());
		T_DO(attack_close());
	}
	T_TRUE(files > 40);
}

/* Bits, lengths and types of a sealed message that its receiver would take, from where the peer is and
 * from elsewhere: nothing is changed, nobody is followed. */
static void bend(int to, const uint8_t *good, size_t len)
{
	const struct endpoint from[] = {world_endpoint(to == 1 ? "192.0.2.1" : "198.51.100.1", 4500),
		world_endpoint("203.0.113.66", 4500)};
	uint8_t m[WORLD_PACKET_MAX];

	for (size_t f = 0; f < 2; f++)
		for (size_t i = 0; i < len; i++) {
			memcpy(m, good, len);
			m[i] ^= (uint8_t)(1u << (i % 8));
			attack_inject_from(to, m, len, &from[f]);
			attack_inject_from(to, good, i, &from[f]);
			memcpy(m, good, len);
			attack_put32(m + 24, (uint32_t)i);
			if (i >= 32)
				attack_put16(m + 30, (unsigned)(i - 28));
			attack_inject_from(to, m, i, &from[f]);
			m[16] = PT_SKF;
			for (unsigned k = 0; i >= 36 && k < 9; k++) {
				attack_put16(m + 32, k % 3);
				attack_put16(m + 34, k / 3);
				attack_inject_from(to, m, i, &from[f]);
			}
		}
}

static void test_bug_class_25_live_sa(void)
{
	uint8_t good[WORLD_PACKET_MAX];
	struct endpoint was;
	size_t len;

	T_DO(attack_open());
	T_DO(attack_login());
	was = attack_sa(1)->remote;
	attack.chain.n = 0;
	len = attack_sealed(1, EX_INFORMATIONAL, attack_sa(1)->in.next, good);
	bend(1, good, len);
	T_TRUE(endpoint_eq(&attack_sa(1)->remote, &was));
	T_EQ(world_count(&attack.w.node[1], CT_DPD_IN), 0);
	T_DO(attack_alive());
	T_DO(attack_close());
}

static void test_bug_class_25_half_open_sa(void)
{
	size_t at = SIZE_MAX;

	T_DO(attack_open());
	attack.w.tap = attack_tap;
	attack.is_mute = false;
	T_DO(attack_half_open());
	/* The IKE_AUTH that was lost: the client sends it again, and it is caught then. */
	attack.w.tap = attack_tap;
	attack.n_seen = 0;
	while (attack.n_seen == 0)
		T_TRUE(world_step(&attack.w, attack.w.now_ms + 5000));
	at = attack.n_seen - 1;
	T_EQ(attack.seen[at].bytes[18], EX_IKE_AUTH);
	bend(1, attack.seen[at].bytes, attack.seen[at].len);
	T_EQ(attack_sa(1)->state, SA_R_AUTH);
	world_run(&attack.w, 5000);
	T_TRUE(attack.w.node[0].up_sa != 0 && attack.w.node[1].up_sa != 0);
	T_DO(attack_close());
}

int main(void)
{
	attack_begin();
	T_RUN(test_bug_class_19_messages_of_dead_states);
	T_RUN(test_bug_class_21_message_ids_near_the_end);
	T_RUN(test_bug_class_21_counts_of_one_source);
	T_RUN(test_bug_class_23_flood_of_inits);
	T_RUN(test_bug_class_23_cookies_and_their_secrets);
	T_RUN(test_bug_class_24_malformed_corpus_with_debug);
	T_RUN(test_bug_class_25_live_sa);
	T_RUN(test_bug_class_25_half_open_sa);
	attack_end();
	return t_end();
}
