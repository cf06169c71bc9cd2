/* The holder with a stand-in for main: this program again, started by the holder with --as-main. Runs
 * in a network namespace of its own; needs root, and says so otherwise. */
#include "cmd/holder.h"
#include "cmd/holder_become.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd/holder_proto.h"
#include "tests/lib/t.h"

#define PORT 45000
#define NOTES 64

/* What the stand-ins tell the test, in memory the holder keeps under the name "notes" and in a file
 * that every life appends one line to. */
static char folder[64];

static void pause_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};
	nanosleep(&t, NULL);
}

/* ---- the stand-in ------------------------------------------------------------------------------ */

static FILE *notes;

#define NOTE(...) (fprintf(notes, __VA_ARGS__), fputc('\n', notes))

static enum status call(struct asroot_request rq, struct asroot_reply *reply, int *fds)
{
	return asroot_call(HOLDER_CONTROL_FD, &rq, reply, fds);
}

static void look_at_myself(void)
{
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "Cap", 3) || !strncmp(line, "Uid", 3) || !strncmp(line, "Gid", 3) ||
		    !strncmp(line, "Groups", 6) || !strncmp(line, "NoNewPrivs", 10))
			fprintf(notes, "%s", line);
	if (f)
		fclose(f);
	struct rlimit r;
	getrlimit(RLIMIT_CORE, &r);
	NOTE("core %llu", (unsigned long long)r.rlim_max);
	int sig = 0;
	prctl(PR_GET_PDEATHSIG, &sig);
	NOTE("pdeathsig %d", sig);
	NOTE("umask %o", umask(0));
	f = fopen("/proc/self/coredump_filter", "r");
	if (f && fgets(line, sizeof(line), f))
		fprintf(notes, "filter %s", line);
	if (f)
		fclose(f);
	NOTE("environ %d", environ[0] != NULL);
	int extra = 0;
	for (int fd = HOLDER_CONTROL_FD + 1; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0 && fd != fileno(notes))
			extra++;
	NOTE("extra fds %d", extra);
}

static void ask_for_socket(void)
{
	struct asroot_reply reply;
	int fds[ASROOT_FDS];
	char buf[64] = "";
	enum status st = call((struct asroot_request){.op = ASROOT_UDP, .family = 4, .port = PORT,
						      .addr = {4, {127, 0, 0, 1}}}, &reply, fds);
	NOTE("udp %s kept %u", status_token(st), reply.was_kept);
	if (st == ST_OK && recv(fds[0], buf, sizeof(buf) - 1, MSG_DONTWAIT) > 0)
		NOTE("queued %s", buf);
	st = call((struct asroot_request){.op = ASROOT_UDP, .family = 4, .port = 500, .vrf = "no-such"},
		  &reply, fds);
	NOTE("udp in a missing vrf %s", status_token(st));
	/* An address that is not there, yet. */
	struct asroot_request rq = {.op = ASROOT_UDP, .family = 4, .port = PORT, .addr = {4, {10, 55, 0, 1}}};
	st = call(rq, &reply, fds);
	NOTE("udp absent %s %d", status_token(st), reply.error == EADDRNOTAVAIL);
	rq.may_be_absent = 1;
	st = call(rq, &reply, fds);
	NOTE("udp absent yet %s %d", status_token(st), reply.error == EADDRNOTAVAIL);
	rq = (struct asroot_request){.op = ASROOT_UDP, .family = 6, .port = PORT, .may_be_absent = 1,
				     .addr = {6, {0xfd, 0x55, [15] = 1}}};
	st = call(rq, &reply, fds);
	NOTE("udp absent6 %s %d", status_token(st), reply.error == EADDRNOTAVAIL);
	st = call((struct asroot_request){.op = ASROOT_UDP, .family = 9, .port = 500}, &reply, fds);
	NOTE("udp insane %s", status_token(st));
}

/* Sockets that only send: told apart by index, without room for what comes. */
static void ask_for_senders(void)
{
	struct asroot_reply reply;
	int fds[ASROOT_FDS], size = 0, other = -1;
	socklen_t len = sizeof(size);
	struct sockaddr_in at = {0};
	struct asroot_request rq = {.op = ASROOT_UDP, .of = ASROOT_UDP, .family = 4, .index = 1};
	enum status st = call(rq, &reply, fds);
	other = st == ST_OK ? fds[0] : -1;
	NOTE("sender %s kept %u", status_token(st), reply.was_kept);
	getsockopt(other, SOL_SOCKET, SO_RCVBUF, &size, &len);
	NOTE("sender has little room %d", size > 0 && size < 8192);
	rq.index = 2;
	rq.addr = (struct addr){4, {127, 0, 0, 5}};
	st = call(rq, &reply, fds);
	NOTE("sender with another index %s kept %u", status_token(st), reply.was_kept);
	len = sizeof(at);
	if (st == ST_OK)
		getsockname(fds[0], (struct sockaddr *)&at, &len);
	NOTE("sender from %s", inet_ntoa(at.sin_addr));
	rq.op = ASROOT_DROP;
	NOTE("sender dropped %s", status_token(call(rq, &reply, NULL)));
	rq.op = ASROOT_UDP;
	st = call(rq, &reply, fds);
	NOTE("sender anew %s kept %u", status_token(st), reply.was_kept);
}

