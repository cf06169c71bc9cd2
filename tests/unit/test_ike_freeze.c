/* Death and return of an engine: frozen records, kept replies, open requests, damage. */
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/conf/snapshot.h"
#include "core/ike/engine.h"
#include "core/ike/freeze.h"
#include "core/ike/record.h"
#include "tests/lib/ike_world.h"
#include "tests/lib/t.h"

static struct snapshot *client, *server;
static struct world w;
static uint8_t request[WORLD_PACKET_MAX], reply[WORLD_PACKET_MAX];
static size_t request_len, reply_len;
static struct endpoint request_local, request_remote;
static bool drop_replies;

/* Remembers the last protected request of the client and the last reply of the headend. */
static bool tap(struct world *world, int from, struct world_item *it, void *ctx)
{
	(void)world;
	(void)ctx;
	if (it->bytes[18] == 34)
		return true;
	if (from == 0 && (it->bytes[19] & 0x20) == 0) {
		memcpy(request, it->bytes, it->len);
		request_len = it->len;
		request_local = it->local;
		request_remote = it->remote;
	}
	if (from == 1 && (it->bytes[19] & 0x20) != 0) {
		memcpy(reply, it->bytes, it->len);
		reply_len = it->len;
		return !drop_replies;
	}
	return true;
}

static void open_world(void)
{
	T_TRUE(world_init(&w, 1, client, server));
	drop_replies = false;
	w.tap = tap;
}

static void log_in(void)
{
	uint64_t sa;

	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 1000);
	T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
}

static struct ike_sa_info info_of(int side)
{
	struct ike_sa_info info = {0};
	uint64_t cursor = 0;

	(void)ike_next_info(w.node[side].ike, &cursor, &info);
	return info;
}

static void same_id(const struct ike_id *a, const struct ike_id *b)
{
	T_EQ(a->type, b->type);
	T_EQ(a->len, b->len);
	T_MEM(a->bytes, b->bytes, a->len);
}

static void same_grant(const struct ike_grant *a, const struct ike_grant *b)
{
	T_TRUE(addr_eq(&a->ip4, &b->ip4) && addr_eq(&a->ip6, &b->ip6));
	T_EQ(a->n_dns, b->n_dns);
	T_EQ(a->n_subnets, b->n_subnets);
	T_EQ(a->n_remote, b->n_remote);
	T_EQ(a->tun, b->tun);
	for (size_t i = 0; i < a->n_dns; i++)
		T_TRUE(addr_eq(&a->dns[i], &b->dns[i]));
	for (size_t i = 0; i < a->n_subnets; i++)
		T_TRUE(prefix_eq(&a->subnets[i], &b->subnets[i]));
	for (size_t i = 0; i < a->n_remote; i++)
		T_TRUE(prefix_eq(&a->remote[i], &b->remote[i]));
}

static void same_child(const struct ike_child_info *a, const struct ike_child_info *b)
{
	T_EQ(a->spi_in, b->spi_in);
	T_EQ(a->spi_out, b->spi_out);
	T_EQ(a->encr_id, b->encr_id);
	T_EQ(a->encr_key_bits, b->encr_key_bits);
	T_EQ(a->esn, b->esn);
	T_EQ(a->udp_encap, b->udp_encap);
	T_EQ(a->tun, b->tun);
	T_EQ(a->lifetime_s, b->lifetime_s);
	T_EQ(a->lifetime_kb, b->lifetime_kb);
	T_EQ(a->up_ms, b->up_ms);
	T_EQ(a->n_local_ts, b->n_local_ts);
	T_EQ(a->n_remote_ts, b->n_remote_ts);
	for (size_t i = 0; i < a->n_local_ts; i++)
		T_TRUE(ts_eq(&a->local_ts[i], &b->local_ts[i]));
	for (size_t i = 0; i < a->n_remote_ts; i++)
		T_TRUE(ts_eq(&a->remote_ts[i], &b->remote_ts[i]));
}

