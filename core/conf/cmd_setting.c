/* Settings of the global mode that are more than one value: their setters and printers. */
#include <string.h>

#include "core/conf/parse.h"
#include "core/conf/set.h"
#include "core/conf/tables.h"
#include "core/crypto/esp_engine.h"

#define NEGOTIATION_DEFAULT 1000

void set_negotiation(struct cmd_call *c)
{
	struct ike_global *g = &c->s->ike;
	uint32_t n = c->form == FORM_SET ? (uint32_t)cmd_arg(c, "number")->num : 0;
	if (cmd_has(c, "incoming"))
		g->max_in_negotiation_in = n;
	else if (cmd_has(c, "outgoing"))
		g->max_in_negotiation_out = n;
	else if (c->form == FORM_SET)
		g->max_in_negotiation = n;
	else {
		g->max_in_negotiation = NEGOTIATION_DEFAULT;
		g->max_in_negotiation_in = g->max_in_negotiation_out = 0;
	}
}

static void number_line(struct cout *o, const struct cmd *row, uint32_t n, const char *after)
{
	cout_head(o, row, false);
	cout_str(o, " ");
	cout_u32(o, n);
	cout_str(o, after);
	cout_end(o);
}

void print_negotiation(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_global *g = &((const struct snapshot *)obj)->ike;
	if (g->max_in_negotiation != NEGOTIATION_DEFAULT || (o->flags & CONF_ALL))
		number_line(o, row, g->max_in_negotiation, "");
	if (g->max_in_negotiation_in)
		number_line(o, row, g->max_in_negotiation_in, " incoming");
	if (g->max_in_negotiation_out)
		number_line(o, row, g->max_in_negotiation_out, " outgoing");
}

void set_fragmentation(struct cmd_call *c)
{
	struct ike_global *g = &c->s->ike;
	const struct arg *mtu = cmd_arg(c, "mtu");
	g->fragmentation = c->form != FORM_NO;
	g->fragmentation_mtu = c->form == FORM_SET && mtu ? (uint32_t)mtu->num : 0;
}

void print_fragmentation(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_global *g = &((const struct snapshot *)obj)->ike;
	if (g->fragmentation && !g->fragmentation_mtu && !(o->flags & CONF_ALL))
		return;
	cout_head(o, row, !g->fragmentation);
	if (g->fragmentation_mtu) {
		cout_str(o, " mtu ");
		cout_u32(o, g->fragmentation_mtu);
	}
	cout_end(o);
}

#define MAX_REDIRECTS 5 /* RFC 5685 section 3 */

void set_redirect_client(struct cmd_call *c)
{
	struct ike_global *g = &c->s->ike;
	const struct arg *n = cmd_arg(c, "number");
	g->redirect_client = c->form == FORM_SET;
	g->max_redirects = n && c->form == FORM_SET ? (uint32_t)n->num : MAX_REDIRECTS;
}

void print_redirect_client(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_global *g = &((const struct snapshot *)obj)->ike;
	if (!g->redirect_client)
		return;
	cout_head(o, row, false);
	cout_str(o, " max-redirects ");
	cout_u32(o, g->max_redirects);
	cout_end(o);
}

uint8_t df_bit_of(const struct cmd_call *c)
{
	return cmd_has(c, "set") ? DF_SET : cmd_has(c, "clear") ? DF_CLEAR : DF_COPY;
}

const char *df_bit_word(unsigned df_bit)
{
	static const char *const words[] = {
		[DF_COPY] = "copy", [DF_SET] = "set", [DF_CLEAR] = "clear"};
	return words[df_bit];
}

void set_df_bit(struct cmd_call *c)
{
	c->s->ipsec.df_bit = c->form == FORM_SET ? df_bit_of(c) : DF_COPY;
}

void print_df_bit(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct snapshot *s = obj;
	if (s->ipsec.df_bit != DF_COPY || (o->flags & CONF_ALL))
		cout_line(o, row, df_bit_word(s->ipsec.df_bit));
}

void set_fragment_before(struct cmd_call *c)
{
	c->s->ipsec.fragment_before = c->form == FORM_SET && cmd_has(c, "before-encryption");
}

void print_fragment_before(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct snapshot *s = obj;
	if (s->ipsec.fragment_before || (o->flags & CONF_ALL))
		cout_line(o, row,
			s->ipsec.fragment_before ? "before-encryption" : "after-encryption");
}

