#include "cmd/radsec_conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/sockname.h"

/* ---- TCP ------------------------------------------------------------------------------------------- */

static bool start(int fd, const struct addr *to, uint16_t port)
{
	union sockname sa;
	int one = 1;
	socklen_t len = sockname_of(&sa, to, port);
	/* A request is one small write, and waits for its answer. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return connect(fd, &sa.sa, len) == 0 || errno == EINPROGRESS;
}

enum status radsec_conn_new(int fd, const struct addr *to, uint16_t port, const struct tls_ctx *ctx, struct radsec_conn **out)
{
	struct radsec_conn *c = mem_new(sizeof(*c));
	*out = NULL;
	if (!c) {
		close(fd);
		return ST_NOMEM;
	}
	c->fd = fd;
	enum status st = tls_new(ctx, false, &c->tls);
	if (st == ST_OK && !start(fd, to, port))
		st = ST_IO;
	if (st == ST_OK) {
		*out = c;
		return ST_OK;
	}
	int e = errno;
	radsec_conn_free(c);
	errno = e;
	return st;
}

static void forget(struct radsec_conn *c)
{
	if (c->bytes)
		mem_free_secret(c->bytes, c->n_bytes);
	c->bytes = NULL;
	c->n_bytes = 0;
}

void radsec_conn_free(struct radsec_conn *c)
{
	if (!c)
		return;
	forget(c);
	tls_free(c->tls);
	close(c->fd);
	mem_free(c->waiting);
	mem_free(c);
}

struct addr radsec_conn_own(const struct radsec_conn *c)
{
	union sockname sa;
	socklen_t len = sizeof(sa);
	if (getsockname(c->fd, &sa.sa, &len) != 0)
		return (struct addr){0};
	return sockname_addr(&sa, NULL);
}

enum status radsec_conn_connected(const struct radsec_conn *c)
{
	union sockname sa;
	int error = 0;
	socklen_t len = sizeof(error), sa_len = sizeof(sa);
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		return ST_IO;
	errno = error;
	if (error)
		return ST_IO;
	return getpeername(c->fd, &sa.sa, &sa_len) == 0 ? ST_OK : ST_PENDING;
}

/* ---- the handshake ------------------------------------------------------------------------------------ */

enum status radsec_conn_put(struct radsec_conn *c, enum radsec_input input, enum status st, struct view bytes)
{
	uint8_t *copy = bytes.len ? mem_dup(bytes.p, bytes.len) : NULL;
	if (bytes.len && !copy)
		return ST_NOMEM;
	forget(c);
	c->input = input;
	c->status = st;
	c->bytes = copy;
	c->n_bytes = bytes.len;
	return ST_OK;
}

void radsec_conn_step(struct radsec_conn *c)
{
	struct view v = {c->bytes, c->n_bytes};
	switch (c->input) {
	case RADSEC_BYTES: c->want = tls_step(c->tls, v); break;
	case RADSEC_SIGNED: c->want = tls_signed(c->tls, c->status, v); break;
	case RADSEC_JUDGED: c->want = tls_chain_judged(c->tls, c->status); break;
	}
	forget(c);
}

/* ---- bytes ---------------------------------------------------------------------------------------------- */

static enum status add(struct radsec_conn *c, struct view v)
{
	if (c->n_waiting + v.len > c->cap_waiting) {
		size_t cap = 2 * (c->n_waiting + v.len);
		uint8_t *p = mem_grow(c->waiting, c->cap_waiting, cap);
		if (!p)
			return ST_NOMEM;
		c->waiting = p;
		c->cap_waiting = cap;
	}
	if (v.len)
		memcpy(c->waiting + c->n_waiting, v.p, v.len);
	c->n_waiting += v.len;
	return ST_OK;
}

enum status radsec_conn_flush(struct radsec_conn *c)
{
	size_t done = 0;
	enum status st = add(c, tls_out(c->tls));
	if (st != ST_OK)
		return st;
	tls_sent(c->tls);
	while (done < c->n_waiting && st == ST_OK) {
		ssize_t n = send(c->fd, c->waiting + done, c->n_waiting - done, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0)
			done += (size_t)n;
		else if (errno != EINTR)
			st = errno == EAGAIN ? ST_PENDING : ST_IO;
	}
	c->n_waiting -= done;
	if (c->n_waiting && done)
		memmove(c->waiting, c->waiting + done, c->n_waiting);
	return st == ST_PENDING ? ST_OK : st;
}

enum status radsec_conn_receive(const struct radsec_conn *c, uint8_t buf[RADSEC_READ], size_t *n)
{
	ssize_t got;
	*n = 0;
	do
		got = recv(c->fd, buf, RADSEC_READ, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? ST_PENDING : ST_IO;
	*n = (size_t)got;
	return got ? ST_OK : ST_TLS_CLOSED;
}

enum status radsec_conn_send(struct radsec_conn *c, struct view data)
{
	if (c->n_waiting > RADSEC_WAITING_MAX)
		return ST_LIMIT;
	enum status st = tls_write(c->tls, data);
	if (st != ST_OK)
		return st;
	st = radsec_conn_flush(c);
	return st == ST_IO ? ST_OK : st; /* reading tells it to who has to hear it */
}

void radsec_conn_close(struct radsec_conn *c)
{
	tls_close(c->tls);
	(void)!radsec_conn_flush(c);
}
