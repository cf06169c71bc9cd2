/* One connection to a RADIUS server by TCP and TLS: its socket, its TLS, and what waits to be sent. Whoever owns it runs the
 * steps of the handshake (radsec_conn_step, in a job) and answers what they want; everything else is the loop's, while no
 * job has it. */
#ifndef CMD_RADSEC_CONN_H
#define CMD_RADSEC_CONN_H

#include "core/base/addr.h"
#include "core/crypto/tls.h"

#define RADSEC_WAITING_MAX (256u << 10) /* bytes that a server does not take: then nothing more is added */
#define RADSEC_READ        16384

enum radsec_input { RADSEC_BYTES, RADSEC_SIGNED, RADSEC_JUDGED };

struct radsec_conn {
	int fd;
	struct tls_conn *tls;
	uint8_t *waiting; /* ciphertext that the kernel did not take yet */
	size_t n_waiting, cap_waiting;
	/* of the step in hand */
	enum radsec_input input;
	uint8_t *bytes; /* what came, or the signature */
	size_t n_bytes;
	enum status status;
	enum tls_want want; /* what it ended with */
};

/* Takes fd, which is a TCP socket that is not connected, and connects it. ST_IO with errno; ST_NOMEM. Then the fd is closed. */
enum status radsec_conn_new(int fd, const struct addr *to, uint16_t port, const struct tls_ctx *ctx,
			    struct radsec_conn **out) MUST_USE;
void radsec_conn_free(struct radsec_conn *c); /* NULL is fine */
/* From where the kernel sends; family 0: it does not know. */
struct addr radsec_conn_own(const struct radsec_conn *c);
/* ST_OK: TCP is connected. ST_PENDING. ST_IO with errno. */
enum status radsec_conn_connected(const struct radsec_conn *c) MUST_USE;

/* A copy of what the next step works on. ST_NOMEM. */
enum status radsec_conn_put(struct radsec_conn *c, enum radsec_input input, enum status st, struct view bytes) MUST_USE;
/* The handshake goes on: milliseconds. Sees nothing but the connection. */
void radsec_conn_step(struct radsec_conn *c);

/* What TLS has for the server goes out, or waits. ST_NOMEM; ST_IO: the connection is broken, which reading tells, too. */
enum status radsec_conn_flush(struct radsec_conn *c) MUST_USE;
/* ST_OK: *n bytes of TCP in buf. ST_PENDING: none are there. ST_TLS_CLOSED: no more will come; ST_IO with errno. */
enum status radsec_conn_receive(const struct radsec_conn *c, uint8_t buf[RADSEC_READ], size_t *n) MUST_USE;
/* After the handshake. ST_LIMIT: too much waits already; otherwise as tls_write. */
enum status radsec_conn_send(struct radsec_conn *c, struct view data) MUST_USE;
/* Goodbye, as far as the kernel takes it. */
void radsec_conn_close(struct radsec_conn *c);

#endif
