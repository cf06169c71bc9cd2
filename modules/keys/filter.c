#include "modules/keys/filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "the filter does not know this machine"
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
/* When the value is not k, so many steps are left out. */
#define UNLESS(k, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (k), 0, (skip))
#define ALLOW         BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define KILL          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
#define MAY(name)     UNLESS(__NR_##name, 1), ALLOW

bool keys_filter_install(void)
{
	static struct sock_filter steps[] = {
		/* Calls of another machine mean something else, and x32 calls have this bit. */
		LOAD(arch),
		UNLESS(ARCH, 2),
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
		KILL,
		/* the conversation, and the files that come with it */
		MAY(recvmsg),
		MAY(sendto),
		MAY(read),
		MAY(close),
		/* memory of the allocator; never code */
		MAY(brk),
		MAY(munmap),
		MAY(mremap),
		MAY(madvise),
		UNLESS(__NR_mmap, 4),
		LOAD(args[2]),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
		KILL,
		ALLOW,
		/* the rest of a quiet life */
		MAY(futex),
		MAY(getrandom),
		MAY(clock_gettime),
		MAY(rt_sigreturn),
		MAY(restart_syscall),
		MAY(exit),
		MAY(exit_group),
		KILL,
	};
	static const struct sock_fprog program = {sizeof(steps) / sizeof(steps[0]), steps};

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}
