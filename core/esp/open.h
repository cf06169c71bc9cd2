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
};

/* Decrypts in place. vrf: where the packet came in. Failures after the SA was found are counted in
 * its rt too. ST_ESP_SHORT, ST_ESP_NO_SA, ST_ESP_PORT, ST_ESP_REPLAY, ST_ESP_AUTH, ST_ESP_PAD,
 * ST_ESP_MALFORMED, ST_ESP_SOURCE, ST_ESP_SELECTOR, ST_OUT_HAIRPIN. */
enum status esp_open(struct esp_tables *t, uint32_t vrf, struct span pkt, struct esp_opened *out) MUST_USE;

/* Its two halves, for core/esp/many.c. begin: all that comes before the cipher; out->sa and out->seq are
 * what it found. end: all that comes after; st is what begin and the cipher came to, plain the text with
 * its trailer when that is ST_OK. */
enum status esp_open_begin(const struct esp_tables *t, uint32_t vrf, struct span pkt, struct esp_opened *out)
	MUST_USE;
enum status esp_open_end(const struct esp_tables *t, enum status st, struct span plain, struct esp_opened *out)
	MUST_USE;

#endif
