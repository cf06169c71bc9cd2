#include "core/ike/id_text.h"

#include <stdio.h>

#include "core/base/log.h"
#include "core/crypto/name.h"
#include "core/wire/id.h"

char *id_text(const struct ike_id *id, char *out, size_t cap)
{
	char text[ADDR_TEXT];
	struct addr a = addr_from(id->bytes, id->len);

	if ((id->type == IDT_IPV4 && id->len == 4) || (id->type == IDT_IPV6 && id->len == 16))
		snprintf(out, cap, "%s", addr_format(&a, text));
	else if (id->type == IDT_DN)
		(void)name_text((struct view){id->bytes, id->len}, out, cap);
	else
		escape_bytes(out, cap, id->bytes, id->len);
	return out;
}
