/* Outbound: an inner packet becomes an ESP packet (RFC 4303 section 3.3). One packet
 * in, one out; runs on the worker that owns the SA. */
#ifndef CORE_ESP_SEAL_H
#define CORE_ESP_SEAL_H

#include "core/esp/open.h"

/* Room wanted behind the inner packet. */
#define ESP_SEAL_TAIL (ESP_BLOCK_MAX + 2 + ESP_ICV_MAX)

/* The last number used without ESN. The distance to the end is what a resumed SA skips: taking over
 * from a dead process can then never wrap. */
#define ESP_SEQ_SKIP 65536
#define ESP_SEQ_LAST (UINT32_MAX - (uint64_t)ESP_SEQ_SKIP)

/* Whatever seals needs the SA's cipher to be there.
 *
 * inner has ESP_SEAL_TAIL bytes of room behind it, which are overwritten, pkt room for esp_sealed_len() bytes: it is
 * another place, or such that what is encrypted stays where it is. The number is taken before anything leaves, also
 * when sending then fails. ST_ESP_SEQ_END, ST_ESP_MALFORMED (no IP packet), of an SA in transport mode what
 * transport_strip() says. */
enum status esp_seal_to(struct esp_sa *sa, uint64_t now_ms, struct span inner, uint8_t *pkt) MUST_USE;
size_t esp_sealed_len(const struct esp_sa *sa, size_t inner_len);

/* The same in three steps, of which any thread may do the second; the others are the owner's. */
/* Takes n numbers; the first of them to *first. ST_ESP_SEQ_END. */
enum status esp_seal_reserve(struct esp_sa *sa, size_t n, uint64_t *first) MUST_USE;
/* Never two packets with one number. ST_ESP_MALFORMED (no IP packet). */
enum status esp_seal_numbered(const struct esp_sa *sa, uint64_t seq, struct span inner, uint8_t *pkt) MUST_USE;
void esp_seal_count(struct esp_sa *sa, uint64_t now_ms, uint64_t packets, uint64_t inner_len);

/* Where esp_cipher_wants_many: the packet is laid out at job->pkt now, and sealed by esp_seal_laid() with others of
 * its SA before it leaves. The first takes a number and counts, the second has one (any thread); as above. */
enum status esp_seal_lay(struct esp_sa *sa, uint64_t now_ms, struct span inner, struct esp_job *job) MUST_USE;
enum status esp_seal_lay_numbered(const struct esp_sa *sa, uint64_t seq, struct span inner, struct esp_job *job)
	MUST_USE;
/* True: all of them are whole packets now. */
bool esp_seal_laid(const struct esp_sa *sa, struct esp_job *jobs, size_t n) MUST_USE;
/* A resumed SA goes on well above every number that its predecessor may have used. */
void esp_seal_resume(struct esp_rt *rt);

#endif
