#include "cmd/wire_pki.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/holder_proto.h"
#include "cmd/wire_fetch.h"
#include "cmd/wire_pki_cache.h"
#include "cmd/wire_staple.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/crypto/name.h"
#include "modules/fetch/fetch.h"
#include "modules/jobs/jobs.h"
#include "modules/loop/loop.h"

#define ASKED_MAX JOBS_LANE_MAX
#define FETCH_CRL_MS 10000
#define FETCH_OCSP_MS 5000
#define REVOKED_KEEP_S 300 /* how long what says "revoked" is used again */
#define LOOK_S 3600        /* ends of certificates */
#define SAY_S 86400

/* What a job thread works on, and nothing else of the question. */
struct work {
	struct pki_case *c;
	int64_t now_s;
};

struct asked {
	struct list in_list;
	uint64_t own; /* number among jobs, and times CHAIN_WANTED_MAX among fetches */
	wire_pki_fn *fn;
	uint64_t number;
	struct work *work; /* NULL: it needs none, the verdict was kept */
	bool is_running;   /* a job has it */
	size_t open;       /* fetches */
	struct cert *leaf; /* of a kept verdict */
	struct pki_verdict kept;
	char trustpoint[64];
};

#define BLOBS_MAX 8

struct wire_pki {
	struct wire *wire;
	struct pki *set; /* in force; NULL: none yet */
	uint64_t generation;
	struct list asked;
	size_t n_asked;
	uint64_t last;
	struct loop_timer *timer; /* for answers that were there at once */
	struct pki_cache cache;
	struct pki_blob *blobs[BLOBS_MAX]; /* the answers that came last, while certificates are being judged */
	size_t next_blob;
	uint64_t look_in_s, said_s;
};

/* ---- files --------------------------------------------------------------------------------------- */

struct loading {
	struct wire *wire;
	const struct snapshot *conf;
	const struct wire_keyset *keys;
};

