#include "modules/lua/lua.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "modules/lua/report.h"

#define RECORDS     64   /* read in one turn: a process that never stops talking must not stop the loop */
#define SETTLED_MAX 4096 /* answers that wait for the next turn */

struct lua *lua_new(const struct lua_ports *ports, void *ctx)
{
	struct lua *l = mem_new(sizeof(*l));

	if (!l)
		return NULL;
	l->ports = *ports;
	l->ctx = ctx;
	l->armed_ms = LUA_NEVER;
	list_init(&l->waiting);
	list_init(&l->settled);
	for (unsigned i = 0; i < SLOTS; i++)
		slot_init(&l->slots[i], &l->ports, ctx, i);
	return l;
}

void lua_free(struct lua *l)
{
	if (!l)
		return;
	for (unsigned i = 0; i < SLOTS; i++)
		slot_clear(&l->slots[i]);
	calls_free(&l->waiting);
	calls_free(&l->settled);
	call_free(l->under_way);
	mem_free(l);
}

static uint64_t now(const struct lua *l)
{
	return l->ports.now_ms(l->ctx);
}

/* ---- answers ---------------------------------------------------------------------------------- */

static void answer(struct lua *l, uint64_t number, struct lua_answer *a)
{
	a->permit = a->verdict == VERDICT_PASS || a->verdict == VERDICT_CHANGE ||
		    (a->verdict == VERDICT_FAILED && !l->deny_on_failure);
	switch (a->verdict) {
	case VERDICT_PASS: l->counts.passed++; break;
	case VERDICT_CHANGE: l->counts.changed++; break;
	case VERDICT_DENY: l->counts.denied++; break;
	case VERDICT_FAILED: l->counts.failed++; break;
	}
	l->ports.answer(l->ctx, number, a);
}

/* Answered in the next turn: not from inside of lua_ask. */
static void settle(struct lua *l, struct call *c, enum verdict verdict, const char *why)
{
	if (!hook_asks(c->hook)) {
		call_free(c);
		return;
	}
	c->verdict = verdict;
	c->why = why;
	list_push_back(&l->settled, &c->in_list);
	l->n_settled++;
}

static struct call *take_first(struct lua *l)
{
	struct call *c;

	if (list_empty(&l->waiting))
		return NULL;
	c = CONTAINER_OF(l->waiting.next, struct call, in_list);
	list_del(&c->in_list);
	l->n_waiting--;
	return c;
}

/* Who asks for a name has proved nothing yet: those that have go first. */
static struct call *take_next(struct lua *l)
{
	LIST_EACH(at, &l->waiting) {
		struct call *c = CONTAINER_OF(at, struct call, in_list);

		if (c->hook == HOOK_IDENTITY)
			continue;
		list_del(&c->in_list);
		l->n_waiting--;
		return c;
	}
	return take_first(l);
}

static void settle_all(struct lua *l, enum verdict verdict, const char *why)
{
	struct call *c;

	while ((c = take_first(l)) != NULL)
		settle(l, c, verdict, why);
	if (l->under_way) {
		c = l->under_way;
		l->under_way = NULL;
		if (c->is_cancelled)
			call_free(c);
		else
			settle(l, c, verdict, why);
	}
}

/* Those that are settled now; what is settled by the way waits for its own turn. */
static void deliver(struct lua *l)
{
	for (size_t n = l->n_settled; n > 0 && !list_empty(&l->settled); n--) {
		struct call *c = CONTAINER_OF(l->settled.next, struct call, in_list);
		struct lua_answer a = {.verdict = c->verdict, .script = "", .text = c->why ? c->why : ""};
		uint64_t number = c->number;

		list_del(&c->in_list);
		l->n_settled--;
		call_free(c);
		answer(l, number, &a);
	}
}

/* ---- the process ------------------------------------------------------------------------------ */

static void switch_over(struct lua *l)
{
	struct slot *old = l->active;

	l->is_switching = false;
	l->active = l->coming;
	l->coming = NULL;
	if (old)
		slot_clear(old);
	report(l, LUA_LOG_IN_FORCE, "", "the scripts are in force");
}

