/* show crypto ikev2 sa | session (R-SHO-01..05). */
#include <inttypes.h>
#include <stdio.h>

#include "cmd/show.h"
#include "core/crypto/suite.h"

static void print_crypto(struct out *out, const struct ike_sa_info *sa)
{
	const struct xf *encr = suite_find(XF_ENCR, sa->encr_id, sa->encr_key_bits);
	const struct xf *prf = suite_find(XF_PRF, sa->prf_id, 0);
	const struct xf *integ = sa->integ_id ? suite_find(XF_INTEG, sa->integ_id, 0) : NULL;
	out_printf(out, "      Encr: %s", encr ? encr->show : "Unknown - 0");
	if (encr && sa->encr_key_bits)
		out_printf(out, ", keysize: %u", sa->encr_key_bits);
	out_printf(out, ", PRF: %s, Hash: %s, DH Grp:%u, Auth sign: %s, Auth verify: %s\n",
		   prf ? prf->show : "Unknown - 0", integ ? integ->show : "None", sa->dh_group,
		   show_auth(sa->auth_local), show_auth(sa->auth_remote));
	out_printf(out, "      Life/Active Time: %u/%" PRIu64 " sec\n", sa->lifetime_s,
		   sa->active_ms / 1000);
}

static const char *nat_words(const struct ike_sa_info *sa)
{
	if (sa->nat_local && sa->nat_remote)
		return "detected inside and outside";
	if (sa->nat_local)
		return "detected inside";
	return sa->nat_remote ? "detected outside" : "not detected";
}

static void print_remote_subnets(struct out *out, const struct ike_grant *g)
{
	char a[ADDR_TEXT], b[ADDR_TEXT];
	for (int family = 4; family <= 6; family += 2) {
		bool has_title = false;
		for (size_t i = 0; i < g->n_remote; i++) {
			const struct prefix *p = &g->remote[i];
			if (p->addr.family != family)
				continue;
			if (!has_title)
				out_printf(out, "      %sRemote subnets:\n", family == 4 ? "" : "IPv6 ");
			has_title = true;
			struct addr mask = len_to_mask4(family == 4 ? p->len : 0);
			if (family == 4)
				out_printf(out, "      %s %s\n", addr_format(&p->addr, a), addr_format(&mask, b));
			else
				out_printf(out, "      %s/%u\n", addr_format(&p->addr, a), p->len);
		}
	}
}

/* R-FRG-13. */
static void print_fragmentation(struct out *out, const struct ike_sa_info *sa)
{
	if (sa->frag_std)
		out_printf(out, "      IETF Std Fragmentation enabled.\n"
				"      IETF Std Fragmentation MTU in use: %u bytes.\n", sa->frag_mtu);
	else if (sa->frag_std_configured)
		out_printf(out, "      IETF Std Fragmentation configured.\n");
	if (sa->frag_cisco)
		out_printf(out, "      Fragmentation enabled.\n");
	else if (sa->frag_cisco_configured)
		out_printf(out, "      Fragmentation configured.\n");
	if (!sa->frag_std_configured && !sa->frag_cisco_configured)
		out_printf(out, "      Fragmentation not configured.\n");
}

static void print_detail(struct out *out, const struct ike_sa_info *sa)
{
	char ulid[ULID_TEXT];
	unsigned tunnel = (unsigned)(sa->sa & 0xffffffffu);
	out_printf(out, "      CE id: %u, Session-id: %u\n", tunnel, tunnel);
	out_printf(out, "      Status Description: %s\n", sa->status_description);
	out_printf(out, "      Local spi: %016" PRIX64 "       Remote spi: %016" PRIX64 "\n", sa->spi_local,
		   sa->spi_remote);
	out_printf(out, "      Local id: ");
	show_id(out, &sa->my_id);
	out_printf(out, "\n      Remote id: ");
	show_id(out, &sa->peer_id);
	out_printf(out, "\n      Local req msg id:  %-14u Remote req msg id:  %u\n", sa->next_request_out,
		   sa->next_request_in);
	out_printf(out, "      Local next msg id: %-14u Remote next msg id: %u\n", sa->next_request_out,
		   sa->next_request_in);
	out_printf(out, "      Local req queued:  %-14u Remote req queued:  %u\n", sa->next_request_out,
		   sa->next_request_in);
	out_printf(out, "      Local window:      %-14u Remote window:      %u\n", sa->window_local,
		   sa->window_remote);
	out_printf(out, "      DPD configured for %u seconds, retry %u\n", sa->dpd_interval_s,
		   sa->dpd_retry_s);
	print_fragmentation(out, sa);
	out_printf(out, "      Extended Authentication not configured.\n");
	out_printf(out, "      NAT-T is %s\n", nat_words(sa));
	out_printf(out, "      MOBIKE: %s\n", sa->mobike ? "yes" : "no");
	if (sa->used_ppk)
		out_printf(out, "      Quantum-safe Encryption using Manual PPK\n");
	out_printf(out, "      Cisco Trust Security SGT is disabled\n");
	out_printf(out, "      Initiator of SA : %s\n", sa->we_are_initiator ? "Yes" : "No");
	out_printf(out, "      Peer is: %s\n", sa->peer_class);
	print_remote_subnets(out, &sa->grant);
	out_printf(out, "      Resumed with a ticket or token: %s%s\n", sa->is_resumed ? "Yes" : "No",
		   sa->has_ticket ? ", has a ticket" : "");
	out_printf(out, "      Profile: %s, session: %s\n", sa->profile[0] ? sa->profile : "none",
		   ulid_is_zero(&sa->session) ? "none" : ulid_format(&sa->session, ulid));
}

