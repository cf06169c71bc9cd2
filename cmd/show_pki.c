/* show crypto pki certificates | trustpoints | crls, as a router prints them. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cmd/show.h"
#include "core/conf/pki.h"
#include "core/crypto/name.h"

#define SERIAL_TEXT 96
#define SAN_TEXT 1024
#define DATE_TEXT 40

static const char *date(int64_t at_s, char out[DATE_TEXT])
{
	time_t t = (time_t)at_s;
	struct tm tm;
	if (!gmtime_r(&t, &tm) || !strftime(out, DATE_TEXT, "%H:%M:%S UTC %b %-d %Y", &tm))
		memcpy(out, "?", 2);
	return out;
}

static const char *age_words(const struct cert *c, int64_t now_s)
{
	switch (pki_age(c, now_s)) {
	case PKI_AGE_NOT_YET: return "Not yet valid";
	case PKI_AGE_SOON: return "Available, expires soon";
	case PKI_AGE_OVER: return "Expired";
	case PKI_AGE_OK: break;
	}
	return "Available";
}

/* One part of the name a line; name_text() has escaped it. */
static void text_name(struct out *out, struct view name, const char *indent)
{
	char text[4096];
	name_text(name, text, sizeof(text));
	for (const char *p = text, *end; *p; p = *end ? end + 1 : end) {
		end = p;
		while (*end && (*end != ',' || (end > p && end[-1] == '\\')))
			end++;
		out_printf(out, "%s%.*s\n", indent, (int)(end - p), p);
	}
}

static void text_urls(struct out *out, const char *head, const struct cert *c, struct view (*url)(const struct cert *, size_t))
{
	for (size_t i = 0; url(c, i).p; i++) {
		if (i == 0)
			out_printf(out, "  %s:\n", head);
		out_printf(out, "    ");
		out_bytes(out, url(c, i).p, url(c, i).len);
		out_printf(out, "\n");
	}
}

static void text_cert(struct out *out, const char *head, const char *trustpoint, const struct cert *c, int64_t now_s)
{
	char serial[SERIAL_TEXT], san[SAN_TEXT], at[DATE_TEXT];
	cert_serial_text(c, serial, sizeof(serial));
	out_printf(out, "%s\n  Status: %s\n  Certificate Serial Number (hex): %s\n", head, age_words(c, now_s), serial);
	out_printf(out, "  Certificate Usage: %s\n  Public Key: %s, %u bits\n  Issuer:\n", cert_is_ca(c) ? "Signature" : "General Purpose",
		   cert_key_words(c), cert_key_bits(c));
	text_name(out, cert_issuer(c), "    ");
	out_printf(out, "  Subject:\n");
	text_name(out, cert_subject(c), "    ");
	if (cert_san_text(c, san, sizeof(san)))
		out_printf(out, "  Subject Alternative Name:\n    %s\n", san);
	text_urls(out, "CRL Distribution Points", c, cert_crl_url);
	text_urls(out, "OCSP Responders", c, cert_ocsp_url);
	out_printf(out, "  Validity Date:\n    start date: %s\n", date(cert_not_before(c), at));
	out_printf(out, "    end   date: %s\n  Fingerprint SHA256: ", date(cert_not_after(c), at));
	for (size_t i = 0; i < 32; i++)
		out_printf(out, "%02X", cert_fingerprint(c)[i]);
	out_printf(out, "\n  Associated Trustpoints: ");
	out_bytes(out, trustpoint, strlen(trustpoint));
	out_printf(out, "\n\n");
}

static void js_name(struct out *out, const char *key, struct view name)
{
	char text[4096];
	name_text(name, text, sizeof(text));
	js_str(out, key, text);
}

static void js_cert(struct out *out, const char *kind, const char *trustpoint, const struct cert *c, int64_t now_s)
{
	char text[SAN_TEXT], hex[65];
	static const char digits[] = "0123456789abcdef";
	js_open(out, NULL);
	js_str(out, "kind", kind);
	js_bytes(out, "trustpoint", trustpoint, strlen(trustpoint));
	js_str(out, "status", age_words(c, now_s));
	cert_serial_text(c, text, sizeof(text));
	js_str(out, "serial", text);
	js_name(out, "subject", cert_subject(c));
	js_name(out, "issuer", cert_issuer(c));
	cert_san_text(c, text, sizeof(text));
	js_str(out, "subject_alternative_name", text);
	js_str(out, "key", cert_key_words(c));
	js_u64(out, "key_bits", cert_key_bits(c));
	js_bool(out, "ca", cert_is_ca(c));
	js_u64(out, "not_before_s", cert_not_before(c) > 0 ? (uint64_t)cert_not_before(c) : 0);
	js_u64(out, "not_after_s", cert_not_after(c) > 0 ? (uint64_t)cert_not_after(c) : 0);
	js_u64(out, "seconds_left", cert_not_after(c) > now_s ? (uint64_t)(cert_not_after(c) - now_s) : 0);
	for (size_t i = 0; i < 32; i++) {
		hex[2 * i] = digits[cert_fingerprint(c)[i] >> 4];
		hex[2 * i + 1] = digits[cert_fingerprint(c)[i] & 15];
	}
	hex[64] = 0;
	js_str(out, "sha256", hex);
	js_close(out);
}

