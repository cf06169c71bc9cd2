/* Limits of volume, as attributes give them. */
#include <stdio.h>
#include <string.h>

#include "core/aaa/value.h"

#define BLANKS " \t"

/* UINT64_MAX is not among them: it is what a product that is too large becomes. */
static bool read_u64(const char *text, uint64_t *out)
{
	uint64_t v = 0;

	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9' || v > (UINT64_MAX - 9) / 10)
			return false;
		v = v * 10 + (uint64_t)(*p - '0');
	}
	*out = v;
	return text[0] && v != UINT64_MAX;
}

/* "disconnect" or "service-policy NAME" */
static bool read_action(char **at, struct aaa_quota *q)
{
	const char *what = aaa_next_word(at, BLANKS);
	bool has_map = what && strcmp(what, "service-policy") == 0;
	const char *map = has_map ? aaa_next_word(at, BLANKS) : NULL;

	if (has_map ? !map || !aaa_is_name(map) : !what || strcmp(what, "disconnect") != 0)
		return false;
	snprintf(q->map, sizeof(q->map), "%s", map ? map : "");
	return true;
}

/* [UNIT] [per TIME] [action ...], each once and in this order. */
static bool read_rest(char *at, uint64_t n, struct aaa_quota *q)
{
	const char *word = aaa_next_word(&at, BLANKS);
	enum quota_unit unit = word ? quota_unit_of(word) : QUOTA_UNITS;

	if (unit != QUOTA_UNITS)
		word = aaa_next_word(&at, BLANKS);
	q->octets = quota_octets(n, unit != QUOTA_UNITS ? unit : QUOTA_OCTETS);
	if (word && strcmp(word, "per") == 0) {
		word = aaa_next_word(&at, BLANKS);
		enum quota_period period = word ? quota_period_of(word) : QUOTA_PERIODS;
		if (period == QUOTA_PERIODS)
			return false;
		q->period = (uint8_t)period;
		word = aaa_next_word(&at, BLANKS);
	}
	if (!word)
		return q->octets != UINT64_MAX;
	return strcmp(word, "action") == 0 && read_action(&at, q) && !aaa_next_word(&at, BLANKS) && q->octets != UINT64_MAX;
}

enum aaa_verdict aaa_set_quota(const struct aaa_value *v)
{
	struct aaa_quota q = {.way = (uint8_t)v->min, .period = QUOTA_SESSION};
	char copy[AAA_TEXT], *at = copy;
	uint64_t n;

	if (strlen(v->text) >= sizeof(copy))
		return aaa_wrong(v, "too long:");
	snprintf(copy, sizeof(copy), "%s", v->text);
	const char *number = aaa_next_word(&at, BLANKS);
	if (!number || !read_u64(number, &n) || !read_rest(at, n, &q))
		return aaa_wrong(v, "NUMBER [UNIT] [per TIME] [action ...] is wanted, not");
	return aaa_put_quota(v->set, &q) ? AAA_TAKEN : aaa_wrong(v, "too many quotas:");
}

enum aaa_verdict aaa_set_quota_octets(const struct aaa_value *v)
{
	const struct aaa_quota *was = aaa_find_quota(v->set, (enum quota_way)v->min, QUOTA_SESSION);
	struct aaa_quota q = was ? *was : (struct aaa_quota){.way = (uint8_t)v->min, .period = QUOTA_SESSION};
	uint32_t n;

	if (!aaa_read_u32(v->text, &n))
		return aaa_wrong(v, "no number:");
	q.octets = v->max ? (uint64_t)n << 32 | (uint32_t)q.octets : (q.octets & ~(uint64_t)UINT32_MAX) | n;
	return aaa_put_quota(v->set, &q) ? AAA_TAKEN : aaa_wrong(v, "too many quotas:");
}
