#include "cmd/prompt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/mem.h"

static bool refuse(char *out, size_t cap)
{
	mem_zero(out, cap);
	return false;
}

bool prompt_line(char *out, size_t cap)
{
	size_t len = 0;
	ssize_t n;
	char c;
	while ((n = read(STDIN_FILENO, &c, 1)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || len + 1 >= cap)
			return refuse(out, cap);
		if (c == '\n')
			break;
		out[len++] = c;
	}
	out[len] = 0;
	return n > 0 || len > 0;
}

/* ---- a terminal ---------------------------------------------------------------------------------- */

struct tty {
	struct termios before;
	sigset_t mask; /* of signals, before */
	int signals;
};

/* Blocked, a signal comes when it is asked for: between two bytes, never in the middle of a change. Those that do
 * nothing, or that were blocked before us, are not asked for. */
static bool tty_open(struct tty *t)
{
	static const int idle[] = {SIGCHLD, SIGURG, SIGWINCH};
	sigset_t all, wanted;
	if (tcgetattr(STDIN_FILENO, &t->before) != 0)
		return false;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &t->mask);
	sigfillset(&wanted);
	for (int s = 1; s <= SIGRTMAX; s++)
		if (sigismember(&t->mask, s) == 1)
			sigdelset(&wanted, s);
	for (size_t i = 0; i < sizeof(idle) / sizeof(idle[0]); i++)
		sigdelset(&wanted, idle[i]);
	t->signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
	if (t->signals < 0)
		sigprocmask(SIG_SETMASK, &t->mask, NULL);
	return t->signals >= 0;
}

static void restore(const struct tty *t)
{
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &t->before);
}

static void tty_close(struct tty *t)
{
	restore(t);
	close(t->signals);
	sigprocmask(SIG_SETMASK, &t->mask, NULL);
}

static bool hide(const struct tty *t)
{
	struct termios quiet = t->before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	/* Before the prompt: what is typed in answer to it must not be thrown away. */
	return tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
}

/* True: one has come, and this process still lives. */
static bool take_signal(const struct tty *t)
{
	struct signalfd_siginfo info;
	sigset_t all;
	if (read(t->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return false;
	restore(t);
	sigfillset(&all);
	/* It takes effect at the end of this call: the process dies, or stops and goes on. */
	raise((int)info.ssi_signo);
	sigprocmask(SIG_SETMASK, &t->mask, NULL);
	sigprocmask(SIG_SETMASK, &all, NULL);
	return true;
}

enum got { GOT_BYTE, GOT_SIGNAL, GOT_END };

static enum got next_byte(const struct tty *t, char *c)
{
	struct pollfd p[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = t->signals, .events = POLLIN}};
	if (poll(p, 2, -1) < 0)
		return errno == EINTR ? GOT_SIGNAL : GOT_END;
	if ((p[1].revents & POLLIN) && take_signal(t))
		return GOT_SIGNAL;
	if (!p[0].revents)
		return GOT_SIGNAL; /* somebody else took it: ask again */
	return read(STDIN_FILENO, c, 1) == 1 ? GOT_BYTE : GOT_END;
}

/* GOT_BYTE: the line is whole. */
static enum got read_quietly(const struct tty *t, char *out, size_t cap)
{
	size_t len = 0;
	char c = 0;
	for (;;) {
		enum got got = next_byte(t, &c);
		if (got != GOT_BYTE)
			return got;
		if (c == '\n') {
			out[len] = 0;
			return GOT_BYTE;
		}
		if (len + 1 >= cap)
			return GOT_END;
		out[len++] = c;
	}
}

bool prompt_secret(const char *prompt, char *out, size_t cap)
{
	struct tty t;
	enum got got = GOT_END;
	if (!tty_open(&t))
		return false;
	do {
		mem_zero(out, cap);
		if (!hide(&t))
			break;
		fprintf(stderr, "%s", prompt);
		fflush(stderr);
		got = read_quietly(&t, out, cap);
		fprintf(stderr, "\n");
	} while (got == GOT_SIGNAL);
	tty_close(&t);
	return got == GOT_BYTE || refuse(out, cap);
}

bool prompt_name(const char *prompt, char *out, size_t cap)
{
	fprintf(stderr, "%s", prompt);
	fflush(stderr);
	return prompt_line(out, cap);
}
