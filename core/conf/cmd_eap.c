/* EAP lines of a profile. */
#include <string.h>

#include "core/conf/set.h"
#include "core/conf/tables.h"

/* IANA, "EAP Registry": method types. */
static const struct {
	const char *word;
	uint8_t type;
} methods[] = {{"mschapv2", 26}, {"tls", 13}, {"ttls", 21}, {"peap", 25}, {"gtc", 6}, {"md5", 4}};

#define METHODS (sizeof(methods) / sizeof(methods[0]))
_Static_assert(METHODS <= EAP_LIST_MAX, "room for all of them");

static uint8_t type_of(const char *word, size_t len)
{
	for (size_t i = 0; i < METHODS; i++)
		if (strlen(methods[i].word) == len && memcmp(methods[i].word, word, len) == 0)
			return methods[i].type;
	return 0;
}

const char *eap_method_word(uint8_t type)
{
	for (size_t i = 0; i < METHODS; i++)
		if (methods[i].type == type)
			return methods[i].word;
	return "?";
}

static bool has(const struct eap_list *l, uint8_t type)
{
	return l->n && memchr(l->v, type, l->n);
}

static struct eap_list default_of(const struct cmd *row)
{
	struct eap_list l = {.n = 0};
	for (const char *p = row->def; *p;) {
		size_t n = strcspn(p, " ");
		l.v[l.n++] = type_of(p, n);
		p += n + (p[n] == ' ');
	}
	return l;
}

void set_eap_methods(struct cmd_call *c)
{
	struct eap_list *l = (struct eap_list *)(void *)((char *)c->obj + c->row->off), next = {.n = 0};
	*l = default_of(c->row);
	if (c->form != FORM_SET)
		return;
	for (size_t i = 0; i < c->n; i++) {
		uint8_t type = type_of(c->args[i].key.p, c->args[i].key.len);
		if (has(&next, type)) {
			cmd_error(c, &c->args[i], "named twice:", "");
			return;
		}
		next.v[next.n++] = type;
	}
	*l = next;
}

void print_eap_methods(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct eap_list *l = (const struct eap_list *)(const void *)((const char *)obj + row->off);
	struct eap_list def = default_of(row);
	if (l->n == def.n && memcmp(l->v, def.v, l->n) == 0 && !(o->flags & CONF_ALL))
		return;
	cout_head(o, row, false);
	for (size_t i = 0; i < l->n; i++)
		cout_word(o, eap_method_word(l->v[i]));
	cout_end(o);
}
