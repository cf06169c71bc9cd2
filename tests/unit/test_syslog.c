/* Where syslog messages go: queues, order, refusals, daemons that go away and come back. The clock is
 * stepped; the sockets are real ones on loopback and in a folder of our own. */
#include "modules/syslog/syslog.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "modules/syslog/queue.h"
#include "tests/lib/syslog_check.h"
#include "tests/lib/t.h"

#define WALL 1769860800000

static char folder[64];

static struct {
	struct syslog *s;
	uint64_t now;
	uint64_t wake;
	enum status udp_says; /* instead of a socket */
	unsigned udp_calls, drops;
	uint32_t last_index;
	struct addr last_source;
	unsigned begun, over;
	uint64_t told; /* dropped, by the last one that was over */
	char reason[96];
} lab;

static void wake_at(void *ctx, uint64_t at_ms)
{
	lab.wake = at_ms;
}

static enum status udp(void *ctx, const struct syslog_target *t, uint32_t index, int *fd)
{
	lab.udp_calls++;
	lab.last_index = index;
	lab.last_source = t->source;
	if (lab.udp_says != ST_OK)
		return lab.udp_says;
	*fd = socket(t->addr.family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return *fd >= 0 ? ST_OK : ST_IO;
}

static void udp_drop(void *ctx, const struct syslog_target *t, uint32_t index)
{
	lab.drops++;
	lab.last_index = index;
}

static void on_loss(void *ctx, const struct syslog_loss *l)
{
	if (l->is_over) {
		lab.over++;
		lab.told = l->dropped;
	} else {
		lab.begun++;
		snprintf(lab.reason, sizeof(lab.reason), "%s", l->reason);
	}
}

static void begin(void)
{
	static const struct syslog_ports ports = {.wake_at = wake_at, .udp = udp, .udp_drop = udp_drop, .on_loss = on_loss};
	memset(&lab, 0, sizeof(lab));
	lab.now = 1000;
	lab.s = syslog_new(&ports, NULL);
	T_TRUE(lab.s != NULL);
}

static void finish(void)
{
	syslog_free(lab.s);
	T_EQ(mem_live(), 0);
}

static void set(int level, const struct syslog_target *targets, size_t n)
{
	struct syslog_conf c = {.source = {.facility = 20, .pid = 7, .version = "1", .host = "gw"}, .level = level,
				.targets = targets, .n = n};
	syslog_set(lab.s, &c);
}

static void emit_as(enum event e, uint64_t number)
{
	const struct kv kv[] = {kv_u64("n", number)};
	syslog_event(lab.s, &(struct syslog_event){WALL, WALL, e, kv, 1});
}

static void emit(uint64_t number)
{
	emit_as(EV_IKE_SA_UP, number);
}

/* Steps the clock and does what was asked for then. */
static void step(uint64_t ms)
{
	uint64_t until = lab.now + ms;
	for (int i = 0; i < 10000 && lab.wake <= until; i++) {
		lab.now = lab.wake > lab.now ? lab.wake : lab.now;
		struct syslog_time t = {lab.now, WALL, WALL};
		syslog_turn(lab.s, &t);
	}
	lab.now = until;
}

static struct syslog_info info(size_t n)
{
	struct syslog_info i = {0};
	size_t cursor = 0;
	for (size_t k = 0; k <= n; k++)
		if (!syslog_next(lab.s, &cursor, &i))
			t_fail(__FILE__, __LINE__, "there is no destination %zu", n);
	return i;
}

/* ---- receivers ---------------------------------------------------------------------------------- */

static struct syslog_target collector(const char *addr, uint16_t port)
{
	struct syslog_target t = {.port = port};
	if (addr_parse(addr, &t.addr) != ST_OK)
		abort();
	return t;
}

/* On 127.0.0.1 or ::1; port 0: any, which is returned. */
static int listen_udp(uint8_t family, uint16_t *port)
{
	struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(*port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(*port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr *sa = family == 4 ? (struct sockaddr *)&in4 : (struct sockaddr *)&in6;
	socklen_t len = family == 4 ? sizeof(in4) : sizeof(in6);
	int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, sa, len) != 0 || getsockname(fd, sa, &len) != 0)
		t_fail(__FILE__, __LINE__, "no socket: %s", strerror(errno));
	*port = ntohs(family == 4 ? in4.sin_port : in6.sin6_port);
	return fd;
}

static struct syslog_target daemon_at(const char *name, bool is_3164)
{
	struct syslog_target t = {.is_3164 = is_3164};
	snprintf(t.path, sizeof(t.path), "%s/%s", folder, name);
	return t;
}

static int listen_local(const struct syslog_target *t)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	memcpy(sa.sun_path, t->path, sizeof(sa.sun_path));
	unlink(t->path);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
		t_fail(__FILE__, __LINE__, "no socket: %s", strerror(errno));
	return fd;
}

