#include "cmd/user.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/client.h"
#include "cmd/prompt.h"
#include "cmd/run.h"
#include "cmd/users.h"
#include "core/base/mem.h"
#include "core/crypto/password.h"
#include "core/crypto/rnd.h"
#include "core/eap/verifier.h"

#define WORDS_MAX 8

struct user_call {
	const char *socket, *state;
	bool json;
	int n;
	char *words[WORDS_MAX]; /* verb, name, ... */
	struct eap_user made;
};

static int usage(const char *why)
{
	fprintf(stderr,
		"sallyport: %s\n"
		"usage: sallyport user add NAME [gtc] [mschapv2] [md5]   the password is read from the terminal\n"
		"       sallyport user set NAME [gtc] [mschapv2] [md5]   or from standard input\n"
		"       sallyport user totp NAME [off]\n"
		"       sallyport user del|unlock NAME\n"
		"       sallyport user list [--json]\n"
		"options: [--socket PATH] [--state DIR]; without methods: gtc mschapv2\n",
		why);
	return 2;
}

static int take_words(struct user_call *c, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		bool is_socket = strcmp(argv[i], "--socket") == 0;
		if (strcmp(argv[i], "--json") == 0) {
			c->json = true;
		} else if (is_socket || strcmp(argv[i], "--state") == 0) {
			if (++i == argc)
				return usage("the option needs a path");
			*(is_socket ? &c->socket : &c->state) = argv[i];
		} else if (strncmp(argv[i], "--", 2) == 0 || c->n == WORDS_MAX) {
			return usage(c->n == WORDS_MAX ? "too many words" : "unknown option");
		} else {
			c->words[c->n++] = argv[i];
		}
	}
	return c->n ? 0 : usage("what about users?");
}

/* A name that MSCHAPv2 can carry, and that a line of a log can show. */
static bool is_name(const char *name)
{
	size_t len = strlen(name);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f || name[i] == '\\')
			return false;
	return len > 0 && len <= EAP_NAME_MAX;
}

/* ---- the password -------------------------------------------------------------------------------- */

static int read_password(char *out, size_t cap)
{
	char again[EAP_PASSWORD_MAX + 2];
	bool ok;
	if (!isatty(STDIN_FILENO))
		return prompt_line(out, cap) && out[0] ? 0 : usage("no password on standard input, or longer than 256 bytes");
	ok = prompt_secret("Password: ", out, cap) && out[0] && prompt_secret("Again: ", again, sizeof(again));
	bool same = ok && strcmp(out, again) == 0;
	mem_zero(again, sizeof(again));
	if (!same)
		fprintf(stderr, "sallyport: %s\n", ok ? "the two differ" : "no password");
	return same ? 0 : 1;
}

static int make_verifiers(struct user_call *c)
{
	static const struct {
		const char *word;
		unsigned what;
	} methods[] = {{"gtc", EAP_FOR_SHOWN}, {"mschapv2", EAP_FOR_MSCHAPV2}, {"md5", EAP_FOR_MD5}};
	char password[EAP_PASSWORD_MAX + 2];
	uint8_t salt[EAP_SCRYPT_SALT];
	unsigned what = 0;
	for (int i = 2; i < c->n; i++) {
		unsigned found = 0;
		for (size_t k = 0; k < sizeof(methods) / sizeof(methods[0]); k++)
			if (strcmp(c->words[i], methods[k].word) == 0)
				found = methods[k].what;
		if (!found)
			return usage("methods are gtc, mschapv2 and md5");
		what |= found;
	}
	int rc = read_password(password, sizeof(password));
	if (rc)
		return rc;
	rnd_bytes(salt, sizeof(salt));
	enum status st = eap_user_set(&c->made, (struct view){(const uint8_t *)password, strlen(password)},
				      what ? what : EAP_FOR_SHOWN | EAP_FOR_MSCHAPV2, salt);
	mem_zero(password, sizeof(password));
	if (st == ST_OK)
		return 0;
	fprintf(stderr, "sallyport: %s\n", st == ST_CONFIG ? "a password for MSCHAPv2 must be UTF-8" :
		st == ST_LIMIT ? "a password has 1 to 256 bytes" : status_words(st));
	return 1;
}

static void print_base32(const uint8_t *p, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	for (size_t i = 0; i < len; i += 5) {
		uint64_t five = 0;
		for (size_t k = 0; k < 5; k++)
			five = five << 8 | p[i + k];
		for (int k = 35; k >= 0; k -= 5)
			putchar(digits[five >> k & 31]);
	}
}

/* What an authenticator reads (RFC 4648 base32); the only time that it is shown. */
static void print_secret(const struct user_call *c)
{
	const char *name = c->words[1];
	printf("secret ");
	print_base32(c->made.totp, c->made.totp_len);
	printf("\notpauth://totp/Sallyport:");
	for (size_t i = 0; name[i]; i++) {
		bool plain = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~@", name[i]);
		printf(plain ? "%c" : "%%%02X", (unsigned char)name[i]);
	}
	printf("?secret=");
	print_base32(c->made.totp, c->made.totp_len);
	printf("&issuer=Sallyport\n");
}

/* ---- with a daemon ------------------------------------------------------------------------------- */

