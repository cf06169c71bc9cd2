#include "cmd/logins.h"

#include <stdio.h>
#include <string.h>

#include "core/base/list.h"
#include "core/base/mem.h"
#include "core/ike/questions.h"

#define TEXT_LEN 600

/* Of a profile. */
struct kept {
	struct list in_list;
	char profile[IKE_NAME_LEN];
	uint64_t number; /* another one with each that is given */
	struct logins_pair pair;
};

/* From its first question to its end. */
struct login {
	struct list in_list;
	uint64_t sa;
	char profile[IKE_NAME_LEN];
	bool waits;
	bool want_name, is_further;
	bool has_passed;
	char prompt[LOGINS_PROMPT];
	uint64_t until_ms;
	uint64_t used; /* number of what it said; 0: nothing of ours */
	void *caller;  /* who gave it; NULL: nobody, or told */
};

struct logins {
	struct logins_ports ports;
	struct list kept, logins; /* oldest first */
	uint64_t last;
};

struct logins *logins_new(const struct logins_ports *ports)
{
	struct logins *all = mem_new(sizeof(*all));
	if (!all)
		return NULL;
	all->ports = *ports;
	list_init(&all->kept);
	list_init(&all->logins);
	return all;
}

static void kept_free(struct kept *k)
{
	list_del(&k->in_list);
	mem_free_secret(k, sizeof(*k));
}

static void login_free(struct login *l)
{
	list_del(&l->in_list);
	mem_free(l);
}

void logins_free(struct logins *all)
{
	if (!all)
		return;
	LIST_EACH_SAFE(at, &all->kept)
		kept_free(CONTAINER_OF(at, struct kept, in_list));
	LIST_EACH_SAFE(at, &all->logins)
		login_free(CONTAINER_OF(at, struct login, in_list));
	mem_free(all);
}

/* ---- finding ------------------------------------------------------------------------------------------ */

static struct kept *find_kept(const struct logins *all, const char *profile)
{
	LIST_EACH(at, &all->kept) {
		struct kept *k = CONTAINER_OF(at, struct kept, in_list);
		if (strcmp(k->profile, profile) == 0)
			return k;
	}
	return NULL;
}

static struct login *find_login(const struct logins *all, uint64_t sa)
{
	LIST_EACH(at, &all->logins) {
		struct login *l = CONTAINER_OF(at, struct login, in_list);
		if (l->sa == sa)
			return l;
	}
	return NULL;
}

enum want { WANT_PAIR, WANT_FURTHER, WANT_ANY };

/* The oldest that waits for such a thing. */
static struct login *find_waiting(const struct logins *all, const char *profile, enum want want)
{
	LIST_EACH(at, &all->logins) {
		struct login *l = CONTAINER_OF(at, struct login, in_list);
		if (l->waits && strcmp(l->profile, profile) == 0 && (want == WANT_ANY || l->is_further == (want == WANT_FURTHER)))
			return l;
	}
	return NULL;
}

/* ---- logins ------------------------------------------------------------------------------------------- */

static void tell(struct logins *all, struct login *l, int code, const char *text)
{
	void *caller = l->caller;
	l->caller = NULL;
	if (caller)
		all->ports.told(all->ports.ctx, caller, code, text);
}

static struct login *login_new(struct logins *all, const struct logins_question *q)
{
	struct login *l = mem_new(sizeof(*l));
	if (!l)
		return NULL;
	l->sa = q->sa;
	snprintf(l->profile, sizeof(l->profile), "%s", q->profile);
	list_push_back(&all->logins, &l->in_list);
	return l;
}

enum status logins_ask(struct logins *all, const struct logins_question *q, uint64_t now_ms, struct logins_pair *out)
{
	struct login *l = find_login(all, q->sa);
	const struct kept *k = find_kept(all, q->profile);
	bool is_further = q->is_further || l;
	if (!l)
		l = login_new(all, q);
	if (!l)
		return ST_NOMEM;
	if (k && !is_further) {
		l->used = k->number;
		*out = k->pair;
		return ST_OK;
	}
	l->waits = true;
	l->want_name = q->want_name;
	l->is_further = is_further;
	l->until_ms = now_ms + LOGINS_WAIT_MS;
	snprintf(l->prompt, sizeof(l->prompt), "%s", q->prompt);
	tell(all, l, LOGINS_MORE, "the gateway asks for more\n");
	return ST_PENDING;
}

/* The login may be over and gone when it returns. */
static void go_on(struct logins *all, struct login *l, enum status st, const struct logins_pair *p)
{
	l->waits = false;
	all->ports.answer(all->ports.ctx, l->sa, st, p);
}

void logins_passed(struct logins *all, uint64_t sa)
{
	struct login *l = find_login(all, sa);
	if (l)
		l->has_passed = true;
}

