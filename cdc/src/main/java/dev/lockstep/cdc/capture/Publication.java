package dev.lockstep.cdc.capture;

import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The publication of a stream: which tables' changes the server decodes for it.
record Publication(String name) {
    private static final Duration LOCK_MAX = Duration.ofSeconds(2);
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
    private static final String THERE = "SELECT to_regclass(?) IS NOT NULL";
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

    boolean isThere(Session session) {
        return session.flag("SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = ?)", name);
    }

    /// Publishes `tables`, all of which hold rows themselves.
    void create(Session session, List<Table> tables) {
        session.begin();
        try {
            session.run(
                    "CREATE PUBLICATION %s FOR TABLE %s%s"
                            .formatted(
                                    new Ident(name),
                                    published(tables),
                                    publishesComputed(session) ? COMPUTED : ""));
            new Membership(name).note(session);
            session.commit();
        } catch (LockstepException e) {
            session.rollback();
            throw e;
        }
    }

    /// Fails where a table of `tables` is not published, but for partitions that were attached
    /// since: they come with their topmost table, and now by themselves, too. Returns whether there
    /// were any.
    boolean extend(Session session, List<Table> tables) {
        checkMembers(session, tables);
        return addMembers(session, tables);
    }

    /// What was not there when the stream was made has changes that nobody has seen.
    private void checkMembers(Session session, List<Table> tables) {
        Set<TableName> members =
                Set.copyOf(
                        session.rows(
                                CARRIED,
                                row -> new TableName(row.text("schemaname"), row.text("tablename")),
                                name));
        List<TableName> missing =
                tables.stream().map(Table::name).filter(table -> !members.contains(table)).toList();
        List<TableName> gone =
                missing.stream().filter(table -> !session.flag(THERE, table.sql())).toList();
        if (!gone.isEmpty()) {
            throw new LockstepException(
                    Fault.SCHEMA_CHANGED,
                    "table %s of \"%s\" has gone since its schema was read"
                            .formatted(quoted(gone), session.label()));
        }
        if (!missing.isEmpty()) {
            throw new LockstepException(
                    Fault.CHANGE_REFUSED,
                    ("table %s of \"%s\" is not carried: it came into scope after the run"
                                    + " had begun, or was renamed or created anew; drop it there,"
                                    + " or put it into tables.exclude, and run again; or abort and"
                                    + " start afresh")
                            .formatted(quoted(missing), session.label()));
        }
    }

    private static String quoted(List<TableName> tables) {
        return tables.stream().map(table -> "\"" + table + "\"").collect(Collectors.joining(", "));
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

    private boolean addMembers(Session session, List<Table> tables) {
        String[] names = tables.stream().map(t -> t.name().sql()).toArray(String[]::new);
        String add = "ALTER PUBLICATION %s ADD TABLE ONLY ".formatted(new Ident(name));
        session.run("SET lock_timeout = " + LOCK_MAX.toMillis());
        List<String> unlisted = session.rows(UNLISTED, row -> row.text("name"), names, name);
        unlisted.forEach(table -> session.run(add + table));
        session.run("SET lock_timeout = 0");
        return !unlisted.isEmpty();
    }

    /// An update fails where it has read that its table is in a publication and then does not find
    /// that one. So the tables leave it first, and it stays as long as a statement may run that has
    /// still read of it.
    void drop(Session session) {
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
