/* Who sees which line of debug: topics, conditions, what is held until the peer is known, and how it
 * ends by itself. */
#include "cmd/debug.h"

#include <stdio.h>
#include <stdlib.h>

#include "cmd/show.h"
#include "core/base/mem.h"
#include "core/conf/match.h"
#include "tests/lib/t.h"

static struct end {
	char text[256 * 1024];
	size_t len;
	size_t waiting;
	int finished;
} ends[DEBUG_STREAMS + 1];

static unsigned topics;
static struct debug d;
static struct ike_id peer_id;
static uint64_t now_ms;

static void put(void *to, const char *bytes, size_t len)
{
	struct end *e = to;

	if (e->finished || e->len + len >= sizeof(e->text))
		abort();
	memcpy(e->text + e->len, bytes, len);
	e->len += len;
	e->text[e->len] = 0;
}

static size_t waiting(const void *to)
{
	return ((const struct end *)to)->waiting;
}

static void finish(void *to)
{
	((struct end *)to)->finished++;
}

static void set_topics(void *ctx, unsigned bits)
{
	topics = bits;
}

static const struct debug_ports ports = {.put = put, .waiting = waiting, .finish = finish, .topics = set_topics};

static void begin(void)
{
	memset(ends, 0, sizeof(ends));
	topics = 0;
	now_ms = 1000;
	peer_id = (struct ike_id){0};
	debug_init(&d, &ports);
}

static void end(void)
{
	debug_fini(&d);
	T_EQ(mem_live(), 0);
}

static void watch(size_t i, unsigned bits)
{
	T_EQ(debug_start(&d, &ends[i], bits, now_ms + 60000, 1000), ST_OK);
}

static void told(uint64_t sa, const char *from, const char *what)
{
	struct ike_trace t = {.kind = TRACE_STATE, .sa = sa, .peer_id = &peer_id, .what = what, .from = "A", .to = "B"};

	if (addr_parse(from, &t.remote.addr) != ST_OK)
		abort();
	debug_trace(&d, now_ms, 1800000000123, &t);
}

static void failed(void)
{
	struct ike_trace t = {.kind = TRACE_FAILED, .status = ST_NO_PROPOSAL, .detail = "because"};

	debug_trace(&d, now_ms, 0, &t);
}

static void known(const char *who)
{
	peer_id = (struct ike_id){.type = IKE_ID_EMAIL, .len = (uint16_t)strlen(who)};
	memcpy(peer_id.bytes, who, peer_id.len);
}

static bool has(size_t i, const char *words)
{
	return strstr(ends[i].text, words) != NULL;
}

static void lines_and_topics(void)
{
	begin();
	told(7, "192.0.2.1", "NOBODY");
	T_DO(watch(0, TRACE_INTERNAL));
	T_EQ(topics, TRACE_INTERNAL);
	T_DO(watch(1, TRACE_ERROR));
	T_EQ(topics, TRACE_INTERNAL | TRACE_ERROR);
	told(7, "192.0.2.1", "ONE");
	failed();
	T_STR(ends[0].text, "Jan 15 08:00:00.123: IKEv2-INTERNAL:(SESSION ID = 7,SA ID = 7):SM Trace-> Event: ONE, CurState: A -> B\n");
	T_STR(ends[1].text, "Jan  1 00:00:00.000: IKEv2-ERROR:Peer any: no common IKE proposal (no_proposal): because\n");
	debug_gone(&d, &ends[0]);
	T_EQ(topics, TRACE_ERROR);
	T_EQ(ends[0].finished, 0);
	debug_stop(&d, "Off");
	T_EQ(topics, 0);
	T_EQ(ends[1].finished, 1);
	T_TRUE(has(1, "Off; 1 lines were shown, 0 left out\n"));
	told(7, "192.0.2.1", "NOBODY");
	T_DO(end());
}

static void only_so_many(void)
{
	begin();
	for (size_t i = 0; i < DEBUG_STREAMS; i++)
		T_DO(watch(i, TRACE_ALL));
	T_EQ(debug_start(&d, &ends[DEBUG_STREAMS], TRACE_ALL, 0, 1), ST_LIMIT);
	T_DO(end());
}

static void ends_by_itself(void)
{
	begin();
	T_EQ(debug_start(&d, &ends[0], TRACE_ALL, now_ms + 5000, 1000), ST_OK);
	T_EQ(debug_start(&d, &ends[1], TRACE_ALL, now_ms + 9000, 3), ST_OK);
	told(1, "192.0.2.1", "X");
	debug_second(&d, now_ms + 4999);
	T_EQ(ends[0].finished, 0);
	debug_second(&d, now_ms + 5000);
	T_EQ(ends[0].finished, 1);
	T_TRUE(has(0, "switched itself off: its time is over; 1 lines"));
	told(1, "192.0.2.1", "X");
	T_EQ(ends[1].finished, 0);
	told(1, "192.0.2.1", "X");
	T_EQ(ends[1].finished, 1);
	T_TRUE(has(1, "its number of lines is reached; 3 lines"));
	T_EQ(topics, 0);
	T_DO(end());
}

