/* Fetching: which URLs and addresses are allowed; answers of servers, whole and cut into pieces; and the client beside
 * real servers in another network namespace, one of Python's own and one that does everything wrong. */
#include "modules/fetch/fetch.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "modules/fetch/cache.h"
#include "modules/fetch/reply.h"
#include "modules/fetch/url.h"
#include "tests/lib/serve.h"
#include "tests/lib/t.h"

/* ---- URLs --------------------------------------------------------------------------------------- */

static const struct {
	const char *text;
	bool is_good;
	const char *host;
	uint16_t port;
	const char *path;
} urls[] = {
	{"http://crl.example.test/a.crl", true, "crl.example.test", 80, "/a.crl"},
	{"HTTP://CRL.Example.TEST", true, "crl.example.test", 80, ""},
	{"http://h:8080/x?y=/z:1", true, "h", 8080, "/x?y=/z:1"},
	{"http://h?q", true, "h", 80, "?q"},
	{"http://10.0.0.1/", true, "10.0.0.1", 80, "/"},
	{"http://[fd00::1]/", true, "fd00::1", 80, "/"},
	{"http://[fd00::1]:81/", true, "fd00::1", 81, "/"},
	{"http://h:/", false},
	{"http://h:0/", false},
	{"http://h:65536/", false},
	{"http://h:99999999999/", false},
	{"http://h:8x/", false},
	{"https://h/", false},
	{"ftp://h/", false},
	{"file:///etc/passwd", false},
	{"http:/h/", false},
	{"http://", false},
	{"http:///path", false},
	{"http://:80/", false},
	{"http://user@h/", false},
	{"http://user:pass@h:80/", false},
	{"http://h/#fragment", false},
	{"http://h/a b", false},
	{"http://h/a\r\nHost: other", false},
	{"http://h/\x80", false},
	{"http://h\"/", false},
	{"http://h%31/", false},
	{"http://fd00::1/", false},
	{"http://[fd00::1/", false},
	{"http://[10.0.0.1]/", false},
	{"http://[]/", false},
	{"http://h_1.-x/", true, "h_1.-x", 80, "/"},
};

static void test_urls(void)
{
	char text[FETCH_URL_MAX + 1];
	const char *why;
	struct url u;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		T_ROW(i, urls[i].text);
		T_EQ(url_parse(urls[i].text, &u, &why) == ST_OK, urls[i].is_good);
		T_EQ(why[0] == 0, urls[i].is_good);
		if (!urls[i].is_good)
			continue;
		T_STR(u.host, urls[i].host);
		T_EQ(u.port, urls[i].port);
		T_STR(u.path, urls[i].path);
	}
	memset(text, 'a', sizeof(text));
	memcpy(text, "http://h/", 9);
	text[FETCH_URL_MAX] = 0;
	T_EQ(url_parse(text, &u, &why), ST_CONFIG);
	text[FETCH_URL_MAX - 1] = 0;
	T_EQ(url_parse(text, &u, &why), ST_OK);
	memset(text + 7, 'b', FETCH_HOST);
	text[7 + FETCH_HOST] = 0;
	T_EQ(url_parse(text, &u, &why), ST_CONFIG);
}

