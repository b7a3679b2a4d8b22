package dev.lockstep.cdc.capture;

import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.SqlStates;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A stream's publication and replication slot on the active database, which share one name.
public final class Slot {
    private static final Duration CREATE_MAX = Duration.ofSeconds(60);
    private static final Duration LOCK_MAX = Duration.ofSeconds(2);

    private static final String RETAINED =
            """
            coalesce(pg_wal_lsn_diff(
                CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                     ELSE pg_current_wal_lsn() END, restart_lsn), 0)::bigint\
            """;

    private static final String FIND =
            """
            SELECT database = current_database() AS own, confirmed_flush_lsn, wal_status,
                   %s AS retained
              FROM pg_replication_slots WHERE slot_name = ?\
            """
                    .formatted(RETAINED);

    private static final String MOST_RETAINED =
            """
            SELECT coalesce(max(%s), 0)
              FROM pg_replication_slots
             WHERE database = current_database() AND slot_name ~ ('^' || ? || '[0-9]+$')\
            """
                    .formatted(RETAINED);

    /// Of all databases of the server, since a new slot waits for all.
    private static final String OLD_TRANSACTIONS =
            """
            SELECT format('pid %s on database "%s" (%s, %s, open for %s s): %s', pid, datname,
                          usename, application_name,
                          extract(epoch FROM clock_timestamp() - xact_start)::int,
                          left(query, 80)) AS line
              FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
            UNION ALL
            SELECT format('prepared transaction "%s" on database "%s" (%s, since %s)', gid,
                          database, owner, date_trunc('second', prepared))
              FROM pg_prepared_xacts
             LIMIT 10\
            """;

    private static final String MEMBERS =
            """
            SELECT 'ONLY ' || r.prrelid::regclass AS member
              FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
             WHERE p.pubname = ?\
            """;
    private static final String UNLISTED =
            """
            SELECT name FROM unnest(?::text[]) AS name WHERE NOT EXISTS (
                SELECT FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
                 WHERE p.pubname = ? AND r.prrelid = name::regclass)\
            """;
    private static final String CARRIED =
            "SELECT schemaname, tablename FROM pg_publication_tables WHERE pubname = ?";
    private static final String RUNNING =
            """
            SELECT EXISTS (SELECT FROM pg_stat_activity
                            WHERE datname = current_database() AND pid <> pg_backend_pid()
                              AND backend_type = 'client backend' AND state = 'active'
                              AND query_start < ?::timestamptz)\
            """;
    private static final int STATEMENT_LOOKS = 50;
    private static final String COMPUTED = " WITH (publish_generated_columns = stored)";
    private static final int COMPUTED_SINCE = 18;

    private final String name;

    /// What the server says about a slot.
    public record State(Lsn confirmed, boolean lost, long retainedBytes) {}

    public Slot(String run, int stream) {
        this.name = prefix(run) + stream;
    }

    private static String prefix(String run) {
        return "lockstep_" + run.replace('-', '_') + "_";
    }

    /// The WAL that the server of `session` keeps for a run, whatever stream it is at.
    public static long retainedBytes(Session session, String run) {
        return Long.parseLong(session.one(MOST_RETAINED, prefix(run)));
    }

    public String name() {
        return name;
    }

    /// Whether a publication of this name is there.
    public boolean isPublished(Session session) {
        return session.flag("SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = ?)", name);
    }

    /// What the server knows of the slot; empty where there is none.
    public Optional<State> state(Session session) {
        return session.row(
                FIND,
                row -> {
                    if (!row.flag("own")) {
                        throw new LockstepException(
                                Fault.NAME_IN_USE,
                                ("replication slot \"%s\" belongs to another database of the "
                                                        + "server of \"%s\";")
                                                .formatted(name, session.label())
                                        + " give the plan another name or drop the slot");
                    }
                    return new State(
                            row.isNull("confirmed_flush_lsn")
                                    ? Lsn.ZERO
                                    : row.lsn("confirmed_flush_lsn"),
                            row.maybeText("wal_status").orElse("").equals("lost"),
                            row.number("retained"));
                },
                name);
    }

    /// Publishes `tables`, all of which hold rows themselves, and makes the slot, where they are
    /// missing. Returns the position from which every commit is sent.
    public Lsn create(Db active, List<Table> tables) {
        try (Session session = active.session("slot")) {
            if (isPublished(session)) {
                checkMembers(session, tables);
                addMembers(session, tables);
            } else {
                session.run(
                        "CREATE PUBLICATION %s FOR TABLE %s%s"
                                .formatted(
                                        new Ident(name),
                                        published(tables),
                                        publishesComputed(session) ? COMPUTED : ""));
            }
            Optional<State> found = state(session);
            if (found.isPresent()) {
                return found.get().confirmed();
            }
            return createSlot(session);
        }
    }

