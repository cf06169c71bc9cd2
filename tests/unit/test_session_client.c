/* When a client connects, and to whom. */
#include "core/session/client.h"
#include "core/base/hash.h"
#include "tests/unit/session_lab.h"

static struct client_peer peers[3];
static struct client c;
static uint64_t now;
static struct client_order order;

static struct client_peer by_addr(const char *text)
{
	struct client_peer p = {.addr = lab_addr(text)};
	return p;
}

static struct client_peer by_name(const char *name, uint8_t family)
{
	struct client_peer p = {.family = family};
	strcpy(p.name, name);
	return p;
}

static void begin(size_t n, bool is_manual)
{
	peers[0] = by_addr("192.0.2.1");
	peers[1] = by_name("hub.test", 4);
	peers[2] = by_addr("2001:db8::3");
	now = 1000;
	client_init(&c, peers, n, is_manual);
}

static void happens(enum client_event_kind kind, enum status status)
{
	struct client_event ev = {.kind = kind, .status = status, .now_ms = now, .random = 7};
	order = client_step(&c, &ev);
}

static void resolves(const char *a, const char *b)
{
	struct addr v[2] = {lab_addr(a), b ? lab_addr(b) : (struct addr){0}};
	struct client_event ev = {
		.kind = CE_NAMED, .addrs = v, .n_addrs = b ? 2 : 1, .now_ms = now};
	order = client_step(&c, &ev);
}

#define CONNECTS_TO(text)                                                                          \
	do {                                                                                       \
		T_TRUE(order.connect && !order.resolve);                                           \
		T_EQ(c.state, CLIENT_CONNECTING);                                                  \
		T_STR(lab_text(client_target(&c)), text);                                          \
		T_EQ(c.due_ms, now + CLIENT_TRY_MS);                                               \
	} while (0)
#define ASKS_FOR(text)                                                                             \
	do {                                                                                       \
		T_TRUE(order.resolve && !order.connect);                                           \
		T_EQ(c.state, CLIENT_RESOLVING);                                                   \
		T_STR(client_peer(&c)->name, text);                                                \
		T_EQ(c.due_ms, now + CLIENT_RESOLVE_MS);                                           \
	} while (0)
#define NOTHING_ORDERED T_TRUE(!order.connect && !order.resolve && !order.close)

/* ---- the table ------------------------------------------------------------------------------ */

static void every_state_and_event(void)
{
	/* START STOP AGAIN NAMED UNNAMED UP FAILED DOWN REDIRECTED ASKS ANSWERED TIME */
	static const char *const expected[CLIENT_STATES] = {
		[CLIENT_IDLE] = "x....x......",
		[CLIENT_RESOLVING] = ".xxxxx.....x",
		[CLIENT_CONNECTING] = ".xx..xx.xxxx",
		[CLIENT_UP] = ".xx....xx...",
		[CLIENT_WAITING] = "xxx..x.....x",
	};

	for (int s = 0; s < CLIENT_STATES; s++) {
		for (int e = 0; e < CLIENT_EVENTS; e++) {
			T_ROW(s * CLIENT_EVENTS + e, client_state_words((enum client_state)s));
			bool takes = expected[s][e] == 'x';
			T_EQ(client_takes((enum client_state)s, (enum client_event_kind)e), takes);
			if (takes)
				continue;
			/* Without a row nothing at all happens. */
			begin(3, false);
			c.state = (enum client_state)s;
			c.due_ms = 99;
			struct client before = c;
			happens((enum client_event_kind)e, ST_TIMEOUT);
			NOTHING_ORDERED;
			T_EQ(memcmp(&before, &c, sizeof(c)), 0);
		}
	}
}

/* ---- one after the other ---------------------------------------------------------------------- */

static void connects_at_once(void)
{
	begin(1, false);
	T_EQ(c.state, CLIENT_IDLE);
	T_EQ(c.due_ms, CLIENT_NEVER);
	T_EQ(client_target(&c)->family, 0);
	happens(CE_START, ST_OK);
	CONNECTS_TO("192.0.2.1");
	now += 300;
	happens(CE_UP, ST_OK);
	NOTHING_ORDERED;
	T_EQ(c.state, CLIENT_UP);
	T_EQ(c.due_ms, CLIENT_NEVER);
	T_EQ(c.up_ms, now);
}

