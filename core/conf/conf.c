#include "core/conf/conf.h"

#include "core/base/mem.h"
#include "core/conf/check.h"
#include "core/conf/set.h"

/* The default objects depend on `sallyport defaults legacy`, which may stand anywhere. */
static void find_legacy(struct snapshot *s, const char *text, size_t len)
{
	struct parse ps = {.s = s, .text = text, .left = len, .system = true};
	const struct cmd_rows *rows = cmd_modes[MODE_GLOBAL].rows;
	while (parse_next_line(&ps)) {
		struct mismatch why;
		size_t at, first = 0;
		if (ps.line.n < 3 || ps.line.n > 4)
			continue;
		struct cmd_call c = {.ps = &ps, .s = s, .arena = &s->arena, .obj = s, .n = 0};
		char letter = (char)(ps.line.w[0].p[0] | 0x20);
		if (letter == 'n' || letter == 'd') {
			c.form = letter == 'n' ? FORM_NO : FORM_DEFAULT;
			first = 1;
		} else if (letter != 's') {
			continue;
		}
		c.row = grammar_head(rows->v, rows->n, &ps.line, first, &at, &why);
		if (c.row && c.row->set == set_flag && grammar_args(&c, &ps.line, at, &why) &&
			c.row->off == offsetof(struct snapshot, own.defaults_legacy))
			set_flag(&c);
	}
}

void parse_finish(struct parse *ps)
{
	derive_objects(ps->s);
	derive_vrfs(ps->s, ps->previous);
	if (!derive_modified(ps->s))
		ps->s->arena.nomem = true;
	if (ps->s->arena.nomem || ps->scratch.nomem)
		return;
	check_objects(ps);
	check_references(ps);
}

static void fill(struct parse *ps, const char *text, size_t len)
{
	struct snapshot *s = ps->s;
	struct cmd_call c = {.ps = ps, .s = s, .arena = &s->arena};
	cmd_defaults(&c, MODE_GLOBAL, s);
	find_legacy(s, text, len);
	parse_defaults(ps, NULL);
	parse_text(ps, text, len);
	if (!s->arena.nomem && !ps->scratch.nomem)
		parse_finish(ps);
}

/* By line; what concerns the whole comes last. Few messages: an insertion sort. */
static void sort_messages(struct conf_report *r)
{
	for (size_t i = 1; i < r->count; i++) {
		struct conf_message m = r->msg[i];
		size_t at = i;
		while (at > 0 && r->msg[at - 1].line - 1 > m.line - 1) {
			r->msg[at] = r->msg[at - 1];
			at--;
		}
		r->msg[at] = m;
	}
}

enum status conf_parse(const char *text, size_t len, const struct snapshot *previous,
	struct snapshot **out, struct conf_report *report)
{
	*out = NULL;
	*report = (struct conf_report){0};
	if (len > CONF_MAX_LEN)
		return ST_LIMIT;
	struct snapshot *s = mem_new(sizeof(*s));
	if (!s)
		return ST_NOMEM;
	s->refs = 1;
	s->generation = previous ? previous->generation + 1 : 1;
	struct parse ps = {.s = s, .previous = previous, .report = report};
	fill(&ps, text, len);
	enum status st = s->arena.nomem || ps.scratch.nomem ? ST_NOMEM
			 : report->errors                   ? ST_CONFIG
							    : ST_OK;
	arena_free(&ps.scratch);
	sort_messages(report);
	if (st == ST_OK)
		*out = s;
	else
		snapshot_unref(s);
	return st;
}
