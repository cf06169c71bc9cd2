#include "cmd/wire_redirect.h"

#include <stdio.h>

/* Could this client go there, and has it not just come from there? */
static bool suits(const struct redirect_target *t, const struct ike_question *q)
{
	return t->fqdn ||
	       (t->addr.family == q->local.addr.family && !addr_eq(&t->addr, &q->redirected_from));
}

void wire_redirect_answer(struct wire *w, const struct ike_question *q, struct ike_answer *a)
{
	const struct own_settings *own = &w->conf->own;
	for (size_t i = 0; i < own->redirect_count; i++) {
		const struct redirect_target *t = &own->redirects[w->redirect_turn++ % own->redirect_count];
		if (!suits(t, q))
			continue;
		bool is_own = !t->fqdn && addr_eq(&t->addr, &q->local.addr);
		if (is_own && w->drain != DRAIN_OFF)
			continue;
		if (is_own)
			return;
		a->gateway.addr = t->addr;
		snprintf(a->gateway.name, sizeof(a->gateway.name), "%s", t->fqdn ? t->fqdn : "");
		return;
	}
}
