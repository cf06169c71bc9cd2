#include "db/msg.h"

#include "core/base/mem.h"

/* Ten thousand ends that wait for a full disk must not weigh as much as ten thousand samples. */
static size_t size_of(enum msg_kind kind)
{
	static const size_t sizes[] = {
		[MSG_UP] = sizeof(struct msg_up),
		[MSG_WAIT] = sizeof(struct msg_end),
		[MSG_END] = sizeof(struct msg_end),
		[MSG_TRAFFIC] = sizeof(struct msg_traffic),
		[MSG_EVENT] = sizeof(struct store_event),
		[MSG_FAILURE] = sizeof(struct store_failure),
		[MSG_SAMPLE] = sizeof(struct msg_sample),
		[MSG_RECONCILE] = sizeof(struct msg_reconcile),
		[MSG_RESUME] = sizeof(struct msg_resume),
		[MSG_SECRET] = sizeof(struct msg_secret),
		[MSG_USER] = sizeof(struct store_user),
		[MSG_ACCT_PUT] = sizeof(struct msg_acct),
		[MSG_ACCT_NEXT] = sizeof(struct msg_acct_next),
		[MSG_ACCT_DONE] = sizeof(uint64_t),
		[MSG_USAGE] = sizeof(struct msg_usage),
		[MSG_PRUNE] = sizeof(struct msg_prune),
		[MSG_ANONYMIZE] = sizeof(struct msg_prune),
		[MSG_NOTICE] = sizeof(struct msg_notice),
	};

	return sizes[kind];
}

struct msg *msg_new(enum msg_kind kind)
{
	struct msg *m = mem_new(offsetof(struct msg, u) + size_of(kind));

	if (m)
		m->kind = kind;
	return m;
}

void msg_free(struct msg *m)
{
	if (m && m->kind == MSG_RECONCILE)
		mem_free(m->u.reconcile.live);
	if (m && m->kind == MSG_UP)
		mem_free(m->u.up.record);
	if (m && m->kind == MSG_TRAFFIC)
		mem_free(m->u.traffic.v);
	if (m && m->kind == MSG_ACCT_PUT)
		mem_free(m->u.acct.record);
	if (m && m->kind == MSG_ACCT_NEXT) {
		for (size_t i = 0; i < m->u.acct_next.n; i++)
			mem_free((void *)(uintptr_t)m->u.acct_next.v[i].record);
	}
	if (m && m->kind == MSG_SECRET)
		mem_zero(&m->u.secret, sizeof(m->u.secret));
	mem_free(m);
}
