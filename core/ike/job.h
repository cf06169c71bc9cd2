/* Computations that an engine wants done: plain values, like all that goes through its ports. */
#ifndef CORE_IKE_JOB_H
#define CORE_IKE_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/status.h"

#define IKE_DH_MAX 520    /* public value / shared secret of the largest group (4096 bit), rounded up */
#define IKE_AUTH_MAX 1100 /* data of an AUTH payload: RSA of 8192 bits, with the AlgorithmIdentifier of RFC 7427 */

enum ike_job_kind {
	JOB_DH_GENERATE, /* group -> private, public */
	JOB_DH_COMPUTE,  /* group, private, peer public -> shared secret */
	JOB_SIGN         /* key, scheme, octets -> signature */
};

struct ike_job {
	enum ike_job_kind kind;
	bool is_established; /* of an SA that stands: done before those of negotiations */
	uint16_t group;
	uint16_t private_len;
	uint16_t public_len; /* of the peer, for JOB_DH_COMPUTE */
	uint16_t scheme;     /* JOB_SIGN: enum sig_scheme */
	uint32_t key;        /* JOB_SIGN: from the answer to ASK_KEYS */
	struct view octets;  /* JOB_SIGN: valid during the call */
	uint8_t private_key[IKE_DH_MAX];
	uint8_t peer_public[IKE_DH_MAX];
};

struct ike_job_result {
	enum status status; /* ST_OK, ST_BAD_KE, ST_NOMEM... */
	uint16_t private_len;
	uint16_t public_len;
	uint16_t secret_len;
	uint16_t signature_len;
	uint8_t signature[IKE_AUTH_MAX];
	uint8_t private_key[IKE_DH_MAX];
	uint8_t public_key[IKE_DH_MAX];
	uint8_t secret[IKE_DH_MAX];
};

#endif