static char text[SYSLOG_MAX + 1];
static struct syslog_checked checked;

static bool receive(int fd)
{
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
	text[n > 0 ? n : 0] = 0;
	return n > 0;
}

/* The next message is event `number` with this sequenceId. */
static void expect(int fd, uint64_t number, uint64_t sequence)
{
	char want[32];
	T_TRUE(receive(fd));
	const char *why = syslog_check((uint8_t *)text, strlen(text), &checked);
	if (why)
		T_FAIL("%s in %s", why, text);
	snprintf(want, sizeof(want), "%llu", (unsigned long long)number);
	T_STR(syslog_checked_value(&checked, "n"), want);
	snprintf(want, sizeof(want), "%llu", (unsigned long long)sequence);
	T_STR(syslog_checked_value(&checked, "sequenceId"), want);
}

static void expect_notice(int fd, uint64_t dropped)
{
	char want[64];
	T_TRUE(receive(fd));
	snprintf(want, sizeof(want), "%%SALLYPORT-4-SYSLOG_QUEUE: %llu messages were dropped", (unsigned long long)dropped);
	if (!strstr(text, want))
		T_FAIL("no \"%s\" in %s", want, text);
}

/* ---- the queue alone ------------------------------------------------------------------------------ */

static struct syslog_message *message(size_t len)
{
	static uint8_t bytes[65535];
	return syslog_message_new(bytes, len, 0);
}

static void queues(void)
{
	static struct syslog_queue q;
	struct syslog_message *m = message(100), *big = message(60000), *extra = message(100);
	T_TRUE(m && big && extra);
	T_TRUE(syslog_queue_first(&q) == NULL);
	for (uint32_t i = 0; i < SYSLOG_QUEUE; i++)
		T_EQ(syslog_queue_push(&q, m), 0);
	T_TRUE(!syslog_queue_unpop(&q, extra));
	T_EQ(syslog_queue_push(&q, extra), 1); /* by number */
	T_EQ(q.count, SYSLOG_QUEUE);
	T_EQ(syslog_queue_push(&q, big), 1);
	uint32_t dropped = 0;
	for (int i = 0; i < 17; i++)
		dropped += syslog_queue_push(&q, big); /* by bytes */
	T_TRUE(dropped > 17 && q.bytes <= SYSLOG_QUEUE_BYTES && q.bytes > SYSLOG_QUEUE_BYTES - 60000);
	syslog_queue_clear(&q);
	T_EQ(q.bytes, 0);
	T_EQ(syslog_queue_push(&q, big), 0);
	T_EQ(syslog_queue_push(&q, m), 0);
	T_TRUE(syslog_queue_unpop(&q, extra));
	T_TRUE(syslog_queue_first(&q) == extra);
	syslog_queue_pop(&q);
	T_TRUE(syslog_queue_first(&q) == big);
	syslog_queue_clear(&q);
	T_EQ(m->refs, 1);
	T_EQ(big->refs, 1);
	syslog_message_unref(m);
	syslog_message_unref(big);
	syslog_message_unref(extra);
	syslog_message_unref(NULL);
	T_EQ(mem_live(), 0);
}

