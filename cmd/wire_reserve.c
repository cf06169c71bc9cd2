#include "cmd/wire_reserve.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmd/holder_proto.h"
#include "core/base/log.h"
#include "modules/data/data.h"
#include "modules/loop/loop.h"

/* What is taken at a time: some hundred sessions. */
#define KEEP_STEP (2u << 20)
#define RT_STEP (256u << 10)
/* Left for those who are in: records are written anew before the old ones go, and each rekeying has two
 * SAs for a while. Nobody new comes in below. Twice as much is wanted ahead. */
#define LEFT_BLOCKS 4096u
#define LEFT_RECORDS 128u
#define LEFT_SLOTS 256u
#define AGAIN_MS 1000 /* after a refusal */

/* ---- one memory ---------------------------------------------------------------------------------- */

static enum status ask(const struct wire *w, const struct wire_memory *m, size_t bytes)
{
	struct asroot_reply reply;
	struct asroot_request rq = {.op = ASROOT_RESERVE, .size = bytes};
	memcpy(rq.name, m->name, strlen(m->name) + 1);
	return asroot_call(w->control, &rq, &reply, NULL);
}

/* Where the last written byte may be: behind it there are only holes. */
static size_t written(int fd, size_t size)
{
	size_t end = 0;
	for (;;) {
		off_t data = lseek(fd, (off_t)end, SEEK_DATA);
		off_t hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
		if (hole <= (off_t)end)
			return data < 0 && errno == ENXIO ? end : size;
		end = (size_t)hole;
	}
}

enum status wire_reserve_begin(struct wire *w, struct wire_memory *m, int fd, size_t first)
{
	m->have = written(fd, m->size);
	if (m->have < first)
		m->have = first < m->size ? first : m->size;
	enum status st = ask(w, m, m->have);
	/* A holder of an earlier version does not know the question, and reserved all at the start. */
	return st == ST_CONFIG && m->have == m->size ? ST_OK : st;
}

/* One line when it is refused, and one when that is over. */
static void say(struct wire_memory *m, enum status st, size_t bytes)
{
	bool is_refused = st != ST_OK;
	if (is_refused != m->is_refused)
		LOG(EV_MEMORY, kv_str("name", m->name), kv_u64("bytes", bytes), kv_status("status", st),
		    kv_str("reason", is_refused ? strerror(errno) : "reserved"));
	m->is_refused = is_refused;
}

/* ST_LIMIT: it is all there. ST_NOMEM: refused, now or a moment ago. */
static enum status more(struct wire *w, struct wire_memory *m, size_t step)
{
	uint64_t now = loop_now_ms();
	if (m->have >= m->size)
		return ST_LIMIT;
	if (m->is_refused && now < m->again_ms)
		return ST_NOMEM;
	size_t bytes = m->size - m->have < step ? m->size : m->have + step;
	enum status st = ask(w, m, bytes);
	say(m, st, bytes);
	if (st != ST_OK) {
		m->again_ms = now + AGAIN_MS;
		return ST_NOMEM;
	}
	m->have = bytes;
	return ST_OK;
}

static enum status more_blocks(struct wire *w)
{
	enum status st = more(w, &w->keep_memory, KEEP_STEP);
	if (st == ST_OK)
		keep_raise(w->keep, w->keep_memory.have);
	return st;
}

static enum status more_slots(struct wire *w)
{
	enum status st = more(w, &w->rt_memory, RT_STEP);
	if (st == ST_OK)
		data_slots_raise(w->data, (uint32_t)(w->rt_memory.have / sizeof(struct esp_rt)));
	return st;
}

/* ---- both ---------------------------------------------------------------------------------------- */

static bool want_blocks(struct wire *w, uint32_t n)
{
	while (keep_free_blocks(w->keep) < n)
		if (more_blocks(w) != ST_OK)
			return false;
	return true;
}

static bool want_slots(struct wire *w, uint32_t n)
{
	while (data_slots_free(w->data) < n)
		if (more_slots(w) != ST_OK)
			return false;
	return true;
}

enum status wire_reserve_login(struct wire *w, bool is_known)
{
	unsigned part = is_known ? 2 : 1;
	if (!want_blocks(w, LEFT_BLOCKS / part) || !want_slots(w, LEFT_SLOTS / part) ||
	    keep_free_records(w->keep) < LEFT_RECORDS / part)
		return ST_NOMEM;
	return ST_OK;
}

void wire_reserve_slot(struct wire *w)
{
	(void)want_slots(w, 1);
}

enum status wire_reserve_put(struct wire *w, enum keep_kind kind, uint64_t key, const void *rec, size_t len)
{
	enum status st = keep_put(w->keep, kind, key, rec, len);
	while (st == ST_NOMEM && more_blocks(w) == ST_OK)
		st = keep_put(w->keep, kind, key, rec, len);
	return st;
}

void wire_reserve_second(struct wire *w)
{
	(void)want_blocks(w, 2 * LEFT_BLOCKS);
	(void)want_slots(w, 2 * LEFT_SLOTS);
}
