#include "cmd/wire_user.h"

#include <unistd.h>

#include "cmd/holder_proto.h"
#include "cmd/users.h"
#include "core/base/log.h"
#include "db/store.h"
#include "modules/loop/loop.h"

static enum status put(void *ctx, const struct store_user *row)
{
	struct wire *w = ctx;
	return store_user(w->store, row);
}

static enum status load(void *ctx, const struct store_user *row)
{
	struct wire *w = ctx;
	return users_load(w->users, row);
}

/* The service manager's before the file: who went to the trouble wants no key in the folder. */
static enum status read_key(struct wire *w, bool make)
{
	struct asroot_request rq = {.op = ASROOT_CREDENTIAL};
	struct asroot_reply reply;
	uint8_t key[MASTER_KEY_LEN];
	int fds[ASROOT_FDS];
	enum status st = asroot_call(w->control, &rq, &reply, fds);
	if (st == ST_OK) {
		st = master_key_take(fds[0], key);
		close(fds[0]);
	} else if (st == ST_NOT_FOUND) {
		st = master_key_read(w->state, make, key);
	}
	if (st == ST_OK)
		users_set_key(w->users, key);
	mem_zero(key, sizeof(key));
	return st;
}

/* Said once, at the start: a folder that was put together from two backups. */
static void look_at_records(struct wire *w, enum status key)
{
	const struct store_user *row;
	struct eap_user u;
	size_t cursor = 0, bad = 0;
	while ((row = users_next(w->users, &cursor)) != NULL) {
		if (!row->len)
			continue;
		users_ask(w->users, w->conf, row->name, 0, &u);
		bad += !u.has_scrypt && !u.has_nt && !u.has_clear;
		eap_user_wipe(&u);
	}
	if (bad)
		LOG(EV_STORE_ERROR,
		    kv_str("reason", key == ST_OK ? "users were sealed under another master key"
						  : "there is no usable master.key for the users"),
		    kv_u64("users", bad), kv_status("status", key));
}

enum status wire_user_open(struct wire *w)
{
	w->users = users_new(put, w);
	if (!w->users)
		return ST_NOMEM;
	enum status st = store_users_read(w->state, load, w);
	if (st == ST_OK)
		look_at_records(w, read_key(w, false));
	return st;
}

void wire_user_close(struct wire *w)
{
	users_free(w->users);
	w->users = NULL;
}

void wire_user_ask(struct wire *w, const char *name, struct eap_user *out)
{
	users_ask(w->users, w->conf, name, (uint64_t)loop_wall_ms(), out);
}

enum status wire_user_result(struct wire *w, const struct eap_step *step)
{
	enum status st = ST_OK;
	if (step->checked == EAP_CHECKED_RIGHT)
		st = users_right(w->users, w->conf, step->name, step->totp_step, (uint64_t)loop_wall_ms());
	else if (step->checked == EAP_CHECKED_WRONG)
		st = users_wrong(w->users, w->conf, step->name, (uint64_t)loop_wall_ms());
	if (st != ST_USER_LOCKED || step->checked != EAP_CHECKED_WRONG)
		return st;
	LOG(EV_USER_LOCKED, kv_str("user", step->name), kv_u64("minutes", w->conf->own.user_lock_min));
	return ST_OK;
}

enum status wire_user_make_key(void *ctx)
{
	struct wire *w = ctx;
	return read_key(w, true);
}

uint64_t wire_user_ms(void *ctx)
{
	(void)ctx;
	return (uint64_t)loop_wall_ms();
}
