/* Whom a certificate names: cert_has_id, subjectAltName, fields. */
#include <string.h>
#include <strings.h>

#include "core/base/addr.h"
#include "core/crypto/cert_parts.h"
#include "core/crypto/der.h"
#include "core/crypto/name.h"
#include "core/crypto/words.h"

/* Identification types (RFC 7296 3.5) and GeneralName choices (RFC 5280 4.2.1.6). */
enum { ID_IPV4 = 1, ID_FQDN = 2, ID_EMAIL = 3, ID_IPV6 = 5, ID_DN = 9 };
enum { SAN_EMAIL = 1, SAN_DNS = 2, SAN_DN = 4, SAN_URI = 6, SAN_IP = 7 };

struct view cert_san(const struct cert *c, unsigned kind, size_t i)
{
	struct view list = c->san, name;
	unsigned found;

	while (list.len > 0 && general_name_next(&list, false, &found, &name))
		if (found == kind && i-- == 0)
			return name;
	return (struct view){0};
}

static bool same_text(struct view a, struct view b)
{
	return a.len == b.len && a.len > 0 && strncasecmp((const char *)a.p, (const char *)b.p, a.len) == 0;
}

/* RFC 5280 7.5: the part before the last @ as it is, the domain without regard to case. */
static bool same_email(struct view a, struct view b)
{
	const uint8_t *at = a.len > 0 ? memrchr(a.p, '@', a.len) : NULL;
	size_t local;

	if (at == NULL || at == a.p || a.len != b.len)
		return false;
	local = (size_t)(at - a.p) + 1;
	return memcmp(a.p, b.p, local) == 0 && strncasecmp((const char *)at + 1, (const char *)b.p + local, a.len - local) == 0;
}

bool dns_spells_address(struct view dns, struct addr *out)
{
	char text[ADDR_TEXT];

	if (dns.len == 0 || dns.len >= sizeof(text))
		return false;
	memcpy(text, dns.p, dns.len);
	text[dns.len] = '\0';
	return addr_parse(text, out) == ST_OK;
}

static bool is_address(struct view dns, struct view id)
{
	struct addr a;

	return dns_spells_address(dns, &a) && addr_len(&a) == id.len && memcmp(a.b, id.p, id.len) == 0;
}

static bool name_is_id(unsigned kind, struct view name, uint8_t id_type, struct view id)
{
	switch (id_type) {
	case ID_IPV4:
	case ID_IPV6:
		return (kind == SAN_IP && der_same(name, id)) || (kind == SAN_DNS && is_address(name, id));
	case ID_FQDN: return kind == SAN_DNS && same_text(name, id);
	case ID_EMAIL: return kind == SAN_EMAIL && same_email(name, id);
	default: return false;
	}
}

bool cert_has_id(const struct cert *c, uint8_t id_type, struct view id)
{
	struct view list = c->san, name;
	unsigned kind;

	if (id_type == ID_DN)
		return !name_is_empty(c->subject) && name_eq(c->subject, id);
	if ((id_type == ID_IPV4 && id.len != 4) || (id_type == ID_IPV6 && id.len != 16))
		return false;
	while (list.len > 0 && general_name_next(&list, false, &kind, &name))
		if (name_is_id(kind, name, id_type, id))
			return true;
	return false;
}

enum status cert_field(const struct cert *c, const char *word, char *out, size_t size)
{
	if (strncmp(word, "issuer-", 7) == 0)
		return name_field(c->issuer, word + 7, out, size);
	return name_field(c->subject, word, out, size);
}

static void put_san(struct words *w, unsigned kind, struct view name)
{
	char text[NAME_TEXT_MAX];
	struct addr a;

	switch (kind) {
	case SAN_EMAIL: words_put(w, "email:"); break;
	case SAN_DNS: words_put(w, "dns:"); break;
	case SAN_URI: words_put(w, "uri:"); break;
	case SAN_IP:
		a = addr_from(name.p, name.len);
		words_put(w, "ip:%s", addr_format(&a, text));
		return;
	default:
		name_text(name, text, sizeof(text));
		words_put(w, "dn:");
		words_bytes(w, (struct view){(const uint8_t *)text, strlen(text)}, "");
		return;
	}
	words_bytes(w, name, ",\\");
}

size_t cert_san_text(const struct cert *c, char *out, size_t size)
{
	struct words w = words_init(out, size);
	struct view list = c->san, name;
	bool first = true;
	unsigned kind;

	while (list.len > 0 && general_name_next(&list, false, &kind, &name)) {
		if (kind != SAN_EMAIL && kind != SAN_DNS && kind != SAN_URI && kind != SAN_IP && kind != SAN_DN)
			continue;
		if (!first)
			words_put(&w, ", ");
		first = false;
		put_san(&w, kind, name);
	}
	return words_end(&w);
}
