#include "cmd/demo_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd/holder_claim.h"

#define PLACE "/run"
#define PREFIX "sallyport-demo-"
#define DEPTH 8
#define TRIES 100
#define TRY_MS 20
#define OLD_S 60 /* younger ones may not be locked yet */

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *where)
{
	(void)remove(path);
	return 0;
}

static bool remove_folder(const char *path)
{
	(void)nftw(path, remove_one, DEPTH, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	return access(path, F_OK) != 0;
}

/* Of a demo that was killed together with its keeper. */
static bool is_abandoned(const char *path)
{
	struct stat s;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool yes = fd >= 0 && fstat(fd, &s) == 0 && s.st_uid == 0 && s.st_mtime < time(NULL) - OLD_S &&
		   flock(fd, LOCK_EX | LOCK_NB) == 0;
	if (fd >= 0)
		close(fd);
	return yes;
}

static void remove_abandoned(void)
{
	char path[sizeof(PLACE) + 256];
	DIR *d = opendir(PLACE);
	if (!d)
		return;
	for (const struct dirent *e; (e = readdir(d)) != NULL;) {
		if (strncmp(e->d_name, PREFIX, sizeof(PREFIX) - 1) != 0)
			continue;
		snprintf(path, sizeof(path), PLACE "/%s", e->d_name);
		if (is_abandoned(path))
			(void)remove_folder(path);
	}
	closedir(d);
}

/* ---- the keeper -------------------------------------------------------------------------------- */

static void nap(void)
{
	(void)poll(NULL, 0, TRY_MS);
}

/* The holder takes its claim back itself unless it was killed. */
static void drop_claim(int netns)
{
	int claim;
	enum status st = ST_EXISTS;
	if (setns(netns, CLONE_NEWNET) != 0)
		return;
	for (int i = 0; i < TRIES && (st = claim_take(&claim)) == ST_EXISTS; i++)
		nap();
	if (st == ST_OK)
		claim_give_back(claim);
}

static _Noreturn void keep(const struct demo_folder *f, int end, int netns, unsigned limit_s, pid_t demo)
{
	struct pollfd p = {.fd = end, .events = POLLIN};
	static const int deaf[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
	for (size_t i = 0; i < sizeof(deaf) / sizeof(deaf[0]); i++)
		signal(deaf[i], SIG_IGN);
	setsid();
	close(f->lifeline);
	/* Who reads what the demo prints must not wait for us. */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		close(fd);
	while (poll(&p, 1, (int)limit_s * 1000) < 0 && errno == EINTR)
		continue;
	if (!p.revents && getppid() == demo)
		kill(demo, SIGKILL);
	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		continue;
	drop_claim(netns);
	bool gone = false;
	for (int i = 0; i < TRIES && !gone; i++) {
		gone = remove_folder(f->path);
		if (!gone)
			nap(); /* a process of the headend is just dying */
	}
	_exit(gone ? 0 : 1);
}

bool demo_folder_make(struct demo_folder *f, int gateway_netns, unsigned limit_s, char why[DEMO_WHY])
{
	int ends[2] = {-1, -1};
	pid_t demo = getpid();
	*f = (struct demo_folder){.path = PLACE "/" PREFIX "XXXXXX", .lock = -1, .lifeline = -1};
	(void)mkdir(PLACE, 0755); /* a small container may have none */
	remove_abandoned();
	if (!mkdtemp(f->path)) {
		snprintf(why, DEMO_WHY, "cannot make a folder in " PLACE ": %s", strerror(errno));
		return false;
	}
	f->lock = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = f->lock >= 0 && flock(f->lock, LOCK_EX | LOCK_NB) == 0 && fchmod(f->lock, 0755) == 0 &&
		  pipe2(ends, O_CLOEXEC) == 0;
	if (ok) {
		f->lifeline = ends[1];
		pid_t pid = fork();
		if (pid == 0)
			keep(f, ends[0], gateway_netns, limit_s, demo);
		f->keeper = pid;
		ok = pid > 0;
		close(ends[0]);
	}
	if (!ok) {
		snprintf(why, DEMO_WHY, "%s: %s", f->path, strerror(errno));
		(void)remove_folder(f->path);
		f->keeper = 0;
	}
	return ok;
}

bool demo_folder_drop(struct demo_folder *f)
{
	int how = 1;
	if (f->lifeline >= 0)
		close(f->lifeline);
	if (f->lock >= 0)
		close(f->lock);
	if (f->keeper <= 0)
		return true;
	while (waitpid(f->keeper, &how, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(how) && WEXITSTATUS(how) == 0;
}
