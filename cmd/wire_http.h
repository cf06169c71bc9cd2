/* Metrics and health over HTTP: `sallyport metrics ...`. Which places are open, and what they serve:
 *
 *   /metrics   the sample, as show and SQL have it
 *   /healthz   200: the loop of main turns
 *   /readyz    200: clients can connect; otherwise 503 and a line for each thing that is wrong */
#ifndef CMD_WIRE_HTTP_H
#define CMD_WIRE_HTTP_H

#include "cmd/wire_state.h"

/* What a reload will change; between prepare and commit or cancel the new places listen already, and
 * nobody is served. */
struct wire_http_change {
	struct wire_http_end *ends[WIRE_HTTP_ENDS];
	bool is_kept[WIRE_HTTP_ENDS];
};

/* ST_NOMEM, ST_IO or ST_CONFIG with a sentence in why; nothing is open then that was not before. */
enum status wire_http_prepare(struct wire *w, const struct snapshot *s, struct wire_http_change *out,
			      char *why, size_t why_cap) MUST_USE;
void wire_http_commit(struct wire *w, struct wire_http_change *change);
void wire_http_cancel(struct wire_http_change *change); /* a zeroed one is fine */

/* At start. A place that is taken is logged, and tried again: a tunnel does not wait for metrics. */
void wire_http_open(struct wire *w);
void wire_http_second(struct wire *w);
void wire_http_close(struct wire *w);

#endif
