/* The story, step by step. Each step says what it does and what came of it; the first that fails is
 * the last. Whatever the end, everything is taken down in finish(). */
#include "cmd/demo.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmd/demo_ask.h"
#include "cmd/demo_client.h"
#include "cmd/demo_conf.h"
#include "cmd/demo_folder.h"
#include "cmd/demo_net.h"
#include "cmd/demo_seen.h"
#include "cmd/demo_task.h"
#include "cmd/demo_text.h"
#include "cmd/demo_traffic.h"
#include "cmd/holder.h"

#define LIMIT_S 60 /* nothing hangs for longer, whatever happens */
#define READY_MS 8000
#define CONNECT_MS 5000
#define PING_MS 5000
#define SNMP_MS 2000
#define STREAM_MS 1500 /* each way */
#define STREAM_PORT 5001
#define PINGS 5
#define PING_GAP_MS 50
#define STOP_MS 3000
#define LINES_MAX 6 /* of a log */
#define MESSAGES_MAX 256
#define PATIENCE_MS 1000 /* for the first syslog message, and then for the next one */
#define QUIET_MS 300
#define PATH_CAP (DEMO_FOLDER_TEXT + 32)

/* In memory that is shared with the children, which write their results here. */
struct demo {
	struct demo_net net;
	struct demo_folder folder;
	struct demo_conf conf;
	char config[PATH_CAP], state[PATH_CAP], socket[PATH_CAP], log[PATH_CAP], ready[PATH_CAP];
	char snmp[PATH_CAP], agentx[PATH_CAP];
	struct demo_ask ask;
	struct task headend, client, snmpd;
	struct demo_client dial;
	struct demo_client_report report;
	int ready_fd, log_fd, syslog_fd, report_fd;
	struct demo_ping ping;
	struct demo_stream from, to;
	uint16_t metrics_port;
	bool snmpd_failed;
};

/* ---- small things -------------------------------------------------------------------------------- */

static bool failed(const struct demo *d, const char *what)
{
	if (task_signal())
		return false;
	text_failure("%s", what);
	if (d->log_fd >= 0 && lseek(d->log_fd, 0, SEEK_END) > 0) {
		text_more("The last lines of the headend's log:");
		(void)text_lines(d->log_fd, NULL, LINES_MAX, true);
	}
	return false;
}

/* ---- the steps ------------------------------------------------------------------------------------ */

static bool step_tun(struct demo *d)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		close(fd);
		return true;
	}
	text_failure("no TUN devices here: /dev/net/tun: %s", strerror(errno));
	return false;
}

static bool step_net(struct demo *d)
{
	char why[DEMO_WHY] = "";
	text_step("Two network namespaces and a wire between them; your own network is not touched");
	text_more("client %s ---- %s headend ---- %s, %s (the protected network)", DEMO_CLIENT,
		  DEMO_GATEWAY, DEMO_LAN, DEMO_LAN6);
	if (demo_net_make(&d->net, why) && demo_folder_make(&d->folder, d->net.gateway, LIMIT_S, why))
		return true;
	text_failure("%s", why);
	return false;
}

static bool write_file(const char *path, const char *text)
{
	size_t len = strlen(text);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, text, len) == (ssize_t)len;
	if (fd >= 0)
		close(fd);
	return ok;
}

/* The socket of the service manager's protocol: the headend says when it is ready. */
static int open_ready(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 ? fd : -1;
}

static bool start_snmpd(struct demo *d)
{
	struct task_plan plan = {.run = seen_snmpd_run, .ctx = d->snmp, .netns = d->net.gateway,
				 .output = memfd_create("snmpd", MFD_CLOEXEC)};
	bool ok = task_start(&d->snmpd, &plan);
	close(plan.output);
	for (unsigned ms = 0; ok && access(d->agentx, F_OK) != 0; ms += 20)
		ok = ms < SNMP_MS && task_await(&d->snmpd, -1, 20) == TASK_TIME_UP;
	if (!ok)
		task_end(&d->snmpd, SIGKILL, 0);
	return ok;
}

