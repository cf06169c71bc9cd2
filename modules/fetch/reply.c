#include "modules/fetch/reply.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/mem.h"

#define BODY_FIRST 4096 /* what a length claims is believed as it comes */

struct head {
	unsigned code;
	bool is_chunked;
	bool has_length;
	uint64_t length;
};

void reply_init(struct reply *r, size_t max)
{
	memset(r, 0, sizeof(*r));
	r->max = max;
}

void reply_fini(struct reply *r)
{
	mem_free(r->body);
	r->body = NULL;
}

static enum status fail(struct reply *r, enum status st, const char *words)
{
	r->state = REPLY_FAILED;
	r->status = st;
	snprintf(r->words, sizeof(r->words), "%s", words);
	return st;
}

static enum status nonsense(struct reply *r)
{
	return fail(r, ST_BAD_PAYLOAD, "it does not speak HTTP");
}

/* ---- head --------------------------------------------------------------------------------------- */

/* The next line of the head without its end; false: there is none. The text is taken apart in place. */
static bool next_line(char **at, char **line)
{
	char *end = strchr(*at, '\n');
	if (!end)
		return false;
	*line = *at;
	*at = end + 1;
	*end = 0;
	if (end > *line && end[-1] == '\r')
		end[-1] = 0;
	return true;
}

/* "HTTP/1.x CODE words" (RFC 9112 4). */
static bool take_status(const char *line, struct head *h)
{
	if (strncmp(line, "HTTP/1.", 7) != 0 || line[7] < '0' || line[7] > '9' || line[8] != ' ')
		return false;
	for (int i = 9; i < 12; i++) {
		if (line[i] < '0' || line[i] > '9')
			return false;
		h->code = h->code * 10 + (unsigned)(line[i] - '0');
	}
	return h->code >= 100 && (line[12] == 0 || line[12] == ' ');
}

static bool take_number(const char *text, unsigned base, uint64_t *out)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t n = 0;
	size_t len = strlen(text);
	/* Fifteen digits of either base fit. */
	if (len == 0 || len > 15)
		return false;
	for (; *text; text++) {
		char c = *text >= 'A' && *text <= 'F' ? (char)(*text + 'a' - 'A') : *text;
		const char *d = memchr(digits, c, base);
		if (!d)
			return false;
		n = n * base + (uint64_t)(d - digits);
	}
	*out = n;
	return true;
}

/* The value without blanks around it. */
static char *trim(char *text)
{
	text += strspn(text, " \t");
	size_t len = strlen(text);
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		text[--len] = 0;
	return text;
}

/* False: it says something that would make the body mean something else than we take it for. */
static bool take_field(char *line, struct head *h)
{
	uint64_t n;
	char *colon = strchr(line, ':');
	/* Neither a folded line nor a blank before the colon (RFC 9112 5.1, 5.2). */
	if (!colon || colon == line)
		return false;
	*colon = 0;
	if (line[strcspn(line, " \t")] != 0)
		return false;
	char *value = trim(colon + 1);
	if (strcasecmp(line, "content-length") == 0) {
		if (!take_number(value, 10, &n) || (h->has_length && n != h->length))
			return false;
		h->has_length = true;
		h->length = n;
	} else if (strcasecmp(line, "transfer-encoding") == 0) {
		if (h->is_chunked || strcasecmp(value, "chunked") != 0)
			return false;
		h->is_chunked = true;
	} else if (strcasecmp(line, "content-encoding") == 0) {
		return strcasecmp(value, "identity") == 0;
	}
	return true;
}

static bool parse_head(struct reply *r, struct head *h)
{
	char *at = r->line, *line;
	if (memchr(r->line, 0, r->line_len) || !next_line(&at, &line) || !take_status(line, h))
		return false;
	while (next_line(&at, &line) && line[0])
		if (!take_field(line, h))
			return false;
	return true;
}

static enum status judge_code(struct reply *r, unsigned code)
{
	char words[FETCH_WORDS];
	snprintf(words, sizeof(words), "it answers %u%s", code,
		 code >= 300 && code < 400 ? ", and redirects are not followed" : "");
	return fail(r, code == 404 || code == 410 ? ST_NOT_FOUND : ST_BAD_PAYLOAD, words);
}

static enum status on_head(struct reply *r)
{
	struct head h = {0};
	bool is_good = parse_head(r, &h);
	r->line_len = 0;
	if (!is_good)
		return nonsense(r);
	if (h.code < 200) {
		if (h.code == 101 || ++r->interims > REPLY_INTERIM_MAX)
			return nonsense(r);
		return ST_PENDING;
	}
	if (h.code != 200)
		return judge_code(r, h.code);
	/* Chunks come before a length (RFC 9112 6.3). */
	if (h.is_chunked) {
		r->state = REPLY_CHUNK_SIZE;
	} else if (h.has_length) {
		if (h.length > r->max)
			return fail(r, ST_LIMIT, "the answer is too long");
		r->left = h.length;
		r->state = h.length ? REPLY_LENGTH : REPLY_DONE;
	} else {
		r->state = REPLY_TO_END;
	}
	return r->state == REPLY_DONE ? ST_OK : ST_PENDING;
}

