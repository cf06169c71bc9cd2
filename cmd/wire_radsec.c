#include "cmd/wire_radsec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/holder_proto.h"
#include "cmd/radsec_conn.h"
#include "cmd/wire_pki.h"
#include "cmd/wire_radius.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/crypto/name.h"
#include "modules/jobs/jobs.h"
#include "modules/loop/loop.h"

#define READS 16 /* of one connection in one turn */

enum phase { IN_TCP, IN_HANDSHAKE, IN_SIGNATURE, IN_VERDICT, IN_USE };

/* A link. While a job has its connection, the loop leaves that alone. */
struct call {
	struct list in_list;
	struct wire *wire;
	uint64_t number; /* of the link, of its jobs, signatures and verdicts */
	enum phase phase;
	bool is_lent;
	bool is_writing; /* the watch is for room, too */
	struct loop_fd *watch;
	struct radsec_conn *conn;
	unsigned key;    /* of our certificate */
	struct radius_tls_conf conf;
	char words[RADIUS_LINK_WORDS];   /* why its certificate is refused */
	char subject[RADIUS_LINK_WORDS]; /* of that certificate */
};

struct wire_radsec {
	struct list calls;
};

static struct call *find(const struct wire *w, uint64_t number)
{
	LIST_EACH(at, &w->radsec->calls) {
		struct call *c = CONTAINER_OF(at, struct call, in_list);
		if (c->number == number)
			return c;
	}
	return NULL;
}

/* ---- the end ------------------------------------------------------------------------------------------ */

static void call_free(void *ctx, void *object)
{
	struct call *c = object;
	radsec_conn_free(c->conn);
	mem_free(c);
}

static void on_signature(struct wire *w, uint64_t number, enum status st, struct view signature);
static void on_verdict(struct wire *w, uint64_t number, const struct pki_verdict *v);

static void end(struct call *c)
{
	struct wire *w = c->wire;
	list_del(&c->in_list);
	loop_fd_del(c->watch);
	wire_keys_drop(w, on_signature, c->number);
	wire_pki_drop(w, on_verdict, c->number);
	if (c->is_lent)
		jobs_drop(w->jobs, JOBS_TLS, c->number); /* it comes back by call_free() */
	else
		call_free(NULL, c);
}

static void give_up(struct call *c, enum radius_link_end why, const char *words)
{
	struct wire *w = c->wire;
	uint64_t number = c->number;
	char copy[RADIUS_LINK_WORDS];
	snprintf(copy, sizeof(copy), "%s", words);
	end(c);
	radius_link_closed(wire_radius(w), number, why, copy);
}

/* ---- watching ------------------------------------------------------------------------------------------- */

static void on_fd(void *ctx, int fd);

static void unwatch(struct call *c)
{
	loop_fd_del(c->watch);
	c->watch = NULL;
}

/* While something waits to be sent, also for room. false: no memory. */
static bool watch(struct call *c)
{
	bool writes = c->phase == IN_TCP || c->conn->n_waiting > 0;
	if (c->watch && c->is_writing == writes)
		return true;
	unwatch(c);
	c->is_writing = writes;
	return loop_fd_add(c->wire->loop, c->conn->fd, writes, on_fd, c, &c->watch) == ST_OK;
}

/* ---- the handshake ---------------------------------------------------------------------------------------- */

static void run(void *object)
{
	radsec_conn_step(((struct call *)object)->conn);
}

static void lend(struct call *c, enum radsec_input input, enum status st, struct view bytes)
{
	enum status put = radsec_conn_put(c->conn, input, st, bytes);
	unwatch(c);
	c->phase = IN_HANDSHAKE;
	if (put == ST_OK)
		put = jobs_run(c->wire->jobs, JOBS_TLS, c->number, run, c);
	c->is_lent = put == ST_OK;
	if (put != ST_OK)
		give_up(c, RADIUS_LINK_OURS, status_words(put));
}

static void want_signature(struct call *c)
{
	struct tls_conn *t = c->conn->tls;
	c->phase = IN_SIGNATURE;
	enum status st = wire_keys_sign(c->wire, on_signature, c->number, c->key, KEYS_TLS, tls_sign_scheme(t), tls_sign_data(t));
	if (st != ST_OK)
		give_up(c, RADIUS_LINK_OURS, status_words(st));
}

