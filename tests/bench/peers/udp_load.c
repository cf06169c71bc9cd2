/* The load of the UDP figures, a program of its own beside the tunnel:
 *
 *   udp_load sink ADDRESS PORT SECONDS                  counts; prints packets and octets of the last run it saw
 *   udp_load send ADDRESS PORT SECONDS PPS SIZE|imix    SIZE octets of UDP payload; prints packets sent and octets
 *   udp_load echo ADDRESS PORT SECONDS                  sends back what it gets
 *   udp_load ask  ADDRESS PORT SECONDS INTERVAL_US      prints asked, answered and the round trip's p50 p90 p99 p99.9
 *                                                       and greatest, in microseconds; SIGTERM ends it before
 *   udp_load flood ADDRESS PORT SECONDS SIZE SEGMENTS   as much as goes in the first 800 ms of every second, SEGMENTS packets
 *                                                       as a bundle for the kernel to cut; prints packets sent
 *   udp_load tick ADDRESS PORT SECONDS INTERVAL_US TOS  one small packet in an interval, on average, from 100 to 800 ms of
 *                                                       every second: beside a flood; prints how many
 *   udp_load hear ADDRESS PORT SECONDS                  prints how many of them came and their way's p50 p90 p99 p99.9 and
 *                                                       greatest, in microseconds: both ends have the same clock
 *
 * Every one ends by itself after SECONDS (the sink: when nothing came for 300 ms, or 2 s later at the latest). Packets
 * are sent one by one, not as a bundle for the kernel to cut: the tunnel gets single packets, as from many hosts. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define SIZE_MAX_ 2048
#define ASKS_MAX 200000
/* What a sender that lost the processor may make up for at once: more would measure the length of a queue. */
#define BACKLOG_NS 1000000

/* What every packet begins with. */
struct stamp {
	uint64_t run;
	uint64_t ns; /* when it was sent */
};

/* Seven small, four middling, one large. */
static const int imix[12] = {64, 576, 64, 64, 576, 64, 1300, 64, 576, 64, 64, 576};

static uint8_t bytes[BATCH][SIZE_MAX_];
static struct mmsghdr msgs[BATCH];
static struct iovec vecs[BATCH];

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static int open_socket(const char *address, const char *port, int receives)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
	int s = socket(AF_INET, SOCK_DGRAM, 0), octets = 16 << 20;

	if (s < 0 || inet_pton(AF_INET, address, &a.sin_addr) != 1)
		return -1;
	setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets);
	setsockopt(s, SOL_SOCKET, SO_SNDBUFFORCE, &octets, sizeof octets);
	if ((receives ? bind(s, (void *)&a, sizeof a) : connect(s, (void *)&a, sizeof a)) != 0)
		return -1;
	for (int i = 0; i < BATCH; i++) {
		vecs[i] = (struct iovec){bytes[i], SIZE_MAX_};
		msgs[i].msg_hdr = (struct msghdr){.msg_iov = &vecs[i], .msg_iovlen = 1};
	}
	return s;
}

static int sink(int s, double seconds)
{
	uint64_t end = now_ns() + (uint64_t)((seconds + 2) * 1e9), run = 0, octets = 0, packets = 0;
	struct pollfd p = {s, POLLIN, 0};

	while (now_ns() < end) {
		int n = poll(&p, 1, packets ? 300 : 100);

		if (n == 0 && packets)
			break;
		if (n <= 0)
			continue;
		n = recvmmsg(s, msgs, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++) {
			const struct stamp *t = (void *)bytes[i];

			if (msgs[i].msg_len < sizeof *t)
				continue;
			if (t->run != run) { /* what an earlier run left in the queues is not counted */
				run = t->run;
				packets = octets = 0;
			}
			packets++;
			octets += msgs[i].msg_len;
		}
	}
	printf("%llu %llu\n", (unsigned long long)packets, (unsigned long long)octets);
	return 0;
}

