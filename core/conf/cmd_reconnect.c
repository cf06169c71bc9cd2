/* crypto ikev2 reconnect key (R-CRK). */
#include "core/conf/print.h"
#include "core/conf/set.h"
#include "core/conf/tables.h"

void set_reconnect_key(struct cmd_call *c)
{
	struct reconnect_key *keys = c->s->ike.reconnect_keys;
	const struct arg *index = cmd_arg(c, "index");
	for (size_t i = 0; i < 2; i++)
		if (!index || index->num == i + 1)
			keys[i] = (struct reconnect_key){0};
	if (c->form != FORM_SET || !index)
		return;
	bool active = cmd_has(c, "active");
	if (active && keys[2 - index->num].active) {
		cmd_error(c, index, "the other key is active already, one at most is:", "");
		return;
	}
	keys[index->num - 1].active = active;
	set_secret(c, &keys[index->num - 1].key, cmd_arg(c, "key"));
}

void print_reconnect_key(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct reconnect_key *keys = ((const struct snapshot *)obj)->ike.reconnect_keys;
	for (uint32_t i = 0; i < 2; i++) {
		if (!keys[i].key.form)
			continue;
		cout_head(o, row, false);
		cout_str(o, " ");
		cout_u32(o, i + 1);
		cout_str(o, keys[i].active ? " active" : "");
		cout_secret(o, &keys[i].key);
		cout_end(o);
	}
}
