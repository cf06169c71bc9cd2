/* Distinguished names (X.501 Name, RFC 5280 4.1.2.4) in DER: of certificates, of ID_DER_ASN1_DN (RFC 7296 3.5)
 * and of the configuration. Pure; no allocation; any thread; bytes may be of a peer. */
#ifndef CORE_CRYPTO_NAME_H
#define CORE_CRYPTO_NAME_H

#include "core/base/rd.h"
#include "core/base/status.h"

#define NAME_TEXT_MAX 512 /* room for the text of a usual name with its NUL; longer ones are cut */
#define NAME_PARTS_MAX 64 /* attributes of one name; more make it malformed */

/* True when the view is exactly one Name: at least well-formed, maybe empty. */
bool name_ok(struct view der);
/* The Name without any attribute. */
bool name_is_empty(struct view der);

/* RFC 5280 7.1: the same relative names in the same order; inside one they may stand in any order; values that
 * are text are compared as Unicode without regard to the kind of string, ASCII case and runs of blanks, other
 * values (and text with a NUL or that is not valid in its encoding) byte by byte. Malformed names are equal to
 * nothing, not even themselves. */
bool name_eq(struct view a, struct view b);
/* The name equals base or is below it in the tree (name constraints, RFC 5280 4.2.1.10). */
bool name_is_within(struct view name, struct view base);

/* RFC 4514 text ("CN=anna,O=Corp"), the most specific part first, escaped so that it is one line of valid UTF-8
 * without control characters; unknown attributes as 1.2.3=#hex. Always NUL-terminated when size > 0; cut with
 * "..." when it does not fit; "(malformed name)" for what is none. Returns strlen(out). */
size_t name_text(struct view der, char *out, size_t size);

/* One field as UTF-8 text, unescaped, for maps and manglers; the most specific one where there are several. Words:
 * common-name, country, domain (DC parts joined by dots, or the domain of the email address), email, locality,
 * organization, organization-unit, serial-number, state, street, title, user-id. ST_NOT_FOUND when the name has
 * no such field, the word is unknown, or the value is not text without NUL; ST_LIMIT when it does not fit. */
enum status name_field(struct view der, const char *word, char *out, size_t size) MUST_USE;

/* The i-th of them, from the most specific on (any word but domain). ST_BAD_CERT when it is not text. */
enum status name_field_at(struct view der, const char *word, size_t i, char *out, size_t size) MUST_USE;

/* The DER of a Name for RFC 4514 text ("CN=gw,O=Corp", most specific first, what name_text prints; also with
 * blanks after the commas), values as UTF8String (country and serial number PrintableString, DC and
 * email IA5String). ST_CONFIG when the text is no name, ST_LIMIT when it does not fit. */
enum status name_from_text(const char *text, uint8_t *out, size_t size, size_t *out_len) MUST_USE;

#endif