/* The call under way is over. */
static void finish(struct lua *l, struct lua_answer *a)
{
	struct call *c = l->under_way;
	uint64_t number = c->number;
	bool is_wanted = hook_asks(c->hook) && !c->is_cancelled;

	l->under_way = NULL;
	call_free(c);
	if (l->is_switching)
		switch_over(l);
	if (is_wanted)
		answer(l, number, a);
}

/* why is an answer for the one who waits for it. */
static void lose(struct lua *l, struct slot *s, const char *why)
{
	struct lua_answer a = {.verdict = VERDICT_FAILED, .script = "", .text = why};

	slot_pause(s, now(l));
	if (s == l->coming)
		l->is_switching = false;
	if (s == l->active && l->under_way)
		finish(l, &a);
}

static void lose_noted(struct lua *l, struct slot *s, enum lua_log_kind kind, const char *why)
{
	const struct set_script *only = s->state == SLOT_BUSY ? set_only(s->set, s->hook) : NULL;

	if (kind == LUA_LOG_KILLED)
		l->counts.kills++;
	report(l, kind, only ? only->name : "", why);
	lose(l, s, why);
}

static void on_late(struct lua *l, struct slot *s)
{
	char text[SCRIPT_WORDS];

	if (s->state == SLOT_BUSY)
		snprintf(text, sizeof(text), "script process killed after %llu ms in %s",
			(unsigned long long)(now(l) - l->under_way->since_ms), hook_name(s->hook));
	else if (s->state == SLOT_LOADING)
		snprintf(text, sizeof(text), "script process killed after %d ms of loading %s", SLOT_LOAD_MS,
			s->set->scripts[s->loading].name);
	else
		snprintf(text, sizeof(text), "script process not there after %d ms", SLOT_LOAD_MS);
	lose_noted(l, s, LUA_LOG_KILLED, text);
}

static void start_again(struct lua *l, struct slot *s)
{
	l->counts.starts++;
	if (!slot_start(s, now(l)))
		report(l, LUA_LOG_DIED, "", s->why);
}

/* Gives the process the next call when it is idle. */
static void pump(struct lua *l)
{
	struct slot *s = l->active;

	while (s && s->state == SLOT_IDLE && !l->under_way && !list_empty(&l->waiting)) {
		struct call *c = take_next(l);

		if (!(s->set->hooks & HOOK_BIT(c->hook))) {
			settle(l, c, VERDICT_PASS, NULL);
			continue;
		}
		l->msg.type = LUA_MSG_CALL;
		l->msg.serial = ++l->serial;
		l->msg.hook = c->hook;
		l->msg.wall_ms = l->ports.wall_ms(l->ctx);
		l->msg.encoded = (struct view){c->encoded, c->len};
		if (!slot_call(s, &l->msg, now(l) + l->wall_ms)) {
			/* The process knows nothing of it: the next one gets it. */
			list_push_front(&l->waiting, &c->in_list);
			l->n_waiting++;
			lose_noted(l, s, LUA_LOG_DIED, s->why);
			return;
		}
		c->since_ms = now(l);
		l->under_way = c;
	}
}

static void expire(struct lua *l)
{
	struct call *c;

	while ((c = calls_first_question(&l->waiting)) != NULL && c->since_ms + l->wait_ms <= now(l)) {
		list_del(&c->in_list);
		l->n_waiting--;
		l->counts.failed_queue++;
		settle(l, c, VERDICT_FAILED, "the scripts had no time for it: it waited too long");
	}
}

static void arm(struct lua *l)
{
	const struct call *c = calls_first_question(&l->waiting);
	uint64_t at = l->n_settled ? now(l) : LUA_NEVER;

	if (c && c->since_ms + l->wait_ms < at)
		at = c->since_ms + l->wait_ms;
	for (unsigned i = 0; i < SLOTS; i++) {
		if (l->slots[i].at_ms < at)
			at = l->slots[i].at_ms;
	}
	if (at != l->armed_ms)
		l->ports.wake_at(l->ctx, at);
	l->armed_ms = at;
}

/* ---- what the process says -------------------------------------------------------------------- */

