/* What the show commands share: filters, names, selectors. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/show.h"
#include "core/conf/match.h"
#include "core/crypto/suite.h"
#include "core/ike/id_text.h"
#include "core/session/session.h"
#include "core/wire/auth.h"

static bool is_prefix_of(const char *typed, const char *word)
{
	size_t len = strlen(typed);
	return len && len <= strlen(word) && memcmp(typed, word, len) == 0;
}

/* 1..max: no SA and no port has the number 0, and a filter of 0 takes everything. */
static bool parse_number(const char *text, uint64_t max, uint64_t *out)
{
	char *end;
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	unsigned long long v = strtoull(text, &end, 10);
	if (*end || errno || v < 1 || v > max)
		return false;
	*out = v;
	return true;
}

/* `local|remote IP [[port] N]`; returns words used, 0 with a sentence when it is wrong. */
static size_t parse_end(const struct admin_args *args, size_t at, struct addr *addr, uint16_t *port,
			struct out *err)
{
	uint64_t v;
	if (at + 1 >= args->n || addr_parse(args->words[at + 1], addr) != ST_OK) {
		out_printf(err, "\"%s\" wants an address\n", args->words[at]);
		return 0;
	}
	size_t used = 2;
	size_t value = at + 2;
	if (value + 1 < args->n && strcmp(args->words[value], "port") == 0) {
		value++;
		used++;
	}
	if (value < args->n && parse_number(args->words[value], 65535, &v)) {
		*port = (uint16_t)v;
		used++;
	}
	return used;
}

static size_t parse_one(const struct admin_args *args, size_t at, struct show_filter *f, struct out *err)
{
	const char *word = args->words[at];
	uint64_t v;
	if (is_prefix_of(word, "detailed")) {
		f->detail = true;
		return 1;
	}
	if (is_prefix_of(word, "local"))
		return parse_end(args, at, &f->local, &f->local_port, err);
	if (is_prefix_of(word, "remote"))
		return parse_end(args, at, &f->remote, &f->remote_port, err);
	if (at + 1 < args->n && strcmp(word, "fvrf") == 0) {
		f->fvrf = args->words[at + 1];
		return 2;
	}
	if (at + 1 < args->n && strcmp(word, "ivrf") == 0) {
		f->ivrf = args->words[at + 1];
		return 2;
	}
	if (strcmp(word, "inactive") == 0) {
		f->inactive = true;
		return 1;
	}
	if (at + 1 < args->n && strcmp(word, "username") == 0) {
		f->username = args->words[at + 1];
		return 2;
	}
	if (at + 1 < args->n && strcmp(word, "profile") == 0) {
		f->profile = args->words[at + 1];
		return 2;
	}
	if (at + 1 < args->n && strcmp(word, "session") == 0 && ulid_parse(args->words[at + 1], &f->session))
		return 2;
	if (at + 1 < args->n && (strcmp(word, "id") == 0 || strcmp(word, "index") == 0) && parse_number(args->words[at + 1], UINT64_MAX, &v)) {
		f->sa = v;
		return 2;
	}
	out_printf(err, "\"%s\" is not understood here; one of: detailed, local IP [port], remote IP [port], fvrf NAME, ivrf NAME, "
		   "id NUMBER, username NAME, profile NAME, session ID, inactive\n",
		   word);
	return 0;
}

int show_filter_parse(const struct admin_args *args, struct show_filter *f, struct out *err)
{
	*f = (struct show_filter){0};
	for (size_t at = 0; at < args->n;) {
		size_t used = parse_one(args, at, f, err);
		if (!used)
			return 2;
		at += used;
	}
	return 0;
}

static bool end_takes(const struct addr *addr, uint16_t port, const struct endpoint *e)
{
	return (!addr->family || addr_eq(addr, &e->addr)) && (!port || port == e->port);
}

static bool session_takes(const struct show_filter *f, const struct ulid *u, const char *profile)
{
	return (ulid_is_zero(&f->session) || memcmp(&f->session, u, sizeof(*u)) == 0) &&
	       (!f->profile || strcmp(f->profile, profile) == 0);
}

bool show_filter_takes_waiting(const struct world *w, const struct show_filter *f, const struct session *s)
{
	if ((f->sa && f->sa != s->index) || (f->username && strcmp(f->username, s->username) != 0))
		return false;
	if (f->fvrf && strcmp(f->fvrf, show_vrf(w, s->local.vrf)) != 0)
		return false;
	if (f->ivrf && strcmp(f->ivrf, s->ivrf[0] ? s->ivrf : "none") != 0)
		return false;
	return session_takes(f, &s->ulid, s->profile) && end_takes(&f->local, f->local_port, &s->local) &&
	       end_takes(&f->remote, f->remote_port, &s->remote);
}

static bool is_of_user(const struct world *w, const char *username, uint64_t sa)
{
	const struct session *s = w->sessions ? session_find_sa(w->sessions, sa) : NULL;
	return s && strcmp(username, s->username) == 0;
}

