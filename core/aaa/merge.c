#include "core/aaa/merge.h"

#include <stdio.h>
#include <string.h>

#include "core/aaa/items.h"

static bool add_nets(struct aaa_set *s, enum aaa_item item, const struct aaa_nets *more)
{
	for (size_t i = 0; i < more->n; i++)
		if (!aaa_put_net(s, item, &more->v[i]))
			return false;
	return true;
}

static bool add_names(struct aaa_set *s, enum aaa_item item, const struct aaa_names *more)
{
	for (size_t i = 0; i < more->n; i++)
		if (!aaa_put_name(s, item, more->v[i]))
			return false;
	return true;
}

static bool add_classes(struct aaa_set *s, const struct aaa_class *more)
{
	struct view all = {more->bytes, more->len}, one;

	for (size_t at = 0; aaa_class_next(all, &at, &one);)
		if (!aaa_put_class(s, one.p, one.len))
			return false;
	return true;
}

/* What the stronger source says of the same octets and time counts as a whole. */
static bool add_quotas(struct aaa_set *s, const struct aaa_quotas *more)
{
	for (size_t i = 0; i < more->n; i++) {
		const struct aaa_quota *q = &more->v[i];
		if (!aaa_find_quota(s, (enum quota_way)q->way, (enum quota_period)q->period) && !aaa_put_quota(s, q))
			return false;
	}
	return true;
}

static bool add_one(struct aaa_set *s, enum aaa_item item, const void *value)
{
	if (aaa_has(s, item))
		return true;
	memcpy(aaa_item_at(s, item), value, aaa_item_row(item)->size);
	s->has |= AAA_BIT(item);
	return true;
}

static bool add(struct aaa_set *s, enum aaa_item item, const struct aaa_set *weak)
{
	const struct aaa_item_row *row = aaa_item_row(item);
	const void *value = (const char *)weak + row->at;

	switch (row->how) {
	case AAA_HOW_NETS: return add_nets(s, item, value);
	case AAA_HOW_NAMES: return add_names(s, item, value);
	case AAA_HOW_CLASS: return add_classes(s, value);
	case AAA_HOW_QUOTAS: return add_quotas(s, value);
	default: return add_one(s, item, value);
	}
}

/* What belongs together is overridden together: a filter of lines for IPv4 and one by name for IPv6 of two
 * sources are two filters, but an address of one source with the length of another would be neither's. */
static uint64_t taken_with(const struct aaa_set *s)
{
	return (aaa_has(s, AV_IP6) ? AAA_BIT(AV_IP6_LEN) : 0) | (aaa_has(s, AV_LOGINS) ? AAA_BIT(AV_LOGINS_REFUSE) : 0);
}

enum status aaa_merge_under(struct aaa_set *s, const struct aaa_set *weak, char why[AAA_WHY])
{
	uint64_t left = weak->has & ~taken_with(s);

	for (int i = 0; i < AV_ITEMS; i++) {
		if (!(left & AAA_BIT(i)) || add(s, (enum aaa_item)i, weak))
			continue;
		snprintf(why, AAA_WHY, "there are more of %s than there is room for", aaa_item_words((enum aaa_item)i));
		return ST_LIMIT;
	}
	return ST_OK;
}

enum status aaa_merge(const struct aaa_sources *from, struct aaa_set *out, char why[AAA_WHY])
{
	const struct aaa_set *order[3] = {from->user, from->cached, from->group};
	enum status st = ST_OK;

	if (from->override) {
		order[0] = from->group;
		order[1] = from->user;
		order[2] = from->cached;
	}
	for (int i = 0; i < 3 && st == ST_OK; i++)
		st = order[i] ? aaa_merge_under(out, order[i], why) : ST_OK;
	return st;
}

void aaa_set_login_only(struct aaa_set *s)
{
	s->has &= AAA_BIT(AV_TIMEOUT) | AAA_BIT(AV_IDLE) | AAA_BIT(AV_REAUTH) | AAA_BIT(AV_INTERIM) |
		AAA_BIT(AV_USER_NAME) | AAA_BIT(AV_CUI) | AAA_BIT(AV_REPLY) | AAA_BIT(AV_CLASS) |
		AAA_BIT(AV_STATE) | AAA_BIT(AV_LOGINS) | AAA_BIT(AV_QUOTA);
}

bool aaa_wants_user(const struct aaa_set *cached)
{
	return !cached || !cached->has || !aaa_has(cached, AV_IP4);
}