static void same_info(const struct ike_sa_info *a, const struct ike_sa_info *b)
{
	T_TRUE(a->sa == b->sa && a->spi_local == b->spi_local && a->spi_remote == b->spi_remote);
	T_TRUE(a->we_are_initiator == b->we_are_initiator && b->is_established);
	T_TRUE(endpoint_eq(&a->local, &b->local) && endpoint_eq(&a->remote, &b->remote));
	T_DO(same_id(&a->my_id, &b->my_id));
	T_DO(same_id(&a->peer_id, &b->peer_id));
	T_STR(a->profile, b->profile);
	T_STR(a->status, b->status);
	T_MEM(a->session.b, b->session.b, 16);
	T_EQ(a->encr_id, b->encr_id);
	T_EQ(a->prf_id, b->prf_id);
	T_EQ(a->integ_id, b->integ_id);
	T_EQ(a->dh_group, b->dh_group);
	T_EQ(a->auth_local, b->auth_local);
	T_EQ(a->auth_remote, b->auth_remote);
	T_EQ(a->lifetime_s, b->lifetime_s);
	T_EQ(a->active_ms, b->active_ms);
	T_EQ(a->next_request_out, b->next_request_out);
	T_EQ(a->next_request_in, b->next_request_in);
	T_EQ(a->dpd_interval_s, b->dpd_interval_s);
	T_EQ(a->dpd_retry_s, b->dpd_retry_s);
	T_TRUE(a->nat_local == b->nat_local && a->nat_remote == b->nat_remote);
	T_DO(same_grant(&a->grant, &b->grant));
	T_EQ(a->n_children, 1);
	T_EQ(b->n_children, 1);
	T_DO(same_child(&a->children[0], &b->children[0]));
}

/* Everything that show knows of an SA is the same after the return. */
static void test_nothing_is_lost(void)
{
	for (int side = 0; side < 2; side++) {
		struct ike_sa_info a, b;

		T_ROW(side, "returns");
		T_DO(open_world());
		T_DO(log_in());
		a = info_of(side);
		T_TRUE(world_restart(&w, side));
		b = info_of(side);
		T_DO(same_info(&a, &b));
		T_TRUE(ike_owns_child(w.node[side].ike, w.node[side].child[0].spi_in));
		T_EQ(w.node[side].told[IKE_EV_SA_UP], 1); /* nobody is told twice */
		/* It goes on: checks both ways, and the end. */
		world_run(&w, 60000);
		T_TRUE(w.node[0].up_sa != 0 && w.node[1].up_sa != 0);
		T_EQ(ike_close(w.node[side].ike, a.sa, ST_END_ADMIN), ST_OK);
		world_run(&w, 10000);
		T_TRUE(world_is_empty(&w));
		T_TRUE(w.broken == NULL);
		world_fini(&w);
	}
}

/* Killed between keeping and sending: the client asks again and gets the very reply. */
static void test_kept_reply_answers_after_return(void)
{
	uint8_t first[WORLD_PACKET_MAX];
	uint64_t sa;
	size_t len;

	T_DO(open_world());
	drop_replies = true;
	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 500);
	T_TRUE(w.node[1].up_sa != 0 && w.node[0].up_sa == 0);
	memcpy(first, reply, reply_len);
	len = reply_len;
	T_TRUE(world_restart(&w, 1));
	drop_replies = false;
	reply_len = 0;
	world_run(&w, 3000);
	T_EQ(reply_len, len);
	T_MEM(reply, first, len);
	T_TRUE(w.node[0].up_sa != 0 && world_children_agree(&w));
	T_EQ(w.node[1].up_total, 1);
	world_fini(&w);
}

/* The window goes on: what was answered before the death is not answered anew. */
static void test_old_request_is_a_repeat_after_return(void)
{
	uint64_t checks;

	T_DO(open_world());
	T_DO(log_in());
	T_TRUE(world_restart(&w, 1));
	checks = world_count(&w.node[1], CT_IKE_RETRANS_IN);
	world_inject(&w, 1, &request_local, &request_remote, request, request_len);
	T_EQ(world_count(&w.node[1], CT_IKE_RETRANS_IN), checks + 1);
	T_EQ(w.node[1].up_total, 1);
	world_fini(&w);
}

