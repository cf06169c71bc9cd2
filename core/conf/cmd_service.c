/* crypto ikev2 profile: what a matched peer gets. And the timers that profile and global mode
 * have in common. */
#include <string.h>

#include "core/conf/parse.h"
#include "core/conf/set.h"
#include "core/conf/tables.h"

#define DPD_RETRY_DEFAULT   2    /* R-DPD-03 */
#define RECONNECT_DEFAULT_S 1800 /* R-REC-01 */
#define NAT_TIMEOUT_S       20   /* R-NAT-07 */

/* the documented ranges are warned about, not enforced. */
void set_dpd(struct cmd_call *c)
{
	struct dpd *d = (struct dpd *)(void *)((char *)c->obj + c->row->off);
	*d = (struct dpd){0};
	if (c->form != FORM_SET)
		return;
	const struct arg *interval = cmd_arg(c, "interval"), *retry = cmd_arg(c, "retry");
	d->mode = cmd_has(c, "periodic") ? DPD_PERIODIC : DPD_ON_DEMAND;
	d->interval_s = (uint32_t)interval->num;
	d->retry_s = retry ? (uint32_t)retry->num : DPD_RETRY_DEFAULT;
	if (d->interval_s < 10 || d->interval_s > 3600)
		cmd_warn(c, interval, "unusual DPD interval", "10 to 3600 seconds are recommended");
	if (d->retry_s < 2 || d->retry_s > 60)
		cmd_warn(c, retry, "unusual DPD retry interval", "2 to 60 seconds are recommended");
}

void print_dpd(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct dpd *d = (const struct dpd *)(const void *)((const char *)obj + row->off);
	if (d->mode == DPD_UNSET) {
		if (o->flags & CONF_ALL) {
			cout_head(o, row, true);
			cout_end(o);
		}
		return;
	}
	cout_head(o, row, false);
	cout_str(o, " ");
	cout_u32(o, d->interval_s);
	cout_str(o, " ");
	cout_u32(o, d->retry_s);
	cout_str(o, d->mode == DPD_PERIODIC ? " periodic" : " on-demand");
	cout_end(o);
}

/* */
void set_nat_keepalive(struct cmd_call *c)
{
	set_u32(c);
	if (c->form == FORM_SET && c->args[0].num > NAT_TIMEOUT_S)
		cmd_warn(c, &c->args[0], "longer than many NATs keep a mapping",
			"20 seconds or less are safe");
}

void set_reconnect(struct cmd_call *c)
{
	struct ike_profile *p = c->obj;
	const struct arg *a = cmd_arg(c, "seconds");
	parse_remember_line(c->ps, p->name, LINE_RECONNECT);
	p->reconnect_s = c->form != FORM_SET ? 0 : a ? (uint32_t)a->num : RECONNECT_DEFAULT_S;
}

void set_config_mode(struct cmd_call *c)
{
	struct ike_profile *p = c->obj;
	p->config_set_send = p->config_set_accept = c->form != FORM_NO;
}

void set_trustpoint(struct cmd_call *c)
{
	struct ike_profile *p = c->obj;
	const struct arg *name = cmd_arg(c, "name");
	struct trustpoint_ref *t = NULL;
	if (!name)
		p->trustpoint_count = 0;
	for (size_t i = 0; i < p->trustpoint_count; i++)
		if (arg_is(name, p->trustpoints[i].name))
			t = &p->trustpoints[i];
	if (c->form != FORM_SET) {
		if (t)
			p->trustpoint_count = arena_drop(p->trustpoints, p->trustpoint_count,
				(size_t)(t - p->trustpoints), sizeof(*t));
		return;
	}
	void *tmp;
	if (!t) {
		t = ARENA_PUSH(c->arena, p->trustpoints, p->trustpoint_count, tmp);
		if (!t)
			return;
		t->name = cmd_ref(c, name);
	}
	t->sign = !cmd_has(c, "verify");
	t->verify = !cmd_has(c, "sign");
}

void print_trustpoint(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_profile *p = obj;
	for (size_t i = 0; i < p->trustpoint_count; i++) {
		const struct trustpoint_ref *t = &p->trustpoints[i];
		cout_head(o, row, false);
		cout_word(o, t->name);
		if (t->sign != t->verify)
			cout_str(o, t->sign ? " sign" : " verify");
		cout_end(o);
	}
}

void set_template(struct cmd_call *c)
{
	struct ike_profile *p = c->obj;
	p->virtual_template = c->form == FORM_SET ? (uint32_t)c->args[0].num : 0;
	p->template_auto = c->form == FORM_SET && cmd_has(c, "auto");
	if (p->template_auto)
		cmd_warn(c, &c->args[c->n - 1],
			"kept, but not in force in this version (GRE sessions):", "");
}

