#include "cmd/demo_task.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct {
	int signals; /* descriptor */
	int got;
} the;

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

bool task_begin(void)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction now;
	sigset_t mine;
	sigemptyset(&mine);
	/* Who started us may want one ignored (nohup); a blocked one would come all the same. */
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (sigaction(ends[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(&mine, ends[i]);
	signal(SIGCHLD, SIG_DFL); /* ignored, it would take the exit codes away */
	the.got = 0;
	the.signals = sigprocmask(SIG_BLOCK, &mine, NULL) == 0 ? signalfd(-1, &mine, SFD_CLOEXEC) : -1;
	return the.signals >= 0;
}

int task_signal(void)
{
	return the.got;
}

/* In the child: standard input is empty, there may be no /dev/null here. */
static bool set_streams(int output)
{
	int empty = memfd_create("empty", MFD_CLOEXEC);
	if (empty < 0 || dup2(empty, STDIN_FILENO) < 0)
		return false;
	return output < 0 || (dup2(output, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0);
}

static _Noreturn void become(const struct task_plan *plan, pid_t parent)
{
	sigset_t none;
	sigemptyset(&none);
	setpgid(0, 0);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent ||
	    !set_streams(plan->output) ||
	    (plan->netns >= 0 && setns(plan->netns, CLONE_NEWNET) != 0))
		_exit(70);
	/* One that nobody reads any more ends by it, as every program does. */
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	int rc = plan->run(plan->ctx);
	fflush(NULL);
	_exit(rc);
}

bool task_start(struct task *t, const struct task_plan *plan)
{
	pid_t parent = getpid();
	*t = (struct task){.pidfd = -1};
	/* Or the child would write once more what is still waiting here. */
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		become(plan, parent);
	if (pid < 0)
		return false;
	t->pid = pid;
	t->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (t->pidfd >= 0)
		return true;
	task_end(t, SIGKILL, 0);
	return false;
}

/* heed: signals to the demo end the wait. */
static enum task_news await(int task, int fd, bool heed, unsigned ms)
{
	uint64_t end = now_ms() + ms;
	struct signalfd_siginfo si;
	if (heed && the.got)
		return TASK_INTERRUPTED;
	for (;;) {
		struct pollfd p[3] = {{.fd = heed ? the.signals : -1, .events = POLLIN},
				      {.fd = fd, .events = POLLIN},
				      {.fd = task, .events = POLLIN}};
		uint64_t now = now_ms();
		int n = poll(p, 3, end > now ? (int)(end - now) : 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (p[0].revents && read(the.signals, &si, sizeof(si)) == sizeof(si)) {
			the.got = (int)si.ssi_signo;
			return TASK_INTERRUPTED;
		}
		if (p[1].revents)
			return TASK_READABLE;
		if (p[2].revents)
			return TASK_ENDED;
		if (n <= 0)
			return TASK_TIME_UP;
	}
}

enum task_news task_await(const struct task *t, int fd, unsigned ms)
{
	return await(t ? t->pidfd : -1, fd, true, ms);
}

bool task_pause(unsigned ms)
{
	return await(-1, -1, true, ms) != TASK_INTERRUPTED;
}

static int reap(struct task *t, bool was_killed)
{
	int how = 0;
	if (t->pid)
		while (waitpid(t->pid, &how, 0) < 0 && errno == EINTR)
			continue;
	if (t->pidfd >= 0)
		close(t->pidfd);
	*t = (struct task){.pidfd = -1};
	if (was_killed)
		return -1;
	return WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
}

static int finish(struct task *t, bool heed, unsigned ms)
{
	bool ended = t->pidfd >= 0 && await(t->pidfd, -1, heed, ms) == TASK_ENDED;
	if (!ended && t->pid)
		kill(t->pid, SIGKILL);
	return reap(t, !ended);
}

int task_finish(struct task *t, unsigned ms)
{
	return finish(t, true, ms);
}

int task_end(struct task *t, int signal, unsigned ms)
{
	if (t->pid)
		kill(t->pid, signal);
	return finish(t, false, ms);
}