/* A liveness check, and a DELETE, that were open go on. */
static void test_open_requests_go_on(void)
{
	for (int i = 0; i < 2; i++) {
		T_ROW(i, i ? "delete" : "liveness check");
		T_DO(open_world());
		T_DO(log_in());
		w.knobs.loss = 1000;
		if (i == 1)
			T_EQ(ike_close(w.node[1].ike, w.node[1].up_sa, ST_END_ADMIN), ST_OK);
		world_run(&w, 12000);
		T_EQ(w.node[1].ike->count, 1);
		T_TRUE(world_restart(&w, 1));
		T_EQ(w.node[1].ike->count, 1);
		w.knobs.loss = 0;
		world_run(&w, 3000);
		T_EQ(ike_count(w.node[1].ike), i == 1 ? 0 : 1);
		T_EQ(ike_count(w.node[0].ike), i == 1 ? 0 : 1);
		world_run(&w, 60000);
		T_TRUE(i == 0 || world_is_empty(&w));
		world_fini(&w);
	}
}

/* Half-open SAs leave nothing behind; the numbers go on after those that came back. */
static void test_numbers_and_half_open(void)
{
	uint64_t sa, first;

	T_DO(open_world());
	T_DO(log_in());
	first = w.node[1].up_sa;
	T_EQ(world_connect(&w, &sa), ST_OK);
	while (ike_half_open(w.node[1].ike) == 0)
		T_TRUE(world_step(&w, w.now_ms + 1000));
	T_TRUE(world_restart(&w, 1));
	T_EQ(ike_half_open(w.node[1].ike), 0);
	T_EQ(ike_count(w.node[1].ike), 1);
	world_run(&w, 40000);
	T_EQ(world_connect(&w, &sa), ST_OK);
	world_run(&w, 5000);
	T_TRUE(w.node[1].up_sa > first);
	world_fini(&w);
}

/* No SA is left, and somebody still shows the number of one. */
static void test_numbers_that_are_taken(void)
{
	T_DO(open_world());
	ike_skip_numbers(w.node[1].ike, 41);
	ike_skip_numbers(w.node[1].ike, 7);
	T_DO(log_in());
	T_EQ(w.node[1].up_sa, 42);
	T_TRUE(world_restart(&w, 1));
	ike_skip_numbers(w.node[1].ike, 41);
	T_EQ(world_connect(&w, &(uint64_t){0}), ST_OK);
	world_run(&w, 5000);
	T_EQ(w.node[1].up_sa, 43);
	world_fini(&w);
}

static void test_lifetime_goes_on(void)
{
	T_DO(open_world());
	T_DO(log_in());
	T_TRUE(world_restart(&w, 1));
	T_TRUE(info_of(1).active_ms <= 1000);
	world_run(&w, 86400 * 800ull - 3000);
	T_EQ(world_count(&w.node[1], CT_IKE_REKEYED), 0);
	world_run(&w, 86400 * 100ull + 5000);
	T_EQ(world_count(&w.node[1], CT_IKE_REKEYED), 1);
	T_TRUE(w.node[1].up_sa != 0);
	world_fini(&w);
}

