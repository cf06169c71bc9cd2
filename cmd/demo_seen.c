#include "cmd/demo_seen.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SNMPD "/usr/sbin/snmpd"
#define SNMPWALK "/usr/bin/snmpwalk"
#define COLUMN(n) SEEN_SESSION_TABLE ".1." #n "."
#define ANSWER_CAP 262144
#define PATIENCE_MS 1000
#define SAMPLES 3

/* ---- metrics ------------------------------------------------------------------------------------- */

static bool fetch(int fd, char *answer)
{
	static const char request[] = "GET /metrics HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n";
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t len = 0;
	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(request) - 1)
		return false;
	while (len < ANSWER_CAP - 1 && poll(&p, 1, PATIENCE_MS) == 1) {
		ssize_t n = recv(fd, answer + len, ANSWER_CAP - 1 - len, 0);
		if (n <= 0)
			return n == 0 && strstr(answer, " 200 ");
		len += (size_t)n;
	}
	return false;
}

/* A value of sessions or tunnels that is not 0. */
static bool is_telling(const char *line, size_t len)
{
	return line[0] != '#' && (memmem(line, len, "session", 7) || memmem(line, len, "esp_", 4)) &&
	       len > 2 && memcmp(line + len - 2, " 0", 2) != 0;
}

int seen_metrics_run(void *ctx)
{
	static char answer[ANSWER_CAP];
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(*(uint16_t *)ctx),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 || !fetch(fd, answer))
		return 1;
	const char *line = strstr(answer, "\r\n\r\n");
	unsigned n = 0;
	for (const char *end; line && n < SAMPLES && (end = strchr(line, '\n')) != NULL; line = end + 1)
		if (is_telling(line, (size_t)(end - line))) {
			printf("%.*s\n", (int)(end - line), line);
			n++;
		}
	return n ? 0 : 1;
}

/* ---- SNMP ---------------------------------------------------------------------------------------- */

/* Identity, address of the peer, its inner address, octets in and out. */
const char *const seen_snmp_columns[] = {COLUMN(4), COLUMN(13), COLUMN(15), COLUMN(22), COLUMN(23),
					 NULL};

bool seen_snmp_is_there(void)
{
	return access(SNMPD, X_OK) == 0 && access(SNMPWALK, X_OK) == 0;
}

/* Its state and its search for MIBs stay in the folder. */
static void set_environment(const char *folder)
{
	setenv("SNMP_PERSISTENT_DIR", folder, 1);
	setenv("SNMPCONFPATH", folder, 1);
	setenv("MIBS", "", 1);
}

static bool write_configuration(const char *path, const char *folder)
{
	FILE *f = fopen(path, "we");
	if (!f)
		return false;
	/* The agent of the headend has a uid of its own. */
	fprintf(f,
		"agentAddress udp:127.0.0.1:161\n"
		"rocommunity public 127.0.0.1\n"
		"master agentx\n"
		"agentXSocket %s" SEEN_AGENTX "\n"
		"agentXPerms 0666 0755\n",
		folder);
	return fclose(f) == 0;
}

int seen_snmpd_run(void *ctx)
{
	const char *folder = ctx;
	char conf[128], *argv[] = {(char *)(uintptr_t) "snmpd", (char *)(uintptr_t) "-f",
				   (char *)(uintptr_t) "-Lo", (char *)(uintptr_t) "-C",
				   (char *)(uintptr_t) "-c", conf, NULL};
	snprintf(conf, sizeof(conf), "%s/snmpd.conf", folder);
	if ((mkdir(folder, 0755) != 0 && access(folder, W_OK) != 0) || !write_configuration(conf, folder))
		return 1;
	set_environment(folder);
	execv(SNMPD, argv);
	return 1;
}

int seen_snmpwalk_run(void *ctx)
{
	char *argv[] = {(char *)(uintptr_t) "snmpwalk", (char *)(uintptr_t) "-v2c",
			(char *)(uintptr_t) "-cpublic", (char *)(uintptr_t) "-On",
			(char *)(uintptr_t) "-t1", (char *)(uintptr_t) "-r1",
			(char *)(uintptr_t) "127.0.0.1", (char *)(uintptr_t)SEEN_SESSION_TABLE, NULL};
	set_environment(ctx);
	execv(SNMPWALK, argv);
	return 1;
}
