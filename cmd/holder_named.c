#include "cmd/holder_named.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '"';
}

/* Does p, in these bytes, follow the word and blanks of its line? */
static bool is_behind(const char *text, const char *p, const char *word)
{
	size_t n = strlen(word);
	const char *q = p;
	while (q > text && (q[-1] == ' ' || q[-1] == '\t' || q[-1] == '"'))
		q--;
	return q < p && (size_t)(q - text) >= n && memcmp(q - n, word, n) == 0 &&
	       ((size_t)(q - text) == n || is_blank(*(q - n - 1)));
}

static bool names(const char *text, size_t len, const char *word, const char *value)
{
	size_t n = strlen(value);
	const char *end = text + len;
	for (const char *p = text; (p = memmem(p, (size_t)(end - p), value, n)) != NULL; p++)
		if (is_behind(text, p, word) && (p + n == end || is_blank(p[n])))
			return true;
	return false;
}

bool config_names(int config, const char *word, const char *value)
{
	struct stat s;
	if (config < 0 || fstat(config, &s) != 0 || s.st_size <= 0)
		return false;
	size_t len = (size_t)s.st_size;
	char *text = mmap(NULL, len, PROT_READ, MAP_PRIVATE, config, 0);
	if (text == MAP_FAILED)
		return false;
	bool found = names(text, len, word, value);
	munmap(text, len);
	return found;
}