static void one_peer_for_ever(void)
{
	begin(1, false);
	happens(CE_START, ST_OK);
	for (uint32_t round = 1; round < 200; round++) {
		T_ROW(round, "round");
		happens(round % 2 ? CE_FAILED : CE_TIME, ST_PEER_REFUSED);
		T_EQ(order.close, round % 2 == 0); /* who does not answer is given up */
		T_EQ(c.why, round % 2 ? ST_PEER_REFUSED : ST_TIMEOUT);
		T_TRUE(!order.connect);
		T_EQ(c.state, CLIENT_WAITING);
		T_EQ(c.due_ms, now + client_wait_ms(round, 7));
		now = c.due_ms;
		happens(CE_TIME, ST_OK);
		CONNECTS_TO("192.0.2.1");
	}
	happens(CE_UP, ST_OK);
	T_EQ(c.why, ST_OK);
}

static void waits_grow_and_end(void)
{
	static const uint32_t most[] = {1000, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};

	for (uint32_t r = 0; r < sizeof(most) / sizeof(most[0]); r++) {
		uint32_t least = UINT32_MAX, top = 0;
		T_ROW(r, "round");
		for (uint32_t random = 0; random < 100000; random += 7) {
			uint32_t ms = client_wait_ms(r, random);
			least = ms < least ? ms : least;
			top = ms > top ? ms : top;
			T_TRUE(ms >= most[r] / 2 && ms <= most[r]);
		}
		T_TRUE(least < most[r] / 2 + 20 && top > most[r] - 20); /* spread */
	}
	T_TRUE(client_wait_ms(UINT32_MAX, UINT32_MAX) <= CLIENT_WAIT_MAX_MS);
}

static void the_next_peer_and_round(void)
{
	begin(3, false);
	happens(CE_START, ST_OK);
	CONNECTS_TO("192.0.2.1");
	happens(CE_FAILED, ST_TIMEOUT);
	ASKS_FOR("hub.test");
	T_EQ(client_target(&c)->family, 0);
	resolves("192.0.2.20", "192.0.2.21");
	CONNECTS_TO("192.0.2.20");
	/* Another address of the name comes before another peer. */
	happens(CE_FAILED, ST_TIMEOUT);
	CONNECTS_TO("192.0.2.21");
	happens(CE_FAILED, ST_TIMEOUT);
	CONNECTS_TO("2001:db8::3");
	happens(CE_FAILED, ST_TIMEOUT);
	T_EQ(c.state, CLIENT_WAITING);
	now = c.due_ms;
	happens(CE_TIME, ST_OK);
	CONNECTS_TO("192.0.2.1");
	/* The name is asked for anew in each round. */
	happens(CE_FAILED, ST_TIMEOUT);
	ASKS_FOR("hub.test");
	happens(CE_UNNAMED, ST_NOT_FOUND);
	T_EQ(c.why, ST_NOT_FOUND);
	CONNECTS_TO("2001:db8::3");
}

static void names_that_do_not_resolve(void)
{
	static const enum client_event_kind kinds[] = {CE_UNNAMED, CE_TIME, CE_NAMED};

	for (int i = 0; i < 3; i++) {
		struct client_event none = {.kind = CE_NAMED, .now_ms = now};
		T_ROW(i, "kind");
		begin(3, false);
		happens(CE_START, ST_OK);
		happens(CE_FAILED, ST_TIMEOUT);
		ASKS_FOR("hub.test");
		if (kinds[i] == CE_NAMED)
			order = client_step(&c, &none);
		else
			happens(kinds[i], ST_IO);
		T_EQ(c.why, i == 0 ? ST_IO : i == 1 ? ST_TIMEOUT : ST_NOT_FOUND);
		T_TRUE(!order.close);
		T_EQ(c.state, CLIENT_CONNECTING);
		T_STR(lab_text(client_target(&c)), "2001:db8::3");
	}
}

/* ---- ends --------------------------------------------------------------------------------------- */