static void test_forbidden(void)
{
	static const struct {
		const char *addr;
		bool may;
	} rows[] = {
		{"10.0.0.1", true}, {"192.168.1.1", true}, {"8.8.8.8", true}, {"100.64.0.1", true}, {"fd00::1", true},
		{"2001:db8::1", true}, {"::ffff:10.0.0.1", true}, {"64:ff9b::a00:1", true},
		{"127.0.0.1", false}, {"127.255.255.254", false}, {"0.0.0.0", false}, {"0.1.2.3", false},
		{"169.254.169.254", false}, {"224.0.0.1", false}, {"239.255.255.255", false}, {"240.0.0.1", false},
		{"255.255.255.255", false}, {"::", false}, {"::1", false}, {"fe80::1", false}, {"febf::1", false}, {"ff02::1", false},
		{"::ffff:127.0.0.1", false}, {"::ffff:169.254.1.1", false}, {"::127.0.0.1", false}, {"64:ff9b::7f00:1", false},
		{"2002:7f00:1::", false}, {"2002:a9fe:a9fe::1", false}, {"::ffff:0:127.0.0.1", false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr a;
		T_ROW(i, rows[i].addr);
		T_EQ(addr_parse(rows[i].addr, &a), ST_OK);
		T_EQ(url_forbidden(&a) == NULL, rows[i].may);
	}
	T_TRUE(url_forbidden(&(struct addr){0}) != NULL);
}

/* ---- answers ------------------------------------------------------------------------------------ */

#define MAX 40
#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKS OK "Transfer-Encoding: chunked\r\n\r\n"

static const struct {
	const char *text;
	enum status want; /* at the end of the connection, if not before */
	const char *body;
} replies[] = {
	{OK "Content-Length: 3\r\n\r\nabc", ST_OK, "abc"},
	{OK "Content-Length: 3\r\n\r\nabcdef", ST_OK, "abc"},
	{OK "content-length:3 \r\nX: y\r\n\r\nabc", ST_OK, "abc"},
	{OK "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", ST_OK, "abc"},
	{OK "Content-Length: 0\r\n\r\n", ST_OK, ""},
	{"HTTP/1.0 200\n\nabc", ST_OK, "abc"},
	{OK "\r\n", ST_OK, ""},
	{"HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 1\r\n\r\na", ST_OK, "a"},
	{CHUNKS "3\r\nabc\r\n0\r\n\r\n", ST_OK, "abc"},
	{CHUNKS "03 ; x=\"\"\r\nabc\r\n1\nd\n0\r\nA: b\r\n\r\n", ST_OK, "abcd"},
	{OK "Content-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", ST_OK, "a"},
	{OK "Content-Encoding: identity\r\nContent-Length: 1\r\n\r\na", ST_OK, "a"},
	{"HTTP/1.1 404 No\r\n\r\n", ST_NOT_FOUND, NULL},
	{"HTTP/1.1 410 Gone\r\n\r\n", ST_NOT_FOUND, NULL},
	{"HTTP/1.1 301 Moved\r\nLocation: http://a/\r\n\r\n", ST_BAD_PAYLOAD, NULL},
	{"HTTP/1.1 206 Part\r\nContent-Length: 1\r\n\r\na", ST_BAD_PAYLOAD, NULL},
	{"HTTP/1.1 204 None\r\n\r\n", ST_BAD_PAYLOAD, NULL},
	{"HTTP/1.1 101 Switching\r\n\r\n", ST_BAD_PAYLOAD, NULL},
	{OK "Content-Length: 41\r\n\r\n", ST_LIMIT, NULL},
	{OK "Content-Length: 18446744073709551617\r\n\r\n", ST_BAD_PAYLOAD, NULL},
	{OK "Content-Length: -1\r\n\r\n", ST_BAD_PAYLOAD, NULL},
	{OK "Content-Length: 3, 3\r\n\r\nabc", ST_BAD_PAYLOAD, NULL},
	{OK "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", ST_BAD_PAYLOAD, NULL},
	{OK "Content-Length:\r\n\r\n", ST_BAD_PAYLOAD, NULL},
	{OK "Transfer-Encoding: gzip, chunked\r\n\r\n", ST_BAD_PAYLOAD, NULL},
	{OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", ST_BAD_PAYLOAD, NULL},
	{OK "Content-Encoding: gzip\r\n\r\n", ST_BAD_PAYLOAD, NULL},
	{OK "Content-Length : 3\r\n\r\nabc", ST_BAD_PAYLOAD, NULL},
	{OK "X: y\r\n folded\r\n\r\n", ST_BAD_PAYLOAD, NULL},
	{OK "no colon\r\n\r\n", ST_BAD_PAYLOAD, NULL},
	{"HTTP/2.0 200 OK\r\n\r\n", ST_BAD_PAYLOAD, NULL},
	{"HTTP/1.1 20 OK\r\n\r\n", ST_BAD_PAYLOAD, NULL},
	{"HTTP/1.1 2000 OK\r\n\r\n", ST_BAD_PAYLOAD, NULL},
	{"SSH-2.0-x\r\n\r\n", ST_BAD_PAYLOAD, NULL},
	{"\r\n\r\n", ST_BAD_PAYLOAD, NULL},
	{OK "\r\n0123456789012345678901234567890123456789", ST_OK, "0123456789012345678901234567890123456789"},
	{OK "\r\n01234567890123456789012345678901234567890", ST_LIMIT, NULL},
	{OK "Content-Length: 3\r\n\r\nab", ST_IO, NULL},
	{"HTTP/1.1 200 OK\r\nX: y\r\n", ST_IO, NULL},
	{"", ST_IO, NULL},
	{CHUNKS "3\r\nab", ST_IO, NULL},
	{CHUNKS "3\r\nabc\r\n0\r\n", ST_IO, NULL},
	{CHUNKS "29\r\n", ST_LIMIT, NULL},
	{CHUNKS "20\r\n01234567890123456789012345678901\r\n9\r\n", ST_LIMIT, NULL},
	{CHUNKS "ffffffffffffffffff\r\n", ST_BAD_PAYLOAD, NULL},
	{CHUNKS "x\r\n", ST_BAD_PAYLOAD, NULL},
	{CHUNKS "\r\n", ST_BAD_PAYLOAD, NULL},
	{CHUNKS "-1\r\n", ST_BAD_PAYLOAD, NULL},
	{CHUNKS "3\r\nabcd\r\n", ST_BAD_PAYLOAD, NULL},
};

static enum status feed(struct reply *r, const char *text, size_t piece)
{
	size_t len = strlen(text);
	for (size_t at = 0; at < len; at += piece) {
		size_t n = len - at < piece ? len - at : piece;
		enum status st = reply_feed(r, (struct view){(const uint8_t *)text + at, n});
		if (st != ST_PENDING)
			return st;
	}
	return reply_end(r);
}

static void test_replies(void)
{
	static struct reply r;
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		for (size_t piece = 1; piece <= 1000; piece += piece < 8 ? 1 : 900) {
			T_ROW(i, replies[i].text);
			reply_init(&r, MAX);
			enum status st = feed(&r, replies[i].text, piece);
			T_EQ(st, replies[i].want);
			T_EQ(st != ST_OK, r.words[0] != 0);
			if (replies[i].body) {
				T_EQ(r.len, strlen(replies[i].body));
				T_MEM(r.len ? (const char *)r.body : "", replies[i].body, r.len);
			}
			/* It stays what it is. */
			if (st != ST_OK)
				T_EQ(reply_feed(&r, (struct view){(const uint8_t *)"a", 1}), st);
			reply_fini(&r);
		}
	}
	T_EQ(mem_live(), 0);
}

/* What never ends is cut off at a bound, and memory that fails costs one answer. */
static void test_reply_bounds(void)
{
	static struct reply r;
	enum status st = ST_PENDING;
	size_t fed = 0;
	reply_init(&r, MAX);
	for (; st == ST_PENDING && fed < 1000000; fed += 4)
		st = reply_feed(&r, (struct view){(const uint8_t *)(fed ? "a: b" : "HTTP"), 4});
	T_EQ(st, ST_BAD_PAYLOAD);
	T_TRUE(fed <= REPLY_HEAD_MAX + 4);
	reply_init(&r, MAX);
	st = reply_feed(&r, (struct view){(const uint8_t *)CHUNKS "0\r\n", strlen(CHUNKS "0\r\n")});
	for (fed = 0; st == ST_PENDING && fed < 1000000; fed += 6)
		st = reply_feed(&r, (struct view){(const uint8_t *)"a: b\r\n", 6});
	T_EQ(st, ST_BAD_PAYLOAD);
	T_TRUE(fed <= REPLY_HEAD_MAX + 6);
	reply_init(&r, MAX);
	for (fed = 0, st = ST_PENDING; st == ST_PENDING && fed < 100; fed++)
		st = reply_feed(&r, (struct view){(const uint8_t *)"HTTP/1.1 102 x\r\n\r\n", 18});
	T_EQ(st, ST_BAD_PAYLOAD);
	T_EQ(fed, REPLY_INTERIM_MAX + 1);
	reply_init(&r, MAX);
	mem_fail_at(1);
	T_EQ(feed(&r, OK "\r\nabc", 1000), ST_NOMEM);
	mem_fail_at(0);
	reply_fini(&r);
}

/* ---- what is kept ------------------------------------------------------------------------------- */

static struct view text_view(const char *text)
{
	return (struct view){(const uint8_t *)text, strlen(text)};
}

static void test_cache(void)
{
	struct cache c;
	struct view v;
	char words[FETCH_WORDS], name[32];
	static uint8_t big[FETCH_KEPT_BYTES / 4];
	struct cache_key a = {.text = "http://a/"}, post = {"http://a/", text_view("body")};
	cache_init(&c);
	T_TRUE(!cache_kept(&c, &a, 0, &v));
	cache_keep(&c, &a, text_view("one"), 100);
	cache_keep(&c, &post, text_view("two"), 50);
	cache_keep(&c, &a, text_view("three"), 90);
	T_TRUE(cache_kept(&c, &a, 89, &v) && v.len == 5);
	T_MEM(v.p, "three", 5);
	T_TRUE(cache_kept(&c, &post, 49, &v) && v.len == 3);
	T_TRUE(!cache_kept(&c, &post, 50, &v));
	T_TRUE(!cache_kept(&c, &a, 90, &v));
	T_EQ(c.n_kept, 0);
	T_EQ(c.bytes, 0);
	for (int i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "http://%d/", i);
		cache_keep(&c, &(struct cache_key){.text = name}, (struct view){big, sizeof(big) - 1000}, 1000 - (uint64_t)i);
	}
	/* What ends first made room. */
	T_EQ(c.n_kept, 4);
	T_TRUE(c.bytes <= FETCH_KEPT_BYTES);
	T_TRUE(cache_kept(&c, &(struct cache_key){.text = "http://0/"}, 0, &v));
	T_TRUE(!cache_kept(&c, &(struct cache_key){.text = "http://6/"}, 0, &v));
	for (int i = 0; i < 3 * CACHE_FAILED; i++) {
		snprintf(name, sizeof(name), "h:%d", i);
		cache_fail(&c, &(struct cache_key){.text = name}, (uint64_t)i, ST_IO, "gone");
	}
	T_EQ(c.n_failed, CACHE_FAILED);
	struct cache_key last = {.text = name};
	T_EQ(cache_failed(&c, &last, FETCH_FAILED_MS, words), ST_IO);
	T_STR(words, "gone");
	T_EQ(cache_failed(&c, &last, FETCH_FAILED_MS + 3 * CACHE_FAILED, words), ST_OK);
	for (uint64_t nth = 1; nth <= 3; nth++) {
		mem_fail_at(nth);
		cache_keep(&c, &post, text_view("lost"), 100);
		mem_fail_at(0);
	}
	T_TRUE(!cache_kept(&c, &post, 0, &v));
	cache_clear(&c);
	T_EQ(mem_live(), 0);
}

