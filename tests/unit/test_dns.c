/* The resolver against a name server of our own on the loopback device. */
#include "modules/dns/dns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/base/wr.h"
#include "modules/loop/loop.h"
#include "tests/lib/t.h"

static struct loop *loop;
static struct loop_timer *late;
static struct dns *dns;
static char path[64];
static int servers[2] = {-1, -1};
static struct loop_fd *watches[2];
static unsigned asked[2];
static bool is_deaf[2]; /* hears and does not answer */

/* ---- the server ------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	uint16_t type; /* 1 A, 28 AAAA */
	uint8_t rcode;
	uint32_t ttl;
	unsigned n;
} zone[] = {
	{"two.test", 1, 0, 60, 2},
	{"two.test", 28, 0, 60, 1},
	{"many.test", 1, 0, 60, 9},
	{"short.test", 1, 0, 1, 1},
	{"never-kept.test", 1, 0, 0, 1},
	{"empty.test", 1, 0, 0, 0},
	{"refused.test", 1, 5, 0, 0},
	{"any.wild.test", 1, 0, 60, 1}, /* whatever comes first */
};
#define WILD (sizeof(zone) / sizeof(zone[0]) - 1)

/* The first labels as text; what follows them is skipped. */
static bool read_name(struct rd *r, char *out, size_t cap)
{
	size_t n = 0;
	for (;;) {
		uint8_t len = rd_u8(r);
		if (len == 0 || len > 63 || n + len + 2 > cap)
			break;
		struct view v = rd_bytes(r, len);
		if (!rd_ok(r))
			return false;
		n += (size_t)snprintf(out + n, cap - n, "%s%.*s", n ? "." : "", (int)v.len, (const char *)v.p);
	}
	return rd_ok(r);
}

static void put_answer(struct wr *w, uint16_t type, uint32_t ttl, unsigned i)
{
	uint8_t a[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = (uint8_t)(i + 1)};
	uint8_t a4[4] = {192, 0, 2, (uint8_t)(i + 1)};
	wr_u16(w, 0xc00c);
	wr_u16(w, type);
	wr_u16(w, 1);
	wr_u32(w, ttl);
	wr_u16(w, type == 1 ? 4 : 16);
	wr_bytes(w, type == 1 ? a4 : a, type == 1 ? 4 : 16);
}

static void answer(int fd, const uint8_t *msg, size_t len, const struct sockaddr_in *to)
{
	uint8_t out[1024];
	struct wr w = wr_init(out, sizeof(out));
	struct rd r = rd_init(msg, len);
	char name[256] = "";
	uint16_t id = rd_u16(&r);
	rd_skip(&r, 10);
	if (!read_name(&r, name, sizeof(name)) || strcasecmp(name, "silent.test") == 0)
		return;
	uint16_t type = rd_u16(&r);
	size_t i = 0;
	while (i < sizeof(zone) / sizeof(zone[0]) && (strcasecmp(zone[i].name, name) != 0 || zone[i].type != type))
		i++;
	if (strcasestr(name, ".wild."))
		i = WILD;
	bool known = i < sizeof(zone) / sizeof(zone[0]);
	unsigned n = known ? zone[i].n : 0;
	wr_u16(&w, id);
	wr_u16(&w, (uint16_t)(0x8180 | (known ? zone[i].rcode : 3)));
	wr_u16(&w, 1);
	wr_u16(&w, (uint16_t)n);
	wr_u32(&w, 0);
	wr_bytes(&w, msg + 12, len - 12); /* the question as it came */
	for (unsigned k = 0; k < n; k++)
		put_answer(&w, type, zone[i].ttl, k);
	(void)!sendto(fd, out, w.len, 0, (const struct sockaddr *)to, sizeof(*to));
}

static void on_server(void *ctx, int fd)
{
	unsigned which = (unsigned)(uintptr_t)ctx;
	uint8_t msg[512];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, msg, sizeof(msg), 0, (struct sockaddr *)&from, &len);
	if (n < 12)
		return;
	asked[which]++;
	if (!is_deaf[which])
		answer(fd, msg, (size_t)n, &from);
}

