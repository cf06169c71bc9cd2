/* Rows of the global mode about syslog: their setters and printers. */
#include <stdio.h>
#include <string.h>

#include "core/conf/argument.h"
#include "core/conf/check.h"
#include "core/conf/logging.h"
#include "core/conf/set.h"
#include "core/conf/tables.h"

#define UDP_PORT   514
#define LOCAL_PATH "/dev/log"

const char place_of_logging[] = "logging";

/* ---- logging host ---- */

static bool same_vrf(const struct arg *vrf, const char *name)
{
	return vrf ? arg_is(vrf, name) : !name;
}

/* port 0: any. */
static void drop_hosts(
	struct log_settings *log, const struct addr *a, const struct arg *vrf, uint32_t port)
{
	for (size_t i = log->host_count; i-- > 0;) {
		const struct log_host *h = &log->hosts[i];
		if (addr_eq(&h->addr, a) && same_vrf(vrf, h->vrf) && (port == 0 || h->port == port))
			log->host_count = arena_drop(log->hosts, log->host_count, i, sizeof(*h));
	}
}

static void add_host(struct cmd_call *c, const struct arg *at, const struct addr *a,
	const struct arg *vrf, uint32_t port)
{
	struct log_settings *log = &c->s->log;
	void *tmp;
	for (size_t i = 0; i < log->host_count; i++) {
		const struct log_host *h = &log->hosts[i];
		if (addr_eq(&h->addr, a) && same_vrf(vrf, h->vrf) && h->port == port)
			return;
	}
	if (addr_is_any(a) || addr_is_link_local(a)) {
		cmd_error(c, at, "no collector can have this address:", "");
		return;
	}
	if (log->host_count == LOG_HOSTS) {
		cmd_error(c, at, "too many collectors, 32 at most:", "");
		return;
	}
	struct log_host *h = ARENA_PUSH(c->arena, log->hosts, log->host_count, tmp);
	if (!h)
		return;
	*h = (struct log_host){.addr = *a, .vrf = vrf ? cmd_ref(c, vrf) : NULL, .port = port};
	parse_remember(c->ps, place_of_logging, at->word.col);
}

/* What this version cannot do is kept as text, so that a router's configuration loses nothing. */
static bool is_for_later(struct cmd_call *c, const struct arg *host, struct addr *a)
{
	const char *what = cmd_has(c, "tcp") || cmd_has(c, "tls") ? "TCP and TLS"
			   : cmd_arg(c, "more")                   ? "this option of a host"
			   : !word_addr(&host->word, a)           ? "host names, write the address"
								  : NULL;
	char text[CONF_TEXT];
	if (what && c->form == FORM_SET) {
		snprintf(text, sizeof(text), "kept, but not in force in this version (%s):", what);
		cmd_warn(c, host, text, "");
	}
	return what != NULL;
}

void set_log_host(struct cmd_call *c)
{
	const struct arg *host = cmd_arg(c, "host"), *vrf = cmd_arg(c, "vrf"),
			 *port = cmd_arg(c, "port");
	struct addr a;
	if (!host)
		c->s->log.host_count = 0;
	if (!host || is_for_later(c, host, &a)) {
		set_keep(c);
		return;
	}
	if (c->form == FORM_SET)
		add_host(c, host, &a, vrf, port ? (uint32_t)port->num : UDP_PORT);
	else
		drop_hosts(&c->s->log, &a, vrf, port ? (uint32_t)port->num : 0);
	if (c->form != FORM_SET)
		set_keep(c); /* lines of this address with more in them */
}

void print_log_host(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct log_settings *log = &((const struct snapshot *)obj)->log;
	for (size_t i = 0; i < log->host_count; i++) {
		const struct log_host *h = &log->hosts[i];
		cout_head(o, row, false);
		cout_str(o, " ");
		cout_addr(o, &h->addr);
		if (h->vrf) {
			cout_str(o, " vrf");
			cout_word(o, h->vrf);
		}
		if (h->port != UDP_PORT) {
			cout_str(o, " transport udp port ");
			cout_u32(o, h->port);
		}
		cout_end(o);
	}
	print_keep(o, row, obj);
}

/* `logging 10.0.0.9`, and everything about a router's own buffers and lines. */
void set_log_old(struct cmd_call *c)
{
	const struct arg *host = cmd_arg(c, "host");
	struct addr a;
	if (host && !cmd_arg(c, "more") && word_addr(&host->word, &a)) {
		if (c->form == FORM_SET)
			add_host(c, host, &a, NULL, UDP_PORT);
		else
			drop_hosts(&c->s->log, &a, NULL, 0);
	} else if (c->form == FORM_SET) {
		cmd_warn(c, NULL, "no meaning here, ignored:", "");
	}
}

/* ---- one value each ---- */

