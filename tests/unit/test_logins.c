/* What people gave for our own logins: who waits, what is used, and when it is wiped. */
#include "cmd/logins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/ike/sa_table.h"
#include "tests/lib/t.h"

#define ANSWERS 8

static struct logins *c;
static uint64_t now;
static struct logins_pair pair;
static char anna, bert; /* two people */

/* What the ports heard. */
static struct {
	size_t n;
	uint64_t sa[ANSWERS];
	enum status st[ANSWERS];
	char password[ANSWERS][EAP_PASSWORD_MAX + 1];
	char name[EAP_NAME_MAX + 1]; /* of the last */
	enum status ends; /* not ST_OK: the login ends inside of its answer, for this */
	int told;
	const void *caller;
	int code;
	char text[600];
} heard;

static void on_answer(void *ctx, uint64_t sa, enum status st, const struct logins_pair *p)
{
	if (ctx != &heard || heard.n == ANSWERS)
		abort();
	heard.sa[heard.n] = sa;
	heard.st[heard.n] = st;
	if (p) {
		memcpy(heard.password[heard.n], p->password, p->len);
		snprintf(heard.name, sizeof(heard.name), "%s", p->name);
	}
	heard.n++;
	if (heard.ends != ST_OK)
		logins_ended(c, sa, heard.ends, "");
}

static void on_told(void *ctx, void *caller, int code, const char *text)
{
	heard.told++;
	heard.caller = caller;
	heard.code = code;
	snprintf(heard.text, sizeof(heard.text), "%s", text);
}

static void begin(void)
{
	memset(&heard, 0, sizeof(heard));
	memset(&pair, 0, sizeof(pair));
	now = 5000;
	c = logins_new(&(struct logins_ports){.answer = on_answer, .told = on_told, .ctx = &heard});
	if (!c)
		abort();
}

static struct logins_pair of(const char *name, const char *password)
{
	struct logins_pair p = {.len = (uint16_t)strlen(password)};
	snprintf(p.name, sizeof(p.name), "%s", name);
	memcpy(p.password, password, p.len);
	return p;
}

static enum status asks(uint64_t sa, const char *profile)
{
	struct logins_question q = {.sa = sa, .profile = profile, .want_name = true, .prompt = ""};
	memset(&pair, 0, sizeof(pair));
	return logins_ask(c, &q, now, &pair);
}

static enum status asks_more(uint64_t sa, const char *profile, const char *prompt)
{
	struct logins_question q = {.sa = sa, .profile = profile, .is_further = true, .prompt = prompt};
	return logins_ask(c, &q, now, &pair);
}

static enum status gives(const char *profile, const char *password, void *caller)
{
	struct logins_pair p = of("anna", password);
	return logins_give(c, profile, &p, caller);
}

static enum status says(const char *profile, const char *password, void *caller)
{
	struct logins_pair p = of("", password);
	return logins_answer(c, profile, &p, caller);
}

/* Is anything kept? Whoever asks for it is no login that stays. */
static bool is_kept(const char *profile)
{
	enum status st = asks(999, profile);
	logins_ended(c, 999, ST_END_ADMIN, "");
	return st == ST_OK;
}

/* ---- waiting ---------------------------------------------------------------------------------- */

static void given_in_time(void)
{
	struct logins_wish wish;

	begin();
	T_EQ(asks(1, "HUB"), ST_PENDING);
	T_TRUE(logins_waits(c, 1, now + 1000, &wish));
	T_TRUE(wish.want_name && !wish.is_further);
	T_EQ(wish.left_ms, LOGINS_WAIT_MS - 1000);
	T_STR(wish.profile, "HUB");
	T_TRUE(logins_wanted(c, "HUB", now, &wish) && !logins_wanted(c, "OTHER", now, &wish));
	T_EQ(gives("HUB", "secret", &anna), ST_PENDING);
	T_EQ(heard.n, 1);
	T_EQ(heard.sa[0], 1);
	T_EQ(heard.st[0], ST_OK);
	T_STR(heard.name, "anna");
	T_STR(heard.password[0], "secret");
	T_TRUE(!logins_waits(c, 1, now, &wish) && heard.told == 0);
	logins_passed(c, 1);
	logins_ended(c, 1, ST_OK, "");
	T_EQ(heard.told, 1);
	T_TRUE(heard.caller == &anna && heard.code == 0);
	T_STR(heard.text, "connected\n");
	/* The next login of the same profile has it at once, others do not. */
	T_EQ(asks(2, "HUB"), ST_OK);
	T_EQ(pair.len, 6);
	T_MEM(pair.password, "secret", 6);
	T_STR(pair.name, "anna");
	T_EQ(asks(3, "OTHER"), ST_PENDING);
	logins_free(c);
}

