/* Numbers of IKE SAs that take over from each other. */
#include "core/session/renew.h"
#include "tests/lib/t.h"

static void takes_over_and_closes(void)
{
	struct renew r = {0};

	T_TRUE(renew_may_begin(&r) && renew_due_ms(&r) == RENEW_NEVER);
	renew_begun(&r, 7);
	T_TRUE(!renew_may_begin(&r));
	T_TRUE(!renew_up(&r, 8, 3, 1000)); /* another one */
	T_TRUE(renew_up(&r, 7, 3, 1000));
	T_EQ(renew_due_ms(&r), 1000 + RENEW_CLOSE_MS);
	T_TRUE(!renew_may_begin(&r)); /* one after the other */
	T_EQ(renew_close(&r, 999 + RENEW_CLOSE_MS), 0);
	T_EQ(renew_close(&r, 1000 + RENEW_CLOSE_MS), 3);
	T_EQ(renew_close(&r, 1000 + RENEW_CLOSE_MS), 0);
	T_TRUE(renew_may_begin(&r) && renew_due_ms(&r) == RENEW_NEVER);
	T_TRUE(!renew_up(&r, 7, 3, 1000) && !renew_failed(&r, 7));
}

static void an_attempt_fails(void)
{
	struct renew r = {0};

	T_TRUE(!renew_failed(&r, 0) && !renew_up(&r, 0, 1, 1));
	renew_begun(&r, 7);
	T_TRUE(!renew_failed(&r, 3) && !renew_may_begin(&r));
	T_TRUE(renew_failed(&r, 7) && renew_may_begin(&r));
}

/* The one before has gone already: nothing is to be closed. */
static void the_old_one_is_gone(void)
{
	struct renew r = {0};

	renew_begun(&r, 7);
	T_TRUE(renew_up(&r, 7, 0, 1000));
	T_TRUE(renew_due_ms(&r) == RENEW_NEVER && renew_may_begin(&r));
}

static void leftovers(void)
{
	struct renew r = {0};

	renew_discard(&r, 5, 100);
	renew_discard(&r, 6, 50); /* it will be told again */
	T_EQ(renew_due_ms(&r), 100);
	T_EQ(renew_close(&r, 100), 5);
	renew_discard(&r, 6, 150);
	T_EQ(renew_close(&r, 200), 6);
}

int main(void)
{
	T_RUN(takes_over_and_closes);
	T_RUN(an_attempt_fails);
	T_RUN(the_old_one_is_gone);
	T_RUN(leftovers);
	return t_end();
}
