/* Post-quantum pre-shared keys (RFC 8784): what each side has, and what comes of it (table 1). */
#include <stdio.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/engine.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

static struct world w;
static struct snapshot *client, *server;

/* "id key", "id key required", "elsewhere" (an entry for another peer), or NULL: none. */
static struct snapshot *conf_with(const char *base, const char *profile, const char *ppk)
{
	static char text[2048];
	char id[32] = "", key[32] = "", required[32] = "";

	if (ppk == NULL)
		return world_conf(base);
	if (sscanf(ppk, "%31s %31s %31s", id, key, required) < 2)
		snprintf(key, sizeof(key), "k");
	snprintf(text, sizeof(text),
		"%s%scrypto ikev2 keyring Q\n peer any\n  address %s\n  ppk manual id %s %s key %s\n",
		base, profile, strcmp(id, "elsewhere") == 0 ? "10.1.1.1 255.255.255.255" : "0.0.0.0 0.0.0.0",
		id, required, key);
	return world_conf(text);
}

static void open_world(uint64_t seed, const char *ours, const char *theirs)
{
	client = conf_with(world_client_text, "crypto ikev2 profile HQ\n keyring ppk Q\n", ours);
	server = conf_with(world_server_text, "crypto ikev2 profile RA\n keyring ppk Q\n", theirs);
	T_TRUE(world_init(&w, seed, client, server));
	w.knobs.delay_ms = 10;
	w.knobs.answer_ms = 5;
}

static void close_world(void)
{
	ike_close_all(w.node[0].ike, ST_END_ADMIN);
	world_run(&w, 70000);
	T_TRUE(world_is_empty(&w));
	T_TRUE(w.broken == NULL);
	world_fini(&w);
	snapshot_unref(client);
	snapshot_unref(server);
}

static struct ike_sa *sa_of(int side)
{
	return ike_find_number(w.node[side].ike, w.node[side].up_sa);
}

static const struct row {
	const char *client, *server;
	enum status refused; /* by whom says first_failing */
	int by;              /* -1: nobody */
	bool used;
} rows[] = {
	{NULL, NULL, ST_OK, -1, false},
	{NULL, "q key", ST_OK, -1, false},
	{NULL, "q key required", ST_PPK_REQUIRED, 1, false},
	{NULL, "elsewhere", ST_OK, -1, false},
	{"q key", NULL, ST_OK, -1, false},
	{"q key required", NULL, ST_PPK_REQUIRED, 0, false},
	{"q key", "q key", ST_OK, -1, true},
	{"q key required", "q key", ST_OK, -1, true},
	{"q key", "q key required", ST_OK, -1, true},
	{"q key required", "q key required", ST_OK, -1, true},
	{"q key", "q another", ST_AUTH_FAILED, 1, false},
	{"q key required", "q another required", ST_AUTH_FAILED, 1, false},
	{"r key", "q key", ST_OK, -1, false},
	{"qq key", "q key", ST_OK, -1, false},
	{"r key required", "q key", ST_PPK_UNKNOWN, 1, false},
	{"r key", "q key required", ST_PPK_UNKNOWN, 1, false},
	{"q key", "elsewhere", ST_OK, -1, false},
	{"q key required", "elsewhere", ST_PPK_UNKNOWN, 1, false},
	{"elsewhere", "q key", ST_OK, -1, false},
	{"elsewhere", "q key required", ST_PPK_REQUIRED, 1, false},
};

static void test_table(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		int64_t live = mem_live();
		uint64_t sa;

		T_ROW(i, "table");
		T_DO(open_world(i, r->client, r->server));
		T_EQ(world_connect(&w, &sa), ST_OK);
		world_run(&w, r->by == 0 ? 60000 : 2000);
		T_EQ(w.node[0].up_sa != 0, r->by < 0);
		T_EQ(w.node[1].up_sa != 0, r->by < 0);
		if (r->by < 0) {
			T_EQ(sa_of(0)->used_ppk, r->used);
			T_EQ(sa_of(1)->used_ppk, r->used);
			T_TRUE(world_children_agree(&w));
		} else {
			T_EQ(w.node[r->by].last_status, r->refused);
			T_TRUE(r->by == 0 || w.node[0].last_status == ST_PEER_REFUSED);
		}
		T_DO(close_world());
		T_EQ(mem_live(), live);
	}
}

/* The key of the IKE SA is another one, and goes on with every successor; our death changes nothing. */
static void test_goes_on(void)
{
	uint8_t plain[PRF_OUT_MAX];
	uint64_t sa;

	for (int i = 0; i < 2; i++) {
		T_DO(open_world(7, i ? "q key" : NULL, i ? "q key" : NULL));
		T_EQ(world_connect(&w, &sa), ST_OK);
		world_run(&w, 2000);
		T_EQ(memcmp(sa_of(0)->keys->sk_d, sa_of(1)->keys->sk_d, PRF_OUT_MAX), 0);
		if (i == 0) {
			memcpy(plain, sa_of(0)->keys->sk_d, sizeof(plain));
			T_DO(close_world());
		}
	}
	T_TRUE(memcmp(sa_of(0)->keys->sk_d, plain, sizeof(plain)) != 0);
	for (int i = 0; i < 4; i++) {
		T_ROW(i, "goes on");
		T_EQ(ike_rekey(w.node[i & 1].ike, w.node[i & 1].up_sa, i & 2), ST_OK);
		world_run(&w, 10000);
		T_TRUE(world_restart(&w, i & 1));
		T_TRUE(sa_of(0) != NULL && sa_of(1) != NULL && sa_of(0)->used_ppk && sa_of(1)->used_ppk);
		T_TRUE(world_children_agree(&w));
	}
	T_EQ(world_count(&w.node[0], CT_IKE_REKEYED), 2);
	T_DO(close_world());
}

/* Somebody between the two hides USE_PPK from one of them: the messages are signed. */
static bool hide(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)world;
	if (from != *(int *)ctx || it->bytes[18] != 34)
		return true;
	for (size_t i = 28; i + 1 < it->len; i++)
		if (it->bytes[i] == 0x40 && it->bytes[i + 1] == 0x33)
			it->bytes[i + 1] = 0xff;
	return true;
}

static void test_a_downgrade_is_seen(void)
{
	for (int from = 0; from < 2; from++) {
		uint64_t sa;

		T_ROW((size_t)from, "from");
		T_DO(open_world(3, "q key", "q key"));
		w.tap = hide;
		w.tap_ctx = &from;
		T_EQ(world_connect(&w, &sa), ST_OK);
		world_run(&w, 2000);
		w.tap = NULL;
		T_TRUE(w.node[0].up_total == 0);
		T_EQ(w.node[1].last_status, from == 0 ? ST_AUTH_FAILED : ST_PPK_UNKNOWN);
		T_DO(close_world());
	}
}

int main(void)
{
	T_RUN(test_table);
	T_RUN(test_goes_on);
	T_RUN(test_a_downgrade_is_seen);
	return t_end();
}
