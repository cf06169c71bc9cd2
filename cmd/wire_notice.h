/* Packets that the data path cannot place, and the secret of the tokens by which peers of IKE SAs that
 * were lost learn of it (RFC 6290). Loop thread. */
#ifndef CMD_WIRE_NOTICE_H
#define CMD_WIRE_NOTICE_H

#include "cmd/wire_state.h"

/* struct data_config: logged (R-ISP-05), and told to the peer (R-ISP-01) or the clients (R-ISP-02). */
void wire_on_notice(void *ctx, enum status what, uint32_t spi, size_t len, const struct endpoint *local,
		    const struct endpoint *remote);
/* The secret of this state folder goes to the engine; at the first start it is made. Without one, which
 * is logged, there are no tokens. */
void wire_token_secret(struct wire *w);

#endif
