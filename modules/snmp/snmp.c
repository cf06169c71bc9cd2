#include "modules/snmp/snmp.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "modules/snmp/agent.h"

#define SAMPLES_MAX 4    /* under way; a thread that is so late has no use for more */
#define STOP_MS 500      /* for what it was handed */
#define STOP_LOOK_MS 10

struct snmp {
	struct share *share;
	const struct snmp_ports *ports;
	void *ctx;
	pthread_t thread;
	struct snmp_settings settings;
	/* A second descriptor of the connection: shutting it down ends what the thread waits for,
	 * whatever number its own has by then. */
	int connection;
	uint32_t answered;    /* the thread's last question */
	bool is_incomplete;   /* the thread misses something: all cards are to be handed over */
	bool is_handing_over; /* inside ports->all */
	bool is_put_off;      /* the last try failed: the next one with the next sample */
	unsigned samples;     /* under way */
	int64_t since_ms;
	uint64_t lost;        /* notifications that found no room in the queue */
	uint64_t resyncs, samples_left_out;
	char last_said[SNMP_TEXT];
};

static int64_t wall_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- handing over ------------------------------------------------------------------------------ */

/* Takes m. What cannot go leaves a hole that only handing over everything can close. */
static bool push(struct snmp *s, struct note *m)
{
	if (m && ring_push(&s->share->down, m))
		return true;
	mem_free(m);
	return false;
}

static void is_missing(struct snmp *s)
{
	s->is_incomplete = true;
	atomic_store(&s->share->is_main_waiting, true);
}

static void put_card(struct snmp *s, const struct snmp_card *card, bool is_new)
{
	struct note *m = s->is_incomplete && !s->is_handing_over ? NULL : share_note(NOTE_CARD);
	if (m) {
		m->is_new = is_new;
		m->card = *card;
	}
	if (push(s, m))
		return;
	is_missing(s);
	if (is_new && s->settings.notify_sessions)
		s->lost++;
}

/* Into an empty queue only: there will be no better moment. While something is missing, nothing else
 * is handed over: the order would be lost. */
static void hand_over_all(struct snmp *s)
{
	if (!s->is_incomplete || s->is_handing_over || s->is_put_off || !ring_empty(&s->share->down))
		return;
	atomic_store(&s->share->is_main_waiting, false);
	s->is_incomplete = !push(s, share_note(NOTE_RESET));
	if (!s->is_incomplete) {
		s->is_handing_over = true;
		s->ports->all(s->ctx, s);
		s->is_handing_over = false;
	}
	if (!s->is_incomplete)
		s->is_incomplete = !push(s, share_note(NOTE_COMPLETE));
	s->resyncs += !s->is_incomplete;
	s->is_put_off = s->is_incomplete;
	share_wake(s->share->wake_thread);
}

void snmp_up(struct snmp *s, const struct snmp_card *card)
{
	put_card(s, card, true);
	share_wake(s->share->wake_thread);
}

void snmp_changed(struct snmp *s, const struct snmp_card *card)
{
	put_card(s, card, false);
	share_wake(s->share->wake_thread);
}

void snmp_again(struct snmp *s, const struct snmp_card *card)
{
	if (s->is_handing_over && !s->is_incomplete)
		put_card(s, card, false);
}

static bool push_end(struct snmp *s, enum status why, const struct snmp_traffic *total, bool is_silent)
{
	struct note *m = s->is_incomplete ? NULL : share_note(NOTE_END);
	if (m) {
		m->end.why = why;
		m->end.total = *total;
		m->end.is_silent = is_silent;
	}
	bool is_pushed = push(s, m);
	if (!is_pushed)
		is_missing(s);
	share_wake(s->share->wake_thread);
	return is_pushed;
}

void snmp_down(struct snmp *s, enum status why, const struct snmp_traffic *total)
{
	if (!push_end(s, why, total, false))
		s->lost += s->settings.notify_sessions;
}

void snmp_gone(struct snmp *s, uint32_t index)
{
	(void)push_end(s, ST_OK, &(struct snmp_traffic){.index = index}, true);
}

void snmp_refresh(struct snmp *s)
{
	is_missing(s);
	hand_over_all(s);
	share_wake(s->share->wake_thread);
}

static void copy_values(struct share_values *out, const struct sample *sample)
{
	out->number = sample->number;
	out->wall_ms = sample->wall_ms;
	for (int i = 0; i < CT__MAX; i++)
		out->count[i] = sample->sums.count[i];
	for (int i = 0; i < ST__MAX; i++)
		out->status[i] = sample->sums.status[i];
	memcpy(out->gauge, sample->gauge, sizeof(out->gauge));
}

void snmp_sample(struct snmp *s, const struct sample *sample, const struct snmp_traffic *traffic,
		 size_t n)
{
	s->is_put_off = false;
	hand_over_all(s);
	struct note *m = s->samples < SAMPLES_MAX ? share_note_sample(sample->n_pools, n) : NULL;
	if (m) {
		copy_values(&m->sample.values, sample);
		for (size_t i = 0; i < sample->n_pools; i++)
			m->sample.pools[i].pool = sample->pools[i];
		if (n)
			memcpy(m->sample.traffic, traffic, n * sizeof(*traffic));
	}
	if (push(s, m))
		s->samples++;
	else
		s->samples_left_out++;
	share_wake(s->share->wake_thread);
}

