/* What the structs of the snapshot look like, so that comparing them is one function. A test proves
 * that no byte of a struct is forgotten. */
#ifndef CORE_CONF_SHAPE_H
#define CORE_CONF_SHAPE_H

#include "core/conf/snapshot.h"

enum shape_type {
	SHAPE_BOOL,
	SHAPE_U8,
	SHAPE_U16,
	SHAPE_U32,
	SHAPE_U64,
	SHAPE_SIZE,
	SHAPE_STR,
	SHAPE_ADDR,
	SHAPE_PREFIX,
	SHAPE_SECRET,
	SHAPE_TRANSFORMS,
	SHAPE_STRS,
	SHAPE_STRUCT, /* in place */
	SHAPE_LIST,   /* pointer at off, count (size_t) at n */
	SHAPE_SKIP    /* n bytes that do not count */
};

struct shape;
struct shape_field {
	uint8_t type;
	uint16_t off;
	uint16_t n; /* how many of them in place; see SHAPE_LIST, SHAPE_SKIP */
	const struct shape *shape;
};
struct shape {
	const char *name;
	const struct shape_field *f;
	size_t n;
	size_t size;
};

extern const struct shape shape_snapshot, shape_client, shape_proposal, shape_policy, shape_profile,
	shape_keyring, shape_authz, shape_set, shape_ipsec_profile, shape_pool4, shape_pool6,
	shape_acl, shape_iface, shape_trustpoint, shape_cert_map, shape_cert_chain, shape_vrf_def, shape_class_map, shape_policy_map, shape_aaa_list, shape_script,
	shape_radius_server, shape_aaa_group, shape_attribute_list, shape_mangler;
/* All of them, for the test; NULL ends. */
extern const struct shape *const shape_all[];

bool shape_equal(const struct shape *shape, const void *a, const void *b);
size_t shape_field_size(const struct shape_field *f);

#endif
