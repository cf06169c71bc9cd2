/* show crypto session, show crypto ipsec sa (R-SHO-06, R-SHO-07), clear crypto session | ikev2 sa
 * (R-SHO-08). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/show.h"
#include "core/conf/match.h"
#include "core/crypto/suite.h"
#include "core/esp/policy.h"
#include "core/session/client_spec.h"
#include "core/session/wait.h"
#include "modules/data/data.h"

struct traffic {
	uint64_t packets_in, bytes_in, packets_out, bytes_out;
	uint64_t drops_replay, drops_auth, drops_policy, drops_other;
	uint32_t window;
};

static struct traffic traffic_of(const struct world *w, uint32_t spi_in)
{
	const struct esp_rt *rt = w->data ? data_sa_rt(w->data, spi_in) : NULL;
	struct traffic t = {0};
	if (!rt)
		return t;
#define GET(field) t.field = atomic_load_explicit(&rt->field, memory_order_relaxed)
	GET(packets_in);
	GET(bytes_in);
	GET(packets_out);
	GET(bytes_out);
	GET(drops_replay);
	GET(drops_auth);
	GET(drops_policy);
	GET(drops_other);
#undef GET
	t.window = rt->window;
	return t;
}

/* Of an SA that the data path does not have: what it begins with. */
static void mtus_of(const struct world *w, uint32_t spi_in, uint32_t *path, uint32_t *media)
{
	*path = *media = FIT_MTU_START;
	if (w->data)
		(void)data_sa_mtu(w->data, spi_in, path, media);
}

/* What access lists and rates of its session dropped, with all its SAs on the same worker. */
struct limited {
	bool is_any;
	uint64_t acl[2], police[2]; /* by enum esp_dir */
};

static struct limited limited_of(const struct world *w, uint32_t spi_in)
{
	const struct esp_policy *p;
	const struct esp_meter *m;
	struct limited l = {.is_any = w->data && data_sa_limits(w->data, spi_in, &p, &m)};
	for (int dir = ESP_DIR_IN; l.is_any && dir <= ESP_DIR_OUT; dir++) {
		l.acl[dir] = atomic_load_explicit(&m->acl_drops[dir], memory_order_relaxed);
		l.police[dir] = atomic_load_explicit(&m->police_drops[dir], memory_order_relaxed);
	}
	return l;
}

static uint64_t recv_errors(const struct traffic *t)
{
	return t->drops_replay + t->drops_auth + t->drops_policy + t->drops_other;
}

/* ---- show crypto session -------------------------------------------------------------------- */

static const char *session_status(const struct ike_sa_info *sa)
{
	if (!sa->is_established)
		return "DOWN-NEGOTIATING";
	return sa->n_children ? "UP-ACTIVE" : "UP-IDLE";
}

/* What the session was granted from and is no longer configured; NULL past the end. */
static const char *orphan_word(const struct world *w, const struct ike_sa_info *sa, size_t *cursor)
{
	static const struct {
		unsigned bit;
		const char *word;
	} rows[] = {{ORPHAN_PROFILE, "profile"}, {ORPHAN_AUTHZ, "authorization policy"}, {ORPHAN_POOL4, "pool"},
		    {ORPHAN_POOL6, "ipv6 pool"}, {ORPHAN_ADDRESS, "address"}, {ORPHAN_VRF, "vrf"},
		    {ORPHAN_DEVICE, "interface"}};
	const struct session *s = w->sessions ? session_find_sa(w->sessions, sa->sa) : NULL;
	while (s && *cursor < sizeof(rows) / sizeof(rows[0])) {
		size_t i = (*cursor)++;
		if (s->orphaned & rows[i].bit)
			return rows[i].word;
	}
	return NULL;
}

static void print_orphaned(const struct world *w, struct out *out, const struct ike_sa_info *sa)
{
	const char *word;
	size_t n = 0;
	for (size_t cursor = 0; (word = orphan_word(w, sa, &cursor)); n++)
		out_printf(out, "%s%s", n ? ", " : "Orphaned: not configured any more: ", word);
	if (n)
		out_printf(out, "\n");
}

static void js_orphaned(const struct world *w, struct out *out, const struct ike_sa_info *sa)
{
	const char *word;
	js_open_array(out, "orphaned");
	for (size_t cursor = 0; (word = orphan_word(w, sa, &cursor));)
		js_str(out, NULL, word);
	js_close_array(out);
}

