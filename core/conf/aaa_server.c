#include "core/conf/aaa_server.h"

#include <stdio.h>
#include <string.h>

#include "core/conf/argument.h"
#include "core/wire/gateway.h"

/* A name has a letter in it: 10.0.0.256 is a mistake, not a name. */
static bool is_name(const struct word *w)
{
	if (!gateway_name_is_valid(w->p, w->len))
		return false;
	for (size_t i = 0; i < w->len; i++)
		if (!strchr("0123456789.", w->p[i]))
			return true;
	return false;
}

bool aaa_server_host(struct cmd_call *c, const struct arg *a, char **host, struct addr *addr)
{
	char text[ADDR_TEXT];
	struct addr parsed;
	if (!word_addr(&a->word, &parsed))
		parsed = (struct addr){0};
	if (parsed.family == 0 && !is_name(&a->word)) {
		cmd_error(c, a, "neither an address nor the name of a host:", "");
		return false;
	}
	if (parsed.family && (addr_is_any(&parsed) || addr_is_multicast(&parsed) ||
				     addr_is_link_local(&parsed))) {
		cmd_error(c, a, "no server can have this address:", "");
		return false;
	}
	if (parsed.family)
		addr_format(&parsed, text);
	*addr = parsed;
	*host = parsed.family ? arena_strndup(c->arena, text, strlen(text)) : cmd_text(c, a);
	return true;
}

/* Of what the line says alone, so that printing and reading it gives the same name. */
static bool name_it(struct cmd_call *c, const struct arg *a, struct radius_server *r)
{
	char text[NAME_MAX_LEN + 1];
	if (!r->host)
		return true; /* out of memory, which is said at the end */
	bool is_usual = r->auth_port == RADIUS_AUTH_PORT;
	const char *open = !is_usual && r->addr.family == 6 ? "[" : "";
	int n = is_usual ? snprintf(text, sizeof(text), "%s", r->host)
			 : snprintf(text, sizeof(text), "%s%s%s:%u", open, r->host,
				   *open ? "]" : "", r->auth_port);
	if (n < 0 || (size_t)n >= sizeof(text)) {
		cmd_error(c, a, "too long for the name of a server:", "write `radius server NAME`");
		return false;
	}
	r->name = arena_strndup(c->arena, text, (size_t)n);
	return true;
}

bool aaa_server_read(struct cmd_call *c, struct radius_server *r)
{
	const struct arg *host = cmd_arg(c, "host"), *auth = cmd_arg(c, "auth"),
			 *acct = cmd_arg(c, "acct"), *timeout = cmd_arg(c, "timeout"),
			 *retransmit = cmd_arg(c, "retransmit"), *key = cmd_arg(c, "key");
	*r = (struct radius_server){
		.auth_port = auth ? (uint32_t)auth->num : RADIUS_AUTH_PORT,
		.acct_port = acct ? (uint32_t)acct->num : RADIUS_ACCT_PORT,
		.timeout_s = timeout ? (uint32_t)timeout->num : INHERIT,
		.retransmit = retransmit ? (uint32_t)retransmit->num : INHERIT,
	};
	if (!aaa_server_host(c, host, &r->host, &r->addr) || !name_it(c, host, r))
		return false;
	if (key)
		set_secret(c, &r->key, key);
	return true;
}

static void number(struct cout *o, const char *word, uint32_t n)
{
	cout_str(o, word);
	cout_u32(o, n);
}

void aaa_server_print_ports(
	struct cout *o, const struct radius_server *r, uint32_t none_auth, uint32_t none_acct)
{
	if (r->auth_port != none_auth)
		number(o, " auth-port ", r->auth_port);
	if (r->acct_port != none_acct)
		number(o, " acct-port ", r->acct_port);
}

void aaa_server_print(struct cout *o, const struct radius_server *r)
{
	cout_word(o, r->host);
	aaa_server_print_ports(o, r, RADIUS_AUTH_PORT, RADIUS_ACCT_PORT);
	if (r->timeout_s != INHERIT)
		number(o, " timeout ", r->timeout_s);
	if (r->retransmit != INHERIT)
		number(o, " retransmit ", r->retransmit);
	if (r->key.form) {
		cout_str(o, " key");
		cout_secret(o, &r->key);
	}
}

bool aaa_server_fits(struct cmd_call *c, const struct arg *at)
{
	const struct snapshot *s = c->s;
	size_t n = s->radius_server_count;
	for (size_t i = 0; i < s->aaa_group_count; i++)
		for (size_t k = 0; k < s->aaa_groups[i].member_count; k++)
			n += s->aaa_groups[i].members[k].kind == MEMBER_PRIVATE;
	if (n < CONF_RADIUS_SERVERS)
		return true;
	cmd_error(c, at, "too many RADIUS servers, 64 at most with private ones:", "");
	return false;
}
