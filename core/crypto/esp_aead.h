/* The ESP engine behind which all suites look alike: AES-GCM, ChaCha20-Poly1305, AES-GMAC, and CBC,
 * CTR or NULL with HMAC (RFC 4303, 4106, 7634, 4543, 3602, 3686, 2410, 4868). It knows bytes and keys; sequence numbers, replay, padding
 * and next header belong to core/esp.
 *
 *   0     4     8             8 + iv_len                     len - icv_len
 *   | SPI | seq | explicit IV | payload, padding, pad len, NH | ICV |
 *
 * A cipher is constant after esp_cipher_make: any number of threads may seal and open with it.
 * Nothing here allocates: an expanded key is ten to thirty times as long as the key that it is made of, so whoever has
 * many of them says where they are, and for how long. Which library does the work is esp_engine.h's affair and makes no
 * difference to what a packet looks like. */
#ifndef CORE_CRYPTO_ESP_AEAD_H
#define CORE_CRYPTO_ESP_AEAD_H

#include "core/base/rd.h"
#include "core/crypto/suite.h"

#define ESP_HEAD_LEN  8 /* SPI and sequence number */
#define ESP_IV_MAX    16
#define ESP_ICV_MAX   32
#define ESP_BLOCK_MAX 16

struct esp_cipher;

#define ESP_CIPHER_ALIGN 64 /* key schedules want it */

/* Bytes of room that a cipher of this suite takes; another engine (esp_engine_select) may need more
 * or less of it. */
size_t esp_cipher_len(const struct esp_suite *s);

/* The caller's, aligned to ESP_CIPHER_ALIGN, and the cipher's until esp_cipher_end. */
struct esp_room {
	void *at;
	size_t len;
};
/* keymat: suite_esp_key_len(s) bytes: encryption key, salt, integrity key. ST_BAD_LENGTH: it has
 * another length; ST_NOMEM: the room is too small, the engine was changed since it was asked for. *out is NULL then. */
enum status esp_cipher_make(const struct esp_suite *s, struct view keymat, struct esp_room room,
	struct esp_cipher **out) MUST_USE;
/* Zeroes all that was written into the room; NULL is allowed. */
void esp_cipher_end(struct esp_cipher *c);

/* Shape of a packet: plain text lengths are multiples of align (4 or the cipher's block). */
struct esp_shape {
	uint8_t iv_len;
	uint8_t align;
	uint8_t icv_len;
};
struct esp_shape esp_suite_shape(const struct esp_suite *s);

/* Writes ESP_HEAD_LEN + iv_len + plain_len + icv_len bytes to pkt. plain is payload with trailer,
 * plain_len a multiple of align; it stands either at pkt + ESP_HEAD_LEN + iv_len (in place) or
 * outside the packet. seq: 64 bits, never twice with one key: the IV comes from it (AEADs, CTR: it
 * is the number itself; CBC: the number encrypted, SP 800-38A appendix C). The low 32 bits are
 * sent; with ESN the high ones are authenticated. ST_BAD_LENGTH: plain_len is not of that shape or
 * absurd, nothing was written. */
enum status esp_cipher_seal(const struct esp_cipher *c, uint32_t spi, uint64_t seq,
	const uint8_t *plain, size_t plain_len, uint8_t *pkt) MUST_USE;

/* pkt is a whole ESP packet. seq_hi: the high half that the receiver inferred (only ESN looks at
 * it). Writes len - ESP_HEAD_LEN - iv_len - icv_len bytes of plain text with its trailer to out,
 * which is either pkt + ESP_HEAD_LEN + iv_len (in place) or outside the packet.
 * ST_ESP_SHORT: not one block of plain text or not whole blocks; nothing was touched.
 * ST_ESP_AUTH: the ICV is wrong; out holds nothing of the plain text (in place the packet may be
 * destroyed; where nothing is encrypted it is as it came). */
enum status esp_cipher_open(const struct esp_cipher *c, uint32_t seq_hi, uint8_t *pkt, size_t len,
	uint8_t *out, size_t *plain_len) MUST_USE;

/* Several packets of one SA at once, all in place: some suites are a multiple faster so. */
struct esp_job {
	uint8_t *pkt;       /* the whole packet; the text stands at pkt + ESP_HEAD_LEN + iv_len */
	size_t len;         /* of the text when not sealed (opened, or before), else of the packet */
	uint64_t seq;       /* seal: the number; open: only its high half counts, as seq_hi does */
	enum status result; /* that of esp_cipher_seal or esp_cipher_open for this one */
};
/* Sets result of each; len becomes that of the packet (seal) or of the text with its trailer (open)
 * where it is ST_OK, and is not touched otherwise. Any n. Packets must not overlap. */
void esp_cipher_seal_many(const struct esp_cipher *c, uint32_t spi, struct esp_job *jobs, size_t n);
void esp_cipher_open_many(const struct esp_cipher *c, struct esp_job *jobs, size_t n);

/* True: many packets at once are done faster than one after the other, by this thread. */
bool esp_cipher_wants_many(const struct esp_cipher *c);

#endif
