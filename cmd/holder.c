/*
 *   holder (root)  --- socket pair --->  main (own uid)
 *      | fork, drop, exec itself            | ASROOT_x requests
 *      | SIGTERM, SIGHUP are passed on      | exit 0: stopped as told
 *      | dead: at once again, then with growing pauses
 */
#include "cmd/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd/holder_become.h"
#include "cmd/holder_claim.h"
#include "cmd/holder_open.h"
#include "cmd/holder_program.h"
#include "cmd/stderr_log.h"

#define STABLE_MS 1000  /* ready for so long: its death is an accident, not a habit */
#define STOP_MS 8000    /* main has so long to say goodbye */
#define NEVER UINT64_MAX

/* One that was ready and then died waits no longer than the third: its users are waiting. */
static const uint32_t pauses_ms[] = {0, 200, 500, 1000, 2000, 5000};
#define PAUSES_READY 2
#define PAUSES_LAST 5

struct holder {
	const struct holder_options *options;
	struct kept kept;
	uid_t uid;
	gid_t gid;
	struct program program;
	int claim;
	int signals;
	int control; /* -1: no main */
	pid_t main_pid;
	uint64_t ready_ms; /* when main said so; NEVER: not yet */
	bool was_ever_ready;
	unsigned failures;
	uint64_t start_at_ms; /* NEVER: main is there */
	uint64_t kill_at_ms;
	bool is_stopping;
	int exit_code; /* -1: go on */
};

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- the service manager (sd_notify(3)) ------------------------------------------------------ */

static void notify(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;
	if (len < 2 || len >= sizeof(sa.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(sa.sun_path, path, len);
	if (path[0] == '@')
		sa.sun_path[0] = 0;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&sa,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

static void notify_state(enum asroot_state state)
{
	char text[64];
	switch (state) {
	case ASROOT_READY: notify("READY=1\n"); break;
	case ASROOT_RELOADING:
		snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu\n",
			 (unsigned long long)now_ms() * 1000);
		notify(text);
		break;
	case ASROOT_STOPPING: notify("STOPPING=1\n"); break;
	}
}

/* ---- limits ------------------------------------------------------------------------------------ */

static bool limit(int what, rlim_t value)
{
	struct rlimit r = {value, value};
	return setrlimit(what, &r) == 0;
}

/* Sockets for every worker in every VRF are many; more than the usual soft limit. */
static void raise_files(void)
{
	struct rlimit r;
	if (limit(RLIMIT_NOFILE, 65536) || getrlimit(RLIMIT_NOFILE, &r) != 0)
		return;
	(void)limit(RLIMIT_NOFILE, r.rlim_max);
}

/* ---- main's life ------------------------------------------------------------------------------ */

static void start_main(struct holder *h)
{
	const char *argv[] = {"sallyport", "run", "--as-main", h->options->state, h->options->socket, NULL};
	int pair[2];
	h->start_at_ms = NEVER;
	h->ready_ms = NEVER;
	kept_begin(&h->kept);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
		h->start_at_ms = now_ms() + 1000;
		return;
	}
	const char *program = program_choose(&h->program);
	pid_t pid = become(&(struct becoming){h->uid, h->gid, program, argv, pair[1]});
	h->kept.lua.program = program;
	h->kept.keys.program = program;
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		h->start_at_ms = now_ms() + 1000;
		return;
	}
	h->control = pair[0];
	h->main_pid = pid;
	LOG(EV_CHILD_START, kv_str("process", "main"), kv_u64("pid", (uint64_t)pid),
	    kv_u64("uid", h->uid), kv_str("program", program));
}

static void log_death(const struct holder *h, int how)
{
	if (WIFSIGNALED(how))
		LOG(EV_CHILD_DIED, kv_str("process", "main"), kv_u64("pid", (uint64_t)h->main_pid),
		    kv_u64("signal", (uint64_t)WTERMSIG(how)));
	else
		LOG(EV_CHILD_DIED, kv_str("process", "main"), kv_u64("pid", (uint64_t)h->main_pid),
		    kv_u64("exit", (uint64_t)WEXITSTATUS(how)),
		    kv_str("reason", become_exit_words(WEXITSTATUS(how))));
}

