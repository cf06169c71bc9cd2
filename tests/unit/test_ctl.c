/* The control socket against well-behaved, malformed, slow and dead clients, over real sockets. */
#include "modules/ctl/ctl.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "modules/ctl/request.h"
#include "tests/lib/t.h"

#define WATCHES (CTL_CLIENTS_MAX + 4)

struct watch {
	int fd;
	bool want_write;
	void *token;
};

/* A loop of our own: who is watched, and what the handler saw and shall answer. */
static struct bench {
	struct watch v[WATCHES];
	size_t n;
	int calls;
	struct ctl_request seen;
	char words[200];
	size_t answer_len;
	bool finishes;
	bool stays;
	bool stayed;
	void *reply;
	const char *word; /* of a request whose answer goes on */
	int gone;
} b;

static void watch(void *ctx, int fd, bool want_write, void *token)
{
	for (size_t i = 0; i < b.n; i++)
		if (b.v[i].fd == fd) {
			b.v[i].want_write = want_write;
			return;
		}
	if (b.n == WATCHES)
		abort();
	b.v[b.n++] = (struct watch){fd, want_write, token};
}

static void unwatch(void *ctx, int fd, void *token)
{
	for (size_t i = 0; i < b.n; i++)
		if (b.v[i].fd == fd) {
			b.v[i] = b.v[--b.n];
			return;
		}
	abort();
}

static void handle(void *ctx, const struct ctl_request *rq, struct ctl *ctl, void *reply)
{
	b.calls++;
	b.seen = *rq;
	b.words[0] = 0;
	for (size_t i = 0; i < rq->n_words; i++) {
		strncat(b.words, rq->words[i], 20);
		strcat(b.words, "|");
	}
	if (b.answer_len) {
		char *p = mem_new(b.answer_len);

		if (p)
			memset(p, 'a', b.answer_len);
		ctl_out(reply, p, p ? b.answer_len : 0);
		mem_free(p);
	} else {
		ctl_out(reply, "yes\n", 4);
		ctl_err(reply, "but\n", 4);
	}
	if (b.stays) {
		b.reply = reply;
		b.word = rq->words[0];
		b.stayed = ctl_stay(reply);
		if (b.stayed)
			return;
	}
	if (b.finishes)
		ctl_finish(reply, 3);
}

static void gone(void *ctx, void *reply)
{
	b.gone++;
}

static const struct ctl_ports ports = {.watch = watch, .unwatch = unwatch, .handle = handle, .gone = gone};

static char path[100];
static struct ctl *ctl;

/* Serves what is ready; returns how many calls that took. Ends when nothing is. */
static int serve(void)
{
	int turns = 0;

	for (; turns < 5000; turns++) {
		struct pollfd p[WATCHES];
		size_t n = b.n, i;

		for (i = 0; i < n; i++)
			p[i] = (struct pollfd){b.v[i].fd, (short)(POLLIN | (b.v[i].want_write ? POLLOUT : 0)), 0};
		if (poll(p, n, 0) <= 0)
			break;
		for (i = 0; i < n && !p[i].revents; i++)
			;
		ctl_on_fd(ctl, b.v[i].token);
	}
	return turns;
}

static int dial(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(sa.sun_path, path);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
		abort();
	return fd;
}

static void begin(void)
{
	memset(&b, 0, sizeof(b));
	b.finishes = true;
	snprintf(path, sizeof(path), "/tmp/test_ctl.%d.sock", (int)getpid());
	T_EQ(ctl_new(&ports, NULL, path, &ctl), ST_OK);
}

static void end(void)
{
	struct stat st;

	ctl_free(ctl);
	T_EQ(b.n, 0);
	T_EQ(mem_live(), 0);
	T_TRUE(lstat(path, &st) != 0);
}

