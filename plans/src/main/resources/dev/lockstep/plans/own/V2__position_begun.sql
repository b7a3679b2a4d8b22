-- Where a stream began: what it has changed since its standby was equal to its active, or was about to
-- be made so, came after that. NULL for streams that are older than this column.
ALTER TABLE lockstep.position ADD COLUMN begun pg_lsn;