/* Raw sockets: kept like the others, and deaf. */
static void ask_for_raw(void)
{
	struct asroot_reply reply;
	int fds[ASROOT_FDS], kind = 0, proto = 0;
	char buf[64];
	socklen_t len = sizeof(kind);
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct asroot_request rq = {.op = ASROOT_RAW, .of = ASROOT_RAW, .family = 4, .addr = {4, {127, 0, 0, 6}}};
	enum status st = call(rq, &reply, fds);
	NOTE("raw %s kept %u", status_token(st), reply.was_kept);
	if (st != ST_OK)
		return;
	getsockopt(fds[0], SOL_SOCKET, SO_TYPE, &kind, &len);
	len = sizeof(proto);
	getsockopt(fds[0], SOL_SOCKET, SO_PROTOCOL, &proto, &len);
	NOTE("raw is of ESP %d", kind == SOCK_RAW && proto == IPPROTO_ESP);
	inet_pton(AF_INET, "127.0.0.6", &to.sin_addr);
	ssize_t n = sendto(fds[0], "esp", 3, 0, (struct sockaddr *)&to, sizeof(to));
	NOTE("raw hears nothing %d", n == 3 && recv(fds[0], buf, sizeof(buf), MSG_DONTWAIT) < 0);
	st = call((struct asroot_request){.op = ASROOT_RAW, .family = 6}, &reply, fds);
	NOTE("raw of IPv6 %s %d", status_token(st), reply.error);
	rq.may_be_absent = 1;
	rq.addr.b[0] = 10;
	st = call(rq, &reply, fds);
	NOTE("raw absent yet %s %d", status_token(st), reply.error == EADDRNOTAVAIL);
	rq.op = ASROOT_DROP;
	NOTE("raw dropped %s", status_token(call(rq, &reply, NULL)));
	NOTE("raw dropped twice %s", status_token(call(rq, &reply, NULL)));
}

static void ask_for_source(void)
{
	static const struct {
		const char *name, *ifname;
		struct addr peer;
	} rows[] = {
		{"near", "", {4, {127, 0, 0, 9}}},
		{"near6", "", {6, {[15] = 1}}},
		{"of lo", "lo", {4, {127, 0, 0, 9}}},
		{"of nothing", "eth77", {4, {127, 0, 0, 9}}},
		{"nowhere", "", {4, {192, 0, 2, 1}}},
		{"tunnel", "", {4, {10, 99, 0, 7}}},
		{"tunnel of lo", "lo", {4, {10, 99, 0, 7}}},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct asroot_reply reply;
		struct asroot_request rq = {.op = ASROOT_SOURCE, .addr = rows[i].peer};
		char text[ADDR_TEXT];
		strcpy(rq.name, rows[i].ifname);
		enum status st = call(rq, &reply, NULL);
		NOTE("source %s %s %s", rows[i].name, status_token(st), addr_format(&reply.addr, text));
	}
}

static void ask_for_tun(uint32_t queues)
{
	struct asroot_reply reply;
	int fds[ASROOT_FDS];
	struct asroot_request rq = {.op = ASROOT_TUN, .name = "sp-test1", .count = queues, .mtu = 1380,
				    .ip4 = {{4, {10, 99, 0, 1}}, 24}};
	enum status st = call(rq, &reply, fds);
	NOTE("tun %s kept %u queues %u", status_token(st), reply.was_kept, reply.n_fds);
	for (uint32_t i = 0; st == ST_OK && i < reply.n_fds; i++)
		close(fds[i]);
	rq = (struct asroot_request){.op = ASROOT_ROUTE, .name = "sp-test1",
				     .prefix = {{4, {10, 77, 0, 0}}, 16}};
	NOTE("route %s", status_token(call(rq, &reply, NULL)));
	rq.is_delete = 1;
	NOTE("route gone %s", status_token(call(rq, &reply, NULL)));
	NOTE("route gone again %s", status_token(call(rq, &reply, NULL)));
	/* Of one prefix two routes with two metrics. */
	rq.is_delete = 0;
	rq.metric = 7;
	NOTE("metric %s", status_token(call(rq, &reply, NULL)));
	NOTE("metric again %s", status_token(call(rq, &reply, NULL)));
	rq.metric = 8;
	NOTE("metric other %s", status_token(call(rq, &reply, NULL)));
	rq.is_delete = 1;
	NOTE("metric gone %s", status_token(call(rq, &reply, NULL)));
	ask_for_source();
	rq = (struct asroot_request){.op = ASROOT_TUN, .name = "sp-test1", .count = 1, .mtu = 1380,
				     .vnet_hdr = 1};
	NOTE("tun of another make %s", status_token(call(rq, &reply, NULL)));
}

/* The test's own network namespace is named after its folder. */
static void vrf_name(const char *path, char out[ASROOT_VRF])
{
	snprintf(out, ASROOT_VRF, "sp-%.6s", strstr(path, "holder-") + strlen("holder-"));
}

static void ask_in_vrf(const char *state)
{
	struct asroot_reply reply;
	int fds[ASROOT_FDS];
	struct asroot_request udp = {.op = ASROOT_UDP, .family = 4, .port = PORT};
	struct asroot_request tun = {.op = ASROOT_TUN, .name = "sp-test2", .count = 1, .mtu = 1400,
				     .ip4 = {{4, {10, 88, 0, 1}}, 24}};
	vrf_name(state, udp.vrf);
	vrf_name(state, tun.vrf);
	NOTE("vrf udp %s", status_token(call(udp, &reply, fds)));
	NOTE("vrf tun %s", status_token(call(tun, &reply, fds)));
	tun = (struct asroot_request){.op = ASROOT_ROUTE, .name = "sp-test2", .prefix = {{4, {10, 66}}, 16}};
	NOTE("vrf route %s", status_token(call(tun, &reply, NULL)));
}

static unsigned count_lives(void)
{
	struct asroot_reply reply;
	int fds[ASROOT_FDS];
	struct asroot_request rq = {.op = ASROOT_MEMORY, .name = "keep1", .size = 8192};
	enum status st = call(rq, &reply, fds);
	unsigned *m = st == ST_OK ? mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0) : MAP_FAILED;
	if (m == MAP_FAILED)
		return 0;
	close(fds[0]);
	NOTE("memory %s kept %u", status_token(st), reply.was_kept);
	return ++m[0];
}

