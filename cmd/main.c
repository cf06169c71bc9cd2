/* THE table of subcommands. */
#include <stdio.h>
#include <string.h>

#include "cmd/check.h"
#include "cmd/client.h"
#include "cmd/run.h"
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
	{"show", client_main, "WHAT... [--json] [--socket PATH]", "look at the running headend"},
	{"clear", client_main, "WHAT... [--socket PATH]", "end sessions and SAs"},
	{"sql", client_sql_main, "[--state DIR] [--json|--csv] [QUERY]", "ask the database"},
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
	return 0;
}

static int version_main(int argc, char **argv)
{
	printf("sallyport %s\n", SALLYPORT_VERSION);
	return 0;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "help";
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		word = "help";
	if (strcmp(word, "--version") == 0)
		word = "version";
	for (size_t i = 0; i < N_SUBCOMMANDS; i++)
		if (strcmp(subcommands[i].word, word) == 0)
			return subcommands[i].main(argc - 1, argv + 1);
	fprintf(stderr, "sallyport: unknown command \"%s\"\nTry: sallyport help\n", word);
	return 2;
}
