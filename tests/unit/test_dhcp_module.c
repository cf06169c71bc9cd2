/* The DHCP client on a real socket of the loopback: questions, answers, time, and what is left of it afterwards. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/timer.h"
#include "modules/dhcp/dhcp.h"
#include "tests/lib/t.h"

static struct stats *stats;
static struct dhcp *d;
static uint64_t now = 1000, wake, last_number;
static uint32_t last_random;
static unsigned done, opened, closed;
static struct dhcp_outcome outcome;
static enum status open_says;
static int relay, server;
static struct sockaddr_in relay_at;

static struct addr at(const char *text)
{
	struct addr a = {0};

	(void)!addr_parse(text, &a);
	return a;
}

static uint64_t get(enum counter c)
{
	return atomic_load(&stats->count[c]);
}

static uint64_t port_now_ms(void *ctx)
{
	return now;
}

static void port_random(void *ctx, void *out, size_t len)
{
	last_random++;
	memset(out, 0, len);
	memcpy(out, &last_random, len < sizeof(last_random) ? len : sizeof(last_random));
}

static void port_wake_at(void *ctx, uint64_t at_ms)
{
	wake = at_ms;
}

static enum status port_open(void *ctx, const struct dhcp_ask *a, int *fd, char why[DHCP_WORDS])
{
	socklen_t len = sizeof(relay_at);

	snprintf(why, DHCP_WORDS, "no port for %.80s", a->server);
	if (open_says != ST_OK)
		return open_says;
	relay = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	relay_at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(0x7f000001)}};
	if (bind(relay, (struct sockaddr *)&relay_at, sizeof(relay_at)) || getsockname(relay, (struct sockaddr *)&relay_at, &len))
		abort();
	opened++;
	*fd = relay;
	return ST_OK;
}

static void port_close(void *ctx, int fd)
{
	closed++;
	close(fd);
}

static void port_done(void *ctx, uint64_t number, const struct dhcp_outcome *o)
{
	done++;
	last_number = number;
	outcome = *o;
}

static struct dhcp_ask question(uint64_t number)
{
	static const uint8_t digest[32] = {1};
	struct dhcp_ask a = {.number = number, .giaddr = at("10.200.0.1"), .n_servers = 1, .servers = {at("127.0.0.9")},
		.server = "127.0.0.9", .within_ms = 4000};

	dhcp_who_make(&a.who, digest, "anna");
	return a;
}

static void setup(void)
{
	static const struct dhcp_ports ports = {.now_ms = port_now_ms, .random = port_random, .wake_at = port_wake_at,
		.open = port_open, .close = port_close, .done = port_done};
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr = {htonl(0x7f000009)}};

	stats = aligned_alloc(64, sizeof(*stats));
	memset(stats, 0, sizeof(*stats));
	done = opened = closed = 0;
	open_says = ST_OK;
	server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(server, (struct sockaddr *)&sa, sizeof(sa)))
		abort();
	d = dhcp_new(&ports, NULL, stats);
}

static void teardown(void)
{
	dhcp_free(d);
	close(server);
	free(stats);
	T_EQ(opened, closed);
	T_EQ(mem_live(), 0);
}

/* A server's packet to the relay, and the relay reads it. */
static void answer(enum dhcp_type type, uint32_t xid)
{
	struct dhcp_ask a = question(0);
	uint8_t buf[300] = {0};
	const uint8_t options[] = {DHCP_O_TYPE, 1, (uint8_t)type, DHCP_O_SERVER, 4, 127, 0, 0, 9, DHCP_O_LEASE, 4, 0, 0, 2, 88, DHCP_O_END};

	buf[0] = DHCP_BOOTREPLY;
	buf[1] = 1;
	buf[2] = 6;
	memcpy(buf + 4, &(uint32_t){htonl(xid)}, 4);
	if (type != DHCP_NAK)
		memcpy(buf + 16, at("10.200.0.50").b, 4);
	memcpy(buf + 24, a.giaddr.b, 4);
	memcpy(buf + 28, a.who.hardware, 6);
	memcpy(buf + 236, &(uint32_t){htonl(DHCP_COOKIE)}, 4);
	memcpy(buf + 240, options, sizeof(options));
	if (sendto(server, buf, sizeof(buf), 0, (struct sockaddr *)&relay_at, sizeof(relay_at)) < 0)
		abort();
	dhcp_on_readable(d, relay);
}

