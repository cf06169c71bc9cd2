#include "core/conf/identity.h"

#include <string.h>

#include "core/conf/set.h"

struct prefix prefix_read(const struct cmd_call *c)
{
	const struct arg *p = cmd_arg(c, "prefix"), *a = cmd_arg(c, "address"),
			 *m = cmd_arg(c, "mask");
	struct prefix r = {0};
	if (p) {
		r = p->prefix;
	} else if (a) {
		r.addr = a->addr;
		r.len = a->addr.family == 4 ? 32 : 128;
		if (m)
			r.len = m->prefix.len;
		else if (addr_is_any(&a->addr))
			r.len = 0;
	}
	prefix_mask(&r);
	return r;
}

void prefix_print(struct cout *o, const struct prefix *p)
{
	if (p->addr.family == 6) {
		cout_str(o, " ");
		cout_addr(o, &p->addr);
		if (p->len != 128 || addr_is_any(&p->addr)) {
			cout_str(o, "/");
			cout_u32(o, p->len);
		}
		return;
	}
	cout_str(o, " ");
	cout_addr(o, &p->addr);
	if (p->len == 32 && !addr_is_any(&p->addr))
		return;
	struct addr mask = len_to_mask4(p->len);
	cout_str(o, " ");
	cout_addr(o, &mask);
}

void identity_read(struct cmd_call *c, struct id_match *m)
{
	static const struct {
		const char *word;
		uint8_t kind;
	} t[] = {{"any", ID_ANY}, {"address", ID_ADDRESS}, {"fqdn", ID_FQDN}, {"email", ID_EMAIL},
		{"key-id", ID_KEYID}, {"dn", ID_DN}};
	*m = (struct id_match){.kind = ID_NONE};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (cmd_has(c, t[i].word))
			m->kind = t[i].kind;
	if (cmd_has(c, "domain"))
		m->kind = m->kind == ID_FQDN ? ID_FQDN_DOMAIN : ID_EMAIL_DOMAIN;
	if (m->kind == ID_ADDRESS)
		m->prefix = prefix_read(c);
	else if (cmd_arg(c, "name"))
		m->text = cmd_text(c, cmd_arg(c, "name"));
}

bool identity_same(const struct id_match *a, const struct id_match *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == ID_ADDRESS)
		return prefix_eq(&a->prefix, &b->prefix);
	return a->text == b->text || (a->text && b->text && strcmp(a->text, b->text) == 0);
}

const struct id_match *identity_list_set(
	struct cmd_call *c, struct id_match **v, size_t *n, bool is_map)
{
	struct id_match want = {.kind = ID_CERT_MAP};
	if (is_map && c->n)
		want.text = cmd_ref(c, cmd_arg(c, "name"));
	else if (!is_map)
		identity_read(c, &want);
	bool whole = c->form != FORM_SET && (is_map ? !want.text : want.kind == ID_NONE);
	for (size_t i = *n; i-- > 0;) {
		bool of_sort = ((*v)[i].kind == ID_CERT_MAP) == is_map;
		if (!of_sort || !(whole || identity_same(&(*v)[i], &want)))
			continue;
		if (c->form == FORM_SET)
			return NULL; /* it stands already */
		*n = arena_drop(*v, *n, i, sizeof(**v));
	}
	if (c->form != FORM_SET)
		return NULL;
	struct id_match *m = arena_grow(c->arena, *v, *n, sizeof(*m));
	if (!m)
		return NULL;
	*v = m;
	size_t at = (*n)++; /* maps stand last, as they are printed */
	while (at > 0 && !is_map && m[at - 1].kind == ID_CERT_MAP)
		at--;
	memmove(&m[at + 1], &m[at], (*n - 1 - at) * sizeof(*m));
	m[at] = want;
	return &m[at];
}

void identity_print(struct cout *o, const struct cmd *row, const struct id_match *m)
{
	static const char *const words[] = {[ID_ANY] = " any",
		[ID_ADDRESS] = " address",
		[ID_FQDN] = " fqdn",
		[ID_FQDN_DOMAIN] = " fqdn domain",
		[ID_EMAIL] = " email",
		[ID_EMAIL_DOMAIN] = " email domain",
		[ID_KEYID] = " key-id",
		[ID_DN] = " dn",
		[ID_CERT_MAP] = ""};
	cout_head(o, row, false);
	cout_str(o, words[m->kind]);
	if (m->kind == ID_ADDRESS)
		prefix_print(o, &m->prefix);
	else if (m->text)
		cout_word(o, m->text);
	cout_end(o);
}