static void ask_for_memory(const char *name)
{
	struct asroot_reply reply;
	int fds[ASROOT_FDS];
	struct asroot_request rq = {.op = ASROOT_MEMORY, .size = 4096};
	strcpy(rq.name, name);
	enum status st = call(rq, &reply, fds);
	NOTE("memory %s %s kept %u", name, status_token(st), reply.was_kept);
	if (st == ST_OK)
		close(fds[0]);
}

/* KiB that the holder has locked. */
static unsigned locked(void)
{
	char path[32], line[128];
	unsigned kib = 0;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)getppid());
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "VmLck: %u", &kib);
	if (f)
		fclose(f);
	return kib;
}

/* AddressSanitizer makes mlock() do nothing. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LOCKS_NOTHING 1
#endif
#endif
#ifndef LOCKS_NOTHING
#define LOCKS_NOTHING 0
#endif

static void reserve(int fd, const char *name, uint64_t size)
{
	struct asroot_reply reply;
	struct stat s = {0};
	unsigned before = locked(), had;
	fstat(fd, &s);
	had = (unsigned)s.st_blocks;
	struct asroot_request rq = {.op = ASROOT_RESERVE, .size = size};
	strcpy(rq.name, name);
	enum status st = call(rq, &reply, NULL);
	fstat(fd, &s);
	NOTE("reserve %s %u %s: has %u, locked %u", name, (unsigned)size, status_token(st),
	     (unsigned)s.st_blocks * 512, LOCKS_NOTHING ? ((unsigned)s.st_blocks - had) / 2 : locked() - before);
}

/* In parts, and not more than it has. */
static void ask_to_reserve(void)
{
	struct asroot_reply reply;
	int fds[ASROOT_FDS];
	struct asroot_request rq = {.op = ASROOT_MEMORY, .name = "keep7", .size = 40960};
	enum status st = call(rq, &reply, fds);
	if (st != ST_OK)
		return;
	int fd = fds[0];
	char *m = mmap(NULL, 40960, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	reserve(fd, "keep7", 8192);
	if (m != MAP_FAILED)
		memset(m, 7, 8192);
	reserve(fd, "keep7", 1);
	reserve(fd, "keep7", 12289); /* whole pages */
	reserve(fd, "keep7", 40961);
	reserve(fd, "keep8", 4096);
	NOTE("reserved: still %d", m != MAP_FAILED && m[0] == 7 && m[8191] == 7 && m[8192] == 0);
	NOTE("its size is what it is: %d", ftruncate(fd, 81920) != 0 && ftruncate(fd, 4096) != 0);
	close(fd);
}

static void read_config(bool is_fresh)
{
	struct asroot_reply reply;
	int fds[ASROOT_FDS];
	char buf[64] = "";
	enum status st = call((struct asroot_request){.op = ASROOT_CONFIG, .is_fresh = is_fresh}, &reply, fds);
	if (st == ST_OK && pread(fds[0], buf, sizeof(buf) - 1, 0) >= 0)
		NOTE("config %.*s, written %d", (int)strcspn(buf, " "), buf,
		     pwrite(fds[0], "x", 1, 0) == 1);
	else
		NOTE("config failed %s", status_token(st));
}

static void read_script(const char *name)
{
	struct asroot_reply reply;
	int fds[ASROOT_FDS];
	char buf[64] = "";
	struct asroot_request rq = {.op = ASROOT_SCRIPT};
	strcpy(rq.script, name);
	enum status st = call(rq, &reply, fds);
	if (st == ST_OK && pread(fds[0], buf, sizeof(buf) - 1, 0) >= 0)
		NOTE("script %s: %s, written %d", name, buf, pwrite(fds[0], "x", 1, 0) == 1);
	else
		NOTE("script %s: failed %s", name, status_token(st));
}

/* Starts the process in a place, hears who it is, and whether it is gone when the next one comes. */
static void use_script_process(unsigned place)
{
	struct asroot_reply reply;
	int first[ASROOT_FDS], second[ASROOT_FDS];
	char buf[128] = "";
	struct asroot_request rq = {.op = ASROOT_LUA, .index = place};
	enum status st = call(rq, &reply, first);
	NOTE("lua %u %s", place, status_token(st));
	if (st != ST_OK)
		return;
	if (recv(first[0], buf, sizeof(buf) - 1, 0) > 0)
		NOTE("lua %u is %s", place, buf);
	st = call(rq, &reply, second);
	NOTE("lua %u replaced %s, end of the first %d", place, status_token(st),
	     (int)recv(first[0], buf, sizeof(buf), 0));
	(void)!recv(second[0], buf, sizeof(buf), 0);
	rq.is_delete = 1;
	st = call(rq, &reply, NULL);
	NOTE("lua %u ended %s, %d", place, status_token(st), (int)recv(second[0], buf, sizeof(buf), 0));
	close(first[0]);
	close(second[0]);
	rq.is_delete = 0;
	st = call(rq, &reply, first); /* it outlives its main for no longer than the next one's start */
	if (st == ST_OK && recv(first[0], buf, sizeof(buf) - 1, 0) > 0)
		NOTE("lua %u left %s", place, buf);
}

/* Stands for the process of the scripts: says who it is. */
static int stand_in_script(void)
{
	char line[256], text[128];
	unsigned caps = 1;
	FILE *f = fopen("/proc/self/status", "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "CapEff", 6))
			caps = strstr(line, "0000000000000000") == NULL;
	if (f)
		fclose(f);
	snprintf(text, sizeof(text), "pid %d uid0 %d caps %u", (int)getpid(), getuid() == 0, caps);
	if (send(HOLDER_CONTROL_FD, text, strlen(text), MSG_NOSIGNAL) < 0)
		return 1;
	for (;;)
		pause();
}

/* Stands for the process with private keys: says who it is, then what each file has that it is handed. */
static int stand_in_keys(void)
{
	char text[200], buf[64];
	snprintf(text, sizeof(text), "keys uid0 %d uid as main's %d", getuid() == 0, getuid() == HOLDER_UID);
	for (;;) {
		if (send(HOLDER_CONTROL_FD, text, strlen(text), MSG_NOSIGNAL) < 0)
			return 1;
		uint8_t record[64];
		union {
			struct cmsghdr align;
			uint8_t bytes[CMSG_SPACE(sizeof(int))];
		} ctl = {0};
		struct iovec iov = {record, sizeof(record)};
		struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &ctl, .msg_controllen = sizeof(ctl)};
		ssize_t n = recvmsg(HOLDER_CONTROL_FD, &h, 0);
		struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&h) : NULL;
		int file = -1;
		if (n <= 0)
			return 0;
		if (c)
			memcpy(&file, CMSG_DATA(c), sizeof(file));
		ssize_t got = read(file, buf, sizeof(buf) - 1);
		buf[got > 0 ? got : 0] = 0;
		snprintf(text, sizeof(text), "key %u serial %u: %s, may write %d", record[1], record[5], buf,
			 write(file, "x", 1) == 1);
		close(file);
	}
}

