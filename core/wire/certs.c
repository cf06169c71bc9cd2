#include "core/wire/certs.h"

enum status cert_payload_parse(struct view body, struct cert_payload *out)
{
	struct rd r = rd_init(body.p, body.len);

	out->encoding = rd_u8(&r);
	out->data = rd_rest(&r);
	if (!rd_ok(&r))
		return ST_TRUNCATED;
	return out->data.len > 0 ? ST_OK : ST_BAD_PAYLOAD;
}

void cert_payload_build(struct wr *w, uint8_t encoding, struct view data)
{
	wr_u8(w, encoding);
	wr_bytes(w, data.p, data.len);
}

enum status certreq_parse(struct view body, struct certreq *out)
{
	struct rd r = rd_init(body.p, body.len);

	out->encoding = rd_u8(&r);
	out->authorities = rd_rest(&r);
	if (!rd_ok(&r))
		return ST_TRUNCATED;
	if (out->encoding != CERT_ENC_X509 && out->encoding < CERT_ENC_X509_URL)
		return ST_OK;
	if (out->encoding > CERT_ENC_OCSP)
		return ST_OK;
	return out->authorities.len % CERT_HASH_LEN == 0 ? ST_OK : ST_BAD_PAYLOAD;
}

void certreq_build(struct wr *w, uint8_t encoding, struct view authorities)
{
	wr_u8(w, encoding);
	wr_bytes(w, authorities.p, authorities.len);
}
