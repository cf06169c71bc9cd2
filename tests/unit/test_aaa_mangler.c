/* Name manglers: R-MGL-01..08, every form. */
#include "core/aaa/mangler.h"

#include "core/crypto/name.h"
#include "core/wire/id.h"
#include "tests/lib/t.h"

#define M(...) {.name = (char *)"M", __VA_ARGS__}
#define DN "CN=anna,OU=sales,O=Corp,L=Bern,ST=BE,C=CH,DC=corp,DC=example"

struct row {
	struct name_mangler m;
	uint8_t type;
	const char *ike; /* of IDT_DN: as text */
	const char *eap;
	const char *want; /* NULL: refused */
	const char *words;
};

static const struct row rows[] = {
	/* R-MGL-02 */
	{M(.dn = MANGLE_COMMON_NAME), IDT_DN, DN, NULL, "anna", ""},
	{M(.dn = MANGLE_COUNTRY), IDT_DN, DN, NULL, "CH", ""},
	{M(.dn = MANGLE_DOMAIN), IDT_DN, DN, NULL, "corp.example", ""},
	{M(.dn = MANGLE_LOCALITY), IDT_DN, DN, NULL, "Bern", ""},
	{M(.dn = MANGLE_ORGANIZATION), IDT_DN, DN, NULL, "Corp", ""},
	{M(.dn = MANGLE_ORGANIZATION_UNIT), IDT_DN, DN, NULL, "sales", ""},
	{M(.dn = MANGLE_STATE), IDT_DN, DN, NULL, "BE", ""},
	{M(.dn = MANGLE_STATE), IDT_DN, "CN=anna", NULL, NULL, "the name has no state"},
	/* R-MGL-03 */
	{M(.eap = MANGLE_ALL), IDT_FQDN, "pc.corp.example", "anna@corp.example", "anna@corp.example", ""},
	/* R-MGL-04 */
	{M(.eap = MANGLE_DN, .eap_dn = MANGLE_COMMON_NAME), IDT_FQDN, "pc", DN, "anna", ""},
	{M(.eap = MANGLE_DN, .eap_dn = MANGLE_ORGANIZATION), IDT_FQDN, "pc", DN, "Corp", ""},
	{M(.eap = MANGLE_DN, .eap_dn = MANGLE_COUNTRY), IDT_FQDN, "pc", "CN=anna", NULL, "no country"},
	{M(.eap = MANGLE_DN, .eap_dn = MANGLE_COMMON_NAME), IDT_FQDN, "pc", "anna", NULL, "no name as certificates have"},
	/* R-MGL-05, R-MGL-08 */
	{M(.eap = MANGLE_PREFIX, .eap_delimiter = '@'), IDT_FQDN, "pc", "anna@corp.example", "anna", ""},
	{M(.eap = MANGLE_SUFFIX, .eap_delimiter = '@'), IDT_FQDN, "pc", "anna@corp.example", "corp.example", ""},
	{M(.eap = MANGLE_PREFIX, .eap_delimiter = '.'), IDT_FQDN, "pc", "anna.corp.example", "anna", ""},
	{M(.eap = MANGLE_SUFFIX, .eap_delimiter = '.'), IDT_FQDN, "pc", "anna.corp.example", "corp.example", ""},
	{M(.eap = MANGLE_PREFIX, .eap_delimiter = '\\'), IDT_FQDN, "pc", "CORP\\anna", "CORP", ""},
	{M(.eap = MANGLE_SUFFIX, .eap_delimiter = '\\'), IDT_FQDN, "pc", "CORP\\anna", "anna", ""},
	{M(.eap = MANGLE_SUFFIX, .eap_delimiter = '@'), IDT_FQDN, "pc", "a@b@c", "b@c", ""},
	{M(.eap = MANGLE_PREFIX, .eap_delimiter = '@'), IDT_FQDN, "pc", "anna", NULL, "no '@' in the identity"},
	{M(.eap = MANGLE_PREFIX, .eap_delimiter = '@'), IDT_FQDN, "pc", "@corp", NULL, "nothing is left"},
	{M(.eap = MANGLE_SUFFIX, .eap_delimiter = '@'), IDT_FQDN, "pc", "anna@", NULL, "nothing is left"},
	/* R-MGL-06 */
	{M(.email = MANGLE_ALL), IDT_EMAIL, "anna@corp.example", NULL, "anna@corp.example", ""},
	{M(.email = MANGLE_DOMAIN_PART), IDT_EMAIL, "anna@corp.example", NULL, "corp.example", ""},
	{M(.email = MANGLE_FIRST_PART), IDT_EMAIL, "anna@corp.example", NULL, "anna", ""},
	{M(.email = MANGLE_FIRST_PART), IDT_EMAIL, "anna", NULL, NULL, "no '@'"},
	/* R-MGL-07 */
	{M(.fqdn = MANGLE_ALL), IDT_FQDN, "pc.corp.example", NULL, "pc.corp.example", ""},
	{M(.fqdn = MANGLE_FIRST_PART), IDT_FQDN, "pc.corp.example", NULL, "pc", ""},
	{M(.fqdn = MANGLE_DOMAIN_PART), IDT_FQDN, "pc.corp.example", NULL, "corp.example", ""},
	{M(.fqdn = MANGLE_FIRST_PART), IDT_FQDN, "pc", NULL, "pc", ""},
	{M(.fqdn = MANGLE_DOMAIN_PART), IDT_FQDN, "pc", NULL, NULL, "no '.'"},
	/* R-MGL-01: a rule for each type; R-MGL-08: none for this one */
	{M(.fqdn = MANGLE_ALL, .email = MANGLE_FIRST_PART), IDT_EMAIL, "anna@b", NULL, "anna", ""},
	{M(.email = MANGLE_ALL), IDT_FQDN, "pc", NULL, NULL, "no rule for FQDN"},
	{M(.fqdn = MANGLE_ALL), IDT_EMAIL, "anna@b", NULL, NULL, "no rule for email"},
	{M(.fqdn = MANGLE_ALL), IDT_DN, DN, NULL, NULL, "no rule for names of certificates"},
	{M(.fqdn = MANGLE_ALL), IDT_KEY_ID, "key", NULL, NULL, "no rule for identities of this type"},
	{M(.fqdn = MANGLE_ALL), IDT_IPV4, "\x0a\x01\x01\x01", NULL, NULL, "no rule for identities of this type"},
	{M(.eap = MANGLE_ALL), IDT_FQDN, "pc", NULL, NULL, "no rule for FQDN"},
	{M(.fqdn = MANGLE_ALL), IDT_FQDN, "pc", "anna", "pc", ""}, /* no rule for EAP: the other identity */
	{M(.eap = MANGLE_ALL, .fqdn = MANGLE_ALL), IDT_FQDN, "pc", "anna", "anna", ""},
	{M(.eap = MANGLE_ALL), IDT_FQDN, "pc", "an\nna", NULL, "control characters"},
};

