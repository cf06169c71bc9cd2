#include "cmd/wire_authorize.h"

#include <stdio.h>
#include <string.h>

#include "cmd/wire_cached.h"
#include "cmd/wire_inquiry.h"
#include "cmd/wire_lua.h"
#include "cmd/wire_quota.h"
#include "cmd/wire_session.h"
#include "core/aaa/merge.h"
#include "core/base/list.h"
#include "core/base/mem.h"
#include "core/session/authorize.h"

/* The user first, then the group: each is a look-up, or none. */
enum stage { STAGE_USER, STAGE_GROUP, STAGE_DONE };

struct asking {
	struct list in_list;
	struct wire *wire;
	struct inquiry *inquiry;
	uint64_t number;
	enum stage stage;
	struct ike_question question;
	struct aaa_set *set[STAGE_DONE]; /* NULL: nobody said anything */
};

struct wire_authorize {
	struct list all;
};

static void asking_free(struct asking *g)
{
	list_del(&g->in_list);
	inquiry_drop(g->inquiry);
	aaa_set_free(g->set[STAGE_USER]);
	aaa_set_free(g->set[STAGE_GROUP]);
	mem_free(g);
}

/* ---- which look-ups ------------------------------------------------------------------------------------ */

/* Who names his group has that, and not the one of the profile, which may not even be there. */
static bool names_group(const struct wire *w, const struct ike_question *q, const struct aaa_set *user)
{
	const struct ike_profile *p = snapshot_profile(w->conf, q->profile);
	const struct aaa_set *cached = p && p->user[authorize_method(q->peer_method)].cached ? wire_cached(w, q->sa) : NULL;
	return (user && aaa_has(user, AV_GROUP)) || (cached && aaa_has(cached, AV_GROUP));
}

/* The line of the profile for a stage; NULL: nothing is asked. user: what was said about him, NULL: nothing. */
static const struct aaa_author *line_of(const struct wire *w, const struct ike_question *q, enum stage stage,
					const struct aaa_set *user)
{
	const struct ike_profile *p = snapshot_profile(w->conf, q->profile);
	enum aaa_method m = authorize_method(q->peer_method);
	if (stage == STAGE_GROUP && names_group(w, q, user))
		return NULL;
	const struct aaa_author *line = p ? (stage == STAGE_USER ? &p->user[m] : &p->group[m]) : NULL;
	if (!line || !line->list)
		return NULL;
	/* R-AZN-08 */
	if (stage == STAGE_USER && line->cached && !aaa_wants_user(wire_cached(w, q->sa)))
		return NULL;
	return line;
}

static bool asks_radius(const struct wire *w, const struct aaa_author *line)
{
	const char *group;
	size_t at = 0;
	return line && wire_aaa_next(w->conf, AAA_AUTHOR_NETWORK, line->list, &at, &group) == WIRE_AAA_GROUP;
}

/* ---- the end --------------------------------------------------------------------------------------------- */

/* The session by what was found. True: how much its user has used is asked for, or a script has the last word, later. */
static bool decide(struct wire *w, uint64_t number, const struct ike_question *q, struct aaa_set *const set[STAGE_DONE],
		   struct ike_answer *a)
{
	struct session_ask ask = {.q = q, .cached = wire_cached(w, q->sa), .user = set[STAGE_USER], .group = set[STAGE_GROUP]};
	wire_session_authorize(w, &ask, a);
	return a->status == ST_OK && (wire_quota_ask(w, number, q, a) || wire_lua_ask(w, number, q, a));
}

static void finish(struct asking *g, enum status st, const char *words)
{
	struct wire *w = g->wire;
	uint64_t number = g->number;
	struct ike_answer *a = mem_new(sizeof(*a));
	bool is_asked = false;
	if (a) {
		a->kind = ASK_AUTHORIZE;
		a->status = st;
		snprintf(a->detail, sizeof(a->detail), "%s", words);
		if (st == ST_OK)
			is_asked = decide(w, number, &g->question, g->set, a);
	}
	asking_free(g);
	if (a && !is_asked) /* without memory its state has a timeout */
		ike_on_answer(w->ike, number, a);
	mem_free(a);
}

/* ---- look-ups --------------------------------------------------------------------------------------------- */

static void go_on(struct asking *g);