    /// What was not there when the stream was made has changes that nobody has seen.
    private void checkMembers(Session session, List<Table> tables) {
        Set<TableName> members =
                Set.copyOf(
                        session.rows(
                                CARRIED,
                                row -> new TableName(row.text("schemaname"), row.text("tablename")),
                                name));
        String missing =
                tables.stream()
                        .map(Table::name)
                        .filter(table -> !members.contains(table))
                        .map(table -> "\"" + table + "\"")
                        .collect(Collectors.joining(", "));
        if (!missing.isEmpty()) {
            throw new LockstepException(
                    Fault.CHANGE_REFUSED,
                    ("table %s of \"%s\" is not carried: it came into scope after the run"
                                    + " had begun, or was renamed or created anew; drop it there,"
                                    + " or put it into tables.exclude, and run again; or abort and"
                                    + " start afresh")
                            .formatted(missing, session.label()));
        }
    }

    /// Whether columns come that the database computes and stores. Where the server can publish
    /// them it refuses changes of a table with such columns and REPLICA IDENTITY FULL unless it
    /// does.
    static boolean publishesComputed(Session session) {
        return session.serverMajor() >= COMPUTED_SINCE;
    }

    /// A partition comes with its topmost table, and so does one that is attached later; and by
    /// itself, so that its changes come on once it is detached.
    private static String published(List<Table> tables) {
        return tables.stream()
                .flatMap(t ->
                        Stream.concat(
                                t.root().map(TableName::sql).stream(),
                                Stream.of("ONLY " + t.name().sql())))
                .distinct()
                .collect(Collectors.joining(", "));
    }

    /// Partitions that were attached since are published by themselves from now on, too.
    private void addMembers(Session session, List<Table> tables) {
        String[] names = tables.stream().map(t -> t.name().sql()).toArray(String[]::new);
        String add = "ALTER PUBLICATION %s ADD TABLE ONLY ".formatted(new Ident(name));
        session.rows(UNLISTED, row -> row.text("name"), names, name)
                .forEach(table -> session.run(add + table));
    }

    private Lsn createSlot(Session session) {
        session.run("SET statement_timeout = " + CREATE_MAX.toMillis());
        try {
            return Lsn.parse(
                    session.one(
                            "SELECT lsn FROM pg_create_logical_replication_slot(?, 'pgoutput')",
                            name));
        } catch (LockstepException e) {
            if (SqlStates.of(e).orElse("").equals(SqlStates.CANCELLED)) {
                throw slow(session, e);
            }
            throw e;
        } finally {
            session.run("SET statement_timeout = 0");
        }
    }

    private LockstepException slow(Session session, LockstepException cause) {
        return new LockstepException(
                Fault.LOCK_TIMEOUT,
                ("replication slot \"%s\" on \"%s\" was not ready within %d s: it waits for "
                                + "every transaction that was open: %s; end them and run again")
                        .formatted(
                                name,
                                session.label(),
                                CREATE_MAX.toSeconds(),
                                describeOldTransactions(session)),
                cause);
    }

    /// The transactions that a new slot waits for, for messages.
    public static String describeOldTransactions(Session session) {
        List<String> lines = session.rows(OLD_TRANSACTIONS, row -> row.text("line"));
        return lines.isEmpty() ? "none is visible" : String.join("; ", lines);
    }

    /// Removes slot and publication, whatever of them is there. A dead process's walsender may
    /// still hold the slot for a moment; it is ended.
    public void drop(Db active) {
        try (Session session = active.session("slot")) {
            if (state(session).isPresent()) {
                session.rows(
                        """
                        SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots
                         WHERE slot_name = ? AND active_pid IS NOT NULL\
                        """,
                        row -> row.textAt(1),
                        name);
                session.rows("SELECT pg_drop_replication_slot(?)", row -> row.textAt(1), name);
            }
            dropPublication(session);
        }
    }

    /// An update fails where it has read that its table is in a publication and then does not find
    /// that one. So the tables leave it first, and it stays as long as a statement may run that has
    /// still read of it.
    private void dropPublication(Session session) {
        List<String> tables = session.rows(MEMBERS, row -> row.text("member"), name);
        if (!tables.isEmpty()) {
            session.run("SET lock_timeout = " + LOCK_MAX.toMillis());
            try {
                session.run(
                        "ALTER PUBLICATION %s DROP TABLE %s"
                                .formatted(new Ident(name), String.join(", ", tables)));
                awaitStatements(session);
            } catch (LockstepException e) {
                if (e.fault() != Fault.LOCK_TIMEOUT) {
                    throw e;
                }
                // Somebody else works on a table, with few updates beside that.
            } finally {
                session.run("SET lock_timeout = 0");
            }
        }
        session.run("DROP PUBLICATION IF EXISTS " + new Ident(name));
    }

    /// Waits for the statements that run now, but not long: of one that takes its time, the moment
    /// in question is over.
    private static void awaitStatements(Session session) {
        String now = session.one("SELECT clock_timestamp()");
        for (int look = 0; look < STATEMENT_LOOKS && session.flag(RUNNING, now); look++) {
            session.rows("SELECT pg_sleep(0.02)", row -> row.textAt(1));
        }
    }
}
