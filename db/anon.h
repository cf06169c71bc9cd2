/* Pseudonyms: the same name gives the same one on this installation, so that counts by user stay
 * possible, and nobody without the key gets back from it. anon-XXXXXXXX: 32 bits of HMAC-SHA-256. */
#ifndef DB_ANON_H
#define DB_ANON_H

#include "core/base/status.h"

#define ANON_PATTERN "anon-[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]"

struct anon;
struct sqlite3;

/* Takes the key from secrets, makes it when it is not there, and gives db the function
 * anonym(TEXT): '' stays '', NULL stays NULL. ST_NOMEM; ST_STORE: the key cannot be had. To be freed
 * after db was closed. */
enum status anon_new(struct sqlite3 *secrets, struct sqlite3 *db, struct anon **out) MUST_USE;
void anon_free(struct anon *a);

#endif
