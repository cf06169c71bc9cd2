/* The daemon's side of `sallyport user`. Verifiers come made (core/eap/record.h, in hex): scrypt is not for the
 * loop, and a password has no business here. */
#include <inttypes.h>
#include <string.h>

#include "cmd/show.h"
#include "cmd/users.h"
#include "core/crypto/rnd.h"

static int refuse(struct out *err, enum status st)
{
	out_printf(err, "%s\n", st == ST_CONFIG ? "there is no master key" :
		st == ST_NOT_AUTHENTIC ? "the user was sealed under another master key: remove it and add it again" :
		st == ST_NOT_FOUND ? "no such user here (users of the configuration are changed there)" :
		st == ST_EXISTS ? "there is such a user already" : status_words(st));
	return 1;
}

static int usage(struct out *err, const char *what)
{
	out_printf(err, "usage: user %s\n", what);
	return 2;
}

static bool take_nibble(char c, uint8_t *v)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;
	*v = (uint8_t)(*v << 4 | (at ? at - digits : 0));
	return at != NULL;
}

static bool take_record(const char *hex, struct eap_user *u)
{
	uint8_t bytes[RECORD_MAX];
	size_t n = strlen(hex) / 2;
	bool ok = strlen(hex) % 2 == 0 && n <= sizeof(bytes);
	for (size_t i = 0; ok && i < n; i++)
		ok = take_nibble(hex[2 * i], &bytes[i]) && take_nibble(hex[2 * i + 1], &bytes[i]);
	ok = ok && record_parse((struct view){bytes, n}, u) == ST_OK;
	mem_zero(bytes, sizeof(bytes));
	return ok;
}

typedef enum status change_fn(struct users *u, const char *name, const struct eap_user *v, const uint8_t *nonce);

static int change(struct world *w, const struct admin_args *args, change_fn *fn, struct out *err)
{
	uint8_t nonce[RECORD_NONCE_LEN];
	struct eap_user u = {0};
	if (args->n != 2 || (strcmp(args->words[1], "off") != 0 && !take_record(args->words[1], &u)))
		return usage(err, "{add|set|totp} NAME RECORD: ask with `sallyport user`");
	enum status st = users_has_key(w->users) ? ST_OK : w->make_user_key(w->ctx);
	rnd_bytes(nonce, sizeof(nonce));
	if (st == ST_OK)
		st = fn(w->users, args->words[0], &u, nonce);
	eap_user_wipe(&u);
	return st == ST_OK ? 0 : refuse(err, st);
}

SHOW(user_add)
{
	(void)out;
	return change(w, args, users_add, err);
}

SHOW(user_set)
{
	(void)out;
	return change(w, args, users_set, err);
}

SHOW(user_totp)
{
	(void)out;
	return change(w, args, users_totp, err);
}

SHOW(user_del)
{
	(void)out;
	if (args->n != 1)
		return usage(err, "del NAME");
	enum status st = users_del(w->users, args->words[0]);
	return st == ST_OK ? 0 : refuse(err, st);
}

SHOW(user_unlock)
{
	(void)out;
	if (args->n != 1)
		return usage(err, "unlock NAME");
	enum status st = users_unlock(w->users, args->words[0]);
	return st == ST_OK ? 0 : refuse(err, st);
}

static void put_user(struct world *w, struct out *out, const char *name, const char *where,
	uint32_t failures)
{
	struct eap_user u;
	users_ask(w->users, w->conf, name, w->user_ms(w->ctx), &u);
	if (out->json) {
		js_open(out, NULL);
		js_str(out, "name", name);
		js_str(out, "from", where);
		js_bool(out, "gtc", u.has_scrypt || u.has_clear);
		js_bool(out, "mschapv2", u.has_nt || u.has_clear);
		js_bool(out, "md5", u.has_clear);
		js_bool(out, "totp", u.has_totp);
		js_bool(out, "locked", u.is_locked);
		js_u64(out, "failures", failures);
		js_close(out);
	} else {
		out_printf(out, "%-32s %-13s %-3s %-8s %-3s %-4s %s (%" PRIu32 " failures)\n", name, where,
			   u.has_scrypt || u.has_clear ? "gtc" : "-", u.has_nt || u.has_clear ? "mschapv2" : "-",
			   u.has_clear ? "md5" : "-", u.has_totp ? "totp" : "-",
			   u.is_locked ? "locked" : "open", failures);
	}
	eap_user_wipe(&u);
}

SHOW(user_list)
{
	const struct store_user *row;
	size_t cursor = 0;
	if (out->json)
		js_open_array(out, NULL);
	while ((row = users_next(w->users, &cursor)) != NULL) {
		bool of_conf = snapshot_user(w->conf, row->name) != NULL;
		if (row->len || of_conf)
			put_user(w, out, row->name, of_conf ? "configuration" : "secrets.db", row->failures);
	}
	for (size_t i = 0; i < w->conf->user_count; i++) {
		const char *name = w->conf->users[i].name;
		if (!users_has_row(w->users, name))
			put_user(w, out, name, "configuration", 0);
	}
	if (out->json)
		js_close_array(out);
	return 0;
}
