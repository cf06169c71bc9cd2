/* The event loop with real descriptors and time, in small pieces. */
#include "modules/loop/loop.h"

#include <signal.h>
#include <unistd.h>

#include "tests/lib/t.h"

struct seen {
	struct loop *loop;
	struct loop_fd *watch;
	struct loop_timer *timer, *other;
	int fd_calls, timer_calls, other_calls, signal_calls;
	uint64_t at_ms;
};

static void on_fd(void *ctx, int fd)
{
	struct seen *s = ctx;
	char c;
	s->fd_calls++;
	if (read(fd, &c, 1) != 1 || c == 'q')
		loop_stop(s->loop);
}

static void on_timer(void *ctx)
{
	struct seen *s = ctx;
	s->timer_calls++;
	s->at_ms = loop_now_ms();
	loop_stop(s->loop);
}

static void on_other(void *ctx)
{
	struct seen *s = ctx;
	s->other_calls++;
}

static void on_signal(void *ctx)
{
	struct seen *s = ctx;
	s->signal_calls++;
	loop_stop(s->loop);
}

static void test_descriptor(void)
{
	struct seen s = {.loop = loop_new()};
	int p[2];
	T_TRUE(s.loop && pipe(p) == 0);
	T_EQ(loop_fd_add(s.loop, p[0], false, on_fd, &s, &s.watch), ST_OK);
	T_EQ(write(p[1], "abq", 3), 3);
	loop_run(s.loop);
	T_EQ(s.fd_calls, 3);
	T_TRUE(loop_turn_max_us(s.loop) < 10000000);
	loop_fd_del(s.watch);
	loop_fd_del(NULL);
	/* Nothing is watched: it returns instead of waiting for ever. */
	loop_run(s.loop);
	loop_free(s.loop);
	close(p[0]);
	close(p[1]);
}

static void test_timer(void)
{
	struct seen s = {.loop = loop_new()};
	T_TRUE(s.loop);
	T_EQ(loop_timer_new(s.loop, on_timer, &s, &s.timer), ST_OK);
	T_EQ(loop_timer_new(s.loop, on_other, &s, &s.other), ST_OK);
	uint64_t from = loop_now_ms();
	/* The last setting counts, and a stopped one does not. */
	loop_timer_at(s.timer, from + 100000);
	loop_timer_at(s.timer, from + 30);
	loop_timer_at(s.other, from + 5);
	loop_timer_at(s.other, LOOP_NEVER);
	loop_run(s.loop);
	T_EQ(s.timer_calls, 1);
	T_EQ(s.other_calls, 0);
	T_TRUE(s.at_ms >= from + 30);
	/* A time that has passed is the next turn, not a call from within. */
	loop_timer_at(s.timer, 0);
	T_EQ(s.timer_calls, 1);
	loop_run(s.loop);
	T_EQ(s.timer_calls, 2);
	loop_timer_free(s.timer);
	loop_timer_free(s.other);
	loop_timer_free(NULL);
	loop_free(s.loop);
}

static void test_signal(void)
{
	struct seen s = {.loop = loop_new()};
	struct loop_signal *w;
	T_TRUE(s.loop);
	T_EQ(loop_signal_add(s.loop, SIGHUP, on_signal, &s, &w), ST_OK);
	T_EQ(raise(SIGHUP), 0);
	loop_run(s.loop);
	T_EQ(s.signal_calls, 1);
	loop_signal_del(w);
	loop_signal_del(NULL);
	loop_free(s.loop);
}

static void on_slow(void *ctx)
{
	struct seen *s = ctx;
	usleep(6000);
	loop_stop(s->loop);
}

static void test_turns(void)
{
	static struct stats st;
	struct seen s = {.loop = loop_new()};
	T_TRUE(s.loop);
	loop_count_turns(s.loop, &st);
	T_EQ(loop_turn_max_us(s.loop), 0);
	T_EQ(loop_timer_new(s.loop, on_slow, &s, &s.timer), ST_OK);
	loop_timer_at(s.timer, 0);
	loop_run(s.loop);
	T_TRUE(loop_turn_max_us(s.loop) >= 6000);
	/* Asked again, it is the same: one reader takes nothing from another. */
	T_TRUE(loop_turn_max_us(s.loop) >= 6000);
	T_EQ(st.count[CT_TURNS], 1);
	T_EQ(st.count[CT_TURNS_5MS], 1);
	T_EQ(st.count[CT_TURNS_US], loop_turn_max_us(s.loop));
	T_TRUE(loop_base(s.loop) != NULL);
	loop_timer_free(s.timer);
	loop_free(s.loop);
}

/* A callback may delete its own watch. */
static void on_fd_once(void *ctx, int fd)
{
	struct seen *s = ctx;
	s->fd_calls++;
	loop_fd_del(s->watch);
	s->watch = NULL;
	loop_timer_at(s->timer, loop_now_ms() + 20);
}

static void test_delete_inside(void)
{
	struct seen s = {.loop = loop_new()};
	int p[2];
	T_TRUE(s.loop && pipe(p) == 0);
	T_EQ(loop_timer_new(s.loop, on_timer, &s, &s.timer), ST_OK);
	T_EQ(loop_fd_add(s.loop, p[0], false, on_fd_once, &s, &s.watch), ST_OK);
	T_EQ(write(p[1], "abc", 3), 3);
	loop_run(s.loop);
	T_EQ(s.fd_calls, 1);
	T_EQ(s.timer_calls, 1);
	loop_timer_free(s.timer);
	loop_free(s.loop);
	close(p[0]);
	close(p[1]);
}

int main(void)
{
	T_RUN(test_descriptor);
	T_RUN(test_timer);
	T_RUN(test_signal);
	T_RUN(test_delete_inside);
	T_RUN(test_turns);
	return t_end();
}