static void up_with_first(size_t n, bool is_manual)
{
	begin(n, is_manual);
	happens(CE_START, ST_OK);
	happens(CE_UP, ST_OK);
}

static void a_session_ends(void)
{
	/* The next peer at once (R-LEG-10)... */
	up_with_first(3, false);
	now += CLIENT_STABLE_MS;
	happens(CE_DOWN, ST_END_DPD);
	T_EQ(c.why, ST_END_DPD);
	ASKS_FOR("hub.test");
	/* ... a lone one after a moment. */
	up_with_first(1, false);
	now += CLIENT_STABLE_MS;
	happens(CE_DOWN, ST_END_PEER);
	T_EQ(c.state, CLIENT_WAITING);
	T_EQ(c.due_ms, now + client_wait_ms(1, 7));
}

/* Up and down again and again is no success. */
static void flapping_is_failing(void)
{
	begin(3, false);
	uint64_t waited = 0;
	happens(CE_START, ST_OK);
	for (int i = 0; i < 90; i++) {
		T_ROW(i, "flap");
		if (c.state == CLIENT_RESOLVING)
			resolves("192.0.2.20", NULL);
		T_EQ(c.state, CLIENT_CONNECTING);
		happens(CE_UP, ST_OK);
		now += CLIENT_STABLE_MS - 1;
		happens(CE_DOWN, ST_END_PEER);
		if (c.state == CLIENT_WAITING) {
			waited = c.due_ms - now;
			now = c.due_ms;
			happens(CE_TIME, ST_OK);
		}
	}
	T_TRUE(waited >= CLIENT_WAIT_MAX_MS / 2);
	/* A stable one is, and the next failure is the first. */
	happens(CE_UP, ST_OK);
	now += CLIENT_STABLE_MS;
	happens(CE_DOWN, ST_END_PEER);
	T_EQ(c.rounds, 0);
	T_EQ(c.tried, 1);
}

static void a_manual_client(void)
{
	begin(2, true);
	happens(CE_START, ST_OK);
	CONNECTS_TO("192.0.2.1");
	happens(CE_FAILED, ST_TIMEOUT);
	ASKS_FOR("hub.test");
	happens(CE_UNNAMED, ST_NOT_FOUND);
	NOTHING_ORDERED;
	T_EQ(c.state, CLIENT_IDLE); /* another order is needed (R-CLI-03) */
	T_EQ(c.due_ms, CLIENT_NEVER);
	happens(CE_START, ST_OK);
	CONNECTS_TO("192.0.2.1");
	happens(CE_UP, ST_OK);
	happens(CE_DOWN, ST_END_DPD);
	NOTHING_ORDERED;
	T_EQ(c.state, CLIENT_IDLE);
	happens(CE_START, ST_OK);
	happens(CE_UP, ST_OK);
	happens(CE_AGAIN, ST_OK);
	T_TRUE(order.close && !order.connect);
	T_EQ(c.state, CLIENT_IDLE);
}

/* A session that we ended because it was idle is not missed, and is wanted when something is to be sent. */
static void an_idle_client(void)
{
	for (int is_manual = 0; is_manual < 2; is_manual++) {
		T_ROW(is_manual, "manual");
		begin(2, is_manual);
		happens(CE_START, ST_OK);
		T_TRUE(!client_is_idle(&c));
		happens(CE_UP, ST_OK);
		now += CLIENT_STABLE_MS;
		happens(CE_DOWN, ST_END_IDLE);
		NOTHING_ORDERED;
		T_EQ(c.state, CLIENT_IDLE);
		T_EQ(c.due_ms, CLIENT_NEVER);
		T_EQ(client_is_idle(&c), !is_manual);
		happens(CE_START, ST_OK);
		CONNECTS_TO("192.0.2.1");
		T_TRUE(!client_is_idle(&c));
		/* Who is tired of waiting for a packet ends it as ever. */
		happens(CE_STOP, ST_OK);
		c.why = ST_END_ADMIN;
		T_TRUE(!client_is_idle(&c));
	}
}

