#include "modules/keys/keys.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/list.h"
#include "core/base/mem.h"
#include "modules/keys/msg.h"

#define IN_FLIGHT   8    /* questions that the process has: it is never idle, and never has many to lose */
#define PATIENCE_MS 3000 /* that it may be busy without a word */
#define QUIET_MS    10000 /* ready for so long: the next loss is the first again */
#define AGAIN_MS    20   /* the holder could not hand it a file */
#define RECORDS     64   /* read in one turn */

static const uint32_t pauses_ms[] = {0, 100, 500, 1000, 2000, 5000};
#define PAUSES (sizeof(pauses_ms) / sizeof(pauses_ms[0]))

enum process_state {
	PROCESS_NONE,
	PROCESS_PAUSED,   /* until at_ms */
	PROCESS_STARTING, /* until READY */
	PROCESS_READY
};

struct question {
	struct list in_list;
	uint64_t number;
	uint64_t until_ms;
	uint32_t serial; /* in flight */
	unsigned key;
	enum keys_use use;
	uint16_t scheme;
	bool is_cancelled;
	enum status status; /* settled */
	uint8_t *data;      /* until it is in flight */
	size_t len;
	size_t sig_len;
	uint8_t sig[KEYS_SIG_MAX];
};

struct slot {
	struct keys_key key;
	uint32_t serial;  /* of the load under way */
	bool is_wanted;   /* to be handed to the process */
	bool was_ready;   /* it worked once, with this public half */
};

struct keys {
	struct keys_ports ports;
	void *ctx;
	enum process_state state;
	int fd;
	uint64_t at_ms;       /* PAUSED; STARTING and READY: the files again, or NEVER */
	uint64_t progress_ms; /* when it said something last, or became busy */
	uint64_t ready_ms;
	unsigned losses;
	uint32_t serial;
	uint64_t armed_ms;
	struct slot slots[KEYS_MAX];
	struct list waiting, in_flight, settled;
	size_t n_questions, n_in_flight;
	struct keys_info counts;
	struct keys_msg msg;
	uint8_t buffer[KEYS_MSG_MAX + 1];
};

static uint64_t now(const struct keys *k)
{
	return k->ports.now_ms(k->ctx);
}

/* ---- questions -------------------------------------------------------------------------------- */

static void question_free(struct keys *k, struct question *q)
{
	list_del(&q->in_list);
	mem_free_secret(q->data, q->len);
	mem_free(q);
	k->n_questions--;
}

/* Answered in the next turn of this file: nobody is called from inside a question. */
static void settle(struct keys *k, struct question *q, enum status st)
{
	list_del(&q->in_list);
	if (st == ST_OK)
		k->counts.signatures++;
	else
		k->counts.failures++;
	q->status = st;
	list_push_back(&k->settled, &q->in_list);
	if (q->is_cancelled)
		question_free(k, q);
}

static void settle_all(struct keys *k, struct list *from, enum status st)
{
	while (!list_empty(from))
		settle(k, CONTAINER_OF(from->next, struct question, in_list), st);
}

/* Those that are settled now; what is settled by the way waits for its own turn. */
static void deliver(struct keys *k)
{
	size_t n = 0;

	LIST_EACH(at, &k->settled)
		n++;
	for (; n > 0 && !list_empty(&k->settled); n--) {
		struct question *q = CONTAINER_OF(k->settled.next, struct question, in_list);
		struct view sig = {q->sig, q->status == ST_OK ? q->sig_len : 0};

		/* It is nobody's any more: who is answered may cancel. */
		list_del(&q->in_list);
		if (!q->is_cancelled)
			k->ports.signature(k->ctx, q->number, q->status, sig);
		question_free(k, q);
	}
}

/* ---- the process ------------------------------------------------------------------------------ */

static size_t count_state(const struct keys *k, enum keys_state state)
{
	size_t n = 0;

	for (unsigned i = 0; i < KEYS_MAX; i++)
		n += k->slots[i].key.state == state;
	return n;
}

