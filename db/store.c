/* The loop's side of the store: makes messages, keeps what must not be lost when the ring is full,
 * delivers answers. */
#include "db/store.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "db/writer.h"

#define EVENTS_A_SECOND   1000
#define FAILURES_A_SECOND 100
#define BACKLOG_ACCT      20000

/* How many rows of a kind came in one second of their own time. */
struct rate {
	uint64_t second;
	uint32_t n;
};

struct list_of_msg {
	struct msg *head;
	struct msg **tail;
};

struct store {
	struct writer *writer;
	struct store_options options;
	struct list_of_msg refused; /* answers that we give ourselves */
	struct list_of_msg backlog; /* ends that found no room */
	struct msg *totals;         /* being collected; NULL: none */
	size_t reserve;             /* room that is not for what may be dropped */
	struct rate events;
	struct rate failures;
	uint64_t failed;
	uint64_t dropped;
	uint64_t suppressed;
	uint64_t backlog_len;
	uint64_t backlog_acct; /* accounting records in it */
	uint64_t acct_lost;
};

static void list_of_msg_init(struct list_of_msg *l)
{
	l->head = NULL;
	l->tail = &l->head;
}

static void list_of_msg_add(struct list_of_msg *l, struct msg *m)
{
	m->next = NULL;
	*l->tail = m;
	l->tail = &m->next;
}

static struct msg *list_of_msg_take(struct list_of_msg *l)
{
	struct msg *m = l->head;

	if (m) {
		l->head = m->next;
		if (!l->head)
			l->tail = &l->head;
	}
	return m;
}

/* ---- open, close ---------------------------------------------------------------------------- */

static uint32_t or_default(uint32_t v, uint32_t otherwise)
{
	return v ? v : otherwise;
}

struct store *store_open(const char *dir, const struct store_options *options, enum status *why,
	char detail[STORE_TEXT])
{
	struct writer_options w = {
		.group_ms = or_default(options->group_ms, 10),
		.lazy_ms = or_default(options->lazy_ms, 250),
		.ring_slots = or_default(options->ring_slots, 4096),
		.rows.max_events = or_default(options->max_events, 500000),
		.rows.max_failures = or_default(options->max_failures, 100000),
		.rows.max_sessions = or_default(options->max_sessions, 5000000),
		.rows.acct_max = or_default(options->acct_max, 500000),
		.rows.acct_days = or_default(options->acct_days, 7),
	};
	struct store *s = mem_new(sizeof(*s));

	if (!s) {
		*why = ST_NOMEM;
		snprintf(detail, STORE_TEXT, "%s", status_words(ST_NOMEM));
		return NULL;
	}
	snprintf(w.rows.node, sizeof(w.rows.node), "%s", options->node ? options->node : "");
	s->options = *options;
	s->reserve = w.ring_slots / 4;
	list_of_msg_init(&s->refused);
	list_of_msg_init(&s->backlog);
	s->writer = writer_new(dir, &w, why, detail);
	if (!s->writer) {
		mem_free(s);
		return NULL;
	}
	return s;
}

static void push_backlog(struct store *s)
{
	while (s->backlog.head) {
		struct msg *next = s->backlog.head->next;
		bool is_acct = s->backlog.head->kind == MSG_ACCT_PUT;
		if (!writer_push(s->writer, s->backlog.head))
			return;
		/* The message is the writer's now: its link was read before. */
		s->backlog.head = next;
		if (!next)
			s->backlog.tail = &s->backlog.head;
		s->backlog_len--;
		s->backlog_acct -= is_acct;
	}
}

/* A flood of what may be dropped leaves room for what may not. */
static void push_or_drop(struct store *s, struct msg *m)
{
	push_backlog(s);
	if (s->backlog.head || writer_room(s->writer) <= s->reserve || !writer_push(s->writer, m)) {
		msg_free(m);
		s->dropped++;
	}
}

static void push_totals(struct store *s)
{
	struct msg *m = s->totals;

	s->totals = NULL;
	if (m)
		push_or_drop(s, m);
}

void store_close(struct store *s)
{
	if (!s)
		return;
	push_backlog(s);
	push_totals(s);
	writer_stop(s->writer);
	store_poll(s);
	struct msg *m;
	while ((m = list_of_msg_take(&s->backlog)))
		msg_free(m);
	msg_free(s->totals);
	writer_free(s->writer);
	mem_free(s);
}

/* ---- answers -------------------------------------------------------------------------------- */

int store_fd(const struct store *s)
{
	return writer_fd(s->writer);
}

