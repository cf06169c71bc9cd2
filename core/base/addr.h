/* Addresses, prefixes and ranges of both families in one type. */
#ifndef CORE_BASE_ADDR_H
#define CORE_BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

struct addr {
	uint8_t family; /* 4, 6 or 0 = none */
	uint8_t b[16];  /* network order; first 4 for IPv4, the rest zero */
};

struct prefix {
	struct addr addr; /* host bits zero after prefix_mask() */
	uint8_t len;      /* 0..32 / 0..128 */
};

#define ADDR_TEXT 46   /* longest IPv6 text with NUL */
#define PREFIX_TEXT 50

struct addr addr_v4(uint32_t host_order);
struct addr addr_from(const uint8_t *bytes, size_t len); /* 4 or 16, else family 0 */
size_t addr_len(const struct addr *a);                   /* 4, 16 or 0 */
bool addr_is_any(const struct addr *a);
bool addr_is_link_local(const struct addr *a); /* fe80::/10: without its link it leads nowhere */
bool addr_is_multicast(const struct addr *a);  /* 224.0.0.0/4, ff00::/8, 255.255.255.255 */
bool addr_eq(const struct addr *a, const struct addr *b);
int addr_cmp(const struct addr *a, const struct addr *b); /* family, then bytes */
struct addr addr_add(const struct addr *a, uint64_t n);   /* wraps within the family */
/* Distance b - a of two addresses of one family, saturating at UINT64_MAX; 0 when b <= a. */
uint64_t addr_diff(const struct addr *a, const struct addr *b);
enum status addr_parse(const char *text, struct addr *out) MUST_USE; /* ST_CONFIG */
/* Writes at most ADDR_TEXT bytes; returns buf. family 0 gives "-". IPv6 per RFC 5952. */
char *addr_format(const struct addr *a, char buf[ADDR_TEXT]);

/* "10.0.0.0/8"; a plain address is a host. ST_CONFIG. */
enum status prefix_parse(const char *text, struct prefix *out) MUST_USE;
char *prefix_format(const struct prefix *p, char buf[PREFIX_TEXT]);
bool prefix_contains(const struct prefix *p, const struct addr *a);
bool prefix_covers(const struct prefix *outer, const struct prefix *inner);
bool prefix_eq(const struct prefix *a, const struct prefix *b);
void prefix_mask(struct prefix *p);                        /* clears host bits */
struct addr prefix_first(const struct prefix *p);
struct addr prefix_last(const struct prefix *p);
/* IPv4 netmask <-> length; ST_CONFIG when the mask is not contiguous. */
enum status mask_to_len(const struct addr *mask, uint8_t *len) MUST_USE;
struct addr len_to_mask4(uint8_t len);

#endif