void print_template(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_profile *p = obj;
	if (!p->virtual_template)
		return;
	cout_head(o, row, false);
	cout_str(o, " ");
	cout_u32(o, p->virtual_template);
	if (p->template_auto)
		cout_str(o, " mode auto");
	cout_end(o);
}

static const char *const methods[AAA_METHODS] = {"psk", "cert", "eap", "anyconnect-eap", NULL};

static enum aaa_method method_of(const struct cmd_call *c)
{
	for (unsigned i = 0; i < AAA_ALL; i++)
		if (cmd_has(c, methods[i]))
			return (enum aaa_method)i;
	return AAA_ALL;
}

void set_accounting(struct cmd_call *c)
{
	struct ike_profile *p = c->obj;
	enum aaa_method m = method_of(c);
	p->accounting[m] = c->form == FORM_SET ? cmd_ref(c, cmd_arg(c, "list")) : NULL;
}

void print_accounting(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_profile *p = obj;
	for (size_t i = 0; i < AAA_METHODS; i++) {
		if (!p->accounting[i])
			continue;
		cout_head(o, row, false);
		if (methods[i])
			cout_word(o, methods[i]);
		cout_word(o, p->accounting[i]);
		cout_end(o);
	}
}

static void later_if_anyconnect(struct cmd_call *c, enum aaa_method m)
{
	if (c->form == FORM_SET && m == AAA_ANYCONNECT)
		cmd_warn(c, NULL, "kept, but not in force in this version:", "");
}

static void author_list(struct cmd_call *c, struct aaa_author *a)
{
	a->list = cmd_ref(c, cmd_arg(c, "list"));
	a->mangler = cmd_ref(c, cmd_arg(c, "mangler"));
	a->username = cmd_ref(c, cmd_arg(c, "username"));
}

/* `cached` and `list` may both stand (R-AZN-08). */
void set_author_user(struct cmd_call *c)
{
	struct ike_profile *p = c->obj;
	enum aaa_method m = method_of(c);
	struct aaa_author *a = &p->user[m];
	bool named = cmd_has(c, "cached") || cmd_has(c, "list");
	if (c->form != FORM_SET && m == AAA_ALL) {
		memset(p->user, 0, sizeof(p->user));
		return;
	}
	if (cmd_has(c, "cached") || !named)
		a->cached = c->form == FORM_SET;
	if (cmd_has(c, "list") || !named) {
		a->list = a->mangler = a->username = NULL;
		if (c->form == FORM_SET)
			author_list(c, a);
	}
	if (m == AAA_PSK && c->form == FORM_SET)
		parse_remember_line(c->ps, p->name, LINE_USER_PSK);
	if (m == AAA_CERT && a->list && !a->mangler && !a->username)
		cmd_error(c, NULL, "a certificate needs a username or name-mangler",
			""); /* R-AZN-04 */
	later_if_anyconnect(c, m);
}

void set_author_group(struct cmd_call *c)
{
	struct ike_profile *p = c->obj;
	enum aaa_method m = method_of(c);
	if (c->form != FORM_SET && m == AAA_ALL) {
		memset(p->group, 0, sizeof(p->group));
		return;
	}
	struct aaa_author *a = &p->group[m];
	*a = (struct aaa_author){0};
	if (c->form != FORM_SET)
		return;
	a->override = cmd_has(c, "override");
	author_list(c, a);
	if (m == AAA_PSK)
		parse_remember_line(c->ps, p->name, LINE_GROUP_PSK);
	if (m == AAA_CERT && !a->mangler && !a->username)
		cmd_error(c, NULL, "a certificate needs a username or name-mangler", "");
	later_if_anyconnect(c, m);
}

static void author_line(struct cout *o, const struct cmd *row, size_t m, const struct aaa_author *a)
{
	cout_head(o, row, false);
	if (a->override)
		cout_str(o, " override");
	cout_word(o, methods[m]);
	cout_str(o, " list");
	cout_word(o, a->list);
	if (a->mangler)
		cout_str(o, " name-mangler");
	if (a->mangler || a->username)
		cout_word(o, a->mangler ? a->mangler : a->username);
	cout_end(o);
}

void print_author_user(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_profile *p = obj;
	for (size_t m = 0; m < AAA_ALL; m++) {
		if (p->user[m].cached) {
			cout_head(o, row, false);
			cout_word(o, methods[m]);
			cout_str(o, " cached");
			cout_end(o);
		}
		if (p->user[m].list)
			author_line(o, row, m, &p->user[m]);
	}
}

void print_author_group(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_profile *p = obj;
	for (size_t m = 0; m < AAA_ALL; m++)
		if (p->group[m].list)
			author_line(o, row, m, &p->group[m]);
}