/* ---- body --------------------------------------------------------------------------------------- */

static enum status append(struct reply *r, const uint8_t *p, size_t n)
{
	if (n > r->max - r->len)
		return fail(r, ST_LIMIT, "the answer is too long");
	if (n > r->cap - r->len) {
		size_t cap = r->cap ? r->cap : BODY_FIRST;
		while (cap - r->len < n)
			cap *= 2;
		uint8_t *more = mem_grow(r->body, r->cap, cap);
		if (!more)
			return fail(r, ST_NOMEM, status_words(ST_NOMEM));
		r->body = more;
		r->cap = cap;
	}
	if (n)
		memcpy(r->body + r->len, p, n);
	r->len += n;
	return ST_PENDING;
}

/* Up to `left` bytes of it; how many were taken in *n. */
static enum status take_part(struct reply *r, struct view v, size_t *n)
{
	*n = v.len < r->left ? v.len : (size_t)r->left;
	r->left -= *n;
	return append(r, v.p, *n);
}

/* A size in hexadecimal, and perhaps an extension that says nothing to us (RFC 9112 7.1.1). */
static enum status on_chunk_size(struct reply *r)
{
	r->line[r->line_len] = 0;
	if (memchr(r->line, 0, r->line_len))
		return nonsense(r);
	r->line[strcspn(r->line, ";\r\n")] = 0;
	r->line_len = 0;
	if (!take_number(trim(r->line), 16, &r->left))
		return nonsense(r);
	if (r->left > r->max - r->len)
		return fail(r, ST_LIMIT, "the answer is too long");
	r->state = r->left ? REPLY_CHUNK : REPLY_TRAILER;
	return ST_PENDING;
}

static enum status on_trailer(struct reply *r)
{
	bool is_last = r->line_len == 1 || (r->line_len == 2 && r->line[0] == '\r');
	r->trailer_len += r->line_len;
	r->line_len = 0;
	if (r->trailer_len > REPLY_HEAD_MAX)
		return nonsense(r);
	if (is_last)
		r->state = REPLY_DONE;
	return is_last ? ST_OK : ST_PENDING;
}

static enum status on_chunk_end(struct reply *r)
{
	bool is_good = r->line_len == 1 || (r->line_len == 2 && r->line[0] == '\r');
	r->line_len = 0;
	r->state = REPLY_CHUNK_SIZE;
	return is_good ? ST_PENDING : nonsense(r);
}

static bool head_ends(const struct reply *r)
{
	const char *end = r->line + r->line_len;
	return (r->line_len >= 2 && memcmp(end - 2, "\n\n", 2) == 0) ||
	       (r->line_len >= 3 && memcmp(end - 3, "\n\r\n", 3) == 0);
}

/* One more byte of what is gathered before it can be read. */
static enum status gather(struct reply *r, uint8_t c)
{
	if (r->line_len >= (r->state == REPLY_HEAD ? REPLY_HEAD_MAX : 256))
		return nonsense(r);
	r->line[r->line_len++] = (char)c;
	r->line[r->line_len] = 0;
	if (c != '\n')
		return ST_PENDING;
	switch (r->state) {
	case REPLY_HEAD: return head_ends(r) ? on_head(r) : ST_PENDING;
	case REPLY_CHUNK_SIZE: return on_chunk_size(r);
	case REPLY_CHUNK_END: return on_chunk_end(r);
	default: return on_trailer(r);
	}
}

enum status reply_feed(struct reply *r, struct view v)
{
	enum status st = ST_PENDING;
	while (v.len > 0 && st == ST_PENDING) {
		size_t n = 1;
		switch (r->state) {
		case REPLY_LENGTH:
			st = take_part(r, v, &n);
			if (st == ST_PENDING && r->left == 0) {
				r->state = REPLY_DONE;
				st = ST_OK;
			}
			break;
		case REPLY_CHUNK:
			st = take_part(r, v, &n);
			if (st == ST_PENDING && r->left == 0)
				r->state = REPLY_CHUNK_END;
			break;
		case REPLY_TO_END:
			n = v.len;
			st = append(r, v.p, n);
			break;
		case REPLY_DONE: return ST_OK;
		case REPLY_FAILED: return r->status;
		default: st = gather(r, v.p[0]); break;
		}
		v.p += n;
		v.len -= n;
	}
	return st;
}

enum status reply_end(struct reply *r)
{
	if (r->state == REPLY_TO_END)
		r->state = REPLY_DONE;
	if (r->state == REPLY_DONE)
		return ST_OK;
	if (r->state == REPLY_FAILED)
		return r->status;
	return fail(r, ST_IO, "the connection ended in the middle of the answer");
}
