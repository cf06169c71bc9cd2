/* The real script process, forked: what it may still do, that it ends as it should, and main's side with
 * it: what Lua cannot count is ended by the wall clock, and the next call is answered. */
#include "modules/lua/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "modules/lua/filter.h"
#include "modules/lua/lua.h"
#include "modules/lua/msg.h"
#include "tests/lib/t.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_WATCHED true
#endif
#endif
#ifndef IS_WATCHED
#define IS_WATCHED false
#endif

/* ---- the process ------------------------------------------------------------------------------ */

static pid_t start_process(int *fd)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
		abort();
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(lua_process_main(pair[1]));
	close(pair[1]);
	*fd = pair[0];
	return pid;
}

/* Its exit status, or 1000 + signal. */
static int end_of(pid_t pid)
{
	int how;

	if (waitpid(pid, &how, 0) != pid)
		return -1;
	return WIFEXITED(how) ? WEXITSTATUS(how) : 1000 + WTERMSIG(how);
}

static struct lua_msg m;
static uint8_t record[LUA_MSG_MAX];

static void say(int fd, const struct lua_msg *what)
{
	struct wr w = wr_init(record, sizeof(record));

	lua_msg_build(&w, what);
	if (!wr_ok(&w) || send(fd, record, w.len, MSG_NOSIGNAL) != (ssize_t)w.len)
		abort();
}

/* False: nothing for two seconds, or its end. */
static bool hear(int fd)
{
	struct pollfd p = {fd, POLLIN, 0};
	ssize_t n = poll(&p, 1, 2000) == 1 ? recv(fd, record, sizeof(record), 0) : 0;

	return n > 0 && lua_msg_parse_answer((struct view){record, (size_t)n}, &m) == ST_OK;
}

static struct lua_msg script(const char *text)
{
	return (struct lua_msg){.type = LUA_MSG_SCRIPT,
		.name = "a.lua",
		.text = {(const uint8_t *)text, strlen(text)}};
}

static const struct lua_msg limits = {
	.type = LUA_MSG_LIMITS, .memory_kb = 4096, .instructions = 1000000, .n_scripts = 1};

static void file_of(pid_t pid, const char *name, char *out, size_t cap)
{
	char path[64];
	size_t n;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	file = fopen(path, "r");
	n = file ? fread(out, 1, cap - 1, file) : 0;
	out[n] = 0;
	if (file)
		fclose(file);
}

static void confined(void)
{
	static char text[16384];
	char path[64], *line;
	struct lua_msg s = script("function authorize() print('here') end");
	int fd, open_fds = 0;
	pid_t pid;

	/* It is not left open to the process, whatever its number. */
	int stray = dup(0);
	T_TRUE(stray >= 0);
	pid = start_process(&fd);
	say(fd, &limits);
	T_TRUE(hear(fd) && m.type == LUA_MSG_READY);
	say(fd, &s);
	T_TRUE(hear(fd) && m.type == LUA_MSG_LOADED && m.hooks == HOOK_BIT(HOOK_AUTHORIZE));
	file_of(pid, "status", text, sizeof(text));
	T_TRUE(strstr(text, "Name:\tsallyport-lua\n") != NULL);
	T_TRUE(strstr(text, "NoNewPrivs:\t1\n") != NULL);
	T_TRUE(IS_WATCHED || strstr(text, "Seccomp:\t2\n") != NULL);
	file_of(pid, "limits", text, sizeof(text));
	for (int i = 0; i < 4; i++) {
		static const char *const names[] = {
			"Max core file size", "Max file size", "Max processes", "Max address space"};
		T_ROW(i, names[i]);
		line = strstr(text, names[i]);
		T_TRUE(line != NULL);
		long value = strtol(line + 26, NULL, 10);
		T_TRUE(i < 3 ? value == 0 && line[26] == '0'
			     : IS_WATCHED || (value > 4 << 20 && value < 128 << 20));
	}
	for (int i = 0; i < 64; i++) {
		char target[64];
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, i);
		open_fds += readlink(path, target, sizeof(target)) > 0;
	}
	T_EQ(open_fds, 1); /* not even standard error */
	close(stray);
	say(fd, &(struct lua_msg){.type = LUA_MSG_CALL, .serial = 5, .hook = HOOK_AUTHORIZE});
	T_TRUE(hear(fd) && m.type == LUA_MSG_LOG && m.text.len == 4);
	T_TRUE(hear(fd) && m.type == LUA_MSG_RESULT && m.serial == 5 && m.verdict == VERDICT_PASS);
	close(fd);
	T_EQ(end_of(pid), 0);
}