/* Reads until the other side closes; -1 when it does not. */
static ssize_t read_reply(int fd, uint8_t *out, size_t cap)
{
	size_t got = 0;

	for (;;) {
		ssize_t n = recv(fd, out + got, cap - got, MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return (ssize_t)got;
		if (n < 0)
			return -1;
		got += (size_t)n;
	}
}

#define REQ(s) (s), sizeof(s) - 1

static const char good[] = "\0\0\0\x16json\0show\0version\0x y\0";

static void answers(void)
{
	uint8_t reply[100];

	T_DO(begin());
	int fd = dial();
	T_EQ(send(fd, REQ(good), 0), sizeof(good) - 1);
	serve();
	T_EQ(b.calls, 1);
	T_TRUE(b.seen.json);
	T_TRUE(b.seen.may_change == (geteuid() == b.seen.uid || b.seen.uid == 0));
	T_EQ(b.seen.uid, getuid());
	T_EQ(b.seen.pid, getpid());
	T_STR(b.words, "show|version|x y|");
	T_EQ(read_reply(fd, reply, sizeof(reply)), 24);
	T_MEM(reply, "o\0\0\0\4yes\ne\0\0\0\4but\nx\0\0\0\1\3", 24);
	close(fd);
	T_DO(end());
}

static void splits(void)
{
	static const struct {
		const char *body;
		size_t len;
		bool good;
		bool json;
		const char *words;
	} rows[] = {
		{REQ("text\0a\0"), true, false, "a|"},
		{REQ("json\0a\0b\0"), true, true, "a|b|"},
		{REQ("json\0\0"), true, true, "|"},
		{REQ("json\0a\0\0b\0"), true, true, "a||b|"},
		{REQ(""), false, false, ""},
		{REQ("\0"), false, false, ""},
		{REQ("text"), false, false, ""},
		{REQ("text\0"), false, false, ""},
		{REQ("text\0a"), false, false, ""},
		{REQ("xml\0a\0"), false, false, ""},
		{REQ("textual\0a\0"), false, false, ""},
		{REQ("JSON\0a\0"), false, false, ""},
		{REQ("\0text\0a\0"), false, false, ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ctl_request rq = {.uid = 7};
		char words[50] = "";
		uint8_t *copy = mem_dup(rows[i].body, rows[i].len ? rows[i].len : 1);

		T_ROW(i, rows[i].body);
		T_TRUE(copy);
		T_TRUE(request_split((struct view){copy, rows[i].len}, &rq) == rows[i].good);
		for (size_t k = 0; k < rq.n_words; k++)
			strcat(strcat(words, rq.words[k]), "|");
		T_STR(words, rows[i].words);
		T_TRUE(rq.json == rows[i].json);
		T_EQ(rq.uid, 7);
		mem_free(copy);
	}
}

static void word_limit(void)
{
	for (size_t n = CTL_WORDS - 1; n <= CTL_WORDS + 1; n++) {
		struct ctl_request rq = {0};
		uint8_t body[5 + 2 * (CTL_WORDS + 1)] = "text";

		T_ROW(n, "");
		for (size_t i = 0; i < n; i++)
			body[5 + 2 * i] = 'w';
		T_TRUE(request_split((struct view){body, 5 + 2 * n}, &rq) == (n <= CTL_WORDS));
		T_EQ(rq.n_words, n <= CTL_WORDS ? n : 0);
	}
}

static void test_bug_class_22_malformed_requests(void)
{
	uint8_t reply[100];

	T_DO(begin());
	int fd = dial();
	T_EQ(send(fd, REQ("\0\0\0\4text"), 0), 8);
	serve();
	T_EQ(b.calls, 0);
	T_EQ(read_reply(fd, reply, sizeof(reply)), 5 + 18 + 6);
	T_MEM(reply, "e\0\0\0\x12malformed request\nx\0\0\0\1\2", 29);
	close(fd);
	/* Nothing at all is malformed too. */
	fd = dial();
	T_EQ(send(fd, "\0\0\0\0", 4, 0), 4);
	serve();
	T_EQ(read_reply(fd, reply, sizeof(reply)), 29);
	close(fd);
	T_DO(end());
}

static void too_much_is_cut_off(void)
{
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = {
		{REQ("\xff\xff\xff\xff")},
		{REQ("\0\0\x10\x01")},                        /* one more than the limit */
		{REQ("\0\0\0\7text\0a\0\0")},                 /* a byte more than it says */
		{REQ("\0\0\0\7text\0a\0\0\0\0\7text\0a\0")},  /* two requests */
		{REQ("\x80\0\0\0text")},
	};
	uint8_t reply[100];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, "");
		T_DO(begin());
		int fd = dial();
		T_EQ(send(fd, rows[i].bytes, rows[i].len, 0), rows[i].len);
		serve();
		T_EQ(b.calls, 0);
		T_EQ(b.n, 1);
		T_EQ(read_reply(fd, reply, sizeof(reply)), 0);
		close(fd);
		T_DO(end());
	}
}

