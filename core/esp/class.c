#include "core/esp/class.h"

#define V4_TOS_AT 1
#define V4_SUM_AT 10

static bool acl_match(const struct esp_match *m, const struct ip_info *ip, const uint8_t *pkt)
{
	const struct esp_acl *acl = ip->version == 4 ? m->acl4 : m->acl6;

	return acl && esp_acl_permits(acl, ip, pkt);
}

static bool one_match(const struct esp_match *m, const struct ip_info *ip, const uint8_t *pkt)
{
	switch (m->kind) {
	case ESP_MATCH_ANY: return true;
	case ESP_MATCH_ACL: return acl_match(m, ip, pkt);
	case ESP_MATCH_DSCP: return m->dscps >> (ip->tos >> 2) & 1;
	case ESP_MATCH_NEVER: break;
	}
	return false;
}

static bool is_in(const struct esp_class *c, const struct ip_info *ip, const uint8_t *pkt)
{
	for (size_t i = 0; i < c->n_matches; i++) {
		if (one_match(&c->matches[i], ip, pkt) != c->match_all)
			return !c->match_all;
	}
	return c->match_all && c->n_matches;
}

size_t esp_class_of(const struct esp_class *classes, size_t n, const struct ip_info *ip,
		    const uint8_t *pkt)
{
	for (size_t i = 0; i < n; i++) {
		if (is_in(&classes[i], ip, pkt))
			return i;
	}
	return n;
}

/* The old word out of the sum, the new one in. */
static void mark_v4(uint8_t *pkt, uint8_t tos)
{
	uint16_t sum = (uint16_t)(pkt[V4_SUM_AT] << 8 | pkt[V4_SUM_AT + 1]);
	uint32_t acc = (uint32_t)(uint16_t)~sum + (uint16_t)~(pkt[0] << 8 | pkt[V4_TOS_AT]);

	pkt[V4_TOS_AT] = tos;
	acc += (uint32_t)(pkt[0] << 8 | tos);
	sum = ip_sum_finish(acc);
	pkt[V4_SUM_AT] = (uint8_t)(sum >> 8);
	pkt[V4_SUM_AT + 1] = (uint8_t)sum;
}

void esp_class_mark(uint8_t *pkt, struct ip_info *ip, uint8_t dscp)
{
	uint8_t tos = (uint8_t)(dscp << 2 | (ip->tos & 3));

	if (tos == ip->tos)
		return;
	ip->tos = tos;
	if (ip->version == 4) {
		mark_v4(pkt, tos);
		return;
	}
	pkt[0] = (uint8_t)(0x60 | tos >> 4);
	pkt[1] = (uint8_t)(tos << 4 | (pkt[1] & 0x0f));
}
