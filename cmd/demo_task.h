/* The demo's processes: each step that may wait runs in a child with a time limit. A child has its own
 * process group, so that Ctrl-C is for the demo alone, and is killed by the kernel when the demo dies.
 * From task_begin() on, SIGINT, SIGTERM and SIGHUP end waits instead of the process. */
#ifndef CMD_DEMO_TASK_H
#define CMD_DEMO_TASK_H

#include <stdbool.h>
#include <sys/types.h>

struct task {
	pid_t pid; /* 0: none */
	int pidfd;
};

struct task_plan {
	int (*run)(void *ctx); /* in the child; its value is the exit code */
	void *ctx;
	int netns;  /* network namespace; -1: the one in force */
	int output; /* standard output and error; -1: the demo's own */
};

enum task_news {
	TASK_ENDED,
	TASK_READABLE,
	TASK_TIME_UP,
	TASK_INTERRUPTED /* a signal came, now or earlier */
};

bool task_begin(void);
/* The signal that ended a wait; 0: none. */
int task_signal(void);

bool task_start(struct task *t, const struct task_plan *plan);
/* Until fd is readable (-1: none), the task has ended (NULL: none), time is up or a signal comes. */
enum task_news task_await(const struct task *t, int fd, unsigned ms);
/* False when a signal came. */
bool task_pause(unsigned ms);
/* Waits for the end, then kills. Exit code; 128 + number of the signal that ended it, or -1 when it
 * had to be killed because time was up or a signal came. */
int task_finish(struct task *t, unsigned ms);
/* Asks with a signal, waits whatever signals come to the demo, kills after that. As task_finish. */
int task_end(struct task *t, int signal, unsigned ms);

#endif