void snmp_radius(struct snmp *s, const struct snmp_radius *v)
{
	(void)push(s, s->samples < SAMPLES_MAX ? share_note_radius(v) : NULL);
	share_wake(s->share->wake_thread);
}

/* ---- the connection ---------------------------------------------------------------------------- */

static void shut(struct snmp *s)
{
	if (s->connection < 0)
		return;
	(void)shutdown(s->connection, SHUT_RDWR);
	close(s->connection);
	s->connection = -1;
}

static void answer_connect(struct snmp *s)
{
	uint32_t number = share_asked(s->share, s->answered);
	int fd = -1;
	if (!number)
		return;
	s->answered = number;
	shut(s);
	if (s->settings.is_on && s->ports->connect(s->ctx, &fd) != ST_OK)
		fd = -1;
	if (fd >= 0) {
		s->connection = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		/* One that cannot be shut from here could keep us from stopping. */
		if (s->connection < 0) {
			close(fd);
			fd = -1;
		}
	}
	share_answer_fd(s->share, number, fd);
}

void snmp_set(struct snmp *s, const struct snmp_settings *settings)
{
	bool was_on = s->settings.is_on;
	s->settings = *settings;
	atomic_store(&s->share->notify_sessions, settings->notify_sessions);
	atomic_store(&s->share->notify_pools, settings->notify_pools);
	if (!settings->is_on)
		shut(s);
	if (settings->is_on && !was_on)
		snmp_refresh(s);
	share_wake(s->share->wake_thread);
}

/* ---- what comes back --------------------------------------------------------------------------- */

static void on_event(struct snmp *s, const struct note *m)
{
	struct snmp_event e = {.kind = m->event.kind, .text = m->event.text};
	if (e.kind == SNMP_SAID)
		memcpy(s->last_said, m->event.text, sizeof(s->last_said));
	else
		s->since_ms = wall_ms();
	s->ports->on_event(s->ctx, &e);
}

int snmp_fd(const struct snmp *s)
{
	return s->share->wake_main;
}

static void take_back(struct snmp *s)
{
	struct note *m;
	while ((m = ring_pop(&s->share->up)) != NULL) {
		if (m->kind == NOTE_SAMPLE)
			s->samples--;
		if (m->kind == NOTE_EVENT)
			on_event(s, m);
		mem_free(m);
	}
}

void snmp_poll(struct snmp *s)
{
	eventfd_t n;
	(void)eventfd_read(s->share->wake_main, &n);
	take_back(s);
	answer_connect(s);
	/* Memory is short: not at once. */
	if (atomic_exchange(&s->share->wants_all, false))
		s->is_incomplete = s->is_put_off = true;
	hand_over_all(s);
}

void snmp_info(const struct snmp *s, struct snmp_info *out)
{
	const struct share *sh = s->share;
#define GET(field) atomic_load_explicit(&sh->field, memory_order_relaxed)
	*out = (struct snmp_info){
		.is_connected = atomic_load(&sh->is_connected), .is_complete = !s->is_incomplete,
		.since_ms = s->since_ms, .requests = GET(requests), .connects = GET(connects),
		.notify_sent = GET(notify_sent), .notify_dropped = GET(notify_dropped) + s->lost,
		.cards = GET(cards), .resyncs = s->resyncs, .samples_left_out = s->samples_left_out,
		.said = GET(said)};
#undef GET
	memcpy(out->last_said, s->last_said, sizeof(out->last_said));
}

/* ---- start and stop ---------------------------------------------------------------------------- */

static bool start_thread(struct snmp *s)
{
	/* Signals belong to the loop. */
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	bool ok = pthread_create(&s->thread, NULL, agent_main, s->share) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ok;
}

/* On cache lines of its own, which mem_new does not promise. */
static struct share *share_new(size_t queue)
{
	struct share *sh = aligned_alloc(64, (sizeof(*sh) + 63) & ~(size_t)63);
	if (sh && share_init(sh, queue) == ST_OK)
		return sh;
	free(sh);
	return NULL;
}

struct snmp *snmp_new(const struct snmp_ports *ports, void *ctx, size_t queue)
{
	struct snmp *s = mem_new(sizeof(*s));
	if (!s)
		return NULL;
	*s = (struct snmp){.ports = ports, .ctx = ctx, .connection = -1, .share = share_new(queue)};
	if (s->share && start_thread(s))
		return s;
	if (s->share)
		share_fini(s->share);
	free(s->share);
	mem_free(s);
	return NULL;
}

static bool is_done_within(struct snmp *s, int ms)
{
	for (; ms > 0 && !atomic_load(&s->share->is_done); ms -= STOP_LOOK_MS) {
		struct pollfd p = {.fd = s->share->wake_main, .events = POLLIN};
		eventfd_t n;
		(void)poll(&p, 1, STOP_LOOK_MS);
		(void)eventfd_read(s->share->wake_main, &n);
	}
	return atomic_load(&s->share->is_done);
}

void snmp_free(struct snmp *s)
{
	struct note *m;
	if (!s)
		return;
	atomic_store(&s->share->is_stopping, true);
	share_wake(s->share->wake_thread);
	(void)is_done_within(s, STOP_MS);
	shut(s);
	pthread_join(s->thread, NULL);
	while ((m = ring_pop(&s->share->up)) != NULL)
		mem_free(m);
	while ((m = ring_pop(&s->share->down)) != NULL)
		mem_free(m);
	share_fini(s->share);
	free(s->share);
	mem_free(s);
}
