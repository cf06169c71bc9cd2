#include "cmd/wire_staple.h"

#include <string.h>

#include "cmd/wire_fetch.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/crypto/name.h"
#include "core/crypto/ocsp.h"
#include "modules/loop/loop.h"

#define ASK_MS	5000
#define AGAIN_S 60
#define OFTEN_S 3600

struct staple {
	struct list in_list;
	uint64_t number; /* of its fetches */
	struct cert *leaf, *issuer;
	char url[FETCH_URL_MAX];
	uint8_t request[OCSP_REQUEST_MAX];
	size_t request_len;
	bool is_wanted, is_asked;
	uint64_t next_ms; /* not asked before */
	uint8_t *bytes;   /* NULL: none */
	size_t len;
	int64_t until_s;
};

static wire_fetch_fn on_fetched;

static void drop(struct wire *w, struct staple *s)
{
	if (s->is_asked)
		wire_fetch_drop(w, on_fetched, s->number);
	list_del(&s->in_list);
	cert_unref(s->leaf);
	cert_unref(s->issuer);
	mem_free(s->bytes);
	mem_free(s);
}

void wire_staple_init(struct wire *w)
{
	list_init(&w->staples);
}

void wire_staple_fini(struct wire *w)
{
	LIST_EACH_SAFE(at, &w->staples)
		drop(w, CONTAINER_OF(at, struct staple, in_list));
}

/* ---- which ---------------------------------------------------------------------------------------- */

static struct cert *issuer_of(const struct pki_point *p)
{
	struct view name = cert_issuer(p->chain[0]);
	if (p->chain_count > 1 && name_eq(name, cert_subject(p->chain[1])))
		return p->chain[1];
	for (size_t i = 0; p->trust && i < trust_anchors(p->trust); i++)
		if (name_eq(name, cert_subject(trust_anchor(p->trust, i))))
			return trust_anchor(p->trust, i);
	return NULL;
}

static bool url_for(const struct trustpoint *t, const struct cert *leaf, char out[FETCH_URL_MAX])
{
	struct view v = cert_ocsp_url(leaf, 0);
	if (t->ocsp_url)
		v = (struct view){(const uint8_t *)t->ocsp_url, strlen(t->ocsp_url)};
	if (v.len == 0 || v.len >= FETCH_URL_MAX)
		return false;
	memcpy(out, v.p, v.len);
	out[v.len] = 0;
	return true;
}

static struct staple *find(struct wire *w, const struct cert *leaf, const char *url)
{
	LIST_EACH(at, &w->staples) {
		struct staple *s = CONTAINER_OF(at, struct staple, in_list);
		if (memcmp(cert_fingerprint(s->leaf), cert_fingerprint(leaf), 32) == 0 && strcmp(s->url, url) == 0)
			return s;
	}
	return NULL;
}

static void want(struct wire *w, const struct trustpoint *t, const struct pki_point *p)
{
	char url[FETCH_URL_MAX];
	struct cert *leaf = p->chain[0], *issuer = issuer_of(p);
	if (!issuer || !url_for(t, leaf, url)) {
		LOG(EV_CONFIG_WARNING, kv_bytes("trustpoint", t->name, strlen(t->name)),
		    kv_str("reason", issuer ? "no OCSP responder is known for our certificate, none is asked" :
					      "the issuer of our certificate is not among its files, no OCSP responder is asked"));
		return;
	}
	struct staple *s = find(w, leaf, url);
	if (!s) {
		s = mem_new(sizeof(*s));
		if (!s)
			return;
		*s = (struct staple){.number = ++w->staple_last, .leaf = cert_ref(leaf), .issuer = cert_ref(issuer)};
		memcpy(s->url, url, sizeof(url));
		list_push_back(&w->staples, &s->in_list);
		if (ocsp_request(leaf, issuer, (struct view){0}, s->request, &s->request_len) != ST_OK)
			return; /* and so is not wanted */
	}
	s->is_wanted = true;
	if (!s->bytes)
		s->next_ms = 0; /* it may be allowed now */
}