static void on_result(void *ctx, const struct inquiry_result *r)
{
	struct asking *g = ctx;
	char why[IKE_DETAIL_LEN] = "";
	g->inquiry = NULL;
	if (r->from == WIRE_AAA_GROUP) {
		enum status st = r->status;
		struct aaa_set *set = st == ST_OK ? aaa_set_new() : NULL;
		if (st == ST_OK)
			st = set ? wire_cached_read(set, r->attrs, why) : ST_NOMEM;
		if (st == ST_OK)
			set->has &= ~AAA_BIT(AV_STATE); /* of the look-up, and not of the login */
		if (st != ST_OK) {
			aaa_set_free(set);
			finish(g, st, why[0] ? why : r->words);
			return;
		}
		g->set[g->stage] = set;
	}
	g->stage++;
	go_on(g);
}

/* ST_OK: it is under way, or there is nothing to ask. */
static enum status look_up(struct asking *g, const struct aaa_author *line, char why[IKE_DETAIL_LEN])
{
	struct wire *w = g->wire;
	struct session_ask ask = {.q = &g->question, .cached = wire_cached(w, g->question.sa)};
	struct authorize_name *name = mem_new(sizeof(*name));
	enum status st = name ? authorize_name(w->conf, &ask, line, name) : ST_NOMEM;
	if (st == ST_OK) {
		struct inquiry_about about = {
			.kind = AAA_AUTHOR_NETWORK,
			.list = line->list,
			.name = name->name,
			.password = &w->conf->aaa.authorization_password,
			.who = {&g->question.local, &g->question.remote, g->question.profile, g->question.sa},
		};
		(void)inquiry_start(w, &about, on_result, g, &g->inquiry, &st);
	}
	snprintf(why, IKE_DETAIL_LEN, "%s", st == ST_OK ? "" : name && name->detail[0] ? name->detail : status_words(st));
	mem_free(name);
	return st;
}

static void go_on(struct asking *g)
{
	char why[IKE_DETAIL_LEN] = "";
	for (; g->stage < STAGE_DONE; g->stage++) {
		const struct aaa_author *line = line_of(g->wire, &g->question, g->stage, g->set[STAGE_USER]);
		if (!asks_radius(g->wire, line))
			continue;
		enum status st = look_up(g, line, why);
		if (st != ST_OK) {
			finish(g, st, why);
			return;
		}
		if (g->inquiry)
			return;
	}
	finish(g, ST_OK, "");
}

/* ---- questions ----------------------------------------------------------------------------------------------- */

static struct asking *begin(struct wire *w, uint64_t number, const struct ike_question *q, enum stage stage)
{
	struct asking *g = mem_new(sizeof(*g));
	if (!g)
		return NULL;
	g->wire = w;
	g->number = number;
	g->stage = stage;
	g->question = *q; /* this kind has no views */
	list_push_back(&w->authorize->all, &g->in_list);
	return g;
}

/* The first stage that asks servers; STAGE_DONE: none does. */
static enum stage first_stage(const struct wire *w, const struct ike_question *q)
{
	if (q->we_are_initiator)
		return STAGE_DONE;
	for (enum stage s = STAGE_USER; s < STAGE_DONE; s++)
		if (asks_radius(w, line_of(w, q, s, NULL)))
			return s;
	return STAGE_DONE;
}

bool wire_authorize_ask(struct wire *w, uint64_t number, const struct ike_question *q, struct ike_answer *a)
{
	static struct aaa_set *const nothing[STAGE_DONE];
	enum stage stage = first_stage(w, q);
	char why[IKE_DETAIL_LEN] = "";
	if (stage == STAGE_DONE)
		return decide(w, number, q, nothing, a);
	struct asking *g = begin(w, number, q, stage);
	a->status = g ? look_up(g, line_of(w, q, stage, NULL), why) : ST_NOMEM;
	if (a->status == ST_OK)
		return true;
	snprintf(a->detail, sizeof(a->detail), "%s", why);
	if (g)
		asking_free(g);
	return false;
}

void wire_authorize_cancel(struct wire *w, uint64_t number)
{
	LIST_EACH_SAFE(at, &w->authorize->all) {
		struct asking *g = CONTAINER_OF(at, struct asking, in_list);
		if (g->number == number)
			asking_free(g);
	}
}

enum status wire_authorize_open(struct wire *w)
{
	w->authorize = mem_new(sizeof(*w->authorize));
	if (!w->authorize)
		return ST_NOMEM;
	list_init(&w->authorize->all);
	return ST_OK;
}

void wire_authorize_close(struct wire *w)
{
	if (!w->authorize)
		return;
	LIST_EACH_SAFE(at, &w->authorize->all)
		asking_free(CONTAINER_OF(at, struct asking, in_list));
	mem_free(w->authorize);
	w->authorize = NULL;
}
