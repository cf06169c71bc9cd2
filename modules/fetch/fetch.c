#include "modules/fetch/fetch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/sockname.h"
#include "core/base/wr.h"
#include "modules/fetch/cache.h"
#include "modules/fetch/reply.h"
#include "modules/fetch/url.h"

#define PER_HOST   8     /* connections of FETCH_OPEN to one host and port: a slow server is not everybody's */
#define READS      16    /* in one turn */
#define READ_BYTES 16384
#define HEAD_ROOM  2048  /* of a request, besides its URL and body */
#define WORD_MAX   128   /* Content-Type, Accept */

enum transfer_state { WAITING, RESOLVING, CONNECTING, SENDING, RECEIVING, ENDED };

/* One request to a server, and all who wait for its answer. */
struct transfer {
	struct list in_list; /* of fetch.transfers */
	struct list waiters;
	enum transfer_state state;
	uint64_t number; /* of its name's question */
	struct url url;
	char *text; /* the URL */
	uint8_t *body;
	size_t body_len;
	size_t max_bytes;
	char type[WORD_MAX], accept[WORD_MAX];
	size_t n, next; /* addresses, and which is next */
	struct addr addrs[FETCH_ADDRS];
	uint64_t connect_by_ms;
	int fd; /* -1: none */
	uint8_t *request;
	size_t request_len, sent;
	struct reply reply;
	enum status status; /* ENDED */
	char words[FETCH_WORDS];
};

struct waiter {
	struct list in_list; /* of its transfer, or of fetch.settled */
	uint64_t number;
	uint64_t until_ms;
	enum status status; /* settled without a transfer */
	char words[FETCH_WORDS];
};

struct rules {
	char hosts[FETCH_LISTED][FETCH_HOST];
	size_t n_hosts;
	uint16_t ports[FETCH_LISTED];
	size_t n_ports;
};

struct fetch {
	struct fetch_ports ports;
	void *ports_ctx;
	fetch_done *done;
	void *ctx;
	struct rules rules;
	struct list transfers; /* in the order of asking */
	struct list settled;
	struct cache cache;
	uint64_t last; /* number given to a transfer */
	size_t n_waiters;
	uint64_t armed_ms;
	struct fetch_info counts;
};

static uint64_t now(const struct fetch *f)
{
	return f->ports.now_ms(f->ports_ctx);
}

/* ---- rules -------------------------------------------------------------------------------------- */

static bool is_listed(const struct fetch *f, const struct url *u)
{
	for (size_t i = 0; i < f->rules.n_hosts; i++)
		if (strcmp(f->rules.hosts[i], u->host) == 0)
			return true;
	return false;
}

static bool is_port(const struct fetch *f, uint16_t port)
{
	for (size_t i = 0; i < f->rules.n_ports; i++)
		if (f->rules.ports[i] == port)
			return true;
	return port == 80;
}

/* NULL: it may be asked. */
static const char *why_not(const struct fetch *f, const struct url *u, const struct addr *a)
{
	if (is_listed(f, u))
		return NULL;
	const struct addr inner = url_inner(a);
	if (f->ports.is_own(f->ports_ctx, a) || (inner.family && f->ports.is_own(f->ports_ctx, &inner)))
		return "it leads to an address of this host";
	return url_forbidden(a);
}

enum status fetch_configure(struct fetch *f, const struct fetch_rules *rules)
{
	struct rules new = {0};
	if (rules && (rules->n_hosts > FETCH_LISTED || rules->n_ports > FETCH_LISTED))
		return ST_LIMIT;
	for (size_t i = 0; rules && i < rules->n_hosts; i++) {
		size_t len = strlen(rules->hosts[i]);
		if (len >= FETCH_HOST)
			return ST_LIMIT;
		for (size_t k = 0; k < len; k++) {
			char c = rules->hosts[i][k];
			new.hosts[i][k] = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
		}
	}
	if (rules) {
		new.n_hosts = rules->n_hosts;
		new.n_ports = rules->n_ports;
		memcpy(new.ports, rules->ports, sizeof(new.ports));
	}
	f->rules = new;
	/* What was refused may be allowed now. */
	cache_forget_failures(&f->cache);
	return ST_OK;
}

