-- Lockstep's own tables. Both databases have all of them: positions lie beside the rows that they
-- speak of, everything else is used on the target. `run` is the plan's name everywhere.

-- The first two outlast the others when no run is left. This and what changes them later runs over
-- them once more when the others come back, so it has to bear that they are there.

-- One row a run. `fingerprint` says what is moved from where, so that a name is not used twice; the
-- folder is where its embedded broker was last.
CREATE TABLE IF NOT EXISTS lockstep.run (
    name text PRIMARY KEY,
    fingerprint text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE lockstep.run
    ADD COLUMN IF NOT EXISTS folder text NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS machine text NOT NULL DEFAULT '';

-- What happened, in order. Nothing is ever changed or removed; the state of a run is the fold of this.
CREATE TABLE IF NOT EXISTS lockstep.journal (
    run text NOT NULL,
    seq bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    epoch bigint NOT NULL,
    event text NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (run, seq)
);

-- Who brings the run forward. `epoch` grows with every owner and fences the ones before. `passing`:
-- a command that gives the run back by itself.
CREATE TABLE lockstep.lease (
    run text PRIMARY KEY,
    epoch bigint NOT NULL,
    owner text NOT NULL,
    backend_pid integer NOT NULL,
    backend_start timestamptz NOT NULL,
    renewed_at timestamptz NOT NULL,
    released boolean NOT NULL DEFAULT false,
    passing boolean NOT NULL DEFAULT false
);

-- What other processes ask of the one that holds the lease. It claims a request and then does what
-- is asked, as long as the session that asked is there: a command that nobody waits for is none. Who
-- asked may have it left (`recalled`).
CREATE TABLE lockstep.request (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run text NOT NULL,
    command text NOT NULL,
    arguments jsonb NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    asker_pid integer NOT NULL,
    asker_start timestamptz NOT NULL,
    claimed_at timestamptz,
    recalled boolean NOT NULL DEFAULT false,
    finished_at timestamptz,
    outcome jsonb
);

-- What the owner of the lease last knew; for `status` only.
CREATE TABLE lockstep.progress (
    run text PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    body jsonb NOT NULL
);

-- How far the changes of a stream are in this database, committed with the rows themselves.
-- `stream` counts the switches; `lsn` is the end of the last transaction that is in, `changes` how
-- many rows were changed up to there. `strict`: every change must fit exactly; before that, changes
-- overlap with rows that were copied later. `timeline` is the one of the active's WAL that `lsn` is on.
CREATE TABLE lockstep.position (
    run text NOT NULL,
    stream integer NOT NULL,
    epoch bigint NOT NULL,
    lsn pg_lsn NOT NULL,
    timeline integer NOT NULL,
    changes bigint NOT NULL DEFAULT 0,
    strict boolean NOT NULL DEFAULT false,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run, stream)
);

-- Tables of the copy. `snapshot_lsn` is set where the whole table was read from one snapshot: changes
-- that were committed up to there are in it already.
CREATE TABLE lockstep.copy_table (
    run text NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    rows_estimated bigint NOT NULL,
    snapshot_lsn pg_lsn,
    PRIMARY KEY (run, schema_name, table_name)
);

-- Ranges of those tables, `from_key <= key < until_key` with NULL for no bound; `rows` is set in the
-- transaction that brings the rows.
CREATE TABLE lockstep.chunk (
    run text NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    chunk integer NOT NULL,
    from_key text[],
    until_key text[],
    rows bigint,
    PRIMARY KEY (run, schema_name, table_name, chunk),
    FOREIGN KEY (run, schema_name, table_name) REFERENCES lockstep.copy_table
);

-- Rows whose changes overlapped with the copy in a way that replay alone cannot finish; they are kept
-- out of the standby and copied again at a cut. Names and keys are the standby's.
CREATE TABLE lockstep.unfinished_row (
    run text NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    key text[] NOT NULL,
    PRIMARY KEY (run, schema_name, table_name, key)
);

-- How the target's sequences stood when the run found them, for a run that is given up.
CREATE TABLE lockstep.found_sequence (
    run text NOT NULL,
    schema_name text NOT NULL,
    sequence_name text NOT NULL,
    last_value bigint NOT NULL,
    is_called boolean NOT NULL,
    PRIMARY KEY (run, schema_name, sequence_name)
);

-- Writes that came to a table of a database that refuses them, past its refusal. Kept until whoever
-- works on the run has read them.
CREATE TABLE lockstep.stray_write (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    table_name text NOT NULL,
    statement text NOT NULL,
    who text NOT NULL
);

-- Takes such a write down, of a session in replica role, which no refusal reaches. A client that goes
-- on and on leaves a row every ten seconds. It never fails a write.
CREATE FUNCTION lockstep.note_stray_write() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    client text := format('%s (%s, %s)', session_user,
                          coalesce(nullif(current_setting('application_name'), ''), 'no name'),
                          coalesce(host(inet_client_addr()), 'local'));
BEGIN
    INSERT INTO lockstep.stray_write (run, table_name, statement, who)
    SELECT TG_ARGV[0], format('%s.%s', TG_TABLE_SCHEMA, TG_TABLE_NAME), TG_OP, client
     WHERE EXISTS (
               SELECT FROM pg_trigger t
                WHERE t.tgrelid = TG_RELID AND t.tgname = 'lockstep_refuse_' || TG_ARGV[0]
                  AND t.tgenabled <> 'D')
       AND NOT EXISTS (
               SELECT FROM lockstep.stray_write s
                WHERE s.run = TG_ARGV[0] AND s.statement = TG_OP AND s.who = client
                  AND s.table_name = format('%s.%s', TG_TABLE_SCHEMA, TG_TABLE_NAME)
                  AND s.at > clock_timestamp() - interval '10 seconds');
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END
$$;

-- What refuses writes to a table that this database follows or has given away. Appliers pass: they
-- write in replica role, in which triggers of this kind do not fire.
CREATE FUNCTION lockstep.refuse_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = '25006',
        MESSAGE = format('table "%s.%s" accepts no writes in this database: run "%s" has its writes go to %s',
                         TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_ARGV[0], TG_ARGV[1]),
        HINT = 'Connect to that database, or wait until the run switches back.';
END
$$;
