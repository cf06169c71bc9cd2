#include "cmd/wire_inquiry.h"

#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "modules/loop/loop.h"
#include "modules/radius/radius.h"

#define OUTBOUND  5     /* Service-Type: nobody logs in with this name (RFC 2865 5.6) */
/* Less than the engine waits, for all groups of the list. */
#define WITHIN_MS      50000
#define KEYS_WITHIN_MS 18000

struct inquiry {
	struct wire *wire;
	inquiry_fn *done;
	void *ctx;
	uint64_t request;
	char group[RADIUS_NAME];
	char list[IKE_NAME_LEN];
	enum aaa_kind kind;
	size_t method_at;
	uint64_t end_ms;
	bool of_servers_only;
	size_t password_len;
	uint8_t password[RADIUS_PASSWORD_MAX];
	size_t attrs_len;
	uint8_t attrs[INQUIRY_ATTRS];
};

static void on_answer(void *ctx, uint64_t number, const struct radius_answer *a);

/* Can who comes next in the list answer this? */
static bool can_answer(const struct inquiry *q, enum wire_aaa next)
{
	return next == WIRE_AAA_GROUP || (next != WIRE_AAA_END && !q->of_servers_only);
}

/* Is there somebody else to ask afterwards? */
static bool has_other_method(const struct inquiry *q)
{
	const char *group;
	size_t at = q->method_at;
	enum wire_aaa next = wire_aaa_next(q->wire->conf, q->kind, q->list, &at, &group);
	return can_answer(q, next);
}

static enum status ask(struct inquiry *q)
{
	bool has_other = has_other_method(q);
	uint64_t now = loop_now_ms();
	struct radius_request r = {
		.number = wire_radius_number(q->wire),
		.group = q->group,
		.code = RADIUS_ACCESS_REQUEST,
		.attrs = {q->attrs, q->attrs_len},
		.has_password = q->password_len > 0,
		.password = {q->password, q->password_len},
		.within_ms = wire_aaa_within_ms(q->end_ms > now ? q->end_ms - now : 0, has_other),
		.has_other = has_other,
		.ctx = q,
		.done = on_answer,
	};
	enum status st = radius_ask(wire_radius(q->wire), &r);
	q->request = st == ST_OK ? r.number : 0;
	return st;
}

void inquiry_drop(struct inquiry *q)
{
	if (!q)
		return;
	if (q->request)
		radius_cancel(wire_radius(q->wire), q->request);
	mem_free_secret(q, sizeof(*q));
}

static void give(struct inquiry *q, const struct inquiry_result *r)
{
	inquiry_fn *done = q->done;
	void *ctx = q->ctx;
	q->request = 0;
	inquiry_drop(q);
	done(ctx, r);
}

static void log_fall(const struct inquiry *q, enum status why, enum wire_aaa to, const char *next)
{
	struct radius_attr name = {0};
	(void)radius_find((struct view){q->attrs, q->attrs_len}, RADIUS_USER_NAME, &name);
	wire_aaa_log_fall(&(struct wire_aaa_fall){.list = q->list, .silent = q->group, .next = next, .name = name.value,
						  .to = to, .why = why});
}

/* No server of this group answered: what comes next? false: the inquiry goes on. */
static bool is_over(struct inquiry *q, struct inquiry_result *r)
{
	const char *group;
	enum wire_aaa next = wire_aaa_next(q->wire->conf, q->kind, q->list, &q->method_at, &group);
	if (can_answer(q, next))
		log_fall(q, r->status, next, group);
	if (next == WIRE_AAA_GROUP) {
		snprintf(q->group, sizeof(q->group), "%s", group);
		enum status st = ask(q);
		if (st == ST_OK)
			return false;
		r->status = st;
	} else if (next != WIRE_AAA_END) {
		r->from = next;
	}
	return true;
}

static void on_answer(void *ctx, uint64_t number, const struct radius_answer *a)
{
	struct inquiry *q = ctx;
	char said[IKE_DETAIL_LEN];
	struct inquiry_result r = {.from = WIRE_AAA_GROUP, .status = a->status};
	(void)number;
	q->request = 0;
	if (a->status != ST_OK) {
		if (!is_over(q, &r))
			return;
		snprintf(r.words, sizeof(r.words), "list %.63s: %.120s", q->list, status_words(r.status));
	} else if (a->packet.code == RADIUS_ACCESS_ACCEPT) {
		r.attrs = a->packet.attrs;
		r.secret = a->secret;
		r.request_authenticator = a->request_authenticator;
	} else {
		wire_radius_message(a->packet.attrs, said);
		r.status = a->packet.code == RADIUS_ACCESS_REJECT ? ST_RADIUS_REJECT : ST_RADIUS_REPLY;
		snprintf(r.words, sizeof(r.words), "RADIUS server %.60s: %.60s%s%.90s", a->server_name, status_words(r.status),
			 said[0] ? ": " : "", said);
	}
	give(q, &r);
}

static enum status fill(struct inquiry *q, const struct inquiry_about *about)
{
	struct wr o = wr_init(q->attrs, sizeof(q->attrs));
	const struct secret *p = about->password;
	if (about->attrs.len) {
		wr_bytes(&o, about->attrs.p, about->attrs.len);
		q->attrs_len = o.len;
		return wr_ok(&o) ? ST_OK : ST_LIMIT;
	}
	radius_put_text(&o, RADIUS_USER_NAME, about->name);
	radius_put_u32(&o, RADIUS_SERVICE_TYPE, OUTBOUND);
	wire_radius_put_who(q->wire, &o, &about->who);
	q->attrs_len = o.len;
	if (p && secret_usable(p)) {
		if (p->len > sizeof(q->password))
			return ST_LIMIT;
		memcpy(q->password, p->bytes, p->len);
		q->password_len = p->len;
	}
	return wr_ok(&o) ? ST_OK : ST_LIMIT;
}

enum wire_aaa inquiry_start(struct wire *w, const struct inquiry_about *about, inquiry_fn *done, void *ctx, struct inquiry **out,
			    enum status *st)
{
	const char *group;
	size_t at = 0;
	enum wire_aaa first = wire_aaa_next(w->conf, about->kind, about->list, &at, &group);
	*out = NULL;
	*st = ST_OK;
	if (first != WIRE_AAA_GROUP)
		return first;
	struct inquiry *q = mem_new(sizeof(*q));
	if (!q) {
		*st = ST_NOMEM;
		return first;
	}
	q->wire = w;
	q->done = done;
	q->ctx = ctx;
	q->kind = about->kind;
	q->method_at = at;
	q->of_servers_only = about->of_servers_only;
	snprintf(q->list, sizeof(q->list), "%s", about->list);
	snprintf(q->group, sizeof(q->group), "%s", group);
	q->end_ms = loop_now_ms() + (q->of_servers_only && !about->attrs.len ? KEYS_WITHIN_MS : WITHIN_MS);
	*st = fill(q, about);
	if (*st == ST_OK)
		*st = ask(q);
	if (*st == ST_OK)
		*out = q;
	else
		inquiry_drop(q);
	return first;
}