static void given_before(void)
{
	begin();
	T_EQ(gives("HUB", "first", &anna), ST_OK);
	T_EQ(gives("HUB", "second", NULL), ST_OK);
	T_EQ(asks(1, "HUB"), ST_OK);
	T_MEM(pair.password, "second", 6);
	T_EQ(heard.n + (size_t)heard.told, 0);
	logins_free(c);
}

static void not_in_time(void)
{
	struct logins_wish wish;

	begin();
	/* Sooner than the engine gives up (I_EAP_ASK). */
	T_TRUE(LOGINS_WAIT_MS + 2000 < sa_state_info(SA_I_EAP_ASK)->timeout_ms);
	T_EQ(asks(1, "HUB"), ST_PENDING);
	now += 10;
	T_EQ(asks(2, "HUB"), ST_PENDING);
	logins_second(c, now - 10 + LOGINS_WAIT_MS - 1);
	T_EQ(heard.n, 0);
	heard.ends = ST_NO_PASSWORD;
	logins_second(c, now - 10 + LOGINS_WAIT_MS);
	T_EQ(heard.n, 1);
	T_EQ(heard.sa[0], 1);
	T_EQ(heard.st[0], ST_NO_PASSWORD);
	T_TRUE(logins_waits(c, 2, now, &wish));
	/* What comes too late for one login is for the next. */
	logins_ended(c, 2, ST_TIMEOUT, "");
	T_EQ(gives("HUB", "late", NULL), ST_OK);
	T_TRUE(is_kept("HUB"));
	logins_free(c);
}

static void several_wait(void)
{
	begin();
	for (uint64_t sa = 1; sa <= 3; sa++)
		T_EQ(asks(sa, sa == 2 ? "OTHER" : "HUB"), ST_PENDING);
	/* Each may end inside of its answer. */
	heard.ends = ST_NOMEM;
	T_EQ(gives("HUB", "secret", &anna), ST_PENDING);
	T_EQ(heard.n, 2);
	T_TRUE(heard.sa[0] == 1 && heard.sa[1] == 3);
	T_TRUE(heard.told == 1 && heard.code == 1);
	T_STR(heard.text, "not connected: out of memory; what was given is kept for the next login\n");
	T_TRUE(is_kept("HUB"));
	logins_free(c);
}

/* ---- wiping ----------------------------------------------------------------------------------- */

static void how_it_ends(void)
{
	static const struct {
		enum status st;
		bool has_passed, stays;
		const char *text;
	} rows[] = {
		{ST_OK, true, true, "connected\n"},
		{ST_WRONG_PASSWORD, false, false, "refused: "},
		{ST_PEER_REFUSED, false, false, "refused: "},
		{ST_AUTH_FAILED, false, false, "refused: "},
		{ST_EAP_EARLY, false, false, "refused: "},
		/* Right, but something else is wrong. */
		{ST_AUTH_FAILED, true, true, "not connected: "},
		{ST_NO_ADDRESS, true, true, "not connected: "},
		/* Nobody has judged it. */
		{ST_TIMEOUT, false, true, "not connected: "},
		{ST_NOMEM, false, true, "not connected: "},
		{ST_END_ADMIN, false, true, "not connected: "},
		{ST_REDIRECTED, false, true, "not connected: "},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int is_automatic = 0; is_automatic < 2; is_automatic++) {
			T_ROW(2 * i + (size_t)is_automatic, status_token(rows[i].st));
			begin();
			if (is_automatic)
				T_EQ(gives("HUB", "secret", NULL), ST_OK);
			T_EQ(asks(1, "HUB"), is_automatic ? ST_OK : ST_PENDING);
			if (!is_automatic)
				T_EQ(gives("HUB", "secret", &anna), ST_PENDING);
			if (rows[i].has_passed)
				logins_passed(c, 1);
			logins_ended(c, 1, rows[i].st, "");
			T_EQ(heard.told, !is_automatic);
			T_TRUE(is_automatic || strncmp(heard.text, rows[i].text, strlen(rows[i].text)) == 0);
			T_EQ(is_kept("HUB"), rows[i].stays);
			logins_free(c);
		}
	}
}

