/* Additional key exchanges in IKE_INTERMEDIATE (RFC 9242, 9370): what is agreed on, that both sides have
 * the same keys, and that lost, repeated and late messages change nothing. */
#include <stdio.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/engine.h"
#include "core/ike/intermediate.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

static struct world w;
static struct snapshot *client, *server;

/* more: lines of the proposal; NULL: the default proposal. */
static struct snapshot *conf_with(const char *base, const char *more)
{
	static char text[2048];

	if (more == NULL)
		return world_conf(base);
	snprintf(text, sizeof(text),
		"%scrypto ikev2 proposal P\n encryption aes-gcm-128\n prf sha256\n group 19 14\n%s"
		"crypto ikev2 policy POL\n proposal P\n", base, more);
	return world_conf(text);
}

#define ADD(n, groups) " sallyport additional-key-exchange " n " " groups "\n"

static void open_world(uint64_t seed, const char *ours, const char *theirs)
{
	client = conf_with(world_client_text, ours);
	server = conf_with(world_server_text, theirs);
	T_TRUE(world_init(&w, seed, client, server));
	w.knobs.delay_ms = 10;
	w.knobs.answer_ms = 5;
}

static void close_world(void)
{
	w.tap = NULL;
	ike_close_all(w.node[0].ike, ST_END_ADMIN);
	world_run(&w, 70000);
	ike_close_all(w.node[1].ike, ST_END_ADMIN);
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

/* IKE_INTERMEDIATE requests on their way, seen once each; some replies may be lost. */
struct seen {
	unsigned requests;
	uint32_t last;
	unsigned lose_requests, lose_replies;
};

static bool tap(struct world *world, int from, struct world_item *it, void *ctx)
{
	struct seen *s = ctx;
	uint32_t msgid = it->bytes[23];

	(void)world;
	if (it->bytes[18] != EX_IKE_INTERMEDIATE)
		return true;
	if (from == 0 && msgid != s->last) {
		s->requests++;
		s->last = msgid;
	}
	if (from == 0 && s->lose_requests > 0)
		return s->lose_requests--, false;
	if (from == 1 && s->lose_replies > 0)
		return s->lose_replies--, false;
	return true;
}

static void up(bool expected, uint64_t ms)
{
	uint64_t sa;

	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, ms);
	T_EQ(w.node[0].up_sa != 0, expected);
	T_EQ(w.node[1].up_sa != 0, expected);
	if (!expected)
		return;
	T_TRUE(world_children_agree(&w));
	struct ike_keys ours, theirs;
	ike_keys_read(sa_of(0)->keys, &ours);
	ike_keys_read(sa_of(1)->keys, &theirs);
	T_EQ(memcmp(&ours, &theirs, sizeof(ours)), 0);
}

static void test_what_is_agreed_on(void)
{
	static const struct {
		const char *client, *server;
		unsigned exchanges;
		bool up;
	} rows[] = {
		{"", "", 0, true},
		{ADD("1", "20"), ADD("1", "20"), 1, true},
		{ADD("1", "20 21"), ADD("1", "21"), 1, true},
		{ADD("1", "20"), "", 0, false},
		{"", ADD("1", "20"), 0, false},
		{ADD("1", "optional 20"), "", 0, true},
		{"", ADD("1", "optional 20"), 0, true},
		{ADD("1", "optional 20"), ADD("1", "optional 20"), 1, true},
		{ADD("1", "optional 20"), ADD("1", "optional 21"), 0, true},
		{ADD("1", "20"), ADD("1", "21"), 0, false},
		{ADD("1", "20"), NULL, 0, false},
		{ADD("1", "optional 20"), NULL, 0, true},
		{NULL, ADD("1", "optional 20"), 0, true},
		{ADD("1", "19"), ADD("1", "19"), 0, false}, /* the same method twice */
		{ADD("1", "19 31"), ADD("1", "19 31"), 1, true},
		{ADD("1", "20") ADD("2", "20 21"), ADD("1", "20") ADD("2", "20 21"), 2, true},
		{ADD("2", "20") ADD("7", "31"), ADD("2", "20") ADD("7", "31"), 2, true},
		{ADD("1", "20") ADD("3", "optional 31"), ADD("1", "20"), 1, true},
		{ADD("1", "20") ADD("2", "21") ADD("3", "31") ADD("4", "15") ADD("5", "16") ADD("6", "optional 5"),
			ADD("1", "20") ADD("2", "21") ADD("3", "31") ADD("4", "15") ADD("5", "16"), 5, true},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct seen s = {0};
		int64_t live = mem_live();

		T_ROW(i, "agreed");
		T_DO(open_world(i, rows[i].client, rows[i].server));
		w.knobs.real_crypto = i % 3 == 1;
		w.tap = tap;
		w.tap_ctx = &s;
		T_DO(up(rows[i].up, rows[i].up ? 3000 : 60000));
		T_EQ(s.requests, rows[i].exchanges);
		if (!rows[i].up)
			T_EQ(world_status_count(&w.node[1], ST_NO_PROPOSAL) > 0, true);
		T_DO(close_world());
		T_EQ(mem_live(), live);
	}
}

