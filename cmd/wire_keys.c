#include "cmd/wire_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/holder_proto.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "modules/loop/loop.h"

#define SETTLE_MS 4000 /* for the process to appear and read all keys */

_Static_assert(KEYS_MAX == ASROOT_KEYS_MAX && KEYS_FILE <= ASROOT_FILE_NAME,
	       "the holder knows all numbers and names");

/* A question: whose it is. */
struct asked {
	struct list in_list;
	uint64_t own; /* its number at modules/keys */
	wire_keys_fn *fn;
	uint64_t number;
};

struct wire_keyset {
	size_t n;
	unsigned keys[KEYS_MAX];
};

struct wire_keys {
	struct wire *wire;
	struct keys *keys;
	struct loop_timer *timer;
	struct loop_fd *watch;
	struct list asked;
	uint64_t last;
	struct wire_keyset *set; /* in force; NULL: none yet */
};

/* ---- ports of the module ------------------------------------------------------------------------ */

static enum status port_start(void *ctx, int *fd)
{
	struct wire_keys *k = ctx;
	int fds[ASROOT_FDS];
	struct asroot_reply reply;
	struct asroot_request rq = {.op = ASROOT_KEYS};
	enum status st = asroot_call(k->wire->control, &rq, &reply, fds);
	if (st != ST_OK)
		return st;
	if (fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0) {
		close(fds[0]);
		return ST_IO;
	}
	*fd = fds[0];
	return ST_OK;
}

static void port_stop(void *ctx)
{
	struct wire_keys *k = ctx;
	struct asroot_reply reply;
	struct asroot_request rq = {.op = ASROOT_KEYS, .is_delete = 1};
	(void)!asroot_call(k->wire->control, &rq, &reply, NULL);
}

static enum status port_hand(void *ctx, unsigned key, uint32_t serial, const char *file, bool *is_exposed)
{
	struct wire_keys *k = ctx;
	struct asroot_reply reply;
	struct asroot_request rq = {.op = ASROOT_KEY, .index = key, .metric = serial};
	snprintf(rq.file, sizeof(rq.file), "%s", file);
	enum status st = asroot_call(k->wire->control, &rq, &reply, NULL);
	*is_exposed = reply.is_exposed != 0;
	return st;
}

static void on_fd(void *ctx, int fd)
{
	keys_on_readable(((struct wire_keys *)ctx)->keys, fd);
}

static void port_unwatch(void *ctx, int fd)
{
	struct wire_keys *k = ctx;
	loop_fd_del(k->watch);
	k->watch = NULL;
}

/* Without memory for a watch the process seems silent, and is replaced. */
static void port_watch(void *ctx, int fd)
{
	struct wire_keys *k = ctx;
	if (loop_fd_add(k->wire->loop, fd, false, on_fd, k, &k->watch) != ST_OK)
		k->watch = NULL;
}

static uint64_t port_now_ms(void *ctx)
{
	return loop_now_ms();
}

static void port_wake_at(void *ctx, uint64_t at_ms)
{
	loop_timer_at(((struct wire_keys *)ctx)->timer, at_ms);
}

static void on_time(void *ctx)
{
	keys_on_time(((struct wire_keys *)ctx)->keys);
}

static void port_loaded(void *ctx, unsigned key, const struct keys_key *k)
{
	if (k->state == KEYS_READY && k->is_exposed)
		LOG(EV_CONFIG_WARNING, kv_str("reason", "others than its owner may read or change a private key"),
		    kv_str("file", k->file));
}

static void port_log(void *ctx, enum keys_log_kind kind, const char *text)
{
	switch (kind) {
	case KEYS_LOG_STARTED: LOG(EV_KEYS, kv_str("text", "the keys process runs")); break;
	case KEYS_LOG_LOST: LOG(EV_KEYS_ERROR, kv_str("text", "the keys process is lost"), kv_str("reason", text)); break;
	case KEYS_LOG_REFUSED: LOG(EV_KEYS_ERROR, kv_str("text", "a private key is lost"), kv_str("reason", text)); break;
	}
}

/* ---- signatures --------------------------------------------------------------------------------- */

static void forget(struct asked *q)
{
	list_del(&q->in_list);
	mem_free(q);
}

static void port_signature(void *ctx, uint64_t number, enum status st, struct view signature)
{
	struct wire_keys *k = ctx;
	LIST_EACH(at, &k->asked) {
		struct asked *q = CONTAINER_OF(at, struct asked, in_list);
		if (q->own != number)
			continue;
		const struct asked was = *q;
		/* It is nobody's any more: who is answered may ask again. */
		forget(q);
		was.fn(k->wire, was.number, st, signature);
		return;
	}
}

enum status wire_keys_sign(struct wire *w, wire_keys_fn *fn, uint64_t number, unsigned key, enum keys_use use,
			   uint16_t scheme, struct view data)
{
	struct wire_keys *k = w->keys;
	struct asked *q = mem_new(sizeof(*q));
	if (!q)
		return ST_NOMEM;
	*q = (struct asked){.own = k->last + 1, .fn = fn, .number = number};
	enum status st = keys_sign(k->keys, q->own, key, use, scheme, data);
	if (st != ST_OK) {
		mem_free(q);
		return st;
	}
	k->last++;
	list_push_back(&k->asked, &q->in_list);
	return ST_OK;
}

