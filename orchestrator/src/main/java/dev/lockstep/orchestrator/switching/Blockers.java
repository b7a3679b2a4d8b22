package dev.lockstep.orchestrator.switching;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Session;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/// Who keeps a switch from its locks. They are named to whoever watches, and ended where the plan
/// says so.
final class Blockers {
    /// Autovacuum gives way by itself, and Lockstep's own sessions end soon. A prepared transaction
    /// has no session.
    private static final String FIND =
            """
            SELECT DISTINCT coalesce(a.pid, 0) AS pid, concat(a.pid, '/', a.xact_start) AS work,
                   CASE WHEN l.pid IS NULL
                        THEN coalesce(format('prepared transaction %L of %s, prepared %s', p.gid,
                                             p.owner, p.prepared), 'a prepared transaction')
                        ELSE format('pid %s (%s, %s, %s, its transaction open for %s s): %s',
                                    a.pid, a.usename, a.application_name, a.state,
                                    extract(epoch FROM clock_timestamp() - a.xact_start)::int,
                                    left(regexp_replace(a.query, '\\s+', ' ', 'g'), 80))
                   END AS line,
                   coalesce(a.backend_type = 'client backend'
                       AND a.application_name NOT LIKE 'lockstep %', false) AS foreign_client
              FROM pg_locks l
              LEFT JOIN pg_stat_activity a ON a.pid = l.pid
              LEFT JOIN pg_prepared_xacts p
                     ON l.pid IS NULL AND l.virtualtransaction = concat('-1/', p.transaction)
             WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND (l.relation = ANY (SELECT to_regclass(t)::oid FROM unnest(?::text[]) AS t)
                       AND l.mode IN ('RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock',
                                      'ShareRowExclusiveLock', 'ExclusiveLock',
                                      'AccessExclusiveLock')
                    OR l.relation = ANY (SELECT to_regclass(t)::oid FROM unnest(?::text[]) AS t)
                       AND l.mode = 'AccessExclusiveLock')
               AND l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()
               AND (l.pid IS NULL OR a.pid IS NOT NULL)
             ORDER BY 1\
            """;

    /// Nobody needs to hear of transactions that end at once.
    private static final Duration SAY_AFTER = Duration.ofSeconds(1);

    private static final String TERMINATE = "SELECT pg_terminate_backend(?)";

    private final Session session;
    private final String[] tables;
    private final String[] sequences;
    private final Optional<Duration> terminateAfter;
    private final Consumer<String> watcher;
    private final long start = System.nanoTime();

    /// Since when each transaction is known to be in the way.
    private final Map<String, Long> since = new HashMap<>();

    /// @param work the session and its transaction, from all others
    private record One(int pid, String work, String line, boolean isForeignClient) {}

    /// @param session one that waits for no lock
    /// @param terminateAfter how long one transaction may be in the way before its session is
    ///   ended; empty means for ever
    /// @param watcher is told who is in the way
    Blockers(
            Session session,
            Fence.Wanted wanted,
            Optional<Duration> terminateAfter,
            Consumer<String> watcher) {
        this.session = session;
        this.tables = names(wanted.tables());
        this.sequences = names(wanted.sequences());
        this.terminateAfter = terminateAfter;
        this.watcher = watcher;
    }

    private static String[] names(List<TableName> relations) {
        return relations.stream().map(TableName::sql).toArray(String[]::new);
    }

    /// Another attempt to get the locks was in vain. Whoever has only just come, such as those that
    /// the attempt itself has held up, is not ended for what others do.
    void inTheWay() {
        List<One> found = find();
        long now = System.nanoTime();
        since.keySet().retainAll(found.stream().map(One::work).toList());
        found.forEach(one -> since.putIfAbsent(one.work(), now));
        List<One> tooLong = found.stream().filter(one -> isTooLong(one, now)).toList();
        tooLong.forEach(this::terminate);
        if (tooLong.isEmpty() && !found.isEmpty() && now - start >= SAY_AFTER.toNanos()) {
            watcher.accept("locks that the switch needs are held by " + text(found));
        }
    }

    private boolean isTooLong(One one, long now) {
        long waited = now - since.getOrDefault(one.work(), now);
        return one.isForeignClient()
                && terminateAfter.map(after -> waited >= after.toNanos()).orElse(false);
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
                row ->
                        new One(
                                row.integer("pid"),
                                row.text("work"),
                                row.text("line"),
                                row.flag("foreign_client")),
                tables,
                sequences);
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
