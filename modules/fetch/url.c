#include "modules/fetch/url.h"

#include <string.h>

#define SCHEME "http://"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static bool begins(const char *text, const char *lower_word)
{
	for (; *lower_word; text++, lower_word++)
		if (lower(*text) != *lower_word)
			return false;
	return true;
}

/* Nothing that could end a line or a word of the request. */
static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

static bool is_name(const char *host)
{
	return host[0] && host[strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] == 0;
}

static bool take_host(const char *p, size_t len, struct url *out)
{
	bool is_v6 = len >= 2 && p[0] == '[' && p[len - 1] == ']';
	if (is_v6) {
		p++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(out->host))
		return false;
	for (size_t i = 0; i < len; i++)
		out->host[i] = lower(p[i]);
	out->host[len] = 0;
	out->addr = (struct addr){0};
	if (addr_parse(out->host, &out->addr) != ST_OK)
		out->addr = (struct addr){0};
	return is_v6 ? out->addr.family == 6 : out->addr.family == 4 || is_name(out->host);
}

static bool take_port(const char *p, size_t len, struct url *out)
{
	uint32_t port = 0;
	if (len == 0 || len > 5)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		port = port * 10 + (uint32_t)(p[i] - '0');
	}
	out->port = (uint16_t)port;
	return port > 0 && port <= 0xffff;
}

enum status url_parse(const char *text, struct url *out, const char **words)
{
	*words = "it is too long";
	if (strnlen(text, FETCH_URL_MAX) == FETCH_URL_MAX)
		return ST_CONFIG;
	*words = "it is no http:// URL";
	if (!begins(text, SCHEME))
		return ST_CONFIG;
	*words = "it has characters that do not belong";
	if (!is_printable(text) || strchr(text, '#') || strchr(text, '"'))
		return ST_CONFIG;
	const char *host = text + strlen(SCHEME);
	size_t len = strcspn(host, "/?");
	*words = "a user or password in it is not allowed";
	if (memchr(host, '@', len))
		return ST_CONFIG;
	out->path = host + len;
	out->port = 80;
	/* The port is behind the last colon, unless that is inside of [...]. */
	size_t host_len = len;
	while (host_len > 0 && host[host_len - 1] != ':' && host[host_len - 1] != ']')
		host_len--;
	bool has_port = host_len > 0 && host[host_len - 1] == ':';
	size_t name_len = has_port ? host_len - 1 : len;
	*words = "its port is none";
	if (has_port && !take_port(host + host_len, len - host_len, out))
		return ST_CONFIG;
	*words = "its host is neither a name nor an address";
	if (!take_host(host, name_len, out))
		return ST_CONFIG;
	*words = "";
	return ST_OK;
}

/* ---- addresses ---------------------------------------------------------------------------------- */

static bool is_in(const struct addr *a, const char *prefix)
{
	struct prefix p;
	return prefix_parse(prefix, &p) == ST_OK && prefix_contains(&p, a);
}

struct addr url_inner(const struct addr *a)
{
	static const struct {
		const char *prefix;
		size_t at;
	} forms[] = {{"::ffff:0:0/96", 12}, {"::/96", 12}, {"64:ff9b::/96", 12}, {"64:ff9b:1::/48", 12},
		     {"::ffff:0:0:0/96", 12}, {"2002::/16", 2}};
	for (size_t i = 0; a->family == 6 && i < sizeof(forms) / sizeof(forms[0]); i++)
		if (is_in(a, forms[i].prefix))
			return addr_from(a->b + forms[i].at, 4);
	return (struct addr){0};
}

const char *url_forbidden(const struct addr *a)
{
	static const struct {
		const char *prefix;
		const char *words;
	} rules[] = {
		{"127.0.0.0/8", "it leads to this host itself"},
		{"::1/128", "it leads to this host itself"},
		{"0.0.0.0/8", "it leads to no host"},
		{"::/128", "it leads to no host"},
		{"169.254.0.0/16", "it leads to a link-local address"},
		{"fe80::/10", "it leads to a link-local address"},
		{"224.0.0.0/4", "it leads to a group"},
		{"ff00::/8", "it leads to a group"},
		{"240.0.0.0/4", "it leads to a reserved address"},
	};
	const struct addr inner = url_inner(a);
	if (addr_len(a) == 0)
		return "it leads to no host";
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (is_in(a, rules[i].prefix) || (inner.family && is_in(&inner, rules[i].prefix)))
			return rules[i].words;
	return NULL;
}
