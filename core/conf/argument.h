/* Typed values in a grammar: <key:type>. Types:
 *   N-M      number with limits        name    name of an object, up to 63 characters
 *   word     one word (or "quoted")    line    the rest of the line as it stands
 *   secret   [0|6|7|hex] and the rest of the line
 *   hexline  the rest, hex digits and blanks only
 *   banner   the rest, or ^C text ^C over several lines; anybanner: with any delimiter
 *   ip4 ip6 ip  address                mask    contiguous IPv4 mask
 *   wild     IPv4 wildcard bits, contiguous (0.0.0.255)
 *   prefix6  2001:db8::/32             prefix4 10.0.0.0/8
 *   encr integ prf dh  transforms      iface   interface name, one or two words */
#ifndef CORE_CONF_ARGUMENT_H
#define CORE_CONF_ARGUMENT_H

#include "core/conf/grammar.h"

/* Takes the value for the element at g from the words at `at`. *used: words taken. false: it does
 * not fit; then expect (CONF_TEXT bytes, may be NULL) says what would. */
bool argument_take(const char *g, const struct line *l, size_t at, struct arg *out, size_t *used,
	char *expect);

/* The known value nearest to a word that argument_take() refused; "" when there is none or the type
 * has no list of values. */
void argument_near(const char *g, const struct word *w, char *near, size_t cap);

/* An address that is the whole word. false: it is none; out may have changed. */
bool word_addr(const struct word *w, struct addr *out);

/* Interface names as Linux and the dialect know them: "tu1", "Virtual-Template 1". false when it is
 * none of the kinds that exist here. */
bool iface_name_parse(const char *p, size_t len, uint8_t *kind, uint32_t *number);
const char *iface_kind_name(uint8_t kind);

int strncasecmp_ascii(const char *a, const char *b, size_t n);

#endif
