#include "cmd/wire_lookup.h"

#include <stdio.h>
#include <string.h>

#include "cmd/wire_fetch.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/crypto/prf.h"
#include "core/wire/certs.h"

static wire_lookup_fn *lookup_done; /* cmd/wire_proof.c */
static wire_fetch_fn on_fetched;

void wire_lookup_open(wire_lookup_fn *done)
{
	lookup_done = done;
}

enum status wire_lookup_add(struct lookups *l, struct view named)
{
	if (l->n == LOOKUPS_MAX)
		return ST_CERT_LIMIT;
	l->v[l->n++] = (struct lookup){.named = named};
	return ST_OK;
}

static void stop(struct wire *w, struct lookups *l)
{
	for (size_t i = 0; i < l->n && l->open; i++)
		wire_fetch_drop(w, on_fetched, l->own * LOOKUPS_MAX + i);
	l->open = 0;
	list_del(&l->in_list);
}

static struct lookups *find(struct wire *w, uint64_t own)
{
	LIST_EACH(at, &w->lookups) {
		struct lookups *l = CONTAINER_OF(at, struct lookups, in_list);
		if (l->own == own)
			return l;
	}
	return NULL;
}

/* The URL, and the status and words for one that is none. */
static enum status url_of(const struct lookup *v, char url[FETCH_URL_MAX], const char **words)
{
	struct rd r = rd_init(v->named.p, v->named.len);
	rd_bytes(&r, CERT_HASH_LEN);
	struct view text = rd_rest(&r);
	*words = "the URL of a certificate is missing or too long";
	if (!rd_ok(&r) || text.len == 0 || text.len >= FETCH_URL_MAX || memchr(text.p, 0, text.len))
		return ST_BAD_PAYLOAD;
	memcpy(url, text.p, text.len);
	url[text.len] = 0;
	return ST_OK;
}

static void say(struct lookups *l, const char *url, const char *why)
{
	char name[128];
	escape_bytes(name, sizeof(name), url, strlen(url));
	snprintf(l->words, sizeof(l->words), "the certificate at %s: %.96s", name, why);
}

static enum status start_one(struct wire *w, struct lookups *l, size_t i)
{
	char url[FETCH_URL_MAX], why[FETCH_WORDS];
	const char *words;
	struct fetch_request rq = {.url = url, .max_bytes = LOOKUP_BYTES, .timeout_ms = LOOKUP_MS};
	enum status st = url_of(&l->v[i], url, &words);
	if (st != ST_OK) {
		snprintf(l->words, sizeof(l->words), "%s", words);
		return st;
	}
	stats_add(w->stats, CT_FETCHES, 1);
	st = wire_fetch_start(w, on_fetched, l->own * LOOKUPS_MAX + i, &rq, why);
	if (st != ST_OK) {
		stats_add(w->stats, CT_FETCHES_FAILED, 1);
		say(l, url, why);
	}
	return st;
}

static size_t open_ones(const struct wire *w)
{
	size_t n = 0;
	LIST_EACH(at, (struct list *)&w->lookups)
		n += CONTAINER_OF(at, struct lookups, in_list)->open;
	return n;
}

enum status wire_lookup_start(struct wire *w, struct lookups *l)
{
	enum status st = ST_OK;
	if (open_ones(w) + l->n > LOOKUPS_OPEN) {
		snprintf(l->words, sizeof(l->words), "too many certificates of other peers are being looked up");
		return ST_LIMIT;
	}
	l->own = ++w->lookup_last;
	list_push_back(&w->lookups, &l->in_list);
	for (size_t i = 0; i < l->n && st == ST_OK; i++) {
		st = start_one(w, l, i);
		l->open += st == ST_OK;
	}
	if (st != ST_OK)
		stop(w, l);
	return st;
}

static enum status take(struct lookup *v, struct view body)
{
	uint8_t hash[CERT_HASH_LEN];
	prf_sha1(&body, 1, hash);
	if (memcmp(hash, v->named.p, sizeof(hash)) != 0)
		return ST_BAD_CERT;
	v->bytes = mem_dup(body.p, body.len);
	v->len = body.len;
	return v->bytes ? ST_OK : ST_NOMEM;
}

static void on_fetched(struct wire *w, uint64_t number, enum status st, const char *words, struct view body)
{
	struct lookups *l = find(w, number / LOOKUPS_MAX);
	if (!l)
		return;
	struct lookup *v = &l->v[number % LOOKUPS_MAX];
	l->open--;
	if (st == ST_OK) {
		st = take(v, body);
		words = st == ST_BAD_CERT ? "what is there has another hash" : status_words(st);
	} else {
		stats_add(w->stats, CT_FETCHES_FAILED, 1);
	}
	if (st == ST_OK && l->open)
		return;
	if (st != ST_OK) {
		char url[FETCH_URL_MAX];
		const char *none;
		if (url_of(v, url, &none) == ST_OK)
			say(l, url, words);
	}
	stop(w, l);
	lookup_done(w, l, st);
}

struct lookups *wire_lookup_drop(struct wire *w, uint64_t number)
{
	LIST_EACH(at, &w->lookups) {
		struct lookups *l = CONTAINER_OF(at, struct lookups, in_list);
		if (l->number != number)
			continue;
		stop(w, l);
		return l;
	}
	return NULL;
}

struct lookups *wire_lookup_drop_any(struct wire *w)
{
	struct lookups *l = list_empty(&w->lookups) ? NULL : CONTAINER_OF(w->lookups.next, struct lookups, in_list);
	if (l)
		stop(w, l);
	return l;
}

void wire_lookup_fini(struct lookups *l)
{
	for (size_t i = 0; i < l->n; i++)
		mem_free(l->v[i].bytes);
	l->n = 0;
}
