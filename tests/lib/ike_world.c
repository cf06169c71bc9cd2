#include "tests/lib/ike_world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/base/timer.h"
#include "core/conf/conf.h"
#include "core/crypto/dh.h"
#include "tests/lib/ike_ports.h"

const char world_server_text[] =
	"crypto ikev2 keyring K\n"
	" peer any\n"
	"  address 0.0.0.0 0.0.0.0\n"
	"  pre-shared-key secret\n"
	"crypto ikev2 profile RA\n"
	" match identity remote email domain corp.example\n"
	" identity local fqdn vpn.corp.example\n"
	" authentication local pre-share\n"
	" authentication remote pre-share\n"
	" keyring local K\n"
	" dpd 10 2 periodic\n"
	" virtual-template 1\n"
	"interface Virtual-Template1 type tunnel\n"
	" tunnel protection ipsec profile default\n";

const char world_client_text[] =
	"crypto ikev2 keyring K\n"
	" peer any\n"
	"  address 0.0.0.0 0.0.0.0\n"
	"  pre-shared-key secret\n"
	"crypto ikev2 profile HQ\n"
	" match identity remote fqdn vpn.corp.example\n"
	" identity local email user@corp.example\n"
	" authentication local pre-share\n"
	" authentication remote pre-share\n"
	" keyring local K\n";

/* ---- small things ------------------------------------------------------------------------------ */

void world_note(struct world *w, const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if (w->verbose)
		printf("%8llu %s\n", (unsigned long long)w->now_ms, line);
	/* The log keeps the end of the story. */
	if (w->log_len + sizeof(line) + 16 > sizeof(w->log)) {
		memmove(w->log, w->log + sizeof(w->log) / 2, w->log_len - sizeof(w->log) / 2);
		w->log_len -= sizeof(w->log) / 2;
	}
	w->log_len += (size_t)snprintf(w->log + w->log_len, sizeof(w->log) - w->log_len,
		"%8llu %s\n", (unsigned long long)w->now_ms, line);
}

