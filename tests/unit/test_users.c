/* Local users: records at rest, the table of users with lockout, secrets.db, the master key, and
 * the lines of the configuration. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/users.h"
#include "core/base/mem.h"
#include "core/conf/conf.h"
#include "core/eap/verifier.h"
#include "tests/lib/t.h"

#define MINUTE 60000u

static const uint8_t key[RECORD_KEY_LEN] = "a key of thirty two bytes, no ?";
static const uint8_t salt[EAP_SCRYPT_SALT] = "salt";

static struct view text(const char *s)
{
	return (struct view){(const uint8_t *)s, strlen(s)};
}

static struct eap_user verifiers(const char *password, unsigned what)
{
	struct eap_user u = {.is_found = true};

	if (eap_user_set(&u, text(password), what, salt) != ST_OK)
		abort();
	return u;
}

/* ---- records --------------------------------------------------------------------------------- */

static void records_come_back(void)
{
	for (unsigned what = 0; what < 16; what++) {
		uint8_t nonce[RECORD_NONCE_LEN] = {(uint8_t)what}, sealed[RECORD_MAX];
		struct eap_user u = verifiers("open sesame", what & 7), back;
		struct wr w = wr_init(sealed, sizeof(sealed));

		T_ROW(what, NULL);
		/* What is not opted in is not written; nor is what was left of it. */
		if (!u.has_scrypt)
			memset(&u.scrypt, 0, sizeof(u.scrypt));
		if (what & 8) {
			u.has_totp = true;
			u.totp_len = 20;
			memcpy(u.totp, "12345678901234567890", 20);
		}
		T_EQ(record_seal(key, nonce, "anna", &u, &w), ST_OK);
		T_EQ(record_open(key, "anna", (struct view){sealed, w.len}, &back), ST_OK);
		T_MEM(&back, &u, sizeof(u));
		T_TRUE(memmem(sealed, w.len, "open sesame", 11) == NULL);
		/* Of somebody else, of another key, altered, cut short. */
		T_EQ(record_open(key, "bert", (struct view){sealed, w.len}, &back),
			ST_NOT_AUTHENTIC);
		T_TRUE(!back.is_found);
		T_EQ(record_open((const uint8_t *)"another key of thirty two bytes", "anna",
			     (struct view){sealed, w.len}, &back),
			ST_NOT_AUTHENTIC);
		for (size_t i = 0; i < w.len; i++) {
			sealed[i] ^= 1;
			T_EQ(record_open(key, "anna", (struct view){sealed, w.len}, &back),
				ST_NOT_AUTHENTIC);
			sealed[i] ^= 1;
			T_TRUE(record_open(key, "anna", (struct view){sealed, i}, &back) != ST_OK);
		}
	}
}

static void records_are_parsed_strictly(void)
{
	static const struct {
		const char *hex;
		enum status st;
	} rows[] = {
		{"01", ST_OK},
		{"", ST_TRUNCATED},
		{"02", ST_BAD_VERSION},
		{"01 02", ST_TRUNCATED},
		{"01 02 0010", ST_TRUNCATED},
		{"01 02 0001 00", ST_BAD_PAYLOAD},
		{"01 02 0010 00000000000000000000000000000000", ST_OK},
		{"01 02 0010 00000000000000000000000000000000 02 0010 "
		 "00000000000000000000000000000000",
			ST_BAD_PAYLOAD},
		{"01 09 0000", ST_BAD_PAYLOAD},
		{"01 03 0000", ST_BAD_PAYLOAD},
		{"01 03 0001 61", ST_OK},
		{"01 04 0000", ST_BAD_PAYLOAD},
		{"01 01 0002 0e08", ST_BAD_PAYLOAD},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct eap_user u;
		struct view v;

		v.p = t_hex(rows[i].hex, &v.len);
		T_ROW(i, rows[i].hex);
		T_EQ(record_parse(v, &u), rows[i].st);
		T_EQ(u.is_found, rows[i].st == ST_OK);
	}
}

/* ---- the table ------------------------------------------------------------------------------- */

static struct store_user written;
static int writes;
static enum status put_status;

static enum status put(void *ctx, const struct store_user *row)
{
	(void)ctx;
	if (put_status == ST_OK) {
		written = *row;
		writes++;
	}
	return put_status;
}

static struct snapshot *conf_of(const char *lines)
{
	static struct conf_report report;
	struct snapshot *s;

	if (conf_parse(lines, strlen(lines), NULL, &s, &report) != ST_OK)
		abort();
	return s;
}

static struct users *make(void)
{
	struct users *u = users_new(put, NULL);

	writes = 0;
	put_status = ST_OK;
	users_set_key(u, key);
	return u;
}

