/* One line of text for people, built in a caller's buffer from bytes that may be of a peer: it never overflows, says
 * with "..." that it was cut, and holds no control character. */
#ifndef CORE_CRYPTO_WORDS_H
#define CORE_CRYPTO_WORDS_H

#include "core/base/rd.h"

struct words {
	char *p;
	size_t size; /* with the NUL; may be 0 */
	size_t len;
	bool is_cut;
};

struct words words_init(char *p, size_t size);
void words_put(struct words *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* One character, all or nothing: as UTF-8; ASCII in `special`, control and direction characters as \XX for each of
 * their bytes (specials: with a backslash before them). */
void words_char(struct words *w, uint32_t c, const char *special);
/* Bytes as UTF-8 with the same escapes; what is no UTF-8 as \XX. */
void words_bytes(struct words *w, struct view v, const char *special);
void words_hex(struct words *w, struct view v);
/* The end: marks a cut; strlen. */
size_t words_end(struct words *w);

/* The next character of UTF-8 text, UINT32_MAX at the end or where it is not valid (then v does not move). */
uint32_t utf8_next(struct view *v);
/* Its bytes; returns how many (1 to 4). */
size_t utf8_put(uint32_t c, uint8_t out[4]);

#endif
