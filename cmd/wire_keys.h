/* Our private keys: the process that has them, their files by the configuration, and who waits for a signature.
 * Loop thread. */
#ifndef CMD_WIRE_KEYS_H
#define CMD_WIRE_KEYS_H

#include "cmd/wire_state.h"
#include "modules/keys/keys.h"

enum status wire_keys_open(struct wire *w) MUST_USE; /* ST_NOMEM */
void wire_keys_close(struct wire *w);

/* ---- of a configuration ------------------------------------------------------------------------- */

/* The private keys of a configuration: a file that several trustpoints name is one key. */
struct wire_keyset;

/* Loads all files that trustpoints name as private keys, anew, and waits until each is READY or REFUSED (some ms, seconds at
 * most). ST_OK; ST_CONFIG: one is refused; ST_TIMEOUT: the process does not come up; ST_LIMIT, ST_NOMEM; all with a
 * sentence in why. is_lenient: refused keys are logged, and have no signatures (main starts all the same). */
enum status wire_keys_prepare(struct wire *w, const struct snapshot *s, bool is_lenient,
			      struct wire_keyset **out, char *why, size_t cap) MUST_USE;
/* In force from now on: those of before are forgotten. The set is taken. */
void wire_keys_commit(struct wire *w, struct wire_keyset *set);
/* As if it had not been prepared. NULL is fine. */
void wire_keys_cancel(struct wire *w, struct wire_keyset *set);
/* The number of the key in this file, as the configuration writes it, in this set (NULL: the one in force); keys_look() has
 * its public half. KEYS_MAX: not of this set. */
unsigned wire_keys_number(const struct wire *w, const struct wire_keyset *set, const char *file);

/* ---- signatures --------------------------------------------------------------------------------- */

/* As keys_ports.signature. */
typedef void wire_keys_fn(struct wire *w, uint64_t number, enum status st, struct view signature);

/* Copies data. fn and number are the caller's name for the question, unique among its open ones; fn is called once,
 * never from inside. ST_LIMIT, ST_NOMEM. */
enum status wire_keys_sign(struct wire *w, wire_keys_fn *fn, uint64_t number, unsigned key, enum keys_use use,
			   uint16_t scheme, struct view data) MUST_USE;
void wire_keys_drop(struct wire *w, wire_keys_fn *fn, uint64_t number); /* one that is not open is fine */

#endif
