/* tsan */
/* Main's side and the thread's knowledge, with a stand-in for the thread that has no library: what
 * was handed over is there in the end, however full the queue was and whatever failed on the way. */
#include "modules/snmp/agent.h"
#include "modules/snmp/desk.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/snmp_lib.h"

/* ---- the stand-in ------------------------------------------------------------------------------ */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* around a turn, and around a look */
static struct desk desk;
static atomic_bool has_begun; /* the desk is its own */
static atomic_bool is_paused;
static atomic_bool has_master;
static atomic_int ask_ms; /* not 0: ask for a descriptor, once, and wait so long */
static atomic_int asked_fd;
static int64_t clock_ms = 1000;
static struct {
	unsigned up, down, pools, left_out;
	uint64_t left_out_sum;
	enum status why;
	uint64_t octets;
	char user[SNMP_TEXT];
} told;

static bool on_up(void *ctx, const struct snmp_card *card)
{
	told.up++;
	memcpy(told.user, card->user, sizeof(told.user));
	return atomic_load(&has_master);
}

static bool on_down(void *ctx, const struct snmp_card *card, enum status why,
		    const struct snmp_traffic *total)
{
	told.down++;
	told.why = why;
	told.octets = total->octets_in;
	return atomic_load(&has_master);
}

static bool on_pool(void *ctx, const struct share_pool *pool)
{
	told.pools++;
	return atomic_load(&has_master);
}

static bool on_left_out(void *ctx, uint64_t n)
{
	told.left_out++;
	told.left_out_sum += n;
	return atomic_load(&has_master);
}

static const struct desk_ports desk_ports = {on_up, on_down, on_pool, on_left_out};

void *agent_main(void *arg)
{
	struct share *sh = arg;
	pthread_mutex_lock(&lock);
	desk_init(&desk, sh, &desk_ports, NULL, "test", clock_ms);
	pthread_mutex_unlock(&lock);
	atomic_store(&has_begun, true);
	while (!atomic_load(&sh->is_stopping)) {
		struct pollfd p = {.fd = sh->wake_thread, .events = POLLIN};
		eventfd_t n;
		int ms = atomic_exchange(&ask_ms, 0);
		if (ms)
			atomic_store(&asked_fd, share_ask_fd(sh, ms));
		(void)poll(&p, 1, 5);
		if (atomic_load(&is_paused))
			continue;
		(void)eventfd_read(sh->wake_thread, &n);
		pthread_mutex_lock(&lock);
		desk_turn(&desk, clock_ms);
		pthread_mutex_unlock(&lock);
		share_drop_fd(sh);
	}
	pthread_mutex_lock(&lock);
	desk_turn(&desk, clock_ms);
	desk_fini(&desk);
	pthread_mutex_unlock(&lock);
	atomic_store(&sh->is_done, true);
	share_wake(sh->wake_main);
	return NULL;
}

/* ---- main's world: which sessions there are ---------------------------------------------------- */

#define MANY 10000

static bool live[MANY + 1];
static unsigned handed_over, connects;
static int connect_fd = -1;

static void all(void *ctx, struct snmp *s)
{
	handed_over++;
	for (uint32_t i = 1; i <= MANY; i++) {
		struct snmp_card c;
		if (!live[i])
			continue;
		c = a_card(i);
		snmp_again(s, &c);
	}
}

static enum status connect_it(void *ctx, int *fd)
{
	connects++;
	*fd = connect_fd;
	return connect_fd >= 0 ? ST_OK : ST_NOT_FOUND;
}

static unsigned events;

static void on_event(void *ctx, const struct snmp_event *e)
{
	events++;
}

static const struct snmp_ports ports = {.connect = connect_it, .all = all, .on_event = on_event};

static struct snmp *begin(size_t queue)
{
	memset(live, 0, sizeof(live));
	memset(&told, 0, sizeof(told));
	handed_over = connects = events = 0;
	atomic_store(&is_paused, false);
	atomic_store(&has_master, true);
	atomic_store(&has_begun, false);
	struct snmp *s = snmp_new(&ports, NULL, queue);
	if (!s)
		abort();
	while (!atomic_load(&has_begun)) /* until then the desk is the one before, or none */
		(void)poll(NULL, 0, 1);
	snmp_set(s, &(struct snmp_settings){.is_on = true, .notify_sessions = true, .notify_pools = true});
	return s;
}

