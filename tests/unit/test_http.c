/* The HTTP server against well-behaved, malformed, slow, greedy and many clients, over real sockets;
 * its clock is the test's. */
#include "modules/http/http.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "modules/loop/loop.h"
#include "tests/lib/t.h"

#define REPLY_MAX 65536

/* What the handler saw and shall answer. */
static struct bench {
	struct stats stats;
	struct loop *loop;
	struct loop_timer *timer;
	struct http *http;
	struct http_place at;
	uint64_t now_ms;
	uint64_t wake_ms; /* 0: not wanted */
	int calls;
	char path[200], accept[200];
	char *body;
	size_t len;
} b;

static void get(void *ctx, const char *path, const char *accept, struct http_reply *r)
{
	struct bench *x = ctx;
	x->calls++;
	snprintf(x->path, sizeof(x->path), "%s", path);
	snprintf(x->accept, sizeof(x->accept), "%s", accept);
	r->body = x->body ? x->body : "hello\n";
	r->len = x->body ? x->len : 6;
	if (strcmp(path, "/nothing") == 0)
		return;
	r->status = strcmp(path, "/down") == 0 ? 503 : 200;
	r->type = "text/test";
}

static uint64_t now_ms(void *ctx)
{
	return b.now_ms;
}

static void wake_at(void *ctx, uint64_t at_ms)
{
	b.wake_ms = at_ms + 1;
}

static const struct http_ports ports = {.get = get, .now_ms = now_ms, .wake_at = wake_at};

static void on_timer(void *ctx)
{
	loop_stop(b.loop);
}

/* So many turns of the loop with what is ready, and the calls that are due by our clock. */
static void serve(int turns)
{
	while (turns--) {
		loop_timer_at(b.timer, 0);
		loop_run(b.loop);
		if (b.wake_ms && b.wake_ms <= b.now_ms + 1) {
			b.wake_ms = 0;
			http_due(b.http);
		}
	}
}

static void begin_base(void)
{
	signal(SIGPIPE, SIG_IGN);
	memset(&b, 0, sizeof(b));
	b.now_ms = 1000000;
	b.loop = loop_new();
	T_TRUE(b.loop);
	T_EQ(loop_timer_new(b.loop, on_timer, NULL, &b.timer), ST_OK);
	snprintf(b.at.path, sizeof(b.at.path), "/tmp/test_http.%d.sock", (int)getpid());
}

static enum status open_http(void)
{
	return http_new(&ports, &b, loop_base(b.loop), &b.stats, &b.at, &b.http);
}

static void begin(void)
{
	T_DO(begin_base());
	T_EQ(open_http(), ST_OK);
}

static void end(void)
{
	struct stat st;
	http_free(b.http);
	loop_timer_free(b.timer);
	loop_free(b.loop);
	T_EQ(mem_live(), 0);
	T_TRUE(lstat(b.at.path, &st) != 0);
}

static int dial(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	memcpy(sa.sun_path, b.at.path, sizeof(sa.sun_path));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
		abort();
	return fd;
}

static char reply[REPLY_MAX];

/* Reads until the other side closes: the length; -1 when it is still open. */
static ssize_t read_reply(int fd)
{
	size_t got = 0;
	for (;;) {
		ssize_t n = recv(fd, reply + got, sizeof(reply) - 1 - got, 0);
		reply[got + (n > 0 ? (size_t)n : 0)] = 0;
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return (ssize_t)got;
		if (n < 0)
			return -1;
		got += (size_t)n;
	}
}

/* One whole exchange; the reply, "" when there was none, NULL when it stays open. */
static const char *ask(const char *text, size_t len)
{
	int fd = dial();
	if (send(fd, text, len, 0) != (ssize_t)len)
		abort();
	serve(6);
	ssize_t n = read_reply(fd);
	close(fd);
	b.now_ms += 200;
	serve(2);
	return n < 0 ? NULL : reply;
}

#define ASK(text) ask((text), sizeof(text) - 1)
#define HAS(text) T_TRUE(strstr(reply, (text)) != NULL)