static void put_cert(struct out *out, bool is_ca, const char *trustpoint, const struct cert *c, int64_t now_s)
{
	if (out->json)
		js_cert(out, is_ca ? "ca" : "own", trustpoint, c, now_s);
	else
		text_cert(out, is_ca ? "CA Certificate" : "Certificate", trustpoint, c, now_s);
}

static void point_certs(struct out *out, const char *name, const struct pki_point *p, int64_t now_s)
{
	for (size_t i = 0; i < p->chain_count; i++)
		put_cert(out, i > 0, name, p->chain[i], now_s);
	for (size_t i = 0; p->trust && i < trust_anchors(p->trust); i++)
		put_cert(out, true, name, trust_anchor(p->trust, i), now_s);
}

/* At most one word, the name of a trustpoint that there is. */
static int parse_name(const struct world *w, const struct admin_args *args, const char **name, struct out *err)
{
	*name = args->n ? args->words[0] : NULL;
	if (args->n > 1) {
		out_printf(err, "\"%s\" is not understood here; at most the name of a trustpoint\n", args->words[1]);
		return 2;
	}
	if (*name && (!w->pki || !pki_point(w->pki, *name))) {
		out_printf(err, "there is no trustpoint \"%s\"\n", *name);
		return 1;
	}
	return 0;
}

typedef void point_fn(struct out *out, const struct trustpoint *t, const struct pki_point *p, int64_t now_s);

/* The trustpoint of that name, or all, as a list. */
static void each_point(const struct world *w, const char *name, struct out *out, const char *key, point_fn *fn)
{
	int64_t now_s = (int64_t)time(NULL);
	if (out->json) {
		js_open(out, NULL);
		js_open_array(out, key);
	}
	for (size_t i = 0; w->pki && i < w->pki->conf->trustpoint_count; i++) {
		const struct trustpoint *t = &w->pki->conf->trustpoints[i];
		if (!name || strcmp(t->name, name) == 0)
			fn(out, t, &w->pki->points[i], now_s);
	}
	if (out->json) {
		js_close_array(out);
		js_close(out);
	}
}

static void certs_of(struct out *out, const struct trustpoint *t, const struct pki_point *p, int64_t now_s)
{
	point_certs(out, t->name, p, now_s);
}

SHOW(show_pki_certificates)
{
	const char *name;
	int rc = parse_name(w, args, &name, err);
	if (rc == 0)
		each_point(w, name, out, "certificates", certs_of);
	return rc;
}

/* ---- trustpoints --------------------------------------------------------------------------------- */

static const char *const revocation_words[] = {
	[REVOCATION_CRL] = "crl", [REVOCATION_OCSP] = "ocsp", [REVOCATION_NONE] = "none"};

static void js_point(struct out *out, const struct trustpoint *t, const struct pki_point *p, int64_t now_s)
{
	js_open(out, NULL);
	js_bytes(out, "name", t->name, strlen(t->name));
	js_str(out, "status", status_token(p->status));
	js_bytes(out, "reason", p->words, strlen(p->words));
	js_u64(out, "anchors", p->trust ? trust_anchors(p->trust) : 0);
	js_bool(out, "signs", p->chain_count != 0);
	js_u64(out, "chain", p->chain_count);
	js_u64(out, "crls", p->crl_count);
	js_open_array(out, "revocation_check");
	for (size_t i = 0; i < t->revocation_count; i++)
		js_str(out, NULL, revocation_words[t->revocation[i]]);
	js_close_array(out);
	js_close(out);
}

static void text_head(struct out *out, const struct trustpoint *t, const struct pki_point *p)
{
	out_printf(out, "Trustpoint ");
	out_bytes(out, t->name, strlen(t->name));
	out_printf(out, ":\n");
	if (p->status != ST_OK) {
		out_printf(out, "    Broken: ");
		out_bytes(out, p->words, strlen(p->words));
		out_printf(out, "\n");
	}
}