static enum status judge_url(const struct fetch *f, const char *text, struct url *u, char words[FETCH_WORDS])
{
	const char *why;
	enum status st = url_parse(text, u, &why);
	if (st == ST_OK && !is_port(f, u->port)) {
		why = "its port is neither 80 nor listed in the configuration";
		st = ST_CONFIG;
	}
	snprintf(words, FETCH_WORDS, "%s", why);
	return st;
}

enum status fetch_url_judge(const struct fetch *f, const char *url, char words[FETCH_WORDS])
{
	struct url u;
	return judge_url(f, url, &u, words);
}

/* ---- transfers ---------------------------------------------------------------------------------- */

static void close_socket(struct fetch *f, struct transfer *t)
{
	if (t->fd < 0)
		return;
	f->ports.unwatch(f->ports_ctx, t->fd);
	close(t->fd);
	t->fd = -1;
}

static void transfer_free(struct fetch *f, struct transfer *t)
{
	if (t->state == RESOLVING)
		f->ports.resolve_cancel(f->ports_ctx, t->number);
	close_socket(f, t);
	list_del(&t->in_list);
	reply_fini(&t->reply);
	mem_free(t->text);
	mem_free(t->body);
	mem_free(t->request);
	mem_free(t);
}

static struct cache_key key_of(const struct transfer *t)
{
	return (struct cache_key){t->text, {t->body, t->body_len}};
}

/* What is wrong with a server, and not with one thing that it has. */
static char *place_of(const struct url *u, char out[FETCH_HOST + 8])
{
	snprintf(out, FETCH_HOST + 8, "%s:%u", u->host, u->port);
	return out;
}

/* The outcome; delivered in the next turn. */
static void end(struct fetch *f, struct transfer *t, enum status st, const char *words)
{
	char place[FETCH_HOST + 8];
	bool is_server = t->state != RECEIVING && (st == ST_IO || st == ST_TIMEOUT);
	struct cache_key key = is_server ? (struct cache_key){.text = place_of(&t->url, place)} : key_of(t);
	close_socket(f, t);
	t->state = ENDED;
	t->status = st;
	snprintf(t->words, sizeof(t->words), "%s", words);
	if (st != ST_OK && st != ST_NOMEM)
		cache_fail(&f->cache, &key, now(f), st, t->words);
	f->counts.refused += st == ST_CONFIG;
	f->counts.bytes += t->reply.len;
}

/* ---- connecting --------------------------------------------------------------------------------- */

static uint64_t last_wish(const struct transfer *t)
{
	uint64_t until = 0;
	LIST_EACH(at, &t->waiters) {
		const struct waiter *w = CONTAINER_OF(at, struct waiter, in_list);
		if (w->until_ms > until)
			until = w->until_ms;
	}
	return until;
}

static int open_socket(const struct addr *a, uint16_t port)
{
	union sockname to;
	socklen_t len = sockname_of(&to, a, port);
	int fd = socket(to.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, &to.sa, len) == 0 || errno == EINPROGRESS)
		return fd;
	int e = errno;
	close(fd);
	errno = e;
	return -1;
}

/* The next of its addresses that may be asked; those that may not are passed over. */
static void try_next(struct fetch *f, struct transfer *t, enum status st, const char *words)
{
	close_socket(f, t);
	while (t->next < t->n) {
		const struct addr *a = &t->addrs[t->next++];
		const char *why = why_not(f, &t->url, a);
		if (why) {
			st = ST_CONFIG;
			words = why;
			continue;
		}
		t->fd = open_socket(a, t->url.port);
		if (t->fd >= 0 && f->ports.watch(f->ports_ctx, t->fd, true) == ST_OK) {
			/* A share of the time that is left, so that there is some for the others. */
			uint64_t at = now(f), until = last_wish(t), left = until > at ? until - at : 0;
			t->state = CONNECTING;
			t->connect_by_ms = at + left / (t->n - t->next + 1);
			return;
		}
		st = ST_IO;
		words = t->fd >= 0 ? "out of memory" : strerror(errno);
		if (t->fd >= 0)
			close(t->fd);
		t->fd = -1;
	}
	end(f, t, st, words);
}

