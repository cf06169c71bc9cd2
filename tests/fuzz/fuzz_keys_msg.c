/* What the keys process says and hears, from any bytes: a record is taken apart and built again, in either direction; or a
 * whole life of main's side with a process that says what the input says: every question is answered once. The
 * first byte chooses. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "modules/keys/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* ---- one record --------------------------------------------------------------------------------- */

static bool same(struct view a, struct view b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static void record(const uint8_t *data, size_t size, enum status (*parse)(struct view, struct keys_msg *))
{
	static uint8_t built[KEYS_MSG_MAX];
	struct keys_msg m, again;
	struct wr w = wr_init(built, sizeof(built));
	uint8_t *exact = mem_dup(data, size);
	if (exact && parse((struct view){exact, size}, &m) == ST_OK) {
		must(m.key < KEYS_MAX && m.status < ST__MAX && m.words.len < KEYS_WORDS);
		keys_msg_build(&w, &m);
		must(wr_ok(&w) && parse((struct view){built, w.len}, &again) == ST_OK);
		must(again.type == m.type && again.key == m.key && again.serial == m.serial && again.status == m.status &&
		     again.use == m.use && again.scheme == m.scheme && again.us == m.us && again.version == m.version &&
		     same(again.words, m.words) && same(again.bytes, m.bytes));
	}
	mem_free(exact);
}

/* ---- a life ------------------------------------------------------------------------------------- */

#define NUMBERS 64

static struct {
	struct keys *k;
	int theirs, watched;
	bool refuse_start, is_inside;
	uint8_t how; /* hand() answers */
	uint64_t now_ms, wake_ms;
	uint32_t serial[KEYS_MAX], last_serial;
	unsigned keys[8];
	size_t n_keys;
	uint64_t next;
	uint8_t asked[NUMBERS], cancelled[NUMBERS], answered[NUMBERS];
} f;

static enum status start(void *ctx, int *fd)
{
	int pair[2];
	if (f.refuse_start || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0)
		return ST_IO;
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	fcntl(pair[1], F_SETFL, O_NONBLOCK);
	must(f.theirs == -1);
	*fd = pair[0];
	f.theirs = pair[1];
	return ST_OK;
}

static void stop(void *ctx)
{
	if (f.theirs >= 0)
		close(f.theirs);
	f.theirs = -1;
}

static enum status hand(void *ctx, unsigned key, uint32_t serial, const char *file, bool *is_exposed)
{
	static const enum status answers[] = {ST_OK, ST_OK, ST_OK, ST_OK, ST_OK, ST_AGAIN, ST_NOT_FOUND, ST_IO};
	*is_exposed = f.how & 8;
	f.serial[key] = serial;
	return answers[f.how & 7];
}

static void watch(void *ctx, int fd)
{
	f.watched = fd;
}

static void unwatch(void *ctx, int fd)
{
	f.watched = -1;
}

static uint64_t now_ms(void *ctx)
{
	return f.now_ms;
}

static void wake_at(void *ctx, uint64_t at)
{
	f.wake_ms = at;
}

static void loaded(void *ctx, unsigned key, const struct keys_key *k)
{
	must(k->state == KEYS_READY ? k->spki_len > 0 : k->state == KEYS_REFUSED && k->words[0]);
}

static void on_signature(void *ctx, uint64_t number, enum status st, struct view sig)
{
	must(number < NUMBERS && !f.is_inside && (st == ST_OK) == (sig.len > 0));
	must(!f.cancelled[number]);
	f.answered[number]++;
}

static void on_log(void *ctx, enum keys_log_kind kind, const char *text)
{
}

static const struct keys_ports ports = {start, stop, hand, watch, unwatch, now_ms, wake_at, loaded, on_signature, on_log};

static void turn(void)
{
	if (f.watched >= 0)
		keys_on_readable(f.k, f.watched);
	for (int i = 0; i < 20 && f.wake_ms <= f.now_ms; i++) {
		f.wake_ms = KEYS_NEVER;
		keys_on_time(f.k);
	}
}

static void say(const struct keys_msg *m)
{
	static uint8_t built[KEYS_MSG_MAX];
	struct wr w = wr_init(built, sizeof(built));
	keys_msg_build(&w, m);
	if (wr_ok(&w) && f.theirs >= 0)
		(void)!send(f.theirs, built, w.len, MSG_NOSIGNAL);
}

/* What an honest process would say to what it heard last, with a byte that makes it less so. */
static void honest(uint8_t twist)
{
	static uint8_t in[KEYS_MSG_MAX];
	struct keys_msg m, out = {.type = KEYS_MSG_SIGNED, .status = twist & 1 ? ST_SIG_ALGORITHM : ST_OK};
	ssize_t n = f.theirs >= 0 ? recv(f.theirs, in, sizeof(in), 0) : -1;
	if (n <= 0)
		return;
	must(keys_msg_parse_ask((struct view){in, (size_t)n}, &m) == ST_OK);
	if (m.type != KEYS_MSG_SIGN)
		return;
	out.serial = m.serial + (twist >> 7);
	if (out.status == ST_OK)
		out.bytes = m.bytes.len && m.bytes.len <= KEYS_SIG_MAX ? m.bytes : (struct view){in, 1};
	say(&out);
}

static void load_or_say(uint8_t what)
{
	struct keys_msg m = {.type = KEYS_MSG_LOADED, .key = what & 7, .serial = f.serial[what & 7]};
	uint8_t spki = what & 0x40;
	if (what & 0x80) {
		unsigned key;
		if (f.n_keys < 8 && keys_load(f.k, "file", &key) == ST_OK)
			f.keys[f.n_keys++] = key;
		return;
	}
	if (what & 0x20) {
		m.status = ST_NO_PRIVATE_KEY;
		m.words = (struct view){(const uint8_t *)"words", 5};
	} else {
		m.bytes = (struct view){&spki, 1};
	}
	say(&m);
}

static void ask(uint8_t what)
{
	static const uint8_t text[256];
	if (f.next == NUMBERS)
		return;
	f.is_inside = true;
	f.asked[f.next] = keys_sign(f.k, f.next, what & 7, what & 8 ? KEYS_TLS : KEYS_IKE, what, (struct view){text, what}) == ST_OK;
	f.is_inside = false;
	f.next++;
}

static void step(struct rd *r)
{
	uint8_t op = rd_u8(r), what = rd_u8(r);
	switch (op % 10) {
	case 0: ask(what); break;
	case 1:
		if (f.asked[what % NUMBERS] && !f.answered[what % NUMBERS])
			f.cancelled[what % NUMBERS] = 1;
		keys_cancel(f.k, what % NUMBERS);
		break;
	case 2: f.now_ms += what * 20u; break;
	case 3: load_or_say(what); break;
	case 4: say(&(struct keys_msg){.type = KEYS_MSG_READY, .version = (uint8_t)(what & 0x80 ? 9 : KEYS_MSG_VERSION)}); break;
	case 5:
	case 6: honest(what); break;
	case 7: {
		struct view v = rd_bytes(r, r->left < what % 64u ? r->left : what % 64u);
		if (f.theirs >= 0 && v.len)
			(void)!send(f.theirs, v.p, v.len, MSG_NOSIGNAL);
		break;
	}
	case 8:
		f.refuse_start = what & 0x80;
		f.how = what & 15;
		if (what & 0x40)
			stop(NULL);
		break;
	case 9:
		if (f.n_keys)
			keys_forget(f.k, f.keys[--f.n_keys]);
		break;
	}
	if (op & 0x80)
		(void)!keys_settle(f.k, 0);
	if (op & 0x40)
		turn();
}

static void whole_life(struct rd *r)
{
	memset(&f, 0, sizeof(f));
	f.theirs = f.watched = -1;
	f.wake_ms = KEYS_NEVER;
	f.k = keys_new(&ports, NULL);
	must(f.k);
	while (r->left)
		step(r);
	/* Nobody is left waiting, whatever the process did: time alone ends it. */
	for (int i = 0; i < 60; i++) {
		turn();
		f.now_ms += 500;
	}
	turn();
	for (size_t i = 0; i < NUMBERS; i++)
		must(f.answered[i] == (f.asked[i] && !f.cancelled[i]));
	keys_free(f.k);
	must(f.theirs == -1 && f.watched == -1 && mem_live() == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	uint8_t how = rd_u8(&r);
	if (!rd_ok(&r))
		return 0;
	if (how == 0)
		record(r.p, r.left, keys_msg_parse_ask);
	else if (how == 1)
		record(r.p, r.left, keys_msg_parse_answer);
	else if (r.left < 400)
		whole_life(&r);
	return 0;
}
