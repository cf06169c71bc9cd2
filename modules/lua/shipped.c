#include "modules/lua/shipped.h"

#include <string.h>

#include "gen/scripts.h"

const char *shipped_text(const char *name, size_t *len)
{
	for (int i = 0; i < shipped_scripts_len; i++) {
		if (strcmp(shipped_scripts[i].name, name) != 0)
			continue;
		*len = strlen(shipped_scripts[i].text);
		return shipped_scripts[i].text;
	}
	return NULL;
}

const char *shipped_name(size_t i)
{
	return i < (size_t)shipped_scripts_len ? shipped_scripts[i].name : NULL;
}
