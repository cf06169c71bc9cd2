#include "core/conf/argument.h"

#include <stdio.h>
#include <string.h>

#include "core/crypto/suite.h"

#define NUMBER_DIGITS 12

int strncasecmp_ascii(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char x = a[i], y = b[i];
		x = x >= 'A' && x <= 'Z' ? (char)(x + 'a' - 'A') : x;
		y = y >= 'A' && y <= 'Z' ? (char)(y + 'a' - 'A') : y;
		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

static bool number(struct word w, uint64_t *out)
{
	uint64_t v = 0;
	if (!w.len || w.len > NUMBER_DIGITS)
		return false;
	for (size_t i = 0; i < w.len; i++) {
		if (w.p[i] < '0' || w.p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(w.p[i] - '0');
	}
	*out = v;
	return true;
}

struct take {
	const struct line *l;
	size_t at;
	struct arg *out;
	size_t used;
	const char *type;
	size_t type_len;
};

static bool take_number(struct take *t)
{
	uint64_t lo = 0, hi = 0, *side = &lo;
	for (size_t i = 0; i < t->type_len; i++) {
		if (t->type[i] == '-')
			side = &hi;
		else
			*side = *side * 10 + (uint64_t)(t->type[i] - '0');
	}
	t->out->kind = ARG_NUMBER;
	return number(t->out->word, &t->out->num) && t->out->num >= lo && t->out->num <= hi;
}

/* Everything from the word on, as it stands. */
static struct word rest_of_line(const struct line *l, size_t at)
{
	struct word w = l->w[at];
	w.len = (size_t)(l->p + l->len - w.p);
	return w;
}

static bool take_line(struct take *t)
{
	t->out->kind = ARG_TEXT;
	t->out->word = rest_of_line(t->l, t->at);
	t->used = t->l->n - t->at;
	return memchr(t->out->word.p, '\0', t->out->word.len) == NULL;
}

static bool take_hexline(struct take *t)
{
	if (!take_line(t))
		return false;
	for (size_t i = 0; i < t->out->word.len; i++)
		if (!strchr("0123456789abcdefABCDEF \t", t->out->word.p[i]))
			return false;
	return true;
}

static bool take_word(struct take *t)
{
	struct word *w = &t->out->word;
	t->out->kind = ARG_TEXT;
	if (w->p[0] == '"') {
		if (w->len < 3 || w->p[w->len - 1] != '"' || memchr(w->p + 1, '"', w->len - 2))
			return false;
		w->p++;
		w->len -= 2;
	}
	return w->len <= 255 && memchr(w->p, '\0', w->len) == NULL;
}

static bool take_name(struct take *t)
{
	return take_word(t) && t->out->word.len <= NAME_MAX_LEN;
}

static uint8_t secret_form(struct word w)
{
	if (w.len == 1 && w.p[0] == '0')
		return SECRET_PLAIN;
	if (w.len == 1 && w.p[0] == '6')
		return SECRET_SEALED6;
	if (w.len == 1 && w.p[0] == '7')
		return SECRET_SEALED7;
	return w.len == 3 && memcmp(w.p, "hex", 3) == 0 ? SECRET_HEX : SECRET_NONE;
}

static bool is_hex(struct word w)
{
	for (size_t i = 0; i < w.len; i++) {
		char c = w.p[i];
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
			return false;
	}
	return w.len != 0 && w.len % 2 == 0;
}

static bool take_secret(struct take *t)
{
	uint8_t form = t->at + 1 < t->l->n ? secret_form(t->l->w[t->at]) : SECRET_NONE;
	struct word w = rest_of_line(t->l, form == SECRET_NONE ? t->at : t->at + 1);
	if (form == SECRET_HEX && w.len > 2 && w.p[0] == '0' && (w.p[1] == 'x' || w.p[1] == 'X')) {
		w.p += 2;
		w.len -= 2;
	}
	t->out->kind = ARG_SECRET;
	t->out->form = form == SECRET_NONE ? SECRET_PLAIN : form;
	t->out->word = w;
	t->used = t->l->n - t->at;
	if (form == SECRET_HEX)
		return is_hex(w) && w.len / 2 <= SECRET_MAX_LEN;
	return w.len <= SECRET_MAX_LEN && !memchr(w.p, '\0', w.len) &&
	       !(w.len == strlen(HIDDEN) && memcmp(w.p, HIDDEN, w.len) == 0);
}

/* ^C may be the control character or the two letters that show prints for it. */
static size_t delimiter_len(const char *p, size_t len, bool any)
{
	if (len >= 2 && p[0] == '^' && p[1] == 'C')
		return 2;
	return len && (p[0] == '\x03' || any) ? 1 : 0;
}

static bool take_banner(struct take *t, bool any)
{
	if (!take_line(t))
		return false;
	struct word *w = &t->out->word;
	size_t d = delimiter_len(w->p, w->len, any);
	if (!d)
		return true;
	const char *end = w->len > d ? memmem(w->p + d, w->len - d, w->p, d) : NULL;
	if (!end)
		return false;
	w->len = (size_t)(end - w->p) - d;
	w->p += d;
	return true;
}

bool word_addr(const struct word *w, struct addr *out)
{
	char text[ADDR_TEXT];
	if (w->len >= sizeof(text))
		return false;
	memcpy(text, w->p, w->len);
	text[w->len] = '\0';
	return strlen(text) == w->len && addr_parse(text, out) == ST_OK;
}

static bool take_addr(struct take *t, unsigned families)
{
	t->out->kind = ARG_ADDR;
	return word_addr(&t->out->word, &t->out->addr) && (families & (t->out->addr.family == 4 ? 1u : 2u)) != 0;
}

static bool take_mask(struct take *t, bool wild)
{
	if (!take_addr(t, 1))
		return false;
	struct addr m = t->out->addr;
	for (size_t i = 0; i < 4 && wild; i++)
		m.b[i] = (uint8_t)~m.b[i];
	return mask_to_len(&m, &t->out->prefix.len) == ST_OK;
}

static bool take_prefix(struct take *t, uint8_t family)
{
	char text[PREFIX_TEXT];
	struct word w = t->out->word;
	if (w.len >= sizeof(text) || !memchr(w.p, '/', w.len))
		return false;
	memcpy(text, w.p, w.len);
	text[w.len] = '\0';
	t->out->kind = ARG_PREFIX;
	return strlen(text) == w.len && prefix_parse(text, &t->out->prefix) == ST_OK &&
	       t->out->prefix.addr.family == family;
}

/* Exact word, or unique prefix of the words of this type. */
static bool take_transform(struct take *t, enum xf_type type)
{
	const struct xf *found = NULL;
	struct word w = t->out->word;
	for (const struct xf *x = suite_next(type, NULL); x; x = suite_next(type, x)) {
		if (!x->keyword || !x->for_ike || strncmp(x->keyword, w.p, w.len) != 0)
			continue;
		if (strlen(x->keyword) == w.len) {
			found = x;
			break;
		}
		if (type == XF_DH)
			continue; /* 2 is not short for 21 */
		if (found)
			return false;
		found = x;
	}
	t->out->kind = ARG_TRANSFORM;
	t->out->xf = found;
	return found != NULL;
}

static const char *const iface_names[] = {[IFACE_TEMPLATE] = "Virtual-Template",
	[IFACE_TUNNEL] = "Tunnel",
	[IFACE_LOOPBACK] = "Loopback"};

const char *iface_kind_name(uint8_t kind)
{
	return iface_names[kind];
}

bool iface_name_parse(const char *p, size_t len, uint8_t *kind, uint32_t *num)
{
	size_t letters = 0;
	while (letters < len && p[letters] != ' ' && p[letters] != '\t' &&
		(p[letters] < '0' || p[letters] > '9'))
		letters++;
	size_t from = letters;
	while (from < len && (p[from] == ' ' || p[from] == '\t'))
		from++;
	uint64_t n;
	if (letters < 2 || !number((struct word){p + from, len - from, 0}, &n) || n > INT32_MAX)
		return false;
	for (uint8_t k = IFACE_TEMPLATE; k <= IFACE_LOOPBACK; k++)
		if (letters <= strlen(iface_names[k]) &&
			strncasecmp_ascii(iface_names[k], p, letters) == 0) {
			*kind = k;
			*num = (uint32_t)n;
			return true;
		}
	return false;
}

static bool take_iface(struct take *t)
{
	struct word *w = &t->out->word;
	t->out->kind = ARG_TEXT;
	bool has_digit = w->p[w->len - 1] >= '0' && w->p[w->len - 1] <= '9';
	if (!has_digit && t->at + 1 < t->l->n && t->l->w[t->at + 1].p[0] >= '0' &&
		t->l->w[t->at + 1].p[0] <= '9') {
		const struct word *next = &t->l->w[t->at + 1];
		w->len = (size_t)(next->p + next->len - w->p);
		t->used = 2;
	}
	return w->len <= NAME_MAX_LEN && !memchr(w->p, '\0', w->len);
}

static bool is_type(const struct take *t, const char *name)
{
	return strlen(name) == t->type_len && memcmp(name, t->type, t->type_len) == 0;
}

/* As long as a unix socket's may be, and one word wherever it stands. */
#define PATH_MAX_LEN 107

static bool take_path(struct take *t)
{
	if (!take_word(t))
		return false;
	struct word w = t->out->word;
	if (w.len < 2 || w.len > PATH_MAX_LEN || w.p[0] != '/')
		return false;
	for (size_t i = 0; i < w.len; i++)
		if (w.p[i] <= ' ' || w.p[i] > '~' || w.p[i] == '"')
			return false;
	return true;
}

static bool take_text(struct take *t, const char **what)
{
	*what = "a word";
	if (is_type(t, "name")) {
		*what = "a name of at most 63 characters";
		return take_name(t);
	}
	if (is_type(t, "line"))
		return take_line(t);
	if (is_type(t, "hexline")) {
		*what = "bytes in hex, or quit";
		return take_hexline(t);
	}
	if (is_type(t, "secret")) {
		*what = "a secret of at most 256 bytes (0 TEXT, 6 TEXT or hex DIGITS)";
		return take_secret(t);
	}
	if (is_type(t, "banner") || is_type(t, "anybanner")) {
		*what = "a text, or ^C text ^C";
		return take_banner(t, t->type[0] == 'a');
	}
	if (is_type(t, "iface")) {
		*what = "an interface name";
		return take_iface(t);
	}
	if (is_type(t, "path")) {
		*what = "an absolute path of at most 107 characters";
		return take_path(t);
	}
	return take_word(t);
}

static bool take_any(struct take *t, const char **what)
{
	*what = "an IPv4 address";
	if (is_type(t, "ip4"))
		return take_addr(t, 1);
	*what = "an IPv6 address";
	if (is_type(t, "ip6"))
		return take_addr(t, 2);
	*what = "an IP address";
	if (is_type(t, "ip"))
		return take_addr(t, 3);
	*what = "a mask such as 255.255.255.0";
	if (is_type(t, "mask"))
		return take_mask(t, false);
	*what = "contiguous wildcard bits such as 0.0.0.255";
	if (is_type(t, "wild"))
		return take_mask(t, true);
	*what = "an IPv6 prefix such as 2001:db8::/32";
	if (is_type(t, "prefix6"))
		return take_prefix(t, 6);
	*what = "an IPv4 prefix such as 10.0.0.0/8";
	if (is_type(t, "prefix4"))
		return take_prefix(t, 4);
	*what = "an encryption algorithm such as aes-gcm-256";
	if (is_type(t, "encr"))
		return take_transform(t, XF_ENCR);
	*what = "an integrity algorithm such as sha256";
	if (is_type(t, "integ"))
		return take_transform(t, XF_INTEG);
	*what = "a PRF such as sha256";
	if (is_type(t, "prf"))
		return take_transform(t, XF_PRF);
	*what = "a group this version can do: 19 20 21 14 15 16 31 (24 5 2 only when named)";
	if (is_type(t, "dh"))
		return take_transform(t, XF_DH);
	return take_text(t, what);
}

bool argument_take(
	const char *g, const struct line *l, size_t at, struct arg *out, size_t *used, char *expect)
{
	size_t key_len = strcspn(g + 1, ":>");
	const char *type = g + 1 + key_len + 1;
	size_t type_len = strcspn(type, ">");
	*out = (struct arg){.key = {g + 1, key_len, 0}};
	struct take t = {
		.l = l, .at = at, .out = out, .used = 1, .type = type, .type_len = type_len};
	const char *what = NULL;
	bool is_number = type[0] >= '0' && type[0] <= '9', fits = false;
	if (at < l->n) {
		out->word = l->w[at];
		fits = is_number ? take_number(&t) : take_any(&t, &what);
	} else if (!is_number) {
		struct line none = {.n = 1, .p = "?", .len = 1, .w = {{"?", 1, 0}}};
		struct arg scratch = {.word = none.w[0]};
		struct take nothing = {&none, 0, &scratch, 1, type, type_len};
		(void)take_any(&nothing, &what);
	}
	*used = t.used;
	if (!fits && expect && is_number)
		snprintf(expect, CONF_TEXT, "a number %.*s", (int)type_len, type);
	else if (!fits && expect)
		snprintf(expect, CONF_TEXT, "%s", what);
	return fits;
}

void argument_near(const char *g, const struct word *w, char *near, size_t cap)
{
	static const struct {
		const char *name;
		enum xf_type type;
	} lists[] = {{":encr>", XF_ENCR}, {":integ>", XF_INTEG}, {":prf>", XF_PRF}};
	const char *type = g + strcspn(g, ":>");
	size_t best = 3;
	near[0] = '\0';
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (strncmp(type, lists[i].name, strlen(lists[i].name)) != 0)
			continue;
		for (const struct xf *x = suite_next(lists[i].type, NULL); x;
			x = suite_next(lists[i].type, x)) {
			if (!x->keyword || !x->for_ike)
				continue;
			size_t d = word_distance(w->p, w->len, x->keyword, strlen(x->keyword), 2);
			if (d < best) {
				best = d;
				snprintf(near, cap, "%s", x->keyword);
			}
		}
	}
}
