/* The last failures in plain words (R-GLB-03): what `show crypto ikev2 diagnose error` prints. The
 * guide has it off by default; here the last DIAGNOSE_DEFAULT are always kept, and
 * `crypto ikev2 diagnose error N` changes how many. Loop thread. */
#ifndef CMD_DIAGNOSE_H
#define CMD_DIAGNOSE_H

#include "core/ike/ports.h"

#define DIAGNOSE_DEFAULT 100

struct diagnose_entry {
	int64_t wall_ms;
	enum status status;
	struct endpoint local;
	struct endpoint remote;
	struct ike_id peer_id; /* type 0: not known */
	char profile[IKE_NAME_LEN];
	char detail[IKE_DETAIL_LEN];
};

struct diagnose {
	struct diagnose_entry *v;
	size_t cap;
	size_t next;
	uint64_t total; /* since start */
};

/* Makes room for n entries (0: the default); what was kept is forgotten when the size changes. */
enum status diagnose_resize(struct diagnose *d, size_t n) MUST_USE;
void diagnose_fini(struct diagnose *d);
/* Records a failed negotiation. */
void diagnose_add(struct diagnose *d, int64_t wall_ms, const struct ike_event *ev);
/* Entry i, 0 the newest; NULL past the end. */
const struct diagnose_entry *diagnose_get(const struct diagnose *d, size_t i);

#endif