static void on_main_death(struct holder *h, int how)
{
	bool exited = WIFEXITED(how);
	int code = exited ? WEXITSTATUS(how) : 1;
	if (h->control >= 0)
		close(h->control);
	h->control = -1;
	if (h->is_stopping || (exited && code == 0)) {
		h->exit_code = exited ? code : 1;
		return;
	}
	log_death(h, how);
	if (exited && !h->was_ever_ready) {
		/* It never worked and said why: the operator is looking. */
		if (code == HOLDER_EXIT_CONFIG)
			fprintf(stderr, "sallyport: %s cannot be used; try: sallyport check %s\n",
				h->options->config, h->options->config);
		h->exit_code = code;
		return;
	}
	if (h->ready_ms == NEVER)
		program_failed(&h->program, exited);
	if (h->ready_ms != NEVER && now_ms() - h->ready_ms >= STABLE_MS)
		h->failures = 0;
	unsigned last = h->ready_ms != NEVER ? PAUSES_READY : PAUSES_LAST;
	h->start_at_ms = now_ms() + pauses_ms[h->failures < last ? h->failures : last];
	h->failures++;
}

static void reap(struct holder *h)
{
	int how;
	pid_t pid;
	while ((pid = waitpid(-1, &how, WNOHANG)) > 0) {
		if (holder_lua_reaped(&h->kept.lua, pid) || holder_keys_reaped(&h->kept.keys, pid) ||
		    pid != h->main_pid)
			continue;
		on_main_death(h, how);
		h->main_pid = 0;
	}
}

static void stop(struct holder *h)
{
	if (!h->main_pid) {
		h->exit_code = 0;
		return;
	}
	/* Asked a second time: no goodbyes. */
	kill(h->main_pid, h->is_stopping ? SIGKILL : SIGTERM);
	if (!h->is_stopping)
		h->kill_at_ms = now_ms() + STOP_MS;
	h->is_stopping = true;
	notify_state(ASROOT_STOPPING);
}

static void on_signal(struct holder *h)
{
	struct signalfd_siginfo si;
	if (read(h->signals, &si, sizeof(si)) != sizeof(si))
		return;
	switch (si.ssi_signo) {
	case SIGCHLD: reap(h); break;
	case SIGHUP:
		if (h->main_pid)
			kill(h->main_pid, SIGHUP);
		break;
	default: stop(h); break;
	}
}

static void on_request(struct holder *h)
{
	struct asroot_request rq;
	struct asroot_reply reply;
	int fds[ASROOT_FDS];
	int rc = asroot_receive(h->control, &rq);
	if (rc == 0) {
		/* Main closed its end and cannot ask again: whatever it is, it is not working. */
		close(h->control);
		h->control = -1;
		if (h->main_pid && !h->is_stopping)
			kill(h->main_pid, SIGKILL);
	}
	if (rc != 1)
		return;
	kept_do(&h->kept, &rq, &reply, fds);
	asroot_answer(h->control, &reply, fds);
	kept_answered(&h->kept);
	if (!h->kept.told)
		return;
	h->kept.told = false;
	notify_state(h->kept.state);
	if (h->kept.state == ASROOT_READY) {
		if (h->ready_ms == NEVER)
			h->ready_ms = now_ms();
		h->was_ever_ready = true;
		program_worked(&h->program);
	}
}

static int patience(const struct holder *h)
{
	uint64_t at = h->start_at_ms < h->kill_at_ms ? h->start_at_ms : h->kill_at_ms;
	uint64_t now = now_ms();
	if (at == NEVER)
		return -1;
	return at > now ? (int)(at - now) : 0;
}

static void live(struct holder *h)
{
	while (h->exit_code < 0) {
		struct pollfd p[2] = {{.fd = h->signals, .events = POLLIN},
				      {.fd = h->control, .events = POLLIN}};
		if (poll(p, 2, patience(h)) < 0 && errno != EINTR)
			break;
		if (p[0].revents)
			on_signal(h);
		if (p[1].revents && h->control >= 0)
			on_request(h);
		if (h->start_at_ms <= now_ms() && h->exit_code < 0)
			start_main(h);
		if (h->kill_at_ms <= now_ms() && h->main_pid) {
			kill(h->main_pid, SIGKILL);
			h->kill_at_ms = NEVER;
		}
	}
}

/* ---- before anything else ---------------------------------------------------------------------- */

/* The account's numbers, read from the file itself: a static program has no name service. */
static void find_account(struct holder *h)
{
	h->uid = HOLDER_UID;
	h->gid = HOLDER_UID;
	FILE *f = fopen("/etc/passwd", "re");
	if (!f)
		return;
	for (struct passwd *p; (p = fgetpwent(f)) != NULL;) {
		if (strcmp(p->pw_name, HOLDER_ACCOUNT) == 0 && p->pw_uid != 0) {
			h->uid = p->pw_uid;
			h->gid = p->pw_gid;
		}
	}
	fclose(f);
}

