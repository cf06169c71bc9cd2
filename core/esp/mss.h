/* The largest segment that TCP agrees on, lowered so that segments fit the tunnel (`ip tcp
 * adjust-mss`). Pure. */
#ifndef CORE_ESP_MSS_H
#define CORE_ESP_MSS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/wire/ip.h"

/* Where the packet at p, parsed into ip, is a SYN whose MSS option is above `most`, the option says
 * `most` from now on. is_partial: the TCP checksum is left to an offload, so that the field holds the
 * sum of the pseudo header and stays as it is. An option list that is malformed is followed as far
 * as it makes sense. Returns whether something was changed. */
bool mss_clamp(uint8_t *p, const struct ip_info *ip, uint16_t most, bool is_partial);

#endif
