#include "core/aaa/mangler.h"

#include <stdio.h>
#include <string.h>

#include "core/crypto/name.h"
#include "core/wire/id.h"

#define DN_MAX 1024 /* of the DER of a name that came as text */

static const char *const fields[] = {
	[MANGLE_COMMON_NAME] = "common-name",
	[MANGLE_COUNTRY] = "country",
	[MANGLE_DOMAIN] = "domain",
	[MANGLE_LOCALITY] = "locality",
	[MANGLE_ORGANIZATION] = "organization",
	[MANGLE_ORGANIZATION_UNIT] = "organization-unit",
	[MANGLE_STATE] = "state",
};

struct work {
	const struct name_mangler *m;
	char *out;
	char *why;
};

static enum status fail(struct work *w, const char *what)
{
	snprintf(w->why, AAA_WHY, "name-mangler %.63s: %s", w->m->name, what);
	return ST_NAME_MANGLER;
}

static enum status take(struct work *w, struct view part)
{
	if (part.len == 0)
		return fail(w, "nothing is left of the identity");
	if (part.len >= AAA_TEXT)
		return fail(w, "the name is too long");
	for (size_t i = 0; i < part.len; i++)
		if (part.p[i] < ' ' || part.p[i] == 0x7f)
			return fail(w, "control characters in the identity");
	memcpy(w->out, part.p, part.len);
	w->out[part.len] = '\0';
	return ST_OK;
}

/* What stands before the first delimiter, or behind it. */
static enum status cut(struct work *w, struct view id, char delimiter, bool is_suffix)
{
	const uint8_t *at = id.len ? memchr(id.p, delimiter, id.len) : NULL;
	char what[48];

	if (!at) {
		snprintf(what, sizeof(what), "no '%c' in the identity", delimiter);
		return fail(w, what);
	}
	size_t before = (size_t)(at - id.p);
	return take(w, is_suffix ? (struct view){at + 1, id.len - before - 1} : (struct view){id.p, before});
}

static enum status of_dn(struct work *w, struct view der, uint8_t field)
{
	char value[AAA_TEXT], what[64];

	if (field == MANGLE_FIELD_NONE || field >= sizeof(fields) / sizeof(fields[0]))
		return fail(w, "no rule for names of certificates");
	if (name_field(der, fields[field], value, sizeof(value)) == ST_OK)
		return take(w, (struct view){(const uint8_t *)value, strlen(value)});
	snprintf(what, sizeof(what), "the name has no %s that can be used", fields[field]);
	return fail(w, what);
}

static enum status of_email(struct work *w, struct view id)
{
	switch (w->m->email) {
	case MANGLE_ALL: return take(w, id);
	case MANGLE_DOMAIN_PART: return cut(w, id, '@', true);
	case MANGLE_FIRST_PART: return cut(w, id, '@', false);
	default: return fail(w, "no rule for email identities");
	}
}

/* A name without a dot is all host. */
static enum status of_fqdn(struct work *w, struct view id)
{
	bool has_dot = id.len && memchr(id.p, '.', id.len);

	switch (w->m->fqdn) {
	case MANGLE_ALL: return take(w, id);
	case MANGLE_DOMAIN_PART: return cut(w, id, '.', true);
	case MANGLE_FIRST_PART: return has_dot ? cut(w, id, '.', false) : take(w, id);
	default: return fail(w, "no rule for FQDN identities");
	}
}

static enum status of_dn_text(struct work *w, struct view id)
{
	char text[NAME_TEXT_MAX];
	uint8_t der[DN_MAX];
	size_t len;

	if (id.len >= sizeof(text) || (id.len && memchr(id.p, '\0', id.len)))
		return fail(w, "the EAP identity is no name as certificates have them");
	memcpy(text, id.p, id.len);
	text[id.len] = '\0';
	if (name_from_text(text, der, sizeof(der), &len) != ST_OK)
		return fail(w, "the EAP identity is no name as certificates have them");
	return of_dn(w, (struct view){der, len}, w->m->eap_dn);
}

static enum status of_eap(struct work *w, struct view id)
{
	switch (w->m->eap) {
	case MANGLE_ALL: return take(w, id);
	case MANGLE_DN: return of_dn_text(w, id);
	case MANGLE_PREFIX: return cut(w, id, (char)w->m->eap_delimiter, false);
	case MANGLE_SUFFIX: return cut(w, id, (char)w->m->eap_delimiter, true);
	default: return fail(w, "no rule for EAP identities");
	}
}

enum status mangler_apply(const struct name_mangler *m, const struct mangle_identity *who, char out[AAA_TEXT],
	char why[AAA_WHY])
{
	struct work w = {m, out, why};

	out[0] = '\0';
	if (who->eap.len && m->eap != MANGLE_NONE)
		return of_eap(&w, who->eap);
	switch (who->type) {
	case IDT_DN: return of_dn(&w, who->ike, m->dn);
	case IDT_EMAIL: return of_email(&w, who->ike);
	case IDT_FQDN: return of_fqdn(&w, who->ike);
	default: return fail(&w, "no rule for identities of this type");
	}
}
