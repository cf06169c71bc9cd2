/* Filters that a session has for itself. In an aaa_set, a session and its frozen record a filter is a
 * text: the name of an access list, or its lines, each with its number and a line end, in the grammar of
 * `ip access-list extended` and `ipv6 access-list`: "10 permit tcp any any eq smtp\n". Pure. */
#ifndef CORE_AAA_FILTER_H
#define CORE_AAA_FILTER_H

#include <string.h>

#include "core/aaa/set.h"
#include "core/wire/rule.h"

#define AAA_FILTER_LINES 64 /* of one filter */

static inline bool aaa_filter_is_lines(const char *filter)
{
	return strchr(filter, '\n') != NULL;
}

/* One line more, "[N] permit|deny ...", at its place by its number; without one after the others. False with a
 * sentence: not of the grammar, what a filter cannot judge by, too many, or the filter has a name. */
bool aaa_filter_put_line(struct aaa_set *s, enum aaa_filter which, const char *line, char why[AAA_WHY]);
/* The name of a list. False with a sentence: it is no name, or the filter has lines. */
bool aaa_filter_put_name(struct aaa_set *s, enum aaa_filter which, const char *name, char why[AAA_WHY]);
/* The lines as rules; returns how many. A line that was not put by the function above is left out. */
size_t aaa_filter_rules(const char *filter, uint8_t family, struct ip_rule out[AAA_FILTER_LINES]);

/* NAS-Filter-Rule (RFC 4849): rules of RFC 6733 4.3.1, of one packet. Zeroed at first. */
struct aaa_nas_rules {
	bool has[2]; /* in, out */
	bool last_permits[2];
};
/* permit|deny in|out PROTO from A [ports] to B [ports] [established|frag|icmptypes N,...]. */
bool aaa_nas_put(struct aaa_set *s, struct aaa_nas_rules *r, const char *rule, char why[AAA_WHY]);
/* After the last one. What no rule matches is denied when the last rule permits, and passes when it denies. */
bool aaa_nas_end(struct aaa_set *s, const struct aaa_nas_rules *r, char why[AAA_WHY]);

#endif
