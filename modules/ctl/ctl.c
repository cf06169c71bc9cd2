#include "modules/ctl/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/list.h"
#include "core/base/mem.h"
#include "modules/ctl/request.h"

#define FRAME_HEAD 5

struct client {
	struct list in_list;
	struct ctl *ctl;
	int fd;
	bool is_finished; /* the answer is complete, only writing is left */
	bool is_broken;   /* out of memory while answering */
	bool stays;       /* its answer goes on after handle() */
	bool is_handled;  /* from then on somebody else must say when there is something to write */
	bool wants_write;
	struct ucred cred;
	size_t got;
	uint8_t in[4 + CTL_REQUEST_MAX];
	uint8_t *out;
	size_t out_len, out_cap, out_sent;
};

struct ctl {
	struct ctl_ports ports;
	void *ctx;
	int listen_fd;
	size_t n_clients, n_stays;
	struct list clients;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

static int listen_at(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct stat st;
	if (strlen(path) >= sizeof(sa.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sa.sun_path, path, strlen(path) + 1);
	/* Only a socket is ever replaced: a mistyped path must not cost a file. */
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	mode_t old = umask(0117);
	int rc = bind(fd, (struct sockaddr *)&sa, sizeof(sa));
	umask(old);
	if (rc < 0 || listen(fd, 16) < 0) {
		int e = errno;
		close(fd);
		errno = e;
		return -1;
	}
	return fd;
}

enum status ctl_new(const struct ctl_ports *ports, void *ctx, const char *path, struct ctl **out)
{
	struct ctl *c = mem_new(sizeof(*c));
	if (!c)
		return ST_NOMEM;
	c->ports = *ports;
	c->ctx = ctx;
	list_init(&c->clients);
	c->listen_fd = listen_at(path);
	if (c->listen_fd < 0) {
		mem_free(c);
		return ST_IO;
	}
	memcpy(c->path, path, strlen(path) + 1);
	ports->watch(ctx, c->listen_fd, false, c);
	*out = c;
	return ST_OK;
}

static void client_free(struct client *cl)
{
	struct ctl *c = cl->ctl;
	if (cl->stays)
		c->n_stays--;
	if (cl->stays && !cl->is_finished && c->ports.gone)
		c->ports.gone(c->ctx, cl);
	c->ports.unwatch(c->ctx, cl->fd, cl);
	close(cl->fd);
	list_del(&cl->in_list);
	c->n_clients--;
	mem_free(cl->out);
	mem_free_secret(cl, sizeof(*cl)); /* requests may hold what users log in with */
}

void ctl_free(struct ctl *c)
{
	if (!c)
		return;
	LIST_EACH_SAFE(n, &c->clients)
		client_free(CONTAINER_OF(n, struct client, in_list));
	c->ports.unwatch(c->ctx, c->listen_fd, c);
	close(c->listen_fd);
	unlink(c->path);
	mem_free(c);
}

/* The oldest goes: nobody keeps others out by sitting still. Fewer stay than there may be. */
static void make_room(struct ctl *c)
{
	LIST_EACH(n, &c->clients) {
		struct client *cl = CONTAINER_OF(n, struct client, in_list);
		if (cl->stays)
			continue;
		client_free(cl);
		return;
	}
}

static void client_accept(struct ctl *c)
{
	int fd = accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct client *cl = NULL;
	if (c->n_clients == CTL_CLIENTS_MAX)
		make_room(c);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0)
		cl = mem_new(sizeof(*cl));
	if (!cl) {
		close(fd);
		return;
	}
	cl->ctl = c;
	cl->fd = fd;
	cl->cred = cred;
	list_push_back(&c->clients, &cl->in_list);
	c->n_clients++;
	c->ports.watch(c->ctx, fd, false, cl);
}

/* ---- answering ------------------------------------------------------------------------------ */

static void want_write(struct client *cl, bool want)
{
	if (cl->wants_write == want)
		return;
	cl->wants_write = want;
	cl->ctl->ports.watch(cl->ctl->ctx, cl->fd, want, cl);
}

/* What has gone out makes room: an answer that goes on needs no more than what waits. */
static void make_space(struct client *cl)
{
	if (cl->out_sent == 0 || cl->out_sent < cl->out_len / 2)
		return;
	memmove(cl->out, cl->out + cl->out_sent, cl->out_len - cl->out_sent);
	cl->out_len -= cl->out_sent;
	cl->out_sent = 0;
}

static void frame(struct client *cl, uint8_t kind, const void *p, size_t len)
{
	make_space(cl);
	size_t need = cl->out_len + FRAME_HEAD + len;
	if (cl->is_broken || len > UINT32_MAX)
		return;
	if (need > cl->out_cap) {
		size_t cap = cl->out_cap ? cl->out_cap : 4096;
		while (cap < need)
			cap *= 2;
		uint8_t *out = mem_grow(cl->out, cl->out_cap, cap);
		if (!out) {
			cl->is_broken = true;
			if (cl->is_handled)
				want_write(cl, true); /* it is freed there */
			return;
		}
		cl->out = out;
		cl->out_cap = cap;
	}
	uint8_t *d = cl->out + cl->out_len;
	d[0] = kind;
	d[1] = (uint8_t)(len >> 24);
	d[2] = (uint8_t)(len >> 16);
	d[3] = (uint8_t)(len >> 8);
	d[4] = (uint8_t)len;
	if (len)
		memcpy(d + FRAME_HEAD, p, len);
	cl->out_len = need;
	if (cl->is_handled)
		want_write(cl, true);
}

void ctl_out(void *reply, const char *bytes, size_t len)
{
	frame(reply, 'o', bytes, len);
}

void ctl_err(void *reply, const char *bytes, size_t len)
{
	frame(reply, 'e', bytes, len);
}

void ctl_finish(void *reply, uint8_t exit_code)
{
	struct client *cl = reply;
	frame(cl, 'x', &exit_code, 1);
	cl->is_finished = true;
}

bool ctl_stay(void *reply)
{
	struct client *cl = reply;
	if (cl->ctl->n_stays == CTL_STAYS_MAX)
		return false;
	cl->stays = true;
	cl->ctl->n_stays++;
	return true;
}

size_t ctl_waiting(const void *reply)
{
	const struct client *cl = reply;
	return cl->out_len - cl->out_sent;
}

static void client_write(struct client *cl)
{
	while (cl->out_sent < cl->out_len) {
		ssize_t n = send(cl->fd, cl->out + cl->out_sent, cl->out_len - cl->out_sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			want_write(cl, true);
			return;
		}
		if (n <= 0) {
			client_free(cl);
			return;
		}
		cl->out_sent += (size_t)n;
	}
	if (cl->is_finished || cl->is_broken) {
		client_free(cl);
		return;
	}
	cl->out_len = cl->out_sent = 0;
	want_write(cl, false);
}

/* ---- reading -------------------------------------------------------------------------------- */

static void client_request(struct client *cl, struct view body)
{
	struct ctl *c = cl->ctl;
	struct ctl_request rq = {.uid = cl->cred.uid, .pid = cl->cred.pid};
	rq.may_change = cl->cred.uid == 0 || cl->cred.uid == geteuid();
	if (request_split(body, &rq)) {
		c->ports.handle(c->ctx, &rq, c, cl);
	} else {
		static const char text[] = "malformed request\n";
		ctl_err(cl, text, sizeof(text) - 1);
		ctl_finish(cl, 2);
	}
	if (!cl->is_finished && !cl->stays)
		ctl_finish(cl, 1);
	/* It may hold what a person logs in with, and an answer may go on for long. */
	mem_zero(cl->in, sizeof(cl->in));
	cl->is_handled = true;
	if (cl->is_broken)
		client_free(cl);
	else
		client_write(cl);
}

static void client_read(struct client *cl)
{
	ssize_t n = recv(cl->fd, cl->in + cl->got, sizeof(cl->in) - cl->got, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		client_free(cl);
		return;
	}
	cl->got += (size_t)n;
	struct view body;
	switch (request_frame((struct view){cl->in, cl->got}, &body)) {
	case REQUEST_MORE:
		break;
	case REQUEST_LONG:
		client_free(cl);
		break;
	case REQUEST_WHOLE:
		client_request(cl, body);
		break;
	}
}

void ctl_on_fd(struct ctl *c, void *token)
{
	if (token == c) {
		client_accept(c);
		return;
	}
	struct client *cl = token;
	uint8_t more;
	if (!cl->is_handled)
		client_read(cl);
	else if (recv(cl->fd, &more, 1, 0) < 0 && errno == EAGAIN)
		client_write(cl);
	else
		client_free(cl); /* else its descriptor would be readable for ever */
}
