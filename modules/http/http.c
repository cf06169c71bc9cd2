/*
 * evhttp parses and writes; what it leaves open is done here. It has no limit of connections, no
 * limit of time for a client that sends a byte now and then, and says nothing when a connection
 * ends. So every bufferevent is made here and a second reference to it is kept:
 *
 *   made ----> evhttp has set its callbacks ----> evhttp has taken them away ----> let go here
 *                 |                                  ^
 *                 +--- too old, or too many ---------+   by an error event that we raise
 */
#include "modules/http/http.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/sockname.h"

#define BACKLOG 64
#define LOOK_MS 100       /* how soon a finished connection gives its place back */
#define ACCEPTS 16        /* in one go; then the rest of the loop has its turn */
#define INPUT_MAX 16384   /* read ahead of what evhttp takes */

struct connection {
	struct bufferevent *bev; /* NULL: a free place */
	uint64_t born_ms;
};

struct http {
	struct http_ports ports;
	void *ctx;
	struct stats *stats;
	struct evhttp *server;
	struct evconnlistener *listener; /* evhttp's */
	int fd;
	bool is_waking; /* http_due will be called soon */
	unsigned accepted; /* since the listener was looked at last */
	struct connection connections[HTTP_CLIENTS_MAX];
	char path[HTTP_PATH]; /* of our socket file, "" none */
};

/* ---- listening -------------------------------------------------------------------------------- */

static int new_socket(int family)
{
	return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static int close_failed(int fd)
{
	int error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return -1;
}

static int listen_tcp(const struct http_place *at)
{
	union sockname name;
	socklen_t len = sockname_of(&name, &at->addr, at->port);
	const int one = 1;
	int fd = new_socket(name.sa.sa_family);
	/* REUSEADDR: connections of a main before us must not hold the port. */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, &name.sa, len) < 0 || listen(fd, BACKLOG) < 0)
		return close_failed(fd);
	return fd;
}

/* Is there a process behind the socket file? One that was killed leaves it without. */
static bool has_listener(const struct sockaddr_un *sa)
{
	int fd = new_socket(AF_UNIX);
	bool has = fd >= 0 && (connect(fd, (const void *)sa, sizeof(*sa)) == 0 || errno != ECONNREFUSED);
	if (fd >= 0)
		close(fd);
	return has;
}

static int listen_unix(const struct http_place *at)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct stat st;
	memcpy(sa.sun_path, at->path, strnlen(at->path, sizeof(sa.sun_path) - 1));
	/* Only a socket that nobody uses is ever replaced: a mistyped path must not cost a file. */
	if (lstat(at->path, &st) == 0 && S_ISSOCK(st.st_mode)) {
		if (has_listener(&sa)) {
			errno = EADDRINUSE;
			return -1;
		}
		unlink(at->path);
	}
	int fd = new_socket(AF_UNIX);
	if (fd < 0)
		return -1;
	mode_t old = umask(0117);
	int rc = bind(fd, (const void *)&sa, sizeof(sa));
	umask(old);
	if (rc < 0 || listen(fd, BACKLOG) < 0)
		return close_failed(fd);
	return fd;
}

char *http_place_format(const struct http_place *at, char buf[HTTP_PLACE_TEXT])
{
	char text[ADDR_TEXT];
	if (!at->addr.family)
		snprintf(buf, HTTP_PLACE_TEXT, "%s", at->path);
	else
		snprintf(buf, HTTP_PLACE_TEXT, at->addr.family == 4 ? "%s:%u" : "[%s]:%u",
			 addr_format(&at->addr, text), at->port);
	return buf;
}

/* ---- connections ------------------------------------------------------------------------------ */

static bool is_let_go(const struct connection *c)
{
	bufferevent_event_cb on_event;
	bufferevent_getcb(c->bev, NULL, NULL, &on_event, NULL);
	return !on_event;
}

/* The last reference closes the descriptor. */
static void let_go(struct connection *c)
{
	bufferevent_decref(c->bev);
	*c = (struct connection){0};
}

/* evhttp takes it as an error of the socket and frees its half at once. */
static void cut(struct http *h, struct connection *c)
{
	stats_inc(h->stats, CT_HTTP_CUT);
	bufferevent_trigger_event(c->bev, BEV_EVENT_READING | BEV_EVENT_ERROR, 0);
	let_go(c);
}

static struct connection *find_place(struct http *h)
{
	struct connection *oldest = &h->connections[0];
	for (size_t i = 0; i < HTTP_CLIENTS_MAX; i++) {
		struct connection *c = &h->connections[i];
		if (c->bev && is_let_go(c))
			let_go(c);
		if (!c->bev)
			return c;
		if (c->born_ms < oldest->born_ms)
			oldest = c;
	}
	cut(h, oldest);
	return oldest;
}

static void wake_at(struct http *h, uint64_t at_ms)
{
	h->is_waking = true;
	h->ports.wake_at(h->ctx, at_ms);
}

