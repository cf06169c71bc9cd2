#include "cmd/wire_lua.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/check.h"
#include "cmd/check_scripts.h"
#include "cmd/holder_proto.h"
#include "cmd/wire_ports.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/ike/id_text.h"
#include "core/session/attributes.h"
#include "db/store.h"
#include "modules/loop/loop.h"
#include "modules/lua/lua.h"

#define QUEUE 1024   /* calls that may wait */
#define WAIT_MS 5000 /* and how long */

/* A question of the engine that a script has in hand. */
struct asked {
	struct list in_list;
	uint64_t number;
	struct ike_answer answer; /* what it is if the script has nothing to say */
};

struct wire_lua {
	struct wire *wire;
	struct lua *lua;
	struct loop_timer *timer;
	struct loop_fd *watch[ASROOT_LUA_PLACES];
	int fd[ASROOT_LUA_PLACES]; /* -1: none */
	struct list asked;
	struct lua_info *info;
	uint64_t counted[2]; /* of info: already in the loop's counters */
};

/* ---- the texts ---------------------------------------------------------------------------------- */

struct wire_scripts {
	size_t n;
	struct wire_script {
		char name[CONF_SCRIPT_NAME + 4];
		char *text;
		size_t len;
		struct pairs settings;
	} *v;
};

void wire_lua_scripts_free(struct wire_scripts *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		mem_free(s->v[i].text);
	mem_free(s->v);
	mem_free(s);
}

/* The operator's own file comes before a shipped script of that name. */
static enum status read_text(struct wire *w, const char *name, char **text, size_t *len)
{
	int fds[ASROOT_FDS];
	struct asroot_reply reply;
	struct asroot_request rq = {.op = ASROOT_SCRIPT};
	snprintf(rq.script, sizeof(rq.script), "%s", name);
	enum status st = asroot_call(w->control, &rq, &reply, fds);
	if (st == ST_OK) {
		st = lseek(fds[0], 0, SEEK_SET) == 0 ? check_read(fds[0], text, len) : ST_IO;
		close(fds[0]);
		return st;
	}
	const char *shipped = scripts_shipped(name);
	if (st != ST_NOT_FOUND || !shipped)
		return st;
	*len = strlen(shipped);
	*text = mem_dup(shipped, *len + 1);
	return *text ? ST_OK : ST_NOMEM;
}

static enum status stand_in(const char *why, struct wire_script *out)
{
	size_t cap = strlen(why) + 32;
	out->text = mem_new(cap);
	if (!out->text)
		return ST_NOMEM;
	out->len = (size_t)snprintf(out->text, cap, "error([[%s]], 0)", why);
	return ST_OK;
}

static enum status read_one(struct wire *w, const struct conf_script *s, bool is_lenient,
			    struct wire_script *out, char *why, size_t cap)
{
	snprintf(out->name, sizeof(out->name), "%s.lua", s->name);
	enum status st = read_text(w, s->name, &out->text, &out->len);
	pairs_init(&out->settings);
	for (size_t i = 0; i < s->setting_count; i++)
		pairs_add(&out->settings, s->settings[i].name, s->settings[i].value);
	if (out->settings.is_full)
		st = ST_LIMIT;
	if (st == ST_OK)
		return st;
	if (st == ST_NOT_FOUND)
		snprintf(why, cap, "script %s: there is no lua/%s.lua beside the configuration, and no shipped "
			 "script of that name", s->name, s->name);
	else
		snprintf(why, cap, "script %s: %s", s->name, st == ST_IO ? strerror(errno) : status_words(st));
	if (!is_lenient || st == ST_NOMEM)
		return st;
	mem_free(out->text);
	pairs_init(&out->settings);
	return stand_in(why, out);
}

_Static_assert(CONF_SCRIPTS <= SCRIPTS_MAX, "as many as there may be");

