#include "cmd/holder_become.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cmd/holder_program.h"

enum { NO_SOCKET = 71, NO_DROP, NO_TIE, NO_EXEC };

static bool limit(int what, rlim_t value)
{
	struct rlimit r = {value, value};
	return setrlimit(what, &r) == 0;
}

static bool drop_root(const struct becoming *b)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0)
			return false;
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return setgroups(0, NULL) == 0 && setresgid(b->gid, b->gid, b->gid) == 0 &&
	       setresuid(b->uid, b->uid, b->uid) == 0 && syscall(SYS_capset, &head, none) == 0 &&
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static void child(const struct becoming *b, pid_t parent)
{
	char *const *argv = (char *const *)(uintptr_t)b->argv;
	char *envp[] = {NULL};
	sigset_t none;
	sigemptyset(&none);
	/* A group of its own: Ctrl-C is for the holder, which passes on what it means. */
	setpgid(0, 0);
	umask(077);
	if (dup2(b->control, HOLDER_CONTROL_FD) < 0 || close_range(HOLDER_CONTROL_FD + 1, ~0u, 0) != 0 ||
	    fcntl(HOLDER_CONTROL_FD, F_SETFD, 0) != 0 || chdir("/") != 0)
		_exit(NO_SOCKET);
	/* Not every root may raise it (containers); main looks at what it got. */
	(void)limit(RLIMIT_MEMLOCK, RLIM_INFINITY);
	if (!limit(RLIMIT_CORE, 0) || !drop_root(b))
		_exit(NO_DROP);
	/* After the change of uid, which clears it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent)
		_exit(NO_TIE);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(b->program, argv, envp);
	/* It was chosen by its looks only. */
	execve(PROGRAM_SELF, argv, envp);
	_exit(NO_EXEC);
}

pid_t become(const struct becoming *b)
{
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid == 0)
		child(b, parent);
	return pid;
}

const char *become_exit_words(int code)
{
	switch (code) {
	case NO_SOCKET: return "cannot pass on the control socket";
	case NO_DROP: return "cannot give up root rights";
	case NO_TIE: return "cannot be tied to the holder";
	case NO_EXEC: return "cannot be executed (the program file must be executable by everybody)";
	default: return "exited by itself";
	}
}
