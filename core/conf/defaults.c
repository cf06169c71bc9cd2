/* Smart defaults (R-CFG-02..07): our objects named "default", in the dialect itself. */
#include <string.h>

#include "core/conf/parse.h"

struct system_object {
	const char *words;
	const char *hardened;
	const char *legacy; /* R-CFG-04, R-CFG-07 verbatim */
};

static const struct system_object objects[] = {
	{"crypto ikev2 proposal",
		"crypto ikev2 proposal default\n"
		" encryption aes-gcm-256 aes-gcm-128 aes-cbc-256 aes-cbc-128\n"
		" integrity sha512 sha384 sha256\n"
		" prf sha512 sha384 sha256\n"
		" group 19 20 14 31\n",
		"crypto ikev2 proposal default\n"
		" encryption aes-cbc-256 aes-cbc-192 aes-cbc-128\n"
		" integrity sha512 sha384 sha256 sha1 md5\n"
		" prf sha512 sha384 sha256 sha1 md5\n"
		" group 5 2\n"},
	{"crypto ikev2 policy",
		"crypto ikev2 policy default\n"
		" match fvrf any\n"
		" proposal default\n",
		NULL},
	{"crypto ikev2 authorization policy",
		"crypto ikev2 authorization policy default\n"
		" route set interface\n"
		" route accept any tag 1 distance 2\n",
		NULL},
	{"crypto ipsec transform-set",
		"crypto ipsec transform-set default esp-gcm 256 esp-gcm esp-aes 256 esp-aes "
		"esp-sha512-hmac esp-sha384-hmac esp-sha256-hmac\n",
		"crypto ipsec transform-set default esp-aes esp-sha-hmac\n"},
	{"crypto ipsec profile",
		"crypto ipsec profile default\n"
		" set transform-set default\n",
		NULL},
};

void parse_defaults(struct parse *ps, const char *class_words)
{
	struct parse sub = {.s = ps->s, .system = true};
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		const struct system_object *o = &objects[i];
		if (class_words && strcmp(class_words, o->words) != 0)
			continue;
		const char *text =
			ps->s->own.defaults_legacy && o->legacy ? o->legacy : o->hardened;
		parse_text(&sub, text, strlen(text));
	}
	if (sub.scratch.nomem)
		ps->s->arena.nomem = true;
	arena_free(&sub.scratch);
}
