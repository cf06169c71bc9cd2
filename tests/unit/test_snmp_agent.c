/* tsan */
/* The library in its thread, with masters of our own at the other end of a socket pair: one that
 * never says a word, one that answers, goes away and comes back. The real master is in
 * tests/net/test_snmp.py. The library can be started once in a process, so each story has its own. */
#include "modules/snmp/snmp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/snmp_lib.h"

/* RFC 2741 section 6.1 */
#define TREES 4 /* ours, and the MIBs of RADIUS */

enum { OPEN = 1, CLOSE = 2, REGISTER = 3, GET = 5, GETNEXT = 6, NOTIFY = 12, PING = 13, RESPONSE = 18 };

static int master = -1; /* our end */
static bool is_there;   /* does anybody listen? */
static unsigned connects, seen[32], connected, lost, answers;
static uint8_t answer[65536]; /* to the last GET or GETNEXT */
static size_t answer_len;

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum status connect_it(void *ctx, int *fd)
{
	int pair[2];
	connects++;
	if (!is_there || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
		return ST_NOT_FOUND;
	if (master >= 0)
		close(master);
	master = pair[0];
	*fd = pair[1];
	return ST_OK;
}

static void all(void *ctx, struct snmp *s)
{
	struct snmp_card c = a_card(5);
	snmp_again(s, &c);
}

static void on_event(void *ctx, const struct snmp_event *e)
{
	connected += e->kind == SNMP_CONNECTED;
	lost += e->kind == SNMP_LOST;
	if (e->kind == SNMP_SAID)
		printf("# the library says: %s\n", e->text);
}

static const struct snmp_ports ports = {.connect = connect_it, .all = all, .on_event = on_event};

/* ---- a master's half of the protocol ------------------------------------------------------------ */

static uint32_t get32(const uint8_t *p, bool is_net)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return is_net ? ntohl(v) : v;
}

static void put32(uint8_t *p, uint32_t v)
{
	v = htonl(v);
	memcpy(p, &v, sizeof(v));
}

/* Yes to everything. */
static void say_yes(const uint8_t *head, bool is_net)
{
	uint8_t reply[28] = {1, RESPONSE, 0x10};
	put32(reply + 4, 77);                     /* session */
	put32(reply + 8, get32(head + 8, is_net)); /* transaction */
	put32(reply + 12, get32(head + 12, is_net)); /* packet */
	put32(reply + 16, 8);
	T_EQ(send(master, reply, sizeof(reply), MSG_NOSIGNAL), (ssize_t)sizeof(reply));
}

/* One message of the subagent, if there is one. */
static bool master_reads(bool answers_it)
{
	uint8_t head[20], body[4096];
	if (master < 0 || recv(master, head, sizeof(head), MSG_DONTWAIT) != (ssize_t)sizeof(head))
		return false;
	bool is_net = head[2] & 0x10;
	uint32_t len = get32(head + 16, is_net);
	if (len > sizeof(body) || recv(master, body, len, MSG_WAITALL) != (ssize_t)len)
		return false;
	seen[head[1] % 32]++;
	if (head[1] == RESPONSE) {
		answers++;
		memcpy(answer, body, len);
		answer_len = len;
	} else if (answers_it) {
		say_yes(head, is_net);
	}
	return true;
}

/* GET or GETNEXT of 1.3.6.1.4.1 . tail: prefix 4 is the third number behind internet. */
static void master_asks(uint8_t kind, const uint32_t *tail, size_t n)
{
	uint8_t m[512] = {1, kind, 0x10};
	size_t at = 20;
	put32(m + 4, 77);
	put32(m + 8, 1234);
	put32(m + 12, 99);
	m[at] = (uint8_t)(n + 1);
	m[at + 1] = 4;
	at += 4;
	put32(m + at, 1);
	at += 4;
	for (size_t i = 0; i < n; i++, at += 4)
		put32(m + at, tail[i]);
	at += 4; /* the end of the range: none */
	put32(m + 16, (uint32_t)(at - 20));
	T_EQ(send(master, m, at, MSG_NOSIGNAL), (ssize_t)at);
}

static void turn(struct snmp *s, bool master_answers)
{
	struct pollfd p = {.fd = snmp_fd(s), .events = POLLIN};
	if (poll(&p, 1, 2) > 0)
		snmp_poll(s);
	while (master_reads(master_answers))
		;
}

#define PATIENCE_MS 30000 /* on a busy machine the other thread may not run for long */
#define UNTIL(s, condition) \
	for (int64_t end_ = now_ms() + PATIENCE_MS; !(condition) && now_ms() < end_;) \
	turn(s, true)

static const struct snmp_settings on = {.is_on = true, .notify_sessions = true};

/* ---- stories ------------------------------------------------------------------------------------ */