static enum status read_all(int fd, uint8_t **bytes, size_t *len)
{
	struct stat s;
	size_t n = 0;
	if (fstat(fd, &s) != 0 || s.st_size < 0 || s.st_size > PKI_FILE_MAX)
		return ST_LIMIT;
	size_t cap = (size_t)s.st_size;
	uint8_t *p = mem_new(cap + 1);
	if (!p)
		return ST_NOMEM;
	while (n < cap) {
		ssize_t got = read(fd, p + n, cap - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	if (n != cap) { /* it is being written */
		mem_free_secret(p, cap + 1);
		return ST_IO;
	}
	*bytes = p;
	*len = n;
	return ST_OK;
}

static enum status port_read(void *ctx, const char *file, uint8_t **bytes, size_t *len, char *words)
{
	const struct loading *l = ctx;
	int fds[ASROOT_FDS];
	struct asroot_reply reply;
	struct asroot_request rq = {.op = ASROOT_FILE};
	snprintf(rq.file, sizeof(rq.file), "%s", file);
	enum status st = asroot_call(l->wire->control, &rq, &reply, fds);
	if (st == ST_OK) {
		st = read_all(fds[0], bytes, len);
		close(fds[0]);
	} else if (st == ST_IO) {
		snprintf(words, PKI_WORDS, "%s", strerror(errno));
	} else if (st == ST_NOT_FOUND) {
		snprintf(words, PKI_WORDS, "there is no such file");
	} else if (st == ST_CONFIG) {
		snprintf(words, PKI_WORDS, "no plain file, or its command is not written in full words");
	}
	return st;
}

static enum status port_key(void *ctx, size_t i, unsigned *number, struct view *spki, char *words)
{
	const struct loading *l = ctx;
	const char *file = l->conf->trustpoints[i].private_key;
	*number = wire_keys_number(l->wire, l->keys, file);
	if (*number == KEYS_MAX)
		return ST_NOT_FOUND;
	const struct keys_key *k = keys_look(l->wire->world.keys, *number);
	if (k->state != KEYS_READY) {
		snprintf(words, PKI_WORDS, "%s", k->words[0] ? k->words : "the keys process does not come up");
		return ST_NO_PRIVATE_KEY;
	}
	*spki = (struct view){k->spki, k->spki_len};
	return ST_OK;
}

enum status wire_pki_prepare(struct wire *w, struct snapshot *s, const struct wire_keyset *keys, bool is_lenient,
			     struct pki **out, char *why, size_t cap)
{
	static const struct pki_ports ports = {port_read, port_key};
	struct loading l = {w, s, keys};
	size_t at = 0;
	enum status st = pki_load(s, w->pki->generation + 1, &ports, &l, out);
	if (st != ST_OK)
		return st;
	w->pki->generation++;
	for (const struct pki_point *p; (p = pki_broken(*out, &at)) != NULL; at++) {
		const char *name = s->trustpoints[at].name;
		LOG(EV_PKI_ERROR, kv_bytes("trustpoint", name, strlen(name)),
		    kv_bytes("reason", p->words, strlen(p->words)), kv_status("status", p->status));
		if (is_lenient)
			continue;
		snprintf(why, cap, "trustpoint %s: %s", name, p->words);
		pki_unref(*out);
		*out = NULL;
		return ST_CONFIG;
	}
	return ST_OK;
}

void wire_pki_commit(struct wire *w, struct pki *set)
{
	struct wire_pki *p = w->pki;
	pki_unref(p->set);
	p->set = set;
	w->world.pki = set;
	pki_cache_resize(&p->cache, set->conf->ike.certificate_cache);
	wire_staple_commit(w, set);
	p->look_in_s = 0;
	p->said_s = 0; /* new ones are looked at at once */
}

/* ---- our side ------------------------------------------------------------------------------------ */

static void put_own(const struct wire *w, const struct pki_point *p, struct wire_credential *out)
{
	for (size_t i = 0; i < p->chain_count; i++)
		out->chain[out->n++] = cert_der(p->chain[i]);
	out->key = p->key;
	out->leaf = p->chain[0];
	out->trustpoint = w->pki->set->conf->trustpoints[p - w->pki->set->points].name;
}

bool wire_pki_own(const struct wire *w, const char *trustpoint, struct wire_credential *out)
{
	const struct pki_point *p = w->pki->set ? pki_point(w->pki->set, trustpoint) : NULL;
	*out = (struct wire_credential){0};
	if (!p || !p->chain_count)
		return false;
	put_own(w, p, out);
	return true;
}

bool wire_pki_credential(const struct wire *w, const struct ike_profile *profile,
			 const struct credential_wish *wish, struct wire_credential *out)
{
	const struct pki_point *p;
	*out = (struct wire_credential){0};
	if (!w->pki->set || !pki_credential(w->pki->set, profile, *wish, &p, &out->scheme))
		return false;
	put_own(w, p, out);
	return true;
}

size_t wire_pki_certreq(const struct wire *w, const struct ike_profile *profile, uint8_t *out, size_t cap)
{
	return w->pki->set ? pki_certreq(w->pki->set, profile, out, cap) : 0;
}

/* ---- judging ------------------------------------------------------------------------------------- */

static void work_free(struct work *x)
{
	if (x)
		pki_case_free(x->c);
	mem_free(x);
}

static wire_fetch_fn on_fetched;

static void forget_blobs(struct wire_pki *p)
{
	for (size_t i = 0; i < BLOBS_MAX; i++) {
		pki_blob_unref(p->blobs[i]);
		p->blobs[i] = NULL;
	}
}

/* A reference for the caller to one that another login has already, or a new one. */
static struct pki_blob *blob_of(struct wire_pki *p, struct view v)
{
	for (size_t i = 0; i < BLOBS_MAX; i++) {
		struct view have = p->blobs[i] ? pki_blob_bytes(p->blobs[i]) : (struct view){0};
		if (have.p && have.len == v.len && memcmp(have.p, v.p, v.len) == 0)
			return pki_blob_ref(p->blobs[i]);
	}
	struct pki_blob *b = pki_blob_new(v);
	if (!b)
		return NULL;
	pki_blob_unref(p->blobs[p->next_blob]);
	p->blobs[p->next_blob] = pki_blob_ref(b);
	p->next_blob = (p->next_blob + 1) % BLOBS_MAX;
	return b;
}

static void give(struct wire_pki *p, struct pki_case *c, size_t i, struct view answer)
{
	struct pki_blob *b = answer.len ? blob_of(p, answer) : NULL;
	pki_case_give(c, i, b);
	pki_blob_unref(b);
}

static void asked_free(struct wire_pki *p, struct asked *q)
{
	for (size_t i = 0; q->open && i < CHAIN_WANTED_MAX; i++)
		wire_fetch_drop(p->wire, on_fetched, q->own * CHAIN_WANTED_MAX + i);
	if (q->is_running)
		jobs_drop(p->wire->jobs, JOBS_CHAIN, q->own); /* what it works on comes back by on_dropped() */
	else
		work_free(q->work);
	cert_unref(q->leaf);
	list_del(&q->in_list);
	p->n_asked--;
	if (!p->n_asked)
		forget_blobs(p);
	mem_free(q);
}

static void answer(struct wire_pki *p, struct asked *q, const struct pki_verdict *v)
{
	wire_pki_fn *fn = q->fn;
	uint64_t number = q->number;
	struct work *x = q->work;
	struct cert *leaf = q->leaf;
	q->work = NULL;
	q->leaf = NULL;
	asked_free(p, q); /* it is nobody's any more: who is answered may ask again */
	fn(p->wire, number, v);
	cert_unref(leaf);
	work_free(x);
}

/* What was fetched is used again as long as it says the same. */
static void keep_gifts(struct wire_pki *p, const struct pki_case *c, const struct pki_verdict *v)
{
	struct pki_gift g;
	int64_t now_s = loop_wall_ms() / 1000;
	int64_t until = v->status == ST_OK ? v->valid_until_s : v->status == ST_CERT_REVOKED ? now_s + REVOKED_KEEP_S : 0;
	for (size_t i = 0; until > now_s && pki_case_gift(c, i, &g); i++)
		if (g.url)
			wire_fetch_keep(p->wire, g.url, g.request, g.answer, until);
}

static void conclude(struct wire_pki *p, struct asked *q)
{
	struct pki_verdict v;
	pki_case_verdict(q->work->c, &v);
	stats_add(p->wire->stats, v.status == ST_OK ? CT_CERTS_JUDGED_OK : CT_CERTS_REFUSED, 1);
	keep_gifts(p, q->work->c, &v);
	if (v.status == ST_OK) {
		uint8_t key[PKI_CASE_KEY];
		pki_case_key(q->work->c, key);
		pki_cache_put(&p->cache, key, &v, loop_wall_ms() / 1000);
	}
	answer(p, q, &v);
}

static void run(void *object)
{
	struct work *x = object;
	pki_case_run(x->c, x->now_s);
}

static void give_up(struct wire_pki *p, struct asked *q, enum status st)
{
	struct pki_verdict v = {.status = st, .words = status_words(st), .trustpoint = ""};
	answer(p, q, &v);
}

static enum status start(struct wire_pki *p, struct asked *q)
{
	q->work->now_s = loop_wall_ms() / 1000;
	enum status st = jobs_run(p->wire->jobs, JOBS_CHAIN, q->own, run, q->work);
	q->is_running = st == ST_OK;
	return st;
}

static void next(struct wire_pki *p, struct asked *q)
{
	enum status st = q->open ? ST_OK : start(p, q);
	if (st != ST_OK)
		give_up(p, q, st);
}

static void fetch_failed(struct wire_pki *p, const struct chain_want *want, enum status st, const char *words)
{
	stats_add(p->wire->stats, CT_FETCHES_FAILED, 1);
	LOG(EV_FETCH_FAILED, kv_bytes("url", want->url, strlen(want->url)), kv_status("status", st),
	    kv_str("reason", words));
}

/* The answer to want i is kept, on its way, or cannot be had. */
static void fetch_one(struct wire_pki *p, struct asked *q, size_t i, const struct chain_want *want)
{
	char words[FETCH_WORDS];
	struct view body = {want->request, want->request_len}, kept;
	bool ocsp = want->kind == CHAIN_OCSP;
	struct fetch_request rq = {.url = want->url, .body = body,
				   .type = ocsp ? "application/ocsp-request" : NULL,
				   .accept = ocsp ? "application/ocsp-response" : NULL,
				   .max_bytes = ocsp ? OCSP_DER_MAX : CRL_DER_MAX,
				   .timeout_ms = ocsp ? FETCH_OCSP_MS : FETCH_CRL_MS};
	if (wire_fetch_kept(p->wire, want->url, body, &kept)) {
		give(p, q->work->c, i, kept);
		return;
	}
	stats_add(p->wire->stats, CT_FETCHES, 1);
	enum status st = wire_fetch_start(p->wire, on_fetched, q->own * CHAIN_WANTED_MAX + i, &rq, words);
	if (st == ST_OK) {
		q->open++;
		return;
	}
	fetch_failed(p, want, st, words);
	pki_case_give(q->work->c, i, NULL);
}

static struct asked *find(struct wire_pki *p, uint64_t own)
{
	LIST_EACH(at, &p->asked) {
		struct asked *q = CONTAINER_OF(at, struct asked, in_list);
		if (q->own == own)
			return q;
	}
	return NULL;
}

static void on_done(void *ctx, uint64_t number, void *object)
{
	struct wire_pki *p = ctx;
	struct asked *q = find(p, number);
	if (!q) {
		work_free(object);
		return;
	}
	q->is_running = false;
	if (!pki_case_want(q->work->c, 0)) {
		conclude(p, q);
		return;
	}
	for (size_t i = 0; i < CHAIN_WANTED_MAX; i++) {
		const struct chain_want *want = pki_case_want(q->work->c, i);
		if (want)
			fetch_one(p, q, i, want);
	}
	next(p, q);
}

static void on_dropped(void *ctx, void *object)
{
	work_free(object);
}

static void on_fetched(struct wire *w, uint64_t number, enum status st, const char *words, struct view body)
{
	struct wire_pki *p = w->pki;
	struct asked *q = find(p, number / CHAIN_WANTED_MAX);
	size_t i = (size_t)(number % CHAIN_WANTED_MAX);
	const struct chain_want *want = q && !q->is_running ? pki_case_want(q->work->c, i) : NULL;
	if (!want)
		return;
	if (st != ST_OK)
		fetch_failed(p, want, st, words);
	give(p, q->work->c, i, st == ST_OK ? body : (struct view){0});
	q->open--;
	next(p, q);
}

/* ---- questions ----------------------------------------------------------------------------------- */

static void on_timer(void *ctx)
{
	struct wire_pki *p = ctx;
	LIST_EACH(at, &p->asked) {
		struct asked *q = CONTAINER_OF(at, struct asked, in_list);
		if (q->work)
			continue;
		struct pki_verdict v = q->kept;
		char trustpoint[sizeof(q->trustpoint)];
		memcpy(trustpoint, q->trustpoint, sizeof(trustpoint));
		v.trustpoint = trustpoint;
		loop_timer_at(p->timer, loop_now_ms()); /* the list may be another one afterwards */
		answer(p, q, &v);
		return;
	}
}

/* A verdict that was kept says nothing about the identity: that is compared here. */
static bool take_kept(struct wire_pki *p, struct asked *q, const struct pki_query *query)
{
	uint8_t key[PKI_CASE_KEY];
	pki_case_key(q->work->c, key);
	if (!pki_cache_get(&p->cache, key, loop_wall_ms() / 1000, &q->kept) ||
	    (query->id_type && !cert_has_id(q->kept.leaf, query->id_type, query->id)))
		return false;
	q->leaf = cert_ref(q->kept.leaf);
	snprintf(q->trustpoint, sizeof(q->trustpoint), "%s", q->kept.trustpoint);
	work_free(q->work);
	q->work = NULL;
	stats_add(p->wire->stats, CT_CERTS_CACHED, 1);
	loop_timer_at(p->timer, loop_now_ms());
	return true;
}

enum status wire_pki_judge(struct wire *w, wire_pki_fn *fn, uint64_t number, const struct pki_query *query)
{
	struct wire_pki *p = w->pki;
	if (!p->set || p->n_asked == ASKED_MAX)
		return ST_LIMIT;
	struct asked *q = mem_new(sizeof(*q));
	if (!q)
		return ST_NOMEM;
	*q = (struct asked){.own = ++p->last, .fn = fn, .number = number, .work = mem_new(sizeof(*q->work))};
	list_push_back(&p->asked, &q->in_list);
	p->n_asked++;
	enum status st = q->work ? pki_case_new(p->set, query, &q->work->c) : ST_NOMEM;
	if (st == ST_OK && !take_kept(p, q, query))
		st = start(p, q);
	if (st != ST_OK)
		asked_free(p, q);
	return st;
}

void wire_pki_drop(struct wire *w, wire_pki_fn *fn, uint64_t number)
{
	struct wire_pki *p = w->pki;
	if (!p)
		return;
	LIST_EACH_SAFE(at, &p->asked) {
		struct asked *q = CONTAINER_OF(at, struct asked, in_list);
		if (q->fn == fn && q->number == number)
			asked_free(p, q);
	}
}

/* ---- ends of certificates -------------------------------------------------------------------------- */

static void look_at(const struct trustpoint *t, const char *what, const struct cert *c, int64_t now_s, bool say)
{
	char name[NAME_TEXT_MAX];
	enum pki_age age = pki_age(c, now_s);
	if (age == PKI_AGE_OK || !say)
		return;
	name_text(cert_subject(c), name, sizeof(name));
	int64_t days = (cert_not_after(c) - now_s) / 86400;
	LOG(EV_CERT_EXPIRY, kv_str("state", age == PKI_AGE_OVER ? "expired" : age == PKI_AGE_SOON ? "expires soon" : "not valid yet"),
	    kv_str("what", what), kv_bytes("trustpoint", t->name, strlen(t->name)),
	    kv_bytes("subject", name, strlen(name)), kv_u64("days_left", days > 0 ? (uint64_t)days : 0));
}

static void first_end(int64_t *first, const struct cert *c)
{
	if (!*first || cert_not_after(c) < *first)
		*first = cert_not_after(c);
}

static int64_t look(const struct pki *set, int64_t now_s, bool say)
{
	int64_t first = 0;
	for (size_t i = 0; set && i < set->conf->trustpoint_count; i++) {
		const struct pki_point *p = &set->points[i];
		const struct trustpoint *t = &set->conf->trustpoints[i];
		for (size_t k = 0; k < p->chain_count; k++) {
			look_at(t, k ? "our chain" : "our certificate", p->chain[k], now_s, say);
			first_end(&first, p->chain[k]);
		}
		for (size_t k = 0; p->trust && k < trust_anchors(p->trust); k++) {
			look_at(t, "trust anchor", trust_anchor(p->trust, k), now_s, say);
			first_end(&first, trust_anchor(p->trust, k));
		}
	}
	return first;
}

void wire_pki_second(struct wire *w)
{
	struct wire_pki *p = w->pki;
	wire_staple_second(w);
	if (p->look_in_s-- > 0)
		return;
	p->look_in_s = LOOK_S;
	bool say = p->said_s == 0;
	p->said_s = say ? SAY_S / LOOK_S - 1 : p->said_s - 1;
	(void)look(p->set, loop_wall_ms() / 1000, say);
}

void wire_pki_info(const struct wire *w, struct wire_pki_info *out)
{
	*out = (struct wire_pki_info){0};
	if (!w->pki)
		return;
	out->judging = w->pki->n_asked;
	out->kept = w->pki->cache.n;
	out->first_end_s = look(w->pki->set, 0, false);
}

/* ---- life ------------------------------------------------------------------------------------------ */

enum status wire_pki_open(struct wire *w)
{
	struct wire_pki *p = mem_new(sizeof(*p));
	if (!p)
		return ST_NOMEM;
	w->pki = p;
	p->wire = w;
	list_init(&p->asked);
	pki_cache_init(&p->cache);
	wire_staple_init(w);
	const struct jobs_owner owner = {on_done, on_dropped, p};
	jobs_own(w->jobs, JOBS_CHAIN, &owner);
	return loop_timer_new(w->loop, on_timer, p, &p->timer);
}

/* After jobs_free(). */
void wire_pki_close(struct wire *w)
{
	struct wire_pki *p = w->pki;
	if (!p)
		return;
	LIST_EACH_SAFE(at, &p->asked) {
		struct asked *q = CONTAINER_OF(at, struct asked, in_list);
		q->work = q->is_running ? NULL : q->work; /* dropped with the threads */
		q->is_running = false;
		asked_free(p, q);
	}
	pki_cache_fini(&p->cache);
	wire_staple_fini(w);
	if (p->timer)
		loop_timer_free(p->timer);
	w->world.pki = NULL;
	pki_unref(p->set);
	mem_free(p);
	w->pki = NULL;
}
