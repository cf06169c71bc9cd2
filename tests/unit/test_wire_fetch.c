/* Fetching as main does it: names by the resolver, addresses of this host from the kernel, hosts from the
 * configuration; on the loop, beside a server in another network namespace. */
#include "cmd/wire_fetch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/base/wr.h"
#include "modules/dns/dns.h"
#include "modules/loop/loop.h"
#include "tests/lib/serve.h"
#include "tests/lib/t.h"

#define HERE "10.78.0.1"
#define THERE "10.78.0.2"
#define THERE6 "fd78::2"
#define ANSWERS 32

static struct wire w;
static struct loop_timer *patience;
static struct loop_fd *server_watch;
static int server = -1;
static char path[64], netns[32];

/* ---- a name server ------------------------------------------------------------------------------ */

static const struct {
	const char *name, *v4, *v6; /* NULL: it has none; "": no answer at all */
} zone[] = {
	{"both.test", THERE, THERE6}, {"six.test", NULL, THERE6}, {"four.test", THERE, ""}, {"self.test", HERE, NULL},
	{"loop.test", "127.0.0.1", "::1"}, {"listed.test", "127.0.0.1", NULL}, {"silent.test", "", ""},
	{"quiet.test", "", ""},
};

static bool read_name(struct rd *r, char *out, size_t cap)
{
	size_t n = 0;
	for (uint8_t len; (len = rd_u8(r)) > 0 && len < 64 && n + len + 2 < cap;) {
		struct view v = rd_bytes(r, len);
		if (!rd_ok(r))
			return false;
		n += (size_t)snprintf(out + n, cap - n, "%s%.*s", n ? "." : "", (int)v.len, (const char *)v.p);
	}
	return rd_ok(r);
}

static void on_server(void *ctx, int fd)
{
	uint8_t msg[512], out[600];
	char name[256] = "";
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	struct addr a = {0};
	ssize_t n = recvfrom(fd, msg, sizeof(msg), 0, (struct sockaddr *)&from, &from_len);
	struct rd r = rd_init(msg, n > 0 ? (size_t)n : 0);
	uint16_t id = rd_u16(&r);
	rd_skip(&r, 10);
	if (!read_name(&r, name, sizeof(name)))
		return;
	bool is_v4 = rd_u16(&r) == 1, is_known = false;
	for (size_t i = 0; i < sizeof(zone) / sizeof(zone[0]); i++) {
		const char *text = is_v4 ? zone[i].v4 : zone[i].v6;
		if (strcasecmp(zone[i].name, name) != 0)
			continue;
		is_known = true;
		if (text && (!text[0] || addr_parse(text, &a) != ST_OK))
			return;
	}
	struct wr o = wr_init(out, sizeof(out));
	wr_u16(&o, id);
	wr_u16(&o, is_known ? 0x8180 : 0x8183);
	wr_u16(&o, 1);
	wr_u16(&o, a.family ? 1 : 0);
	wr_u32(&o, 0);
	wr_bytes(&o, msg + 12, (size_t)n - 12);
	if (a.family) {
		wr_u16(&o, 0xc00c);
		wr_u16(&o, is_v4 ? 1 : 28);
		wr_u16(&o, 1);
		wr_u32(&o, 1);
		wr_u16(&o, (uint16_t)addr_len(&a));
		wr_bytes(&o, a.b, addr_len(&a));
	}
	(void)!sendto(fd, out, o.len, 0, (struct sockaddr *)&from, from_len);
}

/* ---- asking ------------------------------------------------------------------------------------- */

static struct {
	unsigned answers[ANSWERS];
	enum status status[ANSWERS];
	char words[ANSWERS][FETCH_WORDS];
	size_t len[ANSWERS];
	size_t n, wanted;
} s;

static void on_fetched(struct wire *wire, uint64_t number, enum status st, const char *words, struct view body)
{
	if (number >= ANSWERS || wire != &w)
		abort();
	s.answers[number]++;
	s.status[number] = st;
	snprintf(s.words[number], FETCH_WORDS, "%s", words);
	s.len[number] = body.len;
	if (++s.n == s.wanted)
		loop_stop(w.loop);
}