static void longest_request(void)
{
	static uint8_t request[4 + CTL_REQUEST_MAX] = "\0\0\x10\0text";
	uint8_t reply[100];

	memset(request + 9, 'w', CTL_REQUEST_MAX - 6);
	request[sizeof(request) - 1] = 0;
	T_DO(begin());
	int fd = dial();
	T_EQ(send(fd, request, sizeof(request), 0), sizeof(request));
	serve();
	T_EQ(b.calls, 1);
	T_EQ(b.seen.n_words, 1);
	T_EQ(read_reply(fd, reply, sizeof(reply)), 24);
	close(fd);
	T_DO(end());
}

static void byte_by_byte(void)
{
	uint8_t reply[100];

	T_DO(begin());
	int slow = dial();
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		T_EQ(b.calls, 0);
		T_EQ(send(slow, good + i, 1, 0), 1);
		serve();
		if (i == 10) { /* others are served meanwhile */
			int other = dial();

			T_EQ(send(other, REQ(good), 0), sizeof(good) - 1);
			serve();
			T_EQ(b.calls, 1);
			T_EQ(read_reply(other, reply, sizeof(reply)), 24);
			close(other);
			b.calls = 0;
		}
	}
	T_EQ(b.calls, 1);
	T_EQ(read_reply(slow, reply, sizeof(reply)), 24);
	close(slow);
	T_DO(end());
}

static void slow_reader(void)
{
	const size_t len = 8u << 20;
	uint8_t *all = malloc(len + 100);
	size_t got = 0;

	T_TRUE(all);
	T_DO(begin());
	b.answer_len = len;
	int fd = dial();
	T_EQ(send(fd, REQ(good), 0), sizeof(good) - 1);
	T_TRUE(serve() < 10); /* it waits for the reader without spinning */
	T_EQ(b.n, 2);
	while (got < len + 11) {
		ssize_t n = recv(fd, all + got, 65536, MSG_DONTWAIT);

		T_TRUE(n > 0);
		got += (size_t)n;
		serve();
	}
	T_EQ(got, len + 11);
	T_MEM(all, "o\0\x80\0\0", 5);
	T_EQ(all[5], 'a');
	T_EQ(all[len + 4], 'a');
	T_MEM(all + len + 5, "x\0\0\0\1\3", 6);
	T_EQ(b.n, 1);
	free(all);
	close(fd);
	T_DO(end());
}

/* Clients that go away, or half away, at every point. */
static void leavers(void)
{
	enum { CLOSED, HALF_CLOSED, TALKING };

	for (int how = CLOSED; how <= TALKING; how++) {
		T_ROW(how, "");
		T_DO(begin());
		b.answer_len = 8u << 20;
		int idle = dial(), part = dial(), reading = dial();
		T_EQ(send(part, good, 9, 0), 9);
		T_EQ(send(reading, REQ(good), 0), sizeof(good) - 1);
		serve();
		T_EQ(b.calls, 1);
		T_EQ(b.n, 4);
		if (how == TALKING) {
			T_EQ(send(reading, "more", 4, 0), 4);
			T_EQ(send(part, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 18, 0), 18);
			close(idle);
		} else if (how == HALF_CLOSED) {
			shutdown(idle, SHUT_WR);
			shutdown(part, SHUT_WR);
			shutdown(reading, SHUT_WR);
		} else {
			close(idle);
			close(part);
			close(reading);
		}
		T_TRUE(serve() < 20);
		T_EQ(b.n, 1);
		T_EQ(b.calls, 1);
		if (how != CLOSED) {
			close(part);
			close(reading);
		}
		if (how == HALF_CLOSED)
			close(idle);
		T_DO(end());
	}
}

static void crowd(void)
{
	int fds[3 * CTL_CLIENTS_MAX];
	uint8_t reply[100];

	T_DO(begin());
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		fds[i] = dial();
		serve();
		T_TRUE(b.n <= CTL_CLIENTS_MAX + 1);
	}
	/* Sitting still keeps nobody out: a new client is served. */
	int fd = dial();
	T_EQ(send(fd, REQ(good), 0), sizeof(good) - 1);
	serve();
	T_EQ(b.calls, 1);
	T_EQ(read_reply(fd, reply, sizeof(reply)), 24);
	/* The newest of the crowd is still there, the oldest is not. */
	T_EQ(read_reply(fds[sizeof(fds) / sizeof(fds[0]) - 1], reply, sizeof(reply)), -1);
	T_EQ(read_reply(fds[0], reply, sizeof(reply)), 0);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		close(fds[i]);
	close(fd);
	T_DO(end());
}