/* Main is trusted, and yet: what is not understood ends it. */
static void not_understood(void)
{
	static uint8_t longest[LUA_MSG_MAX + 64];
	int room = 4 * LUA_MSG_MAX;
	struct lua_msg s = script("function authorize() end");

	for (int i = 0; i < 6; i++) {
		int fd;
		pid_t pid = start_process(&fd);

		T_ROW(i, "record");
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
		if (i == 1 || i == 2) {
			say(fd, &limits);
			T_TRUE(hear(fd));
		}
		switch (i) {
		case 0: T_EQ(send(fd, "x", 1, 0), 1); break;
		case 1: say(fd, &limits); break;
		case 2: T_EQ(send(fd, longest, sizeof(longest), 0), sizeof(longest)); break;
		case 3: say(fd, &s); break;
		case 4: say(fd, &(struct lua_msg){.type = LUA_MSG_CALL}); break;
		case 5: say(fd, &(struct lua_msg){.type = LUA_MSG_READY}); break;
		}
		T_TRUE(!hear(fd));
		T_EQ(end_of(pid), 1);
		close(fd);
	}
	/* Not one of the standard descriptors. */
	for (int fd = -1; fd <= 2; fd++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(lua_process_main(fd));
		T_EQ(end_of(pid), 1);
	}
}

/* It has a serial of its own and answers as often as it is asked. */
static void answers(void)
{
	struct lua_msg s = script("n = 0 function authorize(s) n = n + 1 return {domain = s.identity .. n} end");
	int fd;
	pid_t pid = start_process(&fd);

	say(fd, &limits);
	T_TRUE(hear(fd));
	say(fd, &s);
	T_TRUE(hear(fd));
	for (uint32_t i = 1; i <= 200; i++) {
		struct lua_msg c = {.type = LUA_MSG_CALL, .serial = i, .hook = HOOK_AUTHORIZE};
		char expected[20];

		pairs_init(&c.pairs);
		pairs_add(&c.pairs, "identity", "anna");
		say(fd, &c);
		T_TRUE(hear(fd) && m.type == LUA_MSG_RESULT && m.serial == i && m.verdict == VERDICT_CHANGE);
		snprintf(expected, sizeof(expected), "anna%u", i);
		T_STR(pairs_get(&m.pairs, "domain"), expected);
	}
	close(fd);
	T_EQ(end_of(pid), 0);
}

/* ---- the filter ------------------------------------------------------------------------------- */

static int try_call(int which)
{
	char c;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !filter_install())
		return 99;
	switch (which) {
	case 0:
		return send(pair[0], "x", 1, 0) == 1 && recv(pair[1], &c, 1, 0) == 1 &&
				       mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
					       0) != MAP_FAILED
			       ? 7
			       : 8;
	case 1: return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != NULL;
	case 2: return open("/etc/passwd", O_RDONLY);
	case 3: return socket(AF_INET, SOCK_DGRAM, 0);
	case 4: return fork() == 0;
	case 5: return execl("/bin/true", "true", NULL);
	case 6: return kill(1, 0);
	case 7: return (int)syscall(SYS_getpid);
	case 8: return mprotect((void *)((uintptr_t)&c & ~(uintptr_t)4095), 4096, PROT_READ);
	case 9: return close(pair[0]);
	case 10: return (int)syscall(SYS_ptrace, 0, 0, 0, 0);
#if defined(__x86_64__)
	case 11: return (int)syscall(SYS_getpid | 0x40000000);
#endif
	default: return (int)syscall(SYS_recvmsg, pair[1], NULL, 0);
	}
}

static void filter(void)
{
	/* The sanitizers make calls of their own, so that they cannot show what is allowed. */
	for (int i = IS_WATCHED ? 1 : 0; i < 12; i++) {
		pid_t pid;

		T_ROW(i, "call");
		fflush(stdout);
		pid = fork();
		if (pid == 0)
			_exit(try_call(i));
		T_EQ(end_of(pid), i == 0 ? 7 : 1000 + SIGSYS);
	}
}

/* ---- main with it ----------------------------------------------------------------------------- */

