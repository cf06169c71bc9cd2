-- A record of accounting begins with the name of its queue: one octet of length, then that. Queues are read one by one, so that
-- one that nobody takes anything from costs the others nothing.
ALTER TABLE accounting ADD COLUMN queue BLOB AS (substr(record, 2,
	(instr('0123456789ABCDEF', substr(hex(substr(record, 1, 1)), 1, 1)) - 1) * 16 +
	instr('0123456789ABCDEF', substr(hex(substr(record, 1, 1)), 2, 1)) - 1)) VIRTUAL;
CREATE INDEX accounting_queue ON accounting (queue);
