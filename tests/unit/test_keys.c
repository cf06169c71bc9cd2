/* Keys, main's side and the process: a real process that signs with real keys, and one that this test plays, which is
 * late, lies and dies. */
#include "modules/keys/keys.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/crypto/sig.h"
#include "cmd/holder_keys.h"
#include "modules/keys/msg.h"
#include "modules/keys/process.h"
#include "tests/lib/t.h"

/* Made for this test alone. */
static const char p256[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgdjU67r5c5OW5acMd\n"
	"EfkwaPxH2Jvnhm9mwJJDoiY3aD+hRANCAATVTntKzRSZsbApZO/5yqY7RXUHOf4s\n"
	"0upRk0WlPLCgHRtfJqyVlZi90lu2s3FYt8TH3fMGF84lVLHC2X+pcMuT\n"
	"-----END PRIVATE KEY-----\n";

#define ANSWERS 2048

static struct {
	struct keys *k;
	bool is_real;        /* a process of its own; else the test plays it */
	struct holder_keys holder;
	pid_t pid;
	int theirs;          /* the other end, where the test plays it; -1 */
	int starts, stops;
	bool refuse_start, is_busy;
	const char *file_text[8]; /* by name "0" to "7"; NULL: there is none */
	uint64_t now_ms;     /* where the test plays it */
	uint64_t wake_ms;
	int watched;
	uint32_t serial[KEYS_MAX]; /* handed */
	int handed[KEYS_MAX];
	int loaded[KEYS_MAX], losses;
	enum status status[ANSWERS];
	int answers[ANSWERS];
	size_t sig_len[ANSWERS], n;
	uint8_t sig[ANSWERS][KEYS_SIG_MAX];
	bool is_inside;
} f;

static uint64_t clock_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint64_t now_ms(void *ctx)
{
	return f.is_real ? clock_ms() : f.now_ms;
}

/* ---- ports -------------------------------------------------------------------------------------- */

static void stop(void *ctx)
{
	f.stops++;
	if (f.theirs >= 0)
		close(f.theirs);
	f.theirs = -1;
	if (f.holder.fd >= 0)
		close(f.holder.fd);
	f.holder.fd = -1;
	if (f.pid > 0) {
		kill(f.pid, SIGKILL);
		waitpid(f.pid, NULL, 0);
	}
	f.pid = 0;
}

static enum status start(void *ctx, int *fd)
{
	int pair[2];
	f.starts++;
	if (f.refuse_start || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return ST_IO;
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	*fd = pair[0];
	if (!f.is_real) {
		f.theirs = pair[1];
		fcntl(pair[1], F_SETFL, O_NONBLOCK);
		return ST_OK;
	}
	f.holder.fd = dup(pair[0]);
	f.pid = fork();
	if (f.pid == 0) {
		/* As after exec: above the standard descriptors, and alone. */
		dup2(pair[1], 9);
		_exit(keys_process_main(9));
	}
	close(pair[1]);
	return f.pid > 0 ? ST_OK : ST_IO;
}

static enum status hand(void *ctx, unsigned key, uint32_t serial, const char *file, bool *is_exposed)
{
	const char *text = f.file_text[atoi(file)];
	*is_exposed = false;
	if (!text)
		return ST_NOT_FOUND;
	if (f.is_busy)
		return ST_AGAIN;
	f.serial[key] = serial;
	f.handed[key]++;
	if (!f.is_real)
		return ST_OK;
	int fd = memfd_create("key", 0);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || lseek(fd, 0, SEEK_SET) != 0)
		return ST_IO;
	enum status st = holder_keys_hand(&f.holder, (uint8_t)key, serial, fd);
	close(fd);
	return st;
}

static void watch(void *ctx, int fd)
{
	f.watched = fd;
}

static void unwatch(void *ctx, int fd)
{
	f.watched = -1;
}

static void wake_at(void *ctx, uint64_t at)
{
	f.wake_ms = at;
}

static void loaded(void *ctx, unsigned key, const struct keys_key *k)
{
	f.loaded[key]++;
}

static void on_signature(void *ctx, uint64_t number, enum status st, struct view sig)
{
	if (number >= ANSWERS || f.is_inside || (st == ST_OK) != (sig.len > 0))
		abort();
	f.answers[number]++;
	f.status[number] = st;
	f.sig_len[number] = sig.len;
	memcpy(f.sig[number], sig.p, sig.len);
	f.n++;
}

static void on_log(void *ctx, enum keys_log_kind kind, const char *text)
{
	f.losses += kind == KEYS_LOG_LOST;
}

static const struct keys_ports ports = {start, stop, hand, watch, unwatch, now_ms, wake_at, loaded, on_signature, on_log};

static void begin(bool is_real)
{
	memset(&f, 0, sizeof(f));
	f.is_real = is_real;
	f.now_ms = 1000;
	f.wake_ms = KEYS_NEVER;
	f.watched = f.theirs = f.holder.fd = -1;
	f.file_text[0] = p256;
	f.k = keys_new(&ports, NULL);
	if (!f.k)
		abort();
}

static void finish(void)
{
	keys_free(f.k);
	T_EQ(f.watched, -1);
	T_EQ(f.theirs, -1);
	T_EQ(f.pid, 0);
	T_EQ(mem_live(), 0);
}

/* What is due or readable now. */
static void turn(void)
{
	struct pollfd p = {.fd = f.watched, .events = POLLIN};
	while (f.watched >= 0 && poll(&p, 1, 0) > 0) {
		keys_on_readable(f.k, f.watched);
		p.fd = f.watched;
	}
	for (int i = 0; i < 100 && f.wake_ms <= now_ms(NULL); i++) {
		f.wake_ms = KEYS_NEVER;
		keys_on_time(f.k);
	}
}

static void pass(uint64_t ms)
{
	for (uint64_t end = f.now_ms + ms; f.now_ms < end; f.now_ms += 10)
		turn();
	turn();
}

static enum status ask(uint64_t number, unsigned key, enum keys_use use, uint16_t scheme, const char *data)
{
	f.is_inside = true;
	enum status st = keys_sign(f.k, number, key, use, scheme, (struct view){(const uint8_t *)data, strlen(data)});
	f.is_inside = false;
	return st;
}

/* ---- the real process --------------------------------------------------------------------------- */

static void live(size_t answers)
{
	uint64_t end = clock_ms() + 10000;
	while (f.n < answers && clock_ms() < end) {
		struct pollfd p = {.fd = f.watched, .events = POLLIN};
		uint64_t now = clock_ms();
		if (poll(&p, 1, f.wake_ms <= now ? 0 : 10) > 0)
			keys_on_readable(f.k, f.watched);
		if (f.wake_ms <= clock_ms()) {
			f.wake_ms = KEYS_NEVER;
			keys_on_time(f.k);
		}
	}
}

static void test_real(void)
{
	unsigned key, other, bad;
	static char long_data[KEYS_DATA_MAX + 1];
	begin(true);
	f.file_text[1] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
	f.file_text[3] = "";
	T_EQ(keys_load(f.k, "0", &key), ST_OK);
	T_EQ(keys_load(f.k, "1", &bad), ST_OK);
	T_EQ(keys_load(f.k, "0", &other), ST_OK);
	T_TRUE(key != other && f.starts == 0);
	T_EQ(keys_settle(f.k, 5000), ST_OK);
	const struct keys_key *k = keys_look(f.k, key);
	T_EQ(k->state, KEYS_READY);
	T_EQ(keys_look(f.k, other)->state, KEYS_READY);
	T_EQ(keys_look(f.k, bad)->state, KEYS_REFUSED);
	T_TRUE(strstr(keys_look(f.k, bad)->words, "it is encrypted"));
	T_EQ(f.loaded[key] + f.loaded[bad], 2);
	/* Both uses, all schemes that fit, and what does not. */
	memset(long_data, 'd', KEYS_DATA_MAX);
	T_EQ(ask(0, key, KEYS_IKE, SIG_P256_RAW, "data"), ST_OK);
	T_EQ(ask(1, key, KEYS_IKE, SIG_ECDSA_SHA384, long_data), ST_OK);
	T_EQ(ask(2, key, KEYS_TLS, 0x0403, "tls data"), ST_OK);
	T_EQ(ask(3, key, KEYS_IKE, SIG_RSA_SHA256, "data"), ST_OK);
	T_EQ(ask(4, key, KEYS_IKE, SIG__MAX, "data"), ST_OK);
	T_EQ(ask(5, key, KEYS_TLS, 0x0804, "data"), ST_OK);
	T_EQ(ask(6, bad, KEYS_IKE, SIG_P256_RAW, "data"), ST_OK);
	T_EQ(ask(7, KEYS_MAX, KEYS_IKE, SIG_P256_RAW, "data"), ST_OK);
	T_EQ(ask(8, key, KEYS_IKE, SIG_P256_RAW, ""), ST_OK);
	long_data[KEYS_DATA_MAX] = 'd';
	T_EQ(keys_sign(f.k, 9, key, KEYS_IKE, SIG_P256_RAW, (struct view){(uint8_t *)long_data, KEYS_DATA_MAX + 1}), ST_LIMIT);
	live(9);
	T_EQ(f.n, 9);
	struct view spki = {k->spki, k->spki_len};
	T_EQ(sig_verify(spki, SIG_P256_RAW, (struct view){(const uint8_t *)"data", 4}, (struct view){f.sig[0], f.sig_len[0]}), ST_OK);
	T_EQ(sig_verify(spki, SIG_ECDSA_SHA384, (struct view){(uint8_t *)long_data, KEYS_DATA_MAX}, (struct view){f.sig[1], f.sig_len[1]}), ST_OK);
	T_EQ(sig_verify(spki, SIG_ECDSA_SHA256, (struct view){(const uint8_t *)"tls data", 8}, (struct view){f.sig[2], f.sig_len[2]}), ST_OK);
	T_EQ(sig_verify(spki, SIG_P256_RAW, (struct view){(const uint8_t *)"date", 4}, (struct view){f.sig[0], f.sig_len[0]}), ST_BAD_SIGNATURE);
	for (int i = 3; i < 6; i++)
		T_EQ(f.status[i], ST_SIG_ALGORITHM);
	T_EQ(f.status[6], ST_NOT_FOUND);
	T_EQ(f.status[7], ST_NOT_FOUND);
	T_EQ(f.status[8], ST_OK);
	/* Hundreds at once, and a process that dies in the middle: each is answered once. */
	for (uint64_t i = 10; i < 500; i++)
		T_EQ(ask(i, i % 2 ? key : other, KEYS_IKE, SIG_P256_RAW, "many"), ST_OK);
	live(100);
	kill(f.pid, SIGKILL);
	live(9 + 490);
	size_t lost = 0;
	for (int i = 10; i < 500; i++) {
		T_ROW(i, "question");
		T_EQ(f.answers[i], 1);
		T_TRUE(f.status[i] == ST_OK || f.status[i] == ST_IO);
		lost += f.status[i] == ST_IO;
	}
	T_TRUE(lost <= 8);
	T_EQ(f.losses, 1);
	T_EQ(keys_look(f.k, other)->state, KEYS_READY);
	keys_forget(f.k, key);
	T_EQ(ask(600, key, KEYS_IKE, SIG_P256_RAW, "data"), ST_OK);
	T_EQ(ask(601, other, KEYS_IKE, SIG_P256_RAW, "data"), ST_OK);
	live(9 + 490 + 2);
	T_EQ(f.status[600], ST_NOT_FOUND);
	T_EQ(f.status[601], ST_OK);
	keys_forget(f.k, other);
	keys_forget(f.k, bad);
	T_EQ(f.pid, 0); /* nothing to keep: no process */
	T_DO(finish());
}

/* What reads what it does not understand ends. */
static void test_process_ends(void)
{
	static const struct {
		const char *hex;
		int code;
	} rows[] = {{"", 0}, {"00", 1}, {"01 00 00000001", -1}, {"0180 00000001", 1}, {"4101", 1}, {"0200ff", 1}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int pair[2], how = 0;
		uint8_t record[KEYS_MSG_MAX];
		struct keys_msg m;
		size_t len;
		const uint8_t *bytes = t_hex(rows[i].hex, &len);
		T_ROW(i, rows[i].hex);
		T_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
		pid_t pid = fork();
		if (pid == 0) {
			dup2(pair[1], 9);
			_exit(keys_process_main(9));
		}
		close(pair[1]);
		ssize_t n = recv(pair[0], record, sizeof(record), 0);
		T_TRUE(n > 0 && keys_msg_parse_answer((struct view){record, (size_t)n}, &m) == ST_OK);
		T_EQ(m.type, KEYS_MSG_READY);
		if (len)
			T_EQ(send(pair[0], bytes, len, 0), (ssize_t)len);
		if (rows[i].code < 0) {
			/* A key without its file. */
			n = recv(pair[0], record, sizeof(record), 0);
			T_TRUE(n > 0 && keys_msg_parse_answer((struct view){record, (size_t)n}, &m) == ST_OK);
			T_EQ(m.type, KEYS_MSG_LOADED);
			T_EQ(m.status, ST_NO_PRIVATE_KEY);
		}
		if (rows[i].code <= 0)
			shutdown(pair[0], SHUT_WR);
		T_EQ(waitpid(pid, &how, 0), pid);
		T_TRUE(WIFEXITED(how));
		T_EQ(WEXITSTATUS(how), rows[i].code < 0 ? 0 : rows[i].code);
		close(pair[0]);
	}
}

/* ---- a process that the test plays -------------------------------------------------------------- */

static void tell(const struct keys_msg *m)
{
	static uint8_t record[KEYS_MSG_MAX];
	struct wr w = wr_init(record, sizeof(record));
	keys_msg_build(&w, m);
	if (!wr_ok(&w) || send(f.theirs, record, w.len, MSG_NOSIGNAL) != (ssize_t)w.len)
		abort();
}

/* What main said next; type 0: nothing. */
static struct keys_msg heard(void)
{
	static uint8_t record[KEYS_MSG_MAX];
	struct keys_msg m = {0};
	ssize_t n = recv(f.theirs, record, sizeof(record), 0);
	if (n > 0 && keys_msg_parse_ask((struct view){record, (size_t)n}, &m) != ST_OK)
		abort();
	return m;
}

static void tell_ready(void)
{
	tell(&(struct keys_msg){.type = KEYS_MSG_READY, .version = KEYS_MSG_VERSION});
}

static void tell_loaded(unsigned key, const char *spki)
{
	tell(&(struct keys_msg){.type = KEYS_MSG_LOADED, .key = (uint8_t)key, .serial = f.serial[key],
				.bytes = {(const uint8_t *)spki, strlen(spki)}});
}

static void tell_signed(uint32_t serial)
{
	tell(&(struct keys_msg){.type = KEYS_MSG_SIGNED, .serial = serial, .us = 7, .bytes = {(const uint8_t *)"sig", 3}});
}

/* One key that is ready. */
static unsigned settled(void)
{
	unsigned key = 0;
	begin(false);
	if (keys_load(f.k, "0", &key) != ST_OK)
		abort();
	turn();
	tell_ready();
	turn();
	tell_loaded(key, "public");
	turn();
	return key;
}

static void test_order(void)
{
	unsigned key = settled();
	struct keys_info info;
	T_EQ(keys_look(f.k, key)->state, KEYS_READY);
	T_MEM(keys_look(f.k, key)->spki, "public", 6);
	/* The process has some, the others wait; cancelled ones are not answered. */
	for (uint64_t i = 0; i < 12; i++)
		T_EQ(ask(i, key, KEYS_IKE, SIG_P256_RAW, "x"), ST_OK);
	keys_cancel(f.k, 1);
	keys_cancel(f.k, 11);
	keys_cancel(f.k, 99);
	struct keys_msg m;
	for (int i = 0; i < 11; i++) {
		m = heard();
		T_EQ(m.type, KEYS_MSG_SIGN);
		tell_signed(m.serial);
		turn();
	}
	T_EQ(heard().type, 0);
	T_EQ(f.n, 10);
	T_EQ(f.answers[1] + f.answers[11], 0);
	keys_info(f.k, &info);
	T_EQ(info.waiting, 0);
	T_EQ(info.slowest_us, 7);
	T_TRUE(info.is_running);
	/* As many as there may be, and no more. */
	for (uint64_t i = 0; i < KEYS_QUEUE_MAX; i++)
		T_EQ(ask(100 + i, key, KEYS_TLS, 1, "x"), ST_OK);
	T_EQ(ask(99, key, KEYS_TLS, 1, "x"), ST_LIMIT);
	/* What is on its way back is answered even when the key goes. */
	for (int i = 0; i < 8; i++)
		tell_signed(heard().serial);
	turn();
	keys_forget(f.k, key);
	turn();
	T_EQ(f.n, 10 + KEYS_QUEUE_MAX);
	T_EQ(f.status[100], ST_OK);
	T_EQ(f.status[100 + KEYS_QUEUE_MAX - 1], ST_NOT_FOUND);
	T_EQ(f.stops, 1);
	T_DO(finish());
}

static void test_liars(void)
{
	static const struct {
		const char *name;
		struct keys_msg m;
	} rows[] = {
		{"an answer to nobody", {.type = KEYS_MSG_SIGNED, .serial = 12345, .status = ST_IO}},
		{"ready twice", {.type = KEYS_MSG_READY, .version = KEYS_MSG_VERSION}},
		{"what main says", {.type = KEYS_MSG_FORGET}},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned key = settled();
		T_ROW(i, rows[i].name);
		T_EQ(ask(0, key, KEYS_IKE, 1, "x"), ST_OK);
		tell(&rows[i].m);
		turn();
		T_EQ(f.losses, 1);
		T_EQ(f.status[0], ST_IO);
		T_EQ(f.answers[0], 1);
		/* At once again, and the same file. */
		T_EQ(f.starts, 2);
		T_EQ(keys_look(f.k, key)->state, KEYS_LOADING);
		T_EQ(ask(1, key, KEYS_IKE, 1, "x"), ST_OK);
		tell_ready();
		turn();
		T_EQ(f.handed[key], 2);
		tell_loaded(key, "public");
		turn();
		tell_signed(heard().serial);
		turn();
		T_EQ(f.status[1], ST_OK);
		T_DO(finish());
	}
	/* A stale or foreign LOADED is no answer; another key in the file is refused. */
	unsigned key = settled();
	close(f.theirs);
	f.theirs = -1;
	turn();
	tell_ready();
	turn();
	f.serial[key]--;
	tell_loaded(key, "old");
	turn();
	T_EQ(keys_look(f.k, key)->state, KEYS_LOADING);
	f.serial[key]++;
	tell_loaded(key, "other");
	turn();
	T_EQ(keys_look(f.k, key)->state, KEYS_REFUSED);
	T_EQ(f.loaded[key], 2);
	T_DO(finish());
	/* Another version of the program. */
	begin(false);
	T_EQ(keys_load(f.k, "0", &key), ST_OK);
	turn();
	tell(&(struct keys_msg){.type = KEYS_MSG_READY, .version = KEYS_MSG_VERSION + 1});
	turn();
	T_EQ(f.losses, 1);
	T_DO(finish());
}

static void test_time(void)
{
	unsigned key = settled(), next;
	/* Silent while it is asked: lost after three seconds, and not before. */
	T_EQ(ask(0, key, KEYS_IKE, 1, "x"), ST_OK);
	pass(2900);
	T_EQ(f.losses, 0);
	pass(200);
	T_EQ(f.losses, 1);
	T_EQ(f.status[0], ST_IO);
	/* One that does not even start: pauses grow, and who waits is told after five seconds. */
	T_EQ(ask(1, key, KEYS_IKE, 1, "x"), ST_OK);
	uint64_t asked = f.now_ms;
	pass(4900);
	T_EQ(f.answers[1], 0);
	pass(200);
	T_EQ(f.status[1], ST_TIMEOUT);
	T_TRUE(f.now_ms - asked <= 5200);
	f.refuse_start = true;
	int starts = f.starts;
	pass(20000);
	T_TRUE(f.starts - starts >= 4 && f.starts - starts <= 12);
	f.refuse_start = false;
	pass(6000);
	tell_ready();
	turn();
	tell_loaded(key, "public");
	turn();
	T_EQ(keys_look(f.k, key)->state, KEYS_READY);
	/* Idle for ever is fine. */
	int losses = f.losses;
	pass(60000);
	T_EQ(f.losses, losses);
	/* A holder that cannot hand over now is asked again; a file that is not there is refused. */
	f.is_busy = true;
	T_EQ(keys_load(f.k, "0", &next), ST_OK);
	pass(1000);
	T_EQ(f.handed[next], 0);
	f.is_busy = false;
	pass(50);
	T_EQ(f.handed[next], 1);
	tell_loaded(next, "public");
	turn();
	T_EQ(keys_look(f.k, next)->state, KEYS_READY);
	T_EQ(keys_load(f.k, "5", &next), ST_OK);
	turn();
	T_EQ(keys_look(f.k, next)->state, KEYS_REFUSED);
	T_STR(keys_look(f.k, next)->words, "there is no such file");
	T_DO(finish());
}

static void test_bounds(void)
{
	unsigned key;
	char name[KEYS_FILE + 1];
	begin(false);
	for (unsigned i = 0; i < KEYS_MAX; i++)
		T_EQ(keys_load(f.k, "0", &key), ST_OK);
	T_EQ(keys_load(f.k, "0", &key), ST_LIMIT);
	keys_forget(f.k, 17);
	T_EQ(keys_load(f.k, "0", &key), ST_OK);
	T_EQ(key, 17);
	memset(name, 'a', KEYS_FILE);
	name[KEYS_FILE] = 0;
	keys_forget(f.k, 17);
	T_EQ(keys_load(f.k, name, &key), ST_LIMIT);
	T_EQ(keys_load(f.k, "", &key), ST_LIMIT);
	T_EQ(keys_look(f.k, KEYS_MAX)->state, KEYS_NONE);
	for (uint64_t nth = 1; nth <= 2; nth++) {
		mem_fail_at(nth);
		T_EQ(ask(nth, 0, KEYS_IKE, 1, "x"), ST_NOMEM);
		mem_fail_at(0);
	}
	T_EQ(keys_settle(f.k, 0), ST_TIMEOUT);
	T_DO(finish());
}

int main(void)
{
	T_RUN(test_real);
	T_RUN(test_process_ends);
	T_RUN(test_order);
	T_RUN(test_liars);
	T_RUN(test_time);
	T_RUN(test_bounds);
	return t_end();
}
