package dev.lockstep.orchestrator.kill;

import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.SqlStates;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.PostgresServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/// Source and target of a run, on a server each, and what a test asks of them.
public final class Databases implements AutoCloseable {
    private static final String LOCKSTEP =
            """
            SELECT coalesce(string_agg(application_name || ': ' || left(query, 100), E'\\n'), '')
              FROM pg_stat_activity
             WHERE datname = current_database() AND backend_type IN ('client backend', 'walsender')
               AND application_name NOT LIKE 'test%'\
            """;
    private static final String WAITERS =
            """
            SELECT EXISTS (SELECT FROM pg_stat_activity
                            WHERE datname = current_database() AND application_name LIKE 'lockstep%'
                              AND ?::int = ANY (pg_blocking_pids(pid)))\
            """;
    private static final String LEFT_OVER =
            """
            SELECT 'slot ' || slot_name AS thing FROM pg_replication_slots
             WHERE database = current_database()
            UNION ALL SELECT 'publication ' || pubname FROM pg_publication
            UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal
            UNION ALL SELECT 'prepared ' || gid FROM pg_prepared_xacts
                       WHERE database = current_database()
            UNION ALL SELECT 'relation ' || oid::regclass FROM pg_class
             WHERE relname ~ 'lockstep|flyway' AND relnamespace::regnamespace::text <> 'lockstep'\
            """;

    /// The journal stays, with what each run moved.
    private static final String NOTES =
            """
            SELECT (SELECT count(*) FROM pg_class
                     WHERE relnamespace = 'lockstep'::regnamespace AND relkind = 'r'
                       AND relname NOT IN ('journal', 'run'))
                 + (SELECT count(*) FROM pg_proc WHERE pronamespace = 'lockstep'::regnamespace)\
            """;

    private static final String DROP_SLOTS =
            """
            SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
             WHERE database = current_database() AND NOT active\
            """;
    private static final String PLAN =
            """
            lockstep: 1
            name: %s
            source: { url: "%s", user: postgres, password: postgres }
            target: { url: "%s", user: postgres, password: postgres }
            kafka: embedded
            tables: { include: ["public.*"] }
            schema: { copy: none, expand: expand/, contract: contract/ }
            backfill: { workers: 2, chunk: 8KiB, rows-per-second: %s }
            cutover: { max-lag: 60s, max-pause: 60s }
            """;

    private static final AtomicInteger RUNS = new AtomicInteger();

    private final String run = "kill-" + RUNS.incrementAndGet();
    private final Db source = PostgresServer.shared().database();
    private final Db target = PostgresServer.second().database();

    /// What one side says to application writes.
    enum Answer {
        ACCEPTS,
        REFUSES,
        DIFFERS
    }

    /// A table that a test holds so that whoever needs it stands still.
    public record Hold(Session session, int pid, Db db) implements AutoCloseable {
        public boolean isWaitedFor() {
            return db.call(watch -> watch.flag(WAITERS, pid));
        }

        @Override
        public void close() {
            session.close();
        }
    }

    public void create() {
        Tables.create(source, target);
    }

    /// Writes the run's plan and the folders that it names.
    ///
    /// @param rate how fast rows may be copied
    Path plan(Path folder, String rate) {
        return plan(folder, rate, source.endpoint().url(), target.endpoint().url());
    }

    /// As the other, with the databases to be reached on ways of their own.
    Path plan(Path folder, String rate, String sourceUrl, String targetUrl) {
        try {
            Files.createDirectories(folder.resolve("expand"));
            Files.createDirectories(folder.resolve("contract"));
            Files.writeString(
                    folder.resolve("expand/V1__expand.sql"), "CREATE TABLE public.expanded ();");
            Files.writeString(
                    folder.resolve("contract/V1__contract.sql"),
                    "CREATE TABLE public.contracted ();");
            return Files.writeString(
                    folder.resolve("plan.yaml"), PLAN.formatted(run, sourceUrl, targetUrl, rate));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Whether a copy has begun.
    boolean hasChunks() {
        return target.call(
                session -> session.flag("SELECT to_regclass('lockstep.chunk') IS NOT NULL"));
    }

    public Db of(Side side) {
        return side == Side.SOURCE ? source : target;
    }

    public Hold hold(Side side, String table, String mode) {
        Session session = of(side).session("hold");
        session.begin();
        session.run("LOCK TABLE %s IN %s MODE".formatted(table, mode));
        return new Hold(session, session.backendPid(), of(side));
    }

    /// What a side answers, of all tables, to a write that finds no row: triggers fire all the
    /// same.
    Answer answer(Side side) {
        List<Answer> answers = new ArrayList<>();
        try (Session session = of(side).session("probe")) {
            session.run("SET search_path = public");
            for (String table : Tables.all()) {
                answers.add(answer(session, "DELETE FROM %s WHERE false".formatted(table)));
            }
        }
        return answers.stream().distinct().count() == 1 ? answers.getFirst() : Answer.DIFFERS;
    }

    private static Answer answer(Session session, String write) {
        try {
            session.run(write);
            return Answer.ACCEPTS;
        } catch (LockstepException e) {
            if (SqlStates.of(e).orElse("").equals(SqlStates.READ_ONLY)) {
                return Answer.REFUSES;
            }
            throw e;
        }
    }

    public long number(Side side, String sql) {
        return of(side).call(session -> session.number(sql));
    }

    /// Sessions of Lockstep's, as text.
    public String sessions() {
        return source.call(session -> session.one(LOCKSTEP))
                + target.call(session -> session.one(LOCKSTEP));
    }

    /// Whatever a run that is over has left, apart from its journal on the target.
    public List<String> leftOver() {
        List<String> found = new ArrayList<>();
        for (Side side : Side.values()) {
            of(side).call(session -> session.rows(LEFT_OVER, row -> row.text("thing"))).stream()
                    .map(thing -> side.label() + ": " + thing)
                    .forEach(found::add);
        }
        if (number(Side.SOURCE, "SELECT count(*) FROM pg_namespace WHERE nspname = 'lockstep'")
                > 0) {
            found.add("source: schema lockstep");
        }
        if (number(Side.TARGET, NOTES) > 0) {
            found.add("target: notes beside the journal");
        }
        return found;
    }

    /// The journal, a line an event.
    public List<String> journal() {
        return Pair.rows(target, "SELECT event, body, epoch FROM lockstep.journal ORDER BY seq");
    }

    /// Removes both.
    public void drop() {
        PostgresServer.shared().drop(source);
        PostgresServer.second().drop(target);
    }

    /// Slots of a run that failed would keep other tests from having theirs.
    @Override
    public void close() {
        for (Db db : List.of(source, target)) {
            try (db;
                    Session session = db.session("close")) {
                session.rows(DROP_SLOTS, row -> row.textAt(1));
            }
        }
    }
}
