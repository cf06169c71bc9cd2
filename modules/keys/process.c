#include "modules/keys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/crypto/rnd.h"
#include "core/crypto/sig.h"
#include "modules/keys/filter.h"
#include "modules/keys/msg.h"

/* The sanitizers have their own mappings and calls; what they watch is not confined. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_WATCHED true
#endif
#endif
#ifndef IS_WATCHED
#define IS_WATCHED false
#endif

#define NICE       5     /* signatures are part of logins: as nice as the job threads */
#define FILE_BYTES 65536 /* of a key's file: a PEM file may hold a chain beside it */

struct process {
	int fd;
	int passed; /* descriptor that came with the record; -1: none */
	struct sig_key *keys[KEYS_MAX];
	struct keys_msg in;
	uint8_t record[KEYS_MSG_MAX + 1];
	uint8_t built[KEYS_MSG_MAX];
	uint8_t file[FILE_BYTES + 1];
	uint8_t sig[SIG_MAX];
};

_Static_assert(SIG_MAX <= KEYS_SIG_MAX, "every signature fits into a message");

/* ---- being confined --------------------------------------------------------------------------- */

static bool limit(int what, rlim_t value)
{
	struct rlimit r = {value, value};

	return setrlimit(what, &r) == 0;
}

static bool close_others(int fd)
{
	const unsigned keep = (unsigned)fd;

	return keep > STDERR_FILENO && close_range(0, keep - 1, 0) == 0 &&
	       close_range(keep + 1, ~0u, 0) == 0;
}

/* As main does it: with a limit, later allocations would fail where now only locking does. */
static void lock_memory(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_MEMLOCK, &r) == 0 && r.rlim_cur == RLIM_INFINITY)
		(void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

static bool be_confined(int fd)
{
	uint8_t warm[16];
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0 || !close_others(fd))
		return false;
	if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_FSIZE, 0) || !limit(RLIMIT_NPROC, 0) ||
	    !limit(RLIMIT_NOFILE, (rlim_t)fd + 3) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_NAME, "sallyport-keys") != 0)
		return false;
	(void)!nice(NICE);
	lock_memory();
	/* The first random bytes take preparations that the filter would not allow. */
	rnd_bytes(warm, sizeof(warm));
	return IS_WATCHED || keys_filter_install();
}

/* ---- the conversation ------------------------------------------------------------------------- */

static bool say(struct process *p, const struct keys_msg *m)
{
	struct wr w = wr_init(p->built, sizeof(p->built));
	ssize_t n;

	keys_msg_build(&w, m);
	if (!wr_ok(&w))
		return false;
	do
		n = send(p->fd, p->built, w.len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)w.len;
}

static void drop_passed(struct process *p)
{
	if (p->passed >= 0)
		close(p->passed);
	p->passed = -1;
}

static void take_passed(struct process *p, struct msghdr *h)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		drop_passed(p);
		memcpy(&p->passed, CMSG_DATA(c), sizeof(p->passed));
	}
}

/* Zero: the other end closed. More descriptors than the one that there is room for are dropped by the kernel. */
static ssize_t hear(struct process *p)
{
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(int))];
	} ctl = {0};
	struct iovec iov = {p->record, sizeof(p->record)};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &ctl,
			   .msg_controllen = CMSG_LEN(sizeof(int))};
	ssize_t n;

	do
		n = recvmsg(p->fd, &h, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		take_passed(p, &h);
	return n;
}

/* ---- keys ------------------------------------------------------------------------------------- */

static void forget(struct process *p, unsigned key)
{
	if (p->keys[key])
		sig_key_free(p->keys[key]);
	p->keys[key] = NULL;
}

static bool has(struct view text, const char *word)
{
	return memmem(text.p, text.len, word, strlen(word)) != NULL;
}

/* The file as a view; empty with words why. */
static struct view read_file(struct process *p, const char **words)
{
	size_t len = 0;