static void count(struct lua *l, struct set *set, const struct lua_msg *m, uint64_t took_ms)
{
	struct set_script *last = &set->scripts[m->script];
	/* Its own clock is finer than ours, its word is not better. */
	uint64_t limit_us = (took_ms + 1) * 1000;
	uint32_t us = m->us < limit_us ? m->us : (uint32_t)limit_us;

	for (size_t i = 0; i <= m->script; i++)
		set->scripts[i].calls += (set->scripts[i].hooks & HOOK_BIT(l->under_way->hook)) != 0;
	if (m->verdict == VERDICT_DENY)
		last->denials++;
	if (m->verdict == VERDICT_FAILED)
		last->errors++;
	if (us > l->counts.slowest_us)
		l->counts.slowest_us = us;
}

static bool is_believed(const struct lua *l, const struct slot *s, const struct lua_msg *m)
{
	enum hook h = l->under_way->hook;

	if (m->serial != l->serial || m->script >= s->set->n ||
		!(s->set->scripts[m->script].hooks & HOOK_BIT(h)))
		return false;
	if (m->verdict == VERDICT_DENY || m->verdict == VERDICT_CHANGE)
		return hook_asks(h) && (m->verdict == VERDICT_DENY || changes_are_good(h, &m->pairs));
	return true;
}

static void on_result(struct lua *l, struct slot *s)
{
	const struct lua_msg *m = &l->msg;
	char text[SCRIPT_WORDS], name[SCRIPT_NAME];
	struct lua_answer a = {.verdict = m->verdict, .script = name, .text = text};

	if (!is_believed(l, s, m)) {
		lose_noted(l, s, LUA_LOG_KILLED, "the script process gives an answer that cannot be");
		return;
	}
	report_clean(m->text, text);
	/* The set may go with the call. */
	memcpy(name, s->set->scripts[m->script].name, sizeof(name));
	if (m->verdict == VERDICT_PASS || m->verdict == VERDICT_CHANGE)
		name[0] = 0;
	count(l, s->set, m, now(l) - l->under_way->since_ms);
	if (m->verdict == VERDICT_FAILED) {
		memcpy(s->set->scripts[m->script].error, text, sizeof(text));
		report(l, LUA_LOG_ERROR, name, text);
	}
	if (m->verdict == VERDICT_CHANGE)
		a.changes = &m->pairs;
	finish(l, &a);
}

static void on_ready(struct lua *l, struct slot *s)
{
	if (s != l->coming)
		return;
	l->is_switching = true;
	if (!l->under_way)
		switch_over(l);
}

static void on_bad_set(struct lua *l, struct slot *s)
{
	/* They were good once: it is not the text. */
	if (s == l->active) {
		lose(l, s, "");
		return;
	}
	slot_give_up(s);
	if (!l->active)
		settle_all(l, VERDICT_FAILED, "the scripts have errors");
}

static void on_event(struct lua *l, struct slot *s, enum slot_event e)
{
	switch (e) {
	case SLOT_NOTHING: break;
	case SLOT_PRINTED: report_print(l, s, now(l)); break;
	case SLOT_STEP: report_loaded(l, s); break;
	case SLOT_READY:
		report_loaded(l, s);
		on_ready(l, s);
		break;
	case SLOT_BAD_SET:
		report_loaded(l, s);
		on_bad_set(l, s);
		break;
	case SLOT_ANSWERED: on_result(l, s); break;
	case SLOT_LOST: lose_noted(l, s, LUA_LOG_DIED, s->why); break;
	}
}

static struct slot *slot_of(struct lua *l, int fd)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		if (l->slots[i].fd == fd && fd >= 0)
			return &l->slots[i];
	}
	return NULL;
}

void lua_on_readable(struct lua *l, int fd)
{
	struct slot *s;

	for (int i = 0; i < RECORDS && (s = slot_of(l, fd)) != NULL; i++) {
		enum slot_event e = slot_read(s, now(l), l->ports.wall_ms(l->ctx), &l->msg);

		on_event(l, s, e);
		if (e == SLOT_NOTHING)
			break;
		pump(l);
	}
	deliver(l);
	arm(l);
}

