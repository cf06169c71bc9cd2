/* THE table of configuration commands: its row, the modes, and what a setter or printer may use.
 * Internal to core/conf, and to what makes help and manual from the table.
 *
 * A grammar is fixed words (the head), then arguments:
 *   word            a keyword; any unique prefix is accepted
 *   <key:type>      a typed value, see grammar.c; <key:5-3600> is a number with limits
 *   [ ... ]         may be left out
 *   { a | b }       one of
 *   +               after >, ] or }: once more, as often as it fits
 *   ...             the rest of the line, whatever it is
 * `no` and `default` forms may stop anywhere after the head. */
#ifndef CORE_CONF_COMMAND_H
#define CORE_CONF_COMMAND_H

#include "core/conf/conf.h"

enum cmd_mode {
	MODE_GLOBAL,
	MODE_PROPOSAL,
	MODE_POLICY,
	MODE_PROFILE,
	MODE_KEYRING,
	MODE_PEER,
	MODE_AUTHZ,
	MODE_SET,
	MODE_IPSEC_PROFILE,
	MODE_IFACE,
	MODE_VRF,
	MODE_VRF_AF,
	MODE_ACL4,
	MODE_ACL_EXT,
	MODE_SCRIPT,
	MODE_FLEXVPN,
	MODE_CLASS_MAP,
	MODE_POLICY_MAP,
	MODE_POLICY_CLASS,
	MODE_TRUSTPOINT,
	MODE_CERTMAP,
	MODE_CHAIN,
	MODE_CERT,
	MODE_ACL6,
	MODE_MANGLER,
	MODE_RADIUS,
	MODE_AAA_GROUP,
	MODE_ACCT,
	MODE_DYNAUTH,
	MODE_ATTRS,
	MODE_CLUSTER, /* from here on: blocks kept as text */
	MODE_CRYPTO_MAP,
	MODE__MAX,
	MODE_SKIP /* a block that was refused or has no meaning: read past */
};

enum cmd_when { WHEN_LIVE, WHEN_NEW, WHEN_RESTART };

enum cmd_form { FORM_SET, FORM_NO, FORM_DEFAULT };

#define CMD_NO_ZERO 0x01u /* number: `no` means 0, which is not the default */
#define CMD_LATER   0x02u /* accepted and kept, warned: not in force in this version */
#define CMD_IGNORED 0x04u /* of a router, without meaning here: one warning; def: what to write */
#define CMD_REFUSED 0x08u /* an error; help says why */
#define CMD_REPEATS 0x10u /* kept text: several lines of this row may stand */
#define CMD_BLOCK   0x20u /* ignored or refused: lines follow that belong to it */
#define CMD_SILENT  0x40u /* ignored without a warning: says what is so anyway */
#define CMD_SYSTEM  0x80u /* default objects have it: a changed one prints its `no` form */

struct cmd_call;
struct cout;
struct cmd;
typedef void cmd_set_fn(struct cmd_call *c);
typedef void cmd_print_fn(struct cout *o, const struct cmd *row, const void *obj);

struct cmd {
	const char *grammar;
	const char *def; /* value without configuration, in the words of the grammar; NULL: absent,
			    off */
	const char *help;
	cmd_set_fn *set;
	cmd_print_fn *print; /* NULL: printed by another row */
	uint16_t off;        /* field of the mode's object, for the setters of set.h */
	uint16_t flags;
	uint8_t when;   /* enum cmd_when */
	uint8_t enters; /* enum cmd_mode of the block that it opens, 0: none */
};

/* A list of named objects in the snapshot (or of peers in a keyring). */
struct cmd_class {
	const char *words; /* "crypto ikev2 profile": first words of the block, and of messages */
	uint16_t list_off;
	uint16_t count_off;
	uint16_t size;
	uint16_t name_off;
	int16_t disabled_off; /* -1: the class has no default object */
	int16_t modified_off;
};

struct cmd_rows {
	const struct cmd *v;
	size_t n;
};

struct cmd_mode_row {
	const char *name; /* for people */
	const struct cmd_rows *rows;
	const struct cmd_class *class; /* NULL: no objects, or kept text */
};
extern const struct cmd_mode_row cmd_modes[MODE__MAX];

/* Row number in a kept line: mode and index. */
const struct cmd *cmd_row(uint16_t id);
uint16_t cmd_row_id(const struct cmd *row);
enum cmd_mode cmd_row_mode(const struct cmd *row);

/* A word of the text; nothing is copied. */
struct word {
	const char *p;
	size_t len;
	uint32_t col;
};

enum arg_kind {
	ARG_KEYWORD,
	ARG_NUMBER,
	ARG_TEXT,
	ARG_ADDR,
	ARG_PREFIX,
	ARG_SECRET,
	ARG_TRANSFORM
};
struct arg {
	uint8_t kind;     /* enum arg_kind */
	struct word key;  /* of the grammar: the keyword, or the name in <name:type> */
	struct word word; /* as it was written */
	uint64_t num;
	struct addr addr;
	struct prefix prefix;
	uint8_t form; /* enum secret_form */
	const struct xf *xf;
};

#define CMD_ARGS 48

struct parse;
/* One command to be carried out. */
struct cmd_call {
	struct parse *ps;
	struct snapshot *s;
	struct arena *arena;
	const struct cmd *row;
	void *obj; /* of the mode; global: the snapshot; blocks kept as text: their struct kept */
	void *parent; /* of a peer: its keyring; otherwise the snapshot */
	enum cmd_form form;
	struct arg args[CMD_ARGS];
	size_t n;
	void *enter; /* out: the object of the block that was opened */
	bool skip;   /* out: the lines of the block are to be read past */
	bool failed; /* set by cmd_error */
};

/* Messages; arg NULL: at the command's first word. The word of a secret is never quoted. */
void cmd_error(struct cmd_call *c, const struct arg *a, const char *text, const char *hint);
void cmd_warn(struct cmd_call *c, const struct arg *a, const char *text, const char *hint);

/* Arguments by keyword or name of the grammar; NULL / false when they were not given. */
const struct arg *cmd_arg(const struct cmd_call *c, const char *key);
bool cmd_has(const struct cmd_call *c, const char *keyword);
/* Copy of an argument's text in the arena (a quoted word without its quotes). */
char *cmd_text(struct cmd_call *c, const struct arg *a);

#endif
