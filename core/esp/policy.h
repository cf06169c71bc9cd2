/* What a session may send and receive, and how fast. Two halves:
 *
 *   struct esp_policy  from the configuration: access lists, classes, rates. Immutable, shared by all
 *                      sessions that have it.
 *   struct esp_meter   what changes with every packet: buckets and counters. Of one session on one
 *                      worker, shared by all its SAs there: a rekeyed child goes on with the buckets
 *                      of its predecessor.
 *
 * The order on the way, in: opened, selectors, access list, class and its policer, mark, TUN; out: TUN,
 * FIB, access list, class and its policer, mark, sealed. What an access list denies costs no rate. */
#ifndef CORE_ESP_POLICY_H
#define CORE_ESP_POLICY_H

#include <stdatomic.h>

#include "core/esp/class.h"
#include "core/esp/policer.h"

enum esp_dir { ESP_DIR_IN, ESP_DIR_OUT };

struct esp_side {
	const struct esp_acl *acl4, *acl6; /* NULL: everything of that family passes */
	size_t n_classes;                  /* 0: no service policy; else the last is class-default */
	const struct esp_class *classes;
	char name[ESP_CLASS_NAME]; /* of the policy map */
	char acl4_name[ESP_CLASS_NAME], acl6_name[ESP_CLASS_NAME];
};

struct esp_policy {
	uint32_t refs; /* main's */
	struct esp_side side[2]; /* by enum esp_dir */
	bool has_priority;       /* an output class has a priority */
	struct esp_policy_parts *parts; /* what the pointers above lead to */
};

/* Counters are read by anyone (relaxed). */
struct esp_class_meter {
	struct policer policer;
	_Atomic uint64_t packets, bytes; /* in the class, dropped or not */
	_Atomic uint64_t exceeded, exceeded_bytes; /* above the rate */
};

struct esp_meter {
	uint32_t refs; /* main's */
	_Atomic uint32_t share; /* the rate is divided by this: so many workers have the session */
	uint32_t n[2]; /* classes */
	_Atomic uint64_t acl_drops[2];
	_Atomic uint64_t police_drops[2];
	struct esp_class_meter class[]; /* those of ESP_DIR_IN, then those of ESP_DIR_OUT */
};

/* A meter for the policy, buckets off; mem_free() ends it. NULL: out of memory. */
struct esp_meter *esp_meter_new(const struct esp_policy *p);
bool esp_meter_fits(const struct esp_meter *m, const struct esp_policy *p); /* as many classes */
/* The same classes by name, in both directions: counters and buckets of one mean the same for the other. */
bool esp_policy_alike(const struct esp_policy *a, const struct esp_policy *b);
/* The worker's: the rates of this policy from now on, each divided by share (> 0). */
void esp_meter_set(struct esp_meter *m, const struct esp_policy *p, uint32_t share, uint64_t now_ns);

struct esp_verdict {
	size_t class;     /* n_classes: none */
	uint8_t priority; /* of an outbound packet: 0 bulk */
};

/* Access list and class of a packet, and its mark: pkt is written to when the class sets a DSCP. ST_OK,
 * ST_ESP_ACL, ST_OUT_ACL. For a super-packet that is cut later: once, on its first header. */
enum status esp_policy_judge(const struct esp_policy *p, struct esp_meter *m, enum esp_dir dir,
			     struct ip_info *ip, uint8_t *pkt, struct esp_verdict *out) MUST_USE;
/* The rate: once for each packet of len bytes that came out of it. ST_OK, ST_ESP_RATE, ST_OUT_RATE. */
enum status esp_policy_pass(const struct esp_policy *p, struct esp_meter *m, enum esp_dir dir,
			    size_t class, size_t len, uint64_t now_ns) MUST_USE;

#endif