static bool is_busy(const struct keys *k)
{
	if (k->state == PROCESS_STARTING || k->n_in_flight)
		return true;
	for (unsigned i = 0; k->state == PROCESS_READY && i < KEYS_MAX; i++)
		if (k->slots[i].key.state == KEYS_LOADING && !k->slots[i].is_wanted)
			return true;
	return false;
}

static void end_process(struct keys *k)
{
	if (k->fd >= 0) {
		k->ports.unwatch(k->ctx, k->fd);
		close(k->fd);
		k->fd = -1;
		k->ports.stop(k->ctx);
	}
	k->state = PROCESS_NONE;
	k->at_ms = KEYS_NEVER;
}

/* What was signed or loaded there is gone; what waits goes to the next one. */
static void lose(struct keys *k, const char *why)
{
	if (k->state == PROCESS_READY && now(k) - k->ready_ms >= QUIET_MS)
		k->losses = 0;
	end_process(k);
	k->counts.losses++;
	k->ports.log(k->ctx, KEYS_LOG_LOST, why);
	settle_all(k, &k->in_flight, ST_IO);
	k->n_in_flight = 0;
	for (unsigned i = 0; i < KEYS_MAX; i++) {
		struct slot *s = &k->slots[i];

		if (s->key.state != KEYS_READY && s->key.state != KEYS_LOADING)
			continue;
		s->key.state = KEYS_LOADING;
		s->is_wanted = true;
	}
	k->state = PROCESS_PAUSED;
	k->at_ms = now(k) + pauses_ms[k->losses < PAUSES ? k->losses : PAUSES - 1];
	k->losses++;
}

