/* A connection to a RADIUS server on loopback: the handshake step by step, a server that does not read for a while, and the
 * ways in which it ends. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/radsec_conn.h"
#include "core/base/mem.h"
#include "tests/lib/t.h"
#include "tests/lib/tls_lab.h"

static struct {
	int listener, fd; /* of the server */
	uint16_t port;
	struct tls_ctx *server_ctx, *client_ctx;
	struct tls_conn *tls;
	enum tls_want want;
	struct radsec_conn *c;
} lab;

static const struct addr loopback = {4, {127, 0, 0, 1}};

static void begin(uint16_t version)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);
	int small = 4096;
	memset(&lab, 0, sizeof(lab));
	lab.fd = -1;
	lab.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(lab.listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	T_TRUE(bind(lab.listener, (struct sockaddr *)&sa, len) == 0 && listen(lab.listener, 1) == 0);
	T_TRUE(getsockname(lab.listener, (struct sockaddr *)&sa, &len) == 0);
	lab.port = ntohs(sa.sin_port);
	lab.server_ctx = lab_ctx(TLS_SERVER, lab_id("server"), version, version);
	lab.client_ctx = lab_ctx(TLS_CLIENT, lab_id("client"), version, version);
	T_TRUE(lab.server_ctx && lab.client_ctx && tls_new(lab.server_ctx, true, &lab.tls) == ST_OK);
}

static void finish(void)
{
	radsec_conn_free(lab.c);
	tls_free(lab.tls);
	tls_ctx_unref(lab.server_ctx);
	tls_ctx_unref(lab.client_ctx);
	close(lab.listener);
	if (lab.fd >= 0)
		close(lab.fd);
	T_EQ(mem_live(), 0);
}

static int stream(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), small = 4096;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	return fd;
}

static bool is_ready(int fd, short what, int ms)
{
	struct pollfd p = {.fd = fd, .events = what};
	return poll(&p, 1, ms) > 0;
}

static void dial(void)
{
	T_EQ(radsec_conn_new(stream(), &loopback, lab.port, lab.client_ctx, &lab.c), ST_OK);
	lab.fd = accept(lab.listener, NULL, NULL);
	T_TRUE(lab.fd >= 0 && is_ready(lab.c->fd, POLLOUT, 5000));
	T_EQ(radsec_conn_connected(lab.c), ST_OK);
	struct addr own = radsec_conn_own(lab.c);
	T_TRUE(addr_eq(&own, &loopback));
}

/* ---- the other end ----------------------------------------------------------------------------------- */

static void server_answers(void)
{
	uint8_t sig[TLS_SIGNATURE_MAX];
	while (lab.want == TLS_WANT_SIGN || lab.want == TLS_WANT_CHAIN) {
		size_t n = lab.want == TLS_WANT_SIGN ?
				   lab_sign(lab_id("server"), tls_sign_scheme(lab.tls), tls_sign_data(lab.tls), sig) : 0;
		lab.want = lab.want == TLS_WANT_SIGN ? tls_signed(lab.tls, ST_OK, (struct view){sig, n}) :
						       tls_chain_judged(lab.tls, ST_OK);
	}
	struct view v = tls_out(lab.tls);
	if (v.len)
		(void)!send(lab.fd, v.p, v.len, MSG_NOSIGNAL);
	tls_sent(lab.tls);
}

static bool serve(void)
{
	uint8_t buf[3000];
	ssize_t n = is_ready(lab.fd, POLLIN, 100) ? recv(lab.fd, buf, sizeof(buf), 0) : 0;
	if (n <= 0)
		return false;
	lab.want = tls_step(lab.tls, (struct view){buf, (size_t)n});
	server_answers();
	return true;
}

/* ---- ours ----------------------------------------------------------------------------------------------- */

static void step(enum radsec_input input, enum status st, struct view v)
{
	uint8_t sig[TLS_SIGNATURE_MAX];
	T_EQ(radsec_conn_put(lab.c, input, st, v), ST_OK);
	radsec_conn_step(lab.c);
	T_EQ(radsec_conn_flush(lab.c), ST_OK);
	if (lab.c->want == TLS_WANT_CHAIN) {
		step(RADSEC_JUDGED, ST_OK, (struct view){0});
	} else if (lab.c->want == TLS_WANT_SIGN) {
		size_t n = lab_sign(lab_id("client"), tls_sign_scheme(lab.c->tls), tls_sign_data(lab.c->tls), sig);
		step(RADSEC_SIGNED, ST_OK, (struct view){sig, n});
	}
}

