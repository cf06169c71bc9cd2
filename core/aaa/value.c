#include "core/aaa/value.h"

#include <stdio.h>
#include <string.h>

#include "core/aaa/filter.h"
#include "core/aaa/items.h"
#include "core/base/log.h"
#include "core/base/mem.h"

#define PICK_BY_NAS  0xfffffffeu /* RFC 2865 5.8 */
#define PICK_BY_USER 0xffffffffu

char *aaa_shown(const char *text, char *out, size_t cap)
{
	escape_bytes(out, cap, text, strlen(text));
	return out;
}

enum aaa_verdict aaa_wrong(const struct aaa_value *v, const char *what)
{
	char shown[64];

	snprintf(v->why, AAA_WHY, "%.48s: %s \"%s\"", v->name, what, aaa_shown(v->text, shown, sizeof(shown)));
	return AAA_WRONG;
}

enum aaa_verdict aaa_unsupported(const struct aaa_value *v, const char *what)
{
	(void)aaa_wrong(v, what);
	return AAA_UNSUPPORTED;
}

bool aaa_is_name(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return len > 0 && len < AAA_NAME;
}

bool aaa_read_u32(const char *text, uint32_t *out)
{
	uint64_t v = 0;
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(text[i] - '0');
		if (v > UINT32_MAX)
			return false;
	}
	*out = (uint32_t)v;
	return len > 0;
}

char *aaa_next_word(char **at, const char *blanks)
{
	char *word = *at + strspn(*at, blanks);
	size_t len = strcspn(word, blanks);

	if (len == 0)
		return NULL;
	*at = word + len;
	if (**at)
		*(*at)++ = '\0';
	return word;
}

bool aaa_is_host(const struct addr *a)
{
	const struct prefix loop4 = {addr_v4(0x7f000000), 8}, zero4 = {addr_v4(0), 8},
			    low6 = {.addr = {.family = 6}, .len = 96}; /* ::, ::1 */

	return a->family && !addr_is_any(a) && !addr_is_multicast(a) && !addr_is_link_local(a) &&
	       !prefix_contains(&loop4, a) && !prefix_contains(&zero4, a) && !prefix_contains(&low6, a);
}

static enum aaa_verdict put_value(const struct aaa_value *v, const void *value, size_t len)
{
	memcpy(aaa_item_at(v->set, v->item), value, len);
	v->set->has |= AAA_BIT(v->item);
	return AAA_TAKEN;
}

/* ---- texts ---------------------------------------------------------------------------------- */

enum aaa_verdict aaa_set_name(const struct aaa_value *v)
{
	if (!aaa_is_name(v->text))
		return aaa_wrong(v, "no name of an object:");
	return aaa_put_text(v->set, v->item, v->text) ? AAA_TAKEN : aaa_wrong(v, "too long:");
}

enum aaa_verdict aaa_set_text(const struct aaa_value *v)
{
	if (!v->text[0])
		return aaa_wrong(v, "empty:");
	return aaa_put_text(v->set, v->item, v->text) ? AAA_TAKEN : aaa_wrong(v, "too long:");
}

enum aaa_verdict aaa_set_word(const struct aaa_value *v)
{
	if (!v->text[0] || strpbrk(v->text, " \t\r\n,"))
		return aaa_wrong(v, "one word is wanted, not");
	return aaa_set_text(v);
}

enum aaa_verdict aaa_set_more(const struct aaa_value *v)
{
	char *has = aaa_item_at(v->set, v->item);
	size_t len = strlen(has), size = aaa_item_row(v->item)->size;

	if (len + strlen(v->text) >= size) /* nobody is refused for a long greeting */
		return v->item == AV_REPLY ? AAA_TAKEN : aaa_wrong(v, "too long:");
	snprintf(has + len, size - len, "%s", v->text);
	v->set->has |= AAA_BIT(v->item);
	return AAA_TAKEN;
}

enum aaa_verdict aaa_set_joined(const struct aaa_value *v)
{
	char copy[AAA_JOINED], *at = copy, *word;
	size_t n = 0;

	if (strlen(v->text) >= sizeof(copy))
		return aaa_wrong(v, "too long:");
	snprintf(copy, sizeof(copy), "%s", v->text);
	for (; (word = aaa_next_word(&at, " ,;\t\r\n")) != NULL; n++)
		if (!aaa_put_joined(v->set, v->item, word))
			return aaa_wrong(v, "more than 10, or too long:");
	return n ? AAA_TAKEN : aaa_wrong(v, "no name in");
}

/* Never into a sentence. */
enum aaa_verdict aaa_set_key(const struct aaa_value *v)
{
	struct aaa_key *k = aaa_item_at(v->set, v->item);
	size_t len = strlen(v->text);

	if (len == 0 || len > AAA_KEY) {
		snprintf(v->why, AAA_WHY, "%.48s: a key of %zu characters", v->name, len);
		return AAA_WRONG;
	}
	mem_zero(k, sizeof(*k));
	memcpy(k->bytes, v->text, len);
	k->len = (uint16_t)len;
	v->set->has |= AAA_BIT(v->item);
	return AAA_TAKEN;
}

bool aaa_put_key(struct aaa_set *s, const void *key, size_t len)
{
	if (len == 0 || len > AAA_KEY)
		return false;
	s->key_local = (struct aaa_key){.len = (uint16_t)len};
	memcpy(s->key_local.bytes, key, len);
	s->key_remote = s->key_local;
	s->has |= AAA_BIT(AV_KEY_LOCAL) | AAA_BIT(AV_KEY_REMOTE);
	return true;
}

