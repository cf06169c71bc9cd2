/* The SNMP subagent with ten thousand sessions.
 *
 *   snmp              how long a step of a walk takes, without a master
 *   snmp SOCKET [N]   the real thread with N cards, at the master agent that listens there: says
 *                     "ready", takes a sample each second, and ends when its input does
 *                     (tests/net/test_snmp_walk.py) */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "modules/snmp/snmp.h"
#include "modules/snmp/tree.h"

#define SESSIONS 10000

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static struct snmp_card card_of(uint32_t i)
{
	struct snmp_card c = {.index = i, .start_ms = 1764417600000 + i,
			      .local = {0, {4, {192, 0, 2, 1}}, 4500},
			      .remote = {0, {4, {198, 51, (uint8_t)(i >> 8), (uint8_t)i}}, 4500},
			      .ip4 = {4, {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}},
			      .ip6 = {6, {0xfd, [14] = (uint8_t)(i >> 8), (uint8_t)i}}, .ip6_len = 128};
	snprintf(c.id, sizeof(c.id), "%026u", i);
	snprintf(c.user, sizeof(c.user), "user%u@corp.example", i);
	snprintf(c.identity, sizeof(c.identity), "user%u@corp.example", i);
	snprintf(c.profile, sizeof(c.profile), "RA");
	snprintf(c.policy, sizeof(c.policy), "RA");
	return c;
}

/* ---- without a master -------------------------------------------------------------------------- */

static int steps(void)
{
	struct tree_view v = {.version = "bench"};
	struct note *old;
	v.sample = &share_note_sample(0, SESSIONS)->sample;
	for (uint32_t i = 1; i <= SESSIONS; i++) {
		struct note *n = share_note(NOTE_CARD);
		if (!n)
			return 1;
		n->card = card_of(i);
		v.sample->traffic[i - 1].index = i;
		if (index_put(&v.cards, n, &old) != ST_OK)
			return 1;
	}
	tree_oid name[TREE_NAME];
	size_t len = 0, n = 0;
	struct tree_place at;
	struct tree_value value;
	uint64_t from = now_us(), octets = 0;
	for (; tree_next(&v, name, len, false, &at); n++) {
		tree_get(&v, &at, &value);
		len = tree_name(&at, name);
		octets += value.len;
	}
	uint64_t us = now_us() - from;
	printf("snmp: a walk through %d sessions in memory: %zu variables, %llu octets of text, %.0f ns each\n",
	       SESSIONS, n, (unsigned long long)octets, (double)us * 1000 / (double)n);
	return 0;
}

/* ---- with one ---------------------------------------------------------------------------------- */

static const char *master;
static uint32_t sessions = SESSIONS;

static enum status connect_it(void *ctx, int *fd)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", master);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0 || connect(*fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return *fd < 0 ? ST_IO : ST_OK;
	close(*fd);
	return ST_IO;
}

static void all(void *ctx, struct snmp *s)
{
	for (uint32_t i = 1; i <= sessions; i++) {
		struct snmp_card c = card_of(i);
		snmp_again(s, &c);
	}
}

static void on_event(void *ctx, const struct snmp_event *e)
{
	if (e->kind == SNMP_SAID)
		fprintf(stderr, "snmp: the library says: %s\n", e->text);
}

static uint64_t give_sample(struct snmp *s, uint64_t number)
{
	struct sample *sample = aligned_alloc(64, sizeof(*sample));
	struct snmp_traffic *t = calloc(sessions, sizeof(*t));
	if (!sample || !t)
		exit(1);
	memset(sample, 0, sizeof(*sample));
	sample->number = number;
	for (uint32_t i = 0; i < sessions; i++)
		t[i] = (struct snmp_traffic){.index = i + 1, .octets_in = number * (i + 1)};
	uint64_t from = now_us();
	snmp_sample(s, sample, t, sessions);
	uint64_t us = now_us() - from;
	free(t);
	free(sample);
	return us;
}

static int serve(void)
{
	static const struct snmp_ports ports = {.connect = connect_it, .all = all, .on_event = on_event};
	struct snmp *s = snmp_new(&ports, NULL, SNMP_QUEUE);
	struct snmp_info info;
	uint64_t number = 0, worst_us = 0, next_us = 0;
	bool is_ready = false;
	if (!s)
		return 1;
	uint64_t from = now_us();
	snmp_set(s, &(struct snmp_settings){.is_on = true});
	printf("snmp: %u cards handed over in %llu us\n", sessions, (unsigned long long)(now_us() - from));
	for (;;) {
		struct pollfd p[2] = {{.fd = snmp_fd(s), .events = POLLIN}, {.fd = 0, .events = POLLIN}};
		(void)poll(p, 2, 100);
		if (p[0].revents)
			snmp_poll(s);
		if (p[1].revents)
			break;
		if (now_us() >= next_us) {
			uint64_t us = give_sample(s, ++number);
			worst_us = us > worst_us ? us : worst_us;
			next_us = now_us() + 1000000;
		}
		snmp_info(s, &info);
		if (!is_ready && info.is_connected && info.cards == sessions) {
			is_ready = true;
			printf("ready\n");
			fflush(stdout);
		}
	}
	snmp_info(s, &info);
	printf("snmp: %llu variables answered; handing over a sample took the loop at most %llu us\n",
	       (unsigned long long)info.requests, (unsigned long long)worst_us);
	snmp_free(s);
	return mem_live() != 0;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return steps();
	master = argv[1];
	if (argc > 2)
		sessions = (uint32_t)strtoul(argv[2], NULL, 10);
	return serve();
}
