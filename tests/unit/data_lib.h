/* Shared by the tests of the data path: inner packets that carry a flow and a number, and SAs that
 * fit each other. */
#ifndef TESTS_UNIT_DATA_LIB_H
#define TESTS_UNIT_DATA_LIB_H

#include <stdio.h>

#include "core/wire/ip.h"
#include "modules/data/data.h"
#include "tests/lib/t.h"

#define AES_GCM_16 20 /* IANA transform id */

static inline struct addr dl_addr(const char *text)
{
	struct addr a = {0};

	if (addr_parse(text, &a))
		fprintf(stderr, "bad address %s\n", text);
	return a;
}

static inline struct endpoint dl_endpoint(const char *text, uint16_t port)
{
	return (struct endpoint){.addr = dl_addr(text), .port = port};
}

/* A UDP packet (its checksums stay 0) with flow and number as payload; returns its length. */
static inline size_t dl_packet(uint8_t *p, const struct addr *src, const struct addr *dst,
			       uint32_t flow, uint32_t number, size_t payload_len)
{
	size_t udp_len = 8 + payload_len;
	size_t head = src->family == 4 ? 20 : 40;

	memset(p, 0, head + udp_len);
	if (src->family == 4) {
		p[0] = 0x45;
		p[2] = (uint8_t)((head + udp_len) >> 8);
		p[3] = (uint8_t)(head + udp_len);
		p[8] = 64;
		p[9] = IPP_UDP;
		memcpy(p + 12, src->b, 4);
		memcpy(p + 16, dst->b, 4);
	} else {
		p[0] = 0x60;
		p[4] = (uint8_t)(udp_len >> 8);
		p[5] = (uint8_t)udp_len;
		p[6] = IPP_UDP;
		p[7] = 64;
		memcpy(p + 8, src->b, 16);
		memcpy(p + 24, dst->b, 16);
	}
	p[head + 1] = 7; /* ports 7 and 9 */
	p[head + 3] = 9;
	p[head + 4] = (uint8_t)(udp_len >> 8);
	p[head + 5] = (uint8_t)udp_len;
	for (int i = 0; i < 4; i++) {
		p[head + 8 + i] = (uint8_t)(flow >> (24 - 8 * i));
		p[head + 12 + i] = (uint8_t)(number >> (24 - 8 * i));
	}
	return head + udp_len;
}

static inline uint32_t dl_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint32_t dl_flow(const uint8_t *p)
{
	return dl_u32(p + (p[0] >> 4 == 4 ? 20 : 40) + 8);
}

static inline uint32_t dl_number(const uint8_t *p)
{
	return dl_u32(p + (p[0] >> 4 == 4 ? 20 : 40) + 12);
}

/* AES-128-GCM in UDP; the client at `inner`, everything behind the headend. */
static inline struct data_sa dl_sa(uint32_t spi_in, uint32_t spi_out, const char *inner)
{
	struct addr a = dl_addr(inner);
	struct data_sa sa = {
		.owner = spi_in,
		.tun = 1,
		.spi_in = spi_in,
		.spi_out = spi_out,
		.encr_id = AES_GCM_16,
		.encr_key_bits = 128,
		.udp_encap = true,
		.replay_window = 1024,
		.key_in_len = 20,
		.key_out_len = 20,
		.n_local_ts = 1,
		.n_remote_ts = 1,
		.local_ts = {ts_any(a.family)},
		.remote_ts = {ts_from_addr(&a)},
	};

	memcpy(sa.key_in, &spi_in, 4);
	memcpy(sa.key_out, &spi_out, 4);
	return sa;
}

/* The other end of an SA. */
static inline struct data_sa dl_other_end(const struct data_sa *sa)
{
	struct data_sa o = *sa;

	o.spi_in = sa->spi_out;
	o.spi_out = sa->spi_in;
	o.local = sa->remote;
	o.remote = sa->local;
	memcpy(o.key_in, sa->key_out, sizeof(o.key_in));
	memcpy(o.key_out, sa->key_in, sizeof(o.key_out));
	memcpy(o.local_ts, sa->remote_ts, sizeof(o.local_ts));
	memcpy(o.remote_ts, sa->local_ts, sizeof(o.remote_ts));
	o.n_local_ts = sa->n_remote_ts;
	o.n_remote_ts = sa->n_local_ts;
	return o;
}

#endif
