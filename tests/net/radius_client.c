/* The RADIUS client alone, on main's own loop, against a server of somebody else. For tests only.
 *
 *   radius_client ADDRESS PORT[,PORT...] SECRET demands|trusts COMMAND...
 *     PORT: of logins, one a server, in order; accounting is at the next one
 *     COMMAND: login USER PASSWORD | account USER
 *
 * Each answer is one line: what it is, then what the attributes say that we know; at the end a line of
 * counts for each server. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/stats.h"
#include "modules/loop/loop.h"
#include "modules/radius/radius.h"

#define SOCKETS 16

static struct {
	struct loop *loop;
	struct loop_timer *timer;
	struct radius *r;
	struct stats stats;
	struct {
		int fd;
		struct loop_fd *watch;
	} sockets[SOCKETS];
	size_t n_sockets;
} own;

/* ---- ports --------------------------------------------------------------------------------------- */

static void on_fd(void *ctx, int fd)
{
	radius_on_readable(own.r, fd);
}

static enum status open_socket(void *ctx, const char *vrf, uint8_t family, const struct addr *source, int *fd)
{
	*fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0 || own.n_sockets == SOCKETS)
		return ST_IO;
	own.sockets[own.n_sockets].fd = *fd;
	return loop_fd_add(own.loop, *fd, false, on_fd, NULL, &own.sockets[own.n_sockets++].watch);
}

static void shut_socket(void *ctx, int fd)
{
	for (size_t i = 0; i < own.n_sockets; i++) {
		if (own.sockets[i].fd != fd)
			continue;
		loop_fd_del(own.sockets[i].watch);
		close(fd);
		own.sockets[i] = own.sockets[--own.n_sockets];
		return;
	}
}

static uint64_t now_ms(void *ctx)
{
	return loop_now_ms();
}

static void wake_at(void *ctx, uint64_t at_ms)
{
	loop_timer_at(own.timer, at_ms == TIMER_NEVER ? LOOP_NEVER : at_ms);
}

static void on_timer(void *ctx)
{
	radius_on_time(own.r);
}

static void changed(void *ctx, const char *server, bool is_dead)
{
	printf("%s %s\n", server, is_dead ? "dead" : "alive");
}

/* ---- answers ------------------------------------------------------------------------------------- */

static void print_attr(const struct radius_answer *a, const struct radius_attr *at)
{
	char text[RADIUS_VALUE_MAX + 1];
	uint8_t plain[RADIUS_VALUE_MAX];
	struct view hidden = at->value;
	size_t len = 0;
	if (at->type == RADIUS_TUNNEL_PASSWORD && hidden.len > 0)
		hidden = (struct view){hidden.p + 1, hidden.len - 1}; /* behind its tag */
	else if (at->vendor != RADIUS_VENDOR_MICROSOFT)
		hidden.len = 0;
	if (hidden.len && radius_reveal(a->secret, a->request_authenticator, hidden, plain, sizeof(plain), &len) == ST_OK)
		printf(" %s=%.*s", at->vendor ? "key" : "tunnel-password", (int)len, (const char *)plain);
	else if ((at->type == RADIUS_REPLY_MESSAGE || at->vendor == RADIUS_VENDOR_CISCO) && radius_text(at, text, sizeof(text)))
		printf(" %s", text);
}

static void done(void *ctx, uint64_t number, const struct radius_answer *a)
{
	struct radius_cursor c = radius_begin(a->packet.attrs);
	struct radius_attr at;
	printf("%s %u %s", status_token(a->status), a->packet.code, a->server_name);
	while (a->status == ST_OK && radius_next(&c, &at))
		print_attr(a, &at);
	printf("\n");
	loop_stop(own.loop);
}

static void print_counts(void)
{
	struct radius_server_info i;
	size_t cursor = 0;
	while (radius_next_info(own.r, &cursor, &i))
		printf("%s: requests %u retransmits %u bad %u dropped %u malformed %u unknown %u dead %d; accounting %u\n", i.conf.name,
		       (unsigned)i.auth.requests, (unsigned)i.auth.retransmits, (unsigned)i.auth.bad_authenticators,
		       (unsigned)i.auth.dropped, (unsigned)i.auth.malformed, (unsigned)i.auth.unknown, i.is_dead,
		       (unsigned)i.acct.responses);
}

/* ---- commands ------------------------------------------------------------------------------------ */

static struct view view_of(const char *text)
{
	return (struct view){(const uint8_t *)text, strlen(text)};
}

static void ask(const char *user, const char *password)
{
	static uint64_t number;
	uint8_t attrs[1024];
	struct wr w = wr_init(attrs, sizeof(attrs));
	struct radius_request q = {.number = ++number, .group = "g", .code = RADIUS_ACCESS_REQUEST, .done = done};
	radius_put_text(&w, RADIUS_USER_NAME, user);
	radius_put_text(&w, RADIUS_NAS_IDENTIFIER, "gw");
	if (password) {
		q.has_password = true;
		q.password = view_of(password);
	} else {
		q.code = RADIUS_ACCOUNTING_REQUEST;
		q.event_ms = loop_now_ms();
		radius_put_u32(&w, RADIUS_ACCT_STATUS_TYPE, RADIUS_ACCT_START);
		radius_put_text(&w, RADIUS_ACCT_SESSION_ID, "01HSESSION");
	}
	q.attrs = (struct view){attrs, w.len};
	if (radius_ask(own.r, &q) != ST_OK)
		exit(2);
	loop_run(own.loop);
}

static bool configure(char **argv)
{
	struct radius_server_conf servers[RADIUS_GROUP_SIZE] = {0};
	struct radius_group_conf g = {.name = "g"};
	struct radius_conf c = {.servers = servers, .groups = &g, .n_groups = 1};
	for (char *at = argv[2]; *at && c.n_servers < RADIUS_GROUP_SIZE; at += *at == ',') {
		struct radius_server_conf *s = &servers[c.n_servers];
		*s = (struct radius_server_conf){.timeout_ms = 300, .retransmit = 2, .dead_ms = 60000,
						 .trusts_unsigned = strcmp(argv[4], "trusts") == 0};
		s->auth_port = (uint16_t)strtoul(at, &at, 10);
		s->acct_port = (uint16_t)(s->auth_port + 1);
		snprintf(s->name, sizeof(s->name), "server%u", (unsigned)c.n_servers);
		s->secret_len = (uint16_t)strlen(argv[3]);
		memcpy(s->secret, argv[3], s->secret_len);
		if (addr_parse(argv[1], &s->addr) != ST_OK)
			return false;
		g.servers[g.n_servers++] = (uint16_t)c.n_servers++;
	}
	return radius_configure(own.r, &c) == ST_OK;
}

int main(int argc, char **argv)
{
	static const struct radius_ports ports = {.open = open_socket, .shut = shut_socket, .now_ms = now_ms, .wake_at = wake_at,
						  .changed = changed};
	own.loop = loop_new();
	own.r = radius_new(&ports, &own.stats);
	if (argc < 6 || !own.loop || !own.r || loop_timer_new(own.loop, on_timer, NULL, &own.timer) != ST_OK || !configure(argv)) {
		fprintf(stderr, "usage: see the top of radius_client.c\n");
		return 2;
	}
	for (int i = 5; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "account") == 0)
			ask(argv[i + 1], NULL);
		else if (i + 2 < argc)
			ask(argv[i + 1], argv[i + 2]), i++;
	}
	print_counts();
	radius_free(own.r);
	loop_timer_free(own.timer);
	loop_free(own.loop);
	return own.n_sockets == 0 && mem_live() == 0 ? 0 : 1;
}