static void on_late(void *ctx)
{
	loop_stop(w.loop);
}

static void live(size_t wanted, uint64_t ms)
{
	s.wanted = wanted;
	loop_timer_at(patience, loop_now_ms() + ms);
	if (s.n < wanted)
		loop_run(w.loop);
	loop_timer_at(patience, LOOP_NEVER);
}

static enum status ask(uint64_t number, const char *url, uint32_t timeout_ms)
{
	char words[FETCH_WORDS];
	const struct fetch_request rq = {.url = url, .max_bytes = 10000, .timeout_ms = timeout_ms};
	enum status st = wire_fetch_start(&w, on_fetched, number, &rq, words);
	if ((st == ST_OK) != (words[0] == 0))
		abort();
	return st;
}

static void open_all(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(53)};
	memset(&w, 0, sizeof(w));
	memset(&s, 0, sizeof(s));
	w.loop = loop_new();
	w.dns = w.loop ? dns_new(loop_base(w.loop), path) : NULL;
	server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (!w.dns || bind(server, (struct sockaddr *)&sa, sizeof(sa)) != 0 ||
	    loop_fd_add(w.loop, server, false, on_server, NULL, &server_watch) != ST_OK ||
	    loop_timer_new(w.loop, on_late, NULL, &patience) != ST_OK || wire_fetch_open(&w) != ST_OK)
		abort();
}

static void close_all(void)
{
	wire_fetch_close(&w);
	/* The resolver frees what was cancelled in a turn of the loop. */
	loop_timer_at(patience, loop_now_ms() + 20);
	loop_run(w.loop);
	loop_timer_free(patience);
	loop_fd_del(server_watch);
	close(server);
	dns_free(w.dns);
	loop_free(w.loop);
	T_EQ(mem_live(), 0);
}

/* ---- tests -------------------------------------------------------------------------------------- */

static void test_names(void)
{
	static const struct {
		const char *url;
		enum status want;
		const char *words;
	} rows[] = {
		{"http://both.test/size?5", ST_OK, ""},
		{"http://six.test/size?5", ST_OK, ""},
		{"http://four.test/size?5", ST_OK, ""}, /* and does not wait for IPv6 */
		{"http://" THERE "/size?5", ST_OK, ""},
		{"http://[" THERE6 "]/size?5", ST_OK, ""},
		{"http://none.test/size?5", ST_NOT_FOUND, "there is no such name"},
		{"http://silent.test/", ST_TIMEOUT, "no name server answers in time"},
		{"http://self.test/", ST_CONFIG, "it leads to an address of this host"},
		{"http://" HERE "/", ST_CONFIG, "it leads to an address of this host"},
		{"http://loop.test/", ST_CONFIG, "it leads to an address of this host"},
		{"http://127.0.0.9/", ST_CONFIG, "it leads to this host itself"},
		{"http://listed.test/", ST_CONFIG, "it leads to an address of this host"},
	};
	const size_t n = sizeof(rows) / sizeof(rows[0]);
	open_all();
	for (size_t i = 0; i < n; i++)
		T_EQ(ask(i, rows[i].url, 1500), ST_OK);
	live(n, 5000);
	for (size_t i = 0; i < n; i++) {
		T_ROW(i, rows[i].url);
		T_EQ(s.answers[i], 1);
		T_STR(s.words[i], rows[i].words);
		T_EQ(s.status[i], rows[i].want);
		T_EQ(s.len[i], rows[i].want == ST_OK ? 5 : 0);
	}
	T_EQ(ask(n, "http://both.test:8080/", 1500), ST_CONFIG);
	/* Dropped while a name is asked for, while it is served, and at the end. */
	T_EQ(ask(n, "http://quiet.test/other", 1500), ST_OK);
	T_EQ(ask(n + 1, "http://both.test/silent", 1500), ST_OK);
	T_EQ(ask(n + 2, "http://both.test/size?6", 1500), ST_OK);
	live(n + 1, 300);
	wire_fetch_drop(&w, on_fetched, n);
	wire_fetch_drop(&w, on_fetched, n + 1);
	live(n + 3, 300);
	T_EQ(s.answers[n] + s.answers[n + 1], 0);
	T_EQ(s.len[n + 2], 6);
	T_EQ(ask(n, "http://quiet.test/more", 1500), ST_OK);
	live(n + 3, 50);
	T_DO(close_all());
}

