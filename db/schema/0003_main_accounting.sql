-- Sessions of which accounting servers were told, and whose end they have not been told yet: what their Stop is
-- made of when nobody else is there any more to make it. A broadcast has one row for each group of servers.
CREATE TABLE accounting_open (
	id      INTEGER PRIMARY KEY,
	session TEXT NOT NULL,
	record  BLOB NOT NULL
);
CREATE INDEX accounting_open_session ON accounting_open (session);