static void newer_ones_stay(void)
{
	begin();
	T_EQ(gives("HUB", "old", NULL), ST_OK);
	T_EQ(asks(1, "HUB"), ST_OK);
	T_EQ(gives("HUB", "new", NULL), ST_OK);
	logins_ended(c, 1, ST_WRONG_PASSWORD, "");
	T_EQ(asks(2, "HUB"), ST_OK);
	T_MEM(pair.password, "new", 3);
	logins_free(c);
}

static void told_to_forget(void)
{
	begin();
	T_EQ(gives("HUB", "secret", NULL), ST_OK);
	T_EQ(gives("OTHER", "secret", NULL), ST_OK);
	T_TRUE(logins_forget(c, "HUB") && !logins_forget(c, "HUB"));
	T_TRUE(!is_kept("HUB") && is_kept("OTHER"));
	/* Who waits goes on waiting for another one, but not for a profile that is no more. */
	T_EQ(asks(1, "HUB"), ST_PENDING);
	T_TRUE(!logins_forget(c, "HUB"));
	T_EQ(heard.n, 0);
	logins_drop(c, "OTHER");
	T_TRUE(!is_kept("OTHER"));
	T_EQ(heard.n, 0);
	logins_drop(c, "HUB");
	T_EQ(heard.n, 1);
	T_EQ(heard.st[0], ST_NO_PASSWORD);
	logins_free(c);
}

/* ---- what comes after the password -------------------------------------------------------------- */

static void asked_for_more(void)
{
	struct logins_wish wish;

	begin();
	T_EQ(asks(1, "HUB"), ST_PENDING);
	T_EQ(gives("HUB", "secret", &anna), ST_PENDING);
	/* The same login once more: not with the same password, and who gave it hears that. */
	T_EQ(asks(1, "HUB"), ST_PENDING);
	T_TRUE(heard.told == 1 && heard.code == LOGINS_MORE && heard.caller == &anna);
	T_TRUE(logins_wanted(c, "HUB", now, &wish) && wish.is_further);
	/* A new password is not the answer; it is for the next login. */
	T_EQ(gives("HUB", "other", NULL), ST_OK);
	T_EQ(heard.n, 1);
	T_EQ(says("OTHER", "123456", &bert), ST_NOT_FOUND);
	T_EQ(says("HUB", "123456", &bert), ST_PENDING);
	T_STR(heard.password[1], "123456");
	T_EQ(says("HUB", "123456", &bert), ST_NOT_FOUND);
	logins_passed(c, 1);
	logins_ended(c, 1, ST_OK, "");
	T_TRUE(heard.caller == &bert && heard.code == 0);
	/* It was good once. */
	T_EQ(asks(2, "HUB"), ST_OK);
	T_MEM(pair.password, "other", 5);
	logins_free(c);
}