static void end(struct snmp *s)
{
	snmp_free(s);
	T_EQ(mem_live(), 0);
}

static void up(struct snmp *s, uint32_t i)
{
	struct snmp_card c = a_card(i);
	live[i] = true;
	snmp_up(s, &c);
}

static void down(struct snmp *s, uint32_t i, enum status why)
{
	live[i] = false;
	snmp_down(s, why, &(struct snmp_traffic){.index = i, .octets_in = i * 10});
}

static void turn(struct snmp *s)
{
	struct pollfd p = {.fd = snmp_fd(s), .events = POLLIN};
	if (poll(&p, 1, 10) > 0)
		snmp_poll(s);
}

static bool knows_all(void)
{
	size_t n = 0;
	bool ok = !desk.is_rebuilding;
	for (uint32_t i = 1; i <= MANY; i++) {
		n += live[i];
		ok = ok && (index_find(&desk.view.cards, i) != NULL) == live[i];
	}
	return ok && desk.view.cards.n == n;
}

#define PATIENCE_MS 10000 /* on a busy machine the other thread may not run for long */

static int64_t real_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until the thread knows what there is; a sample each round, as main does. */
static bool agrees(struct snmp *s, bool with_samples)
{
	struct snmp_info info;
	struct sample *sample = a_sample(1);
	bool ok = false;
	for (int64_t end = real_ms() + PATIENCE_MS; !ok && real_ms() < end;) {
		turn(s);
		if (with_samples)
			snmp_sample(s, sample, NULL, 0);
		snmp_info(s, &info);
		pthread_mutex_lock(&lock);
		ok = info.is_complete && ring_empty(&desk.share->down) && knows_all();
		pthread_mutex_unlock(&lock);
	}
	free(sample);
	return ok;
}

/* ---- tests ------------------------------------------------------------------------------------- */

static void come_and_go(void)
{
	struct snmp *s = begin(64);
	struct snmp_info info;
	up(s, 1);
	up(s, 2);
	up(s, 3);
	down(s, 2, ST_END_DPD);
	T_TRUE(agrees(s, false));
	pthread_mutex_lock(&lock);
	T_EQ(told.up, 3);
	T_EQ(told.down, 1);
	T_EQ(told.why, ST_END_DPD);
	T_EQ(told.octets, 20);
	T_STR(told.user, "user3");
	pthread_mutex_unlock(&lock);
	/* Another card of the same session is no news. */
	struct snmp_card c = a_card(3);
	snprintf(c.user, sizeof(c.user), "moved");
	snmp_changed(s, &c);
	T_TRUE(agrees(s, false));
	pthread_mutex_lock(&lock);
	T_STR(index_find(&desk.view.cards, 3)->user, "moved");
	T_EQ(told.up, 3);
	pthread_mutex_unlock(&lock);
	down(s, 77, ST_END_PEER); /* nobody's */
	snmp_changed(s, &(struct snmp_card){.index = 50, .is_waiting = true});
	live[50] = true;
	T_TRUE(agrees(s, false));
	live[50] = false; /* it goes as it came: without a word */
	snmp_gone(s, 50);
	T_TRUE(agrees(s, false));
	snmp_info(s, &info);
	T_EQ(info.notify_sent, 4);
	T_EQ(info.notify_dropped, 0);
	T_EQ(info.cards, 2);
	/* Switched off: no word any more. No master: dropped. */
	atomic_store(&has_master, false);
	up(s, 4);
	T_TRUE(agrees(s, false));
	snmp_set(s, &(struct snmp_settings){.is_on = true});
	up(s, 5);
	T_TRUE(agrees(s, false));
	snmp_info(s, &info);
	T_EQ(info.notify_sent, 4);
	T_EQ(info.notify_dropped, 1);
	T_DO(end(s));
}

