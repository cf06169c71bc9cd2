/* A configuration payload: read as a request by the headend and as a grant by a client. What a client
 * took can be granted in its turn, and comes out the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/ike/cp.h"
#include "core/ike/cp_set.h"
#include "core/ike/handshake.h"
#include "core/wire/cp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

static uint8_t bytes[65536];
static struct msg_out out;

static void open_message(void)
{
	out = (struct msg_out){.w = wr_init(bytes, sizeof(bytes))};
	out.c = payload_chain_init(&out.w, PAYLOAD_NO_FIELD);
}

/* The body of the CP payload just written; empty: there is none. */
static struct view written(void)
{
	static struct ike_payloads p;
	const struct payload *at;

	MUST(wr_ok(&out.w));
	MUST(payloads_parse(out.c.first, (struct view){bytes, out.w.len}, PAYLOADS_INNER, &p) == ST_OK);
	at = payload_find(&p, PT_CP);
	return at != NULL ? at->body : (struct view){0};
}

static void is_text(const char *s, size_t cap, bool lines)
{
	size_t n = strnlen(s, cap);

	MUST(n < cap);
	for (size_t i = 0; i < n; i++)
		MUST((s[i] >= 0x20 && s[i] < 0x7f) || (lines && s[i] == '\n'));
}

static void is_list(const char *s)
{
	is_text(s, IKE_LIST_LEN, false);
	MUST(strchr(s, ' ') == NULL);
}

static void is_sound(const struct ike_grant *g)
{
	MUST(g->ip4.family == 0 || g->ip4.family == 4);
	MUST(g->ip6.family == 0 || g->ip6.family == 6);
	MUST(g->ip4_mask_len <= 32 && g->ip6_prefix_len <= 128);
	MUST(g->n_dns <= 8 && g->n_nbns <= 2 && g->n_subnets <= IKE_NETS_MAX && g->n_remote == 0);
	for (size_t i = 0; i < g->n_subnets; i++) {
		struct prefix p = g->subnets[i];

		prefix_mask(&p);
		MUST(prefix_eq(&p, &g->subnets[i]));
	}
	is_list(g->split_dns);
	is_list(g->backup_gateways);
	is_text(g->def_domain, sizeof(g->def_domain), true);
	is_text(g->banner, sizeof(g->banner), true);
}

/* A gateway that granted it would say so. */
static void goes_round(const struct ike_grant *g, uint8_t knob)
{
	static struct handshake hs;
	static struct ike_grant again;
	struct kept_grant *kept = NULL;
	enum peer_class peer = (enum peer_class)(knob % PEER_CLASSES);

	hs = (struct handshake){.cp_type = CP_REQUEST, .cp_asked = 0xff, .wants_ip4 = true};
	again = (struct ike_grant){0};
	MUST(grant_keep(g, &kept) == ST_OK);
	open_message();
	cp_put_answer(&out, &hs, kept, peer, true);
	MUST(cp_read_grant(written(), &again) == ST_OK);
	is_sound(&again);
	MUST(addr_eq(&again.ip4, &g->ip4) && addr_eq(&again.ip6, &g->ip6));
	MUST(again.n_dns == g->n_dns && again.n_subnets == g->n_subnets && again.n_nbns == g->n_nbns);
	MUST(memcmp(again.subnets, g->subnets, sizeof(again.subnets)) == 0);
	if (peer_class_takes_unity(peer)) {
		MUST(strcmp(again.banner, g->banner) == 0);
		MUST(strcmp(again.def_domain, g->def_domain) == 0);
	}
	mem_free(kept);
}

static void as_request(struct view body)
{
	static struct handshake hs;
	struct kept_grant *kept = NULL;
	struct ike_grant g = {.n_remote = 1, .remote = {{.addr = {4, {10}}, .len = 8}}};
	struct cp cp;

	hs = (struct handshake){0};
	if (cp_read_request(body, &hs) != ST_OK)
		return;
	MUST(cp_parse(body, &cp) == ST_OK);
	MUST(hs.cp_type == 0 || hs.cp_type == cp.type);
	MUST(hs.n_networks <= IKE_NETS_MAX);
	MUST(hs.cp_type == CP_REQUEST || (!hs.wants_ip4 && !hs.wants_ip6 && hs.cp_asked == 0));
	MUST(hs.hint_ip4.family == 0 || (hs.hint_ip4.family == 4 && hs.wants_ip4));
	MUST(hs.hint_ip6.family == 0 || (hs.hint_ip6.family == 6 && hs.wants_ip6));
	MUST(grant_keep(&g, &kept) == ST_OK);
	open_message();
	cp_put_answer(&out, &hs, kept, PEER_FLEXVPN, true);
	if (hs.cp_type != 0)
		MUST(cp_parse(written(), &cp) == ST_OK);
	mem_free(kept);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ike_grant g;

	if (size == 0 || size > 16384)
		return 0;
	as_request((struct view){data + 1, size - 1});
	g = (struct ike_grant){0};
	if (cp_read_grant((struct view){data + 1, size - 1}, &g) != ST_OK)
		return 0;
	is_sound(&g);
	goes_round(&g, data[0]);
	return 0;
}