/* ---- several destinations --------------------------------------------------------------------------- */

static void to_all(void)
{
	uint16_t port4 = 0, port6 = 0;
	int four = listen_udp(4, &port4), six = listen_udp(6, &port6);
	struct syslog_target t[] = {collector("127.0.0.1", port4), collector("::1", port6), daemon_at("dev", true),
				    daemon_at("new", false)};
	int old = listen_local(&t[2]), new = listen_local(&t[3]);
	T_DO(begin());
	emit(0); /* nobody wants it yet */
	T_EQ(lab.wake, 0);
	set(5, t, 4);
	T_EQ(lab.wake, UINT64_MAX);
	emit(1);
	emit_as(EV_CHILD_UP, 2); /* informational: for the local ones only */
	emit_as(EV_STORE_ERROR, 3);
	T_TRUE(!receive(four) && !receive(old)); /* nothing before the turn */
	step(0);
	T_DO(expect(four, 1, 1));
	T_DO(expect(four, 3, 2));
	T_DO(expect(six, 1, 1));
	T_DO(expect(six, 3, 2));
	T_EQ(checked.priority, 20 * 8 + 2);
	for (uint64_t i = 1; i <= 3; i++)
		T_DO(expect(new, i, i));
	for (int i = 1; i <= 3; i++) {
		T_TRUE(receive(old));
		T_TRUE(strncmp(text + 5, "Jan 31 12:00:00 sallyport[7]: %", 31) == 0 && strstr(text, " n="));
	}
	T_TRUE(!receive(four) && !receive(six) && !receive(old) && !receive(new));
	uint64_t sent, dropped;
	syslog_totals(lab.s, &sent, &dropped);
	T_EQ(sent, 2 + 2 + 3 + 3);
	T_EQ(dropped, 0);
	T_EQ(info(0).state, SYSLOG_UP);
	T_EQ(info(0).sent, 2);
	T_EQ(info(3).sent, 3);
	step(60000);
	T_EQ(lab.wake, UINT64_MAX); /* idle is idle */
	T_DO(finish());
	close(four);
	close(six);
	close(old);
	close(new);
}

/* One turn takes a bounded part of a long queue. */
static void bounded_turns(void)
{
	uint16_t port = 0;
	int fd = listen_udp(4, &port);
	struct syslog_target t = collector("127.0.0.1", port);
	T_DO(begin());
	set(7, &t, 1);
	for (uint64_t i = 1; i <= 150; i++)
		emit(i);
	struct syslog_time now = {lab.now, WALL, WALL};
	syslog_turn(lab.s, &now);
	T_EQ(info(0).sent, SYSLOG_TURN);
	T_EQ(info(0).queued, 150 - SYSLOG_TURN);
	T_TRUE(lab.wake <= lab.now); /* and goes on at once */
	step(0);
	T_EQ(info(0).queued, 0);
	for (uint64_t i = 1; i <= 150; i++)
		T_DO(expect(fd, i, i));
	T_DO(finish());
	close(fd);
}

/* ---- a daemon of this host that is away ------------------------------------------------------------- */