static void shake(void)
{
	static uint8_t buf[RADSEC_READ];
	size_t n;
	dial();
	step(RADSEC_BYTES, ST_OK, (struct view){0});
	for (int i = 0; i < 50 && (lab.c->want != TLS_DONE || lab.want != TLS_DONE); i++) {
		while (serve())
			;
		if (radsec_conn_receive(lab.c, buf, &n) == ST_OK)
			step(RADSEC_BYTES, ST_OK, (struct view){buf, n});
	}
	T_EQ(lab.c->want, TLS_DONE);
	T_EQ(lab.want, TLS_DONE);
}

/* The server does not read: what is sent waits up to its bound, and then arrives whole and in order. */
static void slow_server(void)
{
	static const uint16_t versions[] = {TLS_1_2, TLS_1_3};
	for (size_t v = 0; v < 2; v++) {
		uint8_t packet[1000], got[1000];
		unsigned sent = 0, next = 0;
		size_t n, have = 0;
		begin(versions[v]);
		T_DO(shake());
		for (;; sent++) {
			memset(packet, (int)(sent & 0xff), sizeof(packet));
			if (radsec_conn_send(lab.c, (struct view){packet, sizeof(packet)}) != ST_OK)
				break;
			T_TRUE(sent < 2000);
		}
		T_EQ(radsec_conn_send(lab.c, (struct view){packet, sizeof(packet)}), ST_LIMIT);
		T_TRUE(lab.c->n_waiting > RADSEC_WAITING_MAX && lab.c->n_waiting < RADSEC_WAITING_MAX + 2000);
		while (next < sent && (serve() || lab.c->n_waiting)) {
			T_EQ(radsec_conn_flush(lab.c), ST_OK);
			while (tls_read(lab.tls, got + have, sizeof(got) - have, &n) == ST_OK) {
				have += n;
				if (have < sizeof(got))
					continue;
				T_TRUE(got[0] == (next & 0xff) && got[999] == (next & 0xff));
				have = 0;
				next++;
			}
		}
		T_EQ(next, sent);
		T_EQ(lab.c->n_waiting, 0);
		T_EQ(radsec_conn_send(lab.c, (struct view){packet, sizeof(packet)}), ST_OK);
		finish();
	}
}

static void ends(void)
{
	static uint8_t buf[RADSEC_READ];
	size_t n;
	begin(TLS_1_3);
	T_DO(shake());
	T_EQ(radsec_conn_receive(lab.c, buf, &n), ST_PENDING);
	tls_close(lab.tls);
	server_answers();
	T_TRUE(is_ready(lab.c->fd, POLLIN, 5000));
	T_EQ(radsec_conn_receive(lab.c, buf, &n), ST_OK);
	(void)tls_step(lab.c->tls, (struct view){buf, n});
	T_EQ(tls_read(lab.c->tls, buf, sizeof(buf), &n), ST_TLS_CLOSED);
	close(lab.fd);
	lab.fd = -1;
	T_TRUE(is_ready(lab.c->fd, POLLIN, 5000));
	enum status st = radsec_conn_receive(lab.c, buf, &n);
	T_TRUE(st == ST_TLS_CLOSED || (st == ST_IO && errno == ECONNRESET));
	radsec_conn_close(lab.c); /* nobody hears it */
	finish();
	/* Goodbye that is heard. */
	begin(TLS_1_2);
	T_DO(shake());
	radsec_conn_close(lab.c);
	T_TRUE(serve());
	T_EQ(tls_read(lab.tls, buf, sizeof(buf), &n), ST_TLS_CLOSED);
	finish();
}

static void nobody_listens(void)
{
	begin(TLS_1_3);
	close(lab.listener);
	lab.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* closed in the end */
	enum status st = radsec_conn_new(stream(), &loopback, lab.port, lab.client_ctx, &lab.c);
	if (st == ST_OK) {
		T_TRUE(is_ready(lab.c->fd, POLLOUT, 5000));
		st = radsec_conn_connected(lab.c);
	}
	T_EQ(st, ST_IO);
	T_EQ(errno, ECONNREFUSED);
	finish();
}

static void out_of_memory(void)
{
	for (uint64_t nth = 1; nth < 8; nth++) {
		begin(TLS_1_3);
		mem_fail_at(nth);
		enum status st = radsec_conn_new(stream(), &loopback, lab.port, lab.client_ctx, &lab.c);
		mem_fail_at(0);
		T_TRUE(st == ST_OK || st == ST_NOMEM);
		T_EQ(st == ST_OK, lab.c != NULL);
		finish();
	}
}

int main(void)
{
	(void)lab_id("server");
	(void)lab_id("client");
	T_RUN(slow_server);
	T_RUN(ends);
	T_RUN(nobody_listens);
	T_RUN(out_of_memory);
	return t_end();
}
