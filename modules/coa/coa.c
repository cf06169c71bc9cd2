#include "modules/coa/coa.h"

#include <string.h>

#include "core/aaa/radius_sign.h"
#include "core/base/mem.h"
#include "modules/coa/kept.h"

struct client {
	struct coa_client_conf conf;
	struct coa_counts counts;
};

struct coa {
	struct coa_ports ports;
	struct stats *stats;
	struct client *clients;
	size_t n_clients;
	bool requires_timestamp;
	uint32_t window_s;
	uint64_t unknown;
	uint64_t unknown_of[2]; /* CoA, Disconnect */
	struct coa_kept kept;
};

/* A datagram on its way through. */
struct turn {
	struct coa *c;
	struct client *client;
	const struct endpoint *local;
	const struct endpoint *remote;
	struct radius_packet packet;
	size_t len;
};

struct coa *coa_new(const struct coa_ports *ports, struct stats *stats)
{
	struct coa *c = mem_new(sizeof(*c));

	if (!c)
		return NULL;
	c->ports = *ports;
	c->stats = stats;
	if (coa_kept_init(&c->kept) != ST_OK) {
		mem_free(c);
		return NULL;
	}
	return c;
}

void coa_free(struct coa *c)
{
	if (!c)
		return;
	coa_kept_fini(&c->kept);
	mem_free_secret(c->clients, c->n_clients * sizeof(*c->clients));
	mem_free(c);
}

static const struct client *same_of(const struct coa *c, const struct coa_client_conf *want)
{
	for (size_t i = 0; i < c->n_clients; i++) {
		const struct coa_client_conf *k = &c->clients[i].conf;
		if (k->vrf == want->vrf && addr_eq(&k->addr, &want->addr) && strcmp(k->name, want->name) == 0)
			return &c->clients[i];
	}
	return NULL;
}

enum status coa_configure(struct coa *c, const struct coa_conf *conf)
{
	struct client *v = NULL;

	if (conf->n_clients > COA_CLIENTS_MAX)
		return ST_LIMIT;
	if (conf->n_clients) {
		v = mem_array(conf->n_clients, sizeof(*v));
		if (!v)
			return ST_NOMEM;
	}
	for (size_t i = 0; i < conf->n_clients; i++) {
		const struct client *was = same_of(c, &conf->clients[i]);
		v[i].conf = conf->clients[i];
		if (was)
			v[i].counts = was->counts;
	}
	mem_free_secret(c->clients, c->n_clients * sizeof(*c->clients));
	c->clients = v;
	c->n_clients = conf->n_clients;
	c->requires_timestamp = conf->requires_timestamp;
	c->window_s = conf->window_s;
	return ST_OK;
}

bool coa_next_info(const struct coa *c, size_t *cursor, struct coa_client_info *out)
{
	if (*cursor >= c->n_clients)
		return false;
	const struct client *k = &c->clients[(*cursor)++];
	*out = (struct coa_client_info){k->conf.name, k->conf.vrf, k->conf.addr, k->counts};
	return true;
}

uint64_t coa_unknown(const struct coa *c)
{
	return c->unknown;
}

uint64_t coa_unknown_of(const struct coa *c, bool is_disconnect)
{
	return c->unknown_of[is_disconnect];
}

/* ---- a datagram ----------------------------------------------------------------------------------- */

static void trace(const struct turn *t, enum coa_step step, const struct coa_answer *a, enum status st)
{
	const struct coa_ports *ports = &t->c->ports;

	if (ports->trace)
		ports->trace(ports->ctx, &(struct coa_trace){step, t->local, t->remote,
			t->packet.all.len ? &t->packet : NULL, t->len, a, st});
}

static void drop(const struct turn *t, uint64_t *counter, enum status st)
{
	++*counter;
	stats_status(t->c->stats, st);
	trace(t, COA_DROPPED, NULL, st);
}

static struct view secret_of(const struct turn *t)
{
	return (struct view){t->client->conf.secret, t->client->conf.secret_len};
}

static struct client *client_of(const struct coa *c, const struct endpoint *remote)
{
	for (size_t i = 0; i < c->n_clients; i++) {
		struct client *k = &c->clients[i];
		if (k->conf.vrf == remote->vrf && addr_eq(&k->conf.addr, &remote->addr))
			return k;
	}
	return NULL;
}

static bool is_of_now(const struct turn *t)
{
	int64_t now_s = t->c->ports.wall_ms(t->c->ports.ctx) / 1000, window = t->c->window_s;
	uint32_t utc_s;

	if (!coa_request_time(&t->packet, &utc_s))
		return !t->c->requires_timestamp;
	return utc_s >= now_s - window && utc_s <= now_s + window;
}

static bool is_request(const struct radius_packet *p)
{
	return p->code == RADIUS_DISCONNECT_REQUEST || p->code == RADIUS_COA_REQUEST;
}

/* By the code, which is its first octet, whatever else it is. NULL: neither. */
static struct coa_kind_counts *kind_of(struct coa_counts *n, uint8_t code)
{
	return code == RADIUS_DISCONNECT_REQUEST ? &n->disconnect : code == RADIUS_COA_REQUEST ? &n->coa : NULL;
}