static void local_comes_and_goes(void)
{
	struct syslog_target t = daemon_at("sock", false);
	unlink(t.path);
	T_DO(begin());
	set(SYSLOG_OFF, &t, 1); /* the level is for collectors */
	for (uint64_t i = 1; i <= 10; i++)
		emit(i);
	step(5000);
	T_EQ(info(0).queued, 10);
	T_EQ(info(0).state, SYSLOG_WAITING);
	T_STR(info(0).error, strerror(ENOENT));
	int fd = listen_local(&t);
	step(1000);
	T_EQ(info(0).state, SYSLOG_UP);
	for (uint64_t i = 1; i <= 10; i++)
		T_DO(expect(fd, i, i));
	/* It ends, messages go on, and another one begins. */
	close(fd);
	for (uint64_t i = 11; i <= 20; i++)
		emit(i);
	step(3000);
	T_EQ(info(0).queued, 10);
	T_STR(info(0).error, strerror(ECONNREFUSED));
	fd = listen_local(&t);
	step(1000);
	for (uint64_t i = 11; i <= 20; i++)
		T_DO(expect(fd, i, i));
	T_EQ(info(0).dropped, 0);
	T_EQ(lab.begun + lab.over, 0);
	close(fd);
	/* One that we may not use. */
	fd = listen_local(&t);
	T_EQ(chmod(t.path, 0), 0);
	bool is_root = geteuid() == 0;
	T_TRUE(!is_root || seteuid(65534) == 0);
	emit(21);
	step(2000);
	T_TRUE(!is_root || seteuid(0) == 0);
	T_STR(info(0).error, strerror(EACCES));
	close(fd);
	T_DO(finish());
}

/* A daemon that does not read: its socket fills, then our queue, and the oldest go. */
static void nobody_reads(void)
{
	struct syslog_target t = daemon_at("full", false);
	int fd = listen_local(&t);
	T_DO(begin());
	set(7, &t, 1);
	uint64_t n = 0, buffered;
	while (n < SYSLOG_QUEUE)
		emit(++n);
	step(2000);
	buffered = info(0).sent;
	T_TRUE(buffered > 0 && buffered < 1000);
	T_EQ(info(0).state, SYSLOG_UP); /* slow is not gone */
	T_EQ(info(0).queued, n - buffered);
	T_TRUE(lab.wake > lab.now && lab.wake <= lab.now + 500); /* tried, but not in a hurry */
	while (n < 3000)
		emit(++n);
	uint64_t lost = 3000 - SYSLOG_QUEUE - buffered;
	T_EQ(info(0).dropped, lost);
	T_EQ(info(0).queued, SYSLOG_QUEUE);
	T_EQ(lab.begun, 1); /* said once */
	T_TRUE(strstr(lab.reason, "more events"));
	T_EQ(lab.over, 0);
	for (uint64_t i = 1; i <= buffered; i++)
		T_DO(expect(fd, i, i));
	step(1000);
	T_DO(expect_notice(fd, lost));
	T_EQ(lab.over, 1);
	T_EQ(lab.told, lost);
	uint64_t at = buffered + lost + 1;
	for (uint64_t sequence = buffered + 2; at <= 3000; at++, sequence++) {
		T_DO(expect(fd, at, sequence));
		step(1000);
	}
	T_EQ(info(0).queued, 0);
	/* The next loss is told again. */
	while (lab.begun == 1 && n < 10000)
		emit(++n);
	T_EQ(lab.begun, 2);
	T_DO(finish());
	close(fd);
}

/* ---- a collector that refuses ------------------------------------------------------------------------- */

static void refused(uint8_t family, const char *addr)
{
	uint16_t port = 0;
	int fd = listen_udp(family, &port);
	struct syslog_target t = collector(addr, port);
	T_DO(begin());
	set(7, &t, 1);
	emit(1);
	step(2000);
	T_DO(expect(fd, 1, 1));
	close(fd);
	emit(2); /* lost: nobody can know */
	step(2000);
	T_EQ(info(0).state, SYSLOG_WAITING);
	T_STR(info(0).error, strerror(ECONNREFUSED));
	for (uint64_t i = 3; i <= 9; i++)
		emit(i);
	step(60000);
	T_EQ(info(0).queued, 7);
	T_EQ(info(0).sent, 2);
	unsigned calls = lab.udp_calls;
	step(300000);
	T_TRUE(lab.udp_calls - calls >= 9 && lab.udp_calls - calls <= 11); /* each 30 s */
	fd = listen_udp(family, &port);
	step(30000 + 4000);
	T_EQ(info(0).state, SYSLOG_UP);
	T_EQ(info(0).queued, 0);
	T_EQ(info(0).dropped, 0);
	for (uint64_t i = 3; i <= 9; i++) {
		T_TRUE(receive(fd));
		T_EQ(syslog_check((uint8_t *)text, strlen(text), &checked) != NULL, false);
		T_EQ(strtoull(syslog_checked_value(&checked, "n"), NULL, 10), i);
	}
	T_TRUE(!receive(fd)); /* none twice */
	T_DO(finish());
	close(fd);
}

