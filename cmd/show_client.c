/* show, clear and connect of crypto ikev2 client flexvpn (R-CLI-03, R-CLI-29). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/show.h"
#include "core/session/client_spec.h"

static const char *vrf_text(const char *name)
{
	return name && name[0] ? name : "IP DEFAULT";
}

static char *group_text(uint32_t group, char out[16])
{
	if (group == FLEX_NO_GROUP || group == 0)
		snprintf(out, 16, "%s", group ? "None" : "Default");
	else
		snprintf(out, 16, "%u", group);
	return out;
}

/* The running half of a configured client; false: its tunnel is not ready. */
static bool running(struct world *w, const struct flex_client *f, struct client_info *out)
{
	for (size_t cursor = 0; w->next_client && w->next_client(w->ctx, &cursor, out);)
		if (out->spec->is_flexvpn && strcmp(out->spec->name, f->name) == 0)
			return true;
	*out = (struct client_info){.state = client_state_words(CLIENT_IDLE), .peer_name = "",
				    .reason = "its tunnel or its peers are missing; `sallyport check` says more"};
	return false;
}

static const char *source_text(const struct client_info *c, char buf[ADDR_TEXT])
{
	if (c->spec && c->spec->source[0])
		return c->spec->source;
	return c->local.family ? addr_format(&c->local, buf) : "dynamic";
}

/* What the gateway gave; NULL: nothing yet. Until the next call. */
static const struct ike_grant *grant_of(const struct world *w, const struct client_info *c)
{
	static struct ike_sa_info info;
	for (uint64_t cursor = 0; c->sa && w->ike && ike_next_info(w->ike, &cursor, &info);)
		if (info.sa == c->sa)
			return &info.grant;
	return NULL;
}

static void print_addrs(struct out *out, const char *title, const struct addr *v, size_t n)
{
	char text[ADDR_TEXT];
	for (size_t i = 0; i < n; i++)
		out_printf(out, "%s%s", i ? ", " : title, addr_format(&v[i], text));
	if (n)
		out_printf(out, "\n");
}

static void print_line(struct out *out, const char *title, const char *text)
{
	if (text[0])
		out_printf(out, "%s%s\n", title, text);
}

/* Name servers and domains are for who runs this machine to use: nothing here changes how it resolves
 * names. */
static void print_grant(struct out *out, const struct ike_grant *g)
{
	char text[PREFIX_TEXT];
	print_addrs(out, "Assigned address : ", &g->ip4, g->ip4.family != 0);
	if (g->ip6.family)
		out_printf(out, "Assigned IPv6 address : %s\n",
			   prefix_format(&(struct prefix){g->ip6, g->ip6_prefix_len}, text));
	print_addrs(out, "Name servers : ", g->dns, g->n_dns);
	print_addrs(out, "WINS servers : ", g->nbns, g->n_nbns);
	print_line(out, "Default domain : ", g->def_domain);
	print_line(out, "Split DNS : ", g->split_dns);
	print_line(out, "Backup gateways : ", g->backup_gateways);
	print_line(out, "Banner : ", g->banner);
}

static void js_addrs(struct out *out, const char *key, const struct addr *v, size_t n)
{
	js_open_array(out, key);
	for (size_t i = 0; i < n; i++)
		js_addr(out, NULL, &v[i]);
	js_close_array(out);
}

/* Names with commas between them, one by one. */
static void js_names(struct out *out, const char *key, const char *list)
{
	char name[IKE_LIST_LEN];
	js_open_array(out, key);
	while (*list) {
		size_t len = strcspn(list, ",");
		snprintf(name, sizeof(name), "%.*s", (int)len, list);
		js_str(out, NULL, name);
		list += len + (list[len] == ',');
	}
	js_close_array(out);
}

static void js_grant(struct out *out, const struct ike_grant *g)
{
	js_addr(out, "assigned_ip4", &g->ip4);
	js_addr(out, "assigned_ip6", &g->ip6);
	js_u64(out, "assigned_ip6_length", g->ip6_prefix_len);
	js_addrs(out, "dns", g->dns, g->n_dns);
	js_addrs(out, "wins", g->nbns, g->n_nbns);
	js_str(out, "default_domain", g->def_domain);
	js_names(out, "split_dns", g->split_dns);
	js_names(out, "backup_gateways", g->backup_gateways);
	js_str(out, "banner", g->banner);
}