void world_break(struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (w->broken != NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(w->broken_text, sizeof(w->broken_text), fmt, ap);
	va_end(ap);
	w->broken = w->broken_text;
	world_note(w, "BROKEN: %s", w->broken_text);
}

uint64_t world_random(struct world *w)
{
	uint64_t a = w->rng[0], b = w->rng[1];

	/* xorshift128+ */
	w->rng[0] = b;
	a ^= a << 23;
	w->rng[1] = a ^ b ^ (a >> 17) ^ (b >> 26);
	return w->rng[1] + b;
}

bool world_chance(struct world *w, unsigned per_1000)
{
	return per_1000 != 0 && world_random(w) % 1000 < per_1000;
}

struct endpoint world_endpoint(const char *addr, uint16_t port)
{
	struct endpoint e = {.port = port};

	if (addr_parse(addr, &e.addr) != ST_OK)
		abort();
	return e;
}

uint64_t world_status_count(const struct world_node *n, enum status st)
{
	return atomic_load_explicit(&n->stats.status[st], memory_order_relaxed);
}

uint64_t world_count(const struct world_node *n, enum counter c)
{
	return atomic_load_explicit(&n->stats.count[c], memory_order_relaxed);
}

void world_readdress(struct world *w, int side, const char *first, const char *second)
{
	w->at[side][0] = world_endpoint(first, 0).addr;
	w->at[side][1] = second != NULL ? world_endpoint(second, 0).addr : (struct addr){0};
	world_note(w, "%d is at %s", side, first);
}

bool world_has_addr(const struct world *w, int side, const struct addr *a)
{
	return a->family != 0 && (addr_eq(a, &w->at[side][0]) || addr_eq(a, &w->at[side][1]));
}

struct snapshot *world_conf(const char *text)
{
	static struct conf_report report;
	struct snapshot *s = NULL;
	char line[512];

	if (conf_parse(text, strlen(text), NULL, &s, &report) == ST_OK)
		return s;
	for (size_t i = 0; i < report.count; i++) {
		conf_message_format(line, sizeof(line), "world", &report.msg[i]);
		fprintf(stderr, "%s\n", line);
	}
	abort();
}

/* ---- life --------------------------------------------------------------------------------------- */

static bool start_engine(struct world *w, int side)
{
	struct world_node *n = &w->node[side];
	uint8_t secret[IKE_TOKEN_SECRET];

	n->wake_ms = TIMER_NEVER;
	n->ike = ike_new(&world_ports, n, n->conf, &n->stats);
	if (n->ike == NULL)
		return false;
	memset(secret, side + 1, sizeof(secret)); /* it outlives everything */
	ike_set_token_secret(n->ike, secret);
	ike_set_trace(n->ike, w->trace);
	if (n->keys_len != 0 && ike_take_keys(n->ike, (struct view){n->keys, n->keys_len}) != ST_OK)
		world_break(w, "keys of tickets that were kept are not taken");
	return true;
}

bool world_init(struct world *w, uint64_t seed, struct snapshot *client, struct snapshot *server)
{
	memset(w, 0, sizeof(*w));
	w->rng[0] = hash_u64(seed + 1);
	w->rng[1] = hash_u64(seed ^ 0x5a5a5a5a5a5a5a5aULL) | 1;
	w->now_ms = 1000;
	w->nat_port = 20000;
	w->knobs.delay_ms = 5;
	w->knobs.pool = 16;
	world_readdress(w, 0, "192.0.2.1", NULL);
	world_readdress(w, 1, "198.51.100.1", NULL);
	for (int i = 0; i < 2; i++) {
		w->node[i].w = w;
		w->node[i].side = i;
		w->node[i].conf = i == 0 ? client : server;
		snprintf(w->node[i].psk_local, sizeof(w->node[i].psk_local), "secret");
		snprintf(w->node[i].psk_remote, sizeof(w->node[i].psk_remote), "secret");
	}
	return start_engine(w, 0) && start_engine(w, 1);
}

void world_trace(struct world *w, unsigned topics)
{
	w->trace = topics;
	for (int i = 0; i < 2; i++)
		ike_set_trace(w->node[i].ike, topics);
}

static void free_item(struct world_item *it)
{
	free(it->bytes);
	free(it);
}

void world_fini(struct world *w)
{
	for (size_t i = 0; i < w->n_queue; i++)
		free_item(w->queue[i]);
	w->n_queue = 0;
	for (int i = 0; i < 2; i++) {
		ike_free(w->node[i].ike);
		w->node[i].ike = NULL;
		for (size_t k = 0; k < w->node[i].n_record; k++)
			free(w->node[i].record[k].rec);
		w->node[i].n_record = 0;
	}
}

static bool has_child(void *ctx, uint32_t spi_in)
{
	const struct world_node *n = ctx;

	for (size_t i = 0; i < n->n_child; i++)
		if (n->child[i].spi_in == spi_in)
			return true;
	return false;
}

bool world_restart(struct world *w, int side)
{
	struct world_node *n = &w->node[side];

	world_note(w, "%d restart", side);
	ike_free(n->ike);
	n->ike = NULL;
	/* What main was asked for died with it; the store may have done the commit anyway. */
	for (size_t i = 0; i < w->n_queue;) {
		struct world_item *it = w->queue[i];

		if (it->node == side && it->kind != WI_PACKET && world_chance(w, 800)) {
			free_item(it);
			w->queue[i] = w->queue[--w->n_queue];
		} else {
			i++;
		}
	}
	if (!start_engine(w, side))
		return false;
	for (size_t i = 0; i < n->n_record; i++) {
		enum status st = ike_thaw(n->ike,
			(struct view){n->record[i].rec, n->record[i].len});

		if (st == ST_NOMEM)
			return false;
		if (st != ST_OK)
			world_break(w, "thaw of a good record: %s", status_token(st));
	}
	/* Reconciliation: children and leases whose SA did not come back. */
	for (size_t i = 0; i < n->n_child;)
		if (!ike_owns_child(n->ike, n->child[i].spi_in))
			n->child[i] = n->child[--n->n_child];
		else
			i++;
	if (side == 1)
		world_reconcile_leases(w);
	ike_reconcile(n->ike, has_child, n);
	return true;
}

bool world_power_cycle(struct world *w, int side)
{
	struct world_node *n = &w->node[side];

	for (size_t i = 0; i < n->n_record; i++)
		free(n->record[i].rec);
	n->n_record = 0;
	/* What the store does with them at the next start. */
	for (size_t i = 0; i < WORLD_SESSIONS; i++)
		if (n->session[i].sa != 0) {
			n->session[i].sa = 0;
			n->session[i].why = ST_END_LOST;
		}
	return world_restart(w, side);
}

struct ike_connect world_connect_request(void)
{
	struct ike_connect c = {
		.profile = "HQ",
		.remote = world_endpoint("198.51.100.1", 500),
		.local = world_endpoint("192.0.2.1", 500),
		.request_ip4 = true,
		.request_ip6 = true,
		.tun = 7,
	};

	return c;
}

enum status world_connect(struct world *w, uint64_t *sa)
{
	struct ike_connect c = world_connect_request();

	c.local.addr = w->at[0][0];
	if (w->knobs.nat_server)
		c.remote = world_endpoint("203.0.113.80", 500);
	for (; c.n_more < w->knobs.more; c.n_more++) {
		struct prefix p = {{.family = 4, .b = {10, c.n_more}}, 16};

		c.more_local[c.n_more] = ts_any(4);
		c.more_remote[c.n_more] = ts_from_prefix(&p);
	}
	return ike_connect(w->node[0].ike, &c, sa);
}

/* ---- time --------------------------------------------------------------------------------------- */

void world_push(struct world *w, struct world_item *it)
{
	if (w->n_queue == WORLD_QUEUE) { /* a full pipe loses */
		free_item(it);
		return;
	}
	it->order = w->order++;
	w->queue[w->n_queue++] = it;
}

static size_t first_due(const struct world *w)
{
	size_t best = 0;

	for (size_t i = 1; i < w->n_queue; i++) {
		const struct world_item *a = w->queue[i], *b = w->queue[best];

		if (a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->order < b->order))
			best = i;
	}
	return best;
}

