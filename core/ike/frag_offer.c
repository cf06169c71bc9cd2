#include "core/ike/frag_offer.h"

#include "core/conf/snapshot.h"
#include "core/wire/notify.h"
#include "core/wire/vendor.h"

#define BOTH (FRAG_STD | FRAG_CISCO)

uint8_t frag_forms(const struct snapshot *conf)
{
	if (!conf->ike.fragmentation)
		return FRAG_NONE;
	return conf->own.fragmentation_cisco ? BOTH : FRAG_STD;
}

uint8_t frag_read(const struct ike_payloads *p)
{
	struct notify n;
	uint8_t forms = FRAG_NONE;

	for (const struct payload *at = payload_find(p, PT_NOTIFY); at != NULL;
		at = payload_find_next(p, at))
		if (notify_parse(at->body, &n) == ST_OK && n.type == N_IKEV2_FRAGMENTATION_SUPPORTED)
			forms |= FRAG_STD;
	for (const struct payload *at = payload_find(p, PT_VENDOR); at != NULL;
		at = payload_find_next(p, at))
		if (vendor_identify(at->body) == VENDOR_CISCO_FRAGMENTATION)
			forms |= FRAG_CISCO;
	return forms;
}

void frag_put(struct msg_out *o, uint8_t forms)
{
	static const uint8_t vendor[16] = {0x40, 0x48, 0xb7, 0xd5, 0x6e, 0xbc, 0xe8, 0x85, 0x25,
		0xe7, 0xde, 0x7f, 0x00, 0xd6, 0xc2, 0xd3};

	if (forms & FRAG_STD)
		msg_notify(o, N_IKEV2_FRAGMENTATION_SUPPORTED, NULL, 0);
	if (forms & FRAG_CISCO)
		payload_put(&o->c, PT_VENDOR, vendor, sizeof(vendor));
}

enum frag_form frag_select(uint8_t ours, uint8_t theirs)
{
	static const uint8_t table[BOTH + 1][BOTH + 1] = {
		/* theirs:      none       standard   Cisco       both */
		[FRAG_NONE]  = {FRAG_NONE, FRAG_NONE, FRAG_NONE,  FRAG_NONE},
		[FRAG_STD]   = {FRAG_NONE, FRAG_STD,  FRAG_NONE,  FRAG_STD},
		[FRAG_CISCO] = {FRAG_NONE, FRAG_NONE, FRAG_CISCO, FRAG_CISCO},
		[BOTH]       = {FRAG_NONE, FRAG_STD,  FRAG_CISCO, FRAG_STD},
	};

	return (enum frag_form)table[ours & BOTH][theirs & BOTH];
}

void frag_agree(struct ike_sa *sa, const struct snapshot *conf, uint8_t theirs)
{
	sa->frag.ours = frag_forms(conf);
	sa->frag.form = (uint8_t)frag_select(sa->frag.ours, theirs);
	sa->frag.mtu = conf->ike.fragmentation_mtu;
}
