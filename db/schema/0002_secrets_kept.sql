-- Secrets of the daemon itself that must outlive it, one row each: the keys that seal tickets for
-- resumption. The values are not encrypted: there is no other place on this machine for the key of
-- them. Who reads this file can open the tickets of the last two days.

CREATE TABLE kept (
	name   TEXT PRIMARY KEY,
	value  BLOB NOT NULL
) WITHOUT ROWID;
