/* Rows for people and programs (query_print of query.h). */
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "db/query.h"

#define WIDTH_MAX 120 /* wider cells push their row out of line rather than all rows */
#define NUMBER    40

struct table {
	FILE *out;
	int columns;
	size_t *width;
	bool *is_number; /* right-aligned: no value of the column is text */
	char **cells;    /* heap texts, row by row; the first row are the names */
	size_t n, cap;
	bool nomem;
	bool any_row; /* json */
	char **names; /* json */
};

/* ---- text of a value ------------------------------------------------------------------------ */

static const char *number_text(const struct query_value *v, char buf[NUMBER])
{
	if (v->type == QUERY_INTEGER)
		snprintf(buf, NUMBER, "%lld", (long long)v->integer);
	else
		snprintf(buf, NUMBER, "%.15g", v->real);
	return buf;
}

static void hex_out(FILE *out, const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fprintf(out, "%02x", (unsigned)(unsigned char)p[i]);
}

/* Length of a valid UTF-8 sequence at p, 0 when there is none (RFC 3629). */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	size_t n = p[0] < 0x80                   ? 1
		   : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
		   : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
		   : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
						 : 0;

	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
		(p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

/* ---- table ---------------------------------------------------------------------------------- */

/* A terminal obeys what it prints: control characters and broken UTF-8 become \xNN. */
static char *cell_text(const char *p, size_t len, size_t *width)
{
	char *text = mem_array(len + 1, 4);
	size_t at = 0;

	*width = 0;
	for (size_t i = 0; text && i < len; (*width)++) {
		const unsigned char *c = (const unsigned char *)p + i;
		size_t n = utf8_len(c, len - i);
		if (n == 0 || c[0] < 0x20 || c[0] == 0x7f ||
			(n == 2 && c[0] == 0xc2 && c[1] < 0xa0)) {
			at += (size_t)snprintf(text + at, 5, "\\x%02x", (unsigned)c[0]);
			*width += 3;
			i++;
			continue;
		}
		memcpy(text + at, c, n);
		at += n;
		i += n;
	}
	return text;
}

static bool add_cell(struct table *t, int column, const char *p, size_t len)
{
	size_t width;

	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 256;
		char **grown = mem_grow(t->cells, t->cap * sizeof(*grown), cap * sizeof(*grown));
		if (!grown)
			return false;
		t->cells = grown;
		t->cap = cap;
	}
	t->cells[t->n] = cell_text(p, len, &width);
	if (!t->cells[t->n])
		return false;
	t->n++;
	if (width > WIDTH_MAX)
		width = WIDTH_MAX;
	if (width > t->width[column])
		t->width[column] = width;
	return true;
}

static bool table_columns(void *ctx, int n, const char *const *names)
{
	struct table *t = ctx;

	t->columns = n;
	t->width = mem_array((size_t)n, sizeof(*t->width));
	t->is_number = mem_array((size_t)n, sizeof(*t->is_number));
	t->nomem = !t->width || !t->is_number;
	for (int i = 0; i < n && !t->nomem; i++) {
		t->is_number[i] = true;
		t->nomem = !add_cell(t, i, names[i], strlen(names[i]));
	}
	return !t->nomem;
}

static bool table_row(void *ctx, int n, const struct query_value *v)
{
	struct table *t = ctx;
	char buf[NUMBER];

	for (int i = 0; i < n && !t->nomem; i++) {
		const char *p = "";
		size_t len = 0;
		if (v[i].type == QUERY_INTEGER || v[i].type == QUERY_REAL) {
			p = number_text(&v[i], buf);
			len = strlen(p);
		} else if (v[i].type != QUERY_NULL) {
			p = v[i].bytes;
			len = v[i].len;
			t->is_number[i] = false;
		}
		t->nomem = !add_cell(t, i, p, len);
	}
	return !t->nomem;
}

static size_t shown_width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void table_line(const struct table *t, char *const *cells)
{
	for (int i = 0; i < t->columns; i++) {
		size_t have = shown_width(cells[i]);
		int pad = have < t->width[i] ? (int)(t->width[i] - have) : 0;
		bool is_last = i + 1 == t->columns;
		if (t->is_number[i])
			fprintf(t->out, "%*s%s", pad, "", cells[i]);
		else
			fprintf(t->out, "%s%*s", cells[i], is_last ? 0 : pad, "");
		fputs(is_last ? "\n" : "  ", t->out);
	}
}

static void table_end(struct table *t)
{
	size_t columns = (size_t)t->columns;

	for (size_t at = 0; columns && at + columns <= t->n; at += columns) {
		table_line(t, t->cells + at);
		if (at)
			continue;
		for (size_t i = 0; i < columns; i++) {
			for (size_t w = 0; w < t->width[i]; w++)
				fputc('-', t->out);
			fputs(i + 1 == columns ? "\n" : "  ", t->out);
		}
	}
}

/* ---- csv ------------------------------------------------------------------------------------ */