static int send_all(int s, double seconds, double pps, const char *size)
{
	uint64_t start = now_ns(), end = start + (uint64_t)(seconds * 1e9), run = start, sent = 0, octets = 0;
	int fixed = strcmp(size, "imix") == 0 ? 0 : atoi(size), k = 0;
	double forgotten = 0;

	if (pps < 1 || (fixed != 0 && (fixed < (int)sizeof(struct stamp) || fixed > SIZE_MAX_)))
		return 2;
	prctl(PR_SET_TIMERSLACK, 1);
	for (uint64_t now; (now = now_ns()) < end;) {
		double due = (double)(now - start) * pps / 1e9 - forgotten - (double)sent;
		double most = pps * BACKLOG_NS / 1e9 + BATCH;
		int n, done;

		if (due < 1) {
			usleep(20);
			continue;
		}
		if (due > most) {
			forgotten += due - most;
			due = most;
		}
		n = due > BATCH ? BATCH : (int)due;
		for (int i = 0; i < n; i++) {
			struct stamp t = {run, now};

			memcpy(bytes[i], &t, sizeof t);
			vecs[i].iov_len = (size_t)(fixed ? fixed : imix[(k + i) % 12]);
		}
		done = sendmmsg(s, msgs, (unsigned)n, 0);
		if (done <= 0) { /* the device's queue is full: those count as sent, and lost */
			if (errno != ENOBUFS && errno != EAGAIN && errno != ECONNREFUSED)
				return fail("send");
			done = 1;
		}
		for (int i = 0; i < done; i++)
			octets += vecs[i].iov_len;
		k = (k + done) % 12;
		sent += (uint64_t)done;
	}
	printf("%llu %llu\n", (unsigned long long)sent, (unsigned long long)octets);
	return 0;
}

