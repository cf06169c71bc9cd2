#include "modules/lua/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "modules/lua/filter.h"
#include "modules/lua/msg.h"
#include "modules/lua/vm.h"

/* The sanitizers have their own mappings and calls; what they watch is not confined. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_WATCHED true
#endif
#endif
#ifndef IS_WATCHED
#define IS_WATCHED false
#endif

#define NICE 10
#define BASE_BYTES (48u << 20) /* address space of the program without scripts, generously */

struct process {
	int fd;
	struct vm *vm;
	struct lua_msg in;
	struct lua_msg out;
	struct vm_answer answer;
	uint8_t record[LUA_MSG_MAX + 1];
	uint8_t built[LUA_MSG_MAX];
};

/* ---- the conversation ------------------------------------------------------------------------- */

/* False: main is gone. */
static bool say(struct process *p)
{
	struct wr w = wr_init(p->built, sizeof(p->built));
	ssize_t n;

	lua_msg_build(&w, &p->out);
	if (!wr_ok(&w))
		return false;
	do
		n = send(p->fd, p->built, w.len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)w.len;
}

static struct view words(const char *text)
{
	return (struct view){(const uint8_t *)text, strlen(text)};
}

static void on_print(void *ctx, uint8_t script, const char *text)
{
	struct process *p = ctx;

	p->out = (struct lua_msg){.type = LUA_MSG_LOG, .script = script, .text = words(text)};
	/* That main is gone is seen with the answer. */
	(void)say(p);
}

/* Zero: main's end closed. */
static ssize_t hear(struct process *p)
{
	ssize_t n;

	do
		n = recv(p->fd, p->record, sizeof(p->record), MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	return n;
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- being confined --------------------------------------------------------------------------- */

static bool limit(int what, rlim_t value)
{
	struct rlimit r = {value, value};

	return setrlimit(what, &r) == 0;
}

static bool close_others(int fd)
{
	const unsigned keep = (unsigned)fd;

	/* Standard error too: what stands in the journal is ours. */
	return keep > STDERR_FILENO && close_range(0, keep - 1, 0) == 0 &&
	       close_range(keep + 1, ~0u, 0) == 0;
}

static bool be_small(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0 || !close_others(fd))
		return false;
	/* A script that loops must not take main's core while its time runs out. Best effort. */
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	return limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NPROC, 0) &&
	       limit(RLIMIT_NOFILE, (rlim_t)fd + 1) && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_NAME, "sallyport-lua") == 0;
}

/* Twice the budgets: blocks have heads and gaps, and one that grows stands there twice for a moment. */
static bool be_confined(const struct lua_msg *m)
{
	rlim_t bytes = BASE_BYTES + (rlim_t)m->memory_kb * 1024 * 2 * m->n_scripts;

	return IS_WATCHED || (limit(RLIMIT_AS, bytes) && filter_install());
}

/* ---- what main asks --------------------------------------------------------------------------- */

static bool on_limits(struct process *p)
{
	const struct script_limits limits = {(size_t)p->in.memory_kb * 1024, p->in.instructions};

	if (p->vm)
		return false;
	p->vm = vm_new(&limits, on_print, p);
	if (!p->vm || !be_confined(&p->in))
		return false;
	p->out = (struct lua_msg){.type = LUA_MSG_READY};
	return say(p);
}

static bool on_script(struct process *p)
{
	char why[SCRIPT_WORDS];
	unsigned hooks =
		vm_load(p->vm, p->in.name, p->in.text, &p->in.pairs, p->in.wall_ms, why);

	p->out = (struct lua_msg){.type = hooks ? LUA_MSG_LOADED : LUA_MSG_LOAD_ERROR,
		.hooks = (uint8_t)hooks};
	if (!hooks)
		p->out.text = words(why);
	return say(p);
}

static bool on_call(struct process *p)
{
	const uint64_t start = now_us();
	uint64_t us;

	vm_call(p->vm, p->in.hook, &p->in.pairs, p->in.wall_ms, &p->answer);
	us = now_us() - start;
	p->out = (struct lua_msg){.type = LUA_MSG_RESULT,
		.serial = p->in.serial,
		.verdict = p->answer.verdict,
		.script = p->answer.script,
		.us = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX,
		.text = words(p->answer.words)};
	p->out.pairs = p->answer.changes;
	return say(p);
}

static bool on_record(struct process *p, size_t len)
{
	if (len > LUA_MSG_MAX || lua_msg_parse_ask((struct view){p->record, len}, &p->in) != ST_OK)
		return false;
	if (p->in.type == LUA_MSG_LIMITS)
		return on_limits(p);
	if (!p->vm)
		return false;
	return p->in.type == LUA_MSG_SCRIPT ? on_script(p) : on_call(p);
}

int lua_process_main(int fd)
{
	struct process *p = mem_new(sizeof(*p));
	int code = 1;
	ssize_t n;

	if (!p || !be_small(fd))
		goto out;
	p->fd = fd;
	while ((n = hear(p)) > 0) {
		if (!on_record(p, (size_t)n))
			goto out;
	}
	code = n == 0 ? 0 : 1;
out:
	if (p)
		vm_free(p->vm);
	mem_free(p);
	return code;
}
