#include "core/conf/aaa.h"

#include <string.h>

const char *aaa_method_group(const char *method)
{
	static const char group[] = "group ";
	size_t n = sizeof(group) - 1;
	return strncmp(method, group, n) == 0 && method[n] ? method + n : NULL;
}

/* A port that was not said fits any. */
static bool is_meant(const struct radius_server *r, const struct radius_server *want)
{
	return r->host && strcmp(r->host, want->host) == 0 &&
	       (!want->auth_port || r->auth_port == want->auth_port) &&
	       (!want->acct_port || r->acct_port == want->acct_port);
}

const struct radius_server *aaa_member_server(const struct snapshot *s, const struct aaa_member *m)
{
	if (m->kind == MEMBER_NAME)
		return snapshot_radius_server(s, m->name);
	if (m->kind == MEMBER_PRIVATE)
		return &m->server;
	for (size_t i = 0; i < s->radius_server_count; i++)
		if (is_meant(&s->radius_servers[i], &m->server))
			return &s->radius_servers[i];
	return NULL;
}

static const struct secret *first_usable(const struct secret *own, const struct secret *wider)
{
	const struct secret *key = own->form != SECRET_NONE ? own : wider;
	return secret_usable(key) ? key : NULL;
}

const struct secret *aaa_server_key(const struct snapshot *s, const struct radius_server *r)
{
	static uint8_t radsec[] = {'r', 'a', 'd', 's', 'e', 'c'};
	static const struct secret by_tls = {radsec, sizeof(radsec), SECRET_PLAIN}; /* RFC 6614 2.3 */
	return first_usable(&r->key, r->tls.on ? &by_tls : &s->radius.key);
}

const struct secret *aaa_dynauth_key(
	const struct dynauth *d, const struct dynauth_client *client)
{
	return first_usable(&client->key, &d->key);
}

const struct aaa_list *aaa_list_used(const struct snapshot *s, enum aaa_kind kind, const char *name)
{
	const struct aaa_list *l = snapshot_aaa_list(s, kind, name);
	return l ? l : snapshot_aaa_list(s, kind, "default");
}

bool aaa_list_asks_radius(const struct aaa_list *list)
{
	for (size_t i = 0; list && i < list->methods.n; i++) {
		const char *method = list->methods.v[i];
		if (aaa_method_group(method))
			return true;
		if (strcmp(method, "local") == 0 || strcmp(method, "none") == 0)
			return false;
	}
	return false;
}
