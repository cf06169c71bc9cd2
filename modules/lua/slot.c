#include "modules/lua/slot.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint32_t pauses_ms[] = {0, 100, 500, 1000, 2000, 5000};
#define PAUSES   (sizeof(pauses_ms) / sizeof(pauses_ms[0]))
#define QUIET_MS 10000 /* loaded for so long: the next loss is the first again */

void slot_init(struct slot *s, const struct lua_ports *ports, void *ctx, unsigned number)
{
	memset(s, 0, sizeof(*s));
	s->ports = ports;
	s->ctx = ctx;
	s->number = number;
	s->fd = -1;
	s->at_ms = LUA_NEVER;
}

static void end_process(struct slot *s)
{
	if (s->fd < 0)
		return;
	s->ports->unwatch(s->ctx, s->fd);
	close(s->fd);
	s->fd = -1;
	s->ports->stop(s->ctx, s->number);
}

void slot_clear(struct slot *s)
{
	end_process(s);
	set_free(s->set);
	slot_init(s, s->ports, s->ctx, s->number);
}

void slot_give_up(struct slot *s)
{
	end_process(s);
	s->state = SLOT_FAILED;
	s->at_ms = LUA_NEVER;
}

void slot_pause(struct slot *s, uint64_t now_ms)
{
	bool was_loaded = s->state == SLOT_IDLE || s->state == SLOT_BUSY;

	end_process(s);
	if (was_loaded && now_ms - s->ready_ms >= QUIET_MS)
		s->losses = 0;
	s->state = SLOT_PAUSED;
	s->at_ms = now_ms + pauses_ms[s->losses < PAUSES ? s->losses : PAUSES - 1];
	s->losses++;
}

/* ---- saying ----------------------------------------------------------------------------------- */

/* It has read all that was said before, so a record always has room: anything else is a loss. */
static bool say(struct slot *s, const struct lua_msg *m)
{
	struct wr w = wr_init(s->buffer, LUA_MSG_MAX);

	lua_msg_build(&w, m);
	s->lines = 0;
	if (!wr_ok(&w)) {
		s->why = "a message to the script process is too long";
		return false;
	}
	if (send(s->fd, s->buffer, w.len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)w.len)
		return true;
	s->why = "the script process does not listen";
	return false;
}

static bool say_script(struct slot *s, size_t i, uint64_t now_ms, int64_t wall_ms, struct lua_msg *m)
{
	const struct set_script *script = &s->set->scripts[i];

	m->type = LUA_MSG_SCRIPT;
	m->wall_ms = wall_ms;
	memcpy(m->name, script->name, sizeof(m->name));
	m->text = (struct view){(const uint8_t *)script->text, script->len};
	m->encoded = (struct view){script->settings, script->settings_len};
	s->state = SLOT_LOADING;
	s->loading = i;
	s->at_ms = now_ms + SLOT_LOAD_MS;
	return say(s, m);
}

bool slot_call(struct slot *s, const struct lua_msg *m, uint64_t deadline_ms)
{
	if (!say(s, m))
		return false;
	s->state = SLOT_BUSY;
	s->hook = m->hook;
	s->at_ms = deadline_ms;
	return true;
}

/* ---- starting --------------------------------------------------------------------------------- */

bool slot_start(struct slot *s, uint64_t now_ms)
{
	const struct lua_msg m = {.type = LUA_MSG_LIMITS,
		.memory_kb = s->set->memory_kb,
		.instructions = s->set->instructions,
		.n_scripts = (uint8_t)s->set->n};
	/* Room for the longest record, however the system is set up. */
	const int room = 2 * LUA_MSG_MAX;

	set_forget(s->set);
	if (s->ports->start(s->ctx, s->number, &s->fd) != ST_OK) {
		s->fd = -1;
		s->why = "the script process cannot be started";
		slot_pause(s, now_ms);
		return false;
	}
	(void)setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	s->ports->watch(s->ctx, s->fd);
	s->state = SLOT_STARTING;
	s->at_ms = now_ms + SLOT_LOAD_MS;
	if (say(s, &m))
		return true;
	slot_pause(s, now_ms);
	return false;
}

