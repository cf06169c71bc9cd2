#include "modules/keys/filter.h"

#include <sys/prctl.h>

#include "core/base/filter_steps.h"

bool keys_filter_install(void)
{
	static struct sock_filter steps[] = {
		FILTER_BEGIN,
		/* the conversation, and the files that come with it */
		MAY(recvmsg), MAY(sendto), MAY(read), MAY(close),
		FILTER_MEMORY,
		FILTER_QUIET_LIFE,
		MAY(getrandom),
		KILL,
	};
	static const struct sock_fprog program = {sizeof(steps) / sizeof(steps[0]), steps};

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}
