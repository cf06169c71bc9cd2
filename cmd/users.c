#include "cmd/users.h"

#include <string.h>

#include "core/base/mem.h"

#define MINUTE_MS 60000u

struct users {
	users_put_fn put;
	void *ctx;
	bool has_key;
	uint8_t key[RECORD_KEY_LEN];
	struct store_user **v; /* sorted by name */
	size_t n, cap;
};

struct users *users_new(users_put_fn put, void *ctx)
{
	struct users *u = mem_new(sizeof(*u));
	if (u)
		*u = (struct users){.put = put, .ctx = ctx};
	return u;
}

void users_free(struct users *u)
{
	if (!u)
		return;
	for (size_t i = 0; i < u->n; i++)
		mem_free(u->v[i]);
	mem_free(u->v);
	mem_free_secret(u, sizeof(*u));
}

void users_set_key(struct users *u, const uint8_t key[RECORD_KEY_LEN])
{
	memcpy(u->key, key, sizeof(u->key));
	u->has_key = true;
}

bool users_has_key(const struct users *u)
{
	return u->has_key;
}

/* ---- rows ---------------------------------------------------------------------------------------- */

/* Where the name is, or would be. */
static size_t place(const struct users *u, const char *name, bool *is_there)
{
	size_t lo = 0, hi = u->n;
	*is_there = false;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int order = strcmp(u->v[mid]->name, name);
		if (order == 0) {
			*is_there = true;
			return mid;
		}
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct store_user *find(const struct users *u, const char *name)
{
	bool is_there;
	size_t at = place(u, name, &is_there);
	return is_there ? u->v[at] : NULL;
}

/* What is written is in force; what could not be written is as it was. */
static enum status keep(struct users *u, const struct store_user *row)
{
	bool is_there;
	size_t at = place(u, row->name, &is_there);
	if (!is_there) {
		struct store_user *copy = mem_dup(row, sizeof(*row));
		if (copy && u->n == u->cap) {
			size_t cap = u->cap ? 2 * u->cap : 64;
			void *v = mem_grow(u->v, u->cap * sizeof(*u->v), cap * sizeof(*u->v));
			if (!v) {
				mem_free(copy);
				return ST_NOMEM;
			}
			u->v = v;
			u->cap = cap;
		}
		if (!copy)
			return ST_NOMEM;
		memmove(u->v + at + 1, u->v + at, (u->n - at) * sizeof(*u->v));
		u->v[at] = copy;
		u->n++;
		return ST_OK;
	}
	*u->v[at] = *row;
	if (row->len || row->failures || row->until_ms || row->totp_used)
		return ST_OK;
	mem_free(u->v[at]);
	u->n--;
	memmove(u->v + at, u->v + at + 1, (u->n - at) * sizeof(*u->v));
	return ST_OK;
}

static enum status write_row(struct users *u, const struct store_user *row)
{
	enum status st = u->put(u->ctx, row);
	return st == ST_OK ? keep(u, row) : st;
}

enum status users_load(struct users *u, const struct store_user *row)
{
	return keep(u, row);
}

const struct store_user *users_next(const struct users *u, size_t *cursor)
{
	return *cursor < u->n ? u->v[(*cursor)++] : NULL;
}

bool users_has_row(const struct users *u, const char *name)
{
	return find(u, name) != NULL;
}

/* ---- questions ----------------------------------------------------------------------------------- */

static bool open_row(const struct users *u, const struct store_user *row, struct eap_user *out)
{
	return u->has_key &&
	       record_open(u->key, row->name, (struct view){row->record, row->len}, out) == ST_OK;
}

/* A clock that was set back does not lock for longer than the lock is long. */
static bool is_locked(const struct store_user *row, const struct snapshot *conf, uint64_t now_ms)
{
	uint64_t window = (uint64_t)conf->own.user_lock_min * MINUTE_MS;
	return conf->own.user_max_fail && now_ms < row->until_ms && row->until_ms - now_ms <= window;
}

void users_ask(const struct users *u, const struct snapshot *conf, const char *name, uint64_t now_ms,
	struct eap_user *out)
{
	const struct conf_user *c = snapshot_user(conf, name);
	const struct store_user *row = find(u, name);
	eap_user_wipe(out);
	if (c) {
		out->has_clear = c->password.len <= sizeof(out->clear);
		out->clear_len = out->has_clear ? (uint16_t)c->password.len : 0;
		memcpy(out->clear, c->password.bytes, out->clear_len);
	} else if (!row || !row->len) {
		return;
	} else if (!open_row(u, row, out)) {
		eap_user_wipe(out);
	}
	out->is_found = true;
	out->is_locked = row && is_locked(row, conf, now_ms);
	out->totp_used = row ? row->totp_used : 0;
}

static bool is_known(const struct users *u, const struct snapshot *conf, const char *name,
	struct store_user *row)
{
	const struct store_user *have = find(u, name);
	*row = have ? *have : (struct store_user){0};
	if (!have && strlen(name) < sizeof(row->name))
		memcpy(row->name, name, strlen(name));
	return (have && have->len) || (row->name[0] && snapshot_user(conf, name));
}

enum status users_right(
	struct users *u, const struct snapshot *conf, const char *name, uint64_t totp_step, uint64_t now_ms)
{
	struct store_user row;
	if (!is_known(u, conf, name, &row))
		return ST_OK;
	if (is_locked(&row, conf, now_ms))
		return ST_USER_LOCKED;
	if (totp_step && totp_step <= row.totp_used)
		return ST_WRONG_CODE;
	if (!totp_step && !row.failures && !row.until_ms)
		return ST_OK;
	if (totp_step)
		row.totp_used = totp_step;
	row.failures = 0;
	row.since_ms = row.until_ms = 0;
	return write_row(u, &row);
}

enum status users_wrong(
	struct users *u, const struct snapshot *conf, const char *name, uint64_t now_ms)
{
	uint64_t window = (uint64_t)conf->own.user_lock_min * MINUTE_MS;
	struct store_user row;
	if (!conf->own.user_max_fail || !is_known(u, conf, name, &row))
		return ST_OK;
	if (is_locked(&row, conf, now_ms))
		return ST_OK;
	if (row.until_ms || now_ms < row.since_ms || now_ms - row.since_ms >= window)
		row.failures = 0;
	if (!row.failures)
		row.since_ms = now_ms;
	row.failures++;
	row.until_ms = row.failures >= conf->own.user_max_fail ? now_ms + window : 0;
	enum status st = write_row(u, &row);
	return st == ST_OK && row.until_ms ? ST_USER_LOCKED : st;
}

/* ---- changes ------------------------------------------------------------------------------------- */

static enum status store_verifiers(struct users *u, const char *name, const struct eap_user *v,
	const uint8_t nonce[RECORD_NONCE_LEN])
{
	const struct store_user *have = find(u, name);
	struct store_user row = have ? *have : (struct store_user){0};
	struct wr w = wr_init(row.record, sizeof(row.record));
	enum status st;
	if (!u->has_key)
		return ST_CONFIG;
	if (!name[0] || strlen(name) >= sizeof(row.name))
		return ST_LIMIT;
	memset(row.name, 0, sizeof(row.name));
	memcpy(row.name, name, strlen(name));
	st = record_seal(u->key, nonce, name, v, &w);
	row.len = w.len;
	return st == ST_OK ? write_row(u, &row) : st;
}

enum status users_add(struct users *u, const char *name, const struct eap_user *v,
	const uint8_t nonce[RECORD_NONCE_LEN])
{
	const struct store_user *have = find(u, name);
	return have && have->len ? ST_EXISTS : store_verifiers(u, name, v, nonce);
}

/* The other half of the verifiers stays. */
static enum status change(struct users *u, const char *name, const struct eap_user *v, bool totp,
	const uint8_t nonce[RECORD_NONCE_LEN])
{
	const struct store_user *row = find(u, name);
	struct eap_user old, now;
	enum status st;
	if (!row || !row->len)
		return ST_NOT_FOUND;
	if (!u->has_key)
		return ST_CONFIG;
	if (!open_row(u, row, &old))
		return ST_NOT_AUTHENTIC;
	const struct eap_user *second = totp ? v : &old;
	now = totp ? old : *v;
	now.has_totp = second->has_totp;
	now.totp_len = second->totp_len;
	memcpy(now.totp, second->totp, sizeof(now.totp));
	st = store_verifiers(u, name, &now, nonce);
	eap_user_wipe(&old);
	eap_user_wipe(&now);
	return st;
}

enum status users_set(struct users *u, const char *name, const struct eap_user *v,
	const uint8_t nonce[RECORD_NONCE_LEN])
{
	return change(u, name, v, false, nonce);
}

enum status users_totp(struct users *u, const char *name, const struct eap_user *v,
	const uint8_t nonce[RECORD_NONCE_LEN])
{
	return change(u, name, v, true, nonce);
}

enum status users_del(struct users *u, const char *name)
{
	const struct store_user *have = find(u, name);
	struct store_user row = {0};
	if (!have || !have->len)
		return ST_NOT_FOUND;
	memcpy(row.name, have->name, sizeof(row.name));
	return write_row(u, &row);
}

enum status users_unlock(struct users *u, const char *name)
{
	const struct store_user *have = find(u, name);
	if (!have)
		return ST_NOT_FOUND;
	struct store_user row = *have;
	row.failures = 0;
	row.since_ms = row.until_ms = 0;
	return write_row(u, &row);
}