static void answers(void)
{
	T_DO(begin());
	T_TRUE(ASK("GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: a/b;q=1, c/d\r\n\r\n"));
	if (strncmp(reply, "HTTP/1.1 200 OK\r\n", 17) != 0)
		T_FAIL("got %s", reply);
	HAS("\r\nContent-Type: text/test\r\n");
	HAS("\r\nContent-Length: 6\r\n");
	HAS("\r\nConnection: close\r\n");
	HAS("\r\n\r\nhello\n");
	T_STR(b.path, "/metrics");
	T_STR(b.accept, "a/b;q=1, c/d");
	T_TRUE(ASK("HEAD /metrics?x=1&y HTTP/1.1\r\n\r\n"));
	HAS("200 OK");
	HAS("\r\nContent-Length: 6\r\n");
	T_TRUE(!strstr(reply, "hello"));
	T_STR(b.path, "/metrics");
	T_STR(b.accept, "");
	T_TRUE(ASK("GET /down HTTP/1.0\r\n\r\n"));
	HAS(" 503 Service Unavailable\r\n");
	HAS("\r\nContent-Length: 6\r\n");
	HAS("\r\n\r\nhello\n");
	T_TRUE(ASK("GET /nothing HTTP/1.1\r\nConnection: keep-alive\r\n\r\n"));
	HAS(" 404 Not Found\r\n");
	HAS("\r\nContent-Type: text/plain");
	T_TRUE(ASK("GET http://example.test/m HTTP/1.1\r\nProxy-Connection: keep-alive\r\n\r\n"));
	HAS("200 OK");
	T_STR(b.path, "/m");
	T_EQ(b.stats.count[CT_HTTP_REQUESTS], 5);
	T_EQ(b.stats.count[CT_HTTP_CUT], 0);
	/* The second one on a connection is not answered, it is closed. */
	T_TRUE(ASK("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"));
	T_STR(b.path, "/1");
	T_EQ(b.calls, 6);
	T_DO(end());
}

static void in_pieces(void)
{
	static const char text[] = "GET /slowly HTTP/1.1\r\nAccept: *\r\n\r\n";
	T_DO(begin());
	int fd = dial();
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		T_EQ(b.calls, 0);
		T_EQ(send(fd, text + i, 1, 0), 1);
		serve(2);
	}
	serve(2);
	T_EQ(b.calls, 1);
	T_TRUE(read_reply(fd) > 0);
	close(fd);
	T_DO(end());
}

static void refuses(void)
{
	static char long_line[3 * HTTP_HEAD_MAX], long_head[3 * HTTP_HEAD_MAX], many[3 * HTTP_HEAD_MAX];
	static const struct {
		const char *text;
		size_t len; /* 0: a string */
		const char *status; /* "": closed without a word; NULL: waits for more */
	} rows[] = {
		{"POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 0, " 501 "},
		{"POST /metrics HTTP/1.1\r\nContent-Length: 4\r\n\r\nabcd", 0, " 413 "},
		{"PUT / HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n", 0, " 413 "},
		{"DELETE / HTTP/1.1\r\n\r\n", 0, " 501 "},
		{"BREW / HTTP/1.1\r\n\r\n", 0, " 501 "},
		{"GET / HTTP/1.1\r\nContent-Length: 4\r\n\r\nabcd", 0, " 413 "},
		{"GET / HTTP/1.1\r\nContent-Length: -4\r\n\r\n", 0, " 400 "},
		{"GET / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", 0, " 400 "},
		{"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n", 0, " 413 "},
		{"GET / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n", 0, " 413 "},
		{"GET / HTTP/1.1\r\nno colon\r\n\r\n", 0, " 400 "},
		{"GET / HTTP/9.9.9\r\n\r\n", 0, " 400 "},
		{"GET\r\n\r\n", 0, " 400 "},
		{"\r\n\r\n\r\n", 0, " 400 "},
		{"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n", 15, " 400 "}, /* TLS */
		{long_line, sizeof(long_line) - 1, " 400 "},
		{long_head, sizeof(long_head) - 1, " 400 "},
		{many, sizeof(many) - 1, " 400 "},
		{"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 0, NULL},
		{"CONNECT a:1 HTTP/1.1\r\n\r\n", 0, NULL}, /* 501, and it is left open */
		{"GET / HTTP/1.1\r\n", 0, NULL},
		{"GET", 0, NULL},
	};
	memset(long_line, 'a', sizeof(long_line) - 1);
	memset(long_head, 'a', sizeof(long_head) - 1);
	memcpy(long_head, "GET / HTTP/1.1\r\nA: ", 19);
	for (size_t i = 0; i + 6 < sizeof(many); i += 6)
		memcpy(many + i, "A: b\r\n", 6);
	memcpy(many, "GET / HTTP/1.1\r\nX: x\r\nYYY: y\r\n", 30);
	T_DO(begin());
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, "request");
		const char *r = ask(rows[i].text, rows[i].len ? rows[i].len : strlen(rows[i].text));
		T_TRUE((r == NULL) == (rows[i].status == NULL));
		if (rows[i].status && !strstr(reply, rows[i].status))
			T_FAIL("got %.60s", reply);
		if (r && *r)
			HAS("Connection: close");
	}
	T_EQ(b.calls, 0);
	/* A NUL ends the value for whoever reads it as a string. */
	T_TRUE(ASK("GET /n HTTP/1.1\r\nAccept: b\0c\r\n\r\n") && strstr(reply, "200 OK"));
	T_STR(b.accept, "b");
	T_DO(end());
}

