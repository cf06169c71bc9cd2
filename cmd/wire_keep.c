#include "cmd/wire_keep.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmd/holder_proto.h"
#include "cmd/wire_child.h"
#include "cmd/wire_reserve.h"
#include "cmd/wire_session.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/session/session.h"

/* What is in either memory is read by the next main, perhaps of another version. Records say their
 * version; the run-time numbers are a plain array: misread, a nonce would come twice. Another layout
 * is another name (and another version of records of SAs, modules/data/freeze.c), and its sessions begin anew. */
#define KEEP_NAME "keep2"
#define RT_NAME "rt2"
_Static_assert(sizeof(struct esp_rt) == 256 && offsetof(struct esp_rt, seq_out) == 0 &&
		       offsetof(struct esp_rt, seq_top) == 8 && offsetof(struct esp_rt, spi_in) == 96 &&
		       offsetof(struct esp_rt, bitmap) == 104 && ESP_WINDOW_MAX == 1024,
	       "another layout: another RT_NAME and SA_VERSION");
_Static_assert(KEEP_BLOCK == 128, "another layout: another KEEP_NAME, so that a main of before finds its own");

#define RT_SIZE ((size_t)WIRE_RT_SLOTS * sizeof(struct esp_rt))
#define IKE_RECORD_MAX 131072
/* Blocks and slots that are reserved from the start. */
#define KEEP_FIRST 10240u
#define RT_FIRST 640u

static size_t round_up(size_t n)
{
	return (n + 4095) & ~(size_t)4095;
}

static size_t keep_bytes(void)
{
	return round_up(keep_size(WIRE_KEEP_RECORDS, WIRE_KEEP_BLOCKS));
}

/* first: bytes that are reserved in any case. */
static enum status map(struct wire *w, struct wire_memory *m, size_t first)
{
	int fds[ASROOT_FDS];
	struct asroot_reply reply;
	struct asroot_request rq = {.op = ASROOT_MEMORY, .size = m->size};
	memcpy(rq.name, m->name, strlen(m->name) + 1);
	enum status st = asroot_call(w->control, &rq, &reply, fds);
	if (st != ST_OK)
		return st;
	void *p = mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
	st = p == MAP_FAILED ? ST_IO : wire_reserve_begin(w, m, fds[0], first);
	int e = errno;
	close(fds[0]);
	errno = e;
	if (p == MAP_FAILED)
		return st;
	(void)madvise(p, m->size, MADV_DONTDUMP);
	m->map = p;
	return st;
}

enum status wire_keep_attach(struct wire *w)
{
	struct wire_memory *keep = &w->keep_memory, *rt = &w->rt_memory;
	*keep = (struct wire_memory){.name = KEEP_NAME, .size = keep_bytes()};
	*rt = (struct wire_memory){.name = RT_NAME, .size = round_up(RT_SIZE)};
	enum status st = map(w, keep, round_up(keep_size(WIRE_KEEP_RECORDS, KEEP_FIRST)));
	if (st == ST_OK)
		st = map(w, rt, RT_FIRST * sizeof(struct esp_rt));
	w->rt = rt->map;
	if (st != ST_OK)
		return st;
	st = keep_attach(keep->map, keep->have, WIRE_KEEP_RECORDS, WIRE_KEEP_BLOCKS, &w->keep);
	if (st == ST_BAD_VERSION) {
		/* Without its records no run-time number is of use either. The head goes last: who dies in between leaves
		 * what the next main does not take for new. */
		mem_zero(rt->map, rt->have);
		mem_zero((char *)keep->map + KEEP_HEAD, keep->have - KEEP_HEAD);
		atomic_thread_fence(memory_order_release);
		mem_zero(keep->map, KEEP_HEAD);
		st = keep_attach(keep->map, keep->have, WIRE_KEEP_RECORDS, WIRE_KEEP_BLOCKS, &w->keep);
	}
	return st;
}

static enum status thaw_sa(struct wire *w, uint64_t sa, uint8_t *buf)
{
	size_t len = keep_get(w->keep, KEEP_IKE, sa, buf, IKE_RECORD_MAX);
	enum status st = len && len <= IKE_RECORD_MAX ? ike_thaw(w->ike, (struct view){buf, len}) :
							ST_BAD_LENGTH;
	if (st == ST_OK || st == ST_NOMEM)
		return st;
	LOG(EV_THAW, kv_str("what", "ike_sa"), kv_u64("sa", sa), kv_status("status", st));
	keep_del(w->keep, KEEP_IKE, sa);
	return ST_OK;
}

/* Thawing changes records (a number that is skipped, a damaged one that is dropped): the keys are
 * collected before. */
struct keys {
	uint64_t *v;
	size_t n;
	size_t cap;
};

static void collect(const struct wire *w, enum keep_kind wanted, struct keys *out)
{
	uint32_t cursor = 0;
	enum keep_kind kind;
	uint64_t key;
	size_t len;
	out->n = 0;
	while (out->n < out->cap && keep_next(w->keep, &cursor, &kind, &key, &len))
		if (kind == wanted)
			out->v[out->n++] = key;
}

/* A session that waits is shown with the number of its last IKE SA, which no new one may have. */
static void skip_numbers(struct wire *w)
{
	for (const struct session *s = session_next(w->sessions, NULL); s; s = session_next(w->sessions, s))
		ike_skip_numbers(w->ike, s->index);
}

static enum status thaw_all(struct wire *w, struct keys *keys, uint8_t *buf)
{
	enum status st = ST_OK;
	collect(w, KEEP_SESSION, keys);
	size_t sessions = keys->n, children;
	for (size_t i = 0; i < keys->n && st == ST_OK; i++)
		st = wire_session_thaw(w, keys->v[i]);
	skip_numbers(w);
	collect(w, KEEP_ESP, keys);
	children = keys->n;
	for (size_t i = 0; i < keys->n && st == ST_OK; i++)
		st = wire_child_thaw(w, (uint32_t)keys->v[i]);
	collect(w, KEEP_IKE, keys);
	for (size_t i = 0; i < keys->n && st == ST_OK; i++)
		st = thaw_sa(w, keys->v[i], buf);
	if (st == ST_OK && (sessions || children || keys->n || keep_dropped(w->keep)))
		LOG(EV_THAW, kv_u64("sessions", sessions), kv_u64("children", children),
		    kv_u64("ike_sas", keys->n), kv_u64("damaged", keep_dropped(w->keep)));
	return st;
}

/* Nothing is compared before everything is there: what is missing for want of memory would be taken
 * for lost, and its session would end. */
enum status wire_keep_thaw(struct wire *w)
{
	struct keys keys = {.cap = keep_count(w->keep)};
	uint8_t *buf = mem_new(IKE_RECORD_MAX);
	keys.v = mem_array(keys.cap + 1, sizeof(*keys.v));
	enum status st = buf && keys.v ? thaw_all(w, &keys, buf) : ST_NOMEM;
	mem_free_secret(buf, buf ? IKE_RECORD_MAX : 0);
	mem_free(keys.v);
	if (st == ST_OK)
		wire_child_reconcile(w);
	return st == ST_OK ? wire_session_reconcile(w) : st;
}

void wire_keep_detach(struct wire *w)
{
	if (w->keep)
		keep_detach(w->keep);
	if (w->keep_memory.map)
		munmap(w->keep_memory.map, w->keep_memory.size);
	if (w->rt_memory.map)
		munmap(w->rt_memory.map, w->rt_memory.size);
}
