/* Statements about limits of volume: rows of THE table of db/statements.h. */
#ifndef DB_STATEMENTS_QUOTA_H
#define DB_STATEMENTS_QUOTA_H

#include "db/anon.h"

/* Rows that are still about somebody, of usage by user. */
#define USER_SPAN_SQL(columns) \
	"SELECT " columns " FROM usage_user WHERE day >= date(?1 / 1000, 'unixepoch')" \
	" AND day < date(?2 / 1000, 'unixepoch') AND username NOT GLOB '" ANON_PATTERN "'" \
	" ORDER BY day, username LIMIT ?3"

/* What of a user's days from this one on; rows of before may be his pseudonym's. */
#define USED_SQL(column, from) \
	"(SELECT coalesce(sum(" column "), 0) FROM usage_user WHERE username IN (?1, anonym(?1)) AND profile = ?2" \
	" AND day >= date(" from " / 1000, 'unixepoch'))"
#define COUNTED_SQL(column) \
	"coalesce((SELECT " column " FROM sessions WHERE ulid = ?3 AND ended_ms IS NULL), 0)"

/* clang-format off */
#define QUOTA_STATEMENT_LIST(X) \
	X(USAGE_USER, /* as USAGE; ?2 to ?4 */ \
		"INSERT INTO usage_user(username, profile, day, node, bytes_in, bytes_out)" \
		" SELECT username, profile, date(?2 / 1000, 'unixepoch'), node, max(0, ?3 - bytes_in), max(0, ?4 - bytes_out)" \
		" FROM sessions WHERE ulid = ?1 AND ended_ms IS NULL AND username <> ''" \
		" AND (?3 > bytes_in OR ?4 > bytes_out)" \
		" ON CONFLICT DO UPDATE SET bytes_in = bytes_in + excluded.bytes_in," \
		" bytes_out = bytes_out + excluded.bytes_out") \
	X(QUOTAS_NEW, "DELETE FROM quotas WHERE username = ?1 AND profile = ?2") \
	X(QUOTA, \
		"INSERT OR REPLACE INTO quotas(username, profile, direction, period, octets, seen_ms)" \
		" VALUES(?1,?2,?3,?4,?5,?6)") \
	X(USED, /* of the times that begin at ?4, ?5, ?6 */ \
		"SELECT " USED_SQL("bytes_in", "?4") ", " USED_SQL("bytes_out", "?4") ", " \
		USED_SQL("bytes_in", "?5") ", " USED_SQL("bytes_out", "?5") ", " \
		USED_SQL("bytes_in", "?6") ", " USED_SQL("bytes_out", "?6") ", " \
		COUNTED_SQL("bytes_in") ", " COUNTED_SQL("bytes_out")) \
	X(PRUNE_USERS, \
		"DELETE FROM usage_user WHERE (username, profile, day, node) IN" \
		" (SELECT username, profile, day, node FROM usage_user" \
		" WHERE day < date(?1 / 1000, 'unixepoch') LIMIT ?2)") \
	X(PRUNE_QUOTAS, \
		"DELETE FROM quotas WHERE (username, profile, direction, period) IN" \
		" (SELECT username, profile, direction, period FROM quotas WHERE seen_ms < ?1 ORDER BY seen_ms LIMIT ?2)") \
	X(ANON_USERS, \
		"INSERT INTO usage_user(username, profile, day, node, bytes_in, bytes_out)" \
		" SELECT anonym(username), profile, day, node, sum(bytes_in), sum(bytes_out)" \
		" FROM (" USER_SPAN_SQL("*") ") GROUP BY anonym(username), profile, day, node" \
		" ON CONFLICT DO UPDATE SET bytes_in = bytes_in + excluded.bytes_in," \
		" bytes_out = bytes_out + excluded.bytes_out") \
	X(ANON_USERS_GONE, \
		"DELETE FROM usage_user WHERE (username, profile, day, node) IN (" \
		USER_SPAN_SQL("username, profile, day, node") ")" \
		" RETURNING unixepoch(day) * 1000") \
	X(ANON_QUOTAS, /* limits are nobody's use: they go */ \
		"DELETE FROM quotas WHERE (username, profile, direction, period) IN" \
		" (SELECT username, profile, direction, period FROM quotas WHERE seen_ms >= ?1 AND seen_ms < ?2" \
		" ORDER BY seen_ms LIMIT ?3) RETURNING seen_ms")
/* clang-format on */

#endif