/* The configuration lists hosts, and the responder of a trustpoint with its port. */
static void test_configuration(void)
{
	char *hosts[] = {(char *)"Listed.test"};
	struct trustpoint points[2] = {{.fetch_hosts = {.v = hosts, .n = 1}},
				       {.ocsp_url = (char *)"http://self.test:8081/ocsp"}};
	struct snapshot conf = {.trustpoints = points, .trustpoint_count = 2};
	struct view v;
	open_all();
	T_EQ(ask(0, "http://self.test:8081/", 1500), ST_CONFIG);
	T_EQ(ask(1, "http://listed.test/", 1500), ST_OK);
	live(1, 2000);
	T_EQ(s.status[1], ST_CONFIG);
	wire_fetch_configure(&w, &conf);
	T_EQ(ask(2, "http://self.test:8081/", 1500), ST_OK);
	T_EQ(ask(3, "http://listed.test/", 1500), ST_OK);
	live(3, 2000);
	T_STR(s.words[2], "Connection refused");
	T_STR(s.words[3], "Connection refused");
	wire_fetch_configure(&w, &(struct snapshot){0});
	T_EQ(ask(4, "http://self.test:8081/", 1500), ST_CONFIG);
	/* nextUpdate is a time of day. */
	const int64_t now_s = loop_wall_ms() / 1000;
	const struct view text = {(const uint8_t *)"crl", 3};
	wire_fetch_keep(&w, "http://both.test/crl", (struct view){0}, text, now_s + 60);
	T_TRUE(wire_fetch_kept(&w, "http://both.test/crl", (struct view){0}, &v) && v.len == 3);
	wire_fetch_keep(&w, "http://both.test/old", (struct view){0}, text, now_s - 60);
	T_TRUE(!wire_fetch_kept(&w, "http://both.test/old", (struct view){0}, &v));
	T_DO(close_all());
}

/* ---- the other namespace ------------------------------------------------------------------------ */

static pid_t serve_hostile(const char *address)
{
	char command[128];
	snprintf(command, sizeof(command), "python3 -B tests/lib/hostile_http.py %s 80", address);
	return serve(netns, command);
}

int main(void)
{
	char command[700];
	pid_t servers[2];
	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0) {
		printf("needs root for namespaces\n");
		return 77;
	}
	snprintf(netns, sizeof(netns), "spwfetch%d", (int)getpid());
	snprintf(path, sizeof(path), "/tmp/sallyport-resolv-%d", (int)getpid());
	snprintf(command, sizeof(command),
		 "ip netns add %s && ip link set lo up && ip link add v0 type veth peer name v1 netns %s && "
		 "ip addr add " HERE "/24 dev v0 && ip addr add fd78::1/64 dev v0 nodad && ip link set v0 up && "
		 "ip -n %s addr add " THERE "/24 dev v1 && ip -n %s addr add " THERE6 "/64 dev v1 nodad && ip -n %s link set v1 up && "
		 "echo nameserver 127.0.0.1 > %s", netns, netns, netns, netns, netns, path);
	if (system(command) != 0)
		return 1;
	servers[0] = serve_hostile(THERE);
	servers[1] = serve_hostile(THERE6);
	bool are_up = servers[0] > 0 && servers[1] > 0;
	if (are_up) {
		T_RUN(test_names);
		T_RUN(test_configuration);
	} else {
		printf("FAIL servers: they do not start\n");
	}
	for (int i = 0; i < 2; i++) {
		if (servers[i] > 0) {
			kill(servers[i], SIGKILL);
			waitpid(servers[i], NULL, 0);
		}
	}
	snprintf(command, sizeof(command), "ip netns del %s; rm -f %s", netns, path);
	int rc = system(command);
	return are_up && rc == 0 ? t_end() : 1;
}
