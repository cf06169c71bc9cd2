#include "core/session/client.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* One step under way. */
struct step {
	const struct client_event *ev;
	struct client_order order;
};

typedef enum client_state action(struct client *c, struct step *s);

void client_init(struct client *c, const struct client_peer *peers, size_t n, bool is_manual)
{
	*c = (struct client){
		.peers = peers, .n_peers = n, .is_manual = is_manual, .due_ms = CLIENT_NEVER};
}

const struct client_peer *client_peer(const struct client *c)
{
	return c->is_elsewhere ? &c->elsewhere : &c->peers[c->peer];
}

const struct addr *client_target(const struct client *c)
{
	static const struct addr none;

	return c->addr < c->n_addrs ? &c->addrs[c->addr] : &none;
}

bool client_is_idle(const struct client *c)
{
	return c->state == CLIENT_IDLE && c->why == ST_END_IDLE && !c->is_manual;
}

const char *client_state_words(enum client_state state)
{
	static const char *const words[] = {
#define X(name, word) [CLIENT_##name] = word,
		CLIENT_STATE_LIST(X)
#undef X
	};

	return state < CLIENT_STATES ? words[state] : "?";
}

uint32_t client_wait_ms(uint32_t rounds, uint32_t random)
{
	uint32_t ms = CLIENT_WAIT_MS;

	for (uint32_t i = 1; i < rounds && ms < CLIENT_WAIT_MAX_MS; i++)
		ms *= 2;
	if (ms > CLIENT_WAIT_MAX_MS)
		ms = CLIENT_WAIT_MAX_MS;
	/* Many clients that lost one gateway do not come back as one. */
	return ms / 2 + random % (ms / 2 + 1);
}

/* ---- choosing ------------------------------------------------------------------------------- */

static void take_peer(struct client *c, size_t peer)
{
	c->peer = peer % c->n_peers;
	c->is_elsewhere = false;
	c->redirected_from = (struct addr){0};
	c->n_addrs = 0;
	c->addr = 0;
}

/* To the peer in hand, by the address in hand or, where there is none, by asking for it. */
static enum client_state aim(struct client *c, struct step *s)
{
	const struct client_peer *p = client_peer(c);

	if (c->n_addrs == 0 && p->addr.family == 0) {
		s->order.resolve = true;
		c->due_ms = s->ev->now_ms + CLIENT_RESOLVE_MS;
		return CLIENT_RESOLVING;
	}
	if (c->n_addrs == 0) {
		c->addrs[0] = p->addr;
		c->n_addrs = 1;
	}
	s->order.connect = true;
	c->due_ms = s->ev->now_ms + CLIENT_TRY_MS;
	return CLIENT_CONNECTING;
}

static enum client_state rest(struct client *c)
{
	c->due_ms = CLIENT_NEVER;
	return CLIENT_IDLE;
}

/* The best peer first, as if nothing had been tried. */
static enum client_state select_anew(struct client *c, struct step *s)
{
	c->tried = 0;
	c->rounds = 0;
	c->redirects = 0;
	take_peer(c, 0);
	return aim(c, s);
}

/* The peer in hand had its turn (R-CLI-12). */
static enum client_state select_next(struct client *c, struct step *s)
{
	take_peer(c, c->peer + 1);
	if (++c->tried < c->n_peers)
		return aim(c, s);
	c->tried = 0;
	c->rounds++;
	if (c->is_manual)
		return rest(c);
	c->due_ms = s->ev->now_ms + client_wait_ms(c->rounds, s->ev->random);
	return CLIENT_WAITING;
}

/* ---- actions -------------------------------------------------------------------------------- */

static enum client_state start(struct client *c, struct step *s)
{
	return select_anew(c, s);
}

static enum client_state stop(struct client *c, struct step *s)
{
	s->order.close = c->state == CLIENT_UP || c->state == CLIENT_CONNECTING;
	return rest(c);
}

static enum client_state again(struct client *c, struct step *s)
{
	s->order.close = c->state == CLIENT_UP || c->state == CLIENT_CONNECTING;
	return c->is_manual ? rest(c) : select_anew(c, s);
}

static enum client_state unnamed_as(struct client *c, struct step *s, enum status why)
{
	c->why = why;
	return select_next(c, s);
}

static enum client_state unnamed(struct client *c, struct step *s)
{
	return unnamed_as(c, s, s->ev->status);
}

static enum client_state named(struct client *c, struct step *s)
{
	if (s->ev->n_addrs == 0)
		return unnamed_as(c, s, ST_NOT_FOUND);
	c->n_addrs = s->ev->n_addrs < CLIENT_ADDRS ? s->ev->n_addrs : CLIENT_ADDRS;
	memcpy(c->addrs, s->ev->addrs, c->n_addrs * sizeof(c->addrs[0]));
	c->addr = 0;
	return aim(c, s);
}

static enum client_state up(struct client *c, struct step *s)
{
	c->up_ms = s->ev->now_ms;
	c->due_ms = CLIENT_NEVER;
	c->why = ST_OK;
	return CLIENT_UP;
}

/* Another address of the same name comes before another peer. */
static enum client_state failed_as(struct client *c, struct step *s, enum status why)
{
	c->why = why;
	if (c->addr + 1 >= c->n_addrs)
		return select_next(c, s);
	c->addr++;
	return aim(c, s);
}

