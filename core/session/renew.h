/* A client that authenticates again (RFC 4478), make before break: a second IKE SA with the gateway of
 * the session takes over, and the one before is closed a moment later, when nothing is on its way
 * through it any more. Beside the machine of client.h, which sees one connection all the time. */
#ifndef CORE_SESSION_RENEW_H
#define CORE_SESSION_RENEW_H

#include <stdbool.h>
#include <stdint.h>

#define RENEW_CLOSE_MS 3000 /* longer than the gateway waits before it uses the new one */
#define RENEW_NEVER    UINT64_MAX

/* Numbers of IKE SAs; 0: none. All zero is the beginning. */
struct renew {
	uint64_t attempt;  /* under way */
	uint64_t old;      /* still to be closed */
	uint64_t close_ms; /* when */
};

/* May a new attempt begin? It is then told with its number. */
bool renew_may_begin(const struct renew *r);
void renew_begun(struct renew *r, uint64_t sa);
/* An SA is up. True: it is the attempt, and takes over from current. */
bool renew_up(struct renew *r, uint64_t sa, uint64_t current, uint64_t now_ms);
/* An SA failed or ended. True: it was the attempt; the connection goes on as it was. */
bool renew_failed(struct renew *r, uint64_t sa);
/* An SA that nothing needs, to be closed at that time. It is not remembered when there is one already:
 * it will be told again. */
void renew_discard(struct renew *r, uint64_t sa, uint64_t at_ms);
/* The one whose time has come, which is forgotten; 0: none. */
uint64_t renew_close(struct renew *r, uint64_t now_ms);
/* When renew_close is wanted; RENEW_NEVER. */
uint64_t renew_due_ms(const struct renew *r);

#endif
