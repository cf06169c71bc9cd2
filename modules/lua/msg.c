#include "modules/lua/msg.h"

#include <string.h>

static void put_words(struct wr *w, struct view v)
{
	wr_u16(w, (uint16_t)v.len);
	wr_bytes(w, v.p, v.len);
	if (v.len >= SCRIPT_WORDS)
		w->bad = true;
}

static void put_pairs(struct wr *w, const struct lua_msg *m)
{
	if (m->encoded.p)
		wr_bytes(w, m->encoded.p, m->encoded.len);
	else
		pairs_build(w, &m->pairs);
}

static void put_script(struct wr *w, const struct lua_msg *m)
{
	wr_u64(w, (uint64_t)m->wall_ms);
	put_words(w, (struct view){(const uint8_t *)m->name, strlen(m->name)});
	wr_u32(w, (uint32_t)m->text.len);
	wr_bytes(w, m->text.p, m->text.len);
	put_pairs(w, m);
}

static void put_call(struct wr *w, const struct lua_msg *m)
{
	wr_u32(w, m->serial);
	wr_u8(w, (uint8_t)m->hook);
	wr_u64(w, (uint64_t)m->wall_ms);
	put_pairs(w, m);
}

static void put_result(struct wr *w, const struct lua_msg *m)
{
	wr_u32(w, m->serial);
	wr_u8(w, (uint8_t)m->verdict);
	wr_u8(w, m->script);
	wr_u32(w, m->us);
	put_words(w, m->text);
	put_pairs(w, m);
}

void lua_msg_build(struct wr *w, const struct lua_msg *m)
{
	wr_u8(w, (uint8_t)m->type);
	switch (m->type) {
	case LUA_MSG_LIMITS:
		wr_u32(w, m->memory_kb);
		wr_u64(w, m->instructions);
		wr_u8(w, m->n_scripts);
		break;
	case LUA_MSG_SCRIPT: put_script(w, m); break;
	case LUA_MSG_CALL: put_call(w, m); break;
	case LUA_MSG_READY: break;
	case LUA_MSG_LOADED: wr_u8(w, m->hooks); break;
	case LUA_MSG_LOAD_ERROR: put_words(w, m->text); break;
	case LUA_MSG_RESULT: put_result(w, m); break;
	case LUA_MSG_LOG:
		wr_u8(w, m->script);
		put_words(w, m->text);
		break;
	}
}

/* ---- reading ---------------------------------------------------------------------------------- */

static struct view take_words(struct rd *r)
{
	return rd_bytes(r, rd_u16(r));
}

/* What can be seen of the fields so far. */
static enum status judge(const struct rd *r, bool is_good)
{
	if (!rd_ok(r))
		return ST_TRUNCATED;
	return is_good ? ST_OK : ST_BAD_PAYLOAD;
}

static bool is_sentence(struct view v)
{
	return v.len > 0 && v.len < SCRIPT_WORDS && !memchr(v.p, 0, v.len);
}

static enum status take_limits(struct rd *r, struct lua_msg *m)
{
	m->memory_kb = rd_u32(r);
	m->instructions = rd_u64(r);
	m->n_scripts = rd_u8(r);
	return judge(r, m->memory_kb && m->instructions && m->n_scripts && m->n_scripts <= SCRIPTS_MAX);
}

static enum status take_script(struct rd *r, struct lua_msg *m)
{
	struct view name;

	m->wall_ms = (int64_t)rd_u64(r);
	name = take_words(r);
	m->text = rd_bytes(r, rd_u32(r));
	if (rd_ok(r) && (name.len >= sizeof(m->name) || m->text.len > SCRIPT_BYTES))
		return ST_LIMIT;
	if (!rd_ok(r) || !is_sentence(name))
		return judge(r, false);
	memcpy(m->name, name.p, name.len);
	m->name[name.len] = 0;
	return pairs_parse(rd_rest(r), &m->pairs);
}

static enum status take_call(struct rd *r, struct lua_msg *m)
{
	uint8_t hook;

