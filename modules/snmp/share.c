#include "modules/snmp/share.h"

#include <poll.h>
#include <stdalign.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "core/base/mem.h"

struct note *share_note(enum note_kind kind)
{
	struct note *m = mem_new(sizeof(*m));
	if (!m)
		return NULL;
	m->kind = kind;
	list_init(&m->in_list);
	return m;
}

struct note *share_note_sample(size_t n_pools, size_t n_traffic)
{
	_Static_assert(alignof(struct snmp_traffic) <= 16 && alignof(struct share_pool) <= 16,
		       "they begin at multiples of 16");
	const size_t most = (size_t)1 << 30;
	size_t head = (sizeof(struct note) + 15) & ~(size_t)15;
	if (n_traffic > most / sizeof(struct snmp_traffic) || n_pools > most / sizeof(struct share_pool))
		return NULL;
	size_t traffic = (n_traffic * sizeof(struct snmp_traffic) + 15) & ~(size_t)15;
	struct note *m = mem_new(head + traffic + n_pools * sizeof(struct share_pool));
	if (!m)
		return NULL;
	m->kind = NOTE_SAMPLE;
	list_init(&m->in_list);
	m->sample.traffic = (struct snmp_traffic *)(void *)((char *)m + head);
	m->sample.pools = (struct share_pool *)(void *)((char *)m + head + traffic);
	m->sample.n_traffic = n_traffic;
	m->sample.n_pools = n_pools;
	return m;
}

struct note *share_note_radius(const struct snmp_radius *v)
{
	size_t head = (sizeof(struct note) + 15) & ~(size_t)15;
	struct note *m = mem_new(head + sizeof(*v));
	if (!m)
		return NULL;
	m->kind = NOTE_RADIUS;
	list_init(&m->in_list);
	m->radius = memcpy((char *)m + head, v, sizeof(*v));
	return m;
}

enum status share_init(struct share *sh, size_t queue)
{
	memset(sh, 0, sizeof(*sh));
	sh->wake_thread = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	sh->wake_main = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (sh->wake_thread >= 0 && sh->wake_main >= 0 && ring_init(&sh->down, queue) == ST_OK &&
	    ring_init(&sh->up, queue) == ST_OK)
		return ST_OK;
	share_fini(sh);
	return ST_NOMEM;
}

void share_fini(struct share *sh)
{
	share_drop_fd(sh);
	ring_fini(&sh->down);
	ring_fini(&sh->up);
	if (sh->wake_thread >= 0)
		close(sh->wake_thread);
	if (sh->wake_main >= 0)
		close(sh->wake_main);
}

void share_wake(int fd)
{
	(void)eventfd_write(fd, 1);
}

/* ---- the descriptor ---------------------------------------------------------------------------- */

/* What is in the place, for who asked with this number; others' is closed. */
static bool take_fd(struct share *sh, uint32_t number, int *fd)
{
	uint64_t v = atomic_exchange(&sh->fd_answer, 0);
	*fd = (int)(v & UINT32_MAX) - 1;
	if (v && v >> 32 == number)
		return true;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return false;
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int share_ask_fd(struct share *sh, int timeout_ms)
{
	int fd = -1;
	uint32_t number = atomic_load(&sh->fd_asked) + 1;
	int64_t end = now_ms() + timeout_ms;
	if (number == 0)
		number = 1;
	atomic_store(&sh->fd_asked, number);
	share_wake(sh->wake_main);
	while (!atomic_load(&sh->is_stopping) && !take_fd(sh, number, &fd)) {
		struct pollfd p = {.fd = sh->wake_thread, .events = POLLIN};
		int64_t left = end - now_ms();
		eventfd_t n;
		if (left <= 0)
			break;
		(void)poll(&p, 1, (int)left);
		(void)eventfd_read(sh->wake_thread, &n);
	}
	/* The waking may have been for a message. */
	share_wake(sh->wake_thread);
	return fd;
}

void share_drop_fd(struct share *sh)
{
	int fd;
	if (take_fd(sh, 0, &fd) && fd >= 0)
		close(fd);
}

uint32_t share_asked(const struct share *sh, uint32_t answered)
{
	uint32_t asked = atomic_load(&sh->fd_asked);
	return asked != answered ? asked : 0;
}

void share_answer_fd(struct share *sh, uint32_t number, int fd)
{
	uint64_t old = atomic_exchange(&sh->fd_answer, (uint64_t)number << 32 | (uint32_t)(fd + 1));
	int late = (int)(old & UINT32_MAX) - 1;
	if (late >= 0)
		close(late);
	share_wake(sh->wake_thread);
}