enum status wire_lua_read(struct wire *w, const struct snapshot *s, bool is_lenient,
			  struct wire_scripts **out, char *why, size_t cap)
{
	struct wire_scripts *all = mem_new(sizeof(*all));
	enum status st = ST_OK;
	if (all)
		all->v = mem_array(s->script_count + 1, sizeof(*all->v));
	if (!all || !all->v) {
		wire_lua_scripts_free(all);
		return ST_NOMEM;
	}
	for (size_t i = 0; i < s->script_count && st == ST_OK; i++)
		if (!s->scripts[i].shutdown)
			st = read_one(w, &s->scripts[i], is_lenient, &all->v[all->n++], why, cap);
	if (st != ST_OK) {
		wire_lua_scripts_free(all);
		return st;
	}
	*out = all;
	return ST_OK;
}

/* ---- ports of the module ------------------------------------------------------------------------ */

static void on_fd(void *ctx, int fd)
{
	struct wire_lua *l = ctx;
	lua_on_readable(l->lua, fd);
}

static enum status port_start(void *ctx, unsigned slot, int *fd)
{
	struct wire_lua *l = ctx;
	int fds[ASROOT_FDS];
	struct asroot_reply reply;
	struct asroot_request rq = {.op = ASROOT_LUA, .index = slot};
	enum status st = asroot_call(l->wire->control, &rq, &reply, fds);
	if (st != ST_OK)
		return st;
	if (fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0) {
		close(fds[0]);
		return ST_IO;
	}
	*fd = fds[0];
	return ST_OK;
}

static void port_stop(void *ctx, unsigned slot)
{
	struct wire_lua *l = ctx;
	struct asroot_reply reply;
	struct asroot_request rq = {.op = ASROOT_LUA, .index = slot, .is_delete = 1};
	(void)!asroot_call(l->wire->control, &rq, &reply, NULL);
}

static void port_unwatch(void *ctx, int fd)
{
	struct wire_lua *l = ctx;
	for (unsigned i = 0; i < ASROOT_LUA_PLACES; i++) {
		if (l->fd[i] != fd)
			continue;
		loop_fd_del(l->watch[i]);
		l->watch[i] = NULL;
		l->fd[i] = -1;
	}
}

/* Without memory for a watch the process seems silent, and is replaced. */
static void port_watch(void *ctx, int fd)
{
	struct wire_lua *l = ctx;
	port_unwatch(ctx, fd);
	for (unsigned i = 0; i < ASROOT_LUA_PLACES; i++) {
		if (l->fd[i] != -1)
			continue;
		if (loop_fd_add(l->wire->loop, fd, false, on_fd, l, &l->watch[i]) == ST_OK)
			l->fd[i] = fd;
		return;
	}
}

static uint64_t port_now_ms(void *ctx)
{
	return loop_now_ms();
}

static int64_t port_wall_ms(void *ctx)
{
	return loop_wall_ms();
}

static void port_wake_at(void *ctx, uint64_t at_ms)
{
	struct wire_lua *l = ctx;
	loop_timer_at(l->timer, at_ms);
}

static void on_time(void *ctx)
{
	struct wire_lua *l = ctx;
	lua_on_time(l->lua);
}

static void port_log(void *ctx, enum lua_log_kind kind, const char *script, const char *text)
{
	static const enum event events[] = {
		[LUA_LOG_LOADED] = EV_SCRIPTS, [LUA_LOG_LOAD_ERROR] = EV_SCRIPT_ERROR,
		[LUA_LOG_IN_FORCE] = EV_SCRIPTS, [LUA_LOG_ERROR] = EV_SCRIPT_ERROR,
		[LUA_LOG_KILLED] = EV_SCRIPT_ERROR, [LUA_LOG_DIED] = EV_SCRIPT_ERROR,
		[LUA_LOG_PRINT] = EV_SCRIPT_LOG, [LUA_LOG_LEFT_OUT] = EV_SUPPRESSED,
	};
	LOG(events[kind], kv_str("script", script[0] ? script : "all"), kv_str("text", text));
}

/* ---- answers ------------------------------------------------------------------------------------ */

