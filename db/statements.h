/* THE table of statements that the writer executes. Parameters are bound by number in rows.c. */
#ifndef DB_STATEMENTS_H
#define DB_STATEMENTS_H

#include "db/anon.h"
#include "db/statements_quota.h"

/* clang-format off */
/* The usage since the session was last counted goes to the day of the count; one that waits uses no time. */
#define USAGE_SQL \
	"INSERT INTO usage_daily(day, node, ivrf, identity, active_ms, bytes_in, bytes_out," \
	" packets_in, packets_out) SELECT date(?2 / 1000, 'unixepoch'), node, ivrf, identity," \
	" iif(waiting_ms IS NULL, max(0, ?2 - counted_ms), 0), max(0, ?3 - bytes_in), max(0, ?4 - bytes_out)," \
	" max(0, ?5 - packets_in), max(0, ?6 - packets_out)" \
	" FROM sessions WHERE ulid = ?1 AND ended_ms IS NULL" \
	" ON CONFLICT DO UPDATE SET active_ms = active_ms + excluded.active_ms," \
	" bytes_in = bytes_in + excluded.bytes_in, bytes_out = bytes_out + excluded.bytes_out," \
	" packets_in = packets_in + excluded.packets_in," \
	" packets_out = packets_out + excluded.packets_out"

/* Rows of usage that are still about somebody. */
#define USAGE_SPAN_SQL(columns) \
	"SELECT " columns " FROM usage_daily WHERE day >= date(?1 / 1000, 'unixepoch')" \
	" AND day < date(?2 / 1000, 'unixepoch') AND identity NOT GLOB '" ANON_PATTERN "'" \
	" ORDER BY day, identity LIMIT ?3"