static void stopping_and_beginning_anew(void)
{
	static const struct {
		enum client_state state;
		bool closes;
	} rows[] = {{CLIENT_RESOLVING, false}, {CLIENT_CONNECTING, true}, {CLIENT_UP, true},
		{CLIENT_WAITING, false}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, client_state_words(rows[i].state));
		begin(3, false);
		c.state = rows[i].state;
		c.peer = 1;
		c.rounds = 9;
		c.due_ms = 5000;
		happens(CE_STOP, ST_OK);
		T_EQ(order.close, rows[i].closes);
		T_TRUE(!order.connect && !order.resolve);
		T_EQ(c.state, CLIENT_IDLE);
		T_EQ(c.due_ms, CLIENT_NEVER);
		/* A new selection begins with the best. */
		begin(3, false);
		c.state = rows[i].state;
		c.peer = 1;
		c.rounds = 9;
		happens(CE_AGAIN, ST_OK);
		T_EQ(order.close, rows[i].closes);
		CONNECTS_TO("192.0.2.1");
		T_EQ(c.rounds, 0);
	}
}

/* Both sides may connect: a session that the peer began is as good as ours. */
static void a_session_of_the_peer(void)
{
	for (int s = 0; s < CLIENT_STATES; s++) {
		if (s == CLIENT_UP)
			continue;
		T_ROW(s, client_state_words((enum client_state)s));
		begin(1, false);
		c.state = (enum client_state)s;
		c.due_ms = 5000;
		happens(CE_UP, ST_OK);
		NOTHING_ORDERED;
		T_EQ(c.state, CLIENT_UP);
		T_EQ(c.due_ms, CLIENT_NEVER);
	}
}

static void found_after_a_restart(void)
{
	static const struct {
		const char *addr;
		size_t peer;
	} rows[] = {{"192.0.2.1", 0}, {"2001:db8::3", 2}, {"192.0.2.99", 1}, {"2001:db8::99", 0}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr a = lab_addr(rows[i].addr);
		T_ROW(i, rows[i].addr);
		begin(3, false);
		client_found(&c, &a);
		happens(CE_UP, ST_OK);
		T_EQ(c.peer, rows[i].peer);
		T_STR(lab_text(client_target(&c)), rows[i].addr);
		now += CLIENT_STABLE_MS;
		happens(CE_DOWN, ST_END_DPD);
		T_EQ(c.peer, (rows[i].peer + 1) % 3);
	}
}

/* A person gets more time than a gateway, and the gateway all of its own after that. */
static void waits_for_a_person(void)
{
	begin(1, false);
	happens(CE_START, ST_OK);
	now += 500;
	happens(CE_ASKS, ST_OK);
	NOTHING_ORDERED;
	T_EQ(c.state, CLIENT_CONNECTING);
	T_EQ(c.due_ms, now + CLIENT_ASK_MS);
	now += 90000;
	happens(CE_ANSWERED, ST_OK);
	NOTHING_ORDERED;
	T_EQ(c.state, CLIENT_CONNECTING);
	T_EQ(c.due_ms, now + CLIENT_TRY_MS);
	happens(CE_ASKS, ST_OK);
	now = c.due_ms;
	happens(CE_TIME, ST_OK);
	T_TRUE(order.close && c.state == CLIENT_WAITING && c.why == ST_TIMEOUT);
}

/* ---- anything at any time ------------------------------------------------------------------------ */

static uint64_t seed;

static uint32_t draw(uint32_t n)
{
	seed = hash_u64(seed + 1);
	return (uint32_t)(seed >> 33) % n;
}

static void judge(enum client_state before, bool was_manual, enum client_event_kind kind)
{
	uint64_t longest = CLIENT_WAIT_MAX_MS > CLIENT_ASK_MS ? CLIENT_WAIT_MAX_MS : CLIENT_ASK_MS;

	T_TRUE(!(order.connect && order.resolve));
	T_TRUE(!order.close || before == CLIENT_UP || before == CLIENT_CONNECTING);
	T_TRUE(!order.connect || c.state == CLIENT_CONNECTING);
	T_TRUE(!order.resolve || c.state == CLIENT_RESOLVING);
	T_TRUE(!order.connect || client_target(&c)->family);
	T_TRUE(!order.resolve || client_peer(&c)->name[0]);
	T_TRUE(c.peer < c.n_peers && c.n_addrs <= CLIENT_ADDRS);
	/* Who rests is not woken, who waits is. */
	if (c.state == CLIENT_IDLE || c.state == CLIENT_UP)
		T_EQ(c.due_ms, CLIENT_NEVER);
	else
		T_TRUE(c.due_ms <= now + longest);
	/* What is wanted for ever is given up by order only. */
	if (!was_manual && c.state == CLIENT_IDLE)
		T_TRUE(before == CLIENT_IDLE || kind == CE_STOP);
	if (was_manual)
		T_TRUE(c.state != CLIENT_WAITING);
}

