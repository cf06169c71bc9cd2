#include "cmd/demo_conf.h"

#include <stdio.h>
#include <string.h>

#include "core/conf/conf.h"

#define NUMBER(n) TEXT(n)
#define TEXT(n) #n

static const char headend[] =
	"! Remote access with a pre-shared key. Everybody of corp.example gets addresses from two pools\n"
	"! and reaches what the access lists permit.\n"
	"hostname gw\n"
	"aaa new-model\n"
	"aaa authorization network LOCAL local\n"
	"!\n"
	"ip local pool RA 10.99.0.10 10.99.0.250\n"
	"ipv6 local pool RA6 fd00:99::/112 128\n"
	"ip access-list standard LAN\n"
	" permit 10.20.0.0 0.0.255.255\n"
	"ipv6 access-list LAN6\n"
	" permit ipv6 fd00:20::/64 any\n"
	"!\n"
	"crypto ikev2 authorization policy RA\n"
	" pool RA\n"
	" ipv6 pool RA6\n"
	" dns 10.20.0.53\n"
	" route set access-list LAN\n"
	" route set access-list ipv6 LAN6\n"
	"!\n"
	"crypto ikev2 keyring KR\n"
	" peer EVERYBODY\n"
	"  identity email domain corp.example\n"
	"  pre-shared-key change-this-key\n"
	"!\n"
	"crypto ikev2 profile RA\n"
	" match identity remote email domain corp.example\n"
	" identity local fqdn vpn.corp.example\n"
	" authentication local pre-share\n"
	" authentication remote pre-share\n"
	" keyring local KR\n"
	" aaa authorization group psk list LOCAL RA\n"
	" nat force-encapsulation\n"
	" virtual-template 1\n"
	"!\n"
	"interface Virtual-Template1 type tunnel\n"
	" tunnel mode ipsec ipv4\n"
	" tunnel protection ipsec profile default\n"
	"!\n"
	"logging host 10.20.0.1 transport udp port " NUMBER(DEMO_SYSLOG_PORT) "\n"
	"crypto logging session\n"
	"crypto logging ikev2\n"
	"!\n"
	"sallyport metrics listen 127.0.0.1 port " NUMBER(DEMO_METRICS_PORT) "\n";

const char demo_conf_client[] =
	"crypto ikev2 keyring OFFICE\n"
	" peer GATEWAY\n"
	"  address 192.0.2.1\n"
	"  pre-shared-key change-this-key\n"
	"crypto ikev2 profile OFFICE\n"
	" match identity remote fqdn vpn.corp.example\n"
	" identity local email anna@corp.example\n"
	" authentication local pre-share\n"
	" authentication remote pre-share\n"
	" keyring local OFFICE\n";

/* Good, without a warning that some of it is not in force. */
static bool is_understood(const char *text)
{
	static struct conf_report report;
	struct snapshot *s = NULL;
	report = (struct conf_report){0};
	bool ok = conf_parse(text, strlen(text), NULL, &s, &report) == ST_OK && report.warnings == 0;
	snapshot_unref(s);
	return ok;
}

bool demo_conf_make(struct demo_conf *c, const char *agentx)
{
	memset(c, 0, sizeof(*c));
	int len = snprintf(c->text, sizeof(c->text), "%s%s%s%s%s", headend,
			   agentx ? "!\nsallyport snmp agentx" : "", agentx && *agentx ? " " : "",
			   agentx ? agentx : "", agentx ? "\n" : "");
	if (len < 0 || (size_t)len >= sizeof(c->text) || !is_understood(c->text))
		return false;
	for (const char *p = c->text; (p = strchr(p, '\n')) != NULL; p++)
		c->lines++;
	return true;
}