/*  X(NAME, sql) */
#define STATEMENT_LIST(X) \
	QUOTA_STATEMENT_LIST(X) \
	X(BEGIN, "BEGIN IMMEDIATE") \
	X(COMMIT, "COMMIT") \
	X(SAVE, "SAVEPOINT m") \
	X(RELEASE, "RELEASE m") \
	X(BACK, "ROLLBACK TO m") \
	X(SESSION, \
		"INSERT INTO sessions(ulid, node, vrf, ivrf, profile, policy, identity_type," \
		" identity, username, local, remote, ip4, ip6, started_ms, record, counted_ms, resumes)" \
		" VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)" \
		" ON CONFLICT(ulid) DO NOTHING") \
	X(SESSION_AGAIN, \
		"UPDATE sessions SET local = ?2, remote = ?3, ip4 = ?4, ip6 = ?5," \
		" ended_ms = NULL, end_reason = NULL, resumes = ?6," \
		" counted_ms = iif(waiting_ms IS NULL, counted_ms, max(counted_ms, ?8))," \
		" waiting_ms = NULL," \
		" record = coalesce(?7, record) WHERE ulid = ?1") \
	X(WAIT, \
		"UPDATE sessions SET waiting_ms = coalesce(waiting_ms, max(?2, started_ms))" \
		" WHERE ulid = ?1 AND ended_ms IS NULL") \
	X(SESSION_DAY, \
		"INSERT INTO usage_daily(day, node, ivrf, identity, sessions)" \
		" VALUES(date(?1 / 1000, 'unixepoch'), ?2, ?3, ?4, 1)" \
		" ON CONFLICT DO UPDATE SET sessions = sessions + 1") \
	X(LEASE, \
		"INSERT INTO leases(ivrf, address, family, pool, session, identity, granted_ms)" \
		" SELECT ?1,?2,?3,?4,?5,?6,?7 WHERE NOT EXISTS" \
		" (SELECT 1 FROM leases WHERE ivrf = ?1 AND address = ?2 AND session = ?5" \
		" AND released_ms IS NULL)") \
	X(LEASE_PASS, \
		"UPDATE leases SET released_ms = max(?4, granted_ms) WHERE ivrf = ?1 AND address = ?2" \
		" AND identity = ?3 AND session <> ?5 AND released_ms IS NULL") \
	X(USAGE, USAGE_SQL) \
	X(COUNT, \
		"UPDATE sessions SET counted_ms = max(counted_ms, ?2)," \
		" bytes_in = max(bytes_in, ?3), bytes_out = max(bytes_out, ?4)," \
		" packets_in = max(packets_in, ?5)," \
		" packets_out = max(packets_out, ?6) WHERE ulid = ?1 AND ended_ms IS NULL") \
	X(END, \
		"UPDATE sessions SET ended_ms = max(?2, started_ms), end_reason = ?3," \
		" resumed = ?3 = 'resumed', waiting_ms = NULL, record = NULL" \
		" WHERE ulid = ?1 AND ended_ms IS NULL") \
	X(RESUMABLE, \
		"SELECT 1 FROM sessions WHERE ulid = ?1 AND resumed = 0" \
		" AND end_reason IN ('dpd','timeout','lost','peer_restarted')") \
	X(CLAIM, \
		"UPDATE sessions SET resumed = 1 WHERE ulid = ?1 AND resumed = 0" \
		" AND end_reason IN ('dpd','timeout','lost','peer_restarted')") \
	X(RELEASE_LEASES, \
		"UPDATE leases SET released_ms = max(?2, granted_ms)" \
		" WHERE session = ?1 AND released_ms IS NULL") \
	X(EVENT, \
		"INSERT INTO events(ms, node, event, severity, session, peer, detail)" \
		" VALUES(?1,?2,?3,?4,?5,?6,?7)") \
	X(FAILURE, \
		"INSERT INTO failures(ms, node, vrf, status, sentence, local, remote, identity," \
		" profile) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)") \
	X(COUNTER, \
		"INSERT OR REPLACE INTO counters(token, value) VALUES(?1,?2)") \
	X(COUNTERS_NEW, "DELETE FROM counters") \
	X(COUNTER_HISTORY, \
		"INSERT OR REPLACE INTO counter_history(token, value, ms, sample)" \
		" VALUES(?1,?2,?3,?4)") \
	X(META, "INSERT OR REPLACE INTO meta(name, value) VALUES(?1,?2)") \
	X(HELD, \
		"SELECT ulid FROM sessions WHERE ended_ms IS NULL UNION" \
		" SELECT session FROM leases WHERE released_ms IS NULL") \
	X(META_NUMBER, "SELECT value FROM meta WHERE name = ?1") \
	X(PRUNE_SESSIONS, \
		"DELETE FROM sessions WHERE ulid IN (SELECT ulid FROM sessions" \
		" WHERE ended_ms < ?1 ORDER BY ended_ms LIMIT ?2)") \
	X(PRUNE_SESSIONS_OVER, /* ?1 is not needed */ \
		"DELETE FROM sessions WHERE ulid IN (SELECT ulid FROM sessions" \
		" WHERE ended_ms IS NOT NULL ORDER BY ended_ms" \
		" LIMIT max(0, min(?2, (SELECT value FROM meta WHERE name = 'sessions') - ?3)))") \
	X(PRUNE_LEASES, \
		"DELETE FROM leases WHERE id IN (SELECT id FROM (SELECT id FROM leases" \
		" WHERE released_ms < ?1 ORDER BY released_ms LIMIT ?2)" \
		" UNION SELECT id FROM leases WHERE released_ms IS NOT NULL" \
		" AND id <= (SELECT max(id) FROM leases) - ?3 LIMIT ?2)") \
	X(PRUNE_EVENTS, \
		"DELETE FROM events WHERE id IN (SELECT id FROM (SELECT id, ms FROM events" \
		" ORDER BY id LIMIT ?2) WHERE ms < ?1" \
		" OR id <= (SELECT max(id) FROM events) - ?3)") \
	X(PRUNE_FAILURES, \
		"DELETE FROM failures WHERE id IN (SELECT id FROM (SELECT id, ms FROM failures" \
		" ORDER BY id LIMIT ?2) WHERE ms < ?1" \
		" OR id <= (SELECT max(id) FROM failures) - ?3)") \
	X(PRUNE_COUNTERS, \
		"DELETE FROM counter_history WHERE (ms, token) IN" \
		" (SELECT ms, token FROM counter_history WHERE ms < ?1 ORDER BY ms LIMIT ?2)") \
	X(PRUNE_USAGE, \
		"DELETE FROM usage_daily WHERE (day, identity, ivrf, node) IN" \
		" (SELECT day, identity, ivrf, node FROM usage_daily" \
		" WHERE day < date(?1 / 1000, 'unixepoch') LIMIT ?2)") \
	X(ANON_SESSIONS, \
		"UPDATE sessions SET identity_type = 'anonymous', identity = anonym(identity)," \
		" username = anonym(username), remote = '', ip4 = NULL, ip6 = NULL" \
		" WHERE ulid IN (SELECT ulid FROM sessions WHERE ended_ms >= ?1 AND ended_ms < ?2" \
		" AND identity_type <> 'anonymous' ORDER BY ended_ms LIMIT ?3)" \
		" RETURNING ended_ms") \
	X(ANON_LEASES, \
		"UPDATE leases SET address = '', identity = anonym(identity)" \
		" WHERE id IN (SELECT id FROM leases WHERE released_ms >= ?1 AND released_ms < ?2" \
		" AND address <> '' ORDER BY released_ms LIMIT ?3) RETURNING released_ms") \
	X(ANON_EVENTS, \
		"UPDATE events SET peer = '', detail = ''" \
		" WHERE id IN (SELECT id FROM events WHERE ms >= ?1 AND ms < ?2" \
		" AND (peer <> '' OR detail <> '') ORDER BY ms LIMIT ?3) RETURNING ms") \
	X(ANON_FAILURES, /* the sentence may name the peer */ \
		"UPDATE failures SET identity = anonym(identity), remote = '', sentence = ''" \
		" WHERE id IN (SELECT id FROM failures WHERE ms >= ?1 AND ms < ?2" \
		" AND sentence <> '' ORDER BY ms LIMIT ?3) RETURNING ms") \
	X(ANON_USAGE, \
		"INSERT INTO usage_daily(day, node, ivrf, identity, sessions, active_ms, bytes_in," \
		" bytes_out, packets_in, packets_out) SELECT day, node, ivrf, anonym(identity)," \
		" sum(sessions), sum(active_ms), sum(bytes_in), sum(bytes_out), sum(packets_in)," \
		" sum(packets_out) FROM (" USAGE_SPAN_SQL("*") ") GROUP BY day, node, ivrf," \
		" anonym(identity) ON CONFLICT DO UPDATE SET sessions = sessions +" \
		" excluded.sessions, active_ms = active_ms + excluded.active_ms," \
		" bytes_in = bytes_in + excluded.bytes_in," \
		" bytes_out = bytes_out + excluded.bytes_out," \
		" packets_in = packets_in + excluded.packets_in," \
		" packets_out = packets_out + excluded.packets_out") \
	X(ANON_USAGE_GONE, \
		"DELETE FROM usage_daily WHERE (day, identity, ivrf, node) IN (" \
		USAGE_SPAN_SQL("day, identity, ivrf, node") ")" \
		" RETURNING unixepoch(day) * 1000") \
	X(ACCT_COUNT, "SELECT count(*) FROM accounting") \
	X(ACCT_PUT, "INSERT INTO accounting(ms, session, record) VALUES(?1,?2,?3)") \
	X(ACCT_NEXT, \
		"SELECT id, ms, session, record FROM accounting WHERE queue = ?1 AND id > ?2 ORDER BY id LIMIT ?3") \
	X(ACCT_QUEUES, \
		"WITH RECURSIVE q(v) AS (SELECT (SELECT min(queue) FROM accounting WHERE queue > ?1) UNION ALL" \
		" SELECT (SELECT min(queue) FROM accounting WHERE queue > v) FROM q WHERE v IS NOT NULL)" \
		" SELECT 0, 0, '', v FROM q WHERE v IS NOT NULL LIMIT ?2") \
	X(ACCT_OPEN, "INSERT INTO accounting_open(session, record) VALUES(?1,?2)") \
	X(ACCT_CLOSE, "DELETE FROM accounting_open WHERE session = ?1") \
	X(ACCT_LOST, \
		"SELECT o.id, coalesce(s.ended_ms, 0), o.session, o.record, coalesce(s.started_ms, 0)," \
		" s.end_reason, s.bytes_in, s.bytes_out, s.packets_in, s.packets_out" \
		" FROM accounting_open o LEFT JOIN sessions s ON s.ulid = o.session" \
		" WHERE s.ulid IS NULL OR s.ended_ms IS NOT NULL ORDER BY o.id LIMIT ?1") \
	X(ACCT_DONE, "DELETE FROM accounting WHERE id = ?1") \
	X(ACCT_OLDEST, \
		"DELETE FROM accounting WHERE id IN" \
		" (SELECT id FROM accounting ORDER BY id LIMIT ?1)") \
	X(ACCT_EXPIRE, \
		"DELETE FROM accounting WHERE id IN (SELECT id FROM (SELECT id, ms FROM accounting" \
		" ORDER BY id LIMIT ?2) WHERE ms < ?1)")
/* clang-format on */

enum statement {
#define X(name, sql) S_##name,
	STATEMENT_LIST(X)
#undef X
		S__MAX
};

#endif
