/* Finding a command by unique prefixes, as a router's console does. */
#include <string.h>

#include "cmd/admin.h"

#define ROWS_MAX 128

struct word {
	const char *p;
	size_t len;
};

/* Word number `at` of a command's text; len 0 when it has fewer. */
static struct word word_at(const char *text, size_t at)
{
	for (;;) {
		size_t len = strcspn(text, " ");
		if (at-- == 0)
			return (struct word){text, len};
		if (text[len] == 0)
			return (struct word){0};
		text += len + 1;
	}
}

static bool same_word(struct word a, struct word b)
{
	return a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

static void list_choices(const bool *alive, size_t at, struct out *err)
{
	struct word last = {0};
	for (size_t i = 0; i < admin_commands_len; i++) {
		struct word w = word_at(admin_commands[i].words, at);
		if (!alive[i] || !w.len || (last.len && same_word(last, w)))
			continue;
		out_printf(err, "%s%.*s", last.len ? ", " : " ", (int)w.len, w.p);
		last = w;
	}
	out_printf(err, "\n");
}

/* The one keyword that `typed` stands for at position `at` among the rows alive; len 0: none,
 * *ambiguous when several. An exact word wins over longer ones; an empty one stands for nothing. */
static struct word choose(const bool *alive, size_t at, const char *typed, bool *ambiguous)
{
	struct word found = {0};
	size_t len = strlen(typed);
	*ambiguous = false;
	for (size_t i = 0; i < admin_commands_len; i++) {
		struct word w = word_at(admin_commands[i].words, at);
		if (!alive[i] || !len || len > w.len || memcmp(w.p, typed, len) != 0)
			continue;
		if (len == w.len) {
			*ambiguous = false;
			return w;
		}
		if (found.len && !same_word(found, w))
			*ambiguous = true;
		found = w;
	}
	return found;
}

static const struct admin_command *complete_row(const bool *alive, size_t n_words)
{
	for (size_t i = 0; i < admin_commands_len; i++)
		if (alive[i] && !word_at(admin_commands[i].words, n_words).len)
			return &admin_commands[i];
	return NULL;
}

const struct admin_command *admin_find(const char *const *words, size_t n, size_t *used, struct out *err)
{
	bool alive[ROWS_MAX] = {false};
	size_t at = 0;
	for (size_t i = 0; i < admin_commands_len && i < ROWS_MAX; i++)
		alive[i] = true;
	for (; at < n; at++) {
		bool ambiguous;
		struct word w = choose(alive, at, words[at], &ambiguous);
		if (ambiguous) {
			out_printf(err, "\"%s\" is ambiguous; it may be:", words[at]);
			bool near[ROWS_MAX];
			for (size_t i = 0; i < admin_commands_len; i++) {
				struct word k = word_at(admin_commands[i].words, at);
				size_t len = strlen(words[at]);
				near[i] = alive[i] && len <= k.len && !memcmp(k.p, words[at], len);
			}
			list_choices(near, at, err);
			return NULL;
		}
		if (!w.len)
			break;
		for (size_t i = 0; i < admin_commands_len; i++)
			alive[i] = alive[i] && same_word(word_at(admin_commands[i].words, at), w);
	}
	const struct admin_command *row = complete_row(alive, at);
	*used = at;
	if (row)
		return row;
	if (at < n)
		out_printf(err, "unknown word \"%s\"; one of:", words[at]);
	else
		out_printf(err, "incomplete command; next one of:");
	list_choices(alive, at, err);
	return NULL;
}

int admin_run(struct world *w, const char *const *words, size_t n, bool may_change, struct out *out,
	      struct out *err)
{
	size_t used;
	const struct admin_command *row = admin_find(words, n, &used, err);
	if (!row)
		return 2;
	if (row->changes && !may_change) {
		out_printf(err, "\"%s\" needs root\n", row->words);
		return 1;
	}
	struct admin_args args = {n - used, words + used};
	if (args.n && !row->args[0]) {
		out_printf(err, "\"%s\" is not understood here; %s takes no words\n", args.words[0], row->words);
		return 2;
	}
	return row->fn(w, &args, out, err);
}

void admin_help(struct out *out)
{
	for (size_t i = 0; i < admin_commands_len; i++) {
		const struct admin_command *c = &admin_commands[i];
		int width = (int)(strlen(c->words) + strlen(c->args) + 1);
		out_printf(out, "  %s %s%*s %s\n", c->words, c->args, width < 52 ? 52 - width : 1, "",
			   c->help);
	}
}
