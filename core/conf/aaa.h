/* What the lines of AAA mean together: which server, with which key. Pure. */
#ifndef CORE_CONF_AAA_H
#define CORE_CONF_AAA_H

#include "core/conf/snapshot.h"

/* NAME of the method "group NAME"; NULL: another method. */
const char *aaa_method_group(const char *method);

/* The server that a member of a group means; NULL: there is none. */
const struct radius_server *aaa_member_server(const struct snapshot *s, const struct aaa_member *m);

/* Its own key, or that of all (by TLS "radsec"); NULL: none that can be used. */
const struct secret *aaa_server_key(const struct snapshot *s, const struct radius_server *r);
const struct secret *aaa_dynauth_key(
	const struct dynauth *d, const struct dynauth_client *client);

/* The list, or `default` in its place (R-CFG-16); NULL: neither. */
const struct aaa_list *aaa_list_used(
	const struct snapshot *s, enum aaa_kind kind, const char *name);

/* Does it ask a RADIUS server before `local` or `none` answers? list may be NULL. */
bool aaa_list_asks_radius(const struct aaa_list *list);

#endif