static int echo(int s, double seconds)
{
	uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
	struct pollfd p = {s, POLLIN, 0};

	while (now_ns() < end) {
		struct sockaddr_in from;
		socklen_t len = sizeof from;
		ssize_t n;

		if (poll(&p, 1, 100) <= 0)
			continue;
		n = recvfrom(s, bytes[0], SIZE_MAX_, 0, (void *)&from, &len);
		if (n > 0)
			sendto(s, bytes[0], (size_t)n, 0, (void *)&from, len);
	}
	return 0;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Microseconds of n times that are in ns / 10. */
static void print_parts(uint32_t *took, int n)
{
	const double parts[] = {0.5, 0.9, 0.99, 0.999, 1};

	qsort(took, (size_t)n, sizeof *took, by_value);
	for (int i = 0; i < 5; i++)
		printf(" %.1f", n ? took[(int)((n - 1) * parts[i])] / 100.0 : 0.0);
	putchar('\n');
}

#define SECOND 1000000000u
#define FLOOD_NS 800000000u /* of every second of the clock: then whoever else wants to has the processor */
#define TICK_NS 100000000u

static void sleep_until(uint64_t ns)
{
	struct timespec at = {(time_t)(ns / SECOND), (long)(ns % SECOND)};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static int flood(int s, double seconds, int size, int segments)
{
	static uint8_t bundle[65000];
	uint64_t end = now_ns() + (uint64_t)(seconds * 1e9), sent = 0;
	size_t len = (size_t)size * (size_t)segments;

	if (size < 1 || segments < 1 || len > sizeof bundle)
		return 2;
	if (segments > 1 && setsockopt(s, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size) != 0)
		return fail("flood");
	for (uint64_t now; (now = now_ns()) < end;) {
		if (now % SECOND >= FLOOD_NS)
			sleep_until(now - now % SECOND + SECOND);
		else if (send(s, bundle, len, 0) >= 0)
			sent += (uint64_t)segments;
		else if (errno != ENOBUFS && errno != EAGAIN && errno != ECONNREFUSED)
			return fail("flood");
	}
	printf("%llu\n", (unsigned long long)sent);
	return 0;
}

/* Intervals differ by half, or the figures would hang on what else happens at such times. */
static int tick(int s, double seconds, uint64_t interval_us, int tos)
{
	uint64_t start = now_ns(), end = start + (uint64_t)(seconds * 1e9), next = start, sent = 0;

	if (setsockopt(s, IPPROTO_IP, IP_TOS, &tos, sizeof tos) != 0)
		return fail("tick");
	prctl(PR_SET_TIMERSLACK, 1);
	srand((unsigned)start);
	for (uint64_t now; (now = now_ns()) < end;) {
		struct stamp t = {start, now};

		if (now % SECOND >= FLOOD_NS)
			next = now - now % SECOND + SECOND + TICK_NS;
		else if (now % SECOND < TICK_NS)
			next = now - now % SECOND + TICK_NS;
		if (now < next) {
			sleep_until(next);
			continue;
		}
		if (send(s, &t, sizeof t, 0) < 0 && errno != ENOBUFS && errno != ECONNREFUSED)
			return fail("tick");
		sent++;
		next = now + interval_us * (500 + (uint64_t)rand() % 1001);
	}
	printf("%llu\n", (unsigned long long)sent);
	return 0;
}

static int hear(int s, double seconds)
{
	static uint32_t took[ASKS_MAX]; /* ns / 10 */
	uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
	struct pollfd p = {s, POLLIN, 0};
	struct stamp t;
	int n = 0;

	while (now_ns() < end && n < ASKS_MAX) {
		if (poll(&p, 1, 100) > 0 && recv(s, &t, sizeof t, MSG_DONTWAIT) == (ssize_t)sizeof t)
			took[n++] = (uint32_t)((now_ns() - t.ns) / 10);
	}
	printf("%d", n);
	print_parts(took, n);
	return 0;
}

static volatile sig_atomic_t is_over;

static void on_term(int number)
{
	(void)number;
	is_over = 1;
}

static int ask(int s, double seconds, uint64_t interval_us)
{
	static uint32_t took[ASKS_MAX]; /* ns / 10 */
	uint64_t start = now_ns(), end = start + (uint64_t)(seconds * 1e9), next = start, asked = 0;
	struct pollfd p = {s, POLLIN, 0};
	int n = 0;

	signal(SIGTERM, on_term);
	prctl(PR_SET_TIMERSLACK, 1);
	for (uint64_t now; (now = now_ns()) < end + 500000000 && n < ASKS_MAX;) {
		struct timespec wait;
		struct stamp t = {start, now};

		if (is_over && end > now)
			end = now;
		if (now >= next && now < end) {
			if (send(s, &t, sizeof t, 0) < 0 && errno != ENOBUFS && errno != ECONNREFUSED)
				return fail("ask");
			asked++;
			next += interval_us * 1000;
			continue;
		}
		wait = (struct timespec){0, now < end ? (long)(next - now) : 50000000};
		if (wait.tv_nsec > 999999999)
			wait = (struct timespec){1, 0};
		if (ppoll(&p, 1, &wait, NULL) <= 0) {
			if (now >= end)
				break;
			continue;
		}
		if (recv(s, &t, sizeof t, MSG_DONTWAIT) == (ssize_t)sizeof t && t.run == start)
			took[n++] = (uint32_t)((now_ns() - t.ns) / 10);
	}
	printf("%llu %d", (unsigned long long)asked, n);
	print_parts(took, n);
	return 0;
}

int main(int argc, char **argv)
{
	int s, receives;

	if (argc < 5)
		return 2;
	receives = strcmp(argv[1], "sink") == 0 || strcmp(argv[1], "echo") == 0 || strcmp(argv[1], "hear") == 0;
	s = open_socket(argv[2], argv[3], receives);
	if (s < 0)
		return fail(argv[2]);
	if (strcmp(argv[1], "sink") == 0)
		return sink(s, atof(argv[4]));
	if (strcmp(argv[1], "echo") == 0)
		return echo(s, atof(argv[4]));
	if (strcmp(argv[1], "send") == 0 && argc == 7)
		return send_all(s, atof(argv[4]), atof(argv[5]), argv[6]);
	if (strcmp(argv[1], "flood") == 0 && argc == 7)
		return flood(s, atof(argv[4]), atoi(argv[5]), atoi(argv[6]));
	if (strcmp(argv[1], "hear") == 0)
		return hear(s, atof(argv[4]));
	if (strcmp(argv[1], "tick") == 0 && argc == 7)
		return tick(s, atof(argv[4]), (uint64_t)atoi(argv[5]), atoi(argv[6]));
	if (strcmp(argv[1], "ask") == 0 && argc == 6)
		return ask(s, atof(argv[4]), (uint64_t)atoi(argv[5]));
	return 2;
}
