/* Bytes from a local user: a connection to the HTTP server, in two pieces, through evhttp itself; what
 * reaches the handler goes on to the choice of form. The last byte of the input says where it is cut. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmd/metrics.h"
#include "modules/http/http.h"
#include "modules/loop/loop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	struct stats stats;
	struct loop *loop;
	struct loop_timer *timer;
	struct http *http;
	struct http_place at;
	uint64_t now_ms;
	unsigned calls;
} b;

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void get(void *ctx, const char *path, const char *accept, struct http_reply *r)
{
	must(path && accept && strlen(path) < HTTP_HEAD_MAX && strlen(accept) < HTTP_HEAD_MAX);
	r->status = metrics_form_of(accept) == METRICS_OPEN ? 200 : 503;
	r->body = path;
	r->len = strlen(path);
	b.calls++;
}

static uint64_t now_ms(void *ctx)
{
	return b.now_ms;
}

static void wake_at(void *ctx, uint64_t at_ms)
{
}

static void on_timer(void *ctx)
{
	loop_stop(b.loop);
}

static void turn(int n)
{
	while (n--) {
		loop_timer_at(b.timer, 0);
		loop_run(b.loop);
	}
}

static void end(void)
{
	http_free(b.http);
	loop_timer_free(b.timer);
	loop_free(b.loop);
}

static void begin(void)
{
	static const struct http_ports ports = {.get = get, .now_ms = now_ms, .wake_at = wake_at};
	signal(SIGPIPE, SIG_IGN);
	snprintf(b.at.path, sizeof(b.at.path), "/tmp/fuzz_http.%d.sock", (int)getpid());
	b.loop = loop_new();
	must(b.loop && loop_timer_new(b.loop, on_timer, NULL, &b.timer) == ST_OK);
	must(http_new(&ports, NULL, loop_base(b.loop), &b.stats, &b.at, &b.http) == ST_OK);
	atexit(end);
}

static int dial(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	memcpy(sa.sun_path, b.at.path, sizeof(sa.sun_path));
	must(fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0);
	return fd;
}

/* A reply begins as one, whatever was asked. */
static void look(int fd)
{
	char reply[16384];
	ssize_t n = recv(fd, reply, sizeof(reply), 0);
	must(n <= 0 || (n > 9 && memcmp(reply, "HTTP/", 5) == 0));
}

static void send_some(int fd, const uint8_t *p, size_t len)
{
	/* A client that was refused may be gone already. */
	must(!len || send(fd, p, len, 0) == (ssize_t)len || errno == EPIPE || errno == ECONNRESET);
	turn(3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size || size > 3 * HTTP_HEAD_MAX)
		return 0;
	if (!b.loop)
		begin();
	uint64_t cut = b.stats.count[CT_HTTP_CUT];
	size_t len = size - 1, first = data[len] * len / 255;
	int fd = dial();
	b.calls = 0;
	send_some(fd, data, first);
	send_some(fd, data + first, len - first);
	look(fd);
	must(b.calls <= 1);
	close(fd);
	turn(2);
	/* Whatever it was, its time ends and nothing is left of it. */
	b.now_ms += HTTP_LIFE_MS;
	http_due(b.http);
	turn(1);
	must(b.stats.count[CT_HTTP_CUT] - cut <= 1);
	return 0;
}