/* An answer that goes on: later lines arrive, without spinning; whoever leaves is reported. */
static void answers_that_go_on(void)
{
	uint8_t reply[200];

	T_DO(begin());
	b.stays = true;
	int fd = dial();
	T_EQ(send(fd, REQ(good), 0), sizeof(good) - 1);
	T_TRUE(serve() < 5);
	T_EQ(recv(fd, reply, sizeof(reply), MSG_DONTWAIT), 18);
	/* What was asked is not kept for so long: it may have been a password. */
	T_EQ(b.word[0], 0);
	for (int i = 0; i < 3; i++) {
		ctl_out(b.reply, "line\n", 5);
		ctl_out(b.reply, "two\n", 4);
		T_EQ(ctl_waiting(b.reply), 19);
		T_TRUE(serve() < 5);
		T_EQ(recv(fd, reply, sizeof(reply), MSG_DONTWAIT), 19);
		T_MEM(reply, "o\0\0\0\5line\no\0\0\0\4two\n", 19);
		T_EQ(ctl_waiting(b.reply), 0);
	}
	T_EQ(b.gone, 0);
	ctl_finish(b.reply, 7);
	serve();
	T_EQ(read_reply(fd, reply, sizeof(reply)), 6);
	T_MEM(reply, "x\0\0\0\1\7", 6);
	T_EQ(b.gone, 0);
	close(fd);
	/* Ctrl-C, in the middle of a line and between two. */
	for (int i = 0; i < 2; i++) {
		fd = dial();
		T_EQ(send(fd, REQ(good), 0), sizeof(good) - 1);
		serve();
		if (i)
			ctl_out(b.reply, "line\n", 5);
		close(fd);
		serve();
		T_EQ(b.gone, i + 1);
		T_EQ(b.n, 1);
	}
	/* Those that there are when the daemon ends. */
	fd = dial();
	T_EQ(send(fd, REQ(good), 0), sizeof(good) - 1);
	serve();
	T_DO(end());
	T_EQ(b.gone, 3);
	close(fd);
}

/* Read slowly for a long time, and never to the end: every byte arrives, and only what waits is kept. */
static void long_answer_read_slowly(void)
{
	enum { PIECE = 8192, ROUNDS = 4000 };
	static uint8_t piece[PIECE], got[65536];
	uint64_t sent = 0, read = 0;

	T_DO(begin());
	b.stays = true;
	int fd = dial();
	T_EQ(send(fd, REQ(good), 0), sizeof(good) - 1);
	serve();
	T_EQ(recv(fd, got, 18, MSG_DONTWAIT), 18);
	for (int i = 0; i < ROUNDS; i++) {
		for (size_t k = 0; k < PIECE; k++)
			piece[k] = (uint8_t)(sent + k);
		ctl_out(b.reply, (char *)piece, PIECE);
		sent += PIECE;
		serve();
		if (sent - read < 2 * sizeof(got) * 8)
			continue;
		for (int k = 0; k < 8; k++) { /* whole frames, some stay behind */
			T_EQ(recv(fd, got, 5 + PIECE, MSG_DONTWAIT | MSG_WAITALL), 5 + PIECE);
			T_MEM(got, "o\0\0\x20\0", 5);
			T_EQ(got[5], (uint8_t)read);
			T_EQ(got[5 + PIECE - 1], (uint8_t)(read + PIECE - 1));
			read += PIECE;
			serve();
		}
	}
	T_TRUE(ctl_waiting(b.reply) <= sent - read + 5 * (sent - read) / PIECE);
	close(fd);
	serve();
	T_EQ(b.gone, 1);
	T_DO(end());
}

/* Only so many may stay, a crowd does not push them out, and they do not keep a crowd out. */
static void many_that_stay(void)
{
	int fds[CTL_STAYS_MAX + 1], crowd[2 * CTL_CLIENTS_MAX];
	uint8_t reply[100];

	T_DO(begin());
	b.stays = true;
	for (size_t i = 0; i <= CTL_STAYS_MAX; i++) {
		fds[i] = dial();
		T_EQ(send(fds[i], REQ(good), 0), sizeof(good) - 1);
		serve();
		T_TRUE(b.stayed == (i < CTL_STAYS_MAX));
	}
	T_EQ(read_reply(fds[CTL_STAYS_MAX], reply, sizeof(reply)), 24);
	for (size_t i = 0; i < 2 * CTL_CLIENTS_MAX; i++) {
		crowd[i] = dial();
		serve();
	}
	T_EQ(b.gone, 0);
	T_EQ(b.n, CTL_CLIENTS_MAX + 1);
	for (size_t i = 0; i < 2 * CTL_CLIENTS_MAX; i++)
		close(crowd[i]);
	for (size_t i = 0; i <= CTL_STAYS_MAX; i++)
		close(fds[i]);
	serve();
	T_EQ(b.gone, CTL_STAYS_MAX);
	T_DO(end());
}

