/* Pieces of an encrypted message that came in Cisco's fragments. What is in them is proved only when
 * the whole is decrypted, so anybody who knows the SPIs can add to a pile or replace it: all it can
 * do is to keep one message from arriving. One pile per SA, of bounded size and life. */
#ifndef CORE_IKE_FRAG_PILE_H
#define CORE_IKE_FRAG_PILE_H

#include "core/wire/cisco_frag.h"

#define PILE_PIECES 64
#define PILE_BYTES 16384

struct frag_pile;

/* A piece of another message replaces what was there. ST_OK: complete; ST_PENDING; ST_EXISTS: a
 * piece of this number is there; ST_BAD_FRAGMENT: after the last one, or another last one;
 * ST_FRAGMENT_LIMIT: the pile is dropped; ST_NOMEM: not added. */
enum status pile_add(struct frag_pile **pile, const struct cisco_frag *f, uint64_t due_ms) MUST_USE;
/* The complete message. ST_TRUNCATED: cap is too small. */
enum status pile_merge(const struct frag_pile *pile, uint8_t *out, size_t cap, struct view *msg) MUST_USE;
/* TIMER_NEVER for NULL. */
uint64_t pile_due_ms(const struct frag_pile *pile);
void pile_free(struct frag_pile **pile); /* it is NULL then */

#endif
