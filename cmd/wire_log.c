#include "cmd/wire_log.h"

#include "cmd/stderr_log.h"
#include "db/store.h"
#include "modules/loop/loop.h"

#define EACH_SECOND 100 /* lines of one event */

/* The loop thread's. */
static struct {
	struct store *store;
	log_sink *export;
	void *export_ctx;
	uint64_t limited;
	uint32_t seen[EV__MAX]; /* in this second */
} the_log;

static void sink(void *ctx, enum event e, const struct kv *kv, size_t n)
{
	if (the_log.seen[e]++ >= EACH_SECOND) {
		the_log.limited++;
		return;
	}
	stderr_log(NULL, e, kv, n);
	/* The store's own troubles are not for the store. */
	if (the_log.store && e != EV_STORE_ERROR)
		store_log(the_log.store, (uint64_t)loop_wall_ms(), e, kv, n);
	if (the_log.export)
		the_log.export(the_log.export_ctx, e, kv, n);
}

void wire_log_init(struct store *store)
{
	the_log.store = store;
	log_set_sink(sink, NULL);
}

void wire_log_export(log_sink *to, void *ctx)
{
	the_log.export = to;
	the_log.export_ctx = ctx;
}

uint64_t wire_log_limited(void)
{
	return the_log.limited;
}

void wire_log_second(void)
{
	for (int e = 0; e < EV__MAX; e++) {
		uint32_t seen = the_log.seen[e];
		the_log.seen[e] = 0;
		if (seen > EACH_SECOND)
			LOG(EV_SUPPRESSED, kv_str("event", event_token((enum event)e)),
			    kv_u64("times", seen - EACH_SECOND));
	}
}
