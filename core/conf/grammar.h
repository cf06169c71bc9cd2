/* Words of a line against the rows of a mode. */
#ifndef CORE_CONF_GRAMMAR_H
#define CORE_CONF_GRAMMAR_H

#include "core/conf/command.h"

#define LINE_WORDS     128
#define NAME_MAX_LEN   63         /* of configuration objects */
#define SECRET_MAX_LEN 256        /* longest pre-shared key or password */
#define HIDDEN         "<hidden>" /* what show prints in place of a secret */

struct line {
	const char *p; /* without line end and trailing blanks */
	size_t len;
	uint32_t number;
	uint32_t indent; /* blanks before the first word */
	struct word w[LINE_WORDS];
	size_t n;
};
/* Cuts a line into words; a word that starts with a quote ends with one. */
void line_split(struct line *l, const char *p, size_t len, uint32_t number);

/* Why and where nothing matched. */
struct mismatch {
	size_t at; /* index of the word; l->n: something is missing at the end */
	bool ambiguous;
	bool secret;            /* do not quote the word */
	char expect[CONF_TEXT]; /* "" or what was expected */
	char near[CONF_WORD];   /* nearest known word, "" when none is near */
};

/* The row whose head the words from `first` on begin with, NULL when none does. *args_at is the
 * word after the head. */
const struct cmd *grammar_head(const struct cmd *rows, size_t count, const struct line *l,
	size_t first, size_t *args_at, struct mismatch *why);
/* The rest of the words against the row's arguments; fills c->args. */
bool grammar_args(struct cmd_call *c, const struct line *l, size_t at, struct mismatch *why);

/* Length of the head in the grammar, without the blank that follows. */
size_t grammar_head_len(const char *grammar);

/* How far apart two words are (insert, delete, replace, swap neighbours); at most max + 1. */
size_t word_distance(const char *a, size_t a_len, const char *b, size_t b_len, size_t max);

#endif