static void text_point(struct out *out, const struct trustpoint *t, const struct pki_point *p)
{
	char serial[SERIAL_TEXT];
	text_head(out, t, p);
	for (size_t i = 0; p->trust && i < trust_anchors(p->trust); i++) {
		const struct cert *c = trust_anchor(p->trust, i);
		cert_serial_text(c, serial, sizeof(serial));
		out_printf(out, "    Subject Name:\n");
		text_name(out, cert_subject(c), "    ");
		out_printf(out, "          Serial Number (hex): %s\n", serial);
	}
	out_printf(out, "    Certificate %sconfigured.\n    Revocation check:", p->chain_count ? "" : "not ");
	for (size_t i = 0; i < t->revocation_count; i++)
		out_printf(out, " %s", revocation_words[t->revocation[i]]);
	out_printf(out, "\n\n");
}

static void points_of(struct out *out, const struct trustpoint *t, const struct pki_point *p, int64_t now_s)
{
	if (out->json)
		js_point(out, t, p, now_s);
	else
		text_point(out, t, p);
}

static void text_status(struct out *out, const struct trustpoint *t, const struct pki_point *p)
{
	size_t anchors = p->trust ? trust_anchors(p->trust) : 0;
	text_head(out, t, p);
	out_printf(out, "  Issuing CA certificate %sconfigured:\n", anchors ? "" : "not ");
	for (size_t i = 0; i < anchors; i++)
		text_name(out, cert_subject(trust_anchor(p->trust, i)), "     ");
	out_printf(out, "  Router General Purpose certificate %sconfigured:\n", p->chain_count ? "" : "not ");
	if (p->chain_count)
		text_name(out, cert_subject(p->chain[0]), "     ");
	out_printf(out, "  State:\n    Keys generated ............. %s\n", p->chain_count ? "Yes (General Purpose, non-exportable)" : "No");
	out_printf(out, "    Issuing CA authenticated ....... %s\n", anchors ? "Yes" : "No");
	out_printf(out, "    Certificate request(s) ..... %s\n\n", p->chain_count ? "Yes" : "None");
}

static void states_of(struct out *out, const struct trustpoint *t, const struct pki_point *p, int64_t now_s)
{
	if (out->json)
		js_point(out, t, p, now_s);
	else
		text_status(out, t, p);
}

SHOW(show_pki_trustpoints)
{
	bool status = args->n && strcmp(args->words[args->n - 1], "status") == 0;
	struct admin_args rest = {args->n - (status ? 1 : 0), args->words};
	const char *name;
	int rc = parse_name(w, &rest, &name, err);
	if (rc == 0)
		each_point(w, name, out, "trustpoints", status ? states_of : points_of);
	return rc;
}

/* ---- revocation lists ---------------------------------------------------------------------------- */

static void js_crl(struct out *out, const char *trustpoint, const struct crl *c)
{
	js_open(out, NULL);
	js_bytes(out, "trustpoint", trustpoint, strlen(trustpoint));
	js_name(out, "issuer", crl_issuer(c));
	js_u64(out, "this_update_s", (uint64_t)crl_this_update(c));
	js_u64(out, "next_update_s", (uint64_t)crl_next_update(c));
	js_u64(out, "entries", crl_entries(c));
	js_u64(out, "bytes", crl_der(c).len);
	js_close(out);
}

static void text_crl(struct out *out, const char *trustpoint, const struct crl *c, int64_t now_s)
{
	char at[DATE_TEXT];
	out_printf(out, "CRL Issuer Name:\n");
	text_name(out, crl_issuer(c), "    ");
	out_printf(out, "    LastUpdate: %s\n", date(crl_this_update(c), at));
	out_printf(out, "    NextUpdate: %s%s\n", date(crl_next_update(c), at), crl_next_update(c) < now_s ? " (over)" : "");
	out_printf(out, "    CRL DER is %zu bytes, %zu entries\n    Read from a file of trustpoint ", crl_der(c).len, crl_entries(c));
	out_bytes(out, trustpoint, strlen(trustpoint));
	out_printf(out, "\n\n");
}

static void crls_of(struct out *out, const struct trustpoint *t, const struct pki_point *p, int64_t now_s)
{
	for (size_t i = 0; i < p->crl_count; i++) {
		if (out->json)
			js_crl(out, t->name, p->crls[i]);
		else
			text_crl(out, t->name, p->crls[i], now_s);
	}
}

SHOW(show_pki_crls)
{
	const char *name;
	int rc = parse_name(w, args, &name, err);
	if (rc == 0)
		each_point(w, name, out, "crls", crls_of);
	return rc;
}
