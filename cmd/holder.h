/* The holder: the small root process. It opens what main may not open, keeps it and the frozen state
 * over main's death, and starts main again. It never reads a byte from the network. */
#ifndef CMD_HOLDER_H
#define CMD_HOLDER_H

#define HOLDER_ACCOUNT "sallyport"
/* Main's uid and gid where there is no such account: outside the ranges that Debian gives to people,
 * packages (60000-64999 are assigned by hand, this one is not) and dynamic services. */
#define HOLDER_UID 64907u

#define HOLDER_EXIT_CONFIG 2 /* main's exit code: starting again would not help */

struct holder_options {
	const char *config;  /* absolute */
	const char *state;   /* absolute, created here, main's own */
	const char *socket;  /* absolute; its folder is created here */
};

/* Runs until SIGTERM or SIGINT. Exit code. */
int holder_main(const struct holder_options *options);

#endif
