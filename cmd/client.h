/* The command-line side: show, clear, reload and what else is answered by the running daemon. */
#ifndef CMD_CLIENT_H
#define CMD_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#define CONTROL_SOCKET_DEFAULT "/run/sallyport/control.sock"

/* argv[0] is the first word of the command ("show"); options --socket PATH and --json may stand
 * anywhere. Exit code: 0 done, 1 failed, 2 usage. */
int client_main(int argc, char **argv);
/* One request to the daemon, whose bytes are wiped once they are sent. What it says goes to standard output and
 * error; with text not NULL, instead of to standard output, there (terminated, cut at cap). Exit code: 0, 2, or
 * what the daemon says; 1: it does not answer. */
struct client_request {
	const char *socket;
	const char *const *words;
	size_t n_words;
	char *text;
	size_t cap;
};
int client_ask(const struct client_request *rq);
/* Does a daemon listen there? */
bool client_answers(const char *socket_path);
/* `sallyport sql [--state DIR] [--json|--csv] [QUERY]`: reads sallyport.db without the daemon; without QUERY it
 * reads statements from standard input. */
int client_sql_main(int argc, char **argv);

#endif
