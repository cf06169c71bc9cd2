#include "core/wire/notify_types.h"

const char *notify_name(uint16_t type)
{
	switch (type) {
#define X(name, number) \
	case number: return #name;
		NOTIFY_LIST(X)
#undef X
	default: return "unknown";
	}
}
