#include "modules/data/expand.h"

#include "core/base/mem.h"
#include "modules/data/fan.h"
#include "modules/data/rooms.h"

#define SIZES 8 /* of ciphers: suites and engines have fewer */

struct expanded {
	struct rooms rooms[SIZES];
	size_t at;   /* in the round that is under way: which size; SIZES: there is none */
	size_t left; /* groups of that size */
	uint64_t round_ms; /* when it began */
};

/* Behind the cipher, at the end of its room. */
struct note {
	struct worker_sa *sa;
	uint64_t since_ms;
};

static struct note *note_of(const struct rooms *r, void *room)
{
	return (struct note *)(void *)((uint8_t *)room + r->size - sizeof(struct note));
}

/* ---- making ------------------------------------------------------------------------------- */

/* Suites and engines have few sizes. */
static struct rooms *rooms_for(struct worker *w, size_t len)
{
	for (size_t i = 0; i < SIZES; i++) {
		struct rooms *r = &w->expanded->rooms[i];

		if (!r->size && rooms_init(r, len, w->all->rooms) != ST_OK)
			return NULL;
		if (r->size >= len && r->size - len < ROOM_ALIGN)
			return r;
	}
	return NULL;
}

static enum status make(struct worker *w, struct worker_sa *sa, const uint8_t *key, struct esp_cipher **out)
{
	const struct sa_keys *k = sa->keys;
	struct rooms *r = rooms_for(w, esp_cipher_len(&k->suite) + sizeof(struct note));
	void *at = r ? rooms_take(r) : NULL;
	enum status st;

	if (!at)
		return ST_NOMEM;
	st = esp_cipher_make(&k->suite, (struct view){key, k->len},
			     (struct esp_room){at, r->size - sizeof(struct note)}, out);
	if (st)
		rooms_give(r, at);
	else
		*note_of(r, at) = (struct note){sa, w->tables.now_ms};
	return st;
}

enum status expand_in(struct worker *w, struct worker_sa *sa)
{
	return sa->esp.in ? ST_OK : make(w, sa, sa->keys->bytes, &sa->esp.in);
}

enum status expand_out(struct worker *w, struct worker_sa *sa)
{
	return sa->esp.out ? ST_OK : make(w, sa, sa->keys->bytes + sa->keys->len, &sa->esp.out);
}

/* ---- ending ------------------------------------------------------------------------------- */

static void end(struct rooms *r, struct esp_cipher **c)
{
	void *room = *c;

	esp_cipher_end(*c);
	*c = NULL;
	rooms_give(r, room);
}

static void end_wherever(struct worker *w, struct esp_cipher **c)
{
	for (size_t i = 0; *c && i < SIZES; i++) {
		if (rooms_have(&w->expanded->rooms[i], *c))
			end(&w->expanded->rooms[i], c);
	}
}

void expand_end(struct worker *w, struct worker_sa *sa)
{
	end_wherever(w, &sa->esp.in);
	end_wherever(w, &sa->esp.out);
}

/* ---- once in a while ---------------------------------------------------------------------- */

/* Of its packets those count that were authentic, or sent. */
static void end_if_silent(struct worker *w, struct rooms *r, void *room)
{
	const struct note *n = note_of(r, room);
	struct worker_sa *sa = n->sa;
	const struct esp_rt *rt = sa->esp.rt;
	bool is_in = (void *)sa->esp.in == room;
	uint64_t used_ms = is_in ? esp_rt_heard_ms(rt) : atomic_load_explicit(&rt->last_out_ms, memory_order_relaxed);

	if (used_ms < n->since_ms)
		used_ms = n->since_ms;
	if (w->tables.now_ms < used_ms + EXPAND_REST_MS || fan_has(w, sa))
		return;
	end(r, is_in ? &sa->esp.in : &sa->esp.out);
}

/* At one group, the last of all first, so that it is known then whether those behind it are empty. */
static void look_on(struct worker *w)
{
	struct expanded *e = w->expanded;

	for (; e->at < SIZES; e->at++, e->left = SIZE_MAX) {
		struct rooms *r = &e->rooms[e->at];
		void *room;

		if (e->left > r->end)
			e->left = r->end;
		if (e->left == 0)
			continue;
		e->left--;
		for (unsigned i = 0; i < ROOM_GROUP; i++) {
			if ((room = rooms_at(r, e->left, i)))
				end_if_silent(w, r, room);
		}
		rooms_rest(r, e->left);
		return;
	}
}

static bool is_under_way(const struct expanded *e)
{
	return e->at < SIZES;
}

void expand_turn(struct worker *w)
{
	struct expanded *e = w->expanded;

	if (!is_under_way(e)) {
		if (w->tables.now_ms < e->round_ms + EXPAND_ROUND_MS)
			return;
		e->round_ms = w->tables.now_ms;
		e->at = 0;
		e->left = SIZE_MAX;
	}
	look_on(w);
}

int expand_sleep_ms(const struct worker *w)
{
	const struct expanded *e = w->expanded;

	if (is_under_way(e))
		return 0;
	for (size_t i = 0; i < SIZES; i++) {
		if (e->rooms[i].end)
			return EXPAND_ROUND_MS;
	}
	return -1;
}

/* ---- beginning and end -------------------------------------------------------------------- */

enum status expand_init(struct worker *w)
{
	w->expanded = mem_new(sizeof(*w->expanded));
	return w->expanded ? ST_OK : ST_NOMEM;
}

void expand_fini(struct worker *w)
{
	for (size_t i = 0; w->expanded && i < SIZES; i++) {
		struct rooms *r = &w->expanded->rooms[i];

		for (size_t n = 0; n < r->end * ROOM_GROUP; n++)
			esp_cipher_end(rooms_at(r, n / ROOM_GROUP, n % ROOM_GROUP));
		rooms_fini(r);
	}
	mem_free(w->expanded);
	w->expanded = NULL;
}