static void anything(void)
{
	for (uint32_t run = 0; run < 3000; run++) {
		bool is_manual = run % 3 == 0;
		size_t n = 1 + draw(3);
		seed = run * 977 + 5;
		T_ROW(run, "run");
		begin(n, is_manual);
		for (int i = 0; i < 60; i++) {
			struct addr v[6] = {lab_addr("192.0.2.5"), lab_addr("192.0.2.6"),
				lab_addr("192.0.2.7"), lab_addr("192.0.2.8"), lab_addr("192.0.2.9")};
			struct gateway elsewhere = {.name = "gw.test"};
			if (draw(2))
				elsewhere.addr = v[2];
			struct client_event ev = {.kind = (enum client_event_kind)draw(CLIENT_EVENTS),
				.status = ST_TIMEOUT,
				.addrs = v,
				.n_addrs = draw(6),
				.gateway = &elsewhere,
				.from = &v[1],
				.max_redirects = draw(4),
				.random = draw(1u << 30)};
			enum client_state before = c.state;
			now += draw(5) ? draw(2000) : CLIENT_STABLE_MS;
			ev.now_ms = now;
			order = client_step(&c, &ev);
			T_DO(judge(before, is_manual, ev.kind));
		}
	}
}

/* Whatever fails, every peer has its turn in each round. */
static void everybody_has_a_turn(void)
{
	unsigned turns[3] = {0};

	begin(3, false);
	happens(CE_START, ST_OK);
	for (int i = 0; i < 3000; i++) {
		now = c.due_ms;
		if (order.connect || order.resolve)
			turns[c.peer]++;
		if (c.state == CLIENT_RESOLVING && i % 2)
			resolves("192.0.2.20", NULL);
		else
			happens(CE_TIME, ST_OK);
	}
	T_TRUE(turns[0] > 700 && turns[1] > 700 && turns[2] > 700);
}

/* ---- elsewhere -------------------------------------------------------------------------------- */

#define LIMIT 3

static void sends(const char *where, const char *from)
{
	struct gateway g = {0};
	struct addr by = lab_addr(from);
	struct client_event ev = {.kind = CE_REDIRECTED, .gateway = &g, .from = &by,
		.max_redirects = LIMIT, .now_ms = now, .random = 7};

	if (addr_parse(where, &g.addr) != ST_OK)
		strcpy(g.name, where);
	order = client_step(&c, &ev);
}

/* R-RDR-05, R-RDR-08: at once, with who sent us, and the peer's name is that of where we go. */
static void goes_where_it_is_sent(void)
{
	begin(2, false);
	happens(CE_START, ST_OK);
	T_EQ(c.redirected_from.family, 0);
	sends("198.51.100.9", "192.0.2.1");
	CONNECTS_TO("198.51.100.9");
	T_STR(lab_text(&c.redirected_from), "192.0.2.1");
	T_STR(client_peer(&c)->name, "");
	sends("gw.test", "198.51.100.9");
	ASKS_FOR("gw.test");
	T_EQ(client_peer(&c)->family, 4);
	resolves("198.51.100.20", "198.51.100.21");
	CONNECTS_TO("198.51.100.20");
	happens(CE_FAILED, ST_TIMEOUT);
	CONNECTS_TO("198.51.100.21");
	T_STR(lab_text(&c.redirected_from), "198.51.100.9");
	/* Nobody there: the next of our own list, with nobody who sent us. */
	happens(CE_FAILED, ST_TIMEOUT);
	ASKS_FOR("hub.test");
	T_EQ(c.redirected_from.family, 0);
}

