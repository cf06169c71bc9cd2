/* `redirect gateway ...` and `sallyport redirect target`. */
#include <string.h>

#include "core/conf/check.h"
#include "core/conf/parse.h"
#include "core/conf/set.h"
#include "core/conf/tables.h"
#include "core/wire/gateway.h"

const char place_of_redirect[] = "redirect gateway";

void set_redirect_gateway(struct cmd_call *c)
{
	set_flag(c);
	if (c->form == FORM_SET)
		parse_remember(c->ps, place_of_redirect, c->ps->line.w[0].col);
}

static bool is_it(const struct redirect_target *t, const struct addr *a, const struct arg *name)
{
	return name ? t->fqdn && arg_is(name, t->fqdn) : !t->fqdn && addr_eq(&t->addr, a);
}

static void drop(struct own_settings *own, const struct addr *a, const struct arg *name)
{
	for (size_t i = 0; i < own->redirect_count; i++)
		if (is_it(&own->redirects[i], a, name)) {
			own->redirect_count = arena_drop(own->redirects, own->redirect_count, i,
				sizeof(own->redirects[0]));
			return;
		}
}

void set_redirect_target(struct cmd_call *c)
{
	struct own_settings *own = &c->s->own;
	const struct arg *a = cmd_arg(c, "address"), *name = cmd_arg(c, "name");
	struct addr addr = a ? a->addr : (struct addr){0};
	struct redirect_target *t;
	void *tmp;

	if (!c->n)
		own->redirect_count = 0;
	else
		drop(own, &addr, name);
	if (c->form != FORM_SET)
		return;
	if (name && !gateway_name_is_valid(name->word.p, name->word.len)) {
		cmd_error(c, name, "not the name of a host:", "letters, digits, dots and hyphens");
		return;
	}
	if (own->redirect_count == CONF_REDIRECT_TARGETS) {
		cmd_error(c, a ? a : name, "32 targets at most:", "");
		return;
	}
	t = ARENA_PUSH(c->arena, own->redirects, own->redirect_count, tmp);
	if (t)
		*t = (struct redirect_target){.addr = addr, .fqdn = name ? cmd_text(c, name) : NULL};
}

void print_redirect_target(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct own_settings *own = &((const struct snapshot *)obj)->own;

	for (size_t i = 0; i < own->redirect_count; i++) {
		const struct redirect_target *t = &own->redirects[i];
		char text[ADDR_TEXT];

		cout_head(o, row, false);
		if (t->fqdn)
			cout_str(o, " fqdn");
		cout_word(o, t->fqdn ? t->fqdn : addr_format(&t->addr, text));
		cout_end(o);
	}
}
