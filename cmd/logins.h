/* What people gave for our own logins by EAP: a user name and a password for each IKEv2 profile, and the logins
 * that wait for them. Nothing of it is stored, logged or shown.
 *
 *   logins_ask -> given before: ST_OK
 *             -> ST_PENDING ... logins_give | logins_answer | LOGINS_WAIT_MS -> ports.answer
 *                                   logins_passed | logins_ended -> ports.told
 *
 * What the gateway refused is wiped, so that no account is locked by repeating it. Pure; loop thread. */
#ifndef CMD_LOGINS_H
#define CMD_LOGINS_H

#include "core/base/status.h"
#include "core/eap/user.h"

/* A person finds the terminal and types; less than the timeout of I_EAP_ASK (core/ike/sa_table.h). */
#define LOGINS_WAIT_MS 100000
#define LOGINS_PROMPT 256

/* Exit codes for who gave, besides those of every command. */
#define LOGINS_MORE 3 /* the gateway asks for something else */

struct logins;

/* Whoever holds one wipes it (mem_zero). */
struct logins_pair {
	char name[EAP_NAME_MAX + 1]; /* "": our IKE identity */
	uint16_t len;
	uint8_t password[EAP_PASSWORD_MAX];
};

/* A login (by its IKE SA) has no password. */
struct logins_question {
	uint64_t sa;
	const char *profile;
	bool want_name;     /* and no user name: the gateway asked for an identity */
	bool is_further;    /* the password is known and was said: this is about something else */
	const char *prompt; /* what the gateway says to it, "": nothing. Any bytes but NUL */
};

/* What a login waits for; views until the next call. */
struct logins_wish {
	bool want_name;
	bool is_further;
	const char *profile;
	const char *prompt;
	uint64_t left_ms;
};

struct logins_ports {
	/* A login that waited goes on: ST_OK and what to say, or ST_NO_PASSWORD. May call logins_ended. Never from
	 * inside of logins_ask. */
	void (*answer)(void *ctx, uint64_t sa, enum status st, const struct logins_pair *p);
	/* What came of it, once, for who gave (`caller`): exit code and a sentence with its newline. */
	void (*told)(void *ctx, void *caller, int code, const char *text);
	void *ctx;
};

/* NULL: out of memory. The ports are copied. */
struct logins *logins_new(const struct logins_ports *ports);
void logins_free(struct logins *all); /* nobody is told; NULL is fine */

/* ST_OK: *out says what to say. ST_PENDING: it waits. ST_NOMEM. */
enum status logins_ask(struct logins *all, const struct logins_question *q, uint64_t now_ms, struct logins_pair *out) MUST_USE;
/* EAP has succeeded: whatever ends this login now, the password was right. */
void logins_passed(struct logins *all, uint64_t sa);
/* The login is over: ST_OK, it is connected. detail: why not, "" when the words of st suffice. A login that
 * never asked is fine. Calls nothing but ports.told. */
void logins_ended(struct logins *all, uint64_t sa, enum status st, const char *detail);
/* Those that waited too long; about once a second. */
void logins_second(struct logins *all, uint64_t now_ms);

/* From a person; what was given before is wiped. ST_OK: no login waited for it, it is kept for the next one.
 * ST_PENDING: logins go on with it, caller is told what comes of it. ST_LIMIT: too long, or no password;
 * ST_NOMEM. caller NULL: nobody wants to know. */
enum status logins_give(struct logins *all, const char *profile, const struct logins_pair *p, void *caller) MUST_USE;
/* The answer to what a gateway asked for after the password: said once, not kept. ST_PENDING, ST_LIMIT;
 * ST_NOT_FOUND: nothing waits for it. */
enum status logins_answer(struct logins *all, const char *profile, const struct logins_pair *p, void *caller) MUST_USE;
/* The caller went away. */
void logins_gone(struct logins *all, const void *caller);
/* What was given is wiped; false: there was nothing. */
bool logins_forget(struct logins *all, const char *profile);
/* The same, and logins that wait end: the profile is another one now. */
void logins_drop(struct logins *all, const char *profile);

/* What the login, or the oldest one of the profile, waits for. False: for nothing. */
bool logins_waits(const struct logins *all, uint64_t sa, uint64_t now_ms, struct logins_wish *out);
bool logins_wanted(const struct logins *all, const char *profile, uint64_t now_ms, struct logins_wish *out);

#endif
