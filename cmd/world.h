/* What the commands of an operator look at: filled by the running daemon, or by a test. Nothing
 * here is owned. Loop thread. */
#ifndef CMD_WORLD_H
#define CMD_WORLD_H

#include "cmd/out.h"
#include "core/base/sample.h"
#include "core/conf/snapshot.h"
#include "core/ike/ike.h"

struct data;
struct diagnose;
struct lua;
struct sessions;
struct syslog;
struct snmp;

struct world {
	struct ike *ike;
	struct sessions *sessions;
	struct data *data;
	const struct snapshot *conf;
	const struct diagnose *diagnose;
	const struct lua *lua;
	const struct syslog *syslog;
	uint64_t (*log_limited)(void); /* events that a rate limit kept out of every log */
	const struct snmp *snmp; /* NULL: it was never switched on */
	const char *snmp_why;    /* why there is no master; "" or NULL: unknown, or there is one */
	void *ctx;
	uint64_t (*now_ms)(void *ctx);
	/* A fresh sample is taken, numbered, and stored. */
	const struct sample *(*sample)(void *ctx);
	/* Reads the configuration again; explains itself in out and err. Exit code. */
	int (*reload)(void *ctx, struct out *out, struct out *err);
};

#endif
