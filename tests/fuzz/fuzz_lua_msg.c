/* What the script process says, from any bytes: main takes it apart, believes nothing that cannot be, and
 * answers every question once. The first byte chooses: a record of either direction, or a whole life of
 * main's side with a process that says what the input says. */
#include <stdlib.h>

#include "tests/lib/lua_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* ---- one record ------------------------------------------------------------------------------- */

static void record(const uint8_t *data, size_t size, enum status (*parse)(struct view, struct lua_msg *))
{
	static struct lua_msg m, again;
	static uint8_t built[LUA_MSG_MAX];
	struct wr w = wr_init(built, sizeof(built));
	uint8_t *exact = mem_dup(data, size);

	if (exact && parse((struct view){exact, size}, &m) == ST_OK) {
		lua_msg_build(&w, &m);
		must(wr_ok(&w) && w.len == size && memcmp(built, data, size) == 0);
		must(parse((struct view){built, w.len}, &again) == ST_OK && again.type == m.type);
	}
	mem_free(exact);
}

/* ---- a life ----------------------------------------------------------------------------------- */

#define NUMBERS 64

static struct {
	uint8_t asked[NUMBERS];    /* accepted by lua_ask */
	uint8_t cancelled[NUMBERS];
	uint64_t next;
} life;

static void ask(uint8_t what)
{
	static const char *const values[] = {"", "x", "3600"};
	enum hook h = (enum hook)(what & 1);
	struct pairs p;

	if (life.next == NUMBERS)
		return;
	pairs_init(&p);
	pairs_add(&p, "identity", "anna");
	if (h == HOOK_AUTHORIZE)
		pairs_add(&p, what & 2 ? "dns" : "session_lifetime", values[what & 2 ? 1 : 2]);
	f.is_asking = true;
	life.asked[life.next] = lua_ask(f.lua, life.next, h, &p) == ST_OK;
	f.is_asking = false;
	life.next++;
}

/* What an honest process would say to what it heard last, with a byte that makes it less so. */
static void honest(int slot, struct rd *r)
{
	uint8_t twist = rd_u8(r);
	struct lua_msg m = {.type = LUA_MSG_READY};

	if (f.theirs[slot] < 0)
		return;
	if (!fake_hear(slot))
		f.heard.type = LUA_MSG_CALL; /* unasked */
	if (f.heard.type == LUA_MSG_SCRIPT) {
		m.type = twist & 0x80 ? LUA_MSG_LOAD_ERROR : LUA_MSG_LOADED;
		m.hooks = (uint8_t)((twist & HOOKS_ALL) | HOOK_BIT(HOOK_AUTHORIZE));
		m.text = fake_text("words");
	} else if (f.heard.type == LUA_MSG_CALL) {
		m = fake_result((enum verdict)(twist & 3), twist >> 2 & 1, "words");
		if (m.verdict == VERDICT_PASS || m.verdict == VERDICT_CHANGE)
			m.text.len = 0;
		m.serial += (twist & 0x38) == 0x38;
		if (m.verdict == VERDICT_CHANGE)
			pairs_add(&m.pairs, twist & 0x40 ? "pool" : "profile", "P");
		if (twist & 0x80)
			fake_send(slot, &(struct lua_msg){.type = LUA_MSG_LOG, .text = fake_text("line")});
	}
	fake_send(slot, &m);
}

static void configure(uint8_t what)
{
	static const struct lua_script scripts[] = {{"a.lua", "a", 1, NULL}, {"b.lua", "b", 1, NULL}};
	struct lua_config c = fake_config(scripts, what & 3 ? 1 + (what & 1) : 0);

	c.queue = 1 + (what >> 4);
	c.deny_on_failure = what & 4;
	c.wait_ms = what & 8 ? 0 : 500;
	must(lua_configure(f.lua, &c) == ST_OK);
}

static void raw(int slot, struct rd *r)
{
	struct view v = rd_bytes(r, r->left < 8 ? r->left : rd_u8(r) % 64u);

	if (f.theirs[slot] >= 0 && v.len)
		(void)!send(f.theirs[slot], v.p, v.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void step(struct rd *r)
{
	static struct lua_info info;
	uint8_t op = rd_u8(r);
	int slot = op & 0x80 ? 1 : 0;

	switch (op % 10) {
	case 0: ask(rd_u8(r)); break;
	case 1: fake_tell(op & 0x40 ? HOOK_SESSION_UP : HOOK_SESSION_DOWN); break;
	case 2: {
		uint8_t number = rd_u8(r) % NUMBERS;

		lua_cancel(f.lua, number);
		life.cancelled[number] = life.next > number;
		break;
	}
	case 3: fake_pass(1 + (rd_u8(r) & 7) * 40u); break;
	case 4:
	case 5:
	case 6: honest(slot, r); break;
	case 7: raw(slot, r); break;
	case 8: configure(rd_u8(r)); break;
	case 9:
		f.refuse_start = op & 0x40;
		if (f.theirs[slot] >= 0)
			close(f.theirs[slot]);
		f.theirs[slot] = -1;
		break;
	}
	lua_info(f.lua, &info);
	must(info.n_scripts <= 4 && info.waiting <= 17 + NUMBERS);
	if (op & 0x20)
		fake_turn();
}

static void whole_life(struct rd *r)
{
	uint8_t times[NUMBERS] = {0};

	memset(&life, 0, sizeof(life));
	fake_begin();
	configure(0x55);
	while (r->left && f.n < FAKE_ANSWERS - NUMBERS)
		step(r);
	/* Nobody is left waiting, whatever the process did: time alone ends it. */
	fake_pass(30000);
	for (size_t i = 0; i < f.n; i++) {
		must(f.a[i].number < NUMBERS);
		times[f.a[i].number]++;
	}
	for (size_t i = 0; i < NUMBERS; i++)
		must(times[i] == life.asked[i] || (life.cancelled[i] && !times[i]));
	fake_end();
	must(mem_live() == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	uint8_t how = rd_u8(&r);

	if (!rd_ok(&r))
		return 0;
	if (how == 0)
		record(r.p, r.left, lua_msg_parse_ask);
	else if (how == 1)
		record(r.p, r.left, lua_msg_parse_answer);
	else if (r.left < 400)
		whole_life(&r);
	return 0;
}