/* Whoever is silent, or slow, ends with its time; a quick one is not kept waiting. */
static void slow_clients(void)
{
	T_DO(begin());
	int silent = dial(), slow = dial();
	uint64_t born = b.now_ms;
	serve(3);
	T_TRUE(b.wake_ms != 0);
	for (; b.now_ms < born + HTTP_LIFE_MS; b.now_ms += 100) {
		T_EQ(send(slow, "G", 1, 0), 1);
		serve(3);
		T_EQ(read_reply(silent), -1);
		T_EQ(read_reply(slow), -1);
	}
	T_TRUE(ASK("GET / HTTP/1.1\r\n\r\n") && strstr(reply, "200 OK"));
	serve(3);
	T_EQ(read_reply(silent), 0);
	T_EQ(read_reply(slow), 0);
	T_EQ(b.stats.count[CT_HTTP_CUT], 2);
	b.now_ms += 1000;
	serve(2);
	T_EQ(b.wake_ms, 0); /* nobody is left to look after */
	close(silent);
	close(slow);
	T_DO(end());
}

/* A client may have an address of its own, as long as one can be. */
static void named_client(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX}, mine = {.sun_family = AF_UNIX};
	T_DO(begin());
	memset(mine.sun_path, 'n', sizeof(mine.sun_path));
	mine.sun_path[0] = 0;
	memcpy(sa.sun_path, b.at.path, sizeof(sa.sun_path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	T_TRUE(fd >= 0 && bind(fd, (struct sockaddr *)&mine, sizeof(mine)) == 0);
	T_TRUE(connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0);
	T_EQ(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	serve(6);
	T_TRUE(read_reply(fd) > 0 && strstr(reply, "200 OK"));
	close(fd);
	T_DO(end());
}

static void many_clients(void)
{
	enum { MANY = 3 * HTTP_CLIENTS_MAX };
	int fd[MANY];
	size_t open = 0;
	T_DO(begin());
	for (int i = 0; i < MANY; i++) {
		fd[i] = dial();
		b.now_ms++;
		serve(2);
	}
	/* The newest stay. */
	for (int i = 0; i < MANY; i++) {
		bool is_open = read_reply(fd[i]) < 0;
		T_EQ(is_open, i >= MANY - HTTP_CLIENTS_MAX);
		open += is_open;
	}
	T_EQ(open, HTTP_CLIENTS_MAX);
	T_EQ(b.stats.count[CT_HTTP_CUT], MANY - HTTP_CLIENTS_MAX);
	T_TRUE(ASK("GET / HTTP/1.1\r\n\r\n") && strstr(reply, "200 OK"));
	for (int i = 0; i < MANY; i++)
		close(fd[i]);
	/* Those that left by themselves were not cut. */
	b.now_ms += 200;
	serve(3);
	T_EQ(b.stats.count[CT_HTTP_CUT], MANY - HTTP_CLIENTS_MAX + 1);
	T_EQ(b.wake_ms, 0);
	T_DO(end());
}

/* All at once: the loop gets its turns in between, and the last one is served. */
static void crowd(void)
{
	enum { CROWD = 60 };
	int fd[CROWD];
	T_DO(begin());
	for (int i = 0; i < CROWD; i++)
		fd[i] = dial();
	T_EQ(send(fd[CROWD - 1], "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	serve(1);
	/* Some of them, not yet so many that one had to go; the next turn is for the rest. */
	T_EQ(b.stats.count[CT_HTTP_CUT], 0);
	T_EQ(b.calls, 0);
	serve(12);
	T_EQ(b.calls, 1);
	T_TRUE(read_reply(fd[CROWD - 1]) > 0);
	for (int i = 0; i < CROWD; i++)
		close(fd[i]);
	T_DO(end());
}

/* Asks for much, reads nothing and sends for ever: what we keep for it is bounded. */
static void greedy_client(void)
{
	static char junk[4096];
	size_t sent = 0;
	T_DO(begin());
	b.len = 8u << 20;
	b.body = malloc(b.len);
	T_TRUE(b.body);
	memset(b.body, 'x', b.len);
	int fd = dial();
	T_EQ(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	for (int i = 0; i < 3000; i++) {
		ssize_t n = send(fd, junk, sizeof(junk), 0);
		sent += n > 0 ? (size_t)n : 0;
		serve(1);
	}
	T_EQ(b.calls, 1);
	/* The kernel's own buffers and ours, not twelve megabytes. */
	if (sent > 1u << 20)
		T_FAIL("%zu bytes were taken", sent);
	b.now_ms += HTTP_LIFE_MS + 100;
	serve(3);
	T_EQ(b.stats.count[CT_HTTP_CUT], 1);
	T_EQ(send(fd, junk, 1, 0), -1);
	close(fd);
	free(b.body);
	T_DO(end());
}

static void out_of_descriptors(void)
{
	struct rlimit was, few;
	T_DO(begin());
	int waiting = dial(), probe = dup(0);
	T_EQ(send(waiting, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	close(probe);
	T_EQ(getrlimit(RLIMIT_NOFILE, &was), 0);
	few = (struct rlimit){(rlim_t)probe, was.rlim_max};
	T_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
	serve(3);
	/* It does not ask again before its time, or the loop would turn for nothing else. */
	clock_t used = clock();
	loop_timer_at(b.timer, loop_now_ms() + 200);
	loop_run(b.loop);
	T_TRUE(clock() - used < CLOCKS_PER_SEC / 20);
	T_EQ(b.calls, 0);
	T_EQ(setrlimit(RLIMIT_NOFILE, &was), 0);
	b.now_ms += 1000;
	http_due(b.http);
	serve(4);
	T_EQ(b.calls, 1);
	T_TRUE(read_reply(waiting) > 0);
	close(waiting);
	T_DO(end());
}

static void socket_file(void)
{
	struct stat st;
	struct http *second;
	T_DO(begin_base());
	/* Whatever stands there and is not a socket stays. */
	int fd = open(b.at.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	T_TRUE(fd >= 0);
	close(fd);
	errno = 0;
	T_EQ(open_http(), ST_IO);
	T_EQ(errno, EADDRINUSE);
	T_TRUE(lstat(b.at.path, &st) == 0 && S_ISREG(st.st_mode));
	T_EQ(unlink(b.at.path), 0);
	/* A socket file that its process left behind is replaced. */
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	memcpy(sa.sun_path, b.at.path, sizeof(sa.sun_path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	T_TRUE(fd >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 && listen(fd, 1) == 0);
	errno = 0;
	T_EQ(open_http(), ST_IO); /* but not while it listens */
	T_EQ(errno, EADDRINUSE);
	close(fd);
	T_EQ(open_http(), ST_OK);
	T_TRUE(lstat(b.at.path, &st) == 0 && S_ISSOCK(st.st_mode) && (st.st_mode & 0777) == 0660);
	T_EQ(http_new(&ports, &b, loop_base(b.loop), &b.stats, &b.at, &second), ST_IO);
	T_TRUE(ASK("GET / HTTP/1.1\r\n\r\n") && strstr(reply, "200 OK"));
	http_free(b.http);
	T_TRUE(lstat(b.at.path, &st) != 0);
	snprintf(b.at.path, sizeof(b.at.path), "/tmp/test_http.none/x.sock");
	errno = 0;
	T_EQ(open_http(), ST_IO);
	T_EQ(errno, ENOENT);
	T_DO(end());
}

static int dial_tcp(uint16_t port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
		abort();
	if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		abort();
	return fd;
}

static void tcp_port(void)
{
	char text[HTTP_PLACE_TEXT];
	struct http *second;
	T_DO(begin_base());
	T_STR(http_place_format(&b.at, text), b.at.path);
	b.at.addr = addr_v4(INADDR_LOOPBACK);
	for (b.at.port = 29501; open_http() != ST_OK; b.at.port++)
		T_TRUE(errno == EADDRINUSE && b.at.port < 29600);
	snprintf(reply, sizeof(reply), "127.0.0.1:%u", b.at.port);
	T_STR(http_place_format(&b.at, text), reply);
	int fd = dial_tcp(b.at.port);
	T_EQ(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	serve(6);
	T_TRUE(read_reply(fd) > 0 && strstr(reply, "200 OK"));
	errno = 0;
	T_EQ(http_new(&ports, &b, loop_base(b.loop), &b.stats, &b.at, &second), ST_IO);
	T_EQ(errno, EADDRINUSE);
	/* We closed first, so the connection holds the port for a minute; a successor gets it. */
	int open = dial_tcp(b.at.port);
	serve(2);
	http_free(b.http);
	close(fd);
	T_EQ(open_http(), ST_OK);
	T_EQ(read_reply(open), 0);
	close(open);
	struct http_place six = {.port = 80};
	T_EQ(addr_parse("::1", &six.addr), ST_OK);
	T_STR(http_place_format(&six, text), "[::1]:80");
	T_DO(end());
}

static void no_memory(void)
{
	T_DO(begin_base());
	mem_fail_at(1);
	T_EQ(open_http(), ST_NOMEM);
	mem_fail_at(0);
	T_TRUE(b.http == NULL);
	http_free(NULL);
	T_DO(end());
}

int main(void)
{
	T_RUN(answers);
	T_RUN(in_pieces);
	T_RUN(refuses);
	T_RUN(slow_clients);
	T_RUN(named_client);
	T_RUN(many_clients);
	T_RUN(crowd);
	T_RUN(greedy_client);
	T_RUN(out_of_descriptors);
	T_RUN(socket_file);
	T_RUN(tcp_port);
	T_RUN(no_memory);
	return t_end();
}
