#include "modules/data/wanted.h"

#include "modules/data/path.h"

#define EVERY_MS 1000

static struct port *port_of(const struct worker *w, uint32_t tun)
{
	LIST_EACH(at, &w->ports) {
		struct port *p = CONTAINER_OF(at, struct port, node);

		if (p->kind == PORT_TUN && p->tun == tun)
			return p;
	}
	return NULL;
}

/* What hosts say to all their neighbours, as soon as there is a device, is no reason to connect. */
static bool is_one_host(const struct addr *a)
{
	return a->family == 4 ? a->b[0] < 224 : a->b[0] != 0xff;
}

void wanted(struct worker *w, uint32_t tun, const struct addr *dst)
{
	struct pkt what = {.kind = PKT_WANTED, .tun = tun};
	uint64_t now_ms = w->tables.now_ms;
	struct port *p = port_of(w, tun);

	/* A device of clients (it has a group) waits for them to connect. */
	if (!p || p->group || !is_one_host(dst) || (p->wanted_ms && now_ms - p->wanted_ms < EVERY_MS))
		return;
	if (path_tell(w, &what))
		p->wanted_ms = now_ms;
}