/* ---- beside servers ----------------------------------------------------------------------------- */

#define THERE "10.77.0.2"
#define HERE "10.77.0.1"
#define NOBODY "10.77.0.9"
#define PORT 8099
#define PLAIN_PORT 8098
#define ANSWERS 128

static struct {
	struct fetch *f;
	struct {
		int fd;
		bool want_write;
	} watches[FETCH_OPEN];
	size_t n_watches, most_watches;
	uint64_t wake_ms;
	bool is_inside; /* of fetch_start */
	unsigned answers[ANSWERS];
	enum status status[ANSWERS];
	char words[ANSWERS][FETCH_WORDS];
	char body[ANSWERS][512];
	size_t len[ANSWERS];
	size_t n;
} s;

static uint64_t clock_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint64_t now_ms(void *ctx)
{
	return clock_ms();
}

static void wake_at(void *ctx, uint64_t at)
{
	s.wake_ms = at;
}

static enum status watch(void *ctx, int fd, bool want_write)
{
	if (s.n_watches == FETCH_OPEN)
		return ST_LIMIT;
	s.watches[s.n_watches].fd = fd;
	s.watches[s.n_watches++].want_write = want_write;
	if (s.n_watches > s.most_watches)
		s.most_watches = s.n_watches;
	return ST_OK;
}

