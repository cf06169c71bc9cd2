/* Identities: IDi and IDr (RFC 7296 section 3.5). Pure. */
#ifndef CORE_WIRE_ID_H
#define CORE_WIRE_ID_H

#include "core/base/addr.h"
#include "core/base/rd.h"
#include "core/base/wr.h"

/*  X(NAME, number, words) */
#define IDT_LIST(X) \
	X(IPV4, 1, "ipv4") \
	X(FQDN, 2, "fqdn") \
	X(EMAIL, 3, "email") \
	X(IPV6, 5, "ipv6") \
	X(DN, 9, "dn") \
	X(GN, 10, "gn") \
	X(KEY_ID, 11, "key-id") \
	X(NULL, 13, "null")

enum id_type {
	IDT_NONE = 0,
#define X(name, number, words) IDT_##name = number,
	IDT_LIST(X)
#undef X
};

struct ident {
	uint8_t type; /* enum id_type or a number unknown to us */
	struct view data;
};

/* ST_TRUNCATED; ST_BAD_PAYLOAD: type 0, addresses of the wrong length, names that are empty or hold
 * a control byte (so no NUL can end a comparison early), other types empty. */
enum status id_parse(struct view body, struct ident *out) MUST_USE;
void id_build(struct wr *w, const struct ident *id);
/* The rules of id_parse() for an identity from elsewhere (configuration, freezer). */
bool ident_is_valid(const struct ident *id);
/* Same type and same value: FQDN and e-mail without regard to ASCII case, others byte by byte
 * (two DN that differ only in string types are equal by crypto's rules, not here). */
bool ident_eq(const struct ident *a, const struct ident *b);
/* The address of types IPv4 and IPv6; family 0 for others. */
struct addr ident_addr(const struct ident *id);
/* True for FQDN "a.b.example" with domain "b.example", and e-mail "x@b.example" with domain
 * "b.example"; whole labels, ASCII case ignored. */
bool ident_has_domain(const struct ident *id, const char *domain);
/* "fqdn"; "unknown" for other numbers. */
const char *id_type_name(uint8_t type);

#endif