void set_log_trap(struct cmd_call *c)
{
	struct log_settings *log = &c->s->log;
	const struct arg *level = cmd_arg(c, "level");
	log->trap = c->form == FORM_NO ? LOG_TRAP_OFF : LOG_TRAP_DEFAULT;
	if (c->form == FORM_SET && level)
		log->trap = (uint8_t)level->num;
	for (uint8_t i = 0; c->form == FORM_SET && i < LOG_TRAP_OFF; i++)
		if (cmd_has(c, log_severity_word(i)))
			log->trap = i;
}

void print_log_trap(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct log_settings *log = &((const struct snapshot *)obj)->log;
	if (log->trap == LOG_TRAP_DEFAULT && !(o->flags & CONF_ALL))
		return;
	cout_head(o, row, log->trap == LOG_TRAP_OFF);
	if (log->trap != LOG_TRAP_OFF)
		cout_word(o, log_severity_word(log->trap));
	cout_end(o);
}

void set_log_facility(struct cmd_call *c)
{
	struct log_settings *log = &c->s->log;
	const char *word;
	uint8_t code;
	log->facility = LOG_FACILITY_DEFAULT;
	for (size_t i = 0; c->form == FORM_SET && (word = log_facility_next(&i, &code)) != NULL;)
		if (cmd_has(c, word))
			log->facility = code;
}

void print_log_facility(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct log_settings *log = &((const struct snapshot *)obj)->log;
	if (log->facility != LOG_FACILITY_DEFAULT || (o->flags & CONF_ALL))
		cout_line(o, row, log_facility_word(log->facility));
}

void set_log_origin(struct cmd_call *c)
{
	struct log_settings *log = &c->s->log;
	log->origin = LOG_ORIGIN_HOSTNAME;
	log->origin_text = NULL;
	if (c->form != FORM_SET)
		return;
	log->origin = cmd_has(c, "string") ? LOG_ORIGIN_STRING
		      : cmd_has(c, "ip")   ? LOG_ORIGIN_IP
					   : LOG_ORIGIN_HOSTNAME;
	log->origin_text = cmd_text(c, cmd_arg(c, "text"));
}

void print_log_origin(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct log_settings *log = &((const struct snapshot *)obj)->log;
	if (log->origin == LOG_ORIGIN_HOSTNAME && !(o->flags & CONF_ALL))
		return;
	cout_head(o, row, false);
	cout_str(o, log->origin == LOG_ORIGIN_STRING ? " string"
		    : log->origin == LOG_ORIGIN_IP   ? " ip"
						     : " hostname");
	if (log->origin == LOG_ORIGIN_STRING)
		cout_word(o, log->origin_text);
	cout_end(o);
}

/* ---- logging source-interface: one for each VRF ---- */

void set_log_source(struct cmd_call *c)
{
	struct log_settings *log = &c->s->log;
	const struct arg *ifname = cmd_arg(c, "name"), *vrf = cmd_arg(c, "vrf");
	void *tmp;
	if (!ifname)
		log->source_count = 0;
	for (size_t i = log->source_count; i-- > 0;)
		if (same_vrf(vrf, log->sources[i].vrf))
			log->source_count = arena_drop(
				log->sources, log->source_count, i, sizeof(log->sources[0]));
	if (c->form != FORM_SET)
		return;
	struct log_source *source = ARENA_PUSH(c->arena, log->sources, log->source_count, tmp);
	if (!source)
		return;
	*source = (struct log_source){
		.ifname = cmd_ifname(c, ifname), .vrf = vrf ? cmd_ref(c, vrf) : NULL};
	if (source->ifname)
		parse_remember(c->ps, source->ifname, ifname->word.col);
}

void print_log_source(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct log_settings *log = &((const struct snapshot *)obj)->log;
	for (size_t i = 0; i < log->source_count; i++) {
		cout_head(o, row, false);
		cout_word(o, log->sources[i].ifname);
		if (log->sources[i].vrf) {
			cout_str(o, " vrf");
			cout_word(o, log->sources[i].vrf);
		}
		cout_end(o);
	}
}

/* ---- sallyport logging local ---- */

void set_log_local(struct cmd_call *c)
{
	struct log_settings *log = &c->s->log;
	const struct arg *path = cmd_arg(c, "path");
	log->local = NULL;
	log->local_5424 = false;
	if (c->form != FORM_SET)
		return;
	if (path && (path->word.p[0] != '/' || path->word.len >= LOG_PATH)) {
		cmd_error(c, path,
			"the path of a socket is needed, from the root and of at most 107 "
			"characters:",
			"");
		return;
	}
	log->local =
		path ? cmd_text(c, path) : arena_strndup(c->arena, LOCAL_PATH, strlen(LOCAL_PATH));
	log->local_5424 = cmd_has(c, "rfc5424");
	parse_remember(c->ps, place_of_logging, path ? path->word.col : 1);
}

void print_log_local(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct log_settings *log = &((const struct snapshot *)obj)->log;
	if (!log->local)
		return;
	cout_head(o, row, false);
	if (strcmp(log->local, LOCAL_PATH) != 0)
		cout_word(o, log->local);
	if (log->local_5424)
		cout_str(o, " rfc5424");
	cout_end(o);
}