static enum client_state failed(struct client *c, struct step *s)
{
	return failed_as(c, s, s->ev->status);
}

static enum client_state no_answer(struct client *c, struct step *s)
{
	s->order.close = true;
	return failed_as(c, s, ST_TIMEOUT);
}

static enum client_state asks(struct client *c, struct step *s)
{
	c->due_ms = s->ev->now_ms + CLIENT_ASK_MS;
	return CLIENT_CONNECTING;
}

static enum client_state answered(struct client *c, struct step *s)
{
	c->due_ms = s->ev->now_ms + CLIENT_TRY_MS;
	return CLIENT_CONNECTING;
}

static enum client_state no_name(struct client *c, struct step *s)
{
	return unnamed_as(c, s, ST_TIMEOUT);
}

/* A connection that comes and goes is a failing one: it keeps what was counted. */
static enum client_state down(struct client *c, struct step *s)
{
	c->why = s->ev->status;
	if (c->is_manual || c->why == ST_END_IDLE)
		return rest(c);
	if (s->ev->now_ms - c->up_ms >= CLIENT_STABLE_MS) {
		c->tried = 0;
		c->rounds = 0;
	}
	/* It is there again, and says so. */
	if (c->why == ST_END_CRASHED && s->ev->now_ms - c->up_ms >= CLIENT_CRASH_MS && c->n_addrs > 0)
		return aim(c, s);
	return select_next(c, s);
}

static bool may_follow(struct client *c, const struct client_event *ev)
{
	bool was_stable = c->state == CLIENT_UP && ev->now_ms - c->up_ms >= CLIENT_STABLE_MS;

	if (was_stable || ev->now_ms - c->redirects_ms >= CLIENT_REDIRECTS_MS)
		c->redirects = 0;
	if (c->redirects == 0)
		c->redirects_ms = ev->now_ms;
	return c->redirects < ev->max_redirects;
}

static enum client_state redirected(struct client *c, struct step *s)
{
	const struct client_event *ev = s->ev;

	if (!may_follow(c, ev)) {
		c->why = ST_REDIRECT_LOOP;
		return select_next(c, s);
	}
	c->redirects++;
	c->why = ST_REDIRECTED;
	c->elsewhere = (struct client_peer){.seq = client_peer(c)->seq,
		.addr = ev->gateway->addr,
		.family = ev->from->family};
	memcpy(c->elsewhere.name, ev->gateway->name, sizeof(c->elsewhere.name));
	c->is_elsewhere = true;
	c->redirected_from = *ev->from;
	c->n_addrs = 0;
	c->addr = 0;
	return aim(c, s);
}

/* ---- THE table ------------------------------------------------------------------------------ */

#define ROW(state, event, action) {CLIENT_##state, CE_##event, action}

static const struct {
	uint8_t state;
	uint8_t event;
	action *act;
} rows[] = {
	ROW(IDLE, START, start),
	ROW(IDLE, UP, up),

	ROW(RESOLVING, NAMED, named),
	ROW(RESOLVING, UNNAMED, unnamed),
	ROW(RESOLVING, TIME, no_name),
	ROW(RESOLVING, UP, up),
	ROW(RESOLVING, STOP, stop),
	ROW(RESOLVING, AGAIN, again),

	ROW(CONNECTING, UP, up),
	ROW(CONNECTING, FAILED, failed),
	ROW(CONNECTING, REDIRECTED, redirected),
	ROW(CONNECTING, ASKS, asks),
	ROW(CONNECTING, ANSWERED, answered),
	ROW(CONNECTING, TIME, no_answer),
	ROW(CONNECTING, STOP, stop),
	ROW(CONNECTING, AGAIN, again),

	ROW(UP, DOWN, down),
	ROW(UP, REDIRECTED, redirected),
	ROW(UP, STOP, stop),
	ROW(UP, AGAIN, again),

	ROW(WAITING, TIME, aim),
	ROW(WAITING, START, aim),
	ROW(WAITING, UP, up),
	ROW(WAITING, STOP, stop),
	ROW(WAITING, AGAIN, again),
};

static action *find(enum client_state state, enum client_event_kind kind)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].state == state && rows[i].event == kind)
			return rows[i].act;
	return NULL;
}

bool client_takes(enum client_state state, enum client_event_kind kind)
{
	return find(state, kind) != NULL;
}

struct client_order client_step(struct client *c, const struct client_event *ev)
{
	struct step s = {.ev = ev};
	action *act = find(c->state, ev->kind);

	if (act)
		c->state = act(c, &s);
	return s.order;
}

void client_found(struct client *c, const struct addr *peer)
{
	size_t by_name = c->n_peers, at = c->n_peers;

	for (size_t i = c->n_peers; i-- > 0;) {
		if (addr_eq(&c->peers[i].addr, peer))
			at = i;
		if (c->peers[i].addr.family == 0 && c->peers[i].family == peer->family)
			by_name = i;
	}
	/* With one that has a name the name says too little. */
	take_peer(c, at < c->n_peers ? at : by_name < c->n_peers ? by_name : 0);
	c->addrs[0] = *peer;
	c->n_addrs = 1;
}