/* A sentence of a script is a foreign text: printable, and short enough. */
static void refuse(struct ike_answer *a, enum status st, const char *text)
{
	a->status = st;
	escape_bytes(a->detail, sizeof(a->detail), text, strlen(text));
}

static void fail(struct wire_lua *l, struct ike_answer *a, const char *text, bool permit)
{
	stats_inc(l->wire->stats, CT_HOOK_FAILED);
	if (!permit)
		refuse(a, ST_HOOK_FAILED, text);
}

static void take_identity(struct ike_answer *a, const struct pairs *changes)
{
	const char *profile = pairs_get(changes, "profile"), *name = pairs_get(changes, "name");
	if (profile)
		snprintf(a->profile, sizeof(a->profile), "%.*s", IKE_NAME_LEN - 1, profile);
	if (name)
		snprintf(a->name, sizeof(a->name), "%.*s", IKE_ID_LEN - 1, name);
}

static void take_attributes(struct wire_lua *l, struct ike_answer *a, const struct pairs *changes)
{
	struct session *s = session_find(l->wire->sessions, &a->session);
	char detail[IKE_DETAIL_LEN] = "";
	if (!s) {
		refuse(a, ST_NOT_FOUND, "the session ended meanwhile");
		return;
	}
	if (attributes_apply(l->wire->conf, changes, s, detail) == ST_OK)
		return;
	LOG(EV_SCRIPT_ERROR, kv_str("script", "all"), kv_str("text", detail));
	fail(l, a, detail, lua_permits(l->lua));
}

static struct asked *find(const struct wire_lua *l, uint64_t number)
{
	LIST_EACH(at, &l->asked) {
		struct asked *q = CONTAINER_OF(at, struct asked, in_list);
		if (q->number == number)
			return q;
	}
	return NULL;
}

static void forget(struct asked *q)
{
	list_del(&q->in_list);
	mem_free(q);
}

static void port_answer(void *ctx, uint64_t number, const struct lua_answer *a)
{
	struct wire_lua *l = ctx;
	struct asked *q = find(l, number);
	if (!q)
		return;
	/* It is nobody's any more: the engine may ask the next question from inside the answer. */
	list_del(&q->in_list);
	switch (a->verdict) {
	case VERDICT_PASS: break;
	case VERDICT_CHANGE:
		if (q->answer.kind == ASK_HOOK)
			take_identity(&q->answer, a->changes);
		else
			take_attributes(l, &q->answer, a->changes);
		break;
	case VERDICT_DENY:
		stats_inc(l->wire->stats, CT_HOOK_REFUSED);
		refuse(&q->answer, ST_HOOK_REFUSED, a->text);
		break;
	case VERDICT_FAILED: fail(l, &q->answer, a->text, a->permit); break;
	}
	if (l->wire->ike)
		ike_on_answer(l->wire->ike, number, &q->answer);
	mem_free(q);
}

/* ---- life --------------------------------------------------------------------------------------- */

static const struct lua_ports ports = {
	.start = port_start,
	.stop = port_stop,
	.watch = port_watch,
	.unwatch = port_unwatch,
	.now_ms = port_now_ms,
	.wall_ms = port_wall_ms,
	.wake_at = port_wake_at,
	.answer = port_answer,
	.log = port_log,
};

enum status wire_lua_open(struct wire *w)
{
	struct wire_lua *l = mem_new(sizeof(*l));
	if (!l)
		return ST_NOMEM;
	w->lua = l;
	l->wire = w;
	list_init(&l->asked);
	for (unsigned i = 0; i < ASROOT_LUA_PLACES; i++)
		l->fd[i] = -1;
	l->info = mem_new(sizeof(*l->info));
	if (!l->info || loop_timer_new(w->loop, on_time, l, &l->timer) != ST_OK)
		return ST_NOMEM;
	l->lua = lua_new(&ports, l);
	w->world.lua = l->lua;
	return l->lua ? ST_OK : ST_NOMEM;
}