/* The session is over and its addresses may be somebody else's; only the farewell is still under way. */
static bool is_ending(const struct ike_sa_info *sa)
{
	return strcmp(sa->status, "DELETE") == 0;
}

static void print_flow(struct out *out, const struct ts *l, const struct ts *r)
{
	char a[ADDR_TEXT], b[ADDR_TEXT], c[ADDR_TEXT], d[ADDR_TEXT];
	out_printf(out, "  IPSEC FLOW: permit %u %s-%s %s-%s\n", l->proto, addr_format(&l->lo, a),
		   addr_format(&l->hi, b), addr_format(&r->lo, c), addr_format(&r->hi, d));
}

static const struct session *session_of(const struct world *w, const struct ike_sa_info *sa)
{
	return w->sessions && w->inactive_ms ? session_find_sa(w->sessions, sa->sa) : NULL;
}

/* What ends a session beside its tunnel (R-SDB-29). */
static void print_life(const struct world *w, struct out *out, const struct ike_sa_info *sa)
{
	const struct session *s = session_of(w, sa);
	uint64_t left_ms = s ? session_life_left_ms(s, w->user_ms(w->ctx)) : UINT64_MAX;
	if (!s)
		return;
	out_printf(out, "Username: %s\nInactive: %" PRIu64 " s\n", s->username, w->inactive_ms(w->ctx, s) / 1000);
	if (s->idle_timeout_s)
		out_printf(out, "Idle time-out: %u s\n", s->idle_timeout_s);
	if (left_ms != UINT64_MAX)
		out_printf(out, "Session ends in: %" PRIu64 " s\n", left_ms / 1000);
	if (s->has_token)
		out_printf(out, "Would wait for its client: %u s, came back %u times\n", s->reconnect_s, s->resumed);
	show_quota(w, out, s, "");
}

static void js_life(const struct world *w, struct out *out, const struct ike_sa_info *sa)
{
	const struct session *s = session_of(w, sa);
	uint64_t left_ms = s ? session_life_left_ms(s, w->user_ms(w->ctx)) : UINT64_MAX;
	js_str(out, "username", s ? s->username : "");
	js_u64(out, "inactive_ms", s ? w->inactive_ms(w->ctx, s) : 0);
	js_u64(out, "idle_timeout_s", s ? s->idle_timeout_s : 0);
	if (left_ms != UINT64_MAX)
		js_u64(out, "left_ms", left_ms);
	js_u64(out, "wait_s", s && s->has_token ? s->reconnect_s : 0);
	js_u64(out, "resumes", s ? s->resumed : 0);
	js_quota(w, out, s);
}

static void print_session(struct world *w, struct out *out, const struct ike_sa_info *sa, bool detail)
{
	char ifname[SHOW_IFNAME], l[ADDR_TEXT], r[ADDR_TEXT];
	out_printf(out, "Interface: %s\n", show_ifname(sa, ifname));
	if (detail)
		out_printf(out, "Uptime: %" PRIu64 " s\n", sa->active_ms / 1000);
	if (detail)
		print_life(w, out, sa);
	out_printf(out, "Profile: %s\nSession status: %s\n", sa->profile, session_status(sa));
	out_printf(out, "Peer: %s port %u fvrf: %s ivrf: %s\n", addr_format(&sa->remote.addr, r),
		   sa->remote.port, show_vrf(w, sa->local.vrf), show_ivrf(w, sa));
	print_orphaned(w, out, sa);
	if (detail) {
		out_printf(out, "      Phase1_id: ");
		show_id(out, &sa->peer_id);
		out_printf(out, "\n");
		show_address(w, out, session_of(w, sa));
	}
	out_printf(out, "  IKEv2 SA: local %s/%u remote %s/%u %s\n", addr_format(&sa->local.addr, l),
		   sa->local.port, r, sa->remote.port, sa->is_established ? "Active" : "Inactive");
	for (size_t i = 0; i < sa->n_children; i++) {
		const struct ike_child_info *c = &sa->children[i];
		for (size_t k = 0; k < c->n_remote_ts; k++)
			for (size_t j = 0; j < c->n_local_ts; j++)
				if (c->local_ts[j].lo.family == c->remote_ts[k].lo.family)
					print_flow(out, &c->local_ts[j], &c->remote_ts[k]);
		out_printf(out, "        Active SAs: 2, origin: dynamic crypto map\n");
		if (!detail)
			continue;
		struct traffic t = traffic_of(w, c->spi_in);
		out_printf(out, "        Encapsulation: ESP%s, %s mode\n", c->udp_encap ? " in UDP" : "",
			   c->transport_mode ? "transport" : "tunnel");
		out_printf(out, "        Inbound:  #pkts dec'ed %" PRIu64 " drop %" PRIu64 " bytes %" PRIu64 "\n",
			   t.packets_in, recv_errors(&t), t.bytes_in);
		out_printf(out, "        Outbound: #pkts enc'ed %" PRIu64 " drop 0 bytes %" PRIu64 "\n",
			   t.packets_out, t.bytes_out);
	}
	out_printf(out, "\n");
}

