package dev.lockstep.orchestrator.switching;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;

/// Holds all writes to a set of tables, by one open transaction that has them locked. When the
/// process dies the lock dies with it; only [#makeDurable] outlives the session.
final class Fence implements AutoCloseable {
    private static final Duration ATTEMPT_MAX = Duration.ofMillis(400);

    private static final String BLOCKERS =
            """
            SELECT DISTINCT format('pid %s (%s, %s, %s for %s s)', a.pid, a.usename,
                   a.application_name, a.state,
                   extract(epoch FROM now() - a.xact_start)::int) AS line
              FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
             WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND l.relation = ANY (SELECT to_regclass(t)::oid FROM unnest(?::text[]) AS t)
               AND l.mode IN ('RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock',
                              'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
               AND l.granted AND a.pid <> pg_backend_pid()\
            """;

    private final Session session;
    private final long heldSince;

    private Fence(Session session, long heldSince) {
        this.session = session;
        this.heldSince = heldSince;
    }

    /// Locks `tables`, trying for `atMost` in short attempts.
    static Fence raise(Db active, List<TableName> tables, Duration atMost) {
        Session session = active.session("fence");
        long deadline = System.nanoTime() + atMost.toNanos();
        RetryConfig config =
                RetryConfig.custom()
                        .maxAttempts(1_000)
                        .intervalFunction(
                                IntervalFunction.ofExponentialRandomBackoff(
                                        Duration.ofMillis(20), 1.5, 0.5, Duration.ofMillis(500)))
                        .retryOnException(e ->
                                e instanceof LockstepException own
                                        && own.fault() == Fault.LOCK_TIMEOUT
                                        && System.nanoTime() < deadline)
                        .build();
        try {
            return Retry.of("fence", config)
                    .executeSupplier(() -> attempt(session, tables, atMost));
        } catch (LockstepException e) {
            String blockers = describeBlockers(session, tables);
            session.close();
            throw e.fault() == Fault.LOCK_TIMEOUT ? blocked(atMost, blockers, e) : e;
        }
    }

    private static Fence attempt(Session session, List<TableName> tables, Duration atMost) {
        session.begin();
        try {
            LockRetry.preferOverVacuum(session);
            LockRetry.endWithUs(session, atMost);
            session.run("SET LOCAL lock_timeout = " + ATTEMPT_MAX.toMillis());
            long since = System.nanoTime();
            lock(session, tables);
            return new Fence(session, since);
        } catch (LockstepException e) {
            session.rollback();
            throw e;
        }
    }

    /// Takes the lock that holds writes, for the open transaction.
    static void lock(Session session, List<TableName> tables) {
        session.run(
                "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE"
                        .formatted(
                                tables.stream()
                                        .map(t -> "ONLY " + t.sql())
                                        .collect(Collectors.joining(", "))));
    }

    private static String describeBlockers(Session session, List<TableName> tables) {
        try {
            List<String> lines =
                    session.rows(
                            BLOCKERS,
                            row -> row.text("line"),
                            (Object) tables.stream().map(TableName::sql).toArray(String[]::new));
            return lines.isEmpty() ? "none is left to be seen" : String.join("; ", lines);
        } catch (LockstepException e) {
            return "they cannot be read: " + e.text();
        }
    }

    private static LockstepException blocked(Duration atMost, String blockers, Throwable cause) {
        return new LockstepException(
                Fault.SWITCH_FAILED,
                ("writes could not be held within %d ms; who holds locks: %s; end those "
                                + "transactions, or give cutover.max-pause more, and try again")
                        .formatted(atMost.toMillis(), blockers),
                cause);
    }

    /// Since when writes are held, as `System.nanoTime` counts.
    long heldSince() {
        return heldSince;
    }

    /// The transaction that holds writes.
    Session session() {
        return session;
    }

    /// Leaves triggers in the lock's place, for good.
    void makeDurable(Refusal refusal) {
        refusal.refuse(session);
        session.commit();
    }

    /// Lets writes go on, unless the fence was made durable.
    @Override
    public void close() {
        session.close();
    }
}
