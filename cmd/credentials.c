#include "cmd/credentials.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cmd/client.h"
#include "cmd/logins.h"
#include "cmd/prompt.h"
#include "core/base/mem.h"

#define WORDS_MAX 8
#define ROUNDS_MAX 8 /* answers to one gateway */
#define WISH_LEN 1400 /* a word, and a prompt with each byte escaped */

struct call {
	const char *socket;
	int n;
	const char *words[WORDS_MAX]; /* "eap", "credentials", PROFILE */
	char wish[WISH_LEN];          /* what the daemon wants: "name", "password" or "answer" */
	const char *prompt;           /* what the gateway says to it, escaped; in wish */
	char name[EAP_NAME_MAX + 2];
	char password[EAP_PASSWORD_MAX + 2];
};

static int usage(const char *why)
{
	fprintf(stderr,
		"sallyport: %s\n"
		"usage: sallyport crypto eap credentials PROFILE [--socket PATH]\n"
		"User name and password are asked for on the terminal, or are the first two lines of standard input;\n"
		"what the gateway asks for after that is the third.\n",
		why);
	return 2;
}

static bool is_beginning_of(const char *typed, const char *word)
{
	return typed[0] && strncmp(word, typed, strlen(typed)) == 0;
}

/* ---- what is asked for ------------------------------------------------------------------------------ */

static int ask_wish(struct call *c)
{
	const char *words[] = {"crypto", "eap", "credentials", c->words[2]};
	int rc = client_ask(&(struct client_request){.socket = c->socket, .words = words, .n_words = 4, .text = c->wish,
						     .cap = sizeof(c->wish)});
	char *end = strchr(c->wish, '\n');
	if (rc != 0 || !end)
		return rc ? rc : 1;
	*end = 0;
	c->prompt = end + 1;
	end = strchr(end + 1, '\n');
	if (end)
		*end = 0;
	return 0;
}

static bool is_wanted(const struct call *c, const char *what)
{
	return strcmp(c->wish, what) == 0;
}

static int read_terminal(struct call *c)
{
	c->name[0] = 0;
	if (c->prompt[0])
		fprintf(stderr, "The gateway says: %s\n", c->prompt);
	if (is_wanted(c, "name") && !prompt_name("User name (empty: our IKE identity): ", c->name, sizeof(c->name)))
		return usage("no user name, or a longer one than 255 bytes");
	if (!prompt_secret(is_wanted(c, "answer") ? "Answer: " : "Password: ", c->password, sizeof(c->password)))
		return usage("no password, or a longer one than 256 bytes");
	return 0;
}

/* User name, password, and an answer each: the same lines whatever is wanted, so that a script need not know. */
static int read_input(struct call *c, bool is_first)
{
	bool is_answer = is_wanted(c, "answer");
	if (is_first && !prompt_line(c->name, sizeof(c->name)))
		return usage("no line with a user name on standard input, or longer than 255 bytes");
	if ((is_first || !is_answer) && !prompt_line(c->password, sizeof(c->password)))
		return usage("no line with a password on standard input, or longer than 256 bytes");
	if (is_answer && !prompt_line(c->password, sizeof(c->password)))
		return usage("the gateway asks for more, and there is no third line on standard input, or it is too long");
	return 0;
}

static int give(struct call *c)
{
	const char *kind = is_wanted(c, "answer") ? "answer" : "password";
	const char *words[] = {"crypto", "eap", "credentials", c->words[2], kind, c->name, c->password};
	int rc = client_ask(&(struct client_request){.socket = c->socket, .words = words, .n_words = 7});
	mem_zero(c->password, sizeof(c->password));
	return rc;
}

static int ask_and_give(struct call *c)
{
	bool is_terminal = isatty(STDIN_FILENO);
	int rc = LOGINS_MORE;
	for (int round = 0; rc == LOGINS_MORE && round < ROUNDS_MAX; round++) {
		rc = ask_wish(c);
		if (rc == 0)
			rc = is_terminal ? read_terminal(c) : read_input(c, round == 0);
		if (rc == 0)
			rc = give(c);
	}
	return rc == LOGINS_MORE ? 1 : rc;
}

/* ---- the command ------------------------------------------------------------------------------------- */

/* False: an option that is not for us, or too many words. */
static bool take_words(struct call *c, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--socket") == 0 && i + 1 < argc)
			c->socket = argv[++i];
		else if (strncmp(argv[i], "--", 2) == 0 || c->n == WORDS_MAX)
			return false;
		else
			c->words[c->n++] = argv[i];
	}
	return true;
}

int crypto_main(int argc, char **argv)
{
	struct call c = {.socket = CONTROL_SOCKET_DEFAULT};
	struct rlimit none = {0};
	bool is_clean = take_words(&c, argc, argv);
	if (c.n == 0 || !is_beginning_of(c.words[0], "eap"))
		return client_main(argc, argv);
	if (!is_clean || c.n < 2 || !is_beginning_of(c.words[1], "credentials"))
		return usage("unknown word or option");
	if (c.n != 3)
		return usage(c.n < 3 ? "which profile?" : "too many words: neither name nor password belongs on a command line");
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	int rc = ask_and_give(&c);
	mem_zero(&c, sizeof(c));
	return rc;
}
