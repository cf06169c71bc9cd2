/* How the rows of a shape are written. Internal to the files that list the fields. */
#ifndef CORE_CONF_SHAPE_ROWS_H
#define CORE_CONF_SHAPE_ROWS_H

#include "core/conf/shape.h"

#define F(type, struct_, field)                                                                    \
	{                                                                                          \
		SHAPE_##type, offsetof(struct struct_, field), 1, NULL                             \
	}
#define FN(type, struct_, field, n)                                                                \
	{                                                                                          \
		SHAPE_##type, offsetof(struct struct_, field), n, NULL                             \
	}
#define IN(struct_, field, shape)                                                                  \
	{                                                                                          \
		SHAPE_STRUCT, offsetof(struct struct_, field), 1, &shape                           \
	}
#define INN(struct_, field, n, shape)                                                              \
	{                                                                                          \
		SHAPE_STRUCT, offsetof(struct struct_, field), n, &shape                           \
	}
#define LIST(struct_, field, count, shape)                                                         \
	{                                                                                          \
		SHAPE_LIST, offsetof(struct struct_, field), offsetof(struct struct_, count),      \
			&shape                                                                     \
	}
#define SKIP(struct_, field)                                                                       \
	{                                                                                          \
		SHAPE_SKIP, offsetof(struct struct_, field),                                       \
			sizeof(((struct struct_ *)NULL)->field), NULL                              \
	}
#define SHAPE(struct_, fields)                                                                     \
	{                                                                                          \
#struct_, fields, sizeof(fields) / sizeof((fields)[0]), sizeof(struct struct_)     \
	}

/* Of AAA: shape_aaa.c. */
extern const struct shape shape_radius_tls, shape_radius_source, shape_radius_global, shape_aaa_member,
	shape_aaa_global, shape_aaa_attribute, shape_dynauth_client, shape_dynauth,
	shape_reconnect_key;

#endif
