/* CertificateBundle of RFC 7296 3.6. */
#include "core/crypto/bundle.h"
#include "tests/lib/t.h"

#define CERT "\x30\x03\x02\x01"

static void parsing(void)
{
	static const struct {
		const char *name;
		const char *bytes;
		size_t len;
		enum status want;
		size_t n;
	} rows[] = {
#define ROW(name, text, want, n) {name, text, sizeof(text) - 1, want, n}
		ROW("empty", "\x30\x00", ST_OK, 0),
		ROW("one", "\x30\x07\xa0\x05" CERT "\x01", ST_OK, 1),
		ROW("certificate, CRL, certificate", "\x30\x15\xa0\x05" CERT "\x01\xa1\x05" CERT "\x02\xa0\x05" CERT "\x03", ST_OK, 2),
		ROW("three, one more than there is room for", "\x30\x15\xa0\x05" CERT "\x01\xa0\x05" CERT "\x02\xa0\x05" CERT "\x03", ST_CERT_LIMIT, 2),
		ROW("nothing", "", ST_BAD_CERT, 0),
		ROW("no sequence", "\x31\x07\xa0\x05" CERT "\x01", ST_BAD_CERT, 0),
		ROW("bytes behind", "\x30\x07\xa0\x05" CERT "\x01\x00", ST_BAD_CERT, 0),
		ROW("cut short", "\x30\x07\xa0\x05\x30\x03\x02\x01", ST_BAD_CERT, 0),
		ROW("no tag around", "\x30\x05" CERT "\x01", ST_BAD_CERT, 0),
		ROW("another tag", "\x30\x07\xa2\x05" CERT "\x01", ST_BAD_CERT, 0),
		ROW("implicit tag", "\x30\x05\xa0\x03\x02\x01\x01", ST_BAD_CERT, 0),
		ROW("two in one tag", "\x30\x0c\xa0\x0a" CERT "\x01" CERT "\x02", ST_BAD_CERT, 0),
		ROW("nothing in the tag", "\x30\x02\xa0\x00", ST_BAD_CERT, 0),
#undef ROW
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view certs[2], der = {(const uint8_t *)rows[i].bytes, rows[i].len};
		size_t n = 99;

		T_ROW(i, rows[i].name);
		T_EQ(bundle_parse(der, certs, 2, &n), rows[i].want);
		T_EQ(n, rows[i].n);
		for (size_t k = 0; k < n; k++) {
			T_EQ(certs[k].len, 5);
			T_TRUE(certs[k].p > der.p && certs[k].p + certs[k].len <= der.p + der.len);
		}
	}
}

int main(void)
{
	T_RUN(parsing);
	return t_end();
}
