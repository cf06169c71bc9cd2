#include "modules/lua/hooks.h"

#include <stdint.h>
#include <string.h>

static const struct {
	const char *name;
	const char *when;
	bool asks;
} hooks[HOOK__MAX] = {
#define X(name, function, asks, when) [HOOK_##name] = {#function, when, asks},
	HOOK_LIST(X)
#undef X
};

const struct field fields[] = {
#define X(name, kind, sees, changes, words) {#name, FIELD_##kind, sees, changes, words},
	FIELD_LIST_OF(X)
#undef X
};
const size_t fields_len = sizeof(fields) / sizeof(fields[0]);

const char *hook_name(enum hook h)
{
	return (unsigned)h < HOOK__MAX ? hooks[h].name : NULL;
}

const char *hook_when(enum hook h)
{
	return (unsigned)h < HOOK__MAX ? hooks[h].when : NULL;
}

bool hook_asks(enum hook h)
{
	return (unsigned)h < HOOK__MAX && hooks[h].asks;
}

const struct field *field_find(const char *name)
{
	for (size_t i = 0; i < fields_len; i++) {
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	}
	return NULL;
}

bool field_seen(const struct field *f, enum hook h)
{
	return (f->sees | f->changes) & HOOK_BIT(h);
}

bool field_may_change(const struct field *f, enum hook h)
{
	return f->changes & HOOK_BIT(h);
}

const char *field_kind_words(enum field_kind k)
{
	switch (k) {
	case FIELD_TEXT: return "text";
	case FIELD_LINES: return "text of several lines";
	case FIELD_NUMBER: return "number";
	case FIELD_LIST: return "list of texts";
	}
	return "";
}

/* Bytes of the UTF-8 character at s, 0: there is none. Overlong forms, surrogates and what is
 * beyond U+10FFFF are none. */
static size_t utf8_len(const uint8_t *s)
{
	static const struct {
		uint8_t mask, lead, low, high; /* low, high: bounds of the second byte */
		size_t len;
	} rows[] = {
		{0xff, 0xe0, 0xa0, 0xbf, 3},
		{0xff, 0xed, 0x80, 0x9f, 3},
		{0xff, 0xf0, 0x90, 0xbf, 4},
		{0xff, 0xf4, 0x80, 0x8f, 4},
		{0xf0, 0xe0, 0x80, 0xbf, 3},
		{0xfc, 0xf0, 0x80, 0xbf, 4},
		{0xe0, 0xc0, 0x80, 0xbf, 2},
	};

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2)
		return 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if ((s[0] & rows[i].mask) != rows[i].lead)
			continue;
		if (s[1] < rows[i].low || s[1] > rows[i].high)
			return 0;
		for (size_t k = 2; k < rows[i].len; k++) {
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		}
		return rows[i].len;
	}
	return 0;
}

static const char *text_wrong(const char *value, bool lines)
{
	const uint8_t *s = (const uint8_t *)value;

	for (size_t n; *s; s += n) {
		bool is_blank = *s == '\n' || *s == '\t';

		if ((*s < 0x20 || *s == 0x7f) && !(lines && is_blank))
			return "has a control character";
		n = utf8_len(s);
		if (!n)
			return "is not UTF-8";
	}
	return NULL;
}

static const char *number_wrong(const char *value)
{
	static const char limit[] = "9223372036854775807";
	size_t len = strspn(value, "0123456789");

	if (value[len] || !len || (len > 1 && value[0] == '0'))
		return "is not a number without sign and fraction";
	if (len >= sizeof(limit) || (len == sizeof(limit) - 1 && strcmp(value, limit) > 0))
		return "is too large";
	return NULL;
}

const char *field_wrong(const struct field *f, const char *value)
{
	if (!*value)
		return NULL;
	switch (f->kind) {
	case FIELD_NUMBER: return number_wrong(value);
	case FIELD_LINES: return text_wrong(value, true);
	case FIELD_TEXT:
	case FIELD_LIST: break;
	}
	return text_wrong(value, false);
}