static uint32_t ask(uint64_t number)
{
	char why[DHCP_WORDS];
	struct dhcp_ask a = question(number);
	uint32_t xid = last_random + 1;

	return dhcp_begin(d, &a, why) == ST_OK ? xid : 0;
}

static void an_address(void)
{
	uint32_t xid;

	setup();
	xid = ask(41);
	T_TRUE(xid != 0 && wake > now && wake <= now + 1300);
	answer(DHCP_OFFER, xid);
	T_EQ(done, 0);
	T_EQ(get(CT_DHCP_REQUESTS), 1);
	answer(DHCP_ACK, xid);
	T_TRUE(done == 1 && last_number == 41 && outcome.status == ST_OK && outcome.reply.lease_s == 600);
	answer(DHCP_ACK, xid);
	T_TRUE(done == 1 && get(CT_DHCP_STRANGE) == 1 && get(CT_DHCP_ACKS) == 1);
	T_EQ(wake, TIMER_NEVER);
	dhcp_rest(d);
	T_EQ(closed, 1);
	T_DO(teardown());
}

static void silence(void)
{
	setup();
	T_TRUE(ask(42) != 0);
	for (int i = 0; i < 20 && !done; i++) {
		now = wake;
		dhcp_on_time(d);
	}
	T_TRUE(done == 1 && outcome.status == ST_DHCP_TIMEOUT && get(CT_DHCP_TIMEOUTS) == 1);
	T_EQ(get(CT_DHCP_DISCOVERS), 3);
	dhcp_rest(d);
	T_EQ(closed, 1);
	T_DO(teardown());
}

/* Nobody wants the answer any more: what may have been given is given back, and only that. */
static void cancelled(void)
{
	uint32_t xid;

	setup();
	xid = ask(43);
	dhcp_cancel(d, 43);
	T_EQ(get(CT_DHCP_RELEASES), 0);
	answer(DHCP_OFFER, xid);
	T_EQ(get(CT_DHCP_STRANGE), 1);
	xid = ask(44);
	answer(DHCP_OFFER, xid);
	dhcp_rest(d); /* not while a question is open */
	T_EQ(closed, 0);
	dhcp_cancel(d, 44);
	T_EQ(get(CT_DHCP_RELEASES), 1);
	dhcp_cancel(d, 44);
	T_TRUE(get(CT_DHCP_RELEASES) == 1 && done == 0 && wake == TIMER_NEVER);
	T_TRUE(ask(45) != 0); /* and one that is open at the end */
	T_DO(teardown());
}

static void no_socket(void)
{
	char why[DHCP_WORDS];
	struct dhcp_ask a = question(46);

	setup();
	open_says = ST_IO;
	T_EQ(dhcp_begin(d, &a, why), ST_IO);
	T_STR(why, "no port for 127.0.0.9");
	dhcp_say(d, DHCP_RELEASE, &a);
	T_EQ(atomic_load(&stats->status[ST_OUT_SEND]), 1);
	T_EQ(done, 0);
	T_DO(teardown());
}

static void no_memory(void)
{
	char why[DHCP_WORDS];
	struct dhcp_ask a = question(47);
	enum status st = ST_NOMEM;

	setup();
	for (uint64_t nth = 1; st == ST_NOMEM && nth < 10; nth++) {
		mem_fail_at(nth);
		st = dhcp_begin(d, &a, why);
		mem_fail_at(0);
		T_TRUE(st == ST_OK || (st == ST_NOMEM && why[0]));
	}
	T_EQ(st, ST_OK);
	T_DO(teardown());
}

static void noise(void)
{
	setup();
	T_TRUE(ask(48) != 0);
	for (size_t n = 0; n < 260; n += 13) {
		uint8_t junk[300];
		memset(junk, (int)n, sizeof(junk));
		(void)!sendto(server, junk, n, 0, (struct sockaddr *)&relay_at, sizeof(relay_at));
	}
	dhcp_on_readable(d, relay);
	T_TRUE(get(CT_DHCP_STRANGE) == 20 && done == 0);
	T_DO(teardown());
}

int main(void)
{
	T_RUN(an_address);
	T_RUN(silence);
	T_RUN(cancelled);
	T_RUN(no_socket);
	T_RUN(no_memory);
	T_RUN(noise);
	return t_end();
}
