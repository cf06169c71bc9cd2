/* What the commands of an operator look at: filled by the running daemon, or by a test. Nothing
 * here is owned. Loop thread. */
#ifndef CMD_WORLD_H
#define CMD_WORLD_H

#include "cmd/out.h"
#include "core/base/stats.h"
#include "core/conf/snapshot.h"
#include "core/ike/ike.h"

struct data;
struct diagnose;
struct sessions;

/* One numbered sample: show, SQL and whoever comes later read the same values. */
struct sample {
	uint64_t number;
	int64_t wall_ms;
	struct stats sums; /* loop and workers added up */
	uint64_t half_open;
	uint64_t ike_sas;
	uint64_t sessions;
	uint64_t turn_max_us; /* longest turn of the loop since the sample before */
};

struct world {
	struct ike *ike;
	struct sessions *sessions;
	struct data *data;
	const struct snapshot *conf;
	const struct diagnose *diagnose;
	void *ctx;
	uint64_t (*now_ms)(void *ctx);
	/* A fresh sample is taken, numbered, and stored. */
	const struct sample *(*sample)(void *ctx);
	/* Reads the configuration again; explains itself in out and err. Exit code. */
	int (*reload)(void *ctx, struct out *out, struct out *err);
};

#endif
