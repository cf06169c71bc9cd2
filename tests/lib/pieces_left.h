/* How many pieces are still to come. */
#ifndef TESTS_LIB_PIECES_LEFT_H
#define TESTS_LIB_PIECES_LEFT_H

#include "core/esp/pieces.h"

static inline uint32_t pieces_left(const struct pieces *f)
{
	return f->unit ? ((uint32_t)f->left.len + f->unit - 1) / f->unit : 0;
}

#endif
