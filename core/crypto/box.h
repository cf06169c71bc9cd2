/* A sealed box: AES-256-GCM with a key of our own, for what leaves the process and comes back
 * (tickets). No heap; any thread. */
#ifndef CORE_CRYPTO_BOX_H
#define CORE_CRYPTO_BOX_H

#include "core/base/rd.h"
#include "core/base/status.h"

#define BOX_KEY_LEN   32
#define BOX_NONCE_LEN 12 /* random: one key may seal 2^32 boxes */
#define BOX_TAG_LEN   16

/* Encrypts len bytes at buf in place and writes the tag after them. ad is covered, too. */
enum status box_seal(const uint8_t key[BOX_KEY_LEN], const uint8_t nonce[BOX_NONCE_LEN],
	struct view ad, uint8_t *buf, size_t len) MUST_USE;
/* sealed ends with the tag; out gets sealed.len - BOX_TAG_LEN bytes. ST_TRUNCATED,
 * ST_NOT_AUTHENTIC: nothing of out means anything. */
enum status box_open(const uint8_t key[BOX_KEY_LEN], const uint8_t nonce[BOX_NONCE_LEN],
	struct view ad, struct view sealed, uint8_t *out) MUST_USE;

#endif
