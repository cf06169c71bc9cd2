#include "db/checkpoint.h"

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>

#include "core/base/mem.h"

struct checkpoint {
	pthread_t thread;
	bool running;
	pthread_mutex_t lock;
	pthread_cond_t asked;
	bool is_asked; /* under the lock, as stop */
	bool stop;
	atomic_bool busy;
	atomic_int done;
	char path[3200];
};

/* Whatever goes wrong here comes again with the next round; what is wrong with the disk is the
 * writer's to say. */
static sqlite3 *open_file(const char *path)
{
	sqlite3 *db = NULL;
	int on = 1;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
			SQLITE_OK &&
		sqlite3_exec(db, "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0", NULL,
			NULL, NULL) == SQLITE_OK &&
		sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &on) == SQLITE_OK &&
		sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL) == SQLITE_OK)
		return db;
	sqlite3_close(db);
	return NULL;
}

static void one_round(struct checkpoint *c, sqlite3 **db)
{
	int pages = 0, done = 0;

	if (!*db)
		*db = open_file(c->path);
	if (!*db)
		return;
	if (sqlite3_wal_checkpoint_v2(*db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &done) ==
		SQLITE_OK) {
		atomic_store(&c->done, done);
		return;
	}
	sqlite3_close(*db);
	*db = NULL;
}

static void *checkpoint_main(void *arg)
{
	struct checkpoint *c = arg;
	sqlite3 *db = NULL;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		while (!c->is_asked && !c->stop)
			pthread_cond_wait(&c->asked, &c->lock);
		if (c->stop)
			break;
		c->is_asked = false;
		pthread_mutex_unlock(&c->lock);
		one_round(c, &db);
		atomic_store(&c->busy, false);
		pthread_mutex_lock(&c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	sqlite3_close(db);
	return NULL;
}

static bool start_thread(struct checkpoint *c)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	c->running = pthread_create(&c->thread, NULL, checkpoint_main, c) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return c->running;
}

struct checkpoint *checkpoint_new(const char *dir)
{
	struct checkpoint *c = mem_new(sizeof(*c));

	if (!c)
		return NULL;
	snprintf(c->path, sizeof(c->path), "%s/sallyport.db", dir);
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->asked, NULL);
	return c;
}

void checkpoint_free(struct checkpoint *c)
{
	if (!c)
		return;
	if (c->running) {
		pthread_mutex_lock(&c->lock);
		c->stop = true;
		pthread_cond_signal(&c->asked);
		pthread_mutex_unlock(&c->lock);
		pthread_join(c->thread, NULL);
	}
	pthread_cond_destroy(&c->asked);
	pthread_mutex_destroy(&c->lock);
	mem_free(c);
}

bool checkpoint_ask(struct checkpoint *c)
{
	if (atomic_load(&c->busy) || (!c->running && !start_thread(c)))
		return false;
	atomic_store(&c->busy, true);
	pthread_mutex_lock(&c->lock);
	c->is_asked = true;
	pthread_cond_signal(&c->asked);
	pthread_mutex_unlock(&c->lock);
	return true;
}

bool checkpoint_is_busy(const struct checkpoint *c)
{
	return atomic_load(&c->busy);
}

int checkpoint_done(const struct checkpoint *c)
{
	return atomic_load(&c->done);
}
