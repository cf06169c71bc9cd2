/* The queries of db/QUERIES.md, for the test that runs them and the bench that measures them. */
#ifndef TESTS_LIB_QUERIES_H
#define TESTS_LIB_QUERIES_H

#include <stdio.h>
#include <string.h>

#define QUERIES_MAX 64

struct query_text {
	char words[256]; /* the line before it */
	char sql[1024];
};

/* How many were read into out; -1 when the file is not there or is not as it should be. */
static inline int queries_read(const char *path, struct query_text out[QUERIES_MAX])
{
	FILE *f = fopen(path, "r");
	char line[1024], words[256] = "";
	int n = 0;
	bool inside = false;

	while (f && fgets(line, sizeof(line), f) && n < QUERIES_MAX) {
		if (strcmp(line, "```sql\n") == 0) {
			memset(&out[n], 0, sizeof(out[n]));
			snprintf(out[n].words, sizeof(out[n].words), "%s", words);
			inside = true;
		} else if (strncmp(line, "```", 3) == 0) {
			n++;
			inside = false;
		} else if (inside && strlen(out[n].sql) + strlen(line) < sizeof(out[n].sql)) {
			strcat(out[n].sql, line);
		} else if (!inside && line[0] != '\n') {
			snprintf(words, sizeof(words), "%.*s", (int)strcspn(line, "\n"), line);
		}
	}
	if (f)
		fclose(f);
	return !f || inside || n == QUERIES_MAX ? -1 : n;
}

#endif
