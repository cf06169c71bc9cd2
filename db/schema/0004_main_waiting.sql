-- Sessions outlive their tunnel: waiting_ms says since when one has none. record is what the session was
-- granted, sealed with a key that is in secrets.db: after a restart of the machine a session that has
-- one waits for its client. It goes with the end of the session.

ALTER TABLE sessions ADD COLUMN waiting_ms INTEGER;
ALTER TABLE sessions ADD COLUMN resumes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN record BLOB;

DROP VIEW v_active;
CREATE VIEW v_active AS
SELECT ulid, node, vrf, ivrf, profile, policy, identity_type, identity, username, local, remote, ip4,
	ip6, started_ms, strftime('%Y-%m-%dT%H:%M:%SZ', started_ms / 1000, 'unixepoch') AS started,
	resumed, bytes_in, bytes_out, packets_in, packets_out, counted_ms,
	iif(waiting_ms IS NULL, 'active', 'waiting') AS state,
	strftime('%Y-%m-%dT%H:%M:%SZ', waiting_ms / 1000, 'unixepoch') AS waiting_since, waiting_ms, resumes
FROM sessions WHERE ended_ms IS NULL ORDER BY started_ms;
