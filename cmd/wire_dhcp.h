/* DHCPINFORM of clients: what their session was granted, told once more in the words of DHCP. */
#ifndef CMD_WIRE_DHCP_H
#define CMD_WIRE_DHCP_H

#include "cmd/wire_state.h"

/* For data_config; ctx is struct wire. */
void wire_dhcp(void *ctx, uint32_t spi_in, const uint8_t *packet, size_t len);

#endif