static void hand_key(int keys, const char *file, unsigned number)
{
	struct asroot_reply reply;
	char buf[256] = "";
	struct asroot_request rq = {.op = ASROOT_KEY, .index = number, .metric = number + 1};
	snprintf(rq.file, sizeof(rq.file), "%s", file);
	enum status st = call(rq, &reply, NULL);
	const char *slash = strrchr(file, '/');
	NOTE("key file %s %s, fds %u, exposed %u", slash ? slash : file, status_token(st), reply.n_fds, reply.is_exposed);
	if (st == ST_OK && recv(keys, buf, sizeof(buf) - 1, 0) > 0)
		NOTE("handed: %s", buf);
}

static void use_keys_process(const char *state)
{
	struct asroot_reply reply;
	int fds[ASROOT_FDS], again[ASROOT_FDS];
	char buf[256] = "", path[200];
	struct asroot_request rq = {.op = ASROOT_KEYS};
	hand_key(-1, "one.key", 0); /* to nobody */
	enum status st = call(rq, &reply, fds);
	if (st != ST_OK || recv(fds[0], buf, sizeof(buf) - 1, 0) <= 0) {
		NOTE("no keys process: %s", status_token(st));
		return;
	}
	NOTE("%s", buf);
	hand_key(fds[0], "one.key", 3);
	snprintf(path, sizeof(path), "%.*s/two.key", (int)(strrchr(state, '/') - state), state);
	hand_key(fds[0], path, 4);
	hand_key(fds[0], "three.key", 5);
	hand_key(fds[0], "folder.key", 6);
	hand_key(fds[0], "gone.key", 7);
	st = call(rq, &reply, again);
	NOTE("keys replaced %s, end of the first %d", status_token(st), (int)recv(fds[0], buf, sizeof(buf), 0));
	rq.is_delete = 1;
	(void)!recv(again[0], buf, sizeof(buf), 0);
	st = call(rq, &reply, NULL);
	NOTE("keys ended %s, %d", status_token(st), (int)recv(again[0], buf, sizeof(buf), 0));
	close(fds[0]);
	close(again[0]);
}

/* Files with certificates come to main; one that is named as a private key, or not at all, does not. */
static void read_certificate(const char *file)
{
	struct asroot_reply reply;
	int fds[ASROOT_FDS];
	char buf[64] = "";
	struct asroot_request rq = {.op = ASROOT_FILE};
	snprintf(rq.file, sizeof(rq.file), "%s", file);
	enum status st = call(rq, &reply, fds);
	ssize_t n = st == ST_OK ? read(fds[0], buf, sizeof(buf) - 1) : 0;
	NOTE("certificate file %s %s: %.*s, written %d", file, status_token(st), (int)n, buf,
		st == ST_OK ? write(fds[0], "x", 1) > 0 : 0);
	if (st == ST_OK)
		close(fds[0]);
}

/* The sockets stand beside the state folder; what is there, the test made. */
static void ask_for_master(const char *state, const char *name)
{
	struct asroot_reply reply;
	int fds[ASROOT_FDS];
	struct asroot_request rq = {.op = ASROOT_AGENTX};
	snprintf(rq.path, sizeof(rq.path), "%.*s/%s", (int)(strrchr(state, '/') - state), state, name);
	enum status st = call(rq, &reply, fds);
	NOTE("agentx %s %s", name, status_token(st));
	if (st == ST_OK && send(fds[0], "hello", 5, MSG_NOSIGNAL) != 5)
		NOTE("agentx is deaf");
	if (st == ST_OK)
		NOTE("agentx may block %d", !(fcntl(fds[0], F_GETFL) & O_NONBLOCK));
}

/* Whether it is there is the machine's business; it may be asked for. */
static void ask_for_usual_master(void)
{
	struct asroot_reply reply;
	struct asroot_request rq = {.op = ASROOT_AGENTX, .path = ASROOT_AGENTX_PATH};
	NOTE("agentx usual %d", call(rq, &reply, NULL) != ST_CONFIG);
}

static void ask_for_proxy(const char *name, struct addr a, bool is_delete)
{
	struct asroot_reply reply;
	struct asroot_request rq = {.op = ASROOT_PROXY, .addr = a, .is_delete = is_delete};
	snprintf(rq.name, sizeof(rq.name), "%s", name);
	NOTE("proxy %s %u%s %s", name, a.family, is_delete ? " gone" : "", status_token(call(rq, &reply, NULL)));
}

static void ask_for_proxies(void)
{
	static const struct addr four = {4, {192, 0, 2, 9}}, six = {6, {0x20, 1, 0xd, 0xb8}}, stays = {4, {192, 0, 2, 10}};
	ask_for_proxy("lo", four, false);
	ask_for_proxy("lo", four, false); /* of the same session, of a main before */
	ask_for_proxy("lo", stays, false);
	ask_for_proxy("lo", six, false);
	ask_for_proxy("lo", four, true);
	ask_for_proxy("lo", four, true);
	ask_for_proxy("nolan", four, false);
	ask_for_proxy("sp-test1", four, false);
}

