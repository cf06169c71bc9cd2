/* What was fetched and is worth keeping, and what failed a moment ago. Loop thread. */
#ifndef MODULES_FETCH_CACHE_H
#define MODULES_FETCH_CACHE_H

#include "core/base/list.h"
#include "modules/fetch/fetch.h"

#define CACHE_FAILED 256 /* failures that are remembered */

/* The name of an entry: a URL and what was posted there, or "host:port" and nothing. */
struct cache_key {
	const char *text;
	struct view body;
};

struct cache {
	struct list kept, failed;
	size_t n_kept, n_failed;
	size_t bytes; /* of what is kept */
};

void cache_init(struct cache *c);
void cache_clear(struct cache *c);
void cache_forget_failures(struct cache *c);

/* Copies both; replaces an entry of that name. Makes room by dropping what ends first; what is longer than all there may be, or
 * finds no memory, is not kept. */
void cache_keep(struct cache *c, const struct cache_key *key, struct view answer, uint64_t until_ms);
/* False: it is not there, or not any more. */
bool cache_kept(struct cache *c, const struct cache_key *key, uint64_t now_ms, struct view *answer);

/* It failed with this status and sentence; remembered for FETCH_FAILED_MS. */
void cache_fail(struct cache *c, const struct cache_key *key, uint64_t now_ms, enum status st, const char *words);
/* ST_OK: nothing is known against it. Else the status then, and its words. */
enum status cache_failed(struct cache *c, const struct cache_key *key, uint64_t now_ms, char words[FETCH_WORDS]);

#endif
