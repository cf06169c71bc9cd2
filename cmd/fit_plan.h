/* What a configuration says about packets that are too long, for the children of one TUN device. Pure. */
#ifndef CMD_FIT_PLAN_H
#define CMD_FIT_PLAN_H

#include "core/conf/snapshot.h"
#include "core/esp/fit.h"

/* tun: number in the data path. What is said of the interface wins over what is said of all. A device
 * that is not configured any more has what is said of all. */
struct fit_rules fit_plan(const struct snapshot *s, uint32_t tun);
/* MTU that an interface shows for one family (4, 6). */
uint32_t fit_plan_mtu(const struct iface *i, uint8_t family);

#endif
