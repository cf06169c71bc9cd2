-- sallyport.db: history, leases, events, counters. Never a secret: the operators' group may read it.
-- Times are UTC milliseconds, session ids are ULIDs, reasons and failures are tokens of the status
-- list. Steps go forward only. The tables are ours to change; the views are the contract.

CREATE TABLE meta (
	name  TEXT PRIMARY KEY,
	value
) WITHOUT ROWID;
-- A program that knows steps up to compatible_from or later may use this file: rollback works as
-- long as a step leaves this number alone.
INSERT INTO meta VALUES ('compatible_from', 1), ('views', 1);

CREATE TABLE sessions (
	ulid          TEXT PRIMARY KEY,
	node          TEXT NOT NULL,
	vrf           TEXT NOT NULL, -- outer; '' is our own
	ivrf          TEXT NOT NULL, -- inner
	profile       TEXT NOT NULL,
	policy        TEXT NOT NULL, -- authorization policy
	identity_type TEXT NOT NULL,
	identity      TEXT NOT NULL,
	username      TEXT NOT NULL,
	local         TEXT NOT NULL,
	remote        TEXT NOT NULL,
	ip4           TEXT,
	ip6           TEXT,
	started_ms    INTEGER NOT NULL,
	ended_ms      INTEGER,
	end_reason    TEXT,
	resumed       INTEGER NOT NULL DEFAULT 0,
	bytes_in      INTEGER NOT NULL DEFAULT 0,
	bytes_out     INTEGER NOT NULL DEFAULT 0,
	packets_in    INTEGER NOT NULL DEFAULT 0,
	packets_out   INTEGER NOT NULL DEFAULT 0,
	counted_ms    INTEGER NOT NULL, -- up to here usage_daily knows about it
	CHECK ((ended_ms IS NULL) = (end_reason IS NULL))
) WITHOUT ROWID;
CREATE INDEX sessions_active ON sessions (started_ms) WHERE ended_ms IS NULL;
CREATE INDEX sessions_ended ON sessions (ended_ms) WHERE ended_ms IS NOT NULL;
CREATE INDEX sessions_identity ON sessions (identity, started_ms);

CREATE TABLE leases (
	id          INTEGER PRIMARY KEY,
	ivrf        TEXT NOT NULL,
	address     TEXT NOT NULL,
	family      INTEGER NOT NULL CHECK (family IN (4, 6)),
	pool        TEXT NOT NULL,
	session     TEXT NOT NULL,
	identity    TEXT NOT NULL,
	granted_ms  INTEGER NOT NULL,
	released_ms INTEGER -- NULL while it is held
);
-- One address is never held twice, whatever the program believes.
CREATE UNIQUE INDEX leases_held ON leases (ivrf, address) WHERE released_ms IS NULL;
CREATE INDEX leases_session ON leases (session);
CREATE INDEX leases_released ON leases (released_ms) WHERE released_ms IS NOT NULL;
CREATE INDEX leases_address ON leases (address, granted_ms);

CREATE TABLE events (
	id       INTEGER PRIMARY KEY,
	ms       INTEGER NOT NULL,
	node     TEXT NOT NULL,
	event    TEXT NOT NULL,
	severity INTEGER NOT NULL, -- syslog, 0 to 7
	session  TEXT NOT NULL,
	peer     TEXT NOT NULL,
	detail   TEXT NOT NULL
);
CREATE INDEX events_session ON events (session) WHERE session <> '';

CREATE TABLE failures (
	id       INTEGER PRIMARY KEY,
	ms       INTEGER NOT NULL,
	node     TEXT NOT NULL,
	vrf      TEXT NOT NULL,
	status   TEXT NOT NULL,
	sentence TEXT NOT NULL,
	local    TEXT NOT NULL,
	remote   TEXT NOT NULL,
	identity TEXT NOT NULL,
	profile  TEXT NOT NULL
);