static struct {
	struct lua *lua;
	pid_t pid[2];
	int fd[2]; /* watched */
	uint64_t wake;
	unsigned answers;
	enum verdict verdict;
	char text[SCRIPT_WORDS];
	char value[PAIRS_VALUE];
	unsigned printed;
	unsigned kills;
} b;

static uint64_t now_ms(void *ctx)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int64_t wall_ms(void *ctx)
{
	return 1715768430000;
}

static void on_stop(void *ctx, unsigned slot)
{
	if (!b.pid[slot])
		return;
	kill(b.pid[slot], SIGKILL);
	end_of(b.pid[slot]);
	b.pid[slot] = 0;
}

static enum status on_start(void *ctx, unsigned slot, int *fd)
{
	on_stop(ctx, slot);
	b.pid[slot] = start_process(fd);
	return ST_OK;
}

static void on_watch(void *ctx, int fd)
{
	b.fd[b.fd[0] >= 0] = fd;
}

static void on_unwatch(void *ctx, int fd)
{
	b.fd[b.fd[0] != fd] = -1;
}

static void on_wake(void *ctx, uint64_t at_ms)
{
	b.wake = at_ms;
}

static void on_answer(void *ctx, uint64_t number, const struct lua_answer *a)
{
	b.answers++;
	b.verdict = a->verdict;
	snprintf(b.text, sizeof(b.text), "%s", a->text);
	snprintf(b.value, sizeof(b.value), "%s", a->changes ? pairs_value(a->changes, 0) : "");
}

static void on_log(void *ctx, enum lua_log_kind kind, const char *name, const char *text)
{
	b.printed += kind == LUA_LOG_PRINT;
	b.kills += kind == LUA_LOG_KILLED;
}

static const struct lua_ports ports = {
	on_start, on_stop, on_watch, on_unwatch, now_ms, wall_ms, on_wake, on_answer, on_log};

/* Until there are so many answers, ten seconds at most. */
static bool run_until(unsigned answers)
{
	const uint64_t end = now_ms(NULL) + 10000;

	while (b.answers < answers && now_ms(NULL) < end) {
		struct pollfd p[2] = {{b.fd[0], POLLIN, 0}, {b.fd[1], POLLIN, 0}};
		uint64_t now = now_ms(NULL);
		uint64_t ms = b.wake <= now ? 0 : b.wake - now < 100 ? b.wake - now : 100;

		poll(p, 2, (int)ms);
		for (int i = 0; i < 2; i++) {
			if (p[i].revents)
				lua_on_readable(b.lua, p[i].fd);
		}
		if (b.wake <= now_ms(NULL)) {
			b.wake = LUA_NEVER;
			lua_on_time(b.lua);
		}
	}
	return b.answers == answers;
}

static void configure(const char *text, uint32_t wall)
{
	const struct lua_script s = {"a.lua", text, strlen(text), NULL};
	const struct lua_config c = {.deny_on_failure = true,
		.memory_kb = 2048,
		.instructions = 3000000,
		.wall_ms = wall,
		.queue = 100,
		.wait_ms = 5000,
		.scripts = &s,
		.n_scripts = 1};

	T_EQ(lua_configure(b.lua, &c), ST_OK);
}

static void begin(const char *text, uint32_t wall)
{
	memset(&b, 0, sizeof(b));
	b.fd[0] = b.fd[1] = -1;
	b.wake = LUA_NEVER;
	b.lua = lua_new(&ports, NULL);
	T_TRUE(b.lua != NULL);
	T_DO(configure(text, wall));
}

static void ask(uint64_t number, const char *identity)
{
	struct pairs p;

	pairs_init(&p);
	pairs_add(&p, "identity", identity);
	T_EQ(lua_ask(b.lua, number, HOOK_AUTHORIZE, &p), ST_OK);
}

static void end(void)
{
	lua_free(b.lua);
	T_TRUE(!b.pid[0] && !b.pid[1] && b.fd[0] < 0 && b.fd[1] < 0);
	T_EQ(mem_live(), 0);
}

