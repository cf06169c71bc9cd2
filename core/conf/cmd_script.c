/* sallyport script: Lua scripts with their settings, and what they may use. */
#include <string.h>

#include "core/base/pairs.h"
#include "core/conf/set.h"
#include "core/conf/tables.h"

#define SETTINGS_MAX 64
#define SETTING_NAME_MAX 31
#define SETTING_VALUE_MAX 500

void set_lua_failure(struct cmd_call *c)
{
	c->s->own.lua_permit = c->form == FORM_SET && cmd_has(c, "permit");
}

void print_lua_failure(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct snapshot *s = obj;
	if (s->own.lua_permit || (o->flags & CONF_ALL))
		cout_line(o, row, s->own.lua_permit ? "permit" : "deny");
}

/* The name is a part of a file's name that the holder opens. */
void set_script(struct cmd_call *c)
{
	const struct arg *name = cmd_arg(c, "name");
	size_t ok = 0;
	while (name && ok < name->word.len &&
		strchr("abcdefghijklmnopqrstuvwxyz0123456789-_", name->word.p[ok]))
		ok++;
	if (name && (ok != name->word.len || !ok || ok >= CONF_SCRIPT_NAME)) {
		cmd_error(c, name, "not the name of a script",
			"small letters, digits, - and _, at most 31; without .lua");
		c->skip = true;
		return;
	}
	set_block(c);
	if (c->s->script_count <= CONF_SCRIPTS)
		return;
	cmd_error(c, name, "too many scripts", "16 are possible");
	c->s->script_count = CONF_SCRIPTS;
	c->enter = NULL;
	c->skip = true;
}

static void drop_settings(struct conf_script *s, const struct arg *name, const struct arg *value)
{
	for (size_t i = s->setting_count; i-- > 0;)
		if (!name || (arg_is(name, s->settings[i].name) &&
				     (!value || arg_is(value, s->settings[i].value))))
			s->setting_count = arena_drop(
				s->settings, s->setting_count, i, sizeof(*s->settings));
}

static void set_setting(struct cmd_call *c)
{
	struct conf_script *s = c->obj;
	const struct arg *name = cmd_arg(c, "setting"), *value = cmd_arg(c, "value");
	void *tmp;
	if (c->form != FORM_SET) {
		drop_settings(s, name, value);
		return;
	}
	if (name->word.len > SETTING_NAME_MAX || value->word.len > SETTING_VALUE_MAX) {
		cmd_error(c, name->word.len > SETTING_NAME_MAX ? name : value, "too long", "");
		return;
	}
	size_t bytes = name->word.len + value->word.len + 2;
	for (size_t i = 0; i < s->setting_count; i++)
		bytes += strlen(s->settings[i].name) + strlen(s->settings[i].value) + 2;
	if (bytes > PAIRS_BYTES) {
		cmd_error(c, value, "the settings of one script are too long", "16384 bytes are possible together");
		return;
	}
	if (s->setting_count >= SETTINGS_MAX) {
		cmd_error(c, name, "too many settings of one script", "64 are possible");
		return;
	}
	struct conf_script_setting *t = ARENA_PUSH(c->arena, s->settings, s->setting_count, tmp);
	if (t)
		*t = (struct conf_script_setting){cmd_text(c, name), cmd_text(c, value)};
}

static void print_setting(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct conf_script *s = obj;
	for (size_t i = 0; i < s->setting_count; i++) {
		cout_head(o, row, false);
		cout_word(o, s->settings[i].name);
		cout_str(o, " ");
		cout_str(o, s->settings[i].value);
		cout_end(o);
	}
}

static const struct cmd script[] = {
	{.grammar = "set <setting:word> <value:line>",
		.when = WHEN_LIVE,
		.set = set_setting,
		.print = print_setting,
		.help = "What the script reads as config.NAME; several lines of one name are a list"},
	{.grammar = "shutdown",
		.off = offsetof(struct conf_script, shutdown),
		.when = WHEN_LIVE,
		.set = set_flag,
		.print = print_flag,
		.help = "The script is not run"},
};
CMD_ROWS(rows_script, script);
