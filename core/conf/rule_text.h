/* A line of an extended or IPv6 access list: text -> the rule that filters. */
#ifndef CORE_CONF_RULE_TEXT_H
#define CORE_CONF_RULE_TEXT_H

#include "core/conf/grammar.h"
#include "core/wire/rule.h"

struct rule_text {
	struct ip_rule rule;
	bool has_log;      /* packets are counted, never logged one by one */
	bool is_unusable;  /* asks for what a filter here cannot do; the list may still serve elsewhere */
	struct word at;    /* the word that is wrong or unusable, with its column; len 0: the end */
	const char *why;   /* for people; constant */
	const char *hint;  /* "" when there is none */
};

/* text: what stands behind `permit` or `deny`, with its column. family 4: `ip access-list extended`, 6:
 * `ipv6 access-list`. False: it is wrong, at and why say where. */
bool rule_text_parse(const struct word *text, bool permit, uint8_t family, struct rule_text *out);

/* Names of code points: af11, cs1, ef, default, or a number of at most 63. */
bool rule_dscp(const char *p, size_t len, uint8_t *out);
/* Names of precedences: routine ... network, or a number of at most 7. */
bool rule_precedence(const char *p, size_t len, uint8_t *out);

#endif