void set_crypto_engine(struct cmd_call *c)
{
	uint8_t *engine = &c->s->own.crypto_engine;
	*engine = ESP_ENGINE_AUTO;
	for (uint8_t e = 0; e < ESP_ENGINES && c->form == FORM_SET; e++)
		if (cmd_has(c, esp_engine_names[e]))
			*engine = e;
}

void print_crypto_engine(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct snapshot *s = obj;
	if (s->own.crypto_engine != ESP_ENGINE_AUTO || (o->flags & CONF_ALL))
		cout_line(o, row, esp_engine_names[s->own.crypto_engine]);
}

void set_nat_transparency(struct cmd_call *c)
{
	set_flag(c);
	if (c->form == FORM_NO)
		cmd_warn(c, NULL,
			"kept, but not in force in this version (NAT traversal cannot be switched "
			"off):",
			"");
}

/* ---- sallyport listen ---- */

static struct listen_addr *listen_find(
	struct cmd_call *c, const struct addr *a, const struct arg *vrf)
{
	struct own_settings *own = &c->s->own;
	for (size_t i = 0; i < own->listen_count; i++) {
		const struct listen_addr *l = &own->listen[i];
		if (addr_eq(&l->addr, a) && (vrf ? arg_is(vrf, l->vrf) : !l->vrf))
			return &own->listen[i];
	}
	return NULL;
}

void set_listen(struct cmd_call *c)
{
	struct own_settings *own = &c->s->own;
	const struct arg *a = cmd_arg(c, "address"), *vrf = cmd_arg(c, "vrf");
	struct addr addr = a ? a->addr : (struct addr){0};
	if (!c->n)
		own->listen_count = 0;
	struct listen_addr *l = listen_find(c, &addr, vrf);
	if (c->form != FORM_SET && l)
		own->listen_count = arena_drop(
			own->listen, own->listen_count, (size_t)(l - own->listen), sizeof(*l));
	if (c->form != FORM_SET || l)
		return;
	void *tmp;
	l = ARENA_PUSH(c->arena, own->listen, own->listen_count, tmp);
	if (l) {
		l->addr = addr;
		l->vrf = vrf ? cmd_ref(c, vrf) : NULL;
	}
}

void print_listen(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct own_settings *own = &((const struct snapshot *)obj)->own;
	for (size_t i = 0; i < own->listen_count; i++) {
		char text[ADDR_TEXT];
		cout_head(o, row, false);
		cout_word(o, own->listen[i].addr.family ? addr_format(&own->listen[i].addr, text)
							: "any");
		if (own->listen[i].vrf) {
			cout_str(o, " vrf");
			cout_word(o, own->listen[i].vrf);
		}
		cout_end(o);
	}
}

void set_port(struct cmd_call *c)
{
	struct own_settings *own = &c->s->own;
	const struct arg *port = cmd_arg(c, "port"), *nat = cmd_arg(c, "nat");
	own->port = port && c->form == FORM_SET ? (uint32_t)port->num : 500;
	own->nat_port = nat && c->form == FORM_SET ? (uint32_t)nat->num : 4500;
	if (own->port == own->nat_port)
		cmd_error(c, nat ? nat : port, "the two ports must differ", "");
}

void print_port(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct own_settings *own = &((const struct snapshot *)obj)->own;
	if (own->port == 500 && own->nat_port == 4500 && !(o->flags & CONF_ALL))
		return;
	cout_head(o, row, false);
	cout_str(o, " ");
	cout_u32(o, own->port);
	cout_str(o, " nat-port ");
	cout_u32(o, own->nat_port);
	cout_end(o);
}

/* ---- sallyport ike resumption ---- */

#define RESUMPTION_S 3600 /* RFC 5723 9.8: short lifetimes make stolen and stale tickets harmless */

void set_resumption(struct cmd_call *c)
{
	const struct arg *s = cmd_arg(c, "seconds");
	uint32_t wanted = s ? (uint32_t)s->num : RESUMPTION_S;
	c->s->own.resumption_s = c->form == FORM_SET ? wanted : 0;
}

void print_resumption(struct cout *o, const struct cmd *row, const void *obj)
{
	uint32_t s = ((const struct snapshot *)obj)->own.resumption_s;
	if (!s && !(o->flags & CONF_ALL))
		return;
	cout_head(o, row, !s);
	if (s && (s != RESUMPTION_S || (o->flags & CONF_ALL))) {
		cout_str(o, " lifetime ");
		cout_u32(o, s);
	}
	cout_end(o);
}

/* ---- sallyport metrics ---- */

#define METRICS_PORT     9501
#define METRICS_PATH_MAX 107 /* of a unix socket */