static uint16_t open_server(unsigned which)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);
	servers[which] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(servers[which], (struct sockaddr *)&sa, sizeof(sa)) != 0 ||
	    getsockname(servers[which], (struct sockaddr *)&sa, &len) != 0 ||
	    loop_fd_add(loop, servers[which], false, on_server, (void *)(uintptr_t)which, &watches[which]) != ST_OK)
		abort();
	return ntohs(sa.sin_port);
}

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		abort();
}

/* ---- asking ------------------------------------------------------------------------------------ */

static unsigned answers;
static enum status last;
static struct addr got[DNS_ADDRS];
static size_t n_got;

static void on_name(void *ctx, enum status st, const struct addr *addrs, size_t n)
{
	answers++;
	last = st;
	n_got = n;
	memcpy(got, addrs, n * sizeof(*addrs));
	loop_stop(loop);
}

static void on_late(void *ctx)
{
	loop_stop(loop);
}

static void wait_ms(uint64_t ms)
{
	loop_timer_at(late, loop_now_ms() + ms);
	loop_run(loop);
}

static void ask(const char *name, uint8_t family)
{
	struct dns_query *q;
	answers = 0;
	T_EQ(dns_ask(dns, name, family, on_name, NULL, &q), ST_OK);
	T_EQ(answers, 0); /* never from inside the call */
	T_DO(wait_ms(12000));
	T_EQ(answers, 1);
}

static const char *text(size_t i)
{
	static char buf[ADDR_TEXT];
	return addr_format(&got[i], buf);
}

static void names_and_families(void)
{
	T_DO(ask("two.test", 4));
	T_EQ(last, ST_OK);
	T_EQ(n_got, 2);
	T_STR(text(0), "192.0.2.1");
	T_STR(text(1), "192.0.2.2");
	T_DO(ask("two.test", 6));
	T_EQ(last, ST_OK);
	T_EQ(n_got, 1);
	T_STR(text(0), "2001:db8::1");
	T_DO(ask("many.test", 4));
	T_EQ(n_got, DNS_ADDRS);
}

static void names_without_addresses(void)
{
	static const struct {
		const char *name;
		enum status status;
	} rows[] = {{"none.test", ST_NOT_FOUND}, {"empty.test", ST_NOT_FOUND}, {"refused.test", ST_IO}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].name);
		T_DO(ask(rows[i].name, 4));
		T_EQ(last, rows[i].status);
		T_EQ(n_got, 0);
	}
}

static void what_is_no_name(void)
{
	static char longest[DNS_NAME + 2], label[80];
	struct dns_query *q;
	memset(longest, 'a', sizeof(longest) - 1);
	memset(label, 'a', 70);
	T_EQ(dns_ask(dns, "", 4, on_name, NULL, &q), ST_CONFIG);
	T_EQ(dns_ask(dns, longest, 4, on_name, NULL, &q), ST_CONFIG);
	T_EQ(dns_ask(dns, label, 4, on_name, NULL, &q), ST_CONFIG);
	T_TRUE(q == NULL);
}

static void kept_for_its_time(void)
{
	struct addr out[DNS_ADDRS];
	T_EQ(dns_known(dns, "short.test", 4, out), 0);
	/* For a second: a machine that was away for longer has seen nothing. */
	for (bool in_time = false; !in_time;) {
		uint64_t asked_ms = loop_now_ms();
		T_DO(ask("short.test", 4));
		size_t n = dns_known(dns, "SHORT.test", 4, out);
		in_time = loop_now_ms() - asked_ms < 1000;
		T_TRUE(!in_time || (n == 1 && out[0].b[3] == 1));
	}
	T_EQ(dns_known(dns, "short.test", 6, out), 0);
	T_EQ(dns_known(dns, "two.test", 4, out), 2);
	struct timespec t = {1, 50000000};
	nanosleep(&t, NULL);
	T_EQ(dns_known(dns, "short.test", 4, out), 0);
	T_EQ(dns_known(dns, "two.test", 4, out), 2);
	T_DO(ask("never-kept.test", 4));
	T_EQ(last, ST_OK);
	T_EQ(dns_known(dns, "never-kept.test", 4, out), 0);
	T_EQ(dns_known(dns, "none.test", 4, out), 0);
}

