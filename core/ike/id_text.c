#include "core/ike/id_text.h"

#include <stdio.h>
#include <string.h>

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

char *id_plain(const struct ike_id *id, char *out, size_t cap)
{
	size_t len = id->len;

	if (id->type == IDT_IPV4 || id->type == IDT_IPV6 || id->type == IDT_DN || len >= cap)
		return id_text(id, out, cap);
	for (size_t i = 0; i < len; i++)
		if (id->bytes[i] < ' ' || id->bytes[i] == 0x7f)
			return id_text(id, out, cap);
	memcpy(out, id->bytes, len);
	out[len] = '\0';
	return out;
}
