#include "core/ike/dpd.h"

#include "core/base/timer.h"
#include "core/conf/conf_ike.h"

#define RETRY_S_DEFAULT 2
#define RETRIES_DEFAULT 5
#define RETRIES_MAX 100

void dpd_heard(struct dpd_clock *d, uint64_t at_ms)
{
	if (at_ms > d->last_in_ms)
		d->last_in_ms = at_ms;
}

void dpd_sent(struct dpd_clock *d, uint64_t at_ms)
{
	if (at_ms > d->last_out_ms)
		d->last_out_ms = at_ms;
}

uint64_t dpd_due_ms(const struct dpd_clock *d)
{
	if (d->mode == DPD_UNSET || d->interval_s == 0)
		return TIMER_NEVER;
	if (d->mode == DPD_ON_DEMAND && d->last_out_ms <= d->last_in_ms)
		return TIMER_NEVER;
	return d->last_in_ms + (uint64_t)d->interval_s * 1000;
}

struct backoff dpd_backoff(const struct dpd_clock *d)
{
	uint32_t retry_s = d->retry_s != 0 ? d->retry_s : RETRY_S_DEFAULT;
	uint32_t retries = d->retries != 0 ? d->retries : RETRIES_DEFAULT;

	return (struct backoff){
		.first_ms = retry_s * 1000,
		.cap_ms = retry_s * 1000,
		.repeats = (uint8_t)(retries < RETRIES_MAX ? retries : RETRIES_MAX),
	};
}