static int ask_daemon(struct user_call *c)
{
	static char word[] = "user", json[] = "--json", option[] = "--socket";
	char hex[2 * RECORD_MAX + 1] = "", *argv[WORDS_MAX];
	uint8_t bytes[RECORD_MAX];
	struct wr w = wr_init(bytes, sizeof(bytes));
	bool has_record = c->made.has_scrypt || c->made.has_nt || c->made.has_clear || c->made.has_totp;
	int n = 0;
	argv[n++] = word;
	argv[n++] = c->words[0];
	if (c->n > 1)
		argv[n++] = c->words[1];
	record_build(&w, &c->made);
	for (size_t i = 0; i < w.len; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	if (has_record)
		argv[n++] = hex;
	else if (c->n > 2)
		argv[n++] = c->words[2];
	if (c->json)
		argv[n++] = json;
	argv[n++] = option;
	argv[n++] = (char *)(uintptr_t)c->socket;
	int rc = client_main(n, argv);
	mem_zero(hex, sizeof(hex));
	mem_zero(bytes, sizeof(bytes));
	return rc;
}

/* ---- without ------------------------------------------------------------------------------------- */

static enum status put_row(void *ctx, const struct store_user *row)
{
	const struct user_call *c = ctx;
	return store_user_write(c->state, row);
}

static enum status load_row(void *ctx, const struct store_user *row)
{
	return users_load(ctx, row);
}

static void list(const struct users *u)
{
	const struct store_user *row;
	size_t cursor = 0;
	while ((row = users_next(u, &cursor)) != NULL)
		if (row->len)
			printf("%s (%u failures)\n", row->name, row->failures);
}

static enum status change_file(struct user_call *c, struct users *u)
{
	const char *verb = c->words[0], *name = c->n > 1 ? c->words[1] : "";
	uint8_t nonce[RECORD_NONCE_LEN], key[MASTER_KEY_LEN];
	bool adds = strcmp(verb, "add") == 0;
	if (strcmp(verb, "list") == 0) {
		list(u);
		return ST_OK;
	}
	if (strcmp(verb, "del") == 0)
		return users_del(u, name);
	if (strcmp(verb, "unlock") == 0)
		return users_unlock(u, name);
	/* A key is made only where there is nothing that another one has sealed. */
	bool is_first = true;
	size_t cursor = 0;
	for (const struct store_user *row; (row = users_next(u, &cursor)) != NULL;)
		is_first = is_first && !row->len;
	enum status st = master_key_read(c->state, adds && is_first, key);
	if (st == ST_OK)
		users_set_key(u, key);
	mem_zero(key, sizeof(key));
	rnd_bytes(nonce, sizeof(nonce));
	if (st != ST_OK)
		return st;
	return adds ? users_add(u, name, &c->made, nonce) :
		strcmp(verb, "set") == 0 ? users_set(u, name, &c->made, nonce) :
					   users_totp(u, name, &c->made, nonce);
}

static int ask_file(struct user_call *c)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/secrets.db", c->state);
	if (n < 0 || n >= (int)sizeof(path) || access(path, R_OK | W_OK) != 0) {
		fprintf(stderr, "sallyport: no daemon answers at %s, and %s/secrets.db cannot be used: %s\n",
			c->socket, c->state, strerror(errno));
		return 1;
	}
	struct users *u = users_new(put_row, c);
	enum status st = u ? store_users_read(c->state, load_row, u) : ST_NOMEM;
	if (st == ST_OK)
		st = change_file(c, u);
	users_free(u);
	if (st != ST_OK)
		fprintf(stderr, "sallyport: %s\n",
			st == ST_EXISTS ? "there is such a user already" :
			st == ST_NOT_FOUND ? "no such user, or no master.key for those who are there" : status_words(st));
	return st == ST_OK ? 0 : 1;
}

int user_main(int argc, char **argv)
{
	static const struct {
		const char *verb;
		int least, most;
	} verbs[] = {{"add", 2, 5}, {"set", 2, 5}, {"totp", 2, 3}, {"del", 2, 2}, {"unlock", 2, 2}, {"list", 1, 1}};
	struct user_call c = {.socket = CONTROL_SOCKET_DEFAULT, .state = STATE_DEFAULT};
	size_t v = 0;
	int rc = take_words(&c, argc, argv);
	if (rc)
		return rc;
	while (v < sizeof(verbs) / sizeof(verbs[0]) && strcmp(verbs[v].verb, c.words[0]) != 0)
		v++;
	if (v == sizeof(verbs) / sizeof(verbs[0]) || c.n < verbs[v].least || c.n > verbs[v].most)
		return usage("unknown, or too few or too many words");
	if (c.n > 1 && !is_name(c.words[1]))
		return usage("a name has 1 to 255 bytes, none of them a control character or a backslash");
	if (v < 2)
		rc = make_verifiers(&c);
	bool new_secret = strcmp(c.words[0], "totp") == 0 && c.n == 2;
	if (new_secret) {
		c.made.has_totp = true;
		c.made.totp_len = TOTP_SECRET;
		rnd_bytes(c.made.totp, TOTP_SECRET);
	} else if (strcmp(c.words[0], "totp") == 0 && strcmp(c.words[2], "off") != 0) {
		rc = usage("totp NAME, or totp NAME off");
	}
	if (rc == 0)
		rc = client_answers(c.socket) ? ask_daemon(&c) : ask_file(&c);
	if (rc == 0 && new_secret)
		print_secret(&c);
	eap_user_wipe(&c.made);
	return rc;
}
