/* What a session was granted beside the addresses and networks of its grant: addresses of its own, times,
 * limits, filters and rates, what accounting echoes. Most sessions have nothing of it. Pure. */
#ifndef CORE_SESSION_TERMS_H
#define CORE_SESSION_TERMS_H

#include "core/aaa/set.h"
#include "core/base/wr.h"

/* A limit of volume, and how much of it is used: the state goes where the limit goes. */
struct terms_quota {
	uint64_t octets; /* 0: none */
	uint8_t way;     /* enum quota_way */
	uint8_t period;  /* enum quota_period */
	uint8_t state;   /* enum quota_state, as it was judged last */
	uint8_t told;    /* the same, as far as the operator was told */
	const char *map; /* policy map beyond it; "": the session ends */
};

/* One allocation, given back with mem_free(). Texts are never NULL. */
struct session_terms {
	struct addr ip4; /* Framed-IP-Address; family 0: none, also below */
	struct addr ip6;
	uint8_t ip6_len;       /* that the client is told; 0: 128 */
	struct prefix prefix6; /* all of it is the client's, in the place of an address */
	struct aaa_prefixes delegated;
	uint32_t interim_s; /* of accounting; 0: as the configuration says */
	uint32_t logins;    /* sessions that this user may have; 0: no limit */
	bool logins_refuse; /* one more is refused; else it ends the oldest */
	uint8_t n_quotas;
	struct terms_quota *quotas;
	bool has_flow_limit;
	uint32_t flow_limit; /* IPsec SAs */
	uint32_t mtu;        /* 0: that of the interface */
	uint32_t mss;        /* 0: that of the interface */
	const char *filter[AAA_FILTERS]; /* core/aaa/filter.h; "": that of the interface */
	const char *service[2];          /* policy maps, input and output; "": that of the interface */
	const char *cui;                 /* Chargeable-User-Identity (RFC 4372) */
	const char *reply;               /* Reply-Message */
	struct view class; /* of Class attributes, for aaa_class_next() */
	struct view state; /* for the login that takes its place; empty: none */
};

/* Of a merged set, in the place of *out, which may be NULL; *out is NULL when the set has nothing of it. ST_NOMEM:
 * *out stays. */
enum status terms_keep(const struct aaa_set *s, struct session_terms **out) MUST_USE;

/* Fields of a session's frozen record, from TERMS_TAG on; t may be NULL. */
#define TERMS_TAG 100
void terms_write(struct wr *w, const struct session_terms *t);
/* One of them into a set, which terms_keep() then gets. False: damaged. Tags of others are passed over. */
bool terms_read(uint16_t tag, struct view v, struct aaa_set *s);

#endif