static void js_session(struct world *w, struct out *out, const struct ike_sa_info *sa)
{
	char ifname[SHOW_IFNAME], ulid[ULID_TEXT];
	const struct session *s = session_of(w, sa);
	struct traffic sum = {0};
	if (s) /* through tunnels of before */
		sum = (struct traffic){.packets_in = s->carried.packets_in, .bytes_in = s->carried.bytes_in,
				       .packets_out = s->carried.packets_out, .bytes_out = s->carried.bytes_out};
	for (size_t i = 0; i < sa->n_children; i++) {
		struct traffic t = traffic_of(w, sa->children[i].spi_in);
		sum.packets_in += t.packets_in;
		sum.bytes_in += t.bytes_in;
		sum.packets_out += t.packets_out;
		sum.bytes_out += t.bytes_out;
	}
	js_open(out, NULL);
	js_str(out, "interface", show_ifname(sa, ifname));
	js_str(out, "session", ulid_is_zero(&sa->session) ? "" : ulid_format(&sa->session, ulid));
	js_str(out, "profile", sa->profile);
	js_str(out, "status", session_status(sa));
	js_id(out, "identity", &sa->peer_id);
	js_endpoint(out, "local", &sa->local);
	js_endpoint(out, "peer", &sa->remote);
	js_str(out, "fvrf", show_vrf(w, sa->local.vrf));
	js_str(out, "ivrf", show_ivrf(w, sa));
	js_addr(out, "assigned_ip4", &sa->grant.ip4);
	js_addr(out, "assigned_ip6", &sa->grant.ip6);
	js_address(w, out, s);
	js_orphaned(w, out, sa);
	js_u64(out, "uptime_ms", sa->active_ms);
	js_life(w, out, sa);
	js_bool(out, "udp_encapsulated", sa->n_children && sa->children[0].udp_encap);
	js_u64(out, "packets_in", sum.packets_in);
	js_u64(out, "bytes_in", sum.bytes_in);
	js_u64(out, "packets_out", sum.packets_out);
	js_u64(out, "bytes_out", sum.bytes_out);
	js_close(out);
}

/* Of tunnels that connect and are not up: there is no session to be shown. */
static void print_down(struct world *w, struct out *out)
{
	struct client_info c;
	char a[ADDR_TEXT];
	for (size_t cursor = 0; w->next_client && w->next_client(w->ctx, &cursor, &c);) {
		if (c.is_up)
			continue;
		out_printf(out, "Interface: %s\nSession status: %s\nPeer: %s%s%s\n", c.spec->ifname,
			   c.is_negotiating ? "DOWN-NEGOTIATING" : "DOWN", addr_format(&c.peer, a),
			   c.peer_name[0] ? " " : "", c.peer_name);
		show_wish(w, out, "      ", c.attempt);
		if (c.reason[0])
			out_printf(out, "      Reason: %s\n", c.reason);
		if (c.wait_ms)
			out_printf(out, "      Next attempt in: %" PRIu64 " s\n", (c.wait_ms + 999) / 1000);
		out_printf(out, "\n");
	}
}

static void js_down(struct world *w, struct out *out)
{
	struct client_info c;
	js_open_array(out, "down");
	for (size_t cursor = 0; w->next_client && w->next_client(w->ctx, &cursor, &c);) {
		if (c.is_up)
			continue;
		js_open(out, NULL);
		js_str(out, "interface", c.spec->ifname);
		js_str(out, "client", c.spec->name);
		js_str(out, "state", c.state);
		js_addr(out, "peer", &c.peer);
		js_str(out, "peer_name", c.peer_name);
		js_wish(w, out, c.attempt);
		js_str(out, "reason", c.reason);
		js_u64(out, "next_attempt_ms", c.wait_ms);
		js_close(out);
	}
	js_close_array(out);
}