static void deliver(struct store *s, struct msg *m)
{
	enum status st = m->status;
	uint64_t number = m->number;

	if (m->kind == MSG_NOTICE) {
		if (s->options.on_notice)
			s->options.on_notice(s->options.ctx, st, m->u.notice.text);
		msg_free(m);
		return;
	}
	if (st != ST_OK && st != ST_TICKET_REVOKED) /* that one is an answer like another */
		s->failed++;
	if (m->kind == MSG_ACCT_NEXT && s->options.on_acct)
		s->options.on_acct(s->options.ctx, number, st, m->u.acct_next.v, m->u.acct_next.n);
	else if (m->kind == MSG_USAGE && s->options.on_usage)
		s->options.on_usage(s->options.ctx, number, st, &m->u.usage.usage);
	else if (m->kind != MSG_ACCT_NEXT && m->kind != MSG_USAGE)
		s->options.on_commit(s->options.ctx, number, st);
	msg_free(m);
}

void store_poll(struct store *s)
{
	struct list_of_msg refused = s->refused;
	struct msg *m;

	/* What the callbacks refuse now is for the next call. */
	list_of_msg_init(&s->refused);
	if (!refused.head)
		list_of_msg_init(&refused);
	while ((m = writer_pop(s->writer)))
		deliver(s, m);
	while ((m = list_of_msg_take(&refused)))
		deliver(s, m);
	push_backlog(s);
	push_totals(s);
}

/* ---- messages ------------------------------------------------------------------------------- */

/* Order is kept: while an end waits for room, nothing overtakes it. */
static bool push(struct store *s, struct msg *m)
{
	push_backlog(s);
	push_totals(s);
	return !s->backlog.head && writer_push(s->writer, m);
}

static enum status push_answered(struct store *s, struct msg *m, uint64_t number)
{
	m->number = number;
	if (!push(s, m)) {
		m->status = ST_STORE;
		list_of_msg_add(&s->refused, m);
		writer_poke(s->writer);
	}
	return ST_OK;
}

/* What is kept and tried again until it is written. */
static void push_kept(struct store *s, struct msg *m)
{
	bool is_acct = m->kind == MSG_ACCT_PUT;

	if (push(s, m))
		return;
	if (is_acct && s->backlog_acct >= BACKLOG_ACCT) {
		msg_free(m);
		s->acct_lost++;
		return;
	}
	list_of_msg_add(&s->backlog, m);
	s->backlog_len++;
	s->backlog_acct += is_acct;
}

static struct msg *new_or_count(struct store *s, enum msg_kind kind)
{
	struct msg *m = msg_new(kind);

	if (!m)
		s->dropped++;
	return m;
}

static bool is_too_many(struct store *s, struct rate *r, uint64_t ms, uint32_t limit)
{
	if (r->second != ms / 1000)
		*r = (struct rate){.second = ms / 1000};
	if (r->n++ < limit)
		return false;
	s->suppressed++;
	return true;
}

enum status store_session_up(struct store *s, uint64_t number, const struct store_session *row)
{
	struct msg *m = msg_new(MSG_UP);

	if (!m)
		return ST_NOMEM;
	m->u.up.row = *row;
	m->u.up.row.record = NULL;
	if (row->record_len) {
		m->u.up.record = mem_dup(row->record, row->record_len);
		m->u.up.row.record = m->u.up.record;
	}
	if (row->record_len && !m->u.up.record) {
		msg_free(m);
		return ST_NOMEM;
	}
	return push_answered(s, m, number);
}

static enum status push_end(struct store *s, enum msg_kind kind, const struct ulid *session,
	const struct msg_end *end)
{
	struct msg *m = msg_new(kind);

	if (!m)
		return ST_NOMEM;
	m->u.end = *end;
	ulid_format(session, m->u.end.ulid);
	push_kept(s, m);
	return ST_OK;
}

enum status store_session_end(struct store *s, const struct ulid *session, uint64_t ms,
	enum status why, const struct store_traffic *total)
{
	return push_end(s, MSG_END, session, &(struct msg_end){.ms = ms, .why = why, .traffic = *total});
}

enum status store_session_wait(struct store *s, const struct ulid *session, uint64_t ms,
	const struct store_traffic *total)
{
	return push_end(s, MSG_WAIT, session, &(struct msg_end){.ms = ms, .traffic = *total});
}

static struct msg *new_totals(struct store *s)
{
	struct msg *m = new_or_count(s, MSG_TRAFFIC);

	if (!m)
		return NULL;
	m->u.traffic.v = mem_array(TRAFFIC_ROWS, sizeof(*m->u.traffic.v));
	if (m->u.traffic.v)
		return m;
	msg_free(m);
	s->dropped++;
	return NULL;
}

