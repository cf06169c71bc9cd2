/* Notify and Delete payloads (RFC 7296 sections 3.10 and 3.11). Pure. */
#ifndef CORE_WIRE_NOTIFY_H
#define CORE_WIRE_NOTIFY_H

#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/base/wr.h"
#include "core/wire/notify_types.h"
#include "core/wire/sa.h"

struct notify {
	uint8_t protocol; /* PROTO_; 0 whenever there is no SPI, whatever was sent */
	uint16_t type;    /* notify_types.h or a number unknown to us */
	struct view spi;  /* empty; 4 bytes for AH and ESP; 8 for IKE (says nothing) */
	struct view data;
};

/* ST_TRUNCATED; ST_BAD_PAYLOAD: SPI size that is not the protocol's. */
enum status notify_parse(struct view body, struct notify *out) MUST_USE;
void notify_build(struct wr *w, const struct notify *n);
/* One without SPI. */
void notify_build_plain(struct wr *w, uint16_t type, const void *data, size_t len);
/* One about a child: REKEY_SA, CHILD_SA_NOT_FOUND, INVALID_SELECTORS. */
void notify_build_child(struct wr *w, uint16_t type, uint32_t spi, const void *data, size_t len);
/* The SPI of a child (0 when it has none). */
uint32_t notify_spi(const struct notify *n);
/* Data that must be one u16 or u32. ST_BAD_PAYLOAD otherwise. */
enum status notify_u16(const struct notify *n, uint16_t *out) MUST_USE;
enum status notify_u32(const struct notify *n, uint32_t *out) MUST_USE;

/* A DELETE. IKE: no SPI; AH and ESP: one or more of 4 bytes. */
struct ike_delete {
	uint8_t protocol;
	uint16_t n;
	struct view spis;
};

/* ST_TRUNCATED, ST_TRAILING; ST_BAD_PAYLOAD: unknown protocol, SPI size not the protocol's,
 * count 0. */
enum status delete_parse(struct view body, struct ike_delete *out) MUST_USE;
/* The i-th SPI; 0 when there is none. */
uint32_t delete_spi(const struct ike_delete *d, uint16_t i);
void delete_build_ike(struct wr *w);
void delete_build_children(struct wr *w, uint8_t protocol, const uint32_t *spis, uint16_t n);

#endif