static void users_come_and_go(void)
{
	struct snapshot *conf = conf_of("");
	struct users *u = make();
	struct eap_user v = verifiers("one", EAP_FOR_SHOWN), got;
	uint64_t step;
	size_t cursor = 0;

	T_EQ(users_add(u, "anna", &v, salt), ST_OK);
	T_EQ(users_add(u, "anna", &v, salt), ST_EXISTS);
	T_EQ(users_add(u, "", &v, salt), ST_LIMIT);
	T_EQ(users_add(u, "abba", &v, salt), ST_OK);
	T_STR(users_next(u, &cursor)->name, "abba");
	T_STR(users_next(u, &cursor)->name, "anna");
	T_TRUE(users_next(u, &cursor) == NULL);
	users_ask(u, conf, "anna", 0, &got);
	T_TRUE(got.is_found && got.has_scrypt && !got.has_nt && !got.has_totp && !got.is_locked);
	T_EQ(eap_check_password(&got, text("one"), 0, false, &step), ST_OK);
	/* A new password leaves the second factor, and the other way round. */
	struct eap_user totp = {.has_totp = true, .totp_len = 3, .totp = "abc"};

	T_EQ(users_totp(u, "anna", &totp, salt), ST_OK);
	v = verifiers("two", EAP_FOR_MSCHAPV2);
	T_EQ(users_set(u, "anna", &v, salt), ST_OK);
	users_ask(u, conf, "anna", 0, &got);
	T_TRUE(!got.has_scrypt && got.has_nt && got.has_totp && got.totp_len == 3);
	totp.has_totp = false;
	T_EQ(users_totp(u, "anna", &totp, salt), ST_OK);
	users_ask(u, conf, "anna", 0, &got);
	T_TRUE(got.has_nt && !got.has_totp);
	T_EQ(users_set(u, "nobody", &v, salt), ST_NOT_FOUND);
	T_EQ(users_totp(u, "nobody", &v, salt), ST_NOT_FOUND);
	T_EQ(users_del(u, "nobody"), ST_NOT_FOUND);
	/* What cannot be written is not in force. */
	put_status = ST_STORE;
	T_EQ(users_del(u, "anna"), ST_STORE);
	users_ask(u, conf, "anna", 0, &got);
	T_TRUE(got.is_found);
	put_status = ST_OK;
	T_EQ(users_del(u, "anna"), ST_OK);
	T_TRUE(written.len == 0 && strcmp(written.name, "anna") == 0);
	users_ask(u, conf, "anna", 0, &got);
	T_TRUE(!got.is_found);
	users_free(u);
	snapshot_unref(conf);
}

static void without_the_master_key_nobody_logs_in(void)
{
	struct snapshot *conf = conf_of("");
	struct users *u = make(), *other = users_new(put, NULL);
	struct eap_user v = verifiers("one", EAP_FOR_SHOWN), got;
	uint64_t step;

	T_EQ(users_add(u, "anna", &v, salt), ST_OK);
	T_EQ(users_load(other, &written), ST_OK);
	T_EQ(users_add(other, "bert", &v, salt), ST_CONFIG);
	for (int i = 0; i < 2; i++) {
		T_ROW(i, NULL);
		users_ask(other, conf, "anna", 0, &got);
		T_TRUE(got.is_found && !got.has_scrypt);
		T_EQ(eap_check_password(&got, text("one"), 0, false, &step), ST_USER_VERIFIER);
		users_set_key(other, (const uint8_t *)"another key of thirty two bytes");
	}
	T_EQ(users_set(other, "anna", &v, salt), ST_NOT_AUTHENTIC);
	users_free(u);
	users_free(other);
	snapshot_unref(conf);
}

static bool locked(const struct users *u, const struct snapshot *conf, uint64_t now_ms)
{
	struct eap_user got;

	users_ask(u, conf, "anna", now_ms, &got);
	return got.is_locked;
}