-- The last sample. A row is written when its value changed.
CREATE TABLE counters (
	token TEXT PRIMARY KEY,
	value INTEGER NOT NULL
) WITHOUT ROWID;

-- One sample a minute, of what changed since the one before.
CREATE TABLE counter_history (
	token  TEXT NOT NULL,
	ms     INTEGER NOT NULL,
	sample INTEGER NOT NULL,
	value  INTEGER NOT NULL,
	PRIMARY KEY (ms, token)
) WITHOUT ROWID;

CREATE TABLE usage_daily (
	day         TEXT NOT NULL, -- UTC
	node        TEXT NOT NULL,
	ivrf        TEXT NOT NULL,
	identity    TEXT NOT NULL,
	sessions    INTEGER NOT NULL DEFAULT 0, -- begun on that day
	active_ms   INTEGER NOT NULL DEFAULT 0,
	bytes_in    INTEGER NOT NULL DEFAULT 0,
	bytes_out   INTEGER NOT NULL DEFAULT 0,
	packets_in  INTEGER NOT NULL DEFAULT 0,
	packets_out INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (day, identity, ivrf, node)
) WITHOUT ROWID;

CREATE VIEW v_active AS
SELECT ulid, node, vrf, ivrf, profile, policy, identity_type, identity, username, local, remote, ip4,
	ip6, started_ms, strftime('%Y-%m-%dT%H:%M:%SZ', started_ms / 1000, 'unixepoch') AS started,
	resumed, bytes_in, bytes_out, packets_in, packets_out, counted_ms
FROM sessions WHERE ended_ms IS NULL ORDER BY started_ms;

CREATE VIEW v_history AS
SELECT ulid, node, vrf, ivrf, profile, policy, identity_type, identity, username, local, remote, ip4,
	ip6, started_ms, strftime('%Y-%m-%dT%H:%M:%SZ', started_ms / 1000, 'unixepoch') AS started,
	ended_ms, strftime('%Y-%m-%dT%H:%M:%SZ', ended_ms / 1000, 'unixepoch') AS ended,
	(ended_ms - started_ms) / 1000 AS seconds, end_reason, resumed, bytes_in, bytes_out,
	packets_in, packets_out
FROM sessions WHERE ended_ms IS NOT NULL ORDER BY ended_ms DESC;

CREATE VIEW v_usage_daily AS
SELECT day, node, ivrf, identity, sessions, active_ms / 1000 AS seconds, bytes_in, bytes_out,
	packets_in, packets_out
FROM usage_daily ORDER BY day DESC, identity;

CREATE VIEW v_failures AS
SELECT id, ms, strftime('%Y-%m-%dT%H:%M:%SZ', ms / 1000, 'unixepoch') AS at, node, vrf, status,
	sentence, local, remote, identity, profile
FROM failures ORDER BY id DESC;

CREATE VIEW v_leases AS
SELECT ivrf, address, family, pool, session, identity, granted_ms,
	strftime('%Y-%m-%dT%H:%M:%SZ', granted_ms / 1000, 'unixepoch') AS granted, released_ms,
	strftime('%Y-%m-%dT%H:%M:%SZ', released_ms / 1000, 'unixepoch') AS released,
	released_ms IS NULL AS held
FROM leases ORDER BY id DESC;

CREATE VIEW v_events AS
SELECT id, ms, strftime('%Y-%m-%dT%H:%M:%SZ', ms / 1000, 'unixepoch') AS at, node, event, severity,
	session, peer, detail
FROM events ORDER BY id DESC;

-- The last sample: what show prints of the same number.
CREATE VIEW v_counters AS
SELECT token, value, (SELECT value FROM meta WHERE name = 'sample') AS sample,
	(SELECT value FROM meta WHERE name = 'sample_ms') AS ms
FROM counters ORDER BY token;

CREATE VIEW v_counter_history AS
SELECT token, ms, strftime('%Y-%m-%dT%H:%M:%SZ', ms / 1000, 'unixepoch') AS at, sample, value
FROM counter_history ORDER BY token, ms;
