/* `debug crypto ikev2`: what the engine traces, to the clients that asked for it. Each of them is a
 * stream that ends with its connection, after its minutes or after its lines; with main it is over.
 * Conditions hold for all streams: when there are any, only what belongs to a peer that one of them
 * names is shown. A peer's identity is known with IKE_AUTH only: until then the lines of an SA are
 * held, as far as DEBUG_HELD_BYTES reach, and shown or thrown away then. Loop thread. */
#ifndef CMD_DEBUG_H
#define CMD_DEBUG_H

#include "core/ike/guard.h"
#include "core/ike/trace.h"

/* A topic beside those of trace.h: CoA and Disconnect. No condition counts for it. */
#define DEBUG_POD 8u

#define DEBUG_STREAMS 4
#define DEBUG_CONDITIONS 16
#define DEBUG_MINUTES 30       /* unless the client says otherwise */
#define DEBUG_LINES 100000
#define DEBUG_PER_S 500        /* lines of all streams, after a burst */
#define DEBUG_BURST 5000
#define DEBUG_WAITING (512u * 1024) /* bytes that a slow reader may leave waiting */
#define DEBUG_HELD 32          /* SAs whose peer is not known yet */
#define DEBUG_HELD_BYTES 16384 /* of each */

struct debug_ports {
	void (*put)(void *to, const char *bytes, size_t len);
	size_t (*waiting)(const void *to);
	void (*finish)(void *to); /* nothing more is put after it */
	/* What somebody watches has changed: bits of trace.h alone. */
	void (*topics)(void *ctx, unsigned topics);
	void *ctx; /* of topics */
};

struct debug_stream {
	void *to; /* NULL: free */
	unsigned topics;
	uint64_t until_ms;
	uint64_t lines;     /* shown */
	uint64_t lines_max;
	uint64_t left_out;  /* since the last one shown */
	uint64_t left_out_all;
};

struct debug_condition {
	struct addr peer;      /* family 0: an identity */
	char identity[IKE_ID_LEN]; /* whole, or "*" and its end; case does not count */
};

struct debug_held {
	uint64_t sa;    /* 0: free */
	uint64_t order;
	char *bytes;    /* {topic, line, newline}... */
	size_t len;
	bool is_cut;
};

struct debug {
	const struct debug_ports *ports;
	struct debug_stream streams[DEBUG_STREAMS];
	struct debug_condition conditions[DEBUG_CONDITIONS];
	size_t n_conditions;
	struct debug_held held[DEBUG_HELD];
	uint64_t order;
	struct limiter limiter;
};

/* A zeroed one becomes ready; the ports must outlive it. */
void debug_init(struct debug *d, const struct debug_ports *ports);
/* Forgets all streams and frees what is held; finishes nobody. */
void debug_fini(struct debug *d);
/* ST_LIMIT: there are as many as there may be. */
enum status debug_start(struct debug *d, void *to, unsigned topics, uint64_t until_ms, uint64_t lines) MUST_USE;
/* Its client went away. */
void debug_gone(struct debug *d, const void *to);
/* Ends all streams with these words. */
void debug_stop(struct debug *d, const char *words);
/* Ends those whose time is over. */
void debug_second(struct debug *d, uint64_t now_ms);
/* ST_LIMIT; ST_EXISTS. */
enum status debug_condition_add(struct debug *d, const struct debug_condition *c) MUST_USE;
void debug_conditions_reset(struct debug *d);
/* From the engine's port. Calls nobody but the ports above. */
void debug_trace(struct debug *d, uint64_t now_ms, int64_t wall_ms, const struct ike_trace *t);

/* A line of another topic than the engine's. */
struct debug_text {
	unsigned topic;
	uint64_t now_ms;
	int64_t wall_ms;
	const char *text; /* printable ASCII, without newline */
};
bool debug_watches(const struct debug *d, unsigned topic);
void debug_put(struct debug *d, const struct debug_text *t);

#endif