static void unwatch(void *ctx, int fd)
{
	for (size_t i = 0; i < s.n_watches; i++)
		if (s.watches[i].fd == fd)
			s.watches[i--] = s.watches[--s.n_watches];
}

static bool is_own(void *ctx, const struct addr *a)
{
	struct addr here;
	return addr_parse(HERE, &here) == ST_OK && addr_eq(&here, a);
}

/* Names and what they have; "late" never answers. */
static void resolve(void *ctx, uint64_t number, const char *name)
{
	static const struct {
		const char *name;
		const char *addrs[3];
	} zone[] = {{"server.test", {THERE}}, {"half.test", {NOBODY, THERE}}, {"rebound.test", {"127.0.0.1"}},
		    {"mixed.test", {"127.0.0.1", "::1", THERE}}, {"own.test", {HERE}}, {"meta.test", {"169.254.169.254"}},
		    {"listed.test", {"127.0.0.1"}}};
	struct addr addrs[3];
	size_t n = 0;
	if (strcmp(name, "late") == 0)
		return;
	for (size_t i = 0; i < sizeof(zone) / sizeof(zone[0]); i++)
		for (size_t k = 0; strcmp(zone[i].name, name) == 0 && k < 3 && zone[i].addrs[k]; k++)
			n += addr_parse(zone[i].addrs[k], &addrs[n]) == ST_OK;
	fetch_resolved(s.f, number, n ? ST_OK : ST_NOT_FOUND, addrs, n);
}

