/* crypto ikev2 proposal, crypto ikev2 policy. */
#include <string.h>

#include "core/conf/set.h"
#include "core/conf/tables.h"
#include "core/crypto/suite.h"

#define AT(field) offsetof(struct ike_proposal, field)

static void set_prf(struct cmd_call *c)
{
	struct ike_proposal *p = c->obj;
	set_xforms(c);
	p->prf_named = p->prf.n != 0;
}

static void print_prf(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_proposal *p = obj;
	if (!p->prf_named) {
		cout_absent(o, row);
		return;
	}
	cout_head(o, row, false);
	for (size_t i = 0; i < p->prf.n; i++) {
		const struct xf *x = suite_find(XF_PRF, p->prf.v[i].id, p->prf.v[i].key_bits);
		cout_word(o, x && x->keyword ? x->keyword : "?");
	}
	cout_end(o);
}

static const struct cmd proposal[] = {
	{.flags = CMD_SYSTEM,
		.grammar = "encryption <algorithm:encr>+",
		.off = AT(encr),
		.when = WHEN_NEW,
		.set = set_xforms,
		.print = print_encr,
		.help = "Encryption algorithms in order of preference"},
	{.flags = CMD_SYSTEM,
		.grammar = "integrity <algorithm:integ>+",
		.off = AT(integ),
		.when = WHEN_NEW,
		.set = set_xforms,
		.print = print_integ,
		.help = "Integrity algorithms; none with AES-GCM only"},
	{.flags = CMD_SYSTEM,
		.grammar = "prf <algorithm:prf>+",
		.off = AT(prf),
		.when = WHEN_NEW,
		.set = set_prf,
		.print = print_prf,
		.help = "Pseudo-random functions; default: as integrity"},
	{.flags = CMD_SYSTEM,
		.grammar = "group <group:dh>+",
		.off = AT(dh),
		.when = WHEN_NEW,
		.set = set_xforms,
		.print = print_dh,
		.help = "Key exchange groups in order of preference"},
	{.grammar = "sallyport additional-key-exchange <round:1-7> [optional] <group:dh>+",
		.off = AT(addke),
		.when = WHEN_NEW,
		.set = set_addke,
		.print = print_addke,
		.help = "One more key exchange when an IKE SA is set up or rekeyed (RFC 9370)"},
};
CMD_ROWS(rows_proposal, proposal);
#undef AT

void match_vrf_set(struct cmd_call *c, struct vrf_match *m)
{
	*m = (struct vrf_match){.kind = VRF_GLOBAL};
	if (c->form != FORM_SET)
		return;
	m->kind = cmd_has(c, "any") ? VRF_ANY : VRF_NAMED;
	if (m->kind == VRF_NAMED)
		m->name = cmd_ref(c, cmd_arg(c, "name"));
}

static bool same_local(const struct local_match *m, const struct arg *a)
{
	return a->kind == ARG_ADDR ? !m->ifname && addr_eq(&m->addr, &a->addr)
				   : arg_is(a, m->ifname);
}

void match_local_set(struct cmd_call *c, struct local_match **v, size_t *n)
{
	const struct arg *a = c->n ? &c->args[c->n - 1] : NULL;
	if (!a) {
		*n = 0;
		return;
	}
	for (size_t i = 0; i < *n; i++)
		if (same_local(&(*v)[i], a)) {
			if (c->form != FORM_SET)
				*n = arena_drop(*v, *n, i, sizeof(**v));
			return;
		}
	if (c->form != FORM_SET)
		return;
	void *tmp;
	struct local_match *m = ARENA_PUSH(c->arena, *v, *n, tmp);
	if (m && a->kind == ARG_ADDR)
		m->addr = a->addr;
	else if (m)
		m->ifname = cmd_ifname(c, a);
}

static void set_fvrf(struct cmd_call *c)
{
	match_vrf_set(c, &((struct ike_policy *)c->obj)->fvrf);
}

static void print_fvrf(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_policy *p = obj;
	if (p->fvrf.kind == VRF_GLOBAL)
		cout_absent(o, row);
	else
		cout_line(o, row, p->fvrf.kind == VRF_ANY ? "any" : p->fvrf.name);
}

static void set_local(struct cmd_call *c)
{
	struct ike_policy *p = c->obj;
	match_local_set(c, &p->locals, &p->local_count);
}

static void print_local(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_policy *p = obj;
	cout_absent(o, row);
	for (size_t i = 0; i < p->local_count; i++) {
		char text[ADDR_TEXT];
		cout_line(o, row, addr_format(&p->locals[i].addr, text));
	}
}

/* The guide's examples write `match vrf` and `match local address`: refused with the right
 * words, as its syntax tables have them. */
static const struct cmd policy[] = {
	{.flags = CMD_SYSTEM,
		.grammar = "match fvrf {any|<name:name>}",
		.when = WHEN_NEW,
		.set = set_fvrf,
		.print = print_fvrf,
		.help = "Outer VRF; without it the global one"},
	{.grammar = "match address local <address:ip>",
		.when = WHEN_NEW,
		.set = set_local,
		.print = print_local,
		.help = "Local address; several are alternatives"},
	{.grammar = "match vrf ...",
		.flags = CMD_REFUSED,
		.set = set_none,
		.help = "write `match fvrf`"},
	{.grammar = "match local address ...",
		.flags = CMD_REFUSED,
		.set = set_none,
		.help = "write `match address local`"},
	{.flags = CMD_SYSTEM,
		.grammar = "proposal <name:name>",
		.off = offsetof(struct ike_policy, proposals),
		.when = WHEN_NEW,
		.set = set_strs,
		.print = print_strs,
		.help = "Proposals in order of preference"},
};
CMD_ROWS(rows_policy, policy);