bool show_filter_takes(const struct world *w, const struct show_filter *f, const struct ike_sa_info *sa)
{
	if ((f->sa && f->sa != sa->sa) || f->inactive)
		return false; /* what has an IKE SA is not inactive (R-SDB-04) */
	if ((f->username && !is_of_user(w, f->username, sa->sa)) || !session_takes(f, &sa->session, sa->profile))
		return false;
	if (f->fvrf && strcmp(f->fvrf, show_vrf(w, sa->local.vrf)) != 0)
		return false;
	if (f->ivrf && strcmp(f->ivrf, show_ivrf(w, sa)) != 0)
		return false;
	return end_takes(&f->local, f->local_port, &sa->local) &&
	       end_takes(&f->remote, f->remote_port, &sa->remote);
}

/* ---- names ---------------------------------------------------------------------------------- */

static bool id_as_addr(const struct ike_id *id, struct addr *a)
{
	if ((id->type != IKE_ID_IPV4 || id->len != 4) && (id->type != IKE_ID_IPV6 || id->len != 16))
		return false;
	*a = addr_from(id->bytes, id->len);
	return true;
}

void show_id(struct out *out, const struct ike_id *id)
{
	char text[4 * IKE_ID_LEN];
	out_printf(out, "%s", id_text(id, text, sizeof(text)));
}

void js_id(struct out *out, const char *key, const struct ike_id *id)
{
	struct addr a;
	char text[4 * IKE_ID_LEN];
	if (id_as_addr(id, &a))
		js_addr(out, key, &a);
	else if (id->type == IKE_ID_DN)
		js_str(out, key, id_text(id, text, sizeof(text)));
	else
		js_bytes(out, key, id->bytes, id->len);
}

const char *show_vrf(const struct world *w, uint32_t num)
{
	const char *name = num ? snapshot_vrf_name(w->conf, num) : NULL;
	if (!num)
		return "none";
	return name ? name : "removed";
}

const char *show_ivrf(const struct world *w, const struct ike_sa_info *sa)
{
	bool is_tunnel = sa->grant.tun >= SESSION_TUN_TUNNEL;
	const struct iface *i = snapshot_iface(w->conf, is_tunnel ? IFACE_TUNNEL : IFACE_TEMPLATE,
					       is_tunnel ? sa->grant.tun - SESSION_TUN_TUNNEL : sa->grant.tun);
	return i && i->vrf ? i->vrf : "none";
}

const char *show_auth(uint8_t method)
{
	switch (method) {
	case 0:
		return "Unknown - 0";
	case 1:
		return "RSA";
	case 2:
		return "PSK";
	case 9:
	case 10:
	case 11:
		return "ECDSA";
	case 14:
		return "Digital signature";
	case AUTHM_EAP_SHOWN:
		return "EAP";
	default:
		return "Other";
	}
}

char *show_ifname(const struct ike_sa_info *sa, char buf[SHOW_IFNAME])
{
	if (sa->grant.tun >= SESSION_TUN_TUNNEL)
		snprintf(buf, SHOW_IFNAME, "Tunnel%u", (unsigned)(sa->grant.tun - SESSION_TUN_TUNNEL));
	else
		snprintf(buf, SHOW_IFNAME, "Virtual-Access%u", (unsigned)(sa->sa & 0xffffffffu));
	return buf;
}

/* ---- selectors ------------------------------------------------------------------------------ */

static unsigned selector_port(const struct ts *ts)
{
	return ts->port_lo == ts->port_hi ? ts->port_lo : 0;
}

void show_selector(struct out *out, const struct ts *ts)
{
	struct prefix p;
	char a[ADDR_TEXT], b[ADDR_TEXT];
	addr_format(&ts->lo, a);
	if (!ts_is_single_prefix(ts, &p)) {
		out_printf(out, "%s-%s/%u/%u", a, addr_format(&ts->hi, b), ts->proto, selector_port(ts));
	} else if (ts->lo.family == 4) {
		struct addr mask = len_to_mask4(p.len);
		out_printf(out, "%s/%s/%u/%u", a, addr_format(&mask, b), ts->proto, selector_port(ts));
	} else {
		out_printf(out, "%s/%u/%u/%u", a, p.len, ts->proto, selector_port(ts));
	}
}

void js_selectors(struct out *out, const char *key, const struct ts *ts, size_t n)
{
	js_open_array(out, key);
	for (size_t i = 0; i < n; i++) {
		js_open(out, NULL);
		js_addr(out, "from", &ts[i].lo);
		js_addr(out, "to", &ts[i].hi);
		js_u64(out, "protocol", ts[i].proto);
		js_u64(out, "port_from", ts[i].port_lo);
		js_u64(out, "port_to", ts[i].port_hi);
		js_close(out);
	}
	js_close_array(out);
}

void show_transform(struct out *out, const struct ike_child_info *c)
{
	const struct xf *encr = suite_find(XF_ENCR, c->encr_id, c->encr_key_bits);
	const struct xf *integ = c->integ_id ? suite_find(XF_INTEG, c->integ_id, 0) : NULL;
	out_printf(out, "%s", encr && encr->esp_keyword ? encr->esp_keyword : "esp-unknown");
	if (integ && integ->esp_keyword)
		out_printf(out, " %s", integ->esp_keyword);
}
