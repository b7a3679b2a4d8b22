package dev.lockstep.orchestrator.switching;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Session;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/// Who keeps a switch from its locks. They are named to whoever watches, and ended where the plan
/// says so.
final class Blockers {
    /// Autovacuum gives way by itself, and Lockstep's own sessions end soon.
    private static final String FIND =
            """
            SELECT DISTINCT a.pid,
                   format('pid %s (%s, %s, %s, its transaction open for %s s): %s', a.pid,
                          a.usename, a.application_name, a.state,
                          extract(epoch FROM clock_timestamp() - a.xact_start)::int,
                          left(regexp_replace(a.query, '\\s+', ' ', 'g'), 80)) AS line,
                   a.backend_type = 'client backend'
                       AND a.application_name NOT LIKE 'lockstep %' AS foreign_client
              FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
             WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND l.relation = ANY (SELECT to_regclass(t)::oid FROM unnest(?::text[]) AS t)
               AND l.mode IN ('RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock',
                              'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
               AND l.granted AND a.pid <> pg_backend_pid()
             ORDER BY a.pid\
            """;

    /// Nobody needs to hear of transactions that end at once.
    private static final Duration SAY_AFTER = Duration.ofSeconds(1);

    private static final String TERMINATE = "SELECT pg_terminate_backend(?)";

    private final Session session;
    private final String[] tables;
    private final Optional<Duration> terminateAfter;
    private final Consumer<String> watcher;
    private final long start = System.nanoTime();

    private record One(int pid, String line, boolean isForeignClient) {}

    /// @param session one that waits for no lock
    /// @param terminateAfter as the plan's `cutover.terminate-blockers`
    Blockers(
            Session session,
            List<TableName> tables,
            Optional<Duration> terminateAfter,
            Consumer<String> watcher) {
        this.session = session;
        this.tables = tables.stream().map(TableName::sql).toArray(String[]::new);
        this.terminateAfter = terminateAfter;
        this.watcher = watcher;
    }

    /// Another attempt to get the locks was in vain.
    void inTheWay() {
        List<One> found = find();
        if (found.isEmpty()) {
            return;
        }
        Duration waited = Duration.ofNanos(System.nanoTime() - start);
        boolean isEnough = terminateAfter.map(after -> waited.compareTo(after) >= 0).orElse(false);
        if (isEnough) {
            found.stream().filter(One::isForeignClient).forEach(this::terminate);
        } else if (waited.compareTo(SAY_AFTER) >= 0) {
            watcher.accept("locks that the switch needs are held by " + text(found));
        }
    }

    private void terminate(One blocker) {
        try {
            session.one(TERMINATE, blocker.pid());
            watcher.accept("ended a session that held locks: " + blocker.line());
        } catch (LockstepException e) {
            watcher.accept(
                    "a session that holds locks, %s, cannot be ended: %s"
                            .formatted(blocker.line(), e.text()));
        }
    }

    private List<One> find() {
        return session.rows(
                FIND,
                row -> new One(row.integer("pid"), row.text("line"), row.flag("foreign_client")),
                (Object) tables);
    }

    private static String text(List<One> found) {
        return found.stream().map(One::line).collect(Collectors.joining("; "));
    }

    /// Those of now, for a message.
    String text() {
        try {
            List<One> found = find();
            return found.isEmpty() ? "none is left to be seen" : text(found);
        } catch (LockstepException e) {
            return "they cannot be read: " + e.text();
        }
    }
}
