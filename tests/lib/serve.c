#include "tests/lib/serve.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

pid_t serve(const char *netns, const char *command)
{
	char line[400];
	int out[2];
	char word[64] = "";
	if (pipe(out) != 0)
		return -1;
	snprintf(line, sizeof(line), "exec ip netns exec %s %s", netns, command);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* it must not outlive a test that breaks */
		dup2(out[1], 1);
		execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	bool is_up = read(out[0], word, sizeof(word) - 1) > 0;
	close(out[0]);
	return is_up ? pid : -1;
}
