/* Reads vector files: blocks of "key = value" between empty lines, '#' comments, and "[key =
 * value]" for what holds for all following blocks. This is also the text form of the Wycheproof
 * vectors. */
#ifndef TESTS_VECTORS_VEC_H
#define TESTS_VECTORS_VEC_H

#include <stdlib.h>
#include <string.h>

#include "core/base/rd.h"
#include "tests/lib/t.h"

#define VEC_FIELDS 32

struct vec_field {
	char *key;
	char *value;
};

struct vec {
	char *at;
	int count; /* blocks read */
	size_t n_common, n;
	struct vec_field common[VEC_FIELDS];
	struct vec_field field[VEC_FIELDS];
};

static inline void vec_split(char *line, struct vec_field *f)
{
	char *eq = strstr(line, " =");

	if (eq == NULL)
		abort();
	*eq = '\0';
	f->key = line;
	f->value = eq[2] == ' ' ? eq + 3 : eq + 2;
}

static inline void vec_common(struct vec *v, char *line)
{
	struct vec_field f;
	size_t i = 0;

	line[strlen(line) - 1] = '\0';
	vec_split(line + 1, &f);
	while (i < v->n_common && strcmp(v->common[i].key, f.key) != 0)
		i++;
	if (i == VEC_FIELDS)
		abort();
	v->common[i] = f;
	if (i == v->n_common)
		v->n_common++;
}

/* Text of t_readfile or t_wycheproof; it is cut up in place. */
static inline struct vec vec_open(char *text)
{
	return (struct vec){.at = text};
}

/* The next block; false at the end. */
static inline bool vec_next(struct vec *v)
{
	v->n = 0;
	while (v->at != NULL && *v->at != '\0') {
		char *line = v->at;
		char *end = strchr(line, '\n');

		v->at = end != NULL ? end + 1 : NULL;
		if (end != NULL)
			*end = '\0';
		if (*line == '\0' && v->n > 0)
			break;
		if (*line == '[')
			vec_common(v, line);
		else if (*line != '\0' && *line != '#' && v->n < VEC_FIELDS)
			vec_split(line, &v->field[v->n++]);
	}
	v->count += v->n > 0;
	return v->n > 0;
}

/* NULL: the block has no such field. */
static inline const char *vec_text(const struct vec *v, const char *key)
{
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->field[i].key, key) == 0)
			return v->field[i].value;
	for (size_t i = 0; i < v->n_common; i++)
		if (strcmp(v->common[i].key, key) == 0)
			return v->common[i].value;
	return NULL;
}

static inline bool vec_is(const struct vec *v, const char *key, const char *value)
{
	const char *text = vec_text(v, key);

	return text != NULL && strcmp(text, value) == 0;
}

/* Bytes of a field, {NULL, 0} when there is none. */
static inline struct view vec_bytes(const struct vec *v, const char *key)
{
	const char *text = vec_text(v, key);
	struct view out = {0};

	if (text != NULL)
		out.p = t_hex(text, &out.len);
	return out;
}

static inline uint16_t vec_num(const struct vec *v, const char *key)
{
	const char *text = vec_text(v, key);

	return text != NULL ? (uint16_t)strtoul(text, NULL, 10) : 0;
}

static inline uint64_t vec_hex64(const struct vec *v, const char *key)
{
	const char *text = vec_text(v, key);

	return text != NULL ? strtoull(text, NULL, 16) : 0;
}

#endif