static void print_client(struct world *w, struct out *out, const struct flex_client *f, const struct client_info *c)
{
	const struct ike_grant *g = grant_of(w, c);
	char peer[ADDR_TEXT], source[ADDR_TEXT], group[16];
	out_printf(out, "Profile : %s\nCurrent state:%s\n", f->name, c->state);
	out_printf(out, "Peer : %s%s%s\n", c->peer.family || !c->peer_name[0] ? addr_format(&c->peer, peer) : "",
		   c->peer.family && c->peer_name[0] ? " " : "", c->peer_name);
	out_printf(out, "Source : %s\n", source_text(c, source));
	out_printf(out, "ivrf : %s\n", vrf_text(c->spec ? c->spec->ivrf : NULL));
	out_printf(out, "fvrf : %s\n", vrf_text(c->spec ? c->spec->vrf_name : NULL));
	out_printf(out, "Backup group: %s\n", group_text(f->backup_group, group));
	out_printf(out, "Tunnel interface : %s\n", f->tunnel ? f->tunnel : "None");
	if (g)
		print_grant(out, g);
	show_wish(w, out, "", c->attempt);
	if (c->reason[0])
		out_printf(out, "Reason : %s\n", c->reason);
	if (c->wait_ms)
		out_printf(out, "Next attempt in : %" PRIu64 " s\n", (c->wait_ms + 999) / 1000);
	out_printf(out, "\n");
}

static void js_client(struct world *w, struct out *out, const struct flex_client *f, const struct client_info *c)
{
	const struct ike_grant *g = grant_of(w, c);
	char source[ADDR_TEXT], group[16];
	js_open(out, NULL);
	js_str(out, "profile", f->name);
	js_str(out, "state", c->state);
	js_str(out, "connect", c->spec && c->spec->is_manual ? "manual" : "auto");
	js_addr(out, "peer", &c->peer);
	js_str(out, "peer_name", c->peer_name);
	js_u64(out, "peer_sequence", c->peer_seq);
	js_str(out, "source", source_text(c, source));
	js_str(out, "ivrf", vrf_text(c->spec ? c->spec->ivrf : NULL));
	js_str(out, "fvrf", vrf_text(c->spec ? c->spec->vrf_name : NULL));
	js_str(out, "backup_group", group_text(f->backup_group, group));
	js_str(out, "tunnel", f->tunnel ? f->tunnel : "");
	if (g)
		js_grant(out, g);
	js_wish(w, out, c->attempt);
	js_str(out, "reason", c->reason);
	js_u64(out, "next_attempt_ms", c->wait_ms);
	js_close(out);
}

static int unknown(const char *name, struct out *err)
{
	out_printf(err, "there is no client \"%s\"\n", name);
	return 1;
}

SHOW(show_flexvpn)
{
	const char *name = args->n ? args->words[0] : NULL;
	struct client_info c;
	if (name && !snapshot_client(w->conf, name))
		return unknown(name, err);
	if (out->json) {
		js_open(out, NULL);
		js_open_array(out, "clients");
	}
	for (size_t i = 0; i < w->conf->client_count; i++) {
		const struct flex_client *f = &w->conf->clients[i];
		if (name && strcmp(name, f->name) != 0)
			continue;
		(void)running(w, f, &c);
		if (out->json)
			js_client(w, out, f, &c);
		else
			print_client(w, out, f, &c);
	}
	if (out->json) {
		js_close_array(out);
		js_close(out);
	}
	return 0;
}

SHOW(connect_flexvpn)
{
	(void)out;
	if (args->n != 1) {
		out_printf(err, "which client?\n");
		return 2;
	}
	const char *name = args->words[0];
	if (!snapshot_client(w->conf, name))
		return unknown(name, err);
	enum status st = w->wish_client(w->ctx, name, true);
	if (st == ST_EXISTS)
		out_printf(err, "client %s is connected or connecting\n", name);
	else if (st != ST_OK)
		out_printf(err, "client %s cannot connect: its tunnel or its peers are missing\n", name);
	return st == ST_OK ? 0 : 1;
}

/* `clear crypto ikev2 client flexvpn [[connect] NAME]`: without a name all of them. */
SHOW(clear_flexvpn)
{
	size_t at = args->n == 2 && strcmp(args->words[0], "connect") == 0 ? 1 : 0, n = 0;
	const char *name = at < args->n ? args->words[at] : NULL;
	if (args->n > at + 1) {
		out_printf(err, "one client, or none for all of them\n");
		return 2;
	}
	if (name && !snapshot_client(w->conf, name))
		return unknown(name, err);
	for (size_t i = 0; i < w->conf->client_count; i++)
		if (!name || strcmp(name, w->conf->clients[i].name) == 0)
			n += w->wish_client(w->ctx, w->conf->clients[i].name, false) == ST_OK;
	out_printf(out, "%zu clients cleared\n", n);
	return 0;
}
