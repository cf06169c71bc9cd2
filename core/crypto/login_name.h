/* The names by which a certificate says who logs in with it: what a user of EAP-TLS is called
 * (RFC 5216 5.2). Only names are read here; whether the certificate is any good is judged
 * elsewhere. */
#ifndef CORE_CRYPTO_LOGIN_NAME_H
#define CORE_CRYPTO_LOGIN_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/rd.h"
#include "core/base/status.h"

#define LOGIN_NAMES_MAX    16
#define LOGIN_NAME_LEN_MAX 255

/* In this order: SAN rfc822Name, SAN otherName of Microsoft's user principal name, SAN dNSName,
 * then the common names of the subject. Those with control characters or a NUL are not names and
 * are left out, and what is past LOGIN_NAMES_MAX is. */
struct login_names {
	size_t n;
	struct view
		name[LOGIN_NAMES_MAX]; /* into the certificate; ASCII or UTF-8 as it stands there */
};

/* ST_BAD_PAYLOAD when der is not a certificate; ST_OK with n == 0 when it names nobody. Any thread.
 */
enum status login_names(struct view der, struct login_names *out) MUST_USE;

/* The name that this EAP identity means (RFC 5216 5.2, without case), or the first one when the
 * identity names nobody: it is empty, or a realm alone (RFC 9190 2.1.4). False: none does. */
bool login_name_choose(const struct login_names *l, struct view identity, struct view *out);

#endif