static void want_verdict(struct call *c)
{
	struct view chain[TLS_CHAIN_MAX];
	size_t n = tls_chain(c->conn->tls, chain);
	struct pki_query q = {
		.trustpoint = c->conf.server,
		.leaf = n ? chain[0] : (struct view){0},
		.others = chain + 1,
		.n_others = n ? n - 1 : 0,
		.purpose = CHAIN_TLS_SERVER,
		.id_type = c->conf.id_type,
		.id = {c->conf.id, c->conf.id_len},
	};
	c->phase = IN_VERDICT;
	enum status st = wire_pki_judge(c->wire, on_verdict, c->number, &q);
	if (st != ST_OK)
		give_up(c, RADIUS_LINK_CERTIFICATE, status_words(st));
}

static void on_failed(struct call *c)
{
	const char *words = tls_words(c->conn->tls);
	(void)!radsec_conn_flush(c->conn); /* the alert */
	if (c->words[0])
		give_up(c, RADIUS_LINK_CERTIFICATE, c->words);
	else
		give_up(c, RADIUS_LINK_TLS, words);
}

static void read_all(struct call *c);

static void on_done(struct call *c)
{
	struct wire *w = c->wire;
	uint64_t number = c->number;
	c->phase = IN_USE;
	if (!watch(c)) {
		give_up(c, RADIUS_LINK_OURS, status_words(ST_NOMEM));
		return;
	}
	radius_link_opened(wire_radius(w), number);
	c = find(w, number);
	if (c)
		read_all(c); /* what came with the end of the handshake */
}

static void on_step(void *ctx, uint64_t number, void *object)
{
	struct call *c = object;
	c->is_lent = false;
	if (c->conn->want == TLS_FAILED) {
		on_failed(c);
		return;
	}
	if (radsec_conn_flush(c->conn) == ST_NOMEM) {
		give_up(c, RADIUS_LINK_OURS, status_words(ST_NOMEM));
		return;
	}
	switch (c->conn->want) {
	case TLS_WANT_SIGN: want_signature(c); break;
	case TLS_WANT_CHAIN: want_verdict(c); break;
	case TLS_DONE: on_done(c); break;
	case TLS_MORE:
	case TLS_FAILED:
		if (!watch(c))
			give_up(c, RADIUS_LINK_OURS, status_words(ST_NOMEM));
		break;
	}
}

static void on_signature(struct wire *w, uint64_t number, enum status st, struct view signature)
{
	struct call *c = find(w, number);
	if (c)
		lend(c, RADSEC_SIGNED, st, st == ST_OK ? signature : (struct view){0});
}

static void on_verdict(struct wire *w, uint64_t number, const struct pki_verdict *v)
{
	struct call *c = find(w, number);
	if (!c)
		return;
	if (v->status != ST_OK)
		snprintf(c->words, sizeof(c->words), "%s%s%s", status_words(v->status), v->words[0] ? ": " : "", v->words);
	else if (v->leaf)
		name_text(cert_subject(v->leaf), c->subject, sizeof(c->subject));
	lend(c, RADSEC_JUDGED, v->status, (struct view){0});
}

/* ---- bytes --------------------------------------------------------------------------------------------------- */

/* Everything that is whole goes to the client, which may hang up. */
static void read_all(struct call *c)
{
	struct wire *w = c->wire;
	uint64_t number = c->number;
	uint8_t buf[RADSEC_READ];
	size_t n;
	enum status st = ST_OK;
	while (st == ST_OK && c) {
		st = tls_read(c->conn->tls, buf, sizeof(buf), &n);
		if (st == ST_OK) {
			radius_link_bytes(wire_radius(w), number, (struct view){buf, n});
			c = find(w, number);
		}
	}
	mem_zero(buf, sizeof(buf));
	if (!c || st == ST_PENDING)
		return;
	if (st == ST_TLS_CLOSED)
		give_up(c, RADIUS_LINK_CLOSED, "");
	else
		give_up(c, RADIUS_LINK_TLS, tls_words(c->conn->tls));
}