void wire_keys_drop(struct wire *w, wire_keys_fn *fn, uint64_t number)
{
	struct wire_keys *k = w->keys;
	if (!k)
		return;
	LIST_EACH_SAFE(at, &k->asked) {
		struct asked *q = CONTAINER_OF(at, struct asked, in_list);
		if (q->fn != fn || q->number != number)
			continue;
		keys_cancel(k->keys, q->own);
		forget(q);
	}
}

/* ---- of a configuration ------------------------------------------------------------------------- */

unsigned wire_keys_number(const struct wire *w, const struct wire_keyset *set, const char *file)
{
	if (!set)
		set = w->keys->set;
	for (size_t i = 0; set && i < set->n; i++)
		if (strcmp(keys_look(w->keys->keys, set->keys[i])->file, file) == 0)
			return set->keys[i];
	return KEYS_MAX;
}

void wire_keys_cancel(struct wire *w, struct wire_keyset *set)
{
	for (size_t i = 0; set && i < set->n; i++)
		keys_forget(w->keys->keys, set->keys[i]);
	mem_free(set);
}

void wire_keys_commit(struct wire *w, struct wire_keyset *set)
{
	wire_keys_cancel(w, w->keys->set);
	w->keys->set = set;
}

static enum status load_all(struct wire *w, const struct snapshot *s, struct wire_keyset *set, char *why, size_t cap)
{
	struct keys *keys = w->keys->keys;
	for (size_t i = 0; i < s->trustpoint_count; i++) {
		const struct trustpoint *t = &s->trustpoints[i];
		if (!t->private_key || wire_keys_number(w, set, t->private_key) != KEYS_MAX)
			continue;
		enum status st = set->n < KEYS_MAX / 2 ? keys_load(keys, t->private_key, &set->keys[set->n]) : ST_LIMIT;
		if (st != ST_OK) {
			snprintf(why, cap, "trustpoint %s: private key %s: at most %d keys, and names shorter than %d",
				 t->name, t->private_key, KEYS_MAX / 2, KEYS_FILE);
			return st;
		}
		set->n++;
	}
	return keys_settle(keys, SETTLE_MS);
}

static enum status judge(struct wire *w, const struct wire_keyset *set, bool is_lenient, char *why, size_t cap)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct keys_key *k = keys_look(w->keys->keys, set->keys[i]);
		if (k->state == KEYS_READY)
			continue;
		snprintf(why, cap, "private key %s: %s", k->file,
			 k->state == KEYS_REFUSED ? k->words : "the keys process does not come up");
		if (!is_lenient)
			return k->state == KEYS_REFUSED ? ST_CONFIG : ST_TIMEOUT;
		LOG(EV_KEYS_ERROR, kv_str("text", "a private key cannot be used"), kv_str("reason", why));
	}
	return ST_OK;
}

enum status wire_keys_prepare(struct wire *w, const struct snapshot *s, bool is_lenient,
			      struct wire_keyset **out, char *why, size_t cap)
{
	struct wire_keyset *set = mem_new(sizeof(*set));
	if (!set)
		return ST_NOMEM;
	enum status st = load_all(w, s, set, why, cap);
	/* Which one did not come is said below. */
	if (st == ST_OK || st == ST_TIMEOUT)
		st = judge(w, set, is_lenient, why, cap);
	if (st != ST_OK) {
		wire_keys_cancel(w, set);
		return st;
	}
	*out = set;
	return ST_OK;
}

/* ---- life --------------------------------------------------------------------------------------- */

static const struct keys_ports ports = {
	.start = port_start,
	.stop = port_stop,
	.hand = port_hand,
	.watch = port_watch,
	.unwatch = port_unwatch,
	.now_ms = port_now_ms,
	.wake_at = port_wake_at,
	.loaded = port_loaded,
	.signature = port_signature,
	.log = port_log,
};

enum status wire_keys_open(struct wire *w)
{
	struct wire_keys *k = mem_new(sizeof(*k));
	if (!k)
		return ST_NOMEM;
	w->keys = k;
	k->wire = w;
	list_init(&k->asked);
	if (loop_timer_new(w->loop, on_time, k, &k->timer) != ST_OK)
		return ST_NOMEM;
	k->keys = keys_new(&ports, k);
	w->world.keys = k->keys;
	return k->keys ? ST_OK : ST_NOMEM;
}

void wire_keys_close(struct wire *w)
{
	struct wire_keys *k = w->keys;
	if (!k)
		return;
	w->world.keys = NULL;
	keys_free(k->keys);
	LIST_EACH_SAFE(at, &k->asked)
		forget(CONTAINER_OF(at, struct asked, in_list));
	if (k->timer)
		loop_timer_free(k->timer);
	mem_free(k->set);
	mem_free(k);
	w->keys = NULL;
}
