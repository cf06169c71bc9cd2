#include "cmd/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/base/wr.h"
#include "modules/ctl/ctl.h"

struct call {
	const char *socket_path;
	bool json;
	uint8_t request[4 + CTL_REQUEST_MAX];
	size_t len;
};

static int usage(const char *why)
{
	fprintf(stderr, "sallyport: %s\nTry: sallyport help\n", why);
	return 2;
}

static int call_build(struct call *call, int argc, char **argv)
{
	struct wr w = wr_init(call->request, sizeof(call->request));
	int n_words = 0;
	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], "--json") == 0)
			call->json = true;
	wr_u32(&w, 0);
	wr_bytes(&w, call->json ? "json" : "text", 5);
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			continue;
		if (strcmp(argv[i], "--socket") == 0) {
			if (++i == argc)
				return usage("--socket needs a path");
			call->socket_path = argv[i];
			continue;
		}
		if (strncmp(argv[i], "--", 2) == 0)
			return usage("unknown option");
		wr_bytes(&w, argv[i], strlen(argv[i]) + 1);
		n_words++;
	}
	if (!wr_ok(&w) || n_words > CTL_WORDS)
		return usage("the command is too long");
	wr_put_u32(&w, 0, (uint32_t)(w.len - 4));
	call->len = w.len;
	return 0;
}

static int connect_to(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(sa.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sa.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		int e = errno;
		close(fd);
		errno = e;
		fd = -1;
	}
	return fd;
}

bool client_answers(const char *socket_path)
{
	int fd = connect_to(socket_path);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool read_all(int fd, void *p, size_t len)
{
	for (size_t got = 0; got < len;) {
		ssize_t n = read(fd, (char *)p + got, len - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	return true;
}

static bool write_all(int fd, const uint8_t *p, size_t len)
{
	while (len) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* Copies one frame's bytes to a stream. */
static bool pass_on(int fd, size_t len, FILE *to)
{
	char buf[8192];
	while (len) {
		size_t n = len < sizeof(buf) ? len : sizeof(buf);
		if (!read_all(fd, buf, n))
			return false;
		fwrite(buf, 1, n, to);
		len -= n;
	}
	return true;
}

/* Copies one frame's bytes behind what is there already; what does not fit is left out. */
static bool keep_text(int fd, size_t len, const struct client_request *rq)
{
	size_t used = strlen(rq->text);
	for (; len; len--) {
		char c;
		if (!read_all(fd, &c, 1))
			return false;
		if (used + 1 < rq->cap)
			rq->text[used++] = c;
	}
	rq->text[used] = 0;
	return true;
}

static int answer(int fd, const struct client_request *rq)
{
	for (;;) {
		uint8_t head[5];
		if (!read_all(fd, head, sizeof(head))) {
			fprintf(stderr, "sallyport: the daemon closed the connection\n");
			return 1;
		}
		struct rd r = rd_init(head + 1, 4);
		size_t len = rd_u32(&r);
		uint8_t code = 1;
		if (head[0] == 'x')
			return len == 1 && read_all(fd, &code, 1) && !fflush(stdout) ? code : 1;
		if (head[0] == 'o' && rq->text) {
			if (!keep_text(fd, len, rq))
				return 1;
			continue;
		}
		/* An answer that goes on is read by somebody who waits for its next line. */
		if (!pass_on(fd, len, head[0] == 'o' ? stdout : stderr) || fflush(stdout) != 0)
			return 1;
	}
}

/* The request may hold a password: it stays nowhere. */
static int call_send(struct call *call, const struct client_request *rq)
{
	int fd = connect_to(call->socket_path);
	bool is_sent = fd >= 0 && write_all(fd, call->request, call->len);
	int why = errno;
	mem_zero(call->request, sizeof(call->request));
	if (fd < 0) {
		fprintf(stderr, "sallyport: no daemon answers at %s: %s\n", call->socket_path, strerror(why));
		return 1;
	}
	int rc = is_sent ? answer(fd, rq) : 1;
	close(fd);
	return rc;
}

int client_main(int argc, char **argv)
{
	struct call call = {.socket_path = CONTROL_SOCKET_DEFAULT};
	int rc = call_build(&call, argc, argv);
	return rc ? rc : call_send(&call, &(struct client_request){0});
}

int client_ask(const struct client_request *rq)
{
	struct call call = {.socket_path = rq->socket};
	struct wr w = wr_init(call.request, sizeof(call.request));
	if (rq->text && rq->cap)
		rq->text[0] = 0;
	wr_u32(&w, 0);
	wr_bytes(&w, "text", 5);
	for (size_t i = 0; i < rq->n_words; i++)
		wr_bytes(&w, rq->words[i], strlen(rq->words[i]) + 1);
	if (!wr_ok(&w) || rq->n_words > CTL_WORDS) {
		mem_zero(call.request, sizeof(call.request));
		return usage("the command is too long");
	}
	wr_put_u32(&w, 0, (uint32_t)(w.len - 4));
	call.len = w.len;
	return call_send(&call, rq);
}