static void count_unknown(struct coa *c, uint8_t code)
{
	if (code == RADIUS_DISCONNECT_REQUEST || code == RADIUS_COA_REQUEST)
		c->unknown_of[code == RADIUS_DISCONNECT_REQUEST]++;
}

static uint64_t *malformed_of(struct coa_counts *n, uint8_t code)
{
	struct coa_kind_counts *k = kind_of(n, code);

	return k ? &k->malformed : &n->other_code;
}

/* False: it is dropped. A name with several addresses, or two clients behind one address, have one key. */
static bool judge(struct turn *t, struct view datagram)
{
	struct coa *c = t->c;
	struct radius_attr a;

	uint8_t code = datagram.len ? datagram.p[0] : 0;

	t->client = client_of(c, t->remote);
	if (!t->client) {
		count_unknown(c, code);
		drop(t, &c->unknown, ST_COA_CLIENT);
		return false;
	}
	struct coa_counts *n = &t->client->counts;
	if (radius_parse(datagram, &t->packet) != ST_OK || !is_request(&t->packet)) {
		drop(t, malformed_of(n, code), ST_COA_MALFORMED);
		return false;
	}
	trace(t, COA_RECEIVED, NULL, ST_OK);
	if (radius_verify_request(secret_of(t), &t->packet) != ST_OK) {
		drop(t, &kind_of(n, code)->bad_authenticator, ST_COA_AUTH);
		return false;
	}
	if (!radius_find(t->packet.attrs, RADIUS_MESSAGE_AUTHENTICATOR, &a))
		trace(t, COA_UNSIGNED, NULL, ST_OK);
	return true;
}

static void send(const struct turn *t, struct view answer)
{
	t->c->ports.send(t->c->ports.ctx, t->local, t->remote, answer.p, answer.len);
}

/* An answer that does not fit would be one that was not given: said with what fits. */
static bool build(const struct turn *t, struct coa_answer *a, struct wr *w)
{
	if (coa_answer_build(&t->packet, a, secret_of(t), w))
		return true;
	a->says_why = false;
	w->len = 0;
	w->bad = false;
	return coa_answer_build(&t->packet, a, secret_of(t), w);
}

static void count_request(struct coa_kind_counts *n, const struct radius_packet *p)
{
	struct radius_attr a;
	uint32_t service;

	n->requests++;
	n->auth_only += radius_find(p->attrs, RADIUS_SERVICE_TYPE, &a) && radius_u32(&a, &service) && service == RADIUS_SERVICE_AUTHORIZE_ONLY;
}

static void count_answer(struct coa_kind_counts *n, const struct coa_answer *a)
{
	n->acks += a->cause == 0;
	n->naks += a->cause != 0;
	n->nak_auth_only += a->cause == RADIUS_ERROR_INITIATED;
	n->no_context += a->cause == RADIUS_ERROR_NO_SESSION;
	n->sessions += a->cause == 0 ? a->sessions : 0;
}

static void answer(struct turn *t)
{
	struct coa *c = t->c;
	bool is_disconnect = t->packet.code == RADIUS_DISCONNECT_REQUEST;
	struct coa_kind_counts *n = kind_of(&t->client->counts, t->packet.code);
	struct coa_ask ask = {&t->packet, t->local, t->remote, t->client->conf.name};
	struct coa_answer a = {0};
	uint8_t buf[RADIUS_MAX];
	struct wr w = wr_init(buf, sizeof(buf));

	count_request(n, &t->packet);
	stats_inc(c->stats, is_disconnect ? CT_DISCONNECT_IN : CT_COA_IN);
	trace(t, COA_QUEUED, NULL, ST_OK);
	c->ports.decide(c->ports.ctx, &ask, &a);
	count_answer(n, &a);
	stats_inc(c->stats, a.cause ? (is_disconnect ? CT_DISCONNECT_NAK : CT_COA_NAK) :
		(is_disconnect ? CT_DISCONNECT_ACK : CT_COA_ACK));
	if (!build(t, &a, &w)) {
		stats_status(c->stats, ST_OUT_SEND);
		return;
	}
	trace(t, COA_SENDING, &a, ST_OK);
	coa_kept_put(&c->kept, &ask, (struct view){buf, w.len}, c->ports.now_ms(c->ports.ctx));
	send(t, (struct view){buf, w.len});
}

void coa_on_datagram(struct coa *c, const struct endpoint *local, const struct endpoint *remote,
	const uint8_t *msg, size_t len)
{
	struct turn t = {.c = c, .local = local, .remote = remote, .len = len};
	struct view before;

	if (!judge(&t, (struct view){msg, len}))
		return;
	coa_kept_expire(&c->kept, c->ports.now_ms(c->ports.ctx));
	before = coa_kept_find(&c->kept, remote, &t.packet);
	if (before.p) {
		kind_of(&t.client->counts, t.packet.code)->repeated++;
		stats_inc(c->stats, CT_COA_REPEATED);
		trace(&t, COA_REPEATED, NULL, ST_OK);
		send(&t, before);
		return;
	}
	if (!is_of_now(&t)) {
		drop(&t, &kind_of(&t.client->counts, t.packet.code)->old, ST_COA_OLD);
		return;
	}
	answer(&t);
}
