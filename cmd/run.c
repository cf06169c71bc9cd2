#include "cmd/run.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/client.h"
#include "cmd/holder.h"
#include "cmd/holder_become.h"
#include "cmd/quickstart.h"
#include "cmd/wire.h"
#include "modules/keys/process.h"
#include "modules/lua/process.h"

struct run_options {
	char config[PATH_MAX];
	char state[PATH_MAX];
	char socket[PATH_MAX];
	bool quickstart;
};

static int usage(const char *what)
{
	fprintf(stderr, "sallyport: %s\nTry: sallyport help\n", what);
	return 2;
}

/* Main's folder is "/": every path must be absolute before it is handed on. */
static bool make_absolute(const char *path, char out[PATH_MAX])
{
	char here[PATH_MAX];
	int n;
	if (path[0] == '/')
		n = snprintf(out, PATH_MAX, "%s", path);
	else if (getcwd(here, sizeof(here)))
		n = snprintf(out, PATH_MAX, "%s/%s", here, path);
	else
		return false;
	return n > 0 && n < PATH_MAX;
}

/* One option; returns how many words it took, 0 when it is none or its value is missing. */
static int take_option(struct run_options *o, int argc, char **argv)
{
	const struct {
		const char *word;
		char *place;
	} with_value[] = {{"-c", o->config}, {"--config", o->config}, {"--state", o->state},
			  {"--socket", o->socket}};
	for (size_t i = 0; i < sizeof(with_value) / sizeof(with_value[0]); i++)
		if (strcmp(argv[0], with_value[i].word) == 0)
			return argc > 1 && make_absolute(argv[1], with_value[i].place) ? 2 : 0;
	if (strcmp(argv[0], "--foreground") == 0)
		return 1;
	if (strcmp(argv[0], "--quickstart") == 0) {
		o->quickstart = true;
		return 1;
	}
	return 0;
}

int run_main(int argc, char **argv)
{
	struct run_options o = {.config = CONFIG_DEFAULT, .state = STATE_DEFAULT,
				.socket = CONTROL_SOCKET_DEFAULT};
	if (argc == 2 && strcmp(argv[1], "--as-lua") == 0)
		return lua_process_main(HOLDER_CONTROL_FD);
	if (argc == 2 && strcmp(argv[1], "--as-keys") == 0)
		return keys_process_main(HOLDER_CONTROL_FD);
	if (argc == 4 && strcmp(argv[1], "--as-main") == 0)
		return wire_main(HOLDER_CONTROL_FD, argv[2], argv[3]);
	for (int i = 1; i < argc;) {
		int took = take_option(&o, argc - i, argv + i);
		if (took == 0)
			return usage("run [-c FILE] [--state DIR] [--socket PATH] [--quickstart]");
		i += took;
	}
	if (o.quickstart && !quickstart(o.config))
		return 1;
	struct holder_options h = {.config = o.config, .state = o.state, .socket = o.socket};
	return holder_main(&h);
}
