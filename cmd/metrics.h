/* A sample as text for Prometheus and its like: OpenMetrics 1.0, or the older text format 0.0.4. Pure.
 * Names come from the lists of counters and gauges; what they count is under the same token in show
 * and in SQL, and equal under the same number of the sample. */
#ifndef CMD_METRICS_H
#define CMD_METRICS_H

#include "cmd/out.h"
#include "core/base/sample.h"

enum metrics_form { METRICS_OPEN, METRICS_CLASSIC };

/* What a reader wants by its Accept header ("" when it sent none): OpenMetrics only when it is named
 * there, and nothing else is liked better. */
enum metrics_form metrics_form_of(const char *accept);
const char *metrics_content_type(enum metrics_form form);
/* The whole text. version is escaped, as are the names of pools. */
void metrics_text(struct out *o, enum metrics_form form, const struct sample *s, const char *version);

#endif
