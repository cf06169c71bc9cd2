#include "modules/snmp/value.h"

#include <string.h>

_Static_assert(sizeof(oid) == sizeof(tree_oid), "one number of an OID");

/* The bytes of a value in the library's own form. */
struct raw {
	u_char type;
	const void *p;
	size_t len;
	struct counter64 c64;
	u_long u;
	long i;
};

static void raw_of(const struct tree_value *v, struct raw *r)
{
	switch (v->type) {
	case TREE_OCTETS:
		/* Nothing, but not no value. */
		*r = (struct raw){.type = ASN_OCTET_STR, .p = v->len ? v->p : "", .len = v->len};
		break;
	case TREE_INTEGER:
		*r = (struct raw){.type = ASN_INTEGER, .i = (long)v->u, .len = sizeof(r->i)};
		r->p = &r->i;
		break;
	case TREE_UNSIGNED:
	case TREE_TICKS:
	case TREE_COUNTER32:
		*r = (struct raw){.type = v->type == TREE_TICKS ? ASN_TIMETICKS : v->type == TREE_UNSIGNED ? ASN_UNSIGNED : ASN_COUNTER,
				  .u = v->u, .len = sizeof(r->u)};
		r->p = &r->u;
		break;
	case TREE_COUNTER64:
		*r = (struct raw){.type = ASN_COUNTER64, .len = sizeof(r->c64),
				  .c64 = {.high = v->u >> 32, .low = v->u & UINT32_MAX}};
		r->p = &r->c64;
		break;
	}
}

bool value_set(netsnmp_variable_list *var, const struct tree_value *value)
{
	struct raw r;
	raw_of(value, &r);
	return snmp_set_var_typed_value(var, r.type, r.p, r.len) == 0;
}

bool value_add(netsnmp_variable_list **list, const oid *name, size_t len,
	       const struct tree_value *value)
{
	struct raw r;
	raw_of(value, &r);
	return snmp_varlist_add_variable(list, name, len, r.type, r.p, r.len) != NULL;
}
