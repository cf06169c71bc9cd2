/* What follows from a whole configuration: numbers of VRFs, which objects are complete, which of
 * the default objects were changed; and what is wrong with it as a whole. */
#ifndef CORE_CONF_CHECK_H
#define CORE_CONF_CHECK_H

#include "core/conf/parse.h"

/* Effective PRFs and `complete`, of every object. */
void derive_objects(struct snapshot *s);
/* Numbers of VRFs, names of VRFs into numbers. */
void derive_vrfs(struct snapshot *s, const struct snapshot *previous);
/* R-CFG-09: compares the default objects with fresh ones. false: out of memory. */
bool derive_modified(struct snapshot *s);

/* Messages only. */
void check_objects(struct parse *ps);    /* each on its own */
void check_references(struct parse *ps); /* names of things that are not there */
void check_pki(struct parse *ps);        /* trustpoints and certificate maps, and what profiles need of them */
void check_qos(struct parse *ps);        /* the same for filters, class maps and policy maps */

void check_aaa(struct parse *ps);        /* AAA: who is asked, and whether that can be answered */

/* The name under which the place of the first destination is remembered. */
extern const char place_of_logging[];

/* The same for the first command that redirects clients. */
extern const char place_of_redirect[];

/* And for `aaa server radius dynamic-author`. */
extern const char place_of_dynauth[];

/* A message at the place where a name was written. */
void check_say(struct parse *ps, enum conf_severity severity, const char *name, const char *text,
	const char *hint);

#endif