static void deliver(struct world *w, struct world_item *it)
{
	struct world_node *n = &w->node[it->node];
	struct ike_job_result *r;

	switch (it->kind) {
	case WI_PACKET:
		if (!world_has_addr(w, it->node, &it->local.addr))
			break;
		world_note(w, "%d <- %zu bytes exchange %u flags %02x mid %u", it->node, it->len,
			it->len > 18 ? it->bytes[18] : 0, it->len > 19 ? it->bytes[19] : 0,
			it->len > 23 ? it->bytes[23] : 0);
		ike_on_datagram(n->ike, &it->local, &it->remote, it->bytes, it->len);
		break;
	case WI_JOB:
		r = calloc(1, sizeof(*r));
		if (it->job.kind == JOB_SIGN) {
			r->signature_len = (uint16_t)it->extra_len;
			memcpy(r->signature, it->extra, it->extra_len);
		} else {
			world_do_job(w, &it->job, r);
		}
		world_note(w, "%d job %d: %s", it->node, it->job.kind, status_token(r->status));
		ike_on_job(n->ike, it->number, r);
		free(r);
		break;
	case WI_ANSWER:
		world_note(w, "%d answer %d: %s", it->node, it->answer.kind,
			status_token(it->answer.status));
		it->answer.eap = (struct view){it->extra, it->extra_len};
		ike_on_answer(n->ike, it->number, &it->answer);
		break;
	case WI_COMMIT:
		world_note(w, "%d commit: %s", it->node, status_token(it->status));
		ike_on_commit(n->ike, it->number, it->status);
		break;
	}
}

bool world_step(struct world *w, uint64_t until_ms)
{
	struct world_item *it = NULL;
	size_t at = 0;
	uint64_t due = TIMER_NEVER;
	int timer = -1;

	if (w->n_queue > 0) {
		at = first_due(w);
		it = w->queue[at];
		due = it->at_ms;
	}
	for (int i = 0; i < 2; i++)
		if (w->node[i].wake_ms < due) {
			due = w->node[i].wake_ms;
			timer = i;
		}
	if (due > until_ms) {
		w->now_ms = until_ms;
		return false;
	}
	if (due > w->now_ms)
		w->now_ms = due;
	w->steps++;
	if (timer >= 0) {
		w->node[timer].wake_ms = TIMER_NEVER;
		ike_on_time(w->node[timer].ike);
		return true;
	}
	w->queue[at] = w->queue[--w->n_queue];
	deliver(w, it);
	free_item(it);
	return true;
}