/* The thread sleeps, the queue fills: everything is handed over again, and nothing twice. */
static void queue_full(void)
{
	struct snmp *s = begin(8);
	struct snmp_info info;
	up(s, 1);
	T_TRUE(agrees(s, false));
	unsigned before = handed_over;
	atomic_store(&is_paused, true);
	for (uint32_t i = 2; i < 40; i++)
		up(s, i);
	for (uint32_t i = 1; i < 36; i++)
		down(s, i, ST_END_PEER);
	snmp_info(s, &info);
	T_TRUE(!info.is_complete);
	T_TRUE(info.notify_dropped > 0);
	T_EQ(handed_over, before);
	atomic_store(&is_paused, false);
	T_TRUE(agrees(s, false));
	T_EQ(handed_over, before + 1);
	T_DO(end(s));
}

/* More sessions than the queue can hold at once: tried with each sample and not in between; as soon
 * as they fit they are there. */
static void queue_too_small(void)
{
	struct snmp *s = begin(8);
	struct snmp_info info;
	struct sample *sample = a_sample(1);
	atomic_store(&is_paused, true);
	for (uint32_t i = 1; i < 40; i++)
		up(s, i);
	atomic_store(&is_paused, false);
	for (int i = 0; i < 20; i++)
		turn(s);
	snmp_info(s, &info);
	/* It may fit while the thread takes them; it need not. */
	if (!info.is_complete) {
		unsigned before = handed_over;
		for (int i = 0; i < 20; i++)
			turn(s);
		T_EQ(handed_over, before);
		snmp_sample(s, sample, NULL, 0);
		T_TRUE(handed_over <= before + 1);
	}
	for (uint32_t i = 4; i < 40; i++)
		down(s, i, ST_END_PEER);
	T_TRUE(agrees(s, true));
	free(sample);
	T_DO(end(s));
}

/* No row is gone for a moment while all are handed over again. */
static void rebuilt_at_once(void)
{
	struct share *sh = aligned_alloc(64, (sizeof(*sh) + 63) / 64 * 64);
	struct desk d;
	struct note *n;
	T_TRUE(sh && share_init(sh, 64) == ST_OK);
	desk_init(&d, sh, &desk_ports, NULL, "test", 0);
	for (uint32_t i = 1; i <= 3; i++)
		T_TRUE(ring_push(&sh->down, a_note(i)));
	desk_turn(&d, 0);
	T_EQ(d.view.cards.n, 3);
	T_TRUE(ring_push(&sh->down, share_note(NOTE_RESET)));
	T_TRUE(ring_push(&sh->down, a_note(2)));
	desk_turn(&d, 0);
	T_EQ(d.view.cards.n, 3);
	/* Begun anew in the middle. */
	T_TRUE(ring_push(&sh->down, share_note(NOTE_RESET)));
	T_TRUE(ring_push(&sh->down, a_note(3)));
	T_TRUE(ring_push(&sh->down, a_note(4)));
	desk_turn(&d, 0);
	T_EQ(d.view.cards.n, 3);
	T_TRUE(ring_push(&sh->down, share_note(NOTE_COMPLETE)));
	desk_turn(&d, 0);
	T_EQ(d.view.cards.n, 2);
	T_TRUE(index_find(&d.view.cards, 3) && index_find(&d.view.cards, 4));
	/* A card for which there is no memory: main is asked for all. */
	d.view.cards.cap = d.view.cards.n;
	T_TRUE(ring_push(&sh->down, a_note(5)));
	mem_fail_at(1);
	desk_turn(&d, 0);
	mem_fail_at(0);
	T_TRUE(atomic_load(&sh->wants_all));
	T_EQ(d.view.cards.n, 2);
	/* What finds no room on its way back waits, and goes when there is some. */
	while ((n = ring_pop(&sh->up)) != NULL)
		mem_free(n);
	for (uint32_t i = 0; i < 60; i++)
		T_TRUE(ring_push(&sh->down, share_note(NOTE_RESET)));
	desk_turn(&d, 0);
	for (uint32_t i = 0; i < 60; i++)
		T_TRUE(ring_push(&sh->down, share_note(NOTE_RESET)));
	desk_turn(&d, 0);
	T_TRUE(!list_empty(&d.back));
	while ((n = ring_pop(&sh->up)) != NULL)
		mem_free(n);
	desk_turn(&d, 0);
	T_TRUE(list_empty(&d.back));
	desk_fini(&d);
	while ((n = ring_pop(&sh->up)) != NULL)
		mem_free(n);
	share_fini(sh);
	free(sh);
	T_EQ(mem_live(), 0);
}

