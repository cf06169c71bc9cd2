#include "cmd/check_scripts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd/check.h"
#include "core/base/mem.h"
#include "gen/scripts.h"
#include "modules/lua/vm.h"

#define PATIENCE_S 5

const char *scripts_shipped(const char *name)
{
	size_t len = strlen(name);
	for (int i = 0; i < shipped_scripts_len; i++)
		if (strncmp(shipped_scripts[i].name, name, len) == 0 &&
		    strcmp(shipped_scripts[i].name + len, ".lua") == 0)
			return shipped_scripts[i].text;
	return NULL;
}

static void say_nothing(void *ctx, uint8_t script, const char *text)
{
}

/* The operator's own file, else a shipped one. False: neither; said. */
static bool read_text(const char *file, const char *name, char **text, size_t *len)
{
	char path[PATH_MAX];
	const char *slash = strrchr(file, '/'), *shipped = scripts_shipped(name);
	int folder = slash ? (int)(slash - file) + 1 : 0;
	snprintf(path, sizeof(path), "%.*slua/%s.lua", folder, file, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT && shipped) {
		*len = strlen(shipped);
		*text = mem_dup(shipped, *len + 1);
		return *text != NULL;
	}
	enum status st = fd < 0 ? ST_IO : check_read(fd, text, len);
	if (fd >= 0)
		close(fd);
	if (st == ST_OK)
		return true;
	printf("%s: error: script %s: %s%s\n", file, name, path,
	       fd < 0 && errno == ENOENT ? " is not there, and no shipped script has that name" :
	       st == ST_IO ? " cannot be read" : " is too long");
	return false;
}

static bool load(const char *file, const struct snapshot *conf, const struct conf_script *s)
{
	const struct script_limits limits = {(size_t)conf->own.lua_memory_kb * 1024,
					     (uint64_t)conf->own.lua_instructions * 1000};
	struct vm *vm = vm_new(&limits, say_nothing, NULL);
	struct pairs *settings = mem_new(sizeof(*settings));
	char name[CONF_SCRIPT_NAME + 4], words[SCRIPT_WORDS] = "out of memory", *text = NULL;
	size_t len = 0;
	unsigned hooks = 0;
	if (!read_text(file, s->name, &text, &len))
		goto end;
	snprintf(name, sizeof(name), "%s.lua", s->name);
	for (size_t i = 0; settings && i < s->setting_count; i++)
		pairs_add(settings, s->settings[i].name, s->settings[i].value);
	if (vm && settings)
		hooks = vm_load(vm, name, (struct view){(const uint8_t *)text, len}, settings,
				(int64_t)time(NULL) * 1000, words);
	if (!hooks)
		printf("%s: error: %s\n", file, words);
end:
	mem_free(text);
	mem_free(settings);
	vm_free(vm);
	return hooks != 0;
}

static size_t load_all(const char *file, const struct snapshot *conf)
{
	size_t bad = 0;
	for (size_t i = 0; i < conf->script_count; i++)
		if (!conf->scripts[i].shutdown)
			bad += !load(file, conf, &conf->scripts[i]);
	return bad;
}

size_t check_scripts(const char *file, const struct snapshot *conf)
{
	int how = 0;
	if (conf->script_count == 0)
		return 0;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		alarm(PATIENCE_S);
		size_t bad = load_all(file, conf);
		fflush(stdout);
		_exit(bad < 100 ? (int)bad : 100);
	}
	if (pid < 0 || waitpid(pid, &how, 0) != pid)
		return 0; /* what cannot be looked at here is found at the start */
	if (WIFEXITED(how))
		return (size_t)WEXITSTATUS(how);
	printf("%s: error: a script does not come to the end of its first run within %d seconds\n", file,
	       PATIENCE_S);
	return 1;
}
