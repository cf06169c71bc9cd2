/* The socket of the DHCP relay: the one privileged port beside those of IKE that main may have, at few addresses. */
#ifndef CMD_HOLDER_DHCP_H
#define CMD_HOLDER_DHCP_H

#include "cmd/holder_proto.h"

/* ASROOT_DHCP; config_accepted, config_last: descriptors of the configuration or -1. */
enum status holder_dhcp_open(const struct asroot_request *rq, int config_accepted, int config_last, int *out) MUST_USE;

#endif
