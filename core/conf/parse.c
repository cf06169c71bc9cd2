#include "core/conf/parse.h"

#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/conf/argument.h"
#include "core/conf/set.h"

/* ---- lines ---- */

/* Bytes up to the line end, and with it: LF, CR LF or CR. */
static size_t line_len(const char *p, size_t left, size_t *with_end)
{
	size_t n = 0;
	while (n < left && p[n] != '\n' && p[n] != '\r')
		n++;
	*with_end = n;
	if (n < left)
		*with_end += p[n] == '\r' && n + 1 < left && p[n + 1] == '\n' ? 2 : 1;
	return n;
}

bool parse_next_line(struct parse *ps)
{
	size_t all;
	if (!ps->left)
		return false;
	size_t n = line_len(ps->text, ps->left, &all);
	line_split(&ps->line, ps->text, n, ps->line.number + 1 + ps->extra_lines);
	ps->extra_lines = 0;
	ps->text += all;
	ps->left -= all;
	return true;
}

/* A banner goes on to the line with its second delimiter: the line in hand grows to its end. */
static void extend_banner(struct parse *ps, size_t at, bool any)
{
	if (at >= ps->line.n)
		return;
	const char *p = ps->line.w[at].p;
	size_t in_line = (size_t)(ps->line.p + ps->line.len - p);
	size_t d = in_line >= 2 && p[0] == '^' && p[1] == 'C' ? 2 : p[0] == '\x03' || any ? 1 : 0;
	if (!d || memmem(p + d, in_line - d, p, d))
		return;
	size_t all = (size_t)(ps->text + ps->left - p);
	const char *end = memmem(p + d, all - d, p, d);
	if (!end)
		return; /* the argument will be refused, with its place */
	end += d;
	while (ps->text < end && ps->left) {
		size_t n;
		(void)line_len(ps->text, ps->left, &n);
		ps->text += n;
		ps->left -= n;
		ps->extra_lines++;
	}
	ps->line.len = (size_t)(end - ps->line.p);
	ps->line.n = at + 1;
}

/* ---- messages ---- */

static struct conf_message *report_slot(struct conf_report *r, enum conf_severity severity)
{
	if (r->count < CONF_MESSAGES)
		return &r->msg[r->count++];
	if (severity == CONF_WARNING)
		return NULL;
	for (size_t i = r->count; i-- > 0;) /* an error is worth more than a warning */
		if (r->msg[i].severity == CONF_WARNING) {
			memmove(&r->msg[i], &r->msg[i + 1], (r->count - i - 1) * sizeof(r->msg[0]));
			return &r->msg[r->count - 1];
		}
	return NULL;
}

void parse_report(struct parse *ps, enum conf_severity severity, uint32_t line, uint32_t col,
	struct word word, const char *text, const char *hint)
{
	struct conf_report *r = ps->report;
	if (!r || ps->system)
		return;
	if (severity == CONF_ERROR)
		r->errors++;
	else
		r->warnings++;
	struct conf_message *m = report_slot(r, severity);
	if (!m)
		return;
	*m = (struct conf_message){.severity = (uint8_t)severity, .line = line, .column = col};
	size_t n = word.len < CONF_WORD - 1 ? word.len : CONF_WORD - 1;
	if (n)
		memcpy(m->word, word.p, n);
	snprintf(m->text, sizeof(m->text), "%s", text);
	snprintf(m->hint, sizeof(m->hint), "%s", hint);
}

/* The words of the command itself, as they were written. */
static struct word head_words(const struct cmd_call *c)
{
	const struct line *l = &c->ps->line;
	size_t last = c->form == FORM_SET ? 0 : 1;
	if (!l->n)
		return (struct word){0};
	for (size_t i = 0, n = grammar_head_len(c->row->grammar); i < n; i++)
		last += c->row->grammar[i] == ' ' ? 1 : 0;
	last = last < l->n ? last : l->n - 1;
	struct word w = l->w[0];
	w.len = (size_t)(l->w[last].p + l->w[last].len - w.p);
	return w;
}

static void call_report(struct cmd_call *c, enum conf_severity severity, const struct arg *a,
	const char *text, const char *hint)
{
	const struct line *l = &c->ps->line;
	struct word w = a ? a->word : head_words(c);
	uint32_t col = w.col;
	if (a && a->kind == ARG_SECRET)
		w = (struct word){0};
	parse_report(c->ps, severity, l->number, col, w, text, hint);
}

