#include "core/ike/frag_pile.h"

#include "core/base/mem.h"
#include "core/base/timer.h"
#include "core/base/wr.h"

struct frag_pile {
	uint16_t id;
	uint8_t last;    /* its number; 0: not seen */
	uint8_t highest;
	uint8_t n;
	size_t bytes;
	uint64_t due_ms;
	struct {
		uint8_t *bytes;
		size_t len; /* 0: not there */
	} v[PILE_PIECES];
};

void pile_free(struct frag_pile **at)
{
	struct frag_pile *pile = *at;

	if (pile == NULL)
		return;
	for (size_t i = 0; i < PILE_PIECES; i++)
		mem_free(pile->v[i].bytes);
	mem_free(pile);
	*at = NULL;
}

uint64_t pile_due_ms(const struct frag_pile *pile)
{
	return pile != NULL ? pile->due_ms : TIMER_NEVER;
}

static struct frag_pile *pile_new(uint16_t id, uint64_t due_ms)
{
	struct frag_pile *pile = mem_new(sizeof(*pile));

	if (pile == NULL)
		return NULL;
	pile->id = id;
	pile->due_ms = due_ms;
	return pile;
}

static enum status judge(const struct frag_pile *pile, const struct cisco_frag *f)
{
	if (pile->v[f->number - 1].len != 0)
		return ST_EXISTS;
	if (pile->last != 0 && (f->is_last || f->number > pile->last))
		return ST_BAD_FRAGMENT;
	return f->is_last && f->number < pile->highest ? ST_BAD_FRAGMENT : ST_OK;
}

enum status pile_add(struct frag_pile **at, const struct cisco_frag *f, uint64_t due_ms)
{
	struct frag_pile *pile = *at;
	uint8_t *copy;
	enum status st;

	if (f->number == 0 || f->piece.len == 0)
		return ST_BAD_FRAGMENT;
	if (f->number > PILE_PIECES)
		return ST_FRAGMENT_LIMIT;
	if (pile == NULL || pile->id != f->id) {
		pile = pile_new(f->id, due_ms);
		if (pile == NULL)
			return ST_NOMEM;
		pile_free(at);
		*at = pile;
	}
	st = judge(pile, f);
	if (st != ST_OK)
		return st;
	if (f->piece.len > PILE_BYTES - pile->bytes) {
		pile_free(at);
		return ST_FRAGMENT_LIMIT;
	}
	copy = mem_dup(f->piece.p, f->piece.len);
	if (copy == NULL)
		return ST_NOMEM;
	pile->v[f->number - 1].bytes = copy;
	pile->v[f->number - 1].len = f->piece.len;
	pile->bytes += f->piece.len;
	pile->n++;
	pile->highest = f->number > pile->highest ? f->number : pile->highest;
	pile->last = f->is_last ? f->number : pile->last;
	return pile->n == pile->last ? ST_OK : ST_PENDING;
}

enum status pile_merge(const struct frag_pile *pile, uint8_t *out, size_t cap, struct view *msg)
{
	struct wr w = wr_init(out, cap);

	for (size_t i = 0; i < pile->last; i++)
		wr_bytes(&w, pile->v[i].bytes, pile->v[i].len);
	*msg = (struct view){out, w.len};
	return wr_ok(&w) ? ST_OK : ST_TRUNCATED;
}