/* A flood is cut to its limit, and a word about it follows. */
static void flood(void)
{
	struct snmp *s = begin(4096);
	struct snmp_info info;
	for (uint32_t i = 1; i <= 1000; i++)
		up(s, i);
	T_TRUE(agrees(s, false));
	snmp_info(s, &info);
	T_EQ(info.notify_sent, LIMIT_BURST);
	T_EQ(info.notify_dropped, 1000 - LIMIT_BURST);
	pthread_mutex_lock(&lock);
	T_EQ(told.left_out, 0);
	clock_ms += LIMIT_REPORT_MS;
	pthread_mutex_unlock(&lock);
	up(s, 1001);
	T_TRUE(agrees(s, false));
	pthread_mutex_lock(&lock);
	T_EQ(told.left_out, 1);
	T_EQ(told.left_out_sum, 1000 - LIMIT_BURST);
	pthread_mutex_unlock(&lock);
	T_DO(end(s));
}

static void give(struct snmp *s, uint64_t number, uint64_t exhausted)
{
	struct sample *sample = a_sample(number);
	struct sample_pool pool = {.name = "RA", .family = 4, .exhausted = exhausted};
	struct snmp_traffic t[2] = {{.index = 9, .octets_in = number}, {.index = 3, .octets_in = 1}};
	sample->pools = &pool;
	sample->n_pools = 1;
	snmp_sample(s, sample, t, 2);
	free(sample);
}

static bool has_sample(struct snmp *s, uint64_t number)
{
	bool ok = false;
	for (int64_t end = real_ms() + PATIENCE_MS; !ok && real_ms() < end;) {
		turn(s);
		pthread_mutex_lock(&lock);
		ok = desk.sample && desk.sample->sample.values.number == number;
		pthread_mutex_unlock(&lock);
	}
	return ok;
}

static void samples(void)
{
	struct snmp *s = begin(64);
	struct snmp_info info;
	give(s, 1, 5);
	T_TRUE(has_sample(s, 1));
	give(s, 2, 5);
	T_TRUE(has_sample(s, 2));
	pthread_mutex_lock(&lock);
	const struct share_sample *now = &desk.sample->sample;
	T_EQ(now->values.count[3], 2003);
	T_EQ(now->values.status[3], 4003);
	T_EQ(now->values.gauge[3], 6003);
	T_EQ(now->n_traffic, 2);
	T_EQ(now->traffic[0].index, 3);
	T_EQ(now->traffic[1].octets_in, 2);
	T_EQ(told.pools, 0); /* what the first sample brought is no news */
	pthread_mutex_unlock(&lock);
	give(s, 3, 6);
	T_TRUE(has_sample(s, 3));
	pthread_mutex_lock(&lock);
	T_EQ(told.pools, 1);
	pthread_mutex_unlock(&lock);
	/* A thread that does not come to take them costs memory for a few. */
	atomic_store(&is_paused, true);
	for (uint64_t i = 10; i < 20; i++)
		give(s, i, 6);
	snmp_info(s, &info);
	T_TRUE(info.samples_left_out >= 6);
	atomic_store(&is_paused, false);
	/* As soon as it has given them back, there is room. */
	uint64_t left_out;
	int64_t end_ms = real_ms() + PATIENCE_MS;
	do {
		turn(s);
		left_out = info.samples_left_out;
		give(s, 30, 6);
		snmp_info(s, &info);
	} while (info.samples_left_out > left_out && real_ms() < end_ms);
	T_TRUE(has_sample(s, 30));
	/* No memory for one: the one before stays. */
	struct sample *sample = a_sample(31);
	mem_fail_at(1);
	snmp_sample(s, sample, NULL, 0);
	mem_fail_at(0);
	free(sample);
	T_TRUE(has_sample(s, 30));
	T_DO(end(s));
}

static void no_memory_for_cards(void)
{
	struct snmp *s = begin(64);
	up(s, 1);
	T_TRUE(agrees(s, false));
	mem_fail_at(1);
	up(s, 2);
	mem_fail_at(0);
	up(s, 3);
	T_TRUE(agrees(s, true));
	mem_fail_at(1);
	down(s, 1, ST_END_PEER);
	mem_fail_at(0);
	T_TRUE(agrees(s, true));
	T_DO(end(s));
}

