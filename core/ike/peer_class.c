#include "core/ike/peer_class.h"

#include <string.h>

#include "core/ike/ike.h"
#include "core/wire/id.h"
#include "core/wire/vendor.h"

static const char anyconnect_id[] = "*$AnyConnectClient$*";

static enum peer_class of_vendor(enum vendor v)
{
	switch (v) {
	case VENDOR_CISCO_ANYCONNECT_EAP:
	case VENDOR_CISCO_ANYCONNECT_STRAP: return PEER_ANYCONNECT;
	case VENDOR_CISCO_FLEXVPN: return PEER_FLEXVPN;
	case VENDOR_MS_NT5:
	case VENDOR_MS_NEGOTIATION:
	case VENDOR_MS_INITIAL_CONTACT: return PEER_WINDOWS;
	case VENDOR_OPENIKED: return PEER_OPENIKED;
	case VENDOR_STRONGSWAN: return PEER_STRONGSWAN;
	default: return PEER_OTHER;
	}
}

enum peer_class peer_class_read(const struct ike_payloads *p, enum peer_class so_far)
{
	for (const struct payload *at = payload_find(p, PT_VENDOR); at != NULL;
		at = payload_find_next(p, at)) {
		enum peer_class c = of_vendor(vendor_identify(at->body));

		so_far = c > so_far ? c : so_far;
	}
	return so_far;
}

enum peer_class peer_class_by_id(const struct ike_id *id, enum peer_class so_far)
{
	bool is_it = id->type == IDT_KEY_ID && id->len == sizeof(anyconnect_id) - 1 &&
		     memcmp(id->bytes, anyconnect_id, id->len) == 0;

	return is_it && so_far < PEER_ANYCONNECT ? PEER_ANYCONNECT : so_far;
}

bool peer_class_takes_unity(enum peer_class c)
{
	return c == PEER_ANYCONNECT || c == PEER_FLEXVPN;
}

bool peer_class_takes_flexvpn(enum peer_class c)
{
	return c == PEER_FLEXVPN;
}

void peer_class_put(struct msg_out *o, const struct ike_connect *c)
{
	struct view id = vendor_bytes(VENDOR_CISCO_FLEXVPN);

	if (c->is_flexvpn)
		payload_put(&o->c, PT_VENDOR, id.p, id.len);
}

const char *peer_class_words(enum peer_class c)
{
	static const char *const words[PEER_CLASSES] = {
		[PEER_OTHER] = "other",
		[PEER_STRONGSWAN] = "strongswan",
		[PEER_OPENIKED] = "openiked",
		[PEER_WINDOWS] = "windows",
		[PEER_FLEXVPN] = "flexvpn",
		[PEER_ANYCONNECT] = "anyconnect",
	};

	return words[c < PEER_CLASSES ? c : PEER_OTHER];
}
