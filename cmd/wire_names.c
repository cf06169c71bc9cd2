#include "cmd/wire_names.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"

#define RETRY_S  10 /* name servers do not answer */
#define LOOKUP_S 60 /* what they say to be good for longer is not asked for again */

struct name {
	struct list in_list;
	struct wire_names *names;
	char host[DNS_NAME];
	struct dns_query *query[2]; /* by family: 4, 6 */
	size_t n[2];
	struct addr addrs[2][DNS_ADDRS];
	uint64_t due; /* wire->seconds */
	bool is_wanted;
};

/* A server of names may give the same ones in another order each time. */
static bool are_known(const struct name *n, int six, const struct addr *addrs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool is_known = false;
		for (size_t k = 0; k < n->n[six]; k++)
			is_known |= addr_eq(&n->addrs[six][k], &addrs[i]);
		if (!is_known)
			return false;
	}
	return count == n->n[six];
}

static void take(struct name *n, int six, enum status st, const struct addr *addrs, size_t count)
{
	n->query[six] = NULL;
	if (st != ST_OK && st != ST_NOT_FOUND) {
		/* Those of before are better than none. */
		n->due = n->names->wire->seconds + RETRY_S;
		return;
	}
	count = st == ST_OK ? count : 0;
	if (are_known(n, six, addrs, count))
		return;
	n->n[six] = count;
	if (count)
		memcpy(n->addrs[six], addrs, count * sizeof(*addrs));
	n->names->changed(n->names->wire);
}

static void on_ip4(void *ctx, enum status st, const struct addr *addrs, size_t n)
{
	take(ctx, 0, st, addrs, n);
}

static void on_ip6(void *ctx, enum status st, const struct addr *addrs, size_t n)
{
	take(ctx, 1, st, addrs, n);
}

static void look_up(struct name *n)
{
	struct dns *dns = n->names->wire->dns;
	n->due = n->names->wire->seconds + LOOKUP_S;
	if (!n->query[0] && dns_ask(dns, n->host, 4, on_ip4, n, &n->query[0]) != ST_OK)
		n->query[0] = NULL;
	if (!n->query[1] && dns_ask(dns, n->host, 6, on_ip6, n, &n->query[1]) != ST_OK)
		n->query[1] = NULL;
}

static struct name *find(const struct wire_names *names, const char *host)
{
	LIST_EACH(at, &names->list) {
		struct name *n = CONTAINER_OF(at, struct name, in_list);
		if (strcmp(n->host, host) == 0)
			return n;
	}
	return NULL;
}

void wire_names_init(struct wire_names *n, struct wire *w, void (*changed)(struct wire *w))
{
	n->wire = w;
	n->changed = changed;
	list_init(&n->list);
}

void wire_names_begin(struct wire_names *n)
{
	LIST_EACH(at, &n->list)
		CONTAINER_OF(at, struct name, in_list)->is_wanted = false;
}

void wire_names_want(struct wire_names *names, const char *host)
{
	struct name *n = find(names, host);
	if (!n) {
		n = strlen(host) < sizeof(n->host) ? mem_new(sizeof(*n)) : NULL;
		if (!n)
			return;
		n->names = names;
		snprintf(n->host, sizeof(n->host), "%s", host);
		list_push_back(&names->list, &n->in_list);
		look_up(n);
	}
	n->is_wanted = true;
}

void wire_names_end(struct wire_names *names)
{
	LIST_EACH_SAFE(at, &names->list) {
		struct name *n = CONTAINER_OF(at, struct name, in_list);
		if (n->is_wanted)
			continue;
		dns_cancel(n->query[0]);
		dns_cancel(n->query[1]);
		list_del(&n->in_list);
		mem_free(n);
	}
}

size_t wire_names_find(const struct wire_names *names, const char *host, uint8_t family, struct addr out[NAMES_ADDRS])
{
	const struct name *n = find(names, host);
	size_t found = 0;
	for (int six = 0; n && six < 2; six++)
		for (size_t i = 0; i < n->n[six]; i++)
			if (!family || family == n->addrs[six][i].family)
				out[found++] = n->addrs[six][i];
	return found;
}

void wire_names_second(struct wire_names *names)
{
	LIST_EACH(at, &names->list) {
		struct name *n = CONTAINER_OF(at, struct name, in_list);
		if (n->due <= names->wire->seconds)
			look_up(n);
	}
}

void wire_names_close(struct wire_names *names)
{
	wire_names_begin(names);
	wire_names_end(names);
}