static void rate_and_slow_readers(void)
{
	begin();
	T_EQ(debug_start(&d, &ends[0], TRACE_ALL, now_ms + 60000, 100000), ST_OK);
	ends[0].waiting = DEBUG_WAITING + 1;
	told(1, "192.0.2.1", "SLOW");
	T_EQ(ends[0].len, 0);
	ends[0].waiting = 0;
	told(1, "192.0.2.1", "FAST");
	T_TRUE(has(0, "... 1 lines were left out\n") && !has(0, "SLOW") && has(0, "FAST"));
	for (int i = 0; i < DEBUG_BURST; i++) {
		ends[0].len = 0;
		told(1, "192.0.2.1", "X");
	}
	ends[0].len = 0;
	ends[0].text[0] = 0;
	told(1, "192.0.2.1", "MUCH");
	T_EQ(ends[0].len, 0);
	now_ms += 10;
	told(1, "192.0.2.1", "LATER");
	T_TRUE(has(0, " lines were left out\n") && has(0, "LATER"));
	T_DO(end());
}

static struct debug_condition of_peer(const char *addr)
{
	struct debug_condition c = {0};

	if (addr_parse(addr, &c.peer) != ST_OK)
		abort();
	return c;
}

static struct debug_condition of_identity(const char *who)
{
	struct debug_condition c = {0};

	snprintf(c.identity, sizeof(c.identity), "%s", who);
	return c;
}

static void condition_by_address(void)
{
	struct debug_condition a = of_peer("192.0.2.1"), b = of_peer("2001:db8::1");

	begin();
	T_DO(watch(0, TRACE_ALL));
	T_EQ(debug_condition_add(&d, &a), ST_OK);
	T_EQ(debug_condition_add(&d, &b), ST_OK);
	T_EQ(debug_condition_add(&d, &a), ST_EXISTS);
	told(0, "192.0.2.1", "FIRST");
	told(0, "192.0.2.2", "SECOND");
	told(2, "2001:db8::1", "THIRD");
	failed();
	T_TRUE(has(0, "FIRST") && !has(0, "SECOND") && has(0, "THIRD") && !has(0, "ERROR"));
	debug_conditions_reset(&d);
	told(0, "192.0.2.2", "SECOND");
	T_TRUE(has(0, "SECOND"));
	for (unsigned i = 0; i < DEBUG_CONDITIONS; i++) {
		a.peer = addr_v4(i + 1);
		T_EQ(debug_condition_add(&d, &a), ST_OK);
	}
	a.peer = addr_v4(99);
	T_EQ(debug_condition_add(&d, &a), ST_LIMIT);
	T_DO(end());
}

