/* Which certificate maps a certificate meets (R-PFL-06). Pure.
 *
 * Where the dialect's documents are silent: text is compared without regard to ASCII case, and blanks
 * around `=`, `,` and `+` do not count. The text of a name is that of RFC 4514 (CN=anna,OU=Field,O=Corp; a comma in
 * a value is \,). eq takes the same parts in the other order, too, because devices print names either way; co
 * and nc with an attribute (ou=field) mean where it begins, not those words inside another value. A field
 * with several values (alternative names, `name`) meets co and eq when one value does, nc and ne when all
 * do. A value too long to be compared meets nothing, whatever the test. */
#ifndef CORE_CONF_CERTMAP_H
#define CORE_CONF_CERTMAP_H

#include "core/conf/snapshot.h"
#include "core/crypto/cert.h"

bool cert_map_meets(const struct cert_map *m, const struct cert *c);
/* false, too, when there is no such map. */
bool certmap_matches(const struct snapshot *s, const char *name, const struct cert *c);
/* Names of all maps that the certificate meets, for profile_select(); returns how many were stored. */
size_t certmaps_of(const struct snapshot *s, const struct cert *c, const char **names, size_t max);

#endif