static void resolve(struct fetch *f, struct transfer *t)
{
	if (t->url.addr.family) {
		t->addrs[0] = t->url.addr;
		t->n = 1;
		try_next(f, t, ST_IO, "");
		return;
	}
	t->state = RESOLVING;
	f->ports.resolve(f->ports_ctx, t->number, t->url.host);
}

static bool is_open(const struct transfer *t)
{
	return t->state != WAITING && t->state != ENDED;
}

static bool has_place(const struct transfer *t, struct transfer *const *open, size_t n)
{
	size_t there = 0;
	for (size_t i = 0; i < n; i++)
		there += open[i]->url.port == t->url.port && strcmp(open[i]->url.host, t->url.host) == 0;
	return there < PER_HOST;
}

static void begin_all(struct fetch *f)
{
	struct transfer *open[FETCH_OPEN];
	size_t n = 0;
	LIST_EACH(at, &f->transfers) {
		struct transfer *t = CONTAINER_OF(at, struct transfer, in_list);
		if (is_open(t))
			open[n++] = t;
	}
	LIST_EACH(at, &f->transfers) {
		struct transfer *t = CONTAINER_OF(at, struct transfer, in_list);
		if (n == FETCH_OPEN)
			break;
		if (t->state != WAITING || !has_place(t, open, n))
			continue;
		resolve(f, t);
		if (is_open(t))
			open[n++] = t;
	}
}

void fetch_resolved(struct fetch *f, uint64_t number, enum status st, const struct addr *addrs, size_t n)
{
	LIST_EACH(at, &f->transfers) {
		struct transfer *t = CONTAINER_OF(at, struct transfer, in_list);
		if (t->state != RESOLVING || t->number != number)
			continue;
		t->n = n < FETCH_ADDRS ? n : FETCH_ADDRS;
		if (n)
			memcpy(t->addrs, addrs, t->n * sizeof(*addrs));
		if (t->n)
			try_next(f, t, ST_IO, "");
		else
			end(f, t, st == ST_TIMEOUT ? ST_TIMEOUT : ST_NOT_FOUND,
			    st == ST_TIMEOUT ? "no name server answers" : "there is no such name");
		break;
	}
	/* What has ended is delivered by time: this may come from inside of resolve. */
	f->armed_ms = now(f);
	f->ports.wake_at(f->ports_ctx, f->armed_ms);
}

/* ---- talking ------------------------------------------------------------------------------------ */

static void put_text(struct wr *w, const char *text)
{
	wr_bytes(w, text, strlen(text));
}

static bool build_request(struct transfer *t)
{
	char line[WORD_MAX + FETCH_HOST];
	size_t cap = strlen(t->text) + t->body_len + HEAD_ROOM;
	t->request = mem_new(cap);
	if (!t->request)
		return false;
	struct wr w = wr_init(t->request, cap);
	put_text(&w, t->body_len ? "POST " : "GET ");
	if (t->url.path[0] != '/')
		put_text(&w, "/");
	put_text(&w, t->url.path);
	bool is_v6 = t->url.addr.family == 6;
	snprintf(line, sizeof(line), " HTTP/1.1\r\nHost: %s%s%s", is_v6 ? "[" : "", t->url.host, is_v6 ? "]" : "");
	put_text(&w, line);
	if (t->url.port != 80) {
		snprintf(line, sizeof(line), ":%u", t->url.port);
		put_text(&w, line);
	}
	put_text(&w, "\r\nUser-Agent: sallyport\r\nConnection: close\r\nAccept: ");
	put_text(&w, t->accept);
	if (t->body_len) {
		snprintf(line, sizeof(line), "\r\nContent-Type: %s\r\nContent-Length: %zu", t->type, t->body_len);
		put_text(&w, line);
	}
	put_text(&w, "\r\n\r\n");
	wr_bytes(&w, t->body, t->body_len);
	t->request_len = w.len;
	return wr_ok(&w);
}

static void on_connected(struct fetch *f, struct transfer *t)
{
	int e = 0;
	socklen_t len = sizeof(e);
	if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &e, &len) != 0 || e) {
		try_next(f, t, ST_IO, strerror(e ? e : errno));
		return;
	}
	mem_free(t->request);
	t->request = NULL;
	t->sent = 0;
	t->state = SENDING;
	if (!build_request(t))
		end(f, t, ST_NOMEM, status_words(ST_NOMEM));
}