/* Every bit and every length of a record: refused, nothing changed, nothing leaked. */
static void test_damaged_records(void)
{
	uint8_t *rec, *bent;
	size_t len;
	int64_t live;

	T_DO(open_world());
	T_DO(log_in());
	len = w.node[1].record[0].len;
	rec = malloc(len);
	memcpy(rec, w.node[1].record[0].rec, len);
	T_TRUE(world_power_cycle(&w, 1));
	T_EQ(ike_thaw(w.node[1].ike, (struct view){rec, len}), ST_OK);
	T_EQ(ike_thaw(w.node[1].ike, (struct view){rec, len}), ST_EXISTS);
	T_EQ(ike_count(w.node[1].ike), 1);
	T_TRUE(world_power_cycle(&w, 1));
	live = mem_live();
	for (size_t i = 0; i < len; i++) {
		bent = malloc(i + 1);
		memcpy(bent, rec, i);
		T_TRUE(ike_thaw(w.node[1].ike, (struct view){bent, i}) != ST_OK);
		free(bent);
		rec[i] ^= (uint8_t)(1u << i % 8);
		T_TRUE(ike_thaw(w.node[1].ike, (struct view){rec, len}) != ST_OK);
		rec[i] ^= (uint8_t)(1u << i % 8);
	}
	T_EQ(ike_count(w.node[1].ike), 0);
	T_TRUE(mem_live() <= live + 1); /* the room for timers may have been made */
	T_EQ(ike_thaw(w.node[1].ike, (struct view){rec, len}), ST_OK);
	free(rec);
	world_fini(&w);
}

/* Why an SA ends is in its record, with the words for it. */
static void fail_with_words(void)
{
	struct ike_sa *sa = ike_find_number(w.node[1].ike, w.node[1].up_sa);

	mem_fail_at(1);
	T_EQ(sa_fail(sa, ST_INTERNAL, "%s", "no memory for this"), ST_INTERNAL);
	mem_fail_at(0);
	T_STR(sa_detail(sa), "");
	sa->why = ST_OK;
	T_EQ(sa_fail(sa, ST_INTERNAL, "%s", "these words"), ST_INTERNAL);
	T_EQ(sa_fail(sa, ST_NOMEM, "%s", "not the first"), ST_NOMEM);
	T_STR(sa_detail(sa), "these words");
	T_EQ(ike_keep(sa), ST_OK);
}

static void test_thaw_out_of_memory(void)
{
	uint64_t number;
	uint8_t *rec;
	size_t len;
	enum status st = ST_NOMEM;

	T_DO(open_world());
	T_DO(log_in());
	T_DO(fail_with_words());
	len = w.node[1].record[0].len;
	rec = malloc(len);
	memcpy(rec, w.node[1].record[0].rec, len);
	number = w.node[1].up_sa;
	T_TRUE(world_power_cycle(&w, 1));
	for (uint64_t n = 1; st != ST_OK; n++) {
		T_TRUE(n < 50);
		mem_fail_at(n);
		st = ike_thaw(w.node[1].ike, (struct view){rec, len});
		mem_fail_at(0);
		T_TRUE(st == ST_OK || st == ST_NOMEM);
		T_EQ(ike_count(w.node[1].ike), st == ST_OK);
	}
	T_STR(sa_detail(ike_find_number(w.node[1].ike, number)), "these words");
	free(rec);
	world_fini(&w);
}

/* No key of a child and no pre-shared key is in a record; SK_* must be (they protect what follows). */
static void test_records_hold_no_child_keys(void)
{
	const uint8_t *rec;
	size_t len;

	T_DO(open_world());
	T_DO(log_in());
	rec = w.node[1].record[0].rec;
	len = w.node[1].record[0].len;
	T_TRUE(memmem(rec, len, w.node[1].child[0].key_in, 16) == NULL);
	T_TRUE(memmem(rec, len, w.node[1].child[0].key_out, 16) == NULL);
	T_TRUE(memmem(rec, len, "secret", 6) == NULL);
	world_fini(&w);
}

int main(void)
{
	client = world_conf(world_client_text);
	server = world_conf(world_server_text);
	T_RUN(test_nothing_is_lost);
	T_RUN(test_kept_reply_answers_after_return);
	T_RUN(test_old_request_is_a_repeat_after_return);
	T_RUN(test_open_requests_go_on);
	T_RUN(test_numbers_and_half_open);
	T_RUN(test_numbers_that_are_taken);
	T_RUN(test_lifetime_goes_on);
	T_RUN(test_damaged_records);
	T_RUN(test_thaw_out_of_memory);
	T_RUN(test_records_hold_no_child_keys);
	snapshot_unref(client);
	snapshot_unref(server);
	return t_end();
}
