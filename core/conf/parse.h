/* The parser's own state: which line, which block, what was said. */
#ifndef CORE_CONF_PARSE_H
#define CORE_CONF_PARSE_H

#include "core/conf/grammar.h"

#define PARSE_DEPTH 6

struct frame {
	enum cmd_mode mode;
	void *obj;
	uint32_t indent; /* of the line that opened it */
	bool indented;   /* a line of the block stood deeper */
};

/* Where a name was written: for warnings that come at the end. */
struct place {
	const char *name; /* the arena's copy: compared by address */
	const char *what; /* NULL: the name itself; else the words of a line of that object */
	uint32_t line;
	uint32_t col;
};

struct parse {
	struct snapshot *s;
	const struct snapshot *previous;
	struct conf_report *report;
	const char *text; /* what is left after the line in hand */
	size_t left;
	struct line line;
	uint32_t extra_lines; /* taken by a banner */
	struct frame stack[PARSE_DEPTH];
	size_t depth; /* frames in use; stack[0] is global */
	bool dead;    /* lines deeper than dead_indent belong to a failed one */
	uint32_t dead_indent;
	bool system; /* reading our own default objects: nothing is reported */
	struct arena scratch;
	struct place *places;
	size_t place_count;
};

/* Reads lines until the text ends; messages go to the report. */
void parse_text(struct parse *ps, const char *text, size_t len);
/* Takes the next line off the text; false at its end. */
bool parse_next_line(struct parse *ps);

/* Our own default objects (R-CFG-02), in the dialect: hardened, or R-CFG-04 verbatim. class_words
 * picks one ("crypto ikev2 proposal"), NULL all of them. */
void parse_defaults(struct parse *ps, const char *class_words);

/* Lines of a profile that parse_remember_line() knows. */
#define LINE_RECONNECT  "reconnect"
#define LINE_LOCAL_PSK  "authentication local pre-share"
#define LINE_REMOTE_PSK "authentication remote pre-share"
#define LINE_KEYRING    "keyring"
#define LINE_GROUP_PSK  "aaa authorization group psk"
#define LINE_USER_PSK   "aaa authorization user psk"

/* After the last line: what follows from what was said, and what is wrong as a whole. */
void parse_finish(struct parse *ps);

void parse_report(struct parse *ps, enum conf_severity severity, uint32_t line, uint32_t col,
	struct word word, const char *text, const char *hint);
void parse_remember(struct parse *ps, const char *name, uint32_t col);
/* The line in hand is this one of the object of that name; static text. */
void parse_remember_line(struct parse *ps, const char *name, const char *what);
/* Where it was last written; line 0 when it was not. */
struct place parse_line_of(const struct parse *ps, const char *name, const char *what);
/* Where the name stands; line 0 when it is not known. */
struct place parse_place(const struct parse *ps, const char *name);

#endif
