#include "core/crypto/ber.h"

#include <openssl/mem.h>

#include "core/base/mem.h"
#include "core/crypto/bssl_heap.h"
#include "core/crypto/der.h"

static bool convert(CBS *in, CBB *out, bool until_end, unsigned string, unsigned depth);

static bool is_string(unsigned tag)
{
	return tag == CBS_ASN1_OCTETSTRING || tag == CBS_ASN1_UTF8STRING || tag == CBS_ASN1_PRINTABLESTRING ||
	       tag == CBS_ASN1_IA5STRING || tag == CBS_ASN1_T61STRING;
}

/* What is inside an element whose header is read: contents, or everything up to the end mark in `in`. */
static bool convert_inside(CBS *in, CBS contents, bool indefinite, CBB *out, unsigned string, unsigned depth)
{
	return convert(indefinite ? in : &contents, out, indefinite, string, depth + 1);
}

/* One element. string: 0, or the tag of the string whose pieces these are: then only their contents are written. */
static bool convert_one(CBS *in, CBB *out, unsigned string, unsigned depth)
{
	unsigned tag, primitive;
	size_t header_len;
	int ber_found, indefinite;
	CBS element;
	CBB child;

	if (!CBS_get_any_ber_asn1_element(in, &element, &tag, &header_len, &ber_found, &indefinite) ||
		!CBS_skip(&element, header_len))
		return false;
	primitive = tag & ~CBS_ASN1_CONSTRUCTED;
	if (string != 0) {
		if (primitive != string)
			return false;
		return tag == primitive ? CBB_add_bytes(out, CBS_data(&element), CBS_len(&element))
					: convert_inside(in, element, indefinite, out, string, depth);
	}
	if (tag != primitive && is_string(primitive))
		return CBB_add_asn1(out, &child, primitive) &&
		       convert_inside(in, element, indefinite, &child, primitive, depth) && CBB_flush(out);
	if (!CBB_add_asn1(out, &child, tag))
		return false;
	if (tag == primitive)
		return !indefinite && CBB_add_bytes(&child, CBS_data(&element), CBS_len(&element)) && CBB_flush(out);
	return convert_inside(in, element, indefinite, &child, 0, depth) && CBB_flush(out);
}

static bool take_end(CBS *in)
{
	CBS rest = *in;
	uint16_t mark;

	if (!CBS_get_u16(&rest, &mark) || mark != 0)
		return false;
	*in = rest;
	return true;
}

static bool convert(CBS *in, CBB *out, bool until_end, unsigned string, unsigned depth)
{
	if (depth > BER_DEPTH_MAX)
		return false;
	while (CBS_len(in) > 0) {
		if (until_end && take_end(in))
			return true;
		if (!convert_one(in, out, string, depth))
			return false;
	}
	return !until_end;
}

enum status ber_to_der(struct view ber, uint8_t **out, size_t *out_len)
{
	enum status st = ST_BAD_CMS;
	CBS in = der_cbs(ber);
	uint8_t *der = NULL;
	CBB cbb;

	*out = NULL;
	*out_len = 0;
	CBB_zero(&cbb);
	if (!CBB_init(&cbb, ber.len + 16))
		return ST_NOMEM;
	if (convert_one(&in, &cbb, 0, 0) && CBS_len(&in) == 0 && CBB_finish(&cbb, &der, out_len)) {
		*out = mem_dup(der, *out_len);
		st = *out != NULL ? ST_OK : ST_NOMEM;
	}
	OPENSSL_free(der);
	CBB_cleanup(&cbb);
	return st;
}
