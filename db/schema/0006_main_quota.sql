-- Limits of volume for a day, a week or a month: what a user's sessions by one profile carried on each day, and which
-- limits he had when he logged in last. usage_daily is by identity, of which a user may have several. Only additions,
-- which an older program leaves alone: compatible_from stays.

CREATE TABLE usage_user (
	username  TEXT NOT NULL,
	profile   TEXT NOT NULL,
	day       TEXT NOT NULL, -- UTC
	node      TEXT NOT NULL,
	bytes_in  INTEGER NOT NULL,
	bytes_out INTEGER NOT NULL,
	PRIMARY KEY (username, profile, day, node)
) WITHOUT ROWID;
CREATE INDEX usage_user_day ON usage_user (day);

CREATE TABLE quotas (
	username  TEXT NOT NULL,
	profile   TEXT NOT NULL,
	direction TEXT NOT NULL CHECK (direction IN ('input', 'output', 'total')),
	period    TEXT NOT NULL CHECK (period IN ('day', 'week', 'month')),
	octets    INTEGER NOT NULL,
	seen_ms   INTEGER NOT NULL, -- of that login
	PRIMARY KEY (username, profile, direction, period)
) WITHOUT ROWID;
CREATE INDEX quotas_seen ON quotas (seen_ms);

-- What is known of the days before: the session's own numbers, for those that began in the last five weeks. One that
-- is older than its day counts for the day on which it ended.
INSERT INTO usage_user
	SELECT username, profile, date(coalesce(ended_ms, counted_ms) / 1000, 'unixepoch') AS d, node, sum(bytes_in),
		sum(bytes_out)
	FROM sessions WHERE started_ms >= (unixepoch('now') - 35 * 86400) * 1000 AND identity_type <> 'anonymous'
	GROUP BY username, profile, d, node;

CREATE VIEW v_quota AS
SELECT username, profile, direction, period, begins, octets,
	coalesce((SELECT sum(iif(direction <> 'output', bytes_in, 0) + iif(direction <> 'input', bytes_out, 0))
		FROM usage_user u WHERE u.username = q.username AND u.profile = q.profile AND u.day >= q.begins), 0) AS used,
	strftime('%Y-%m-%dT%H:%M:%SZ', seen_ms / 1000, 'unixepoch') AS last_login
FROM (SELECT *, CASE period WHEN 'day' THEN date('now') WHEN 'week' THEN date('now', '-6 days', 'weekday 1')
	ELSE date('now', 'start of month') END AS begins FROM quotas) q
ORDER BY username, profile, direction, period;
UPDATE meta SET value = 3 WHERE name = 'views';