static void wrong_passwords_lock(void)
{
	struct snapshot *conf = conf_of("aaa local authentication attempts max-fail 3\n"
					"sallyport user lockout minutes 10\n");
	struct users *u = make();
	struct eap_user v = verifiers("one", EAP_FOR_SHOWN);
	uint64_t now = 1000 * MINUTE;

	T_EQ(users_add(u, "anna", &v, salt), ST_OK);
	T_EQ(users_wrong(u, conf, "anna", now), ST_OK);
	T_EQ(users_wrong(u, conf, "anna", now + 1), ST_OK);
	T_TRUE(!locked(u, conf, now + 2));
	T_EQ(users_wrong(u, conf, "anna", now + 2), ST_USER_LOCKED);
	T_TRUE(locked(u, conf, now + 3));
	/* A login that asked before, and was right: one guess of many side by side. */
	T_EQ(users_right(u, conf, "anna", 0, now + 3), ST_USER_LOCKED);
	T_TRUE(locked(u, conf, now + 3));
	/* It is in the row: a restart changes nothing. */
	struct users *again = make();

	T_EQ(users_load(again, &written), ST_OK);
	T_TRUE(locked(again, conf, now + 9 * MINUTE));
	users_free(again);
	/* While it lasts nothing prolongs it; then it begins anew. */
	int before = writes;

	T_EQ(users_wrong(u, conf, "anna", now + 9 * MINUTE), ST_OK);
	T_EQ(writes, before);
	T_TRUE(locked(u, conf, now + 2 + 10 * MINUTE - 1));
	T_TRUE(!locked(u, conf, now + 2 + 10 * MINUTE));
	T_EQ(users_wrong(u, conf, "anna", now + 11 * MINUTE), ST_OK);
	T_TRUE(!locked(u, conf, now + 11 * MINUTE));
	T_EQ(written.failures, 1);
	/* Slowly is not counted together, a right one ends the count. */
	T_EQ(users_wrong(u, conf, "anna", now + 20 * MINUTE), ST_OK);
	T_EQ(written.failures, 2);
	T_EQ(users_wrong(u, conf, "anna", now + 21 * MINUTE), ST_OK);
	T_EQ(written.failures, 1);
	T_EQ(users_right(u, conf, "anna", 0, now + 21 * MINUTE), ST_OK);
	T_EQ(written.failures, 0);
	/* The operator, and a clock that was set back. */
	for (int i = 0; i < 3; i++)
		(void)!users_wrong(u, conf, "anna", now);
	T_TRUE(locked(u, conf, now));
	T_TRUE(!locked(u, conf, now - MINUTE));
	T_EQ(users_unlock(u, "anna"), ST_OK);
	T_TRUE(!locked(u, conf, now));
	T_EQ(users_unlock(u, "nobody"), ST_NOT_FOUND);
	/* Names that do not exist leave nothing behind. */
	before = writes;
	T_EQ(users_wrong(u, conf, "nobody", now), ST_OK);
	T_EQ(users_right(u, conf, "nobody", 5, now), ST_OK);
	T_EQ(writes, before);
	users_free(u);
	snapshot_unref(conf);
}

static void lockout_can_be_off(void)
{
	struct snapshot *conf = conf_of("no aaa local authentication attempts max-fail\n");
	struct users *u = make();
	struct eap_user v = verifiers("one", EAP_FOR_SHOWN);

	T_EQ(conf->own.user_max_fail, 0);
	T_EQ(users_add(u, "anna", &v, salt), ST_OK);
	for (int i = 0; i < 100; i++)
		T_EQ(users_wrong(u, conf, "anna", 5), ST_OK);
	T_TRUE(!locked(u, conf, 5));
	users_free(u);
	snapshot_unref(conf);
}

static void a_code_is_used_once_by_all(void)
{
	struct snapshot *conf = conf_of("");
	struct users *u = make();
	struct eap_user v = verifiers("one", EAP_FOR_SHOWN), got;

	T_EQ(users_add(u, "anna", &v, salt), ST_OK);
	T_EQ(users_right(u, conf, "anna", 7, 5), ST_OK);
	T_EQ(written.totp_used, 7);
	T_EQ(users_right(u, conf, "anna", 7, 5), ST_WRONG_CODE);
	T_EQ(users_right(u, conf, "anna", 6, 5), ST_WRONG_CODE);
	T_EQ(users_right(u, conf, "anna", 8, 5), ST_OK);
	users_ask(u, conf, "anna", 0, &got);
	T_EQ(got.totp_used, 8);
	users_free(u);
	snapshot_unref(conf);
}

/* ---- the configuration ------------------------------------------------------------------------
 */

static void users_of_the_configuration(void)
{
	struct snapshot *conf = conf_of("username anna password 0 open sesame\n"
					"username bert privilege 15 secret hush\n"
					"username carl password hex 6869\n"
					"username anna password twice\n");
	struct users *u = make();
	struct eap_user v = verifiers("of the file", EAP_FOR_SHOWN), got;
	uint8_t nt[EAP_NT_LEN];
	uint64_t step;

	T_EQ(conf->user_count, 3);
	T_EQ(users_add(u, "anna", &v, salt), ST_OK);
	static const char *const rows[][2] = {{"anna", "twice"}, {"bert", "hush"}, {"carl", "hi"}};

	for (size_t i = 0; i < 3; i++) {
		T_ROW(i, rows[i][0]);
		users_ask(u, conf, rows[i][0], 0, &got);
		T_TRUE(got.is_found && got.has_clear);
		T_EQ(eap_check_password(&got, text(rows[i][1]), 0, false, &step), ST_OK);
		T_EQ(eap_check_password(&got, text("of the file"), 0, false, &step),
			ST_WRONG_PASSWORD);
		T_EQ(eap_user_nt(&got, nt), ST_OK);
	}
	/* They are locked like everybody. */
	for (int i = 0; i < 5; i++)
		T_EQ(users_wrong(u, conf, "bert", 5), i < 4 ? ST_OK : ST_USER_LOCKED);
	users_ask(u, conf, "bert", 6, &got);
	T_TRUE(got.is_found && got.is_locked);
	users_free(u);
	snapshot_unref(conf);
}