/* Port 67, at an address that the configuration names, or that leads to a server that it names. */
static void ask_for_relay(struct addr at, struct addr server, const char *name)
{
	struct asroot_reply reply;
	struct sockaddr_in sa = {0};
	socklen_t len = sizeof(sa);
	int fds[ASROOT_FDS];
	char a[ADDR_TEXT], b[ADDR_TEXT];
	struct asroot_request rq = {.op = ASROOT_DHCP, .addr = at, .prefix = {server, 32}};
	snprintf(rq.file, sizeof(rq.file), "%s", name);
	enum status st = call(rq, &reply, fds);
	if (st == ST_OK)
		(void)!getsockname(fds[0], (struct sockaddr *)&sa, &len);
	NOTE("relay %s to %s as %s: %s port %u", addr_format(&at, a), addr_format(&server, b), name, status_token(st), ntohs(sa.sin_port));
	if (st == ST_OK)
		NOTE("relay may block %d", !(fcntl(fds[0], F_GETFL) & O_NONBLOCK));
	if (st == ST_OK)
		close(fds[0]);
}

static void ask_for_relays(void)
{
	static const struct addr named = {4, {127, 0, 0, 3}}, chosen = {4, {127, 0, 0, 1}}, server = {4, {127, 0, 0, 9}},
		other = {4, {127, 0, 0, 8}}, absent = {4, {192, 0, 2, 77}};
	ask_for_relay(named, other, "nobody");
	ask_for_relay(chosen, server, "127.0.0.9");
	ask_for_relay(chosen, other, "127.0.0.9");
	ask_for_relay(chosen, other, "dhcp.test");
	ask_for_relay(other, server, "127.0.0.9");
	ask_for_relay(chosen, server, "nobody");
	ask_for_relay(absent, server, "127.0.0.9");
}

static void tell_ready(void)
{
	struct asroot_reply reply;
	if (call((struct asroot_request){.op = ASROOT_STATE, .state = ASROOT_READY}, &reply, NULL) != ST_OK)
		NOTE("not heard");
}

static void on_term(int sig)
{
	_exit(0);
}

/* Lives: 1 looks at itself and waits to be killed; 2 finds everything again and dies at once; the
 * others come with their pauses; SIGTERM ends cleanly. */
static int stand_in(const char *state)
{
	char path[128];
	struct asroot_reply reply;
	signal(SIGTERM, on_term);
	snprintf(path, sizeof(path), "%s/notes", state);
	notes = fopen(path, "a");
	if (!notes)
		return 9;
	setvbuf(notes, NULL, _IOLBF, 0);
	unsigned life = count_lives();
	NOTE("life %u pid %d", life, (int)getpid());
	if (life == 1) {
		look_at_myself();
		ask_for_socket();
		ask_for_senders();
		ask_for_raw();
		ask_for_tun(2);
		ask_in_vrf(state);
		ask_for_memory("rt1");
		ask_to_reserve();
		read_config(false);
		read_script("hello");
		read_script("missing");
		use_script_process(0);
		use_script_process(1);
		use_keys_process(state);
		read_certificate("ca.pem");
		read_certificate("own.pem");
		read_certificate("list.crl");
		read_certificate("gone.pem");
		read_certificate("one.key");
		read_certificate("three.key");
		read_certificate("folder.key");
		read_certificate("");
		read_certificate("a\nb");
		ask_for_master(state, "master");
		NOTE("accept %s", status_token(call((struct asroot_request){.op = ASROOT_ACCEPT}, &reply, NULL)));
		ask_for_master(state, "full");
		ask_for_master(state, "nobody");
		ask_for_master(state, "plain");
		ask_for_master(state, "mast");
		ask_for_master(state, "secret");
		ask_for_usual_master();
		ask_for_proxies();
		ask_for_relays();
	} else if (life == 2) {
		ask_for_socket();
		ask_for_tun(3);
		read_config(false);
		read_config(true);
		ask_for_memory("rt2"); /* of another version of the program */
		NOTE("sweep %s", status_token(call((struct asroot_request){.op = ASROOT_SWEEP}, &reply, NULL)));
		ask_for_memory("rt2");
		ask_for_memory("rt1");
		ask_for_memory("rt3");
		ask_for_memory("rt4");
	}
	tell_ready();
	NOTE("ready %u", life);
	for (;;)
		pause();
}

/* ---- the test ---------------------------------------------------------------------------------- */

static pid_t holder;
static char notes_text[16384];

static const char *read_notes(void)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/state/notes", folder);
	memset(notes_text, 0, sizeof(notes_text));
	int fd = open(path, O_RDONLY);
	if (fd >= 0 && read(fd, notes_text, sizeof(notes_text) - 1) < 0)
		notes_text[0] = 0;
	if (fd >= 0)
		close(fd);
	return notes_text;
}

static bool wait_for(const char *text, int ms)
{
	for (; ms > 0; ms -= 10) {
		if (strstr(read_notes(), text))
			return true;
		pause_ms(10);
	}
	return false;
}

/* After the last place where `from` stands. */
static const char *after(const char *from)
{
	const char *p = strstr(read_notes(), from);
	return p ? p : "";
}

static pid_t main_pid(unsigned life)
{
	char want[32];
	int pid = 0;
	snprintf(want, sizeof(want), "life %u pid ", life);
	sscanf(after(want) + strlen(want), "%d", &pid);
	return pid;
}

static void kill_main(unsigned life)
{
	pid_t pid = main_pid(life);
	T_TRUE(pid > 1);
	T_EQ(kill(pid, SIGKILL), 0);
}

static void write_config(const char *text)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/conf", folder);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	T_TRUE(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* ---- a master agent of SNMP: "master" listens, "full" listens and has no room, "plain" is a file,
 * "secret" listens and is not in the configuration */

static int master_fd = -1, full_fd = -1, secret_fd = -1;

