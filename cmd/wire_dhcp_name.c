#include "cmd/wire_dhcp_name.h"

#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/conf/snapshot.h"

struct naming {
	struct list in_list;
	struct wire *wire;
	struct dns_query *query; /* NULL: none is open */
	bool is_wanted;
	char name[DNS_NAME];
	size_t n; /* what it was last */
	struct addr addrs[DNS_ADDRS];
};

static struct naming *find(struct wire *w, const char *name)
{
	LIST_EACH(at, &w->dhcp_names) {
		struct naming *k = CONTAINER_OF(at, struct naming, in_list);
		if (strcmp(k->name, name) == 0)
			return k;
	}
	return NULL;
}

static void learn(struct naming *k, const struct addr *addrs, size_t n)
{
	memcpy(k->addrs, addrs, n * sizeof(*addrs));
	k->n = n;
}

static void on_answer(void *ctx, enum status st, const struct addr *addrs, size_t n)
{
	struct naming *k = ctx;
	k->query = NULL;
	if (st == ST_OK)
		learn(k, addrs, n);
	else
		LOG(EV_DHCP_FAILED, kv_bytes("server", k->name, strlen(k->name)), kv_status("status", st),
		    kv_str("reason", k->n ? "its name is not found any more, the last address is used" : "its name is not found"));
}

static void ask(struct naming *k)
{
	if (!k->query)
		(void)!dns_ask(k->wire->dns, k->name, 4, on_answer, k, &k->query);
}

/* What it is now is for the next client. */
size_t wire_dhcp_name_known(struct wire *w, const char *name, struct addr out[DNS_ADDRS])
{
	size_t n = dns_known(w->dns, name, 4, out);
	struct naming *k = find(w, name);
	if (n || !k || !k->n)
		return n;
	memcpy(out, k->addrs, k->n * sizeof(*out));
	ask(k);
	return k->n;
}

void wire_dhcp_name_learnt(struct wire *w, const char *name, const struct addr *addrs, size_t n)
{
	struct naming *k = find(w, name);
	if (k)
		learn(k, addrs, n);
}

static void want(struct wire *w, const char *name)
{
	struct addr a;
	struct naming *k = find(w, name);
	if (addr_parse(name, &a) == ST_OK || strlen(name) >= DNS_NAME)
		return;
	if (!k) {
		k = mem_new(sizeof(*k));
		if (!k)
			return; /* it is looked up when it is needed */
		k->wire = w;
		memcpy(k->name, name, strlen(name) + 1);
		list_push_back(&w->dhcp_names, &k->in_list);
		ask(k);
	}
	k->is_wanted = true;
}

static void drop_unwanted(struct wire *w)
{
	LIST_EACH_SAFE(at, &w->dhcp_names) {
		struct naming *k = CONTAINER_OF(at, struct naming, in_list);
		if (k->is_wanted)
			continue;
		dns_cancel(k->query);
		list_del(&k->in_list);
		mem_free(k);
	}
}

static void unwant_all(struct wire *w)
{
	LIST_EACH(at, &w->dhcp_names)
		CONTAINER_OF(at, struct naming, in_list)->is_wanted = false;
}

void wire_dhcp_names_configure(struct wire *w, const struct snapshot *s)
{
	unwant_all(w);
	for (size_t i = 0; i < s->authz_count; i++)
		if (s->authz[i].dhcp_server && !s->authz[i].disabled)
			want(w, s->authz[i].dhcp_server);
	drop_unwanted(w);
}

void wire_dhcp_names_close(struct wire *w)
{
	unwant_all(w);
	drop_unwanted(w);
}
