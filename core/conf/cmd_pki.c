/* crypto pki trustpoint: who is trusted, and our own certificates. Maps and pasted certificates are in
 * cmd_certmap.c. */
#include <string.h>

#include "core/conf/set.h"
#include "core/conf/tables.h"

#define AT(field) offsetof(struct trustpoint, field)

static bool is_plain(struct word w)
{
	for (size_t i = 0; i < w.len; i++)
		if ((unsigned char)w.p[i] < ' ' || w.p[i] == 0x7f || w.p[i] == '"')
			return false;
	return w.len != 0;
}

static bool file_ok(struct cmd_call *c)
{
	const struct arg *a = cmd_arg(c, "file");
	if (c->form != FORM_SET || (is_plain(a->word) && a->word.len <= PKI_PATH_MAX))
		return true;
	cmd_error(c, a, "not the name of a file, or longer than 255 bytes:", "");
	return false;
}

static void set_file(struct cmd_call *c)
{
	if (file_ok(c))
		set_ref(c);
}

static void set_files(struct cmd_call *c)
{
	if (file_ok(c))
		set_strs(c);
}

/* ---- revocation ---- */

static const char *const revocation_words[] = {
	[REVOCATION_CRL] = "crl", [REVOCATION_OCSP] = "ocsp", [REVOCATION_NONE] = "none"};

static uint8_t revocation_of(const struct arg *a)
{
	for (uint8_t k = 0; k < REVOCATION__MAX; k++)
		if (strlen(revocation_words[k]) == a->key.len && memcmp(revocation_words[k], a->key.p, a->key.len) == 0)
			return k;
	return REVOCATION_CRL;
}

/* Without the command, and after `no`: what the dialect documents. */
static void set_revocation(struct cmd_call *c)
{
	struct trustpoint *t = c->obj;
	unsigned seen = 0;
	memset(t->revocation, 0, sizeof(t->revocation)); /* what is not used is compared, too */
	t->revocation[0] = REVOCATION_CRL;
	t->revocation_count = 1;
	for (size_t i = 0; i < c->n && c->form == FORM_SET; i++) {
		uint8_t k = revocation_of(&c->args[i]);
		if (seen & 1u << k) {
			cmd_error(c, &c->args[i], "named twice:", "");
			return;
		}
		if (seen & 1u << REVOCATION_NONE)
			cmd_warn(c, &c->args[i], "never tried, because none comes before:", "none belongs last");
		seen |= 1u << k;
		t->revocation[i] = k;
		t->revocation_count = (uint8_t)(i + 1);
	}
}

static void print_revocation(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct trustpoint *t = obj;
	if (t->revocation_count == 1 && t->revocation[0] == REVOCATION_CRL && !(o->flags & CONF_ALL))
		return;
	cout_head(o, row, false);
	for (size_t i = 0; i < t->revocation_count; i++)
		cout_word(o, revocation_words[t->revocation[i]]);
	cout_end(o);
}

static bool is_http(struct word w)
{
	return w.len > 7 && w.len <= PKI_URL_MAX && strncmp(w.p, "http://", 7) == 0 && is_plain(w) &&
	       !memchr(w.p, ' ', w.len);
}

static void set_ocsp_url(struct cmd_call *c)
{
	const struct arg *a = cmd_arg(c, "url");
	if (c->form == FORM_SET && !is_http(a->word))
		cmd_error(c, a, "not an address that can be asked:", "http://HOST[:PORT]/PATH");
	else
		set_str(c);
}

static void set_old_crl(struct cmd_call *c)
{
	set_keep(c);
	if (c->form == FORM_SET)
		cmd_warn(c, NULL, "kept, but not in force:", "revocation-check crl none; sallyport crl FILE");
}

/* ---- what a router does by itself, and files do here ---- */

static void set_enrollment(struct cmd_call *c)
{
	const struct arg *a = cmd_arg(c, "text");
	set_keep(c);
	if (c->form == FORM_SET && a && strncmp(a->word.p, "terminal", 8) != 0 && strncmp(a->word.p, "pkcs12", 6) != 0)
		cmd_warn(c, NULL, "kept, but nothing is enrolled here:",
			"sallyport ca-certificate, certificate and private-key name the files");
}

static void set_match_map(struct cmd_call *c)
{
	const struct arg *name = cmd_arg(c, "name"), *more = cmd_arg(c, "more");
	struct trustpoint *t = c->obj;
	if (c->form != FORM_SET)
		str_list_drop(&t->maps, name);
	else
		str_list_add(c, &t->maps, name, 16);
	if (more && c->form == FORM_SET)
		cmd_warn(c, more, "left out, the checks stay as they are:", "");
}

static void print_maps(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct trustpoint *t = obj;
	for (size_t i = 0; i < t->maps.n; i++)
		cout_line(o, row, t->maps.v[i]);
}

