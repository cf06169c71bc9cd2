#include "modules/fetch/cache.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"

struct entry {
	struct list in_list;
	uint64_t until_ms;
	char *text;
	uint8_t *body;
	size_t body_len;
	uint8_t *answer; /* kept */
	size_t answer_len;
	enum status status; /* failed */
	char words[FETCH_WORDS];
};

void cache_init(struct cache *c)
{
	*c = (struct cache){0};
	list_init(&c->kept);
	list_init(&c->failed);
}

static void entry_free(struct entry *e)
{
	list_del(&e->in_list);
	mem_free(e->text);
	mem_free(e->body);
	mem_free(e->answer);
	mem_free(e);
}

static struct entry *entry_new(const struct cache_key *key, struct view answer, uint64_t until_ms)
{
	struct entry *e = mem_new(sizeof(*e));
	if (!e)
		return NULL;
	list_init(&e->in_list);
	e->until_ms = until_ms;
	e->text = mem_strdup(key->text);
	e->body = key->body.len ? mem_dup(key->body.p, key->body.len) : NULL;
	e->body_len = key->body.len;
	e->answer = answer.len ? mem_dup(answer.p, answer.len) : NULL;
	e->answer_len = answer.len;
	if (!e->text || (key->body.len && !e->body) || (answer.len && !e->answer)) {
		entry_free(e);
		return NULL;
	}
	return e;
}

static struct entry *find(struct list *in, const struct cache_key *key)
{
	LIST_EACH(at, in) {
		struct entry *e = CONTAINER_OF(at, struct entry, in_list);
		if (e->body_len == key->body.len && strcmp(e->text, key->text) == 0 &&
		    (e->body_len == 0 || memcmp(e->body, key->body.p, e->body_len) == 0))
			return e;
	}
	return NULL;
}

static struct entry *first_to_end(struct list *in)
{
	struct entry *first = NULL;
	LIST_EACH(at, in) {
		struct entry *e = CONTAINER_OF(at, struct entry, in_list);
		if (!first || e->until_ms < first->until_ms)
			first = e;
	}
	return first;
}

static size_t weight(const struct entry *e)
{
	return sizeof(*e) + strlen(e->text) + e->body_len + e->answer_len;
}

static void drop_kept(struct cache *c, struct entry *e)
{
	c->bytes -= weight(e);
	c->n_kept--;
	entry_free(e);
}

static void drop_failed(struct cache *c, struct entry *e)
{
	c->n_failed--;
	entry_free(e);
}

void cache_forget_failures(struct cache *c)
{
	while (!list_empty(&c->failed))
		drop_failed(c, CONTAINER_OF(c->failed.next, struct entry, in_list));
}

void cache_clear(struct cache *c)
{
	cache_forget_failures(c);
	while (!list_empty(&c->kept))
		drop_kept(c, CONTAINER_OF(c->kept.next, struct entry, in_list));
}

void cache_keep(struct cache *c, const struct cache_key *key, struct view answer, uint64_t until_ms)
{
	struct entry *old = find(&c->kept, key);
	struct entry *e = entry_new(key, answer, until_ms);
	if (!e)
		return;
	if (old)
		drop_kept(c, old);
	size_t bytes = weight(e);
	if (bytes > FETCH_KEPT_BYTES) {
		entry_free(e);
		return;
	}
	while (c->bytes > FETCH_KEPT_BYTES - bytes)
		drop_kept(c, first_to_end(&c->kept));
	list_push_back(&c->kept, &e->in_list);
	c->n_kept++;
	c->bytes += bytes;
}

bool cache_kept(struct cache *c, const struct cache_key *key, uint64_t now_ms, struct view *answer)
{
	struct entry *e = find(&c->kept, key);
	if (e && e->until_ms <= now_ms) {
		drop_kept(c, e);
		e = NULL;
	}
	*answer = e ? (struct view){e->answer, e->answer_len} : (struct view){0};
	return e != NULL;
}

void cache_fail(struct cache *c, const struct cache_key *key, uint64_t now_ms, enum status st, const char *words)
{
	struct entry *e = find(&c->failed, key);
	if (e)
		drop_failed(c, e);
	e = entry_new(key, (struct view){0}, now_ms + FETCH_FAILED_MS);
	if (!e)
		return;
	e->status = st;
	snprintf(e->words, sizeof(e->words), "%s", words);
	if (c->n_failed == CACHE_FAILED)
		drop_failed(c, first_to_end(&c->failed));
	list_push_back(&c->failed, &e->in_list);
	c->n_failed++;
}

enum status cache_failed(struct cache *c, const struct cache_key *key, uint64_t now_ms, char words[FETCH_WORDS])
{
	struct entry *e = find(&c->failed, key);
	if (e && e->until_ms <= now_ms) {
		drop_failed(c, e);
		e = NULL;
	}
	if (!e)
		return ST_OK;
	memcpy(words, e->words, sizeof(e->words));
	return e->status;
}
