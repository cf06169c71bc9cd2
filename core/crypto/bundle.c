#include "core/crypto/bundle.h"

#include "core/crypto/der.h"

/* DEFINITIONS EXPLICIT TAGS: the choice of a certificate or a CRL is a tag around it. */
#define TAG_CERT (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0)
#define TAG_CRL	 (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 1)

enum status bundle_parse(struct view der, struct view *certs, size_t max, size_t *n)
{
	CBS all = der_cbs(der), list, inner, element;
	unsigned tag;

	*n = 0;
	if (!CBS_get_asn1(&all, &list, CBS_ASN1_SEQUENCE) || CBS_len(&all) != 0)
		return ST_BAD_CERT;
	while (CBS_len(&list) > 0) {
		if (!CBS_get_any_asn1(&list, &inner, &tag) || (tag != TAG_CERT && tag != TAG_CRL) ||
			!CBS_get_asn1_element(&inner, &element, CBS_ASN1_SEQUENCE) || CBS_len(&inner) != 0)
			return ST_BAD_CERT;
		if (tag == TAG_CRL)
			continue;
		if (*n == max)
			return ST_CERT_LIMIT;
		certs[(*n)++] = der_view(&element);
	}
	return ST_OK;
}