static void hashes_of_routers_are_refused(void)
{
	static const char *const rows[] = {"username a secret 5 $1$abcd$x",
		"username a secret 8 $8$x", "username a secret 9 $9$x",
		"username a password 7 0822455D0A16", "username a password 6 ABCDEF",
		"username a secret 4 abcd"};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct conf_report report;
		struct snapshot *s = NULL;

		T_ROW(i, rows[i]);
		T_TRUE(conf_parse(rows[i], strlen(rows[i]), NULL, &s, &report) != ST_OK);
		T_TRUE(report.count > 0);
		T_TRUE(strstr(report.msg[0].text, "cannot be used here") != NULL);
	}
}

/* ---- files ------------------------------------------------------------------------------------
 */

static struct store_user seen[8];
static size_t n_seen;

static enum status see(void *ctx, const struct store_user *row)
{
	(void)ctx;
	if (n_seen < 8)
		seen[n_seen++] = *row;
	return ST_OK;
}

static void rows_are_in_the_file(void)
{
	char dir[] = "/tmp/sallyport-users-XXXXXX", path[64];
	struct store_user a = {.name = "anna",
				  .failures = 2,
				  .since_ms = 3,
				  .until_ms = 4,
				  .totp_used = 5,
				  .len = 3,
				  .record = "abc"},
			  b = {.name = "abba", .failures = 1};
	struct stat s;

	T_TRUE(mkdtemp(dir) != NULL);
	T_EQ(store_user_write(dir, &a), ST_OK);
	T_EQ(store_user_write(dir, &b), ST_OK);
	n_seen = 0;
	T_EQ(store_users_read(dir, see, NULL), ST_OK);
	T_EQ(n_seen, 2);
	T_MEM(&seen[0], &b, sizeof(b));
	T_MEM(&seen[1], &a, sizeof(a));
	b.failures = 0;
	T_EQ(store_user_write(dir, &b), ST_OK);
	n_seen = 0;
	T_EQ(store_users_read(dir, see, NULL), ST_OK);
	T_EQ(n_seen, 1);
	snprintf(path, sizeof(path), "%s/secrets.db", dir);
	T_EQ(stat(path, &s), 0);
	T_EQ(s.st_mode & 0777, 0600);
	snprintf(path, sizeof(path), "rm -r %s", dir);
	T_EQ(system(path), 0);
}

static void the_master_key_is_made_once(void)
{
	char dir[] = "/tmp/sallyport-key-XXXXXX", path[64];
	uint8_t one[MASTER_KEY_LEN], two[MASTER_KEY_LEN];
	struct stat s;

	T_TRUE(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/master.key", dir);
	T_EQ(master_key_read(dir, false, one), ST_NOT_FOUND);
	T_EQ(access(path, F_OK), -1);
	T_EQ(master_key_read(dir, true, one), ST_OK);
	T_EQ(stat(path, &s), 0);
	T_EQ(s.st_mode & 0777, 0600);
	T_EQ(s.st_size, MASTER_KEY_LEN);
	T_EQ(master_key_read(dir, true, two), ST_OK);
	T_MEM(one, two, sizeof(one));
	T_EQ(chmod(path, 0640), 0);
	T_EQ(master_key_read(dir, true, two), ST_CONFIG);
	T_EQ(chmod(path, 0600), 0);
	T_EQ(truncate(path, 31), 0);
	T_EQ(master_key_read(dir, true, two), ST_BAD_LENGTH);
	T_EQ(truncate(path, 33), 0);
	T_EQ(master_key_read(dir, true, two), ST_BAD_LENGTH);
	T_EQ(unlink(path), 0);
	T_EQ(symlink("/dev/zero", path), 0);
	T_TRUE(master_key_read(dir, true, two) == ST_IO);
	T_EQ(unlink(path) + rmdir(dir), 0);
}

int main(void)
{
	T_RUN(records_come_back);
	T_RUN(records_are_parsed_strictly);
	T_RUN(users_come_and_go);
	T_RUN(without_the_master_key_nobody_logs_in);
	T_RUN(wrong_passwords_lock);
	T_RUN(lockout_can_be_off);
	T_RUN(a_code_is_used_once_by_all);
	T_RUN(users_of_the_configuration);
	T_RUN(hashes_of_routers_are_refused);
	T_RUN(rows_are_in_the_file);
	T_RUN(the_master_key_is_made_once);
	return t_end();
}