static void start_process(struct keys *k)
{
	/* Room for several of the longest records, where the system allows it. */
	const int room = 4 * KEYS_MSG_MAX;

	end_process(k);
	k->counts.starts++;
	if (k->ports.start(k->ctx, &k->fd) != ST_OK) {
		k->fd = -1;
		lose(k, "it cannot be started");
		return;
	}
	(void)setsockopt(k->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	k->ports.watch(k->ctx, k->fd);
	k->state = PROCESS_STARTING;
	k->progress_ms = now(k);
}

static void refuse(struct keys *k, unsigned key, enum status st, const char *words)
{
	struct slot *s = &k->slots[key];
	char text[KEYS_FILE + KEYS_WORDS];

	s->is_wanted = false;
	s->key.state = KEYS_REFUSED;
	s->key.status = st;
	snprintf(s->key.words, sizeof(s->key.words), "%s", words);
	snprintf(text, sizeof(text), "%s: %s", s->key.file, s->key.words);
	if (s->was_ready)
		k->ports.log(k->ctx, KEYS_LOG_REFUSED, text);
	k->ports.loaded(k->ctx, key, &s->key);
}

static const char *why_not_handed(enum status st)
{
	switch (st) {
	case ST_NOT_FOUND: return "there is no such file";
	case ST_CONFIG: return "it is no plain file, or does not stand behind private-key in the configuration";
	case ST_IO: return strerror(errno);
	default: return status_words(st);
	}
}

static void hand_files(struct keys *k)
{
	k->at_ms = KEYS_NEVER;
	for (unsigned i = 0; i < KEYS_MAX && k->state == PROCESS_READY; i++) {
		struct slot *s = &k->slots[i];
		bool was_busy = is_busy(k);

		if (!s->is_wanted)
			continue;
		s->serial = ++k->serial;
		enum status st = k->ports.hand(k->ctx, i, s->serial, s->key.file, &s->key.is_exposed);
		if (st == ST_AGAIN) {
			k->at_ms = now(k) + AGAIN_MS;
			return;
		}
		if (st != ST_OK) {
			refuse(k, i, st, why_not_handed(st));
			continue;
		}
		s->is_wanted = false;
		if (!was_busy)
			k->progress_ms = now(k);
	}
}

/* ---- asking ----------------------------------------------------------------------------------- */

/* False: not now. A socket that is full has been read from when the next answer comes. */
static bool say(struct keys *k, const struct keys_msg *m)
{
	struct wr w = wr_init(k->buffer, KEYS_MSG_MAX);

	keys_msg_build(&w, m);
	if (wr_ok(&w) && send(k->fd, k->buffer, w.len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)w.len)
		return true;
	if (!wr_ok(&w) || (errno != EAGAIN && errno != EINTR) || !is_busy(k))
		lose(k, "it does not listen");
	return false;
}

/* ST_OK: it can be asked now; ST_PENDING: later; else never. */
static enum status readiness(const struct keys *k, unsigned key)
{
	if (key >= KEYS_MAX || k->slots[key].key.state == KEYS_NONE ||
	    k->slots[key].key.state == KEYS_REFUSED)
		return ST_NOT_FOUND;
	return k->slots[key].key.state == KEYS_READY ? ST_OK : ST_PENDING;
}

static bool put_in_flight(struct keys *k, struct question *q)
{
	const struct keys_msg m = {.type = KEYS_MSG_SIGN, .serial = k->serial + 1, .key = (uint8_t)q->key,
				   .use = q->use, .scheme = q->scheme, .bytes = {q->data, q->len}};

	if (!say(k, &m))
		return false;
	if (!is_busy(k))
		k->progress_ms = now(k);
	q->serial = ++k->serial;
	mem_free_secret(q->data, q->len);
	q->data = NULL;
	q->len = 0;
	list_del(&q->in_list);
	list_push_back(&k->in_flight, &q->in_list);
	k->n_in_flight++;
	return true;
}

static void pump(struct keys *k)
{
	LIST_EACH_SAFE(at, &k->waiting) {
		struct question *q = CONTAINER_OF(at, struct question, in_list);
		enum status st = readiness(k, q->key);

		if (st == ST_NOT_FOUND)
			settle(k, q, st);
		else if (st == ST_OK && k->state == PROCESS_READY && k->n_in_flight < IN_FLIGHT &&
			 !put_in_flight(k, q))
			break;
	}
}

/* When time has something to do, what is settled left aside. */
static uint64_t next_ms(const struct keys *k)
{
	uint64_t at = k->at_ms;

	if (is_busy(k) && k->progress_ms + PATIENCE_MS < at)
		at = k->progress_ms + PATIENCE_MS;
	/* Both lists are in the order of asking, and all have the same time. */
	if (!list_empty(&k->waiting)) {
		const struct question *q = CONTAINER_OF(k->waiting.next, struct question, in_list);

		if (q->until_ms < at)
			at = q->until_ms;
	}
	return at;
}

static void arm(struct keys *k)
{
	uint64_t at = list_empty(&k->settled) ? next_ms(k) : now(k);

	if (at != k->armed_ms)
		k->ports.wake_at(k->ctx, at);
	k->armed_ms = at;
}

/* ---- what the process says -------------------------------------------------------------------- */

static void on_ready(struct keys *k)
{
	if (k->state != PROCESS_STARTING || k->msg.version != KEYS_MSG_VERSION) {
		lose(k, "it is of another version");
		return;
	}
	k->state = PROCESS_READY;
	k->ready_ms = now(k);
	k->ports.log(k->ctx, KEYS_LOG_STARTED, "");
	hand_files(k);
}

static void on_loaded(struct keys *k)
{
	const struct keys_msg *m = &k->msg;
	struct slot *s = &k->slots[m->key];
	struct keys_key *key = &s->key;
	char words[KEYS_WORDS];

	/* Of a number that was given up meanwhile, or given anew. */
	if (key->state != KEYS_LOADING || s->is_wanted || s->serial != m->serial)
		return;
	if (m->status != ST_OK) {
		snprintf(words, sizeof(words), "%.*s", (int)m->words.len, (const char *)m->words.p);
		refuse(k, m->key, m->status, words);
		return;
	}
	if (s->was_ready && (key->spki_len != m->bytes.len || memcmp(key->spki, m->bytes.p, m->bytes.len) != 0)) {
		refuse(k, m->key, ST_NO_PRIVATE_KEY, "the file holds another key than before: reload the configuration");
		return;
	}
	memcpy(key->spki, m->bytes.p, m->bytes.len);
	key->spki_len = m->bytes.len;
	key->state = KEYS_READY;
	s->was_ready = true;
	k->ports.loaded(k->ctx, m->key, key);
}

static void on_signed(struct keys *k)
{
	const struct keys_msg *m = &k->msg;

	LIST_EACH(at, &k->in_flight) {
		struct question *q = CONTAINER_OF(at, struct question, in_list);

		if (q->serial != m->serial)
			continue;
		k->n_in_flight--;
		q->sig_len = m->bytes.len;
		if (m->bytes.len)
			memcpy(q->sig, m->bytes.p, m->bytes.len);
		if (m->us > k->counts.slowest_us)
			k->counts.slowest_us = m->us;
		settle(k, q, m->status);
		return;
	}
	lose(k, "it answers what it was not asked");
}

/* One record. False: there is none, or the process is lost. */
static bool read_record(struct keys *k)
{
	ssize_t n = k->fd >= 0 ? recv(k->fd, k->buffer, sizeof(k->buffer), MSG_DONTWAIT | MSG_TRUNC) : 0;

	if (k->fd < 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return false;
	if (n <= 0) {
		lose(k, "it died");
		return false;
	}
	if (n > KEYS_MSG_MAX || keys_msg_parse_answer((struct view){k->buffer, (size_t)n}, &k->msg) != ST_OK) {
		lose(k, "it sends what cannot be read");
		return false;
	}
	k->progress_ms = now(k);
	switch (k->msg.type) {
	case KEYS_MSG_READY: on_ready(k); break;
	case KEYS_MSG_LOADED: on_loaded(k); break;
	case KEYS_MSG_SIGNED: on_signed(k); break;
	default: break;
	}
	return k->fd >= 0;
}

static void take_records(struct keys *k)
{
	for (int i = 0; i < RECORDS && read_record(k); i++)
		pump(k);
}

static void take_time(struct keys *k)
{
	if (is_busy(k) && k->progress_ms + PATIENCE_MS <= now(k)) {
		lose(k, "it does not answer");
	} else if (k->at_ms <= now(k)) {
		if (k->state == PROCESS_PAUSED)
			start_process(k);
		else if (k->state == PROCESS_READY)
			hand_files(k);
	}
	LIST_EACH_SAFE(at, &k->waiting) {
		struct question *q = CONTAINER_OF(at, struct question, in_list);

		if (q->until_ms <= now(k))
			settle(k, q, ST_TIMEOUT);
	}
	pump(k);
}

void keys_on_readable(struct keys *k, int fd)
{
	if (fd == k->fd)
		take_records(k);
	deliver(k);
	pump(k);
	arm(k);
}

void keys_on_time(struct keys *k)
{
	k->armed_ms = KEYS_NEVER;
	take_time(k);
	deliver(k);
	arm(k);
}

/* ---- keys ------------------------------------------------------------------------------------- */

enum status keys_load(struct keys *k, const char *file, unsigned *key)
{
	size_t len = strlen(file);
	unsigned i = 0;

	while (i < KEYS_MAX && k->slots[i].key.state != KEYS_NONE)
		i++;
	if (i == KEYS_MAX || len == 0 || len >= KEYS_FILE)
		return ST_LIMIT;
	k->slots[i] = (struct slot){.key.state = KEYS_LOADING, .is_wanted = true};
	memcpy(k->slots[i].key.file, file, len + 1);
	*key = i;
	if (k->state == PROCESS_NONE) {
		k->state = PROCESS_PAUSED;
		k->at_ms = now(k);
	} else if (k->state == PROCESS_READY) {
		k->at_ms = now(k);
	}
	arm(k);
	return ST_OK;
}

void keys_forget(struct keys *k, unsigned key)
{
	const struct keys_msg m = {.type = KEYS_MSG_FORGET, .key = (uint8_t)key};

	if (key >= KEYS_MAX || k->slots[key].key.state == KEYS_NONE)
		return;
	mem_zero(&k->slots[key], sizeof(k->slots[key]));
	if (count_state(k, KEYS_NONE) == KEYS_MAX) {
		end_process(k);
		settle_all(k, &k->in_flight, ST_NOT_FOUND);
		k->n_in_flight = 0;
		k->losses = 0;
	} else if (k->state == PROCESS_READY && !say(k, &m) && k->state == PROCESS_READY) {
		/* It is too busy to hear it; it must not keep a key that nobody is meant to have. */
		lose(k, "it is started again to forget a key");
	}
	pump(k);
	arm(k);
}

enum status keys_settle(struct keys *k, uint32_t ms)
{
	const uint64_t end = now(k) + ms;

	while (count_state(k, KEYS_LOADING) && now(k) < end) {
		uint64_t t = now(k), next = next_ms(k), at = next < end ? next : end;
		struct pollfd p = {.fd = k->fd, .events = POLLIN};

		if (poll(&p, 1, at > t ? (int)(at - t) : 0) > 0)
			take_records(k);
		take_time(k);
	}
	arm(k);
	return count_state(k, KEYS_LOADING) ? ST_TIMEOUT : ST_OK;
}

const struct keys_key *keys_look(const struct keys *k, unsigned key)
{
	static const struct keys_key none = {.state = KEYS_NONE};

	return key < KEYS_MAX ? &k->slots[key].key : &none;
}

/* ---- signatures ------------------------------------------------------------------------------- */

enum status keys_sign(struct keys *k, uint64_t number, unsigned key, enum keys_use use, uint16_t scheme,
		      struct view data)
{
	if (k->n_questions >= KEYS_QUEUE_MAX || data.len > KEYS_DATA_MAX)
		return ST_LIMIT;
	struct question *q = mem_new(sizeof(*q));
	if (!q)
		return ST_NOMEM;
	*q = (struct question){.number = number, .key = key, .use = use, .scheme = scheme, .len = data.len,
			       .until_ms = now(k) + KEYS_WAIT_MS};
	q->data = data.len ? mem_dup(data.p, data.len) : NULL;
	if (data.len && !q->data) {
		mem_free(q);
		return ST_NOMEM;
	}
	list_init(&q->in_list);
	list_push_back(&k->waiting, &q->in_list);
	k->n_questions++;
	pump(k);
	arm(k);
	return ST_OK;
}

static struct question *find(struct list *in, uint64_t number)
{
	LIST_EACH(at, in) {
		struct question *q = CONTAINER_OF(at, struct question, in_list);

		if (q->number == number && !q->is_cancelled)
			return q;
	}
	return NULL;
}

void keys_cancel(struct keys *k, uint64_t number)
{
	struct question *q = find(&k->in_flight, number);

	if (!q)
		q = find(&k->settled, number);
	if (q)
		q->is_cancelled = true;
	else if ((q = find(&k->waiting, number)) != NULL)
		question_free(k, q);
	arm(k);
}

/* ---- life ------------------------------------------------------------------------------------- */

struct keys *keys_new(const struct keys_ports *ports, void *ctx)
{
	struct keys *k = mem_new(sizeof(*k));

	if (!k)
		return NULL;
	k->ports = *ports;
	k->ctx = ctx;
	k->fd = -1;
	k->at_ms = KEYS_NEVER;
	k->armed_ms = KEYS_NEVER;
	list_init(&k->waiting);
	list_init(&k->in_flight);
	list_init(&k->settled);
	return k;
}

void keys_free(struct keys *k)
{
	struct list *lists[] = {&k->waiting, &k->in_flight, &k->settled};

	if (!k)
		return;
	end_process(k);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		while (!list_empty(lists[i]))
			question_free(k, CONTAINER_OF(lists[i]->next, struct question, in_list));
	mem_free(k);
}

void keys_info(const struct keys *k, struct keys_info *out)
{
	*out = k->counts;
	out->is_running = k->state == PROCESS_READY;
	out->loaded = count_state(k, KEYS_READY);
	out->refused = count_state(k, KEYS_REFUSED);
	out->waiting = k->n_questions;
}