/* Ends that say nothing about the password: it did not arrive, or nobody judged it. */
static bool is_silent(enum status st)
{
	static const enum status rows[] = {
		ST_TIMEOUT, ST_CANCELLED, ST_NOMEM, ST_AGAIN, ST_INTERNAL, ST_IO, ST_REDIRECTED,
		ST_END_PEER, ST_END_ADMIN, ST_END_DPD, ST_END_REPLACED, ST_END_SHUTDOWN, ST_END_CONFIG, ST_END_REAUTH,
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i] == st)
			return true;
	return false;
}

void logins_ended(struct logins *all, uint64_t sa, enum status st, const char *detail)
{
	struct login *l = find_login(all, sa);
	char text[TEXT_LEN] = "connected\n";
	if (!l)
		return;
	bool is_refused = st != ST_OK && !l->has_passed && !is_silent(st);
	struct kept *k = find_kept(all, l->profile);
	/* Others may have been given meanwhile. */
	if (is_refused && k && l->used == k->number)
		kept_free(k);
	if (st != ST_OK)
		snprintf(text, sizeof(text), "%s: %.400s%s\n", is_refused ? "refused" : "not connected",
			 detail && detail[0] ? detail : status_words(st),
			 is_refused ? "; what was given is forgotten" : l->used ? "; what was given is kept for the next login" : "");
	tell(all, l, st == ST_OK ? 0 : 1, text);
	login_free(l);
}

static struct login *find_late(const struct logins *all, uint64_t now_ms)
{
	LIST_EACH(at, &all->logins) {
		struct login *l = CONTAINER_OF(at, struct login, in_list);
		if (l->waits && l->until_ms <= now_ms)
			return l;
	}
	return NULL;
}

void logins_second(struct logins *all, uint64_t now_ms)
{
	struct login *l;
	while ((l = find_late(all, now_ms)) != NULL)
		go_on(all, l, ST_NO_PASSWORD, NULL);
}

/* ---- people ------------------------------------------------------------------------------------------- */

static bool is_usable(const struct logins_pair *p)
{
	return p->len > 0 && p->len <= EAP_PASSWORD_MAX && memchr(p->name, 0, sizeof(p->name));
}

static struct kept *kept_for(struct logins *all, const char *profile)
{
	struct kept *k = find_kept(all, profile);
	if (k)
		return k;
	k = mem_new(sizeof(*k));
	if (!k)
		return NULL;
	snprintf(k->profile, sizeof(k->profile), "%s", profile);
	list_push_back(&all->kept, &k->in_list);
	return k;
}

enum status logins_give(struct logins *all, const char *profile, const struct logins_pair *p, void *caller)
{
	if (!is_usable(p))
		return ST_LIMIT;
	struct kept *k = kept_for(all, profile);
	if (!k)
		return ST_NOMEM;
	uint64_t number = k->number = ++all->last;
	k->pair = *p;
	struct login *l;
	bool is_waiting = false;
	while ((l = find_waiting(all, profile, WANT_PAIR)) != NULL) {
		l->used = number;
		/* The first one speaks for all. */
		if (!is_waiting)
			l->caller = caller;
		is_waiting = true;
		go_on(all, l, ST_OK, p);
	}
	return is_waiting ? ST_PENDING : ST_OK;
}

enum status logins_answer(struct logins *all, const char *profile, const struct logins_pair *p, void *caller)
{
	struct login *l = find_waiting(all, profile, WANT_FURTHER);
	if (!l)
		return ST_NOT_FOUND;
	if (!is_usable(p))
		return ST_LIMIT;
	l->caller = caller;
	go_on(all, l, ST_OK, p);
	return ST_PENDING;
}

void logins_gone(struct logins *all, const void *caller)
{
	LIST_EACH(at, &all->logins) {
		struct login *l = CONTAINER_OF(at, struct login, in_list);
		if (l->caller == caller)
			l->caller = NULL;
	}
}

bool logins_forget(struct logins *all, const char *profile)
{
	struct kept *k = find_kept(all, profile);
	if (k)
		kept_free(k);
	return k;
}

void logins_drop(struct logins *all, const char *profile)
{
	struct login *l;
	(void)logins_forget(all, profile);
	while ((l = find_waiting(all, profile, WANT_ANY)) != NULL)
		go_on(all, l, ST_NO_PASSWORD, NULL);
}

/* ---- what waits --------------------------------------------------------------------------------------- */

static bool describe(const struct login *l, uint64_t now_ms, struct logins_wish *out)
{
	if (!l || !l->waits)
		return false;
	*out = (struct logins_wish){.want_name = l->want_name,
				   .is_further = l->is_further,
				   .profile = l->profile,
				   .prompt = l->prompt,
				   .left_ms = l->until_ms > now_ms ? l->until_ms - now_ms : 0};
	return true;
}

bool logins_waits(const struct logins *all, uint64_t sa, uint64_t now_ms, struct logins_wish *out)
{
	return describe(find_login(all, sa), now_ms, out);
}

bool logins_wanted(const struct logins *all, const char *profile, uint64_t now_ms, struct logins_wish *out)
{
	return describe(find_waiting(all, profile, WANT_ANY), now_ms, out);
}