static void every_form(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct mangle_identity who = {.type = r->type, .ike = {(const uint8_t *)r->ike, strlen(r->ike)}};
		char out[AAA_TEXT], why[AAA_WHY] = "";
		uint8_t der[512];

		T_ROW(i, r->eap ? r->eap : r->ike);
		if (r->type == IDT_DN) {
			T_EQ(name_from_text(r->ike, der, sizeof(der), &who.ike.len), ST_OK);
			who.ike.p = der;
		}
		if (r->eap)
			who.eap = (struct view){(const uint8_t *)r->eap, strlen(r->eap)};
		enum status st = mangler_apply(&r->m, &who, out, why);
		if (!strstr(why, r->words) || (why[0] != 0) != (r->words[0] != 0))
			T_FAIL("it says: %s", why);
		T_EQ(st, r->want ? ST_OK : ST_NAME_MANGLER);
		T_STR(out, r->want ? r->want : "");
	}
}

/* The longest name that has room, and one more. */
static void long_names(void)
{
	struct name_mangler m = M(.email = MANGLE_ALL);
	char text[300], out[AAA_TEXT], why[AAA_WHY];

	memset(text, 'x', sizeof(text));
	struct mangle_identity who = {.type = IDT_EMAIL, .ike = {(const uint8_t *)text, AAA_TEXT - 1}};
	T_EQ(mangler_apply(&m, &who, out, why), ST_OK);
	T_EQ(strlen(out), AAA_TEXT - 1);
	who.ike.len++;
	T_EQ(mangler_apply(&m, &who, out, why), ST_NAME_MANGLER);
	T_TRUE(strstr(why, "too long"));
}

int main(void)
{
	T_RUN(every_form);
	T_RUN(long_names);
	return t_end();
}