static void print_row(const struct world *w, struct out *out, const struct ike_sa_info *sa)
{
	char l[ENDPOINT_TEXT + 4], r[ENDPOINT_TEXT + 4], a[ADDR_TEXT], vrfs[80];
	snprintf(l, sizeof(l), "%s/%u", addr_format(&sa->local.addr, a), sa->local.port);
	snprintf(r, sizeof(r), "%s/%u", addr_format(&sa->remote.addr, a), sa->remote.port);
	snprintf(vrfs, sizeof(vrfs), "%s/%s", show_vrf(w, sa->local.vrf), show_ivrf(w, sa));
	unsigned tunnel = (unsigned)(sa->sa & 0xffffffffu);
	if (sa->local.addr.family == 4)
		out_printf(out, "%-9u %-21s %-21s %-20s %s\n", tunnel, l, r, vrfs, sa->status);
	else
		out_printf(out, "%-9u %-20s %s\nLocal  %s\nRemote %s\n", tunnel, vrfs, sa->status, l, r);
}

static void print_children(struct out *out, const struct ike_sa_info *sa)
{
	for (size_t i = 0; i < sa->n_children; i++) {
		const struct ike_child_info *c = &sa->children[i];
		for (size_t k = 0; k < c->n_local_ts || k < c->n_remote_ts; k++) {
			out_printf(out, "%s local selector  ", k ? "         " : "Child sa:");
			if (k < c->n_local_ts)
				show_selector(out, &c->local_ts[k]);
			out_printf(out, "\n          remote selector ");
			if (k < c->n_remote_ts)
				show_selector(out, &c->remote_ts[k]);
			out_printf(out, "\n");
		}
		out_printf(out, "          ESP spi in/out: 0x%08x/0x%08x\n", c->spi_in, c->spi_out);
		out_printf(out, "          transform: ");
		show_transform(out, c);
		out_printf(out, ", mode: %s%s\n", c->transport_mode ? "transport" : "tunnel",
			   c->udp_encap ? ", UDP encapsulated" : "");
	}
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void js_crypto(struct out *out, const struct ike_sa_info *sa)
{
	const struct xf *encr = suite_find(XF_ENCR, sa->encr_id, sa->encr_key_bits);
	const struct xf *prf = suite_find(XF_PRF, sa->prf_id, 0);
	const struct xf *integ = sa->integ_id ? suite_find(XF_INTEG, sa->integ_id, 0) : NULL;
	js_str(out, "encryption", encr ? encr->show : "");
	js_u64(out, "key_size", sa->encr_key_bits);
	js_str(out, "prf", prf ? prf->show : "");
	js_str(out, "integrity", integ ? integ->show : "");
	js_u64(out, "dh_group", sa->dh_group);
	js_str(out, "auth_sign", show_auth(sa->auth_local));
	js_str(out, "auth_verify", show_auth(sa->auth_remote));
}

static void js_child(struct out *out, const struct ike_child_info *c)
{
	struct out t;
	out_init(&t, false);
	show_transform(&t, c);
	js_open(out, NULL);
	js_hex32(out, "spi_in", c->spi_in);
	js_hex32(out, "spi_out", c->spi_out);
	js_bytes(out, "transform", t.buf, t.len);
	js_str(out, "mode", c->transport_mode ? "transport" : "tunnel");
	js_bool(out, "udp_encapsulated", c->udp_encap);
	js_u64(out, "age_ms", c->up_ms);
	js_selectors(out, "local", c->local_ts, c->n_local_ts);
	js_selectors(out, "remote", c->remote_ts, c->n_remote_ts);
	js_close(out);
	out_fini(&t);
}

static void js_sa(const struct world *w, struct out *out, const struct ike_sa_info *sa)
{
	char ulid[ULID_TEXT];
	js_open(out, NULL);
	js_u64(out, "tunnel_id", sa->sa);
	js_str(out, "status", sa->status);
	js_str(out, "status_description", sa->status_description);
	js_endpoint(out, "local", &sa->local);
	js_endpoint(out, "remote", &sa->remote);
	js_str(out, "fvrf", show_vrf(w, sa->local.vrf));
	js_str(out, "ivrf", show_ivrf(w, sa));
	js_crypto(out, sa);
	js_u64(out, "lifetime_s", sa->lifetime_s);
	js_u64(out, "active_ms", sa->active_ms);
	js_hex64(out, "local_spi", sa->spi_local);
	js_hex64(out, "remote_spi", sa->spi_remote);
	js_id(out, "local_id", &sa->my_id);
	js_id(out, "remote_id", &sa->peer_id);
	js_str(out, "profile", sa->profile);
	js_str(out, "session", ulid_is_zero(&sa->session) ? "" : ulid_format(&sa->session, ulid));
	js_u64(out, "local_next_msg_id", sa->next_request_out);
	js_u64(out, "remote_next_msg_id", sa->next_request_in);
	js_u64(out, "window", sa->window_local);
	js_u64(out, "remote_window", sa->window_remote);
	js_u64(out, "dpd_interval_s", sa->dpd_interval_s);
	js_u64(out, "dpd_retry_s", sa->dpd_retry_s);
	js_bool(out, "nat_local", sa->nat_local);
	js_bool(out, "nat_remote", sa->nat_remote);
	js_str(out, "fragmentation", sa->frag_std ? "ietf" : sa->frag_cisco ? "cisco" : "none");
	js_u64(out, "fragmentation_mtu", sa->frag_std ? sa->frag_mtu : 0);
	js_bool(out, "resumed", sa->is_resumed);
	js_bool(out, "has_ticket", sa->has_ticket);
	js_bool(out, "mobike", sa->mobike);
	js_bool(out, "ppk", sa->used_ppk);
	js_bool(out, "initiator", sa->we_are_initiator);
	js_str(out, "peer_class", sa->peer_class);
	js_addr(out, "assigned_ip4", &sa->grant.ip4);
	js_addr(out, "assigned_ip6", &sa->grant.ip6);
	js_open_array(out, "children");
	for (size_t i = 0; i < sa->n_children; i++)
		js_child(out, &sa->children[i]);
	js_close_array(out);
	js_close(out);
}

static int show_json(struct world *w, const struct show_filter *f, struct out *out)
{
	struct ike_sa_info sa;
	uint64_t cursor = 0;
	js_open(out, NULL);
	js_open_array(out, "ikev2_sas");
	while (ike_next_info(w->ike, &cursor, &sa))
		if (show_filter_takes(w, f, &sa))
			js_sa(w, out, &sa);
	js_close_array(out);
	js_close(out);
	return 0;
}

static void show_family(struct world *w, const struct show_filter *f, struct out *out, int family,
			bool with_children)
{
	struct ike_sa_info sa;
	uint64_t cursor = 0;
	bool has_title = false;
	while (ike_next_info(w->ike, &cursor, &sa)) {
		if (sa.local.addr.family != family || !show_filter_takes(w, f, &sa))
			continue;
		if (!has_title && family == 4)
			out_printf(out, "Tunnel-id Local                 Remote                fvrf/ivrf            Status\n");
		else if (!has_title)
			out_printf(out, "Tunnel-id fvrf/ivrf            Status\n");
		has_title = true;
		print_row(w, out, &sa);
		print_crypto(out, &sa);
		if (f->detail)
			print_detail(out, &sa);
		if (with_children)
			print_children(out, &sa);
		out_printf(out, "\n");
	}
}

static int show_sas(struct world *w, const struct admin_args *args, struct out *out, struct out *err,
		    bool with_children)
{
	struct show_filter f;
	int rc = show_filter_parse(args, &f, err);
	if (rc)
		return rc;
	if (out->json)
		return show_json(w, &f, out);
	out_printf(out, " IPv4 Crypto IKEv2 %s\n\n", with_children ? "Session" : "SA");
	show_family(w, &f, out, 4, with_children);
	out_printf(out, " IPv6 Crypto IKEv2 %s\n\n", with_children ? "Session" : "SA");
	show_family(w, &f, out, 6, with_children);
	return 0;
}

SHOW(show_ikev2_sa)
{
	return show_sas(w, args, out, err, false);
}

SHOW(show_ikev2_session)
{
	return show_sas(w, args, out, err, true);
}