static void on_writable(struct fetch *f, struct transfer *t)
{
	while (t->sent < t->request_len) {
		ssize_t n = send(t->fd, t->request + t->sent, t->request_len - t->sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			end(f, t, ST_IO, strerror(errno));
			return;
		}
		t->sent += (size_t)n;
	}
	f->ports.unwatch(f->ports_ctx, t->fd);
	if (f->ports.watch(f->ports_ctx, t->fd, false) != ST_OK) {
		end(f, t, ST_NOMEM, status_words(ST_NOMEM));
		return;
	}
	t->state = RECEIVING;
}

static void on_bytes(struct fetch *f, struct transfer *t)
{
	uint8_t buf[READ_BYTES];
	for (int i = 0; i < READS; i++) {
		ssize_t n = recv(t->fd, buf, sizeof(buf), 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			end(f, t, ST_IO, strerror(errno));
			return;
		}
		enum status st = n > 0 ? reply_feed(&t->reply, (struct view){buf, (size_t)n}) : reply_end(&t->reply);
		if (st != ST_PENDING) {
			end(f, t, st, t->reply.words);
			return;
		}
	}
}

static void talk(struct fetch *f, struct transfer *t)
{
	if (t->state == CONNECTING)
		on_connected(f, t);
	if (t->state == SENDING)
		on_writable(f, t);
	else if (t->state == RECEIVING)
		on_bytes(f, t);
}

/* ---- answers ------------------------------------------------------------------------------------ */

static void answer(struct fetch *f, struct waiter *w, enum status st, const char *words, struct view body)
{
	const uint64_t number = w->number;
	list_del(&w->in_list);
	f->n_waiters--;
	mem_free(w);
	if (st == ST_OK)
		f->counts.answered++;
	else
		f->counts.failed++;
	f->done(f->ctx, number, st, words, body);
}

static struct transfer *first_ended(struct fetch *f)
{
	LIST_EACH(at, &f->transfers) {
		struct transfer *t = CONTAINER_OF(at, struct transfer, in_list);
		if (t->state == ENDED)
			return t;
	}
	return NULL;
}

static void settle(struct fetch *f, struct waiter *w, enum status st, const char *words)
{
	list_del(&w->in_list);
	w->status = st;
	snprintf(w->words, sizeof(w->words), "%s", words);
	list_push_back(&f->settled, &w->in_list);
}

/* Those that are settled now; what is settled by the way waits for its own turn. */
static void deliver(struct fetch *f)
{
	struct transfer *t;
	size_t n = 0;
	LIST_EACH(at, &f->settled)
		n++;
	for (; n > 0 && !list_empty(&f->settled); n--) {
		struct waiter *w = CONTAINER_OF(f->settled.next, struct waiter, in_list);
		char words[FETCH_WORDS];
		memcpy(words, w->words, sizeof(words));
		answer(f, w, w->status, words, (struct view){0});
	}
	/* Nobody joins one that has ended, so this comes to an end. */
	while ((t = first_ended(f)) != NULL) {
		while (!list_empty(&t->waiters))
			answer(f, CONTAINER_OF(t->waiters.next, struct waiter, in_list), t->status, t->words,
			       t->status == ST_OK ? (struct view){t->reply.body, t->reply.len} : (struct view){0});
		transfer_free(f, t);
	}
}

static uint64_t next_ms(const struct fetch *f)
{
	uint64_t at = list_empty(&f->settled) ? FETCH_NEVER : now(f);
	LIST_EACH(i, &f->transfers) {
		const struct transfer *t = CONTAINER_OF(i, struct transfer, in_list);
		if (t->state == ENDED)
			return now(f);
		if (t->state == CONNECTING && t->connect_by_ms < at)
			at = t->connect_by_ms;
		LIST_EACH(k, &t->waiters) {
			const struct waiter *w = CONTAINER_OF(k, struct waiter, in_list);
			if (w->until_ms < at)
				at = w->until_ms;
		}
	}
	return at;
}

static void arm(struct fetch *f)
{
	uint64_t at = next_ms(f);
	if (at != f->armed_ms)
		f->ports.wake_at(f->ports_ctx, at);
	f->armed_ms = at;
}