static int listen_at(const char *name)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s", folder, name);
	if (fd >= 0 && (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 || listen(fd, 0) != 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void open_masters(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	char path[128];
	int rc = 0;
	master_fd = listen_at("master");
	full_fd = listen_at("full");
	secret_fd = listen_at("secret");
	T_TRUE(master_fd >= 0 && full_fd >= 0 && secret_fd >= 0);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/full", folder);
	for (int i = 0; rc == 0 && i < 10; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		rc = connect(fd, (struct sockaddr *)&sa, sizeof(sa));
	}
	T_TRUE(rc != 0 && errno == EAGAIN);
	snprintf(path, sizeof(path), "%s/plain", folder);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	T_TRUE(fd >= 0);
	close(fd);
}

/* What the configuration says besides its first word. */
static void write_masters(const char *first)
{
	char text[1024];
	snprintf(text, sizeof(text), "%s dhcp giaddr 127.0.0.3\n dhcp giaddr 192.0.2.77\n dhcp server 127.0.0.9\n dhcp server dhcp.test\n agentx %s/master\nagentx\t%s/full\nsallyport snmp agentx \"%s/nobody\"\n agentx %s/plain\n sallyport proxy-arp lo\n sallyport proxy-arp nolan\n sallyport private-key one.key\n sallyport private-key \"%s/two.key\"\n sallyport private-key folder.key\n sallyport private-key gone.key\n sallyport ca-certificate ca.pem\n sallyport certificate own.pem\n sallyport crl \"list.crl\"\n sallyport crl gone.pem\n! not %s/secret nor\nxagentx %s/secret\nagentx\n%s/secret",
		 first, folder, folder, folder, folder, folder, folder, folder, folder);
	T_DO(write_config(text));
}

/* ---- a service manager that listens */

static int notify_fd = -1;

static void open_notify(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/notify", folder);
	T_TRUE(notify_fd >= 0 && bind(notify_fd, (struct sockaddr *)&sa, sizeof(sa)) == 0);
	T_EQ(setenv("NOTIFY_SOCKET", sa.sun_path, 1), 0);
}

/* Everything it was told since the last look. */
static const char *notified(void)
{
	static char text[1024];
	size_t len = 0;
	ssize_t n;
	while (len < sizeof(text) - 1 && (n = recv(notify_fd, text + len, sizeof(text) - 1 - len, 0)) > 0)
		len += (size_t)n;
	text[len] = 0;
	return text;
}

static void start_holder(void)
{
	static char config[128], state[128], socket_path[128];
	snprintf(config, sizeof(config), "%s/conf", folder);
	snprintf(state, sizeof(state), "%s/state", folder);
	snprintf(socket_path, sizeof(socket_path), "%s/run/control.sock", folder);
	static const struct holder_options o = {config, state, socket_path};
	holder = fork();
	if (holder == 0)
		_exit(holder_main(&o));
	T_TRUE(holder > 0);
}

static void send_datagram(const char *text)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	T_EQ(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, sizeof(to)), strlen(text));
	close(fd);
}

static void write_script(void)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/lua", folder);
	T_EQ(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/lua/hello.lua", folder);
	FILE *f = fopen(path, "w");
	T_TRUE(f != NULL);
	fputs("return 1", f);
	T_EQ(fclose(f), 0);
}

static void write_keys(void)
{
	static const struct {
		const char *name;
		mode_t mode;
	} files[] = {{"one.key", 0640}, {"two.key", 0604}, {"three.key", 0600}, {"ca.pem", 0600}, {"own.pem", 0600},
		{"list.crl", 0600}};
	char path[128];
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i].name);
		FILE *f = fopen(path, "w");
		T_TRUE(f != NULL);
		fprintf(f, "text of %s", files[i].name);
		T_EQ(fclose(f), 0);
		T_EQ(chmod(path, files[i].mode), 0);
	}
	snprintf(path, sizeof(path), "%s/folder.key", folder);
	T_EQ(mkdir(path, 0700), 0);
}

