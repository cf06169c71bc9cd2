/* Filters, class maps and policy maps: names that lead nowhere, and lists that cannot filter. */
#include <stdio.h>
#include <string.h>

#include "core/conf/check.h"
#include "core/conf/match.h"

static void missing(struct parse *ps, enum conf_severity severity, const char *name, const char *what)
{
	char text[CONF_TEXT];
	snprintf(text, sizeof(text), "%s that is not defined:", what);
	check_say(ps, severity, name, text, "");
}

static void usable(struct parse *ps, const struct acl *a, const char *name)
{
	size_t lines = 0;
	for (size_t i = 0; i < a->line_count; i++) {
		lines += !a->lines[i].remark;
		if (a->lines[i].is_unusable) {
			check_say(ps, CONF_ERROR, name, "has a line that a filter cannot judge by, access list", "");
			return;
		}
	}
	if (!lines)
		check_say(ps, CONF_WARNING, name, "has no lines, so nothing passes, access list", "permit ip any any");
	if (lines > FILTER_LINES_MAX)
		check_say(ps, CONF_ERROR, name, "has too many lines for a filter, access list", "2000 are possible");
}

/* A router lets everything pass where the list is missing. Here the configuration is refused, so that
 * neither a client is let in by a misspelt word nor all of them are locked out. */
static void filter_refs(struct parse *ps, char *const names[2], uint8_t family)
{
	for (int dir = 0; dir < 2; dir++) {
		const struct acl *a = filter_acl(ps->s, family, names[dir]);
		if (a)
			usable(ps, a, names[dir]);
		else if (names[dir])
			missing(ps, CONF_ERROR, names[dir], family == 4 ? "access list" : "IPv6 access list");
	}
}

static void class_refs(struct parse *ps, const struct class_map *m)
{
	if (!m->match_count)
		check_say(ps, CONF_WARNING, m->name, "nothing is in it, because nothing is matched, class map", "");
	for (size_t i = 0; i < m->match_count; i++) {
		const char *name = m->matches[i].name;
		const struct acl *a4 = filter_acl(ps->s, 4, name), *a6 = filter_acl(ps->s, 6, name);
		if (name && !a4 && !a6)
			missing(ps, CONF_WARNING, name, "access list");
		if (a4)
			usable(ps, a4, name);
		if (a6)
			usable(ps, a6, name);
	}
}

static void service_refs(struct parse *ps, const char *name, bool is_input)
{
	const struct policy_map *p = snapshot_policy_map(ps->s, name);
	if (!p && name)
		missing(ps, CONF_WARNING, name, "policy map");
	for (size_t i = 0; p && i < p->class_count && is_input; i++)
		if (p->classes[i].priority || p->classes[i].set_group)
			check_say(ps, CONF_WARNING, name,
				"priority and qos-group count where packets are sealed, not in", "service-policy output");
}

void check_qos(struct parse *ps)
{
	const struct snapshot *s = ps->s;
	for (size_t i = 0; i < s->class_map_count; i++)
		class_refs(ps, &s->class_maps[i]);
	for (size_t i = 0; i < s->policy_map_count; i++)
		for (size_t k = 0; k < s->policy_maps[i].class_count; k++) {
			const char *name = s->policy_maps[i].classes[k].name;
			if (strcmp(name, CLASS_DEFAULT) != 0 && !snapshot_class_map(s, name))
				missing(ps, CONF_WARNING, name, "class map");
		}
	for (size_t i = 0; i < s->iface_count; i++) {
		filter_refs(ps, s->ifaces[i].filter, 4);
		filter_refs(ps, s->ifaces[i].filter6, 6);
		service_refs(ps, s->ifaces[i].service_in, true);
		service_refs(ps, s->ifaces[i].service_out, false);
	}
}