bool slot_use(struct slot *s, struct set *set, uint64_t now_ms)
{
	slot_clear(s);
	s->set = set;
	return slot_start(s, now_ms);
}

/* ---- hearing ---------------------------------------------------------------------------------- */

static enum slot_event lost(struct slot *s, const char *why)
{
	s->why = why;
	return SLOT_LOST;
}

static enum slot_event whole(struct slot *s, uint64_t now_ms)
{
	unsigned hooks = 0;

	for (size_t i = 0; i < s->set->n; i++) {
		if (!s->set->scripts[i].is_loaded)
			return SLOT_BAD_SET;
		hooks |= s->set->scripts[i].hooks;
	}
	s->set->hooks = hooks;
	s->state = SLOT_IDLE;
	s->at_ms = LUA_NEVER;
	s->ready_ms = now_ms;
	return SLOT_READY;
}

/* The event is about this one; the next is told already. */
static enum slot_event on_loaded(struct slot *s, uint64_t now_ms, int64_t wall_ms, struct lua_msg *m)
{
	struct set_script *script = &s->set->scripts[s->loading];

	s->last_loaded = s->loading;
	if (m->type == LUA_MSG_LOADED) {
		script->hooks = m->hooks;
		script->is_loaded = true;
	} else {
		memcpy(script->error, m->text.p, m->text.len);
		script->error[m->text.len] = 0;
	}
	if (s->loading + 1 == s->set->n)
		return whole(s, now_ms);
	return say_script(s, s->loading + 1, now_ms, wall_ms, m) ? SLOT_STEP : SLOT_LOST;
}

static enum slot_event on_print(struct slot *s, const struct lua_msg *m)
{
	bool may = s->state == SLOT_LOADING ? m->script == s->loading
					    : s->state == SLOT_BUSY && m->script < s->set->n;

	if (!may)
		return lost(s, "the script process speaks without being asked");
	if (++s->lines > SCRIPT_LINES)
		return lost(s, "the script process says too much");
	return SLOT_PRINTED;
}

static enum slot_event on_answer(struct slot *s, uint64_t now_ms, int64_t wall_ms, struct lua_msg *m)
{
	static const char unasked[] = "the script process answers what it was not asked";

	switch (m->type) {
	case LUA_MSG_READY:
		if (s->state != SLOT_STARTING)
			return lost(s, unasked);
		return say_script(s, 0, now_ms, wall_ms, m) ? SLOT_NOTHING : SLOT_LOST;
	case LUA_MSG_LOADED:
	case LUA_MSG_LOAD_ERROR:
		return s->state == SLOT_LOADING ? on_loaded(s, now_ms, wall_ms, m) : lost(s, unasked);
	case LUA_MSG_LOG: return on_print(s, m);
	case LUA_MSG_RESULT: break;
	default: return lost(s, unasked);
	}
	if (s->state != SLOT_BUSY)
		return lost(s, unasked);
	s->state = SLOT_IDLE;
	s->at_ms = LUA_NEVER;
	return SLOT_ANSWERED;
}

enum slot_event slot_read(struct slot *s, uint64_t now_ms, int64_t wall_ms, struct lua_msg *m)
{
	ssize_t n = recv(s->fd, s->buffer, sizeof(s->buffer), MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return SLOT_NOTHING;
	if (n <= 0)
		return lost(s, "the script process died");
	if (n > LUA_MSG_MAX ||
		lua_msg_parse_answer((struct view){s->buffer, (size_t)n}, m) != ST_OK)
		return lost(s, "the script process sends what cannot be read");
	return on_answer(s, now_ms, wall_ms, m);
}
