#include "core/conf/shape.h"

#include <string.h>

static bool str_eq(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool secret_eq(const struct secret *a, const struct secret *b)
{
	return a->form == b->form && a->len == b->len &&
	       (a->len == 0 || memcmp(a->bytes, b->bytes, a->len) == 0);
}

static bool transforms_eq(const struct transform_list *a, const struct transform_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->v[i].id != b->v[i].id || a->v[i].key_bits != b->v[i].key_bits)
			return false;
	return true;
}

static bool strs_eq(const struct str_list *a, const struct str_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!str_eq(a->v[i], b->v[i]))
			return false;
	return true;
}

static bool prefix_same(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && addr_eq(&a->addr, &b->addr);
}

static bool list_eq(const struct shape_field *f, const char *a, const char *b)
{
	const char *va, *vb;
	size_t na, nb;
	memcpy(&va, a + f->off, sizeof(va));
	memcpy(&vb, b + f->off, sizeof(vb));
	memcpy(&na, a + f->n, sizeof(na));
	memcpy(&nb, b + f->n, sizeof(nb));
	if (na != nb)
		return false;
	for (size_t i = 0; i < na; i++)
		if (!shape_equal(f->shape, va + i * f->shape->size, vb + i * f->shape->size))
			return false;
	return true;
}

#define AS(type, p) ((const type *)(const void *)(p))

static bool one_eq(const struct shape_field *f, const char *a, const char *b)
{
	switch (f->type) {
	case SHAPE_BOOL: return *AS(bool, a) == *AS(bool, b);
	case SHAPE_U8: return *AS(uint8_t, a) == *AS(uint8_t, b);
	case SHAPE_U16: return *AS(uint16_t, a) == *AS(uint16_t, b);
	case SHAPE_U32: return *AS(uint32_t, a) == *AS(uint32_t, b);
	case SHAPE_U64: return *AS(uint64_t, a) == *AS(uint64_t, b);
	case SHAPE_SIZE: return *AS(size_t, a) == *AS(size_t, b);
	case SHAPE_STR: return str_eq(*AS(char *, a), *AS(char *, b));
	case SHAPE_ADDR: return addr_eq(AS(struct addr, a), AS(struct addr, b));
	case SHAPE_PREFIX: return prefix_same(AS(struct prefix, a), AS(struct prefix, b));
	case SHAPE_SECRET: return secret_eq(AS(struct secret, a), AS(struct secret, b));
	case SHAPE_TRANSFORMS:
		return transforms_eq(AS(struct transform_list, a), AS(struct transform_list, b));
	case SHAPE_STRS: return strs_eq(AS(struct str_list, a), AS(struct str_list, b));
	case SHAPE_STRUCT: return shape_equal(f->shape, a, b);
	default: return true; /* SHAPE_SKIP */
	}
}

size_t shape_field_size(const struct shape_field *f)
{
	static const size_t sizes[] = {[SHAPE_BOOL] = sizeof(bool),
		[SHAPE_U8] = 1,
		[SHAPE_U16] = 2,
		[SHAPE_U32] = 4,
		[SHAPE_U64] = 8,
		[SHAPE_SIZE] = sizeof(size_t),
		[SHAPE_STR] = sizeof(char *),
		[SHAPE_ADDR] = sizeof(struct addr),
		[SHAPE_PREFIX] = sizeof(struct prefix),
		[SHAPE_SECRET] = sizeof(struct secret),
		[SHAPE_TRANSFORMS] = sizeof(struct transform_list),
		[SHAPE_STRS] = sizeof(struct str_list),
		[SHAPE_LIST] = sizeof(void *)};
	return f->type == SHAPE_STRUCT ? f->shape->size
	       : f->type == SHAPE_SKIP ? f->n
				       : sizes[f->type];
}

bool shape_equal(const struct shape *shape, const void *a, const void *b)
{
	for (size_t i = 0; i < shape->n; i++) {
		const struct shape_field *f = &shape->f[i];
		size_t times = f->type == SHAPE_LIST || f->type == SHAPE_SKIP ? 1 : f->n;
		if (f->type == SHAPE_LIST && !list_eq(f, a, b))
			return false;
		for (size_t k = 0; k < times && f->type != SHAPE_LIST; k++) {
			size_t at = f->off + k * shape_field_size(f);
			if (!one_eq(f, (const char *)a + at, (const char *)b + at))
				return false;
		}
	}
	return true;
}

bool snapshot_equal(const struct snapshot *a, const struct snapshot *b)
{
	return shape_equal(&shape_snapshot, a, b);
}
