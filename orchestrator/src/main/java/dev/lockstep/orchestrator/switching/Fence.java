package dev.lockstep.orchestrator.switching;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.SqlStates;
import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/// Holds all writes to a set of tables, by one open transaction that has them locked. When the
/// process dies the lock dies with it; only [#makeDurable] outlives the session.
final class Fence implements AutoCloseable {
    private static final Duration ATTEMPT_MAX = Duration.ofMillis(400);

    private final Session session;
    private final long heldSince;

    private Fence(Session session, long heldSince) {
        this.session = session;
        this.heldSince = heldSince;
    }

    /// How whoever holds locks is treated.
    ///
    /// @param atMost how long they are waited for, in short attempts
    /// @param terminateAfter how long before they are ended; empty means never
    /// @param watcher is told who is in the way
    record Patience(Duration atMost, Optional<Duration> terminateAfter, Consumer<String> watcher) {}

    /// Locks `tables`.
    static Fence raise(Db active, List<TableName> tables, Patience patience) {
        long deadline = System.nanoTime() + patience.atMost().toNanos();
        RetryConfig config =
                RetryConfig.custom()
                        .maxAttempts(1_000)
                        .intervalFunction(
                                IntervalFunction.ofExponentialRandomBackoff(
                                        Duration.ofMillis(20), 1.5, 0.5, Duration.ofMillis(500)))
                        .retryOnException(e -> isTimeout(e) && System.nanoTime() < deadline)
                        .build();
        Session session = active.session("fence");
        Blockers blockers =
                new Blockers(session, tables, patience.terminateAfter(), patience.watcher());
        try {
            return Retry.of("fence", config)
                    .executeSupplier(() -> attempt(session, tables, patience.atMost(), blockers));
        } catch (RuntimeException e) {
            String inTheWay = isTimeout(e) ? blockers.text() : "";
            session.close();
            throw isTimeout(e) ? blocked(patience.atMost(), inTheWay, e) : e;
        }
    }

    private static boolean isTimeout(Throwable failure) {
        return failure instanceof LockstepException own && own.fault() == Fault.LOCK_TIMEOUT;
    }

    private static Fence attempt(
            Session session, List<TableName> tables, Duration atMost, Blockers blockers) {
        session.begin();
        try {
            LockRetry.preferOverVacuum(session);
            LockRetry.endWithUs(session, atMost);
            long since = System.nanoTime();
            lock(session, tables);
            return new Fence(session, since);
        } catch (LockstepException e) {
            session.rollback();
            if (isTimeout(e)) {
                blockers.inTheWay();
            }
            throw e;
        }
    }

    /// Takes the lock that holds writes, for the open transaction. It takes table after table, and
    /// an application that waits for one of the first may hold one of the last: so all of them
    /// together are waited for less long than an application waits before it looks for deadlocks.
    static void lock(Session session, List<TableName> tables) {
        session.run("SET LOCAL statement_timeout = " + ATTEMPT_MAX.toMillis());
        try {
            session.run(
                    "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE"
                            .formatted(
                                    tables.stream()
                                            .map(t -> "ONLY " + t.sql())
                                            .collect(Collectors.joining(", "))));
        } catch (LockstepException e) {
            throw SqlStates.of(e).orElse("").equals(SqlStates.CANCELLED)
                    ? new LockstepException(Fault.LOCK_TIMEOUT, e.text(), e)
                    : e;
        }
        session.run("SET LOCAL statement_timeout = 0");
    }

    private static LockstepException blocked(Duration atMost, String blockers, Throwable cause) {
        return new LockstepException(
                Fault.SWITCH_FAILED,
                ("writes could not be held within %d ms; who holds locks: %s; end those "
                                + "transactions, or have the plan do so"
                                + " (cutover.terminate-blockers) or wait longer"
                                + " (cutover.max-pause), and try again")
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
