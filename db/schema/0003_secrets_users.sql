-- Users of this headend, and what lockout remembers about users of any kind (also those that stand in the
-- configuration: they have no record). record: the verifiers, AES-256-GCM under the master key, which is
-- not in this file; the name is covered, so that a record cannot be moved to another user.
-- failures since since_ms; until_ms: locked until then; totp_used: time step of the last code that was
-- accepted. Times are UTC milliseconds.

CREATE TABLE users (
	name      TEXT PRIMARY KEY,
	record    BLOB,
	failures  INTEGER NOT NULL DEFAULT 0,
	since_ms  INTEGER NOT NULL DEFAULT 0,
	until_ms  INTEGER NOT NULL DEFAULT 0,
	totp_used INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