	m->serial = rd_u32(r);
	hook = rd_u8(r);
	m->wall_ms = (int64_t)rd_u64(r);
	if (!rd_ok(r) || hook >= HOOK__MAX)
		return judge(r, false);
	m->hook = (enum hook)hook;
	return pairs_parse(rd_rest(r), &m->pairs);
}

static enum status take_loaded(struct rd *r, struct lua_msg *m)
{
	m->hooks = rd_u8(r);
	return judge(r, m->hooks && !(m->hooks & ~HOOKS_ALL));
}

static enum status take_text(struct rd *r, struct lua_msg *m)
{
	m->text = take_words(r);
	return judge(r, rd_ok(r) && is_sentence(m->text));
}

static bool is_whole(const struct lua_msg *m)
{
	switch (m->verdict) {
	case VERDICT_PASS: return !m->text.len && !m->pairs.n;
	case VERDICT_CHANGE: return !m->text.len && m->pairs.n && m->script < SCRIPTS_MAX;
	case VERDICT_DENY:
	case VERDICT_FAILED: break;
	}
	return is_sentence(m->text) && !m->pairs.n && m->script < SCRIPTS_MAX;
}

static enum status take_result(struct rd *r, struct lua_msg *m)
{
	uint8_t verdict;
	enum status st;

	m->serial = rd_u32(r);
	verdict = rd_u8(r);
	m->script = rd_u8(r);
	m->us = rd_u32(r);
	m->text = take_words(r);
	if (!rd_ok(r) || verdict > VERDICT_FAILED || (m->script >= SCRIPTS_MAX && m->script != SCRIPT_NONE))
		return judge(r, false);
	m->verdict = (enum verdict)verdict;
	st = pairs_parse(rd_rest(r), &m->pairs);
	return st == ST_OK && !is_whole(m) ? ST_BAD_PAYLOAD : st;
}

static enum status take_log(struct rd *r, struct lua_msg *m)
{
	m->script = rd_u8(r);
	if (rd_ok(r) && m->script >= SCRIPTS_MAX)
		return ST_BAD_PAYLOAD;
	return take_text(r, m);
}

struct type_row {
	uint8_t type;
	enum status (*take)(struct rd *r, struct lua_msg *m);
};

static enum status take_nothing(struct rd *r, struct lua_msg *m)
{
	return judge(r, true);
}

static enum status parse(struct view record, struct lua_msg *m, const struct type_row *rows, size_t n)
{
	struct rd r = rd_init(record.p, record.len);
	uint8_t type = rd_u8(&r);
	enum status st = rd_ok(&r) ? ST_BAD_PAYLOAD : ST_TRUNCATED;

	if (record.len > LUA_MSG_MAX)
		return ST_LIMIT;
	m->text = m->encoded = (struct view){0};
	for (size_t i = 0; i < n && rd_ok(&r); i++) {
		if (rows[i].type != type)
			continue;
		m->type = (enum lua_msg_type)type;
		st = rows[i].take(&r, m);
		break;
	}
	return st == ST_OK && !rd_done(&r) ? ST_TRAILING : st;
}

enum status lua_msg_parse_ask(struct view record, struct lua_msg *m)
{
	static const struct type_row rows[] = {
		{LUA_MSG_LIMITS, take_limits},
		{LUA_MSG_SCRIPT, take_script},
		{LUA_MSG_CALL, take_call},
	};

	return parse(record, m, rows, sizeof(rows) / sizeof(rows[0]));
}

enum status lua_msg_parse_answer(struct view record, struct lua_msg *m)
{
	static const struct type_row rows[] = {
		{LUA_MSG_READY, take_nothing},
		{LUA_MSG_LOADED, take_loaded},
		{LUA_MSG_LOAD_ERROR, take_text},
		{LUA_MSG_RESULT, take_result},
		{LUA_MSG_LOG, take_log},
	};

	return parse(record, m, rows, sizeof(rows) / sizeof(rows[0]));
}