static bool give_to_main(const struct holder *h, const char *path, mode_t mode)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool ok = fd >= 0 && fchown(fd, h->uid, h->gid) == 0 && fchmod(fd, mode) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

/* It keeps its owner: a mistyped path must not give away a folder of the system. */
static void look_at_folder(const struct holder *h, const char *path)
{
	struct stat s;
	if (stat(path, &s) != 0 || s.st_uid == h->uid || (s.st_mode & S_IWOTH) ||
	    (s.st_gid == h->gid && (s.st_mode & S_IWGRP)))
		return;
	fprintf(stderr, "sallyport: %s was there before and is not for uid %u to write to\n", path,
		(unsigned)h->uid);
}

/* Creates path with its parents; only what is new becomes main's own. */
static bool own_folder(const struct holder *h, const char *path, mode_t mode)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	bool made = false;
	while (len > 1 && path[len - 1] == '/')
		len--;
	if (len >= sizeof(part))
		return false;
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && i != len)
			continue;
		memcpy(part, path, i);
		part[i] = 0;
		made = mkdir(part, i == len ? mode : 0755) == 0;
		if (!made && errno != EEXIST)
			return false;
	}
	if (!made)
		look_at_folder(h, path);
	return !made || give_to_main(h, part, mode);
}

static bool make_folders(const struct holder *h)
{
	char run[PATH_MAX];
	if (!own_folder(h, h->options->state, 0750)) {
		fprintf(stderr, "sallyport: cannot create %s: %s\n", h->options->state, strerror(errno));
		return false;
	}
	snprintf(run, sizeof(run), "%s", h->options->socket);
	char *slash = strrchr(run, '/');
	if (slash && slash != run) {
		*slash = 0;
		if (!own_folder(h, run, 0755)) {
			fprintf(stderr, "sallyport: cannot create %s: %s\n", run, strerror(errno));
			return false;
		}
	}
	return true;
}

/* Nothing of our memory, and of main's, which inherits both, may reach a core file. */
static bool no_cores(void)
{
	int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, "0", 1) == 1;
	if (fd >= 0)
		close(fd);
	return limit(RLIMIT_CORE, 0) && ok && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

static bool begin(struct holder *h)
{
	sigset_t mine;
	sigemptyset(&mine);
	sigaddset(&mine, SIGCHLD);
	sigaddset(&mine, SIGTERM);
	sigaddset(&mine, SIGINT);
	sigaddset(&mine, SIGHUP);
	if (geteuid() != 0) {
		fprintf(stderr, "sallyport: run needs root (it gives up all it does not need)\n");
		return false;
	}
	/* Of main too: neither shall die of a log that nobody reads. */
	signal(SIGPIPE, SIG_IGN);
	program_init(&h->program);
	find_account(h);
	raise_files();
	if (!no_cores()) {
		fprintf(stderr, "sallyport: cannot switch core files off (is /proc mounted?): %s\n",
			strerror(errno));
		return false;
	}
	enum status st = claim_take(&h->claim);
	if (st != ST_OK) {
		fprintf(stderr, "sallyport: %s%s\n",
			st == ST_EXISTS ? "another one runs in this network namespace" :
					  "cannot lock a file in /run: ",
			st == ST_EXISTS ? "" : strerror(errno));
		return false;
	}
	if (!make_folders(h))
		return false;
	sigprocmask(SIG_BLOCK, &mine, NULL);
	h->signals = signalfd(-1, &mine, SFD_CLOEXEC);
	if (h->signals < 0 || kept_init(&h->kept, h->options->config) != ST_OK)
		return false;
	h->kept.lua.uid = h->uid;
	h->kept.lua.gid = h->gid;
	return true;
}

int holder_main(const struct holder_options *options)
{
	struct holder h = {.options = options, .control = -1, .start_at_ms = 0, .kill_at_ms = NEVER,
			   .ready_ms = NEVER, .exit_code = -1};
	log_set_sink(stderr_log, NULL);
	if (!begin(&h))
		return 1;
	live(&h);
	kept_fini(&h.kept);
	close(h.signals);
	claim_give_back(h.claim);
	return h.exit_code < 0 ? 1 : h.exit_code;
}