static void ten_thousand(void)
{
	struct snmp *s = begin(SNMP_QUEUE);
	for (uint32_t i = 1; i <= MANY; i++)
		up(s, i);
	T_TRUE(agrees(s, false));
	snmp_refresh(s);
	T_TRUE(agrees(s, false));
	for (uint32_t i = 1; i <= MANY; i += 2)
		down(s, i, ST_END_SHUTDOWN);
	T_TRUE(agrees(s, false));
	T_DO(end(s));
}

/* A queue that is nearly always full, with a thread that runs. */
static void churn(void)
{
	struct snmp *s = begin(32);
	uint32_t seed = 7;
	for (int i = 0; i < 20000; i++) {
		seed = seed * 1664525u + 1013904223u;
		uint32_t n = 1 + (seed >> 8) % 12;
		if (live[n])
			down(s, n, ST_END_PEER);
		else
			up(s, n);
		if ((seed >> 20) % 64 == 0)
			snmp_poll(s);
		if ((seed >> 20) % 512 == 1)
			give(s, (uint64_t)i, 0);
	}
	T_TRUE(agrees(s, true));
	T_DO(end(s));
}

/* ---- the descriptor ---------------------------------------------------------------------------- */

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void pause_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};
	nanosleep(&t, NULL);
}

/* A pair of pipes' ends: main's answer, and how one sees that nobody has it any more. */
static bool ended(int other)
{
	char c;
	for (int64_t end = real_ms() + PATIENCE_MS; real_ms() < end;) {
		ssize_t n = read(other, &c, 1);
		if (n == 0)
			return true;
		pause_ms(5);
	}
	return false;
}

static void descriptor(void)
{
	struct snmp *s = begin(64);
	int p[2];
	T_EQ(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
	/* In time. */
	connect_fd = p[1];
	atomic_store(&asked_fd, -2);
	atomic_store(&ask_ms, PATIENCE_MS);
	while (atomic_load(&asked_fd) == -2)
		turn(s);
	T_EQ(connects, 1);
	T_EQ(atomic_load(&asked_fd), p[1]);
	T_TRUE(is_open(p[1]));
	close(p[1]); /* the thread's */
	snmp_set(s, &(struct snmp_settings){0}); /* and main's second one */
	T_TRUE(ended(p[0]));
	close(p[0]);
	/* Switched off: an answer at once, and it is no. */
	atomic_store(&asked_fd, -2);
	atomic_store(&ask_ms, PATIENCE_MS);
	while (atomic_load(&asked_fd) == -2)
		turn(s);
	T_EQ(atomic_load(&asked_fd), -1);
	T_EQ(connects, 1);
	/* Too late: nobody waits any more, and it is closed. */
	T_EQ(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
	connect_fd = p[1];
	snmp_set(s, &(struct snmp_settings){.is_on = true});
	atomic_store(&asked_fd, -2);
	atomic_store(&ask_ms, 20);
	while (atomic_load(&asked_fd) == -2)
		pause_ms(1);
	T_EQ(atomic_load(&asked_fd), -1);
	snmp_poll(s);
	T_EQ(connects, 2);
	snmp_set(s, &(struct snmp_settings){0});
	T_TRUE(ended(p[0]));
	close(p[0]);
	/* Answered, and the thread never comes for it: closed with the rest. */
	T_EQ(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
	connect_fd = p[1];
	snmp_set(s, &(struct snmp_settings){.is_on = true});
	atomic_store(&asked_fd, -2);
	atomic_store(&ask_ms, 20);
	while (atomic_load(&asked_fd) == -2)
		pause_ms(1);
	atomic_store(&is_paused, true);
	pause_ms(20);
	snmp_poll(s);
	T_EQ(connects, 3);
	T_DO(end(s));
	T_TRUE(ended(p[0]));
	close(p[0]);
	connect_fd = -1;
}

int main(void)
{
	T_RUN(come_and_go);
	T_RUN(queue_full);
	T_RUN(queue_too_small);
	T_RUN(rebuilt_at_once);
	T_RUN(flood);
	T_RUN(samples);
	T_RUN(no_memory_for_cards);
	T_RUN(ten_thousand);
	T_RUN(churn);
	T_RUN(descriptor);
	return t_end();
}