static void resolve_cancel(void *ctx, uint64_t number)
{
}

static void on_done(void *ctx, uint64_t number, enum status st, const char *words, struct view body)
{
	if (number >= ANSWERS || s.is_inside)
		abort();
	s.answers[number]++;
	s.status[number] = st;
	snprintf(s.words[number], FETCH_WORDS, "%s", words);
	s.len[number] = body.len;
	memcpy(s.body[number], body.p ? (const void *)body.p : "", body.len < 511 ? body.len : 511);
	s.n++;
}

static const struct fetch_ports ports = {resolve, resolve_cancel, is_own, watch, unwatch, now_ms, wake_at};

static void begin(void)
{
	static const struct fetch_rules rules = {.hosts = {"Listed.test"}, .n_hosts = 1, .ports = {PORT, PLAIN_PORT, 9}, .n_ports = 3};
	memset(&s, 0, sizeof(s));
	s.wake_ms = FETCH_NEVER;
	s.f = fetch_new(&ports, NULL, on_done, NULL);
	if (!s.f || fetch_configure(s.f, &rules) != ST_OK)
		abort();
}

static enum status ask_of(uint64_t number, const char *url, struct view body, uint32_t timeout_ms)
{
	const struct fetch_request rq = {.url = url, .body = body, .type = "application/ocsp-request",
					 .accept = "application/pkix-crl", .max_bytes = 100000, .timeout_ms = timeout_ms};
	s.is_inside = true;
	enum status st = fetch_start(s.f, number, &rq);
	s.is_inside = false;
	return st;
}

static enum status ask(uint64_t number, const char *path, uint32_t timeout_ms)
{
	char url[200];
	snprintf(url, sizeof(url), "http://server.test:%d/%s", PORT, path);
	return ask_of(number, url, (struct view){0}, timeout_ms);
}

/* The loop, until so many answers are there or the time is over. */
static void live(size_t answers, uint64_t ms)
{
	uint64_t end = clock_ms() + ms;
	while (s.n < answers && clock_ms() < end) {
		struct pollfd p[FETCH_OPEN];
		size_t n = s.n_watches;
		uint64_t now = clock_ms(), at = s.wake_ms < end ? s.wake_ms : end;
		for (size_t i = 0; i < n; i++)
			p[i] = (struct pollfd){s.watches[i].fd, (short)(POLLIN | (s.watches[i].want_write ? POLLOUT : 0)), 0};
		poll(p, n, at > now ? (int)(at - now) : 0);
		for (size_t i = 0; i < n; i++)
			if (p[i].revents)
				fetch_on_ready(s.f, p[i].fd);
		if (s.wake_ms <= clock_ms()) {
			s.wake_ms = FETCH_NEVER;
			fetch_on_time(s.f);
		}
	}
}

static void finish(void)
{
	fetch_free(s.f);
	T_EQ(s.n_watches, 0);
	T_EQ(mem_live(), 0);
}