void wire_lua_close(struct wire *w)
{
	struct wire_lua *l = w->lua;
	if (!l)
		return;
	if (l->lua)
		lua_free(l->lua);
	w->world.lua = NULL;
	LIST_EACH_SAFE(at, &l->asked)
		forget(CONTAINER_OF(at, struct asked, in_list));
	if (l->timer)
		loop_timer_free(l->timer);
	mem_free(l->info);
	mem_free(l);
	w->lua = NULL;
}

enum status wire_lua_configure(struct wire *w, const struct snapshot *s, const struct wire_scripts *scripts)
{
	struct lua_script v[SCRIPTS_MAX];
	struct lua_config c = {
		.deny_on_failure = !s->own.lua_permit,
		.memory_kb = s->own.lua_memory_kb,
		.instructions = (uint64_t)s->own.lua_instructions * 1000,
		.wall_ms = s->own.lua_time_ms,
		.queue = QUEUE,
		.wait_ms = WAIT_MS,
		.scripts = v,
		.n_scripts = scripts->n,
	};
	for (size_t i = 0; i < scripts->n; i++)
		v[i] = (struct lua_script){scripts->v[i].name, scripts->v[i].text, scripts->v[i].len,
					   &scripts->v[i].settings};
	return lua_configure(w->lua->lua, &c);
}

/* ---- questions ---------------------------------------------------------------------------------- */

/* Of all there is to say, what this hook is told. Valid until the next call. */
static const struct pairs *only_seen(const struct pairs *all, enum hook h)
{
	static struct pairs out;
	pairs_init(&out);
	out.is_full = all->is_full;
	for (size_t i = 0; i < all->n; i++) {
		const struct field *f = field_find(pairs_name(all, i));
		if (f && (f->sees & HOOK_BIT(h)))
			pairs_add(&out, pairs_name(all, i), pairs_value(all, i));
	}
	return &out;
}

static void add(struct pairs *p, const char *name, const char *value)
{
	if (value[0])
		pairs_add(p, name, value);
}

static const char *vrf_name(const struct wire *w, uint32_t vrf)
{
	const char *name = snapshot_vrf_name(w->conf, vrf);
	return name ? name : "";
}

static void identity_pairs(const struct wire *w, const struct ike_question *q, struct pairs *p)
{
	char text[PAIRS_VALUE];
	add(p, "identity", id_text(&q->peer_id, text, sizeof(text)));
	add(p, "identity_type", identity_type_name(q->peer_id.type));
	add(p, "profile", q->profile);
	add(p, "role", q->we_are_initiator ? "initiator" : "responder");
	add(p, "local", endpoint_format(&q->local, text));
	add(p, "remote", endpoint_format(&q->remote, text));
	add(p, "vrf", vrf_name(w, q->local.vrf));
}

static bool authorize_pairs(const struct wire *w, const struct ulid *session, struct pairs *p)
{
	const struct session *s = session_find(w->sessions, session);
	if (!s)
		return false;
	attributes_who(s, vrf_name(w, s->local.vrf), p);
	attributes_of(s, p);
	return true;
}

bool wire_lua_ask(struct wire *w, uint64_t number, const struct ike_question *q, struct ike_answer *answer)
{
	struct wire_lua *l = w->lua;
	enum hook h = q->kind == ASK_HOOK ? HOOK_IDENTITY : HOOK_AUTHORIZE;
	static struct pairs in; /* the loop thread's */
	if (q->we_are_initiator || !lua_has(l->lua, h))
		return false;
	struct asked *a = mem_new(sizeof(*a));
	if (!a) {
		refuse(answer, ST_NOMEM, status_words(ST_NOMEM));
		return false;
	}
	pairs_init(&in);
	if (h == HOOK_IDENTITY)
		identity_pairs(w, q, &in);
	else if (!authorize_pairs(w, &answer->session, &in))
		in.is_full = true;
	const struct pairs *seen = only_seen(&in, h);
	enum status st = seen->is_full ? ST_LIMIT : lua_ask(l->lua, number, h, seen);
	if (st != ST_OK) {
		fail(l, answer, "no script could be asked: too much to say, or too many are waiting",
		     lua_permits(l->lua));
		mem_free(a);
		return false;
	}
	a->number = number;
	a->answer = *answer;
	list_push_back(&l->asked, &a->in_list);
	return true;
}