/* The keys are not those of the first exchange alone, and what follows is rekeyed as ever. */
static void test_keys_and_what_follows(void)
{
	uint8_t plain[PRF_OUT_MAX];

	for (int i = 0; i < 2; i++) {
		T_DO(open_world(5, i ? ADD("1", "20") : "", i ? ADD("1", "20") : ""));
		T_DO(up(true, 2000));
		if (i == 0) {
			memcpy(plain, sa_of(0)->keys->sk_d, sizeof(plain));
			T_DO(close_world());
		}
	}
	T_TRUE(memcmp(plain, sa_of(0)->keys->sk_d, sizeof(plain)) != 0);
	for (int i = 0; i < 4; i++) {
		T_ROW((size_t)i, "rekeyed");
		T_EQ(ike_rekey(w.node[i & 1].ike, w.node[i & 1].up_sa, i & 2), ST_OK);
		world_run(&w, 10000);
		T_TRUE(world_restart(&w, i & 1));
		T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
		T_TRUE(world_children_agree(&w));
	}
	T_EQ(world_count(&w.node[0], CT_IKE_REKEYED), 2);
	T_EQ(world_count(&w.node[1], CT_CHILD_REKEYED), 2);
	T_DO(close_world());
}

/* A reply that is lost is asked for again with the keys of before. */
static void test_lost_messages(void)
{
	for (unsigned i = 0; i < 16; i++) {
		struct seen s = {.lose_requests = i & 3, .lose_replies = i >> 2};

		T_ROW(i, "lost");
		T_DO(open_world(i, ADD("1", "20") ADD("2", "31"), ADD("1", "20") ADD("2", "31")));
		w.tap = tap;
		w.tap_ctx = &s;
		w.knobs.twice = 300;
		T_DO(up(true, 90000));
		T_EQ(s.requests, 2);
		T_DO(close_world());
	}
}

/* Nobody comes to IKE_AUTH without them: what stands in the way is passed over, and times out. */
static bool only_init(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)world;
	(void)from;
	(void)ctx;
	return it->bytes[18] == EX_IKE_SA_INIT;
}

static void test_half_way(void)
{
	int64_t live = mem_live();
	uint64_t sa;

	T_DO(open_world(9, ADD("1", "20"), ADD("1", "20")));
	w.tap = only_init;
	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 1000);
	T_EQ(ike_half_open_in(w.node[1].ike), 1);
	world_run(&w, 200000);
	T_EQ(ike_count(w.node[0].ike) + ike_count(w.node[1].ike), 0);
	T_EQ(w.node[1].last_status, ST_TIMEOUT);
	T_DO(close_world());
	T_EQ(mem_live(), live);
}

int main(void)
{
	T_RUN(test_what_is_agreed_on);
	T_RUN(test_keys_and_what_follows);
	T_RUN(test_lost_messages);
	T_RUN(test_half_way);
	return t_end();
}