static void test_server(void)
{
	static const struct {
		const char *path;
		enum status want;
		size_t len;
		const char *words;
	} rows[] = {
		{"size?50000", ST_OK, 50000, ""},
		{"size?0", ST_OK, 0, ""},
		{"close?50000", ST_OK, 50000, ""},
		{"pieces", ST_OK, 14, ""},
		{"lying-short", ST_OK, 5, ""},
		{"missing", ST_NOT_FOUND, 0, "it answers 404"},
		{"error", ST_BAD_PAYLOAD, 0, "it answers 503"},
		{"redirect", ST_BAD_PAYLOAD, 0, "it answers 302, and redirects are not followed"},
		{"packed", ST_BAD_PAYLOAD, 0, "it does not speak HTTP"},
		{"garbage", ST_BAD_PAYLOAD, 0, "it does not speak HTTP"},
		{"nonsense", ST_BAD_PAYLOAD, 0, "it does not speak HTTP"},
		{"endless-head", ST_BAD_PAYLOAD, 0, "it does not speak HTTP"},
		{"endless-interim", ST_BAD_PAYLOAD, 0, "it does not speak HTTP"},
		{"size?100001", ST_LIMIT, 0, "the answer is too long"},
		{"endless", ST_LIMIT, 0, "the answer is too long"},
		{"endless-chunks", ST_LIMIT, 0, "the answer is too long"},
		{"huge", ST_LIMIT, 0, "the answer is too long"},
		{"huge-chunk", ST_LIMIT, 0, "the answer is too long"},
		{"lying-long", ST_IO, 0, "the connection ended in the middle of the answer"},
		{"no-answer", ST_IO, 0, "the connection ended in the middle of the answer"},
		{"reset", ST_IO, 0, "Connection reset by peer"},
		{"reset-first", ST_IO, 0, "Connection reset by peer"},
		{"slow", ST_TIMEOUT, 0, "it does not answer in time"},
		{"slow-head", ST_TIMEOUT, 0, "it does not answer in time"},
		{"silent", ST_TIMEOUT, 0, "it does not answer in time"},
	};
	const size_t n = sizeof(rows) / sizeof(rows[0]);
	begin();
	uint64_t start = clock_ms();
	for (size_t i = 0; i < n; i++)
		T_EQ(ask(i, rows[i].path, 3000), ST_OK);
	live(n, 10000);
	T_TRUE(clock_ms() - start < 8000);
	for (size_t i = 0; i < n; i++) {
		T_ROW(i, rows[i].path);
		T_EQ(s.answers[i], 1);
		T_STR(s.words[i], rows[i].words);
		T_EQ(s.status[i], rows[i].want);
		T_EQ(s.len[i], rows[i].len);
	}
	T_TRUE(s.most_watches > 1 && s.most_watches <= 8); /* of one server */
	T_MEM(s.body[3], "abcdefghijklmn", 14);
	/* What failed a moment ago is not asked again; what did not is. */
	T_EQ(ask(n, "redirect", 3000), ST_OK);
	T_EQ(ask(n + 1, "size?7", 3000), ST_OK);
	T_EQ(s.n, n); /* and nobody is answered from inside */
	live(n + 2, 5000);
	T_EQ(s.status[n], ST_BAD_PAYLOAD);
	T_EQ(s.len[n + 1], 7);
	T_DO(finish());
}

static void test_request(void)
{
	char url[200];
	struct view v;
	begin();
	T_EQ(ask(0, "echo?a=b", 3000), ST_OK);
	snprintf(url, sizeof(url), "http://" THERE ":%d/echo", PORT);
	T_EQ(ask_of(1, url, text_view("question"), 3000), ST_OK);
	live(2, 5000);
	T_STR(s.body[0], "GET /echo?a=b HTTP/1.1\r\nHost: server.test:8099\r\nUser-Agent: sallyport\r\n"
			 "Connection: close\r\nAccept: application/pkix-crl\n--\n");
	T_STR(s.body[1], "POST /echo HTTP/1.1\r\nHost: " THERE ":8099\r\nUser-Agent: sallyport\r\n"
			 "Connection: close\r\nAccept: application/pkix-crl\r\n"
			 "Content-Type: application/ocsp-request\r\nContent-Length: 8\n--\nquestion");
	fetch_keep(s.f, url, text_view("question"), text_view("answer"), clock_ms() + 60000);
	T_TRUE(fetch_kept(s.f, url, text_view("question"), &v) && v.len == 6);
	T_TRUE(!fetch_kept(s.f, url, (struct view){0}, &v));
	fetch_forget(s.f);
	T_TRUE(!fetch_kept(s.f, url, text_view("question"), &v));
	T_DO(finish());
}