/* Our own attempts are shown with the tunnel that they are for. */
static bool is_attempt(const struct ike_sa_info *sa)
{
	return sa->we_are_initiator && !sa->is_established;
}

SHOW(show_crypto_session)
{
	struct show_filter f;
	struct ike_sa_info sa;
	uint64_t cursor = 0;
	int rc = show_filter_parse(args, &f, err);
	if (rc)
		return rc;
	if (out->json) {
		js_open(out, NULL);
		js_open_array(out, "sessions");
	} else {
		out_printf(out, "Crypto session current status\n\n");
	}
	while (ike_next_info(w->ike, &cursor, &sa)) {
		if (!show_filter_takes(w, &f, &sa) || is_ending(&sa) || is_attempt(&sa))
			continue;
		if (out->json)
			js_session(w, out, &sa);
		else
			print_session(w, out, &sa, f.detail);
	}
	if (out->json) {
		js_close_array(out);
		show_waiting(w, &f, out);
		js_down(w, out);
		js_close(out);
	} else {
		show_waiting(w, &f, out);
		print_down(w, out);
	}
	return 0;
}

/* ---- show crypto ipsec sa ------------------------------------------------------------------- */

static void print_esp(struct out *out, const struct ike_sa_info *sa, const struct ike_child_info *c,
		      const struct traffic *t, bool inbound)
{
	const struct xf *encr = suite_find(XF_ENCR, c->encr_id, c->encr_key_bits);
	uint32_t spi = inbound ? c->spi_in : c->spi_out;
	uint64_t age_s = c->up_ms / 1000;
	uint64_t kb = (inbound ? t->bytes_in : t->bytes_out) / 1024;
	out_printf(out, "      spi: 0x%08" PRIX32 "(%" PRIu32 ")\n        transform: ", spi, spi);
	show_transform(out, c);
	out_printf(out, " ,\n        in use settings ={%s%s, }\n", c->transport_mode ? "Transport" : "Tunnel",
		   c->udp_encap ? " UDP-Encaps" : "");
	out_printf(out, "        conn id: %" PRIu32 ", flow_id: %" PRIu32 ", crypto map: Virtual-Access%u-head-0\n",
		   c->spi_in, c->spi_in & 0xff, (unsigned)sa->sa);
	out_printf(out, "        crypto engine type: Software\n");
	out_printf(out, "        sa timing: remaining key lifetime (k/sec): (%" PRIu64 "/%" PRIu64 ")\n",
		   c->lifetime_kb > kb ? c->lifetime_kb - kb : 0,
		   c->lifetime_s > age_s ? c->lifetime_s - age_s : 0);
	if (c->idle_limit_s)
		out_printf(out, "        idle time: %" PRIu32 " s, without data for %" PRIu64 " s\n", c->idle_limit_s,
			   c->idle_ms / 1000);
	out_printf(out, "        IV size: %u bytes\n        replay detection support: %s\n",
		   encr ? encr->iv_len : 0, t->window ? "Y" : "N");
}

