#include "core/crypto/der.h"

static bool two_digits(CBS *c, int *out)
{
	uint8_t hi, lo;

	if (!CBS_get_u8(c, &hi) || !CBS_get_u8(c, &lo) || hi < '0' || hi > '9' || lo < '0' || lo > '9')
		return false;
	*out = (hi - '0') * 10 + (lo - '0');
	return true;
}

static int month_days(int year, int month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970-01-01, in the Gregorian calendar, for years from 0 on. The year begins in March, so that the
 * day that may be missing is its last. */
static int64_t days_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t m = month <= 2 ? month + 9 : month - 3;

	return y * 365 + (y >= 0 ? y / 4 - y / 100 + y / 400 : -1) + (m * 153 + 2) / 5 + day - 1 - 719468;
}

bool der_time(CBS *from, int64_t *out)
{
	int century = -1, year, month, day, hour, minute, second;
	CBS text;
	uint8_t z;
	unsigned tag;

	if (!CBS_get_any_asn1(from, &text, &tag))
		return false;
	if (tag == CBS_ASN1_GENERALIZEDTIME) {
		if (!two_digits(&text, &century))
			return false;
	} else if (tag != CBS_ASN1_UTCTIME) {
		return false;
	}
	if (!two_digits(&text, &year) || !two_digits(&text, &month) || !two_digits(&text, &day) ||
		!two_digits(&text, &hour) || !two_digits(&text, &minute) || !two_digits(&text, &second) ||
		!CBS_get_u8(&text, &z) || z != 'Z' || CBS_len(&text) != 0)
		return false;
	year += century >= 0 ? century * 100 : year < 50 ? 2000 : 1900;
	if (month < 1 || month > 12 || day < 1 || day > month_days(year, month) || hour > 23 || minute > 59 ||
		second > 59)
		return false;
	*out = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	return true;
}

bool der_optional_bool(CBS *from, bool *out)
{
	int value = 0;

	if (CBS_peek_asn1_tag(from, CBS_ASN1_BOOLEAN) && !CBS_get_asn1_bool(from, &value))
		return false;
	*out = value != 0;
	return true;
}

bool der_bits(CBS *from, unsigned *out)
{
	CBS bits;

	if (!CBS_get_asn1(from, &bits, CBS_ASN1_BITSTRING) || !CBS_is_valid_asn1_bitstring(&bits))
		return false;
	*out = 0;
	for (unsigned i = 0; i < 16; i++)
		if (CBS_asn1_bitstring_has_bit(&bits, i))
			*out |= 1u << i;
	return true;
}

bool der_optional_uint(CBS *from, unsigned max, int *out)
{
	uint64_t value;

	if (!CBS_peek_asn1_tag(from, CBS_ASN1_INTEGER))
		return true;
	if (!CBS_get_asn1_uint64(from, &value) || value > max)
		return false;
	*out = (int)value;
	return true;
}