static void test_first_life(void)
{
	static const char *const expected[] = {
		"CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "CapBnd:\t0000000000000000",
		"CapInh:\t0000000000000000", "CapAmb:\t0000000000000000", "NoNewPrivs:\t1", "core 0\n",
		"pdeathsig 9", "umask 77", "filter 00000000", "environ 0", "extra fds 0",
		"memory ok kept 0", "udp ok kept 0", "udp in a missing vrf not_found",
		"udp insane config", "sender ok kept 0", "sender has little room 1",
		"sender with another index ok kept 0", "sender from 127.0.0.5", "sender dropped ok", "sender anew ok kept 0",
		"raw ok kept 0", "raw is of ESP 1", "raw hears nothing 1", "raw of IPv6 ok 0", "raw absent yet ok 1", "raw dropped ok",
		"raw dropped twice not_found", "udp absent io 1", "udp absent yet ok 1", "udp absent6 ok 1",
		"tun ok kept 0 queues 2", "route ok", "route gone ok",
		"route gone again ok", "metric ok", "metric again exists", "metric other ok", "metric gone ok",
		"source near ok 127.0.0.1", "source near6 ok ::1", "source of lo ok 127.0.0.1",
		"source of nothing not_found -", "source nowhere not_found -", "source tunnel exists -",
		"source tunnel of lo exists -", "tun of another make exists", "config first, written 0",
		"memory rt1 ok kept 0", "reserve keep7 8192 ok: has 8192, locked 8\n",
		"reserve keep7 1 ok: has 8192, locked 0\n", "reserve keep7 12289 ok: has 16384, locked 8\n",
		"reserve keep7 40961 limit: has 16384, locked 0\n",
		"reserve keep8 4096 not_found: has 16384, locked 0\n", "reserved: still 1",
		"its size is what it is: 1", "accept ok", "script hello: return 1, written 0",
		"script missing: failed not_found", "lua 0 ok", "lua 0 replaced ok, end of the first 0",
		"lua 0 ended ok, 0", "lua 1 ok", "uid0 0 caps 0", "agentx master ok", "agentx may block 0",
		"key file one.key io, fds 0", "keys uid0 0 uid as main's 0", "key file one.key ok, fds 0, exposed 0",
		"handed: key 3 serial 4: text of one.key, may write 0", "key file /two.key ok, fds 0, exposed 1",
		"handed: key 4 serial 5: text of two.key, may write 0", "key file three.key config, fds 0",
		"key file folder.key config", "key file gone.key not_found", "keys replaced ok, end of the first 0",
		"keys ended ok, 0", "certificate file ca.pem ok: text of ca.pem, written 0",
		"certificate file own.pem ok: text of own.pem, written 0",
		"certificate file list.crl ok: text of list.crl, written 0", "certificate file gone.pem not_found: ",
		"certificate file one.key config: ", "certificate file three.key config: ",
		"certificate file folder.key config: ", "certificate file  config: ", "agentx full again", "agentx nobody not_found", "agentx plain io", "agentx mast config",
		"agentx secret config", "agentx usual 1", "proxy lo 4 ok\nproxy lo 4 ok\n", "proxy lo 6 ok",
		"proxy lo 4 gone ok\nproxy lo 4 gone ok\n", "proxy nolan 4 not_found", "proxy sp-test1 4 config",
		"relay 127.0.0.3 to 127.0.0.8 as nobody: ok port 67\nrelay may block 0\n",
		"relay 127.0.0.1 to 127.0.0.9 as 127.0.0.9: ok port 67", "relay 127.0.0.1 to 127.0.0.8 as 127.0.0.9: config",
		"relay 127.0.0.1 to 127.0.0.8 as dhcp.test: ok", "relay 127.0.0.8 to 127.0.0.9 as 127.0.0.9: config",
		"relay 127.0.0.1 to 127.0.0.9 as nobody: config", "relay 192.0.2.77 to 127.0.0.9 as 127.0.0.9: io"};
	T_DO(write_script());
	T_DO(write_keys());
	T_DO(open_masters());
	T_DO(write_masters("first"));
	T_DO(open_notify());
	T_DO(start_holder());
	T_TRUE(wait_for("ready 1", 5000));
	T_STR(notified(), "READY=1\n");
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		T_ROW(i, expected[i]);
		T_TRUE(strstr(notes_text, expected[i]));
	}
	T_TRUE(!strstr(notes_text, "Uid:\t0"));
	T_TRUE(!strstr(notes_text, "Gid:\t0"));
	T_TRUE(if_nametoindex("sp-test1") != 0);
	T_EQ(system("ip neigh show proxy dev lo | grep -q '^192.0.2.10 '"), 0);
	T_TRUE(system("ip neigh show proxy dev lo | grep -q '^192.0.2.9 '") != 0);
	T_EQ(system("ip -6 neigh show proxy dev lo | grep -q '^2001:db8:: '"), 0);
	T_EQ(system("grep -q 1 /proc/sys/net/ipv6/conf/lo/proxy_ndp"), 0);
	T_EQ(system("ip route show dev sp-test1 | grep -q '10.77.0.0/16.*metric 7'"), 0);
	T_EQ(system("ip route show dev sp-test1 | grep -q 'metric 8'") != 0, 1);
}

/* Connected as root, and nobody but main holds it: it ends with main. */
static void test_master(void)
{
	char buf[8] = "";
	struct ucred who;
	socklen_t len = sizeof(who);
	int fd = accept4(master_fd, NULL, NULL, SOCK_CLOEXEC);
	T_TRUE(fd >= 0);
	T_EQ(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len), 0);
	T_EQ(who.uid, 0);
	T_EQ(recv(fd, buf, sizeof(buf) - 1, 0), 5);
	T_STR(buf, "hello");
	T_EQ(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), -1);
	T_TRUE(errno == EAGAIN);
	T_EQ(accept4(secret_fd, NULL, NULL, SOCK_CLOEXEC), -1);
	master_fd = fd;
}

static void test_master_ends(void)
{
	char buf[8];
	T_EQ(recv(master_fd, buf, sizeof(buf), 0), 0);
	close(master_fd);
	close(full_fd);
	close(secret_fd);
}

/* In the other namespace, and there only; the holder itself came back. */
static void test_vrf(void)
{
	char vrf[ASROOT_VRF], command[160];
	vrf_name(folder, vrf);
	T_TRUE(strstr(read_notes(), "vrf udp ok") && strstr(notes_text, "vrf tun ok") &&
	       strstr(notes_text, "vrf route ok"));
	T_EQ(if_nametoindex("sp-test2"), 0);
	snprintf(command, sizeof(command), "ip -n %s route show dev sp-test2 | grep -q 10.66.0.0/16", vrf);
	T_EQ(system(command), 0);
	snprintf(command, sizeof(command), "ip netns exec %s ss -uln | grep -q :%d", vrf, PORT);
	T_EQ(system(command), 0);
	T_TRUE(if_nametoindex("sp-test1") != 0);
}

/* Nobody but root can keep a headend from starting; one at a time in a network namespace. */
static void test_one_a_namespace(void)
{
	static const char name[] = "\0sallyport-holder";
	struct stat ns, lock;
	char path[64];
	int how = -1;
	T_EQ(stat("/proc/self/ns/net", &ns), 0);
	snprintf(path, sizeof(path), "/run/sallyport-netns-%llu.lock", (unsigned long long)ns.st_ino);
	T_EQ(lstat(path, &lock), 0);
	T_TRUE(S_ISREG(lock.st_mode) && (lock.st_mode & 0777) == 0600 && lock.st_uid == 0);
	pid_t first = holder;
	T_DO(start_holder());
	T_EQ(waitpid(holder, &how, 0), holder);
	holder = first;
	T_TRUE(WIFEXITED(how) && WEXITSTATUS(how) == 1);
	/* Names in the abstract space are for everybody. */
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	memcpy(sa.sun_path, name, sizeof(name) - 1);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	T_EQ(bind(fd, (struct sockaddr *)&sa, (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
							  sizeof(name) - 1)), 0);
}