/* ---- numbers -------------------------------------------------------------------------------- */

enum aaa_verdict aaa_set_u32(const struct aaa_value *v)
{
	uint32_t n;

	if (!aaa_read_u32(v->text, &n))
		return aaa_wrong(v, "no number:");
	if (n < v->min || n > v->max)
		return aaa_wrong(v, "a number that is not possible:");
	return put_value(v, &n, sizeof(n));
}

enum aaa_verdict aaa_set_flag(const struct aaa_value *v)
{
	bool on = strcmp(v->text, "1") == 0;

	if (!on && strcmp(v->text, "0") != 0)
		return aaa_wrong(v, "0 or 1 is wanted, not");
	return put_value(v, &on, sizeof(on));
}

/* ---- addresses ------------------------------------------------------------------------------ */

enum aaa_verdict aaa_set_ip4(const struct aaa_value *v)
{
	struct addr a;

	if (addr_parse(v->text, &a) != ST_OK || a.family != 4 || !aaa_is_host(&a))
		return aaa_wrong(v, "no IPv4 address:");
	return put_value(v, &a, sizeof(a));
}

enum aaa_verdict aaa_set_framed4(const struct aaa_value *v)
{
	const struct addr nas = addr_v4(PICK_BY_NAS), user = addr_v4(PICK_BY_USER), none = {0};
	struct addr a;

	if (addr_parse(v->text, &a) != ST_OK || a.family != 4)
		return aaa_wrong(v, "no IPv4 address:");
	if (addr_eq(&a, &nas) || addr_eq(&a, &user))
		return put_value(v, &none, sizeof(none));
	return aaa_is_host(&a) ? put_value(v, &a, sizeof(a)) : aaa_wrong(v, "no client can have");
}

enum aaa_verdict aaa_set_framed6(const struct aaa_value *v)
{
	struct addr a;

	if (addr_parse(v->text, &a) != ST_OK || a.family != 6)
		return aaa_wrong(v, "no IPv6 address:");
	return aaa_is_host(&a) ? put_value(v, &a, sizeof(a)) : aaa_wrong(v, "no client can have");
}

enum aaa_verdict aaa_set_len6(const struct aaa_value *v)
{
	uint32_t n;

	if (!aaa_read_u32(v->text, &n) || n < 1 || n > 128)
		return aaa_wrong(v, "no length of a prefix:");
	return put_value(v, &(uint8_t){(uint8_t)n}, 1);
}

enum aaa_verdict aaa_set_mask(const struct aaa_value *v)
{
	struct addr a;
	uint8_t len;

	if (addr_parse(v->text, &a) != ST_OK || a.family != 4 || mask_to_len(&a, &len) != ST_OK)
		return aaa_wrong(v, "no netmask:");
	return put_value(v, &len, 1);
}

enum aaa_verdict aaa_set_server(const struct aaa_value *v)
{
	struct addr *all = aaa_item_at(v->set, v->item), a;
	uint32_t at = v->index ? v->index - 1 : 0;

	if (addr_parse(v->text, &a) != ST_OK || a.family != v->min || addr_is_any(&a) || addr_is_multicast(&a))
		return aaa_wrong(v, "no address of a server:");
	while (!v->index && at < v->max && all[at].family)
		at++;
	if (at >= v->max)
		return aaa_wrong(v, "too many servers:");
	all[at] = a;
	v->set->has |= AAA_BIT(v->item);
	return AAA_TAKEN;
}

enum aaa_verdict aaa_set_servers(const struct aaa_value *v)
{
	char copy[AAA_TEXT], *at = copy, *word;
	size_t n = 0;

	if (strlen(v->text) >= sizeof(copy))
		return aaa_wrong(v, "too long:");
	snprintf(copy, sizeof(copy), "%s", v->text);
	memset(aaa_item_at(v->set, v->item), 0, aaa_item_row(v->item)->size);
	/* R-RAD-30: the separator is printed as " *" */
	for (; (word = aaa_next_word(&at, " ,*\t")) != NULL; n++) {
		struct aaa_value one = *v;
		one.text = word;
		one.index = 0;
		enum aaa_verdict what = aaa_set_server(&one);
		if (what != AAA_TAKEN)
			return what;
	}
	return n ? AAA_TAKEN : aaa_wrong(v, "no address in");
}

/* ---- filters -------------------------------------------------------------------------------- */

static bool cut_suffix(char *name, const char *suffix)
{
	size_t len = strlen(name), n = strlen(suffix);

	if (len <= n || strcmp(name + len - n, suffix) != 0)
		return false;
	name[len - n] = '\0';
	return true;
}

enum aaa_verdict aaa_set_filter(const struct aaa_value *v)
{
	enum aaa_filter which = (enum aaa_filter)(v->item - AV_FILTER_IN4);
	char name[AAA_TEXT];

	snprintf(name, sizeof(name), "%s", v->text);
	if (!cut_suffix(name, ".in") && cut_suffix(name, ".out"))
		which = which == AAA_IN6 || which == AAA_OUT6 ? AAA_OUT6 : AAA_OUT4;
	return aaa_filter_put_name(v->set, which, name, v->why) ? AAA_TAKEN : AAA_WRONG;
}