static void print_ipsec(struct world *w, struct out *out, const struct ike_sa_info *sa,
			const struct ike_child_info *c)
{
	char ifname[SHOW_IFNAME], l[ADDR_TEXT], r[ADDR_TEXT];
	struct traffic t = traffic_of(w, c->spi_in);
	uint32_t path_mtu, media_mtu;
	struct limited m = limited_of(w, c->spi_in);
	out_printf(out, "\ninterface: %s\n", show_ifname(sa, ifname));
	out_printf(out, "    Crypto map tag: %s-head-0, local addr %s\n\n", ifname,
		   addr_format(&sa->local.addr, l));
	out_printf(out, "   protected vrf: (%s)\n", show_ivrf(w, sa));
	for (size_t k = 0; k < c->n_local_ts; k++) {
		out_printf(out, "   local  ident (addr/mask/prot/port): (");
		show_selector(out, &c->local_ts[k]);
		out_printf(out, ")\n");
	}
	for (size_t k = 0; k < c->n_remote_ts; k++) {
		out_printf(out, "   remote ident (addr/mask/prot/port): (");
		show_selector(out, &c->remote_ts[k]);
		out_printf(out, ")\n");
	}
	out_printf(out, "   current_peer %s port %u\n     PERMIT, flags={origin_is_acl,}\n",
		   addr_format(&sa->remote.addr, r), sa->remote.port);
	out_printf(out, "    #pkts encaps: %" PRIu64 ", #pkts encrypt: %" PRIu64 ", #pkts digest: %" PRIu64 "\n",
		   t.packets_out, t.packets_out, t.packets_out);
	out_printf(out, "    #pkts decaps: %" PRIu64 ", #pkts decrypt: %" PRIu64 ", #pkts verify: %" PRIu64 "\n",
		   t.packets_in, t.packets_in, t.packets_in);
	out_printf(out, "    #pkts compressed: 0, #pkts decompressed: 0\n"
			"    #pkts not compressed: 0, #pkts compr. failed: 0\n"
			"    #pkts not decompressed: 0, #pkts decompress failed: 0\n");
	out_printf(out, "    #send errors %" PRIu64 ", #recv errors %" PRIu64 "\n",
		   m.acl[ESP_DIR_OUT] + m.police[ESP_DIR_OUT], recv_errors(&t));
	out_printf(out, "    #replay failed %" PRIu64 ", #verify failed %" PRIu64 ", #policy failed %" PRIu64 "\n",
		   t.drops_replay, t.drops_auth, t.drops_policy);
	if (m.is_any)
		out_printf(out, "    #acl denied in %" PRIu64 ", out %" PRIu64 ", #policed in %" PRIu64
			   ", out %" PRIu64 " (session)\n", m.acl[ESP_DIR_IN], m.acl[ESP_DIR_OUT],
			   m.police[ESP_DIR_IN], m.police[ESP_DIR_OUT]);
	out_printf(out, "\n");
	out_printf(out, "     local crypto endpt.: %s, remote crypto endpt.: %s\n", l, r);
	mtus_of(w, c->spi_in, &path_mtu, &media_mtu);
	out_printf(out, "     path mtu %" PRIu32 ", media mtu %" PRIu32 "\n", path_mtu, media_mtu);
	out_printf(out, "     current outbound spi: 0x%08" PRIX32 "(%" PRIu32 ")\n", c->spi_out, c->spi_out);
	out_printf(out, "\n     inbound esp sas:\n");
	print_esp(out, sa, c, &t, true);
	out_printf(out, "\n     inbound ah sas:\n\n     inbound pcp sas:\n\n     outbound esp sas:\n");
	print_esp(out, sa, c, &t, false);
	out_printf(out, "\n     outbound ah sas:\n\n     outbound pcp sas:\n");
}

static void js_ipsec(struct world *w, struct out *out, const struct ike_sa_info *sa,
		     const struct ike_child_info *c)
{
	char ifname[SHOW_IFNAME];
	struct traffic t = traffic_of(w, c->spi_in);
	uint32_t path_mtu, media_mtu;
	struct limited m = limited_of(w, c->spi_in);
	struct out x;
	mtus_of(w, c->spi_in, &path_mtu, &media_mtu);
	out_init(&x, false);
	show_transform(&x, c);
	js_open(out, NULL);
	js_str(out, "interface", show_ifname(sa, ifname));
	js_u64(out, "tunnel_id", sa->sa);
	js_str(out, "protected_vrf", show_ivrf(w, sa));
	js_endpoint(out, "local", &sa->local);
	js_endpoint(out, "peer", &sa->remote);
	js_hex32(out, "spi_in", c->spi_in);
	js_hex32(out, "spi_out", c->spi_out);
	js_bytes(out, "transform", x.buf, x.len);
	js_str(out, "mode", c->transport_mode ? "transport" : "tunnel");
	js_bool(out, "udp_encapsulated", c->udp_encap);
	js_selectors(out, "local_ident", c->local_ts, c->n_local_ts);
	js_selectors(out, "remote_ident", c->remote_ts, c->n_remote_ts);
	js_u64(out, "packets_out", t.packets_out);
	js_u64(out, "bytes_out", t.bytes_out);
	js_u64(out, "packets_in", t.packets_in);
	js_u64(out, "bytes_in", t.bytes_in);
	js_u64(out, "drops_replay", t.drops_replay);
	js_u64(out, "drops_auth", t.drops_auth);
	js_u64(out, "drops_policy", t.drops_policy);
	js_u64(out, "drops_other", t.drops_other);
	js_u64(out, "acl_drops_in", m.acl[ESP_DIR_IN]);
	js_u64(out, "acl_drops_out", m.acl[ESP_DIR_OUT]);
	js_u64(out, "police_drops_in", m.police[ESP_DIR_IN]);
	js_u64(out, "police_drops_out", m.police[ESP_DIR_OUT]);
	js_u64(out, "replay_window", t.window);
	js_u64(out, "path_mtu", path_mtu);
	js_u64(out, "media_mtu", media_mtu);
	js_u64(out, "age_ms", c->up_ms);
	js_u64(out, "lifetime_s", c->lifetime_s);
	js_u64(out, "lifetime_kb", c->lifetime_kb);
	js_u64(out, "idle_time_s", c->idle_limit_s);
	js_u64(out, "idle_ms", c->idle_ms);
	js_close(out);
	out_fini(&x);
}

