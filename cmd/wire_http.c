#include "cmd/wire_http.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/metrics.h"
#include "cmd/wire_sample.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "db/store.h"
#include "gen/version.h"
#include "modules/http/http.h"
#include "modules/loop/loop.h"

#define AGAIN_S 5 /* between two tries to open a place that was taken at start */

enum end_kind { END_TCP, END_UNIX };

/* One open place. */
struct wire_http_end {
	struct wire *wire;
	struct http_place at;
	struct http *http;
	struct loop_timer *timer;
};

/* ---- what is served ----------------------------------------------------------------------------- */

static void reply_text(struct http_reply *r, int status, const char *text)
{
	r->status = status;
	r->body = text;
	r->len = strlen(text);
}

static void reply_out(struct http_reply *r, int status, const struct out *o)
{
	if (!out_ok(o)) {
		reply_text(r, 500, "out of memory\n");
		return;
	}
	r->status = status;
	r->body = o->buf;
	r->len = o->len;
}

/* The text of a sample is made once, however many ask for it. */
static void get_metrics(struct wire *w, const char *accept, struct http_reply *r)
{
	enum metrics_form form = metrics_form_of(accept);
	const struct sample *s = wire_sample(w);
	struct out *text = &w->metrics[form].text;
	if (w->metrics[form].number != s->number || !out_ok(text)) {
		out_fini(text);
		metrics_text(text, form, s, SALLYPORT_VERSION);
		w->metrics[form].number = s->number;
	}
	r->type = metrics_content_type(form);
	reply_out(r, 200, text);
}

static void get_ready(struct wire *w, struct http_reply *r)
{
	struct out *o = &w->health;
	struct store_counts store;
	store_counts(w->store, &store);
	out_fini(o);
	if (w->is_stopping)
		out_printf(o, "the headend is being stopped\n");
	if (store.failing)
		out_printf(o, "the database cannot be written, so nobody new can connect\n");
	if (w->reconcile_failed)
		out_printf(o, "the database could not yet compare its sessions with the live ones\n");
	if (w->net_missing)
		out_printf(o, "%zu configured sockets or tunnel devices are missing: their network namespace does not exist\n",
			   w->net_missing);
	if (o->len || !out_ok(o))
		reply_out(r, 503, o);
	else
		reply_text(r, 200, "ok\n");
}

static void get(void *ctx, const char *path, const char *accept, struct http_reply *r)
{
	struct wire_http_end *e = ctx;
	loop_turn_begins(e->wire->loop);
	if (strcmp(path, "/metrics") == 0)
		get_metrics(e->wire, accept, r);
	else if (strcmp(path, "/healthz") == 0)
		reply_text(r, 200, "ok\n");
	else if (strcmp(path, "/readyz") == 0)
		get_ready(e->wire, r);
	else
		reply_text(r, 404, "there are /metrics, /healthz and /readyz\n");
}

/* ---- places ------------------------------------------------------------------------------------- */

static uint64_t now_ms(void *ctx)
{
	return loop_now_ms();
}

static void wake_at(void *ctx, uint64_t at_ms)
{
	struct wire_http_end *e = ctx;
	loop_timer_at(e->timer, at_ms);
}

static void on_due(void *ctx)
{
	struct wire_http_end *e = ctx;
	http_due(e->http);
}

static void end_free(struct wire_http_end *e)
{
	if (!e)
		return;
	http_free(e->http);
	loop_timer_free(e->timer);
	mem_free(e);
}

static const char *words_of(const struct http_place *at, enum status st, int error)
{
	if (st != ST_IO)
		return status_words(st);
	if (error == EADDRINUSE)
		return at->addr.family ? "another program has this port" : "something else stands there";
	return strerror(error);
}

static enum status end_open(struct wire *w, const struct http_place *at, struct wire_http_end **out,
			    char *why, size_t why_cap)
{
	static const struct http_ports ports = {.get = get, .now_ms = now_ms, .wake_at = wake_at};
	char text[HTTP_PLACE_TEXT];
	struct wire_http_end *e = mem_new(sizeof(*e));
	enum status st = e ? ST_OK : ST_NOMEM;
	*out = NULL;
	if (st == ST_OK) {
		*e = (struct wire_http_end){.wire = w, .at = *at};
		st = loop_timer_new(w->loop, on_due, e, &e->timer);
	}
	if (st == ST_OK)
		st = http_new(&ports, e, loop_base(w->loop), w->stats, at, &e->http);
	if (st == ST_OK) {
		*out = e;
		return ST_OK;
	}
	snprintf(why, why_cap, "metrics cannot be served at %s: %s", http_place_format(at, text),
		 words_of(at, st, errno));
	end_free(e);
	return st;
}

