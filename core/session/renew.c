#include "core/session/renew.h"

bool renew_may_begin(const struct renew *r)
{
	return r->attempt == 0 && r->old == 0;
}

void renew_begun(struct renew *r, uint64_t sa)
{
	r->attempt = sa;
}

bool renew_up(struct renew *r, uint64_t sa, uint64_t current, uint64_t now_ms)
{
	if (sa == 0 || sa != r->attempt)
		return false;
	r->attempt = 0;
	renew_discard(r, current, now_ms + RENEW_CLOSE_MS);
	return true;
}

bool renew_failed(struct renew *r, uint64_t sa)
{
	if (sa == 0 || sa != r->attempt)
		return false;
	r->attempt = 0;
	return true;
}

void renew_discard(struct renew *r, uint64_t sa, uint64_t at_ms)
{
	if (r->old != 0)
		return;
	r->old = sa;
	r->close_ms = at_ms;
}

uint64_t renew_close(struct renew *r, uint64_t now_ms)
{
	uint64_t sa = r->old;

	if (sa == 0 || r->close_ms > now_ms)
		return 0;
	r->old = 0;
	return sa;
}

uint64_t renew_due_ms(const struct renew *r)
{
	return r->old != 0 ? r->close_ms : RENEW_NEVER;
}
