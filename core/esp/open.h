/* Inbound: an ESP packet becomes an inner packet, or a status says why not (RFC 4303 section 3.4,
 * RFC 4301 section 5.2). One packet in, one out; runs on the worker that owns the SA. */
#ifndef CORE_ESP_OPEN_H
#define CORE_ESP_OPEN_H

#include "core/esp/fib.h"
#include "core/esp/sad.h"

/* Bytes that may be written to. */
struct span {
	uint8_t *p;
	size_t len;
};

/* A TUN device of remote-access clients. Devices of one group (inner VRF) reach each other through
 * the kernel, so what a client may send to another is judged over all of them. */
struct esp_tun {
	struct esp_tun *next;
	uint32_t tun;
	uint32_t group;
	bool client_to_client;
};

/* Everything that one worker looks packets up in. */
struct esp_tables {
	struct sad sad;
	struct fib fib;
	struct esp_tun *tuns;
	uint64_t now_ms;
};

struct esp_opened {
	struct esp_sa *sa;  /* NULL when no SA was found */
	uint64_t seq;       /* all 64 bits; of an authentic packet */
	struct span inner;  /* lies in the packet */
	struct ip_info ip;  /* of it */
	bool is_dummy;      /* next header 59: authentic, nothing to deliver (section 2.6) */
	bool is_dhcp;       /* to be answered, not delivered (esp_sa.takes_dhcp) */
};

/* A packet is opened in place, in three steps, of which any thread may do the second; the others are the owner's.
 * Where packets are opened together, all begin before any ends: the end is what finds the second of two that
 * are the same, and a forged packet with the number of a real one before it is ST_ESP_AUTH, not ST_ESP_REPLAY. A
 * number near 2^32 may be inferred otherwise than after the ones before it, if those are very far; then it is not
 * authentic, as if it was lost. */
struct esp_opening {
	struct esp_sa *sa;  /* NULL: none was found */
	struct span pkt;    /* of an SA in transport mode, TRANSPORT_HEAD_MAX bytes before it may be overwritten */
	struct span plain;
	uint64_t seq;
	enum status st;     /* of the steps until now */
};
/* SA, number, replay window; o->pkt is set. vrf: where the packet came in. */
void esp_open_begin(const struct esp_tables *t, uint32_t vrf, struct esp_opening *o);
/* Nothing but the cipher, which is there unless o->st says why not. */
void esp_open_decipher(struct esp_opening *o);
/* Failures after the SA was found are counted in its rt too. ST_ESP_SHORT, ST_ESP_NO_SA, ST_ESP_PORT,
 * ST_ESP_REPLAY, ST_ESP_AUTH, ST_ESP_PAD, ST_ESP_MALFORMED, ST_ESP_SOURCE, ST_ESP_MULTICAST, ST_ESP_SELECTOR,
 * ST_OUT_HAIRPIN. */
enum status esp_open_end(struct esp_tables *t, const struct esp_opening *o, struct esp_opened *out) MUST_USE;

#endif