static void no_exit_code_is_a_failure(void)
{
	uint8_t reply[100];

	T_DO(begin());
	b.finishes = false;
	int fd = dial();
	T_EQ(send(fd, REQ(good), 0), sizeof(good) - 1);
	serve();
	T_EQ(read_reply(fd, reply, sizeof(reply)), 24);
	T_EQ(reply[23], 1);
	close(fd);
	T_DO(end());
}

static void out_of_memory(void)
{
	uint8_t reply[100];

	for (uint64_t nth = 1; nth < 8; nth++) {
		T_ROW(nth, "");
		T_DO(begin());
		b.answer_len = 10000;
		int fd = dial();
		T_EQ(send(fd, REQ(good), 0), sizeof(good) - 1);
		mem_fail_at(nth);
		serve();
		mem_fail_at(0);
		T_EQ(b.n, 1); /* whatever failed, the client is not left hanging */
		close(fd);
		b.answer_len = 0;
		fd = dial();
		T_EQ(send(fd, REQ(good), 0), sizeof(good) - 1);
		serve();
		T_EQ(read_reply(fd, reply, sizeof(reply)), 24);
		close(fd);
		T_DO(end());
	}
}

/* The rights come from the kernel: another user may look and not change. */
static void test_bug_class_22_peer_credentials(void)
{
	uint8_t reply[100];
	int status;

	if (geteuid() != 0)
		return;
	T_DO(begin());
	T_EQ(chmod(path, 0666), 0);
	pid_t child = fork();
	if (child == 0) {
		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(9);
		int fd = dial();
		_exit(send(fd, REQ(good), 0) == (ssize_t)sizeof(good) - 1 &&
		      recv(fd, reply, sizeof(reply), MSG_WAITALL) > 0 ? 0 : 8);
	}
	while (waitpid(child, &status, WNOHANG) == 0)
		serve();
	T_EQ(status, 0);
	T_EQ(b.calls, 1);
	T_EQ(b.seen.uid, 65534);
	T_EQ(b.seen.pid, child);
	T_TRUE(!b.seen.may_change);
	T_DO(end());
}

static void socket_file(void)
{
	struct stat st;
	struct ctl *second;
	FILE *f;

	T_DO(begin());
	T_EQ(stat(path, &st), 0);
	T_TRUE(S_ISSOCK(st.st_mode));
	T_EQ(st.st_mode & 0777, 0660);
	/* One that was left behind is replaced. */
	T_EQ(ctl_new(&ports, NULL, path, &second), ST_OK);
	ctl_free(ctl);
	ctl = second;
	T_DO(end());
	/* A file that is no socket never is. */
	f = fopen(path, "w");
	T_TRUE(f);
	fputs("precious", f);
	fclose(f);
	T_EQ(ctl_new(&ports, NULL, path, &second), ST_IO);
	T_EQ(errno, EADDRINUSE);
	T_STR(t_readfile(path, NULL), "precious");
	unlink(path);
	char deep[300];
	memset(deep, 'x', sizeof(deep) - 1);
	deep[0] = '/';
	deep[sizeof(deep) - 1] = 0;
	T_EQ(ctl_new(&ports, NULL, deep, &second), ST_IO);
	T_EQ(errno, ENAMETOOLONG);
	ctl_free(NULL);
}

int main(void)
{
	T_RUN(answers);
	T_RUN(splits);
	T_RUN(word_limit);
	T_RUN(test_bug_class_22_malformed_requests);
	T_RUN(too_much_is_cut_off);
	T_RUN(longest_request);
	T_RUN(byte_by_byte);
	T_RUN(slow_reader);
	T_RUN(leavers);
	T_RUN(crowd);
	T_RUN(answers_that_go_on);
	T_RUN(long_answer_read_slowly);
	T_RUN(many_that_stay);
	T_RUN(no_exit_code_is_a_failure);
	T_RUN(out_of_memory);
	T_RUN(test_bug_class_22_peer_credentials);
	T_RUN(socket_file);
	return t_end();
}