void cmd_error(struct cmd_call *c, const struct arg *a, const char *text, const char *hint)
{
	c->failed = true;
	call_report(c, CONF_ERROR, a, text, hint);
}

void cmd_warn(struct cmd_call *c, const struct arg *a, const char *text, const char *hint)
{
	call_report(c, CONF_WARNING, a, text, hint);
}

size_t conf_message_format(char *out, size_t cap, const char *file, const struct conf_message *m)
{
	char word[CONF_WORD * 4], place[32] = "", quoted[CONF_WORD * 4 + 8] = "";
	if (!cap)
		return 0;
	if (m->line && m->column)
		snprintf(place, sizeof(place), "%u:%u: ", m->line, m->column);
	else if (m->line)
		snprintf(place, sizeof(place), "%u: ", m->line);
	if (m->word[0]) {
		escape_bytes(word, sizeof(word), m->word, strlen(m->word));
		snprintf(quoted, sizeof(quoted), " '%s'", word);
	}
	int n = snprintf(out, cap, "%s:%s%s%s: %s%s%s%s%s", file, place[0] ? "" : " ", place,
		m->severity == CONF_ERROR ? "error" : "warning", m->text, quoted,
		m->hint[0] ? " (" : "", m->hint, m->hint[0] ? ")" : "");
	return n < 0 ? 0 : (size_t)n < cap ? (size_t)n : cap - 1;
}

/* ---- arguments ---- */

static bool key_is(struct word w, const char *key)
{
	return strlen(key) == w.len && memcmp(key, w.p, w.len) == 0;
}

const struct arg *cmd_arg(const struct cmd_call *c, const char *key)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->args[i].kind != ARG_KEYWORD && key_is(c->args[i].key, key))
			return &c->args[i];
	return NULL;
}

bool cmd_has(const struct cmd_call *c, const char *keyword)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->args[i].kind == ARG_KEYWORD && key_is(c->args[i].key, keyword))
			return true;
	return false;
}

char *cmd_text(struct cmd_call *c, const struct arg *a)
{
	return a ? arena_strndup(c->arena, a->word.p, a->word.len) : NULL;
}

char *cmd_ref(struct cmd_call *c, const struct arg *a)
{
	char *s = cmd_text(c, a);
	if (s)
		parse_remember(c->ps, s, a->word.col);
	return s;
}

void parse_remember(struct parse *ps, const char *name, uint32_t col)
{
	void *tmp;
	struct place *p = ARENA_PUSH(&ps->scratch, ps->places, ps->place_count, tmp);
	if (p)
		*p = (struct place){name, NULL, ps->system ? 0 : ps->line.number, col};
}

struct place parse_place(const struct parse *ps, const char *name)
{
	for (size_t i = 0; i < ps->place_count; i++)
		if (ps->places[i].name == name && !ps->places[i].what)
			return ps->places[i];
	return (struct place){name, NULL, 0, 0};
}

void parse_remember_line(struct parse *ps, const char *name, const char *what)
{
	void *tmp;
	struct place *p = ARENA_PUSH(&ps->scratch, ps->places, ps->place_count, tmp);
	if (p)
		*p = (struct place){name, what, ps->line.number, ps->line.w[0].col};
}

struct place parse_line_of(const struct parse *ps, const char *name, const char *what)
{
	for (size_t i = ps->place_count; i-- > 0;) {
		const struct place *p = &ps->places[i];
		if (p->name == name && p->what && strcmp(p->what, what) == 0)
			return *p;
	}
	return (struct place){name, what, 0, 0};
}

/* ---- one line ---- */

struct found {
	const struct cmd *row;
	size_t frame;
	size_t args_at;
	struct cmd_call call;
};

static bool try_frame(
	struct parse *ps, size_t frame, size_t first, struct found *f, struct mismatch *why)
{
	const struct frame *fr = &ps->stack[frame];
	const struct cmd_mode_row *mode = &cmd_modes[fr->mode];
	f->row = grammar_head(mode->rows->v, mode->rows->n, &ps->line, first, &f->args_at, why);
	if (!f->row)
		return false;
	f->frame = frame;
	f->call.row = f->row;
	if (strstr(f->row->grammar, "banner>") && f->call.form == FORM_SET)
		extend_banner(ps, f->args_at, strstr(f->row->grammar, ":anybanner>") != NULL);
	struct mismatch unknown = *why;
	if (grammar_args(&f->call, &ps->line, f->args_at, why))
		return true;
	if (!grammar_head_len(f->row->grammar) && why->at == first)
		*why = unknown; /* not even the beginning of a row that starts with a value */
	return false;
}