/* The profile has a password, so this is about something else from the beginning. */
static void only_more(void)
{
	struct logins_wish wish;
	char prompt[LOGINS_PROMPT + 100];

	begin();
	memset(prompt, 'x', sizeof(prompt));
	prompt[sizeof(prompt) - 1] = 0;
	T_EQ(gives("HUB", "secret", NULL), ST_OK);
	T_EQ(asks_more(1, "HUB", prompt), ST_PENDING);
	T_TRUE(logins_waits(c, 1, now, &wish) && wish.is_further && !wish.want_name);
	T_EQ(strlen(wish.prompt), LOGINS_PROMPT - 1);
	/* Nobody answers: what is kept was not what it said. */
	logins_second(c, now + LOGINS_WAIT_MS);
	logins_ended(c, 1, ST_NO_PASSWORD, "");
	T_TRUE(is_kept("HUB"));
	/* But a password whose login stands still at the next question is not sent again and again. */
	T_EQ(asks(2, "HUB"), ST_OK);
	T_EQ(asks(2, "HUB"), ST_PENDING);
	logins_second(c, now + LOGINS_WAIT_MS);
	logins_ended(c, 2, ST_NO_PASSWORD, "");
	T_TRUE(!is_kept("HUB"));
	logins_free(c);
}

/* ---- the rest ----------------------------------------------------------------------------------- */

static void callers_go(void)
{
	begin();
	T_EQ(asks(1, "HUB"), ST_PENDING);
	T_EQ(gives("HUB", "secret", &anna), ST_PENDING);
	logins_gone(c, &bert);
	logins_gone(c, &anna);
	logins_ended(c, 1, ST_OK, "");
	logins_ended(c, 1, ST_OK, "");
	logins_ended(c, 77, ST_TIMEOUT, "");
	logins_passed(c, 77);
	T_EQ(heard.told, 0);
	logins_free(c);
	logins_free(NULL);
}

static void limits(void)
{
	struct logins_pair p;

	begin();
	p = of("anna", "");
	T_EQ(logins_give(c, "HUB", &p, NULL), ST_LIMIT);
	p.len = EAP_PASSWORD_MAX + 1;
	T_EQ(logins_give(c, "HUB", &p, NULL), ST_LIMIT);
	p.len = EAP_PASSWORD_MAX;
	memset(p.name, 'a', sizeof(p.name));
	T_EQ(logins_give(c, "HUB", &p, NULL), ST_LIMIT);
	T_TRUE(!is_kept("HUB"));
	p.name[EAP_NAME_MAX] = 0;
	T_EQ(logins_give(c, "HUB", &p, NULL), ST_OK);
	T_TRUE(is_kept("HUB"));
	T_EQ(asks_more(1, "HUB", ""), ST_PENDING);
	p.len = 0;
	T_EQ(logins_answer(c, "HUB", &p, NULL), ST_LIMIT);
	T_EQ(says("HUB", "1", NULL), ST_PENDING);
	logins_free(c);
}

static void out_of_memory(void)
{
	int64_t before = mem_live();

	mem_fail_at(1);
	T_TRUE(logins_new(&(struct logins_ports){0}) == NULL);
	mem_fail_at(0);
	begin();
	mem_fail_at(1);
	T_EQ(asks(1, "HUB"), ST_NOMEM);
	mem_fail_at(1);
	T_EQ(gives("HUB", "secret", &anna), ST_NOMEM);
	mem_fail_at(0);
	T_TRUE(!is_kept("HUB"));
	/* What is there already needs none. */
	T_EQ(asks(1, "HUB"), ST_PENDING);
	T_EQ(gives("HUB", "secret", &anna), ST_PENDING);
	mem_fail_at(1);
	T_EQ(gives("HUB", "other", &anna), ST_OK);
	mem_fail_at(0);
	T_EQ(mem_live(), before + 3);
	logins_free(c);
	T_EQ(mem_live(), before);
}

int main(void)
{
	T_RUN(given_in_time);
	T_RUN(given_before);
	T_RUN(not_in_time);
	T_RUN(several_wait);
	T_RUN(how_it_ends);
	T_RUN(newer_ones_stay);
	T_RUN(told_to_forget);
	T_RUN(asked_for_more);
	T_RUN(only_more);
	T_RUN(callers_go);
	T_RUN(limits);
	T_RUN(out_of_memory);
	return t_end();
}