void lua_on_time(struct lua *l)
{
	l->armed_ms = LUA_NEVER;
	for (unsigned i = 0; i < SLOTS; i++) {
		struct slot *s = &l->slots[i];

		if (s->at_ms > now(l))
			continue;
		if (s->state == SLOT_PAUSED)
			start_again(l, s);
		else
			on_late(l, s);
	}
	expire(l);
	pump(l);
	deliver(l);
	arm(l);
}

/* ---- the configuration ------------------------------------------------------------------------ */

static void be_off(struct lua *l)
{
	for (unsigned i = 0; i < SLOTS; i++)
		slot_clear(&l->slots[i]);
	l->active = l->coming = NULL;
	l->is_switching = false;
	settle_all(l, VERDICT_PASS, NULL);
	arm(l);
}

enum status lua_configure(struct lua *l, const struct lua_config *c)
{
	struct set *set;
	enum status st;

	if (!c || !c->n_scripts) {
		be_off(l);
		return ST_OK;
	}
	st = set_new(c, &set);
	if (st != ST_OK)
		return st;
	l->deny_on_failure = c->deny_on_failure;
	l->wall_ms = c->wall_ms;
	l->wait_ms = c->wait_ms;
	l->queue = c->queue;
	l->is_switching = false;
	l->coming = l->active == &l->slots[0] ? &l->slots[1] : &l->slots[0];
	l->counts.starts++;
	if (!slot_use(l->coming, set, now(l)))
		report(l, LUA_LOG_DIED, "", l->coming->why);
	arm(l);
	return ST_OK;
}

bool lua_permits(const struct lua *l)
{
	return !l->deny_on_failure;
}

bool lua_has(const struct lua *l, enum hook h)
{
	if (l->active)
		return l->active->set->hooks & HOOK_BIT(h);
	return l->coming && (hook_asks(h) || l->coming->state != SLOT_FAILED);
}

/* ---- asking ----------------------------------------------------------------------------------- */

static void enqueue(struct lua *l, struct call *c)
{
	c->since_ms = now(l);
	list_push_back(&l->waiting, &c->in_list);
	l->n_waiting++;
	pump(l);
}

enum status lua_ask(struct lua *l, uint64_t number, enum hook h, const struct pairs *in)
{
	struct call *c;
	enum status st;

	if (!hook_asks(h))
		return ST_INTERNAL;
	if (l->n_settled >= SETTLED_MAX)
		return ST_LIMIT;
	st = call_new(h, in, &c);
	if (st != ST_OK)
		return st;
	c->number = number;
	l->counts.asked++;
	if (!lua_has(l, h)) {
		settle(l, c, VERDICT_PASS, NULL);
	} else if (!l->active && l->coming->state == SLOT_FAILED) {
		settle(l, c, VERDICT_FAILED, "the scripts have errors");
	} else if (l->n_waiting >= l->queue) {
		l->counts.failed_queue++;
		settle(l, c, VERDICT_FAILED, "the scripts had no time for it: too many are waiting");
	} else {
		enqueue(l, c);
	}
	arm(l);
	return ST_OK;
}

void lua_tell(struct lua *l, enum hook h, const struct pairs *in)
{
	struct call *c;

	if (hook_asks(h) || !lua_has(l, h))
		return;
	l->counts.told++;
	if (l->n_waiting >= (l->queue + 1) / 2 || call_new(h, in, &c) != ST_OK) {
		l->counts.told_dropped++;
		return;
	}
	enqueue(l, c);
	arm(l);
}

void lua_cancel(struct lua *l, uint64_t number)
{
	struct call *c = calls_find(&l->waiting, number);

	if (l->under_way && hook_asks(l->under_way->hook) && l->under_way->number == number) {
		l->under_way->is_cancelled = true;
		return;
	}
	if (c) {
		l->n_waiting--;
	} else {
		c = calls_find(&l->settled, number);
		if (!c)
			return;
		l->n_settled--;
	}
	list_del(&c->in_list);
	call_free(c);
	arm(l);
}