static void an_established_one_goes_too(void)
{
	begin(1, false);
	happens(CE_START, ST_OK);
	happens(CE_UP, ST_OK);
	sends("198.51.100.9", "192.0.2.1");
	CONNECTS_TO("198.51.100.9");
	happens(CE_UP, ST_OK);
	now += 100;
	happens(CE_DOWN, ST_END_DPD);
	T_EQ(c.state, CLIENT_WAITING);
	now = c.due_ms;
	happens(CE_TIME, ST_OK);
	CONNECTS_TO("192.0.2.1");
}

/* R-RDR-11: so many in five minutes; then the pause of a round, and no more before they are over. */
static void a_loop_ends(void)
{
	begin(1, false);
	happens(CE_START, ST_OK);
	for (int i = 0; i < LIMIT; i++) {
		sends(i % 2 ? "192.0.2.1" : "198.51.100.9", i % 2 ? "198.51.100.9" : "192.0.2.1");
		T_EQ(c.state, CLIENT_CONNECTING);
		now += 1000;
	}
	sends("192.0.2.1", "198.51.100.9");
	NOTHING_ORDERED;
	T_EQ(c.state, CLIENT_WAITING);
	T_EQ(c.why, ST_REDIRECT_LOOP);
	now = c.due_ms;
	happens(CE_TIME, ST_OK);
	CONNECTS_TO("192.0.2.1");
	sends("198.51.100.9", "192.0.2.1");
	T_EQ(c.why, ST_REDIRECT_LOOP);
	now = 1000 + CLIENT_REDIRECTS_MS;
	happens(CE_TIME, ST_OK);
	sends("198.51.100.9", "192.0.2.1");
	CONNECTS_TO("198.51.100.9");
	/* A session that lasts, and an operator, begin to count anew. */
	for (int i = 0; i < 20; i++) {
		happens(CE_UP, ST_OK);
		now += CLIENT_STABLE_MS;
		sends("198.51.100.9", "192.0.2.1");
		CONNECTS_TO("198.51.100.9");
	}
	for (int i = 0; i < 20; i++) {
		happens(CE_AGAIN, ST_OK);
		sends("198.51.100.9", "192.0.2.1");
		CONNECTS_TO("198.51.100.9");
	}
}

/* RFC 6290: who says that it was away is there again; one that crashes all the time is waited for. */
static void a_crashed_one_is_there_again(void)
{
	begin(2, false);
	happens(CE_START, ST_OK);
	happens(CE_UP, ST_OK);
	now += CLIENT_CRASH_MS;
	happens(CE_DOWN, ST_END_CRASHED);
	CONNECTS_TO("192.0.2.1");
	happens(CE_UP, ST_OK);
	now += CLIENT_CRASH_MS - 1;
	happens(CE_DOWN, ST_END_CRASHED);
	ASKS_FOR("hub.test");
	begin(1, true);
	happens(CE_START, ST_OK);
	happens(CE_UP, ST_OK);
	now += CLIENT_CRASH_MS;
	happens(CE_DOWN, ST_END_CRASHED);
	T_EQ(c.state, CLIENT_IDLE);
}

int main(void)
{
	T_RUN(every_state_and_event);
	T_RUN(connects_at_once);
	T_RUN(one_peer_for_ever);
	T_RUN(waits_grow_and_end);
	T_RUN(the_next_peer_and_round);
	T_RUN(names_that_do_not_resolve);
	T_RUN(a_session_ends);
	T_RUN(flapping_is_failing);
	T_RUN(a_manual_client);
	T_RUN(an_idle_client);
	T_RUN(stopping_and_beginning_anew);
	T_RUN(a_session_of_the_peer);
	T_RUN(found_after_a_restart);
	T_RUN(waits_for_a_person);
	T_RUN(goes_where_it_is_sent);
	T_RUN(an_established_one_goes_too);
	T_RUN(a_loop_ends);
	T_RUN(a_crashed_one_is_there_again);
	T_RUN(anything);
	T_RUN(everybody_has_a_turn);
	return t_end();
}
