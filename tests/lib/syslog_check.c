#include "tests/lib/syslog_check.h"

#include <string.h>

struct reader {
	const uint8_t *p;
	const uint8_t *end;
};

static bool take(struct reader *r, char c)
{
	if (r->p == r->end || *r->p != (uint8_t)c)
		return false;
	r->p++;
	return true;
}

/* 1*max PRINTUSASCII up to a blank, which is taken too. */
static bool take_field(struct reader *r, char *out, size_t max)
{
	size_t n = 0;
	while (r->p < r->end && *r->p > 32 && *r->p < 127 && n < max)
		out[n++] = (char)*r->p++;
	out[n] = 0;
	return n > 0 && take(r, ' ');
}

static bool take_name(struct reader *r, char out[33])
{
	size_t n = 0;
	while (r->p < r->end && *r->p > 32 && *r->p < 127 && !strchr("=]\"", *r->p) && n < 32)
		out[n++] = (char)*r->p++;
	out[n] = 0;
	return n > 0;
}

static bool digits(const char *s, const char *pattern)
{
	for (; *pattern; pattern++, s++)
		if (*pattern == '9' ? *s < '0' || *s > '9' : *s != *pattern)
			return false;
	return *s == 0;
}

static int two(const char *s)
{
	return (s[0] - '0') * 10 + s[1] - '0';
}

static bool is_time(const char *s)
{
	return digits(s, "9999-99-99T99:99:99.999Z") && two(s + 5) >= 1 && two(s + 5) <= 12 && two(s + 8) >= 1 &&
	       two(s + 8) <= 31 && two(s + 11) <= 23 && two(s + 14) <= 59 && two(s + 17) <= 59;
}

static bool take_priority(struct reader *r, int *out)
{
	int n = 0, v = 0;
	if (!take(r, '<'))
		return false;
	const uint8_t *first = r->p;
	for (; r->p < r->end && *r->p >= '0' && *r->p <= '9' && n < 3; n++)
		v = v * 10 + *r->p++ - '0';
	*out = v;
	return n > 0 && v <= 191 && (n == 1 || *first != '0') && take(r, '>') && take(r, '1') && take(r, ' ');
}

/* A character of UTF-8 in its shortest form: its length and value, 0 for anything else. */
static size_t utf8(const uint8_t *p, size_t left, uint32_t *c)
{
	static const struct {
		uint8_t mask, is;
		uint32_t least;
	} forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
	for (size_t i = 0; i < 4; i++) {
		if ((p[0] & forms[i].mask) != forms[i].is)
			continue;
		if (left < i + 1)
			return 0;
		*c = p[0] & (uint8_t)~forms[i].mask;
		for (size_t k = 1; k <= i; k++) {
			if ((p[k] & 0xc0) != 0x80)
				return 0;
			*c = *c * 64 + (p[k] & 0x3f);
		}
		return *c >= forms[i].least && *c <= 0x10ffff && (*c < 0xd800 || *c > 0xdfff) ? i + 1 : 0;
	}
	return 0;
}

bool syslog_check_text(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint32_t c;
		size_t n = utf8(p + i, len - i, &c);
		bool bad = n == 0 || c < 32 || (c >= 127 && c < 160) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
			   (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
		if (bad)
			return false;
		i += n;
	}
	return true;
}

static const char *take_value(struct reader *r, char out[CHECK_VALUE])
{
	size_t n = 0;
	for (;;) {
		if (r->p == r->end)
			return "value without end";
		uint8_t c = *r->p++;
		if (c == '"')
			break;
		if (c == ']')
			return "bracket in a value that is not escaped";
		if (c == '\\') {
			if (r->p == r->end || !strchr("\"\\]", *r->p))
				return "backslash before what needs none";
			c = *r->p++;
		}
		if (n == CHECK_VALUE - 1)
			return "value too long";
		out[n++] = (char)c;
	}
	out[n] = 0;
	return syslog_check_text((uint8_t *)out, n) ? NULL : "value is not text";
}

static const char *take_element(struct reader *r, struct syslog_checked *out)
{
	char id[33];
	if (!take_name(r, id))
		return "element without a name";
	out->n_elements++;
	while (take(r, ' ')) {
		if (out->n == CHECK_PARAMS)
			return "too many parameters";
		struct syslog_param *p = &out->params[out->n++];
		memcpy(p->element, id, sizeof(id));
		if (!take_name(r, p->name) || !take(r, '=') || !take(r, '"'))
			return "parameter without a name";
		const char *why = take_value(r, p->value);
		if (why)
			return why;
	}
	return take(r, ']') ? NULL : "element without end";
}

const char *syslog_check(const uint8_t *p, size_t len, struct syslog_checked *out)
{
	struct reader r = {p, p + len};
	memset(out, 0, sizeof(*out));
	if (!take_priority(&r, &out->priority))
		return "priority or version";
	if (!take_field(&r, out->time, sizeof(out->time) - 1) || !is_time(out->time))
		return "time";
	if (!take_field(&r, out->host, 255))
		return "host";
	if (!take_field(&r, out->app, 48) || !take_field(&r, out->procid, 128))
		return "application";
	if (!take_field(&r, out->msgid, 32))
		return "message id";
	while (take(&r, '[')) {
		const char *why = take_element(&r, out);
		if (why)
			return why;
	}
	if (out->n_elements == 0)
		return "no structured data";
	if (!take(&r, ' ') || !take(&r, '\xef') || !take(&r, '\xbb') || !take(&r, '\xbf'))
		return "no BOM";
	out->msg = (const char *)r.p;
	out->msg_len = (size_t)(r.end - r.p);
	return syslog_check_text(r.p, out->msg_len) ? NULL : "MSG is not text";
}

const char *syslog_checked_value(const struct syslog_checked *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->params[i].name, name) == 0)
			return c->params[i].value;
	return NULL;
}
