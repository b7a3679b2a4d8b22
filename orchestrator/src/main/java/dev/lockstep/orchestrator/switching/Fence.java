package dev.lockstep.orchestrator.switching;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.SqlStates;
import io.github.resilience4j.core.IntervalFunction;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;

/// Holds all writes to a set of tables, by one open transaction that has them locked. When the
/// process dies the lock dies with it; only [#makeDurable] outlives the session.
final class Fence implements AutoCloseable {
    private static final Duration ATTEMPT_MAX = Duration.ofMillis(400);

    private static final IntervalFunction BACKOFF =
            IntervalFunction.ofExponentialRandomBackoff(
                    Duration.ofMillis(20), 1.5, 0.5, Duration.ofMillis(500));

    private final Session session;
    private final long heldSince;

    private Fence(Session session, long heldSince) {
        this.session = session;
        this.heldSince = heldSince;
    }

    /// What an active has that a switch must not find changed.
    ///
    /// @param sequences are read when all writes are held, so nobody may have them to himself then
    record Wanted(List<TableName> tables, List<TableName> sequences) {
        Wanted {
            tables = List.copyOf(tables);
            sequences = List.copyOf(sequences);
        }
    }

    /// Locks what is wanted.
    ///
    /// @param session becomes the fence's, and is closed with it
    /// @param atMost how long whoever holds locks is waited for, in short attempts
    static Fence raise(Session session, Wanted wanted, Duration atMost, Blockers blockers) {
        long deadline = System.nanoTime() + atMost.toNanos();
        try {
            return LockRetry.untilLocked(
                    () -> attempt(session, wanted, left(deadline), blockers),
                    BACKOFF,
                    (_, pause) -> pause.compareTo(left(deadline)) < 0);
        } catch (RuntimeException e) {
            boolean late = e instanceof LockstepException own && own.fault() == Fault.LOCK_TIMEOUT;
            String inTheWay = late ? blockers.text() : "";
            session.close();
            throw late ? blocked(atMost, inTheWay, e) : e;
        }
    }

    private static Duration left(long deadline) {
        return Duration.ofNanos(deadline - System.nanoTime());
    }

    private static Fence attempt(Session session, Wanted wanted, Duration left, Blockers blockers) {
        Duration limit = left.compareTo(ATTEMPT_MAX) < 0 ? left : ATTEMPT_MAX;
        session.begin();
        try {
            LockRetry.preferOverVacuum(session);
            LockRetry.endWithUs(session, left);
            long since = System.nanoTime();
            inTime(session, locking(wanted.tables()), limit);
            if (!wanted.sequences().isEmpty()) {
                inTime(session, reading(wanted.sequences()), limit);
            }
            return new Fence(session, since);
        } catch (LockstepException e) {
            session.rollback();
            if (e.fault() == Fault.LOCK_TIMEOUT) {
                blockers.inTheWay();
            }
            throw e;
        }
    }

    /// Takes the lock that holds writes, for the open transaction.
    static void lock(Session session, List<TableName> tables) {
        inTime(session, locking(tables), ATTEMPT_MAX);
    }

    /// The statement that takes it.
    static String locking(List<TableName> tables) {
        return "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE"
                .formatted(
                        tables.stream()
                                .map(t -> "ONLY " + t.sql())
                                .collect(Collectors.joining(", ")));
    }

    private static String reading(List<TableName> sequences) {
        return sequences.stream()
                .map(s -> "SELECT last_value FROM " + s.sql())
                .collect(Collectors.joining(" UNION ALL "));
    }

    /// It takes one lock after the other, and an application that waits for one of the first may
    /// hold one of the last: so all of them together are waited for less long than an application
    /// waits before it looks for deadlocks.
    private static void inTime(Session session, String sql, Duration atMost) {
        String limit = "SET LOCAL statement_timeout = ";
        try {
            session.run(limit + Math.max(1, atMost.toMillis()) + "; " + sql + "; " + limit + "0");
        } catch (LockstepException e) {
            throw SqlStates.of(e).orElse("").equals(SqlStates.CANCELLED)
                    ? new LockstepException(Fault.LOCK_TIMEOUT, e.text(), e)
                    : e;
        }
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
    ///
    /// @param last is done before the commit
    void makeDurable(Refusal refusal, Runnable last) {
        refusal.refuse(session);
        last.run();
        session.commit();
    }

    /// Lets writes go on, unless the fence was made durable.
    @Override
    public void close() {
        session.close();
    }
}
