/* A session as names and values: what a script is shown of it and what it may change (the tables of
 * hooks and fields are in modules/lua). Pure; loop thread. */
#ifndef CORE_SESSION_ATTRIBUTES_H
#define CORE_SESSION_ATTRIBUTES_H

#include "core/base/pairs.h"
#include "core/session/session.h"

/* Who: session, identity, identity_type, name, profile, policy, local, remote, vrf, ivrf, role.
 * vrf: name of the outer VRF, "" for our own. */
void attributes_who(const struct session *s, const char *vrf, struct pairs *out);
/* What it was granted so far: pool, pool6, netmask, dns, wins, domain, split_dns,
 * backup_gateways, banner, session_lifetime, subnets, networks. */
void attributes_of(const struct session *s, struct pairs *out);
/* Each attribute that stands in changed replaces the session's (a list as a whole; an empty value:
 * none); other names are ignored. Only before addresses are taken. ST_OK; ST_HOOK_FAILED with a
 * sentence, and nothing changed: a value that is no address, no pool of the configuration, too many
 * of them. */
enum status attributes_apply(const struct snapshot *conf, const struct pairs *changed,
	struct session *s, char detail[IKE_DETAIL_LEN]) MUST_USE;

/* "ipv4", "fqdn", "email", "ipv6", "dn", "key-id": RFC 7296 section 3.5. */
const char *identity_type_name(uint8_t type);

#endif