SHOW(show_ipsec_sa)
{
	struct show_filter f;
	struct ike_sa_info sa;
	uint64_t cursor = 0;
	int rc = show_filter_parse(args, &f, err);
	if (rc)
		return rc;
	if (out->json) {
		js_open(out, NULL);
		js_open_array(out, "ipsec_sas");
	}
	while (ike_next_info(w->ike, &cursor, &sa)) {
		if (!show_filter_takes(w, &f, &sa))
			continue;
		for (size_t i = 0; i < sa.n_children; i++) {
			if (out->json)
				js_ipsec(w, out, &sa, &sa.children[i]);
			else
				print_ipsec(w, out, &sa, &sa.children[i]);
		}
	}
	if (out->json) {
		js_close_array(out);
		js_close(out);
	}
	return 0;
}

/* ---- rekey ---------------------------------------------------------------------------------- */

static int rekey_sas(struct world *w, const struct admin_args *args, bool children, struct out *out,
		     struct out *err)
{
	struct show_filter f;
	struct ike_sa_info sa;
	uint64_t cursor = 0, n = 0;
	int rc = show_filter_parse(args, &f, err);
	if (rc)
		return rc;
	while (ike_next_info(w->ike, &cursor, &sa))
		if (sa.is_established && show_filter_takes(w, &f, &sa) &&
		    ike_rekey(w->ike, sa.sa, children) == ST_OK)
			n++;
	if (out->json) {
		js_open(out, NULL);
		js_u64(out, "rekeying", n);
		js_close(out);
	} else {
		out_printf(out, "rekeying %s %" PRIu64 " IKE SA%s\n", children ? "the children of" : "begun for",
			   n, n == 1 ? "" : "s");
	}
	return 0;
}

SHOW(rekey_ikev2_sa)
{
	return rekey_sas(w, args, false, out, err);
}

SHOW(rekey_ipsec_sa)
{
	return rekey_sas(w, args, true, out, err);
}

/* ---- clear ---------------------------------------------------------------------------------- */

/* sessions: those that wait as well (R-REC-14). */
static int clear_sas(struct world *w, const struct admin_args *args, bool sessions, struct out *out, struct out *err)
{
	struct show_filter f;
	struct ike_sa_info sa;
	uint64_t cursor = 0, n = 0, waiting;
	int rc = show_filter_parse(args, &f, err);
	if (rc)
		return rc;
	waiting = sessions ? clear_waiting(w, &f) : 0;
	while (ike_next_info(w->ike, &cursor, &sa))
		if (show_filter_takes(w, &f, &sa) && ike_close(w->ike, sa.sa, ST_END_ADMIN) == ST_OK)
			n++;
	if (out->json) {
		js_open(out, NULL);
		js_u64(out, "cleared", n);
		if (sessions)
			js_u64(out, "waiting_cleared", waiting);
		js_close(out);
	} else {
		out_printf(out, "%" PRIu64 " IKE SA%s cleared\n", n, n == 1 ? "" : "s");
		if (waiting)
			out_printf(out, "%" PRIu64 " waiting session%s ended\n", waiting, waiting == 1 ? "" : "s");
	}
	return 0;
}

SHOW(clear_crypto_session)
{
	return clear_sas(w, args, true, out, err);
}

SHOW(clear_ikev2_sa)
{
	return clear_sas(w, args, false, out, err);
}