static void test_plain_server(void)
{
	char url[200];
	begin();
	snprintf(url, sizeof(url), "http://" THERE ":%d/tests/lib/hostile_http.py", PLAIN_PORT);
	T_EQ(ask_of(0, url, (struct view){0}, 3000), ST_OK);
	snprintf(url, sizeof(url), "http://" THERE ":%d/none", PLAIN_PORT);
	T_EQ(ask_of(1, url, (struct view){0}, 3000), ST_OK);
	live(2, 5000);
	T_EQ(s.status[0], ST_OK);
	T_MEM(s.body[0], "\"\"\"An HTTP server", 17);
	T_EQ(s.status[1], ST_NOT_FOUND);
	T_DO(finish());
}

/* No name leads to this host or its links: the address counts, not the name. */
static void test_guards(void)
{
	static const struct {
		const char *url;
		enum status want;
		const char *words;
	} rows[] = {
		{"http://127.0.0.1:8099/", ST_CONFIG, "it leads to this host itself"},
		{"http://[::1]:8099/", ST_CONFIG, "it leads to this host itself"},
		{"http://[::ffff:127.0.0.1]:8099/", ST_CONFIG, "it leads to this host itself"},
		{"http://rebound.test:8099/", ST_CONFIG, "it leads to this host itself"},
		{"http://own.test:8099/", ST_CONFIG, "it leads to an address of this host"},
		{"http://[::ffff:10.77.0.1]:8099/", ST_CONFIG, "it leads to an address of this host"},
		{"http://meta.test/", ST_CONFIG, "it leads to a link-local address"},
		{"http://none.test/", ST_NOT_FOUND, "there is no such name"},
		{"http://mixed.test:8099/size?3", ST_OK, ""},
		{"http://listed.test:9/", ST_IO, "Connection refused"},
		{"http://server.test:9/", ST_IO, "Connection refused"},
	};
	const size_t n = sizeof(rows) / sizeof(rows[0]);
	char words[FETCH_WORDS];
	struct fetch_info info;
	begin();
	for (size_t i = 0; i < n; i++)
		T_EQ(ask_of(i, rows[i].url, (struct view){0}, 3000), ST_OK);
	live(n, 5000);
	for (size_t i = 0; i < n; i++) {
		T_ROW(i, rows[i].url);
		T_EQ(s.status[i], rows[i].want);
		T_STR(s.words[i], rows[i].words);
	}
	fetch_info(s.f, &info);
	T_EQ(info.refused, 7);
	/* Of a server that cannot be reached nothing else is asked for a while. */
	T_EQ(ask_of(n, "http://server.test:9/other", (struct view){0}, 3000), ST_OK);
	live(n + 1, 1000);
	T_STR(s.words[n], "Connection refused");
	T_EQ(ask_of(n + 1, "http://server.test:8097/", (struct view){0}, 3000), ST_CONFIG);
	T_EQ(fetch_url_judge(s.f, "http://server.test:8097/", words), ST_CONFIG);
	T_STR(words, "its port is neither 80 nor listed in the configuration");
	/* What the configuration lists now is asked at once. */
	T_EQ(fetch_configure(s.f, &(struct fetch_rules){.hosts = {"rebound.test"}, .n_hosts = 1, .ports = {PORT}, .n_ports = 1}), ST_OK);
	T_EQ(ask_of(n + 2, "http://rebound.test:8099/", (struct view){0}, 3000), ST_OK);
	live(n + 2, 1000);
	T_STR(s.words[n + 2], "Connection refused");
	T_DO(finish());
}

