#include "core/session/coa_change.h"

#include <stdio.h>
#include <string.h>

#include "core/aaa/merge.h"
#include "core/base/freeze.h"
#include "core/base/mem.h"
#include "core/session/place.h"

#define TERMS_KIND 1 /* of a record that nobody keeps */

static bool refuse(struct coa_answer *a, uint32_t cause, const char *why)
{
	*a = (struct coa_answer){.cause = cause};
	snprintf(a->why, sizeof(a->why), "%s", why);
	return false;
}

/* The way of the frozen record: nothing that survives main's death is forgotten here. */
static enum status read_terms(const struct session_terms *t, struct aaa_set *out)
{
	uint8_t *rec = mem_new(SESSION_FROZEN_MAX);
	struct wr w = wr_init(rec, SESSION_FROZEN_MAX);
	struct rd fields;
	struct view v;
	uint16_t kind, version, tag;
	enum status st = ST_NOMEM;

	if (!rec)
		return st;
	fz_begin(&w, TERMS_KIND, 1);
	terms_write(&w, t);
	fz_end(&w);
	st = wr_ok(&w) ? fz_open_record((struct view){rec, w.len}, &kind, &version, &fields) : ST_LIMIT;
	while (st == ST_OK && fz_next(&fields, &tag, &v))
		if (!terms_read(tag, v, out))
			st = ST_BAD_PAYLOAD;
	mem_free(rec);
	return st;
}

static bool look_up(const struct snapshot *conf, const struct session *s, struct aaa_set *set, struct coa_answer *answer)
{
	char detail[IKE_DETAIL_LEN] = "";
	struct resolver r = {.conf = conf, .s = (struct session *)(uintptr_t)s, .set = set, .detail = detail};

	return place_rules(&r) == ST_OK || refuse(answer, RADIUS_ERROR_INVALID_VALUE, detail);
}

/* What the request says comes first; Class, of which there may be many, is replaced as a whole. */
static bool merge(struct aaa_set *now, struct aaa_set *before, struct coa_answer *answer)
{
	char why[AAA_WHY] = "";

	if (aaa_has(now, AV_CLASS)) {
		before->has &= ~AAA_BIT(AV_CLASS);
		before->class = (struct aaa_class){0};
	}
	return aaa_merge_under(now, before, why) == ST_OK || refuse(answer, RADIUS_ERROR_RESOURCES, why);
}

static bool prepare(const struct snapshot *conf, const struct session *s, struct aaa_set *now, struct aaa_set *before,
	struct coa_answer *answer)
{
	if (!look_up(conf, s, now, answer))
		return false;
	enum status st = read_terms(s->terms, before);
	return st == ST_OK ? merge(now, before, answer) : refuse(answer, RADIUS_ERROR_RESOURCES, status_words(st));
}

/* Session-Timeout and what becomes of its end; who names one of them leaves the other as it is. */
static void read_lifetime(const struct session *s, const struct aaa_set *set, struct coa_change *out)
{
	out->has_lifetime = aaa_has(set, AV_TIMEOUT) || aaa_has(set, AV_REAUTH);
	out->lifetime_s = aaa_has(set, AV_TIMEOUT) ? set->timeout_s : s->grant->session_lifetime_s;
	out->reauth = aaa_has(set, AV_REAUTH) ? set->reauth : s->grant->session_reauth;
}

uint64_t coa_change_reauth_ms(const struct session *s, uint64_t now_ms, uint32_t within_s)
{
	uint64_t until_ms = now_ms + (uint64_t)within_s * 1000;

	return s->reauth_ms && s->reauth_ms < until_ms ? s->reauth_ms : until_ms;
}

bool coa_change_prepare(const struct snapshot *conf, const struct session *s, const struct aaa_set *set,
	struct coa_change *out, struct coa_answer *answer)
{
	struct aaa_set *now, *before;
	bool ok;

	*out = (struct coa_change){.has_idle = aaa_has(set, AV_IDLE), .idle_s = set->idle_s};
	read_lifetime(s, set, out);
	now = aaa_set_new();
	before = aaa_set_new();
	ok = now && before;
	if (!ok)
		(void)refuse(answer, RADIUS_ERROR_RESOURCES, status_words(ST_NOMEM));
	if (ok) {
		*now = *set;
		ok = prepare(conf, s, now, before, answer);
	}
	if (ok && terms_keep(now, &out->terms) != ST_OK)
		ok = refuse(answer, RADIUS_ERROR_RESOURCES, status_words(ST_NOMEM));
	aaa_set_free(now);
	aaa_set_free(before);
	return ok;
}

static void swap(uint32_t *a, uint32_t *b)
{
	uint32_t was = *a;

	*a = *b;
	*b = was;
}

void coa_change_swap(struct session *s, struct coa_change *c)
{
	struct session_terms *terms = s->terms;

	s->terms = c->terms;
	c->terms = terms;
	if (c->has_idle)
		swap(&s->idle_timeout_s, &c->idle_s);
	if (c->has_lifetime) {
		bool reauth = s->grant->session_reauth;

		swap(&s->grant->session_lifetime_s, &c->lifetime_s);
		s->grant->session_reauth = c->reauth;
		c->reauth = reauth;
	}
	if (c->has_reauth_ms) {
		uint64_t reauth_ms = s->reauth_ms;

		s->reauth_ms = c->reauth_ms;
		c->reauth_ms = reauth_ms;
	}
}

void coa_change_fini(struct coa_change *c)
{
	mem_free(c->terms);
	*c = (struct coa_change){0};
}