/* The handshake comes with the first line after the peer is known, in its order, or not at all. */
static void condition_by_identity(void)
{
	static const struct {
		const char *condition, *who;
		bool is_shown;
	} rows[] = {
		{"anna@corp.example", "anna@corp.example", true}, {"ANNA@corp.example", "anna@Corp.example", true},
		{"*@corp.example", "anna@corp.example", true}, {"*", "x", true}, {"anna", "anna@corp.example", false},
		{"*@corp.example", "anna@corp.example.evil", false}, {"*anna@corp.example", "nna@corp.example", false},
		{"bert@corp.example", "anna@corp.example", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct debug_condition c = of_identity(rows[i].condition);

		T_ROW(i, rows[i].condition);
		begin();
		T_DO(watch(0, TRACE_INTERNAL));
		T_DO(watch(1, TRACE_ERROR));
		T_EQ(debug_condition_add(&d, &c), ST_OK);
		told(0, "192.0.2.1", "NO_SA");
		told(5, "192.0.2.1", "EARLY_ONE");
		told(5, "192.0.2.1", "EARLY_TWO");
		T_EQ(ends[0].len, 0);
		known(rows[i].who);
		told(5, "192.0.2.1", "AUTH");
		told(5, "192.0.2.1", "LATER");
		T_TRUE(has(0, "LATER") == rows[i].is_shown && !has(0, "NO_SA"));
		if (rows[i].is_shown)
			T_TRUE(strstr(strstr(strstr(ends[0].text, "EARLY_ONE"), "EARLY_TWO"), "AUTH") != NULL);
		else
			T_EQ(ends[0].len, 0);
		T_EQ(ends[1].len, 0);
		T_DO(end());
	}
}

static void what_is_held_is_bounded(void)
{
	struct debug_condition c = of_identity("*");
	struct ike_trace gone = {.kind = TRACE_GONE, .sa = 2000};

	begin();
	T_EQ(debug_start(&d, &ends[0], TRACE_ALL, now_ms + 60000, 100000), ST_OK);
	T_EQ(debug_condition_add(&d, &c), ST_OK);
	for (uint64_t sa = 1; sa <= 2000; sa++)
		for (int i = 0; i < (sa > 1990 ? 400 : 1); i++)
			told(sa, "192.0.2.1", "HELD");
	T_TRUE(mem_live() <= DEBUG_HELD);
	debug_trace(&d, now_ms, 0, &gone);
	known("x");
	told(2000, "192.0.2.1", "AFTER_GONE");
	T_TRUE(!has(0, "HELD") && has(0, "AFTER_GONE"));
	told(1, "192.0.2.1", "PUSHED_OUT");
	T_TRUE(!has(0, "HELD") && has(0, "PUSHED_OUT"));
	told(1999, "192.0.2.1", "KEPT");
	T_TRUE(has(0, "HELD") && has(0, "were not kept\n") && has(0, "KEPT"));
	/* When nobody watches, nothing is held. */
	debug_stop(&d, "Off");
	T_EQ(mem_live(), 0);
	T_DO(end());
}

static uint64_t clock_ms(void *ctx)
{
	return now_ms;
}

/* The commands: what is understood, and what is answered. */
static void commands(void)
{
	static const struct {
		int (*fn)(struct world *w, const struct admin_args *args, struct out *out, struct out *err);
		const char *words;
		int code;
		const char *says;
	} rows[] = {
		{show_debugging, "", 0, "Nobody is debugging\n"},
		{debug_ikev2, "nonsense", 2, "\"nonsense\" is not understood"},
		{debug_ikev2, "minutes 0", 2, "minutes"}, {debug_ikev2, "minutes", 2, "minutes"},
		{debug_ikev2, "lines 99999999999", 2, "lines"}, {debug_ikev2, "minutes 1441", 2, "1-1440"},
		{debug_condition, "", 2, "write: peer"}, {debug_condition, "peer ipv4 fd00::1", 2, "write: peer"},
		{debug_condition, "peer ipv4 nowhere", 2, "write: peer"}, {debug_condition, "identity", 2, "write: peer"},
		{debug_condition, "peer ipv4 192.0.2.1", 0, "Condition 1: peer ipv4 192.0.2.1\n"},
		{debug_condition, "identity *@corp.example", 0, "Condition 2: identity *@corp.example\n"},
		{debug_condition, "peer ipv6 fd00::1", 0, "Condition 3: peer ipv6 fd00::1\n"},
		{debug_ikev2, "err pack minutes 5 lines 9", ADMIN_STAYS,
		 "IKEv2 debugging is on (error, packet) for 5 minutes or 9 lines"},
		{show_debugging, "", 0, "IKEv2 debugging is on (error, packet): 0 of 9 lines, 0 left out, ends in 300 s\n"},
		{undebug_all, "", 0, "turned off"},
		{show_debugging, "", 0, "Nobody is debugging\n"},
		{debug_ikev2, "", ADMIN_STAYS, "(error, packet, internal) for 30 minutes or 100000 lines"},
	};

	begin();
	struct world w = {.debug = &d, .caller = &ends[0], .now_ms = clock_ms};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char typed[80];
		const char *words[8];
		struct admin_args args = {0, words};
		struct out out, err;

		T_ROW(i, rows[i].words);
		snprintf(typed, sizeof(typed), "%s", rows[i].words);
		for (char *p = strtok(typed, " "); p; p = strtok(NULL, " "))
			words[args.n++] = p;
		out_init(&out, false);
		out_init(&err, false);
		ends[0].finished = 0;
		T_EQ(rows[i].fn(&w, &args, &out, &err), rows[i].code);
		out_raw(&err, out.buf ? out.buf : "", out.len);
		out_raw(&err, "", 1);
		T_TRUE(strstr(err.buf, rows[i].says) != NULL);
		out_fini(&out);
		out_fini(&err);
	}
	T_DO(end());
}

int main(void)
{
	T_RUN(lines_and_topics);
	T_RUN(only_so_many);
	T_RUN(ends_by_itself);
	T_RUN(rate_and_slow_readers);
	T_RUN(condition_by_address);
	T_RUN(condition_by_identity);
	T_RUN(what_is_held_is_bounded);
	T_RUN(commands);
	return t_end();
}