#define KEPT_ONE(grammar_, help_)                                                                  \
	{                                                                                          \
		.grammar = grammar_, .when = WHEN_NEW, .set = set_keep, .print = print_keep,       \
		.help = help_                                                                      \
	}
#define KEPT_LATER(grammar_, help_)                                                                \
	{                                                                                          \
		.grammar = grammar_, .flags = CMD_LATER, .when = WHEN_NEW, .set = set_keep,        \
		.print = print_keep, .help = help_                                                 \
	}
#define ROW(grammar_, field, def_, set_, print_, help_)                                            \
	{                                                                                          \
		.grammar = grammar_, .off = AT(field), .def = def_, .when = WHEN_NEW, .set = set_, \
		.print = print_, .help = help_                                                     \
	}

static const struct cmd trustpoint[] = {
	{.grammar = "enrollment <text:line>",
		.when = WHEN_NEW,
		.flags = CMD_REPEATS,
		.set = set_enrollment,
		.print = print_keep,
		.help = "How certificates come to a router"},
	KEPT_ONE("subject-name <text:line>", "Subject of our certificate, when a router asks for it"),
	KEPT_ONE("subject-alt-name <text:line>", "Other names of our certificate, the same way"),
	KEPT_ONE("fqdn <name:word>", "Name in our certificate, the same way"),
	KEPT_ONE("ip-address [<text:line>]", "Address in our certificate, the same way"),
	KEPT_ONE("serial-number [<text:line>]", "Serial number in our certificate, the same way"),
	KEPT_ONE("fingerprint <text:line>", "Fingerprint of the CA, when a router fetches it"),
	ROW("revocation-check {crl|ocsp|none}+", revocation, "crl", set_revocation, print_revocation,
		"How revocation is found out, in order: the next where one cannot be had; none: do without"),
	ROW("ocsp url <url:word>", ocsp_url, NULL, set_ocsp_url, print_str,
		"OCSP responder, in place of the one that certificates name"),
	ROW("ocsp disable-nonce", ocsp_no_nonce, NULL, set_flag, print_flag, "OCSP requests carry no nonce; here they never do, so that answers can be kept"),
	{.grammar = "crl [<text:line>]",
		.when = WHEN_NEW,
		.set = set_old_crl,
		.print = print_keep,
		.help = "Older words for revocation lists"},
	KEPT_ONE("rsakeypair <text:line>", "Key pair of a router"),
	KEPT_ONE("eckeypair <name:word>", "Key pair of a router"),
	KEPT_ONE("hash <name:word>", "Hash of a router's requests"),
	KEPT_LATER("auto-enroll [<text:line>]", "renewal"),
	KEPT_LATER("chain-validation <text:line>", "limits of chains; they are checked to the end"),
	KEPT_ONE("eku request <text:line>", "Extended key usage that a router asks for"),
	KEPT_ONE("usage <text:line>", "Usage of a router's keys"),
	KEPT_ONE("source <text:line>", "Source of enrolment"),
	KEPT_LATER("vrf <name:name>", "the VRF of enrolment and lists"),
	KEPT_LATER("authorization <text:line>", "authorization by certificate"),
	{.grammar = "match certificate <name:name> [<more:line>]",
		.when = WHEN_NEW,
		.set = set_match_map,
		.print = print_maps,
		.help = "Only certificates that meet this map, or another one that is named so"},
	KEPT_LATER("password <key:secret>", "passwords for revocation"),
	ROW("sallyport ca-certificate <file:word>", ca_files, NULL, set_files, print_strs,
		"File with CA certificates, PEM or DER; several are possible"),
	ROW("sallyport certificate <file:word>", certificate, NULL, set_file, print_str,
		"File with our certificate and its chain, PEM or DER"),
	ROW("sallyport private-key <file:word>", private_key, NULL, set_file, print_str,
		"File with the key of our certificate; only the keys process gets it"),
	ROW("sallyport crl fetch", crl_fetch, "on", set_flag, print_flag,
		"Revocation lists are fetched from where certificates say, HTTP only"),
	ROW("sallyport crl <file:word>", crl_files, NULL, set_files, print_strs,
		"File with revocation lists, PEM or DER; several are possible"),
	ROW("sallyport ocsp fetch", ocsp_fetch, "on", set_flag, print_flag,
		"OCSP responders are asked; no: only what the peer brings along counts"),
	ROW("sallyport ocsp staple", ocsp_staple, NULL, set_flag, print_flag,
		"OCSP responses about our own certificate are fetched ahead, for peers that ask for them in IKE (RFC 4806)"),
	ROW("sallyport fetch-host <host:word>", fetch_hosts, NULL, set_strs, print_strs,
		"HOST or HOST:PORT that may be asked although it is this host, or the port is not 80"),
	ROW("sallyport require-eku", require_eku, NULL, set_flag, print_flag,
		"Certificates of peers must say that they are for this (client-auth, server-auth)"),
};
CMD_ROWS(rows_trustpoint, trustpoint);
