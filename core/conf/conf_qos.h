/* Plain structs of class maps and policy maps. Same rules as conf_ike.h. */
#ifndef CORE_CONF_CONF_QOS_H
#define CORE_CONF_CONF_QOS_H

#include "core/conf/conf_net.h"

#define CLASS_DEFAULT        "class-default"
#define POLICY_CLASSES_MAX   16 /* of a policy map, class-default counted whether it stands there or not */
#define CLASS_MATCHES_MAX    32
#define QOS_GROUP_MAX        99

enum class_match_kind { CLASS_ANY, CLASS_ACL, CLASS_DSCP, CLASS_PRECEDENCE, CLASS_QOS_GROUP };
struct class_match {
	uint8_t kind; /* enum class_match_kind */
	char *name;   /* access list */
	uint32_t values[2]; /* bit n of the 64: DSCP or precedence n */
	uint32_t qos_group;
};
struct class_map {
	char *name;
	char *description;
	bool match_any; /* else all of the matches are needed */
	struct class_match *matches;
	size_t match_count;
};

struct policy_class {
	char *name;        /* of a class map, or CLASS_DEFAULT */
	uint8_t priority;  /* 0: none; 1, 2 */
	uint32_t priority_percent; /* read, not in force; 0: none */
	uint32_t priority_kbps;
	char *bandwidth;   /* read, not in force */
	bool police;
	bool exceed_passes;
	uint64_t rate;     /* bits a second */
	uint32_t burst;    /* bytes; 0: a quarter of a second */
	bool set_dscp;
	uint8_t dscp;
	bool set_group;
	uint32_t qos_group;
};
struct policy_map {
	char *name;
	char *description;
	struct policy_class *classes;
	size_t class_count;
};

#endif
