/* The names that access lists have for numbers: tables only. */
#ifndef CORE_CONF_RULE_NAMES_H
#define CORE_CONF_RULE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rule_name {
	const char *name;
	uint16_t value;
};

enum rule_names {
	NAMES_PROTO4,
	NAMES_PROTO6,
	NAMES_TCP,
	NAMES_UDP,
	NAMES_ICMP4, /* type << 8 | code; code 0xff: any */
	NAMES_ICMP6,
	NAMES_DSCP,
	NAMES_PRECEDENCE
};

/* Without regard to case. */
bool rule_name_find(enum rule_names which, const char *p, size_t len, uint16_t *out);

#endif