/* Killed with packets waiting: the next one finds socket, packet, device and the text accepted. */
static void test_second_life(void)
{
	static const char *const expected[] = {"memory ok kept 1", "udp ok kept 1", "queued waiting",
					       "tun ok kept 1 queues 3", "config first,", "config second,",
					       "memory rt2 ok kept 0", "sweep ok",
					       "memory rt2 ok kept 1", "memory rt1 ok kept 0",
					       "memory rt3 ok kept 0", "memory rt4 limit"};
	unsigned index = if_nametoindex("sp-test1");
	T_DO(send_datagram("waiting"));
	T_DO(write_config("second"));
	int left = 0;
	sscanf(after("lua 1 left pid "), "lua 1 left pid %d", &left);
	T_TRUE(left > 1);
	T_EQ(kill(left, 0), 0);
	pause_ms(1100); /* ready for longer than a second: an accident */
	T_DO(kill_main(1));
	T_TRUE(wait_for("ready 2", 1000));
	const char *mine = after("ready 1");
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		T_ROW(i, expected[i]);
		T_TRUE(strstr(mine, expected[i]));
	}
	T_EQ(if_nametoindex("sp-test1"), index);
	T_EQ(kill(left, 0), -1);
}

/* Dying right after being ready: pauses grow. */
static void test_back_off(void)
{
	struct timespec from, to;
	clock_gettime(CLOCK_MONOTONIC, &from);
	T_DO(kill_main(2));
	T_TRUE(wait_for("ready 3", 3000));
	T_DO(kill_main(3));
	T_TRUE(wait_for("ready 4", 3000));
	clock_gettime(CLOCK_MONOTONIC, &to);
	long ms = (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
	T_TRUE(ms >= 200 + 500 - 20);
}

static void test_clean_stop(void)
{
	int how = -1;
	pid_t last = main_pid(4);
	T_TRUE(last > 1 && holder > 1);
	kill(holder, SIGTERM);
	T_EQ(waitpid(holder, &how, 0), holder);
	T_TRUE(WIFEXITED(how));
	T_EQ(WEXITSTATUS(how), 0);
	T_EQ(kill(last, 0), -1);
	T_EQ(if_nametoindex("sp-test1"), 0);
	T_TRUE(strstr(notified(), "STOPPING=1\n"));
}

/* Main dies with a holder that is killed. */
static void test_orphan(void)
{
	T_DO(start_holder());
	T_TRUE(wait_for("life 1", 3000));
	const char *p = strstr(after("ready 4"), "life 1 pid ");
	for (int i = 0; !p && i < 300; i++) {
		pause_ms(10);
		p = strstr(after("ready 4"), "life 1 pid ");
	}
	T_TRUE(p);
	int pid = atoi(p + strlen("life 1 pid "));
	T_TRUE(pid > 1);
	T_TRUE(holder > 1);
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	for (int i = 0; kill(pid, 0) == 0 && i < 300; i++)
		pause_ms(10);
	T_EQ(kill(pid, 0), -1);
}

/* A folder that was there before keeps its owner, also an empty one: the path may be mistyped. */
static void test_foreign_folder(void)
{
	static char config[128], state[128], made[128], socket_path[160];
	struct stat s;
	int how = -1;
	snprintf(config, sizeof(config), "%s/conf", folder);
	snprintf(state, sizeof(state), "%s/foreign", folder);
	snprintf(made, sizeof(made), "%s/a/b", folder);
	snprintf(socket_path, sizeof(socket_path), "%s//control.sock", made);
	T_EQ(mkdir(state, 0755), 0);
	struct holder_options o = {config, state, socket_path};
	pid_t pid = fork();
	if (pid == 0)
		_exit(holder_main(&o));
	T_TRUE(pid > 0);
	T_EQ(waitpid(pid, &how, 0), pid);
	T_TRUE(WIFEXITED(how));
	T_EQ(WEXITSTATUS(how), 9); /* the stand-in could not write there */
	T_EQ(stat(state, &s), 0);
	T_EQ(s.st_uid, 0);
	T_EQ(s.st_mode & 0777, 0755);
	/* What was made is main's, but for what leads to it. */
	T_EQ(stat(made, &s), 0);
	T_TRUE(s.st_uid != 0);
	*strrchr(made, '/') = 0;
	T_EQ(stat(made, &s), 0);
	T_EQ(s.st_uid, 0);
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[2], "--as-main") == 0)
		return stand_in(argv[3]);
	if (argc == 3 && strcmp(argv[2], "--as-lua") == 0)
		return stand_in_script();
	if (argc == 3 && strcmp(argv[2], "--as-keys") == 0)
		return stand_in_keys();
	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0) {
		printf("needs root for namespaces and TUN devices\n");
		return 77;
	}
	strcpy(folder, "/tmp/sallyport-holder-XXXXXX");
	if (!mkdtemp(folder) || chmod(folder, 0755) != 0 || system("ip link set lo up") != 0)
		return 1;
	char vrf[ASROOT_VRF], command[128];
	vrf_name(folder, vrf);
	snprintf(command, sizeof(command), "ip netns add %s", vrf);
	if (system(command) != 0)
		return 1;
	T_RUN(test_first_life);
	T_RUN(test_one_a_namespace);
	T_RUN(test_vrf);
	T_RUN(test_master);
	T_RUN(test_second_life);
	T_RUN(test_master_ends);
	T_RUN(test_back_off);
	T_RUN(test_clean_stop);
	T_RUN(test_orphan);
	T_RUN(test_foreign_folder);
	snprintf(command, sizeof(command), "ip netns del %s; rm -rf %s", vrf, folder);
	if (system(command) != 0)
		return 1;
	return t_end();
}