void store_session_traffic(
	struct store *s, const struct ulid *session, uint64_t ms, const struct store_traffic *total)
{
	struct traffic_row *row;

	if (!s->totals && !(s->totals = new_totals(s)))
		return;
	row = &s->totals->u.traffic.v[s->totals->u.traffic.n++];
	ulid_format(session, row->ulid);
	row->ms = ms;
	row->traffic = *total;
	if (s->totals->u.traffic.n == TRAFFIC_ROWS)
		push_totals(s);
}

void store_event(struct store *s, const struct store_event *row)
{
	struct msg *m;

	if (is_too_many(s, &s->events, row->ms, EVENTS_A_SECOND) ||
		!(m = new_or_count(s, MSG_EVENT)))
		return;
	m->u.event = *row;
	push_or_drop(s, m);
}

/* The plain text of a pair's value, for the columns. */
static void kv_text(const struct kv *kv, char *out, size_t cap)
{
	char buf[ENDPOINT_TEXT];

	switch (kv->type) {
	case KV_STR: snprintf(out, cap, "%s", kv->s ? kv->s : ""); break;
	case KV_ADDR: snprintf(out, cap, "%s", addr_format(&kv->addr, buf)); break;
	case KV_ENDPOINT: snprintf(out, cap, "%s", endpoint_format(&kv->ep, buf)); break;
	default: break;
	}
}

void store_log(struct store *s, uint64_t ms, enum event e, const struct kv *kv, size_t n)
{
	struct store_event row = {.ms = ms, .event = e};
	struct kv rest[32];
	size_t kept = 0;
	char text[sizeof(row.detail) + 64];

	for (size_t i = 0; i < n; i++) {
		if (strcmp(kv[i].key, "session") == 0)
			kv_text(&kv[i], row.session, sizeof(row.session));
		else if (strcmp(kv[i].key, "remote") == 0 || strcmp(kv[i].key, "peer") == 0)
			kv_text(&kv[i], row.peer, sizeof(row.peer));
		else if (kept < sizeof(rest) / sizeof(rest[0]))
			rest[kept++] = kv[i];
	}
	log_format(text, sizeof(text), e, rest, kept);
	const char *blank = strchr(text, ' '); /* after the token, which has its own column */
	snprintf(row.detail, sizeof(row.detail), "%s", blank ? blank + 1 : "");
	store_event(s, &row);
}

void store_failure(struct store *s, const struct store_failure *row)
{
	struct msg *m;

	if (is_too_many(s, &s->failures, row->ms, FAILURES_A_SECOND) ||
		!(m = new_or_count(s, MSG_FAILURE)))
		return;
	m->u.failure = *row;
	push_or_drop(s, m);
}

void store_sample(struct store *s, const struct sample *sample)
{
	const struct stats *sum = &sample->sums;
	struct msg *m = new_or_count(s, MSG_SAMPLE);

	if (!m)
		return;
	push_totals(s);
	m->u.sample.number = sample->number;
	m->u.sample.ms = (uint64_t)sample->wall_ms;
	memcpy(m->u.sample.gauge, sample->gauge, sizeof(sample->gauge));
	for (int i = 0; i < CT__MAX; i++)
		m->u.sample.count[i] = atomic_load_explicit(&sum->count[i], memory_order_relaxed);
	for (int i = 0; i < ST__MAX; i++)
		m->u.sample.status[i] = atomic_load_explicit(&sum->status[i], memory_order_relaxed);
	push_or_drop(s, m);
}

enum status store_reconcile(
	struct store *s, uint64_t number, uint64_t ms, const struct ulid *live, size_t n)
{
	struct msg *m = msg_new(MSG_RECONCILE);

	if (!m)
		return ST_NOMEM;
	m->u.reconcile.ms = ms;
	m->u.reconcile.n = n;
	if (n) {
		m->u.reconcile.live = mem_dup(live, n * sizeof(*live));
		if (!m->u.reconcile.live) {
			msg_free(m);
			return ST_NOMEM;
		}
	}
	return push_answered(s, m, number);
}

enum status store_usage(struct store *s, uint64_t number, const struct store_usage_ask *ask)
{
	struct msg *m = msg_new(MSG_USAGE);

	if (!m)
		return ST_NOMEM;
	m->u.usage.ask = *ask;
	return push_answered(s, m, number);
}

enum status store_resume(struct store *s, uint64_t number, const struct ulid *session, bool claims)
{
	struct msg *m = msg_new(MSG_RESUME);

	if (!m)
		return ST_NOMEM;
	ulid_format(session, m->u.resume.ulid);
	m->u.resume.claims = claims;
	return push_answered(s, m, number);
}

