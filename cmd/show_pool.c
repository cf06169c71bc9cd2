/* show ip local pool: both families, with what is lent; a pool that was removed is listed until its
 * last address comes back. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/show.h"
#include "core/session/session.h"

static void text_pool(struct out *out, const struct lease_pool_info *p)
{
	char free_count[24] = "-"; /* only the server knows */
	if (!p->is_dhcp)
		snprintf(free_count, sizeof(free_count), "%" PRIu64, p->total > p->in_use ? p->total - p->in_use : 0);
	out_printf(out, " %-24s %-4s %-16s %12s %12" PRIu64 " %12" PRIu64 " %12" PRIu64 "%s\n", p->name,
		   p->family == 4 ? "IPv4" : "IPv6", p->ivrf[0] ? p->ivrf : "none", free_count,
		   p->in_use + p->outside, p->peak, p->exhausted, p->is_gone ? "  removed" : p->is_dhcp ? "  of the server" : "");
}

static void json_pool(struct out *out, const struct lease_pool_info *p)
{
	js_open(out, NULL);
	js_str(out, "name", p->name);
	js_u64(out, "family", p->family);
	js_str(out, "ivrf", p->ivrf[0] ? p->ivrf : "none");
	js_bool(out, "removed", p->is_gone);
	js_bool(out, "dhcp", p->is_dhcp);
	js_u64(out, "total", p->total);
	js_u64(out, "in_use", p->in_use);
	js_u64(out, "in_use_outside", p->outside);
	js_u64(out, "peak", p->peak);
	js_u64(out, "taken", p->taken);
	js_u64(out, "exhausted", p->exhausted);
	js_close(out);
}

static void print_pool(struct out *out, const struct lease_pool_info *p)
{
	if (out->json)
		json_pool(out, p);
	else
		text_pool(out, p);
}

static bool is_known(const struct world *w, const char *name, uint8_t family)
{
	struct lease_pool_info p;
	size_t cursor = 0;
	while (sessions_next_pool(w->sessions, &cursor, &p))
		if (p.family == family && strcmp(p.name, name) == 0)
			return true;
	return false;
}

/* The leases learn of a pool with the first question; before, the configuration speaks for it. */
static size_t print_unasked(const struct world *w, struct out *out, const char *name, uint8_t family,
			    const char *wanted)
{
	struct lease_pool_info p = {.family = family};
	if ((wanted && strcmp(wanted, name) != 0) || is_known(w, name, family))
		return 0;
	snprintf(p.name, sizeof(p.name), "%s", name);
	if (out->json)
		json_pool(out, &p);
	else
		out_printf(out, " %-24s %-4s nobody has asked yet\n", name, family == 4 ? "IPv4" : "IPv6");
	return 1;
}

SHOW(show_pools)
{
	struct lease_pool_info p;
	size_t cursor = 0, found = 0;
	const char *wanted = args->n ? args->words[0] : NULL;
	if (out->json)
		js_open_array(out, NULL);
	else
		out_printf(out, " %-24s %-4s %-16s %12s %12s %12s %12s\n", "Pool", "IP", "ivrf", "Free", "In use",
			   "Peak", "Exhausted");
	while (sessions_next_pool(w->sessions, &cursor, &p)) {
		if (wanted && strcmp(wanted, p.name) != 0)
			continue;
		print_pool(out, &p);
		found++;
	}
	for (size_t i = 0; i < w->conf->pool4_count; i++)
		found += print_unasked(w, out, w->conf->pools4[i].name, 4, wanted);
	for (size_t i = 0; i < w->conf->pool6_count; i++)
		found += print_unasked(w, out, w->conf->pools6[i].name, 6, wanted);
	if (out->json)
		js_close_array(out);
	if (!wanted || found)
		return 0;
	out_printf(err, "there is no pool \"%s\"\n", wanted);
	return 1;
}