/* By its indentation the line is not part of this block, whose other lines were indented. */
static bool left_behind(const struct parse *ps, size_t frame)
{
	const struct frame *fr = &ps->stack[frame];
	return frame > 0 && fr->indented && ps->line.indent <= fr->indent;
}

/* Where indentation is used it says to which block a line belongs; then the innermost block that
 * knows the line counts. An indented line is not taken for one of the router features without
 * meaning of an outer mode: it is a mistake in its block. */
static bool find_command(
	struct parse *ps, size_t first, struct found *f, struct mismatch *why, size_t *where)
{
	struct mismatch m;
	bool have = false;
	for (size_t i = ps->depth; i-- > 0 && left_behind(ps, ps->depth - 1);)
		if (ps->stack[i].mode != MODE_SKIP && !left_behind(ps, i) &&
			try_frame(ps, i, first, f, &m) &&
			(!(f->row->flags & CMD_IGNORED) || (f->row->flags & CMD_BLOCK)))
			return true; /* `key chain X` is not the key of a server */
	for (size_t i = ps->depth; i-- > 0;) {
		if (ps->stack[i].mode == MODE_SKIP)
			continue;
		if (try_frame(ps, i, first, f, &m)) {
			bool outer = i + 1 < ps->depth && ps->line.indent > ps->stack[i + 1].indent;
			if (!outer || !(f->row->flags & CMD_IGNORED))
				return true;
			m = (struct mismatch){.at = first};
		}
		if (!have || m.at > why->at) {
			*why = m;
			*where = i;
			have = true;
		}
		if (i > 0 && ps->line.indent > ps->stack[i].indent && m.at > first)
			break;
	}
	return false;
}

static const char *plural_hint(const struct mismatch *why, char *buf, size_t cap)
{
	buf[0] = '\0';
	if (why->near[0])
		snprintf(buf, cap, "did you mean '%s'?", why->near);
	return buf;
}

static void report_mismatch(struct parse *ps, const struct mismatch *why, enum cmd_mode mode)
{
	char text[CONF_TEXT], hint[CONF_TEXT];
	bool end = why->at >= ps->line.n;
	struct word w = end ? (struct word){0} : ps->line.w[why->at];
	uint32_t col = end ? (uint32_t)ps->line.len + 1 : w.col;
	if (why->secret && why->at > 0)
		w = (struct word){0};
	if (why->ambiguous)
		snprintf(text, sizeof(text), "ambiguous word%s%.100s",
			why->expect[0] ? ", one of " : "", why->expect);
	else if (why->expect[0])
		snprintf(text, sizeof(text), "%s %.120s",
			end ? "incomplete command, expected" : "expected", why->expect);
	else if (end)
		snprintf(text, sizeof(text), "incomplete command");
	else if (why->at == 0)
		snprintf(text, sizeof(text), "unknown command in %s", cmd_modes[mode].name);
	else
		snprintf(text, sizeof(text), "unexpected word");
	parse_report(ps, CONF_ERROR, ps->line.number, col, w, text,
		plural_hint(why, hint, sizeof(hint)));
}

static void push_frame(struct parse *ps, enum cmd_mode mode, void *obj)
{
	if (ps->depth < PARSE_DEPTH)
		ps->stack[ps->depth++] = (struct frame){mode, obj, ps->line.indent, false};
}

static void warn_row(struct cmd_call *c)
{
	char text[CONF_TEXT];
	if (c->form != FORM_SET && (c->row->flags & (CMD_IGNORED | CMD_LATER)))
		return; /* switching off what is not there */
	if (c->row->flags & CMD_REFUSED) {
		cmd_error(c, NULL, "not accepted:", c->row->help);
		c->skip = true;
	} else if (c->row->flags & CMD_LATER) {
		snprintf(text, sizeof(text),
			"kept, but not in force in this version (%.100s):", c->row->help);
		cmd_warn(c, NULL, text, "");
	} else if ((c->row->flags & CMD_IGNORED) && !(c->row->flags & CMD_SILENT)) {
		cmd_warn(c, NULL, "no meaning here, ignored:", c->row->def ? c->row->def : "");
	}
}

