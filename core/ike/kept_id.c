#include "core/ike/kept_id.h"

#include <stddef.h>
#include <string.h>

#include "core/base/mem.h"

static const struct ike_id nobody;

static size_t size_of(const struct ike_id *id)
{
	return offsetof(struct ike_id, bytes) + id->len;
}

void kept_id_init(const struct ike_id **kept)
{
	*kept = &nobody;
}

enum status kept_id_set(const struct ike_id **kept, const struct ike_id *id)
{
	const struct ike_id *copy = id == &nobody ? id : mem_dup(id, size_of(id));

	if (copy == NULL)
		return ST_NOMEM;
	kept_id_free(kept);
	*kept = copy;
	return ST_OK;
}

void kept_id_read(const struct ike_id *kept, struct ike_id *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out, kept, size_of(kept));
}

void kept_id_free(const struct ike_id **kept)
{
	if (*kept != &nobody)
		mem_free((void *)(uintptr_t)*kept);
	kept_id_init(kept);
}