void world_run(struct world *w, uint64_t ms)
{
	uint64_t until = w->now_ms + ms;

	while (world_step(w, until))
		continue;
}

void world_inject(struct world *w, int to, const struct endpoint *local,
	const struct endpoint *remote, const uint8_t *msg, size_t len)
{
	ike_on_datagram(w->node[to].ike, local, remote, msg, len);
}

/* ---- what must hold ------------------------------------------------------------------------------ */

static bool is_pair(const struct world *w, int side, const struct endpoint *local,
	const struct endpoint *remote)
{
	return world_has_addr(w, side, &local->addr) && world_has_addr(w, !side, &remote->addr);
}

bool world_is_converged(const struct world *w)
{
	for (int i = 0; i < 2; i++) {
		static struct ike_sa_info info;
		uint64_t cursor = 0;

		while (ike_next_info(w->node[i].ike, &cursor, &info))
			if (info.is_established && !is_pair(w, i, &info.local, &info.remote))
				return false;
		for (size_t k = 0; k < w->node[i].n_child; k++)
			if (!is_pair(w, i, &w->node[i].child[k].local, &w->node[i].child[k].remote))
				return false;
	}
	return true;
}

bool world_needs_udp(const struct world *w)
{
	const struct world_knobs *k = &w->knobs;

	return k->nat_client || k->nat_server || k->no_raw[0] || k->no_raw[1];
}

bool world_is_empty(struct world *w)
{
	for (int i = 0; i < 2; i++) {
		struct world_node *n = &w->node[i];

		if (ike_count(n->ike) != 0 || ike_half_open(n->ike) != 0 || n->n_child != 0 ||
			n->n_record != 0)
			return false;
		for (size_t k = 0; k < WORLD_EAPS; k++)
			if (n->eap[k].sa != 0)
				return false;
	}
	for (size_t i = 0; i < WORLD_LEASES; i++)
		if (w->lease[i].sa != 0)
			return false;
	return true;
}

static bool same_ts(const struct ts *a, uint8_t n, const struct ts *b, uint8_t m)
{
	if (n != m)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!ts_eq(&a[i], &b[i]))
			return false;
	return true;
}

static bool is_same_child(const struct ike_child_spec *x, const struct ike_child_spec *y)
{
	return x->key_in_len == y->key_out_len && x->key_in_len > 0 &&
	       memcmp(x->key_in, y->key_out, x->key_in_len) == 0 &&
	       memcmp(x->key_out, y->key_in, x->key_out_len) == 0 && x->encr_id == y->encr_id &&
	       x->encr_key_bits == y->encr_key_bits && x->integ_id == y->integ_id &&
	       x->esn == y->esn && x->transport_mode == y->transport_mode &&
	       x->udp_encap == y->udp_encap &&
	       same_ts(x->local_ts, x->n_local_ts, y->remote_ts, y->n_remote_ts) &&
	       same_ts(x->remote_ts, x->n_remote_ts, y->local_ts, y->n_local_ts);
}

const struct ike_child_spec *world_way_out(const struct world_node *n)
{
	for (size_t i = n->n_child; i-- > 0;)
		if (!n->child[i].receive_only)
			return &n->child[i];
	return NULL;
}

bool world_has_way(const struct world *w, int from)
{
	const struct ike_child_spec *out = world_way_out(&w->node[from]);
	const struct world_node *to = &w->node[!from];

	for (size_t i = 0; out != NULL && i < to->n_child; i++)
		if (to->child[i].spi_in == out->spi_out)
			return true;
	return false;
}

void world_data(struct world_node *n, uint32_t spi_in)
{
	size_t at = n->n_data++ % WORLD_CHILDREN;

	n->data[at].spi_in = spi_in;
	n->data[at].at_ms = n->w->now_ms;
}

bool world_children_agree(struct world *w)
{
	struct world_node *a = &w->node[0], *b = &w->node[1];
	size_t pairs = 0;

	for (size_t i = 0; i < a->n_child; i++)
		for (size_t k = 0; k < b->n_child; k++) {
			const struct ike_child_spec *x = &a->child[i], *y = &b->child[k];

			if (x->spi_in != y->spi_out || x->spi_out != y->spi_in)
				continue;
			if (!is_same_child(x, y))
				return false;
			pairs++;
		}
	return pairs > 0;
}