/* It accepts, and never says a word: main notices nothing, and stopping is quick. */
static void silent_master(void)
{
	struct snmp_info info;
	struct snmp *s = snmp_new(&ports, NULL, 64);
	T_TRUE(s != NULL);
	is_there = true;
	snmp_set(s, &on);
	for (int64_t end = now_ms() + PATIENCE_MS; !seen[OPEN] && now_ms() < end;)
		turn(s, false);
	T_EQ(seen[OPEN], 1);
	/* The thread waits for an answer now. Nothing that main does takes time. */
	int64_t worst = 0;
	for (uint32_t i = 0; i < 500; i++) {
		int64_t from = now_ms();
		struct snmp_card c = a_card(10 + i);
		snmp_up(s, &c);
		snmp_poll(s);
		int64_t took = now_ms() - from;
		worst = took > worst ? took : worst;
	}
	T_TRUE(worst < 1000); /* the thread waits for seconds */
	snmp_info(s, &info);
	T_TRUE(!info.is_connected && !info.is_complete);
	int64_t from = now_ms();
	snmp_free(s);
	T_TRUE(now_ms() - from < 4000);
	T_EQ(mem_live(), 0);
}

/* Main has many sockets: ours have numbers that a plain fd_set does not hold. */
static void use_up_low_numbers(void)
{
	struct rlimit r;
	T_EQ(getrlimit(RLIMIT_NOFILE, &r), 0);
	r.rlim_cur = r.rlim_max < 4096 ? r.rlim_max : 4096;
	T_EQ(setrlimit(RLIMIT_NOFILE, &r), 0);
	for (int fd = 0; fd >= 0 && fd < 1100;)
		fd = fcntl(0, F_DUPFD_CLOEXEC, 3);
	T_TRUE(fcntl(1100, F_GETFD) >= 0);
}

/* Nobody there at first; then it comes, is asked and notified; goes away and comes back; and at the
 * end is told goodbye. */
static void master_comes_and_goes(void)
{
	/* ...9999.9999.1.1.7.1.3.5: the user of session 5; and what precedes our objects */
	static const uint32_t user[] = {8072, 9999, 9999, 1, 1, 7, 1, 3, 5};
	static const uint32_t before[] = {8072, 9999, 9999, 1, 1};
	static const uint32_t none[] = {8072, 9999, 9999, 1, 1, 7, 1, 3, 6};
	struct snmp_info info;
	T_DO(use_up_low_numbers());
	struct snmp *s = snmp_new(&ports, NULL, 64);
	T_TRUE(s != NULL);
	snmp_set(s, &on);
	UNTIL(s, connects >= 1);
	is_there = true;
	UNTIL(s, connected == 1);
	T_EQ(connected, 1);
	UNTIL(s, seen[REGISTER] == TREES);
	T_EQ(seen[REGISTER], TREES);
	struct snmp_card c = a_card(6);
	T_DO(master_asks(GET, user, 9));
	UNTIL(s, answers == 1);
	T_EQ(answers, 1);
	T_TRUE(memmem(answer, answer_len, "user5", 5));
	T_DO(master_asks(GET, none, 9));
	UNTIL(s, answers == 2);
	T_TRUE(answers == 2 && !memmem(answer, answer_len, "user", 4));
	T_DO(master_asks(GETNEXT, before, 5));
	UNTIL(s, answers == 3);
	T_TRUE(answers == 3 && memmem(answer, answer_len, "0.1.0", 5)); /* the version */
	snmp_up(s, &c);
	UNTIL(s, seen[NOTIFY]);
	T_EQ(seen[NOTIFY], 1);
	snmp_down(s, ST_END_DPD, &(struct snmp_traffic){.index = 6});
	UNTIL(s, seen[NOTIFY] == 2);
	snmp_info(s, &info);
	T_TRUE(info.is_connected && info.notify_sent == 2 && info.requests == 3 && info.cards == 1);
	/* Gone: noticed at once, tried again, and all is as before. */
	close(master);
	master = -1;
	UNTIL(s, lost == 1);
	T_EQ(lost, 1);
	snmp_up(s, &c);
	UNTIL(s, connected == 2 && seen[REGISTER] == 2 * TREES);
	T_EQ(seen[REGISTER], 2 * TREES);
	snmp_info(s, &info);
	T_EQ(info.notify_dropped, 1);
	/* Switched off: the connection ends. On again: it comes back. */
	snmp_set(s, &(struct snmp_settings){0});
	UNTIL(s, lost == 2);
	T_EQ(lost, 2);
	snmp_set(s, &on);
	UNTIL(s, connected == 3);
	T_EQ(connected, 3);
	UNTIL(s, seen[REGISTER] == 3 * TREES);
	int64_t from = now_ms();
	snmp_free(s); /* nobody answers the goodbye */
	T_TRUE(now_ms() - from < 4000);
	while (master_reads(false))
		;
	T_EQ(seen[CLOSE], 1);
	T_EQ(mem_live(), 0);
}

/* ---- each in a process of its own --------------------------------------------------------------- */

static int run_alone(void (*story)(void), const char *name)
{
	int how = 1;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		t_run(name, story);
		int rc = t_end();
		fflush(stdout);
		_exit(rc);
	}
	if (pid > 0)
		waitpid(pid, &how, 0);
	return how;
}

static void test_silent(void)
{
	T_EQ(run_alone(silent_master, "silent_master"), 0);
}

static void test_comes_and_goes(void)
{
	T_EQ(run_alone(master_comes_and_goes, "master_comes_and_goes"), 0);
}

int main(void)
{
	T_RUN(test_silent);
	T_RUN(test_comes_and_goes);
	return t_end();
}
