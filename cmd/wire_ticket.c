#include "cmd/wire_ticket.h"

#include <stdio.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/session/session.h"
#include "db/store.h"

#define KEYS "ticket-keys"

/* A question that the store is to answer. */
struct ticket_question {
	struct list in_list;
	uint64_t number;
};

/* Live sessions are known here; how one ended, and whether it was resumed since, is in the store. */
bool wire_ticket_ask(struct wire *w, uint64_t number, const struct ike_question *q,
		     struct ike_answer *answer)
{
	const struct session *s = session_find(w->sessions, &q->ticket);
	/* Its keys prove that it is the same device, which is not what was asked for. */
	if (s && s->reauth_ms) {
		answer->status = ST_TICKET_REVOKED;
		snprintf(answer->detail, sizeof(answer->detail), "its client was asked to authenticate again");
		return false;
	}
	if (s && s->state == SESSION_UP && !s->we_are_initiator) {
		answer->live_sa = s->sa;
		return false;
	}
	struct ticket_question *t = mem_new(sizeof(*t));
	if (!t || store_resume(w->store, number, &q->ticket, q->claims_ticket) != ST_OK) {
		mem_free(t);
		answer->status = ST_NOMEM;
		return false;
	}
	t->number = number;
	list_push_back(&w->tickets, &t->in_list);
	return true;
}

bool wire_ticket_answered(struct wire *w, uint64_t number, enum status st)
{
	LIST_EACH(at, &w->tickets) {
		struct ticket_question *t = CONTAINER_OF(at, struct ticket_question, in_list);
		struct ike_answer *a;
		if (t->number != number)
			continue;
		list_del(&t->in_list);
		mem_free(t);
		a = w->ike ? mem_new(sizeof(*a)) : NULL;
		if (!a)
			return true; /* a timeout ends the wait */
		a->kind = ASK_TICKET;
		a->status = st;
		ike_on_answer(w->ike, number, a);
		mem_free(a);
		return true;
	}
	return false;
}

void wire_ticket_fini(struct wire *w)
{
	LIST_EACH_SAFE(at, &w->tickets)
		mem_free(CONTAINER_OF(at, struct ticket_question, in_list));
	mem_zero(w->ticket_keys, sizeof(w->ticket_keys));
}

void wire_ticket_keep_keys(void *ctx, const uint8_t *rec, size_t len)
{
	struct wire *w = ctx;
	store_secret(w->store, KEYS, rec, len);
}

void wire_ticket_read_keys(struct wire *w)
{
	_Static_assert(sizeof(w->ticket_keys) == STORE_SECRET, "what the store has must fit");
	w->ticket_keys_len = store_secret_read(w->state, KEYS, w->ticket_keys);
}

void wire_ticket_give_keys(struct wire *w)
{
	if (!w->ticket_keys_len)
		return;
	enum status st = ike_take_keys(w->ike, (struct view){w->ticket_keys, w->ticket_keys_len});
	if (st != ST_OK)
		LOG(EV_STORE_ERROR, kv_str("reason", "the keys of tickets are damaged; new ones are made"),
		    kv_status("status", st));
	mem_zero(w->ticket_keys, sizeof(w->ticket_keys));
}