static void on_end_of_stream(struct call *c, enum status st, int error)
{
	char words[RADIUS_LINK_WORDS];
	bool is_over = st == ST_TLS_CLOSED || error == ECONNRESET || error == EPIPE;
	if (c->phase == IN_USE && is_over)
		give_up(c, RADIUS_LINK_CLOSED, "");
	else if (is_over)
		give_up(c, RADIUS_LINK_TLS, "the server closed the connection in the middle of it");
	else {
		snprintf(words, sizeof(words), "%s", strerror(error));
		give_up(c, RADIUS_LINK_UNREACHABLE, words);
	}
}

static void on_bytes(struct call *c)
{
	struct wire *w = c->wire;
	uint64_t number = c->number;
	static uint8_t buf[RADSEC_READ]; /* ciphertext; of the loop, like all here */
	size_t n;
	for (int i = 0; c && !c->is_lent && i < READS; i++) {
		enum status st = radsec_conn_receive(c->conn, buf, &n);
		if (st == ST_PENDING)
			return;
		if (st != ST_OK) {
			on_end_of_stream(c, st, errno);
			return;
		}
		if (c->phase != IN_USE) {
			lend(c, RADSEC_BYTES, ST_OK, (struct view){buf, n});
			return;
		}
		(void)tls_step(c->conn->tls, (struct view){buf, n});
		read_all(c);
		c = find(w, number);
	}
}

static void on_connected(struct call *c)
{
	char words[RADIUS_LINK_WORDS];
	enum status st = radsec_conn_connected(c->conn);
	if (st == ST_PENDING)
		return;
	if (st == ST_OK) {
		lend(c, RADSEC_BYTES, ST_OK, (struct view){0});
		return;
	}
	snprintf(words, sizeof(words), "%s", strerror(errno));
	give_up(c, RADIUS_LINK_UNREACHABLE, words);
}

static void on_fd(void *ctx, int fd)
{
	struct call *c = ctx;
	if (c->phase == IN_TCP) {
		on_connected(c);
		return;
	}
	if (radsec_conn_flush(c->conn) == ST_NOMEM || !watch(c))
		give_up(c, RADIUS_LINK_OURS, status_words(ST_NOMEM));
	else
		on_bytes(c);
}

/* ---- ports -------------------------------------------------------------------------------------------------- */

static enum status open_socket(struct wire *w, const struct radius_server_conf *s, int *fd, char words[RADIUS_LINK_WORDS])
{
	struct asroot_request rq = {.op = ASROOT_STREAM, .family = s->addr.family, .addr = s->source};
	struct asroot_reply reply;
	int fds[ASROOT_FDS];
	if (strlen(s->vrf) >= sizeof(rq.vrf))
		return ST_CONFIG;
	memcpy(rq.vrf, s->vrf, strlen(s->vrf));
	enum status st = asroot_call(w->control, &rq, &reply, fds);
	if (st == ST_OK)
		*fd = fds[0];
	else if (st == ST_NOT_FOUND)
		snprintf(words, RADIUS_LINK_WORDS, "there is no network namespace of the name of the VRF");
	else
		snprintf(words, RADIUS_LINK_WORDS, "no socket: %s", st == ST_IO ? strerror(errno) : status_words(st));
	return st;
}

/* Our certificate and the rules. It is made anew for each: a reload may have brought other files. */
static enum status make_tls(const struct wire *w, const struct radius_tls_conf *t, struct tls_ctx **out, unsigned *key,
			    char words[RADIUS_LINK_WORDS])
{
	struct wire_credential own = {0};
	*out = NULL;
	if (t->client[0] && !wire_pki_own(w, t->client, &own)) {
		snprintf(words, RADIUS_LINK_WORDS, "trustpoint %s has no certificate of ours that can be used", t->client);
		return ST_CONFIG;
	}
	*key = own.key;
	enum status st = tls_ctx_new(&(struct tls_conf){.role = TLS_CLIENT, .chain = own.chain, .n_chain = own.n}, out);
	if (st == ST_CONFIG)
		snprintf(words, RADIUS_LINK_WORDS, "the certificate of trustpoint %s is none for TLS", t->client);
	return st;
}

