/* ip route, ipv6 route. A route through a tunnel interface is ours to set; one through anything else is
 * the host's, and kept to be shown. */
#include <string.h>

#include "core/conf/argument.h"
#include "core/conf/parse.h"
#include "core/conf/set.h"
#include "core/conf/tables.h"

#define DISTANCE_DEFAULT 1

static bool same_vrf(const char *a, const struct arg *b)
{
	return a ? b && arg_is(b, a) : !b;
}

/* The prefix of the line; false: the line has none (a form that is kept as text). */
static bool prefix_of(const struct cmd_call *c, struct prefix *out)
{
	const struct arg *net = cmd_arg(c, "net"), *mask = cmd_arg(c, "mask");
	if (!net)
		return false;
	*out = net->kind == ARG_PREFIX ?
		       net->prefix :
		       (struct prefix){net->addr, mask ? mask->prefix.len : 32};
	prefix_mask(out);
	return true;
}

/* Those that the line speaks of: of every tunnel when it names none. */
static void drop_routes(struct cmd_call *c, const struct prefix *p, const uint32_t *tunnel)
{
	struct snapshot *s = c->s;
	for (size_t i = s->route_count; i-- > 0;) {
		const struct static_route *r = &s->routes[i];
		if (prefix_eq(&r->prefix, p) && same_vrf(r->vrf, cmd_arg(c, "vrf")) &&
			(!tunnel || r->tunnel == *tunnel))
			s->route_count = arena_drop(s->routes, s->route_count, i, sizeof(*r));
	}
}

static void add_route(struct cmd_call *c, const struct prefix *p, uint32_t tunnel)
{
	const struct arg *distance = cmd_arg(c, "distance"), *tag = cmd_arg(c, "tag");
	const struct arg *vrf = cmd_arg(c, "vrf"), *track = cmd_arg(c, "object");
	void *tmp;
	struct static_route *r = ARENA_PUSH(c->arena, c->s->routes, c->s->route_count, tmp);
	if (!r)
		return;
	*r = (struct static_route){.prefix = *p,
		.ifname = cmd_ifname(c, cmd_arg(c, "via")),
		.tunnel = tunnel,
		.vrf = vrf ? cmd_ref(c, vrf) : NULL,
		.distance = distance ? (uint32_t)distance->num : DISTANCE_DEFAULT,
		.tag = tag ? (uint32_t)tag->num : 0,
		.name = cmd_text(c, cmd_arg(c, "name"))};
	if (r->ifname)
		parse_remember(c->ps, r->ifname, cmd_arg(c, "via")->word.col);
	if (track)
		cmd_warn(c, track, "track objects are not in force in this version, the route stands:",
			"");
}

void set_route(struct cmd_call *c)
{
	const struct arg *via = cmd_arg(c, "via");
	struct prefix p;
	uint8_t kind;
	uint32_t tunnel;
	bool has_prefix = prefix_of(c, &p);
	bool is_tunnel = via && iface_name_parse(via->word.p, via->word.len, &kind, &tunnel) &&
			 kind == IFACE_TUNNEL;
	if (has_prefix && (is_tunnel || (!via && c->form != FORM_SET)))
		drop_routes(c, &p, is_tunnel ? &tunnel : NULL);
	if (is_tunnel && c->form == FORM_SET) {
		add_route(c, &p, tunnel);
	} else if (!is_tunnel) {
		if (c->form == FORM_SET)
			cmd_warn(c, via, "kept, but this route belongs to the host:",
				"routes through tunnel interfaces are set here");
		set_keep(c);
	}
}

static void print_one(struct cout *o, const struct cmd *row, const struct static_route *r)
{
	struct addr mask = len_to_mask4(r->prefix.len);
	cout_head(o, row, false);
	if (r->vrf) {
		cout_str(o, " vrf");
		cout_word(o, r->vrf);
	}
	cout_str(o, " ");
	cout_addr(o, &r->prefix.addr);
	if (r->prefix.addr.family == 4) {
		cout_str(o, " ");
		cout_addr(o, &mask);
	} else {
		cout_str(o, "/");
		cout_u32(o, r->prefix.len);
	}
	cout_word(o, r->ifname);
	if (r->distance != DISTANCE_DEFAULT || (o->flags & CONF_ALL)) {
		cout_str(o, " ");
		cout_u32(o, r->distance);
	}
	if (r->tag) {
		cout_str(o, " tag ");
		cout_u32(o, r->tag);
	}
	if (r->name) {
		cout_str(o, " name");
		cout_word(o, r->name);
	}
	cout_end(o);
}

/* row->off is the family. */
void print_route(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct snapshot *s = obj;
	for (size_t i = 0; i < s->route_count; i++)
		if (s->routes[i].prefix.addr.family == row->off)
			print_one(o, row, &s->routes[i]);
	print_keep(o, row, obj);
}