static void refusals(void)
{
	T_DO(refused(4, "127.0.0.1"));
	T_DO(refused(6, "::1"));
}

/* The queue of a collector that refuses overflows while one message is on trial. */
static void refused_and_full(void)
{
	uint16_t port = 0;
	int fd = listen_udp(4, &port);
	struct syslog_target t = collector("127.0.0.1", port);
	close(fd);
	T_DO(begin());
	set(7, &t, 1);
	uint64_t n = 0;
	emit(++n);
	step(1500);
	while (n < SYSLOG_QUEUE + 100)
		emit(++n);
	step(500); /* on trial now */
	T_EQ(info(0).state, SYSLOG_WAITING);
	while (n < SYSLOG_QUEUE + 200)
		emit(++n);
	T_TRUE(info(0).dropped > 0 && info(0).queued >= SYSLOG_QUEUE);
	T_STR(lab.reason, strerror(ECONNREFUSED));
	fd = listen_udp(4, &port);
	int buffer = 4 << 20;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
	step(62000);
	T_EQ(info(0).queued, 0);
	T_EQ(lab.over, 1);
	T_EQ(lab.told, info(0).dropped);
	T_EQ(info(0).sent + info(0).dropped, n + 1); /* with the notice */
	T_DO(finish());
	close(fd);
}

static void no_socket(void)
{
	struct syslog_target t = collector("127.0.0.1", 9), far = collector("192.0.2.1", 9);
	snprintf(t.vrf, sizeof(t.vrf), "red");
	T_DO(begin());
	lab.udp_says = ST_NOT_FOUND;
	set(7, &t, 1);
	emit(1);
	step(0);
	T_EQ(info(0).state, SYSLOG_WAITING);
	T_TRUE(strstr(info(0).error, "no network namespace"));
	T_EQ(lab.udp_calls, 1);
	step(999);
	T_EQ(lab.udp_calls, 1);
	step(1);
	T_EQ(lab.udp_calls, 2);
	step(1999);
	T_EQ(lab.udp_calls, 2);
	step(1);
	T_EQ(lab.udp_calls, 3);
	T_EQ(info(0).queued, 1);
	char name[SYSLOG_TARGET_TEXT];
	T_STR(syslog_target_format(&t, name), "127.0.0.1:9 vrf red");
	T_STR(syslog_target_format(&far, name), "192.0.2.1:9");
	T_DO(finish());
}

/* ---- another configuration ------------------------------------------------------------------------------ */

