-- secrets.db: readable by the daemon alone (mode 0600). It exists from the first version so that no
-- secret ever needs a place in sallyport.db; its tables come with the features that have secrets
-- (users, verifiers, ticket keys), with their values encrypted.

CREATE TABLE meta (
	name  TEXT PRIMARY KEY,
	value
) WITHOUT ROWID;
-- pair is copied into sallyport.db: files of two installations are noticed when they are mixed.
INSERT INTO meta VALUES ('compatible_from', 1), ('pair', lower(hex(randomblob(16))));