static void no_answer_in_time(void)
{
	uint64_t start = loop_now_ms();
	T_DO(ask("silent.test", 4));
	T_EQ(last, ST_TIMEOUT);
	T_TRUE(loop_now_ms() - start < 10000);
}

static void cancelled(void)
{
	struct dns_query *q;
	answers = 0;
	T_EQ(dns_ask(dns, "never-kept.test", 4, on_name, NULL, &q), ST_OK);
	dns_cancel(q);
	dns_cancel(NULL);
	T_DO(wait_ms(300));
	T_EQ(answers, 0);
	/* And the others are not. */
	T_DO(ask("never-kept.test", 4));
	T_EQ(last, ST_OK);
}

/* Of two servers one is dead. */
static void another_server(void)
{
	is_deaf[0] = true;
	unsigned before = asked[1];
	T_DO(ask("never-kept.test", 4));
	T_EQ(last, ST_OK);
	T_TRUE(asked[1] > before);
	is_deaf[0] = false;
}

/* The host got other servers. */
static void a_changed_file(void)
{
	char line[64];
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	T_EQ(getsockname(servers[1], (struct sockaddr *)&sa, &len), 0);
	snprintf(line, sizeof(line), "nameserver 127.0.0.1:%u\n# another\n", ntohs(sa.sin_port));
	write_file(line);
	unsigned before[2] = {asked[0], asked[1]};
	for (int i = 0; i < 4; i++) {
		T_DO(ask("never-kept.test", 4));
		T_EQ(last, ST_OK);
	}
	T_EQ(asked[0], before[0]);
	T_EQ(asked[1], before[1] + 4);
	/* Gone for a moment: the ones of before do. */
	unlink(path);
	T_DO(ask("never-kept.test", 4));
	T_EQ(last, ST_OK);
	T_EQ(asked[1], before[1] + 5);
}

static void many_names(void)
{
	struct addr out[DNS_ADDRS];
	char name[32];
	unsigned known = 0;
	for (int i = 0; i < DNS_KEPT + 20; i++) {
		snprintf(name, sizeof(name), "n%d.wild.test", i);
		T_DO(ask(name, 4));
		T_EQ(last, ST_OK);
		T_EQ(dns_known(dns, name, 4, out), 1);
	}
	for (int i = 0; i < DNS_KEPT + 20; i++) {
		snprintf(name, sizeof(name), "n%d.wild.test", i);
		known += dns_known(dns, name, 4, out) == 1;
	}
	T_EQ(known, DNS_KEPT);
}

static void without_memory(void)
{
	struct dns_query *q;
	mem_fail_at(1);
	T_EQ(dns_ask(dns, "two.test", 4, on_name, NULL, &q), ST_NOMEM);
	mem_fail_at(1);
	T_TRUE(dns_new(loop_base(loop), path) == NULL);
	mem_fail_at(0);
	T_TRUE(q == NULL);
}

int main(void)
{
	char line[128];
	loop = loop_new();
	if (!loop || loop_timer_new(loop, on_late, NULL, &late) != ST_OK)
		return 1;
	uint16_t a = open_server(0), b = open_server(1);
	snprintf(path, sizeof(path), "/tmp/sallyport-dns-%d.conf", (int)getpid());
	snprintf(line, sizeof(line), "# servers\nnameserver 127.0.0.1:%u\nnameserver 127.0.0.1:%u\n", a, b);
	write_file(line);
	dns = dns_new(loop_base(loop), path);
	if (!dns)
		return 1;
	T_RUN(names_and_families);
	T_RUN(names_without_addresses);
	T_RUN(what_is_no_name);
	T_RUN(kept_for_its_time);
	T_RUN(cancelled);
	T_RUN(another_server);
	T_RUN(no_answer_in_time);
	T_RUN(many_names);
	T_RUN(without_memory);
	T_RUN(a_changed_file);
	dns_free(dns);
	unlink(path);
	for (int i = 0; i < 2; i++) {
		loop_fd_del(watches[i]);
		close(servers[i]);
	}
	loop_timer_free(late);
	loop_free(loop);
	return t_end();
}