static void carry_out(struct parse *ps, struct found *f)
{
	struct cmd_call *c = &f->call;
	uint16_t flags = f->row->flags;
	ps->depth = f->frame + 1;
	if (ps->line.indent > ps->stack[f->frame].indent)
		ps->stack[f->frame].indented = true;
	c->obj = ps->stack[f->frame].obj;
	c->parent = f->frame ? ps->stack[f->frame - 1].obj : c->obj;
	warn_row(c);
	if (!(flags & (CMD_REFUSED | CMD_IGNORED)))
		f->row->set(c);
	if (c->form != FORM_SET)
		return;
	if (c->skip || c->failed || (flags & CMD_BLOCK)) {
		if (f->row->enters || (flags & CMD_BLOCK))
			push_frame(ps, MODE_SKIP, NULL);
	} else if (f->row->enters && c->enter) {
		push_frame(ps, f->row->enters, c->enter);
	}
}

/* Inside a block that is read past: does this line begin something that matters again? */
static bool ends_skip(struct parse *ps, size_t first, struct found *f)
{
	struct mismatch why;
	const struct frame *skip = &ps->stack[ps->depth - 1];
	if (ps->line.indent > skip->indent)
		return false;
	for (size_t i = ps->depth - 1; i-- > 0;) {
		struct found g = *f;
		if (try_frame(ps, i, first, &g, &why) &&
			(!(g.row->flags & CMD_IGNORED) || (g.row->flags & CMD_BLOCK)))
			return true;
		if (i == 0 && why.at == first && why.near[0] && ps->line.w[first].len >= 5)
			return true; /* looks like a misspelt command: say so */
	}
	return false;
}

static bool word_is(const struct word *w, const char *s)
{
	return strlen(s) == w->len && strncasecmp_ascii(w->p, s, w->len) == 0;
}

/* Lines that are the same everywhere. true: done. */
static bool common_line(struct parse *ps)
{
	struct line *l = &ps->line;
	struct frame *top = &ps->stack[ps->depth - 1];
	if (l->n == 0)
		return true;
	if (ps->dead && l->indent > ps->dead_indent)
		return true;
	ps->dead = false;
	if (l->w[0].p[0] == '!') {
		if (top->mode == MODE_SKIP && l->indent <= top->indent)
			ps->depth--;
		return true;
	}
	if (l->n != 1)
		return false;
	if (word_is(&l->w[0], "end")) {
		ps->depth = 1;
		return true;
	}
	if (word_is(&l->w[0], "exit") || (top->mode == MODE_CERT && word_is(&l->w[0], "quit"))) {
		ps->depth -= ps->depth > 1 ? 1 : 0;
		return true;
	}
	return false;
}

static void parse_line(struct parse *ps)
{
	struct found f = {.call = {.ps = ps, .s = ps->s, .arena = &ps->s->arena}};
	struct mismatch why = {0};
	size_t first = 0, where = 0;
	if (common_line(ps))
		return;
	if (ps->line.n > 1 &&
		(word_is(&ps->line.w[0], "no") || word_is(&ps->line.w[0], "default"))) {
		f.call.form = word_is(&ps->line.w[0], "no") ? FORM_NO : FORM_DEFAULT;
		first = 1;
	}
	if (ps->stack[ps->depth - 1].mode == MODE_SKIP) {
		if (!ends_skip(ps, first, &f))
			return;
		ps->depth--;
	}
	if (find_command(ps, first, &f, &why, &where)) {
		carry_out(ps, &f);
		return;
	}
	report_mismatch(ps, &why, ps->stack[where].mode);
	ps->dead = true;
	ps->dead_indent = ps->line.indent;
	/* A block that could not be opened: what follows belongs to it. */
	bool block = !f.row || f.row->enters || (f.row->flags & CMD_BLOCK);
	if (where == 0 && block && why.at > first && ps->line.n > first + 1) {
		ps->depth = 1;
		push_frame(ps, MODE_SKIP, NULL);
	}
}

void parse_text(struct parse *ps, const char *text, size_t len)
{
	ps->text = text;
	ps->left = len;
	ps->depth = 0;
	push_frame(ps, MODE_GLOBAL, ps->s);
	while (!ps->s->arena.nomem && !ps->scratch.nomem && parse_next_line(ps))
		parse_line(ps);
}
