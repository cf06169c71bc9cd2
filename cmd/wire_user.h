/* Users of the running daemon: for EAP (cmd/users.h has the rules). Loop thread; nothing here waits: all
 * rows are in memory, changes go to the writer of the store. */
#ifndef CMD_WIRE_USER_H
#define CMD_WIRE_USER_H

#include "cmd/wire_state.h"
#include "core/eap/eap.h"

/* Reads secrets.db and the master key; before the store is opened. ST_NOMEM, or the file's trouble. A key
 * that is missing or does not fit is logged: users of the file then cannot log in. */
enum status wire_user_open(struct wire *w) MUST_USE;
void wire_user_close(struct wire *w);

/* The answer to EAP_WANT_USER. The caller wipes *out (eap_user_wipe). */
void wire_user_ask(struct wire *w, const char *name, struct eap_user *out);
/* For every step with `checked`, at once. ST_OK, or why the login must be refused although the method said
 * yes (ST_WRONG_CODE: the code was used by another login meanwhile). */
enum status wire_user_result(struct wire *w, const struct eap_step *step) MUST_USE;

/* For world.make_user_key: the master key is made when there is none. */
enum status wire_user_make_key(void *ctx);
uint64_t wire_user_ms(void *ctx);

#endif