static const char evil[] =
	"function authorize(s)\n"
	" if s.identity == 'find' then return ('a'):rep(300000):find(('.-'):rep(30) .. 'b') end\n"
	" if s.identity == 'move' then return table.move({}, 1, math.maxinteger - 1, 2) end\n"
	" if s.identity == 'insert' then return table.insert(setmetatable({}, {__len = function() return "
	"math.maxinteger - 1 end}), 1, 1) end\n"
	" if s.identity == 'loop' then while true do pcall(function() while true do end end) end end\n"
	" if s.identity == 'memory' then return ('x'):rep(1e9) end\n"
	" if s.identity == 'print' then for i = 1, 1e5 do print(i) end end\n"
	" if s.identity == 'deny' then deny('no') end\n"
	" return {domain = os.date('%a %H:%M')}\n"
	"end";

/* What takes long inside of a library function is killed, the others are answered. */
static void wall_time(void)
{
	static const char *const killed[] = {"find", "move", "insert"};
	struct lua_info info;

	T_DO(begin(evil, 300));
	for (unsigned i = 0; i < 3; i++) {
		uint64_t start;

		T_ROW(i, killed[i]);
		T_DO(ask(1, "anna"));
		T_TRUE(run_until(3 * i + 1));
		T_EQ(b.verdict, VERDICT_CHANGE);
		T_STR(b.value, "Wed 10:20");
		start = now_ms(NULL);
		T_DO(ask(2, killed[i]));
		T_DO(ask(3, "anna"));
		T_TRUE(run_until(3 * i + 2));
		T_EQ(b.verdict, VERDICT_FAILED);
		T_TRUE(strncmp(b.text, "script process killed after ", 28) == 0);
		T_TRUE(now_ms(NULL) - start >= 300 && now_ms(NULL) - start < 3000);
		T_TRUE(run_until(3 * i + 3));
		T_EQ(b.verdict, VERDICT_CHANGE);
		T_EQ(b.kills, i + 1);
	}
	lua_info(b.lua, &info);
	T_TRUE(info.kills == 3 && info.starts == 4 && info.state == LUA_READY && info.slowest_us > 0);
	T_DO(end());
}

/* What Lua counts itself is an error, and the process goes on. */
static void budgets(void)
{
	uint64_t second;

	T_DO(begin(evil, 5000));
	T_DO(ask(1, "loop"));
	T_TRUE(run_until(1));
	T_STR(b.text, "a.lua:5: stopped after 3000000 instructions in authorize");
	T_DO(ask(2, "memory"));
	T_TRUE(run_until(2));
	T_STR(b.text, "a.lua: not enough memory in authorize, the limit is 2048 KiB");
	/* Of its lines at most 20 in each second of the clock that it took. */
	second = now_ms(NULL) / 1000;
	T_DO(ask(3, "print"));
	T_TRUE(run_until(3));
	T_EQ(b.verdict, VERDICT_CHANGE);
	T_TRUE(b.printed >= 20 && b.printed <= 20 * (now_ms(NULL) / 1000 - second + 1));
	T_DO(ask(4, "deny"));
	T_TRUE(run_until(4));
	T_TRUE(b.verdict == VERDICT_DENY);
	T_STR(b.text, "no");
	/* A reload that has errors, and one that has none. */
	T_DO(configure("function authorize( end", 5000));
	for (unsigned i = 5; i < 8; i++) {
		T_DO(ask(i, "anna"));
		T_TRUE(run_until(i));
		T_EQ(b.verdict, VERDICT_CHANGE);
	}
	T_DO(configure("function authorize() return {domain = 'new'} end", 5000));
	for (unsigned i = 8; strcmp(b.value, "new") != 0 && i < 100000; i++) {
		T_DO(ask(i, "anna"));
		T_TRUE(run_until(i));
		T_EQ(b.verdict, VERDICT_CHANGE);
	}
	T_STR(b.value, "new");
	T_EQ(b.kills, 0);
	T_DO(end());
}

/* Killed from outside in the middle of things. */
static void killed(void)
{
	T_DO(begin(evil, 5000));
	T_DO(ask(1, "anna"));
	T_TRUE(run_until(1));
	kill(b.pid[0], SIGKILL);
	T_DO(ask(2, "anna"));
	T_DO(ask(3, "anna"));
	T_TRUE(run_until(3));
	T_EQ(b.verdict, VERDICT_CHANGE);
	T_DO(end());
}

int main(void)
{
	T_RUN(confined);
	T_RUN(not_understood);
	T_RUN(answers);
	T_RUN(filter);
	T_RUN(wall_time);
	T_RUN(budgets);
	T_RUN(killed);
	return t_end();
}