static void turn(struct fetch *f)
{
	deliver(f);
	begin_all(f);
	arm(f);
}

void fetch_on_ready(struct fetch *f, int fd)
{
	LIST_EACH(at, &f->transfers) {
		struct transfer *t = CONTAINER_OF(at, struct transfer, in_list);
		if (t->fd != fd || fd < 0)
			continue;
		talk(f, t);
		break;
	}
	turn(f);
}

static const char *late_words(enum transfer_state s)
{
	switch (s) {
	case WAITING: return "no time was left: too many are under way";
	case RESOLVING: return "no name server answers in time";
	case CONNECTING: return "it cannot be reached in time";
	default: return "it does not answer in time";
	}
}

static void expire(struct fetch *f, struct transfer *t)
{
	LIST_EACH_SAFE(at, &t->waiters) {
		struct waiter *w = CONTAINER_OF(at, struct waiter, in_list);
		if (w->until_ms > now(f))
			continue;
		bool is_last = t->waiters.next == t->waiters.prev;
		if (is_last && t->state != WAITING) {
			end(f, t, ST_TIMEOUT, late_words(t->state));
			return;
		}
		settle(f, w, ST_TIMEOUT, late_words(t->state));
	}
}

void fetch_on_time(struct fetch *f)
{
	f->armed_ms = FETCH_NEVER;
	LIST_EACH_SAFE(at, &f->transfers) {
		struct transfer *t = CONTAINER_OF(at, struct transfer, in_list);
		if (t->state != ENDED)
			expire(f, t);
		if (t->state == CONNECTING && t->connect_by_ms <= now(f))
			try_next(f, t, ST_TIMEOUT, late_words(CONNECTING));
		if (t->state == WAITING && list_empty(&t->waiters))
			transfer_free(f, t);
	}
	turn(f);
}

/* ---- asking ------------------------------------------------------------------------------------- */

static struct transfer *find_alike(struct fetch *f, const struct fetch_request *rq)
{
	LIST_EACH(at, &f->transfers) {
		struct transfer *t = CONTAINER_OF(at, struct transfer, in_list);
		if (t->state != ENDED && t->max_bytes == rq->max_bytes && t->body_len == rq->body.len &&
		    strcmp(t->text, rq->url) == 0 &&
		    (t->body_len == 0 || memcmp(t->body, rq->body.p, t->body_len) == 0))
			return t;
	}
	return NULL;
}

static bool is_word(const char *text)
{
	size_t len = strlen(text);
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return len > 0 && len < WORD_MAX;
}

static struct transfer *transfer_new(struct fetch *f, const struct fetch_request *rq)
{
	const char *why;
	struct transfer *t = mem_new(sizeof(*t));
	if (!t)
		return NULL;
	list_init(&t->waiters);
	list_init(&t->in_list);
	t->fd = -1;
	t->number = ++f->last;
	t->max_bytes = rq->max_bytes;
	t->body_len = rq->body.len;
	reply_init(&t->reply, rq->max_bytes < FETCH_BYTES_MAX ? rq->max_bytes : FETCH_BYTES_MAX);
	snprintf(t->type, sizeof(t->type), "%s", rq->type ? rq->type : "application/octet-stream");
	snprintf(t->accept, sizeof(t->accept), "%s", rq->accept ? rq->accept : "*/*");
	t->text = mem_strdup(rq->url);
	t->body = rq->body.len ? mem_dup(rq->body.p, rq->body.len) : NULL;
	if (!t->text || (rq->body.len && !t->body) || url_parse(t->text, &t->url, &why) != ST_OK) {
		transfer_free(f, t);
		return NULL;
	}
	list_push_back(&f->transfers, &t->in_list);
	return t;
}

static enum status recently(struct fetch *f, const struct fetch_request *rq, const struct url *u, char words[FETCH_WORDS])
{
	char place[FETCH_HOST + 8];
	struct cache_key server = {.text = place_of(u, place)}, thing = {rq->url, rq->body};
	enum status st = cache_failed(&f->cache, &server, now(f), words);
	return st != ST_OK ? st : cache_failed(&f->cache, &thing, now(f), words);
}