void store_secret(struct store *s, const char *name, const void *value, size_t len)
{
	struct msg *m = len <= STORE_SECRET ? new_or_count(s, MSG_SECRET) : NULL;

	if (!m)
		return;
	snprintf(m->u.secret.name, sizeof(m->u.secret.name), "%s", name);
	m->u.secret.len = len;
	memcpy(m->u.secret.value, value, len);
	push_or_drop(s, m);
}

enum status store_user(struct store *s, const struct store_user *u)
{
	struct msg *m = msg_new(MSG_USER);

	if (!m)
		return ST_NOMEM;
	m->u.user = *u;
	push_kept(s, m);
	return ST_OK;
}

static void push_old(struct store *s, enum msg_kind kind, uint64_t ms, uint32_t days)
{
	struct msg *m = new_or_count(s, kind);

	if (!m)
		return;
	m->u.prune = (struct msg_prune){.ms = ms, .days = days};
	push_or_drop(s, m);
}

void store_prune(struct store *s, uint64_t ms, uint32_t days)
{
	push_old(s, MSG_PRUNE, ms, days);
}

void store_anonymize(struct store *s, uint64_t ms, uint32_t days)
{
	if (days)
		push_old(s, MSG_ANONYMIZE, ms, days);
}

/* ---- the spool of accounting records ---------------------------------------------------------- */

static enum status put_acct(struct store *s, enum acct_role role, uint64_t ms, const struct ulid *session,
	struct view record)
{
	if (record.len == 0 || record.len > STORE_ACCT_MAX)
		return ST_BAD_LENGTH;
	struct msg *m = msg_new(MSG_ACCT_PUT);
	if (m)
		m->u.acct.record = mem_dup(record.p, record.len);
	if (!m || !m->u.acct.record) {
		msg_free(m);
		return ST_NOMEM;
	}
	m->u.acct.role = role;
	m->u.acct.ms = ms;
	m->u.acct.len = record.len;
	ulid_format(session, m->u.acct.session);
	push_kept(s, m);
	return ST_OK;
}

enum status store_acct_put(struct store *s, uint64_t ms, const struct ulid *session,
	const uint8_t *record, size_t len)
{
	return put_acct(s, ACCT_RECORD, ms, session, (struct view){record, len});
}

enum status store_acct_open(struct store *s, const struct ulid *session, const uint8_t *record,
	size_t len)
{
	return put_acct(s, ACCT_OPEN, 0, session, (struct view){record, len});
}

enum status store_acct_stop(struct store *s, uint64_t ms, const struct ulid *session,
	const uint8_t *record, size_t len)
{
	return put_acct(s, ACCT_STOP, ms, session, (struct view){record, len});
}

static enum status ask_acct(struct store *s, uint64_t number, const struct msg_acct_next *ask, struct view queue)
{
	struct msg *m = queue.len <= STORE_ACCT_QUEUE ? msg_new(MSG_ACCT_NEXT) : NULL;

	if (!m)
		return queue.len <= STORE_ACCT_QUEUE ? ST_NOMEM : ST_BAD_LENGTH;
	m->u.acct_next.ask = ask->ask;
	m->u.acct_next.after = ask->after;
	m->u.acct_next.queue_len = queue.len;
	if (queue.len)
		memcpy(m->u.acct_next.queue, queue.p, queue.len);
	return push_answered(s, m, number);
}

enum status store_acct_next(struct store *s, uint64_t number, struct view queue, uint64_t after)
{
	return ask_acct(s, number, &(struct msg_acct_next){.ask = ACCT_OF_QUEUE, .after = after}, queue);
}

enum status store_acct_queues(struct store *s, uint64_t number, struct view after)
{
	return ask_acct(s, number, &(struct msg_acct_next){.ask = ACCT_QUEUES}, after);
}

enum status store_acct_lost(struct store *s, uint64_t number)
{
	return ask_acct(s, number, &(struct msg_acct_next){.ask = ACCT_LOST}, (struct view){0});
}

enum status store_acct_done(struct store *s, uint64_t id)
{
	struct msg *m = msg_new(MSG_ACCT_DONE);

	if (!m)
		return ST_NOMEM;
	m->u.acct_id = id;
	push_kept(s, m);
	return ST_OK;
}

void store_counts(const struct store *s, struct store_counts *out)
{
	struct writer_counts w;

	writer_counts(s->writer, &w);
	*out = (struct store_counts){
		.commits = w.commits,
		.rows = w.rows,
		.failed = s->failed,
		.dropped = s->dropped + w.lost,
		.suppressed = s->suppressed,
		.acct_lost = s->acct_lost + w.acct_lost,
		.waiting = w.waiting + s->backlog_len,
		.failing = w.failing,
	};
}