	*words = "no file came with it";
	while (p->passed >= 0 && len < sizeof(p->file)) {
		ssize_t n = read(p->passed, p->file + len, sizeof(p->file) - len);

		if (n < 0 && errno == EINTR)
			continue;
		*words = n < 0 ? "it cannot be read" : "it is empty";
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	if (len <= FILE_BYTES)
		return (struct view){p->file, len};
	*words = "it is longer than a private key";
	return (struct view){0};
}

/* Both forms of an encrypted PEM file (RFC 7468 11, RFC 1421 4.6.1.1). */
static bool is_encrypted(struct view text)
{
	return has(text, "BEGIN ENCRYPTED PRIVATE KEY") || has(text, "Proc-Type: 4,ENCRYPTED");
}

static const char *why_not(enum status st, struct view text)
{
	if (is_encrypted(text))
		return "it is encrypted: nobody is there to type a passphrase, so it must be stored without one";
	if (st != ST_NO_PRIVATE_KEY)
		return status_words(st);
	if (has(text, "BEGIN CERTIFICATE") || has(text, "BEGIN PUBLIC KEY"))
		return "it holds a certificate or a public key, and no private key";
	return "it holds no private key in a form that is known (PEM or DER of PKCS#8, PKCS#1 or SEC1)";
}

static bool on_load(struct process *p)
{
	const char *words;
	struct sig_key *key = NULL;
	struct view text = read_file(p, &words);
	enum status st = text.len ? sig_key_parse(text, &key) : ST_NO_PRIVATE_KEY;
	struct keys_msg out = {.type = KEYS_MSG_LOADED, .key = p->in.key, .serial = p->in.serial, .status = st};

	if (st == ST_OK) {
		forget(p, p->in.key);
		p->keys[p->in.key] = key;
		out.bytes = sig_key_spki(key);
	} else {
		if (text.len)
			words = why_not(st, text);
		out.words = (struct view){(const uint8_t *)words, strlen(words)};
	}
	mem_zero(p->file, sizeof(p->file));
	return say(p, &out);
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static enum status sign(struct process *p, const struct sig_key *key, size_t *len)
{
	if (!key)
		return ST_NOT_FOUND;
	if (p->in.use == KEYS_TLS)
		return sig_key_sign_tls(key, p->in.scheme, p->in.bytes, p->sig, len);
	if (p->in.scheme == SIG_NONE || p->in.scheme >= SIG__MAX)
		return ST_SIG_ALGORITHM;
	return sig_key_sign(key, (enum sig_scheme)p->in.scheme, p->in.bytes, p->sig, len);
}

static bool on_sign(struct process *p)
{
	const uint64_t start = now_us();
	size_t len = 0;
	enum status st = sign(p, p->keys[p->in.key], &len);
	const uint64_t us = now_us() - start;
	struct keys_msg out = {.type = KEYS_MSG_SIGNED, .serial = p->in.serial, .status = st,
			       .us = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX};

	if (st == ST_OK)
		out.bytes = (struct view){p->sig, len};
	return say(p, &out);
}

static bool on_record(struct process *p, size_t len)
{
	if (len > KEYS_MSG_MAX || keys_msg_parse_ask((struct view){p->record, len}, &p->in) != ST_OK)
		return false;
	switch (p->in.type) {
	case KEYS_MSG_LOAD: return on_load(p);
	case KEYS_MSG_SIGN: return on_sign(p);
	case KEYS_MSG_FORGET: forget(p, p->in.key); return true;
	default: return false;
	}
}

int keys_process_main(int fd)
{
	const struct keys_msg ready = {.type = KEYS_MSG_READY, .version = KEYS_MSG_VERSION};
	struct process *p = mem_new(sizeof(*p));
	int code = 1;
	ssize_t n;

	if (!p)
		return 1;
	p->fd = fd;
	p->passed = -1;
	if (!be_confined(fd) || !say(p, &ready))
		goto out;
	while ((n = hear(p)) > 0) {
		bool is_good = on_record(p, (size_t)n);

		drop_passed(p);
		mem_forget_registers();
		if (!is_good)
			goto out;
	}
	code = n == 0 ? 0 : 1;
out:
	for (unsigned i = 0; i < KEYS_MAX; i++)
		forget(p, i);
	mem_free_secret(p, sizeof(*p));
	return code;
}