static enum status connect_it(struct call *c, const struct radius_server_conf *s, char words[RADIUS_LINK_WORDS])
{
	struct tls_ctx *tls;
	int fd = -1;
	enum status st = make_tls(c->wire, &s->tls, &tls, &c->key, words);
	if (st == ST_OK)
		st = open_socket(c->wire, s, &fd, words);
	if (st == ST_OK) {
		st = radsec_conn_new(fd, &s->addr, s->auth_port, tls, &c->conn);
		if (st == ST_IO)
			snprintf(words, RADIUS_LINK_WORDS, "%s", strerror(errno));
	}
	tls_ctx_unref(tls);
	return st == ST_OK && !watch(c) ? ST_NOMEM : st;
}

static enum status port_dial(void *ctx, uint64_t number, const struct radius_server_conf *s, struct addr *own,
			     char words[RADIUS_LINK_WORDS])
{
	struct wire *w = ctx;
	struct call *c = mem_new(sizeof(*c));
	words[0] = 0;
	if (!c)
		return ST_NOMEM;
	c->wire = w;
	c->number = number;
	c->conf = s->tls;
	list_push_back(&w->radsec->calls, &c->in_list);
	enum status st = connect_it(c, s, words);
	if (st == ST_OK)
		*own = radsec_conn_own(c->conn);
	else
		end(c);
	if (st != ST_OK && !words[0])
		snprintf(words, RADIUS_LINK_WORDS, "%s", status_words(st));
	return st;
}

static enum status port_send(void *ctx, uint64_t number, struct view packet)
{
	struct call *c = find(ctx, number);
	if (!c || c->phase != IN_USE)
		return ST_BAD_STATE;
	enum status st = radsec_conn_send(c->conn, packet);
	/* Without memory for a watch it goes with the next. */
	if (st == ST_OK && !watch(c))
		st = ST_NOMEM;
	return st == ST_OK ? ST_OK : ST_LIMIT;
}

static void port_hang_up(void *ctx, uint64_t number)
{
	struct call *c = find(ctx, number);
	if (!c)
		return;
	if (c->phase == IN_USE)
		radsec_conn_close(c->conn);
	end(c);
}

static void port_look(void *ctx, uint64_t number, struct radius_link_look *out)
{
	static const char *const phases[] = {"TCP", "the TLS handshake", "our signature", "the check of the server's certificate", ""};
	const struct call *c = find(ctx, number);
	*out = (struct radius_link_look){.version = ""};
	if (!c)
		return;
	snprintf(out->phase, sizeof(out->phase), "%s", phases[c->phase]);
	snprintf(out->subject, sizeof(out->subject), "%s", c->subject);
	if (c->phase != IN_USE)
		return;
	out->version = tls_version(c->conn->tls) == TLS_1_3 ? "TLS 1.3" : "TLS 1.2";
	snprintf(out->cipher, sizeof(out->cipher), "%s", tls_cipher(c->conn->tls));
}

static void port_told(void *ctx, const struct radius_link_event *e)
{
	const char *what = e->is_acct ? "accounting" : "logins";
	(void)ctx;
	if (e->is_open)
		LOG(EV_RADIUS_TLS_UP, kv_str("server", e->server), kv_str("for", what), kv_str("version", e->look->version),
		    kv_str("cipher", e->look->cipher), kv_bytes("subject", e->look->subject, strlen(e->look->subject)));
	else
		LOG(e->is_failure ? EV_RADIUS_TLS_FAILED : EV_RADIUS_TLS_CLOSED,
		    kv_str("server", e->server), kv_str("for", what), kv_str("reason", radius_link_words(e->end)),
		    kv_bytes("detail", e->words, strlen(e->words)));
}

struct radius_link_ports wire_radsec_ports(void)
{
	return (struct radius_link_ports){
		.dial = port_dial, .send = port_send, .hang_up = port_hang_up, .look = port_look, .told = port_told};
}

/* ---- life ----------------------------------------------------------------------------------------------------- */

enum status wire_radsec_open(struct wire *w)
{
	w->radsec = mem_new(sizeof(*w->radsec));
	if (!w->radsec)
		return ST_NOMEM;
	list_init(&w->radsec->calls);
	jobs_own(w->jobs, JOBS_TLS, &(struct jobs_owner){.done = on_step, .dropped = call_free, .ctx = w});
	return ST_OK;
}

void wire_radsec_close(struct wire *w)
{
	mem_free(w->radsec);
	w->radsec = NULL;
}