/* Called by evhttp for each accepted connection. */
static struct bufferevent *on_connection(struct event_base *base, void *ctx)
{
	struct http *h = ctx;
	struct connection *c = find_place(h);
	uint64_t now = h->ports.now_ms(h->ctx);
	/* NULL, and evhttp makes one itself, which its own timeout ends. */
	struct bufferevent *bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (bev) {
		bufferevent_incref(bev);
		/* While it writes, evhttp reads on and keeps what comes. */
		bufferevent_setwatermark(bev, EV_READ, 0, INPUT_MAX);
		*c = (struct connection){.bev = bev, .born_ms = now};
	}
	if (++h->accepted >= ACCEPTS) {
		evconnlistener_disable(h->listener);
		wake_at(h, now);
	} else if (!h->is_waking) {
		wake_at(h, now + LOOK_MS);
	}
	return bev;
}

/* Out of descriptors, most likely: without a pause the loop would turn for nothing else. ctx is
 * evhttp's own, so http_due finds out by itself. */
static void on_accept_error(struct evconnlistener *listener, void *ctx)
{
	evconnlistener_disable(listener);
}

void http_due(struct http *h)
{
	uint64_t now = h->ports.now_ms(h->ctx);
	bool any = false;
	for (size_t i = 0; i < HTTP_CLIENTS_MAX; i++) {
		struct connection *c = &h->connections[i];
		if (!c->bev)
			continue;
		if (is_let_go(c))
			let_go(c);
		else if (now >= c->born_ms + HTTP_LIFE_MS)
			cut(h, c);
		else
			any = true;
	}
	h->accepted = 0;
	h->is_waking = false;
	if (any)
		wake_at(h, now + LOOK_MS);
	evconnlistener_enable(h->listener);
}

/* ---- requests --------------------------------------------------------------------------------- */

static void send_reply(struct evhttp_request *rq, const struct http_reply *r)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(rq);
	struct evbuffer *body = evbuffer_new();
	char length[24];
	bool is_head = evhttp_request_get_command(rq) == EVHTTP_REQ_HEAD;
	snprintf(length, sizeof(length), "%zu", r->len);
	if (!body || (!is_head && r->len && evbuffer_add(body, r->body, r->len) != 0) ||
	    evhttp_add_header(headers, "Content-Type", r->type) != 0 ||
	    evhttp_add_header(headers, "Content-Length", length) != 0 ||
	    evhttp_add_header(headers, "Connection", "close") != 0)
		evhttp_send_error(rq, HTTP_INTERNAL, NULL);
	else
		evhttp_send_reply(rq, r->status, NULL, body);
	if (body)
		evbuffer_free(body);
}

static void on_request(struct evhttp_request *rq, void *ctx)
{
	struct http *h = ctx;
	struct http_reply r = {.status = 404, .type = "text/plain; charset=utf-8"};
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(rq);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	const char *accept = evhttp_find_header(evhttp_request_get_input_headers(rq), "Accept");
	stats_inc(h->stats, CT_HTTP_REQUESTS);
	h->ports.get(h->ctx, path ? path : "", accept ? accept : "", &r);
	send_reply(rq, &r);
}

/* ---- the whole -------------------------------------------------------------------------------- */

static bool serve(struct http *h, struct event_base *base)
{
	/* Ours is shorter; this one is for a connection that could not be counted. */
	static const struct timeval timeout = {2 * HTTP_LIFE_MS / 1000, 0};
	h->server = evhttp_new(base);
	if (!h->server)
		return false;
	evhttp_set_bevcb(h->server, on_connection, h);
	evhttp_set_gencb(h->server, on_request, h);
	evhttp_set_allowed_methods(h->server, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_max_headers_size(h->server, HTTP_HEAD_MAX);
	evhttp_set_max_body_size(h->server, 0);
	evhttp_set_timeout_tv(h->server, &timeout);
	h->listener = evconnlistener_new(base, NULL, NULL, LEV_OPT_CLOSE_ON_EXEC, 0, h->fd);
	if (!h->listener)
		return false;
	evconnlistener_set_error_cb(h->listener, on_accept_error);
	if (evhttp_bind_listener(h->server, h->listener))
		return true;
	evconnlistener_free(h->listener);
	return false;
}

enum status http_new(const struct http_ports *ports, void *ctx, struct event_base *base,
		     struct stats *stats, const struct http_place *at, struct http **out)
{
	struct http *h = mem_new(sizeof(*h));
	*out = NULL;
	if (!h)
		return ST_NOMEM;
	h->ports = *ports;
	h->ctx = ctx;
	h->stats = stats;
	h->fd = at->addr.family ? listen_tcp(at) : listen_unix(at);
	if (h->fd < 0) {
		mem_free(h);
		return ST_IO;
	}
	if (!at->addr.family)
		memcpy(h->path, at->path, sizeof(h->path));
	if (!serve(h, base)) {
		http_free(h);
		return ST_NOMEM;
	}
	*out = h;
	return ST_OK;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	if (h->path[0])
		unlink(h->path);
	if (h->server)
		evhttp_free(h->server);
	close(h->fd);
	for (size_t i = 0; i < HTTP_CLIENTS_MAX; i++)
		if (h->connections[i].bev)
			let_go(&h->connections[i]);
	mem_free(h);
}
