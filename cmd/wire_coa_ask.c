#include "cmd/wire_coa_ask.h"

#include <stdio.h>
#include <string.h>

#include "cmd/acct_record.h"
#include "cmd/wire_coa.h"
#include "cmd/wire_inquiry.h"
#include "cmd/wire_session.h"
#include "core/base/list.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/session/coa_match.h"

struct asked {
	struct list in_list;
	struct wire *wire;
	struct inquiry *inquiry;
	struct ulid session;
};

struct wire_coa_asks {
	struct list all;
	size_t n;
};

static struct asked *find(const struct wire *w, const struct ulid *session)
{
	LIST_EACH(at, &w->coa_asks->all) {
		struct asked *k = CONTAINER_OF(at, struct asked, in_list);
		if (memcmp(&k->session, session, sizeof(*session)) == 0)
			return k;
	}
	return NULL;
}

static void asked_free(struct asked *k)
{
	inquiry_drop(k->inquiry);
	list_del(&k->in_list);
	k->wire->coa_asks->n--;
	mem_free(k);
}

/* ---- who is asked ----------------------------------------------------------------------------------------- */

static bool asks_group(const struct wire *w, enum aaa_kind kind, const char *list)
{
	const char *group;
	size_t at = 0;
	return list && wire_aaa_next(w->conf, kind, list, &at, &group) == WIRE_AAA_GROUP;
}

/* Where the user logged in; who did not log in by EAP has his rights, or those of his group, from somewhere. NULL: no
 * server. */
static const char *list_of(const struct wire *w, const struct session *s, enum aaa_kind *kind)
{
	const struct ike_profile *p = snapshot_profile(w->conf, s->profile);
	*kind = AAA_AUTHEN_LOGIN;
	if (!p)
		return NULL;
	if (s->aaa_method == AAA_EAP && asks_group(w, *kind, p->eap_authen_list))
		return p->eap_authen_list;
	*kind = AAA_AUTHOR_NETWORK;
	if (asks_group(w, *kind, p->user[s->aaa_method].list))
		return p->user[s->aaa_method].list;
	return asks_group(w, *kind, p->group[s->aaa_method].list) ? p->group[s->aaa_method].list : NULL;
}

/* No password: State stands for it (RFC 2865 5.24). */
static enum status put_attrs(const struct wire *w, const struct session *s, struct view state, struct wr *o)
{
	acct_put_who(o, snapshot_hostname(w->conf), s);
	radius_put_u32(o, RADIUS_SERVICE_TYPE, RADIUS_SERVICE_AUTHORIZE_ONLY);
	radius_put(o, RADIUS_STATE, state.p, state.len);
	if (s->terms)
		radius_put_text(o, RADIUS_CUI, s->terms->cui);
	wire_radius_put_group(o, s->profile);
	return wr_ok(o) ? ST_OK : ST_LIMIT;
}

/* ---- the answer --------------------------------------------------------------------------------------------- */

static void log_refused(const struct wire *w, const struct ulid *session, const char *why)
{
	const struct session *s = session_find(w->sessions, session);
	char id[ULID_TEXT];
	if (s)
		LOG(EV_COA_NAK, kv_str("request", "authorize-only"), kv_str("session", ulid_format(session, id)),
		    kv_str("name", s->username), kv_str("reason", why));
}

static bool take_accept(struct wire *w, const struct session *s, struct view attrs, struct coa_answer *answer)
{
	struct aaa_set *set = aaa_set_new();
	bool ok = set != NULL;
	if (!ok)
		wire_coa_refuse(answer, RADIUS_ERROR_RESOURCES, status_words(ST_NOMEM));
	else if (!coa_accept_read(attrs, set, answer->why) || !coa_match_accept(s, attrs, answer->why))
		ok = false;
	ok = ok && wire_coa_give(w, &s->ulid, set, answer);
	aaa_set_free(set);
	return ok;
}

static void on_result(void *ctx, const struct inquiry_result *r)
{
	struct asked *k = ctx;
	struct wire *w = k->wire;
	struct ulid id = k->session;
	struct session *s = session_find(w->sessions, &id);
	struct coa_answer answer = {0};
	k->inquiry = NULL;
	asked_free(k);
	if (!s)
		return; /* it ended meanwhile */
	if (r->status == ST_OK && !take_accept(w, s, r->attrs, &answer)) /* s may be gone: its time may be over now */
		log_refused(w, &id, answer.why);
	if (r->status != ST_OK)
		log_refused(w, &id, r->words);
	if (r->status == ST_RADIUS_REJECT)
		wire_session_finish(w, s, ST_END_UNAUTHORIZED);
}

/* ---- questions ------------------------------------------------------------------------------------------------ */

static struct asked *remember(struct wire *w, const struct session *s)
{
	struct asked *k = w->coa_asks->n < COA_ASKS_MAX ? mem_new(sizeof(*k)) : NULL;
	if (!k)
		return NULL;
	k->wire = w;
	k->session = s->ulid;
	list_push_back(&w->coa_asks->all, &k->in_list);
	w->coa_asks->n++;
	return k;
}

size_t wire_coa_asks_free(const struct wire *w)
{
	return COA_ASKS_MAX - w->coa_asks->n;
}

bool wire_coa_may_ask(const struct wire *w, const struct session *s, struct coa_answer *answer)
{
	enum aaa_kind kind;
	if (!list_of(w, s, &kind))
		return wire_coa_refuse(answer, RADIUS_ERROR_UNSUPPORTED_SERVICE, "the session has no RADIUS server that could be asked");
	return !find(w, &s->ulid) || wire_coa_refuse(answer, RADIUS_ERROR_RESOURCES, "RADIUS is being asked about the session already");
}

bool wire_coa_ask(struct wire *w, const struct session *s, struct view state, struct coa_answer *answer)
{
	uint8_t attrs[INQUIRY_ATTRS];
	struct wr o = wr_init(attrs, sizeof(attrs));
	struct inquiry_about about = {.of_servers_only = true};
	about.list = list_of(w, s, &about.kind);
	enum status st = put_attrs(w, s, state, &o);
	about.attrs = (struct view){attrs, o.len};
	struct asked *k = st == ST_OK ? remember(w, s) : NULL;
	if (k)
		(void)inquiry_start(w, &about, on_result, k, &k->inquiry, &st);
	else if (st == ST_OK)
		st = ST_LIMIT;
	if (k && !k->inquiry)
		asked_free(k);
	return st == ST_OK || wire_coa_refuse(answer, RADIUS_ERROR_RESOURCES, status_words(st));
}

void wire_coa_ask_drop(struct wire *w, const struct ulid *session)
{
	struct asked *k = find(w, session);
	if (k)
		asked_free(k);
}

/* ---- life ------------------------------------------------------------------------------------------------------- */

enum status wire_coa_ask_open(struct wire *w)
{
	w->coa_asks = mem_new(sizeof(*w->coa_asks));
	if (!w->coa_asks)
		return ST_NOMEM;
	list_init(&w->coa_asks->all);
	return ST_OK;
}

void wire_coa_ask_close(struct wire *w)
{
	if (!w->coa_asks)
		return;
	LIST_EACH_SAFE(at, &w->coa_asks->all)
		asked_free(CONTAINER_OF(at, struct asked, in_list));
	mem_free(w->coa_asks);
	w->coa_asks = NULL;
}
