/* What the data path needs to know of a child: plain values, like all that goes through the engine's ports. */
#ifndef CORE_IKE_CHILD_SPEC_H
#define CORE_IKE_CHILD_SPEC_H

#include "core/ike/questions.h"

#define IKE_KEYMAT_MAX 160 /* per direction: encryption key + salt, integrity key */

struct ike_child_spec {
	uint64_t sa;            /* IKE SA it belongs to */
	struct ulid session;
	uint32_t tun;           /* from the grant */
	uint32_t spi_in;        /* ours; low 8 bits are the bucket */
	uint32_t spi_out;       /* the peer's */
	uint16_t encr_id;       /* IANA transform ids; key_bits 0 when implied */
	uint16_t encr_key_bits;
	uint16_t integ_id;      /* 0 for AEAD */
	bool esn;
	bool transport_mode;
	bool udp_encap;         /* ESP in UDP; false: raw ESP */
	bool we_are_initiator;
	/* The responder's half of a rekey (RFC 7296 2.8): nothing leaves through it until something
	 * came in, or until use(). */
	bool receive_only;
	uint16_t replay_window;
	struct endpoint local;
	struct endpoint remote;
	uint16_t key_in_len;
	uint16_t key_out_len;
	uint8_t key_in[IKE_KEYMAT_MAX];
	uint8_t key_out[IKE_KEYMAT_MAX];
	uint8_t n_local_ts;
	uint8_t n_remote_ts;
	struct ts local_ts[IKE_TS_MAX];
	struct ts remote_ts[IKE_TS_MAX];
};

#endif