static void test_ways(void)
{
	struct fetch_info info;
	begin();
	/* The second address when the first is silent; a time-out includes names. */
	T_EQ(ask_of(0, "http://half.test:8099/size?4", (struct view){0}, 2000), ST_OK);
	T_EQ(ask_of(1, "http://late/", (struct view){0}, 300), ST_OK);
	/* Three who want the same are one request; one of them has no time, one does not want it any more. */
	T_EQ(ask(2, "count?1", 3000), ST_OK);
	T_EQ(ask(3, "count?1", 100), ST_OK);
	T_EQ(ask(4, "count?1", 3000), ST_OK);
	T_EQ(ask(5, "count?1", 3000), ST_OK);
	fetch_cancel(s.f, 4);
	T_EQ(ask(6, "silent", 3000), ST_OK);
	fetch_cancel(s.f, 6);
	fetch_cancel(s.f, 77);
	live(5, 4000);
	T_EQ(s.status[0], ST_OK);
	T_EQ(s.len[0], 4);
	T_EQ(s.status[1], ST_TIMEOUT);
	T_STR(s.words[1], "no name server answers in time");
	T_EQ(s.status[3], ST_TIMEOUT);
	T_STR(s.body[2], "1");
	T_STR(s.body[5], "1");
	T_EQ(s.answers[4] + s.answers[6], 0);
	fetch_info(s.f, &info);
	T_EQ(info.open + info.waiting, 0);
	/* The end in the middle of everything. */
	T_EQ(ask(7, "silent", 3000), ST_OK);
	T_EQ(ask_of(8, "http://late/", (struct view){0}, 300), ST_OK);
	T_EQ(ask(9, "redirect", 3000), ST_OK);
	live(6, 50);
	T_DO(finish());
}

/* Each allocation that fails fails one question, and nothing is lost. */
static void test_memory(void)
{
	begin();
	for (uint64_t nth = 1; nth <= 12; nth++) {
		T_ROW(nth, "allocation");
		size_t before = s.n;
		mem_fail_at(nth);
		enum status st = ask(nth, "size?5000", 3000);
		if (st == ST_OK)
			live(before + 1, 4000);
		mem_fail_at(0);
		T_TRUE(st == ST_OK || st == ST_NOMEM);
		T_EQ(s.n, before + (st == ST_OK));
		T_TRUE(st != ST_OK || s.status[nth] == ST_OK || s.status[nth] == ST_NOMEM);
	}
	T_DO(finish());
}

/* ---- the other namespace ------------------------------------------------------------------------ */

static pid_t servers[2];

int main(void)
{
	char netns[32], command[600];
	T_RUN(test_urls);
	T_RUN(test_forbidden);
	T_RUN(test_replies);
	T_RUN(test_reply_bounds);
	T_RUN(test_cache);
	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0) {
		printf("the rest needs root for namespaces\n");
		return 77;
	}
	snprintf(netns, sizeof(netns), "spfetch%d", (int)getpid());
	snprintf(command, sizeof(command), "ip netns add %s && ip link set lo up && ip link add v0 type veth peer name v1 netns %s && "
		 "ip addr add " HERE "/24 dev v0 && ip link set v0 up && ip -n %s addr add " THERE "/24 dev v1 && "
		 "ip -n %s link set v1 up", netns, netns, netns, netns);
	if (system(command) != 0)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	snprintf(command, sizeof(command), "python3 -B tests/lib/hostile_http.py " THERE " %d", PORT);
	servers[0] = serve(netns, command);
	snprintf(command, sizeof(command), "python3 -u -m http.server --bind " THERE " %d 2>/dev/null", PLAIN_PORT);
	servers[1] = serve(netns, command);
	if (servers[0] > 0 && servers[1] > 0) {
		T_RUN(test_server);
		T_RUN(test_request);
		T_RUN(test_plain_server);
		T_RUN(test_guards);
		T_RUN(test_ways);
		T_RUN(test_memory);
	} else {
		printf("FAIL servers: they do not start\n");
	}
	for (int i = 0; i < 2; i++) {
		if (servers[i] > 0) {
			kill(servers[i], SIGKILL);
			waitpid(servers[i], NULL, 0);
		}
	}
	snprintf(command, sizeof(command), "ip netns del %s", netns);
	int rc = system(command);
	return servers[0] > 0 && servers[1] > 0 && rc == 0 ? t_end() : 1;
}
