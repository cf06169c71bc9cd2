/* Steps of a filter of system calls (seccomp), for the processes that live confined: each lists what it may call
 * between the same beginning and end.
 *
 *   static struct sock_filter steps[] = { FILTER_BEGIN, MAY(read), FILTER_MEMORY, FILTER_QUIET_LIFE, KILL }; */
#ifndef CORE_BASE_FILTER_STEPS_H
#define CORE_BASE_FILTER_STEPS_H

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
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
#define ALLOW           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define KILL            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
#define MAY(name)       UNLESS(__NR_##name, 1), ALLOW

/* Calls of another machine mean something else, and x32 calls have this bit. */
#define FILTER_BEGIN \
	LOAD(arch), UNLESS(ARCH, 2), LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), KILL

/* Memory of the allocator; never code. */
#define FILTER_MEMORY \
	MAY(brk), MAY(munmap), MAY(mremap), MAY(madvise), UNLESS(__NR_mmap, 4), LOAD(args[2]), \
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1), KILL, ALLOW

#define FILTER_QUIET_LIFE \
	MAY(futex), MAY(clock_gettime), MAY(rt_sigreturn), MAY(restart_syscall), MAY(exit), MAY(exit_group)

#endif