static bool is_loopback(const struct addr *a)
{
	static const uint8_t six[16] = {[15] = 1};
	return a->family == 4 ? a->b[0] == 127 : memcmp(a->b, six, sizeof(six)) == 0;
}

void set_metrics_listen(struct cmd_call *c)
{
	struct own_settings *own = &c->s->own;
	const struct arg *a = cmd_arg(c, "address"), *port = cmd_arg(c, "port");
	own->metrics_addr = (struct addr){0};
	own->metrics_port = 0;
	if (c->form != FORM_SET)
		return;
	if (!is_loopback(&a->addr)) {
		cmd_error(c, a,
			"metrics have no authentication, so they are only for this machine:",
			"a loopback address, 127.0.0.1 or ::1");
		return;
	}
	own->metrics_addr = a->addr;
	own->metrics_port = port ? (uint32_t)port->num : METRICS_PORT;
}

void print_metrics_listen(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct own_settings *own = &((const struct snapshot *)obj)->own;
	bool off = own->metrics_addr.family == 0;
	if (off && !(o->flags & CONF_ALL))
		return;
	cout_head(o, row, off);
	if (!off) {
		cout_str(o, " ");
		cout_addr(o, &own->metrics_addr);
	}
	if (!off && (own->metrics_port != METRICS_PORT || (o->flags & CONF_ALL))) {
		cout_str(o, " port ");
		cout_u32(o, own->metrics_port);
	}
	cout_end(o);
}

void set_metrics_socket(struct cmd_call *c)
{
	struct own_settings *own = &c->s->own;
	const struct arg *path = cmd_arg(c, "path");
	own->metrics_socket = c->form == FORM_SET;
	own->metrics_path = NULL;
	if (c->form != FORM_SET || !path)
		return;
	own->metrics_path = cmd_text(c, path);
	if (!own->metrics_path)
		return;
	if (own->metrics_path[0] != '/')
		cmd_error(c, path, "the path of a socket begins with /:", "");
	else if (strlen(own->metrics_path) > METRICS_PATH_MAX)
		cmd_error(c, path, "the path of a socket has 107 characters at most:", "");
}

void print_metrics_socket(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct own_settings *own = &((const struct snapshot *)obj)->own;
	if (!own->metrics_socket && !(o->flags & CONF_ALL))
		return;
	cout_head(o, row, !own->metrics_socket);
	if (own->metrics_path)
		cout_word(o, own->metrics_path);
	cout_end(o);
}

/* ---- sallyport snmp agentx ---- */

void set_agentx(struct cmd_call *c)
{
	const struct arg *socket = cmd_arg(c, "socket");
	char **path = &c->s->own.agentx;
	*path = NULL;
	if (c->form != FORM_SET)
		return;
	*path = socket ? cmd_text(c, socket) :
			 arena_strndup(c->arena, CONF_AGENTX, sizeof(CONF_AGENTX) - 1);
}

void print_agentx(struct cout *o, const struct cmd *row, const void *obj)
{
	const char *path = ((const struct snapshot *)obj)->own.agentx;
	if (path)
		cout_line(o, row, strcmp(path, CONF_AGENTX) != 0 ? path : NULL);
	else if (o->flags & CONF_ALL) {
		cout_head(o, row, true);
		cout_end(o);
	}
}

void set_fan_out(struct cmd_call *c)
{
	struct own_settings *own = &c->s->own;
	own->fan_out = FAN_OUT_AUTO;
	if (c->form == FORM_SET && cmd_has(c, "off"))
		own->fan_out = FAN_OUT_OFF;
	if (c->form == FORM_SET && cmd_has(c, "always"))
		own->fan_out = FAN_OUT_ALWAYS;
}

void print_fan_out(struct cout *o, const struct cmd *row, const void *obj)
{
	static const char *const words[] = {"auto", "off", "always"};
	uint8_t fan_out = ((const struct snapshot *)obj)->own.fan_out;
	if (fan_out != FAN_OUT_AUTO || (o->flags & CONF_ALL))
		cout_line(o, row, words[fan_out]);
}

void set_offload(struct cmd_call *c)
{
	c->s->own.offload_off = c->form == FORM_SET && cmd_has(c, "off");
}

void print_offload(struct cout *o, const struct cmd *row, const void *obj)
{
	bool is_off = ((const struct snapshot *)obj)->own.offload_off;
	if (is_off || (o->flags & CONF_ALL))
		cout_line(o, row, is_off ? "off" : "auto");
}