enum status fetch_start(struct fetch *f, uint64_t number, const struct fetch_request *rq)
{
	struct url u;
	char words[FETCH_WORDS];
	enum status st = judge_url(f, rq->url, &u, words);
	if (st != ST_OK)
		return st;
	if ((rq->type && !is_word(rq->type)) || (rq->accept && !is_word(rq->accept)))
		return ST_CONFIG;
	if (f->n_waiters >= FETCH_WAITING || rq->body.len > FETCH_BODY_MAX)
		return ST_LIMIT;
	struct waiter *w = mem_new(sizeof(*w));
	if (!w)
		return ST_NOMEM;
	list_init(&w->in_list);
	w->number = number;
	w->until_ms = now(f) + rq->timeout_ms;
	st = recently(f, rq, &u, words);
	if (st != ST_OK) {
		settle(f, w, st, words);
	} else {
		struct transfer *t = find_alike(f, rq);
		if (!t)
			t = transfer_new(f, rq);
		if (!t) {
			mem_free(w);
			return ST_NOMEM;
		}
		list_push_back(&t->waiters, &w->in_list);
	}
	f->n_waiters++;
	f->counts.asked++;
	begin_all(f);
	arm(f);
	return ST_OK;
}

static bool drop_from(struct fetch *f, struct list *in, uint64_t number)
{
	LIST_EACH(at, in) {
		struct waiter *w = CONTAINER_OF(at, struct waiter, in_list);
		if (w->number != number)
			continue;
		list_del(&w->in_list);
		mem_free(w);
		f->n_waiters--;
		return true;
	}
	return false;
}

/* One that nobody waits for any more ends; but one that has ended is just being delivered, and goes after it. */
void fetch_cancel(struct fetch *f, uint64_t number)
{
	if (drop_from(f, &f->settled, number))
		return;
	LIST_EACH(at, &f->transfers) {
		struct transfer *t = CONTAINER_OF(at, struct transfer, in_list);
		if (!drop_from(f, &t->waiters, number))
			continue;
		if (list_empty(&t->waiters) && t->state != ENDED)
			transfer_free(f, t);
		return;
	}
}

/* ---- the cache ---------------------------------------------------------------------------------- */

void fetch_keep(struct fetch *f, const char *url, struct view body, struct view what, uint64_t until_ms)
{
	if (until_ms > now(f))
		cache_keep(&f->cache, &(struct cache_key){url, body}, what, until_ms);
}

bool fetch_kept(struct fetch *f, const char *url, struct view body, struct view *what)
{
	bool is_kept = cache_kept(&f->cache, &(struct cache_key){url, body}, now(f), what);
	f->counts.from_kept += is_kept;
	return is_kept;
}

void fetch_forget(struct fetch *f)
{
	cache_clear(&f->cache);
}

/* ---- life --------------------------------------------------------------------------------------- */

struct fetch *fetch_new(const struct fetch_ports *ports, void *ports_ctx, fetch_done *done, void *ctx)
{
	struct fetch *f = mem_new(sizeof(*f));
	if (!f)
		return NULL;
	f->ports = *ports;
	f->ports_ctx = ports_ctx;
	f->done = done;
	f->ctx = ctx;
	f->armed_ms = FETCH_NEVER;
	list_init(&f->transfers);
	list_init(&f->settled);
	cache_init(&f->cache);
	return f;
}

static void drop_all(struct list *in)
{
	while (!list_empty(in)) {
		struct waiter *w = CONTAINER_OF(in->next, struct waiter, in_list);
		list_del(&w->in_list);
		mem_free(w);
	}
}

void fetch_free(struct fetch *f)
{
	if (!f)
		return;
	while (!list_empty(&f->transfers)) {
		struct transfer *t = CONTAINER_OF(f->transfers.next, struct transfer, in_list);
		drop_all(&t->waiters);
		transfer_free(f, t);
	}
	drop_all(&f->settled);
	cache_clear(&f->cache);
	mem_free(f);
}

void fetch_info(const struct fetch *f, struct fetch_info *out)
{
	*out = f->counts;
	LIST_EACH(at, &f->transfers)
		out->open += is_open(CONTAINER_OF(at, struct transfer, in_list));
	out->waiting = f->n_waiters;
	out->kept = f->cache.n_kept;
	out->kept_bytes = f->cache.bytes;
}