static void csv_text(FILE *out, const char *p, size_t len)
{
	bool quote = false;

	for (size_t i = 0; i < len; i++)
		quote = quote || strchr(",\"\r\n", p[i]); /* and NUL: strchr finds it too */
	if (!quote) {
		fwrite(p, 1, len, out);
		return;
	}
	fputc('"', out);
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '"')
			fputc('"', out);
		fputc(p[i], out);
	}
	fputc('"', out);
}

static bool csv_columns(void *ctx, int n, const char *const *names)
{
	struct table *t = ctx;

	for (int i = 0; i < n; i++) {
		csv_text(t->out, names[i], strlen(names[i]));
		fputs(i + 1 == n ? "\r\n" : ",", t->out);
	}
	return true;
}

static bool csv_row(void *ctx, int n, const struct query_value *v)
{
	struct table *t = ctx;
	char buf[NUMBER];

	for (int i = 0; i < n; i++) {
		switch (v[i].type) {
		case QUERY_NULL: break;
		case QUERY_TEXT: csv_text(t->out, v[i].bytes, v[i].len); break;
		case QUERY_BLOB: hex_out(t->out, v[i].bytes, v[i].len); break;
		case QUERY_INTEGER:
		case QUERY_REAL: fputs(number_text(&v[i], buf), t->out); break;
		}
		fputs(i + 1 == n ? "\r\n" : ",", t->out);
	}
	return true;
}

/* ---- json ----------------------------------------------------------------------------------- */

/* RFC 8259. Bytes that are no UTF-8 become the characters U+0080 to U+00FF. */
static void json_text(FILE *out, const char *p, size_t len)
{
	fputc('"', out);
	for (size_t i = 0; i < len;) {
		const unsigned char *c = (const unsigned char *)p + i;
		size_t n = utf8_len(c, len - i);
		if (n == 0 || c[0] < 0x20 || c[0] == 0x7f)
			fprintf(out, "\\u%04x", (unsigned)c[0]);
		else if (c[0] == '"' || c[0] == '\\')
			fprintf(out, "\\%c", c[0]);
		else
			fwrite(c, 1, n, out);
		i += n ? n : 1;
	}
	fputc('"', out);
}

static bool json_columns(void *ctx, int n, const char *const *names)
{
	struct table *t = ctx;

	t->columns = n;
	t->names = mem_array((size_t)n, sizeof(*t->names));
	t->nomem = !t->names;
	for (int i = 0; i < n && !t->nomem; i++) {
		t->names[i] = mem_strdup(names[i]);
		t->nomem = !t->names[i];
	}
	if (!t->nomem)
		fputs("[", t->out);
	return !t->nomem;
}

static bool json_row(void *ctx, int n, const struct query_value *v)
{
	struct table *t = ctx;
	char buf[NUMBER];

	fputs(t->any_row ? ",\n " : "\n ", t->out);
	t->any_row = true;
	for (int i = 0; i < n; i++) {
		fputs(i ? ", " : "{", t->out);
		json_text(t->out, t->names[i], strlen(t->names[i]));
		fputs(": ", t->out);
		switch (v[i].type) {
		case QUERY_NULL: fputs("null", t->out); break;
		case QUERY_TEXT: json_text(t->out, v[i].bytes, v[i].len); break;
		case QUERY_BLOB:
			fputc('"', t->out);
			hex_out(t->out, v[i].bytes, v[i].len);
			fputc('"', t->out);
			break;
		case QUERY_INTEGER: fputs(number_text(&v[i], buf), t->out); break;
		case QUERY_REAL:
			fputs(isfinite(v[i].real) ? number_text(&v[i], buf) : "null", t->out);
			break;
		}
	}
	fputs("}", t->out);
	return true;
}

/* ---- all ------------------------------------------------------------------------------------ */

static void table_free(struct table *t)
{
	for (size_t i = 0; i < t->n; i++)
		mem_free(t->cells[i]);
	for (int i = 0; t->names && i < t->columns; i++)
		mem_free(t->names[i]);
	mem_free(t->cells);
	mem_free(t->names);
	mem_free(t->width);
	mem_free(t->is_number);
}

enum status query_print(struct query *q, const char *sql, const struct query_options *options,
	enum query_format format, FILE *out, char detail[QUERY_DETAIL])
{
	struct table t = {.out = out};
	struct query_options o = *options;

	o.ctx = &t;
	o.on_columns = format == QUERY_TABLE ? table_columns
		       : format == QUERY_CSV ? csv_columns
					     : json_columns;
	o.on_row = format == QUERY_TABLE ? table_row : format == QUERY_CSV ? csv_row : json_row;
	enum status st = query_run(q, sql, &o, detail);
	if (t.nomem) {
		st = ST_NOMEM;
		snprintf(detail, QUERY_DETAIL,
			"the answer is too large for memory: use a limit or csv");
	}
	/* What was read before a limit or a timeout is shown all the same. */
	if (format == QUERY_TABLE && !t.nomem)
		table_end(&t);
	if (format == QUERY_JSON && t.names)
		fputs(t.any_row ? "\n]\n" : "]\n", out);
	table_free(&t);
	return st;
}