static void reload(void)
{
	uint16_t a_port = 0, b_port = 0;
	int a = listen_udp(4, &a_port), b = listen_udp(4, &b_port);
	struct syslog_target t[3] = {collector("127.0.0.1", a_port), daemon_at("none", false),
				     collector("127.0.0.1", b_port)};
	unlink(t[1].path);
	T_DO(begin());
	set(7, t, 2);
	emit(1);
	step(0);
	T_DO(expect(a, 1, 1));
	T_EQ(info(1).queued, 1);
	/* What stays keeps its numbers, its socket and its queue; the new one begins at 1. */
	set(7, t, 3);
	T_EQ(info(1).queued, 1);
	emit(2);
	step(0);
	T_DO(expect(a, 2, 2));
	T_DO(expect(b, 2, 1));
	T_EQ(lab.udp_calls, 2);
	T_EQ(lab.last_index, 2);
	/* Another source address: another socket, the numbers go on. */
	t[0].source = t[0].addr;
	set(7, t, 3);
	T_EQ(lab.drops, 1);
	T_EQ(lab.last_index, 0);
	emit(3);
	step(0);
	T_EQ(lab.udp_calls, 3);
	T_TRUE(addr_eq(&lab.last_source, &t[0].addr));
	T_DO(expect(a, 3, 3));
	T_DO(expect(b, 3, 2));
	/* Gone. */
	set(7, &t[2], 1);
	T_EQ(lab.drops, 2);
	emit(4);
	step(0);
	T_TRUE(!receive(a));
	T_DO(expect(b, 4, 3));
	size_t cursor = 0;
	struct syslog_info i;
	T_TRUE(syslog_next(lab.s, &cursor, &i) && !syslog_next(lab.s, &cursor, &i));
	uint64_t sent, dropped;
	syslog_totals(lab.s, &sent, &dropped);
	T_EQ(sent, 3 + 3); /* those of destinations that are gone too */
	set(SYSLOG_OFF, &t[2], 1);
	emit(5);
	step(0);
	T_TRUE(!receive(b));
	set(7, NULL, 0);
	T_EQ(lab.drops, 3);
	emit(6);
	step(0);
	T_EQ(lab.wake, UINT64_MAX);
	T_DO(finish());
	close(a);
	close(b);
}

static void as_many_as_may_be(void)
{
	struct syslog_target t[SYSLOG_TARGETS];
	uint16_t port = 0;
	int fd = listen_udp(4, &port);
	for (size_t i = 0; i < SYSLOG_TARGETS; i++) {
		t[i] = collector("127.0.0.1", (uint16_t)(i + 1));
	}
	T_DO(begin());
	lab.udp_says = ST_NOT_FOUND;
	set(7, t, SYSLOG_TARGETS);
	emit(1);
	step(0);
	T_EQ(lab.udp_calls, SYSLOG_TARGETS);
	/* All of them replaced at once. */
	for (size_t i = 0; i < SYSLOG_TARGETS; i++)
		t[i].port = (uint16_t)(100 + i);
	t[SYSLOG_TARGETS - 1].port = port;
	lab.udp_says = ST_OK;
	set(7, t, SYSLOG_TARGETS);
	T_EQ(info(SYSLOG_TARGETS - 1).target.port, port);
	emit(2);
	step(0);
	T_DO(expect(fd, 2, 1)); /* the others delay nothing */
	T_DO(finish());
	close(fd);
}

static void out_of_memory(void)
{
	uint16_t port = 0;
	int fd = listen_udp(4, &port);
	struct syslog_target t = collector("127.0.0.1", port);
	static const struct syslog_ports ports = {.wake_at = wake_at, .udp = udp, .udp_drop = udp_drop, .on_loss = on_loss};
	mem_fail_at(1);
	T_TRUE(syslog_new(&ports, NULL) == NULL);
	T_DO(begin());
	set(7, &t, 1);
	mem_fail_at(1);
	emit(1);
	mem_fail_at(0);
	T_EQ(info(0).dropped, 1);
	emit(2);
	step(0);
	T_DO(expect_notice(fd, 1));
	T_DO(expect(fd, 2, 2));
	T_DO(finish());
	syslog_free(NULL);
	close(fd);
}

int main(void)
{
	snprintf(folder, sizeof(folder), "/tmp/sallyport-syslog-XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	T_RUN(queues);
	T_RUN(to_all);
	T_RUN(bounded_turns);
	T_RUN(local_comes_and_goes);
	T_RUN(nobody_reads);
	T_RUN(refusals);
	T_RUN(refused_and_full);
	T_RUN(no_socket);
	T_RUN(reload);
	T_RUN(as_many_as_may_be);
	T_RUN(out_of_memory);
	static const char *const names[] = {"dev", "new", "sock", "full", "none"};
	char path[128];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
	return t_end();
}
