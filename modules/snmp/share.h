/* What the two threads of the subagent share: two rings, two eventfds, a place for one descriptor,
 * and counters. Internal to modules/snmp.
 *
 * A message belongs to who popped it. Those from main go back to main, which frees all; so do those
 * that the thread makes. The descriptor is handed over in one atomic word with the number of the
 * question that it answers: who swaps it out owns it, so a late answer cannot be lost. */
#ifndef MODULES_SNMP_SHARE_H
#define MODULES_SNMP_SHARE_H

#include "core/base/list.h"
#include "core/base/ring.h"
#include "modules/snmp/snmp.h"

enum note_kind {
	NOTE_CARD,     /* is_new: the session came up just now */
	NOTE_END,
	NOTE_SAMPLE,
	NOTE_RADIUS,
	NOTE_RESET,    /* all cards follow, then */
	NOTE_COMPLETE,
	NOTE_EVENT     /* from the thread */
};

struct share_pool {
	uint32_t index; /* 1..2^31-1, made from family, VRF and name */
	struct sample_pool pool;
};

/* A sample in plain arrays. */
struct share_values {
	uint64_t number;
	int64_t wall_ms;
	uint64_t count[CT__MAX];
	uint64_t status[ST__MAX];
	uint64_t gauge[GG__MAX];
};

struct share_sample {
	struct share_values values;
	struct share_pool *pools; /* both behind this struct */
	size_t n_pools;
	struct snmp_traffic *traffic;
	size_t n_traffic;
};

struct note {
	struct list in_list; /* thread: waits to go back */
	enum note_kind kind;
	bool is_new;
	union {
		struct snmp_card card;
		struct {
			bool is_silent; /* nobody is notified */
			enum status why;
			struct snmp_traffic total;
		} end;
		struct share_sample sample;
		const struct snmp_radius *radius; /* behind this struct */
		struct {
			enum snmp_event_kind kind;
			char text[SNMP_TEXT];
		} event;
	};
};

struct share {
	struct ring down; /* main pushes */
	struct ring up;   /* the thread pushes */
	int wake_thread;  /* eventfds */
	int wake_main;
	atomic_bool is_stopping;
	atomic_bool is_done;          /* the thread will not touch anything any more */
	atomic_bool wants_all;        /* the thread lost a card: out of memory */
	atomic_bool is_main_waiting;  /* for the queue to be empty */
	atomic_bool notify_sessions;
	atomic_bool notify_pools;
	_Atomic uint32_t fd_asked;    /* number of the thread's question, 0: none yet */
	_Atomic uint64_t fd_answer;   /* number << 32 | descriptor + 1; 0: nothing there */
	atomic_bool is_connected;
	_Atomic uint64_t requests, connects, notify_sent, notify_dropped, cards, said;
};

/* Room for a message with its whole union, or only for what its kind needs. NULL: out of memory. */
struct note *share_note(enum note_kind kind);
struct note *share_note_sample(size_t n_pools, size_t n_traffic);
struct note *share_note_radius(const struct snmp_radius *v); /* a copy */

enum status share_init(struct share *sh, size_t queue) MUST_USE;
void share_fini(struct share *sh); /* both rings must be empty */
void share_wake(int fd);

/* ---- the descriptor ---------------------------------------------------------------------------- */

/* Thread: asks, and waits for so long at most; -1: nobody answered, there is none, or it is time to
 * stop. */
int share_ask_fd(struct share *sh, int timeout_ms);
/* Thread: closes an answer that came too late. */
void share_drop_fd(struct share *sh);
/* Main: is there a question that has not this number yet? The number to answer with, or 0. */
uint32_t share_asked(const struct share *sh, uint32_t answered);
/* Main: fd -1: there is none. Takes it. */
void share_answer_fd(struct share *sh, uint32_t number, int fd);

/* Relaxed: figures for people. */
static inline void share_count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

#endif