void wire_lua_cancel(struct wire *w, uint64_t number)
{
	struct asked *q = w->lua ? find(w->lua, number) : NULL;
	if (!q)
		return;
	lua_cancel(w->lua->lua, number);
	forget(q);
}

static void session_pairs(const struct wire *w, const struct session *s, struct pairs *p)
{
	char text[PREFIX_TEXT];
	attributes_who(s, vrf_name(w, s->local.vrf), p);
	add(p, "pool", s->pool4);
	add(p, "pool6", s->pool6);
	if (s->grant->ip4.family)
		add(p, "ip4", addr_format(&s->grant->ip4, text));
	if (s->grant->ip6.family)
		add(p, "ip6", prefix_format(&(struct prefix){s->grant->ip6, s->grant->ip6_prefix_len}, text));
}

void wire_lua_up(struct wire *w, const struct session *s)
{
	static struct pairs in;
	if (!w->lua || !lua_has(w->lua->lua, HOOK_SESSION_UP)) /* the store answers after the end too */
		return;
	pairs_init(&in);
	session_pairs(w, s, &in);
	lua_tell(w->lua->lua, HOOK_SESSION_UP, only_seen(&in, HOOK_SESSION_UP));
}

void wire_lua_down(struct wire *w, const struct session *s, enum status why, const struct store_traffic *total)
{
	static struct pairs in;
	uint64_t now = (uint64_t)loop_wall_ms();
	if (!w->lua || !lua_has(w->lua->lua, HOOK_SESSION_DOWN))
		return;
	pairs_init(&in);
	session_pairs(w, s, &in);
	add(&in, "reason", status_token(why));
	pairs_add_u64(&in, "seconds", now > s->start_ms ? (now - s->start_ms) / 1000 : 0);
	pairs_add_u64(&in, "bytes_in", total->bytes_in);
	pairs_add_u64(&in, "bytes_out", total->bytes_out);
	pairs_add_u64(&in, "packets_in", total->packets_in);
	pairs_add_u64(&in, "packets_out", total->packets_out);
	lua_tell(w->lua->lua, HOOK_SESSION_DOWN, only_seen(&in, HOOK_SESSION_DOWN));
}

void wire_lua_quota(struct wire *w, const struct session *s, const struct terms_quota *q, uint64_t used)
{
	static struct pairs in;
	if (!w->lua || !lua_has(w->lua->lua, HOOK_SESSION_QUOTA))
		return;
	pairs_init(&in);
	session_pairs(w, s, &in);
	pairs_add_u64(&in, "percent", q->state == QUOTA_OVER ? 100 : QUOTA_NEAR_PERCENT);
	add(&in, "direction", quota_way_word((enum quota_way)q->way));
	add(&in, "period", quota_period_word((enum quota_period)q->period));
	pairs_add_u64(&in, "used", used);
	pairs_add_u64(&in, "limit", q->octets);
	add(&in, "action", q->map[0] ? q->map : "disconnect");
	lua_tell(w->lua->lua, HOOK_SESSION_QUOTA, only_seen(&in, HOOK_SESSION_QUOTA));
}

/* ---- numbers ------------------------------------------------------------------------------------ */

uint64_t wire_lua_count(struct wire *w)
{
	struct wire_lua *l = w->lua;
	if (!l || !l->lua)
		return 0;
	lua_info(l->lua, l->info);
	const uint64_t now[] = {l->info->asked + l->info->told, l->info->kills};
	static const enum counter counters[] = {CT_HOOK_CALLS, CT_HOOK_KILLS};
	for (size_t i = 0; i < sizeof(now) / sizeof(now[0]); i++) {
		stats_add(w->stats, counters[i], now[i] - l->counted[i]);
		l->counted[i] = now[i];
	}
	return l->info->waiting;
}
