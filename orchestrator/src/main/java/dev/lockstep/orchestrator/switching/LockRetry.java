package dev.lockstep.orchestrator.switching;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import io.github.resilience4j.core.IntervalFunction;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/// Statements that wait for a strong lock: short waits, so that nobody queues behind them for long,
/// and many of them.
public final class LockRetry {
    private static final int ATTEMPTS_MAX = 60;
    private static final Duration LOCK_MAX = Duration.ofMillis(500);
    private static final Duration SILENCE_MAX = Duration.ofSeconds(5);

    private static final IntervalFunction BACKOFF =
            IntervalFunction.ofExponentialRandomBackoff(
                    Duration.ofMillis(50), 1.5, 0.5, Duration.ofSeconds(2));

    private LockRetry() {}

    /// Runs `work` in a transaction, again and again until it gets its locks, within bounds. When
    /// this process is stopped in its middle, the server lets the locks go.
    public static <T> T inTransaction(Db db, Function<Session, T> work) {
        return untilLocked(
                () ->
                        db.call(session -> {
                            preferOverVacuum(session);
                            endWithUs(session, Duration.ZERO);
                            session.run("SET LOCAL lock_timeout = " + LOCK_MAX.toMillis());
                            return work.apply(session);
                        }),
                BACKOFF,
                (attempt, _) -> attempt < ATTEMPTS_MAX);
    }

    /// Whether there may be another attempt.
    @FunctionalInterface
    interface Again {
        /// Says so of the next one.
        ///
        /// @param attempt how many there were
        /// @param pause how long it would be until then
        boolean may(int attempt, Duration pause);
    }

    /// Attempts `work` until it gets its locks; an interrupt ends that.
    static <T> T untilLocked(Supplier<T> work, IntervalFunction pauses, Again again) {
        for (int attempt = 1; ; attempt++) {
            Duration pause = Duration.ofMillis(pauses.apply(attempt));
            try {
                return work.get();
            } catch (LockstepException e) {
                if (e.fault() != Fault.LOCK_TIMEOUT || !again.may(attempt, pause)) {
                    throw e;
                }
            }
            LockSupport.parkNanos(pause.toNanos());
            if (Thread.currentThread().isInterrupted()) {
                throw new LockstepException(
                        Fault.INTERRUPTED, "interrupted while waiting for a lock");
            }
        }
    }

    /// As [#inTransaction], for work without a result.
    public static void run(Db db, Consumer<Session> work) {
        boolean _ =
                inTransaction(
                        db,
                        session -> {
                            work.accept(session);
                            return true;
                        });
    }

    /// Has the server end the open transaction, and let its locks go, when this process has said
    /// nothing for some time after `atMost`: a machine that vanished would hold them for hours.
    static void endWithUs(Session session, Duration atMost) {
        session.run(
                "SET LOCAL idle_in_transaction_session_timeout = "
                        + atMost.plus(SILENCE_MAX).toMillis());
    }

    /// Has PostgreSQL cancel an autovacuum that is in the way at once instead of after a second,
    /// where the user may ask for that.
    static void preferOverVacuum(Session session) {
        session.run("SAVEPOINT lockstep_vacuum");
        try {
            session.run("SET LOCAL deadlock_timeout = '10ms'");
        } catch (LockstepException e) {
            session.run("ROLLBACK TO SAVEPOINT lockstep_vacuum");
        }
    }
}