static bool prepare(struct demo *d)
{
	const struct {
		char *path;
		const char *name;
	} paths[] = {{d->config, "sallyport.conf"}, {d->state, "state"}, {d->log, "log"},
		     {d->ready, "ready"}, {d->socket, "run/control.sock"}, {d->snmp, "snmp"},
		     {d->agentx, "snmp" SEEN_AGENTX}};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		snprintf(paths[i].path, PATH_CAP, "%s/%s", d->folder.path, paths[i].name);
	d->ask = (struct demo_ask){.socket = d->socket, .state = d->state};
	d->snmpd_failed = seen_snmp_is_there() && !start_snmpd(d);
	if (!demo_conf_make(&d->conf, d->snmpd.pid ? d->agentx : NULL))
		return false;
	d->syslog_fd = demo_net_socket(&d->net, d->net.gateway, DEMO_LAN, DEMO_SYSLOG_PORT, SOCK_DGRAM);
	d->log_fd = open(d->log, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	d->ready_fd = open_ready(d->ready);
	return d->syslog_fd >= 0 && d->log_fd >= 0 && d->ready_fd >= 0 &&
	       write_file(d->config, d->conf.text);
}

static int headend_run(void *ctx)
{
	struct demo *d = ctx;
	struct holder_options o = {.config = d->config, .state = d->state, .socket = d->socket};
	setenv("NOTIFY_SOCKET", d->ready, 1);
	return holder_main(&o);
}

static bool step_headend(struct demo *d)
{
	struct task_plan plan = {.run = headend_run, .ctx = d, .netns = d->net.gateway};
	double began = text_seconds();
	text_step("The headend starts, as an operator starts it");
	if (!prepare(d))
		return failed(d, "the headend's files and sockets cannot be made");
	text_command("sallyport run -c %s", d->config);
	text_more("%zu lines of configuration; to see them: sallyport demo --config", d->conf.lines);
	plan.output = d->log_fd;
	if (!task_start(&d->headend, &plan) ||
	    task_await(&d->headend, d->ready_fd, READY_MS) != TASK_READABLE)
		return failed(d, "the headend did not get ready");
	text_more("ready after %.0f ms", (text_seconds() - began) * 1000);
	return true;
}

static int ping(struct demo *d, const char *to, unsigned count)
{
	struct task t;
	struct task_plan plan = {.run = demo_ping_run, .ctx = &d->ping, .netns = d->net.client,
				 .output = -1};
	d->ping = (struct demo_ping){.count = count, .gap_ms = PING_GAP_MS};
	if (addr_parse(to, &d->ping.to) != ST_OK || !task_start(&t, &plan))
		return -1;
	return task_finish(&t, PING_MS + count * PING_GAP_MS);
}

static bool step_without(struct demo *d)
{
	text_step("Without a tunnel the client does not reach the protected network");
	if (ping(d, DEMO_LAN, 1) == 0)
		return failed(d, DEMO_LAN " answers without one");
	text_more("ping %s: %s", DEMO_LAN, d->ping.error ? strerror(d->ping.error) : "no answer");
	return true;
}

static void say_tunnel(const struct demo_client_report *r)
{
	char ip4[ADDR_TEXT], ip6[ADDR_TEXT];
	text_more("up after %.1f ms, with the addresses %s and %s", (double)r->took_us / 1000,
		  addr_format(&r->address.ip4, ip4), addr_format(&r->address.ip6, ip6));
	text_more("IKE: %s", r->ike);
	text_more("ESP: %s", r->esp);
}

static bool step_client(struct demo *d)
{
	int pair[2];
	text_step("The client connects: IKE_SA_INIT, IKE_AUTH with a pre-shared key");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return failed(d, strerror(errno));
	d->report_fd = pair[0];
	d->dial = (struct demo_client){.conf = demo_conf_client, .report = pair[1]};
	struct task_plan plan = {.run = demo_client_run, .ctx = &d->dial, .netns = d->net.client,
				 .output = d->log_fd};
	bool ok = addr_parse(DEMO_CLIENT, &d->dial.local) == ST_OK &&
		  addr_parse(DEMO_GATEWAY, &d->dial.gateway) == ST_OK && task_start(&d->client, &plan);
	close(pair[1]);
	if (!ok || task_await(&d->client, d->report_fd, CONNECT_MS) != TASK_READABLE ||
	    recv(d->report_fd, &d->report, sizeof(d->report), MSG_DONTWAIT) != sizeof(d->report))
		return failed(d, "the client did not connect in time");
	if (d->report.is_up) {
		say_tunnel(&d->report);
		return true;
	}
	return failed(d, d->report.detail[0] ? d->report.detail : status_words(d->report.status));
}

static bool ping_through(struct demo *d, const char *to)
{
	int rc = ping(d, to, PINGS);
	if (rc == 0 || d->ping.answers)
		text_more("ping %s: %u of %u answered, %.2f ms on average", to, d->ping.answers, PINGS,
			  (double)d->ping.sum_us / 1000 / d->ping.answers);
	return rc == 0;
}

static bool step_ping(struct demo *d)
{
	text_step("Ping through the tunnel");
	if (!ping_through(d, DEMO_LAN))
		return failed(d, "IPv4 does not pass");
	if (!d->net.has_ip6 || !d->report.address.has_ip6)
		text_more("(this machine has no IPv6)");
	else if (!ping_through(d, DEMO_LAN6))
		return failed(d, "IPv6 does not pass");
	return true;
}

/* TCP for a while, one way. Mbit/s as the receiver measured, 0: it failed. */
static double stream(struct demo *d, bool is_up)
{
	struct task inside, outside;
	int listener = demo_net_socket(&d->net, d->net.gateway, DEMO_LAN, STREAM_PORT, SOCK_STREAM);
	struct demo_stream s = {.listener = -1, .port = STREAM_PORT, .send_ms = STREAM_MS};
	struct task_plan in = {.run = demo_stream_run, .ctx = &d->to, .netns = d->net.gateway, .output = -1};
	struct task_plan out = {.run = demo_stream_run, .ctx = &d->from, .netns = d->net.client,
				.output = -1};
	(void)!addr_parse(DEMO_LAN, &s.to);
	s.is_sender = is_up;
	d->from = s;
	s.is_sender = !is_up;
	s.listener = listener;
	d->to = s;
	bool ok = listener >= 0 && listen(listener, 1) == 0 && task_start(&inside, &in);
	if (ok) {
		ok = task_start(&outside, &out);
		ok = ok && task_finish(&outside, STREAM_MS + 4000) == 0;
		ok = task_finish(&inside, ok ? 2000 : 0) == 0 && ok;
	}
	if (listener >= 0)
		close(listener);
	const struct demo_stream *r = is_up ? &d->to : &d->from;
	return ok && r->took_us ? (double)r->bytes * 8 / (double)r->took_us : 0;
}

static bool step_traffic(struct demo *d)
{
	text_step("Three seconds of TCP through the tunnel, between two processes of this demo");
	double up = stream(d, true), down = up > 0 ? stream(d, false) : 0;
	if (up <= 0 || down <= 0)
		return failed(d, "the stream did not come through");
	text_more("%.0f Mbit/s up, %.0f Mbit/s down (encrypted and decrypted on the same machine)", up, down);
	return true;
}

static bool step_show(struct demo *d)
{
	text_step("What the operator sees");
	return ask_command(&d->ask, "show crypto session", 24) || failed(d, "the headend does not answer");
}

static bool step_active(struct demo *d)
{
	text_step("What SQL sees");
	if (!ask_until(&d->ask, "select count(*) from v_active where bytes_in > 0 and bytes_out > 0") ||
	    !ask_sql(&d->ask, "select identity, ip4, ip6, remote, bytes_in, bytes_out from v_active", 8))
		return failed(d, "the session is not in v_active");
	return true;
}

static bool step_metrics(struct demo *d)
{
	text_step("What Prometheus sees");
	text_command("GET http://127.0.0.1:%u/metrics", DEMO_METRICS_PORT);
	d->metrics_port = DEMO_METRICS_PORT;
	return ask_task(seen_metrics_run, &d->metrics_port, d->net.gateway, NULL, 3) ||
	       failed(d, "no metrics came");
}

static bool step_snmp(struct demo *d)
{
	if (d->snmpd.pid == 0) {
		text_step("SNMP: %s", d->snmpd_failed ? "snmpd did not start"
						      : "install snmpd and snmp to see it here");
		return true;
	}
	text_step("What SNMP sees, through snmpd");
	text_command("snmpwalk -v2c -c public 127.0.0.1 " SEEN_SESSION_TABLE);
	return ask_task(seen_snmpwalk_run, d->snmp, d->net.gateway, seen_snmp_columns, 8) ||
	       failed(d, "the table of sessions is not there");
}

static bool step_goodbye(struct demo *d)
{
	text_step("The client says goodbye");
	if (task_end(&d->client, SIGTERM, STOP_MS) != 0)
		return failed(d, "the headend did not answer the client's DELETE");
	if (!ask_until(&d->ask, "select count(*) from v_history") ||
	    !ask_sql(&d->ask, "select identity, ip4, seconds, bytes_in, bytes_out, end_reason from v_history", 8))
		return failed(d, "the session is not in v_history");
	return true;
}

/* Everything that came meanwhile; lines with one of the words are shown. */
static unsigned drain_syslog(struct demo *d, const char *const *words)
{
	char line[2048];
	unsigned shown = 0;
	for (unsigned n = 0; n < MESSAGES_MAX; n++) {
		if (task_await(NULL, d->syslog_fd, n ? QUIET_MS : PATIENCE_MS) != TASK_READABLE)
			break;
		ssize_t len = recv(d->syslog_fd, line, sizeof(line), MSG_DONTWAIT);
		if (len <= 0 || shown == LINES_MAX || !text_has(line, (size_t)len, words))
			continue;
		text_line(line, (size_t)len);
		shown++;
	}
	return shown;
}

static bool step_log(struct demo *d)
{
	static const char *const words[] = {"ike_sa_up", "ike_sa_down", "session_up", "session_down",
					    "IKEV2-5-SA_", "SESSION_STATUS", NULL};
	text_step("What the log says of it (one event, one line)");
	if (!text_lines(d->log_fd, words, LINES_MAX, false))
		return failed(d, "it is not in the log");
	text_step("What a syslog server at %s sees", DEMO_LAN);
	return drain_syslog(d, words) > 0 || failed(d, "no syslog message came");
}

static bool step_stop(struct demo *d)
{
	text_step("The headend stops");
	return task_end(&d->headend, SIGTERM, STOP_MS) == 0 || failed(d, "it did not stop cleanly");
}

static bool (*const steps[])(struct demo *) = {
	step_tun, step_net, step_headend, step_without, step_client, step_ping, step_traffic, step_show,
	step_active, step_metrics, step_snmp, step_goodbye, step_log, step_stop,
};

/* ---- beginning and end ---------------------------------------------------------------------------- */

static struct demo *new_demo(void)
{
	struct demo *d = mmap(NULL, sizeof(*d), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (d == MAP_FAILED)
		return NULL;
	d->net = DEMO_NET_NONE;
	d->folder = (struct demo_folder){.lock = -1, .lifeline = -1};
	d->ready_fd = d->log_fd = d->syslog_fd = d->report_fd = -1;
	d->headend.pidfd = d->client.pidfd = d->snmpd.pidfd = -1;
	return d;
}

/* True: nothing is left. */
static bool finish(struct demo *d)
{
	int *fds[] = {&d->ready_fd, &d->log_fd, &d->syslog_fd, &d->report_fd};
	struct task *tasks[] = {&d->client, &d->headend, &d->snmpd};
	for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++)
		if (tasks[i]->pid)
			(void)task_end(tasks[i], SIGTERM, STOP_MS);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (*fds[i] >= 0)
			close(*fds[i]);
	demo_net_drop(&d->net);
	return demo_folder_drop(&d->folder);
}

static int print_config(void)
{
	static struct demo_conf c;
	if (!demo_conf_make(&c, ""))
		return 1;
	return fputs(c.text, stdout) < 0 || fflush(stdout) != 0;
}

static int play(void)
{
	struct demo *d = new_demo();
	bool ok = d && task_begin();
	if (!ok) {
		fprintf(stderr, "sallyport: the demo cannot start: %s\n", strerror(errno));
		return 1;
	}
	text_begin();
	umask(022); /* the headend's main has a uid of its own, and must reach its files */
	for (size_t i = 0; ok && i < sizeof(steps) / sizeof(steps[0]); i++)
		ok = steps[i](d) && !task_signal();
	bool clean = finish(d);
	if (task_signal())
		text_step("Interrupted (%s)", strsignal(task_signal()));
	if (clean)
		text_step("Everything that the demo made is gone again");
	else
		text_failure("not everything could be removed: %s", d->folder.path);
	if (ok && clean)
		text_more("A headend of your own: sallyport run --quickstart");
	munmap(d, sizeof(*d));
	return ok && clean ? 0 : 1;
}

int demo_main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--config") == 0)
		return print_config();
	if (argc != 1) {
		fprintf(stderr, "sallyport: unknown word \"%s\"\nusage: sallyport demo [--config]\n", argv[1]);
		return 2;
	}
	if (geteuid() != 0) {
		fprintf(stderr, "sallyport: demo needs root, for network namespaces and TUN devices: "
				"sudo sallyport demo\n");
		return 2;
	}
	return play();
}