/* Beside the control socket. ST_CONFIG: too long for a socket. */
static enum status default_path(const struct wire *w, char out[HTTP_PATH])
{
	const char *slash = strrchr(w->socket_path, '/');
	int dir = slash ? (int)(slash - w->socket_path) + 1 : 0;
	int n = snprintf(out, HTTP_PATH, "%.*smetrics.sock", dir, w->socket_path);
	return n > 0 && n < HTTP_PATH ? ST_OK : ST_CONFIG;
}

/* What the configuration wants of this kind; *wanted is false when it wants none. */
static enum status place_of(const struct wire *w, const struct snapshot *s, int kind, bool *wanted,
			    struct http_place *at)
{
	const struct own_settings *own = &s->own;
	*at = (struct http_place){0};
	*wanted = kind == END_TCP ? own->metrics_addr.family != 0 : own->metrics_socket;
	if (!*wanted)
		return ST_OK;
	if (kind == END_TCP) {
		at->addr = own->metrics_addr;
		at->port = (uint16_t)own->metrics_port;
		return ST_OK;
	}
	if (!own->metrics_path)
		return default_path(w, at->path);
	snprintf(at->path, sizeof(at->path), "%s", own->metrics_path);
	return ST_OK;
}

static bool place_eq(const struct http_place *a, const struct http_place *b)
{
	return addr_eq(&a->addr, &b->addr) && a->port == b->port && strcmp(a->path, b->path) == 0;
}

static void log_open(const struct wire_http_end *e)
{
	char text[HTTP_PLACE_TEXT];
	LOG(EV_LISTEN, kv_str("address", http_place_format(&e->at, text)), kv_str("what", "metrics"));
}

/* ---- from one configuration to the next ---------------------------------------------------------- */

enum status wire_http_prepare(struct wire *w, const struct snapshot *s, struct wire_http_change *out,
			      char *why, size_t why_cap)
{
	enum status st = ST_OK;
	*out = (struct wire_http_change){0};
	for (int k = 0; k < WIRE_HTTP_ENDS && st == ST_OK; k++) {
		const struct wire_http_end *now = w->http[k];
		struct http_place at;
		bool wanted;
		st = place_of(w, s, k, &wanted, &at);
		if (st != ST_OK)
			snprintf(why, why_cap, "the folder of the control socket has too long a name for a metrics socket");
		else if (now && wanted && place_eq(&now->at, &at))
			out->is_kept[k] = true;
		else if (wanted)
			st = end_open(w, &at, &out->ends[k], why, why_cap);
	}
	if (st != ST_OK)
		wire_http_cancel(out);
	return st;
}

void wire_http_commit(struct wire *w, struct wire_http_change *change)
{
	for (int k = 0; k < WIRE_HTTP_ENDS; k++) {
		if (change->is_kept[k])
			continue;
		end_free(w->http[k]);
		w->http[k] = change->ends[k];
		if (w->http[k])
			log_open(w->http[k]);
	}
	*change = (struct wire_http_change){0};
}

void wire_http_cancel(struct wire_http_change *change)
{
	for (int k = 0; k < WIRE_HTTP_ENDS; k++)
		end_free(change->ends[k]);
	*change = (struct wire_http_change){0};
}

/* Opens what is wanted and not open. */
static void open_missing(struct wire *w, bool says_why)
{
	for (int k = 0; k < WIRE_HTTP_ENDS; k++) {
		char why[256] = "the folder of the control socket has too long a name for a metrics socket";
		struct http_place at;
		bool wanted;
		enum status st = place_of(w, w->conf, k, &wanted, &at);
		if (!wanted || w->http[k])
			continue;
		if (st == ST_OK)
			st = end_open(w, &at, &w->http[k], why, sizeof(why));
		if (st == ST_OK)
			log_open(w->http[k]);
		else if (says_why)
			LOG(EV_NET_ERROR, kv_str("reason", why), kv_str("what", "tried again every 5 s"));
	}
}

void wire_http_open(struct wire *w)
{
	open_missing(w, true);
}

void wire_http_second(struct wire *w)
{
	if (w->seconds % AGAIN_S == 0 && !w->is_stopping)
		open_missing(w, false);
	for (int k = 0; k < WIRE_HTTP_ENDS; k++)
		if (w->http[k])
			http_due(w->http[k]->http);
}

void wire_http_close(struct wire *w)
{
	for (int k = 0; k < WIRE_HTTP_ENDS; k++) {
		end_free(w->http[k]);
		w->http[k] = NULL;
	}
	for (int form = METRICS_OPEN; form <= METRICS_CLASSIC; form++)
		out_fini(&w->metrics[form].text);
	out_fini(&w->health);
}
