/* A disk that fails by plan: the default VFS of SQLite with a fault before the calls that the plan
 * names. What fails is what a file system can do to us: no room (half of a write is done), input
 * and output errors, a file system that became read-only, a sync that takes long. */
#ifndef TESTS_UNIT_FAULT_VFS_H
#define TESTS_UNIT_FAULT_VFS_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum fault_op { FAULT_OPEN, FAULT_WRITE, FAULT_SYNC, FAULT_TRUNCATE, FAULT_SHM };

/* One fault: calls of op on files whose name ends so; from the nth on, or the nth alone. */
struct fault_plan {
	enum fault_op op;
	char ends[24]; /* "" is every file */
	int rc;        /* SQLITE_OK: the call is only late */
	int nth;       /* from 1 */
	bool once;
	int delay_ms; /* at most: it ends with the plan */
};

/* A plan is not changed once it is in force: other threads look at it. */
static struct {
	_Atomic(const struct fault_plan *) plan; /* NULL: the disk works */
	struct fault_plan plans[16];
	int turn;
	_Atomic int calls;
	_Atomic int hits;
	_Atomic int inside; /* calls that are being late now */
} fault;

struct fault_file {
	sqlite3_file base;
	char name[24]; /* its end */
	sqlite3_file *real;
};

static sqlite3_vfs *fault_real;

static void fault_clear(void)
{
	atomic_store(&fault.plan, NULL);
}

static void fault_set(struct fault_plan plan)
{
	struct fault_plan *p = &fault.plans[fault.turn++ % 16];

	fault_clear();
	*p = plan;
	atomic_store(&fault.calls, 0);
	atomic_store(&fault.hits, 0);
	atomic_store(&fault.plan, p);
}

static int fault_here(const char *name, enum fault_op op)
{
	const struct fault_plan *p = atomic_load(&fault.plan);

	if (!p || p->op != op)
		return SQLITE_OK;
	size_t len = strlen(name), end = strlen(p->ends);
	if (len < end || strcmp(name + len - end, p->ends) != 0)
		return SQLITE_OK;
	int n = atomic_fetch_add(&fault.calls, 1) + 1;
	if (n < p->nth || (p->once && n > p->nth))
		return SQLITE_OK;
	atomic_fetch_add(&fault.hits, 1);
	if (p->delay_ms) {
		atomic_fetch_add(&fault.inside, 1);
		for (int ms = 0; ms < p->delay_ms && atomic_load(&fault.plan) == p; ms += 10)
			usleep(10000);
		atomic_fetch_sub(&fault.inside, 1);
	}
	return p->rc;
}

static struct fault_file *fault_file_of(sqlite3_file *f)
{
	return (struct fault_file *)(void *)f;
}

#define REAL(f) (fault_file_of(f)->real)

static int fault_close(sqlite3_file *f)
{
	return REAL(f)->pMethods ? REAL(f)->pMethods->xClose(REAL(f)) : SQLITE_OK;
}

static int fault_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return REAL(f)->pMethods->xRead(REAL(f), p, n, at);
}

/* A full disk takes a part of what it is given. */
static int fault_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	int rc = fault_here(fault_file_of(f)->name, FAULT_WRITE);

	if (rc == SQLITE_FULL && n > 1)
		(void)REAL(f)->pMethods->xWrite(REAL(f), p, n / 2, at);
	return rc ? rc : REAL(f)->pMethods->xWrite(REAL(f), p, n, at);
}

static int fault_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int rc = fault_here(fault_file_of(f)->name, FAULT_TRUNCATE);

	return rc ? rc : REAL(f)->pMethods->xTruncate(REAL(f), size);
}

/* The machine does not die here, so nothing has to reach the real disk, which others use too. */
static int fault_sync(sqlite3_file *f, int flags)
{
	return fault_here(fault_file_of(f)->name, FAULT_SYNC);
}

static int fault_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return REAL(f)->pMethods->xFileSize(REAL(f), size);
}

static int fault_lock(sqlite3_file *f, int level)
{
	return REAL(f)->pMethods->xLock(REAL(f), level);
}

static int fault_unlock(sqlite3_file *f, int level)
{
	return REAL(f)->pMethods->xUnlock(REAL(f), level);
}

static int fault_reserved(sqlite3_file *f, int *out)
{
	return REAL(f)->pMethods->xCheckReservedLock(REAL(f), out);
}

static int fault_control(sqlite3_file *f, int op, void *arg)
{
	return REAL(f)->pMethods->xFileControl(REAL(f), op, arg);
}

static int fault_sector(sqlite3_file *f)
{
	return REAL(f)->pMethods->xSectorSize(REAL(f));
}

static int fault_traits(sqlite3_file *f)
{
	return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}

static int fault_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
	int rc = fault_here(fault_file_of(f)->name, FAULT_SHM);

	return rc ? rc : REAL(f)->pMethods->xShmMap(REAL(f), page, size, extend, out);
}

static int fault_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	return REAL(f)->pMethods->xShmLock(REAL(f), at, n, flags);
}

static void fault_shm_barrier(sqlite3_file *f)
{
	REAL(f)->pMethods->xShmBarrier(REAL(f));
}

static int fault_shm_unmap(sqlite3_file *f, int remove)
{
	return REAL(f)->pMethods->xShmUnmap(REAL(f), remove);
}

static const sqlite3_io_methods fault_methods = {.iVersion = 2, .xClose = fault_close,
	.xRead = fault_read, .xWrite = fault_write, .xTruncate = fault_truncate, .xSync = fault_sync,
	.xFileSize = fault_size, .xLock = fault_lock, .xUnlock = fault_unlock,
	.xCheckReservedLock = fault_reserved, .xFileControl = fault_control,
	.xSectorSize = fault_sector, .xDeviceCharacteristics = fault_traits,
	.xShmMap = fault_shm_map, .xShmLock = fault_shm_lock, .xShmBarrier = fault_shm_barrier,
	.xShmUnmap = fault_shm_unmap};

static int fault_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct fault_file *file = fault_file_of(f);
	const char *last = name ? strrchr(name, '/') : NULL;

	memset(file, 0, sizeof(*file));
	file->real = (sqlite3_file *)(void *)(file + 1);
	snprintf(file->name, sizeof(file->name), "%s", last ? last + 1 : "");
	int rc = fault_here(file->name, FAULT_OPEN);
	if (rc == SQLITE_OK)
		rc = fault_real->xOpen(fault_real, name, file->real, flags, out);
	file->base.pMethods = file->real->pMethods ? &fault_methods : NULL;
	return rc;
}

/* From now on for every connection of this process. */
static void fault_install(void)
{
	static sqlite3_vfs v;

	fault_real = sqlite3_vfs_find(NULL);
	v = *fault_real;
	v.zName = "fault";
	v.szOsFile = (int)sizeof(struct fault_file) + fault_real->szOsFile;
	v.xOpen = fault_open;
	sqlite3_vfs_register(&v, 1);
}

#endif
