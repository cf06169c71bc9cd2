/* crypto ikev2 name-mangler (R-MGL) and aaa attribute list (R-AZP-01). */
#include <string.h>

#include "core/conf/set.h"
#include "core/conf/tables.h"

#define FIELDS "common-name|country|domain|locality|organization|organization-unit|state"

static const char *const fields[] = {[MANGLE_COMMON_NAME] = "common-name",
	[MANGLE_COUNTRY] = "country",
	[MANGLE_DOMAIN] = "domain",
	[MANGLE_LOCALITY] = "locality",
	[MANGLE_ORGANIZATION] = "organization",
	[MANGLE_ORGANIZATION_UNIT] = "organization-unit",
	[MANGLE_STATE] = "state"};

static uint8_t field_of(const struct cmd_call *c)
{
	for (uint8_t i = MANGLE_COMMON_NAME; i <= MANGLE_STATE; i++)
		if (cmd_has(c, fields[i]))
			return i;
	return MANGLE_FIELD_NONE;
}

static void set_dn(struct cmd_call *c)
{
	((struct name_mangler *)c->obj)->dn = c->form == FORM_SET ? field_of(c) : MANGLE_FIELD_NONE;
}

static void print_dn(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct name_mangler *m = obj;
	if (m->dn)
		cout_line(o, row, fields[m->dn]);
}

static void set_eap(struct cmd_call *c)
{
	struct name_mangler *m = c->obj;
	const struct arg *delimiter = cmd_arg(c, "character");
	m->eap = m->eap_dn = m->eap_delimiter = 0;
	if (c->form != FORM_SET)
		return;
	if (delimiter && !(delimiter->word.len == 1 && strchr(".@\\", delimiter->word.p[0]))) {
		cmd_error(c, delimiter, "not a delimiter, one of . @ \\ is needed:", "");
		return;
	}
	m->eap = cmd_has(c, "prefix")   ? MANGLE_PREFIX
		 : cmd_has(c, "suffix") ? MANGLE_SUFFIX
		 : cmd_has(c, "dn")     ? MANGLE_DN
					: MANGLE_ALL;
	m->eap_dn = m->eap == MANGLE_DN ? field_of(c) : MANGLE_FIELD_NONE;
	m->eap_delimiter = delimiter ? (uint8_t)delimiter->word.p[0] : 0;
}

static void print_eap(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct name_mangler *m = obj;
	char delimiter[2] = {(char)m->eap_delimiter, '\0'};
	if (!m->eap)
		return;
	cout_head(o, row, false);
	cout_str(o, m->eap == MANGLE_PREFIX   ? " prefix delimiter "
		    : m->eap == MANGLE_SUFFIX ? " suffix delimiter "
		    : m->eap == MANGLE_DN     ? " dn "
					      : " all");
	cout_str(o, m->eap == MANGLE_DN ? fields[m->eap_dn] : delimiter);
	cout_end(o);
}

/* row->off is the rule; its part for one is `username`, for the other `hostname`. */
static void set_part(struct cmd_call *c)
{
	uint8_t *part = (uint8_t *)c->obj + c->row->off;
	*part = c->form != FORM_SET    ? MANGLE_NONE
		: cmd_has(c, "all")    ? MANGLE_ALL
		: cmd_has(c, "domain") ? MANGLE_DOMAIN_PART
				       : MANGLE_FIRST_PART;
}

static void print_part(struct cout *o, const struct cmd *row, const void *obj)
{
	uint8_t part = *((const uint8_t *)obj + row->off);
	bool is_email = row->off == offsetof(struct name_mangler, email);
	if (part)
		cout_line(o, row,
			part == MANGLE_ALL           ? "all"
			: part == MANGLE_DOMAIN_PART ? "domain"
			: is_email                   ? "username"
						     : "hostname");
}

static const struct cmd mangler[] = {
	{.grammar = "dn {" FIELDS "}",
		.when = WHEN_NEW,
		.set = set_dn,
		.print = print_dn,
		.help = "Of a subject name: this field"},
	{.grammar = "eap {all|dn {" FIELDS "}|prefix delimiter <character:word>|suffix delimiter "
		    "<character:word>}",
		.when = WHEN_NEW,
		.set = set_eap,
		.print = print_eap,
		.help = "Of an EAP identity: all of it, a field, or what is before or behind . @ "
			"or \\"},
	{.grammar = "email {all|domain|username}",
		.off = offsetof(struct name_mangler, email),
		.when = WHEN_NEW,
		.set = set_part,
		.print = print_part,
		.help = "Of an email identity: all of it, or what is behind or before the @"},
	{.grammar = "fqdn {all|domain|hostname}",
		.off = offsetof(struct name_mangler, fqdn),
		.when = WHEN_NEW,
		.set = set_part,
		.print = print_part,
		.help = "Of an FQDN identity: all of it, or what is behind or before the first "
			"dot"},
};
CMD_ROWS(rows_mangler, mangler);

/* ---- aaa attribute list ---- */

static bool same(const struct arg *a, const char *s)
{
	return a ? arg_is(a, s) : !s;
}

/* `no` names as much as it wants to. */
static bool is_named(const struct cmd_call *c, const struct aaa_attribute *t)
{
	const struct arg *value = cmd_arg(c, "value"), *service = cmd_arg(c, "service"),
			 *protocol = cmd_arg(c, "protocol");
	bool all = c->form == FORM_SET;
	return (!cmd_arg(c, "type") || arg_is(cmd_arg(c, "type"), t->type)) &&
	       (!value || arg_is(value, t->value)) &&
	       ((!service && !all) || same(service, t->service)) &&
	       ((!protocol && !all) || same(protocol, t->protocol));
}

static void set_attribute(struct cmd_call *c)
{
	struct attribute_list *l = c->obj;
	void *tmp;
	for (size_t i = l->attribute_count; i-- > 0;) {
		if (!is_named(c, &l->attributes[i]))
			continue;
		if (c->form == FORM_SET)
			return; /* it is there */
		l->attribute_count =
			arena_drop(l->attributes, l->attribute_count, i, sizeof(*l->attributes));
	}
	if (c->form != FORM_SET)
		return;
	if (l->attribute_count == CONF_ATTRIBUTES) {
		cmd_error(
			c, cmd_arg(c, "type"), "too many attributes of one list, 64 at most:", "");
		return;
	}
	struct aaa_attribute *t = ARENA_PUSH(c->arena, l->attributes, l->attribute_count, tmp);
	if (t)
		*t = (struct aaa_attribute){.type = cmd_text(c, cmd_arg(c, "type")),
			.value = cmd_text(c, cmd_arg(c, "value")),
			.service = cmd_text(c, cmd_arg(c, "service")),
			.protocol = cmd_text(c, cmd_arg(c, "protocol"))};
}

static void print_attribute(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct attribute_list *l = obj;
	for (size_t i = 0; i < l->attribute_count; i++) {
		const struct aaa_attribute *t = &l->attributes[i];
		cout_head(o, row, false);
		cout_word(o, t->type);
		cout_word(o, t->value);
		if (t->service) {
			cout_str(o, " service");
			cout_word(o, t->service);
		}
		if (t->protocol) {
			cout_str(o, " protocol");
			cout_word(o, t->protocol);
		}
		cout_end(o);
	}
}

static const struct cmd attrs[] = {
	{.grammar = "attribute type <type:word> <value:word> [service <service:word>] [protocol "
		    "<protocol:word>]",
		.when = WHEN_NEW,
		.set = set_attribute,
		.print = print_attribute,
		.help = "An attribute and its value; several lines count in their order"},
};
CMD_ROWS(rows_attrs, attrs);
