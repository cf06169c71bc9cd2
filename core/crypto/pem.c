/* PEM (RFC 7468) to DER: pem_next of cert.h. */
#include <openssl/base64.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/wr.h"
#include "core/crypto/bssl_heap.h"
#include "core/crypto/cert.h"

#define LABEL_MAX 32


/* Takes everything before the text, and the text; false (and v untouched) when it is not there. */
static bool take_until(struct view *v, const char *text, struct view *before)
{
	const uint8_t *at = v->len > 0 ? memmem(v->p, v->len, text, strlen(text)) : NULL;
	struct rd r = rd_init(v->p, v->len);

	if (at == NULL)
		return false;
	*before = rd_bytes(&r, (size_t)(at - v->p));
	rd_skip(&r, strlen(text));
	*v = rd_rest(&r);
	return true;
}

/* Base64 with line ends. The bytes land in a block that is as long as the text. */
static enum status decode(struct view text, uint8_t **out, size_t *out_len)
{
	uint8_t *plain = mem_new(text.len + 1), *der = mem_new(text.len + 1);
	struct wr w = wr_init(plain, text.len);
	enum status st = ST_NOMEM;
	size_t len = 0;

	if (plain == NULL || der == NULL)
		goto out;
	for (size_t i = 0; i < text.len; i++)
		if (memchr(" \t\r\n", text.p[i], 4) == NULL)
			wr_u8(&w, text.p[i]);
	st = ST_BAD_CERT;
	if (w.len > 0 && EVP_DecodeBase64(der, &len, text.len, plain, w.len) && len > 0)
		st = ST_OK;
out:
	mem_free_secret(plain, text.len + 1);
	if (st == ST_OK) {
		*out = mem_dup(der, len);
		*out_len = len;
		st = *out != NULL ? ST_OK : ST_NOMEM;
	}
	mem_free_secret(der, text.len + 1);
	return st;
}

enum status pem_next(struct view *at, const char *label, uint8_t **out, size_t *out_len)
{
	char begin[LABEL_MAX + 20], end[LABEL_MAX + 20];
	struct wr b = wr_init(begin, sizeof(begin)), e = wr_init(end, sizeof(end));
	struct view skipped, text;

	*out = NULL;
	*out_len = 0;
	wr_bytes(&b, "-----BEGIN ", 11);
	wr_bytes(&b, label, strlen(label));
	wr_bytes(&b, "-----", 6);
	wr_bytes(&e, "-----END ", 9);
	wr_bytes(&e, label, strlen(label));
	wr_bytes(&e, "-----", 6);
	if (!wr_ok(&b) || !wr_ok(&e) || !take_until(at, begin, &skipped))
		return ST_NOT_FOUND;
	if (!take_until(at, end, &text))
		return ST_BAD_CERT;
	return decode(text, out, out_len);
}