void wire_staple_commit(struct wire *w, const struct pki *set)
{
	LIST_EACH(at, &w->staples)
		CONTAINER_OF(at, struct staple, in_list)->is_wanted = false;
	for (size_t i = 0; i < set->conf->trustpoint_count; i++)
		if (set->conf->trustpoints[i].ocsp_staple && set->points[i].chain_count)
			want(w, &set->conf->trustpoints[i], &set->points[i]);
	LIST_EACH_SAFE(at, &w->staples) {
		struct staple *s = CONTAINER_OF(at, struct staple, in_list);
		if (!s->is_wanted)
			drop(w, s);
	}
}

/* ---- asking --------------------------------------------------------------------------------------- */

static void failed(struct wire *w, struct staple *s, enum status st, const char *why)
{
	stats_add(w->stats, CT_FETCHES_FAILED, 1);
	LOG(EV_FETCH_FAILED, kv_bytes("url", s->url, strlen(s->url)), kv_status("status", st), kv_str("reason", why));
	s->next_ms = loop_now_ms() + AGAIN_S * 1000;
}

static void take(struct wire *w, struct staple *s, struct view answer)
{
	int64_t now_s = loop_wall_ms() / 1000;
	struct ocsp_verdict v;
	/* One or two signatures an hour: not worth a job. */
	enum status st = answer.len > STAPLE_BYTES ? ST_LIMIT :
						     ocsp_judge(answer, s->leaf, s->issuer, (struct view){0}, now_s, &v);
	if (st != ST_OK) {
		failed(w, s, st, status_words(st));
		return;
	}
	if (v.state != OCSP_GOOD) {
		mem_free(s->bytes); /* what said otherwise is not sent any more */
		s->bytes = NULL;
		failed(w, s, v.state == OCSP_REVOKED ? ST_CERT_REVOKED : ST_REVOCATION_UNKNOWN,
		       v.state == OCSP_REVOKED ? "our own certificate has been revoked" :
						 "the responder does not know our own certificate");
		return;
	}
	uint8_t *copy = mem_dup(answer.p, answer.len);
	if (!copy) {
		failed(w, s, ST_NOMEM, status_words(ST_NOMEM));
		return;
	}
	mem_free(s->bytes);
	s->bytes = copy;
	s->len = answer.len;
	s->until_s = v.next_update_s;
	int64_t wait_s = (s->until_s - now_s) / 2;
	wait_s = wait_s < AGAIN_S ? AGAIN_S : wait_s > OFTEN_S ? OFTEN_S : wait_s;
	s->next_ms = loop_now_ms() + (uint64_t)wait_s * 1000;
}

static void on_fetched(struct wire *w, uint64_t number, enum status st, const char *words, struct view body)
{
	LIST_EACH(at, &w->staples) {
		struct staple *s = CONTAINER_OF(at, struct staple, in_list);
		if (s->number != number)
			continue;
		s->is_asked = false;
		if (st == ST_OK)
			take(w, s, body);
		else
			failed(w, s, st, words);
		return;
	}
}

static void ask(struct wire *w, struct staple *s)
{
	char words[FETCH_WORDS];
	const struct fetch_request rq = {.url = s->url,
					 .body = {s->request, s->request_len},
					 .type = "application/ocsp-request",
					 .accept = "application/ocsp-response",
					 .max_bytes = OCSP_DER_MAX,
					 .timeout_ms = ASK_MS};
	stats_add(w->stats, CT_FETCHES, 1);
	enum status st = wire_fetch_start(w, on_fetched, s->number, &rq, words);
	s->is_asked = st == ST_OK;
	if (st != ST_OK)
		failed(w, s, st, words);
}

void wire_staple_second(struct wire *w)
{
	LIST_EACH(at, &w->staples) {
		struct staple *s = CONTAINER_OF(at, struct staple, in_list);
		if (!s->is_asked && loop_now_ms() >= s->next_ms)
			ask(w, s);
	}
}

struct view wire_staple(const struct wire *w, const struct cert *leaf)
{
	LIST_EACH(at, (struct list *)&w->staples) {
		const struct staple *s = CONTAINER_OF(at, struct staple, in_list);
		if (s->bytes && memcmp(cert_fingerprint(s->leaf), cert_fingerprint(leaf), 32) == 0 &&
		    loop_wall_ms() / 1000 < s->until_s)
			return (struct view){s->bytes, s->len};
	}
	return (struct view){0};
}
