/* Setters and printers that many rows share. The field is at row->off in the mode's object; its
 * default is row->def. Each pair belongs together: what the printer writes, the setter takes back.
 * In reset style (an object with system values that the user changed) a printer writes the `no`
 * form where nothing is configured. */
#ifndef CORE_CONF_SET_H
#define CORE_CONF_SET_H

#include "core/conf/command.h"
#include "core/conf/print.h"

cmd_set_fn set_u32;    /* "head <key:N-M>": uint32_t; def NULL: 0 is off */
cmd_set_fn set_flag;   /* "head": bool; def "on" or NULL */
cmd_set_fn set_str;    /* "head <key:word|name|line>": char * */
cmd_set_fn set_ref;    /* the same, naming another object */
cmd_set_fn set_ifname; /* "head <key:iface>": char *, canonical */
cmd_set_fn set_strs;   /* "head <key:name>": struct str_list, one a line, no doubles */
cmd_set_fn set_addr;   /* "head <key:ip4>": struct addr */
cmd_set_fn set_pair;   /* "head <a:ip> [<b:ip>]": struct addr [2] */
cmd_set_fn set_xforms; /* "head <t:encr>+": struct transform_list, replaced as a whole */
cmd_set_fn set_addke;  /* "head <round:1-7> [optional] <group:dh>+": struct addke; `no` without a round: all */
cmd_set_fn set_block;  /* opens, removes or resets a named object of the class of row->enters */
cmd_set_fn set_hidden; /* "head <key:secret>": struct secret */
cmd_set_fn set_keep;   /* keeps the line as text */
cmd_set_fn set_none;   /* accepts and does nothing (ignored rows) */

cmd_print_fn print_u32;
cmd_print_fn print_flag;
cmd_print_fn print_str;
cmd_print_fn print_strs;
cmd_print_fn print_addr;
cmd_print_fn print_pair;
cmd_print_fn print_addke;
cmd_print_fn print_encr;
cmd_print_fn print_integ;
cmd_print_fn print_dh;
cmd_print_fn print_block;
cmd_print_fn print_hidden;
cmd_print_fn print_keep;
/* One object of print_block. */
void print_object(struct cout *o, const struct cmd *row, void *obj);

/* Fills the arena copy of a secret from a <key:secret> argument. */
void set_secret(struct cmd_call *c, struct secret *s, const struct arg *a);
/* Copy of the text of an argument that names another object; its place is remembered for the
 * warning that the object does not exist. */
char *cmd_ref(struct cmd_call *c, const struct arg *a);
/* Name of an interface in canonical form: "lo 0" is Loopback0. */
char *cmd_ifname(struct cmd_call *c, const struct arg *a);
/* Adds to or takes from a list of strings; no doubles. */
void str_list_add(struct cmd_call *c, struct str_list *l, const struct arg *a, size_t max);
void str_list_drop(struct str_list *l, const struct arg *a);
/* Is the text of the argument the same as s? */
bool arg_is(const struct arg *a, const char *s);

/* A new object of a mode: its rows' defaults set. */
void cmd_defaults(struct cmd_call *c, enum cmd_mode mode, void *obj);

/* Kept lines: to find the list of an object (the snapshot, a kept block, an interface). */
struct kept_list {
	struct kept **v;
	size_t *n;
};
struct kept_list kept_list_of(struct snapshot *s, enum cmd_mode mode, void *obj);

#endif
