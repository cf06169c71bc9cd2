#include "modules/snmp/snmp.h"
#include <poll.h>
#include "tests/lib/t.h"
static enum status c(void *ctx, int *fd){ return ST_NOT_FOUND; }
static void all(void *ctx, struct snmp *s){}
static void ev(void *ctx, const struct snmp_event *e){}
static void test_x(void)
{
	static const struct snmp_ports p={c,all,ev};
	struct snmp *s=snmp_new(&p,NULL,64);
	snmp_set(s,&(struct snmp_settings){.is_on=true});
	for(int i=0;i<10;i++){ struct pollfd f={snmp_fd(s),POLLIN,0}; poll(&f,1,100); snmp_poll(s);}
	snmp_free(s);
}
int main(void){T_RUN(test_x); return t_end();}
