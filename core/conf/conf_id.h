/* Identities, secrets and lists: what the structs of the configuration are made of. */
#ifndef CORE_CONF_CONF_ID_H
#define CORE_CONF_CONF_ID_H

#include "core/base/addr.h"
#include "core/base/rd.h"

/* A configured secret. bytes is what the algorithm gets (type 0: the characters; hex: decoded). A
 * type 6 or 7 secret was sealed by another device: it cannot be used, bytes is its text. */
enum secret_form { SECRET_NONE, SECRET_PLAIN, SECRET_HEX, SECRET_SEALED6, SECRET_SEALED7 };
struct secret {
	uint8_t *bytes;
	size_t len;
	uint8_t form; /* enum secret_form */
};

static inline bool secret_usable(const struct secret *s)
{
	return s->form == SECRET_PLAIN || s->form == SECRET_HEX;
}

struct str_list {
	char **v;
	size_t n;
};

/* Identities: to be matched, or to be sent. */
enum id_kind {
	ID_NONE,
	ID_ANY,
	ID_ADDRESS,
	ID_FQDN,
	ID_FQDN_DOMAIN,
	ID_EMAIL,
	ID_EMAIL_DOMAIN,
	ID_KEYID,
	ID_DN,
	ID_CERT_MAP
};
struct id_match {
	uint8_t kind;         /* enum id_kind */
	struct prefix prefix; /* ID_ADDRESS */
	char *text;           /* name, domain, key-id bytes or map name */
};

#endif
