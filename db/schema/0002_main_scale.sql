-- A year of ten thousand users a day: what was found by reading a whole table has an index, what was
-- summed over all users of a day is kept as a sum. Only additions, which an older program leaves in
-- order because the triggers are in the file: compatible_from stays.

CREATE INDEX sessions_username ON sessions (username, started_ms);
CREATE INDEX usage_daily_identity ON usage_daily (identity, day);
-- Of all rows: those that are held are found by it too.
DROP INDEX leases_released;
CREATE INDEX leases_released ON leases (released_ms);
CREATE INDEX events_ms ON events (ms);
CREATE INDEX failures_ms ON failures (ms);
CREATE INDEX failures_identity ON failures (identity, ms);
CREATE INDEX counter_history_token ON counter_history (token, ms);

-- The sum of usage_daily over identities, row by row, also when rows of it go.
CREATE TABLE usage_total (
	day         TEXT NOT NULL, -- UTC
	node        TEXT NOT NULL,
	ivrf        TEXT NOT NULL,
	users       INTEGER NOT NULL, -- identities that were seen on that day
	sessions    INTEGER NOT NULL,
	active_ms   INTEGER NOT NULL,
	bytes_in    INTEGER NOT NULL,
	bytes_out   INTEGER NOT NULL,
	packets_in  INTEGER NOT NULL,
	packets_out INTEGER NOT NULL,
	PRIMARY KEY (day, ivrf, node)
) WITHOUT ROWID;
INSERT INTO usage_total
	SELECT day, node, ivrf, count(*), sum(sessions), sum(active_ms), sum(bytes_in), sum(bytes_out),
		sum(packets_in), sum(packets_out)
	FROM usage_daily GROUP BY day, ivrf, node;

CREATE TRIGGER usage_daily_more AFTER INSERT ON usage_daily BEGIN
	INSERT INTO usage_total VALUES (NEW.day, NEW.node, NEW.ivrf, 1, NEW.sessions, NEW.active_ms,
		NEW.bytes_in, NEW.bytes_out, NEW.packets_in, NEW.packets_out)
	ON CONFLICT DO UPDATE SET users = users + 1, sessions = sessions + excluded.sessions,
		active_ms = active_ms + excluded.active_ms, bytes_in = bytes_in + excluded.bytes_in,
		bytes_out = bytes_out + excluded.bytes_out,
		packets_in = packets_in + excluded.packets_in,
		packets_out = packets_out + excluded.packets_out;
END;
CREATE TRIGGER usage_daily_again AFTER UPDATE ON usage_daily BEGIN
	UPDATE usage_total SET sessions = sessions + NEW.sessions - OLD.sessions,
		active_ms = active_ms + NEW.active_ms - OLD.active_ms,
		bytes_in = bytes_in + NEW.bytes_in - OLD.bytes_in,
		bytes_out = bytes_out + NEW.bytes_out - OLD.bytes_out,
		packets_in = packets_in + NEW.packets_in - OLD.packets_in,
		packets_out = packets_out + NEW.packets_out - OLD.packets_out
	WHERE day = NEW.day AND ivrf = NEW.ivrf AND node = NEW.node;
END;
CREATE TRIGGER usage_daily_less AFTER DELETE ON usage_daily BEGIN
	UPDATE usage_total SET users = users - 1, sessions = sessions - OLD.sessions,
		active_ms = active_ms - OLD.active_ms, bytes_in = bytes_in - OLD.bytes_in,
		bytes_out = bytes_out - OLD.bytes_out, packets_in = packets_in - OLD.packets_in,
		packets_out = packets_out - OLD.packets_out
	WHERE day = OLD.day AND ivrf = OLD.ivrf AND node = OLD.node;
	DELETE FROM usage_total
	WHERE day = OLD.day AND ivrf = OLD.ivrf AND node = OLD.node AND users = 0;
END;

-- How many rows sessions has: counting millions of them takes too long for the limit to be looked at.
INSERT INTO meta SELECT 'sessions', count(*) FROM sessions;
CREATE TRIGGER sessions_more AFTER INSERT ON sessions BEGIN
	UPDATE meta SET value = value + 1 WHERE name = 'sessions';
END;
CREATE TRIGGER sessions_less AFTER DELETE ON sessions BEGIN
	UPDATE meta SET value = value - 1 WHERE name = 'sessions';
END;

-- Accounting records that a server has not confirmed yet, in the order in which they came. A number is
-- never used again: what confirms an old record cannot remove a new one.
CREATE TABLE accounting (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	ms      INTEGER NOT NULL, -- of the event
	session TEXT NOT NULL,
	record  BLOB NOT NULL
);

-- By time, as before as long as clocks go forward: a period is then found by the index that also has the
-- order. The columns are the same.
DROP VIEW v_events;
CREATE VIEW v_events AS
SELECT id, ms, strftime('%Y-%m-%dT%H:%M:%SZ', ms / 1000, 'unixepoch') AS at, node, event, severity,
	session, peer, detail
FROM events ORDER BY ms DESC, id DESC;
DROP VIEW v_failures;
CREATE VIEW v_failures AS
SELECT id, ms, strftime('%Y-%m-%dT%H:%M:%SZ', ms / 1000, 'unixepoch') AS at, node, vrf, status,
	sentence, local, remote, identity, profile
FROM failures ORDER BY ms DESC, id DESC;

-- Within a day the identities needed sorting, which sums over a month paid for.
DROP VIEW v_usage_daily;
CREATE VIEW v_usage_daily AS
SELECT day, node, ivrf, identity, sessions, active_ms / 1000 AS seconds, bytes_in, bytes_out,
	packets_in, packets_out
FROM usage_daily ORDER BY day DESC;

CREATE VIEW v_usage_total AS
SELECT day, node, ivrf, users, sessions, active_ms / 1000 AS seconds, bytes_in, bytes_out, packets_in,
	packets_out
FROM usage_total ORDER BY day DESC;

CREATE VIEW v_accounting AS
SELECT id, ms, strftime('%Y-%m-%dT%H:%M:%SZ', ms / 1000, 'unixepoch') AS at, session,
	length(record) AS octets
FROM accounting ORDER BY id;
UPDATE meta SET value = 2 WHERE name = 'views';
