/* THE table of subcommands. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cmd/admin.h"
#include "cmd/check.h"
#include "cmd/client.h"
#include "cmd/credentials.h"
#include "cmd/demo.h"
#include "cmd/run.h"
#include "cmd/user.h"
#include "gen/version.h"

static int help_main(int argc, char **argv);
static int version_main(int argc, char **argv);

static const struct subcommand {
	const char *word;
	int (*main)(int argc, char **argv); /* argv[0] is the word */
	const char *args;
	const char *help;
} subcommands[] = {
	{"run", run_main, "[-c FILE] [--state DIR] [--socket PATH] [--quickstart]",
	 "start the headend in the foreground"},
	{"check", check_main, "FILE...", "read a configuration and say what is wrong with it"},
	{"reload", client_main, "[--socket PATH]", "make the running headend read its configuration again"},
	{"drain", client_main, "[on|stop|off] [--socket PATH]",
	 "take no new sessions; with stop: and stop with the last one"},
	{"show", client_main, "WHAT... [--json] [--socket PATH]", "look at the running headend"},
	{"clear", client_main, "WHAT... [--socket PATH]", "end sessions and SAs"},
	{"debug", client_main, "{crypto {ikev2|condition}|aaa pod} ... [--socket PATH]", "watch the running headend at work"},
	{"undebug", client_main, "all [--socket PATH]", "end every debug"},
	{"rekey", client_main, "WHAT... [--socket PATH]", "give SAs new keys now"},
	{"reauthenticate", client_main, "WHAT... [--socket PATH]", "let clients authenticate again"},
	{"crypto", crypto_main, "{ikev2 client flexvpn connect NAME | eap credentials PROFILE} [--socket PATH]",
	 "make a client connect, or give it the user name and the password that it waits for"},
	{"sql", client_sql_main, "[--state DIR] [--json|--csv] [QUERY]", "ask the database"},
	{"user", user_main, "add|set|totp|del|unlock|list [NAME] [gtc] [mschapv2] [md5]",
	 "local users; passwords are read from the terminal or from standard input"},
	{"demo", demo_main, "[--config]",
	 "a whole VPN in throw-away network namespaces, in seconds; needs root"},
	{"version", version_main, "", "print the version"},
	{"help", help_main, "", "print this"},
};

#define N_SUBCOMMANDS (sizeof(subcommands) / sizeof(subcommands[0]))

static int help_main(int argc, char **argv)
{
	printf("usage: sallyport COMMAND ...\n\n");
	for (size_t i = 0; i < N_SUBCOMMANDS; i++)
		printf("  %-8s %s\n           %s\n", subcommands[i].word, subcommands[i].args,
		       subcommands[i].help);
	struct out out;
	out_init(&out, false);
	admin_help(&out);
	printf("\nAsked of the running headend; words may be shortened, --json is understood by each but debug.\n"
	       "FILTER: local IP [port N], remote IP [port N], fvrf NAME, ivrf NAME, id NUMBER\n\n");
	fwrite(out.buf, 1, out.len, stdout);
	out_fini(&out);
	return 0;
}

static int version_main(int argc, char **argv)
{
	printf("sallyport %s\n", SALLYPORT_VERSION);
	return 0;
}

/* The row for a word or a unique beginning of it, as on a router; NULL with *ambiguous or not. */
static const struct subcommand *find(const char *word, bool *ambiguous)
{
	const struct subcommand *found = NULL;
	size_t len = strlen(word);
	*ambiguous = false;
	for (size_t i = 0; len && i < N_SUBCOMMANDS; i++) {
		const struct subcommand *s = &subcommands[i];
		if (strncmp(s->word, word, len) != 0)
			continue;
		if (s->word[len] == 0) {
			*ambiguous = false;
			return s;
		}
		*ambiguous |= found != NULL;
		found = s;
	}
	return *ambiguous ? NULL : found;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "help";
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		word = "help";
	if (strcmp(word, "--version") == 0)
		word = "version";
	bool ambiguous;
	const struct subcommand *s = find(word, &ambiguous);
	if (s)
		return s->main(argc - 1, argv + 1);
	fprintf(stderr, "sallyport: %s command \"%s\"\nTry: sallyport help\n", ambiguous ? "ambiguous" : "unknown",
		word);
	return 2;
}
