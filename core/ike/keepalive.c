#include "core/ike/keepalive.h"

#include "core/ike/engine.h"

#define JITTER 20 /* at most one part of so many (R-NAT-08): never later than was asked for */

static uint64_t sent_ms(const struct ike_sa *sa)
{
	return sa->dpd.last_out_ms > sa->sent_ms ? sa->dpd.last_out_ms : sa->sent_ms;
}

static uint64_t pause_ms(const struct ike_sa *sa)
{
	uint64_t whole = (uint64_t)sa->settings.nat_keepalive_s * 1000;
	uint16_t r = 0;

	sa->ike->ports->random(sa->ike->ctx, &r, sizeof(r));
	return whole - whole / JITTER * r / UINT16_MAX;
}

void keepalive_arm(struct ike_sa *sa)
{
	if (sa->state != SA_UP || !sa->nat_local || sa->settings.nat_keepalive_s == 0)
		timer_stop(&sa->ike->timers, &sa->nat_timer);
	else
		sa_arm(sa, &sa->nat_timer, sent_ms(sa) + pause_ms(sa));
}

void keepalive_on_timer(struct timer *t, void *ctx)
{
	struct ike_sa *sa = CONTAINER_OF(t, struct ike_sa, nat_timer);
	struct ike *ike = ctx;
	uint64_t whole = (uint64_t)sa->settings.nat_keepalive_s * 1000, now = ike_now(ike);

	if (now >= sent_ms(sa) + whole - whole / JITTER) {
		ike->ports->keepalive(ike->ctx, &sa->local, &sa->remote);
		stats_inc(ike->stats, CT_NAT_KEEPALIVE_OUT);
		sa->sent_ms = now;
	}
	keepalive_arm(sa);
}
