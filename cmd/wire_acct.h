/* Accounting (R-ACC, RFC 2866): records of sessions go into the spool of the database first and to the servers from
 * there (cmd/wire_spool.h), in order, once each, whatever dies in between. Loop thread. */
#ifndef CMD_WIRE_ACCT_H
#define CMD_WIRE_ACCT_H

#include "cmd/wire_state.h"
#include "cmd/acct_record.h"

struct session;
struct store_acct;

enum status wire_acct_open(struct wire *w) MUST_USE;
void wire_acct_close(struct wire *w);

/* Which groups are told of this session, before it is frozen for the first time. ST_NOMEM: none yet. */
enum status wire_acct_choose(const struct wire *w, struct session *s) MUST_USE;
void wire_acct_up(struct wire *w, struct session *s);
/* Something of it changed that servers should know (`aaa accounting update newinfo`): addresses, rights. */
void wire_acct_news(const struct wire *w, struct session *s);
/* Is its next interim record due? */
bool wire_acct_is_due(const struct wire *w, struct session *s);
void wire_acct_interim(struct wire *w, struct session *s, const struct acct_traffic *t);
void wire_acct_down(struct wire *w, const struct session *s, enum status why, const struct acct_traffic *t);
/* Sessions of before are known: those without an end get one. is_fresh: nothing of before lives on. */
void wire_acct_begin(struct wire *w, bool is_fresh);
/* The headend stops: its sessions have ended. */
void wire_acct_off(struct wire *w);

/* store_options.on_acct. */
void wire_acct_on_store(struct wire *w, uint64_t number, enum status st, const struct store_acct *v, size_t n);

/* For the world. */
void wire_acct_info(void *ctx, struct acct_info *out);

#endif
